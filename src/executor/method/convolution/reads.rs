//! Which entries each position of the result of a convolution reads, and which positions read alike.
//!
//! Position n of the output is a sum of w(k)·x(e) over a list of pairs (tap k, entry e); so is entry e of the
//! gradient of the input, with the positions n in place of the entries. Two positions *read alike* if their
//! lists differ by a constant offset of the entries. Inside the signal all positions do; along a border,
//! those at the same distance; and with a stride, the entries of a gradient in the same residue class.
//! Positions that read alike share one list, so a kernel handles several of them in one go, reads nothing
//! that lies outside, and knows no boundaries, strides or dilations. Every multiply–add that it does is one
//! of the definition's.
//!
//! Cost: `positions · taps` steps and words once, when a layer is made.

use std::collections::HashMap;

use crate::conv::Problem;

/// One entry that a position reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Read {
    /// The tap of the kernel, in row-major order.
    pub tap: u32,
    /// The entry, counted from the base of the position.
    pub offset: u32,
}

/// A position of the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Where the sum goes.
    pub output: u32,
    /// The first entry that it reads.
    pub base: u32,
}

/// Positions that read alike.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    /// What they read, in the order of the sum.
    pub reads: Vec<Read>,
    /// The positions, in row-major order.
    pub positions: Vec<Position>,
}

/// All positions of a result, by what they read.
#[derive(Clone, Debug)]
pub(super) struct Reads(pub Vec<Alike>);

impl Reads {
    /// What the outputs read of the signal.
    pub fn of_output(problem: &Problem) -> Self {
        Reads::group(&pairs(problem))
    }

    /// What the entries of the signal read of the output, by the adjoint map.
    pub fn of_signal(problem: &Problem) -> Self {
        let entries: usize = problem.axes().iter().map(|axis| axis.signal).product();
        let mut transposed = vec![vec![]; entries];
        for (output, reads) in pairs(problem).into_iter().enumerate() {
            for (tap, entry) in reads {
                transposed[entry as usize].push((tap, output as u32));
            }
        }
        Reads::group(&transposed)
    }

    fn group(positions: &[Vec<(u32, u32)>]) -> Self {
        let mut found: HashMap<Vec<Read>, usize> = HashMap::new();
        let mut groups: Vec<Alike> = vec![];
        for (output, pairs) in positions.iter().enumerate() {
            let base = pairs.iter().map(|&(_, entry)| entry).min().unwrap_or(0);
            let mut reads: Vec<_> =
                pairs.iter().map(|&(tap, entry)| Read { tap, offset: entry - base }).collect();
            reads.sort_by_key(|read| (read.tap, read.offset));
            let group = *found.entry(reads).or_insert_with_key(|reads| {
                groups.push(Alike { reads: reads.clone(), positions: vec![] });
                groups.len() - 1
            });
            groups[group].positions.push(Position { output: output as u32, base });
        }
        Reads(groups)
    }
}

/// For each position of the output in row-major order, the pairs (tap, entry) of row-major indices.
fn pairs(problem: &Problem) -> Vec<Vec<(u32, u32)>> {
    let outputs: Vec<_> = problem.axes().iter().map(|axis| axis.output).collect();
    let along_axes = |position: &[usize]| {
        let mut pairs = vec![(0u32, 0u32)];
        for (a, axis) in problem.axes().iter().enumerate() {
            let along = |tap| Some((tap as u32, problem.source(a, position[a], tap)? as u32));
            let reads: Vec<_> = (0..axis.taps).filter_map(along).collect();
            let extend = |&(tap, entry): &(u32, u32)| {
                let (tap, entry) = (tap * axis.taps as u32, entry * axis.signal as u32);
                reads.iter().map(move |&(t, e)| (tap + t, entry + e))
            };
            pairs = pairs.iter().flat_map(extend).collect();
        }
        pairs
    };
    row_major(&outputs, along_axes)
}

/// A value for each index of an array of this shape, in row-major order.
pub(super) fn row_major<T>(shape: &[usize], mut value: impl FnMut(&[usize]) -> T) -> Vec<T> {
    let entries: usize = shape.iter().product();
    let mut index = vec![0; shape.len()];
    let mut values = Vec::with_capacity(entries);
    for _ in 0..entries {
        values.push(value(&index));
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    values
}
