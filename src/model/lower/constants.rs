//! Tensors that are known before the program runs: constants, shapes, ranges.

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Data, ElementType, data};
use super::builder::known_value;
use super::{Builder, Call, Content, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Constant" => constant,
        "ConstantOfShape" => constant_of_shape,
        "Shape" => shape,
        "Size" => size,
        "Range" => range,
        "EyeLike" => eye,
        "NonZero" => non_zero,
        _ => return None,
    })
}

fn constant(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    if let Some((element, data)) = call.tensor("value", builder.limit)? {
        builder.claim(data.shape())?;
        return Ok(vec![Value::constant(element, data)]);
    }
    let floats = |list: Vec<f64>, shape: &[usize]| {
        let array = ArrayD::from_shape_vec(IxDyn(shape), list).expect("as many as the shape has");
        Value::floats(ElementType::Float32, array)
    };
    let value = if let Some(attribute) = call.attribute("value_float") {
        floats(vec![attribute.f.unwrap_or(0.0).into()], &[])
    } else if let Some(attribute) = call.attribute("value_floats") {
        floats(attribute.floats.iter().map(|&x| x.into()).collect(), &[attribute.floats.len()])
    } else if let Some(attribute) = call.attribute("value_int") {
        Value::integers(&[], vec![attribute.i.unwrap_or(0)])
    } else if let Some(list) = call.ints("value_ints") {
        Value::integers(&[list.len()], list)
    } else if let Some(sparse) = call.attribute("sparse_value").and_then(|a| a.sparse_tensor.as_deref()) {
        let (element, data) = data::read_sparse(sparse, builder.limit)?;
        builder.claim(data.shape())?;
        Value::constant(element, data)
    } else {
        return Err(Refusal::Unsupported("a constant that is no tensor of numbers".to_owned()));
    };
    Ok(vec![value])
}

fn constant_of_shape(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let shape = data::extents(&call.input(0)?.to_integers("the shape")?)?;
    let (element, data) = match call.tensor("value", builder.limit)? {
        Some(value) => value,
        None => (ElementType::Float32, Data::Floats(ArrayD::zeros(IxDyn(&[1])).into())),
    };
    let count = builder.claim(&shape)?;
    let value = match data {
        Data::Floats(array) if array.len() == 1 => {
            Value::floats(element, ArrayD::from_elem(IxDyn(&shape), array.iter().sum()))
        }
        Data::Integers(array) if array.len() == 1 => {
            Value::integers(&shape, vec![array.iter().sum(); count]).with_element(element)
        }
        _ => return malformed("expected one number for the value of ConstantOfShape"),
    };
    Ok(vec![value])
}

fn shape(_: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let rank = x.rank() as i64;
    let from_end =
        |number: i64| (if number < 0 { number.saturating_add(rank) } else { number }).clamp(0, rank);
    let (start, end) = (from_end(call.int("start", 0)), from_end(call.int("end", rank)));
    let list = x.shape[start as usize..(end.max(start)) as usize].iter().map(|&extent| extent as i64);
    let list = list.collect::<Vec<_>>();
    Ok(vec![Value::integers(&[list.len()], list)])
}

fn size(_: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    Ok(vec![Value::integers(&[], vec![call.input(0)?.len() as i64])])
}

fn range(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (start, limit, step) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let element = start.element;
    let too_long = Refusal::TooLarge { limit: builder.limit };
    if !element.is_float() {
        let [start, limit, step] =
            [start.to_integer("start")?, limit.to_integer("limit")?, step.to_integer("delta")?];
        if step == 0 {
            return malformed("a range of step 0");
        }
        let span = i128::from(limit) - i128::from(start);
        let step = i128::from(step);
        let count = (span / step + i128::from(span % step != 0)).max(0);
        let count = if (span < 0) == (step < 0) { count } else { 0 };
        let count = usize::try_from(count).ok().filter(|&n| n <= builder.limit).ok_or(too_long)?;
        builder.claim(&[count])?;
        let list = (0..count as i128).map(|n| (i128::from(start) + n * step) as i64).collect();
        return Ok(vec![Value::integers(&[count], list).with_element(element)]);
    }
    let [start, limit, step] = [start.to_float("start")?, limit.to_float("limit")?, step.to_float("delta")?];
    let count = ((limit - start) / step).ceil().max(0.0);
    if count.is_nan() || count > builder.limit as f64 {
        return Err(too_long);
    }
    builder.claim(&[count as usize])?;
    let array = (0..count as usize).map(|n| element.round(start + n as f64 * step)).collect::<Vec<_>>();
    let array = ArrayD::from_shape_vec(IxDyn(&[array.len()]), array).expect("one axis");
    Ok(vec![Value::floats(element, array)])
}

fn eye(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    if x.rank() != 2 {
        return malformed(format!("expected two axes, found {:?}", x.shape));
    }
    builder.claim(&x.shape)?;
    let (element, shift) = (call.element("dtype")?.unwrap_or(x.element), call.int("k", 0));
    let ones = ArrayD::from_shape_fn(IxDyn(&x.shape), |index| {
        f64::from(u8::from((index[1] as i64).checked_sub(index[0] as i64) == Some(shift)))
    });
    Ok(vec![known_value(element, ones)])
}

/// The indices of the entries that are not zero, of a tensor that is known.
fn non_zero(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let hits = match &x.content {
        Content::Integers(array) => {
            array.indexed_iter().filter(|(_, value)| **value != 0).map(|(i, _)| i).collect()
        }
        Content::Floats(array) => {
            array.indexed_iter().filter(|(_, value)| **value != 0.0).map(|(i, _)| i).collect()
        }
        Content::Slot { .. } => return Err(Refusal::Varying("the shape of the output".to_owned())),
    };
    let hits: Vec<IxDyn> = hits;
    builder.claim_entries(hits.len() * x.rank())?;
    let list = (0..x.rank()).flat_map(|axis| hits.iter().map(move |index| index[axis] as i64)).collect();
    Ok(vec![Value::integers(&[x.rank(), hits.len()], list)])
}
