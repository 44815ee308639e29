//! What the maker of a plan chooses.

use crate::conv::plan::machine::Machine;
use crate::conv::plan::method_name::Method;
use crate::simd::InstructionSet;

/// How far a result may lie from the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
    /// Methods that add the products of the definition, in any order, and nothing else.
    Strict,
    /// Any method whose derived bound is at most this times the largest possible sum of magnitudes: the
    /// number of terms times the largest weight times the largest entry of the sample. The bound is for each
    /// sample by itself: what another one of the batch holds plays no part, be it large or no number.
    Within(f64),
}

impl Default for Accuracy {
    /// One part in 128. That is a bound for the worst case: errors met are a thousand times smaller.
    fn default() -> Self {
        Accuracy::Within(1.0 / 128.0)
    }
}

/// Options of a [`Plan`](crate::conv::plan::Plan).
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    pub(in crate::conv::plan) accuracy: Accuracy,
    pub(in crate::conv::plan) method: Method,
    pub(in crate::conv::plan) instruction_set: InstructionSet,
    pub(in crate::conv::plan) relu: bool,
    pub(in crate::conv::plan) longest_tile: Option<usize>,
    pub(in crate::conv::plan) machine: Machine,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            accuracy: Accuracy::default(),
            method: Method::Automatic,
            instruction_set: InstructionSet::best(),
            relu: false,
            longest_tile: None,
            machine: Machine::here(),
        }
    }
}

impl PlanOptions {
    /// The default accuracy, the planner's choice of method, the best instructions, and no ReLU.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this accuracy.
    pub fn accuracy(mut self, accuracy: Accuracy) -> Self {
        self.accuracy = accuracy;
        self
    }

    /// With this method, whatever its accuracy.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// With these instructions, or with the portable ones where the machine lacks them.
    pub fn instruction_set(mut self, set: InstructionSet) -> Self {
        self.instruction_set = if set.is_available() { set } else { InstructionSet::Portable };
        self
    }

    /// With tiles of at most so many entries along each axis for [`Method::Fourier`] and
    /// [`Method::DirectTiles`], or of the fewest that it can use.
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
