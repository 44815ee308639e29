//! What layers do to translations: padding, stride, dilation, dense layers.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Slice};

use super::super::Claim;
use super::maps::{Alteration, Altered, Same, Shifted};
use crate::conv::Boundary;
use crate::group::{CyclicTranslations, FiniteGroup};
use crate::layer::{Convolution, Dense, Layer, Mode, TransposedConvolution};
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Report, Statement, Verdict, preserved_subgroup};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.translation_circular",
            "with stride 1 and periodic padding a layer commutes with every cyclic translation, \
             whatever its dilation and channels",
            |examiner| padded(examiner, Boundary::Periodic, 0),
        )
        .theorem("translation_equivariance")
        .theorem("correlation_stride_equivariance")
        .theorem("periodic_layer_shift")
        .mutant("the padding is of zeros", |examiner| padded(examiner, Boundary::Zero, 0))
        .mutant("the padding repeats the border", |examiner| padded(examiner, Boundary::Replicate, 0)),
        Claim::fails("layer.translation_zero", "the same with zero padding", |examiner| {
            padded(examiner, Boundary::Zero, 0)
        })
        .theorem("zero_padding_shift")
        .theorem("zero_padded_is_dense")
        .mutant("the padding is periodic", |examiner| padded(examiner, Boundary::Periodic, 0)),
        Claim::holds(
            "layer.translation_zero.interior",
            "with zero padding it commutes with the translation of signals that stay clear of the \
             border by the kernel's reach",
            |examiner| padded(examiner, Boundary::Zero, REACH + 1),
        )
        .theorem("padding_clear_of_border")
        .theorem("layers_agree_inside")
        .mutant("the signals reach the border", |examiner| padded(examiner, Boundary::Zero, 0)),
        Claim::fails("layer.translation_reflect", "the same with reflecting padding", |examiner| {
            padded(examiner, Boundary::Reflect, 0)
        })
        .theorem("reflect_padding_shift")
        .mutant("the padding is periodic", |examiner| padded(examiner, Boundary::Periodic, 0)),
        Claim::holds(
            "layer.translation_reflect.interior",
            "with reflecting padding it commutes with the translation of signals that stay clear of \
             the border by the kernel's reach",
            |examiner| padded(examiner, Boundary::Reflect, REACH + 2),
        )
        .theorem("padding_clear_of_border")
        .mutant("the signals come within the reach", |examiner| padded(examiner, Boundary::Reflect, 1)),
        Claim::fails("layer.stride", "a layer of stride s commutes with every translation", |examiner| {
            strided(examiner, 2)
        })
        .theorem("stride_only_multiples")
        .mutant("the stride is 1", |examiner| strided(examiner, 1)),
        Claim::holds(
            "layer.stride.multiples",
            "a layer of stride s takes a translation by s·t to one by t",
            |examiner| multiples(examiner, |stride| (stride, 1)),
        )
        .theorem("correlation_stride_equivariance")
        .theorem("strided_on_circle")
        .mutant("the output moves as far as the input", |examiner| {
            multiples(examiner, |stride| (stride, stride))
        }),
        Claim::holds(
            "layer.stride_is_subsampling",
            "stride s is stride 1, of which every s-th output is kept; the direct way computes none \
             of the others",
            |examiner| subsampling(examiner, 0),
        )
        .theorem("stride_is_subsampling")
        .mutant("the outputs kept begin with the second", |examiner| subsampling(examiner, 1)),
        Claim::holds(
            "layer.dilation_is_zero_stuffing",
            "dilation d is a kernel with d − 1 zeros between its taps",
            |examiner| zero_stuffing(examiner, 0),
        )
        .theorem("dilation_is_zero_stuffing")
        .theorem("translation_equivariance")
        .mutant("the last tap comes one too early", |examiner| zero_stuffing(examiner, 1)),
        Claim::fails(
            "layer.dense_translation",
            "a dense layer with free weights commutes with translations",
            |examiner| dense(examiner, false),
        )
        .theorem("dense_shift")
        .theorem("equivariant_is_convolution")
        .mutant("the matrix repeats its diagonals", |examiner| dense(examiner, true)),
        Claim::holds(
            "layer.transposed_translation",
            "a transposed convolution of stride s takes a shift by t to a shift by s·t, with \
             periodic boundary",
            |examiner| transposed(examiner, 2),
        )
        .theorem("transposed_on_circle")
        .theorem("transposed_translation")
        .theorem("adjoint_equivariant")
        .mutant("the output moves by t", |examiner| transposed(examiner, 1)),
    ]
}

/// The reach of the kernels of [`padded`]: dilation 2, three taps.
const REACH: usize = 2;

fn padded(examiner: &Examiner, boundary: Boundary, margin: usize) -> Result<Report, ExamineError> {
    let statement = move |axes: usize| {
        let layer = Convolution::new(2, 2, vec![3; axes])
            .dilation([[2, 1, 1], [1, 2, 1], [2, 1, 1]][axes - 1][..axes].to_vec())
            .padding([[2, 1, 1], [1, 2, 1], [2, 1, 1]][axes - 1][..axes].to_vec())
            .boundary(boundary);
        let map = Arc::new(layer);
        let names = &["depth", "height", "width"][3 - axes..];
        Statement::new(names, move |space| {
            let clear = space.iter().all(|&extent| extent > 2 * margin.max(2));
            let input = [&[1, 2], space].concat();
            Ok(if clear { Shifted::cases(&map, &input, axes, (1, 1), margin) } else { Vec::new() })
        })
    };
    let least = 2 * margin.max(2) + 1;
    Ok(Report::all([
        examiner.examine(&statement(1).at([least + 4]).at_large([40]).shrinking_to([least]))?,
        examiner
            .examine(&statement(2).at([least, least + 1]).at_large([15, 12]).shrinking_to([least, least]))?,
        examiner.examine(&statement(3).at([least; 3]).shrinking_to([least; 3]))?,
    ]))
}

fn strided_layer(stride: usize) -> Convolution {
    Convolution::new(2, 1, [3, 3]).stride([stride, stride]).padding([1, 1]).boundary(Boundary::Periodic)
}

/// Translation by one entry, with the output translated by ⌊1/s⌋; and what the engine finds to be kept.
fn strided(examiner: &Examiner, stride: usize) -> Result<Report, Failure> {
    let map = Arc::new(strided_layer(stride));
    let moved = i64::from(stride == 1);
    let statement = {
        let map = Arc::clone(&map);
        Statement::new(&["height", "width"], move |space| {
            let input = [&[1, 2], space].concat();
            let fits = space.iter().all(|extent| extent.is_multiple_of(stride));
            Ok(if fits { Shifted::cases(&map, &input, 2, (1, moved), 0) } else { Vec::new() })
        })
    };
    let report = examiner.examine(&statement.at([4, 6]).at_large([12, 16]).shrinking_to([2, 2]))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let group = CyclicTranslations::new([4, 6]);
    let kept = preserved_subgroup(examiner, &group, |element| {
        let steps: Vec<i64> = group.offsets(element).iter().map(|&step| step as i64).collect();
        let image = steps.iter().map(|step| step.div_euclid(stride as i64)).collect();
        let input = vec![1, 2, 4, 6];
        Some(Case::new(Shifted { map: Arc::clone(&map), input, steps: (steps, image), margin: 0 }))
    })?;
    Ok(report.with_largest(group.describe_subgroup(&kept)))
}

fn multiples(examiner: &Examiner, steps: fn(i64) -> (i64, i64)) -> Result<Report, ExamineError> {
    let statement = |stride: usize| {
        let map = Arc::new(strided_layer(stride));
        Statement::new(&["height", "width"], move |space| {
            let input = [&[1, 2], space].concat();
            let fits = space.iter().all(|extent| extent.is_multiple_of(stride));
            Ok(if fits { Shifted::cases(&map, &input, 2, steps(stride as i64), 0) } else { Vec::new() })
        })
    };
    Ok(Report::all([
        examiner.examine(&statement(2).at([4, 6]).at_large([12, 16]).shrinking_to([2, 2]))?,
        examiner.examine(&statement(3).at([6, 9]).at_large([12, 15]).shrinking_to([3, 3]))?,
    ]))
}

/// Every s-th output of stride 1, beginning with the one at `first`, cyclically.
struct Subsampled {
    stride: usize,
    first: usize,
}

impl Alteration<Convolution> for Subsampled {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let mut output = layer.clone().stride([1, 1]).forward(x, weights, Mode::Inference)?;
        for axis in [2, 3] {
            output = crate::signal::roll(output.view().permuted_axes(swap(axis)), &[-(self.first as i64)])
                .permuted_axes(swap(axis));
            output = output.slice_axis(Axis(axis), Slice::from(..).step_by(self.stride as isize)).to_owned();
        }
        Ok(output)
    }
}

/// The order of four axes that exchanges this one with the last.
fn swap(axis: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..4).collect();
    order.swap(axis, 3);
    order
}

fn subsampling(examiner: &Examiner, first: usize) -> Result<Report, ExamineError> {
    let statement = move |stride: usize| {
        Statement::new(&["height", "width"], move |space| {
            let input = [&[1, 2], space].concat();
            let layer = Convolution::new(2, 2, [3, 2]).stride([stride, stride]).padding([1, 0]);
            let full = layer.clone().stride([1, 1]);
            let (Ok(outputs), Ok(all)) = (layer.output_shape(&input), full.output_shape(&input)) else {
                return Ok(Vec::new());
            };
            // Without padding along the width each output costs the same: as many times less as there are outputs less.
            let (strided, direct) = (layer.connections(&input)?, full.connections(&input)?);
            if strided * all[3] as u128 > direct * outputs[3] as u128 {
                return Err("the strided layer computes outputs that are dropped".into());
            }
            Ok(vec![Same::case(layer.clone(), Altered { layer, how: Subsampled { stride, first } }, input)])
        })
    };
    Ok(Report::all([
        examiner.examine(&statement(2).at([5, 6]).at_large([20, 21]).shrinking_to([1, 2]))?,
        examiner.examine(&statement(3).at([5, 7]).at_large([20, 21]).shrinking_to([1, 2]))?,
    ]))
}

/// Dilation 1, on the kernel with zeros between its taps.
struct Stuffed {
    dilation: usize,
    early: usize,
}

impl Alteration<Convolution> for Stuffed {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let taps = layer.taps[0];
        let span = self.dilation * (taps - 1) + 1;
        let mut kernel = ArrayD::from_elem(vec![layer.outputs, layer.inputs, span], S::zero());
        for tap in 0..taps {
            let early = if tap + 1 == taps { self.early } else { 0 };
            let place = tap * self.dilation - early;
            kernel.index_axis_mut(Axis(2), place).assign(&weights[0].index_axis(Axis(2), tap));
        }
        let plain = Convolution { taps: vec![span], ..layer.clone() }.dilation([1]);
        Ok(plain.forward(x, &[kernel, weights[1].clone()], Mode::Inference)?)
    }
}

fn zero_stuffing(examiner: &Examiner, early: usize) -> Result<Report, ExamineError> {
    let statement = move |dilation: usize| {
        Statement::new(&["length"], move |space| {
            let layer = Convolution::new(2, 2, [3]).dilation([dilation]).stride([2]).padding([1]);
            let input = vec![2, 2, space[0]];
            let fits = layer.output_shape(&input).is_ok();
            let other = Altered { layer: layer.clone(), how: Stuffed { dilation, early } };
            Ok(if fits { vec![Same::case(layer, other, input)] } else { Vec::new() })
        })
    };
    Ok(Report::all([
        examiner.examine(&statement(2).at([8]).at_large([40]).shrinking_to([1]))?,
        examiner.examine(&statement(3).at([9]).at_large([40]).shrinking_to([1]))?,
    ]))
}

/// The matrix of a dense layer, or the one whose entry (i, j) is the weight (i − j mod n, 0).
struct Circulant;

impl Alteration<Dense> for Circulant {
    fn apply<S: Scalar>(
        &self,
        layer: &Dense,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let n = layer.inputs;
        let matrix =
            ArrayD::from_shape_fn(vec![n, n], |index| weights[0][[(index[0] + n - index[1]) % n, 0]].clone());
        Ok(layer.forward(x, &[matrix], Mode::Inference)?)
    }
}

fn dense(examiner: &Examiner, circulant: bool) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["length"], move |space| {
        let (layer, input) = (Dense::new(space[0], space[0]).without_bias(), [1, space[0]]);
        Ok(if circulant {
            let map = Arc::new(Altered { layer, how: Circulant });
            Shifted::cases(&map, &input, 1, (1, 1), 0)
        } else {
            Shifted::cases(&Arc::new(layer), &input, 1, (1, 1), 0)
        })
    });
    examiner.examine(&statement.at([5]).at_large([30]).shrinking_to([2]))
}

fn transposed(examiner: &Examiner, image: i64) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["height", "width"], move |space| {
        // The adjoint of a layer on twice as many entries: 2(n − 1) + 3 − 2 + 1 = 2n.
        let layer = TransposedConvolution::new(2, 1, [3, 3]).stride([2, 2]).padding([1, 1]);
        let layer = layer.output_padding([1, 1]).boundary(Boundary::Periodic);
        Ok(Shifted::cases(&Arc::new(layer), &[&[1, 2], space].concat(), 2, (1, image), 0))
    });
    examiner.examine(&statement.at([3, 4]).at_large([8, 9]).shrinking_to([2, 2]))
}
