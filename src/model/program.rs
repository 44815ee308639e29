//! Programs: a model for inputs of one shape, in five operations.
//!
//! Every operator of the standard is written in these, so that a reading, a proof or a certificate needs a
//! rule for five operations and not for two hundred:
//!
//! | operation | what it writes | operators of the standard |
//! |---|---|---|
//! | [`Pointwise`](Operation::Pointwise) | one function, entry by entry | arithmetic, activations, comparisons, `Where` |
//! | [`Rearrange`](Operation::Rearrange) | entries at other places, and constants | reshapes, slices, pads, concatenation, nearest neighbours |
//! | [`Reduce`](Operation::Reduce) | a sum, a maximum … of lists of entries | reductions, pools, cumulative sums, linear resizing |
//! | [`Convolution`](Operation::Convolution) | correlation with windows | convolutions, also transposed ones, of a stretched signal |
//! | [`Product`](Operation::Product) | products of matrices | dense layers, attention, `Einsum` |

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::ArrayD;

use super::ElementType;

/// A function that is known by its name alone, with the numbers that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// The operator: `LeakyRelu`.
    pub name: String,
    /// Its parameters in a fixed order: the slope.
    pub parameters: Vec<f64>,
}

/// A function of one entry of each input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b
    Divide,
    /// −a
    Negate,
    /// max(a, b, …)
    Maximum,
    /// min(a, b, …)
    Minimum,
    /// |a|
    Absolute,
    /// eᵃ
    Exponential,
    /// ln a
    Logarithm,
    /// √a
    SquareRoot,
    /// tanh a
    HyperbolicTangent,
    /// 1 / (1 + e⁻ᵃ)
    Sigmoid,
    /// The error function.
    Erf,
    /// Any other function: comparisons, rounding, trigonometry, powers … by its name in the standard.
    Other(Symbol),
}

/// Where an entry of a rearranged array is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Entry `entry`, in row-major order, of input `input`.
    Entry {
        /// The number of the input.
        input: u32,
        /// The number of its entry.
        entry: u32,
    },
    /// A number: padding, say.
    Constant(f64),
}

/// Lists of entries of one plane of an array, the same for all of its planes.
///
/// An input of `planes · entries` numbers becomes an output of `planes · lists` numbers: list `j` is
/// `members[offsets[j] .. offsets[j + 1]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lists {
    /// Entries of a plane of the input.
    pub entries: usize,
    /// The beginning of each list, and the end of the last.
    pub offsets: Vec<usize>,
    /// The entries of all lists, one list after the other.
    pub members: Vec<u32>,
    /// The factor of each entry; `None` for ones.
    pub factors: Option<Vec<f64>>,
}

/// What becomes of a list of entries.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reduction {
    /// The sum, with the factors of the lists. Of no entries 0.
    Sum,
    /// The product.
    Product,
    /// The greatest entry.
    Maximum,
    /// The least entry.
    Minimum,
    /// A function of the list in its order: the place of the greatest entry, say.
    Other(Symbol),
}

/// The windows of a correlation with a kernel (M, C / groups, taps…) of a signal (batch, C, space…).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Groups of channels.
    pub groups: usize,
    /// The step from one window to the next, along each axis of space.
    pub stride: Vec<usize>,
    /// The step from one tap to the next.
    pub dilation: Vec<usize>,
    /// Zeros before and after the signal.
    pub padding: Vec<(usize, usize)>,
}

impl Convolution {
    /// The entry of a signal with these extents that a tap of a window reads; `None` in the padding.
    pub(super) fn entry(&self, space: &[usize], window: &[usize], tap: &[usize]) -> Option<usize> {
        (0..space.len()).try_fold(0, |flat, axis| {
            let place = self.along(axis, space[axis], window[axis], tap[axis])?;
            Some(flat * space[axis] + place)
        })
    }

    /// The place along an axis of this extent that a tap of a window reads; `None` in the padding.
    pub(super) fn along(&self, axis: usize, extent: usize, window: usize, tap: usize) -> Option<usize> {
        let place = window * self.stride[axis] + tap * self.dilation[axis];
        place.checked_sub(self.padding[axis].0).filter(|&place| place < extent)
    }
}

/// What a step does with its inputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// A function, entry by entry. Inputs are broadcast to the shape of the output, as in NumPy.
    Pointwise(Function),
    /// One source for each entry of the output, in row-major order.
    Rearrange(Arc<[Source]>),
    /// A number for each list of entries of the only input.
    Reduce(Reduction, Arc<Lists>),
    /// Correlation: inputs signal, kernel, and bias (M) if there is one.
    Convolution(Convolution),
    /// Products of matrices: (batch…, rows, inner) with (batch…, inner, columns); the batches are equal.
    Product,
}

/// Where a slot has its numbers from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// An input of the model, by its number.
    Input(usize),
    /// Weights and other numbers of the file, exactly: every float type of the standard is a subset of `f64`.
    Constant(Arc<ArrayD<f64>>),
    /// The step of this number.
    Step(usize),
}

/// A tensor of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Its name in the model; `None` for one in between, of an operator that is written in several steps.
    pub name: Option<String>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The type of its numbers in the model. Exact readings have no use for it; floats are rounded to it.
    pub element: ElementType,
    /// Where its numbers are from.
    pub origin: Origin,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The number of the node of the model that it belongs to.
    pub node: usize,
    /// What is done.
    pub operation: Operation,
    /// The slots that it reads.
    pub inputs: Vec<usize>,
    /// The slot that it writes.
    pub output: usize,
}

/// A model for inputs of one shape. Steps are in an order in which they can run; slots that only constants
/// reach may be constants already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// The tensors.
    pub slots: Vec<Slot>,
    /// The operations.
    pub steps: Vec<Step>,
    /// The slots of the inputs.
    pub inputs: Vec<usize>,
    /// The slots of the outputs.
    pub outputs: Vec<usize>,
    /// The slots by the names of the model; two names of one tensor lead to the same slot.
    pub names: BTreeMap<String, usize>,
}

/// The values of all tensors in a run, by slot; entries in row-major order.
pub type Trace<E> = Vec<Arc<ArrayD<E>>>;

impl Program {
    /// For each slot the last step that reads it, and 0 for one that none does.
    pub(super) fn last_uses(&self) -> Vec<usize> {
        let mut last_use = vec![0; self.slots.len()];
        for (number, step) in self.steps.iter().enumerate() {
            step.inputs.iter().for_each(|&slot| last_use[slot] = number);
        }
        last_use
    }
}
