//! How the kernel of a group convolution is made of its weights: by places, or from a steerable basis.
//!
//! Both are linear maps, and both come with their transposes, which take the gradient of the kernel to that
//! of the weights. Cost: see [`FilterBank`] and [`SteerableBank`].

use ndarray::ArrayD;

use super::{FilterBank, SteerableBank};
use crate::scalar::Scalar;

/// Which filters a group convolution may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filters {
    /// All: a weight for each orbit of taps and cosets.
    #[default]
    Free,
    /// Those that a steerable basis spans, shared between so many orientations.
    Steerable {
        /// A multiple of 4.
        orientations: usize,
    },
}

/// The kernel of a group convolution as a linear map of its weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bank {
    /// Each entry of the kernel is a weight.
    Free(FilterBank),
    /// Each entry is a combination of the weights of a pair of orientations.
    Steerable(SteerableBank),
}

impl Bank {
    /// The shape of the weights.
    pub fn weight_shape(&self) -> Vec<usize> {
        match self {
            Bank::Free(bank) => bank.weight_shape(),
            Bank::Steerable(bank) => bank.weight_shape(),
        }
    }

    /// The kernel with these weights.
    ///
    /// # Panics
    /// If they do not have the shape of the weights.
    pub fn expand<S: Scalar>(&self, weights: &ArrayD<S>) -> ArrayD<S> {
        match self {
            Bank::Free(bank) => bank.expand(weights),
            Bank::Steerable(bank) => bank.expand(weights),
        }
    }

    /// The transpose of [`expand`](Self::expand).
    ///
    /// # Panics
    /// If `kernel` does not have the kernel's shape.
    pub fn fold<S: Scalar>(&self, kernel: &ArrayD<S>) -> ArrayD<S> {
        match self {
            Bank::Free(bank) => bank.fold(kernel),
            Bank::Steerable(bank) => bank.fold(kernel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{FeatureType, GridGroup};

    /// ⟨expand(w), k⟩ = ⟨w, fold(k)⟩ on integers, times 1/4096 where filters are steerable: every sum is
    /// exact.
    #[test]
    fn folding_is_the_transpose() {
        let d4 = GridGroup::d4();
        let quotient = FeatureType::quotient(&d4, &d4.generated_by(&[2]), 1).unwrap();
        let free = FilterBank::new(&quotient, &FeatureType::regular(&d4, 2), &[3, 3]);
        let steerable = [false, true].map(|lifts| Bank::Steerable(SteerableBank::new(2, 3, 8, lifts, 3)));
        let numbers = |shape: &[usize], modulus: usize| {
            let count = shape.iter().product();
            ArrayD::from_shape_vec(shape, (0..count).map(|i| (i * i % modulus) as f64).collect()).unwrap()
        };
        let inner = |a: &ArrayD<f64>, b: &ArrayD<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for bank in [Bank::Free(free)].into_iter().chain(steerable) {
            let weights = numbers(&bank.weight_shape(), 11);
            let expanded = bank.expand(&weights);
            let kernel = numbers(expanded.shape(), 7);
            assert_eq!(inner(&expanded, &kernel), inner(&weights, &bank.fold(&kernel)));
        }
    }
}
