//! Gathering and scattering at indices that are known: entries are moved.
//!
//! Indices that depend on the inputs of the model are refused.

use ndarray::{ArrayD, Axis, Dimension, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Lists, Reduction, Source};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Gather" => gather,
        "GatherElements" => gather_elements,
        "GatherND" => gather_nd,
        "ScatterElements" | "Scatter" => scatter_elements,
        "ScatterND" => scatter_nd,
        "TensorScatter" => tensor_scatter,
        "Compress" => compress,
        "OneHot" => one_hot,
        _ => return None,
    })
}

/// An index of an axis, counted from the end if it is negative.
fn index(number: i64, extent: usize) -> Result<usize, Refusal> {
    let from_front = if number < 0 { number.saturating_add(extent as i64) } else { number };
    match usize::try_from(from_front) {
        Ok(index) if index < extent => Ok(index),
        _ => malformed(format!("index {number} is not one of {extent}")),
    }
}

fn gather(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis("axis", 0, x.rank())?;
    let list = indices.to_integers("the indices")?;
    let list = list.iter().map(|&n| index(n, x.shape[axis])).collect::<Result<Vec<_>, _>>()?;
    let shape = [&x.shape[..axis], &indices.shape, &x.shape[axis + 1..]].concat();
    builder.claim(&shape)?;
    let places = builder.places(0, x)?.select(Axis(axis), &list);
    let places = places.as_standard_layout().into_owned();
    let places = places.into_shape_with_order(IxDyn(&shape)).expect("as many entries");
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

fn gather_elements(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis("axis", 0, x.rank())?;
    let list = indices.to_integers("the indices")?;
    let fits = |other: usize| other == axis || indices.shape[other] <= x.shape[other];
    if indices.rank() != x.rank() || !(0..x.rank()).all(fits) {
        return malformed(format!("indices of {:?} for a tensor of {:?}", indices.shape, x.shape));
    }
    builder.claim(&indices.shape)?;
    let from = builder.places(0, x)?;
    let mut places = Vec::with_capacity(list.len());
    for (number, mut at) in list.iter().zip(every_index(&indices.shape)) {
        at[axis] = index(*number, x.shape[axis])?;
        places.push(from[at.as_slice()]);
    }
    let places = ArrayD::from_shape_vec(IxDyn(&indices.shape), places).expect("one for each index");
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

/// All indices of a shape, in row-major order.
fn every_index(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    ndarray::indices(shape).into_iter().map(|index| index.as_array_view().to_vec())
}

fn gather_nd(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let batch = usize::try_from(call.int("batch_dims", 0)).unwrap_or(usize::MAX);
    let list = indices.to_integers("the indices")?;
    let Some((&depth, outer)) = indices.shape.split_last() else { return malformed("indices without axes") };
    if batch > outer.len() || batch.saturating_add(depth) > x.rank() || x.shape[..batch] != outer[..batch] {
        return malformed(format!("indices of {:?} for a tensor of {:?}", indices.shape, x.shape));
    }
    let inner = &x.shape[batch + depth..];
    let shape = [outer, inner].concat();
    builder.claim(&shape)?;
    let size = inner.iter().product::<usize>();
    let mut places = Vec::new();
    for (number, at) in every_index(outer).enumerate() {
        let mut flat = at[..batch].iter().zip(&x.shape).fold(0, |flat, (&i, &extent)| flat * extent + i);
        for (place, &n) in list[number * depth..(number + 1) * depth].iter().enumerate() {
            let extent = x.shape[batch + place];
            flat = flat * extent + index(n, extent)?;
        }
        places.extend((0..size).map(|k| Source::Entry { input: 0, entry: (flat * size + k) as u32 }));
    }
    let places = ArrayD::from_shape_vec(IxDyn(&shape), places).expect("one for each entry");
    Ok(vec![builder.rearrange(&[x], places, x.element)?])
}

impl Builder {
    /// A tensor with updates: `targets` has the place in the tensor for each entry of the updates. What
    /// happens to entries that are met is the reduction; without one, the last update takes the place.
    fn scatter(
        &mut self,
        x: &Value,
        updates: &Value,
        targets: &[usize],
        how: &str,
    ) -> Result<Value, Refusal> {
        let reduction = match how {
            "none" => None,
            "add" => Some(Reduction::Sum),
            "mul" => Some(Reduction::Product),
            "max" => Some(Reduction::Maximum),
            "min" => Some(Reduction::Minimum),
            other => return malformed(format!("reduction {other:?} is none of the standard's")),
        };
        let Some(reduction) = reduction else {
            let mut places = self.places(0, x)?;
            let flat = places.as_slice_mut().expect("standard layout");
            for (entry, &target) in targets.iter().enumerate() {
                flat[target] = Source::Entry { input: 1, entry: entry as u32 };
            }
            return self.rearrange(&[x, updates], places, x.element);
        };
        let count = x.len();
        let mut lists = (0..count as u32).map(|place| vec![place]).collect::<Vec<_>>();
        for (entry, &target) in targets.iter().enumerate() {
            lists[target].push((count + entry) as u32);
        }
        let [flat, flat_updates] = [self.reshape(x, &[count])?, self.reshape(updates, &[targets.len()])?];
        let all = self.concat(&[&flat, &flat_updates], 0)?;
        let mut offsets = vec![0];
        for list in &lists {
            offsets.push(offsets.last().copied().unwrap_or(0) + list.len());
        }
        let lists = Lists { entries: all.len(), offsets, members: lists.concat(), factors: None };
        self.reduce(reduction, &all, lists, &x.shape, x.element)
    }
}

fn scatter_elements(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let axis = call.axis("axis", 0, x.rank())?;
    let list = indices.to_integers("the indices")?;
    let fits = |other: usize| other == axis || indices.shape[other] <= x.shape[other];
    if indices.rank() != x.rank() || indices.shape != updates.shape || !(0..x.rank()).all(fits) {
        return malformed(format!("indices of {:?} for a tensor of {:?}", indices.shape, x.shape));
    }
    let mut targets = Vec::with_capacity(list.len());
    for (number, mut at) in list.iter().zip(every_index(&indices.shape)) {
        at[axis] = index(*number, x.shape[axis])?;
        targets.push(at.iter().zip(&x.shape).fold(0, |flat, (&i, &extent)| flat * extent + i));
    }
    Ok(vec![builder.scatter(x, updates, &targets, &call.string("reduction", "none")?)?])
}

fn scatter_nd(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let list = indices.to_integers("the indices")?;
    let Some((&depth, outer)) = indices.shape.split_last() else { return malformed("indices without axes") };
    if depth > x.rank() || updates.shape != [outer, &x.shape[depth..]].concat() {
        return malformed(format!(
            "indices of {:?} and updates of {:?} for a tensor of {:?}",
            indices.shape, updates.shape, x.shape
        ));
    }
    let size = x.shape[depth..].iter().product::<usize>();
    let mut targets = Vec::with_capacity(updates.len());
    for number in 0..outer.iter().product::<usize>() {
        let mut flat = 0;
        for (&n, &extent) in list[number * depth..(number + 1) * depth].iter().zip(&x.shape) {
            flat = flat * extent + index(n, extent)?;
        }
        targets.extend((0..size).map(|k| flat * size + k));
    }
    Ok(vec![builder.scatter(x, updates, &targets, &call.string("reduction", "none")?)?])
}

/// A cache (batch, …, length, …) in which an update takes the places from an index on, for each of the batch.
fn tensor_scatter(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, updates) = (call.input(0)?, call.input(1)?);
    let axis = call.axis("axis", -2, x.rank())?;
    let starts = match call.optional(2) {
        Some(starts) => starts.to_integers("the indices")?,
        None => vec![0; x.shape.first().copied().unwrap_or(0)],
    };
    let is_circular = call.string("mode", "linear")? == "circular";
    let fits = (0..x.rank()).all(|n| updates.shape.get(n).is_some_and(|&e| e == x.shape[n] || n == axis));
    if axis == 0 || updates.rank() != x.rank() || !fits || starts.len() != x.shape[0] {
        return malformed(format!("an update of {:?} for a cache of {:?}", updates.shape, x.shape));
    }
    let mut targets = Vec::new();
    for mut at in every_index(&updates.shape) {
        let place = (at[axis] as i64).saturating_add(starts[at[0]]);
        let extent = x.shape[axis];
        at[axis] = index(if is_circular { place.rem_euclid(extent.max(1) as i64) } else { place }, extent)?;
        targets.push(at.iter().zip(&x.shape).fold(0, |flat, (&i, &extent)| flat * extent + i));
    }
    Ok(vec![builder.scatter(x, updates, &targets, "none")?])
}

fn compress(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let kept = call.input(1)?.to_integers("the condition")?;
    let (x, axis) = match call.attribute("axis") {
        Some(_) => (x.clone(), call.axis("axis", 0, x.rank())?),
        None => (builder.reshape(x, &[x.len()])?, 0),
    };
    let list = kept.iter().enumerate().filter(|(_, kept)| **kept != 0).map(|(n, _)| n).collect::<Vec<_>>();
    if list.last().is_some_and(|&last| last >= x.shape[axis]) {
        return malformed(format!("a condition of {} for an axis of {}", kept.len(), x.shape[axis]));
    }
    let places = builder.places(0, &x)?.select(Axis(axis), &list);
    Ok(vec![builder.rearrange(&[&x], places, x.element)?])
}

/// Two values, one of which stands where the index of the axis is that of the entry.
fn one_hot(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (indices, values) = (call.input(0)?, call.input(2)?);
    let depth = call.input(1)?.to_integer("the depth")?;
    let Some(depth) = usize::try_from(depth).ok().filter(|&depth| depth <= builder.limit) else {
        return malformed(format!("a depth of {depth}"));
    };
    if values.len() != 2 {
        return malformed("expected two values, for off and on");
    }
    let list = indices.to_integers("the indices")?;
    let axis = call.axis("axis", -1, indices.rank() + 1)?;
    let shape = [&indices.shape[..axis], &[depth], &indices.shape[axis..]].concat();
    builder.claim(&shape)?;
    let inner = indices.shape[axis..].iter().product::<usize>();
    let places = every_index(&shape).enumerate().map(|(flat, at)| {
        let outer = flat.checked_div(inner * depth).unwrap_or(0);
        let number = list[outer * inner + flat % inner.max(1)];
        let hit = index(number, depth).is_ok_and(|number| number == at[axis]);
        Source::Entry { input: 0, entry: hit.into() }
    });
    let places = ArrayD::from_shape_vec(IxDyn(&shape), places.collect()).expect("one for each entry");
    Ok(vec![builder.rearrange(&[values], places, values.element)?])
}
