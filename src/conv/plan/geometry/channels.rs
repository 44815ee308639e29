//! How the channels of a problem are arranged for a direction.

use crate::conv::Problem;

/// How many there are of everything but positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conv::plan) struct Channels {
    pub(in crate::conv::plan) batch: usize,
    pub(in crate::conv::plan) groups: usize,
    /// Channels of the result, in a group.
    pub(in crate::conv::plan) rows: usize,
    /// Channels of the source, in a group.
    pub(in crate::conv::plan) columns: usize,
}

impl Channels {
    /// From signal to output.
    pub(in crate::conv::plan) fn forward(problem: &Problem) -> Self {
        Channels {
            batch: problem.batch(),
            groups: problem.groups(),
            rows: problem.output_channels() / problem.groups(),
            columns: problem.group_channels(),
        }
    }

    /// From output to signal.
    pub(in crate::conv::plan) fn transposed(problem: &Problem) -> Self {
        let forward = Channels::forward(problem);
        Channels { rows: forward.columns, columns: forward.rows, ..forward }
    }
}
