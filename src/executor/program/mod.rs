//! The list of steps into which a network is compiled, with the buffers between them.
//!
//! A step reads one buffer and writes another. It may write the one that it reads if nobody needs what was
//! there: the step before does not look at its own output in the backward pass, and no other step reads it.
//! Gradients of activations may always take the place of those of their outputs, and the gradient of a
//! maximum that of what it was taken from.

mod composite;
mod operation;
mod sizes;

use std::ops::Range;

pub(super) use self::operation::{InPlace, Normalisation, Operation, Step, Value};
pub(super) use self::sizes::check_sizes;
use self::sizes::entries_of;
use super::layout::length;
use crate::executor::method::{ByDefinition, Divisor, LaneBatchNorm, LanePooling};
use crate::executor::method::{LaneConvolution, LaneDense};
use crate::layer::{Activation, AnyLayer, Layer, LayerError, Parameter, Pool, Reduction};
use crate::network::{Join, Network, Node};
use crate::simd::InstructionSet;

/// A compiled network.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub steps: Vec<Step>,
    /// Runs of steps between which the chunks of a batch meet; each but the first begins with a
    /// normalisation.
    pub segments: Vec<Range<usize>>,
    pub normalisations: Vec<Normalisation>,
    /// Lengths of the buffers of activations and their gradients.
    pub buffers: Vec<usize>,
    /// Length of the scratch space.
    pub scratch: usize,
    /// The trained weights whose gradients each chunk computes, and where they begin in its memory.
    pub small: Vec<(Range<usize>, usize)>,
    /// Numbers of trained and of running weights.
    pub trained: usize,
    pub running: usize,
    /// The input, and entries of a sample of it.
    pub first: Value,
    pub inputs: usize,
    /// The output, and entries of a sample of it.
    pub last: Value,
    pub outputs: usize,
}

/// A value on the way through the network.
#[derive(Clone, Debug)]
struct State {
    /// With a batch of one.
    shape: Vec<usize>,
    value: Value,
    free: Free,
}

/// Which next step may overwrite an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Free {
    /// None.
    Never,
    /// ReLU: a maximum is found again where it is positive, and its gradient is zero elsewhere.
    ForRelu,
    /// Any.
    Always,
}

impl State {
    /// Entries of a sample.
    fn features(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Program {
    pub fn new(
        network: &Network,
        sample: &[usize],
        instructions: InstructionSet,
    ) -> Result<Self, LayerError> {
        let shape = [&[1], sample].concat();
        network.output_shape(&shape)?;
        let inputs: usize = sample.iter().product();
        let first = Value { data: 0, gradient: None };
        let program = Program {
            steps: Vec::new(),
            segments: Vec::new(),
            normalisations: Vec::new(),
            buffers: vec![length(inputs)],
            scratch: 0,
            small: Vec::new(),
            trained: 0,
            running: 0,
            first,
            inputs,
            last: first,
            outputs: inputs,
        };
        let mut compiler = Compiler { program, instructions, dense: 0 };
        let state =
            compiler.network(network, State { shape, value: first, free: Free::Never }, &mut Vec::new())?;
        let mut program = compiler.program;
        program.outputs = state.features();
        program.last = state.value;
        if program.last.gradient.is_none() {
            // Nothing is trained: there is a loss all the same.
            program.buffers.push(length(program.outputs));
            program.last.gradient = Some(program.buffers.len() - 1);
        }
        let is_cut = |step: &Step| matches!(step.operation, Operation::Normalisation(_));
        let cuts = program.steps.iter().enumerate().filter(|(_, step)| is_cut(step)).map(|(at, _)| at);
        let cuts: Vec<_> = [0].into_iter().chain(cuts).chain([program.steps.len()]).collect();
        program.segments = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
        Ok(program)
    }
}

/// The work of compiling.
struct Compiler {
    program: Program,
    instructions: InstructionSet,
    /// Dense layers so far.
    dense: usize,
}

impl Compiler {
    fn network(
        &mut self,
        network: &Network,
        mut state: State,
        places: &mut Vec<usize>,
    ) -> Result<State, LayerError> {
        for place in order(network.nodes()) {
            let node = &network.nodes()[place];
            places.push(place);
            state = match node {
                Node::Layer(layer) => self.layer(layer, state, places)?,
                Node::Residual(block) => {
                    let (body, shortcut) = self.fork(&state);
                    places.push(0);
                    let body = self.network(&block.body, body, places)?;
                    places.pop();
                    places.push(1);
                    let shortcut = self.network(&block.shortcut, shortcut, places)?;
                    places.pop();
                    let trained = body.value.gradient.or(shortcut.value.gradient).is_some();
                    let (mut shape, second) = (body.shape.clone(), shortcut.value);
                    let operation = match block.join {
                        Join::Sum => Operation::Add { second },
                        Join::Concatenation => {
                            shape[1] += shortcut.shape[1];
                            Operation::Concatenate { second }
                        }
                    };
                    entries_of(block, "the output of a sample", &shape)?;
                    let value = self.value(shape.iter().product(), trained);
                    self.step(operation, body.value, value);
                    State { shape, value, free: Free::Always }
                }
                Node::Network(inner) => self.network(inner, state, places)?,
            };
            places.pop();
        }
        Ok(state)
    }

    fn layer(&mut self, layer: &AnyLayer, input: State, places: &[usize]) -> Result<State, LayerError> {
        let shape = layer.output_shape(&input.shape)?;
        let features = entries_of(layer, "the output of a sample", &shape)?;
        let has_gradient = input.value.gradient.is_some();
        let channels = input.shape.get(1).copied().unwrap_or(1);
        let instructions = self.instructions;
        // What the step does, whether it has weights, and whether the next one may overwrite its output.
        let (operation, trained, free) = match layer {
            AnyLayer::Flatten(_) => return Ok(State { shape, ..input }),
            AnyLayer::SetLinear(layer) => return self.set_linear(layer, &input),
            AnyLayer::EquivariantLinear(layer) => return self.equivariant_linear(layer, &input),
            AnyLayer::Convolution(layer) => {
                let lanes = LaneConvolution::new(&layer.problem(&input.shape)?, instructions);
                self.program.scratch = self.program.scratch.max(lanes.scratch_length());
                let weights = self.small(lanes.weights());
                let bias = layer.bias.then(|| self.small(layer.outputs));
                (Operation::Convolution { lanes, weights, bias }, true, Free::Always)
            }
            AnyLayer::TransposedConvolution(layer) => {
                let lanes = LaneConvolution::new(&layer.problem(&input.shape)?, instructions);
                self.program.scratch = self.program.scratch.max(lanes.scratch_length());
                let weights = self.small(lanes.weights());
                let bias = layer.bias.then(|| self.small(layer.outputs));
                (Operation::Transposed { lanes, weights, bias }, true, Free::Always)
            }
            AnyLayer::Dense(layer) => {
                let lanes = LaneDense::new(layer.inputs, layer.outputs, instructions);
                let weights = self.trained(lanes.weights());
                let bias = layer.bias.then(|| self.small(layer.outputs));
                self.dense += 1;
                (Operation::Dense { lanes, weights, bias, number: self.dense - 1 }, true, Free::Always)
            }
            AnyLayer::BatchNormalisation(layer) => {
                let positions = input.features() / layer.channels;
                let (channels, orbit, delta) = (layer.channels, layer.orbit, layer.delta.to::<f64>());
                let lanes = LaneBatchNorm::new(channels, positions, orbit, delta, instructions);
                let orbits = lanes.features();
                let (scale, shift) = (self.trained(orbits).start, self.trained(orbits).start);
                let mean = self.program.running;
                self.program.running += 2 * orbits;
                let momentum = layer.momentum.to::<f64>();
                let normalisation =
                    Normalisation { lanes, momentum, scale, shift, mean, variance: mean + orbits };
                self.program.normalisations.push(normalisation);
                (Operation::Normalisation(self.program.normalisations.len() - 1), true, Free::Always)
            }
            AnyLayer::Pool(layer) if has_method(layer, &shape) => {
                let pooling = LanePooling::new(&layer.problem(&input.shape)?, instructions);
                let divisor = if layer.padding_counts { Divisor::Window } else { Divisor::Inside };
                pooled(layer.reduction, pooling, divisor)
            }
            AnyLayer::GlobalPool(layer) => {
                let space = &input.shape[2..];
                let pooling = LanePooling::adaptive(channels, space, &vec![1; space.len()], instructions);
                pooled(layer.reduction, pooling, Divisor::Inside)
            }
            AnyLayer::AdaptivePool(layer) => {
                let pooling =
                    LanePooling::adaptive(channels, &input.shape[2..], &layer.outputs, instructions);
                pooled(layer.reduction, pooling, Divisor::Inside)
            }
            AnyLayer::GroupPool(layer) => {
                let positions = input.shape[2..].iter().product();
                let sets = layer.sets()?;
                let (fields, size) = (layer.to.fields(), layer.together * layer.from.size());
                let pooling = LanePooling::over_channels(fields, size, &sets, positions, instructions);
                pooled(layer.reduction, pooling, Divisor::Inside)
            }
            AnyLayer::GroupConvolution(layer) => {
                unreachable!("{} is run as the ordinary one that it is", layer.name())
            }
            AnyLayer::Activation(activation) if let Some(operation) = in_place(*activation) => {
                (Operation::InPlace(operation), false, Free::Never)
            }
            AnyLayer::Softmax(_) => (Operation::InPlace(InPlace::Softmax(channels)), false, Free::Never),
            AnyLayer::Dropout(layer) => {
                let operation = Operation::Dropout { layer: *layer, channels, places: places.to_vec() };
                (operation, false, Free::Always)
            }
            layer => {
                let parameters = layer.parameters();
                let layer = self.by_definition(layer, &input.shape, &shape)?;
                let operation = Operation::ByDefinition { layer, places: places.to_vec() };
                (operation, parameters.iter().any(|part| part.role.is_trained()), Free::Always)
            }
        };
        let overwrites = match input.free {
            Free::Never => false,
            Free::ForRelu => matches!(operation, Operation::InPlace(InPlace::Relu)),
            Free::Always => true,
        };
        let mut input = input;
        if matches!(&operation, Operation::Maximum(pooling) if pooling.is_disjoint()) && overwrites {
            self.share(&mut input.value);
        }
        let value = match &operation {
            Operation::InPlace(_) | Operation::Dropout { .. } => Value {
                data: if overwrites { input.value.data } else { self.buffer(features) },
                gradient: input.value.gradient,
            },
            Operation::Normalisation(_) => {
                let gradient = input.value.gradient.unwrap_or_else(|| self.buffer(features));
                Value { data: self.buffer(features), gradient: Some(gradient) }
            }
            _ => self.value(features, trained || has_gradient),
        };
        self.step(operation, input.value, value);
        Ok(State { shape, value, free })
    }

    /// A layer that has no method here.
    fn by_definition(
        &mut self,
        layer: &AnyLayer,
        input: &[usize],
        output: &[usize],
    ) -> Result<ByDefinition, LayerError> {
        let place = |part: Parameter| {
            if part.role.is_trained() {
                return self.small(part.len());
            }
            self.program.running += part.len();
            self.program.running - part.len()..self.program.running
        };
        let places = layer.parameters().into_iter().map(place).collect();
        ByDefinition::new(layer.clone(), input, output, places)
    }

    fn step(&mut self, operation: Operation, input: Value, output: Value) {
        self.program.steps.push(Step { operation, input, output });
    }

    fn value(&mut self, features: usize, has_gradient: bool) -> Value {
        Value { data: self.buffer(features), gradient: has_gradient.then(|| self.buffer(features)) }
    }

    fn buffer(&mut self, features: usize) -> usize {
        self.program.buffers.push(length(features));
        self.program.buffers.len() - 1
    }

    /// Lets the gradient of a value take the place of the value.
    fn share(&mut self, value: &mut Value) {
        let Some(old) = value.gradient else { return };
        let share = |other: &mut Value| {
            if other.gradient == Some(old) {
                other.gradient = Some(value.data);
            }
        };
        for step in &mut self.program.steps {
            share(&mut step.input);
            share(&mut step.output);
            if let Operation::Fork { second }
            | Operation::Add { second }
            | Operation::Concatenate { second }
            | Operation::AddAtEach { second } = &mut step.operation
            {
                share(second);
            }
        }
        value.gradient = Some(value.data);
        self.program.buffers[old] = 0;
    }

    /// The next so many trained weights.
    fn trained(&mut self, count: usize) -> Range<usize> {
        self.program.trained += count;
        self.program.trained - count..self.program.trained
    }

    /// The next so many trained weights, whose gradients each chunk computes.
    fn small(&mut self, count: usize) -> Range<usize> {
        let start = self.program.small.last().map_or(0, |(range, start)| start + range.len());
        let range = self.trained(count);
        self.program.small.push((range.clone(), start));
        range
    }
}

/// The order in which to take the nodes: ReLU after the maximum that follows it, so that it has fewer
/// entries. The greatest of max(x, 0) is that of x or 0, and where it is positive, its first place is the
/// same; elsewhere the gradient is 0.
fn order(nodes: &[Node]) -> Vec<usize> {
    let mut order: Vec<_> = (0..nodes.len()).collect();
    for place in 1..nodes.len() {
        let is_relu = matches!(nodes[order[place - 1]], Node::Layer(AnyLayer::Activation(Activation::Relu)));
        let reduction = match &nodes[place] {
            Node::Layer(AnyLayer::Pool(pool)) => Some(pool.reduction),
            Node::Layer(AnyLayer::GlobalPool(pool)) => Some(pool.reduction),
            Node::Layer(AnyLayer::AdaptivePool(pool)) => Some(pool.reduction),
            _ => None,
        };
        if is_relu && reduction == Some(Reduction::Maximum) {
            order.swap(place - 1, place);
        }
    }
    order
}

/// Whether the method lists the entries of its windows: not of more than these, which take 64 MiB, and it
/// knows no other divisors than its own.
fn has_method(layer: &Pool, output: &[usize]) -> bool {
    const MOST_LISTED: usize = 1 << 24;
    let taps = layer.taps.iter().chain(&output[2..]);
    let listed = taps.fold(1_usize, |product, &extent| product.saturating_mul(extent));
    listed <= MOST_LISTED && !layer.ceil_mode && layer.divisor_override.is_none()
}

/// What an activation does to entries where they stand, if it is one whose gradient its output tells.
fn in_place(activation: Activation) -> Option<InPlace> {
    match activation {
        Activation::Relu => Some(InPlace::Relu),
        Activation::LeakyRelu(slope) if slope.is_zero() => Some(InPlace::Relu),
        Activation::LeakyRelu(slope) => Some(InPlace::LeakyRelu(slope.to())),
        Activation::Tanh => Some(InPlace::Tanh),
        Activation::Sigmoid => Some(InPlace::Sigmoid),
        Activation::Elu(_) | Activation::Silu | Activation::Gelu | Activation::GeluByTanh => None,
    }
}

/// A step of pooling. The maximum is looked for again by its value, so no other function may overwrite it.
fn pooled(reduction: Reduction, pooling: LanePooling, divisor: Divisor) -> (Operation, bool, Free) {
    match reduction {
        Reduction::Maximum => (Operation::Maximum(pooling), false, Free::ForRelu),
        Reduction::Mean => (Operation::Mean(pooling, divisor), false, Free::Always),
        Reduction::Sum => (Operation::Mean(pooling, Divisor::One), false, Free::Always),
    }
}
