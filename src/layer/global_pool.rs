//! Pooling to a size that does not depend on the input's: over everything, or over a fixed number of windows.
//!
//! Global pooling gives one number for each channel, (batch, channels). Adaptive pooling to m outputs takes,
//! along an axis of L entries, the windows from ⌊iL/m⌋ to ⌈(i+1)L/m⌉ (exclusive), i = 0 … m − 1: PyTorch's
//! rule; they overlap where m does not divide L. Either way a network takes images of several sizes. Cost:
//! one pass over the input.

use ndarray::{ArrayD, IxDyn, indices};

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Reduction, Symmetry, View, channel_rows, check_backward,
    check_weights, equivariance, extents, from_rows, shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// The maximum, mean or sum of each channel: (batch, channels, space…) to (batch, channels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalPool {
    /// Maximum, mean or sum.
    pub reduction: Reduction,
}

impl GlobalPool {
    /// The maximum of each channel.
    pub const MAXIMUM: GlobalPool = GlobalPool { reduction: Reduction::Maximum };
    /// The mean of each channel.
    pub const MEAN: GlobalPool = GlobalPool { reduction: Reduction::Mean };
    /// The sum of each channel.
    pub const SUM: GlobalPool = GlobalPool { reduction: Reduction::Sum };
}

/// Pooling to a fixed number of outputs along each axis of space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdaptivePool {
    /// Maximum, mean or sum.
    pub reduction: Reduction,
    /// Outputs along each axis.
    pub outputs: Vec<usize>,
}

impl AdaptivePool {
    /// The maximum over so many windows along each axis.
    pub fn maximum(outputs: impl Into<Vec<usize>>) -> Self {
        AdaptivePool { reduction: Reduction::Maximum, outputs: outputs.into() }
    }

    /// The mean over so many windows along each axis.
    pub fn mean(outputs: impl Into<Vec<usize>>) -> Self {
        AdaptivePool { reduction: Reduction::Mean, outputs: outputs.into() }
    }

    /// The sum over so many windows along each axis.
    pub fn sum(outputs: impl Into<Vec<usize>>) -> Self {
        AdaptivePool { reduction: Reduction::Sum, outputs: outputs.into() }
    }
}

/// The row-major places of the entries in the windows of adaptive pooling, window by window.
fn windows(space: &[usize], outputs: &[usize]) -> Vec<Vec<usize>> {
    let ranges = |axis: usize, i: usize| {
        let (length, m) = (space[axis], outputs[axis]);
        i * length / m..((i + 1) * length).div_ceil(m)
    };
    let window = |position: ndarray::IxDyn| {
        (0..space.len()).fold(vec![0], |places, axis| {
            let extend = |place: &usize| {
                let place = place * space[axis];
                ranges(axis, position[axis]).map(move |entry| place + entry).collect::<Vec<_>>()
            };
            places.iter().flat_map(extend).collect()
        })
    };
    indices(IxDyn(outputs)).into_iter().map(window).collect()
}

/// Forward for both: the windows hold places of a channel.
fn forward<S: Scalar>(
    reduction: Reduction,
    x: &ArrayD<S>,
    windows: &[Vec<usize>],
    output: &[usize],
) -> ArrayD<S> {
    let rows = channel_rows(x);
    let pooled = rows.outer_iter().flat_map(|row| {
        let pool = |window: &Vec<usize>| {
            reduction.apply(window.iter().map(|&place| row[place].clone()), window.len())
        };
        windows.iter().map(pool).collect::<Vec<_>>()
    });
    from_rows(pooled.collect(), output)
}

/// Backward for both.
fn backward<S: Scalar + PartialOrd>(
    reduction: Reduction,
    x: &ArrayD<S>,
    windows: &[Vec<usize>],
    output_gradient: &ArrayD<S>,
) -> Gradients<S> {
    let rows = channel_rows(x);
    let space = rows.ncols();
    let mut input = vec![S::zero(); x.len()];
    let mut gradients = output_gradient.iter();
    for (row, input) in rows.outer_iter().zip(input.chunks_exact_mut(space.max(1))) {
        for (window, gradient) in windows.iter().zip(&mut gradients) {
            let entries: Vec<_> = window.iter().map(|&place| (row[place].clone(), place)).collect();
            reduction.spread(&entries, entries.len(), gradient, &mut |place, share| {
                input[place].add_in_place(share);
            });
        }
    }
    Gradients { input: from_rows(input, x.shape()), weights: Vec::new() }
}

fn everything(input: &[usize]) -> Vec<Vec<usize>> {
    vec![(0..input[2..].iter().product()).collect()]
}

impl Layer for GlobalPool {
    fn name(&self) -> String {
        format!("global {} pooling", self.reduction.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        if input.len() < 2 || input[2..].contains(&0) {
            let suggestion = "there must be something to pool over";
            return Err(shape_error(self, "(batch, channels, length…)", input, suggestion));
        }
        Ok(input[..2].to_vec())
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    /// Invariant under everything that moves the entries of a channel.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        Ok(Symmetry { invariant: true, ..Symmetry::full(input.len() - 2) })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let because = "it takes all pixels of a channel alike".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let output = self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        Ok(forward(self.reduction, x, &everything(x.shape()), &output))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        Ok(backward(self.reduction, x, &everything(x.shape()), output_gradient))
    }
}

impl Layer for AdaptivePool {
    fn name(&self) -> String {
        format!("adaptive {} pooling to {}", self.reduction.name(), extents(&self.outputs))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        if input.len() != self.outputs.len() + 2 || input[2..].contains(&0) {
            let rank = self.outputs.len();
            let expected = format!("(batch, channels{})", ", length".repeat(rank));
            let suggestion = format!("it needs {rank} axes of space that are not empty");
            return Err(shape_error(self, expected, input, suggestion));
        }
        if self.outputs.is_empty() || self.outputs.contains(&0) {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the number of outputs",
                expected: match self.outputs.is_empty() {
                    true => "given for one axis at least".to_owned(),
                    false => "at least 1 along each axis".to_owned(),
                },
                found: format!("{:?}", self.outputs),
            });
        }
        Ok([&input[..2], self.outputs.as_slice()].concat())
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    /// The flip takes window i to window m − 1 − i: L − ⌈(i+1)L/m⌉ = ⌊(m−1−i)L/m⌋.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        let step = |(&length, &m): (&usize, &usize)| length.is_multiple_of(m).then(|| length / m);
        Ok(Symmetry {
            translations: input[2..].iter().zip(&self.outputs).map(step).collect(),
            axes_alike: self.outputs.iter().all(|&m| m == self.outputs[0]),
            ..Symmetry::full(self.outputs.len())
        })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let group = from.group();
        let exchanged = |g| {
            group
                .signed_axes(g)
                .iter()
                .enumerate()
                .any(|(axis, &(source, _))| self.outputs[axis] != self.outputs[source])
        };
        if (0..group.order()).any(exchanged) {
            let hypothesis = format!("the group exchanges axes with {:?} outputs", self.outputs);
            return Err(equivariance::broken(self, from, hypothesis, "take as many along all axes"));
        }
        let because = "the flip takes window i to window m − 1 − i".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let output = self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        Ok(forward(self.reduction, x, &windows(&x.shape()[2..], &self.outputs), &output))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        Ok(backward(self.reduction, x, &windows(&x.shape()[2..], &self.outputs), output_gradient))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::super::laws;
    use super::*;

    #[test]
    fn by_hand() {
        let x = from_rows(vec![1.0, 2.0, 3.0, 6.0, -1.0, -2.0, -3.0, -6.0], &[1, 2, 2, 2]);
        let run = |pool: GlobalPool| pool.forward(&x, &[], Mode::Inference).unwrap();
        assert_eq!(run(GlobalPool::MAXIMUM), arr2(&[[6.0, -1.0]]).into_dyn());
        assert_eq!(run(GlobalPool::MEAN), arr2(&[[3.0, -3.0]]).into_dyn());
        assert_eq!(run(GlobalPool::SUM), arr2(&[[12.0, -12.0]]).into_dyn());
        // Five entries to three: 0–1, 1–3, 3–4.
        assert_eq!(windows(&[5], &[3]), [vec![0, 1], vec![1, 2, 3], vec![3, 4]]);
        assert_eq!(windows(&[2, 3], &[1, 3]), [vec![0, 3], vec![1, 4], vec![2, 5]]);
    }

    #[test]
    fn gradients_are_exact() {
        for pool in [GlobalPool::MAXIMUM, GlobalPool::MEAN, GlobalPool::SUM] {
            laws::gradient(&pool, &[2, 3, 5]);
            laws::gradient(&pool, &[2, 3, 3, 2]);
        }
        for pool in [AdaptivePool::maximum([3, 2]), AdaptivePool::mean([3, 2]), AdaptivePool::sum([3, 2])] {
            laws::gradient(&pool, &[2, 2, 5, 4]);
            laws::gradient(&pool, &[1, 1, 2, 3]);
        }
    }

    #[test]
    fn adaptive_windows_are_symmetric() {
        for length in 1..20 {
            for m in 1..9 {
                let flipped: Vec<Vec<usize>> = windows(&[length], &[m])
                    .into_iter()
                    .rev()
                    .map(|window| window.into_iter().rev().map(|place| length - 1 - place).collect())
                    .collect();
                assert_eq!(windows(&[length], &[m]), flipped, "{length} to {m}");
            }
        }
        let told = AdaptivePool::mean([2, 0]).output_shape(&[1, 1, 3, 3]).unwrap_err().to_string();
        assert!(told.ends_with("must be at least 1 along each axis, found [2, 0]"), "{told}");
        assert!(GlobalPool::MEAN.output_shape(&[1, 1, 0]).is_err());
    }
}
