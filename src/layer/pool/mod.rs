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
        self
    }

    /// With this padding on both sides along each axis.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Vec<usize>>) -> Self {
        self.padding = padding.into().into_iter().map(|p| (p, p)).collect();
        self
    }

    /// With this padding `(before, after)` along each axis.
    #[must_use]
    pub fn padding_before_after(mut self, padding: impl Into<Vec<(usize, usize)>>) -> Self {
        self.padding = padding.into();
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
mod tests {
    use ndarray::arr3;

    use super::super::laws;
    use super::*;

    fn run(pool: &Pool, x: &[f64]) -> Vec<f64> {
        let x = ArrayD::from_shape_vec(vec![1, 1, x.len()], x.to_vec()).unwrap();
        pool.forward(&x, &[], Mode::Inference).unwrap().into_iter().collect()
    }

    #[test]
    fn by_hand() {
        let x = [1.0, 5.0, 2.0, -7.0, -8.0];
        // Rounded down: the fifth entry is in no window of stride 2.
        assert_eq!(run(&Pool::maximum([2]), &x), [5.0, 2.0]);
        assert_eq!(run(&Pool::mean([2]), &x), [3.0, -2.5]);
        assert_eq!(run(&Pool::sum([2]), &x), [6.0, -5.0]);
        // Windows 3 with stride 2 and padding 1: (·15), (52−7), (−7 −8 ·); padding is no zero for the
        // maximum.
        let padded = |pool: Pool| pool.stride([2]).padding([1]);
        assert_eq!(run(&padded(Pool::maximum([3])), &x), [5.0, 5.0, -7.0]);
        assert_eq!(run(&padded(Pool::mean([3])), &x), [2.0, 0.0, -5.0]);
        assert_eq!(run(&padded(Pool::mean([3])).padding_does_not_count(), &x), [3.0, 0.0, -7.5]);
        // Dilation 2: (1, 2), (5, −7), (2, −8).
        assert_eq!(run(&Pool::maximum([2]).stride([1]).dilation([2]), &x), [2.0, 5.0, 2.0]);
    }

    /// PyTorch's rule: ⌈(L + 2p − d(k − 1) − 1)/s⌉ + 1 windows, less one if the last would begin behind the
    /// input and the padding before it.
    #[test]
    fn sizes_rounded_up_by_hand() {
        let x = [1.0, 5.0, 2.0, -7.0, -8.0];
        // (1 5), (2 −7), (−8 ·): what is beyond never counts.
        assert_eq!(run(&Pool::maximum([2]).ceil_mode(), &x), [5.0, 2.0, -8.0]);
        assert_eq!(run(&Pool::mean([2]).ceil_mode(), &x), [3.0, -2.5, -8.0]);
        assert_eq!(run(&Pool::sum([2]).ceil_mode(), &x), [6.0, -5.0, -8.0]);
        // Padding 1, stride 3, windows 3: (· 1 5), (2 −7 −8); a third would begin in the padding behind.
        let padded = |pool: Pool| pool.padding([1]).ceil_mode();
        assert_eq!(run(&padded(Pool::mean([3])), &x), [2.0, -13.0 / 3.0]);
        // Of four entries the windows are (· 1 5), (2 −7 ·): the first padding counts, and so does the second.
        assert_eq!(run(&padded(Pool::mean([3])), &x[..4]), [2.0, -5.0 / 3.0]);
        // Stride 2, windows 4 on (· 1 5 2 −7 ·): (· 1 5 2), (5 2 −7 ·); on five entries a third, (−7 −8 ·|·),
        // of which the padding counts and what is beyond does not.
        let wide = |pool: Pool| pool.stride([2]).padding([1]).ceil_mode();
        assert_eq!(run(&wide(Pool::mean([4])), &x[..4]), [2.0, 0.0]);
        assert_eq!(run(&wide(Pool::mean([4])), &x), [2.0, -2.0, -15.0 / 3.0]);
        assert_eq!(run(&wide(Pool::mean([4])).padding_does_not_count(), &x), [8.0 / 3.0, -2.0, -7.5]);
        assert_eq!(run(&Pool::mean([2]).divisor_override(3), &x), [2.0, -5.0 / 3.0]);
    }

    #[test]
    fn windows_beyond_the_border_break_mirrors() {
        let mirrors = |pool: Pool, length: usize| pool.symmetry(&[1, 1, length]).unwrap().flips[0];
        assert!(mirrors(Pool::maximum([2]).ceil_mode(), 4) && !mirrors(Pool::maximum([2]).ceil_mode(), 5));
        // One entry of padding before and one beyond behind: the maximum is symmetric, the mean counts the first.
        let even = |pool: Pool| pool.padding_before_after([(1, 0)]).ceil_mode();
        assert!(mirrors(even(Pool::maximum([2])), 4));
        assert!(!mirrors(even(Pool::mean([2])), 4));
        assert!(mirrors(even(Pool::mean([2])).padding_does_not_count(), 4));
    }

    #[test]
    fn of_equals_the_first_gets_the_gradient() {
        let x = arr3(&[[[3.0, 3.0, 1.0, 3.0]]]).into_dyn();
        let y = arr3(&[[[10.0, 1.0, 100.0]]]).into_dyn();
        let gradients = Pool::maximum([2]).stride([1]).backward(&x, &[], Mode::Inference, &y).unwrap();
        // Windows (3 3), (3 1), (1 3).
        assert_eq!(gradients.input, arr3(&[[[10.0, 1.0, 0.0, 100.0]]]).into_dyn());
    }

    #[test]
    fn gradients_are_exact() {
        for pool in
            [Pool::maximum([3]), Pool::mean([3]), Pool::mean([3]).padding_does_not_count(), Pool::sum([3])]
        {
            laws::gradient(&pool.clone(), &[2, 2, 7]);
            laws::gradient(&pool.stride([2]).padding_before_after([(1, 0)]).dilation([2]), &[2, 2, 8]);
        }
        for pool in [Pool::maximum([2, 3]), Pool::mean([2, 3])] {
            laws::gradient(&pool.stride([1, 2]).padding([1, 1]), &[1, 2, 3, 4]);
        }
        laws::gradient(&Pool::maximum([2, 2, 2]), &[1, 1, 4, 2, 3]);
        for pool in [Pool::maximum([2, 3]), Pool::mean([2, 3]), Pool::mean([2, 3]).divisor_override(5)] {
            laws::gradient(&pool.stride([2, 2]).padding([1, 1]).ceil_mode(), &[1, 2, 4, 5]);
        }
    }

    #[test]
    fn what_is_known_before_it_runs() {
        let pool = Pool::maximum([2, 2]);
        let facts = laws::facts(&pool, &[1, 6, 28, 28]);
        assert_eq!(facts, (vec![1, 6, 14, 14], 0, 0));
        let symmetry = pool.symmetry(&[1, 6, 28, 28]).unwrap();
        assert_eq!(symmetry.to_string(), "translations 2Z × 2Z, flips and quarter turns");
        let told = |pool: Pool| pool.output_shape(&[1, 1, 5]).unwrap_err().to_string();
        assert!(told(Pool::maximum([2]).padding([2])).contains("every window has an entry, found (2, 2)"));
        assert!(told(Pool::maximum([2, 2])).ends_with("its window has 2 axes, so the input needs 4"));
    }
}
