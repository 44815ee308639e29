//! Taylor polynomials of degree 3 with rigorous remainders: the judge of difference quotients.
//!
//! A [`Taylor`] stands for a function f of one real variable t near 0. Its coefficients enclose f⁽ᵏ⁾(t)/k!
//! for k = 0 … 3 and *every* t of the interval on which the variable was made, [−r, r]. Arithmetic is that of
//! truncated power series, in [`Bounded`] numbers; with f = Σ a_k tᵏ,
//!
//! ```text
//! (f·g)_k = Σ_j a_j b_{k−j}              (1/f)_k = −(1/f)_0 · Σ_{j≥1} a_j (1/f)_{k−j}
//! (e^f)_k = 1/k · Σ_{j≥1} j a_j (e^f)_{k−j}   (√f)_k = (a_k − Σ_{0<j<k} (√f)_j (√f)_{k−j}) / (2·(√f)_0)
//! ```
//!
//! So the third coefficient bounds the error of a central difference, (f(h) − f(−h))/2h = f′(0) + h²·f‴(ξ)/6.
//! A maximum of functions that may cross in the interval has no such coefficients: they are infinitely
//! uncertain. About 10 operations of [`Bounded`] for a product. Source: R. Moore, *Interval Analysis*, 1966,
//! ch. 11; A. Griewank, A. Walther, *Evaluating Derivatives*, 2008, table 13.2.

use std::fmt;

use num_traits::Zero;

use super::operators::ring_operators;
use super::{
    Bounded, DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Ring, SquareRoot,
};

/// Number of coefficients: those of degree 0 to 3.
const TERMS: usize = 4;

/// A function of one variable t, by its Taylor coefficients at every t of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taylor([Bounded; TERMS]);

impl Taylor {
    /// A function that does not change.
    pub fn constant(value: f64) -> Self {
        Self::line(value, 0.0, 0.0)
    }

    /// t ↦ start + slope·t for |t| ≤ `radius`.
    ///
    /// # Panics
    /// If `radius` is negative or NaN.
    pub fn line(start: f64, slope: f64, radius: f64) -> Self {
        let (zero, slope) = (Bounded::zero(), Bounded::new(slope));
        Taylor([Bounded::new(start) + slope * Bounded::with_error(0.0, radius), slope, zero, zero])
    }

    /// An enclosure of f⁽ᵏ⁾(t)/k!, for every t of the interval; nothing is known (an infinite bound) where f
    /// may have a kink.
    ///
    /// # Panics
    /// If k is more than 3.
    pub fn coefficient(&self, k: usize) -> Bounded {
        self.0[k]
    }

    /// From a rule for each coefficient that knows the lower ones.
    fn from_lower_terms(term: impl Fn(usize, &[Bounded; TERMS]) -> Bounded) -> Self {
        let mut terms = [Bounded::zero(); TERMS];
        for k in 0..TERMS {
            terms[k] = term(k, &terms);
        }
        Taylor(terms)
    }

    fn combine(self, other: Self, combine: impl Fn(Bounded, Bounded) -> Bounded) -> Self {
        Taylor(std::array::from_fn(|k| combine(self.0[k], other.0[k])))
    }
}

/// Σ a_j b_{k−j} over these j.
fn convolved(a: &[Bounded; TERMS], b: &[Bounded; TERMS], k: usize, range: std::ops::Range<usize>) -> Bounded {
    range.fold(Bounded::zero(), |sum, j| sum + a[j] * b[k - j])
}

ring_operators! {
    impl for Taylor;
    zero = Taylor::constant(0.0);
    is_zero = |a| a.0.iter().all(Bounded::is_zero);
    one = Taylor::constant(1.0);
    add = |a, b| a.combine(b, |a, b| a + b);
    multiply = |a, b| Taylor(std::array::from_fn(|k| convolved(&a.0, &b.0, k, 0..k + 1)));
    negate = |a| Taylor(a.0.map(|term| -term));
}

impl Ring for Taylor {
    fn from_integer(n: i64) -> Self {
        let mut constant = Self::zero();
        constant.0[0] = Bounded::from_integer(n);
        constant
    }
}

impl DivideByInteger for Taylor {
    fn divide_by_integer(&self, n: u64) -> Self {
        Taylor(self.0.map(|term| term.divide_by_integer(n)))
    }
}

impl Field for Taylor {
    /// `None` only where the function is certainly zero at some t; where it may be, nothing is known.
    fn try_reciprocal(&self) -> Option<Self> {
        let first = self.0[0].try_reciprocal()?;
        Some(Self::from_lower_terms(|k, terms| {
            if k == 0 { first } else { -(first * convolved(&self.0, terms, k, 1..k + 1)) }
        }))
    }
}

impl Lattice for Taylor {
    /// The function that is certainly the greater on the whole interval; else only the value is known.
    fn maximum(&self, other: &Self) -> Self {
        match self.0[0].partial_cmp(&other.0[0]) {
            Some(std::cmp::Ordering::Greater) => *self,
            Some(std::cmp::Ordering::Less) => *other,
            _ => {
                let mut unknown = [Bounded::with_error(0.0, f64::INFINITY); TERMS];
                unknown[0] = self.0[0].maximum(&other.0[0]);
                Taylor(unknown)
            }
        }
    }
}

impl SquareRoot for Taylor {
    fn square_root(&self) -> Self {
        let first = self.0[0].square_root();
        let half_rate = (first + first).try_reciprocal().unwrap_or(Bounded::with_error(0.0, f64::INFINITY));
        Self::from_lower_terms(|k, terms| {
            if k == 0 { first } else { (self.0[k] - convolved(terms, terms, k, 1..k)) * half_rate }
        })
    }
}

impl Exponential for Taylor {
    fn exponential(&self) -> Self {
        let weighted = std::array::from_fn(|j| Bounded::from_integer(j as i64) * self.0[j]);
        Self::from_lower_terms(|k, terms| {
            if k == 0 {
                self.0[0].exponential()
            } else {
                convolved(&weighted, terms, k, 1..k + 1).divide_by_integer(k as u64)
            }
        })
    }
}

impl Logarithm for Taylor {
    /// g = log f has f·g′ = f′, hence k·f₀·g_k = k·f_k − Σ_{0<j<k} j·g_j·f_{k−j}.
    fn logarithm(&self) -> Self {
        let unknown = Bounded::with_error(0.0, f64::INFINITY);
        let rate = self.0[0].try_reciprocal().unwrap_or(unknown);
        Self::from_lower_terms(|k, terms| {
            if k == 0 {
                return self.0[0].logarithm();
            }
            let weighted = |j: usize| Bounded::from_integer(j as i64) * terms[j] * self.0[k - j];
            let lower = (1..k).fold(Bounded::zero(), |sum, j| sum + weighted(j));
            (self.0[k] - lower.divide_by_integer(k as u64)) * rate
        })
    }
}

impl ErrorFunction for Taylor {
    /// g = erf f has g′ = h·f′ with h = 2/√π·e^(−f²), hence k·g_k = Σ_{j≥1} j·f_j·h_{k−j}.
    fn error_function(&self) -> Self {
        let slope = self.error_function_derivative();
        let weighted = std::array::from_fn(|j| Bounded::from_integer(j as i64) * self.0[j]);
        Self::from_lower_terms(|k, _| {
            if k == 0 {
                self.0[0].error_function()
            } else {
                convolved(&weighted, &slope.0, k, 1..k + 1).divide_by_integer(k as u64)
            }
        })
    }

    fn error_function_rate() -> Self {
        let mut constant = Self::zero();
        constant.0[0] = Bounded::error_function_rate();
        constant
    }
}

impl fmt::Display for Taylor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [constant, first, second, third] = self.0;
        write!(formatter, "({constant}) + ({first})·t + ({second})·t² + ({third})·t³")
    }
}

#[cfg(test)]
mod tests {
    use num_traits::One;
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::trees::transcendental;

    fn values(taylor: Taylor) -> [f64; TERMS] {
        taylor.0.map(|term| term.value())
    }

    /// By hand, at 0: every operation on these is exact.
    #[test]
    fn known_series() {
        let t = Taylor::line(0.0, 1.0, 0.0);
        let one = Taylor::one();
        assert_eq!(values(t.exponential()), [1.0, 1.0, 0.5, 1.0 / 6.0]);
        assert_eq!(values((one - t).reciprocal()), [1.0; 4]);
        assert_eq!(values((one + t).square_root()), [1.0, 0.5, -0.125, 0.0625]);
        // erf t = 2/√π·(t − t³/3 + …)
        let rate = std::f64::consts::FRAC_2_SQRT_PI;
        assert_eq!(values(t.error_function()), [0.0, rate, 0.0, -rate / 3.0]);
        // (1 + 2t)³ = 1 + 6t + 12t² + 8t³
        let line = Taylor::line(1.0, 2.0, 0.0);
        assert_eq!(values(line * line * line), [1.0, 6.0, 12.0, 8.0]);
        assert_eq!(values(line.divide_by_integer(2)), [0.5, 1.0, 0.0, 0.0]);
        // tanh t = t − t³/3 + …
        let tanh = one - (one + one) * ((t + t).exponential() + one).reciprocal();
        for (found, expected) in tanh.0.into_iter().zip([0, 3, 0, -1]) {
            assert!(
                found.error() < 1e-14
                    && found.may_equal(&Bounded::from_integer(expected).divide_by_integer(3))
            );
        }
    }

    /// A maximum of functions that may cross has a value and nothing else.
    #[test]
    fn kinks_are_seen() {
        let near = Taylor::line(0.125, 1.0, 0.25);
        let kink = near.relu();
        assert!(kink.coefficient(0).error() < 1.0);
        assert_eq!(kink.coefficient(1).error(), f64::INFINITY);
        assert_eq!(Taylor::line(0.5, 1.0, 0.25).relu(), Taylor::line(0.5, 1.0, 0.25));
        assert_eq!(Taylor::line(-0.5, 1.0, 0.25).relu(), Taylor::zero());
    }

    proptest! {
        /// What is enclosed for an interval may equal what is found at each of its points.
        #[test]
        fn intervals_enclose_their_points(
            tree in transcendental(2),
            start in prop::array::uniform2(-2.0_f64..2.0),
            slope in prop::array::uniform2(-2.0_f64..2.0),
            place in -0.25_f64..0.25,
        ) {
            let radius = 1.0 / 64.0;
            let line = |i: usize| Taylor::line(start[i], slope[i], radius);
            // Rounding moves the point at most as far as it is from the start, so that it stays on the line.
            let point = |i: usize| Taylor::line(start[i] + slope[i] * place * radius, slope[i], 0.0);
            let (Some(wide), Some(narrow)) = (tree.value(&[line(0), line(1)]), tree.value(&[point(0), point(1)]))
            else { return Ok(()) };
            for k in 0..TERMS {
                prop_assert!(wide.coefficient(k).may_equal(&narrow.coefficient(k)), "{}: {} and {}", k, wide, narrow);
            }
        }

        /// Coefficients are derivatives: f(±h) is within the remainder of the polynomial of degree 2.
        #[test]
        fn remainders_hold(
            tree in transcendental(2),
            start in prop::array::uniform2(-2.0_f64..2.0),
            slope in prop::array::uniform2(-2.0_f64..2.0),
        ) {
            let step = 1.0 / 64.0;
            let on = |radius: f64| [0, 1].map(|i| Taylor::line(start[i], slope[i], radius));
            let (Some(wide), Some(here)) = (tree.value(&on(step)), tree.value(&on(0.0))) else { return Ok(()) };
            for h in [step, -step] {
                let at = [0, 1].map(|i| Bounded::new(start[i]) + Bounded::new(slope[i]) * Bounded::new(h));
                let Some(value) = tree.value(&at) else { continue };
                let h = Bounded::new(h);
                let polynomial = here.0[0] + h * (here.0[1] + h * (here.0[2] + h * wide.0[3]));
                prop_assert!(value.may_equal(&polynomial), "{} and {}", value, polynomial);
            }
        }
    }

    /// Of two lines that cross only the value is known, which is that of the greater.
    #[test]
    fn maxima_with_a_kink_have_a_value_only() {
        let (rising, level) = (Taylor::line(0.25, 1.0, 1.0), Taylor::constant(0.5));
        for maximum in [rising.maximum(&level), level.maximum(&rising)] {
            assert_eq!(maximum.coefficient(0), rising.coefficient(0).maximum(&level.coefficient(0)));
            assert!(maximum.coefficient(0).may_equal(&Bounded::new(1.25)));
            assert!((1..TERMS).all(|k| maximum.coefficient(k).error() == f64::INFINITY));
        }
        let above = Taylor::line(2.0, 1.0, 1.0);
        assert_eq!([above.maximum(&level), level.maximum(&above)], [above; 2]);
    }
}
