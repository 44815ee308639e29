//! Polynomials in named variables, in a normal form: equal expressions are the same value.
//!
//! A [`Symbolic`] is a sum of rational coefficients times products of powers of *atoms*. An atom is a
//! variable, or one of the operations that lead out of the polynomials, held as an opaque unit: a maximum, a
//! reciprocal, a square root, an exponential of such expressions. Terms are sorted and like terms are
//! gathered, so two expressions are equal as polynomials in their atoms if and only if they are structurally
//! equal.
//!
//! Cost: a sum of n terms takes `O(n log n)`, a product `m · n` such steps; clones share their terms. The
//! terms of a bilinear map (a convolution, with variables as kernel and signal) are as many as its
//! multiplications.

mod atom;
mod atom_id;
mod expression;
mod monomial;
mod print;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ndarray::{ArrayD, Dimension, IxDyn};
use num_traits::Zero;

pub use self::expression::Symbolic;

use self::atom::Atom;
use self::atom_id::AtomId;
use self::monomial::Monomial;
use super::operators::ring_operators;
use super::{
    DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Rational, Ring, Scalar,
    SquareRoot,
};

impl Symbolic {
    /// The variable with this name, as it shall be printed: `x[0,2]`.
    pub fn variable(name: impl Into<String>) -> Self {
        Self::atom(Atom::Variable(name.into()))
    }

    /// An array of variables, named by their indices: `w[0,1]`; an array without axes holds the variable `w`.
    pub fn variables(name: &str, shape: &[usize]) -> ArrayD<Self> {
        ArrayD::from_shape_fn(IxDyn(shape), |index| {
            let index: Vec<_> = index.as_array_view().iter().map(usize::to_string).collect();
            Self::variable(if shape.is_empty() {
                name.to_owned()
            } else {
                format!("{name}[{}]", index.join(","))
            })
        })
    }

    /// A number.
    pub fn constant(value: impl Into<Rational>) -> Self {
        let mut constant = Self::default();
        constant.add_term(Monomial::default(), value.into());
        constant
    }

    /// The number that this is, if it is one.
    pub fn as_constant(&self) -> Option<Rational> {
        match self.terms.len() {
            0 => Some(Rational::zero()),
            1 => self.terms.get(&Monomial::default()).cloned(),
            _ => None,
        }
    }

    /// The number of terms.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// The degree as a polynomial in its atoms, an opaque one counting as a variable; 0 for constants.
    pub fn degree(&self) -> u64 {
        self.terms.keys().map(Monomial::degree).max().unwrap_or(0)
    }

    /// The names of the variables that occur, also inside of opaque atoms.
    pub fn variables_used(&self) -> BTreeSet<String> {
        let (mut names, mut seen, mut waiting) = (BTreeSet::new(), HashSet::new(), self.atoms());
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                match &*id.atom() {
                    Atom::Variable(name) => drop(names.insert(name.clone())),
                    function => waiting.extend(function.arguments().into_iter().flat_map(Symbolic::atoms)),
                }
            }
        }
        names
    }

    /// Whether no maximum, reciprocal, square root or exponential occurs.
    pub fn is_polynomial(&self) -> bool {
        self.atoms().into_iter().all(|id| matches!(*id.atom(), Atom::Variable(_)))
    }

    /// Reads a linear map off its value: the coefficient of every input variable that occurs, where
    /// `is_input` tells the names of the input variables from others (of weights, say), which may occur in
    /// the coefficients.
    ///
    /// `None` unless every term is an input variable times something free of input variables: a term without
    /// an input variable, with two of them, or with one inside of an opaque atom, makes the map not linear.
    ///
    /// ```
    /// use equivariant::scalar::Symbolic;
    ///
    /// let [w, x, y] = ["w", "x", "y"].map(Symbolic::variable);
    /// let map = w.clone() * x + y.clone() + y;
    /// let coefficients = map.linear_coefficients(|name| name != "w").unwrap();
    /// assert_eq!(coefficients["x"], w);
    /// assert_eq!(coefficients["y"], Symbolic::constant(2));
    /// ```
    pub fn linear_coefficients(&self, is_input: impl Fn(&str) -> bool) -> Option<BTreeMap<String, Self>> {
        let mut coefficients = BTreeMap::<String, Self>::new();
        for (monomial, number) in self.terms.iter() {
            let (mut input, mut rest) = (None, Self::constant(number.clone()));
            for (id, exponent) in monomial.factors() {
                match &*id.atom() {
                    Atom::Variable(name) if is_input(name) => {
                        if *exponent > 1 || input.replace(name.clone()).is_some() {
                            return None;
                        }
                    }
                    atom => {
                        let mut names = atom.arguments().into_iter().flat_map(Self::variables_used);
                        if names.any(|name| is_input(&name)) {
                            return None;
                        }
                        rest = rest * num_traits::pow(Self::from(*id), *exponent as usize);
                    }
                }
            }
            coefficients.entry(input?).or_default().add_in_place(&rest);
        }
        Some(coefficients)
    }

    /// The value at a point of any scalar: rational coefficients, variables and operations are replaced by
    /// those of `S`. With `S = Symbolic` this substitutes expressions for variables.
    ///
    /// # Panics
    /// If the reciprocal of zero occurs in `S`, in a coefficient or in an atom.
    pub fn evaluate<S: Scalar>(&self, point: &dyn Fn(&str) -> S) -> S {
        self.evaluate_with(point, &mut HashMap::new())
    }

    fn evaluate_with<S: Scalar>(&self, point: &dyn Fn(&str) -> S, known: &mut HashMap<AtomId, S>) -> S {
        let mut sum = S::zero();
        for (monomial, coefficient) in self.terms.iter() {
            let mut product = S::one();
            for &(id, exponent) in monomial.factors() {
                if !known.contains_key(&id) {
                    let value = id.atom().evaluate_with(point, known);
                    known.insert(id, value);
                }
                product = product * num_traits::pow(known[&id].clone(), exponent as usize);
            }
            sum.add_product(&coefficient.embed(), &product);
        }
        sum
    }

    fn atom(atom: Atom) -> Self {
        AtomId::of(atom).into()
    }

    /// The one atom that this is, if it is one.
    fn as_atom(&self) -> Option<Arc<Atom>> {
        match self.terms.first_key_value() {
            Some((monomial, coefficient)) if self.terms.len() == 1 && *coefficient == Rational::from(1) => {
                match monomial.factors() {
                    [(id, 1)] => Some(id.atom()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The atoms that occur, not those inside of others; with repetitions.
    fn atoms(&self) -> Vec<AtomId> {
        self.terms.keys().flat_map(Monomial::factors).map(|(id, _)| *id).collect()
    }

    fn add_term(&mut self, monomial: Monomial, coefficient: Rational) {
        use std::collections::btree_map::Entry;

        if coefficient.is_zero() {
            return;
        }
        match Arc::make_mut(&mut self.terms).entry(monomial) {
            Entry::Vacant(entry) => drop(entry.insert(coefficient)),
            Entry::Occupied(mut entry) => {
                entry.get_mut().add_in_place(&coefficient);
                if entry.get().is_zero() {
                    entry.remove();
                }
            }
        }
    }

    fn scaled(mut self, factor: &Rational) -> Self {
        for coefficient in Arc::make_mut(&mut self.terms).values_mut() {
            *coefficient = coefficient.clone() * factor.clone();
        }
        self
    }
}

impl Atom {
    fn evaluate_with<S: Scalar>(&self, point: &dyn Fn(&str) -> S, known: &mut HashMap<AtomId, S>) -> S {
        let mut value = |argument: &Symbolic| argument.evaluate_with(point, known);
        match self {
            Atom::Variable(name) => point(name),
            Atom::Maximum(arguments) => arguments
                .iter()
                .map(value)
                .reduce(|greatest, next| greatest.maximum(&next))
                .unwrap_or_else(|| unreachable!("a maximum has at least two arguments")),
            Atom::Reciprocal(argument) => value(argument).reciprocal(),
            Atom::SquareRoot(argument) => value(argument).square_root(),
            Atom::Exponential(argument) => value(argument).exponential(),
            Atom::Logarithm(argument) => value(argument).logarithm(),
            Atom::ErrorFunction(argument) => value(argument).error_function(),
        }
    }
}

ring_operators! {
    impl for Symbolic;
    zero = Symbolic::default();
    is_zero = |a| a.terms.is_empty();
    one = Symbolic::constant(1);
    add = |a, b| {
        let (mut sum, addend) = if a.terms() < b.terms() { (b, a) } else { (a, b) };
        sum.add_in_place(&addend);
        sum
    };
    multiply = |a, b| {
        let mut product = Symbolic::default();
        product.add_product(&a, &b);
        product
    };
    negate = |a| a.scaled(&Rational::from(-1));
}

impl Ring for Symbolic {
    fn from_integer(n: i64) -> Self {
        Self::constant(n)
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        for (left, m) in a.terms.iter() {
            for (right, n) in b.terms.iter() {
                self.add_term(left.product(right), m.clone() * n.clone());
            }
        }
    }

    fn add_in_place(&mut self, a: &Self) {
        if self.is_zero() {
            self.clone_from(a);
        } else {
            for (monomial, coefficient) in a.terms.iter() {
                self.add_term(monomial.clone(), coefficient.clone());
            }
        }
    }
}

impl DivideByInteger for Symbolic {
    fn divide_by_integer(&self, n: u64) -> Self {
        self.clone().scaled(&Rational::from(1).divide_by_integer(n))
    }
}

impl Field for Symbolic {
    /// `1 / self` as an opaque atom, unless it is a number; `None` for the expression 0.
    fn try_reciprocal(&self) -> Option<Self> {
        match self.as_constant() {
            Some(number) => number.try_reciprocal().map(Self::constant),
            None => Some(Self::atom(Atom::Reciprocal(self.clone()))),
        }
    }
}

impl Lattice for Symbolic {
    fn maximum(&self, other: &Self) -> Self {
        let (mut arguments, mut greatest) = (BTreeSet::new(), None::<Rational>);
        let mut insert = |argument: &Self| match argument.as_constant() {
            Some(number) => greatest = greatest.take().max(Some(number)),
            None => drop(arguments.insert(argument.clone())),
        };
        for side in [self, other] {
            match side.as_atom().as_deref() {
                Some(Atom::Maximum(arguments)) => arguments.iter().for_each(&mut insert),
                _ => insert(side),
            }
        }
        arguments.extend(greatest.map(Self::constant));
        match arguments.first() {
            Some(only) if arguments.len() == 1 => only.clone(),
            _ => Self::atom(Atom::Maximum(arguments)),
        }
    }
}

impl SquareRoot for Symbolic {
    /// `√self` as an opaque atom, unless it is the square of a rational number.
    fn square_root(&self) -> Self {
        match self.as_constant().and_then(|number| number.exact_square_root()) {
            Some(root) => Self::constant(root),
            None => Self::atom(Atom::SquareRoot(self.clone())),
        }
    }
}

impl Exponential for Symbolic {
    /// `e^self` as an opaque atom, unless it is `e⁰ = 1`.
    fn exponential(&self) -> Self {
        if self.is_zero() { Self::constant(1) } else { Self::atom(Atom::Exponential(self.clone())) }
    }
}

impl Logarithm for Symbolic {
    /// `log self` as an opaque atom, unless it is `log 1 = 0`.
    fn logarithm(&self) -> Self {
        if *self == Self::constant(1) { Self::default() } else { Self::atom(Atom::Logarithm(self.clone())) }
    }
}

impl ErrorFunction for Symbolic {
    /// `erf self` as an opaque atom, unless it is `erf 0 = 0`.
    fn error_function(&self) -> Self {
        if self.is_zero() { self.clone() } else { Self::atom(Atom::ErrorFunction(self.clone())) }
    }
}

impl From<Rational> for Symbolic {
    fn from(value: Rational) -> Self {
        Self::constant(value)
    }
}

impl From<AtomId> for Symbolic {
    fn from(id: AtomId) -> Self {
        let mut expression = Self::default();
        expression.add_term(Monomial::atom(id), Rational::from(1));
        expression
    }
}
