//! One axis of space of a problem: how a kernel slides along a signal.

use crate::conv::problem::boundary::{check_reflection, padded_length};
use crate::conv::{Boundary, ConvolutionError, Operation};

/// One axis of space of a [`Problem`](crate::conv::Problem).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Entries of the signal, L.
    pub signal: usize,
    /// Taps of the kernel, K.
    pub taps: usize,
    /// Entries of the output.
    pub output: usize,
    /// Entries of the signal from one output to the next, s. If there is one output alone nothing depends on
    /// it, and it is cut to the larger of 2³² and the padded length + 1, so that its products with sizes do
    /// not overflow.
    pub stride: usize,
    /// Entries of the signal from one tap to the next, d; with one tap alone cut as the stride is.
    pub dilation: usize,
    /// Entries added before and after, (p, q).
    pub padding: (usize, usize),
}

impl Axis {
    /// Checks that the kernel fits; `number` is the axis in error messages.
    pub(in crate::conv) fn new(
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
        let output = (available - span) / stride + 1;
        // No larger stride has a second output, and no larger dilation a second tap.
        let largest = (available + 1).max(1 << 32);
        let (stride, dilation) = (stride.min(largest), dilation.min(largest));
        Ok(Axis { signal, taps, output, stride, dilation, padding })
    }

    /// Entries that the kernel spans, holes included: d(K−1) + 1.
    pub fn span(&self) -> usize {
        self.dilation * (self.taps - 1) + 1
    }

    /// Entries of the signal with its padding.
    pub fn padded(&self) -> usize {
        self.padding.0 + self.signal + self.padding.1
    }

    /// Pairs of an output and a tap that reads an entry of the signal, not a zero beyond its ends.
    pub(in crate::conv) fn connections(&self, boundary: Boundary) -> u128 {
        if boundary != Boundary::Zero || self.padding == (0, 0) {
            return self.output as u128 * self.taps as u128;
        }
        // Of each of the fewer those of the others that meet an entry with it.
        let (taps, outputs) = ((self.taps, self.dilation), (self.output, self.stride));
        let (fewer, others) = if self.taps <= self.output { (taps, outputs) } else { (outputs, taps) };
        let pairs = |number: usize| {
            let entry = (number * fewer.1) as isize - self.padding.0 as isize;
            let (low, high) = inside(entry, others.1, self.signal, others.0);
            (high - low) as u128
        };
        (0..fewer.0).map(pairs).sum()
    }

    /// The index in the signal that `tap` reads at `output`; `None` for a zero.
    pub(in crate::conv) fn source(
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

/// Of `count` entries from `from` on, `step` apart, number `low` to number `high` − 1 lie inside an axis of
/// this length.
#[inline(always)]
pub(in crate::conv) fn inside(from: isize, step: usize, length: usize, count: usize) -> (usize, usize) {
    let ahead = |distance: isize| {
        let distance = distance.max(0) as usize;
        if step == 1 { distance } else { distance.div_ceil(step) }
    };
    let low = ahead(-from).min(count);
    (low, ahead(length as isize - from).clamp(low, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_pairs_that_read_an_entry() {
        for (taps, signal, stride, dilation, padding) in [
            (1, 1, 1, 1, (0, 0)),
            (3, 5, 1, 1, (1, 1)),
            (4, 9, 3, 2, (5, 0)),
            (9, 2, 1, 3, (20, 30)),
            (5, 12, 4, 1, (0, 7)),
        ] {
            for boundary in [Boundary::Zero, Boundary::Periodic] {
                let axis = Axis::new(0, (taps, signal), (stride, dilation, padding), boundary).unwrap();
                for operation in [Operation::Correlation, Operation::Convolution] {
                    let outputs = 0..axis.output;
                    let pairs = outputs.flat_map(|output| (0..taps).map(move |tap| (output, tap)));
                    let reads = pairs.filter(|&(o, tap)| axis.source(operation, boundary, o, tap).is_some());
                    assert_eq!(axis.connections(boundary), reads.count() as u128);
                }
            }
        }
    }
}
