//! Terms at a random point of a random interpretation, in which equal values prove equal functions.
//!
//! An expression with maxima, roots and exponentials is a *term*: a rational function whose variables are the
//! unknowns and *applications* of functions to terms. Of a function nothing is known but that it is one, and
//! these laws, which are true of the real functions: a maximum is of the set of its arguments, nested ones
//! are flattened, max(a) = a, max(a, b) = (a + b + |a − b|)/2, and |−a| = |a|. Numbers keep their meaning:
//! the maximum of numbers, the roots of squares of integers and e⁰ are known.
//!
//! A [`Term`] is its value where the unknowns are uniform in GF(p), p = 2⁶⁴ − 2³² + 1, and each function is a
//! random one with its laws. *Two terms that are not equal, as terms over GF(p), have equal values with
//! probability at most*
//!
//! > ((M² + M) · d + D) / p
//!
//! *where M counts the arguments of all applications, d bounds the degree of the difference of two of them,
//! fractions multiplied crosswise, and D that of the two terms.* The proof is that of `model::oracle`,
//! without the part about the random prime; `oracle_soundness` in `proofs/` is its core. As long as no two
//! arguments that are different terms have equal or opposite values, and none but the zero term has the value
//! 0, each class of applications has a uniform value of its own, and the lemma of Schwartz and Zippel bounds
//! the next coincidence by d/p: M(M − 1)/2 pairs with two signs, M arguments, and the two terms. Equal terms
//! have equal values, unless an argument is a number only after something cancels, as in e^(x − x).
//!
//! M, d and D are counted in the run itself. Cost: some ten times that of GF(p).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ndarray::ArrayD;
use num_traits::Zero;
use rand::Rng;

use super::keyed::RandomFunctions;
use super::operators::ring_operators;
use super::{
    Degree, DivideByInteger, ErrorFunction, Exponential, Field, Goldilocks, Lattice, Logarithm, Ring,
    SquareRoot,
};

/// log₂ p, rounded down, so that bounds computed with it are upper bounds.
const LOG2_P: f64 = 63.999_999;

/// Random functions, and what is asked of them.
#[derive(Debug)]
pub struct Interpretation {
    functions: RandomFunctions,
    /// M: the arguments of all applications.
    arguments: AtomicU64,
    /// The largest degrees of their numerators and denominators.
    numerator: AtomicU64,
    denominator: AtomicU64,
}

impl Interpretation {
    /// An interpretation that is drawn at random.
    pub fn draw(random: &mut impl Rng) -> Arc<Self> {
        let [arguments, numerator, denominator] = [0; 3].map(AtomicU64::new);
        Arc::new(Interpretation {
            functions: RandomFunctions::draw(random),
            arguments,
            numerator,
            denominator,
        })
    }

    /// An unknown, at a random point.
    pub fn unknown(self: &Arc<Self>, random: &mut impl Rng) -> Term {
        self.term(Goldilocks::sample(random), Degree::variable())
    }

    /// log₂ of the probability, at most, that two arrays of terms that were computed here, and are not the
    /// same, have the same values. What else was computed here is counted too.
    pub fn log2_failure(&self, left: &ArrayD<Term>, right: &ArrayD<Term>) -> f64 {
        let pairs = left.iter().zip(right);
        let degrees = pairs.map(|(l, r)| l.degree.schwartz_zippel_degree(&r.degree).unwrap_or(u64::MAX));
        let outputs = degrees.max().unwrap_or(0).max(1) as f64;
        let arguments = self.arguments.load(Relaxed) as f64;
        let degree = self.numerator.load(Relaxed) as f64 + self.denominator.load(Relaxed) as f64;
        // Each of the products and sums is rounded by less than a part of 2⁻⁵².
        (((arguments * arguments + arguments) * degree + outputs) * (1.0 + 1e-12)).log2() - LOG2_P
    }

    fn term(self: &Arc<Self>, value: Goldilocks, degree: Degree) -> Term {
        Term { value, degree, interpretation: Some(Arc::clone(self)), maximum: None }
    }

    /// The value of a function; its arguments have at most this degree.
    fn apply(&self, name: &str, arguments: &[u64], degree: Degree) -> Goldilocks {
        let (numerator, denominator) = degree.rational_degree().unwrap_or((u64::MAX, u64::MAX));
        self.arguments.fetch_add(arguments.len() as u64, Relaxed);
        self.numerator.fetch_max(numerator, Relaxed);
        self.denominator.fetch_max(denominator, Relaxed);
        Goldilocks::reduce(self.functions.value(name, &[], arguments.iter().copied()))
    }
}

/// A term at a random point of an [`Interpretation`]. Two are equal (`==`) if their values are.
#[derive(Clone)]
pub struct Term {
    value: Goldilocks,
    degree: Degree,
    /// `None` for numbers.
    interpretation: Option<Arc<Interpretation>>,
    /// Of what it is the maximum, if it is one.
    maximum: Option<Maximum>,
}

#[derive(Clone)]
struct Maximum {
    /// The values of the arguments other than numbers, in order.
    set: Arc<[u64]>,
    /// The greatest of the numbers.
    number: Option<Goldilocks>,
    /// A bound for their differences.
    degree: Degree,
    /// Whether the term is −max.
    is_negated: bool,
}

impl Term {
    fn number(value: Goldilocks) -> Self {
        let degree = if value.is_zero() { Degree::zero() } else { Degree::constant() };
        Term { value, degree, interpretation: None, maximum: None }
    }

    fn is_number(&self, value: i64) -> bool {
        self.interpretation.is_none() && self.value == Goldilocks::from(value)
    }

    fn combined(self, other: &Self, value: Goldilocks, degree: Degree) -> Self {
        let interpretation = self.interpretation.or_else(|| other.interpretation.clone());
        Term { value, degree, interpretation, maximum: None }
    }

    fn through(&self, name: &str) -> Option<Self> {
        let interpretation = self.interpretation.as_ref()?;
        let value = interpretation.apply(name, &[self.value.value()], self.degree);
        Some(interpretation.term(value, Degree::variable()))
    }

    /// The arguments of a maximum, of anything else the value itself.
    fn arguments(&self) -> Maximum {
        match &self.maximum {
            Some(maximum) if !maximum.is_negated => maximum.clone(),
            _ => {
                let is_number = self.interpretation.is_none();
                let set: &[u64] = if is_number { &[] } else { &[self.value.value()] };
                let number = is_number.then_some(self.value);
                Maximum { set: set.into(), number, degree: self.degree, is_negated: false }
            }
        }
    }
}

ring_operators! {
    impl for Term;
    zero = Term::number(Goldilocks::zero());
    is_zero = |a| a.value.is_zero();
    one = Term::number(Goldilocks::from(1));
    add = |a, b| if a.is_number(0) {
        b
    } else if b.is_number(0) {
        a
    } else {
        let (value, degree) = (a.value + b.value, a.degree + b.degree);
        a.combined(&b, value, degree)
    };
    multiply = |a, b| if a.is_number(1) {
        b
    } else if b.is_number(1) {
        a
    } else {
        let (value, degree) = (a.value * b.value, a.degree * b.degree);
        a.combined(&b, value, degree)
    };
    negate = |a| {
        let maximum = a.maximum.map(|maximum| Maximum { is_negated: !maximum.is_negated, ..maximum });
        Term { value: -a.value, maximum, ..a }
    };
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Ring for Term {
    fn from_integer(n: i64) -> Self {
        Term::number(n.into())
    }
}

impl DivideByInteger for Term {
    fn divide_by_integer(&self, n: u64) -> Self {
        let value = self.value.divide_by_integer(n);
        Term { value, maximum: None, ..self.clone() }
    }
}

impl Field for Term {
    fn try_reciprocal(&self) -> Option<Self> {
        let (value, degree) = (self.value.try_reciprocal()?, self.degree.try_reciprocal()?);
        Some(Term { value, degree, maximum: None, ..self.clone() })
    }
}

impl Lattice for Term {
    fn maximum(&self, other: &Self) -> Self {
        let Some(interpretation) = self.interpretation.as_ref().or(other.interpretation.as_ref()) else {
            return Term::number(self.value.maximum(&other.value));
        };
        let (one, two) = (self.arguments(), other.arguments());
        let number = one.number.max(two.number);
        let terms = [&one.set[..], &two.set].concat();
        let ordered = |mut list: Vec<u64>| {
            list.sort_unstable();
            list.dedup();
            list
        };
        let set = ordered(terms.iter().copied().chain(number.map(Goldilocks::value)).collect());
        let degree = one.degree + two.degree;
        let mut term = match set[..] {
            [only] if only == self.value.value() => return self.clone(),
            [_] => return other.clone(),
            [a, b] => {
                let [a, b] = [a, b].map(Goldilocks::new);
                let difference = (a - b).value();
                // |a − b| is a function of the lesser of a − b and b − a.
                let magnitude = [difference.min((b - a).value())];
                let absolute = interpretation.apply("Abs", &magnitude, degree);
                let value = (a + b + absolute).divide_by_integer(2);
                interpretation.term(value, degree + Degree::variable())
            }
            _ => interpretation.term(interpretation.apply("Max", &set, degree), Degree::variable()),
        };
        term.maximum = Some(Maximum { set: ordered(terms).into(), number, degree, is_negated: false });
        term
    }
}

impl SquareRoot for Term {
    /// The root of a number is that of GF(p): a fixed function where it is none.
    fn square_root(&self) -> Self {
        self.through("Sqrt").unwrap_or_else(|| Term::number(self.value.square_root()))
    }
}

impl Exponential for Term {
    fn exponential(&self) -> Self {
        self.through("Exp").unwrap_or_else(|| Term::number(self.value.exponential()))
    }
}

impl Logarithm for Term {
    fn logarithm(&self) -> Self {
        self.through("Log").unwrap_or_else(|| Term::number(self.value.logarithm()))
    }
}

impl ErrorFunction for Term {
    fn error_function(&self) -> Self {
        self.through("Erf").unwrap_or_else(|| Term::number(self.value.error_function()))
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, formatter)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, formatter)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;
    use num_traits::One;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::scalar::laws;

    fn unknowns(seed: u64) -> (Arc<Interpretation>, [Term; 4]) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let interpretation = Interpretation::draw(&mut random);
        let unknowns = std::array::from_fn(|_| interpretation.unknown(&mut random));
        (interpretation, unknowns)
    }

    fn two() -> Term {
        Term::from_integer(2)
    }

    #[test]
    fn laws_of_a_field_and_of_maxima() {
        for seed in 0..50 {
            let (_, [x, y, z, w]) = unknowns(seed);
            laws::ring(x.clone(), y.clone(), z.clone(), -7, 12);
            laws::field(x.maximum(&y), 6);
            laws::lattice(x.clone(), y.clone(), z.clone());
            laws::lattice(x.exponential(), y.maximum(&w), z.square_root());
            laws::lattice(two(), Term::from_integer(-3), x.clone());
            // max(x, y) + min(x, y) = x + y, and min is of a set too.
            assert_eq!(x.maximum(&y) + x.minimum(&y), x.clone() + y.clone());
            assert_eq!(x.minimum(&y).minimum(&z), z.minimum(&x).minimum(&y));
            // Sums with 0 and products with 1 leave a maximum what it is.
            let sum = Term::zero() + x.maximum(&y) * Term::one();
            assert_eq!(sum.maximum(&z), x.maximum(&y.maximum(&z)));
        }
    }

    #[test]
    fn what_is_no_law_does_not_hold() {
        for seed in 0..50 {
            let (_, [x, y, z, _]) = unknowns(seed);
            assert_ne!(x.maximum(&y), x);
            assert_ne!(x.maximum(&y).maximum(&z), x.maximum(&y));
            assert_ne!(x.square_root() * x.square_root(), x);
            assert_ne!(x.exponential(), x.square_root());
            assert_ne!(x.logarithm().exponential(), x);
            assert_ne!(x.error_function(), x.exponential());
            assert_ne!(x.exponential() * y.exponential(), (x.clone() + y.clone()).exponential());
            assert_ne!(x.relu(), x.clone());
            // max(2x, 2y) is 2·max(x, y), by a law that terms do not have.
            let doubled = (two() * x.clone()).maximum(&(two() * y.clone()));
            assert_ne!(doubled, two() * x.maximum(&y));
        }
        let ((_, [x, ..]), (_, [y, ..])) = (unknowns(1), unknowns(2));
        assert_ne!(x, y);
    }

    #[test]
    fn numbers_keep_their_meaning() {
        let nine = Term::from_integer(9);
        assert_eq!(nine.square_root(), Term::from_integer(3));
        assert_eq!(Term::zero().exponential(), Term::one());
        assert_eq!(Term::one().logarithm(), Term::zero());
        assert_eq!(Term::zero().error_function(), Term::zero());
        assert_eq!(two().maximum(&Term::from_integer(-5)), two());
        assert_eq!(Term::from_integer(-5).relu(), Term::zero());
    }

    /// x² and x²y under a root, and their sum under a ReLU: arguments of degrees 2 and 3, and of the sum of
    /// two roots against 0.
    #[test]
    fn arguments_and_degrees_are_counted() {
        let (interpretation, [x, y, ..]) = unknowns(0);
        let square = x.clone() * x.clone();
        let roots = square.square_root() + (square * y).square_root();
        let left = arr1(&[roots.relu(), x.clone()]).into_dyn();
        let right = arr1(&[roots.relu(), x]).into_dyn();
        assert_eq!(left, right);
        // Two roots and, twice, the magnitude of one difference: M = 4; d = 3, and D = 1.
        let bound = (20.0_f64 * 3.0 + 1.0).log2() - 64.0;
        let found = interpretation.log2_failure(&left, &right);
        assert!(found >= bound && found < bound + 1e-5, "{found} for {bound}");
        let (interpretation, [x, y, z, _]) = unknowns(0);
        let quotient = x.clone() * (y.clone() * z.clone()).reciprocal();
        let side = arr1(&[(x + quotient.square_root()) * y.reciprocal()]).into_dyn();
        // One argument; (1, 2) has d = 1 + 2; the sides are fractions (1, 1), so that D = 2.
        let bound = (2.0_f64 * 3.0 + 2.0).log2() - 64.0;
        let found = interpretation.log2_failure(&side, &side);
        assert!(found >= bound && found < bound + 1e-5, "{found} for {bound}");
    }
}
