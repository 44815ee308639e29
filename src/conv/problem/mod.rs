//! A validated description of one convolution: every shape, and which input each tap of each output reads.
//!
//! A signal has shape (batch N, channels C, space…), a kernel (output channels M, C/groups, taps…), an output
//! (N, M, space…). Along an axis of space with L entries, K taps, stride s, dilation d and padding (p, q),
//! the output has ⌊(p + L + q − d(K−1) − 1)/s⌋ + 1 entries, and at output o tap k reads the extended signal
//! at
//!
//! - o·s + k·d − p for correlation,
//! - o·s + (K−1−k)·d − p for convolution, whose kernel is flipped.
//!
//! So output o stands for the index n = o·s − p of correlation and n = o·s − p + (K−1)d of convolution
//! (d = 1) in the formulas of [`Operation`]. Everything in this folder takes a [`Problem`] and need not check
//! shapes again.

pub(in crate::conv) mod axis;
pub mod boundary;
mod error;
pub(in crate::conv) mod layout;
mod options;
#[cfg(test)]
pub(in crate::conv) mod samples;
#[cfg(test)]
mod tests;

pub use self::axis::Axis;
pub use self::boundary::Boundary;
pub use self::error::{ConvolutionError, Unsupported};
pub use self::options::{Extent, Operation, Options};

use ndarray::{IxDyn, indices};

use crate::conv::problem::boundary::number_of_entries;

/// A convolution or correlation whose shapes and options fit together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    operation: Operation,
    boundary: Boundary,
    batch: usize,
    groups: usize,
    input_channels: usize,
    output_channels: usize,
    axes: Vec<Axis>,
}

impl Problem {
    /// A problem for a kernel of shape (M, C/groups, taps…) and a signal of shape (N, C, space…).
    ///
    /// # Errors
    /// If the numbers of axes differ or are below three, a list in `options` has neither no value nor one for
    /// each axis of space, a stride, dilation or `groups` is zero, an array is empty (the batch alone may
    /// be), the groups do not divide the channels, the kernel is larger than the padded signal, reflecting
    /// padding is as long as the signal, or a size overflows.
    pub fn new(
        operation: Operation,
        kernel: &[usize],
        signal: &[usize],
        options: &Options,
    ) -> Result<Self, ConvolutionError> {
        if kernel.len() != signal.len() {
            return Err(ConvolutionError::DifferentRanks { kernel: kernel.into(), signal: signal.into() });
        }
        let &[batch, input_channels, ref space @ ..] = signal else {
            return Err(ConvolutionError::TooFewAxes { what: "signal", expected: 3, found: signal.into() });
        };
        let &[output_channels, group_channels, ref taps @ ..] = kernel else {
            return Err(ConvolutionError::TooFewAxes { what: "kernel", expected: 3, found: kernel.into() });
        };
        if space.is_empty() {
            return Err(ConvolutionError::TooFewAxes { what: "signal", expected: 3, found: signal.into() });
        }
        if signal[1..].contains(&0) {
            return Err(ConvolutionError::Empty { what: "signal", found: signal.into() });
        }
        if kernel.contains(&0) {
            return Err(ConvolutionError::Empty { what: "kernel", found: kernel.into() });
        }
        let groups = options.groups;
        check_groups(groups, input_channels, output_channels, group_channels)?;
        let stride = per_axis("stride", &options.stride, 1, space.len())?;
        if options.keeps_size && stride.iter().any(|&stride| stride > 1) {
            return Err(ConvolutionError::SamePadding { stride });
        }
        let dilation = per_axis("dilation", &options.dilation, 1, space.len())?;
        let padding = per_axis("padding", &options.padding, (0, 0), space.len())?;
        let axes = (0..space.len())
            .map(|a| {
                Axis::new(a, (taps[a], space[a]), (stride[a], dilation[a], padding[a]), options.boundary)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let problem = Problem {
            operation,
            boundary: options.boundary,
            batch,
            groups,
            input_channels,
            output_channels,
            axes,
        };
        for (what, shape) in [
            ("the kernel", problem.kernel_shape()),
            ("the padded signal", problem.padded_shape()),
            ("the output", problem.output_shape()),
        ] {
            number_of_entries(&shape).ok_or(ConvolutionError::TooLarge { what })?;
        }
        Ok(problem)
    }

    /// A single-channel problem with stride and dilation 1, for shapes without batch and channels.
    ///
    /// # Errors
    /// If the numbers of axes differ or are zero, an array is empty, or for `Valid` and `Circular` if the
    /// kernel is larger than the signal.
    pub fn single_channel(
        operation: Operation,
        kernel: &[usize],
        signal: &[usize],
        extent: Extent,
    ) -> Result<Self, ConvolutionError> {
        for (what, shape) in [("kernel", kernel), ("signal", signal)] {
            if shape.is_empty() {
                return Err(ConvolutionError::TooFewAxes { what, expected: 1, found: shape.into() });
            }
            if shape.contains(&0) {
                return Err(ConvolutionError::Empty { what, found: shape.into() });
            }
        }
        if kernel.len() != signal.len() {
            return Err(ConvolutionError::DifferentRanks { kernel: kernel.into(), signal: signal.into() });
        }
        if extent == Extent::Circular {
            for (axis, (&span, &available)) in kernel.iter().zip(signal).enumerate() {
                if span > available {
                    return Err(ConvolutionError::KernelTooLarge { axis, span, available });
                }
            }
        }
        let padding: Vec<_> = kernel.iter().map(|&taps| extent.padding(operation, taps)).collect();
        let options = Options::new().padding_before_after(padding).boundary(extent.boundary());
        let with_channels = |shape: &[usize]| [&[1, 1], shape].concat();
        Problem::new(operation, &with_channels(kernel), &with_channels(signal), &options)
    }

    /// The same for so many signals.
    #[cfg(feature = "plan")]
    pub(in crate::conv) fn of_batch(&self, batch: usize) -> Self {
        Problem { batch, ..self.clone() }
    }

    /// Convolution or correlation.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What lies beyond the border.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Number of signals, N.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Number of groups of channels.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Channels of the signal, C.
    pub fn input_channels(&self) -> usize {
        self.input_channels
    }

    /// Channels of the signal that one output sees, C/groups.
    pub fn group_channels(&self) -> usize {
        self.input_channels / self.groups
    }

    /// Channels of the output, M.
    pub fn output_channels(&self) -> usize {
        self.output_channels
    }

    /// The channels of the signal that output channel `output` sees.
    pub fn channels_seen_by(&self, output: usize) -> std::ops::Range<usize> {
        let group = output / (self.output_channels / self.groups);
        group * self.group_channels()..(group + 1) * self.group_channels()
    }

    /// The axes of space.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// (M, C/groups, taps…)
    pub fn kernel_shape(&self) -> Vec<usize> {
        self.shape(self.output_channels, self.group_channels(), |axis| axis.taps)
    }

    /// (N, C, space…)
    pub fn signal_shape(&self) -> Vec<usize> {
        self.shape(self.batch, self.input_channels, |axis| axis.signal)
    }

    /// (N, C, space…) with the padding.
    pub fn padded_shape(&self) -> Vec<usize> {
        self.shape(self.batch, self.input_channels, Axis::padded)
    }

    /// (N, M, space…)
    pub fn output_shape(&self) -> Vec<usize> {
        self.shape(self.batch, self.output_channels, |axis| axis.output)
    }

    fn shape(&self, first: usize, second: usize, extent: impl Fn(&Axis) -> usize) -> Vec<usize> {
        [first, second].into_iter().chain(self.axes.iter().map(extent)).collect()
    }

    /// Number of weights, `M · C/groups · taps`. They are shared by all positions.
    pub fn weights(&self) -> usize {
        self.kernel_shape().iter().product()
    }

    /// Pairs of an input and an output that a weight connects, in one sample. Taps on zero padding connect
    /// nothing; on other padding they connect the output with the entry that the padding repeats.
    pub fn connections(&self) -> u128 {
        let inside = self.axes.iter().map(|axis| axis.connections(self.boundary));
        inside.product::<u128>() * self.output_channels as u128 * self.group_channels() as u128
    }

    /// Products that the definition forms and adds, in the whole batch.
    pub fn multiply_adds(&self) -> u128 {
        self.batch as u128 * self.connections()
    }

    /// Most products in the sum of one output: `C/groups · taps`.
    pub fn terms(&self) -> usize {
        self.weights() / self.output_channels
    }

    /// The index in the signal, along an axis of space, that `tap` reads at `output`; `None` for a zero.
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn source(&self, axis: usize, output: usize, tap: usize) -> Option<usize> {
        self.axes[axis].source(self.operation, self.boundary, output, tap)
    }

    /// For each position of the output in row-major order, which tap of the kernel reads which entry of the
    /// signal: pairs (tap, entry) of row-major indices over the axes of space.
    pub fn windows(&self) -> impl Iterator<Item = Vec<(usize, usize)>> + '_ {
        let outputs: Vec<_> = self.axes.iter().map(|axis| axis.output).collect();
        indices(IxDyn(&outputs)).into_iter().map(|position| {
            let mut window = vec![(0, 0)];
            for (a, axis) in self.axes.iter().enumerate() {
                let reads: Vec<_> =
                    (0..axis.taps).filter_map(|tap| Some((tap, self.source(a, position[a], tap)?))).collect();
                let extend = |&(tap, entry): &(usize, usize)| {
                    let (tap, entry) = (tap * axis.taps, entry * axis.signal);
                    reads.iter().map(move |&(t, e)| (tap + t, entry + e))
                };
                window = window.iter().flat_map(extend).collect();
            }
            window
        })
    }

    /// That two arrays have the shapes of this problem.
    pub(in crate::conv) fn check_operands(
        &self,
        kernel: &[usize],
        signal: &[usize],
    ) -> Result<(), ConvolutionError> {
        check_shape("kernel", self.kernel_shape(), kernel)?;
        check_shape("signal", self.signal_shape(), signal)
    }
}

pub(in crate::conv) fn check_shape(
    what: &'static str,
    expected: impl AsRef<[usize]>,
    found: &[usize],
) -> Result<(), ConvolutionError> {
    let expected = expected.as_ref();
    if expected == found {
        return Ok(());
    }
    Err(ConvolutionError::WrongShape { what, expected: expected.into(), found: found.into() })
}

fn check_groups(groups: usize, input: usize, output: usize, found: usize) -> Result<(), ConvolutionError> {
    if groups == 0 {
        return Err(ConvolutionError::Zero { option: "groups" });
    }
    for (what, channels) in [("signal", input), ("output", output)] {
        if !channels.is_multiple_of(groups) {
            return Err(ConvolutionError::IndivisibleChannels { what, channels, groups });
        }
    }
    let expected = input / groups;
    if expected == found {
        return Ok(());
    }
    Err(ConvolutionError::WrongChannels { channels: input, groups, expected, found })
}

fn per_axis<T: Copy>(
    option: &'static str,
    values: &[T],
    default: T,
    rank: usize,
) -> Result<Vec<T>, ConvolutionError> {
    match values.len() {
        0 => Ok(vec![default; rank]),
        found if found == rank => Ok(values.to_vec()),
        found => Err(ConvolutionError::WrongCount { option, expected: rank, found }),
    }
}
