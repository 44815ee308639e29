//! Random expressions, to be computed in several scalars and compared.

use proptest::prelude::*;

use super::{Field, Lattice, Scalar};

/// An expression in numbered variables.
#[derive(Clone, Debug)]
pub enum Tree {
    Variable(usize),
    Integer(i8),
    Sum(Box<[Tree; 2]>),
    Difference(Box<[Tree; 2]>),
    Product(Box<[Tree; 2]>),
    Maximum(Box<[Tree; 2]>),
    Reciprocal(Box<Tree>),
    Function(Function, Box<Tree>),
}

/// The operations of a scalar that the rational numbers do not have.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    SquareRoot,
    Exponential,
    Logarithm,
    Error,
}

impl Function {
    /// `√x`, `eˣ`, `log x` or `erf x`.
    pub fn of<S: Scalar>(self, x: &S) -> S {
        match self {
            Function::SquareRoot => x.square_root(),
            Function::Exponential => x.exponential(),
            Function::Logarithm => x.logarithm(),
            Function::Error => x.error_function(),
        }
    }
}

impl Tree {
    /// The value at a point, or `None` where it divides by zero.
    pub fn value<S: Scalar>(&self, point: &[S]) -> Option<S> {
        self.value_with(point, Function::of)
    }

    /// As [`value`](Self::value), for a field that comes with a meaning of the functions.
    pub fn value_with<S: Field + Lattice>(&self, point: &[S], apply: fn(Function, &S) -> S) -> Option<S> {
        let value = |tree: &Tree| tree.value_with(point, apply);
        let values = |[a, b]: &[Tree; 2]| Some((value(a)?, value(b)?));
        Some(match self {
            Tree::Variable(number) => point[*number].clone(),
            Tree::Integer(n) => S::from_integer((*n).into()),
            Tree::Sum(terms) => values(terms).map(|(a, b)| a + b)?,
            Tree::Difference(terms) => values(terms).map(|(a, b)| a - b)?,
            Tree::Product(factors) => values(factors).map(|(a, b)| a * b)?,
            Tree::Maximum(arguments) => values(arguments).map(|(a, b)| a.maximum(&b))?,
            Tree::Reciprocal(divisor) => value(divisor)?.try_reciprocal()?,
            Tree::Function(function, argument) => apply(*function, &value(argument)?),
        })
    }

    /// All expressions inside of this one.
    pub fn parts(&self) -> Vec<&Tree> {
        let inside: Vec<&Tree> = match self {
            Tree::Variable(_) | Tree::Integer(_) => Vec::new(),
            Tree::Sum(parts) | Tree::Difference(parts) | Tree::Product(parts) | Tree::Maximum(parts) => {
                parts.iter().collect()
            }
            Tree::Reciprocal(part) | Tree::Function(_, part) => vec![part],
        };
        inside.iter().copied().chain(inside.iter().flat_map(|part| part.parts())).collect()
    }
}

/// Expressions in so many variables of sums, differences, products, maxima and reciprocals.
pub fn algebraic(variables: usize) -> BoxedStrategy<Tree> {
    leaves(variables).prop_recursive(4, 24, 2, |parts| nodes(parts).boxed()).boxed()
}

/// Expressions with square roots, exponentials, logarithms and error functions too.
pub fn transcendental(variables: usize) -> BoxedStrategy<Tree> {
    let nodes = |parts: BoxedStrategy<Tree>| {
        let function = prop_oneof![
            Just(Function::SquareRoot),
            Just(Function::Exponential),
            Just(Function::Logarithm),
            Just(Function::Error),
        ];
        let applied =
            (function, parts.clone()).prop_map(|(function, part)| Tree::Function(function, Box::new(part)));
        prop_oneof![3 => nodes(parts), 1 => applied]
    };
    leaves(variables).prop_recursive(4, 24, 2, nodes).boxed()
}

fn leaves(variables: usize) -> BoxedStrategy<Tree> {
    prop_oneof![2 => (0..variables).prop_map(Tree::Variable), 1 => (-4_i8..5).prop_map(Tree::Integer)].boxed()
}

fn nodes(parts: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let pair = || [parts.clone(), parts.clone()].prop_map(Box::new);
    prop_oneof![
        3 => pair().prop_map(Tree::Sum),
        3 => pair().prop_map(Tree::Product),
        1 => pair().prop_map(Tree::Difference),
        2 => pair().prop_map(Tree::Maximum),
        1 => parts.clone().prop_map(|part| Tree::Reciprocal(Box::new(part))),
    ]
    .boxed()
}
