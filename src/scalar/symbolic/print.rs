//! Symbolic expressions as people write them: `w[0,1]·x[2] + 3·relu(x[0] − 1)`.
//!
//! Terms of higher degree come first, then those whose variables come first by name (`x[2]` before `x[10]`),
//! and likewise the factors of a term and the arguments of a maximum. So what is printed depends on the
//! expression only.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::atom::Atom;
use super::atom_id::AtomId;
use super::{Rational, Symbolic};

/// Prints each atom once, however often it occurs.
#[derive(Default)]
struct Printer {
    atoms: HashMap<AtomId, Factor>,
}

/// An atom as text; variables come before functions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Factor {
    is_function: bool,
    text: Natural,
}

/// A text in its natural order: runs of digits are compared as numbers.
#[derive(Clone, PartialEq, Eq)]
struct Natural(Rc<str>);

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (&*self.0, &*other.0);
        while let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) {
            let (m, n) = (leading_digits(left), leading_digits(right));
            let order = if m.is_empty() || n.is_empty() { a.cmp(&b) } else { compare_numbers(m, n) };
            if order.is_ne() {
                return order;
            }
            left = &left[m.len().max(a.len_utf8())..];
            right = &right[n.len().max(b.len_utf8())..];
        }
        // Numbers may be equal that are written differently: with leading zeros.
        left.len().cmp(&right.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn leading_digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

fn compare_numbers(m: &str, n: &str) -> Ordering {
    let [m, n] = [m, n].map(|digits| digits.trim_start_matches('0'));
    m.len().cmp(&n.len()).then_with(|| m.cmp(n))
}

impl Printer {
    fn expression(&mut self, expression: &Symbolic) -> String {
        let mut terms: Vec<_> = expression
            .terms
            .iter()
            .map(|(monomial, coefficient)| {
                let mut factors: Vec<_> = monomial
                    .factors()
                    .iter()
                    .map(|&(id, exponent)| (self.factor(id), Reverse(exponent)))
                    .collect();
                factors.sort();
                (Reverse(monomial.degree()), factors, coefficient)
            })
            .collect();
        terms.sort();
        let mut text = String::new();
        for (position, (_, factors, coefficient)) in terms.into_iter().enumerate() {
            text += match (position, coefficient.is_negative()) {
                (0, false) => "",
                (0, true) => "−",
                (_, false) => " + ",
                (_, true) => " − ",
            };
            let magnitude = coefficient.abs();
            let number =
                (magnitude != Rational::from(1) || factors.is_empty()).then(|| magnitude.to_string());
            let powers = factors.iter().map(|(factor, Reverse(exponent))| power(&factor.text.0, *exponent));
            text += &number.into_iter().chain(powers).collect::<Vec<_>>().join("·");
        }
        if text.is_empty() { "0".to_owned() } else { text }
    }

    fn factor(&mut self, id: AtomId) -> Factor {
        if let Some(factor) = self.atoms.get(&id) {
            return factor.clone();
        }
        let atom = id.atom();
        let text = match &*atom {
            Atom::Variable(name) => name.clone(),
            Atom::Maximum(arguments) => {
                let (mut constants, mut texts) = (Vec::new(), Vec::new());
                for argument in arguments {
                    let list = if argument.as_constant().is_some() { &mut constants } else { &mut texts };
                    list.push(Natural(self.expression(argument).into()));
                }
                texts.sort();
                match (&texts[..], &constants[..]) {
                    ([only], [constant]) if &*constant.0 == "0" => format!("relu({})", only.0),
                    _ => {
                        let texts: Vec<_> = texts.iter().chain(&constants).map(|text| &*text.0).collect();
                        format!("max({})", texts.join(", "))
                    }
                }
            }
            Atom::Reciprocal(argument) => format!("1/({})", self.expression(argument)),
            Atom::SquareRoot(argument) => format!("√({})", self.expression(argument)),
            Atom::Exponential(argument) => format!("exp({})", self.expression(argument)),
            Atom::Logarithm(argument) => format!("log({})", self.expression(argument)),
            Atom::ErrorFunction(argument) => format!("erf({})", self.expression(argument)),
        };
        let is_function = !matches!(*atom, Atom::Variable(_));
        let factor = Factor { is_function, text: Natural(text.into()) };
        self.atoms.insert(id, factor.clone());
        factor
    }
}

fn power(base: &str, exponent: u32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match exponent {
        1 => base.to_owned(),
        _ => {
            let digits = exponent.to_string();
            base.chars().chain(digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')])).collect()
        }
    }
}

impl fmt::Display for Symbolic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&Printer::default().expression(self))
    }
}

impl fmt::Debug for Symbolic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
