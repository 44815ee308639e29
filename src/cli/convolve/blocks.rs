//! A convolution cut into blocks of its output.
//!
//! Overlap-save: outputs m … m+B−1 along an axis read entries m−p … m−p+B+K−2 of the signal, p being the
//! zeros before it. So a block of B outputs is a convolution without a border of B+K−1 entries, of which
//! neighbouring blocks read K−1 in common. All blocks of a convolution have one size, so that one plan runs
//! them; what the last ones have too much is zeros, and not written. Source: A. V. Oppenheim, R. W. Schafer,
//! *Discrete-time signal processing*, section 8.7.

use std::ops::Range;

use anyhow::bail;

use crate::conv::{ConvolutionError, Extent, Operation, Options, Problem};

/// A convolution along rows and columns; one of lines has a kernel of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    operation: Operation,
    pub(super) rows: Along,
    pub(super) columns: Along,
    /// Whether the result has one axis.
    is_vector: bool,
    /// Whether the kernel has one axis: rows are then convolved apart.
    is_of_lines: bool,
}

/// One axis of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Along {
    /// Entries of the signal.
    pub(super) signal: usize,
    taps: usize,
    /// Entries of the output.
    output: usize,
    /// Zeros before the signal.
    pub(super) before: usize,
}

/// Entries of the output that are computed at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Blocks {
    geometry_rows: usize,
    geometry_columns: usize,
    rows: usize,
    columns: usize,
}

/// A block: the rows and columns of the output that it covers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Geometry {
    /// # Errors
    /// If the shapes are not of one or two axes, or the kernel does not fit.
    pub(super) fn new(
        operation: Operation,
        kernel: &[usize],
        signal: &[usize],
        extent: Extent,
    ) -> anyhow::Result<Self> {
        if !matches!((kernel.len(), signal.len()), (1, 1 | 2) | (2, 2)) {
            bail!(
                "expected a signal of one axis with a kernel of one, or of two with a kernel of one or two; \
                 found a signal of shape {signal:?} and a kernel of shape {kernel:?}"
            );
        }
        let is_of_lines = kernel.len() == 1;
        let last = if is_of_lines { &signal[signal.len() - 1..] } else { signal };
        let problem = Problem::single_channel(operation, kernel, last, extent)?;
        let along = |axis: &crate::conv::Axis| {
            let (signal, taps, output, before) = (axis.signal, axis.taps, axis.output, axis.padding.0);
            Along { signal, taps, output, before }
        };
        let axes: Vec<Along> = problem.axes().iter().map(along).collect();
        let apart = |rows| Along { signal: rows, taps: 1, output: rows, before: 0 };
        let (rows, columns) = match axes[..] {
            [rows, columns] => (rows, columns),
            _ => (apart(if signal.len() == 2 { signal[0] } else { 1 }), axes[0]),
        };
        Ok(Geometry { operation, rows, columns, is_vector: signal.len() == 1, is_of_lines })
    }

    pub(super) fn output_shape(&self) -> Vec<usize> {
        match self.is_vector {
            true => vec![self.columns.output],
            false => vec![self.rows.output, self.columns.output],
        }
    }

    /// The problem of one block.
    ///
    /// # Errors
    /// If it is too large.
    pub(super) fn problem(&self, blocks: &Blocks) -> Result<Problem, ConvolutionError> {
        let [rows, columns] = self.span(blocks);
        let (kernel, signal) = match self.is_of_lines {
            true => (vec![1, 1, self.columns.taps], vec![rows, 1, columns]),
            false => (vec![1, 1, self.rows.taps, self.columns.taps], vec![1, 1, rows, columns]),
        };
        Problem::new(self.operation, &kernel, &signal, &Options::new())
    }

    /// Rows and columns of the signal that a block reads.
    pub(super) fn span(&self, blocks: &Blocks) -> [usize; 2] {
        [blocks.rows + self.rows.taps - 1, blocks.columns + self.columns.taps - 1]
    }

    /// The largest blocks of which what is read and what is written are together at most so many entries:
    /// whole rows if that is possible. None if they had to be smaller than the kernel, most of what they
    /// read being read again.
    pub(super) fn blocks(&self, entries: usize) -> Option<Blocks> {
        let (height, width) = (self.rows.output, self.columns.output);
        let (above, before) = (self.rows.taps - 1, self.columns.taps - 1);
        let whole = width.checked_add(before)?;
        let left = entries.saturating_sub(above.saturating_mul(whole));
        let rows = (left / whole.checked_add(width)?).min(height);
        let (rows, columns) = if rows >= self.rows.taps.min(height) {
            (rows, width)
        } else {
            let rows = self.rows.taps.min(height);
            let span = rows + above;
            let columns = entries.checked_sub(span.checked_mul(before)?)? / (span + rows);
            (rows, columns.min(width))
        };
        // Blocks of about the same size rather than a small one at the end.
        let even = |all: usize, largest: usize| all.div_ceil(all.div_ceil(largest));
        (columns >= self.columns.taps.min(width)).then(|| Blocks {
            geometry_rows: height,
            geometry_columns: width,
            rows: even(height, rows),
            columns: even(width, columns),
        })
    }
}

impl Blocks {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.geometry_rows.div_ceil(self.rows) * self.across()
    }

    fn across(&self) -> usize {
        self.geometry_columns.div_ceil(self.columns)
    }

    /// The blocks in the order in which they are computed: from left to right, then down.
    pub(super) fn get(&self, number: usize) -> Block {
        let part = |number: usize, size: usize, all: usize| number * size..all.min((number + 1) * size);
        Block {
            rows: part(number / self.across(), self.rows, self.geometry_rows),
            columns: part(number % self.across(), self.columns, self.geometry_columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(kernel: &[usize], signal: &[usize], extent: Extent) -> Geometry {
        Geometry::new(Operation::Convolution, kernel, signal, extent).unwrap()
    }

    #[test]
    fn blocks_cover_every_output_once_within_the_memory() {
        for (kernel, signal) in [
            (&[5][..], &[100][..]),
            (&[5], &[7, 100]),
            (&[1], &[40, 3]),
            (&[3, 4], &[20, 30]),
            (&[9, 2], &[9, 50]),
        ] {
            for extent in [Extent::Full, Extent::Same, Extent::Valid] {
                let geometry = geometry(kernel, signal, extent);
                let mut tried = 0;
                for entries in [20, 60, 100, 200, 500, 1000, 100_000] {
                    let Some(blocks) = geometry.blocks(entries) else { continue };
                    let [rows, columns] = geometry.span(&blocks);
                    assert!(rows * columns + blocks.rows * blocks.columns <= entries, "{blocks:?}");
                    let mut covered = vec![0; geometry.rows.output * geometry.columns.output];
                    for block in (0..blocks.len()).map(|number| blocks.get(number)) {
                        for row in block.rows {
                            for column in block.columns.clone() {
                                covered[row * geometry.columns.output + column] += 1;
                            }
                        }
                    }
                    assert!(covered.iter().all(|&count| count == 1), "{blocks:?}");
                    tried += 1;
                }
                assert!(tried >= 2, "{kernel:?} on {signal:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(geometry(&[50], &[1000], Extent::Full).blocks(100), None);
        let refused = |kernel: &[usize], signal: &[usize]| {
            Geometry::new(Operation::Convolution, kernel, signal, Extent::Valid).is_err()
        };
        assert!(refused(&[2, 2], &[9]) && refused(&[2], &[3, 3, 3]) && refused(&[], &[4]));
        assert!(refused(&[5], &[4]), "the kernel is longer than the signal");
    }
}
