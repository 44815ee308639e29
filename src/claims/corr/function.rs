//! Functions on Z^d that vanish outside a box, and functions on a torus, with what the laws do to them.
//!
//! A correlation on the lattice begins at a negative index: with a kernel of K entries from p on and a signal
//! of L entries from q on, (x ⋆ y)(n) = Σ_k x(k) y(n+k) lives on n = q − p − (K−1) … q − p + L − 1. So a
//! function is an array and the index of its first entry, and two functions are compared on a box that holds
//! both.

use ndarray::{ArrayD, Slice};

use crate::conv::{Boundary, ConvolutionError, Extent, boundary, convolve, correlate};
use crate::scalar::Ring;
use crate::signal::roll;

/// Where functions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// Z^d; all but finitely many values are zero.
    Lattice,
    /// Z_n × Z_m × …
    Torus,
}

impl Domain {
    fn extent(self) -> Extent {
        match self {
            Domain::Lattice => Extent::Full,
            Domain::Torus => Extent::Circular,
        }
    }
}

/// The operation under test: the crate's correlation by its definition, and plausible mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correlation {
    /// `(x ⋆ y)(n) = Σ_k x(k) y(n+k)`
    Definition,
    /// Wrong: the kernel is flipped, so that this is convolution.
    Flipped,
    /// Wrong: kernel and signal change places.
    Swapped,
    /// Wrong: the result stands one step too late along every axis.
    Late,
    /// Wrong: something is added to every entry.
    Biased,
    /// Wrong on the torus: zeros beyond the border.
    ZerosBeyond,
}

/// A function on a domain.
#[derive(Clone, Debug)]
pub(super) struct Function<S> {
    domain: Domain,
    /// The index of the first entry along each axis; zero on the torus.
    first: Vec<i64>,
    values: ArrayD<S>,
}

impl<S: Ring> Function<S> {
    /// The function with these values from the index 0 on.
    pub(super) fn new(domain: Domain, values: &ArrayD<S>) -> Self {
        Function { domain, first: vec![0; values.ndim()], values: values.clone() }
    }

    /// The convolution with `self` as the kernel.
    pub(super) fn convolve(&self, signal: &Self) -> Result<Self, ConvolutionError> {
        let values = convolve(&signal.values, &self.values, self.domain.extent())?;
        let first = self.first.iter().zip(&signal.first).map(|(p, q)| p + q).collect();
        Ok(Function { first, values, ..*self })
    }

    /// The correlation with `self` as the kernel.
    pub(super) fn correlate(
        &self,
        signal: &Self,
        correlation: Correlation,
    ) -> Result<Self, ConvolutionError> {
        match correlation {
            Correlation::Definition => self.correlate_over(signal, self.domain.extent()),
            Correlation::Flipped => self.convolve(signal),
            Correlation::Swapped => signal.correlate_over(self, self.domain.extent()),
            Correlation::Late => {
                let result = self.correlate_over(signal, self.domain.extent())?;
                Ok(result.translate(&vec![1; self.first.len()]))
            }
            Correlation::Biased => {
                let result = self.correlate_over(signal, self.domain.extent())?;
                Ok(Function { values: result.values.mapv(|sum| sum + S::one()), ..result })
            }
            Correlation::ZerosBeyond if self.domain == Domain::Torus => {
                self.correlate_over(signal, Extent::Same)
            }
            Correlation::ZerosBeyond => self.correlate_over(signal, Extent::Full),
        }
    }

    fn correlate_over(&self, signal: &Self, extent: Extent) -> Result<Self, ConvolutionError> {
        let values = correlate(&signal.values, &self.values, extent)?;
        let first = match self.domain {
            Domain::Torus => self.first.clone(),
            Domain::Lattice => (0..self.first.len())
                .map(|axis| signal.first[axis] - self.first[axis] - (self.values.shape()[axis] as i64 - 1))
                .collect(),
        };
        Ok(Function { first, values, ..*self })
    }

    /// `(T_t x)(n) = x(n − t)`
    pub(super) fn translate(&self, steps: &[i64]) -> Self {
        match self.domain {
            Domain::Lattice => {
                let first = self.first.iter().zip(steps).map(|(first, step)| first + step).collect();
                Function { first, ..self.clone() }
            }
            Domain::Torus => Function { values: roll(self.values.view(), steps), ..self.clone() },
        }
    }

    /// `n ↦ x(−n)`: an array turned around begins at minus its last index, which on the torus is one step
    /// from 0.
    pub(super) fn reflect(&self) -> Self {
        let values = self.values.slice_each_axis(|_| Slice::new(0, None, -1)).to_owned();
        match self.domain {
            Domain::Torus => {
                Function { values: roll(values.view(), &vec![1; values.ndim()]), ..self.clone() }
            }
            Domain::Lattice => {
                let last = |(first, &length): (&i64, &usize)| first + length as i64 - 1;
                let first = self.first.iter().zip(values.shape()).map(|axis| -last(axis)).collect();
                Function { first, values, ..*self }
            }
        }
    }

    /// `n ↦ x(n) + y(n)`
    pub(super) fn add(&self, other: &Self) -> Result<Self, ConvolutionError> {
        let first = self.first.iter().zip(&other.first).map(|(&p, &q)| p.min(q)).collect();
        let (x, y) = self.together(other)?;
        Ok(Function { first, values: x + y, ..*self })
    }

    /// The values of both on the smallest box that holds both.
    pub(super) fn together(&self, other: &Self) -> Result<(ArrayD<S>, ArrayD<S>), ConvolutionError> {
        let end = |x: &Self, axis: usize| x.first[axis] + x.values.shape()[axis] as i64;
        let on_the_box = |x: &Self| {
            let zeros: Vec<_> = (0..x.first.len())
                .map(|axis| {
                    let before = x.first[axis] - self.first[axis].min(other.first[axis]);
                    let after = end(self, axis).max(end(other, axis)) - end(x, axis);
                    (before as usize, after as usize)
                })
                .collect();
            boundary::pad(&x.values, &zeros, Boundary::Zero)
        };
        Ok((on_the_box(self)?, on_the_box(other)?))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn frames_by_hand() {
        let x = Function::new(Domain::Lattice, &arr1(&[1_i64, 10]).into_dyn());
        let y = Function::new(Domain::Lattice, &arr1(&[1_i64, 2, 3]).into_dyn());
        // n = −1 … 2, as in the table of the extents.
        let correlation = x.correlate(&y, Correlation::Definition).unwrap();
        assert_eq!((correlation.first, correlation.values), (vec![-1], arr1(&[10, 21, 32, 3]).into_dyn()));
        let (reflected, moved) = x.reflect().together(&x.translate(&[1])).unwrap();
        assert_eq!(reflected, arr1(&[10, 1, 0, 0]).into_dyn());
        assert_eq!(moved, arr1(&[0, 0, 1, 10]).into_dyn());
        let sum = x.translate(&[2]).add(&y.translate(&[1])).unwrap();
        assert_eq!((sum.first, sum.values), (vec![1], arr1(&[1, 3, 13]).into_dyn()));
        let circle = Function::new(Domain::Torus, &arr1(&[1_i64, 2, 3]).into_dyn());
        assert_eq!(circle.reflect().values, arr1(&[1, 3, 2]).into_dyn());
    }
}
