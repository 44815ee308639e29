//! Lifting and group correlation commute with p4, p4m and the other point groups, and what a wrong filter
//! bank does.
//!
//! On grids that are extended by zeros the point group acts; on cyclic ones also the translations, together
//! as p4 and p4m. The filter banks here are made from the formula κ[h, b](k) = ψ[h⁻¹b](h⁻¹k) itself, so that
//! each fault is one change of it.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, IxDyn};

use crate::claims::Claim;
use crate::conv::Boundary;
use crate::group::{
    Automorphisms, C4, CyclicTranslations, D4, FiniteGroup, Group, Hyperoctahedral, Reflection, Semidirect,
    p4, p4m,
};
use crate::layer::{GroupConvolution, Layer, Mode};
use crate::scalar::Scalar;
use crate::signal::{
    ArrayAction, Both, FeatureType, FieldChannels, GridGroup, OnGrid, PointGroup, PointPart,
};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, Unknown, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    let lifting = Claim::holds(
        "gconv.lifting",
        "the lifting layer commutes with p4 and p4m: the pixels of its feature maps move with the image, and \
         their orientations are permuted",
        |examiner| commutes(examiner, Kind::Lifting, Bank::Right),
    )
    .theorem("lifting_equivariant")
    .theorem("motions_act");
    let lifting = [Bank::NotTurned, Bank::WrongSense, Bank::Transposed, Bank::OneOff]
        .into_iter()
        .fold(lifting, |claim, bank| {
            claim.mutant(bank.name(), move |examiner| commutes(examiner, Kind::Lifting, bank))
        });
    let group = Claim::holds(
        "gconv.group",
        "group correlation commutes with p4 and p4m, which move the pixels and permute the orientations of \
         its input and output",
        |examiner| commutes(examiner, Kind::Group, Bank::Right),
    )
    .theorem("group_correlation_equivariant")
    .theorem("group_correlation_on_finite_group")
    .theorem("group_window_equivariant");
    let group = Bank::WRONG.into_iter().fold(group, |claim, bank| {
        claim.mutant(bank.name(), move |examiner| commutes(examiner, Kind::Group, bank))
    });
    let types = Claim::holds(
        "gconv.group.types",
        "so does the group layer between any two of regular, trivial and quotient feature maps, of signals, \
         images and volumes",
        |examiner| types(examiner, false),
    )
    .theorem("group_window_equivariant")
    .mutant("one weight of the kernel does not follow its orbit", |examiner| types(examiner, true));
    vec![lifting, group, types]
}

/// How a filter bank is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bank {
    /// ψ[h⁻¹b](h⁻¹k).
    Right,
    /// ψ[h⁻¹b](k).
    NotTurned,
    /// ψ[h⁻¹b](hk).
    WrongSense,
    /// ψ[hb](h⁻¹k).
    WrongShift,
    /// ψ[b](h⁻¹k).
    NoShift,
    /// Rows and columns of ψ[h⁻¹b](h⁻¹k) exchanged in the last orientation.
    Transposed,
    /// The bank of the last orientation moved by one tap along the last axis.
    OneOff,
}

impl Bank {
    pub(super) const WRONG: [Bank; 6] =
        [Bank::NotTurned, Bank::WrongSense, Bank::WrongShift, Bank::NoShift, Bank::Transposed, Bank::OneOff];

    pub(super) fn name(self) -> &'static str {
        match self {
            Bank::Right => "the bank of the formula",
            Bank::NotTurned => "the filters are not turned",
            Bank::WrongSense => "the filters are turned in the other sense",
            Bank::WrongShift => "the orientations are shifted in the other sense",
            Bank::NoShift => "the orientations are not shifted",
            Bank::Transposed => "the filters of one orientation are transposed",
            Bank::OneOff => "the filters of one orientation are off by one tap",
        }
    }

    /// The kernel of the ordinary convolution for weights (fields, fields, orientations, taps…), to regular
    /// fields.
    pub(super) fn kernel<S: Scalar>(
        self,
        layer: &GroupConvolution,
        weights: &ArrayD<S>,
    ) -> Result<ArrayD<S>, Failure> {
        let (inputs, outputs, group) = (&layer.inputs, &layer.outputs, layer.inputs.group());
        let shape = [&[outputs.channels(), inputs.channels()], layer.taps.as_slice()].concat();
        let mut kernel = ArrayD::from_elem(shape, S::zero());
        let last = group.order() - 1;
        for output in 0..outputs.channels() {
            let (field, h) = (output / outputs.size(), output % outputs.size());
            for input in 0..inputs.channels() {
                let (from, b) = (input / inputs.size(), input % inputs.size());
                let source = match self {
                    Bank::WrongShift => inputs.image(h, b),
                    Bank::NoShift => b,
                    _ => inputs.image(group.inverse(h), b),
                };
                let filter = weights.index_axis(Axis(0), field).index_axis_move(Axis(0), from);
                let filter = filter.index_axis_move(Axis(0), source);
                let turn = match self {
                    Bank::NotTurned => 0,
                    Bank::WrongSense => group.inverse(h),
                    _ => h,
                };
                let mut turned = group.view(turn, filter)?.to_owned();
                if h == last && self == Bank::Transposed {
                    turned = turned.reversed_axes();
                }
                if h == last && self == Bank::OneOff {
                    let steps: Vec<i64> =
                        (0..turned.ndim()).map(|axis| i64::from(axis + 1 == turned.ndim())).collect();
                    turned = crate::signal::roll(turned.view(), &steps);
                }
                kernel.index_axis_mut(Axis(0), output).index_axis_mut(Axis(0), input).assign(&turned);
            }
        }
        Ok(kernel)
    }
}

/// A group layer to regular fields, with a bank of one kind or another.
#[derive(Clone, Debug)]
pub(super) struct WithBank {
    pub(super) layer: GroupConvolution,
    pub(super) bank: Bank,
}

impl Map for WithBank {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        if self.bank == Bank::Right {
            return Ok(self.layer.forward(x, weights, Mode::Inference)?);
        }
        let kernel = self.bank.kernel(&self.layer, &weights[0])?;
        let bias = weights.get(1).map(|bias| {
            ArrayD::from_shape_fn(IxDyn(&[self.layer.outputs.channels()]), |channel| {
                bias[channel[0] / self.layer.outputs.size()].clone()
            })
        });
        let weights: Vec<_> = [kernel].into_iter().chain(bias).collect();
        Ok(self.layer.plain().forward(x, &weights, Mode::Inference)?)
    }
}

/// What comes in: an image or regular fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Lifting,
    Group,
}

impl Kind {
    /// A layer of this kind, from so many fields.
    pub(super) fn layer(self, group: &GridGroup, fields: usize, taps: usize) -> GroupConvolution {
        let from = match self {
            Kind::Lifting => FeatureType::trivial(group, fields),
            Kind::Group => FeatureType::regular(group, fields),
        };
        GroupConvolution::new(from, FeatureType::regular(group, 1), vec![taps; group.axes()])
    }
}

const NAMES: [&str; 4] = ["samples", "channels", "height", "width"];

/// A map commutes with a point group, about the middle of images of any two lengths.
pub(super) fn turning<G: FiniteGroup + PointGroup>(
    group: G,
    map: impl Map,
    from: &FeatureType,
    to: &FeatureType,
) -> Statement {
    let (channels, axes) = (from.channels(), G::AXES);
    let suits = move |shape: &[usize]| (shape[1] == channels).then(|| group.clone());
    let names = [&NAMES[..2], &["depth", "height", "width"][3 - axes..]].concat();
    equivariance(&names, Arc::new(map), suits, from.on_maps(), to.on_maps(), Group::generators)
}

/// A map commutes with translations and point group of a cyclic square grid together.
fn moving<H>(
    map: impl Map,
    from: &FeatureType,
    to: &FeatureType,
    group: impl Fn(usize) -> Semidirect<CyclicTranslations<2>, H> + Send + Sync + 'static,
) -> Statement
where
    H: FiniteGroup + PointGroup + Automorphisms<CyclicTranslations<2>>,
    Both<OnGrid, PointPart<FieldChannels>>: ArrayAction<Semidirect<CyclicTranslations<2>, H>>,
{
    let channels = from.channels();
    let suits =
        move |shape: &[usize]| (shape[1] == channels && shape[2] == shape[3]).then(|| group(shape[2]));
    let [from, to] = [from, to].map(|feature| Both(OnGrid, PointPart(feature.on_axis(3))));
    equivariance(&NAMES, Arc::new(map), suits, from, to, Group::generators)
}

fn commutes(examiner: &Examiner, kind: Kind, bank: Bank) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for group in [GridGroup::c4(), GridGroup::d4()] {
        let with = |layer| WithBank { layer, bank };
        let layer = kind.layer(&group, 1, 3);
        let (from, to) = (layer.inputs.clone(), layer.outputs.clone());
        let channels = from.channels();
        let padded = with(layer.clone().padding([1, 1]));
        let cyclic = with(layer.padding([1, 1]).boundary(Boundary::Periodic).without_bias());
        let even = with(kind.layer(&group, 2, 2).stride([2, 2]));
        let more = even.layer.inputs.clone();
        let on = |statement: Statement, channels: usize, sizes: [[usize; 2]; 3]| {
            let [small, large, smallest] = sizes.map(|[height, width]| [1, channels, height, width]);
            statement.at(small).at_large(large).shrinking_to(smallest)
        };
        let statements = if group.order() == 4 {
            [
                on(turning(C4, padded, &from, &to), channels, [[3, 4], [8, 7], [1, 1]]),
                on(turning(C4, even, &more, &to), more.channels(), [[2, 4], [6, 8], [2, 2]]),
                on(moving(cyclic, &from, &to, p4), channels, [[3, 3], [6, 6], [1, 1]]),
            ]
        } else {
            [
                on(turning(D4, padded, &from, &to), channels, [[2, 3], [6, 5], [1, 1]]),
                on(turning(D4, even, &more, &to), more.channels(), [[2, 2], [4, 6], [2, 2]]),
                on(moving(cyclic, &from, &to, p4m), channels, [[3, 3], [5, 5], [1, 1]]),
            ]
        };
        for statement in statements {
            reports.push(examiner.examine(&statement)?);
        }
    }
    Ok(Report::all(reports))
}

/// A group layer between any types, whose kernel has one entry more, at its first tap, if it is at fault.
#[derive(Clone, Debug)]
struct AnyTypes {
    layer: GroupConvolution,
    fault: bool,
}

impl Map for AnyTypes {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut output = self.layer.forward(x, weights, Mode::Inference)?;
        if self.fault {
            // Channel 0 sees the first taps of channel 0 once more.
            let plain = self.layer.plain();
            let mut kernel = ArrayD::from_elem(plain.kernel_shape(), S::zero());
            let first = vec![0; kernel.ndim()];
            kernel[first.as_slice()] = S::one();
            let bias = ArrayD::from_elem(IxDyn(&[plain.outputs]), S::zero());
            output = output + plain.forward(x, &[kernel, bias], Mode::Inference)?;
        }
        Ok(output)
    }
}

fn types(examiner: &Examiner, fault: bool) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for (inputs, outputs) in pairs(&GridGroup::flip(), &[]) {
        reports.push(examiner.examine(&between(Reflection, inputs, outputs, fault, &[4], &[11]))?);
    }
    for (inputs, outputs) in pairs(&GridGroup::d4(), &[5]) {
        reports.push(examiner.examine(&between(D4, inputs, outputs, fault, &[2, 3], &[5, 6]))?);
    }
    for (inputs, outputs) in pairs(&GridGroup::of(&Hyperoctahedral::<3>), &[1, 2, 4, 8]) {
        // Maps between regular fields of 48 channels are left to the others.
        if inputs.channels() * outputs.channels() < 100 {
            let statement = between(Hyperoctahedral::<3>, inputs, outputs, fault, &[2, 2, 2], &[2, 3, 4]);
            reports.push(examiner.examine(&statement)?);
        }
    }
    Ok(Report::all(reports))
}

/// All pairs of a regular, a trivial and (if the elements generate a proper subgroup) a quotient type.
fn pairs(group: &GridGroup, generators: &[usize]) -> Vec<(FeatureType, FeatureType)> {
    let mut types = vec![FeatureType::regular(group, 1), FeatureType::trivial(group, 1)];
    if !generators.is_empty() {
        types.push(quotient(group, generators));
    }
    types.iter().flat_map(|a| types.iter().map(|b| (a.clone(), b.clone()))).collect()
}

fn between<G: FiniteGroup + PointGroup>(
    group: G,
    inputs: FeatureType,
    outputs: FeatureType,
    fault: bool,
    small: &[usize],
    large: &[usize],
) -> Statement {
    let layer = GroupConvolution::new(inputs.clone(), outputs.clone(), vec![2; G::AXES]);
    let map = AnyTypes { layer, fault };
    let channels = inputs.channels();
    let shape = |space: &[usize]| [&[1, channels], space].concat();
    turning(group, map, &inputs, &outputs).at(shape(small)).at_large(shape(large))
}

/// One field on the cosets of the subgroup that these elements generate.
pub(super) fn quotient(group: &GridGroup, generators: &[usize]) -> FeatureType {
    FeatureType::quotient(group, &group.generated_by(generators), 1)
        .unwrap_or_else(|error| unreachable!("a generated subgroup is one: {error}"))
}
