//! Reductions over axes, and what is made of them.
//!
//! A softmax is e^(x − max) / Σ e^(x − max): the greatest entry is subtracted as every runtime does, since
//! floats overflow otherwise. A mean is a sum and a division.

use ndarray::{ArrayD, Axis, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{ElementType, Function, Lists, Reduction, Symbol};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1" | "ReduceL2"
        | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceSumSquare" => reduction,
        "Softmax" | "LogSoftmax" | "Hardmax" => softmax,
        "ArgMax" | "ArgMin" => place_of_extreme,
        "CumSum" | "CumProd" => cumulative,
        "TopK" => top,
        _ => return None,
    })
}

impl Builder {
    /// The lists that reduce these axes, and the shape of the result with extents of 1 there. One plane for
    /// each index of the axes before the first that is reduced.
    pub(super) fn lists(&mut self, x: &Value, axes: &[usize]) -> Result<(Lists, Vec<usize>), Refusal> {
        let first = axes.iter().copied().min().unwrap_or(x.rank());
        let inner = &x.shape[first..];
        let kept = (first..x.rank()).map(|axis| if axes.contains(&axis) { 1 } else { x.shape[axis] });
        let kept = kept.collect::<Vec<_>>();
        let entries = self.claim(inner)?;
        let count = kept.iter().product::<usize>();
        self.claim_entries(count)?;
        let mut order = (0..inner.len()).filter(|axis| !axes.contains(&(axis + first))).collect::<Vec<_>>();
        order.extend((0..inner.len()).filter(|axis| axes.contains(&(axis + first))));
        let members = ArrayD::from_shape_vec(IxDyn(inner), (0..entries as u32).collect()).expect("counted");
        let members = members.permuted_axes(IxDyn(&order)).iter().copied().collect();
        let size = entries.checked_div(count).unwrap_or(0);
        let offsets = (0..=count).map(|list| list * size).collect();
        let shape = [&x.shape[..first], &kept].concat();
        Ok((Lists { entries, offsets, members, factors: None }, shape))
    }

    /// A reduction over axes, which stay with an extent of 1.
    pub(super) fn reduce_axes(
        &mut self,
        how: Reduction,
        x: &Value,
        axes: &[usize],
    ) -> Result<Value, Refusal> {
        let (lists, shape) = self.lists(x, axes)?;
        if axes.iter().any(|&axis| x.shape[axis] == 0) {
            let neutral = match how {
                Reduction::Sum => 0.0,
                Reduction::Product => 1.0,
                Reduction::Maximum if x.element.is_float() => f64::NEG_INFINITY,
                Reduction::Minimum if x.element.is_float() => f64::INFINITY,
                _ => return malformed("a reduction of no entries"),
            };
            self.claim(&shape)?;
            return self.broadcast_to(&Value::scalar(x.element, neutral), &shape);
        }
        self.reduce(how, x, lists, &shape, x.element)
    }

    pub(super) fn sum(&mut self, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
        self.reduce_axes(Reduction::Sum, x, axes)
    }

    pub(super) fn mean(&mut self, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
        let count = axes.iter().map(|&axis| x.shape[axis]).product::<usize>();
        let sum = self.sum(x, axes)?;
        self.divide(&sum, &Value::scalar(x.element, count as f64))
    }

    /// The tensor without axes of one entry.
    pub(super) fn drop_axes(&mut self, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
        let shape = (0..x.rank()).filter(|axis| !axes.contains(axis)).map(|axis| x.shape[axis]);
        self.reshape(x, &shape.collect::<Vec<_>>())
    }
}

fn reduction(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axes = call.axes(1, x.rank())?.filter(|axes| !axes.is_empty());
    let axes = match axes {
        Some(axes) => axes,
        None if call.flag("noop_with_empty_axes", false) => Vec::new(),
        None => (0..x.rank()).collect(),
    };
    let axes = axes.as_slice();
    let value = match call.node.op_type.as_str() {
        "ReduceSum" => builder.sum(x, axes)?,
        "ReduceMean" => builder.mean(x, axes)?,
        "ReduceMax" => builder.reduce_axes(Reduction::Maximum, x, axes)?,
        "ReduceMin" => builder.reduce_axes(Reduction::Minimum, x, axes)?,
        "ReduceProd" => builder.reduce_axes(Reduction::Product, x, axes)?,
        "ReduceL1" => {
            let magnitude = builder.apply(Function::Absolute, &[x])?;
            builder.sum(&magnitude, axes)?
        }
        "ReduceLogSum" => {
            let sum = builder.sum(x, axes)?;
            builder.apply(Function::Logarithm, &[&sum])?
        }
        "ReduceLogSumExp" => log_sum_exp(builder, x, axes)?,
        name => {
            let square = builder.multiply(x, x)?;
            let sum = builder.sum(&square, axes)?;
            if name == "ReduceL2" { builder.apply(Function::SquareRoot, &[&sum])? } else { sum }
        }
    };
    let keeps = call.flag("keepdims", true);
    Ok(vec![if keeps { value } else { builder.drop_axes(&value, axes)? }])
}

/// max + ln Σ e^(x − max).
fn log_sum_exp(builder: &mut Builder, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    let greatest = builder.reduce_axes(Reduction::Maximum, x, axes)?;
    if axes.iter().any(|&axis| x.shape[axis] == 0) {
        return Ok(greatest);
    }
    let (_, sum) = exponentials(builder, x, &greatest, axes)?;
    let logarithm = builder.apply(Function::Logarithm, &[&sum])?;
    builder.add(&greatest, &logarithm)
}

/// e^(x − shift) and its sum.
fn exponentials(
    builder: &mut Builder,
    x: &Value,
    shift: &Value,
    axes: &[usize],
) -> Result<(Value, Value), Refusal> {
    let shifted = builder.subtract(x, shift)?;
    let exponentials = builder.apply(Function::Exponential, &[&shifted])?;
    let sum = builder.sum(&exponentials, axes)?;
    Ok((exponentials, sum))
}

impl Builder {
    /// Softmax over an axis.
    pub(super) fn softmax(&mut self, x: &Value, axis: usize) -> Result<Value, Refusal> {
        let greatest = self.reduce_axes(Reduction::Maximum, x, &[axis])?;
        let (exponentials, sum) = exponentials(self, x, &greatest, &[axis])?;
        self.divide(&exponentials, &sum)
    }
}

fn softmax(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let input = call.input(0)?;
    let is_old = call.opset < 13;
    let axis = call.axis("axis", if is_old { 1 } else { -1 }, input.rank())?;
    // Up to version 12, all axes from this one on are one.
    let (x, axis) = if is_old {
        let (rows, columns) = input.shape.split_at(axis);
        (builder.reshape(input, &[rows.iter().product(), columns.iter().product()])?, 1)
    } else {
        (input.clone(), axis)
    };
    if x.len() == 0 {
        return Ok(vec![input.clone()]);
    }
    let value = match call.node.op_type.as_str() {
        "Softmax" => builder.softmax(&x, axis)?,
        "LogSoftmax" => {
            let greatest = builder.reduce_axes(Reduction::Maximum, &x, &[axis])?;
            let shifted = builder.subtract(&x, &greatest)?;
            let (_, sum) = exponentials(builder, &x, &greatest, &[axis])?;
            let logarithm = builder.apply(Function::Logarithm, &[&sum])?;
            builder.subtract(&shifted, &logarithm)?
        }
        _ => {
            let symbol = Symbol { name: "ArgMax".to_owned(), parameters: vec![0.0] };
            let (lists, shape) = builder.lists(&x, &[axis])?;
            let place =
                builder.reduce(Reduction::Other(symbol), &x, lists, &shape, ElementType::Signed(64))?;
            let mut places = vec![1; x.rank()];
            places[axis] = x.shape[axis];
            let indices = Value::integers(&places, (0..x.shape[axis] as i64).collect());
            let hit = Function::named("Equal");
            let hit = builder.pointwise(hit, &[&place, &indices], ElementType::Boolean)?;
            builder.cast(&hit, x.element)?
        }
    };
    Ok(vec![builder.reshape(&value, &input.shape)?])
}

fn place_of_extreme(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axis = call.axis("axis", 0, x.rank())?;
    if x.shape[axis] == 0 {
        return malformed("the place of the greatest of no entries");
    }
    let parameters = vec![call.int("select_last_index", 0) as f64];
    let symbol = Symbol { name: call.node.op_type.clone(), parameters };
    let (lists, shape) = builder.lists(x, &[axis])?;
    let value = builder.reduce(Reduction::Other(symbol), x, lists, &shape, ElementType::Signed(64))?;
    let keeps = call.flag("keepdims", true);
    Ok(vec![if keeps { value } else { builder.drop_axes(&value, &[axis])? }])
}

/// Sums of the first entries, or of the last.
fn cumulative(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axis = super::call::axis(call.input(1)?.to_integer("the axis")?, x.rank())?;
    let (excludes, from_end) = (call.flag("exclusive", false), call.flag("reverse", false));
    let inner = &x.shape[axis..];
    let (entries, extent) = (builder.claim(inner)?, x.shape[axis]);
    builder.claim_entries(entries.saturating_mul(extent))?;
    let places = ArrayD::from_shape_vec(IxDyn(inner), (0..entries as u32).collect()).expect("counted");
    let mut lists = Lists { entries, offsets: vec![0], members: Vec::new(), factors: None };
    for index in ndarray::indices(inner) {
        let mut lane = places.view();
        for axis in (1..inner.len()).rev() {
            lane.index_axis_inplace(Axis(axis), index[axis]);
        }
        let place = index[0];
        let range = match (from_end, excludes) {
            (false, false) => 0..place + 1,
            (false, true) => 0..place,
            (true, false) => place..extent,
            (true, true) => place + 1..extent,
        };
        lists.members.extend(range.map(|n| lane[[n]]));
        lists.offsets.push(lists.members.len());
    }
    let how = if call.node.op_type == "CumSum" { Reduction::Sum } else { Reduction::Product };
    Ok(vec![builder.reduce(how, x, lists, &x.shape, x.element)?])
}

/// The greatest or least entries of an axis in order, and their places; of equal ones the first comes first.
fn top(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axis = call.axis("axis", -1, x.rank())?;
    let count = match call.optional(1) {
        Some(k) => k.to_integer("k")?,
        None => call.int("k", 1),
    };
    let Some(count) = usize::try_from(count).ok().filter(|&count| count <= x.shape[axis]) else {
        return malformed(format!("k must be at most {}, found {count}", x.shape[axis]));
    };
    let is_greatest = f64::from(u8::from(call.flag("largest", true)));
    let outputs = [("Sorted", x.element), ("SortedPlace", ElementType::Signed(64))].map(|(name, element)| {
        let parts = (0..count).map(|rank| {
            let (lists, shape) = builder.lists(x, &[axis])?;
            let symbol = Symbol { name: name.to_owned(), parameters: vec![rank as f64, is_greatest] };
            builder.reduce(Reduction::Other(symbol), x, lists, &shape, element)
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() {
            let mut shape = x.shape.clone();
            shape[axis] = 0;
            return builder.broadcast_to(&Value::scalar(element, 0.0), &shape);
        }
        builder.concat(&parts.iter().collect::<Vec<_>>(), axis)
    });
    outputs.into_iter().collect()
}
