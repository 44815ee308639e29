//! Maps and their symmetry: f(g ▷ x) = g ▷ f(x).
//!
//! Invariance is the case of the trivial action on the output. Weights are unknowns like the input, so that
//! what is proved is proved for all of them.

use std::sync::Arc;

use ndarray::ArrayD;

use super::examine::{ExamineError, Examiner};
use super::identity::{Failure, Identity, Sides, Unknown};
use super::statement::{Case, Statement};
use super::subgroup::preserved_subgroup;
use crate::group::{FiniteGroup, Group, Subgroup};
use crate::scalar::Scalar;
use crate::signal::ArrayAction;

/// A function of arrays, written once for every scalar.
///
/// ```
/// use equivariant::scalar::Scalar;
/// use equivariant::verify::{Failure, Map};
/// use ndarray::ArrayD;
///
/// /// Each entry squared, then rectified.
/// struct Square;
///
/// impl Map for Square {
///     fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
///         Ok(x.mapv(|entry| (entry.clone() * entry).relu()))
///     }
/// }
/// ```
pub trait Map: Send + Sync + 'static {
    /// The weights that the map takes for an input of this shape.
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        let _ = input;
        Vec::new()
    }

    /// The map's value at `x`, with the given weights.
    ///
    /// # Errors
    /// Whatever the code under test reports: a shape that does not fit, say.
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure>;
}

/// The identity f(g ▷ x) = g ▷ f(x) for one element g.
pub struct Commutation<M, G: Group, I, O> {
    /// The map f.
    pub map: Arc<M>,
    /// The shape of its input x.
    pub shape: Vec<usize>,
    /// The group.
    pub group: G,
    /// The element g.
    pub element: G::Element,
    /// How g moves the input.
    pub input: I,
    /// How g moves the output.
    pub output: O,
}

impl<M, G, I, O> Identity for Commutation<M, G, I, O>
where
    M: Map,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone())];
        unknowns.extend(self.map.weights(&self.shape));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        let moved = self.input.try_act(&self.group, &self.element, x.view())?;
        let left = self.map.apply(&moved, weights)?;
        let result = self.map.apply(x, weights)?;
        let right = self.output.try_act(&self.group, &self.element, result.view())?;
        Ok((left, right))
    }
}

/// The statement that `map` commutes with a group: one case for each element that `elements` picks from it.
///
/// The size of the statement is the shape of the input; `group` makes the group for a shape, or `None` where
/// the shape does not suit it.
pub fn equivariance<M, G, I, O>(
    dimensions: &[&str],
    map: Arc<M>,
    group: impl Fn(&[usize]) -> Option<G> + Send + Sync + 'static,
    input: I,
    output: O,
    elements: impl Fn(&G) -> Vec<G::Element> + Send + Sync + 'static,
) -> Statement
where
    M: Map,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    Statement::new(dimensions, move |shape| {
        let Some(group) = group(shape) else { return Ok(Vec::new()) };
        let case = |element| equivariance_case(&map, shape, &group, element, &input, &output);
        Ok(elements(&group).into_iter().map(case).collect())
    })
}

/// The elements g of a finite group for which f(g ▷ x) = g ▷ f(x), on inputs of this shape.
///
/// # Errors
/// See [`preserved_subgroup`].
pub fn symmetries<M, G, I, O>(
    examiner: &Examiner,
    map: &Arc<M>,
    shape: &[usize],
    group: &G,
    input: &I,
    output: &O,
) -> Result<Subgroup<G>, ExamineError>
where
    M: Map,
    G: FiniteGroup,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    preserved_subgroup(examiner, group, |element| {
        Some(equivariance_case(map, shape, group, element.clone(), input, output))
    })
}

fn equivariance_case<M, G, I, O>(
    map: &Arc<M>,
    shape: &[usize],
    group: &G,
    element: G::Element,
    input: &I,
    output: &O,
) -> Case
where
    M: Map,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    Case::for_element(
        element.clone(),
        Commutation {
            map: Arc::clone(map),
            shape: shape.to_vec(),
            group: group.clone(),
            element,
            input: input.clone(),
            output: output.clone(),
        },
    )
}
