//! One axis of space of a problem: how a kernel slides along a signal.

use super::boundary::{check_reflection, padded_length};
use super::{Boundary, ConvolutionError, Operation};

/// One axis of space of a [`Problem`](super::Problem).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Entries of the signal, L.
    pub signal: usize,
    /// Taps of the kernel, K.
    pub taps: usize,
    /// Entries of the output.
    pub output: usize,
    /// Entries of the signal from one output to the next, s.
    pub stride: usize,
    /// Entries of the signal from one tap to the next, d.
    pub dilation: usize,
    /// Entries added before and after, (p, q).
    pub padding: (usize, usize),
}

impl Axis {
    /// Checks that the kernel fits; `number` is the axis in error messages.
    pub(super) fn new(
        number: usize,
        (taps, signal): (usize, usize),
        (stride, dilation, padding): (usize, usize, (usize, usize)),
        boundary: Boundary,
    ) -> Result<Self, ConvolutionError> {
        for (option, value) in [("stride", stride), ("dilation", dilation)] {
            if value == 0 {
                return Err(ConvolutionError::Zero { option });
            }
        }
        check_reflection(number, padding, signal, boundary)?;
        let available =
            padded_length(signal, padding).ok_or(ConvolutionError::TooLarge { what: "the padded signal" })?;
        let span = dilation
            .checked_mul(taps - 1)
            .and_then(|reach| reach.checked_add(1))
            .ok_or(ConvolutionError::TooLarge { what: "the dilated kernel" })?;
        if span > available {
            return Err(ConvolutionError::KernelTooLarge { axis: number, span, available });
        }
        Ok(Axis { signal, taps, output: (available - span) / stride + 1, stride, dilation, padding })
    }

    /// Entries that the kernel spans, holes included: d(K−1) + 1.
    pub fn span(&self) -> usize {
        self.dilation * (self.taps - 1) + 1
    }

    /// Entries of the signal with its padding.
    pub fn padded(&self) -> usize {
        self.padding.0 + self.signal + self.padding.1
    }

    /// The index in the signal that `tap` reads at `output`; `None` for a zero.
    pub(super) fn source(
        &self,
        operation: Operation,
        boundary: Boundary,
        output: usize,
        tap: usize,
    ) -> Option<usize> {
        let tap = match operation {
            Operation::Correlation => tap,
            Operation::Convolution => self.taps - 1 - tap,
        };
        let padded = output * self.stride + tap * self.dilation;
        boundary.source(padded as isize - self.padding.0 as isize, self.signal)
    }
}
