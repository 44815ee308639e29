//! The oracle reading: a random interpretation, in which equal values prove equal functions.
//!
//! # What it is
//! A program is read as a set of *terms*: polynomials with coefficients in Z\[1/2\] (floats are dyadic) whose
//! variables are the inputs and *applications* φ(t₁, …, tₖ) of function symbols to terms. Of a symbol nothing
//! is known but that it is a function, with these laws, all true of the real functions:
//!
//! - max is a function of the set of its arguments; max(a) = a; max(a, b) = (a + b + |a − b|)/2;
//!   min(a, …) = −max(−a, …);
//! - odd functions (tanh, erf, sin, 1/x, …) satisfy φ(−t) = −φ(t), even ones (|x|, cos, …) φ(−t) = φ(t);
//! - a/b = a · (1/b), and nothing of (1/b) · b, which is 1 only where b is not 0;
//! - the logistic function is (1 + tanh(x/2))/2, and a leaky ReLU (1 + α)/2 · x + (1 − α)/2 · |x|.
//!
//! Terms are not written out. They are evaluated at a random point of a random interpretation: a prime p is
//! drawn uniformly from those in (2⁶⁰, 2⁶¹), each input is uniform in GF(p), and each symbol is a random
//! function GF(p)ᵏ → GF(p) with its laws.
//!
//! # The theorem
//! *If two terms are equal as terms, they are equal as real functions wherever both are defined. If they are
//! not, their random values are equal with probability at most*
//!
//! > (M² + M) · ε(d, b) + ε(D, B), where ε(d, b) = d / 2⁶⁰ + (1 + b/60) / π
//!
//! *Here M counts the arguments of all applications in both terms, d is the largest degree of an argument and
//! b the bits of its coefficients, D and B are the same of the two terms, and π = 1.6·10¹⁶ is less than the
//! number of primes between 2⁶⁰ and 2⁶¹* (Rosser and Schoenfeld 1962: π(2x) − π(x) > 3x/(5 ln x)).
//!
//! *Proof.* The first sentence holds as all laws are true of the real functions: a real interpretation of the
//! symbols gives both terms their values, and it gives equal terms equal ones. A partial function changes
//! nothing: equal terms apply it to equal arguments.
//!
//! For the second, call two applications the same if their symbols and (up to the laws) their argument terms
//! are. Consider the *ideal* experiment, in which every class of applications is given a uniform value of its
//! own, independent of all others. The real experiment differs from it only if two arguments that are
//! different terms get values that are equal or opposite in the ideal one, or one that is not the zero term
//! gets the value 0: as long as that does not happen, a random function is asked at a new place for every
//! class, and answers with a new uniform number; signs are then taken out alike too.
//!
//! In the ideal experiment all variables are independent and uniform. Let s ≠ ±t be arguments, or s ≠ 0. The
//! polynomial s ∓ t is not zero; take one of its coefficients, times a power of two an integer of at most b
//! bits that is not zero. It has at most b/60 prime factors above 2⁶⁰, so that a random p is one of them with
//! probability at most (1 + b/60)/π. Otherwise the polynomial is not zero over GF(p), and of degree at most
//! d: it vanishes at a random point with probability at most d/p (Schwartz 1980, Zippel 1979). There are at
//! most M(M − 1)/2 pairs, two signs for each, and M arguments. Where nothing of this happens, the same
//! argument applies to the difference of the two terms. ∎
//!
//! The core of it is checked by machine for functions without laws over a given field: `oracle_soundness` in
//! `proofs/Oracle.v`.
//!
//! Several independent keys (prime, point and functions) multiply their probabilities. A conjecture, f(g ▷ x)
//! = σ f(x) with a permutation σ that is named before, is false because of one entry at least, and survives
//! with that probability. Where σ is found by looking at values, it is one of many, and their number
//! multiplies it: permutations of n slices, each of which is moved to one place, count as n² conjectures
//! about two slices, those of n entries as n².
//!
//! The random functions are those of SipHash 1-3 with a secret key (Aumasson and Bernstein, *SipHash: a fast
//! short-input PRF*, 2012), reduced from 128 bits, which is uniform up to 2⁻⁶⁷. That SipHash cannot be told
//! from a random function is an assumption. A model cannot be made against the keys: they are drawn when it
//! is judged.
//!
//! What differs is *not shown*, not refuted: other laws of the functions, such as max(2a, 0) = 2 max(a, 0),
//! are not used. Numbers that are not finite have no place in this arithmetic; who proves has to refuse them
//! first.

mod failure;
mod prime;

use std::hash::{BuildHasher, RandomState};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

pub(super) use failure::{Failure, has_infinities};
use prime::PrimeField;

use super::{Arithmetic, Function, Symbol, Unreadable};
use crate::scalar::RandomFunctions;

/// A random interpretation.
#[derive(Clone, Debug)]
pub struct Oracle {
    field: PrimeField,
    functions: RandomFunctions,
}

/// An element of the field of an [`Oracle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Residue(u64);

/// A generator of keys, seeded by the entropy of the operating system: whoever made a model cannot know it.
pub(super) fn entropy() -> ChaCha20Rng {
    let state = RandomState::new();
    let mut seed = [0; 32];
    for (word, place) in seed.chunks_exact_mut(8).zip(0_u64..) {
        word.copy_from_slice(&state.hash_one(place).to_le_bytes());
    }
    ChaCha20Rng::from_seed(seed)
}

impl Oracle {
    /// An interpretation that is drawn at random.
    pub fn draw(random: &mut impl Rng) -> Self {
        Oracle { field: PrimeField::draw(random), functions: RandomFunctions::draw(random) }
    }

    /// A uniform element, for an input.
    pub fn uniform(&self, random: &mut impl Rng) -> Residue {
        Residue(self.field.reduce(random.random()))
    }

    /// The random function of this name at a list of arguments.
    fn random_function(&self, name: &str, parameters: &[f64], arguments: impl Iterator<Item = u64>) -> u64 {
        self.field.reduce(self.functions.value(name, parameters, arguments))
    }

    /// A function with φ(−a) = φ(a).
    fn even(&self, name: &str, argument: u64) -> u64 {
        let (magnitude, _) = self.field.without_sign(argument);
        self.random_function(name, &[], std::iter::once(magnitude))
    }

    /// A function with φ(−a) = −φ(a) for a ≠ 0. Of φ(0) nothing is known: 1/x has no value there.
    fn odd(&self, name: &str, argument: u64) -> u64 {
        let (magnitude, is_opposite) = self.field.without_sign(argument);
        let value = self.random_function(name, &[], std::iter::once(magnitude));
        if is_opposite { self.field.negate(value) } else { value }
    }

    /// |a|, of which |0| = 0 is known too.
    fn absolute(&self, argument: u64) -> u64 {
        if argument == 0 { 0 } else { self.even("Abs", argument) }
    }

    fn greatest(&self, mut set: Vec<u64>) -> u64 {
        set.sort_unstable();
        set.dedup();
        match set[..] {
            [only] => only,
            [a, b] => {
                let (sum, difference) = (self.field.add(a, b), self.field.subtract(a, b));
                self.field.halve(self.field.add(sum, self.absolute(difference)))
            }
            _ => self.random_function("Max", &[], set.into_iter()),
        }
    }

    fn symbol(&self, symbol: &Symbol, arguments: &[&Residue]) -> u64 {
        let field = &self.field;
        match (symbol.name.as_str(), arguments, &symbol.parameters[..]) {
            ("Sin" | "Tan" | "Asin" | "Atan" | "Sinh" | "Asinh" | "Atanh" | "Sign", [a], []) => {
                self.odd(&symbol.name, a.0)
            }
            ("Cos" | "Cosh", [a], []) => self.even(&symbol.name, a.0),
            ("LeakyRelu", [a], [slope]) if slope.is_finite() => {
                let (one, slope) = (field.float(1.0), field.float(*slope));
                let linear = field.multiply(field.halve(field.add(one, slope)), a.0);
                let even = field.multiply(field.halve(field.subtract(one, slope)), self.absolute(a.0));
                field.add(linear, even)
            }
            (name, _, parameters) => self.random_function(name, parameters, arguments.iter().map(|a| a.0)),
        }
    }
}

impl Arithmetic for Oracle {
    type Element = Residue;

    /// The exact image of a finite float. One that is not finite is an unknown of its own.
    fn constant(&self, value: f64) -> Residue {
        Residue(match value.is_finite() {
            true => self.field.float(value),
            false => self.random_function("not finite", &[value], std::iter::empty()),
        })
    }

    fn dot(&self, a: &[Residue], b: &[Residue]) -> Residue {
        Residue(self.field.dot(a, b, |entry| entry.0))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Residue>) -> Residue {
        Residue(entries.fold(0, |sum, entry| self.field.add(sum, entry.0)))
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Residue>) -> Result<Residue, Unreadable> {
        Ok(Residue(self.greatest(entries.map(|entry| entry.0).collect())))
    }

    fn apply(&self, function: &Function, arguments: &[&Residue]) -> Result<Residue, Unreadable> {
        let field = &self.field;
        let list = || arguments.iter().map(|argument| argument.0);
        let value = match (function, arguments) {
            (Function::Add, [a, b]) => field.add(a.0, b.0),
            (Function::Subtract, [a, b]) => field.subtract(a.0, b.0),
            (Function::Multiply, [a, b]) => field.multiply(a.0, b.0),
            (Function::Divide, [a, b]) => field.multiply(a.0, self.odd("Reciprocal", b.0)),
            (Function::Negate, [a]) => field.negate(a.0),
            (Function::Maximum, [_, ..]) => self.greatest(list().collect()),
            (Function::Minimum, [_, ..]) => {
                field.negate(self.greatest(list().map(|entry| field.negate(entry)).collect()))
            }
            (Function::Absolute, [a]) => self.absolute(a.0),
            (Function::HyperbolicTangent, [a]) => self.odd("Tanh", a.0),
            (Function::Erf, [a]) => self.odd("Erf", a.0),
            (Function::Sigmoid, [a]) => {
                let tangent = self.odd("Tanh", field.halve(a.0));
                field.halve(field.add(field.float(1.0), tangent))
            }
            (Function::Other(symbol), _) => self.symbol(symbol, arguments),
            (function, _) => self.random_function(&format!("{function:?}"), &[], list()),
        };
        Ok(Residue(value))
    }

    fn apply_to_list(&self, symbol: &Symbol, list: &[&Residue]) -> Result<Residue, Unreadable> {
        // A name that no function of entries has.
        let name = format!("list {}", symbol.name);
        Ok(Residue(self.random_function(&name, &symbol.parameters, list.iter().map(|entry| entry.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle(seed: u64) -> (Oracle, [Residue; 3]) {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let oracle = Oracle::draw(&mut random);
        let point = std::array::from_fn(|_| oracle.uniform(&mut random));
        (oracle, point)
    }

    /// The laws that the theorem names hold for every key, and what is no law does not.
    #[test]
    fn the_laws_hold_and_no_others() {
        for seed in 0..20 {
            let (oracle, [x, y, z]) = oracle(seed);
            let apply =
                |function: Function, arguments: &[&Residue]| oracle.apply(&function, arguments).unwrap();
            let negate = |a: Residue| apply(Function::Negate, &[&a]);
            let number = |value: f64| oracle.constant(value);
            let maximum = |list: &[&Residue]| apply(Function::Maximum, list);

            assert_eq!(maximum(&[&x, &y, &z, &x]), maximum(&[&z, &y, &x]));
            assert_eq!(maximum(&[&x, &x]), x);
            assert_ne!(maximum(&[&x, &y, &z]), maximum(&[&x, &y]));
            assert_eq!(apply(Function::Minimum, &[&x, &y]), negate(maximum(&[&negate(y), &negate(x)])));
            // max(x, y) + min(x, y) = x + y
            let least = apply(Function::Minimum, &[&x, &y]);
            assert_eq!(apply(Function::Add, &[&maximum(&[&x, &y]), &least]), apply(Function::Add, &[&x, &y]));

            for function in [Function::HyperbolicTangent, Function::Erf, Function::named("Sin")] {
                assert_eq!(apply(function.clone(), &[&negate(x)]), negate(apply(function, &[&x])));
            }
            for function in [Function::Absolute, Function::named("Cos")] {
                assert_eq!(apply(function.clone(), &[&negate(x)]), apply(function, &[&x]));
            }
            assert_ne!(apply(Function::Exponential, &[&negate(x)]), apply(Function::Exponential, &[&x]));
            assert_ne!(apply(Function::Exponential, &[&x]), apply(Function::Logarithm, &[&x]));

            // The quotient of x by itself is not 1, as 0 has none; that by −x is its opposite.
            let quotient = apply(Function::Divide, &[&x, &x]);
            assert_ne!(quotient, number(1.0));
            assert_eq!(apply(Function::Divide, &[&x, &negate(x)]), negate(quotient));

            let slope =
                |slope: f64| Function::Other(Symbol { name: "LeakyRelu".into(), parameters: vec![slope] });
            let zero = number(0.0);
            assert_eq!(apply(slope(0.0), &[&x]), maximum(&[&x, &zero]));
            assert_eq!(apply(slope(1.0), &[&x]), x);
            assert_ne!(apply(slope(0.25), &[&x]), apply(slope(0.5), &[&x]));
        }
    }

    #[test]
    fn keys_differ() {
        let ((one, [x, ..]), (other, [y, ..])) = (oracle(1), oracle(2));
        assert_ne!(x, y);
        let value = |oracle: &Oracle| oracle.apply(&Function::Exponential, &[&Residue(5)]).unwrap();
        assert_ne!(value(&one), value(&other));
        assert_ne!(entropy().random::<u64>(), entropy().random::<u64>());
    }

    #[test]
    fn sums_and_products_are_those_of_a_ring() {
        let (oracle, [x, y, z]) = oracle(3);
        let number = |value: f64| oracle.constant(value);
        let sum = oracle.sum(&mut [x, y, z].iter());
        assert_eq!(oracle.dot(&[x, y, z], &[number(1.0); 3]), sum);
        let doubled = oracle.dot(&[sum], &[number(2.0)]);
        assert_eq!(doubled, oracle.dot(&[x, y, z, x, y, z], &[number(1.0); 6]));
    }
}
