//! What an expression is: monomials with their coefficients.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::monomial::Monomial;
use crate::scalar::Rational;

/// A polynomial with rational coefficients in named variables and opaque atoms, in a normal form.
///
/// What is known of the opaque atoms, and nothing else:
/// - a maximum is of a *set*: nested maxima are flattened, equal arguments occur once, constants are folded;
///   so it is associative, commutative and idempotent;
/// - the reciprocal of a non-zero constant, the square root of the square of a rational number, and `e⁰` are
///   numbers.
///
/// Each of these holds for real numbers, so equality of two results is a proof, for all values of the
/// variables where both are defined. The converse fails: `x · 1/x` and `1`, or `max(x, y) + 1` and `max(x +
/// 1, y + 1)`, are the same function and different expressions. Two results without such atoms are equal if
/// and only if they are the same function.
///
/// Expressions are printed the same in every run. Their order (`Ord`) is arbitrary and lasts for one run: it
/// serves sorted collections. Operations panic where an exponent would exceed 2³² − 1.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbolic {
    /// The coefficients, none of them zero.
    pub(super) terms: Arc<BTreeMap<Monomial, Rational>>,
}
