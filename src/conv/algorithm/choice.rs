//! Which algorithms a scalar has, and which of them to run.
//!
//! Over `f32` and `f64`, [`Choice::Automatic`] is a [`Plan`](crate::conv::plan::Plan) with default options.
//! The rule for other scalars:
//! - a kernel of at most [`SMALL_KERNEL`] taps goes to the matrix product;
//! - a larger one goes to the fast transform of its scalar: Fourier over complex floats, number-theoretic
//!   over [`Goldilocks`]; over the other exact scalars the matrix product;
//! - a one-dimensional signal that is more than [`LONG_SIGNAL`] times as long as its kernel is cut into
//!   blocks first.
//!
//! The definition is never chosen: it is the judge.

use ndarray::{ArrayD, ArrayViewD};
use num_complex::Complex;

use crate::conv::plan::Method;
use crate::conv::{
    Algorithm, ConvolutionError, Definition, Fourier, MatrixProduct, MatrixScalar, NumberTheoretic,
    OverlapAdd, Planned, Problem, Separable, Unsupported,
};
use crate::scalar::Rounding;
use crate::scalar::{Bounded, Degree, Dual, Goldilocks, Rational, Symbolic};
use crate::simd::Element;

/// Kernels of at most so many taps go to the matrix product.
pub const SMALL_KERNEL: usize = 64;

/// Signals more than so many times as long as the kernel are cut into blocks.
pub const LONG_SIGNAL: usize = 8;

/// What the caller wants run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Choice {
    /// What the rule of [this module](self) chooses.
    #[default]
    Automatic,
    /// [`Definition`]
    Definition,
    /// [`MatrixProduct`]
    MatrixProduct,
    /// One [`Fourier`] transform of the whole, over `f32`, `f64` and complex numbers of either.
    Fourier,
    /// [`NumberTheoretic`], over [`Goldilocks`].
    NumberTheoretic,
    /// [`OverlapAdd`] on the fast transform of the scalar.
    OverlapAdd,
    /// [`Separable`], over fields, for kernels that are outer products of vectors.
    Separable,
    /// A method of plans, over `f32` and `f64`: [`Planned`].
    Planned(Method),
}

impl Choice {
    /// The name of the algorithm: [`Algorithm::name`].
    pub fn name(self) -> &'static str {
        match self {
            Choice::Automatic => "automatic",
            Choice::Definition => "definition",
            Choice::MatrixProduct => "matrix_product",
            Choice::Fourier => "whole_fourier",
            Choice::NumberTheoretic => "number_theoretic",
            Choice::OverlapAdd => "overlap_add",
            Choice::Separable => "separable",
            Choice::Planned(method) => method.name(),
        }
    }
}

/// A scalar for which this folder knows more than the definition.
pub trait ConvolutionScalar: Rounding + MatrixScalar {
    /// Every algorithm for this scalar, the definition first.
    fn algorithms() -> Vec<Box<dyn Algorithm<Self>>> {
        vec![Box::new(Definition), Box::new(MatrixProduct)]
    }

    /// The choice for large kernels.
    fn transform() -> Choice {
        Choice::MatrixProduct
    }

    /// What [`Choice::Automatic`] stands for: the rule of [this module](self).
    fn automatic(problem: &Problem) -> Choice {
        by_size::<Self>(problem)
    }
}

/// Real and complex floats, the planned methods being for some of them.
macro_rules! floating_point {
    ($($float:ty, $methods:expr, $automatic:expr;)*) => { $(
        impl ConvolutionScalar for $float {
            fn algorithms() -> Vec<Box<dyn Algorithm<Self>>> {
                let unplanned: [Box<dyn Algorithm<Self>>; 5] = [
                    Box::new(Definition),
                    Box::new(MatrixProduct),
                    Box::new(Fourier),
                    Box::new(OverlapAdd::new(Fourier)),
                    Box::new(Separable),
                ];
                unplanned.into_iter().chain($methods).collect()
            }

            fn transform() -> Choice {
                Choice::Fourier
            }

            fn automatic(problem: &Problem) -> Choice {
                $automatic(problem)
            }
        }
    )* };
}

floating_point! {
    f32, planned(), |_| Choice::Planned(Method::Automatic);
    f64, planned(), |_| Choice::Planned(Method::Automatic);
    Complex<f32>, [], by_size::<Self>;
    Complex<f64>, [], by_size::<Self>;
}

/// Every method of plans, the planner's choice too.
fn planned<T: Element>() -> impl Iterator<Item = Box<dyn Algorithm<T>>> {
    let methods = [Method::Automatic].into_iter().chain(Method::ALL);
    methods.map(|method| Box::new(Planned::new(method)) as Box<dyn Algorithm<T>>)
}

impl ConvolutionScalar for Goldilocks {
    fn algorithms() -> Vec<Box<dyn Algorithm<Self>>> {
        vec![
            Box::new(Definition),
            Box::new(MatrixProduct),
            Box::new(NumberTheoretic),
            Box::new(OverlapAdd::new(NumberTheoretic)),
            Box::new(Separable),
        ]
    }

    fn transform() -> Choice {
        Choice::NumberTheoretic
    }
}

impl ConvolutionScalar for Rational {
    fn algorithms() -> Vec<Box<dyn Algorithm<Self>>> {
        vec![Box::new(Definition), Box::new(MatrixProduct), Box::new(Separable)]
    }
}

impl ConvolutionScalar for i64 {}
impl ConvolutionScalar for i128 {}
impl ConvolutionScalar for Symbolic {}
impl ConvolutionScalar for Degree {}
impl ConvolutionScalar for Bounded {}
impl ConvolutionScalar for Dual<Goldilocks> {}

/// The algorithm that `choice` stands for over `S`.
///
/// # Errors
/// If the scalar has no such algorithm, or the algorithm does not support the problem.
pub fn algorithm<S: ConvolutionScalar>(
    problem: &Problem,
    choice: Choice,
) -> Result<Box<dyn Algorithm<S>>, Unsupported> {
    let choice = if choice == Choice::Automatic { S::automatic(problem) } else { choice };
    let name = choice.name();
    let found = S::algorithms().into_iter().find(|algorithm| algorithm.name() == name);
    let algorithm = found.ok_or_else(|| Unsupported {
        algorithm: name,
        needs: format!("another scalar than {}", std::any::type_name::<S>()),
    })?;
    algorithm.supports(problem)?;
    Ok(algorithm)
}

/// The rule of [this module](self), but for floats.
fn by_size<S: ConvolutionScalar>(problem: &Problem) -> Choice {
    let taps: usize = problem.axes().iter().map(|axis| axis.taps).product();
    match (taps <= SMALL_KERNEL, S::transform(), problem.axes()) {
        (true, _, _) | (_, Choice::MatrixProduct, _) => Choice::MatrixProduct,
        (_, _, [axis]) if axis.padded() / axis.span() > LONG_SIGNAL => Choice::OverlapAdd,
        (_, transform, _) => transform,
    }
}

/// Runs a problem by the chosen algorithm.
///
/// # Errors
/// If there is no such algorithm for this scalar and problem, or the arrays do not have the problem's shapes.
pub fn run<S: ConvolutionScalar>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
    choice: Choice,
) -> Result<ArrayD<S>, ConvolutionError> {
    algorithm(problem, choice)?.run(problem, kernel, signal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Extent, Operation};

    fn chosen<S: ConvolutionScalar>(kernel: &[usize], signal: &[usize]) -> &'static str {
        let problem = Problem::single_channel(Operation::Convolution, kernel, signal, Extent::Same).unwrap();
        algorithm::<S>(&problem, Choice::Automatic).unwrap().name()
    }

    #[test]
    fn the_rule() {
        assert_eq!(chosen::<Complex<f32>>(&[8, 8], &[100, 100]), "matrix_product");
        assert_eq!(chosen::<Complex<f32>>(&[8, 9], &[100, 100]), "whole_fourier");
        assert_eq!(chosen::<Complex<f64>>(&[100], &[400]), "whole_fourier");
        assert_eq!(chosen::<Complex<f64>>(&[100], &[10_000]), "overlap_add");
        assert_eq!(chosen::<Goldilocks>(&[100], &[400]), "number_theoretic");
        assert_eq!(chosen::<Goldilocks>(&[100], &[10_000]), "overlap_add");
        assert_eq!(chosen::<Symbolic>(&[100], &[10_000]), "matrix_product");
    }

    #[test]
    fn floats_leave_it_to_the_planner() {
        assert_eq!(chosen::<f32>(&[2, 2], &[10, 10]), "automatic");
        assert_eq!(chosen::<f64>(&[4095], &[100_000]), "automatic");
    }

    #[test]
    fn every_choice_names_an_algorithm_of_some_scalar() {
        let problem = Problem::single_channel(Operation::Convolution, &[3], &[5], Extent::Full).unwrap();
        let unplanned = [
            Choice::Definition,
            Choice::MatrixProduct,
            Choice::Fourier,
            Choice::OverlapAdd,
            Choice::Separable,
        ];
        let choices = unplanned.into_iter().chain(Method::ALL.map(Choice::Planned));
        for choice in choices {
            assert_eq!(algorithm::<f64>(&problem, choice).unwrap().name(), choice.name());
        }
        let exact = algorithm::<Goldilocks>(&problem, Choice::NumberTheoretic).unwrap();
        assert_eq!(exact.name(), Choice::NumberTheoretic.name());
        let error = algorithm::<i64>(&problem, Choice::Fourier).unwrap_err();
        assert_eq!(error.to_string(), "whole_fourier cannot run this: it needs another scalar than i64");
    }
}
