//! What the maker of a plan chooses.

use crate::conv::plan::machine::Machine;
use crate::simd::InstructionSet;

/// How far a result may lie from the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
    /// Kernels that add the products of the definition, in any order, and nothing else.
    Strict,
    /// Any kernel whose derived bound is at most this times the largest possible sum of magnitudes: the number of terms
    /// times the largest weight times the largest entry of the signal.
    Within(f64),
}

impl Default for Accuracy {
    /// One part in 128. That is a bound for the worst case: errors met are a thousand times smaller.
    fn default() -> Self {
        Accuracy::Within(1.0 / 128.0)
    }
}

/// Which kernel a plan uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// The one that the cost model expects to be the fastest of those that are accurate enough.
    #[default]
    Automatic,
    /// Sums of products in register tiles.
    Direct,
    /// Sums of products on overlapping tiles, one in each lane.
    DirectTiles,
    /// Sums of products on vectors of channels, for groups of one channel each.
    Depthwise,
    /// Minimal filtering F(2, 3), along one axis or two.
    WinogradTwo,
    /// Minimal filtering F(4, 3), along one axis or two.
    WinogradFour,
    /// Fourier transforms of overlapping tiles.
    Fourier,
}

impl Kernel {
    /// All kernels, those that add the products of the definition first, without [`Automatic`](Kernel::Automatic).
    pub const ALL: [Kernel; 6] = [
        Kernel::Direct,
        Kernel::DirectTiles,
        Kernel::Depthwise,
        Kernel::WinogradTwo,
        Kernel::WinogradFour,
        Kernel::Fourier,
    ];
}

/// Options of a [`Plan`](crate::conv::plan::Plan).
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    pub(in crate::conv::plan) accuracy: Accuracy,
    pub(in crate::conv::plan) kernel: Kernel,
    pub(in crate::conv::plan) instruction_set: InstructionSet,
    pub(in crate::conv::plan) relu: bool,
    pub(in crate::conv::plan) longest_tile: Option<usize>,
    pub(in crate::conv::plan) machine: Machine,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            accuracy: Accuracy::default(),
            kernel: Kernel::Automatic,
            instruction_set: InstructionSet::best(),
            relu: false,
            longest_tile: None,
            machine: Machine::here(),
        }
    }
}

impl PlanOptions {
    /// The default accuracy, the planner's choice of kernel, the best instructions, and no ReLU.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this accuracy.
    pub fn accuracy(mut self, accuracy: Accuracy) -> Self {
        self.accuracy = accuracy;
        self
    }

    /// With this kernel, whatever its accuracy.
    pub fn kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// With these instructions, or with the portable ones where the machine lacks them.
    pub fn instruction_set(mut self, set: InstructionSet) -> Self {
        self.instruction_set = if set.is_available() { set } else { InstructionSet::Portable };
        self
    }

    /// With tiles of at most so many entries along each axis for [`Kernel::Fourier`] and
    /// [`Kernel::DirectTiles`], or of the fewest that it can use.
    pub fn longest_tile(mut self, entries: usize) -> Self {
        self.longest_tile = Some(entries);
        self
    }

    /// With the speeds of this machine: by default what was measured [here](Machine::here).
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machine = machine;
        self
    }

    /// Whether negative results become zero, after the bias is added.
    pub fn relu(mut self, relu: bool) -> Self {
        self.relu = relu;
        self
    }
}
