//! Products of powers of atoms.

use super::atom_id::AtomId;

/// Atoms with positive exponents, in increasing order of the atoms' numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monomial(Box<[(AtomId, u32)]>);

impl Monomial {
    /// The power 1 of one atom.
    pub fn atom(atom: AtomId) -> Self {
        Monomial(Box::new([(atom, 1)]))
    }

    /// Whether this is the empty product 1.
    pub fn is_one(&self) -> bool {
        self.0.is_empty()
    }

    /// The atoms and their exponents.
    pub fn factors(&self) -> &[(AtomId, u32)] {
        &self.0
    }

    /// The sum of the exponents.
    pub fn degree(&self) -> u64 {
        self.0.iter().map(|(_, exponent)| u64::from(*exponent)).sum()
    }

    /// The product, by merging.
    ///
    /// # Panics
    /// If an exponent exceeds 2³² − 1.
    pub fn product(&self, other: &Self) -> Self {
        if self.is_one() || other.is_one() {
            return if self.is_one() { other.clone() } else { self.clone() };
        }
        let mut factors = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&(a, m)), Some(&&(b, n))) = (left.peek(), right.peek()) {
            if a <= b {
                left.next();
            }
            if b <= a {
                right.next();
            }
            factors.push(match a.cmp(&b) {
                std::cmp::Ordering::Less => (a, m),
                std::cmp::Ordering::Greater => (b, n),
                std::cmp::Ordering::Equal => (a, m.checked_add(n).expect("an exponent below 2³²")),
            });
        }
        factors.extend(left.chain(right));
        Monomial(factors.into())
    }
}
