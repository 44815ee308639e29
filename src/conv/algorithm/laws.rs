//! The laws of [`Algorithm`], checked for every algorithm of every scalar over every kind of problem.

use ndarray::{ArrayD, ArrayViewD, IxDyn, Slice, Zip};
use num_complex::Complex;
use proptest::prelude::*;
use proptest::sample::select;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::conv::problem::samples::{any_problem, integers};
use crate::conv::*;
use crate::scalar::{Goldilocks, Rational, Ring};

/// How the entries of an array lie in memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    RowMajor,
    ColumnMajor,
    Reversed,
    /// Every second entry of a larger array, from the second on.
    Strided,
}

const LAYOUTS: [Layout; 4] = [Layout::RowMajor, Layout::ColumnMajor, Layout::Reversed, Layout::Strided];

/// Stores an array in this way, and hands the view of it on.
fn stored<S: Ring, R>(array: &ArrayD<S>, layout: Layout, use_view: impl FnOnce(ArrayViewD<'_, S>) -> R) -> R {
    match layout {
        Layout::RowMajor => use_view(array.view()),
        Layout::ColumnMajor => {
            let memory = array.t().as_standard_layout().into_owned();
            use_view(memory.t())
        }
        Layout::Reversed => {
            let reverse = Slice::new(0, None, -1);
            let memory = array.slice_each_axis(|_| reverse).as_standard_layout().into_owned();
            use_view(memory.slice_each_axis(|_| reverse))
        }
        Layout::Strided => {
            let every_second = Slice::new(1, None, 2);
            let doubled: Vec<_> = array.shape().iter().map(|n| 2 * n + 1).collect();
            let mut memory = ArrayD::from_elem(doubled, S::from_integer(1000));
            memory.slice_each_axis_mut(|_| every_second).assign(array);
            use_view(memory.slice_each_axis(|_| every_second))
        }
    }
}

/// `run` on operands that lie in memory in these ways.
fn run_stored<S: Ring>(
    algorithm: &dyn Algorithm<S>,
    problem: &Problem,
    (kernel, signal): (&ArrayD<S>, &ArrayD<S>),
    (kernel_layout, signal_layout): (Layout, Layout),
) -> Result<ArrayD<S>, ConvolutionError> {
    stored(kernel, kernel_layout, |kernel| {
        stored(signal, signal_layout, |signal| algorithm.run(problem, kernel, signal))
    })
}

fn algorithms<S: ConvolutionScalar>(problem: &Problem) -> Vec<Box<dyn Algorithm<S>>> {
    let mut algorithms = S::algorithms();
    // Blocks so short that most outputs span several, but not so many in space that they take all the time.
    let blocks: &[usize] = if problem.axes().len() == 1 { &[1, 3] } else { &[3] };
    for &block in blocks {
        algorithms.push(Box::new(OverlapAdd::with_block(MatrixProduct, block)));
    }
    algorithms
}

/// On small integers every algorithm that only adds and multiplies gives the definition's integers, entry for
/// entry: the sums have magnitude at most 2·64·9² < 2²⁴. Kernels that are outer products of powers of two
/// divide exactly.
fn check_exact<S: ConvolutionScalar>(
    problem: &Problem,
    layouts: (Layout, Layout),
    seed: u64,
) -> Result<(), TestCaseError> {
    let signal = integers(&problem.signal_shape(), seed, 9);
    for (kernel, separable) in
        [(integers(&problem.kernel_shape(), seed ^ 1, 9), false), (outer_products(problem, seed ^ 1), true)]
    {
        let expected = Definition.run(problem, kernel.view(), signal.view()).unwrap().mapv(S::from_integer);
        let (kernel, signal) = (kernel.mapv(S::from_integer), signal.mapv(S::from_integer));
        for algorithm in algorithms::<S>(problem) {
            let found = run_stored(algorithm.as_ref(), problem, (&kernel, &signal), layouts);
            let rounds = !algorithm.is_exact_where_sums_are();
            prop_assert!(!rounds || S::UNIT_ROUNDOFF > 0.0, "{} in an exact ring", algorithm.name());
            if let Err(unsupported) = algorithm.supports(problem) {
                prop_assert_eq!(found, Err(unsupported.into()));
            } else if algorithm.name() == "separable" && !separable {
                // Chance may have made an outer product, whose factors floats cannot divide exactly.
                let refused = matches!(found, Err(ConvolutionError::NotSeparable { .. }));
                prop_assert!(refused || S::UNIT_ROUNDOFF > 0.0 || found == Ok(expected.clone()));
            } else if !rounds {
                prop_assert_eq!(found, Ok(expected.clone()), "{}", algorithm.name());
            }
        }
    }
    Ok(())
}

/// Kernels whose every channel pair is an outer product of 0, ±1 and ±2.
fn outer_products(problem: &Problem, seed: u64) -> ArrayD<i64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut kernel = ArrayD::zeros(problem.kernel_shape());
    for mut of_output in kernel.outer_iter_mut() {
        for mut of_channel in of_output.outer_iter_mut() {
            let factors: Vec<_> =
                problem.axes().iter().map(|axis| integers(&[axis.taps], random.next_u64(), 2)).collect();
            let views: Vec<_> =
                factors.iter().map(|factor| factor.view().into_dimensionality().expect("one axis")).collect();
            of_channel.assign(&outer_product(&views));
        }
    }
    kernel
}

/// A rounding scalar made of one or two floats, sampled so that its convolutions are known exactly.
trait Sampled: ConvolutionScalar {
    /// Bits of the significand.
    const BITS: u32;

    /// The scalar with these parts, each an integer below 2^BITS.
    fn from_parts(re: i64, im: i64) -> Self;

    /// Its parts.
    fn parts(&self) -> [f64; 2];

    /// Whether it has an imaginary part.
    const COMPLEX: bool;
}

macro_rules! sampled {
    ($float:ty) => {
        impl Sampled for $float {
            const BITS: u32 = <$float>::MANTISSA_DIGITS;
            const COMPLEX: bool = false;

            fn from_parts(re: i64, _: i64) -> Self {
                re as $float
            }

            fn parts(&self) -> [f64; 2] {
                [f64::from(*self), 0.0]
            }
        }

        impl Sampled for Complex<$float> {
            const BITS: u32 = <$float>::MANTISSA_DIGITS;
            const COMPLEX: bool = true;

            fn from_parts(re: i64, im: i64) -> Self {
                Complex::new(re as $float, im as $float)
            }

            fn parts(&self) -> [f64; 2] {
                [f64::from(self.re), f64::from(self.im)]
            }
        }
    };
}

sampled!(f32);
sampled!(f64);

/// Parts of random magnitudes: integers of `bits` bits or fewer.
fn wide_integers(shape: &[usize], random: &mut impl Rng, bits: u32) -> ArrayD<i128> {
    ArrayD::from_shape_fn(IxDyn(shape), |_| {
        let bound = 1i64 << random.random_range(0..bits);
        i128::from(random.random_range(-bound..=bound))
    })
}

/// |computed − exact| for an integer `exact`, to within a relative 2⁻⁵¹: the integer part of `computed` is subtracted
/// exactly.
fn distance(computed: f64, exact: i128) -> f64 {
    assert!(computed.abs() < 2f64.powi(126), "{computed}");
    ((computed.trunc() as i128 - exact) as f64 + computed.fract()).abs()
}

/// A bound of what only adds products is no wider than a few roundings of every product on its way: as many
/// as the kernel has taps and channels, as there are blocks on an entry, and some for each axis whose factors
/// were divided.
fn check_tightness<S: Sampled>(
    problem: &Problem,
    bound: &ArrayD<f64>,
    magnitudes: &ArrayD<f64>,
    name: &str,
) -> Result<(), TestCaseError> {
    let (spans, rank) = (problem.axes().iter().map(Axis::span).product::<usize>(), problem.axes().len());
    let roundings = (problem.terms() + spans + 64 * (rank + 1)) as f64;
    let underflow = (problem.terms() * spans * (rank + 1)) as f64 * S::UNDERFLOW;
    for (bound, magnitude) in bound.iter().zip(magnitudes) {
        let limit = 8.0 * (roundings * S::UNIT_ROUNDOFF * magnitude + underflow);
        prop_assert!(*bound <= limit, "{name}: the bound {bound:e} exceeds {limit:e}");
    }
    Ok(())
}

/// Every algorithm is within its own bound of the exact value. Returns the greatest share of the bound that
/// algorithms by Fourier transforms used.
fn check_bounds<S: Sampled>(
    algorithms: Vec<Box<dyn Algorithm<S>>>,
    problem: &Problem,
    seed: u64,
    separable: bool,
) -> Result<f64, TestCaseError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut sample = |shape: &[usize], imaginary: bool| match imaginary {
        true => wide_integers(shape, &mut random, S::BITS),
        false => ArrayD::zeros(shape),
    };
    let signal = [sample(&problem.signal_shape(), true), sample(&problem.signal_shape(), S::COMPLEX)];
    let mut kernel = [sample(&problem.kernel_shape(), true), sample(&problem.kernel_shape(), S::COMPLEX)];
    if separable {
        kernel = [outer_products(problem, seed).mapv(i128::from), ArrayD::zeros(problem.kernel_shape())];
    }
    let exact = |a: &ArrayD<i128>, b: &ArrayD<i128>| Definition.run(problem, a.view(), b.view()).unwrap();
    let expected = [
        exact(&kernel[0], &signal[0]) - exact(&kernel[1], &signal[1]),
        exact(&kernel[0], &signal[1]) + exact(&kernel[1], &signal[0]),
    ];
    let join = |parts: &[ArrayD<i128>; 2]| {
        Zip::from(&parts[0]).and(&parts[1]).map_collect(|&re, &im| S::from_parts(re as i64, im as i64))
    };
    let (kernel, signal) = (join(&kernel), join(&signal));
    let magnitude = |value: &S| value.parts()[0].hypot(value.parts()[1]);
    let magnitudes =
        Definition.run(problem, kernel.map(magnitude).view(), signal.map(magnitude).view()).unwrap();
    let mut worst = 0f64;
    for algorithm in algorithms {
        let found = match algorithm.run(problem, kernel.view(), signal.view()) {
            Err(ConvolutionError::NotSeparable { .. }) if !separable => continue,
            Err(ConvolutionError::Unsupported(_)) if algorithm.supports(problem).is_err() => continue,
            found => found.unwrap(),
        };
        let bound = algorithm.error_bound(problem, kernel.view(), signal.view()).unwrap();
        prop_assert_eq!(bound.shape(), found.shape());
        if algorithm.is_exact_where_sums_are() {
            check_tightness::<S>(problem, &bound, &magnitudes, algorithm.name())?;
        }
        for (index, value) in found.indexed_iter() {
            let [re, im] = value.parts();
            let error = distance(re, expected[0][&index]).hypot(distance(im, expected[1][&index]));
            // The last factor is the rounding of `error` itself.
            let allowed = bound[&index] * (1.0 + 2f64.powi(-50));
            prop_assert!(
                error <= allowed,
                "{} at {index:?}: error {error:e} exceeds the bound {allowed:e}",
                algorithm.name()
            );
            if error > 0.0 && !algorithm.is_exact_where_sums_are() {
                worst = worst.max(error / allowed);
            }
        }
    }
    Ok(worst)
}

macro_rules! exact_laws {
    ($($name:ident: $scalar:ty),*) => {
        mod exact {
            use super::*;
            proptest! { $(
                #[test]
                fn $name(
                    problem in any_problem(),
                    layouts in (select(LAYOUTS.to_vec()), select(LAYOUTS.to_vec())),
                    seed: u64,
                ) {
                    check_exact::<$scalar>(&problem, layouts, seed)?;
                }
            )* }
        }
    };
}

exact_laws!(
    integers: i64, finite_field: Goldilocks, rationals: Rational, single: f32, double: f64, single_complex: Complex<f32>, double_complex: Complex<f64>
);

macro_rules! bound_laws {
    ($($name:ident: $scalar:ty),*) => {
        mod within_bounds {
            use super::*;
            proptest! { $(
                #[test]
                fn $name(problem in any_problem(), seed: u64, separable: bool) {
                    check_bounds::<$scalar>(algorithms(&problem), &problem, seed, separable)?;
                }
            )* }
        }
    };
}

bound_laws!(single: f32, double: f64, single_complex: Complex<f32>, double_complex: Complex<f64>);

/// Circular convolution on the signal's own length: every plan of rustfft up to a few hundred points, primes
/// (Rader, Bluestein) included, and a few longer ones. The bound is not a hundred times too wide, so that the
/// test has teeth.
#[test]
fn fourier_is_within_its_bound_for_every_length() {
    let lengths = (1..=160).chain([251, 257, 263, 359, 509, 512, 719, 1009, 1024, 1229]);
    let mut worst = 0f64;
    for length in lengths {
        let taps = length.min(100);
        let problem =
            Problem::single_channel(Operation::Convolution, &[taps], &[length], Extent::Circular).unwrap();
        let seed = length as u64;
        for share in [
            check_bounds::<f32>(vec![Box::new(Fourier)], &problem, seed, false),
            check_bounds::<f64>(vec![Box::new(Fourier)], &problem, seed, false),
            check_bounds::<Complex<f64>>(vec![Box::new(Fourier)], &problem, seed, false),
        ] {
            worst = worst.max(share.unwrap());
        }
    }
    assert!(worst > 0.01, "the greatest error is only {worst} of its bound");
}

#[test]
fn wrong_shapes_are_errors_everywhere() {
    let problem = Problem::new(Operation::Correlation, &[2, 1, 3], &[1, 1, 5], &Options::new()).unwrap();
    let (kernel, signal) = (ArrayD::<f64>::zeros(vec![2, 1, 3]), ArrayD::<f64>::zeros(vec![1, 1, 5]));
    let scalar = ArrayD::<f64>::zeros(vec![]);
    for algorithm in algorithms::<f64>(&problem) {
        for (kernel, signal) in
            [(&signal, &signal), (&kernel, &kernel), (&scalar, &signal), (&kernel, &scalar)]
        {
            let run = algorithm.run(&problem, kernel.view(), signal.view());
            assert!(matches!(run, Err(ConvolutionError::WrongShape { .. })), "{}", algorithm.name());
            let bound = algorithm.error_bound(&problem, kernel.view(), signal.view());
            assert!(matches!(bound, Err(ConvolutionError::WrongShape { .. })), "{}", algorithm.name());
        }
    }
}
