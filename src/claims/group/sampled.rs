//! The law of composition on samples of a continuous group, in floating point beside a bound on its rounding.
//!
//! The elements that are tried form a cyclic group of order m: angles that are multiples of 360°/m, distances
//! that are multiples of n/m. Those a for which a ▷ (b ▷ x) = (a · b) ▷ x for all b are a subgroup of it, and
//! so the multiples of the smallest of them.

use ndarray::{ArrayD, Zip};

use crate::group::{Action, CyclicTranslations, Group, Subgroup, SubgroupError};

/// Both sides of the law of composition, and what rounding can explain of their difference.
pub(super) struct Comparison {
    pub(super) twice: ArrayD<f64>,
    pub(super) once: ArrayD<f64>,
    bound: f64,
}

impl Comparison {
    /// a ▷ (b ▷ x) beside (a · b) ▷ x.
    pub(super) fn of<G: Group>(
        group: &G,
        action: &impl Action<G, ArrayD<f64>>,
        a: &G::Element,
        b: &G::Element,
        x: &ArrayD<f64>,
        bound: f64,
    ) -> Self {
        let twice = action.act(group, a, &action.act(group, b, x));
        Comparison { twice, once: action.act(group, &group.compose(a, b), x), bound }
    }

    /// e ▷ x beside x.
    pub(super) fn of_identity<G: Group>(
        group: &G,
        action: &impl Action<G, ArrayD<f64>>,
        x: &ArrayD<f64>,
        bound: f64,
    ) -> Self {
        Comparison { twice: action.act(group, &group.identity(), x), once: x.clone(), bound }
    }

    /// The largest difference of two entries.
    pub(super) fn error(&self) -> f64 {
        Zip::from(&self.twice)
            .and(&self.once)
            .fold(0.0, |largest, left, right| f64::max(largest, (left - right).abs()))
    }

    /// Whether the sides differ by more than rounding can explain.
    pub(super) fn differs(&self) -> bool {
        self.error() > self.bound
    }
}

/// What came of comparing all pairs.
pub(super) struct Sampled {
    /// The largest difference.
    pub(super) error: f64,
    /// The number of the smallest element but the first that composes with all; the order if there is none.
    pub(super) smallest_step: usize,
}

impl Sampled {
    /// Compares all pairs of elements, numbered 0 … order − 1.
    ///
    /// # Errors
    /// If those that compose with all others are no subgroup, which cannot be.
    pub(super) fn compare_all(
        order: usize,
        compare: impl Fn(usize, usize) -> Comparison,
    ) -> Result<Self, SubgroupError> {
        let group = CyclicTranslations::new([order]);
        let mut error = 0.0;
        let composing = Subgroup::of_elements_where(&group, |a| {
            let mut composes = true;
            for b in 0..order {
                let comparison = compare(group.offsets(a)[0], b);
                error = f64::max(error, comparison.error());
                composes &= !comparison.differs();
            }
            composes
        })?;
        let smallest = composing.elements().iter().map(|a| group.offsets(a)[0]).find(|&step| step > 0);
        Ok(Sampled { error, smallest_step: smallest.unwrap_or(order) })
    }
}
