//! What moves entries and computes nothing: reshapes, slices, transpositions, concatenation.
//!
//! Each is the operation of the same name on an array of places.

use ndarray::{ArrayD, Axis, IxDyn, concatenate};

use super::super::error::{Refusal, malformed};
use super::super::{ElementType, Source, data};
use super::builder::broadcast;
use super::call::{axis, distinct_axes};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Identity" | "Dropout" => identity,
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Transpose" => transpose,
        "Expand" => expand,
        "Tile" => tile,
        "Concat" => concat,
        "Split" => split,
        "Slice" => slice,
        "DepthToSpace" => depth_to_space,
        "SpaceToDepth" => space_to_depth,
        "Trilu" => triangle,
        "ReverseSequence" => reverse_sequence,
        _ => return None,
    })
}

fn identity(_: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    if call
        .optional(2)
        .map(|flag| flag.to_integer("training_mode"))
        .transpose()?
        .is_some_and(|flag| flag != 0)
        && call.optional(1).is_none_or(|ratio| ratio.to_float("ratio") != Ok(0.0))
    {
        return Err(Refusal::Unsupported("dropout in training".to_owned()));
    }
    // The mask of a dropout that drops nothing.
    let mask = Value::integers(&x.shape, vec![1; x.len()]).with_element(ElementType::Boolean);
    Ok(vec![x.clone(), mask])
}

fn reshape(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let wanted = call.input(1)?.to_integers("the shape")?;
    let keeps_zeros = call.flag("allowzero", false);
    let mut shape = Vec::new();
    let mut open = None;
    for (place, &extent) in wanted.iter().enumerate() {
        shape.push(match extent {
            0 if !keeps_zeros => match x.shape.get(place) {
                Some(&extent) => extent,
                None => return malformed(format!("shape {wanted:?} copies axis {place} of {:?}", x.shape)),
            },
            -1 if open.is_none() => {
                open = Some(place);
                1
            }
            _ => match usize::try_from(extent) {
                Ok(extent) => extent,
                Err(_) => return malformed(format!("a shape must not be negative, found {wanted:?}")),
            },
        });
    }
    if let Some(open) = open {
        let others = data::entries(&shape, builder.limit)?;
        if others == 0 || x.len() % others != 0 {
            return malformed(format!("{:?} cannot be reshaped to {wanted:?}", x.shape));
        }
        shape[open] = x.len() / others;
    }
    Ok(vec![builder.reshape(x, &shape)?])
}

fn flatten(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let split = match call.int("axis", 1) {
        last if last == x.rank() as i64 => x.rank(),
        number => axis(number, x.rank())?,
    };
    let (rows, columns) = x.shape.split_at(split);
    Ok(vec![builder.reshape(x, &[rows.iter().product(), columns.iter().product()])?])
}

fn squeeze(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axes = match call.axes(1, x.rank())? {
        Some(axes) => axes,
        None => (0..x.rank()).filter(|&axis| x.shape[axis] == 1).collect(),
    };
    if let Some(wide) = axes.iter().find(|&&axis| x.shape[axis] != 1) {
        return malformed(format!("axis {wide} of {:?} has not one entry", x.shape));
    }
    let kept = (0..x.rank()).filter(|axis| !axes.contains(axis)).map(|axis| x.shape[axis]);
    Ok(vec![builder.reshape(x, &kept.collect::<Vec<_>>())?])
}

fn unsqueeze(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let list = match call.optional(1) {
        Some(axes) => axes.to_integers("axes")?,
        None => call.ints("axes").unwrap_or_default(),
    };
    if list.len() > data::MOST_AXES {
        return malformed(format!("expected at most {} axes, found {}", data::MOST_AXES, list.len()));
    }
    let rank = x.rank() + list.len();
    let axes = distinct_axes(&list, rank)?;
    let mut old = x.shape.iter();
    let shape = (0..rank).map(|axis| if axes.contains(&axis) { 1 } else { *old.next().expect("counted") });
    Ok(vec![builder.reshape(x, &shape.collect::<Vec<_>>())?])
}

impl Builder {
    /// The tensor with its axes in another order.
    pub(super) fn transpose(&mut self, x: &Value, order: &[usize]) -> Result<Value, Refusal> {
        let places = self.places(0, x)?.permuted_axes(IxDyn(order));
        self.rearrange(&[x], places, x.element)
    }

    /// The tensor broadcast to a shape.
    pub(super) fn broadcast_to(&mut self, x: &Value, shape: &[usize]) -> Result<Value, Refusal> {
        if x.shape == shape {
            return Ok(x.clone());
        }
        self.claim(shape)?;
        let places = self.places(0, x)?;
        match places.broadcast(IxDyn(shape)) {
            Some(view) => self.rearrange(&[x], view.to_owned(), x.element),
            None => malformed(format!("{:?} cannot be broadcast to {shape:?}", x.shape)),
        }
    }

    /// Every `step`-th index of an axis, from `start` on, `count` of them.
    pub(super) fn strided(
        &mut self,
        x: &Value,
        axis: usize,
        start: i64,
        step: i64,
        count: usize,
    ) -> Result<Value, Refusal> {
        let indices = (0..count as i64).map(|n| start.saturating_add(n.saturating_mul(step)));
        let indices = indices.map(|index| usize::try_from(index).ok().filter(|&index| index < x.shape[axis]));
        let Some(indices) = indices.collect::<Option<Vec<_>>>() else {
            return malformed(format!("{count} indices from {start} on are not all of {:?}", x.shape));
        };
        let places = self.places(0, x)?;
        let places = places.select(Axis(axis), &indices);
        self.rearrange(&[x], places, x.element)
    }
}

fn transpose(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let order = match call.ints("perm") {
        Some(list) => distinct_axes(&list, x.rank())?,
        None => (0..x.rank()).rev().collect(),
    };
    if order.len() != x.rank() {
        return malformed(format!("perm {order:?} does not fit the shape {:?}", x.shape));
    }
    Ok(vec![builder.transpose(x, &order)?])
}

fn expand(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let wanted = data::extents(&call.input(1)?.to_integers("the shape")?)?;
    let shape = broadcast([x.shape.as_slice(), &wanted].into_iter())?;
    Ok(vec![builder.broadcast_to(x, &shape)?])
}

fn tile(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let repeats = data::extents(&call.input(1)?.to_integers("repeats")?)?;
    if repeats.len() != x.rank() {
        return malformed(format!("repeats {repeats:?} do not fit the shape {:?}", x.shape));
    }
    let shape = x.shape.iter().zip(&repeats).map(|(&extent, &times)| extent.saturating_mul(times));
    let shape = shape.collect::<Vec<_>>();
    builder.claim(&shape)?;
    let places = builder.places(0, x)?;
    let places = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
        let inner = (0..x.rank()).map(|axis| index[axis] % x.shape[axis]).collect::<Vec<_>>();
        places[inner.as_slice()]
    });
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

impl Builder {
    /// Tensors one after the other along an axis.
    pub(super) fn concat(&mut self, inputs: &[&Value], axis: usize) -> Result<Value, Refusal> {
        let places = inputs.iter().enumerate().map(|(number, value)| self.places(number as u32, value));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let views = places.iter().map(|array| array.view()).collect::<Vec<_>>();
        match concatenate(Axis(axis), &views) {
            Ok(places) => self.rearrange(inputs, places, inputs[0].element),
            Err(_) => {
                let shapes = inputs.iter().map(|value| &value.shape).collect::<Vec<_>>();
                malformed(format!("shapes {shapes:?} cannot be concatenated along axis {axis}"))
            }
        }
    }
}

fn concat(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let inputs = call.all_inputs()?;
    let axis = call.axis("axis", 1, inputs[0].rank())?;
    if inputs.iter().any(|value| value.rank() != inputs[0].rank()) {
        return malformed("tensors to be concatenated differ in their number of axes");
    }
    Ok(vec![builder.concat(&inputs, axis)?])
}

fn split(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let axis = call.axis("axis", 0, x.rank())?;
    let extent = x.shape[axis];
    let sizes = match call.optional(1) {
        Some(sizes) => Some(sizes.to_integers("the sizes of a split")?),
        None => call.ints("split"),
    };
    let sizes = match sizes {
        Some(sizes) => data::extents(&sizes)?,
        None => {
            let outputs = call.node.output.len();
            let parts = call.int("num_outputs", outputs as i64);
            let parts = usize::try_from(parts).ok().filter(|&parts| parts > 0 && parts == outputs);
            let Some(parts) = parts else { return malformed("num_outputs is not the number of outputs") };
            let size = extent.div_ceil(parts);
            (0..parts).map(|part| size.min(extent.saturating_sub(part * size))).collect()
        }
    };
    if sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size)) != Some(extent) {
        return malformed(format!("sizes {sizes:?} of a split do not add up to {extent}"));
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for size in sizes {
        parts.push(builder.strided(x, axis, start as i64, 1, size)?);
        start += size;
    }
    Ok(parts)
}

fn slice(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let list = |number: usize, name: &str| match call.optional(number) {
        Some(value) => value.to_integers(name).map(Some),
        None => Ok(call.ints(name)),
    };
    let missing = || Refusal::Malformed("a slice without starts or ends".to_owned());
    let starts = list(1, "starts")?.ok_or_else(missing)?;
    let ends = list(2, "ends")?.ok_or_else(missing)?;
    let axes = match list(3, "axes")? {
        Some(list) => distinct_axes(&list, x.rank())?,
        None => (0..starts.len().min(x.rank())).collect(),
    };
    let steps = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return malformed("starts, ends, axes and steps of a slice differ in length");
    }
    let mut places = builder.places(0, x)?;
    for (number, &axis) in axes.iter().enumerate() {
        let extent = places.shape()[axis] as i64;
        let (step, from_end) = (steps[number], |n: i64| if n < 0 { n.saturating_add(extent) } else { n });
        let step = step.clamp(-i64::from(i32::MAX), i64::from(i32::MAX));
        let (start, end) = (from_end(starts[number]), from_end(ends[number]));
        let indices = match step {
            0 => return malformed("a slice of step 0"),
            1.. => {
                let (start, end) = (start.clamp(0, extent), end.clamp(0, extent));
                (start..end).step_by(step as usize).map(|n| n as usize).collect::<Vec<_>>()
            }
            _ => {
                let (start, end) = (start.clamp(-1, extent - 1), end.clamp(-1, extent - 1));
                let count =
                    (start - end).max(0).div_euclid(-step) + i64::from((start - end).max(0) % -step != 0);
                (0..count).map(|n| (start + n * step) as usize).collect()
            }
        };
        places = places.select(Axis(axis), &indices);
    }
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

fn blocks<'a>(call: &'a Call<'_>) -> Result<(&'a Value, usize), Refusal> {
    let x = call.input(0)?;
    match usize::try_from(call.int("blocksize", 0)) {
        Ok(block) if block > 0 && block < 1 << 16 && x.rank() == 4 => Ok((x, block)),
        _ => malformed("expected four axes and a positive blocksize"),
    }
}

fn depth_to_space(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, block) = blocks(call)?;
    let [n, c, h, w] = [x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
    if c % (block * block) != 0 {
        return malformed(format!("{c} channels are no multiple of {block} squared"));
    }
    let depth = c / (block * block);
    let (split, order) = if call.string("mode", "DCR")? == "CRD" {
        ([n, depth, block, block, h, w], [0, 1, 4, 2, 5, 3])
    } else {
        ([n, block, block, depth, h, w], [0, 3, 4, 1, 5, 2])
    };
    let places = builder.places(0, x)?.into_shape_with_order(IxDyn(&split)).expect("as many entries");
    let places = places.permuted_axes(IxDyn(&order)).as_standard_layout().into_owned();
    let places =
        places.into_shape_with_order(IxDyn(&[n, depth, h * block, w * block])).expect("as many entries");
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

fn space_to_depth(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, block) = blocks(call)?;
    let [n, c, h, w] = [x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
    if h % block != 0 || w % block != 0 {
        return malformed(format!("{h} × {w} cannot be cut into blocks of {block}"));
    }
    let split = [n, c, h / block, block, w / block, block];
    let order = if call.string("mode", "DCR")? == "CRD" { [0, 1, 3, 5, 2, 4] } else { [0, 3, 5, 1, 2, 4] };
    let places = builder.places(0, x)?.into_shape_with_order(IxDyn(&split)).expect("as many entries");
    let places = places.permuted_axes(IxDyn(&order)).as_standard_layout().into_owned();
    let shape = [n, c * block * block, h / block, w / block];
    let places = places.into_shape_with_order(IxDyn(&shape)).expect("as many entries");
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

fn triangle(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let shift = call.optional(1).map_or(Ok(0), |k| k.to_integer("the diagonal"))?;
    if x.rank() < 2 {
        return malformed("expected at least two axes");
    }
    let (is_upper, rank) = (call.flag("upper", true), x.rank());
    let mut places = builder.places(0, x)?;
    for (index, place) in places.indexed_iter_mut() {
        let distance = (index[rank - 1] as i64 - index[rank - 2] as i64).saturating_sub(shift);
        if if is_upper { distance < 0 } else { distance > 0 } {
            *place = Source::Constant(0.0);
        }
    }
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

/// The first entries of each sequence in reverse order; as many as its length says.
fn reverse_sequence(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let lengths = call.input(1)?.to_integers("the lengths of sequences")?;
    let (batch, time) = (call.axis("batch_axis", 1, x.rank())?, call.axis("time_axis", 0, x.rank())?);
    if batch == time || lengths.len() != x.shape[batch] {
        return malformed("the lengths of sequences do not fit the batch axis");
    }
    let places = builder.places(0, x)?;
    let mut turned = places.clone();
    for (index, place) in turned.indexed_iter_mut() {
        let length = usize::try_from(lengths[index[batch]]).unwrap_or(0).min(x.shape[time]);
        if index[time] < length {
            let mut from = index.clone();
            from[time] = length - 1 - index[time];
            *place = places[from];
        }
    }
    Ok(vec![builder.rearrange(&[x], turned, x.element)?])
}
