//! What layers are made of: grids, channels, padding, matrices, receptive fields.

use std::collections::BTreeSet;

use ndarray::{ArrayD, Axis, Slice};

use super::super::Claim;
use super::maps::{Alteration, Altered, Same};
use crate::conv::{Boundary, boundary};
use crate::group::{Action, C4, Rotation};
use crate::layer::{Convolution, Layer, Mode, Pool, ReceptiveField, Reduction, View, Window, matrix};
use crate::network::Network;
use crate::scalar::{Goldilocks, Scalar, Symbolic};
use crate::signal::OnGrid;
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Report, Sides, Statement,
    Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.symmetric_grid",
            "a strided layer or pool commutes with the flip of an axis (kernel flipped alike) iff s \
             divides n + 2p − d(k−1) − 1",
            |examiner| {
                symmetric_grid(examiner, |n, k, s, d, p| (n + 2 * p - d * (k - 1) - 1).is_multiple_of(s))
            },
        )
        .theorem("symmetric_grid")
        .theorem("symmetric_grid_reading")
        .theorem("symmetric_grid_windows")
        .theorem("symmetric_grid_pool")
        .theorem("symmetric_grid_quarter_turn")
        .theorem("output_size")
        .theorem("output_size_counts_windows")
        .mutant("the rule counts the padding once", |examiner| {
            symmetric_grid(examiner, |n, k, s, d, p| (n + p + s * p - d * (k - 1) - 1).is_multiple_of(s))
        })
        .mutant("the rule forgets the dilation", |examiner| {
            symmetric_grid(examiner, |n, k, s, _, p| (n + 2 * p + s * k - k).is_multiple_of(s))
        }),
        Claim::fails(
            "layer.asymmetric_same_padding",
            "a layer with an even kernel and \"same\" padding keeps Rot90 (kernel turned alike)",
            |examiner| same_padding(examiner, 2, (0, 1)),
        )
        .theorem("same_padding_quarter_turn")
        .theorem("same_padding_even_kernel")
        .theorem("asymmetric_padding_flip")
        .mutant("the kernel is odd", |examiner| same_padding(examiner, 3, (1, 1))),
        Claim::holds(
            "layer.sparse_and_shared",
            "a layer is the dense layer with a banded Toeplitz matrix: 15 connections and 3 weights \
             against 35 and 35",
            |examiner| sparse_and_shared(examiner, 0),
        )
        .theorem("zero_padded_is_dense")
        .theorem("sparse_connections")
        .theorem("five_units")
        .theorem("weight_sharing")
        .mutant("one diagonal of the matrix is moved", |examiner| sparse_and_shared(examiner, 1)),
        Claim::holds(
            "layer.receptive_field",
            "the inputs that occur in an output of a stack are those of its receptive field, 1 + Σ \
             d_i(k_i − 1) Π s_l, moving by Π s_l",
            |_| receptive_fields(|field, window| field.after_window(window)),
        )
        .theorem("receptive_field_size")
        .theorem("receptive_field_jump")
        .theorem("receptive_field_bounds")
        .theorem("receptive_field_ends")
        .theorem("receptive_field_full")
        .theorem("receptive_field_sound")
        .theorem("receptive_field_exact")
        .mutant("strides add up instead of multiplying", |_| {
            receptive_fields(|field, window| {
                let next = field.after_window(window);
                ReceptiveField { jump: (field.jump.0 + window.axis.stride - 1, 1), ..next }
            })
        })
        .mutant("the dilation is forgotten", |_| {
            receptive_fields(|field, window| {
                let next = field.after_window(window);
                ReceptiveField { extent: field.extent + (window.axis.taps - 1) * field.jump.0, ..next }
            })
        }),
        Claim::holds(
            "layer.channels",
            "a layer from n to m channels is the sum over input channels of single-channel correlations",
            |examiner| channels(examiner, 0),
        )
        .theorem("channels_are_sums")
        .theorem("equivariant_is_layer")
        .theorem("correlate_images_is_definition")
        .mutant("the second input channel is read for the first", |examiner| channels(examiner, 1)),
        Claim::holds(
            "layer.channels.groups",
            "a grouped layer is the layer whose kernel is block-diagonal; depthwise is the case of \
             one channel a group",
            |examiner| groups(examiner, |channel, groups, size| channel / size == groups),
        )
        .theorem("grouped_is_block_diagonal")
        .theorem("depthwise")
        .mutant("groups take channels in turn", |examiner| {
            groups(examiner, |channel, group, size| channel % (4 / size) == group)
        }),
        Claim::holds(
            "layer.padding",
            "zero, reflecting, replicating and periodic padding are layers without padding on the \
             padded signal; reflecting ones are refused where too long",
            |examiner| padding(examiner, |boundary| boundary),
        )
        .theorem("boundaries_extend")
        .theorem("zero_extension")
        .theorem("reflect_extension")
        .theorem("replicate_extension")
        .theorem("periodic_extension")
        .theorem("padding_first")
        .theorem("boundary_flip")
        .mutant("reflecting repeats the border", |examiner| {
            padding(examiner, |boundary| match boundary {
                Boundary::Reflect => Boundary::Replicate,
                other => other,
            })
        })
        .mutant("periodic padding is of zeros", |examiner| {
            padding(examiner, |boundary| match boundary {
                Boundary::Periodic => Boundary::Zero,
                other => other,
            })
        }),
    ]
}

/// The layers and pools on an axis of n entries, run over GF(p), against a rule and against what the layer says itself.
fn symmetric_grid(
    examiner: &Examiner,
    rule: fn(usize, usize, usize, usize, usize) -> bool,
) -> Result<Report, Failure> {
    let mut random = examiner.random("layer.symmetric_grid");
    let flip = |x: &ArrayD<Goldilocks>| {
        let mut flipped = x.clone();
        flipped.invert_axis(Axis(2));
        flipped.as_standard_layout().into_owned()
    };
    let mut cases = 0;
    for (n, k, s) in (1..=12).flat_map(|n| (1..=4).flat_map(move |k| (1..=4).map(move |s| (n, k, s)))) {
        for (d, p) in (1..=3).flat_map(|d| (0..=3).map(move |p| (d, p))) {
            // Of a window that reads no entry, the rule says nothing.
            if n + 2 * p < d * (k - 1) + 1 || p > d * (k - 1) || s > n || d > n {
                continue;
            }
            let input = [1, 1, n];
            let layer = Convolution::new(1, 1, [k]).stride([s]).dilation([d]).padding([p]).without_bias();
            let x = ArrayD::from_shape_simple_fn(vec![1, 1, n], || Goldilocks::sample(&mut random));
            let w = ArrayD::from_shape_simple_fn(vec![1, 1, k], || Goldilocks::sample(&mut random));
            let run = |x: &ArrayD<Goldilocks>, w: ArrayD<Goldilocks>| layer.forward(x, &[w], Mode::Inference);
            let mut found = vec![("layer", run(&flip(&x), flip(&w))? == flip(&run(&x, w)?))];
            // A pool whose windows all begin in the padding may see nothing but whole signals.
            let begins_inside = (0..layer.output_shape(&input)?[2]).any(|o| (p..p + n).contains(&(o * s)));
            for pool in [Pool::mean([k]), Pool::maximum([k])] {
                let pool = pool.stride([s]).dilation([d]).padding([p]);
                let greatest = pool.reduction == Reduction::Maximum;
                // Different windows can have one maximum at a point, not one mean: the maximum is asked for one direction only.
                if pool.output_shape(&input).is_ok() && begins_inside && (!greatest || rule(n, k, s, d, p)) {
                    let run = |x: &ArrayD<Goldilocks>| pool.forward(x, &[], Mode::Inference);
                    found.push(("pool", run(&flip(&x))? == flip(&run(&x)?)));
                }
            }
            let said = layer.symmetry(&input)?.flips[0];
            found.push(("static rule", said));
            for (what, commutes) in found {
                cases += 1;
                if commutes != rule(n, k, s, d, p) {
                    let size = format!("n = {n}, k = {k}, s = {s}, d = {d}, p = {p}");
                    let tell = |commutes: bool| if commutes { "commutes" } else { "does not commute" };
                    let counterexample = Counterexample::from_text(
                        [("size".to_owned(), size.clone()), ("what".to_owned(), what.to_owned())],
                        tell(commutes),
                        tell(!commutes),
                    );
                    return Ok(Report::refuted(
                        Finding::Symbolic { shape: size, variables: 0, terms: cases },
                        counterexample,
                    ));
                }
            }
        }
    }
    Ok(Report::enumerated("n ≤ 12, k ≤ 4, s ≤ 4, d ≤ 3, p ≤ 3, each at a random point of GF(p)", cases))
}

/// A layer and its kernel turn together: f(g ▷ w, g ▷ x) = g ▷ f(w, x).
struct Turned {
    layer: Convolution,
    input: Vec<usize>,
}

impl Identity for Turned {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.input.clone()), Unknown::new("w", self.layer.kernel_shape())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let turn = |x: &ArrayD<S>| OnGrid.act(&C4, &Rotation::Rot90, x);
        let run = |x: &ArrayD<S>, w: ArrayD<S>| self.layer.forward(x, &[w], Mode::Inference);
        let left = run(&turn(&values[0]), turn(&values[1]))?;
        Ok((left, turn(&run(&values[0], values[1].clone())?)))
    }
}

fn same_padding(examiner: &Examiner, taps: usize, padding: (usize, usize)) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["size"], move |size| {
        let layer = Convolution::new(1, 1, [taps, taps]).padding_before_after([padding; 2]).without_bias();
        Ok(vec![Case::for_element(Rotation::Rot90, Turned { layer, input: vec![1, 1, size[0], size[0]] })])
    });
    examiner.examine(&statement.at([4]).at_large([13]).shrinking_to([1]))
}

/// The dense layer with the matrix of a convolution.
struct AsMatrix {
    moved: usize,
}

impl Alteration<Convolution> for AsMatrix {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let toeplitz = matrix(layer, &x.shape()[1..], weights)?;
        let mut output = ArrayD::from_elem(layer.output_shape(x.shape())?, S::zero());
        let columns = toeplitz.ncols();
        for (row, entry) in output.iter_mut().enumerate() {
            for (column, value) in x.iter().enumerate() {
                entry.add_product(&toeplitz[[row, (column + self.moved) % columns]], value);
            }
        }
        Ok(output)
    }
}

fn sparse_and_shared(examiner: &Examiner, moved: usize) -> Result<Report, Failure> {
    let five_units = Convolution::new(1, 1, [3]).without_bias();
    let toeplitz = matrix(&five_units, &[1, 7], &[Symbolic::variables("w", &[1, 1, 3])])?;
    let connected = toeplitz.iter().filter(|entry| !entry.variables_used().is_empty()).count();
    let weights: BTreeSet<String> = toeplitz.iter().flat_map(|entry| entry.variables_used()).collect();
    let counts = (toeplitz.dim(), connected, weights.len(), five_units.connections(&[1, 1, 7])?);
    if counts != ((5, 7), 15, 3, 15) {
        return Err(format!("the five units have {counts:?}").into());
    }
    let statement = Statement::new(&["height", "width"], move |space| {
        let layer = Convolution::new(2, 2, [2, 3]).stride([1, 2]).padding([1, 1]).without_bias();
        let input = [&[1, 2], space].concat();
        let fits = layer.output_shape(&input).is_ok();
        let other = Altered { layer: layer.clone(), how: AsMatrix { moved } };
        Ok(if fits { vec![Same::case(layer, other, input)] } else { Vec::new() })
    });
    Ok(examiner.examine(&statement.at([3, 4]).at_large([6, 7]).shrinking_to([1, 1]))?)
}

/// Stacks of layers on a line, each given by (taps, stride, dilation): the symbols in every output against the predicted interval.
/// Only layers whose inputs see enough already are dilated, so that no entry of the interval is skipped.
fn receptive_fields(after: fn(ReceptiveField, &Window) -> ReceptiveField) -> Result<Report, Failure> {
    let stacks: [&[(usize, usize, usize)]; 7] = [
        &[(3, 1, 1)],
        &[(3, 2, 1), (3, 1, 1)],
        &[(2, 2, 1), (2, 2, 1), (2, 2, 1)],
        &[(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)],
        &[(5, 2, 1), (3, 3, 1)],
        &[(3, 1, 1), (2, 1, 1), (3, 1, 2)],
        &[(3, 2, 1), (3, 1, 1), (3, 1, 3)],
    ];
    let mut outputs = 0;
    for stack in stacks {
        // In turn a convolution with free weights and a pool: a mean, whose outputs are linear in all of its inputs.
        let network: Network = stack
            .iter()
            .enumerate()
            .map(|(i, &(taps, stride, dilation))| -> crate::layer::AnyLayer {
                if i % 2 == 0 {
                    Convolution::new(1, 1, [taps]).stride([stride]).dilation([dilation]).into()
                } else {
                    Pool::mean([taps]).stride([stride]).dilation([dilation]).into()
                }
            })
            .collect();
        let (mut field, mut shape) = (ReceptiveField::INPUT, vec![1, 1, 23]);
        for node in network.nodes() {
            let alone: Network = std::iter::once(node.clone()).collect();
            let View::Windows(windows) = alone.view(&shape)? else {
                return Err("these layers have windows".into());
            };
            field = after(field, &windows[0]);
            shape = alone.output_shape(&shape)?;
        }
        let weights: Vec<_> =
            network.parameters().iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect();
        let output = network.forward(&Symbolic::variables("x", &[1, 1, 23]), &weights, Mode::Inference)?;
        for (o, expression) in output.iter().enumerate() {
            let used = expression.variables_used();
            let found: BTreeSet<String> = used.into_iter().filter(|name| name.starts_with("x[")).collect();
            let first = o * field.jump.0;
            let expected = (first..first + field.extent).map(|i| format!("x[0,0,{i}]")).collect();
            outputs += 1;
            if found != expected {
                let shape = format!("taps, strides and dilations {stack:?}, output {o}");
                let counterexample = Counterexample::from_text(
                    [
                        ("stack".to_owned(), shape.clone()),
                        ("predicted".to_owned(), format!("{} entries from {first} on", field.extent)),
                    ],
                    format!("{found:?}"),
                    format!("{expected:?}"),
                );
                let finding = Finding::Symbolic { shape, variables: found.len(), terms: expression.terms() };
                return Ok(Report::refuted(finding, counterexample));
            }
        }
    }
    Ok(Report::enumerated("every output of seven stacks of layers on 23 entries", outputs))
}

/// The sum over input channels of layers of one input.
struct BySummands {
    shifted: usize,
}

impl Alteration<Convolution> for BySummands {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let single = Convolution { inputs: 1, bias: false, ..layer.clone() };
        let part = |array: &ArrayD<S>, channel: usize| {
            array.slice_axis(Axis(1), Slice::from(channel..=channel)).to_owned()
        };
        let mut sum = ArrayD::from_elem(layer.output_shape(x.shape())?, S::zero());
        for channel in 0..layer.inputs {
            let read = (channel + self.shifted).min(layer.inputs - 1);
            sum = sum + single.forward(&part(x, read), &[part(&weights[0], channel)], Mode::Inference)?;
        }
        Ok(sum)
    }
}

fn channels(examiner: &Examiner, shifted: usize) -> Result<Report, ExamineError> {
    let statement = move |axes: usize| {
        Statement::new(&["depth", "height", "width"][3 - axes..], move |space| {
            let layer = Convolution::new(3, 2, vec![2; axes]).padding(vec![1; axes]).without_bias();
            let other = Altered { layer: layer.clone(), how: BySummands { shifted } };
            Ok(vec![Same::case(layer, other, [&[2, 3], space].concat())])
        })
    };
    Ok(Report::all([
        examiner.examine(&statement(1).at([5]).at_large([20]).shrinking_to([1]))?,
        examiner.examine(&statement(2).at([2, 3]).at_large([9, 8]).shrinking_to([1, 1]))?,
        examiner.examine(&statement(3).at([2, 1, 2]).shrinking_to([1, 1, 1]))?,
    ]))
}

/// The layer of one group whose kernel is zero between an output of a group and an input outside it.
struct BlockDiagonal {
    belongs: fn(usize, usize, usize) -> bool,
}

impl Alteration<Convolution> for BlockDiagonal {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let groups = layer.options.groups;
        let (size, outputs) = (layer.inputs / groups, layer.outputs / groups);
        let mut shape = layer.kernel_shape();
        shape[1] = layer.inputs;
        let mut kernel = ArrayD::from_elem(shape, S::zero());
        for output in 0..layer.outputs {
            let inputs = (0..layer.inputs).filter(|&input| (self.belongs)(input, output / outputs, size));
            for (place, input) in inputs.enumerate() {
                let from = weights[0].index_axis(Axis(0), output);
                let mut to = kernel.index_axis_mut(Axis(0), output);
                to.index_axis_mut(Axis(0), input).assign(&from.index_axis(Axis(0), place));
            }
        }
        let plain = layer.clone().groups(1);
        Ok(plain.forward(x, &[kernel, weights[1].clone()], Mode::Inference)?)
    }
}

fn groups(examiner: &Examiner, belongs: fn(usize, usize, usize) -> bool) -> Result<Report, ExamineError> {
    let statement = move |groups: usize, outputs: usize| {
        Statement::new(&["height", "width"], move |space| {
            let layer = Convolution::new(4, outputs, [2, 2]).groups(groups).padding([1, 0]);
            let input = [&[1, 4], space].concat();
            let fits = layer.output_shape(&input).is_ok();
            let other = Altered { layer: layer.clone(), how: BlockDiagonal { belongs } };
            Ok(if fits { vec![Same::case(layer, other, input)] } else { Vec::new() })
        })
    };
    // Where every channel is a group of its own, both ways of counting agree: two groups tell them apart.
    Ok(Report::all([
        examiner.examine(&statement(2, 6).at([2, 3]).at_large([7, 6]).shrinking_to([1, 2]))?,
        examiner.examine(&statement(4, 4).at([2, 3]).at_large([7, 6]).shrinking_to([1, 2]))?,
    ]))
}

/// The layer without padding, on the padded signal.
struct PaddedFirst {
    boundary: Boundary,
}

impl Alteration<Convolution> for PaddedFirst {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let padded = boundary::pad(x, &layer.options.padding, self.boundary)?;
        let bare = layer.clone().padding_before_after([]).boundary(Boundary::Zero);
        Ok(bare.forward(&padded, weights, Mode::Inference)?)
    }
}

fn padding(examiner: &Examiner, other: fn(Boundary) -> Boundary) -> Result<Report, Failure> {
    let too_long = Convolution::new(1, 1, [1]).padding([3]).boundary(Boundary::Reflect);
    if too_long.output_shape(&[1, 1, 3]).is_ok() || too_long.output_shape(&[1, 1, 4]).is_err() {
        return Err("reflecting padding must be shorter than the signal, and may be as long as that".into());
    }
    let mut reports = Vec::new();
    for boundary in Boundary::ALL {
        // Periodic padding may exceed the length.
        let most = if boundary == Boundary::Periodic { 7 } else { 2 };
        let statement = Statement::new(&["height", "width"], move |space| {
            let layer = Convolution::new(1, 2, [3, 2])
                .padding_before_after([(most, 1), (0, most)])
                .boundary(boundary);
            let input = [&[1, 1], space].concat();
            if layer.output_shape(&input).is_err() {
                return Ok(Vec::new());
            }
            let padded = Altered { layer: layer.clone(), how: PaddedFirst { boundary: other(boundary) } };
            Ok(vec![Same::case(layer, padded, input)])
        });
        reports.push(examiner.examine(&statement.at([3, 4]).at_large([9, 11]).shrinking_to([1, 1]))?);
    }
    Ok(Report::all(reports))
}
