//! Judging a model: the questions, and the order in which they are answered.

use std::time::Instant;

use ndarray::{ArrayD, IxDyn};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::certificate::{Certificate, Claim, claim};
use super::decide::{Judge, Memory, SIMPLE};
use super::error::JudgeError;
use super::exact::{Moving, Prover, leader};
use super::groups::{Element, SymmetryGroup, suggested};
use super::measured::Meter;
use super::mend;
use super::mended_file;
use super::report::{ModelReport, Tensor};
use super::shapes;
use super::terms::Terms;
use crate::model::{Model, Port, Program};

/// What is judged: the program for the shapes asked about, and what moves.
struct Subject {
    program: Program,
    /// What there is to say of the shapes that were chosen.
    remarks: Vec<String>,
    /// The number of the input that gives the group.
    leader: usize,
    moving: Moving,
}

/// The question which symmetries a model has.
///
/// ```
/// use equivariant::model::{Basis, Model, SymmetryGroup, GroupVerdict};
///
/// # let path = "tests/onnx/symmetry/c4_invariant.onnx";
/// let report = Model::read(path)?.prove().under(SymmetryGroup::Rot90).check()?;
/// let turns = report.group(SymmetryGroup::Rot90).expect("asked for");
/// assert_eq!((turns.verdict, turns.basis), (GroupVerdict::Invariant, Some(Basis::Proved)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is proved until `check` is called"]
pub struct Question<'m> {
    model: &'m Model,
    shapes: Vec<(String, Vec<usize>)>,
    groups: Vec<SymmetryGroup>,
    samples: Vec<ArrayD<f64>>,
    also: Vec<SymmetryGroup>,
    keys: Option<usize>,
    reach: Option<f64>,
    seed: u64,
    layers: bool,
    maps: bool,
}

impl Model {
    /// Begins the question which symmetries this model has.
    pub fn prove(&self) -> Question<'_> {
        Question {
            model: self,
            shapes: Vec::new(),
            groups: Vec::new(),
            samples: Vec::new(),
            also: Vec::new(),
            keys: None,
            reach: None,
            seed: 0,
            layers: false,
            maps: false,
        }
    }
}

impl<'m> Question<'m> {
    /// The shape of an input, where the file leaves it open.
    pub fn input(mut self, name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        self.shapes.push((name.into(), shape.into()));
        self
    }

    /// A group; may be called several times. Without it, whatever the shape of the input suggests.
    pub fn under(mut self, group: SymmetryGroup) -> Self {
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
        self
    }

    /// Groups to judge besides those that the shape of the input suggests.
    pub fn also(mut self, groups: impl IntoIterator<Item = SymmetryGroup>) -> Self {
        self.also.extend(groups);
        self
    }

    fn asked(&self, own: &[usize]) -> Vec<SymmetryGroup> {
        let mut groups = if self.groups.is_empty() { suggested(own) } else { self.groups.clone() };
        for &group in &self.also {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The shape of the input that is moved.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes.
    pub fn shape(&self) -> Result<Vec<usize>, JudgeError> {
        Ok(self.subject()?.moving.own)
    }

    /// The groups that are judged, each with about how many products that takes: those of a run for each of
    /// its generators, and of one more.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes.
    pub fn work(&self) -> Result<Vec<(SymmetryGroup, f64)>, JudgeError> {
        let Subject { program, moving, .. } = self.subject()?;
        let run = Terms::work(&program);
        let of = |group: SymmetryGroup| {
            let generators = group.generators(&moving.own).map_or(0, |generators| generators.len());
            (group, run * (1 + generators) as f64)
        };
        Ok(self.asked(&moving.own).into_iter().map(of).collect())
    }

    /// Samples for the first input, on which the model is measured and counterexamples are looked for first.
    pub fn samples(mut self, samples: impl IntoIterator<Item = ArrayD<f64>>) -> Self {
        self.samples.extend(samples);
        self
    }

    /// How many independent keys a proof has; by default as many as bring the probability of error below
    /// 2⁻⁴⁰.
    pub fn keys(mut self, keys: usize) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Also bounds |f(g ▷ x) − g ▷ f(x)| in floats, for inputs with |xᵢ| ≤ `reach`.
    pub fn within(mut self, reach: f64) -> Self {
        self.reach = Some(reach);
        self
    }

    /// Also reports what every layer does.
    pub fn per_layer(mut self) -> Self {
        self.layers = true;
        self
    }

    /// Also measures small shifts along two axes, for a picture.
    pub fn shift_maps(mut self) -> Self {
        self.maps = true;
        self
    }

    /// The seed of the inputs on which the model is measured. Proofs draw their keys from the operating
    /// system.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Judges the model.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes, or does not run.
    pub fn check(&self) -> Result<ModelReport, JudgeError> {
        let start = Instant::now();
        let Subject { program, mut remarks, leader, moving } = self.subject()?;
        let name = |slot: usize| program.slots[slot].name.clone().unwrap_or_default();
        if moving.moves.len() > 1 {
            let list = |moved: bool| {
                let named = moving.moves.iter().zip(&program.inputs).filter(|(moves, _)| **moves == moved);
                named.map(|(_, &slot)| name(slot)).collect::<Vec<_>>().join(", ")
            };
            let fixed = if moving.moves.iter().all(|&moves| moves) {
                String::new()
            } else {
                format!("; fixed: {}", list(false))
            };
            remarks.push(format!("moved alike: {}{fixed}", list(true)));
        }
        let groups = self.asked(&moving.own);
        let trials = self.trials(&program, leader)?;
        let prover = Prover::new(&program, self.keys, SIMPLE)?;
        if prover.is_none() {
            remarks.push(
                "the model has numbers that are not finite, of which exact arithmetic knows nothing"
                    .to_owned(),
            );
        }
        let meter = Meter::new(&program, trials[0].clone())?;
        let judge = Judge {
            model: self.model,
            program: &program,
            moving: &moving,
            prover: prover.as_ref(),
            meter: &meter,
            trials: &trials,
            keys: self.keys,
            reach: self.reach,
            maps: self.maps,
            memory: Memory::default(),
        };
        let mut reports = Vec::new();
        let mut layers = Vec::new();
        for &group in &groups {
            let (report, of_group) = judge.group(group, self.layers)?;
            reports.push(report);
            layers.extend(of_group);
        }
        let tensor = |(&slot, port): (&usize, &Port)| Tensor {
            name: port.name.clone(),
            shape: program.slots[slot].shape.clone(),
            element: program.slots[slot].element,
        };
        Ok(ModelReport {
            model: self.model.file.clone(),
            opset: self.model.opset(),
            inputs: program.inputs.iter().zip(self.model.inputs()).map(tensor).collect(),
            outputs: program.outputs.iter().zip(self.model.outputs()).map(tensor).collect(),
            groups: reports,
            layers,
            remarks,
            keys: prover.as_ref().map_or(0, Prover::keys),
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn subject(&self) -> Result<Subject, JudgeError> {
        let (program, remarks) = shapes::program(self.model, &self.shapes)?;
        let leader = leader(&program).ok_or_else(|| JudgeError::Nothing(self.model.file.clone()))?;
        let moving = Moving::of(&program, leader);
        Ok(Subject { program, remarks, leader, moving })
    }

    /// The generators of all groups that the shape admits, each with its group.
    fn generators(&self, own: &[usize]) -> Vec<(SymmetryGroup, Element)> {
        let groups = self.asked(own).into_iter();
        let of = |group: SymmetryGroup| {
            let generators = group.generators(own).unwrap_or_default();
            generators.into_iter().map(move |element| (group, element))
        };
        groups.flat_map(of).collect()
    }

    /// A certificate of the symmetries that are proved: the permutation of each tensor under each generator.
    /// It passes [`Model::certify`].
    ///
    /// # Errors
    /// If nothing is proved exactly, or a proof is none that can be checked step by step.
    pub fn certificate(&self) -> Result<Certificate, JudgeError> {
        let Subject { program, moving, .. } = self.subject()?;
        let nothing = |reason: &str| JudgeError::NoCertificate(reason.to_owned());
        let prover = Prover::new(&program, self.keys, SIMPLE)?
            .ok_or_else(|| nothing("the model has numbers that are not finite"))?;
        let mut claims: Vec<Claim> = Vec::new();
        for (group, element) in self.generators(&moving.own) {
            if claims.iter().any(|claim| claim.motion == element.motion) {
                continue;
            }
            if let Some(tensors) = claim(&program, &prover, &moving, &element.motion)? {
                let Element { name, motion } = element;
                claims.push(Claim {
                    group: group.to_string(),
                    element: name,
                    motion,
                    moves: moving.moves.clone(),
                    tensors,
                });
            }
        }
        if claims.is_empty() {
            return Err(nothing(
                "no generator was proved for the weights as they are; --mend writes weights for \
                    which it may be",
            ));
        }
        let name = |&slot: &usize| {
            (program.slots[slot].name.clone().unwrap_or_default(), program.slots[slot].shape.clone())
        };
        let certificate = Certificate { inputs: program.inputs.iter().map(name).collect(), claims };
        self.model.certify(&certificate)?;
        Ok(certificate)
    }

    /// The bytes of the model's file with weights that are symmetric exactly: of what `bytes`, the file,
    /// holds, only weights change, each by no more than its rounding.
    ///
    /// # Errors
    /// If the weights cannot be replaced in the file. Where none has to change, the bytes are the same.
    pub fn mended(&self, bytes: &[u8]) -> Result<Vec<u8>, JudgeError> {
        let Subject { program, leader, moving, .. } = self.subject()?;
        let trials = self.trials(&program, leader)?;
        let generators = self.generators(&moving.own);
        let motions: Vec<_> = generators.iter().map(|(_, element)| &element.motion).collect();
        let Some(mended) = mend::mend(&program, &moving, &motions, &trials[0])? else {
            return Ok(bytes.to_vec());
        };
        mended_file::write(self.model, bytes, &program, &mended.program).map_err(JudgeError::Mend)
    }

    /// The inputs on which the model is measured and refuted: the samples, and some at random.
    fn trials(&self, program: &Program, leader: usize) -> Result<Vec<Vec<ArrayD<f64>>>, JudgeError> {
        const RANDOM: usize = 4;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut draw = || self::draw(program, &mut random);
        let mut trials = Vec::new();
        for sample in &self.samples {
            let slot = &program.slots[program.inputs[leader]];
            if sample.shape() != slot.shape {
                return Err(JudgeError::Sample {
                    input: slot.name.clone().unwrap_or_default(),
                    expected: slot.shape.clone(),
                    found: sample.shape().to_vec(),
                });
            }
            let mut inputs = draw();
            inputs[leader] = sample.mapv(|value| slot.element.round(value)).as_standard_layout().into_owned();
            trials.push(inputs);
        }
        trials.extend((0..RANDOM).map(|_| draw()));
        let mut larger = draw();
        enlarge(program, &mut larger);
        trials.push(larger);
        Ok(trials)
    }
}

/// Inputs at random: multiples of 1/256 from −1 to 1, which are exact in all types of floats but the smallest.
pub(in crate::model) fn draw(program: &Program, random: &mut impl Rng) -> Vec<ArrayD<f64>> {
    let slots = program.inputs.iter().map(|&slot| &program.slots[slot]);
    let mut inputs = Vec::new();
    for slot in slots {
        let entry = || match slot.element.is_float() {
            true => f64::from(random.random_range(-256..=256)) / 256.0,
            false => f64::from(random.random_range(0..2)),
        };
        inputs.push(ArrayD::from_shape_simple_fn(IxDyn(&slot.shape), entry));
    }
    inputs
}

/// Makes inputs of floats sixteen times as large: some branches are reached by large inputs only.
pub(in crate::model) fn enlarge(program: &Program, inputs: &mut [ArrayD<f64>]) {
    for (input, &slot) in inputs.iter_mut().zip(&program.inputs) {
        if program.slots[slot].element.is_float() {
            *input *= 16.0;
        }
    }
}
