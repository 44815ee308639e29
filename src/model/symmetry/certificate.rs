//! Certificates: the permutation of each tensor, checked step by step, without probability.
//!
//! A certificate claims, for a motion g of the inputs and for each tensor t, a permutation σₜ of its entries
//! with t(g ▷ x)\[i\] = t(x)\[σₜ(i)\] for all x. It is checked by one rule: if an entry i of the result of a
//! step is computed from the terms T (see [`terms`](super::terms)), then the terms of σ(i) have to be T with
//! each entry that is read replaced by its own image. Weights have to be equal bit for bit.
//!
//! *Soundness.* By induction over the steps: t(g ▷ x)\[i\] is a function of the values of T on g ▷ x, which
//! are by hypothesis the values of the images on x; and these are the terms of σ(i), so that the function has
//! the value t(x)\[σ(i)\]. Terms are compared as bags, as sums, products and maxima do not depend on an order
//! in exact arithmetic. `certificate_soundness` in `proofs/Certificate.v` is this theorem, checked by
//! machine.
//!
//! Entries that are copies of another one count as that entry. So tensors that are only rearranged need no
//! permutation, as a border that is padded with copies has none, and copies in an enlarged image may be
//! exchanged.
//!
//! Not every proof has a certificate: where a tensor in between is not permuted though the outputs are, as of
//! linear interpolation along one axis after the other, or equal channels are exchanged, it is refused.
//!
//! What is trusted is the reader, the lowering and this file: no random number, no search, and nothing that
//! the certificate says but its permutations. Cost: one pass over the products of the model.

use super::error::{CertificateError, JudgeError};
use super::exact::{Moving, Prover, leader, varying};
use super::groups::{Element, SymmetryGroup};
use super::motion::Motion;
use super::rule::Rule;
use super::twin::Twin;
use crate::model::oracle::has_infinities;
use crate::model::run::RunError;
use crate::model::{Operation, Origin, Program};

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
    let rule = Rule::of(program, &varies);
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
            if let Some(entry) = rule.first_difference(step, output, &sources) {
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

/// Whether the names of a claim are those of its motion, and the inputs that it moves those that are always
/// moved.
fn is_element(program: &Program, claim: &Claim) -> bool {
    let Some(leader) = leader(program) else { return false };
    let moving = Moving::of(program, leader);
    let elements = claim.group.parse::<SymmetryGroup>().and_then(|group| group.generators(&moving.own));
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
        // Shapes come first: those of a file may be too large to look at.
        let Some(description) = program.slots.get(*slot) else { return Err(refused(0)) };
        let Some(permutation) =
            Some(twin).filter(|twin| twin.shape == description.shape).and_then(Twin::sources)
        else {
            return Err(refused(*slot));
        };
        let count: usize = description.shape.iter().product();
        let mut seen = vec![false; count];
        let is_permutation = permutation.len() == count
            && permutation.iter().all(|&entry| {
                seen.get_mut(entry as usize).is_some_and(|seen| !std::mem::replace(seen, true))
            });
        if !is_permutation {
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

impl crate::model::Model {
    /// Checks a certificate on this model, node by node and bit for bit. Returns what it proves.
    ///
    /// # Errors
    /// If the model cannot be read for the shapes of the certificate, or the certificate does not prove what
    /// it claims.
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
            Some(inlined) if !inlined.node.name.is_empty() => inlined.node.name.clone(),
            _ => format!("number {number}"),
        };
        Ok(check(&program, certificate, node)?)
    }
}
