//! The identities of this chapter, on the layers themselves.

use std::sync::Arc;

use ndarray::ArrayD;

use crate::layer::Layer;
use crate::scalar::Scalar;
use crate::signal::roll;
use crate::verify::{Case, Failure, Identity, Map, Sides, Unknown};

/// Two maps with the same weights are the same: f(x) = g(x).
pub(in crate::claims) struct Same<A, B> {
    pub(in crate::claims) one: A,
    pub(in crate::claims) other: B,
    pub(in crate::claims) input: Vec<usize>,
}

impl<A: Map, B: Map> Same<A, B> {
    pub(in crate::claims) fn case(one: A, other: B, input: impl Into<Vec<usize>>) -> Case {
        Case::new(Same { one, other, input: input.into() })
    }
}

fn unknowns(map: &impl Map, input: &[usize]) -> Vec<Unknown> {
    let mut unknowns = vec![Unknown::new("x", input)];
    unknowns.extend(map.weights(input));
    unknowns
}

impl<A: Map, B: Map> Identity for Same<A, B> {
    fn unknowns(&self) -> Vec<Unknown> {
        unknowns(&self.one, &self.input)
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        Ok((self.one.apply(x, weights)?, self.other.apply(x, weights)?))
    }
}

/// A map written as a function of its input and weights, with the weights of a layer.
pub(in crate::claims) struct Altered<L, F> {
    pub(in crate::claims) layer: L,
    pub(in crate::claims) how: F,
}

/// What [`Altered`] does.
pub(in crate::claims) trait Alteration<L>: Send + Sync + 'static {
    fn apply<S: Scalar>(&self, layer: &L, x: &ArrayD<S>, weights: &[ArrayD<S>])
    -> Result<ArrayD<S>, Failure>;
}

impl<L: Layer, F: Alteration<L>> Map for Altered<L, F> {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        self.how.apply(&self.layer, x, weights)
    }
}

/// The case that a layer is what an alteration makes of it, on inputs of this shape; none where they do not
/// fit.
pub(in crate::claims) fn same_as_altered<L: Layer, F: Alteration<L>>(
    layer: L,
    how: F,
    input: Vec<usize>,
) -> Vec<Case> {
    if layer.output_shape(&input).is_err() {
        return Vec::new();
    }
    vec![Same::case(layer.clone(), Altered { layer, how }, input)]
}

/// A cyclic translation of the input is one of the output: f(T_t x) = T_u f(x).
pub(in crate::claims) struct Shifted<M> {
    pub(in crate::claims) map: Arc<M>,
    pub(in crate::claims) input: Vec<usize>,
    /// How far the input moves along the last axes, and how far the output.
    pub(in crate::claims) steps: (Vec<i64>, Vec<i64>),
    /// How many zeros surround the unknown part of the input along the last axes.
    pub(in crate::claims) margin: usize,
}

impl<M: Map> Shifted<M> {
    /// One case for each axis of space: the input moves by `step` along it, the output by `image`.
    pub(in crate::claims) fn cases(
        map: &Arc<M>,
        input: &[usize],
        axes: usize,
        (step, image): (i64, i64),
        margin: usize,
    ) -> Vec<Case> {
        let along = |axis: usize, step: i64| (0..axes).map(|a| if a == axis { step } else { 0 }).collect();
        let case = |axis: usize| {
            let steps: (Vec<i64>, Vec<i64>) = (along(axis, step), along(axis, image));
            Case::for_element(
                format!("translation by {:?}", steps.0),
                Shifted { map: Arc::clone(map), input: input.to_vec(), steps, margin },
            )
        };
        (0..axes).map(case).collect()
    }
}

impl<M: Map> Identity for Shifted<M> {
    fn unknowns(&self) -> Vec<Unknown> {
        let space = self.input.len() - self.steps.0.len();
        let inner =
            |(axis, &extent): (usize, &usize)| if axis < space { extent } else { extent - 2 * self.margin };
        let mut unknowns = unknowns(self.map.as_ref(), &self.input);
        unknowns[0] = Unknown::new("x", self.input.iter().enumerate().map(inner).collect::<Vec<_>>());
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let zeros = vec![(self.margin, self.margin); self.steps.0.len()];
        let x = crate::conv::boundary::pad(&values[0], &zeros, crate::conv::Boundary::Zero)?;
        let weights = &values[1..];
        let left = self.map.apply(&roll(x.view(), &self.steps.0), weights)?;
        let right = roll(self.map.apply(&x, weights)?.view(), &self.steps.1);
        Ok((left, right))
    }
}
