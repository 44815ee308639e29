//! The verdict about one group: proof, mending, refutation, measurement, in this order.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use ndarray::ArrayD;

use super::exact::{Moving, Prover};
use super::groups::{Element, SymmetryGroup};
use super::hint;
use super::measured::{Meter, greatest};
use super::mend;
use super::motion::Motion;
use super::refute::{Attempt, Counterexample, Outputs, Refuter, bounded};
use super::report::{Basis, Break, GroupReport, GroupVerdict, LayerReport};
use super::terms::Terms;
use super::twin::Twin;
use crate::model::run::{Prepared, RunError};
use crate::model::{FixedPoint, Model, Program, Trace};

/// Runs that may be spent on making a counterexample smaller; of large models fewer.
const SHRINKS: usize = 200;
/// How many times the rounding noise a difference in floats is that needs no bound to be seen.
const PLAIN_NOISES: f64 = 1000.0;
/// Products that the search for a counterexample may compute in bounds, unless one trial takes more.
const TRIAL_TERMS: usize = 1 << 26;
/// Products that a shrinking may compute in all.
const SHRINK_TERMS: usize = 1 << 25;
/// log₂ of the conjectures for which keys are drawn at first: outputs that do not change, or move along their
/// axes.
pub(super) const SIMPLE: f64 = 3.0;
/// log₂ of the probability of error that a proof has at most, unless keys are asked for.
const LARGEST_FAILURE: f64 = -40.0;
/// The relative error of a step up to which the rounding of weights may be to blame: 64 units in the last
/// place of a `f32`.
const NEAR_MISS: f64 = 64.0 * f32::EPSILON as f64;
/// How many times the rounding noise a difference then has to be to refute. Below that a model differs
/// exactly, but by no more than its training would notice.
const LEAST_NOISES: f64 = 8.0;

/// Everything about a model that a judgement needs.
pub(in crate::model) struct Judge<'a> {
    pub(in crate::model) model: &'a Model,
    pub(in crate::model) program: &'a Program,
    pub(in crate::model) moving: &'a Moving,
    pub(in crate::model) prover: Option<&'a Prover<'a>>,
    pub(in crate::model) meter: &'a Meter<'a>,
    pub(in crate::model) trials: &'a [Vec<ArrayD<f64>>],
    pub(in crate::model) keys: Option<usize>,
    pub(in crate::model) reach: Option<f64>,
    pub(in crate::model) maps: bool,
    pub(in crate::model) memory: Memory<'a>,
}

/// An element with what is known of it.
#[derive(Clone)]
pub(super) struct Looked {
    pub(super) element: Element,
    /// For each output how it moves; empty where nothing was proved or disproved.
    pub(super) outputs: Vec<Option<Twin>>,
    /// log₂ of the probability that this is wrong.
    pub(super) log2_failure: f64,
    /// The step at which the symmetry is lost.
    pub(super) lost_at: Option<usize>,
    /// The relative error of the outputs in floats.
    pub(super) error: f64,
    /// The relative error where the symmetry is lost.
    pub(super) lost_error: f64,
    /// What no permutation explains of the outputs in floats.
    pub(super) gap: f64,
}

impl Looked {
    pub(super) fn unknown(element: Element) -> Self {
        Looked {
            element,
            outputs: Vec::new(),
            log2_failure: 0.0,
            lost_at: None,
            error: f64::NAN,
            lost_error: f64::NAN,
            gap: 0.0,
        }
    }

    pub(super) fn holds(&self) -> bool {
        !self.outputs.is_empty() && self.outputs.iter().all(Option::is_some)
    }
}

/// A counterexample with what it depends on.
#[derive(Clone)]
struct Refuted {
    motion: Motion,
    least: f64,
    found: Counterexample,
}

/// What is found once and used for several groups.
#[derive(Default)]
pub(in crate::model) struct Memory<'a> {
    looked: RefCell<HashMap<Motion, Looked>>,
    refuted: RefCell<Vec<Refuted>>,
    /// The program in the arithmetic that refutes.
    exact: OnceCell<Prepared<'a, FixedPoint>>,
    /// The bounded outputs for the first trial.
    bounded: RefCell<Option<Outputs>>,
    /// Whether rigorous bounds are wider than the outputs, as of deep networks with error functions.
    is_vacuous: Cell<bool>,
}

impl Judge<'_> {
    /// The verdict about a group, and what each layer does under its first generator if that is asked for.
    pub(in crate::model) fn group(
        &self,
        group: SymmetryGroup,
        per_layer: bool,
    ) -> Result<(GroupReport, Vec<LayerReport>), RunError> {
        let generators = match group.generators(&self.moving.own) {
            Ok(generators) => generators,
            Err(reason) => {
                let mut report = GroupReport::new(group, GroupVerdict::NotApplicable);
                report.hint = Some(reason);
                return Ok((report, Vec::new()));
            }
        };
        let looked = self.strengthened(self.look_at(&generators, self.prover)?, self.program)?;
        let mut report = GroupReport::new(group, GroupVerdict::Undecided);
        report.grids = generators.iter().find_map(|element| {
            let (step, reason) = hint::static_answer(self.model, self.program, &element.motion)?;
            let (node, _) = self.node(self.program.steps[step].node);
            Some(format!("{node}: {reason}"))
        });
        report.noise_floor = Some(self.meter.noise).filter(|noise| noise.is_finite());
        let mut change = 0.0;
        let layers_of = |prover: Option<&Prover<'_>>| match per_layer {
            true => self.layers(group, &generators[0], prover),
            false => Ok(Vec::new()),
        };
        let layers;
        if looked.iter().all(Looked::holds) {
            self.proved(&mut report, &looked);
            report.basis = Some(Basis::Proved);
            self.elements(&mut report, looked, self.prover)?;
            layers = layers_of(self.prover)?;
        } else {
            // Rounding of weights must neither hide a symmetry nor be blamed for what breaks it.
            let mended = match self.prover {
                Some(_) => self.mended(group, &looked)?,
                None => None,
            };
            let mended_prover = match &mended {
                Some(mended) => Prover::new(&mended.program, self.keys, SIMPLE)?,
                None => None,
            };
            let prover = mended_prover.as_ref().or(self.prover);
            let looked = match &mended {
                Some(mended) => self.strengthened(self.look_at(&generators, prover)?, &mended.program)?,
                None => looked,
            };
            if looked.iter().all(Looked::holds) {
                self.proved(&mut report, &looked);
                report.basis = Some(Basis::ProvedMended);
            } else {
                self.broken(&mut report, &looked)?;
            }
            if let Some(mended) = &mended {
                report.weights_defect = Some(mended.defect);
                change = mended.change;
            }
            self.elements(&mut report, looked, prover)?;
            layers = layers_of(prover)?;
        }
        if self.maps && group == SymmetryGroup::Translate {
            report.shifts = self.shift_map()?;
        }
        self.consistency(&mut report)?;
        self.bound(&mut report, change)?;
        Ok((report, layers))
    }

    fn look_at(&self, elements: &[Element], prover: Option<&Prover<'_>>) -> Result<Vec<Looked>, RunError> {
        elements.iter().map(|element| self.look(element.clone(), prover)).collect()
    }

    pub(super) fn look(&self, element: Element, prover: Option<&Prover<'_>>) -> Result<Looked, RunError> {
        let is_original = match (prover, self.prover) {
            (Some(prover), Some(original)) => std::ptr::eq(prover, original),
            _ => false,
        };
        if let Some(known) = self.memory.looked.borrow().get(&element.motion).filter(|_| is_original) {
            return Ok(Looked { element, ..known.clone() });
        }
        let mut looked = Looked::unknown(element);
        let motion = &looked.element.motion;
        if let Some(prover) = prover
            && let Some(finding) = prover.judge(self.moving, motion)?
        {
            looked.log2_failure = prover.log2_failure(&finding);
            looked.lost_at = if finding.holds() { None } else { prover.blame(motion, &finding) };
            looked.outputs = finding.outputs;
        }
        if let Some(moved) = self.meter.moved(self.moving, motion)? {
            looked.error = self.error_in(motion, &looked.outputs, &moved);
            looked.gap = self.meter.gap(&moved);
            if let Some(step) = looked.lost_at {
                // A node may be written in several steps: what counts is the tensor that it gives.
                looked.lost_error = self.meter.error(self.moving, motion, &moved, self.given_by(step)).1;
            }
        }
        if is_original {
            self.memory.looked.borrow_mut().insert(looked.element.motion.clone(), looked.clone());
        }
        Ok(looked)
    }

    /// The greatest relative error of an output: by the motion that was found, else by the nearest.
    pub(super) fn error(&self, motion: &Motion, twins: &[Option<Twin>]) -> Result<f64, RunError> {
        let Some(moved) = self.meter.moved(self.moving, motion)? else { return Ok(f64::NAN) };
        Ok(self.error_in(motion, twins, &moved))
    }

    fn error_in(&self, motion: &Motion, twins: &[Option<Twin>], moved: &Trace<f64>) -> f64 {
        let errors = self.program.outputs.iter().enumerate().map(|(number, &slot)| match twins.get(number) {
            Some(Some(twin)) => self.meter.error_of(twin, moved, slot),
            _ => self.meter.error(self.moving, motion, moved, slot).1,
        });
        errors.fold(0.0, greatest)
    }

    fn proved(&self, report: &mut GroupReport, looked: &[Looked]) {
        let twins: Vec<&[Option<Twin>]> = looked.iter().map(|looked| &looked.outputs[..]).collect();
        let is_invariant = twins.iter().all(|outputs| outputs.iter().flatten().all(Twin::is_unchanged));
        report.verdict = if is_invariant { GroupVerdict::Invariant } else { GroupVerdict::Equivariant };
        // The probabilities of the generators add up.
        let sum: f64 = looked.iter().map(|looked| looked.log2_failure.exp2()).sum();
        report.log2_failure = Some(sum.log2().min(0.0));
        report.output_action = Some(self.action(&twins));
        report.largest = Some(report.group.to_string());
    }

    /// The same proofs with more keys, where those that were found are less certain than promised.
    fn strengthened(&self, looked: Vec<Looked>, program: &Program) -> Result<Vec<Looked>, RunError> {
        let sum: f64 = looked.iter().map(|looked| looked.log2_failure.exp2()).sum();
        if self.keys.is_some() || sum.log2() <= LARGEST_FAILURE || !looked.iter().all(Looked::holds) {
            return Ok(looked);
        }
        let choices =
            looked.iter().flat_map(|looked| looked.outputs.iter().flatten()).map(Twin::log2_choices);
        let outputs = (program.outputs.len().max(1) as f64).log2();
        let prover = Prover::new(program, None, choices.fold(SIMPLE, f64::max) + outputs)?;
        let elements: Vec<Element> = looked.into_iter().map(|looked| looked.element).collect();
        self.look_at(&elements, prover.as_ref())
    }

    /// What the outputs do, in words: each by its name, if there are several.
    fn action(&self, twins: &[&[Option<Twin>]]) -> String {
        let one = |number: usize| {
            let mut words: Vec<String> = Vec::new();
            for outputs in twins {
                let text =
                    outputs[number].as_ref().map_or_else(|| "not permuted".to_owned(), Twin::to_string);
                if !words.contains(&text) {
                    words.push(text);
                }
            }
            words.join("; ")
        };
        let names = self.model.outputs().iter().map(|port| port.name.as_str());
        let all: Vec<(&str, String)> = names.enumerate().map(|(number, name)| (name, one(number))).collect();
        match &all[..] {
            [(_, only)] => only.clone(),
            _ => all.iter().map(|(name, words)| format!("{name}: {words}")).collect::<Vec<_>>().join("; "),
        }
    }

    /// The model with weights that are symmetric under the generators, and under all elements that are nearly
    /// kept.
    fn mended(&self, group: SymmetryGroup, looked: &[Looked]) -> Result<Option<mend::Mended>, RunError> {
        let mut motions: Vec<Motion> = looked.iter().map(|looked| looked.element.motion.clone()).collect();
        for element in group.elements(&self.moving.own).unwrap_or_default() {
            if !motions.contains(&element.motion) && self.error(&element.motion, &[])? <= mend::NEAR {
                motions.push(element.motion);
            }
        }
        mend::mend(self.program, self.moving, &motions.iter().collect::<Vec<_>>(), &self.trials[0])
    }

    /// A counterexample, or a measurement; and where the symmetry is lost.
    fn broken(&self, report: &mut GroupReport, looked: &[Looked]) -> Result<(), RunError> {
        report.basis = Some(Basis::Measured);
        for looked in looked.iter().filter(|looked| !looked.holds()) {
            if report.breaks_at.is_none() {
                self.blame(report, looked);
            }
            let local = report.breaks_at.as_ref().map_or(0.0, |breaks| breaks.relative_error);
            let least = if local > NEAR_MISS { 0.0 } else { LEAST_NOISES * self.meter.noise };
            // What other groups were judged before must not matter.
            let is_same = |known: &&Refuted| known.motion == looked.element.motion && known.least == least;
            let known = self.memory.refuted.borrow().iter().find(is_same).cloned();
            let found = match known {
                Some(known) => Some(Counterexample { element: looked.element.name.clone(), ..known.found }),
                None => self.refute(&looked.element, least)?,
            };
            if let Some(found) = found {
                report.verdict = GroupVerdict::Broken;
                report.basis = Some(Basis::Refuted);
                report.counterexample = Some(found);
                return Ok(());
            }
            // Bounds may be too wide to refute what is plain to see.
            if looked.gap > PLAIN_NOISES * self.meter.noise.max(f32::EPSILON.into()) {
                report.verdict = GroupVerdict::Broken;
            }
        }
        Ok(())
    }

    fn refute(&self, element: &Element, least: f64) -> Result<Option<Counterexample>, RunError> {
        if self.memory.is_vacuous.get() {
            return Ok(None);
        }
        let terms = self.program.steps.iter().map(|step| Terms::new(self.program, step));
        let work: usize = terms.map(|terms| terms.count() * terms.width()).sum::<usize>().max(1);
        let trials = &self.trials[..self.trials.len().min((TRIAL_TERMS / work).max(1))];
        let exact = self.memory.exact.get_or_init(|| self.program.prepare(&FixedPoint));
        let known = self.memory.bounded.borrow().clone();
        let first = match known {
            Some(known) => Ok(known),
            None => bounded(exact, &self.trials[0]),
        };
        let attempt = first.and_then(|first| {
            self.memory.bounded.replace(Some(first.clone()));
            let (program, moving, motion) = (self.program, self.moving, &element.motion);
            let refuter = Refuter { model: self.model, program, exact, moving, motion, first };
            refuter.refute(&element.name, trials, least, SHRINKS.min(SHRINK_TERMS / work))
        });
        let found = match attempt {
            // Some functions have no bounds: then nothing is refuted.
            Err(RunError::Unreadable { .. }) | Ok(Attempt::Vacuous) => {
                self.memory.is_vacuous.set(true);
                None
            }
            Err(error) => return Err(error),
            Ok(Attempt::Found(found)) => Some(*found),
            Ok(Attempt::Nothing) => None,
        };
        if let Some(found) = &found {
            let (motion, found) = (element.motion.clone(), found.clone());
            self.memory.refuted.borrow_mut().push(Refuted { motion, least, found });
        }
        Ok(found)
    }

    fn blame(&self, report: &mut GroupReport, looked: &Looked) {
        let motion = &looked.element.motion;
        let Some(step) = looked.lost_at else { return };
        let (node, operator) = self.node(self.program.steps[step].node);
        report.breaks_at = Some(Break { node, operator, relative_error: looked.lost_error });
        report.hint = hint::hint(self.model, self.program, step, motion)
            .or_else(|| hint::static_answer(self.model, self.program, motion).map(|(_, reason)| reason));
    }
}
