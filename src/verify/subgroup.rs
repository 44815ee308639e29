//! The preserved subgroup: what is left of a symmetry where all of it does not hold.
//!
//! { g : f∘g = g∘f } is a subgroup for any f (`preserved_subgroup` in `proofs/`), and if it is not the whole
//! group it is at most half of it (`at_most_half`): k random elements then miss the violation with
//! probability at most 2⁻ᵏ. For finite groups of moderate order nothing is left to chance: every element is
//! tried.

use super::examine::{ExamineError, Examiner};
use super::statement::Case;
use crate::group::{FiniteGroup, Subgroup};

/// Largest order for which every element is tried.
pub const LARGEST_ORDER: u128 = 4096;

/// The elements g for which the case of g survives; `None` as a case stands for an element that is not even a
/// candidate (a translation that a stride cannot carry to the output).
///
/// # Errors
/// If the code under test fails, if the group is larger than [`LARGEST_ORDER`], or if the survivors are no
/// subgroup (then the product that is missing is named: the cases are not those of one map and one pair of
/// actions).
pub fn preserved_subgroup<G: FiniteGroup>(
    examiner: &Examiner,
    group: &G,
    case: impl Fn(&G::Element) -> Option<Case>,
) -> Result<Subgroup<G>, ExamineError> {
    if group.order() > LARGEST_ORDER {
        return Err(ExamineError::NothingChecked(format!(
            "{} has {} elements, more than the {LARGEST_ORDER} that are tried one by one",
            group.name(),
            group.order()
        )));
    }
    let mut preserved = Vec::new();
    for element in group.elements() {
        let Some(case) = case(&element) else { continue };
        let survives = examiner
            .survives(&case)
            .map_err(|source| ExamineError::Evaluation { place: format!("g = {element}"), source })?;
        if survives {
            preserved.push(element);
        }
    }
    Subgroup::new(group, preserved).map_err(|error| {
        ExamineError::Contradiction(format!("the elements of {} that are preserved: {error}", group.name()))
    })
}
