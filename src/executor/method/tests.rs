//! Chunks judged by the definitions, for every instruction set of this machine.

use ndarray::{Array4, ArrayD, IxDyn};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::conv::{Algorithm, Boundary, Definition, Operation, Options, Problem, adjoint};
use crate::executor::layout::*;
use crate::simd::AlignedBuffer;

/// Random small integers, as floats and exactly.
fn integers(shape: &[usize], seed: u64) -> ArrayD<i64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_fn(IxDyn(shape), |_| random.random_range(-4..=4))
}

fn floats(array: &ArrayD<i64>) -> Vec<f32> {
    array.iter().map(|&entry| entry as f32).collect()
}

/// The chunk of an array (sample, …).
fn chunk(array: &ArrayD<i64>) -> AlignedBuffer<f32> {
    let features = array.shape()[1..].iter().product();
    let mut chunk = AlignedBuffer::zeros(features * LANES);
    interleave(&floats(array), features, &mut chunk);
    chunk
}

/// The first samples of a chunk, in the shape of an array.
fn samples(chunk: &[f32], shape: &[usize]) -> ArrayD<f32> {
    let features = shape[1..].iter().product();
    let mut rows = vec![f32::NAN; shape[0] * features];
    deinterleave(chunk, features, &mut rows);
    ArrayD::from_shape_vec(IxDyn(shape), rows).expect("the rows have this shape")
}

/// Problems of all operations, boundaries, strides, dilations, paddings and groups in one to three
/// dimensions, whose channels straddle the panels and whose positions straddle the tiles.
fn problem() -> impl Strategy<Value = Problem> {
    (1usize..=3).prop_flat_map(|rank| {
        let longest: usize = [60, 12, 5][rank - 1];
        let axis = (1..=longest, 1usize..=5, 1usize..=3, 1usize..=3, (0usize..=3, 0usize..=3));
        let channels = (1usize..=LANES, 1usize..=3, 1usize..=4, 1usize..=19);
        let operation = prop_oneof![Just(Operation::Correlation), Just(Operation::Convolution)];
        let boundary = proptest::sample::select(Boundary::ALL.to_vec());
        (operation, boundary, channels, prop::collection::vec(axis, rank)).prop_map(
            |(operation, boundary, (batch, groups, inputs, outputs), axes)| {
                let mut signal = vec![batch, groups * inputs];
                let mut kernel = vec![groups * outputs, inputs];
                let mut options = Options::new().boundary(boundary).groups(groups);
                for (length, taps, stride, mut dilation, (mut before, mut after)) in axes {
                    if boundary == Boundary::Reflect {
                        (before, after) = (before.min(length - 1), after.min(length - 1));
                    }
                    let padded = before + length + after;
                    let taps = taps.min(padded);
                    while dilation * (taps - 1) + 1 > padded {
                        dilation -= 1;
                    }
                    signal.push(length);
                    kernel.push(taps);
                    options.stride.push(stride);
                    options.dilation.push(dilation);
                    options.padding.push((before, after));
                }
                Problem::new(operation, &kernel, &signal, &options).expect("the kernel was made to fit")
            },
        )
    })
}

/// All four kernels give the definition's integers. Sums have at most 19·3·5³ … terms of magnitude 16 in
/// forward and backward and at most 16·60² terms in the gradient: exact below 2²⁴.
fn check_exactly(problem: &Problem, instructions: InstructionSet, seed: u64) {
    let kernel = integers(&problem.kernel_shape(), seed);
    let signal = integers(&problem.signal_shape(), seed ^ 1);
    let y = integers(&problem.output_shape(), seed ^ 2);
    let (outputs, inputs) = (problem.output_channels(), problem.input_channels());
    let bias = integers(&[outputs], seed ^ 3);
    let back_bias = integers(&[inputs], seed ^ 4);
    let layer = LaneConvolution::new(problem, instructions);
    let mut scratch = AlignedBuffer::zeros(layer.scratch_length());
    let weights = floats(&kernel);

    let mut output = AlignedBuffer::zeros(layer.output_length());
    for with_bias in [false, true] {
        output.fill(f32::NAN);
        let bias_of = |channel| if with_bias { bias[[channel]] } else { 0 };
        let bias = floats(&bias);
        layer.forward(&weights, with_bias.then_some(&bias), &chunk(&signal), &mut output, &mut scratch);
        let mut expected = Definition.run(problem, kernel.view(), signal.view()).unwrap();
        expected.indexed_iter_mut().for_each(|(index, entry)| *entry += bias_of(index[1]));
        assert_eq!(samples(&output, &problem.output_shape()), expected.mapv(|entry| entry as f32));
    }

    let mut input_gradient = AlignedBuffer::zeros(layer.input_length());
    for with_bias in [false, true] {
        input_gradient.fill(f32::NAN);
        let bias = floats(&back_bias);
        let bias_of = |channel| if with_bias { back_bias[[channel]] } else { 0 };
        let bias = with_bias.then_some(&bias[..]);
        layer.input_gradient(&weights, bias, &chunk(&y), &mut input_gradient, &mut scratch);
        let mut expected = adjoint::transposed(problem, kernel.view(), y.view()).unwrap();
        expected.indexed_iter_mut().for_each(|(index, entry)| *entry += bias_of(index[1]));
        assert_eq!(samples(&input_gradient, &problem.signal_shape()), expected.mapv(|entry| entry as f32));
    }

    let earlier = integers(&problem.kernel_shape(), seed ^ 5);
    let mut gradient = floats(&earlier);
    layer.kernel_gradient(&chunk(&signal), &chunk(&y), &mut gradient, &mut scratch);
    let expected = adjoint::kernel_gradient(problem, signal.view(), y.view()).unwrap() + &earlier;
    assert_eq!(gradient, floats(&expected));

    let mut gradient = floats(&bias);
    layer.bias_gradient(&chunk(&y), &mut gradient);
    for (channel, entry) in gradient.into_iter().enumerate() {
        let sum: i64 = y.index_axis(ndarray::Axis(1), channel).sum();
        assert_eq!(entry, (sum + bias[[channel]]) as f32);
    }
}

proptest! {
    // Each case runs every kernel for every instruction set: as many as take a few seconds without
    // optimisation.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kernel_is_the_definition_on_integers(problem in problem(), seed: u64) {
        for instructions in InstructionSet::available() {
            check_exactly(&problem, instructions, seed);
        }
    }

    #[test]
    fn dense_layers_are_the_definition_on_integers(
        inputs in 1usize..=70, outputs in 1usize..=40, batch in 1usize..=LANES, seed: u64, cut: prop::sample::Index,
    ) {
        let cut = cut.index(outputs + 1);
        for instructions in InstructionSet::available() {
            check_dense(inputs, outputs, batch, cut, instructions, seed);
        }
    }
}

/// Chunks so large that sums are continued over their channels, in both directions, and more positions than
/// one block has.
#[test]
fn large_chunks_are_taken_by_channels() {
    let options = Options::new().padding([1, 0]);
    let problem = Problem::new(Operation::Correlation, &[37, 39, 3, 2], &[2, 39, 11, 13], &options).unwrap();
    for instructions in InstructionSet::available() {
        let layer = LaneConvolution::new(&problem, instructions);
        assert!(
            layer.input_length().min(layer.output_length()) * size_of::<f32>()
                > convolution::gather::NEAR_BYTES
        );
        check_exactly(&problem, instructions, 11);
    }
}

/// The three kernels of a dense layer, with the gradient of the weights in two ranges of outputs.
fn check_dense(
    inputs: usize,
    outputs: usize,
    batch: usize,
    cut: usize,
    instructions: InstructionSet,
    seed: u64,
) {
    let layer = LaneDense::new(inputs, outputs, instructions);
    let weights = integers(&[outputs, inputs], seed);
    let (x, y) = (integers(&[batch, inputs], seed ^ 1), integers(&[batch, outputs], seed ^ 2));
    let bias = integers(&[outputs], seed ^ 3);
    let entry = |array: &ArrayD<i64>, i, j| array[[i, j]];

    let mut output = AlignedBuffer::zeros(layer.output_length());
    layer.forward(&floats(&weights), Some(&floats(&bias)), &chunk(&x), &mut output);
    let expected = ArrayD::from_shape_fn(IxDyn(&[batch, outputs]), |index| {
        let sum: i64 = (0..inputs).map(|i| entry(&weights, index[1], i) * entry(&x, index[0], i)).sum();
        (sum + bias[[index[1]]]) as f32
    });
    assert_eq!(samples(&output, &[batch, outputs]), expected);
    layer.forward(&floats(&weights), None, &chunk(&x), &mut output);
    let without = samples(&output, &[batch, outputs]) + bias.mapv(|entry| entry as f32);
    assert_eq!(without, expected);

    let mut gradient = AlignedBuffer::zeros(layer.input_length());
    layer.input_gradient(&floats(&weights), &chunk(&y), &mut gradient);
    let expected = ArrayD::from_shape_fn(IxDyn(&[batch, inputs]), |index| {
        (0..outputs).map(|m| entry(&weights, m, index[1]) * entry(&y, index[0], m)).sum::<i64>() as f32
    });
    assert_eq!(samples(&gradient, &[batch, inputs]), expected);

    let mut transposed = vec![f32::NAN; layer.transposed_length()];
    layer.transpose(&chunk(&x), &mut transposed);
    let earlier = integers(&[outputs, inputs], seed ^ 4);
    let mut gradient = floats(&earlier);
    let (first, second) = gradient.split_at_mut(cut * inputs);
    layer.weight_gradient(0..cut, &transposed, &chunk(&y), first);
    layer.weight_gradient(cut..outputs, &transposed, &chunk(&y), second);
    let mut of_bias = floats(&bias);
    layer.bias_gradient(&chunk(&y), &mut of_bias);
    for m in 0..outputs {
        for i in 0..inputs {
            let sum: i64 = (0..batch).map(|n| entry(&y, n, m) * entry(&x, n, i)).sum();
            assert_eq!(gradient[m * inputs + i], (sum + entry(&earlier, m, i)) as f32);
        }
        let sum: i64 = (0..batch).map(|n| entry(&y, n, m)).sum();
        assert_eq!(of_bias[m], (sum + bias[[m]]) as f32);
    }
}

/// On reals of many magnitudes every kernel is within the bound of inner products: a sum of t products, fused
/// or not, in any order, is off by at most ((1+u)^t − 1)·Σ|w||x| (see
/// [`tolerance`](super::super::tolerance)), plus half a subnormal for each product. Here u = 2⁻²⁴, t counts
/// one more term for the bias, and `f64` sums of products of `f32`s stand for the exact ones: their own error
/// is 2⁻²⁹ times smaller, so that 1 + 2⁻²⁰ makes up for it.
#[test]
fn within_the_bound_of_inner_products_on_reals() {
    let options = Options::new().padding([2, 1]).stride([1, 2]);
    let problem = Problem::new(Operation::Correlation, &[11, 3, 5, 3], &[16, 3, 13, 14], &options).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut reals = |shape: Vec<usize>| {
        ArrayD::from_shape_fn(shape, |_| {
            let magnitude = 2f32.powi(random.random_range(-12..=12));
            random.random_range(-1f32..1.0) * magnitude
        })
    };
    let kernel = reals(problem.kernel_shape());
    let signal = reals(problem.signal_shape());
    let y = reals(problem.output_shape());
    let lanes = |array: &ArrayD<f32>| {
        let features = array.len() / array.shape()[0];
        let mut chunk = AlignedBuffer::zeros(features * LANES);
        interleave(array.as_slice().expect("row-major"), features, &mut chunk);
        chunk
    };
    let (wide, magnitude) =
        (|x: &ArrayD<f32>| x.mapv(f64::from), |x: &ArrayD<f32>| x.mapv(|x| f64::from(x.abs())));
    let check = |found: ArrayD<f32>, exact: ArrayD<f64>, sizes: ArrayD<f64>, terms: usize| {
        let growth = (terms as f64 * 2f64.powi(-24).ln_1p()).exp_m1() * (1.0 + 2f64.powi(-20));
        let mut worst = 0f64;
        for ((&found, &exact), &size) in found.iter().zip(&exact).zip(&sizes) {
            let error = (f64::from(found) - exact).abs();
            let bound = growth * size + terms as f64 * 2f64.powi(-150);
            assert!(error <= bound, "error {error:e} exceeds {bound:e}");
            worst = worst.max(error / (size * 2f64.powi(-24)));
        }
        // Some sum rounds: the test sees errors at all.
        assert!(worst > 0.0);
    };
    for instructions in InstructionSet::available() {
        let layer = LaneConvolution::new(&problem, instructions);
        let mut scratch = AlignedBuffer::zeros(layer.scratch_length());
        let weights = kernel.as_slice().expect("row-major");
        let mut output = AlignedBuffer::zeros(layer.output_length());
        layer.forward(weights, None, &lanes(&signal), &mut output, &mut scratch);
        let run = |w: ArrayD<f64>, x: ArrayD<f64>| Definition.run(&problem, w.view(), x.view()).unwrap();
        check(
            samples(&output, &problem.output_shape()),
            run(wide(&kernel), wide(&signal)),
            run(magnitude(&kernel), magnitude(&signal)),
            problem.terms(),
        );
        let mut gradient = AlignedBuffer::zeros(layer.input_length());
        layer.input_gradient(weights, None, &lanes(&y), &mut gradient, &mut scratch);
        let run = |w: ArrayD<f64>, y: ArrayD<f64>| adjoint::transposed(&problem, w.view(), y.view()).unwrap();
        check(
            samples(&gradient, &problem.signal_shape()),
            run(wide(&kernel), wide(&y)),
            run(magnitude(&kernel), magnitude(&y)),
            problem.weights() / problem.input_channels(),
        );
        let mut gradient = vec![0.0; problem.weights()];
        layer.kernel_gradient(&lanes(&signal), &lanes(&y), &mut gradient, &mut scratch);
        let run =
            |x: ArrayD<f64>, y: ArrayD<f64>| adjoint::kernel_gradient(&problem, x.view(), y.view()).unwrap();
        check(
            ArrayD::from_shape_vec(problem.kernel_shape(), gradient).expect("a kernel"),
            run(wide(&signal), wide(&y)),
            run(magnitude(&signal), magnitude(&y)),
            // One more addition, to what was there.
            problem.output_shape()[2..].iter().product::<usize>() * LANES + 1,
        );
    }
}

/// The shapes of LeNet-5, whose first layer reads zeros beyond its border, and a transposed convolution by
/// hand.
#[test]
fn known_layers() {
    let c1 = Options::new().padding([2, 2]);
    let c1 = Problem::new(Operation::Correlation, &[6, 1, 5, 5], &[1, 1, 28, 28], &c1).unwrap();
    let c2 = Problem::new(Operation::Correlation, &[16, 6, 5, 5], &[2, 6, 14, 14], &Options::new()).unwrap();
    for instructions in InstructionSet::available() {
        check_exactly(&c1, instructions, 1);
        check_exactly(&c2, instructions, 2);
    }
    // The transpose of y = (2x₀ + 3x₁, 2x₂ + 3x₃) takes (a, b) to (2a, 3a, 2b, 3b), here with bias 1.
    let options = Options::new().stride([2]);
    let problem = Problem::new(Operation::Correlation, &[1, 1, 2], &[1, 1, 4], &options).unwrap();
    let layer = LaneConvolution::new(&problem, InstructionSet::best());
    let mut output = vec![0.0; 4 * LANES];
    let mut scratch = vec![0.0; layer.scratch_length()];
    let mut input = vec![0.0; 2 * LANES];
    interleave(&[10.0, 100.0], 2, &mut input);
    layer.input_gradient(&[2.0, 3.0], Some(&[1.0]), &input, &mut output, &mut scratch);
    let expected = Array4::from_shape_vec((1, 1, 1, 4), vec![21.0, 31.0, 201.0, 301.0]).unwrap();
    assert_eq!(samples(&output, &[1, 1, 1, 4]), expected.into_dyn());
}
