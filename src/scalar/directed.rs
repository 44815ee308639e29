//! Error-free transformations, and arithmetic of non-negative floats rounded upward or downward.
//!
//! The processor rounds to nearest. The sign of the exact residual of an operation tells on which side of the
//! exact result it landed; moving to the neighbouring float where needed makes it an upper (or lower) bound,
//! and leaves an exact result alone. Residuals are exact unless they fall below the smallest float, which is
//! impossible for results of at least [`RESIDUAL_IS_EXACT`]: a residual of a product, quotient or root has no
//! bits below 2⁻¹⁰⁶ times the magnitude involved (Muller et al., *Handbook of Floating-Point Arithmetic*, §§
//! 4.3–4.4, 5.1). Below that, one always moves. Sums are exact whenever they are tiny (Hauser 1996), and
//! their residuals always unless they overflow.

/// The smallest positive float, 2⁻¹⁰⁷⁴.
const SMALLEST_SUBNORMAL: f64 = f64::from_bits(1);

/// 2⁻⁹⁰⁰, well above 2⁻¹⁰⁷⁴⁺¹⁰⁶.
const RESIDUAL_IS_EXACT: f64 = f64::from_bits((1023 - 900) << 52);

/// `(a + b) − fl(a + b)`, exactly (TwoSum, Knuth); NaN where the sum overflows.
pub fn sum_error(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (a - a_part) + (b - b_part)
}

/// An upper bound of `|a·b − fl(a·b)|`; exact above the subnormal range.
pub fn product_error(a: f64, b: f64) -> f64 {
    let product = a * b;
    let residual = a.mul_add(b, -product).abs();
    let exact = product.abs() >= RESIDUAL_IS_EXACT || a == 0.0 || b == 0.0;
    // A residual that is rounded is subnormal: off by at most half the smallest float.
    if exact { residual } else { add_up(residual, SMALLEST_SUBNORMAL) }
}

/// An upper bound of `|a − fl(a / b)·b|`; exact above the subnormal range.
pub fn quotient_residual(a: f64, b: f64) -> f64 {
    let residual = (a / b).mul_add(-b, a).abs();
    let exact = a.abs() >= RESIDUAL_IS_EXACT || a == 0.0;
    if exact { residual } else { add_up(residual, SMALLEST_SUBNORMAL) }
}

/// An upper bound of `|a − fl(√a)²|`; exact above the subnormal range.
pub fn root_residual(a: f64) -> f64 {
    let root = a.sqrt();
    let residual = root.mul_add(-root, a).abs();
    if a >= RESIDUAL_IS_EXACT || a == 0.0 { residual } else { add_up(residual, SMALLEST_SUBNORMAL) }
}

/// An upper bound of `a + b`, for `a, b ≥ 0`.
pub fn add_up(a: f64, b: f64) -> f64 {
    if sum_error(a, b) > 0.0 { (a + b).next_up() } else { a + b }
}

/// A lower bound of `a − b`, for finite `a`.
pub fn subtract_down(a: f64, b: f64) -> f64 {
    if sum_error(a, -b) < 0.0 { (a - b).next_down() } else { a - b }
}

/// An upper bound of `a · b`, for `a, b ≥ 0`; `0 · ∞` is ∞, as nothing is known of it.
pub fn multiply_up(a: f64, b: f64) -> f64 {
    let product = a * b;
    if product.is_nan() {
        return f64::INFINITY;
    }
    let exact = product >= RESIDUAL_IS_EXACT || a == 0.0 || b == 0.0;
    if exact && a.mul_add(b, -product) <= 0.0 { product } else { product.next_up() }
}

/// An upper bound of `a / b`, for `a ≥ 0` and `b > 0`.
pub fn divide_up(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    let exact = (a >= RESIDUAL_IS_EXACT && quotient >= RESIDUAL_IS_EXACT) || a == 0.0;
    if exact && quotient.mul_add(-b, a) <= 0.0 { quotient } else { quotient.next_up() }
}

/// An upper bound of `√a`, for `a ≥ 0`.
pub fn square_root_up(a: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a.sqrt().next_up() }
}

/// A lower bound of `√a`, for `a ≥ 0`.
pub fn square_root_down(a: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a.sqrt().next_down() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::{Field, Rational};

    fn exact(x: f64) -> Rational {
        Rational::try_from_f64(x).unwrap()
    }

    /// Non-negative floats over the whole range, and its edges.
    fn magnitudes() -> impl Strategy<Value = f64> {
        let edges = [0.0, SMALLEST_SUBNORMAL, f64::MIN_POSITIVE, RESIDUAL_IS_EXACT, 1.0, 3.0, f64::MAX];
        prop_oneof![proptest::sample::select(edges.to_vec()), 0.0_f64..4.0, any::<f64>().prop_map(f64::abs)]
    }

    /// The same with both signs.
    fn signed() -> impl Strategy<Value = f64> {
        (magnitudes(), any::<bool>()).prop_map(|(a, is_negative)| if is_negative { -a } else { a })
    }

    /// Whether an upper bound holds, and is at most two floats above the exact result.
    fn is_tight(bound: f64, truth: &Rational) -> bool {
        let below = Rational::try_from_f64(bound.next_down().next_down());
        let holds = Rational::try_from_f64(bound).is_none_or(|bound| bound >= *truth);
        holds && below.is_none_or(|below| below < *truth)
    }

    proptest! {
        #[test]
        fn bounds_are_on_their_side_and_tight(a in magnitudes(), b in magnitudes()) {
            let [x, y] = [a, b].map(exact);
            prop_assert!(is_tight(add_up(a, b), &(x.clone() + y.clone())));
            prop_assert!(is_tight(-subtract_down(a, b), &(y.clone() - x.clone())));
            prop_assert!(is_tight(multiply_up(a, b), &(x.clone() * y.clone())));
            if let Some(reciprocal) = y.try_reciprocal() {
                prop_assert!(is_tight(divide_up(a, b), &(x.clone() * reciprocal)));
            }
            let [low, high] = [square_root_down(a), square_root_up(a)].map(exact);
            prop_assert!(low.clone() * low <= x && x <= high.clone() * high);
        }

        #[test]
        fn residuals_are_those_of_exact_arithmetic(a in signed(), b in signed()) {
            let [x, y] = [a, b].map(exact);
            if (a + b).is_finite() {
                prop_assert_eq!(exact(sum_error(a, b)), x.clone() + y.clone() - exact(a + b));
            }
            if (a * b).is_finite() {
                let residual = (x.clone() * y.clone() - exact(a * b)).abs();
                prop_assert!(exact(product_error(a, b)) >= residual);
                prop_assert!((a * b).abs() < RESIDUAL_IS_EXACT || exact(product_error(a, b)) == residual);
            }
            if b != 0.0 && (a / b).is_finite() {
                let residual = (x.clone() - exact(a / b) * y).abs();
                prop_assert!(exact(quotient_residual(a, b)) >= residual);
                prop_assert!(a.abs() < RESIDUAL_IS_EXACT || exact(quotient_residual(a, b)) == residual);
            }
            let a = a.abs();
            let residual = (exact(a) - exact(a.sqrt()) * exact(a.sqrt())).abs();
            prop_assert!(exact(root_residual(a)) >= residual);
            prop_assert!(a < RESIDUAL_IS_EXACT || exact(root_residual(a)) == residual);
        }
    }

    /// From the least float on whose residuals are exact.
    #[test]
    fn exact_results_are_their_own_bounds() {
        for a in [0.0, RESIDUAL_IS_EXACT, 1.0, 1.5, f64::MAX] {
            assert_eq!(
                [add_up(a, 0.0), subtract_down(a, 0.0), multiply_up(a, 1.0), divide_up(a, 1.0)],
                [a; 4]
            );
            assert_eq!([product_error(a, 1.0), quotient_residual(a, 1.0)], [0.0; 2]);
        }
        // An even power of two, whose root is exact.
        assert_eq!([0.0, RESIDUAL_IS_EXACT, 4.0].map(root_residual), [0.0; 3]);
    }
}
