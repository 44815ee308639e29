//! A function of one parameter, enclosed: centre + slope·t ± radius, for all t from −1 to 1.
//!
//! An [`Affine`] stands for any function f with |f(t) − (c + s·t)| ≤ r for |t| ≤ 1. Sums and products by
//! constants keep the slope, so that two quantities that move together stay together, as intervals do not:
//!
//! ```text
//! f·g:       c = c₁c₂ + s₁s₂/2,  s = c₁s₂ + s₁c₂,  r = |s₁s₂|/2 + r₁(|c₂| + |s₂|) + r₂(|c₁| + |s₁|) + r₁r₂
//! max(f, g): above, the chord of max(c₁ + s₁t + r₁, c₂ + s₂t + r₂), which is convex, with slope σ; below,
//!            σt + the max over λ in [0, 1] of λ(c₁ − r₁) + (1 − λ)(c₂ − r₂) − |λs₁ + (1 − λ)s₂ − σ|
//! ```
//!
//! With g = 0 and r₁ = 0 the maximum is the triangle relaxation of ReLU. Other functions are monotone, and
//! enclosed by their values at the ends of the range, with slope 0. Parts are computed with [`Bounded`]:
//! every rounding is added to the radius; what is not known has the radius ∞. Cost: some ten operations of
//! `Bounded` for a product or a maximum.
//!
//! Source: L. de Figueiredo, J. Stolfi, *Affine arithmetic: concepts and applications*, 2004; the triangle:
//! R. Ehlers, *Formal verification of piece-wise linear feed-forward neural networks*, 2017.

use num_traits::Zero;

use super::directed::{add_up, divide_up, multiply_up, subtract_down};
use super::operators::ring_operators;
use super::{
    Bounded, DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Ring, SquareRoot,
};

/// A function of a parameter t from −1 to 1, enclosed by a line: |f(t) − (centre + slope·t)| ≤ radius.
///
/// ```
/// use equivariant::scalar::{Affine, Lattice};
///
/// // t itself, and max(t, 0): between t/2 and t/2 + 1/2.
/// let rectified = Affine::new(0.0, 1.0, 0.0).relu();
/// assert_eq!(rectified, Affine::new(0.25, 0.5, 0.25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    centre: f64,
    slope: f64,
    radius: f64,
}

/// An upper bound of a + b, of any signs.
fn plus_up(a: f64, b: f64) -> f64 {
    -subtract_down(-a, b)
}

/// γ = nu/(1 − nu) or more: by which share of Σ|w||x| a sum of n terms in floats is off at most, in any order
/// (Higham, *Accuracy and Stability of Numerical Algorithms*, § 4.2). Infinite where that bound is none.
pub(crate) fn summation_error(terms: usize) -> f64 {
    // nu/(1 − nu) ≤ 1.01·nu, rounding of this product included, as long as nu < 1/128.
    let share = terms as f64 * f64::EPSILON / 2.0;
    if share < 1.0 / 128.0 { 1.01 * share } else { f64::INFINITY }
}

/// An upper bound of the absolute value of what a bound covers.
fn magnitude_up(x: Bounded) -> f64 {
    add_up(x.value().abs(), x.error())
}

impl Affine {
    /// centre + slope·t, up to `radius`.
    ///
    /// # Panics
    /// If the radius is negative. One that is not a number counts as infinite.
    pub fn new(centre: f64, slope: f64, radius: f64) -> Self {
        assert!(radius.is_nan() || radius >= 0.0, "a radius must not be negative, found {radius}");
        if centre.is_finite() && slope.is_finite() && radius.is_finite() {
            Affine { centre, slope, radius }
        } else {
            Self::unknown()
        }
    }

    /// The same number for all t.
    pub fn constant(value: f64) -> Self {
        Self::new(value, 0.0, 0.0)
    }

    /// The numbers from `low` to `high`, plus `slope`·t.
    pub fn between(low: f64, high: f64, slope: f64) -> Self {
        let centre = low + (high - low) / 2.0;
        let reach = plus_up(high, -centre).max(plus_up(centre, -low));
        Self::new(centre, slope, if reach.is_nan() { reach } else { reach.max(0.0) })
    }

    /// The value of the line at t = 0.
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// How much the line rises for each unit of t.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// How far the function may be from the line.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// A lower bound of the function for all t.
    pub fn low(&self) -> f64 {
        subtract_down(self.centre, add_up(self.slope.abs(), self.radius))
    }

    /// An upper bound of the function for all t.
    pub fn high(&self) -> f64 {
        plus_up(self.centre, add_up(self.slope.abs(), self.radius))
    }

    /// All values, as a number and a bound.
    pub fn range(&self) -> Bounded {
        Bounded::with_error(self.centre, add_up(self.slope.abs(), self.radius))
    }

    /// The same, less certain by `more`.
    ///
    /// # Panics
    /// If `more` is negative.
    #[must_use]
    pub fn widened(&self, more: f64) -> Self {
        assert!(more >= 0.0 || more.is_nan(), "what is added to a radius must not be negative, found {more}");
        Self::new(self.centre, self.slope, add_up(self.radius, more))
    }

    fn of_parts(centre: Bounded, slope: Bounded, radius: f64) -> Self {
        let rounding = add_up(centre.error(), slope.error());
        Self::new(centre.value(), slope.value(), add_up(radius, rounding))
    }

    fn parts(&self) -> [Bounded; 2] {
        [self.centre, self.slope].map(Bounded::new)
    }

    fn sum(&self, other: &Self) -> Self {
        let ([c1, s1], [c2, s2]) = (self.parts(), other.parts());
        Self::of_parts(c1 + c2, s1 + s2, add_up(self.radius, other.radius))
    }

    fn product(&self, other: &Self) -> Self {
        let ([c1, s1], [c2, s2]) = (self.parts(), other.parts());
        // t² is 1/2 ± 1/2.
        let bend = (s1 * s2) * Bounded::new(0.5);
        let [first, second] = [self, other].map(|x| add_up(x.centre.abs(), x.slope.abs()));
        let inherited =
            add_up(multiply_up(self.radius, add_up(second, other.radius)), multiply_up(other.radius, first));
        Self::of_parts(c1 * c2 + bend, c1 * s2 + s1 * c2, add_up(magnitude_up(bend), inherited))
    }

    /// A monotone function: between its values at the ends of the range.
    fn monotone(&self, function: impl Fn(Bounded) -> Bounded) -> Self {
        let ends = [self.low(), self.high()].map(|end| function(Bounded::new(end)));
        if ends.iter().any(|end| end.error() == f64::INFINITY) {
            return Self::unknown();
        }
        let [low, high] = [ends[0], ends[1]]
            .map(|end| (subtract_down(end.value(), end.error()), plus_up(end.value(), end.error())));
        Self::between(low.0.min(high.0), low.1.max(high.1), 0.0)
    }

    /// Nothing is known of it.
    fn unknown() -> Self {
        Affine { centre: 0.0, slope: 0.0, radius: f64::INFINITY }
    }

    /// Whether it is at least the other for all t.
    fn dominates(&self, other: &Self) -> bool {
        let ([c1, s1], [c2, s2]) = (self.parts(), other.parts());
        let (gap, turn) = (c1 - c2, s1 - s2);
        let needed = add_up(add_up(self.radius, other.radius), magnitude_up(turn));
        subtract_down(gap.value(), gap.error()) >= needed
    }

    /// A lower bound of max(f, g) − σ·t for all t, by this share λ of f.
    fn below(&self, other: &Self, share: f64, chord: f64) -> f64 {
        let [share, chord] = [share, chord].map(Bounded::new);
        let [b1, b2] = [self, other].map(|x| Bounded::new(x.centre) - Bounded::new(x.radius));
        let [s1, s2] = [self, other].map(|x| Bounded::new(x.slope));
        let (level, turn) = (b2 + share * (b1 - b2), s2 + share * (s1 - s2) - chord);
        subtract_down(subtract_down(level.value(), level.error()), magnitude_up(turn))
    }
}

ring_operators! {
    impl for Affine;
    zero = Affine::constant(0.0);
    is_zero = |a| a.centre == 0.0 && a.slope == 0.0 && a.radius == 0.0;
    one = Affine::constant(1.0);
    add = |a, b| a.sum(&b);
    multiply = |a, b| a.product(&b);
    negate = |a| Affine { centre: -a.centre, slope: -a.slope, radius: a.radius };
}

impl Ring for Affine {
    fn from_integer(n: i64) -> Self {
        Self::of_parts(Bounded::from_integer(n), Bounded::zero(), 0.0)
    }
}

impl DivideByInteger for Affine {
    fn divide_by_integer(&self, n: u64) -> Self {
        let [centre, slope] = self.parts().map(|part| part.divide_by_integer(n));
        // At most n, as a divisor of an upper bound.
        let divisor = if n as f64 as u128 > u128::from(n) { (n as f64).next_down() } else { n as f64 };
        Self::of_parts(centre, slope, divide_up(self.radius, divisor))
    }
}

impl Field for Affine {
    /// With an infinite radius where the range has 0; `None` only for 0 itself.
    fn try_reciprocal(&self) -> Option<Self> {
        if self.is_zero() {
            return None;
        }
        let is_monotone = self.low() > 0.0 || self.high() < 0.0;
        Some(if is_monotone { self.monotone(|end| end.reciprocal()) } else { Self::unknown() })
    }
}

impl Lattice for Affine {
    fn maximum(&self, other: &Self) -> Self {
        if self == other || self.dominates(other) {
            return *self;
        }
        if other.dominates(self) {
            return *other;
        }
        let end = |sign: f64| {
            let upper = |x: &Self| plus_up(plus_up(x.centre, sign * x.slope), x.radius);
            upper(self).max(upper(other))
        };
        let (first, last) = (end(-1.0), end(1.0));
        let chord = (last - first) / 2.0;
        if !chord.is_finite() {
            return Self::unknown();
        }
        let high = plus_up(last, -chord).max(plus_up(first, chord));
        let share = (chord - other.slope) / (self.slope - other.slope);
        let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
        let low = [0.0, share, 1.0].map(|share| self.below(other, share, chord));
        Self::between(low.into_iter().fold(f64::NEG_INFINITY, f64::max), high, chord)
    }
}

impl SquareRoot for Affine {
    fn square_root(&self) -> Self {
        self.monotone(|end| end.square_root())
    }
}

impl Exponential for Affine {
    fn exponential(&self) -> Self {
        self.monotone(|end| end.exponential())
    }

    /// Between −1 and 1, whatever the exponential overflows to.
    fn hyperbolic_tangent(&self) -> Self {
        let value = self.monotone(|end| end.hyperbolic_tangent());
        if value.radius > 1.0 && self.radius < f64::INFINITY { Self::between(-1.0, 1.0, 0.0) } else { value }
    }
}

impl Logarithm for Affine {
    fn logarithm(&self) -> Self {
        self.monotone(|end| end.logarithm())
    }

    fn logarithm_of_one_plus(&self) -> Self {
        self.monotone(|end| end.logarithm_of_one_plus())
    }
}

impl ErrorFunction for Affine {
    fn error_function(&self) -> Self {
        self.monotone(|end| end.error_function())
    }

    fn error_function_rate() -> Self {
        Self::of_parts(Bounded::error_function_rate(), Bounded::zero(), 0.0)
    }
}

impl From<f32> for Affine {
    fn from(value: f32) -> Self {
        Self::constant(value.into())
    }
}

#[cfg(test)]
mod tests {
    use num_traits::One;
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::Rational;

    fn exact(x: f64) -> Rational {
        Rational::try_from_f64(x).unwrap()
    }

    /// Whether the enclosure has this value at t.
    fn covers(x: &Affine, t: f64, value: &Rational) -> bool {
        let line = exact(x.centre) + exact(x.slope) * exact(t);
        x.radius == f64::INFINITY || (value.clone() - line).abs() <= exact(x.radius)
    }

    fn affine() -> impl Strategy<Value = Affine> {
        let part = || prop_oneof![(-3_i8..4).prop_map(f64::from), -2.0_f64..2.0, -1e-3_f64..1e-3];
        let radius = prop_oneof![Just(0.0), 0.0_f64..1.0, 0.0_f64..1e-6];
        (part(), part(), radius).prop_map(|(c, s, r)| Affine::new(c, s, r))
    }

    fn place() -> impl Strategy<Value = f64> {
        prop_oneof![Just(-1.0), Just(1.0), Just(0.0), -1.0_f64..1.0]
    }

    proptest! {
        /// Of every function that the arguments enclose, in exact arithmetic.
        #[test]
        fn operations_enclose(
            (x, y) in (affine(), affine()),
            (t, p, q) in (place(), place(), place()),
            n in 1_u64..1000,
        ) {
            let at = |x: &Affine, place: f64| {
                exact(x.centre) + exact(x.slope) * exact(t) + exact(place) * exact(x.radius)
            };
            let (f, g) = (at(&x, p), at(&y, q));
            prop_assert!(covers(&(x + y), t, &(f.clone() + g.clone())));
            prop_assert!(covers(&(x - y), t, &(f.clone() - g.clone())));
            prop_assert!(covers(&(x * y), t, &(f.clone() * g.clone())));
            prop_assert!(covers(&x.maximum(&y), t, &f.clone().max(g.clone())));
            prop_assert!(covers(&x.minimum(&y), t, &f.clone().min(g.clone())));
            prop_assert!(covers(&x.relu(), t, &f.clone().max(Rational::zero())));
            prop_assert!(covers(&x.divide_by_integer(n), t, &f.divide_by_integer(n)));
            prop_assert!(exact(x.low()) <= f && f <= exact(x.high()));
            if let (Some(reciprocal), Some(truth)) = (x.try_reciprocal(), f.try_reciprocal()) {
                prop_assert!(covers(&reciprocal, t, &truth));
            }
        }

        /// Of two of which one is certainly the greater that one is the maximum, bit for bit, in both orders.
        #[test]
        fn the_certainly_greater_is_the_maximum((x, y) in (affine(), affine()), gap in 0.0_f64..2.0) {
            // Each turns and spreads by at most 3 + 1, so that 8 and what the centres differ by part them.
            let above = Affine::new(x.centre.abs() + y.centre.abs() + 8.0 + gap, x.slope, x.radius);
            prop_assert_eq!(above.maximum(&y), above);
            prop_assert_eq!(y.maximum(&above), above);
            prop_assert_eq!(above.minimum(&y), y);
            prop_assert_eq!(y.minimum(&above), y);
        }

        /// Arguments are from 0.1 to 2.9: their four roundings of at most 2ε count 100-fold in the steepest
        /// function, 1/x, and values below 32 are right within 64ε.
        #[test]
        fn functions_enclose(
            (centre, slope, radius) in (1.0_f64..2.0, -0.5_f64..0.5, 0.0_f64..0.4),
            (t, p) in (place(), place()),
        ) {
            let x = Affine::new(centre, slope, radius);
            let value = centre + slope * t + radius * p;
            for (enclosed, float) in [
                (x.exponential(), value.exp()),
                (x.square_root(), value.sqrt()),
                (x.logarithm(), value.ln()),
                (x.logarithm_of_one_plus(), value.ln_1p()),
                (x.hyperbolic_tangent(), value.tanh()),
                (x.error_function(), libm::erf(value)),
                (x.reciprocal(), 1.0 / value),
                ((-x).hyperbolic_tangent(), (-value).tanh()),
            ] {
                let slack = (4.0 * 2.0 * 100.0 + 64.0) * f64::EPSILON;
                prop_assert!(enclosed.radius() < 9.0);
                prop_assert!(enclosed.low() - slack <= float, "{:?} {}", enclosed, float);
                prop_assert!(float <= enclosed.high() + slack, "{:?} {}", enclosed, float);
            }
        }

        /// On a line that crosses 0 between l and u the radius is that of the triangle, −lu / 2(u − l), up to
        /// the roundings of a dozen operations on numbers below 4.
        #[test]
        fn rectifiers_are_triangles(low in -2.0_f64..-0.01, high in 0.01_f64..2.0) {
            let rectified = Affine::new((low + high) / 2.0, (high - low) / 2.0, 0.0).relu();
            let triangle = -low * high / (2.0 * (high - low));
            prop_assert!((rectified.radius - triangle).abs() <= 64.0 * f64::EPSILON);
            prop_assert!((rectified.slope - high / 2.0).abs() <= 64.0 * f64::EPSILON);
        }
    }

    #[test]
    fn what_is_not_known_is_infinite() {
        let unknown = Affine::new(f64::NAN, 0.0, 0.0);
        assert_eq!(unknown.radius(), f64::INFINITY);
        for x in [unknown + Affine::one(), unknown * Affine::zero(), unknown.relu(), -unknown] {
            assert_eq!((x.radius(), x.high(), x.low()), (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY));
        }
        assert_eq!(Affine::new(0.0, 1.0, 0.0).reciprocal().radius(), f64::INFINITY);
        let wide = Affine::new(0.0, 900.0, 3.0);
        assert_eq!(wide.hyperbolic_tangent(), Affine::new(0.0, 0.0, 1.0));
        assert_eq!(
            (wide.exponential().radius(), unknown.hyperbolic_tangent().radius()),
            (f64::INFINITY, f64::INFINITY)
        );
        assert_eq!(Affine::constant(-1.0).square_root().radius(), f64::INFINITY);
        let cancelled = Affine::new(1.0, 3.0, 0.0) - Affine::new(1.0, 3.0, 0.0);
        assert!(cancelled.is_zero());
    }

    #[test]
    #[should_panic(expected = "must not be negative")]
    fn a_negative_radius_is_refused() {
        Affine::new(0.0, 1.0, -1.0);
    }
}
