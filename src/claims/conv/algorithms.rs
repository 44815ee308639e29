//! Every algorithm computes the definition.
//!
//! On symbols, sums of products are compared as polynomials: a proof for all kernels and signals of these
//! shapes, in every commutative ring. Over GF(p) the number-theoretic transform joins in, and kernels that
//! are outer products go along the axes. In floating point every algorithm is held to its own bound beside
//! integers computed exactly, and those that only add and multiply must hit small integers bit for bit.

use std::any::type_name;
use std::fmt::Debug;

use ndarray::{Array1, ArrayD, Axis, Dimension, IxDyn};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::problems::{Mistake, problems};
use crate::claims::Claim;
use crate::conv::{
    Algorithm, Boundary, ConvolutionScalar, Definition, MatrixProduct, OverlapAdd, Problem, Separable,
    outer_product,
};
use crate::scalar::{Field, Goldilocks, Ring, Symbolic};
use crate::verify::{Counterexample, ExamineError, Examiner, Failure, Finding, Reading, Report};

pub(super) fn claims() -> Vec<Claim> {
    let check = |mistake| move |examiner: &Examiner| examine(examiner, mistake);
    vec![
        Claim::holds(
            "conv.algorithms_agree",
            "every algorithm computes the definition, for every boundary, stride, dilation and group",
            check(Mistake::None),
        )
        .theorem("inner_product_error")
        .theorem("overlap_add")
        .theorem("convolution_theorem")
        .theorem("fourier_inversion")
        .theorem("linear_is_circular")
        .theorem("goldilocks_roots")
        .theorem("convolution_error")
        .theorem("winograd_nesting")
        .theorem("winograd_f2_3")
        .theorem("winograd_f4_3")
        .mutant("the kernel is flipped where it should not be", check(Mistake::WrongFlip))
        .mutant("the transform is too short: the signal wraps around", check(Mistake::WrapAround))
        .mutant("the wrap is off by one", check(Mistake::Late))
        .mutant("the inverse transform is not normalised", check(Mistake::NotNormalised))
        .mutant("groups see the channels of the next group", check(Mistake::NextGroup)),
    ]
}

fn examine(examiner: &Examiner, mistake: Mistake) -> Result<Report, Failure> {
    let problems = problems()?;
    let mut reports = Vec::new();
    if examiner.uses(Reading::Symbolic) {
        reports.push(on_symbols(&problems, mistake)?);
    }
    if examiner.uses(Reading::Field) {
        reports.push(in_the_field(&problems, mistake, &mut examiner.random("conv.algorithms_agree: field"))?);
    }
    if examiner.uses(Reading::Rounding) {
        let mut random = examiner.random("conv.algorithms_agree: rounding");
        let problems = if examiner.draws(SHARES) == 1 { share(problems, &mut random) } else { problems };
        reports.push(within_bounds::<f32>(&problems, mistake, &mut random)?);
        reports.push(within_bounds::<f64>(&problems, mistake, &mut random)?);
        reports.push(bit_for_bit::<f32>(&problems, mistake, &mut random)?);
        reports.push(bit_for_bit::<f64>(&problems, mistake, &mut random)?);
    }
    if reports.is_empty() {
        return Err(ExamineError::NothingChecked("by none of the readings asked for".into()).into());
    }
    Ok(Report::all(reports))
}

/// Into how many shares the problems are dealt where the power of one draw is measured. The numbers of each
/// problem are drawn independently, so that all of them miss a mistake with the product of what the shares
/// miss it with, whichever way they are dealt. By the inequality of the means that is at most (1 − q)^8,
/// where q is the probability that a share taken at random, of a deal at random, shows it.
const SHARES: usize = 8;

/// A share at random. Problems with groups, and those of the others that pad with something else than the
/// signal, are dealt first, so that each share has its part of both: hardly any mistake escapes it.
fn share(mut problems: Vec<Problem>, random: &mut ChaCha8Rng) -> Vec<Problem> {
    let pads = |problem: &Problem| problem.axes().iter().any(|axis| axis.padding != (0, 0));
    problems.shuffle(random);
    problems.sort_by_key(|problem| {
        let beyond = problem.boundary() != Boundary::Periodic && pads(problem);
        (problem.groups() == 1, !beyond)
    });
    problems.into_iter().skip(random.random_range(0..SHARES)).step_by(SHARES).collect()
}

/// Algorithms that add and multiply as the definition does, in another order. Blocks so short that most
/// outputs span several.
fn sums_of_products<S: ConvolutionScalar>() -> Vec<Box<dyn Algorithm<S>>> {
    vec![
        Box::new(MatrixProduct),
        Box::new(OverlapAdd::with_block(MatrixProduct, 1)),
        Box::new(OverlapAdd::with_block(MatrixProduct, 3)),
    ]
}

/// Those, and all that the scalar has: `Separable` only for kernels that are outer products.
fn algorithms<S: ConvolutionScalar>(kernels: Kernels) -> Vec<Box<dyn Algorithm<S>>> {
    let separable = kernels == Kernels::OuterProducts;
    S::algorithms()
        .into_iter()
        .chain(sums_of_products())
        .filter(|algorithm| separable || algorithm.name() != "separable")
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernels {
    Any,
    OuterProducts,
}

impl Kernels {
    const BOTH: [Kernels; 2] = [Kernels::Any, Kernels::OuterProducts];

    /// A kernel of the problem's shape, between any two channels of this kind, made of what `draw` gives.
    fn kernel<S: Ring>(self, problem: &Problem, mut draw: impl FnMut() -> S) -> ArrayD<S> {
        let shape = problem.kernel_shape();
        if self == Kernels::Any {
            return ArrayD::from_shape_simple_fn(IxDyn(&shape), draw);
        }
        let mut kernel = ArrayD::zeros(IxDyn(&shape));
        for mut of_output in kernel.axis_iter_mut(Axis(0)) {
            for mut taps in of_output.axis_iter_mut(Axis(0)) {
                let factors: Vec<_> = shape[2..]
                    .iter()
                    .map(|&length| Array1::from_shape_simple_fn(length, &mut draw))
                    .collect();
                let views: Vec<_> = factors.iter().map(|factor| factor.view()).collect();
                taps.assign(&outer_product(&views));
            }
        }
        kernel
    }
}

/// A signal of the problem's shape, made of what `draw` gives.
fn signal<S>(problem: &Problem, draw: impl FnMut() -> S) -> ArrayD<S> {
    ArrayD::from_shape_simple_fn(IxDyn(&problem.signal_shape()), draw)
}

/// Where the first algorithm that does so leaves the definition.
fn disagreement<S: Ring>(
    problem: &Problem,
    algorithms: &[Box<dyn Algorithm<S>>],
    mistake: Mistake,
    (kernel, signal): (&ArrayD<S>, &ArrayD<S>),
    expected: &ArrayD<S>,
) -> Result<Option<Counterexample>, Failure> {
    for algorithm in algorithms {
        let computed = mistake.run(algorithm.as_ref(), problem, kernel.view(), signal.view())?;
        if computed.shape() != expected.shape() {
            let shapes = [&computed, expected].map(|output| format!("shape {:?}", output.shape()));
            return Ok(Some(counterexample(problem, algorithm.name(), shapes)));
        }
        if let Some((index, value)) =
            computed.indexed_iter().find(|(index, value)| **value != expected[index])
        {
            let values = [value, &expected[&index]].map(|value| at(value, &index));
            return Ok(Some(counterexample(problem, algorithm.name(), values)));
        }
    }
    Ok(None)
}

fn counterexample(problem: &Problem, algorithm: &str, [computed, expected]: [String; 2]) -> Counterexample {
    let inputs = [("problem", format!("{problem:?}")), ("algorithm", algorithm.to_owned())];
    Counterexample::from_text(inputs.map(|(name, text)| (name.to_owned(), text)), computed, expected)
}

fn at(value: &impl Debug, index: &IxDyn) -> String {
    format!("{value:?} at {:?}", index.slice())
}

/// Problems of more products than this are left to numbers.
const SYMBOLIC_PRODUCTS: u128 = 1500;

fn on_symbols(problems: &[Problem], mistake: Mistake) -> Result<Report, Failure> {
    let (mut variables, mut terms, mut compared) = (0, 0, 0);
    let mut found = None;
    for problem in problems.iter().filter(|problem| problem.multiply_adds() <= SYMBOLIC_PRODUCTS) {
        let kernel = Symbolic::variables("w", &problem.kernel_shape());
        let signal = Symbolic::variables("x", &problem.signal_shape());
        let expected = Definition.run(problem, kernel.view(), signal.view())?;
        variables = variables.max(kernel.len() + signal.len());
        terms += expected.iter().map(Symbolic::terms).sum::<usize>();
        compared += 1;
        found = disagreement(problem, &sums_of_products(), mistake, (&kernel, &signal), &expected)?;
        if found.is_some() {
            break;
        }
    }
    Ok(report(Finding::Symbolic { shape: format!("{compared} problems"), variables, terms }, found))
}

fn report(finding: Finding, found: Option<Counterexample>) -> Report {
    match found {
        Some(counterexample) => Report::refuted(finding, counterexample),
        None => Report::confirmed(finding),
    }
}

/// Independent points of GF(p) for each problem and kind of kernel.
const POINTS: usize = 2;

/// A bound on the degree of what must vanish at a point for a false equality to survive there.
///
/// With free entries the outputs are polynomials of degree 2. `Separable` divides by pivots: over GF(p) a
/// pivot is the first entry that is not zero, so the very first, unless one of its d factors is zero. The
/// entries of an outer product have degree d, and d − 1 of the vectors found are divided by the pivot.
/// Multiplied by the pivots^(d−1) of all c channels, the definition's output has degree d + 1 + c·d(d−1), and
/// that of the passes no more. With d ≤ 3, c ≤ 2 that is 16; the pivots add c·d = 6.
const DEGREE: f64 = 22.0;

fn in_the_field(problems: &[Problem], mistake: Mistake, random: &mut ChaCha8Rng) -> Result<Report, Failure> {
    let mut compared = 0;
    let mut found = None;
    'problems: for problem in problems {
        compared += 1;
        for kernels in Kernels::BOTH.into_iter().cycle().take(2 * POINTS) {
            let kernel = kernels.kernel(problem, || Goldilocks::sample(random));
            let signal = signal(problem, || Goldilocks::sample(random));
            let expected = Definition.run(problem, kernel.view(), signal.view())?;
            found = disagreement(problem, &algorithms(kernels), mistake, (&kernel, &signal), &expected)?;
            if found.is_some() {
                break 'problems;
            }
        }
    }
    let log2_failure = POINTS as f64 * (DEGREE.log2() - LOG2_P);
    let shape = format!("{compared} problems");
    Ok(report(Finding::Field { shape, points: POINTS, log2_failure: Some(log2_failure) }, found))
}

/// log₂ p, rounded down.
const LOG2_P: f64 = 63.999_999;

/// Small integers: a sum has at most 48 products of magnitude 9·9, exact in every order. The vectors of outer
/// products consist of 0, ±1, ±2, so that a pivot is a power of two and division is exact too.
fn bit_for_bit<S: ConvolutionScalar + Field>(
    problems: &[Problem],
    mistake: Mistake,
    random: &mut ChaCha8Rng,
) -> Result<Report, Failure> {
    let mut compared = 0;
    let mut found = None;
    'problems: for problem in problems {
        compared += 1;
        for kernels in Kernels::BOTH {
            let reach = if kernels == Kernels::Any { 9 } else { 2 };
            let kernel = kernels.kernel(problem, || random.random_range(-reach..=reach));
            let signal = signal(problem, || random.random_range(-9..=9));
            let expected = Definition.run(problem, kernel.view(), signal.view())?.mapv(S::from_integer);
            let operands = (&kernel.mapv(S::from_integer), &signal.mapv(S::from_integer));
            let mut algorithms = sums_of_products::<S>();
            algorithms.extend(S::algorithms().into_iter().filter(|algorithm| {
                algorithm.name().starts_with("direct") && algorithm.supports(problem).is_ok()
            }));
            if kernels == Kernels::OuterProducts {
                algorithms.push(Box::new(Separable));
            }
            found = disagreement(problem, &algorithms, mistake, operands, &expected)?;
            if found.is_some() {
                break 'problems;
            }
        }
    }
    let shape = format!("{compared} problems on small integers, {}", type_name::<S>());
    // The worst that can be told of a refutation is told by the counterexample.
    let error = if found.is_some() { f64::INFINITY } else { 0.0 };
    Ok(report(Finding::Rounding { shape, error, bound: 0.0 }, found))
}

/// Integers of all the bits that the scalar has, so that sums are rounded, beside 128-bit integers: products
/// below 2^106, and at most 48 of them.
fn within_bounds<S: ConvolutionScalar + Copy + Into<f64>>(
    problems: &[Problem],
    mistake: Mistake,
    random: &mut ChaCha8Rng,
) -> Result<Report, Failure> {
    let reach = S::UNIT_ROUNDOFF.recip() as i64;
    let (mut compared, mut worst) = (0, (0.0, 0.0));
    let mut found = None;
    'problems: for problem in problems {
        compared += 1;
        for kernels in Kernels::BOTH {
            let wide = kernels == Kernels::Any;
            let kernel = kernels.kernel(problem, || {
                let reach = if wide { reach } else { 2 };
                random.random_range(-reach..=reach)
            });
            let signal = signal(problem, || random.random_range(-reach..=reach));
            let expected =
                Definition.run(problem, kernel.mapv(i128::from).view(), signal.mapv(i128::from).view())?;
            let (kernel, signal) = (kernel.mapv(S::from_integer), signal.mapv(S::from_integer));
            for algorithm in algorithms::<S>(kernels) {
                if algorithm.supports(problem).is_err() {
                    continue;
                }
                let computed = mistake.run(algorithm.as_ref(), problem, kernel.view(), signal.view())?;
                let bounds = algorithm.error_bound(problem, kernel.view(), signal.view())?;
                for (index, &value) in computed.indexed_iter() {
                    let error = distance(value.into(), expected[&index]);
                    // The last factor is the rounding of `error` itself.
                    let bound = bounds[&index] * (1.0 + 2_f64.powi(-50));
                    if error > bound {
                        let values = [at(&value, &index), at(&expected[&index], &index)];
                        found = Some(counterexample(problem, algorithm.name(), values));
                        worst = (error, bound);
                        break 'problems;
                    }
                    if error * worst.1 >= worst.0 * bound {
                        worst = (error, bound);
                    }
                }
            }
        }
    }
    let shape = format!("{compared} problems, {}", type_name::<S>());
    let (error, bound) = worst;
    Ok(report(Finding::Rounding { shape, error, bound }, found))
}

/// |computed − exact|, up to a relative 2⁻⁵¹: the integer part of `computed` is subtracted exactly.
fn distance(computed: f64, exact: i128) -> f64 {
    ((computed.trunc() as i128 - exact) as f64 + computed.fract()).abs()
}
