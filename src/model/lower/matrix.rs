//! Products of matrices: `MatMul`, `Gemm`.

use super::super::ElementType;
use super::super::error::{Refusal, malformed};
use super::builder::broadcast;
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "MatMul" => matrix_product,
        "MatMulInteger" => integer_product,
        "Gemm" => general_product,
        _ => return None,
    })
}

impl Builder {
    /// The product as in NumPy: batches are broadcast, a list is a row on the left and a column on the right.
    pub(super) fn matmul(&mut self, a: &Value, b: &Value, element: ElementType) -> Result<Value, Refusal> {
        let refused = || malformed(format!("no product of {:?} and {:?}", a.shape, b.shape));
        if a.rank() == 0 || b.rank() == 0 {
            return refused();
        }
        let left = if a.rank() == 1 { self.reshape(a, &[1, a.shape[0]])? } else { a.clone() };
        let right = if b.rank() == 1 { self.reshape(b, &[b.shape[0], 1])? } else { b.clone() };
        let (left_batch, [rows, inner]) = split(&left.shape);
        let (right_batch, [inner_too, columns]) = split(&right.shape);
        if inner != inner_too {
            return refused();
        }
        let (batch, product) = if right_batch.is_empty() {
            // One matrix on the right: all rows of all batches are rows of one matrix.
            let all = left_batch.iter().product::<usize>() * rows;
            let left = self.reshape(&left, &[all, inner])?;
            (left_batch.to_vec(), self.product(&left, &right, element)?)
        } else {
            let batch = broadcast([left_batch, right_batch].into_iter())?;
            let left = self.broadcast_to(&left, &[&batch[..], &[rows, inner]].concat())?;
            let right = self.broadcast_to(&right, &[&batch[..], &[inner, columns]].concat())?;
            (batch, self.product(&left, &right, element)?)
        };
        let mut shape = batch;
        shape.extend((a.rank() > 1).then_some(rows));
        shape.extend((b.rank() > 1).then_some(columns));
        self.reshape(&product, &shape)
    }
}

fn split(shape: &[usize]) -> (&[usize], [usize; 2]) {
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    (batch, [matrix[0], matrix[1]])
}

fn matrix_product(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    Ok(vec![builder.matmul(a, b, a.element)?])
}

/// Integers without their zero points; a list of zero points is one for each row, or each column on the
/// right.
fn integer_product(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let rows = match call.optional(2) {
        Some(zero) if zero.rank() == 1 && zero.len() > 1 => Some(builder.reshape(zero, &[zero.len(), 1])?),
        zero => zero.cloned(),
    };
    let a = builder.without_zero_point(call.input(0)?, rows.as_ref())?;
    let b = builder.without_zero_point(call.input(1)?, call.optional(3))?;
    Ok(vec![builder.matmul(&a, &b, ElementType::Signed(32))?])
}

/// α A B + β C.
fn general_product(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.rank() != 2 || b.rank() != 2 {
        return malformed(format!("expected two matrices, found {:?} and {:?}", a.shape, b.shape));
    }
    let a = if call.flag("transA", false) { builder.transpose(a, &[1, 0])? } else { a.clone() };
    let b = if call.flag("transB", false) { builder.transpose(b, &[1, 0])? } else { b.clone() };
    let product = builder.matmul(&a, &b, a.element)?;
    let mut value = builder.scale(&product, call.float("alpha", 1.0))?;
    if let Some(c) = call.optional(2) {
        let c = builder.scale(c, call.float("beta", 1.0))?;
        let shape = value.shape.clone();
        value = builder.add(&value, &c)?;
        if value.shape != shape {
            return malformed(format!("{:?} cannot be broadcast to {shape:?}", c.shape));
        }
    }
    Ok(vec![value])
}
