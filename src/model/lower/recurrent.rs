//! Recurrent networks, one step of time after the other: `RNN`, `GRU`, `LSTM`.
//!
//! With σ the sigmoid and gates of x W[g]ᵀ + h R[g]ᵀ + biases:
//!
//! > RNN: h' = tanh(g). GRU: h' = (1 − z) ⊙ tanh(n) + z ⊙ h, where n has (r ⊙ h) Rᵀ, or r ⊙ (h Rᵀ + bias).
//! > LSTM: c' = σ(f + pᶠ ⊙ c) ⊙ c + σ(i + pⁱ ⊙ c) ⊙ tanh(g), h' = σ(o + pᵒ ⊙ c') ⊙ tanh(c').
//!
//! Only the standard's own activations are known here, and sequences of full length.

use super::super::Function;
use super::super::error::{Refusal, malformed};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    matches!(name, "RNN" | "GRU" | "LSTM").then_some(recurrent as Lowering)
}

/// The parts of one direction, with their axis of directions dropped.
struct Cell {
    kind: String,
    hidden: usize,
    /// x Wᵀ + bias of the input, for all times: (time, batch, gates · hidden).
    from_input: Value,
    /// Rᵀ: (hidden, gates · hidden).
    recurrence: Value,
    /// The bias of the recurrence: (gates · hidden).
    bias: Option<Value>,
    /// The weights of peepholes: (3 · hidden).
    peepholes: Option<Value>,
    resets_after: bool,
}

fn recurrent(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let kind = call.node.op_type.clone();
    let gates = match kind.as_str() {
        "RNN" => 1,
        "GRU" => 3,
        _ => 4,
    };
    for name in ["activations", "activation_alpha", "activation_beta", "clip", "input_forget"] {
        let is_default = call.attribute(name).is_none_or(|attribute| match name {
            "activations" => attribute.strings.iter().all(|text| standard(&kind, text)),
            "input_forget" => attribute.i.unwrap_or(0) == 0,
            _ => attribute.floats.is_empty() && attribute.f.is_none(),
        });
        if !is_default {
            return Err(Refusal::Unsupported(format!("attribute {name}")));
        }
    }
    let is_batch_first = call.flag("layout", false);
    let mut x = call.input(0)?.clone();
    let (w, r) = (call.input(1)?, call.input(2)?);
    if x.rank() != 3 || w.rank() != 3 || r.rank() != 3 {
        return malformed(format!(
            "a sequence of {:?} with weights {:?} and {:?}",
            x.shape, w.shape, r.shape
        ));
    }
    if is_batch_first {
        x = builder.transpose(&x, &[1, 0, 2])?;
    }
    let (time, batch, hidden) = (x.shape[0], x.shape[1], r.shape[2]);
    let directions = match call.string("direction", "forward")?.as_str() {
        "forward" => vec![false],
        "reverse" => vec![true],
        "bidirectional" => vec![false, true],
        other => return malformed(format!("direction {other:?}")),
    };
    let shapes = [w.shape == [directions.len(), gates * hidden, x.shape[2]], r.shape[..2] == w.shape[..2]];
    if shapes.contains(&false) || time == 0 {
        return malformed(format!(
            "a sequence of {:?} with weights {:?} and {:?}",
            x.shape, w.shape, r.shape
        ));
    }
    if let Some(lengths) = call.optional(4) {
        let lengths = lengths.to_integers("the lengths of sequences")?;
        if lengths.iter().any(|&length| length != time as i64) {
            return Err(Refusal::Unsupported("a sequence that is shorter than the tensor".to_owned()));
        }
    }
    let mut outputs = [Vec::new(), Vec::new(), Vec::new()];
    for (number, &is_reversed) in directions.iter().enumerate() {
        let cell = cell(builder, call, &x, number, gates * hidden)?;
        let state = |builder: &mut Builder, input: usize| match call.optional(input) {
            Some(state) => {
                let state =
                    if is_batch_first { builder.transpose(state, &[1, 0, 2])? } else { state.clone() };
                let own = builder.strided(&state, 0, number as i64, 1, 1)?;
                builder.reshape(&own, &[batch, hidden])
            }
            None => builder.broadcast_to(&Value::scalar(x.element, 0.0), &[batch, hidden]),
        };
        let (mut h, mut c) = (state(builder, 5)?, state(builder, 6)?);
        let mut all = Vec::new();
        for step in 0..time {
            let at = if is_reversed { time - 1 - step } else { step };
            (h, c) = cell.step(builder, at, &h, &c)?;
            all.push(builder.reshape(&h, &[1, 1, batch, hidden])?);
        }
        if is_reversed {
            all.reverse();
        }
        outputs[0].push(builder.concat(&all.iter().collect::<Vec<_>>(), 0)?);
        outputs[1].push(builder.reshape(&h, &[1, batch, hidden])?);
        outputs[2].push(builder.reshape(&c, &[1, batch, hidden])?);
    }
    let mut values = Vec::new();
    for (number, parts) in outputs.iter().enumerate() {
        let whole = builder.concat(&parts.iter().collect::<Vec<_>>(), usize::from(number == 0))?;
        values.push(match (is_batch_first, number) {
            (false, _) => whole,
            (true, 0) => builder.transpose(&whole, &[2, 0, 1, 3])?,
            (true, _) => builder.transpose(&whole, &[1, 0, 2])?,
        });
    }
    values.truncate(if kind == "LSTM" { 3 } else { 2 });
    Ok(values)
}

/// Whether an activation is one that its place has by default: all gates have sigmoids, and the rest tanh.
fn standard(kind: &str, name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name == b"tanh" || kind != "RNN" && name == b"sigmoid"
}

fn cell(
    builder: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    direction: usize,
    size: usize,
) -> Result<Cell, Refusal> {
    let hidden = call.input(2)?.shape[2];
    let own = |builder: &mut Builder, value: &Value, shape: &[usize]| {
        let own = builder.strided(value, 0, direction as i64, 1, 1)?;
        builder.reshape(&own, shape)
    };
    let w = own(builder, call.input(1)?, &[size, x.shape[2]])?;
    let w = builder.transpose(&w, &[1, 0])?;
    let r = own(builder, call.input(2)?, &[size, hidden])?;
    let recurrence = builder.transpose(&r, &[1, 0])?;
    let mut from_input = builder.matmul(x, &w, x.element)?;
    let mut bias = None;
    if let Some(both) = call.optional(3) {
        let both = own(builder, both, &[2 * size])?;
        let of_input = builder.strided(&both, 0, 0, 1, size)?;
        from_input = builder.add(&from_input, &of_input)?;
        bias = Some(builder.strided(&both, 0, size as i64, 1, size)?);
    }
    let peepholes = call.optional(7).map(|weights| own(builder, weights, &[3 * hidden])).transpose()?;
    let resets_after = call.flag("linear_before_reset", false);
    let kind = call.node.op_type.clone();
    Ok(Cell { kind, hidden, from_input, recurrence, bias, peepholes, resets_after })
}

impl Cell {
    /// One gate of several.
    fn gate(&self, builder: &mut Builder, all: &Value, number: usize) -> Result<Value, Refusal> {
        builder.strided(all, all.rank() - 1, (number * self.hidden) as i64, 1, self.hidden)
    }

    /// h Rᵀ + bias.
    fn of_state(&self, builder: &mut Builder, h: &Value) -> Result<Value, Refusal> {
        let product = builder.matmul(h, &self.recurrence, h.element)?;
        match &self.bias {
            Some(bias) => builder.add(&product, bias),
            None => Ok(product),
        }
    }

    fn step(
        &self,
        builder: &mut Builder,
        at: usize,
        h: &Value,
        c: &Value,
    ) -> Result<(Value, Value), Refusal> {
        let x = builder.strided(&self.from_input, 0, at as i64, 1, 1)?;
        let x = builder.reshape(&x, &self.from_input.shape[1..])?;
        let state = self.of_state(builder, h)?;
        match self.kind.as_str() {
            "RNN" => {
                let sum = builder.add(&x, &state)?;
                Ok((builder.apply(Function::HyperbolicTangent, &[&sum])?, c.clone()))
            }
            "GRU" => Ok((self.gated(builder, &x, &state, h)?, c.clone())),
            _ => self.long(builder, &x, &state, c),
        }
    }

    /// The step of a GRU; gates in the order z, r, n.
    fn gated(&self, builder: &mut Builder, x: &Value, state: &Value, h: &Value) -> Result<Value, Refusal> {
        let mut gates = Vec::new();
        for number in 0..2 {
            let [a, b] = [self.gate(builder, x, number)?, self.gate(builder, state, number)?];
            let sum = builder.add(&a, &b)?;
            gates.push(builder.apply(Function::Sigmoid, &[&sum])?);
        }
        let (z, r) = (&gates[0], &gates[1]);
        let fresh = self.gate(builder, x, 2)?;
        let recurrent = if self.resets_after {
            let own = self.gate(builder, state, 2)?;
            builder.multiply(r, &own)?
        } else {
            let reset = builder.multiply(r, h)?;
            let all = self.of_state(builder, &reset)?;
            self.gate(builder, &all, 2)?
        };
        let sum = builder.add(&fresh, &recurrent)?;
        let n = builder.apply(Function::HyperbolicTangent, &[&sum])?;
        let rest = builder.subtract(&Value::scalar(h.element, 1.0), z)?;
        let [new, old] = [builder.multiply(&rest, &n)?, builder.multiply(z, h)?];
        builder.add(&new, &old)
    }

    /// The step of an LSTM; gates in the order i, o, f, g, peepholes i, o, f.
    fn long(
        &self,
        builder: &mut Builder,
        x: &Value,
        state: &Value,
        c: &Value,
    ) -> Result<(Value, Value), Refusal> {
        let all = builder.add(x, state)?;
        let gate = |builder: &mut Builder, number: usize, c: &Value| {
            let mut sum = self.gate(builder, &all, number)?;
            if let Some(peepholes) = &self.peepholes {
                let weights = self.gate(builder, peepholes, number)?;
                let seen = builder.multiply(&weights, c)?;
                sum = builder.add(&sum, &seen)?;
            }
            builder.apply(Function::Sigmoid, &[&sum])
        };
        let (i, f) = (gate(builder, 0, c)?, gate(builder, 2, c)?);
        let g = self.gate(builder, &all, 3)?;
        let g = builder.apply(Function::HyperbolicTangent, &[&g])?;
        let [kept, new] = [builder.multiply(&f, c)?, builder.multiply(&i, &g)?];
        let c = builder.add(&kept, &new)?;
        let o = gate(builder, 1, &c)?;
        let bent = builder.apply(Function::HyperbolicTangent, &[&c])?;
        Ok((builder.multiply(&o, &bent)?, c))
    }
}
