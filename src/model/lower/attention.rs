//! Attention: softmax(Q Kᵀ / √d + bias) V for each head, and rotary embeddings.
//!
//! Masks are a bias of 0 and −∞. Queries that may see no key at all give zeros. Both factors of a product are
//! multiplied by the root of the scale, as the standard has it. Source: the page of `Attention` in the
//! standard.

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{ElementType, Function, Reduction, Source};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Attention" => attention,
        "RotaryEmbedding" => rotary,
        _ => return None,
    })
}

/// (batch, length, heads · size) as (batch, heads, length, size).
fn by_heads(builder: &mut Builder, x: &Value, heads: usize) -> Result<Value, Refusal> {
    if x.rank() == 4 {
        return Ok(x.clone());
    }
    if x.rank() != 3 || heads == 0 || !x.shape[2].is_multiple_of(heads) {
        return malformed(format!("{heads} heads of a tensor of {:?}", x.shape));
    }
    let split = builder.reshape(x, &[x.shape[0], x.shape[1], heads, x.shape[2] / heads])?;
    builder.transpose(&split, &[0, 2, 1, 3])
}

fn heads(call: &Call<'_>, name: &str) -> usize {
    usize::try_from(call.int(name, 0)).unwrap_or(0)
}

fn attention(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (q_heads, kv_heads) = (heads(call, "q_num_heads"), heads(call, "kv_num_heads"));
    let is_flat = call.input(0)?.rank() == 3;
    let q = by_heads(builder, call.input(0)?, q_heads)?;
    let mut k = by_heads(builder, call.input(1)?, kv_heads)?;
    let mut v = by_heads(builder, call.input(2)?, kv_heads)?;
    let past = call.optional(4).map_or(Ok(0), |past| match past.shape[..] {
        [_, _, length, _] => Ok(length),
        _ => malformed(format!("past keys of {:?}", past.shape)),
    })?;
    if let (Some(past_k), Some(past_v)) = (call.optional(4), call.optional(5)) {
        if past_v.rank() != 4 {
            return malformed(format!("past values of {:?}", past_v.shape));
        }
        k = builder.concat(&[past_k, &k], 2)?;
        v = builder.concat(&[past_v, &v], 2)?;
    }
    let (present_k, present_v) = (k.clone(), v.clone());
    let (rows, columns) = (q.shape[2], k.shape[2]);
    if k.shape[1] == 0 || q.shape[1] % k.shape[1] != 0 || v.shape[1] != k.shape[1] {
        return malformed(format!("{} heads of queries for {} of keys", q.shape[1], k.shape[1]));
    }
    let repeats = q.shape[1] / k.shape[1];
    [k, v] = [repeat_heads(builder, &k, repeats)?, repeat_heads(builder, &v, repeats)?];

    let scale = match call.attribute("scale") {
        Some(_) => Value::scalar(q.element, call.float("scale", 1.0)),
        None => {
            let size = Value::scalar(q.element, q.shape[3] as f64);
            let root = builder.apply(Function::SquareRoot, &[&size])?;
            builder.divide(&Value::scalar(q.element, 1.0), &root)?
        }
    };
    let root = builder.apply(Function::SquareRoot, &[&scale])?;
    let scaled_q = builder.multiply(&q, &root)?;
    let turned = builder.transpose(&k, &[0, 1, 3, 2])?;
    let scaled_k = builder.multiply(&turned, &root)?;
    let raw = builder.matmul(&scaled_q, &scaled_k, q.element)?;
    let softcap = call.float("softcap", 0.0);
    let capped = if softcap > 0.0 {
        let cap = Value::scalar(q.element, softcap);
        let ratio = builder.divide(&raw, &cap)?;
        let bent = builder.apply(Function::HyperbolicTangent, &[&ratio])?;
        builder.multiply(&bent, &cap)?
    } else {
        raw.clone()
    };
    let bias = bias(builder, call, [q.shape[0], rows, columns], past, q.element)?;
    let biased = match &bias {
        Some(bias) => builder.add(&capped, bias)?,
        None => capped.clone(),
    };
    let precise = match call.element("softmax_precision")? {
        Some(element) => builder.cast(&biased, element)?,
        None => biased.clone(),
    };
    let weights = builder.softmax(&precise, 3)?;
    let mut weights = builder.cast(&weights, q.element)?;
    if let Some(bias) = bias {
        weights = unless_blind(builder, &bias, &weights)?;
    }
    let mut value = builder.matmul(&weights, &v, q.element)?;
    if is_flat {
        let turned = builder.transpose(&value, &[0, 2, 1, 3])?;
        value = builder.reshape(&turned, &[q.shape[0], rows, q.shape[1] * v.shape[3]])?;
    }
    // What is shown of the scores. Up to version 23 modes 1 and 2 stood for one another's order of bias and
    // cap.
    let shown = match call.int("qk_matmul_output_mode", 0) {
        0 => raw,
        1 => capped,
        2 => biased,
        _ => weights,
    };
    Ok(vec![value, present_k, present_v, shown])
}

/// Each head so many times, one after the other.
fn repeat_heads(builder: &mut Builder, x: &Value, times: usize) -> Result<Value, Refusal> {
    if times == 1 {
        return Ok(x.clone());
    }
    let [batch, heads, length, size] = [x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
    let open = builder.reshape(x, &[batch, heads, 1, length, size])?;
    let wide = builder.broadcast_to(&open, &[batch, heads, times, length, size])?;
    builder.reshape(&wide, &[batch, heads * times, length, size])
}

/// 0 where a query may see a key, −∞ elsewhere.
fn known_bias(element: ElementType, shape: &[usize], sees: impl Fn(&IxDyn) -> bool) -> Value {
    let array =
        ArrayD::from_shape_fn(IxDyn(shape), |index| if sees(&index) { 0.0 } else { f64::NEG_INFINITY });
    Value::floats(element, array)
}

/// The sum of the mask, the causal one, the window, and that of keys that are no padding.
fn bias(
    builder: &mut Builder,
    call: &Call<'_>,
    [batch, rows, columns]: [usize; 3],
    past: usize,
    element: ElementType,
) -> Result<Option<Value>, Refusal> {
    let mut terms = Vec::new();
    if let Some(mask) = call.optional(3) {
        if mask.rank() == 0 {
            return malformed("a mask without axes");
        }
        let mask = if mask.element == ElementType::Boolean {
            let [zero, never] = [0.0, f64::NEG_INFINITY].map(|n| Value::scalar(element, n));
            builder.choose(mask, &zero, &never)?
        } else {
            mask.clone()
        };
        terms.push(widen(builder, &mask, columns)?);
    }
    let lengths = call.optional(6).map(|lengths| lengths.to_integers("the lengths of keys")).transpose()?;
    if lengths.as_ref().is_some_and(|lengths| lengths.len() != batch) {
        return malformed("expected a length of keys for each of the batch");
    }
    let offset = |sample: usize| match &lengths {
        Some(lengths) => lengths[sample].saturating_sub(rows as i64),
        None => past as i64,
    };
    let (left, right) = (call.int("left_window_size", -1), call.int("right_window_size", -1));
    let is_causal = call.flag("is_causal", false);
    let samples = if lengths.is_some() { batch } else { 1 };
    if is_causal || left >= 0 || right >= 0 {
        builder.claim(&[samples, 1, rows, columns])?;
        terms.push(known_bias(element, &[samples, 1, rows, columns], |index| {
            let distance = offset(index[0]).saturating_add(index[2] as i64 - index[3] as i64);
            (!is_causal || distance >= 0)
                && (left < 0 || distance <= left)
                && (right < 0 || -distance <= right)
        }));
    }
    if let Some(lengths) = &lengths {
        builder.claim(&[batch, 1, 1, columns])?;
        let sees = |index: &IxDyn| (index[3] as i64) < lengths[index[0]];
        terms.push(known_bias(element, &[batch, 1, 1, columns], sees));
    }
    let mut terms = terms.into_iter();
    let Some(mut sum) = terms.next() else { return Ok(None) };
    for term in terms {
        sum = builder.add(&sum, &term)?;
    }
    Ok(Some(sum))
}

/// A mask for fewer keys hides the others.
fn widen(builder: &mut Builder, mask: &Value, columns: usize) -> Result<Value, Refusal> {
    let Some((&last, outer)) = mask.shape.split_last() else { return Ok(mask.clone()) };
    if last >= columns || last == 1 && columns == 1 {
        return Ok(mask.clone());
    }
    let shape = [outer, &[columns]].concat();
    builder.claim(&shape)?;
    let places = builder.places(0, mask)?;
    let places = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
        if index[outer.len()] < last { places[index] } else { Source::Constant(f64::NEG_INFINITY) }
    });
    builder.rearrange(&[mask], places, mask.element)
}

/// The weights, but zeros for a query that sees no key.
fn unless_blind(builder: &mut Builder, bias: &Value, weights: &Value) -> Result<Value, Refusal> {
    let never = Value::scalar(bias.element, f64::NEG_INFINITY);
    if let Some(known) = bias.known_floats() {
        let lanes = known.lanes(ndarray::Axis(known.ndim() - 1));
        if lanes.into_iter().all(|lane| lane.iter().any(|&value| value != f64::NEG_INFINITY)) {
            return Ok(weights.clone());
        }
    }
    let greatest = builder.reduce_axes(Reduction::Maximum, bias, &[bias.rank() - 1])?;
    let is_blind = builder.pointwise(Function::named("Equal"), &[&greatest, &never], ElementType::Boolean)?;
    builder.choose(&is_blind, &Value::scalar(weights.element, 0.0), weights)
}

/// Pairs of entries turned by angles of which cosines and sines are given for each position.
fn rotary(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let input = call.input(0)?;
    let x = by_heads(builder, input, heads(call, "num_heads"))?;
    let [batch, count, length, size] = [x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
    let turned = match usize::try_from(call.int("rotary_embedding_dim", 0)) {
        Ok(0) => size,
        Ok(turned) if turned <= size && turned % 2 == 0 => turned,
        _ => return malformed("rotary_embedding_dim must be even and no larger than a head"),
    };
    let half = turned / 2;
    // Cosines and sines for (batch, length): of the cache at the positions, if these are given.
    let mut angles = |number: usize| -> Result<Value, Refusal> {
        let cache = call.input(number)?;
        let Some(positions) = call.optional(3) else {
            return builder.reshape(cache, &[batch, 1, length, half]);
        };
        let list = positions.to_integers("the positions")?;
        if cache.rank() == 0 {
            return malformed("a cache without axes");
        }
        let places = builder.places(0, cache)?;
        let list = list.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n < cache.shape[0]));
        let Some(list) = list.collect::<Option<Vec<_>>>() else {
            return malformed("a position beyond the cache");
        };
        let places = places.select(ndarray::Axis(0), &list);
        let rows = builder.rearrange(&[cache], places, cache.element)?;
        builder.reshape(&rows, &[batch, 1, length, half])
    };
    let (cosines, sines) = (angles(1)?, angles(2)?);
    let is_interleaved = call.flag("interleaved", false);
    let step = if is_interleaved { 2 } else { 1 };
    let first = builder.strided(&x, 3, 0, step, half)?;
    let second = builder.strided(&x, 3, if is_interleaved { 1 } else { half as i64 }, step, half)?;
    let [a, b] = [builder.multiply(&cosines, &first)?, builder.multiply(&sines, &second)?];
    let real = builder.subtract(&a, &b)?;
    let [a, b] = [builder.multiply(&sines, &first)?, builder.multiply(&cosines, &second)?];
    let imaginary = builder.add(&a, &b)?;
    let rest = builder.strided(&x, 3, turned as i64, 1, size - turned)?;
    let all = builder.concat(&[&real, &imaginary, &rest], 3)?;
    let value = if is_interleaved {
        let order = (0..turned).map(|n| n % 2 * half + n / 2).chain(turned..size).collect::<Vec<_>>();
        let places = builder.places(0, &all)?.select(ndarray::Axis(3), &order);
        builder.rearrange(&[&all], places, all.element)?
    } else {
        all
    };
    if input.rank() == 4 {
        return Ok(vec![value]);
    }
    let turned = builder.transpose(&value, &[0, 2, 1, 3])?;
    Ok(vec![builder.reshape(&turned, &[batch, length, count * size])?])
}
