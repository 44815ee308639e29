//! The maps that this chapter speaks of, on images and on vectors.

use ndarray::{ArrayD, Axis};

use crate::conv::{Boundary, Options, correlate_channels};
use crate::group::{Action, D4, FiniteGroup, Reflection, Rotation};
use crate::scalar::Scalar;
use crate::signal::OnGrid;
use crate::verify::{Failure, Map, Unknown};

/// A 3×3 filter with free weights on images (rows, columns).
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// How the kernel is made symmetric.
    pub(super) kernel: Kernel,
    /// What lies beyond the border.
    pub(super) boundary: Boundary,
    /// Whether its output is rectified.
    pub(super) rectified: bool,
    /// The name of its weights.
    pub(super) weights: &'static str,
}

/// The symmetry that a kernel is given, by adding up its turned copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// None.
    Free,
    /// Fixed by the half turn.
    HalfTurn,
    /// Fixed by the left-right mirror image.
    Mirror,
    /// Fixed by all quarter turns and reflections.
    AllTurns,
}

impl Kernel {
    fn symmetrise<S: Scalar>(self, kernel: &ArrayD<S>) -> ArrayD<S> {
        let turns: Vec<_> = match self {
            Kernel::Free => return kernel.clone(),
            Kernel::HalfTurn => vec![Rotation::Identity.into(), Rotation::Rot180.into()],
            Kernel::Mirror => Reflection.elements().map(Into::into).collect(),
            Kernel::AllTurns => D4.elements().collect(),
        };
        turns
            .iter()
            .map(|g| OnGrid.act(&D4, g, kernel))
            .fold(ArrayD::from_elem(kernel.shape(), S::zero()), |sum, turned| sum + turned)
    }
}

impl Filter {
    /// A rectified filter that commutes with D4 and with all cyclic translations.
    pub(super) fn symmetric(weights: &'static str) -> Self {
        Filter { kernel: Kernel::AllTurns, boundary: Boundary::Periodic, rectified: true, weights }
    }
}

impl Map for Filter {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new(self.weights, [3, 3])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let with_channels = |array: ArrayD<S>| array.insert_axis(Axis(0)).insert_axis(Axis(0));
        let kernel = with_channels(self.kernel.symmetrise(&weights[0]));
        let options = Options::new().padding([1, 1]).boundary(self.boundary);
        let output = correlate_channels(&with_channels(x.clone()), &kernel, &options)?;
        let output = output.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0);
        Ok(if self.rectified { output.mapv(|entry| entry.relu()) } else { output })
    }
}

/// One map after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Then<A, B>(pub(super) A, pub(super) B);

impl<A: Map, B: Map> Map for Then<A, B> {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        // Every map that is followed by another here leaves the shape as it is.
        let mut weights = self.0.weights(input);
        weights.extend(self.1.weights(input));
        weights
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let (first, second) = weights.split_at(self.0.weights(x.shape()).len());
        self.1.apply(&self.0.apply(x, first)?, second)
    }
}

/// A label from an image: one number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pool {
    /// The mean of all pixels.
    Mean,
    /// The mean of the pixels of the upper half (rounded up).
    UpperHalf,
}

impl Map for Pool {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let part = match self {
            Pool::Mean => x.clone(),
            Pool::UpperHalf => {
                x.slice_axis(Axis(0), ndarray::Slice::from(..x.shape()[0].div_ceil(2))).to_owned()
            }
        };
        let count = part.len() as u64;
        let sum = part.fold(S::zero(), |sum, pixel| sum + pixel.clone());
        Ok(ArrayD::from_elem(vec![], sum.divide_by_integer(count)))
    }
}

/// A dense layer on all entries of the input, with free weights: scores = W · x, one row for each score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dense {
    /// How many scores; `None` for as many as the input has entries, in its shape.
    pub(super) scores: Option<usize>,
    /// What happens to each score.
    pub(super) activation: Activation,
}

/// A pointwise nonlinearity.
#[derive(Clone, Copy, Debug)]
pub(super) enum Activation {
    /// max(x, 0), opaque to the symbolic reading.
    Rectify,
    /// x², a polynomial.
    Square,
}

impl Activation {
    pub(super) fn apply<S: Scalar>(self, x: S) -> S {
        match self {
            Activation::Rectify => x.relu(),
            Activation::Square => x.clone() * x,
        }
    }
}

impl Map for Dense {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        let entries = input.iter().product();
        vec![Unknown::new("w", [self.scores.unwrap_or(entries), entries])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut scores = Vec::new();
        for row in weights[0].outer_iter() {
            let mut score = S::zero();
            for (weight, entry) in row.iter().zip(x) {
                score.add_product(weight, entry);
            }
            scores.push(self.activation.apply(score));
        }
        let shape = self.scores.map_or_else(|| x.shape().to_vec(), |count| vec![count]);
        Ok(ArrayD::from_shape_vec(shape, scores)?)
    }
}
