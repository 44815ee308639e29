//! Certificates: the permutation of each tensor, checked step by step, without probability.
//!
//! A certificate claims, for a motion g of the inputs and for each tensor t, a permutation σₜ of its entries with
//! t(g ▷ x)\[i\] = t(x)\[σₜ(i)\] for all x. It is checked by one rule: if an entry i of the result of a step is computed
//! from the terms T (see [`terms`](super::terms)), then the terms of σ(i) have to be T with each entry that is read
//! replaced by its own image. Weights have to be equal bit for bit.
//!
//! *Soundness.* By induction over the steps: t(g ▷ x)\[i\] is a function of the values of T on g ▷ x, which are by
//! hypothesis the values of the images on x; and these are the terms of σ(i), so that the function has the value
//! t(x)\[σ(i)\]. Terms are compared as bags, as sums, products and maxima do not depend on an order in exact arithmetic.
//!
//! Entries that are copies of another one count as that entry. So tensors that are only rearranged need no permutation,
//! as a border that is padded with copies has none, and copies in an enlarged image may be exchanged.
//!
//! Not every proof has a certificate: where a tensor in between is not permuted though the outputs are, as of linear
//! interpolation along one axis after the other, or equal channels are exchanged, it is refused.
//!
//! What is trusted is the reader, the lowering and this file: no random number, no search, and nothing that the
//! certificate says but its permutations. Cost: one pass over the products of the model.

use std::collections::HashMap;

use super::check::{JudgeError, leader};
use super::exact::{Moving, Prover, varying};
use super::groups::{Element, Symmetry};
use super::motion::Motion;
use super::terms::{Atom, Term, Terms, number};
use super::twin::Twin;
use crate::model::oracle::has_infinities;
use crate::model::run::RunError;
use crate::model::{Function, Operation, Origin, Program, Source, Step};

/// What a certificate claims about one motion.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    /// The group, and the element.
    pub(crate) group: String,
    pub(crate) element: String,
    /// How inputs are moved.
    pub(crate) motion: Motion,
    /// Whether each input is moved.
    pub(crate) moves: Vec<bool>,
    /// Tensors by the number of their slot, with how they move.
    pub(crate) tensors: Vec<(usize, Twin)>,
}

/// Permutations of all tensors of a model, for some motions of its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// The inputs, with the shapes for which it was made.
    pub inputs: Vec<(String, Vec<usize>)>,
    pub(crate) claims: Vec<Claim>,
}

/// What a certificate proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// For each element its group, its name, and what the outputs do, in words.
    pub claims: Vec<[String; 3]>,
    /// How many steps were checked.
    pub steps: usize,
}

/// Why a certificate does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It was made for other inputs.
    #[error("made for other inputs: {0}")]
    Inputs(String),
    /// The model has numbers that are not finite.
    #[error("the model has numbers that are not finite, of which exact arithmetic knows nothing")]
    Infinite,
    /// What it calls an element of a group is none, or moves other inputs.
    #[error("{group}: {element} is no element of this group on these inputs")]
    Element {
        /// The group.
        group: String,
        /// The element.
        element: String,
    },
    /// It claims nothing.
    #[error("it claims nothing")]
    Empty,
    /// What it says of a tensor is no permutation of its entries, or missing.
    #[error("{element}: tensor {tensor}: expected a permutation of its entries")]
    NoPermutation {
        /// The element.
        element: String,
        /// The tensor.
        tensor: String,
    },
    /// A step does not map to itself.
    #[error(
        "{element}: node {node} does not map to itself: entry {entry} of its result and its image are computed from different terms"
    )]
    Step {
        /// The element.
        element: String,
        /// The node.
        node: String,
        /// The entry.
        entry: usize,
    },
}

/// Makes the claim of a motion; `None` where a tensor that matters is not permuted.
pub(in crate::model) fn claim(
    program: &Program,
    prover: &Prover<'_>,
    moving: &Moving,
    motion: &Motion,
) -> Result<Option<Vec<(usize, Twin)>>, RunError> {
    let Some(finding) = prover.judge(moving, motion)? else { return Ok(None) };
    if !finding.holds() {
        return Ok(None);
    }
    let needed = needed(program);
    let varies = varying(program);
    let is_copy = |slot: usize| match program.slots[slot].origin {
        Origin::Step(step) => matches!(program.steps[step].operation, Operation::Rearrange(_)),
        _ => false,
    };
    let tensors = (0..program.slots.len())
        .filter(|&slot| varies[slot] && needed[slot] && (!is_copy(slot) || program.outputs.contains(&slot)));
    Ok(Some(tensors.filter_map(|slot| Some((slot, prover.twin(moving, motion, &finding, slot)?))).collect()))
}

/// Which tensors an output depends on.
fn needed(program: &Program) -> Vec<bool> {
    let mut needed = vec![false; program.slots.len()];
    program.outputs.iter().for_each(|&slot| needed[slot] = true);
    // Steps are in order, so that in reverse every reader of a tensor comes before what computes it.
    for step in program.steps.iter().rev() {
        if needed[step.output] {
            step.inputs.iter().for_each(|&input| needed[input] = true);
        }
    }
    needed
}

/// Checks all claims of a certificate on a program.
pub(in crate::model) fn check(
    program: &Program,
    certificate: &Certificate,
    node: impl Fn(usize) -> String,
) -> Result<Certified, CertificateError> {
    if certificate.claims.is_empty() {
        return Err(CertificateError::Empty);
    }
    if has_infinities(program) {
        return Err(CertificateError::Infinite);
    }
    let varies = varying(program);
    let needed = needed(program);
    let constants = Constants::of(program, &varies);
    let originals = originals(program, &varies, &constants);
    let mut certified = Certified { claims: Vec::new(), steps: 0 };
    for claim in &certificate.claims {
        if !is_element(program, claim) {
            let (group, element) = (claim.group.clone(), claim.element.clone());
            return Err(CertificateError::Element { group, element });
        }
        let sources = permutations(program, claim, &varies, &needed)?;
        for step in program.steps.iter().filter(|step| varies[step.output] && needed[step.output]) {
            // A tensor without a permutation may be read by a step that does not use it.
            let Some(output) = &sources[step.output] else { continue };
            if let Some(entry) = first_difference(program, step, output, &sources, &originals, &constants) {
                return Err(CertificateError::Step {
                    element: claim.element.clone(),
                    node: node(step.node),
                    entry,
                });
            }
            certified.steps += 1;
        }
        let of_output = |slot: &usize| {
            let twin = claim.tensors.iter().find(|(other, _)| other == slot);
            twin.map_or_else(|| "unchanged".to_owned(), |(_, twin)| twin.to_string())
        };
        let outputs = program.outputs.iter().map(of_output).collect::<Vec<_>>().join("; ");
        certified.claims.push([claim.group.clone(), claim.element.clone(), outputs]);
    }
    Ok(certified)
}

/// Whether the names of a claim are those of its motion, and the inputs that it moves those that are always moved.
fn is_element(program: &Program, claim: &Claim) -> bool {
    let Some(leader) = leader(program) else { return false };
    let moving = Moving::of(program, leader);
    let elements = claim.group.parse::<Symmetry>().and_then(|group| group.generators(&moving.own));
    let is_this = |element: &Element| element.name == claim.element && element.motion == claim.motion;
    claim.moves == moving.moves && elements.is_ok_and(|elements| elements.iter().any(is_this))
}

/// The permutations of a claim, by slot. Inputs must move as the claim says, and all outputs need one.
fn permutations(
    program: &Program,
    claim: &Claim,
    varies: &[bool],
    needed: &[bool],
) -> Result<Vec<Option<Vec<u32>>>, CertificateError> {
    let refused = |slot: usize| CertificateError::NoPermutation {
        element: claim.element.clone(),
        tensor: program.slots[slot].name.clone().unwrap_or_else(|| format!("number {slot}")),
    };
    let mut sources = vec![None; program.slots.len()];
    for (slot, twin) in &claim.tensors {
        let (Some(description), Some(permutation)) = (program.slots.get(*slot), twin.sources()) else {
            return Err(refused(0));
        };
        let count: usize = description.shape.iter().product();
        let mut seen = vec![false; count];
        let is_permutation = permutation.len() == count
            && permutation.iter().all(|&entry| {
                seen.get_mut(entry as usize).is_some_and(|seen| !std::mem::replace(seen, true))
            });
        if !is_permutation || twin.shape != description.shape {
            return Err(refused(*slot));
        }
        sources[*slot] = Some(permutation);
    }
    for (number, &slot) in program.inputs.iter().enumerate() {
        let identity = || (0..program.slots[slot].shape.iter().product::<usize>() as u32).collect();
        let expected = match claim.moves.get(number) {
            Some(true) => claim.motion.sources(&program.slots[slot].shape),
            Some(false) => Some(identity()),
            None => None,
        };
        if expected.is_none() || needed[slot] && sources[slot] != expected {
            return Err(refused(slot));
        }
    }
    match program.outputs.iter().find(|&&slot| varies[slot] && sources[slot].is_none()) {
        Some(&slot) => Err(refused(slot)),
        None => Ok(sources),
    }
}

/// What an entry that is read is known as: a place that varies, or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Known {
    Nothing,
    /// A number in the description of a step, and a constant of the model.
    Number(u64),
    Constant(u32),
    Varying(usize, u32),
    /// A tensor without a permutation.
    Unknown(usize, u32),
}

fn first_difference(
    program: &Program,
    step: &Step,
    output: &[u32],
    sources: &[Option<Vec<u32>>],
    originals: &[Vec<Known>],
    constants: &Constants,
) -> Option<usize> {
    let terms = Terms::new(program, step);
    let known = |atom: Atom, moved: bool| match atom {
        Atom::Nothing => Known::Nothing,
        Atom::Number(bits) => Known::Number(bits),
        Atom::Entry { slot, entry } => match originals[slot].get(entry) {
            None => Known::Constant(constants.entries[slot][entry]),
            Some(&Known::Varying(slot, entry)) if moved => match &sources[slot] {
                Some(list) => Known::Varying(slot, list[entry as usize]),
                None => Known::Unknown(slot, entry),
            },
            Some(&Known::Varying(slot, entry)) if sources[slot].is_none() => Known::Unknown(slot, entry),
            Some(&known) => known,
        },
    };
    let bag = |list: &[Term], moved: bool, bag: &mut Vec<[Known; 2]>| {
        bag.clear();
        bag.extend(list.iter().map(|term| term.map(|atom| known(atom, moved))));
        let zero = Known::Constant(constants.zero);
        if terms.is_bilinear() {
            bag.retain(|term| !term.contains(&zero));
        } else if is_product(&step.operation) && bag.iter().any(|term| term[0] == zero) {
            bag.clear();
            bag.push([zero, Known::Nothing]);
        }
        bag.sort_unstable();
        if terms.is_set() {
            bag.dedup();
        }
    };
    let (mut list, mut own, mut image) = (Vec::new(), Vec::new(), Vec::new());
    (0..terms.count()).find(|&entry| {
        terms.of(entry, &mut list);
        bag(&list, true, &mut own);
        terms.of(output[entry] as usize, &mut list);
        bag(&list, false, &mut image);
        let is_unknown = |term: &[Known; 2]| term.iter().any(|known| matches!(known, Known::Unknown(..)));
        own != image || own.iter().any(is_unknown)
    })
}

/// For each entry of a tensor that varies the entry of which it is a copy, or the number: what is multiplied by zero
/// is zero.
fn originals(program: &Program, varies: &[bool], constants: &Constants) -> Vec<Vec<Known>> {
    let mut originals: Vec<Vec<Known>> = vec![Vec::new(); program.slots.len()];
    let own = |slot: usize| -> Vec<Known> {
        let count = program.slots[slot].shape.iter().product::<usize>() as u32;
        (0..count).map(|entry| Known::Varying(slot, entry)).collect()
    };
    for &slot in &program.inputs {
        originals[slot] = own(slot);
    }
    for step in program.steps.iter().filter(|step| varies[step.output]) {
        originals[step.output] = match &step.operation {
            Operation::Rearrange(sources) => {
                let of = |source: &Source| match *source {
                    Source::Constant(value) => match number(value) {
                        Atom::Number(bits) => Known::Number(bits),
                        _ => Known::Nothing,
                    },
                    Source::Entry { input, entry } => {
                        let slot = step.inputs[input as usize];
                        match originals[slot].get(entry as usize) {
                            Some(original) => *original,
                            None => Known::Constant(constants.entries[slot][entry as usize]),
                        }
                    }
                };
                sources.iter().map(of).collect()
            }
            operation if is_product(operation) => {
                let terms = Terms::new(program, step);
                let mut list = Vec::new();
                let is_zero = |term: &Term| match term[0] {
                    Atom::Entry { slot, entry } => {
                        constants.entries[slot].get(entry) == Some(&constants.zero)
                    }
                    _ => false,
                };
                let of = |(entry, own): (usize, Known)| {
                    terms.of(entry, &mut list);
                    if list.iter().any(is_zero) { Known::Constant(constants.zero) } else { own }
                };
                own(step.output).into_iter().enumerate().map(of).collect()
            }
            _ => own(step.output),
        };
    }
    originals
}

fn is_product(operation: &Operation) -> bool {
    matches!(operation, Operation::Pointwise(Function::Multiply))
}

/// Names for the entries of tensors that do not vary: equal names mean equal values.
struct Constants {
    entries: Vec<Vec<u32>>,
    zero: u32,
}

impl Constants {
    /// Numbers are named by their bits; what is computed from constants by the step's operation and its terms.
    fn of(program: &Program, varies: &[bool]) -> Self {
        let mut names: HashMap<(String, Vec<[Known; 2]>), u32> = HashMap::new();
        let mut name = |operation: &str, terms: Vec<[Known; 2]>| {
            let next = names.len() as u32;
            *names.entry((operation.to_owned(), terms)).or_insert(next)
        };
        let of_number = |value: f64, name: &mut dyn FnMut(&str, Vec<[Known; 2]>) -> u32| match number(value) {
            Atom::Number(bits) => name("", vec![[Known::Number(bits), Known::Nothing]]),
            _ => 0,
        };
        let zero = of_number(0.0, &mut name);
        let mut entries = vec![Vec::new(); program.slots.len()];
        for (slot, description) in program.slots.iter().enumerate() {
            if let Origin::Constant(values) = &description.origin {
                entries[slot] = values.iter().map(|&value| of_number(value, &mut name)).collect();
            }
        }
        for step in program.steps.iter().filter(|step| !varies[step.output]) {
            let terms = Terms::new(program, step);
            // Windows and lists are in the terms; what is left of an operation is its kind and its function.
            let kind = match &step.operation {
                Operation::Pointwise(function) => format!("{function:?}"),
                Operation::Reduce(reduction, _) => format!("reduce {reduction:?}"),
                Operation::Rearrange(_) => "rearrange".to_owned(),
                Operation::Convolution(_) | Operation::Product => "products".to_owned(),
            };
            let mut list = Vec::new();
            let mut result = Vec::with_capacity(terms.count());
            for entry in 0..terms.count() {
                terms.of(entry, &mut list);
                let known = |atom: Atom| match atom {
                    Atom::Nothing => Known::Nothing,
                    Atom::Number(bits) => Known::Number(bits),
                    Atom::Entry { slot, entry } => Known::Constant(entries[slot][entry]),
                };
                let mut bag: Vec<[Known; 2]> = list.iter().map(|term| term.map(known)).collect();
                bag.sort_unstable();
                result.push(match (&step.operation, &bag[..]) {
                    (Operation::Rearrange(_), [[Known::Constant(only), _]]) => *only,
                    (Operation::Rearrange(_), [[Known::Number(bits), _]]) => {
                        of_number(f64::from_bits(*bits), &mut name)
                    }
                    _ => name(&kind, bag),
                });
            }
            entries[step.output] = result;
        }
        Constants { entries, zero }
    }
}

impl crate::model::Model {
    /// Checks a certificate on this model, node by node and bit for bit. Returns what it proves.
    ///
    /// # Errors
    /// If the model cannot be read for the shapes of the certificate, or the certificate does not prove what it
    /// claims.
    pub fn certify(&self, certificate: &Certificate) -> Result<Certified, JudgeError> {
        let names: Vec<&str> = self.inputs().iter().map(|port| port.name.as_str()).collect();
        let given: Vec<&str> = certificate.inputs.iter().map(|(name, _)| name.as_str()).collect();
        if names != given {
            let reason = format!("expected {}, found {}", names.join(", "), given.join(", "));
            return Err(CertificateError::Inputs(reason).into());
        }
        let shapes: Vec<(&str, &[usize])> =
            certificate.inputs.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
        let program = self.program(&shapes)?;
        let node = |number: usize| match self.nodes.get(number) {
            Some(node) if !node.name.is_empty() => node.name.clone(),
            _ => format!("number {number}"),
        };
        Ok(check(&program, certificate, node)?)
    }
}
