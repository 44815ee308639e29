//! The interface of all methods, and what a method is made for.

use std::fmt::Debug;
use std::sync::Arc;

use ndarray::ArrayView3;

use crate::conv::Problem;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::method_name::Method;
use crate::conv::plan::options::PlanOptions;
use crate::conv::plan::workspace::{Call, ThreadMemory};
use crate::simd::{Element, InstructionSet};

/// Growth of the numbers on the way through Winograd's algorithms: see
/// [`by_products`](crate::conv::plan::by_products).
const FILTERING_GROWTH: f64 = 65_536.0;

/// One direction and phase of a problem, by one method, made ready but for the weights.
pub(in crate::conv::plan) trait PlannedMethod<T: Element>: Debug + Send + Sync {
    /// Which method it is.
    fn method(&self) -> Method;

    /// What people call it.
    fn name(&self) -> &'static str;

    /// Multiply-adds of vectors, other work counted as such.
    fn cost(&self) -> f64;

    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and
    /// signal: for sums of products in any order, unless a method says otherwise.
    fn relative_bound(&self, problem: &Problem) -> f64 {
        (problem.terms() as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1()
    }

    /// How much rounding errors may grow from the norms of tiles to a sum, if it is a method of transforms.
    fn transform_growth(&self) -> Option<f64> {
        None
    }

    /// How much larger than its input times the weights a number may be on the way to the output, if it is a
    /// method of transforms.
    fn growth_within(&self) -> f64 {
        if self.method().adds_products() { 0.0 } else { FILTERING_GROWTH }
    }

    /// Entries of memory that one thread needs: for copied signal, and for sums.
    fn workspace(&self) -> (usize, usize);

    /// Entries of the packed weights.
    fn packed_length(&self) -> usize;

    /// Lays the weights (row, column, tap) out as it reads them, whatever was in `packed`.
    fn pack(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>);

    /// The same cut into pieces for a number of threads; none if it is cut alike for any. What comes out of
    /// it does not depend on them.
    fn cut_for(&self, place: &Place, threads: usize) -> Option<Stage<T>> {
        let _ = (place, threads);
        None
    }

    /// Runs, each thread in memory of its own.
    fn run(&self, call: Call<'_, T>, threads: &mut [ThreadMemory<T>]);
}

/// A method, shared by copies of a plan.
pub(in crate::conv::plan) type Stage<T> = Arc<dyn PlannedMethod<T>>;

/// What a method is made for.
pub(in crate::conv::plan) struct Place {
    pub(super) set: InstructionSet,
    pub(super) channels: Channels,
    pub(super) axes: Vec<AxisMap>,
    pub(super) longest_tile: Option<usize>,
}

impl Place {
    /// One direction and phase, with the instructions and tiles of the options.
    pub(in crate::conv::plan) fn new(channels: Channels, axes: Vec<AxisMap>, options: &PlanOptions) -> Self {
        Place { set: options.instruction_set, channels, axes, longest_tile: options.longest_tile }
    }

    /// Whether no tap reads anything, so that the result is no more than a bias.
    pub(super) fn meets_nothing(&self) -> bool {
        self.axes.iter().any(|axis| axis.taps.is_empty())
    }
}
