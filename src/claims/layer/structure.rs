//! What layers are made of: channels, groups, padding, and what an output sees.

use std::collections::BTreeSet;

use ndarray::{ArrayD, Axis, Slice};

use super::super::Claim;
use super::maps::{Alteration, same_as_altered};
use crate::conv::{Boundary, boundary};
use crate::layer::{AnyLayer, Convolution, Layer, Mode, Pool, ReceptiveField, View, Window};
use crate::network::Network;
use crate::scalar::{Scalar, Symbolic};
use crate::verify::{Counterexample, ExamineError, Examiner, Failure, Finding, Report, Statement};

pub(super) fn claims() -> Vec<Claim> {
    vec![
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
            |examiner| channels(examiner, BySummands::RIGHT),
        )
        .theorem("channels_are_sums")
        .theorem("equivariant_is_layer")
        .theorem("correlate_images_is_definition")
        .mutant("the second input channel is read for the first", |examiner| {
            channels(examiner, BySummands { shifted: 1, ..BySummands::RIGHT })
        })
        .mutant("the last input channel is left out", |examiner| {
            channels(examiner, BySummands { left_out: 1, ..BySummands::RIGHT })
        }),
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
        })
        .mutant("every group takes the first channels", |examiner| {
            groups(examiner, |channel, _, size| channel < size)
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
        })
        .mutant("the padding before stands after", |examiner| {
            padding_at(examiner, |boundary| boundary, |(before, after)| (after, before))
        })
        .mutant("the greater padding stands before", |examiner| {
            padding_at(
                examiner,
                |boundary| boundary,
                |(before, after)| (before.max(after), before.min(after)),
            )
        }),
    ]
}

/// Stacks of layers on a line, each given by (taps, stride, dilation): the symbols in every output against
/// the predicted interval. Only layers whose inputs see enough already are dilated, so that no entry of the
/// interval is skipped.
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
        // In turn a convolution with free weights and a pool: a mean, whose outputs are linear in all of its
        // inputs.
        let network: Network = stack
            .iter()
            .enumerate()
            .map(|(i, &(taps, stride, dilation))| -> AnyLayer {
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
#[derive(Clone, Copy)]
struct BySummands {
    shifted: usize,
    left_out: usize,
}

impl BySummands {
    const RIGHT: BySummands = BySummands { shifted: 0, left_out: 0 };
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
        for channel in 0..layer.inputs - self.left_out {
            let read = (channel + self.shifted).min(layer.inputs - 1);
            sum = sum + single.forward(&part(x, read), &[part(&weights[0], channel)], Mode::Inference)?;
        }
        Ok(sum)
    }
}

fn channels(examiner: &Examiner, how: BySummands) -> Result<Report, ExamineError> {
    let statement = move |axes: usize| {
        Statement::new(&["depth", "height", "width"][3 - axes..], move |space| {
            let layer = Convolution::new(3, 2, vec![2; axes]).padding(vec![1; axes]).without_bias();
            Ok(same_as_altered(layer, how, [&[2, 3], space].concat()))
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
            Ok(same_as_altered(layer, BlockDiagonal { belongs }, [&[1, 4], space].concat()))
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
    place: fn((usize, usize)) -> (usize, usize),
}

impl Alteration<Convolution> for PaddedFirst {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let padding: Vec<_> = layer.options.padding.iter().copied().map(self.place).collect();
        let padded = boundary::pad(x, &padding, self.boundary)?;
        let bare = layer.clone().padding_before_after([]).boundary(Boundary::Zero);
        Ok(bare.forward(&padded, weights, Mode::Inference)?)
    }
}

fn padding(examiner: &Examiner, other: fn(Boundary) -> Boundary) -> Result<Report, Failure> {
    padding_at(examiner, other, |padding| padding)
}

/// The layer pads first by another boundary, and puts the padding `(before, after)` at another place.
fn padding_at(
    examiner: &Examiner,
    other: fn(Boundary) -> Boundary,
    place: fn((usize, usize)) -> (usize, usize),
) -> Result<Report, Failure> {
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
            let how = PaddedFirst { boundary: other(boundary), place };
            Ok(same_as_altered(layer, how, [&[1, 1], space].concat()))
        });
        reports.push(examiner.examine(&statement.at([3, 4]).at_large([9, 11]).shrinking_to([1, 1]))?);
    }
    Ok(Report::all(reports))
}
