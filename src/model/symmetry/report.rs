//! What was found about a model, group by group.

use std::fmt;

use super::groups::SymmetryGroup;
use super::refute::Counterexample;
use super::shift_map::ShiftMap;
use crate::model::ElementType;

/// What a model does under a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupVerdict {
    /// No output changes.
    Invariant,
    /// Every output is moved by permutations of its entries.
    Equivariant,
    /// Neither.
    Broken,
    /// It was not shown, and not refuted.
    Undecided,
    /// The group does not act on inputs of this shape.
    NotApplicable,
}

impl fmt::Display for GroupVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            GroupVerdict::Invariant => "invariant",
            GroupVerdict::Equivariant => "equivariant",
            GroupVerdict::Broken => "broken",
            GroupVerdict::Undecided => "undecided",
            GroupVerdict::NotApplicable => "not-applicable",
        })
    }
}

/// On what a verdict rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Basis {
    /// The identity holds for all real inputs, but for a probability of error that is stated.
    Proved,
    /// The same of a model whose weights differ by their own rounding.
    ProvedMended,
    /// There is a counterexample, beyond all rounding.
    Refuted,
    /// Errors in floats, which prove nothing. Broken is then what differs by more than a thousand times the
    /// noise.
    Measured,
}

impl fmt::Display for Basis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Basis::Proved => "proved",
            Basis::ProvedMended => "proved-mended",
            Basis::Refuted => "refuted",
            Basis::Measured => "measured",
        })
    }
}

/// An input or an output, at the shape that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The type of its numbers.
    pub element: ElementType,
}

/// The node at which a symmetry is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// The name of the node, or of what it computes.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// The relative error of what it computes.
    pub relative_error: f64,
}

/// What one element of a group does.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementReport {
    /// The element.
    pub name: String,
    /// Whether it was shown that the outputs are permuted.
    pub holds: bool,
    /// The greatest relative error of an output in floats.
    pub relative_error: f64,
}

/// What was found about one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupReport {
    /// The group.
    pub group: SymmetryGroup,
    /// What the model does.
    pub verdict: GroupVerdict,
    /// On what that rests; `None` where the group does not apply.
    pub basis: Option<Basis>,
    /// log₂ of the probability that a proof is wrong.
    pub log2_failure: Option<f64>,
    /// What the outputs do, in words.
    pub output_action: Option<String>,
    /// The largest subgroup that was found to hold, in words.
    pub largest: Option<String>,
    /// The greatest change of a weight by mending, over the greatest weight of its tensor.
    pub weights_defect: Option<f64>,
    /// The half side r of a box of inputs, and the bound on |f(g ▷ x) − g ▷ f(x)| in it.
    pub deviation_bound: Option<(f64, f64)>,
    /// Where that is vacuous: the bound for the inputs on which the model was measured.
    pub deviation_on_samples: Option<f64>,
    /// What shapes alone say: the first grid that the group does not map to itself; `None` if all are.
    pub grids: Option<String>,
    /// The greatest relative error of an output in floats.
    pub relative_error: Option<f64>,
    /// The relative rounding noise of the outputs.
    pub noise_floor: Option<f64>,
    /// How often the greatest entry of the first output stays the greatest.
    pub consistency: Option<f64>,
    /// The elements that were looked at.
    pub elements: Vec<ElementReport>,
    /// The error of small shifts, if asked for.
    pub shifts: Option<ShiftMap>,
    /// Where it breaks.
    pub breaks_at: Option<Break>,
    /// Why, where that is recognised; or why there is no proof.
    pub hint: Option<String>,
    /// An input that refutes it.
    pub counterexample: Option<Counterexample>,
}

impl GroupReport {
    pub(in crate::model) fn new(group: SymmetryGroup, verdict: GroupVerdict) -> Self {
        GroupReport {
            group,
            verdict,
            basis: None,
            log2_failure: None,
            output_action: None,
            largest: None,
            weights_defect: None,
            deviation_bound: None,
            deviation_on_samples: None,
            grids: None,
            relative_error: None,
            noise_floor: None,
            consistency: None,
            elements: Vec::new(),
            shifts: None,
            breaks_at: None,
            hint: None,
            counterexample: None,
        }
    }

    /// The probability that a proof is wrong, at most.
    pub fn failure_probability(&self) -> Option<f64> {
        self.log2_failure.map(f64::exp2)
    }

    /// Whether this is what was expected of the group. What is invariant is equivariant too.
    pub fn agrees(&self, expected: GroupVerdict) -> bool {
        self.verdict == expected
            || (self.verdict, expected) == (GroupVerdict::Invariant, GroupVerdict::Equivariant)
    }
}

/// What a motion does to a tensor in between.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerReport {
    /// The group.
    pub group: SymmetryGroup,
    /// The element.
    pub element: String,
    /// The node that computes the tensor.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// The shape of the tensor.
    pub shape: Vec<usize>,
    /// What the tensor does, in words; `None` where it is no permutation of its entries.
    pub action: Option<String>,
    /// The relative error in floats.
    pub relative_error: f64,
}

/// What was found about a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReport {
    /// The file.
    pub model: String,
    /// The version of the operators.
    pub opset: i64,
    /// The inputs.
    pub inputs: Vec<Tensor>,
    /// The outputs.
    pub outputs: Vec<Tensor>,
    /// Group by group.
    pub groups: Vec<GroupReport>,
    /// Layer by layer, if asked for.
    pub layers: Vec<LayerReport>,
    /// What was chosen where nothing was said.
    pub remarks: Vec<String>,
    /// The keys of the random interpretations; 0 where there were none.
    pub keys: usize,
    /// The time that it took.
    pub seconds: f64,
}

impl ModelReport {
    /// What was found about a group.
    pub fn group(&self, group: SymmetryGroup) -> Option<&GroupReport> {
        self.groups.iter().find(|report| report.group == group)
    }
}
