//! Exact convolution by the number-theoretic transform, over [`Goldilocks`].
//!
//! In a field with an n-th root of unity ω the transform `X(k) = Σ_j x(j) ω^(jk)` turns cyclic convolution of
//! length n into products, exactly. GF(p), p = 2⁶⁴ − 2³² + 1, has one for every n that divides p − 1 =
//! 2³²·3·5·17·257·65537. [`spectral`](crate::conv::algorithm::grid) lays every problem on a grid of such
//! lengths: periodic problems on their own, if they divide p − 1 and have no prime factor above
//! [`LARGEST_FACTOR`]; others on powers of two.
//!
//! The transform splits off one prime factor r of n at a time (decimation in time): with n = r·m,
//!
//! ```text
//! X(k) = Σ_{q<r} ω^(qk) X_q(k mod m),   X_q the transform of length m of x(q), x(q+r), x(q+2r), …
//! ```
//!
//! Cost: n·(sum of the prime factors of n) products. Source: J. Cooley, J. Tukey, *An algorithm for the
//! machine calculation of complex Fourier series*, 1965; J. Pollard, *The fast Fourier transform in a finite
//! field*, 1971.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::conv::algorithm::grid::{self, CyclicTransform, Grid};
use crate::conv::discrete_fourier::Direction;
use crate::conv::{Algorithm, ConvolutionError, Problem, Unsupported};
use crate::scalar::Rounding;
use crate::scalar::{Goldilocks, RootOfUnity};

/// Lengths with larger prime factors are padded to powers of two: n·r products would be too many.
pub const LARGEST_FACTOR: usize = 257;

/// Exact convolution by number-theoretic transforms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberTheoretic;

impl NumberTheoretic {
    fn grid<'a>(&self, problem: &'a Problem) -> Result<Grid<'a>, Unsupported> {
        Grid::new(problem, self).ok_or_else(|| Unsupported {
            algorithm: "number_theoretic",
            needs: "padded lengths of at most 2³²".into(),
        })
    }
}

impl Algorithm<Goldilocks> for NumberTheoretic {
    fn name(&self) -> &'static str {
        "number_theoretic"
    }

    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        self.grid(problem).map(drop)
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, Goldilocks>,
        signal: ArrayViewD<'_, Goldilocks>,
    ) -> Result<ArrayD<Goldilocks>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        grid::run(&self.grid(problem)?, self, kernel, signal)
    }

    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, Goldilocks>,
        signal: ArrayViewD<'_, Goldilocks>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        Goldilocks: Rounding,
    {
        problem.check_operands(kernel.shape(), signal.shape())?;
        Ok(ArrayD::zeros(problem.output_shape()))
    }
}

/// The powers of the root of unity, for each axis.
pub(in crate::conv) struct Roots {
    lengths: Vec<usize>,
    axes: Vec<Vec<Goldilocks>>,
}

impl CyclicTransform<Goldilocks> for NumberTheoretic {
    type Frequency = Goldilocks;
    type Plan = Roots;

    fn has_length(&self, length: usize) -> bool {
        Goldilocks::root_of_unity(length as u64).is_some()
            && prime_factors(length).all(|factor| factor <= LARGEST_FACTOR)
    }

    fn fast_length(&self, at_least: usize) -> Option<usize> {
        at_least.checked_next_power_of_two().filter(|&length| self.has_length(length))
    }

    fn plan(&self, lengths: &[usize]) -> Roots {
        let powers = |&length: &usize| {
            powers_of_root(length).unwrap_or_else(|| unreachable!("a length that the transform has"))
        };
        Roots { lengths: lengths.to_vec(), axes: lengths.iter().map(powers).collect() }
    }

    fn forward(&self, roots: &mut Roots, values: Vec<Goldilocks>) -> Vec<Goldilocks> {
        roots.run(values, Direction::Forward)
    }

    fn inverse(&self, roots: &mut Roots, spectrum: Vec<Goldilocks>) -> Vec<Goldilocks> {
        roots.run(spectrum, Direction::Inverse)
    }
}

impl Roots {
    fn run(&self, values: Vec<Goldilocks>, direction: Direction) -> Vec<Goldilocks> {
        let mut array = ArrayD::from_shape_vec(IxDyn(&self.lengths), values)
            .unwrap_or_else(|_| unreachable!("one value for each point of the grid"));
        for (axis, powers) in self.axes.iter().enumerate() {
            for mut lane in array.lanes_mut(Axis(axis)) {
                let values: Vec<_> = lane.iter().copied().collect();
                let transformed = mixed_radix(&values, powers, direction);
                lane.iter_mut().zip(transformed).for_each(|(to, from)| *to = from);
            }
        }
        array.into_raw_vec_and_offset().0
    }
}

/// ω⁰, ω¹, …, ω^(n−1) for the n-th root of unity ω, if there is one.
fn powers_of_root<S: RootOfUnity>(length: usize) -> Option<Vec<S>> {
    (0..length).map(|k| S::root_of_unity_power(length as u64, k as u64)).collect()
}

/// The transform of any length whose root of unity the field has, or `None` if it has none; the inverse is
/// divided by the length.
pub fn fast_dft<S: RootOfUnity>(values: &[S], direction: Direction) -> Option<Vec<S>> {
    let powers = powers_of_root(values.len())?;
    (!values.is_empty()).then(|| mixed_radix(values, &powers, direction))
}

fn mixed_radix<S: RootOfUnity>(values: &[S], powers: &[S], direction: Direction) -> Vec<S> {
    let factors: Vec<_> = prime_factors(values.len()).collect();
    let mut transformed = decimate(values.to_vec(), powers, &factors);
    if direction == Direction::Inverse {
        // F⁻¹x(j) = F x(−j) / n
        transformed[1..].reverse();
        let length = values.len() as u64;
        transformed.iter_mut().for_each(|value| *value = value.divide_by_integer(length));
    }
    transformed
}

/// One step for each prime factor. `powers` may belong to a multiple of the length.
fn decimate<S: RootOfUnity>(values: Vec<S>, powers: &[S], factors: &[usize]) -> Vec<S> {
    let Some((&radix, rest)) = factors.split_first() else { return values };
    let length = values.len();
    let part = length / radix;
    let parts: Vec<_> = (0..radix)
        .map(|q| decimate(values.iter().skip(q).step_by(radix).cloned().collect(), powers, rest))
        .collect();
    let step = powers.len() / length;
    let entry = |k: usize| {
        let mut sum = S::zero();
        for (q, transformed) in parts.iter().enumerate() {
            sum.add_product(&powers[q * k % length * step], &transformed[k % part]);
        }
        sum
    };
    (0..length).map(entry).collect()
}

/// The prime factors in increasing order, with repetition.
fn prime_factors(n: usize) -> impl Iterator<Item = usize> {
    let (mut rest, mut candidate) = (n, 2);
    std::iter::from_fn(move || {
        while rest > 1 {
            if candidate > rest / candidate {
                return Some(std::mem::replace(&mut rest, 1));
            }
            if rest.is_multiple_of(candidate) {
                rest /= candidate;
                return Some(candidate);
            }
            candidate += 1;
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;
    use crate::conv::discrete_fourier::dft;

    #[test]
    fn factors() {
        let of = |n| prime_factors(n).collect::<Vec<_>>();
        assert!(of(1).is_empty());
        assert!(of(0).is_empty());
        assert_eq!(of(360), [2, 2, 2, 3, 3, 5]);
        assert_eq!(of(65537 * 2), [2, 65537]);
        assert_eq!(of(257 * 257), [257, 257]);
    }

    #[test]
    fn lengths() {
        for (length, has) in
            [(1, true), (15, true), (257, true), (7, false), (9, false), (65537, false), (0, false)]
        {
            assert_eq!(NumberTheoretic.has_length(length), has, "{length}");
        }
        assert_eq!(NumberTheoretic.fast_length(9), Some(16));
        assert_eq!(NumberTheoretic.fast_length(usize::MAX), None);
        assert_eq!(fast_dft::<Goldilocks>(&[], Direction::Forward), None);
        assert_eq!(fast_dft(&[Goldilocks::new(1); 7], Direction::Forward), None);
    }

    proptest! {
        #[test]
        fn the_fast_transform_is_the_definition(
            length in prop::sample::select(vec![1usize, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 17, 30, 34, 48, 60, 64, 85]),
            words in prop::collection::vec(any::<u64>(), 85),
        ) {
            let values: Vec<_> = words[..length].iter().map(|&word| Goldilocks::new(word)).collect();
            for direction in [Direction::Forward, Direction::Inverse] {
                let expected = dft(&Array1::from(values.clone()), &[0], direction).unwrap();
                prop_assert_eq!(fast_dft(&values, direction), Some(expected.to_vec()));
            }
            let there = fast_dft(&values, Direction::Forward).unwrap();
            prop_assert_eq!(fast_dft(&there, Direction::Inverse), Some(values));
        }
    }
}
