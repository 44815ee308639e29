//! What layers do to translations: padding, stride, dilation, dense layers.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Slice};

use super::super::Claim;
use super::maps::{Alteration, Altered, Shifted, same_as_altered};
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
        .mutant("the padding repeats the border", |examiner| padded(examiner, Boundary::Replicate, 0))
        .mutant("the padding is at one end only", |examiner| {
            padded_at(examiner, Boundary::Periodic, 0, |reach| (reach, 0))
        }),
        Claim::fails("layer.translation_zero", "the same with zero padding", |examiner| {
            padded(examiner, Boundary::Zero, 0)
        })
        .theorem("zero_padding_shift")
        .theorem("zero_padded_is_dense")
        .mutant("the padding is periodic", |examiner| padded(examiner, Boundary::Periodic, 0))
        .mutant("the signals stay clear of the border", |examiner| {
            padded(examiner, Boundary::Zero, REACH + 1)
        }),
        Claim::holds(
            "layer.translation_zero.interior",
            "with zero padding it commutes with the translation of signals that, before and after it, stay \
             clear of the border by the kernel's reach",
            |examiner| padded(examiner, Boundary::Zero, REACH + 1),
        )
        .theorem("padding_clear_of_border")
        .theorem("layers_agree_inside")
        .mutant("the signals reach the border", |examiner| padded(examiner, Boundary::Zero, 0))
        .mutant("the signals come one entry nearer", |examiner| padded(examiner, Boundary::Zero, REACH)),
        Claim::fails("layer.translation_reflect", "the same with reflecting padding", |examiner| {
            padded(examiner, Boundary::Reflect, 0)
        })
        .theorem("reflect_padding_shift")
        .mutant("the padding is periodic", |examiner| padded(examiner, Boundary::Periodic, 0))
        .mutant("the signals stay clear of the border", |examiner| {
            padded(examiner, Boundary::Reflect, REACH + 2)
        }),
        Claim::holds(
            "layer.translation_reflect.interior",
            "with reflecting padding it commutes with the translation of signals that, before and after it, \
             stay clear of the border by one entry more than the kernel's reach",
            |examiner| padded(examiner, Boundary::Reflect, REACH + 2),
        )
        .theorem("padding_clear_of_border")
        .mutant("the signals come within the reach", |examiner| padded(examiner, Boundary::Reflect, 1))
        .mutant("the signals come one entry nearer", |examiner| {
            padded(examiner, Boundary::Reflect, REACH + 1)
        }),
        Claim::fails("layer.stride", "a layer of stride s commutes with every translation", |examiner| {
            strided(examiner, 2, 1)
        })
        .theorem("stride_only_multiples")
        .mutant("the stride is 1", |examiner| strided(examiner, 1, 1))
        .mutant("the translation is by the stride", |examiner| strided(examiner, 2, 2)),
        Claim::holds(
            "layer.stride.multiples",
            "a layer of stride s takes a translation by s·t to one by t",
            |examiner| multiples(examiner, |stride| (stride, 1)),
        )
        .theorem("correlation_stride_equivariance")
        .theorem("strided_on_circle")
        .mutant("the output moves as far as the input", |examiner| {
            multiples(examiner, |stride| (stride, stride))
        })
        .mutant("the output moves the other way", |examiner| multiples(examiner, |stride| (stride, -1))),
        Claim::holds(
            "layer.stride_is_subsampling",
            "stride s is stride 1, of which every s-th output is kept; the direct way computes none \
             of the others",
            |examiner| subsampling(examiner, 0, |padding| padding),
        )
        .theorem("stride_is_subsampling")
        .mutant("the outputs kept begin with the second", |examiner| {
            subsampling(examiner, 1, |padding| padding)
        })
        .mutant("the padding before stands after", |examiner| {
            subsampling(examiner, 0, |(before, after)| (0, before + after))
        }),
        Claim::holds(
            "layer.dilation_is_zero_stuffing",
            "dilation d is a kernel with d − 1 zeros between its taps",
            |examiner| zero_stuffing(examiner, 0, false),
        )
        .theorem("dilation_is_zero_stuffing")
        .theorem("translation_equivariance")
        .mutant("the last tap comes one too early", |examiner| zero_stuffing(examiner, 1, false))
        .mutant("taps are repeated where zeros should be", |examiner| zero_stuffing(examiner, 0, true)),
        Claim::fails(
            "layer.dense_translation",
            "a dense layer with free weights commutes with translations",
            |examiner| dense(examiner, Matrix::Free),
        )
        .theorem("dense_shift")
        .theorem("equivariant_is_convolution")
        .mutant("the matrix repeats its diagonals", |examiner| dense(examiner, Matrix::Circulant))
        .mutant("all entries off the diagonal are equal", |examiner| dense(examiner, Matrix::Uniform)),
        Claim::holds(
            "layer.transposed_translation",
            "a transposed convolution of stride s takes a shift by t to a shift by s·t, with \
             periodic boundary",
            |examiner| transposed(examiner, 2, Boundary::Periodic),
        )
        .theorem("transposed_on_circle")
        .theorem("transposed_translation")
        .theorem("adjoint_equivariant")
        .mutant("the output moves by t", |examiner| transposed(examiner, 1, Boundary::Periodic))
        .mutant("the boundary is of zeros", |examiner| transposed(examiner, 2, Boundary::Zero)),
    ]
}

/// The reach of the kernels of [`padded`]: dilation 2, three taps.
const REACH: usize = 2;

fn padded(examiner: &Examiner, boundary: Boundary, margin: usize) -> Result<Report, ExamineError> {
    padded_at(examiner, boundary, margin, |reach| (reach, reach))
}

/// With this padding `(before, after)` for the reach of a kernel.
fn padded_at(
    examiner: &Examiner,
    boundary: Boundary,
    margin: usize,
    padding: fn(usize) -> (usize, usize),
) -> Result<Report, ExamineError> {
    let statement = move |axes: usize| {
        // Three taps reach as far as their dilation.
        let dilation = &[[REACH, 1, 1], [1, REACH, 1], [REACH, 1, 1]][axes - 1][..axes];
        let layer = Convolution::new(2, 2, vec![3; axes])
            .dilation(dilation)
            .padding_before_after(dilation.iter().map(|&reach| padding(reach)).collect::<Vec<_>>())
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

/// The strided layer takes a translation by the first of these steps to one by the second, where outputs go
/// around once.
fn moves(map: &Arc<Convolution>, stride: usize, steps: (i64, i64)) -> Statement {
    let map = Arc::clone(map);
    Statement::new(&["height", "width"], move |space| {
        let input = [&[1, 2], space].concat();
        let fits = space.iter().all(|extent| extent.is_multiple_of(stride));
        Ok(if fits { Shifted::cases(&map, &input, 2, steps, 0) } else { Vec::new() })
    })
}

/// Translation by `step` entries, with the output translated by ⌊step/s⌋; and what the engine finds to be
/// kept.
fn strided(examiner: &Examiner, stride: usize, step: usize) -> Result<Report, Failure> {
    let map = Arc::new(strided_layer(stride));
    let statement = moves(&map, stride, (step as i64, (step / stride) as i64));
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
    let statement = |stride: usize| moves(&Arc::new(strided_layer(stride)), stride, steps(stride as i64));
    Ok(Report::all([
        examiner.examine(&statement(2).at([4, 6]).at_large([12, 16]).shrinking_to([2, 2]))?,
        examiner.examine(&statement(3).at([6, 9]).at_large([12, 15]).shrinking_to([3, 3]))?,
    ]))
}

/// Every s-th output of stride 1, beginning with the one at `first`, cyclically.
struct Subsampled {
    stride: usize,
    first: usize,
    padding: fn((usize, usize)) -> (usize, usize),
}

impl Alteration<Convolution> for Subsampled {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let padding: Vec<_> = layer.options.padding.iter().copied().map(self.padding).collect();
        let full = layer.clone().stride([1, 1]).padding_before_after(padding);
        let mut output = full.forward(x, weights, Mode::Inference)?;
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

fn subsampling(
    examiner: &Examiner,
    first: usize,
    padding: fn((usize, usize)) -> (usize, usize),
) -> Result<Report, ExamineError> {
    let statement = move |stride: usize| {
        Statement::new(&["height", "width"], move |space| {
            let input = [&[1, 2], space].concat();
            let layer = Convolution::new(2, 2, [3, 2]).stride([stride, stride]).padding([1, 0]);
            let full = layer.clone().stride([1, 1]);
            let (Ok(outputs), Ok(all)) = (layer.output_shape(&input), full.output_shape(&input)) else {
                return Ok(Vec::new());
            };
            // Without padding along the width each output costs the same: as many times less as there are
            // outputs less.
            let (strided, direct) = (layer.connections(&input)?, full.connections(&input)?);
            if strided * all[3] as u128 > direct * outputs[3] as u128 {
                return Err("the strided layer computes outputs that are dropped".into());
            }
            Ok(same_as_altered(layer, Subsampled { stride, first, padding }, input))
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
    repeated: bool,
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
            let last = if self.repeated { (place + self.dilation).min(span) } else { place + 1 };
            for place in place..last {
                kernel.index_axis_mut(Axis(2), place).assign(&weights[0].index_axis(Axis(2), tap));
            }
        }
        let plain = Convolution { taps: vec![span], ..layer.clone() }.dilation([1]);
        Ok(plain.forward(x, &[kernel, weights[1].clone()], Mode::Inference)?)
    }
}

fn zero_stuffing(examiner: &Examiner, early: usize, repeated: bool) -> Result<Report, ExamineError> {
    let statement = move |dilation: usize| {
        Statement::new(&["length"], move |space| {
            let layer = Convolution::new(2, 2, [3]).dilation([dilation]).stride([2]).padding([1]);
            Ok(same_as_altered(layer, Stuffed { dilation, early, repeated }, vec![2, 2, space[0]]))
        })
    };
    Ok(Report::all([
        examiner.examine(&statement(2).at([8]).at_large([40]).shrinking_to([1]))?,
        examiner.examine(&statement(3).at([9]).at_large([40]).shrinking_to([1]))?,
    ]))
}

/// Which entries of the matrix of a dense layer are the same.
#[derive(Clone, Copy)]
enum Matrix {
    /// None.
    Free,
    /// Those of a diagonal: entry (i, j) is the weight (i − j mod n, 0).
    Circulant,
    /// All of the diagonal, and all others.
    Uniform,
}

impl Alteration<Dense> for Matrix {
    fn apply<S: Scalar>(
        &self,
        layer: &Dense,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let n = layer.inputs;
        let matrix = ArrayD::from_shape_fn(vec![n, n], |index| {
            let weight = match self {
                Matrix::Free => [index[0], index[1]],
                Matrix::Circulant => [(index[0] + n - index[1]) % n, 0],
                Matrix::Uniform => [0, usize::from(index[0] != index[1])],
            };
            weights[0][weight].clone()
        });
        Ok(layer.forward(x, &[matrix], Mode::Inference)?)
    }
}

fn dense(examiner: &Examiner, matrix: Matrix) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["length"], move |space| {
        let layer = Dense::new(space[0], space[0]).without_bias();
        let map = Arc::new(Altered { layer, how: matrix });
        Ok(Shifted::cases(&map, &[1, space[0]], 1, (1, 1), 0))
    });
    examiner.examine(&statement.at([5]).at_large([30]).shrinking_to([2]))
}

fn transposed(examiner: &Examiner, image: i64, boundary: Boundary) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["height", "width"], move |space| {
        // The adjoint of a layer on twice as many entries: 2(n − 1) + 3 − 2 + 1 = 2n.
        let layer = TransposedConvolution::new(2, 1, [3, 3]).stride([2, 2]).padding([1, 1]);
        let layer = layer.output_padding([1, 1]).boundary(boundary);
        Ok(Shifted::cases(&Arc::new(layer), &[&[1, 2], space].concat(), 2, (1, image), 0))
    });
    examiner.examine(&statement.at([3, 4]).at_large([8, 9]).shrinking_to([2, 2]))
}
