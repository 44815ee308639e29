//! Pools: a maximum, a mean or a norm of each window.
//!
//! Entries of pads belong to no list; a mean divides by the taps that count. Sums are divided, not multiplied
//! by a reciprocal, which would be no float.

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Function, Lists, Reduction};
use super::windows::{Windows, kernel_shape};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "MaxPool" => max_pool,
        "AveragePool" => average_pool,
        "LpPool" => norm_pool,
        "GlobalMaxPool" | "GlobalAveragePool" | "GlobalLpPool" => global_pool,
        _ => return None,
    })
}

fn windows<'a>(call: &'a Call<'_>) -> Result<(&'a Value, Windows), Refusal> {
    let x = call.input(0)?;
    if x.rank() < 3 {
        return malformed(format!("expected axes for batch, channels and space, found {:?}", x.shape));
    }
    Ok((x, Windows::new(call, &x.shape[2..], &kernel_shape(call)?)?))
}

fn max_pool(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    if call.node.output.get(1).is_some_and(|name| !name.is_empty()) {
        return Err(Refusal::Unsupported("output Indices".to_owned()));
    }
    let (x, windows) = windows(call)?;
    let (lists, _) = windows.lists(builder)?;
    if lists.offsets.windows(2).any(|pair| pair[0] == pair[1]) {
        return malformed("a window of the pool has no entry of the signal");
    }
    let shape = [&x.shape[..2], &windows.count].concat();
    Ok(vec![builder.reduce(Reduction::Maximum, x, lists, &shape, x.element)?])
}

fn average_pool(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, windows) = windows(call)?;
    let (lists, counted) = windows.lists(builder)?;
    let divisors = if call.flag("count_include_pad", false) {
        counted
    } else {
        lists.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    let shape = [&x.shape[..2], &windows.count].concat();
    let sum = builder.reduce(Reduction::Sum, x, lists, &shape, x.element)?;
    let divisor = match divisors.first() {
        Some(&first) if divisors.iter().any(|&n| n != first) => {
            let divisors = divisors.iter().map(|&n| n as f64).collect();
            let array = ArrayD::from_shape_vec(IxDyn(&windows.count), divisors).expect("one for each window");
            Value::floats(x.element, array)
        }
        first => Value::scalar(x.element, first.map_or(1.0, |&n| n as f64)),
    };
    Ok(vec![builder.divide(&sum, &divisor)?])
}

fn norm_pool(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, windows) = windows(call)?;
    let (lists, _) = windows.lists(builder)?;
    let shape = [&x.shape[..2], &windows.count].concat();
    Ok(vec![builder.norm(x, call.int("p", 2), lists, &shape)?])
}

impl Builder {
    /// (Σ |x|ᵖ)^(1/p) of each list.
    pub(super) fn norm(
        &mut self,
        x: &Value,
        p: i64,
        lists: Lists,
        shape: &[usize],
    ) -> Result<Value, Refusal> {
        let powers = match p {
            1 => self.apply(Function::Absolute, &[x])?,
            2 => self.multiply(x, x)?,
            _ if p > 0 => {
                let magnitude = self.apply(Function::Absolute, &[x])?;
                self.apply_named("Pow", &[&magnitude, &Value::scalar(x.element, p as f64)])?
            }
            _ => return malformed(format!("a norm needs a positive p, found {p}")),
        };
        let sum = self.reduce(Reduction::Sum, &powers, lists, shape, x.element)?;
        match p {
            1 => Ok(sum),
            2 => self.apply(Function::SquareRoot, &[&sum]),
            _ => self.apply_named("Pow", &[&sum, &Value::scalar(x.element, 1.0 / p as f64)]),
        }
    }
}

fn global_pool(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    if x.rank() < 2 {
        return malformed(format!("expected axes for batch and channels, found {:?}", x.shape));
    }
    let axes = (2..x.rank()).collect::<Vec<_>>();
    let value = match call.node.op_type.as_str() {
        "GlobalMaxPool" => builder.reduce_axes(Reduction::Maximum, x, &axes)?,
        "GlobalAveragePool" => builder.mean(x, &axes)?,
        _ => {
            let (lists, shape) = builder.lists(x, &axes)?;
            builder.norm(x, call.int("p", 2), lists, &shape)?
        }
    };
    Ok(vec![value])
}
