//! Layers that become several steps: what they are made of are other layers.

use super::{Compiler, Free, Operation, State, Value, pooled};
use crate::executor::method::{Divisor, LaneConvolution, LaneDense, LaneMaps, LanePooling};
use crate::layer::{Convolution, EquivariantLinear, LayerError, SetLinear};

impl Compiler {
    /// Two readers of one value, whose gradients are added up.
    pub(super) fn fork(&mut self, input: &State) -> (State, State) {
        let mut way = || {
            let gradient = input.value.gradient.map(|_| self.buffer(input.features()));
            State { value: Value { data: input.value.data, gradient }, free: Free::Never, ..input.clone() }
        };
        let (first, second) = (way(), way());
        self.step(Operation::Fork { second: second.value }, input.value, first.value);
        (first, second)
    }

    /// A convolution with one tap of the points; pooling and a dense layer on the other way, whose output is
    /// added at each point.
    pub(super) fn set_linear(&mut self, layer: &SetLinear, input: &State) -> Result<State, LayerError> {
        let (points, set) = self.fork(input);
        let output = self.one_tap(&layer.of_points(), &points)?;
        let (pool, dense) = layer.of_set();
        let pooling = LanePooling::adaptive(layer.inputs, &input.shape[2..], &[1], self.instructions);
        let (operation, _, _) = pooled(pool.reduction, pooling, Divisor::Inside);
        let of_all = self.value(layer.inputs, set.value.gradient.is_some());
        self.step(operation, set.value, of_all);
        let lanes = LaneDense::new(dense.inputs, dense.outputs, self.instructions);
        let weights = self.trained(lanes.weights());
        let bias = dense.bias.then(|| self.small(dense.outputs));
        self.dense += 1;
        let at_each = self.value(dense.outputs, true);
        self.step(Operation::Dense { lanes, weights, bias, number: self.dense - 1 }, of_all, at_each);
        self.step(Operation::AddAtEach { second: at_each }, output.value, output.value);
        Ok(output)
    }

    /// A convolution with one tap to as many channels as there are maps and outputs, then the maps and the
    /// bias.
    pub(super) fn equivariant_linear(
        &mut self,
        layer: &EquivariantLinear,
        input: &State,
    ) -> Result<State, LayerError> {
        let ((inputs, outputs), (_, rows)) = (layer.channels(), layer.dimensions());
        let mixed = Convolution::new(inputs, layer.maps().len() * outputs, [1]).without_bias();
        let mixed = self.one_tap(&mixed, input)?;
        let lanes = LaneMaps::new(layer, self.instructions);
        let bias = layer.bias().then(|| self.small(layer.invariants().len() * outputs));
        let value = self.value(outputs * rows, true);
        self.step(Operation::Maps { lanes, bias }, mixed.value, value);
        Ok(State { shape: vec![1, outputs, rows], value, free: Free::Always })
    }

    fn one_tap(&mut self, layer: &Convolution, input: &State) -> Result<State, LayerError> {
        let problem = layer.problem(&input.shape)?;
        let lanes = LaneConvolution::new(&problem, self.instructions);
        self.program.scratch = self.program.scratch.max(lanes.scratch_length());
        let weights = self.small(lanes.weights());
        let shape = problem.output_shape();
        let value = self.value(shape.iter().product(), true);
        self.step(Operation::Convolution { lanes, weights, bias: None }, input.value, value);
        Ok(State { shape, value, free: Free::Always })
    }
}
