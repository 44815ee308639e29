//! What a caller can get wrong, with what was expected, what was found and what to do about it.

use thiserror::Error;

/// A convolution that cannot be described or run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConvolutionError {
    /// Kernel and signal have different numbers of axes.
    #[error("kernel and signal need equally many axes, but their shapes are {kernel:?} and {signal:?}")]
    DifferentRanks {
        /// Shape of the kernel.
        kernel: Vec<usize>,
        /// Shape of the signal.
        signal: Vec<usize>,
    },
    /// There is no axis of space.
    #[error("{what} needs at least {expected} axes, but has shape {found:?}")]
    TooFewAxes {
        /// Which array.
        what: &'static str,
        /// The least number of axes.
        expected: usize,
        /// Its shape.
        found: Vec<usize>,
    },
    /// An array has no entries. Only the batch may be empty.
    #[error("{what} must not be empty, but has shape {found:?}")]
    Empty {
        /// Which array.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
    },
    /// An option gives the wrong number of values.
    #[error(
        "{option} needs one value for each of the {expected} axes of space (or none at all), found {found}"
    )]
    WrongCount {
        /// The option.
        option: &'static str,
        /// The number of axes of space.
        expected: usize,
        /// The number of values given.
        found: usize,
    },
    /// The padding is to keep sizes, and the stride does not.
    #[error(
        "\"same\" padding keeps sizes at stride 1, found stride {stride:?}: take stride 1, or padding by \
         numbers"
    )]
    SamePadding {
        /// The stride along each axis.
        stride: Vec<usize>,
    },
    /// A stride, a dilation or the number of groups is zero.
    #[error("{option} must be at least 1, found 0")]
    Zero {
        /// The option.
        option: &'static str,
    },
    /// The groups do not divide the channels.
    #[error("{groups} groups must divide the {channels} channels of the {what}")]
    IndivisibleChannels {
        /// Which array: `signal` or `output`.
        what: &'static str,
        /// Its channels.
        channels: usize,
        /// The number of groups.
        groups: usize,
    },
    /// The kernel was made for another number of channels.
    #[error(
        "the signal has {channels} channels in {groups} groups, so the kernel's axis 1 must be {expected}, \
         found {found}"
    )]
    WrongChannels {
        /// Channels of the signal.
        channels: usize,
        /// The number of groups.
        groups: usize,
        /// Channels of the signal in one group.
        expected: usize,
        /// Length of the kernel's axis 1.
        found: usize,
    },
    /// The kernel reaches further than the padded signal.
    #[error(
        "along axis {axis} of space the kernel spans {span} entries, but the padded signal has only \
         {available}: pad more, or take a smaller kernel or dilation"
    )]
    KernelTooLarge {
        /// The axis, counted among the axes of space.
        axis: usize,
        /// `dilation · (taps − 1) + 1`.
        span: usize,
        /// Length of the signal with its padding.
        available: usize,
    },
    /// Reflecting padding as long as the signal.
    #[error(
        "along axis {axis} of space reflecting padding must be shorter than the signal ({length}), found \
         {padding}"
    )]
    ReflectionTooLong {
        /// The axis, counted among the axes of space.
        axis: usize,
        /// The padding asked for.
        padding: usize,
        /// Length of the signal.
        length: usize,
    },
    /// Sizes whose sums or products do not fit into a machine word.
    #[error("these sizes are too large for this machine: {what} overflows")]
    TooLarge {
        /// What overflows.
        what: &'static str,
    },
    /// An array does not have the shape that the problem describes.
    #[error("the problem describes a {what} of shape {expected:?}, found {found:?}")]
    WrongShape {
        /// Which array: `kernel`, `signal` or `output`.
        what: &'static str,
        /// The shape in the problem.
        expected: Vec<usize>,
        /// The shape of the array.
        found: Vec<usize>,
    },
    /// A kernel is not the outer product of vectors.
    #[error(
        "the kernel from channel {input} to channel {output} is not an outer product of vectors: use another \
         algorithm"
    )]
    NotSeparable {
        /// Output channel.
        output: usize,
        /// Input channel within its group.
        input: usize,
    },
    /// The algorithm does not do this.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

/// Why an algorithm cannot run a problem.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{algorithm} cannot run this: it needs {needs}")]
pub struct Unsupported {
    /// The algorithm's name.
    pub algorithm: &'static str,
    /// What it asks of a problem.
    pub needs: String,
}
