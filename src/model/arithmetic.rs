//! What a reading of a program has to know: sums of products, and what to do with every other function.

use std::fmt::Debug;

use super::{ElementType, Function, Symbol};

/// A function that an arithmetic has no value for: `erf` over the rationals, say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function} has no value in {arithmetic}")]
pub struct Unreadable {
    /// The function.
    pub function: String,
    /// The arithmetic, as people call it.
    pub arithmetic: &'static str,
}

/// The scalars on which a program runs, with what they have in common: a prime, say, or the keys of random
/// functions.
///
/// Weights are floats, so dyadic rationals: [`constant`](Self::constant) maps them exactly wherever 2 has an
/// inverse. Laws of an arithmetic in which equal results mean equal functions: `dot`, `sum`, and `apply` of
/// addition, subtraction, negation and multiplication are those of a commutative ring; every other function
/// gives equal results for equal arguments, `maximum` for equal sets.
pub trait Arithmetic: Clone + Sync {
    /// A scalar.
    type Element: Clone + PartialEq + Debug + Send + Sync;

    /// The image of a float.
    fn constant(&self, value: f64) -> Self::Element;

    /// The sum of the products `a[i] · b[i]` of two slices of one length.
    fn dot(&self, a: &[Self::Element], b: &[Self::Element]) -> Self::Element;

    /// The sum of such products and one number more, in one sum.
    fn dot_plus(&self, a: &[Self::Element], b: &[Self::Element], bias: &Self::Element) -> Self::Element {
        let terms = [self.dot(a, b), bias.clone()];
        self.sum(&mut terms.iter())
    }

    /// The sums of the products of `a` with rows of its length, one after the other, and one number more if
    /// there is one: what `dot` and `dot_plus` give for each row.
    fn dots(
        &self,
        a: &[Self::Element],
        rows: &[Self::Element],
        bias: Option<&Self::Element>,
        results: &mut [Self::Element],
    ) {
        for (number, result) in results.iter_mut().enumerate() {
            let row = &rows[number * a.len()..][..a.len()];
            *result = match bias {
                Some(bias) => self.dot_plus(a, row, bias),
                None => self.dot(a, row),
            };
        }
    }

    /// The sum of the entries.
    fn sum(&self, entries: &mut dyn Iterator<Item = &Self::Element>) -> Self::Element;

    /// The greatest of the entries, of which there is at least one. A function of their set: equal entries
    /// count once, their order does not matter.
    ///
    /// # Errors
    /// If the arithmetic has no maximum.
    fn maximum(&self, entries: &mut dyn Iterator<Item = &Self::Element>)
    -> Result<Self::Element, Unreadable>;

    /// The value of a function at its arguments.
    ///
    /// # Errors
    /// If the arithmetic has no value for it.
    fn apply(&self, function: &Function, arguments: &[&Self::Element]) -> Result<Self::Element, Unreadable>;

    /// The value of a function of a list, in which order counts: the place of the greatest entry, say.
    ///
    /// # Errors
    /// If the arithmetic has no value for it.
    fn apply_to_list(&self, symbol: &Symbol, list: &[&Self::Element]) -> Result<Self::Element, Unreadable>;

    /// The arithmetic of tensors of integers and truths, which a machine does not round.
    fn of_integers(&self) -> &Self {
        self
    }

    /// What becomes of a result in a tensor of this type: floats of a machine are rounded. The identity
    /// wherever arithmetic is exact.
    fn stored(&self, value: Self::Element, element: ElementType) -> Self::Element {
        let _ = element;
        value
    }

    /// A number that comes into a tensor of this type from one of another type.
    fn cast(&self, value: Self::Element, element: ElementType) -> Self::Element {
        self.stored(value, element)
    }
}
