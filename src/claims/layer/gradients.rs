//! Gradients: transposed convolutions are adjoints, and every backward pass is the transpose of the
//! derivative.

use ndarray::{ArrayD, Axis, Zip};
use rand::RngExt;

use super::super::Claim;
use super::wrong_gradients::{self, Wrong};
use crate::conv::Boundary;
use crate::group::{C4, Representation};
use crate::layer::laws::{Inputs, adjoint_sides, difference_sides, gradient_sides};
use crate::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, Dense, Dropout, EquivariantLinear,
    Flatten, Fraction, GlobalPool, GroupConvolution, GroupNormalisation, GroupPool, Layer,
    LayerNormalisation, LogSoftmax, Mode, Pool, Reduction, SetLinear, Softmax, TransposedConvolution,
    Upsample,
};
use crate::network::{Network, Node, Residual};
use crate::scalar::{Goldilocks, Rational, Scalar};
use crate::signal::{FeatureType, GridGroup};
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Reading, Report, Sides,
    Statement, Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.transposed_is_adjoint",
            "⟨conv(x), y⟩ = ⟨x, conv_transposed(y)⟩ for every stride, dilation, padding, boundary, \
             groups, output padding",
            |examiner| adjoint(examiner, Transposition::Right),
        )
        .theorem("transposed_every_option")
        .theorem("transposed_by_zero_stuffing")
        .theorem("output_padding_sizes")
        .theorem("axis_read_is_padded")
        .theorem("adjoint_unique")
        .mutant("the kernel is flipped", |examiner| adjoint(examiner, Transposition::Flipped))
        .mutant("the padding before is cut off after", |examiner| adjoint(examiner, Transposition::OtherEnd))
        .mutant("the channels of the kernel are reversed", |examiner| {
            adjoint(examiner, Transposition::ChannelsReversed)
        }),
        gradient_claim(),
    ]
}

fn gradient_claim() -> Claim {
    let claim = Claim::holds(
        "layer.gradients",
        "every layer's backward pass is the transpose of its derivative",
        |examiner| judged(examiner, &every_layer(), is_linear),
    )
    .theorem("transposed_every_option")
    .theorem("weight_gradient_is_adjoint")
    .theorem("layer_derivative")
    .theorem("backward_chain");
    wrong_gradients::all().into_iter().fold(claim, |claim, wrong| {
        let subjects = [Subject { name: wrong.layer.name(), layer: wrong.layer, input: wrong.input }];
        let linear = |wrong: &Wrong, mode| is_linear(&wrong.layer, mode);
        if wrong.only_at_equals {
            claim.mutant(wrong.name, move |examiner| exactly(examiner, &subjects, linear))
        } else {
            claim.mutant(wrong.name, move |examiner| judged(examiner, &subjects, linear))
        }
    })
}

/// How a convolution is transposed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transposition {
    Right,
    /// With the kernel flipped.
    Flipped,
    /// With the padding before taken for that after.
    OtherEnd,
    /// With the channels of the kernel in reverse order.
    ChannelsReversed,
}

/// ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩
struct Adjoint {
    layer: Convolution,
    transposed: TransposedConvolution,
    input: Vec<usize>,
    how: Transposition,
}

fn inner<S: Scalar>(a: &ArrayD<S>, b: &ArrayD<S>) -> ArrayD<S> {
    let mut sum = S::zero();
    Zip::from(a).and(b).for_each(|a, b| sum.add_product(a, b));
    ArrayD::from_elem(vec![], sum)
}

impl Identity for Adjoint {
    fn unknowns(&self) -> Vec<Unknown> {
        let output = self.layer.output_shape(&self.input).unwrap_or_default();
        vec![
            Unknown::new("x", self.input.clone()),
            Unknown::new("y", output),
            Unknown::new("w", self.layer.kernel_shape()),
        ]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let [x, y, w] = values else { return Err("expected the values of x, y and w".into()) };
        let output = self.layer.forward(x, std::slice::from_ref(w), Mode::Inference)?;
        let mut kernel = w.clone();
        match self.how {
            Transposition::Flipped => kernel.invert_axis(Axis(2)),
            Transposition::ChannelsReversed => kernel.invert_axis(Axis(0)),
            Transposition::Right | Transposition::OtherEnd => {}
        }
        let back = self.transposed.forward(y, &[kernel], Mode::Inference)?;
        if back.shape() != x.shape() {
            return Err(format!("the adjoint leads to {:?}, not to {:?}", back.shape(), x.shape()).into());
        }
        Ok((inner(&output, y), inner(x, &back)))
    }
}

fn adjoint(examiner: &Examiner, how: Transposition) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for boundary in Boundary::ALL {
        for (stride, dilation, padding) in [(1, 1, (0, 0)), (2, 1, (1, 1)), (3, 2, (1, 2))] {
            // Every length from the least on leaves another output padding: the remainder of its windows.
            let statement = Statement::new(&["length"], move |space| {
                let input = vec![1, 2, space[0]];
                let layer = Convolution::new(2, 4, [3]).groups(2).without_bias();
                let layer = layer.stride([stride]).dilation([dilation]).boundary(boundary);
                let layer = layer.padding_before_after([padding]);
                let Ok(problem) = layer.problem(&input) else { return Ok(Vec::new()) };
                let axis = problem.axes()[0];
                let rest = axis.padded() - axis.span() - stride * (axis.output - 1);
                let transposed = TransposedConvolution::new(4, 2, [3]).groups(2).without_bias();
                let transposed = transposed.stride([stride]).dilation([dilation]).boundary(boundary);
                let (before, after) = padding;
                let cut = if how == Transposition::OtherEnd { (after, before) } else { padding };
                let transposed = transposed.padding_before_after([cut]).output_padding([rest]);
                Ok(vec![Case::new(Adjoint { layer, transposed, input, how })])
            });
            let statement = statement.at([6]).at([7]).at([8]).at_large([40]).shrinking_to([3]);
            reports.push(examiner.examine(&statement)?);
        }
    }
    Ok(Report::all(reports))
}

/// Every kind of layer, and a network of them.
fn every_layer() -> Vec<Subject<Network>> {
    let convolution = Convolution::new(2, 4, [3, 2]).stride([2, 1]).padding([1, 1]).groups(2);
    let transposed =
        TransposedConvolution::new(2, 3, [3, 3]).stride([2, 2]).padding([1, 1]).output_padding([1, 0]);
    let volume = Convolution::new(1, 2, [2, 2, 2]).boundary(Boundary::Periodic).padding([1, 0, 1]);
    let image = vec![2, 2, 5, 4];
    let c4 = GridGroup::c4();
    let (plane, maps) = (FeatureType::trivial(&c4, 2), FeatureType::regular(&c4, 2));
    let mut layers: Vec<(AnyLayer, Vec<usize>)> = vec![
        (convolution.clone().into(), image.clone()),
        (convolution.boundary(Boundary::Reflect).dilation([1, 2]).into(), image.clone()),
        (volume.into(), vec![1, 1, 2, 3, 2]),
        (transposed.into(), image.clone()),
        (GroupConvolution::new(plane, maps.clone(), [3, 3]).padding([1, 1]).into(), image.clone()),
        (GroupConvolution::new(maps.clone(), maps.clone(), [2, 2]).into(), vec![1, 8, 3, 3]),
        (GroupPool::over_group(maps.clone(), Reduction::Maximum).into(), vec![2, 8, 2, 3]),
        (GroupPool::over_group(maps, Reduction::Mean).into(), vec![2, 8, 2, 3]),
        (Pool::maximum([2, 3]).stride([1, 2]).padding([1, 1]).into(), image.clone()),
        (Pool::mean([2, 2]).padding([1, 1]).into(), image.clone()),
        (Pool::mean([2, 2]).padding([1, 1]).padding_does_not_count().into(), image.clone()),
        (Pool::mean([2, 3]).padding([1, 1]).ceil_mode().into(), image.clone()),
        (Pool::mean([2, 2]).divisor_override(3).into(), image.clone()),
        (GroupNormalisation::new(1, 2).into(), image.clone()),
        (GroupNormalisation::instance(2).into(), image.clone()),
        (LayerNormalisation::new([4]).into(), image.clone()),
        (LayerNormalisation::over([1, 2], [2, 5]).into(), image.clone()),
        (Upsample::nearest([2, 1]).into(), vec![1, 2, 2, 3]),
        (Upsample::linear([2, 3]).into(), vec![1, 2, 2, 3]),
        (Upsample::linear_with_corners_aligned([3, 2]).into(), vec![1, 2, 2, 3]),
        (GlobalPool::MAXIMUM.into(), image.clone()),
        (GlobalPool::MEAN.into(), image.clone()),
        (AdaptivePool::maximum([2, 3]).into(), image.clone()),
        (AdaptivePool::mean([2, 3]).into(), image.clone()),
        (BatchNormalisation::new(2).into(), image.clone()),
        (BatchNormalisation::new(2).orbit(2).into(), image.clone()),
        (Dense::new(6, 3).into(), vec![4, 6]),
        (SetLinear::new(2, 3).into(), vec![2, 2, 4]),
        (SetLinear::new(2, 3).pooling(Reduction::Maximum).into(), vec![2, 2, 4]),
        (Softmax.into(), vec![3, 4]),
        (LogSoftmax.into(), vec![3, 4]),
        (Dropout::new(Fraction::new(1, 4)).into(), image.clone()),
        (Flatten.into(), image.clone()),
    ];
    for activation in [
        Activation::Relu,
        Activation::LEAKY_RELU,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Elu(Fraction::new(1, 2)),
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluByTanh,
    ] {
        layers.push((activation.into(), image.clone()));
    }
    let regular = Representation::<_, Rational>::regular(&C4);
    let between = EquivariantLinear::new(&regular.tensor_product(&regular), &regular, 2, 1)
        .unwrap_or_else(|error| unreachable!("both are representations of C4: {error}"));
    layers.push((between.into(), vec![2, 2, 16]));
    let alone = |(layer, input): (AnyLayer, Vec<usize>)| Subject {
        name: layer.name(),
        layer: Network::from_iter([layer]),
        input,
    };
    let mut subjects: Vec<_> = layers.into_iter().map(alone).collect();
    let body = Network::new().then(Convolution::new(2, 3, [3, 3]).padding([1, 1])).then(Activation::Relu);
    let skip = Network::new().then(Residual::new(body.clone()).concatenated());
    subjects.push(Subject { name: "skip connection".to_owned(), layer: skip, input: image.clone() });
    let block = Residual::new(body).shortcut(Network::new().then(Convolution::new(2, 3, [1, 1])));
    let network = Network::new().then(block).then(BatchNormalisation::new(3)).then(Activation::Tanh);
    let network = network.then(Pool::maximum([2, 2])).then(Flatten).then(Dense::new(12, 2));
    subjects.push(Subject { name: network.name(), layer: network, input: image });
    subjects
}

/// Whether it is linear or affine in its input and in its weights, so that it obeys the adjoint identities.
pub(super) fn is_linear(network: &Network, mode: Mode) -> bool {
    let [Node::Layer(layer)] = network.nodes() else { return false };
    match layer {
        AnyLayer::Convolution(_) | AnyLayer::TransposedConvolution(_) | AnyLayer::GroupConvolution(_) => true,
        AnyLayer::Dense(_) | AnyLayer::EquivariantLinear(_) => true,
        AnyLayer::Dropout(_) | AnyLayer::Flatten(_) | AnyLayer::Upsample(_) => true,
        AnyLayer::SetLinear(layer) => layer.pooling != Reduction::Maximum,
        AnyLayer::Pool(Pool { reduction, .. })
        | AnyLayer::GlobalPool(GlobalPool { reduction })
        | AnyLayer::AdaptivePool(AdaptivePool { reduction, .. })
        | AnyLayer::GroupPool(GroupPool { reduction, .. }) => *reduction == Reduction::Mean,
        AnyLayer::BatchNormalisation(_) => mode == Mode::Inference,
        AnyLayer::Activation(_) | AnyLayer::Softmax(_) | AnyLayer::LogSoftmax(_) => false,
        AnyLayer::GroupNormalisation(_) | AnyLayer::LayerNormalisation(_) => false,
        AnyLayer::CustomLayer(_) => false,
    }
}

/// A layer to be judged.
#[derive(Clone, Debug)]
pub(super) struct Subject<L> {
    pub(super) name: String,
    pub(super) layer: L,
    pub(super) input: Vec<usize>,
}

impl<L: Layer> Subject<L> {
    fn counterexample(&self, mode: Mode, judge: &str, sides: [String; 2]) -> Counterexample {
        let inputs = [
            ("layer", self.name.clone()),
            ("input", format!("{:?}", self.input)),
            ("mode", format!("{mode:?}")),
            ("judge", judge.to_owned()),
        ];
        let [left, right] = sides;
        Counterexample::from_text(inputs.map(|(name, value)| (name.to_owned(), value)), left, right)
    }
}

/// Points with inputs of which many are equal. Not every one of them shows how ties are broken.
const POINTS_WITH_TIES: usize = 64;

/// Points for differences. A wrong gradient shows at nearly every one.
const POINTS_FOR_DIFFERENCES: usize = 8;

/// A seed for each draw, for its numbers and for the masks of dropout.
fn seeds(examiner: &Examiner, purpose: &str, enough: usize) -> Vec<u64> {
    let mut random = examiner.random(purpose);
    (0..examiner.draws(enough)).map(|_| random.random()).collect()
}

fn modes(seed: u64) -> [Mode; 2] {
    [Mode::Inference, Mode::Training { seed }]
}

/// What the judges have to say whose readings are wanted.
pub(super) fn judged<L: Layer>(
    examiner: &Examiner,
    subjects: &[Subject<L>],
    linear: fn(&L, Mode) -> bool,
) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    if examiner.uses(Reading::Field) {
        reports.push(exactly(examiner, subjects, linear)?);
    }
    if examiner.uses(Reading::Rounding) {
        reports.push(by_differences(examiner, subjects)?);
    }
    if reports.is_empty() {
        let readings = "gradients are judged by the field and rounding readings".to_owned();
        return Err(ExamineError::NothingChecked(readings).into());
    }
    Ok(Report::all(reports))
}

/// Over GF(p): by dual numbers, also where entries of the input are equal, and by the adjoint identities.
pub(super) fn exactly<L: Layer>(
    examiner: &Examiner,
    subjects: &[Subject<L>],
    linear: fn(&L, Mode) -> bool,
) -> Result<Report, Failure> {
    let mut points = 0;
    // The adjoint identities are of degree 3 in random numbers: those of x, w and y.
    let finding = |points| Finding::Field {
        shape: "every kind of layer, and a network, in both modes".to_owned(),
        points,
        log2_failure: Some((3.0 / Goldilocks::MODULUS as f64).log2()),
    };
    let draws: Vec<_> =
        seeds(examiner, "gradients over GF(p)", POINTS_WITH_TIES).into_iter().enumerate().collect();
    for subject in subjects {
        let Subject { layer, input, .. } = subject;
        for (&(draw, seed), mode) in draws.iter().flat_map(|draw| modes(draw.1).map(|mode| (draw, mode))) {
            let with_ties = gradient_sides(layer, input, mode, Inputs::Few, seed)?;
            let mut found = vec![("dual numbers, where entries are equal", with_ties)];
            // One point of GF(p) is enough.
            if draw == 0 {
                found.push(("dual numbers", gradient_sides(layer, input, mode, Inputs::Uniform, seed)?));
                if linear(layer, mode) {
                    found.push(("the adjoint identities", adjoint_sides(layer, input, mode, seed)?));
                }
            }
            for (judge, [forward, backward]) in found {
                points += 1;
                if forward != backward {
                    let sides = [format!("{forward} by {judge}"), format!("{backward} by the backward pass")];
                    let counterexample = subject.counterexample(mode, judge, sides);
                    return Ok(Report::refuted(finding(points), counterexample));
                }
            }
        }
    }
    Ok(Report::confirmed(finding(points)))
}

/// In `f64`: by central differences, with the bounds of their truncation and of all rounding.
fn by_differences<L: Layer>(examiner: &Examiner, subjects: &[Subject<L>]) -> Result<Report, Failure> {
    let mut worst = (0.0, 0.0);
    let finding = |(error, bound)| Finding::Rounding {
        shape: "every kind of layer, and a network, in both modes: differences in f64".to_owned(),
        error,
        bound,
    };
    let seeds = seeds(examiner, "gradients by differences", POINTS_FOR_DIFFERENCES);
    for subject in subjects {
        for (&seed, mode) in seeds.iter().flat_map(|seed| modes(*seed).map(|mode| (seed, mode))) {
            let [forward, backward] = difference_sides(&subject.layer, &subject.input, mode, seed)?;
            let (error, bound) =
                ((forward.value() - backward.value()).abs(), forward.error() + backward.error());
            if forward.certainly_differs(&backward) {
                let sides =
                    [format!("{forward} by a difference"), format!("{backward} by the backward pass")];
                let counterexample = subject.counterexample(mode, "a central difference", sides);
                return Ok(Report::refuted(finding((error, bound)), counterexample));
            }
            if error >= worst.0 {
                worst = (error, bound);
            }
        }
    }
    Ok(Report::confirmed(finding(worst)))
}
