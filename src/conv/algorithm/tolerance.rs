//! How far a computed convolution may lie from the exact one.
//!
//! u is the unit roundoff, 2⁻²⁴ for `f32` and 2⁻⁵³ for `f64`; all operations round to nearest and nothing
//! overflows. Exact scalars have u = 0, so that one formula serves all.
//!
//! *Inner products.* A sum of t products, in any order, fused or not, is off by at most `((1+v)(1+u)^(t−1)
//! − 1) · Σ|x||y|`, where v bounds the relative error of one product: u for real numbers (N. Higham,
//! *Accuracy and Stability of Numerical Algorithms*, 2nd ed. 2002, §3.1; Jeannerod and Rump 2013 show that
//! t·u suffices there), √5·u for complex ones (Brent, Percival, Zimmermann, *Error bounds on complex
//! floating-point multiplication*, 2007). Σ|x||y| is itself a convolution, of the magnitudes.
//!
//! *Inner products by parts.* A library may sum the real products of complex numbers in any order, those of
//! the real and of the imaginary parts apart. Each part is then a sum of 2t real products, off by at most
//! `((1+u)^2t − 1) · Σ(|x₁||y₁| + |x₂||y₂|)`, and by the inequality of Cauchy and Schwarz the whole by at
//! most √2 times that growth times Σ|x||y|.
//!
//! *Underflow* adds at most [`Rounding::UNDERFLOW`] per product.
//!
//! The bounds are computed in `f64` and inflated for their own rounding.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::algorithm::terms::sum_of_terms;
use crate::conv::{ConvolutionError, Problem};
use crate::scalar::Rounding;

/// `(1+v)(1+u)^(t−1) − 1`, the relative error of a sum of t products.
pub(in crate::conv) fn inner_product_growth<S: Rounding>(terms: usize) -> f64 {
    let sums = terms.saturating_sub(1) as f64 * S::UNIT_ROUNDOFF.ln_1p();
    (sums + S::PRODUCT_ROUNDOFF.ln_1p()).exp_m1()
}

#[cfg(any(test, feature = "plan"))]
/// √2·((1+u)^2t − 1) for complex numbers, else [`inner_product_growth`]: the relative error of a sum of t
/// products whose parts may be summed apart.
pub(in crate::conv) fn inner_product_growth_by_parts<S: Rounding>(terms: usize) -> f64 {
    if S::PARTS == 1 {
        return inner_product_growth::<S>(terms);
    }
    // The last factor is for the rounding of √2 and of this product.
    let growth = ((S::PARTS * terms) as f64 * S::UNIT_ROUNDOFF.ln_1p()).exp_m1();
    std::f64::consts::SQRT_2 * growth * (1.0 + 4.0 * f64::EPSILON)
}

#[cfg(feature = "plan")]
/// The bound for sums of `problem.terms()` products whose parts may be summed apart.
pub(in crate::conv) fn inner_product_bound_by_parts<S: Rounding>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let terms = problem.terms();
    let growth = inner_product_growth_by_parts::<S>(terms);
    let magnitudes = magnitude_sum(problem, kernel, signal)?;
    Ok(magnitudes.mapv(|sum| sum * growth + terms as f64 * S::UNDERFLOW))
}

/// The bound for sums of `problem.terms()` products in which each term passes at most `roundings` roundings.
pub(in crate::conv) fn inner_product_bound<S: Rounding>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
    roundings: usize,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let magnitudes = magnitude_sum(problem, kernel, signal)?;
    let terms = problem.terms();
    let growth = inner_product_growth::<S>(roundings);
    Ok(magnitudes.mapv(|sum| sum * growth + terms as f64 * S::UNDERFLOW))
}

/// Σ|w||x| for each output, inflated for its rounding.
pub(in crate::conv) fn magnitude_sum<S: Rounding>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let (kernel, signal) = (kernel.mapv(|w| w.magnitude()), signal.mapv(|x| x.magnitude()));
    Ok(sum_of_terms(problem, kernel.view(), signal.view())? * inflation(problem.terms()))
}

/// What makes up for the rounding of a bound whose evaluation in `f64` rounds each term at most so many times
/// and a few times more.
pub(in crate::conv) fn inflation(roundings: usize) -> f64 {
    1.0 + (roundings + 16) as f64 * f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_sums_grow_by_nothing() {
        assert_eq!(inner_product_growth::<i64>(1000), 0.0);
    }

    #[test]
    fn growth_of_one_product_is_its_rounding() {
        // exp_m1 and ln_1p are accurate to an ulp or two: compare to within 2⁻⁵⁰ relatively.
        let growth = inner_product_growth::<f32>(1);
        assert!((growth / f32::UNIT_ROUNDOFF - 1.0).abs() < 2f64.powi(-50));
        assert!(inner_product_growth::<f32>(10) >= 10.0 * f32::UNIT_ROUNDOFF);
    }

    /// For one complex product (a + bi)(c + di) whose parts are rounded apart: ac, bd, their difference, and
    /// so on.
    #[test]
    fn parts_that_are_summed_apart_have_a_wider_bound() {
        use num_complex::Complex;
        for terms in [1, 2, 3, 100] {
            let growth = inner_product_growth_by_parts::<Complex<f32>>(terms);
            assert!(growth > inner_product_growth::<Complex<f32>>(terms), "{terms}");
            // √2·2t·u to first order.
            let first = 2.0 * 2f64.sqrt() * terms as f64 * f32::UNIT_ROUNDOFF;
            assert!(growth >= first && growth < first * 1.001, "{terms}: {growth} and {first}");
            assert_eq!(inner_product_growth_by_parts::<f32>(terms), inner_product_growth::<f32>(terms));
        }
    }
}
