//! Pooling: the maximum, the mean or the sum over windows, in each channel.
//!
//! Window o takes the entries at o·stride + k·dilation − padding. Padding adds no entries: the maximum is
//! over those inside (so it is that of padding with −∞), the mean divides by their number or, if padding
//! counts, by the number of taps. Sizes are rounded down, and a window that does not fit as a whole is left
//! out; or, in *ceil mode*, they are rounded up, as long as the last window begins inside the input or the
//! padding before it. What such a window has beyond the padding never counts. All of this is PyTorch's
//! convention (where padding counts by default). What becomes of a window tells [`Reduction`].
//!
//! Cost: one comparison or addition for each connection; memory for the entries of one window.

mod divisors;

use ndarray::{Array2, ArrayD};

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Reduction, Symmetry, View, Window, channel_rows,
    check_backward, check_weights, equivariance, extents, from_rows, shape_error,
};
use crate::conv::{Operation, Options, Problem};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// Pooling over windows, on any number of axes of space: inputs have shape (batch, channels, space…).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Maximum, mean or sum.
    pub reduction: Reduction,
    /// Extents of the window.
    pub taps: Vec<usize>,
    /// Entries from one window to the next.
    pub stride: Vec<usize>,
    /// Entries from one tap to the next; empty for 1.
    pub dilation: Vec<usize>,
    /// Padding `(before, after)`; empty for none.
    pub padding: Vec<(usize, usize)>,
    /// Whether that padding is to keep sizes, for which the stride must be 1.
    pub keeps_size: bool,
    /// Whether a mean divides by the number of taps even where some lie in the padding.
    pub padding_counts: bool,
    /// Whether sizes are rounded up.
    pub ceil_mode: bool,
    /// What a mean divides by, whatever its windows have.
    pub divisor_override: Option<usize>,
}

impl Pool {
    /// The maximum over windows that tile the input: the stride is the extent of the window.
    pub fn maximum(taps: impl Into<Vec<usize>>) -> Self {
        Self::new(Reduction::Maximum, taps.into())
    }

    /// The mean over windows that tile the input: the stride is the extent of the window.
    pub fn mean(taps: impl Into<Vec<usize>>) -> Self {
        Self::new(Reduction::Mean, taps.into())
    }

    /// The sum over windows that tile the input: the stride is the extent of the window.
    pub fn sum(taps: impl Into<Vec<usize>>) -> Self {
        Self::new(Reduction::Sum, taps.into())
    }

    fn new(reduction: Reduction, taps: Vec<usize>) -> Self {
        let stride = taps.clone();
        Pool {
            reduction,
            taps,
            stride,
            dilation: Vec::new(),
            padding: Vec::new(),
            keeps_size: false,
            padding_counts: true,
            ceil_mode: false,
            divisor_override: None,
        }
    }

    /// With this stride along each axis.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Vec<usize>>) -> Self {
        self.stride = stride.into();
        self
    }

    /// With this dilation along each axis.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.dilation = dilation.into();
        if self.keeps_size { self.same_padding() } else { self }
    }

    /// With this padding on both sides along each axis.
    #[must_use]
    pub fn padding(self, padding: impl Into<Vec<usize>>) -> Self {
        let both_sides: Vec<_> = padding.into().into_iter().map(|p| (p, p)).collect();
        self.padding_before_after(both_sides)
    }

    /// With this padding `(before, after)` along each axis.
    #[must_use]
    pub fn padding_before_after(mut self, padding: impl Into<Vec<(usize, usize)>>) -> Self {
        self.padding = padding.into();
        self.keeps_size = false;
        self
    }

    /// With the padding that keeps sizes, whatever the window and the dilation: an odd entry stands behind,
    /// as in [`Convolution`](super::Convolution). The stride, which is that of windows side by side unless it
    /// is set, must be 1: others are refused.
    ///
    /// ```
    /// use equivariant::layer::{Layer, Pool};
    ///
    /// let blur = Pool::mean([3, 3]).stride([1, 1]).same_padding();
    /// assert_eq!(blur.output_shape(&[1, 2, 9, 7])?, [1, 2, 9, 7]);
    /// # Ok::<(), equivariant::layer::LayerError>(())
    /// ```
    #[must_use]
    pub fn same_padding(mut self) -> Self {
        let options = Options::new().dilation(self.dilation.as_slice()).same_padding(&self.taps);
        self.padding = options.padding;
        self.keeps_size = true;
        self
    }

    /// A mean divides by the number of taps inside the input.
    #[must_use]
    pub fn padding_does_not_count(mut self) -> Self {
        self.padding_counts = false;
        self
    }

    /// Sizes are rounded up: the last window may reach beyond the input and its padding.
    #[must_use]
    pub fn ceil_mode(mut self) -> Self {
        self.ceil_mode = true;
        self
    }

    /// A mean divides by this number, whatever its windows have.
    #[must_use]
    pub fn divisor_override(mut self, divisor: usize) -> Self {
        self.divisor_override = Some(divisor);
        self
    }

    /// The windows, as those of a convolution with as many groups as channels.
    ///
    /// # Errors
    /// If inputs of this shape do not fit, or a window would lie in the padding as a whole.
    pub fn problem(&self, input: &[usize]) -> Result<Problem, LayerError> {
        let rank = self.taps.len();
        if input.len() != rank + 2 {
            let suggestion = format!("its window has {rank} axes, so the input needs {}", rank + 2);
            let expected = format!("(batch, channels{})", ", length".repeat(rank));
            return Err(shape_error(self, expected, input, suggestion));
        }
        if self.divisor_override == Some(0) {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the divisor",
                expected: "at least 1".to_owned(),
                found: "0".to_owned(),
            });
        }
        let mut padding = self.padding.clone();
        if self.ceil_mode && (padding.is_empty() || padding.len() == rank) {
            padding.resize(rank, (0, 0));
            for ((_, after), overhang) in padding.iter_mut().zip(self.overhang(&input[2..])) {
                *after = after.saturating_add(overhang);
            }
        }
        let kernel = [&[input[1], 1], self.taps.as_slice()].concat();
        let options = Options::new()
            .stride(self.stride.as_slice())
            .dilation(self.dilation.as_slice())
            .padding_before_after(padding.as_slice())
            .groups(input[1]);
        let options = Options { keeps_size: self.keeps_size, ..options };
        let problem = Problem::new(Operation::Correlation, &kernel, input, &options)
            .map_err(|source| LayerError::Convolution { layer: self.name(), source })?;
        for (number, axis) in problem.axes().iter().enumerate() {
            let reads = |output| (0..axis.taps).any(|tap| problem.source(number, output, tap).is_some());
            // A window that begins inside has its first entry.
            let [inside, past] = [axis.padding.0, axis.padding.0 + axis.signal]
                .map(|entry| entry.div_ceil(axis.stride).min(axis.output));
            if !(0..inside).chain(past..axis.output).all(reads) {
                return Err(LayerError::Setting {
                    layer: self.name(),
                    setting: "the padding",
                    expected: "so small that every window has an entry".to_owned(),
                    found: format!("{:?}", axis.padding),
                });
            }
        }
        Ok(problem)
    }
}

impl Layer for Pool {
    fn name(&self) -> String {
        format!("{} pooling {}", self.reduction.name(), extents(&self.taps))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.problem(input).map(|problem| problem.output_shape())
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.problem(input).map(|problem| View::Windows(Window::of(&problem)))
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        let mut symmetry = Symmetry::of_windows(&Window::of(&self.problem(input)?), false);
        let uneven = self.is_uneven(&input[2..]);
        symmetry.flips.iter_mut().zip(&uneven).for_each(|(flip, &uneven)| *flip &= !uneven);
        symmetry.axes_alike &= !uneven.contains(&true);
        Ok(symmetry)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        equivariance::check_windows(self, &Window::of(&self.problem(input)?), from)?;
        if self.is_uneven(&input[2..]).contains(&true) {
            let hypothesis = "windows that reach beyond the padding are divided by fewer taps";
            return Err(equivariance::broken(
                self,
                from,
                hypothesis,
                "divide by the entries inside, or round down",
            ));
        }
        let because = "its windows are moved to windows".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let problem = self.problem(x.shape())?;
        check_weights(self, weights)?;
        let rows = channel_rows(x);
        let shape = problem.output_shape();
        let mut pooled = Array2::from_elem((rows.nrows(), shape[2..].iter().product()), S::zero());
        // One list of entries at a time, for all channels: all lists together would be as large as all
        // connections.
        let divisors = self.divisors(&problem, &x.shape()[2..]);
        for (place, (window, mut outputs)) in problem.windows().zip(pooled.columns_mut()).enumerate() {
            let count = divisors.as_ref().map_or(window.len(), |divisors| divisors[place]);
            for (row, output) in rows.outer_iter().zip(&mut outputs) {
                let entries = window.iter().map(|&(_, place)| row[place].clone());
                *output = self.reduction.apply(entries, count);
            }
        }
        Ok(from_rows(pooled.into_iter().collect(), &shape))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let problem = self.problem(x.shape())?;
        let (rows, gradients) = (channel_rows(x), channel_rows(output_gradient));
        let mut input = Array2::from_elem(rows.dim(), S::zero());
        let divisors = self.divisors(&problem, &x.shape()[2..]);
        for (place, (window, gradients)) in problem.windows().zip(gradients.columns()).enumerate() {
            let count = divisors.as_ref().map_or(window.len(), |divisors| divisors[place]);
            for ((row, gradient), mut input) in rows.outer_iter().zip(&gradients).zip(input.outer_iter_mut())
            {
                let entries: Vec<_> = window.iter().map(|&(_, place)| (row[place].clone(), place)).collect();
                self.reduction.spread(&entries, count, gradient, &mut |place, share| {
                    input[place].add_in_place(share);
                });
            }
        }
        Ok(Gradients { input: from_rows(input.into_iter().collect(), x.shape()), weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests;
