//! Normalisations: (x − mean) / √(variance + ε), with scale and bias.
//!
//! The variance is the mean of the squares of deviations. Weights and statistics stay exact: the scale of a
//! batch normalisation, γ / √(σ² + ε), is a step over constants.

use super::super::error::{Refusal, malformed};
use super::super::{Function, Lists, Reduction};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "BatchNormalization" => batch,
        "InstanceNormalization" => instance,
        "LayerNormalization" => layer,
        "RMSNormalization" | "SimplifiedLayerNormalization" => root_mean_square,
        "GroupNormalization" => group,
        "MeanVarianceNormalization" => mean_variance,
        "LRN" => local_response,
        "LpNormalization" => norm,
        _ => return None,
    })
}

const EPSILON: f64 = 1e-5_f32 as f64;

impl Builder {
    /// Numbers of the channels, in the shape (channels, 1, …) that broadcasts over (batch, channels, …).
    fn over_channels(&mut self, list: &Value, x: &Value) -> Result<Value, Refusal> {
        if x.rank() < 2 || list.shape != [x.shape[1]] {
            return malformed(format!("{:?} numbers for the channels of {:?}", list.shape, x.shape));
        }
        let shape = [&[x.shape[1]], vec![1; x.rank() - 2].as_slice()].concat();
        self.reshape(list, &shape)
    }

    /// 1 / √(variance + ε) times `scale`.
    fn inverse_deviation(&mut self, variance: &Value, epsilon: f64, scale: &Value) -> Result<Value, Refusal> {
        let shifted = self.add(variance, &Value::scalar(variance.element, epsilon))?;
        let deviation = self.apply(Function::SquareRoot, &[&shifted])?;
        self.divide(scale, &deviation)
    }

    /// The deviations from the mean over axes, their mean square, and the mean.
    fn moments(&mut self, x: &Value, axes: &[usize]) -> Result<(Value, Value, Value), Refusal> {
        let mean = self.mean(x, axes)?;
        let deviation = self.subtract(x, &mean)?;
        let square = self.multiply(&deviation, &deviation)?;
        let variance = self.mean(&square, axes)?;
        Ok((deviation, variance, mean))
    }
}

fn batch(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let epsilon = call.float("epsilon", EPSILON);
    if call.flag("training_mode", false) {
        return batch_in_training(builder, call, x, epsilon);
    }
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|number| call.input(number));
    let scale = builder.over_channels(scale?, x)?;
    let bias = builder.over_channels(bias?, x)?;
    let mean = builder.over_channels(mean?, x)?;
    let variance = builder.over_channels(variance?, x)?;
    let factor = builder.inverse_deviation(&variance, epsilon, &scale)?;
    let deviation = builder.subtract(x, &mean)?;
    let scaled = builder.multiply(&deviation, &factor)?;
    Ok(vec![builder.add(&scaled, &bias)?])
}

/// By the statistics of this batch; the running ones move towards them.
fn batch_in_training(
    builder: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    epsilon: f64,
) -> Result<Vec<Value>, Refusal> {
    let momentum = call.float("momentum", f64::from(0.9_f32));
    let axes = (0..x.rank()).filter(|&axis| axis != 1).collect::<Vec<_>>();
    let (deviation, variance, mean) = builder.moments(x, &axes)?;
    let scale = builder.over_channels(call.input(1)?, x)?;
    let bias = builder.over_channels(call.input(2)?, x)?;
    let factor = builder.inverse_deviation(&variance, epsilon, &scale)?;
    let scaled = builder.multiply(&deviation, &factor)?;
    let mut outputs = vec![builder.add(&scaled, &bias)?];
    for (number, fresh) in [(3, &mean), (4, &variance)] {
        let fresh = builder.reshape(fresh, &[x.shape[1]])?;
        let old = builder.scale(call.input(number)?, momentum)?;
        let rest = builder.subtract(&Value::scalar(x.element, 1.0), &Value::scalar(x.element, momentum))?;
        let fresh = builder.multiply(&fresh, &rest)?;
        outputs.push(builder.add(&old, &fresh)?);
    }
    Ok(outputs)
}

fn instance(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let scale = builder.over_channels(call.input(1)?, x)?;
    let bias = builder.over_channels(call.input(2)?, x)?;
    let axes = (2..x.rank()).collect::<Vec<_>>();
    let (deviation, variance, _) = builder.moments(x, &axes)?;
    let factor = builder.inverse_deviation(&variance, call.float("epsilon", EPSILON), &scale)?;
    let scaled = builder.multiply(&deviation, &factor)?;
    Ok(vec![builder.add(&scaled, &bias)?])
}

fn layer(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let first = call.axis("axis", -1, x.rank())?;
    let axes = (first..x.rank()).collect::<Vec<_>>();
    let (deviation, variance, mean) = builder.moments(x, &axes)?;
    let one = Value::scalar(x.element, 1.0);
    let factor = builder.inverse_deviation(&variance, call.float("epsilon", EPSILON), &one)?;
    let normal = builder.multiply(&deviation, &factor)?;
    let mut value = builder.multiply(&normal, call.input(1)?)?;
    if let Some(bias) = call.optional(2) {
        value = builder.add(&value, bias)?;
    }
    Ok(vec![value, mean, factor])
}

fn root_mean_square(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let first = call.axis("axis", -1, x.rank())?;
    let square = builder.multiply(x, x)?;
    let mean = builder.mean(&square, &(first..x.rank()).collect::<Vec<_>>())?;
    let one = Value::scalar(x.element, 1.0);
    let factor = builder.inverse_deviation(&mean, call.float("epsilon", EPSILON), &one)?;
    let normal = builder.multiply(x, &factor)?;
    Ok(vec![builder.multiply(&normal, call.input(1)?)?])
}

/// Groups of channels, each with one mean and variance. Up to version 20 scale and bias were those of groups.
fn group(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let groups = usize::try_from(call.int("num_groups", 0)).unwrap_or(0);
    if x.rank() < 2 || groups == 0 || x.shape[1] % groups != 0 {
        return malformed(format!("{groups} groups of the channels of {:?}", x.shape));
    }
    let inner = x.shape[2..].iter().product::<usize>();
    let within = [x.shape[0], groups, x.shape[1] / groups * inner];
    let flat = builder.reshape(x, &within)?;
    let (deviation, variance, _) = builder.moments(&flat, &[2])?;
    let one = Value::scalar(x.element, 1.0);
    let factor = builder.inverse_deviation(&variance, call.float("epsilon", EPSILON), &one)?;
    let normal = builder.multiply(&deviation, &factor)?;
    if call.opset < 21 && call.input(1)?.len() == groups && groups != x.shape[1] {
        let shape = [groups, 1];
        let scale = builder.reshape(call.input(1)?, &shape)?;
        let bias = builder.reshape(call.input(2)?, &shape)?;
        let scaled = builder.multiply(&normal, &scale)?;
        let value = builder.add(&scaled, &bias)?;
        return Ok(vec![builder.reshape(&value, &x.shape)?]);
    }
    let normal = builder.reshape(&normal, &x.shape)?;
    let scale = builder.over_channels(call.input(1)?, x)?;
    let bias = builder.over_channels(call.input(2)?, x)?;
    let scaled = builder.multiply(&normal, &scale)?;
    Ok(vec![builder.add(&scaled, &bias)?])
}

/// (x − mean) / (deviation + 10⁻⁹), as the standard has it.
fn mean_variance(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axes = super::call::distinct_axes(&call.ints("axes").unwrap_or(vec![0, 2, 3]), x.rank())?;
    let (deviation, variance, _) = builder.moments(x, &axes)?;
    let root = builder.apply(Function::SquareRoot, &[&variance])?;
    let divisor = builder.add(&root, &Value::scalar(x.element, f64::from(1e-9_f32)))?;
    Ok(vec![builder.divide(&deviation, &divisor)?])
}

/// x / (bias + α / size · Σ x²)^β over neighbouring channels.
fn local_response(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let size = usize::try_from(call.int("size", 0)).unwrap_or(0);
    if x.rank() < 2 || size == 0 {
        return malformed("expected channels and a positive size");
    }
    let (channels, area) = (x.shape[1], x.shape[2..].iter().product::<usize>());
    let (before, after) = ((size - 1) / 2, size / 2);
    builder.claim_entries(channels.saturating_mul(area).saturating_mul(size.min(channels)))?;
    let mut lists = Lists { entries: channels * area, offsets: vec![0], members: Vec::new(), factors: None };
    for place in 0..channels * area {
        let (channel, pixel) = (place / area, place % area);
        let range =
            channel.saturating_sub(before)..channels.min(channel.saturating_add(after).saturating_add(1));
        lists.members.extend(range.map(|other| (other * area + pixel) as u32));
        lists.offsets.push(lists.members.len());
    }
    let square = builder.multiply(x, x)?;
    let sum = builder.reduce(Reduction::Sum, &square, lists, &x.shape, x.element)?;
    let alpha = Value::scalar(x.element, call.float("alpha", f64::from(1e-4_f32)));
    let alpha = builder.divide(&alpha, &Value::scalar(x.element, size as f64))?;
    let scaled = builder.multiply(&sum, &alpha)?;
    let base = builder.add(&Value::scalar(x.element, call.float("bias", 1.0)), &scaled)?;
    let beta = Value::scalar(x.element, call.float("beta", 0.75));
    let divisor = builder.apply_named("Pow", &[&base, &beta])?;
    Ok(vec![builder.divide(x, &divisor)?])
}

fn norm(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axis = call.axis("axis", -1, x.rank())?;
    let (lists, shape) = builder.lists(x, &[axis])?;
    let norm = builder.norm(x, call.int("p", 2), lists, &shape)?;
    // Where all entries are zero the norm is too, and so is the result: divide by one instead.
    let zero = builder.pointwise(
        Function::named("Equal"),
        &[&norm, &Value::scalar(x.element, 0.0)],
        super::super::ElementType::Boolean,
    )?;
    let one = Value::scalar(x.element, 1.0);
    let divisor = builder.pointwise(Function::named("Where"), &[&zero, &one, &norm], x.element)?;
    Ok(vec![builder.divide(x, &divisor)?])
}
