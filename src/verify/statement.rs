//! A statement: an identity for every size, to be proved at some sizes and refuted at the smallest.
//!
//! A size is a short list of numbers whose meaning the statement names (`height`, `width`, `kernel` …). For
//! each size there are one or more cases, one for each group element that has to be tried: the generators, by
//! the theorem *generators suffice* (`generators_suffice` in `proofs/`): { g : f∘g = g∘f } is a subgroup, so
//! it is everything once it contains a generating set.

use std::sync::Arc;

use super::identity::{AnyIdentity, Failure, Identity};

/// One identity of a statement, for one size and (where a group acts) one element.
#[derive(Clone)]
pub struct Case {
    /// The group element, as people write it.
    pub element: Option<String>,
    /// The two sides.
    pub identity: Arc<dyn AnyIdentity>,
}

impl Case {
    /// A case that involves no group element.
    pub fn new(identity: impl Identity + 'static) -> Self {
        Case { element: None, identity: Arc::new(identity) }
    }

    /// A case for one group element.
    pub fn for_element(element: impl ToString, identity: impl Identity + 'static) -> Self {
        Case { element: Some(element.to_string()), identity: Arc::new(identity) }
    }
}

type Cases = dyn Fn(&[usize]) -> Result<Vec<Case>, Failure> + Send + Sync;

/// An identity for every size.
#[derive(Clone)]
pub struct Statement {
    pub(super) dimensions: Vec<String>,
    pub(super) sizes: Vec<Vec<usize>>,
    pub(super) large: Vec<Vec<usize>>,
    pub(super) smallest: Option<Vec<usize>>,
    pub(super) linear_in: Option<usize>,
    cases: Arc<Cases>,
}

impl Statement {
    /// A statement whose sizes are described by `dimensions`, with the identities that make it up at each
    /// size. Dimensions with empty names are those of a shape: `4 × 5`.
    ///
    /// `cases` returns an empty list for a size that makes no sense (a kernel larger than the signal); at
    /// least one of the sizes added with [`at`](Statement::at) must have a case, or the examination is an
    /// error.
    pub fn new<F>(dimensions: &[&str], cases: F) -> Self
    where
        F: Fn(&[usize]) -> Result<Vec<Case>, Failure> + Send + Sync + 'static,
    {
        Statement {
            dimensions: dimensions.iter().map(|&name| name.to_owned()).collect(),
            sizes: Vec::new(),
            large: Vec::new(),
            smallest: None,
            linear_in: None,
            cases: Arc::new(cases),
        }
    }

    /// A statement that has one size only.
    pub fn single(identity: impl Identity + 'static) -> Self {
        let case = Case::new(identity);
        Statement::new(&[], move |_| Ok(vec![case.clone()])).at([])
    }

    /// Examine the statement at this size, by every reading.
    ///
    /// # Panics
    /// If there are not as many numbers as the statement has dimensions.
    #[must_use]
    pub fn at(mut self, size: impl Into<Vec<usize>>) -> Self {
        let size = self.size(size);
        self.sizes.push(size);
        self
    }

    /// Examine the statement at this size too, but only by the readings on numbers: a size that is too large
    /// for symbols.
    ///
    /// # Panics
    /// If there are not as many numbers as the statement has dimensions.
    #[must_use]
    pub fn at_large(mut self, size: impl Into<Vec<usize>>) -> Self {
        let size = self.size(size);
        self.large.push(size);
        self
    }

    /// Let a counterexample shrink down to this size. Without it, counterexamples have one of the given
    /// sizes.
    ///
    /// # Panics
    /// If there are not as many numbers as the statement has dimensions.
    #[must_use]
    pub fn shrinking_to(mut self, smallest: impl Into<Vec<usize>>) -> Self {
        let smallest = self.size(smallest);
        self.smallest = Some(smallest);
        self
    }

    fn size(&self, size: impl Into<Vec<usize>>) -> Vec<usize> {
        let size = size.into();
        assert_eq!(
            size.len(),
            self.dimensions.len(),
            "a size has one number for each of {:?}",
            self.dimensions
        );
        size
    }

    /// Both sides are linear in this unknown (counted from 0): the symbolic reading then puts the basis
    /// vectors there instead of variables, by the theorem *basis suffices* (`basis_suffices` in `proofs/`),
    /// after a certificate over GF(p) that they are linear indeed.
    #[must_use]
    pub fn linear_in(mut self, unknown: usize) -> Self {
        self.linear_in = Some(unknown);
        self
    }

    /// The cases at a size.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    pub fn cases(&self, size: &[usize]) -> Result<Vec<Case>, Failure> {
        (self.cases)(size)
    }

    /// A size as people read it: `height 4, width 5`, or `4 × 5` where the dimensions have no names.
    pub(super) fn describe(&self, size: &[usize]) -> String {
        if self.dimensions.iter().all(String::is_empty) {
            let extents: Vec<String> = size.iter().map(ToString::to_string).collect();
            return extents.join(" × ");
        }
        let parts: Vec<String> =
            self.dimensions.iter().zip(size).map(|(name, number)| format!("{name} {number}")).collect();
        parts.join(", ")
    }

    /// All sizes between the smallest and `largest`, by volume and then by the sum of their extents.
    pub(super) fn sizes_up_to(&self, largest: &[usize]) -> Vec<Vec<usize>> {
        match &self.smallest {
            Some(smallest) => shapes_between(smallest, largest),
            None => vec![largest.to_vec()],
        }
    }
}

/// All shapes between two, by volume and then by the sum of their extents.
pub(super) fn shapes_between(smallest: &[usize], largest: &[usize]) -> Vec<Vec<usize>> {
    let mut shapes = vec![Vec::new()];
    for (&low, &high) in smallest.iter().zip(largest) {
        shapes = shapes
            .into_iter()
            .flat_map(|shape: Vec<usize>| {
                (low.min(high)..=high).map(move |extent| {
                    let mut longer = shape.clone();
                    longer.push(extent);
                    longer
                })
            })
            .collect();
    }
    shapes.sort_by_key(|shape| (shape.iter().product::<usize>(), shape.iter().sum::<usize>(), shape.clone()));
    shapes
}
