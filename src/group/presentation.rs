//! Presentations: a group from generators and relations, as D4 = ⟨ r, s | r⁴ = s² = (r·s)² = e ⟩.
//!
//! That the relations hold in a group that the generators generate makes the group a quotient of what is
//! presented. That nothing more is presented is shown by counting: coset enumeration over the trivial
//! subgroup finds the order of the presented group (J. A. Todd and H. S. M. Coxeter, *A practical method for
//! enumerating cosets of a finite abstract group*, 1936; in the form of D. F. Holt, *Handbook of
//! Computational Group Theory*, section 5.2, HLT). Its cost is about order × total length of the relations,
//! with coset collapses on top.

use thiserror::Error;

use super::laws::Checked;
use super::{FiniteGroup, Subgroup};

/// A product of powers of generators: `[(0, 1), (1, -1)]` is g₀·g₁⁻¹. As a relation, it equals the identity.
pub type Word = [(usize, i32)];

/// Why generators and relations do not present a group.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PresentationError {
    /// A word names a generator that was not given.
    #[error("expected generators numbered below {generators}, but relation {relation} names number {found}")]
    UnknownGenerator {
        /// How many generators there are.
        generators: usize,
        /// The number of the relation.
        relation: usize,
        /// The generator that it names.
        found: usize,
    },
    /// A relation does not hold in the group.
    #[error("relation {relation} does not hold in {group}: the word equals {value}, not Id")]
    RelationFails {
        /// The group.
        group: String,
        /// The number of the relation.
        relation: usize,
        /// What its word equals.
        value: String,
    },
    /// The generators generate a smaller group.
    #[error(
        "expected generators of {group}, of order {expected}, but they generate a subgroup of order {found}"
    )]
    NotGenerating {
        /// The group.
        group: String,
        /// Its order.
        expected: u128,
        /// The order of the subgroup that is generated.
        found: u128,
    },
    /// The relations present a larger group.
    #[error("the relations present more than {group}: expected order {expected}, found {found}")]
    PresentsMore {
        /// The group.
        group: String,
        /// Its order.
        expected: u128,
        /// The order of the presented group.
        found: usize,
    },
    /// The enumeration was given up: the presented group is larger, infinite, or hard to enumerate.
    #[error("the relations were not seen to present {group}: more than {limit} cosets were defined")]
    Undecided {
        /// The group.
        group: String,
        /// How many cosets were allowed.
        limit: usize,
    },
}

/// Whether these elements of the group, under these relations (words that equal the identity), present it.
/// The cases counted are the relations and the elements of the presented group.
///
/// Enumerates up to a thousand cosets, and a hundred for each element of the group.
///
/// # Errors
/// If a relation does not hold, the elements do not generate the group, or the relations present a larger
/// group.
pub fn check_presentation<G: FiniteGroup>(
    group: &G,
    generators: &[G::Element],
    relations: &[&Word],
) -> Result<Checked, PresentationError> {
    for (relation, word) in relations.iter().enumerate() {
        let value = value_of(group, generators, word).map_err(|found| {
            PresentationError::UnknownGenerator { generators: generators.len(), relation, found }
        })?;
        if value != group.identity() {
            let (group, value) = (group.name(), value.to_string());
            return Err(PresentationError::RelationFails { group, relation, value });
        }
    }
    let (expected, generated) = (group.order(), Subgroup::generated_by(group, generators).order());
    let name = group.name();
    if generated != expected {
        return Err(PresentationError::NotGenerating { group: name, expected, found: generated });
    }
    let limit = 1000 + 100 * generated as usize;
    match presented_order(generators.len(), relations, limit) {
        Some(order) if order as u128 == expected => {
            Ok(Checked { cases: (relations.len() + order) as u64, exhaustive: true })
        }
        Some(found) => Err(PresentationError::PresentsMore { group: name, expected, found }),
        None => Err(PresentationError::Undecided { group: name, limit }),
    }
}

/// The value of a word, or the generator that is missing.
fn value_of<G: FiniteGroup>(group: &G, generators: &[G::Element], word: &Word) -> Result<G::Element, usize> {
    let mut value = group.identity();
    for &(generator, exponent) in word {
        let base = generators.get(generator).ok_or(generator)?;
        let base = if exponent < 0 { group.inverse(base) } else { base.clone() };
        for _ in 0..exponent.unsigned_abs() {
            value = group.compose(&value, &base);
        }
    }
    Ok(value)
}

/// The order of the group presented by so many generators and these relations, or `None` if the enumeration
/// needs more than `limit` cosets.
///
/// # Panics
/// If a relation names a generator that is not there.
#[must_use]
pub fn presented_order(generators: usize, relations: &[&Word], limit: usize) -> Option<usize> {
    let relations: Vec<_> = relations.iter().map(|word| letters(word, generators)).collect();
    let mut table = CosetTable { letters: 2 * generators, rows: Vec::new(), merged_into: Vec::new() };
    table.add_coset();
    let mut coset = 0;
    while coset < table.rows.len() {
        for word in &relations {
            if table.is_live(coset) {
                table.scan_and_fill(coset, word);
            }
        }
        for letter in 0..table.letters {
            if table.is_live(coset) && table.rows[coset][letter].is_none() {
                table.define(coset, letter);
            }
        }
        if table.rows.len() > limit {
            return None;
        }
        coset += 1;
    }
    Some((0..table.rows.len()).filter(|&coset| table.is_live(coset)).count())
}

/// A word letter by letter: generator g is letter 2g, its inverse 2g + 1.
fn letters(word: &Word, generators: usize) -> Vec<usize> {
    let spell = |&(generator, exponent): &(usize, i32)| {
        assert!(generator < generators, "expected a generator below {generators}, found {generator}");
        std::iter::repeat_n(2 * generator + usize::from(exponent < 0), exponent.unsigned_abs() as usize)
    };
    word.iter().flat_map(spell).collect()
}

fn inverse(letter: usize) -> usize {
    letter ^ 1
}

/// Where each letter takes each coset of the trivial subgroup, as far as known.
struct CosetTable {
    letters: usize,
    rows: Vec<Vec<Option<usize>>>,
    /// The coset that a coset turned out to be equal to: itself while it is live.
    merged_into: Vec<usize>,
}

impl CosetTable {
    fn is_live(&self, coset: usize) -> bool {
        self.merged_into[coset] == coset
    }

    fn live_coset(&self, mut coset: usize) -> usize {
        while !self.is_live(coset) {
            coset = self.merged_into[coset];
        }
        coset
    }

    fn add_coset(&mut self) -> usize {
        let coset = self.rows.len();
        self.rows.push(vec![None; self.letters]);
        self.merged_into.push(coset);
        coset
    }

    fn define(&mut self, coset: usize, letter: usize) {
        let image = self.add_coset();
        self.connect(coset, letter, image);
    }

    fn connect(&mut self, coset: usize, letter: usize, image: usize) {
        self.rows[coset][letter] = Some(image);
        self.rows[image][inverse(letter)] = Some(coset);
    }

    /// Makes the word lead from the coset back to itself: traces it from both ends, defines cosets until they
    /// meet.
    fn scan_and_fill(&mut self, coset: usize, word: &[usize]) {
        let (mut front, mut back) = (coset, coset);
        let (mut start, mut end) = (0, word.len());
        loop {
            while start < end
                && let Some(next) = self.rows[front][word[start]]
            {
                (front, start) = (next, start + 1);
            }
            while start < end
                && let Some(next) = self.rows[back][inverse(word[end - 1])]
            {
                (back, end) = (next, end - 1);
            }
            match end - start {
                0 => return self.merge(front, back),
                1 => return self.connect(front, word[start], back),
                _ => self.define(front, word[start]),
            }
        }
    }

    /// Two cosets are one, and so are their images under every letter.
    fn merge(&mut self, first: usize, second: usize) {
        let mut equal = vec![(first, second)];
        while let Some((a, b)) = equal.pop() {
            let (a, b) = (self.live_coset(a), self.live_coset(b));
            let (kept, dropped) = (a.min(b), a.max(b));
            if kept == dropped {
                continue;
            }
            self.merged_into[dropped] = kept;
            for letter in 0..self.letters {
                let Some(image) = self.rows[dropped][letter].take() else { continue };
                self.rows[image][inverse(letter)] = None;
                let (coset, image) = (self.live_coset(kept), self.live_coset(image));
                if let Some(other) = self.rows[coset][letter] {
                    equal.push((image, other));
                } else if let Some(other) = self.rows[image][inverse(letter)] {
                    equal.push((coset, other));
                } else {
                    self.connect(coset, letter, image);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{C4, D4, Flip, Hyperoctahedral, Rotation, Symmetric, p4};

    /// The presentation, with the generators that the group itself names.
    fn check<G: FiniteGroup>(group: &G, relations: &[&Word]) -> Result<Checked, PresentationError> {
        check_presentation(group, &group.generators(), relations)
    }

    #[test]
    fn quarter_turns_and_the_square() {
        assert_eq!(check(&C4, &[&[(0, 4)]]), Ok(Checked { cases: 1 + 4, exhaustive: true }));
        let rotation_reflection = [(0, 1), (1, 1), (0, 1), (1, 1)];
        let relations: [&Word; 3] = [&[(0, 4)], &[(1, 2)], &rotation_reflection];
        assert_eq!(check(&D4, &relations), Ok(Checked { cases: 3 + 8, exhaustive: true }));
    }

    #[test]
    fn permutations_signed_permutations_and_p4() {
        let s4 = Symmetric::new(4).expect("small");
        // ⟨ a, b | a² = b⁴ = (a·b)³ = e ⟩ for a = (0 1), b = (0 1 2 3).
        let product: Vec<_> = [(0, 1), (1, 1)].repeat(3);
        assert!(check(&s4, &[&[(0, 2)], &[(1, 4)], &product]).is_ok());
        // Coxeter's B_3: the reversal 0 of the last axis, the exchanges 1 and 2.
        let relations: [&Word; 6] = [
            &[(0, 2)],
            &[(1, 2)],
            &[(2, 2)],
            &[(0, 1), (1, 1)].repeat(2),
            &[(1, 1), (2, 1)].repeat(3),
            &[(2, 1), (0, 1)].repeat(4),
        ];
        assert!(check(&Hyperoctahedral::<3>, &relations).is_ok());
        // r·T(1,0)·r⁻¹ = T(0,1) and r·T(0,1)·r⁻¹ = T(−1,0).
        let relations: [&Word; 5] = [
            &[(0, 3)],
            &[(2, 4)],
            &[(0, 1), (1, 1), (0, -1), (1, -1)],
            &[(2, 1), (0, 1), (2, -1), (1, -1)],
            &[(2, 1), (1, 1), (2, -1), (0, 1)],
        ];
        assert_eq!(check(&p4(3), &relations), Ok(Checked { cases: 5 + 36, exhaustive: true }));
    }

    /// Presentations in which cosets turn out to be equal only late, in images under letters read backwards.
    #[test]
    fn coincidences_are_followed_in_both_directions() {
        // b⁻¹·a⁻¹·b = e, so that a = e, and b⁵ = b⁴ = e; then b·a·a⁻²·b⁻¹ = e says the same.
        let powers = [(0, -1), (1, 1)].repeat(5);
        let trivial: [&Word; 4] = [&powers, &[(1, -1), (0, -1), (1, 1)], &[(1, 4)], &[(0, 2)]];
        assert_eq!(presented_order(2, &trivial, 100), Some(1));
        let powers = [(0, -1), (1, -1)].repeat(5);
        let same: &Word = &[(1, 1), (0, 1), (0, -2), (1, -1)];
        let trivial: [&Word; 4] = [same, &powers, &[(0, 2)], &[(1, 4)]];
        assert_eq!(presented_order(2, &trivial, 100), Some(1));
    }

    #[test]
    fn what_does_not_present_the_group_is_told() {
        let wrong = check(&D4, &[&[(0, 2)]]).expect_err("a quarter turn has order 4");
        assert_eq!(wrong.to_string(), "relation 0 does not hold in D4: the word equals Rot180, not Id");
        let few = check_presentation(&D4, &[Rotation::Rot90.into()], &[&[(0, 4)]]);
        let expected = PresentationError::NotGenerating { group: "D4".into(), expected: 8, found: 4 };
        assert_eq!(few, Err(expected));
        // r⁴ = s² = (r·s)⁴ = (r²·s)² = e presents a group of order 16 (r² is central, the quotient by it is
        // D4).
        let (turn, mirror) = (Rotation::Rot90.into(), Flip::Reflect.into());
        let relations: [&Word; 4] =
            [&[(0, 4)], &[(1, 2)], &[(0, 1), (1, 1)].repeat(4), &[(0, 2), (1, 1)].repeat(2)];
        let more = check_presentation(&D4, &[turn, mirror], &relations);
        let expected = PresentationError::PresentsMore { group: "D4".into(), expected: 8, found: 16 };
        assert_eq!(more, Err(expected));
        let infinite = check(&D4, &[&[(0, 4)], &[(1, 2)]]);
        assert_eq!(infinite, Err(PresentationError::Undecided { group: "D4".into(), limit: 1800 }));
        let unknown = check(&C4, &[&[(1, 2)]]);
        let expected = PresentationError::UnknownGenerator { generators: 1, relation: 0, found: 1 };
        assert_eq!(unknown, Err(expected));
    }
}
