//! Upsampling by a whole factor along each axis of space: nearest, or linear.
//!
//! Along an axis of length L with factor s, output o of s·L reads the input at
//!
//! ```text
//! nearest             ⌊o/s⌋
//! linear              max((o + ½)/s − ½, 0), between its neighbours; the last entry goes on
//! corners aligned     o·(L − 1)/(s·L − 1)
//! ```
//!
//! with weights that are ratios of small integers, axis after axis: on two axes linear is bilinear. All of
//! this is PyTorch's convention (`Upsample`). The gradient goes back with the same weights. Cost: two
//! products an entry and axis.

use ndarray::{ArrayD, Axis};

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Symmetry, View, check_backward, check_weights,
    equivariance, extents, shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// What is read between the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reading {
    Nearest,
    Linear,
    CornersAligned,
}

/// Upsampling of (batch, channels, space…).
///
/// ```
/// use equivariant::layer::{Layer, Upsample};
///
/// assert_eq!(Upsample::nearest([2, 2]).output_shape(&[1, 3, 5, 7])?, [1, 3, 10, 14]);
/// assert_eq!(Upsample::linear([2, 2]).name(), "linear upsampling 2×2");
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upsample {
    factors: Vec<usize>,
    reading: Reading,
}

/// What an output reads: two places and the share of the second, as a ratio.
struct Place {
    places: [usize; 2],
    share: (usize, usize),
}

impl Upsample {
    /// Each entry is repeated.
    pub fn nearest(factors: impl Into<Vec<usize>>) -> Self {
        Upsample { factors: factors.into(), reading: Reading::Nearest }
    }

    /// Linear between the entries; on two axes bilinear.
    pub fn linear(factors: impl Into<Vec<usize>>) -> Self {
        Upsample { factors: factors.into(), reading: Reading::Linear }
    }

    /// Linear, the first and last entries of input and output at the same places.
    pub fn linear_with_corners_aligned(factors: impl Into<Vec<usize>>) -> Self {
        Upsample { factors: factors.into(), reading: Reading::CornersAligned }
    }

    /// The factor along each axis.
    pub fn factors(&self) -> &[usize] {
        &self.factors
    }

    /// Whether entries are repeated.
    pub fn is_nearest(&self) -> bool {
        self.reading == Reading::Nearest
    }

    /// Whether the corners are aligned.
    pub fn aligns_corners(&self) -> bool {
        self.reading == Reading::CornersAligned
    }

    /// What each output along an axis reads.
    fn places(&self, length: usize, factor: usize) -> Vec<Place> {
        let ratio = |numerator: usize, denominator: usize| {
            let first = (numerator / denominator).min(length - 1);
            let share = if first + 1 < length { numerator % denominator } else { 0 };
            Place { places: [first, (first + 1).min(length - 1)], share: (share, denominator) }
        };
        let place = |output: usize| match self.reading {
            Reading::Nearest => ratio(output / factor, 1),
            Reading::Linear => ratio((2 * output + 1).saturating_sub(factor), 2 * factor),
            Reading::CornersAligned => ratio(output * (length - 1), (factor * length - 1).max(1)),
        };
        (0..length * factor).map(place).collect()
    }

    fn axes(&self, input: &[usize]) -> impl DoubleEndedIterator<Item = (Axis, Vec<Place>)> {
        let lengths: Vec<_> = input[2..].iter().copied().zip(self.factors.clone()).collect();
        let axes = lengths.into_iter().enumerate();
        axes.map(|(axis, (length, factor))| (Axis(axis + 2), self.places(length, factor)))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// `x·n/d`
fn part<S: Scalar>(x: &S, (numerator, denominator): (usize, usize)) -> S {
    if numerator == denominator {
        return x.clone();
    }
    (x.clone() * S::from_integer(numerator as i64)).divide_by_integer(denominator as u64)
}

impl Layer for Upsample {
    fn name(&self) -> String {
        let reading = match self.reading {
            Reading::Nearest => "nearest",
            Reading::Linear => "linear",
            Reading::CornersAligned => "linear, corners aligned,",
        };
        format!("{reading} upsampling {}", extents(&self.factors))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let rank = self.factors.len();
        if input.len() != rank + 2 || input[2..].contains(&0) {
            let suggestion =
                format!("it has {rank} factors, so the input needs {} axes, none empty", rank + 2);
            let expected = format!("(batch, channels{})", ", length".repeat(rank));
            return Err(shape_error(self, expected, input, suggestion));
        }
        let mut output = input.to_vec();
        for (length, &factor) in output[2..].iter_mut().zip(&self.factors) {
            *length = length
                .checked_mul(factor)
                .filter(|&length| length > 0 && length < 1 << 31)
                .ok_or_else(|| LayerError::Setting {
                    layer: self.name(),
                    setting: "a factor",
                    expected: "at least 1, and so that lengths stay below 2³¹".to_owned(),
                    found: factor.to_string(),
                })?;
        }
        Ok(output)
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        let axes = self.factors.len();
        let axes_alike = self.factors.windows(2).all(|pair| pair[0] == pair[1]);
        Ok(Symmetry { translations: vec![None; axes], axes_alike, ..Symmetry::full(axes) })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let group = from.group();
        for element in 0..group.order() {
            for (axis, &(source, _)) in group.signed_axes(element).iter().enumerate() {
                if self.factors[axis] != self.factors[source] {
                    let hypothesis = format!("axes {source} and {axis} are exchanged and have other factors");
                    return Err(equivariance::broken(self, from, hypothesis, "take the same along both"));
                }
            }
        }
        let because = "it reads the same on either side of every axis".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        let mut value = x.clone();
        for (axis, places) in self.axes(x.shape()) {
            let mut shape = value.raw_dim();
            shape[axis.0] = places.len();
            let mut longer = ArrayD::from_elem(shape, S::zero());
            for (mut output, Place { places: [first, second], share: (share, whole) }) in
                longer.axis_iter_mut(axis).zip(places)
            {
                let (first, second) = (value.index_axis(axis, first), value.index_axis(axis, second));
                output.zip_mut_with(&first, |output, x| *output = part(x, (whole - share, whole)));
                if share > 0 {
                    output.zip_mut_with(&second, |output, x| output.add_in_place(&part(x, (share, whole))));
                }
            }
            value = longer;
        }
        Ok(value)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let mut slope = output_gradient.clone();
        for (axis, places) in self.axes(x.shape()).rev() {
            let mut shape = slope.raw_dim();
            shape[axis.0] = x.shape()[axis.0];
            let mut shorter = ArrayD::from_elem(shape, S::zero());
            for (slope, Place { places: [first, second], share: (share, whole) }) in
                slope.axis_iter(axis).zip(places)
            {
                for (place, share) in [(first, whole - share), (second, share)] {
                    if share > 0 {
                        let mut sum = shorter.index_axis_mut(axis, place);
                        sum.zip_mut_with(&slope, |sum, slope| sum.add_in_place(&part(slope, (share, whole))));
                    }
                }
            }
            slope = shorter;
        }
        Ok(Gradients { input: slope, weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;
    use crate::group::D4;
    use crate::signal::OnGrid;
    use crate::verify::prove;

    fn run(layer: &Upsample, x: &[f64]) -> Vec<f64> {
        let x = ArrayD::from_shape_vec(vec![1, 1, x.len()], x.to_vec()).unwrap();
        layer.forward(&x, &[], Mode::Inference).unwrap().into_iter().collect()
    }

    /// Half pixels: o = 0 … 5 at −¼ → 0, ¼, ¾, 1¼, 1¾, 2¼ → 2. Aligned: o·2/5.
    #[test]
    fn by_hand() {
        let x = [0.0, 4.0, 12.0];
        assert_eq!(run(&Upsample::nearest([2]), &x), [0.0, 0.0, 4.0, 4.0, 12.0, 12.0]);
        assert_eq!(run(&Upsample::linear([2]), &x), [0.0, 1.0, 3.0, 6.0, 10.0, 12.0]);
        let aligned = run(&Upsample::linear_with_corners_aligned([2]), &x);
        let expected = [0.0, 1.6, 3.2, 5.6, 8.8, 12.0];
        // Two products, two divisions and a sum of numbers up to 12.
        assert!(aligned.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 5.0 * 12.0 * f64::EPSILON));
        assert_eq!(run(&Upsample::linear_with_corners_aligned([3]), &[7.0]), [7.0; 3]);
    }

    #[test]
    fn gradients_are_exact() {
        for layer in [
            Upsample::nearest([2, 3]),
            Upsample::linear([2, 3]),
            Upsample::linear_with_corners_aligned([3, 2]),
        ] {
            laws::gradient(&layer, &[2, 1, 3, 2]);
        }
        laws::gradient(&Upsample::linear([4]), &[1, 2, 1]);
    }

    #[test]
    fn it_commutes_with_the_symmetries_of_the_square() {
        for layer in [
            Upsample::nearest([2, 2]),
            Upsample::linear([3, 3]),
            Upsample::linear_with_corners_aligned([2, 2]),
        ] {
            prove(layer.clone()).on([1, 1, 3, 3]).commutes_with(D4, OnGrid, OnGrid).assert();
            assert_eq!(layer.symmetry(&[1, 1, 3, 3]).unwrap().flips, [true, true]);
        }
        assert!(!Upsample::nearest([2, 3]).symmetry(&[1, 1, 3, 3]).unwrap().axes_alike);
    }
}
