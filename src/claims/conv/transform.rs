//! The laws of the discrete Fourier transform, over any ring with roots of unity.
//!
//! F is [`dft_with_roots`] along all axes; the unitary transform is c·F with c = 1/√n for n entries.
//!
//! - (cF)(x)·(cF)(y) = c·(cF)(x*y), for every c; with c = 1/√n that is F(x*y) = √n·F(x)·F(y) for the unitary
//!   F;
//! - ⟨F x, F y⟩ / n = ⟨x, y⟩, where ⟨x, y⟩ = Σ x(j) conj(y(j));
//! - F⁻¹ F x = x, where F⁻¹ has the inverse roots and a division by n.
//!
//! Source: A. Terras, *Fourier Analysis on Finite Groups and Applications*, 1999, chapter 2.

use ndarray::{ArrayD, arr0};

use super::product::Product;
use crate::conv::Extent;
use crate::conv::discrete_fourier::{Direction, dft_with_roots};
use crate::scalar::DivideByInteger;
use crate::verify::{Failure, Sides};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    Theorem,
    Parseval,
    Inversion,
}

/// What is wrong with the implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    /// The convolution is another product.
    Product(Product),
    /// The factor of the convolution theorem is left out.
    NoFactor,
    /// Cosines in place of exponentials.
    Cosines,
    /// The inner product is the sum of x(j) y(j).
    NotConjugated,
    /// The division by n is left out.
    NotDivided,
    /// The inverse transform has the roots of the transform.
    SameRoots,
}

/// Where the roots of unity come from.
pub(super) struct Roots<'a, R> {
    /// ω^k for the primitive n-th root ω, from n and k < n; `None` where there is no such root.
    pub(super) power: &'a dyn Fn(usize, usize) -> Option<R>,
    /// The automorphism that inverts roots of unity.
    pub(super) conjugate: &'a dyn Fn(&R) -> R,
}

impl<R: DivideByInteger> Roots<'_, R> {
    fn transform(
        &self,
        x: &ArrayD<R>,
        direction: Direction,
        power: impl Fn(usize, usize) -> Option<R>,
    ) -> Result<ArrayD<R>, Failure> {
        let axes: Vec<usize> = (0..x.ndim()).collect();
        Ok(dft_with_roots(x, &axes, direction, power)?)
    }

    fn forward(&self, x: &ArrayD<R>, defect: Defect) -> Result<ArrayD<R>, Failure> {
        self.transform(x, Direction::Forward, |n, k| match defect {
            Defect::Cosines => Some((self.power)(n, k)? + (self.power)(n, (n - k) % n)?),
            _ => (self.power)(n, k),
        })
    }

    fn backward(&self, x: &ArrayD<R>, defect: Defect) -> Result<ArrayD<R>, Failure> {
        let inverse = self.transform(x, Direction::Inverse, |n, k| match defect {
            Defect::SameRoots => (self.power)(n, (n - k) % n),
            _ => (self.power)(n, k),
        })?;
        Ok(match defect {
            Defect::NotDivided => inverse.mapv(|entry| entry * R::from_integer(x.len() as i64)),
            _ => inverse,
        })
    }

    fn inner_product(&self, x: &ArrayD<R>, y: &ArrayD<R>, defect: Defect) -> ArrayD<R> {
        let mut sum = R::zero();
        for (a, b) in x.iter().zip(y) {
            match defect {
                Defect::NotConjugated => sum.add_product(a, b),
                _ => sum.add_product(a, &(self.conjugate)(b)),
            }
        }
        arr0(sum).into_dyn()
    }
}

fn divided<R: DivideByInteger>(x: ArrayD<R>, n: usize, defect: Defect) -> ArrayD<R> {
    if defect == Defect::NotDivided { x } else { x.mapv(|entry| entry.divide_by_integer(n as u64)) }
}

/// Both sides of a law, where c is an array without axes (only the convolution theorem has a c and a y other
/// than x).
pub(super) fn sides<R: DivideByInteger>(
    law: Law,
    defect: Defect,
    [x, y, c]: [&ArrayD<R>; 3],
    roots: &Roots<'_, R>,
) -> Result<Sides<R>, Failure> {
    let forward = |x: &ArrayD<R>| roots.forward(x, defect);
    Ok(match law {
        Law::Theorem => {
            let product = if let Defect::Product(product) = defect { product } else { Product::Convolution };
            let of_product = forward(&product.of(x, y, Extent::Circular)?)? * c;
            let left = if defect == Defect::NoFactor { of_product } else { of_product * c };
            (left, (forward(x)? * c) * (forward(y)? * c))
        }
        Law::Parseval => {
            let of_transforms = roots.inner_product(&forward(x)?, &forward(y)?, defect);
            (divided(of_transforms, x.len(), defect), roots.inner_product(x, y, defect))
        }
        Law::Inversion => (roots.backward(&forward(x)?, defect)?, x.clone()),
    })
}
