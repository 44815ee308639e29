//! Quantisation: quotients that are rounded, and products of the integers that come of it.
//!
//! Quantised is clamp(round(x / scale) + zero), where `Round` is a symbol; back is (x − zero) · scale.

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{ElementType, Reduction};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "QuantizeLinear" => quantise,
        "DequantizeLinear" => dequantise,
        "DynamicQuantizeLinear" => dynamic,
        "QLinearMatMul" => product,
        "QLinearConv" => convolution,
        _ => return None,
    })
}

impl Builder {
    /// Scales or zero points as they broadcast over a tensor: one number, one for each index of an axis, or
    /// one for each block of an axis.
    fn over_axis(&mut self, list: &Value, x: &Value, axis: usize, block: usize) -> Result<Value, Refusal> {
        if list.len() == 1 && list.rank() <= 1 {
            return self.reshape(list, &[]);
        }
        if block > 0 && list.rank() == x.rank() {
            self.claim(&x.shape)?;
            let fits = (0..x.rank())
                .all(|n| list.shape[n] == if n == axis { x.shape[n].div_ceil(block) } else { x.shape[n] });
            if !fits {
                return malformed(format!(
                    "scales of {:?} for {:?} in blocks of {block}",
                    list.shape, x.shape
                ));
            }
            let places = self.places(0, list)?;
            let places = ArrayD::from_shape_fn(IxDyn(&x.shape), |index| {
                let at = (0..x.rank()).map(|n| if n == axis { index[n] / block } else { index[n] });
                places[at.collect::<Vec<_>>().as_slice()]
            });
            return self.rearrange(&[list], places, list.element);
        }
        if x.shape.get(axis).map(std::slice::from_ref) != Some(list.shape.as_slice()) {
            return malformed(format!("scales of {:?} for axis {axis} of {:?}", list.shape, x.shape));
        }
        let shape = (0..x.rank()).map(|n| if n == axis { list.len() } else { 1 });
        self.reshape(list, &shape.collect::<Vec<_>>())
    }

    /// clamp(round(x / scale) + zero), in an integer type.
    fn quantise(
        &mut self,
        x: &Value,
        scale: &Value,
        zero: &Value,
        to: ElementType,
    ) -> Result<Value, Refusal> {
        let ratio = self.divide(x, scale)?;
        let rounded = self.apply_named("Round", &[&ratio])?;
        let zero = self.cast(zero, x.element)?;
        let shifted = self.add(&rounded, &zero)?;
        let (least, most) = to.integer_range();
        let clamped = self.at_most(&shifted, most as f64)?;
        let clamped = self.at_least(&clamped, least as f64)?;
        self.cast(&clamped, to)
    }

    /// (x − zero) · scale.
    fn dequantise(&mut self, x: &Value, scale: &Value, zero: Option<&Value>) -> Result<Value, Refusal> {
        let mut value = self.cast(x, scale.element)?;
        if let Some(zero) = zero {
            let zero = self.cast(zero, scale.element)?;
            value = self.subtract(&value, &zero)?;
        }
        self.multiply(&value, scale)
    }
}

/// The axis of the scales, which a tensor of one number does not need, and the size of a block.
fn axis_and_block(call: &Call<'_>, x: &Value) -> Result<(usize, usize), Refusal> {
    let block = usize::try_from(call.int("block_size", 0)).unwrap_or(0);
    let axis = if call.input(1)?.len() == 1 { 0 } else { call.axis("axis", 1, x.rank())? };
    Ok((axis, block))
}

fn quantise(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let (axis, block) = axis_and_block(call, x)?;
    let scale = builder.over_axis(call.input(1)?, x, axis, block)?;
    let to = match (call.optional(2), call.element("output_dtype")) {
        (Some(zero), _) => zero.element,
        (None, Ok(Some(element))) => element,
        (None, _) => ElementType::Unsigned(8),
    };
    if to.is_float() {
        // Floats of eight bits or fewer have no zero point but zero.
        let ratio = builder.divide(x, &scale)?;
        let greatest = to.greatest();
        let mut value = ratio;
        if call.flag("saturate", true) {
            let most = builder.at_most(&value, greatest)?;
            value = builder.at_least(&most, -greatest)?;
        }
        return Ok(vec![builder.cast(&value, to)?]);
    }
    let zero = match call.optional(2) {
        Some(zero) => builder.over_axis(zero, x, axis, block)?,
        None => Value::scalar(to, 0.0),
    };
    Ok(vec![builder.quantise(x, &scale, &zero, to)?])
}

fn dequantise(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let (axis, block) = axis_and_block(call, x)?;
    let scale = builder.over_axis(call.input(1)?, x, axis, block)?;
    let zero = call.optional(2).map(|zero| builder.over_axis(zero, x, axis, block)).transpose()?;
    let value = builder.dequantise(x, &scale, zero.as_ref())?;
    let to = call.element("output_dtype").ok().flatten().unwrap_or(scale.element);
    Ok(vec![builder.cast(&value, to)?])
}

/// Scale and zero point from the range of the numbers, zero included.
fn dynamic(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axes = (0..x.rank()).collect::<Vec<_>>();
    let greatest = builder.reduce_axes(Reduction::Maximum, x, &axes)?;
    let least = builder.reduce_axes(Reduction::Minimum, x, &axes)?;
    let [greatest, least] = [builder.reshape(&greatest, &[])?, builder.reshape(&least, &[])?];
    let [greatest, least] = [builder.at_least(&greatest, 0.0)?, builder.at_most(&least, 0.0)?];
    let range = builder.subtract(&greatest, &least)?;
    let scale = builder.divide(&range, &Value::scalar(x.element, 255.0))?;
    let negative = builder.subtract(&Value::scalar(x.element, 0.0), &least)?;
    let to = ElementType::Unsigned(8);
    let zero = builder.quantise(&negative, &scale, &Value::scalar(to, 0.0), to)?;
    let value = builder.quantise(x, &scale, &zero, to)?;
    Ok(vec![value, scale, zero])
}

/// Numbers of rows broadcast over columns.
fn over_rows(builder: &mut Builder, list: &Value) -> Result<Value, Refusal> {
    if list.rank() == 1 && list.len() > 1 {
        builder.reshape(list, &[list.len(), 1])
    } else {
        Ok(list.clone())
    }
}

fn product(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (a, a_scale, a_zero) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let (b, b_scale, b_zero) = (call.input(3)?, call.input(4)?, call.input(5)?);
    let [a_scale, a_zero] = [over_rows(builder, a_scale)?, over_rows(builder, a_zero)?];
    let a = builder.without_zero_point(a, Some(&a_zero))?;
    let b = builder.without_zero_point(b, Some(b_zero))?;
    let product = builder.matmul(&a, &b, ElementType::Signed(32))?;
    let product = builder.cast(&product, a_scale.element)?;
    let scale = builder.multiply(&a_scale, b_scale)?;
    let value = builder.multiply(&product, &scale)?;
    let to = call.input(7)?;
    let [y_scale, y_zero] = [over_rows(builder, call.input(6)?)?, over_rows(builder, to)?];
    Ok(vec![builder.quantise(&value, &y_scale, &y_zero, to.element)?])
}

fn convolution(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, kernel) = (call.input(0)?, call.input(3)?);
    let over_maps = |builder: &mut Builder, list: &Value, rank: usize, axis: usize| {
        if list.len() == 1 {
            return builder.reshape(list, &[]);
        }
        let shape = (0..rank).map(|n| if n == axis { list.len() } else { 1 }).collect::<Vec<_>>();
        builder.reshape(list, &shape)
    };
    let signal = builder.without_zero_point(x, Some(call.input(2)?))?;
    let zero = over_maps(builder, call.input(5)?, kernel.rank(), 0)?;
    let weights = builder.without_zero_point(kernel, Some(&zero))?;
    let sum = super::convolution::correlate(builder, call, &signal, &weights, call.optional(8))?;
    let sum = builder.cast(&sum, call.input(1)?.element)?;
    let scale = over_maps(builder, call.input(4)?, x.rank(), 1)?;
    let scale = builder.multiply(call.input(1)?, &scale)?;
    let value = builder.multiply(&sum, &scale)?;
    let to = call.input(7)?;
    Ok(vec![builder.quantise(&value, call.input(6)?, to, to.element)?])
}
