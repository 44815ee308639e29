//! Proofs: a program and its twin under random interpretations.
//!
//! For each key the program is run on a random point x, once; then on g ▷ x for each motion g that is asked
//! about. With the first key the motion of each output is found; with all others it is checked. Tensors in
//! between are looked at with the first key, to see where a symmetry is lost.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::super::oracle::{Failure, entropy, has_infinities};
use super::super::run::{Prepared, RunError};
use super::super::{Operation, Oracle, Origin, Program, Residue, Source, Trace};
use super::motion::{Motion, gather};
use super::twin::{self, Twin};

/// Which inputs a motion moves, and how the others are left.
#[derive(Clone, Debug)]
pub(in crate::model) struct Moving {
    /// The shape of the input that gives the group.
    pub(in crate::model) own: Vec<usize>,
    /// Whether each input is moved.
    pub(in crate::model) moves: Vec<bool>,
}

impl Moving {
    /// The inputs of the same rank and with the same extents from `first` on, other than of the batch and of
    /// channels, move alike.
    pub(in crate::model) fn of(program: &Program, leader: usize) -> Self {
        let shape = |input: usize| &program.slots[program.inputs[input]].shape;
        let own = shape(leader).clone();
        let space = super::groups::space(&own);
        let alike = |input: usize| {
            let shape = shape(input);
            input == leader || shape.len() == own.len() && space.iter().all(|&axis| shape[axis] == own[axis])
        };
        Moving { moves: (0..program.inputs.len()).map(alike).collect(), own }
    }

    /// The moved inputs; `None` where a shape does not admit the motion.
    pub(in crate::model) fn apply<E: Clone>(
        &self,
        motion: &Motion,
        inputs: &[ArrayD<E>],
    ) -> Option<Vec<ArrayD<E>>> {
        let moved = inputs.iter().zip(&self.moves).map(|(input, moves)| match moves {
            true => motion.apply(input),
            false => Some(input.clone()),
        });
        moved.collect()
    }
}

struct Key {
    oracle: Oracle,
    inputs: Vec<ArrayD<Residue>>,
    outputs: Vec<Arc<ArrayD<Residue>>>,
}

/// A program with its values at a random point.
pub(in crate::model) struct Prover<'p> {
    program: &'p Program,
    keys: Vec<Key>,
    /// The program with its constants for the first key, with which every motion is looked at. Those of the
    /// others are read anew, as they may take more memory than the model.
    first: Prepared<'p, Oracle>,
    trace: Trace<Residue>,
    varies: Vec<bool>,
    failure: Failure,
}

/// What was found about one motion.
pub(in crate::model) struct Finding {
    /// For each output how it moves; `None` where no permutation of its entries explains it.
    pub(in crate::model) outputs: Vec<Option<Twin>>,
    /// The values of all tensors on the moved input.
    pub(in crate::model) trace: Trace<Residue>,
}

impl Finding {
    pub(in crate::model) fn holds(&self) -> bool {
        self.outputs.iter().all(Option::is_some)
    }
}

impl<'p> Prover<'p> {
    /// A prover with so many keys; by default as many as bring the probability of error about one of 2ᶜ
    /// conjectures below 2⁻⁴⁴, so that that of sixteen stays below 2⁻⁴⁰. `None` if the program has numbers
    /// that are not finite.
    ///
    /// # Errors
    /// Those of a run.
    pub(in crate::model) fn new(
        program: &'p Program,
        keys: Option<usize>,
        choices: f64,
    ) -> Result<Option<Self>, RunError> {
        if has_infinities(program) {
            return Ok(None);
        }
        let failure = Failure::of(program);
        let count = keys.unwrap_or_else(|| failure.keys_for(44.0, choices)).max(1);
        let mut random = entropy();
        let mut draw = || {
            let oracle = Oracle::draw(&mut random);
            let point = program.inputs.iter().map(|&slot| {
                let shape = IxDyn(&program.slots[slot].shape);
                ArrayD::from_shape_simple_fn(shape, || oracle.uniform(&mut random))
            });
            let inputs: Vec<ArrayD<Residue>> = point.collect();
            (oracle, inputs)
        };
        let (oracle, inputs) = draw();
        let first = program.prepare(&oracle);
        let trace = first.run(&inputs)?;
        let outputs = program.outputs.iter().map(|&slot| Arc::clone(&trace[slot])).collect();
        let mut keys = vec![Key { oracle, inputs, outputs }];
        for _ in 1..count {
            let (oracle, inputs) = draw();
            let outputs = program.outputs(&oracle, &inputs)?;
            keys.push(Key { oracle, inputs, outputs });
        }
        Ok(Some(Prover { program, keys, first, trace, varies: varying(program), failure }))
    }

    /// How many keys there are.
    pub(in crate::model) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// log₂ of the probability that what was found about the outputs is wrong.
    pub(in crate::model) fn log2_failure(&self, finding: &Finding) -> f64 {
        let each = finding
            .outputs
            .iter()
            .flatten()
            .map(|twin| self.failure.log2(self.keys.len(), twin.log2_choices()));
        each.map(f64::exp2).sum::<f64>().log2().min(0.0)
    }

    /// What a motion does to the outputs.
    ///
    /// # Errors
    /// Those of a run.
    pub(in crate::model) fn judge(
        &self,
        moving: &Moving,
        motion: &Motion,
    ) -> Result<Option<Finding>, RunError> {
        let Some(inputs) = moving.apply(motion, &self.keys[0].inputs) else { return Ok(None) };
        let trace = self.first.run(&inputs)?;
        let mut outputs: Vec<Option<Twin>> = self
            .program
            .outputs
            .iter()
            .map(|&slot| twin::find(motion, &moving.own, &self.trace[slot], &trace[slot]))
            .collect();
        if outputs.iter().all(Option::is_some) {
            for key in &self.keys[1..] {
                let Some(inputs) = moving.apply(motion, &key.inputs) else { return Ok(None) };
                let after = self.program.outputs(&key.oracle, &inputs)?;
                for ((found, before), after) in outputs.iter_mut().zip(&key.outputs).zip(&after) {
                    let sources = found.as_ref().and_then(Twin::sources);
                    if sources.is_none_or(|sources| gather(before, &sources) != **after) {
                        *found = None;
                    }
                }
            }
        }
        Ok(Some(Finding { outputs, trace }))
    }

    /// What the motion does to a tensor in between, as far as the first key tells.
    pub(in crate::model) fn twin(
        &self,
        moving: &Moving,
        motion: &Motion,
        finding: &Finding,
        slot: usize,
    ) -> Option<Twin> {
        twin::find(motion, &moving.own, &self.trace[slot], &finding.trace[slot])
    }

    /// The first step, in order, at which a symmetry is lost that an output lacks: its result is no
    /// permutation of its twin, while all that it reads is.
    ///
    /// Shifts carry other entries into a border that is copied, as circular padding does. Such a copy without
    /// constants is not to blame: what reads it may well give twins again.
    pub(in crate::model) fn blame(&self, motion: &Motion, finding: &Finding) -> Option<usize> {
        let is_shift = matches!(motion, Motion::Shift { .. });
        let mut broken = vec![false; self.program.slots.len()];
        let mut is_copy = vec![false; self.program.slots.len()];
        for step in self.program.steps.iter().filter(|step| self.varies[step.output]) {
            let slot = step.output;
            let is_kept = twin::is_permuted(&*self.trace[slot], &*finding.trace[slot]);
            let of_twins = step.inputs.iter().all(|&input| !broken[input]);
            is_copy[slot] = is_shift && !is_kept && of_twins && is_copying(&step.operation);
            broken[slot] = !is_kept && !is_copy[slot];
        }
        let lost = self.program.outputs.iter().zip(&finding.outputs).filter(|(_, twin)| twin.is_none());
        let mut open: Vec<usize> = lost.map(|(&slot, _)| slot).collect();
        let mut blamed: Option<usize> = None;
        let mut seen = vec![false; self.program.slots.len()];
        while let Some(slot) = open.pop() {
            if std::mem::replace(&mut seen[slot], true) {
                continue;
            }
            let Origin::Step(step) = self.program.slots[slot].origin else { continue };
            let inputs = &self.program.steps[step].inputs;
            let lost: Vec<usize> = inputs.iter().copied().filter(|&input| broken[input]).collect();
            if lost.is_empty() && (broken[slot] || is_copy[slot]) {
                blamed = Some(blamed.map_or(step, |earlier| earlier.min(step)));
            }
            open.extend(lost);
        }
        blamed
    }
}

/// Whether a step only copies what it reads.
fn is_copying(operation: &Operation) -> bool {
    let is_entry = |source: &Source| matches!(source, Source::Entry { .. });
    matches!(operation, Operation::Rearrange(sources) if sources.iter().all(is_entry))
}

/// Which tensors depend on the inputs.
pub(in crate::model) fn varying(program: &Program) -> Vec<bool> {
    let mut varies: Vec<bool> =
        program.slots.iter().map(|slot| matches!(slot.origin, Origin::Input(_))).collect();
    for step in &program.steps {
        varies[step.output] = step.inputs.iter().any(|&input| varies[input]);
    }
    varies
}

/// The first input of floats with an axis to move along.
pub(in crate::model) fn leader(program: &Program) -> Option<usize> {
    let fits = |&input: &usize| {
        let slot = &program.slots[program.inputs[input]];
        slot.element.is_float() && slot.shape.iter().any(|&extent| extent > 1)
    };
    (0..program.inputs.len()).find(fits)
}
