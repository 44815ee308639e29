//! Statements about functions on grids in one, two and three dimensions.

use ndarray::{ArrayD, IxDyn};

use crate::scalar::Ring;
use crate::verify::{Case, Failure, Statement};

/// What the axes of a grid are called.
fn axes(rank: usize) -> &'static [&'static str] {
    &["depth", "height", "width"][3 - rank..]
}

/// A statement whose size consists of one shape for each of `operands`; a single one needs no name.
///
/// `cases` gets the shapes.
pub(in crate::claims) fn on_grids(
    rank: usize,
    operands: &[&str],
    cases: impl Fn(&[Vec<usize>]) -> Result<Vec<Case>, Failure> + Send + Sync + 'static,
) -> Statement {
    let name = |operand: &str, axis: &str| match (operand, rank) {
        ("", 1) => "length".to_owned(),
        ("", _) => axis.to_owned(),
        (_, 1) => format!("length of {operand}"),
        _ => format!("{axis} of {operand}"),
    };
    let names: Vec<String> =
        operands.iter().flat_map(|operand| axes(rank).iter().map(move |axis| name(operand, axis))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Statement::new(&names, move |size| {
        let shapes: Vec<Vec<usize>> = size.chunks(rank).map(<[usize]>::to_vec).collect();
        cases(&shapes)
    })
}

/// δ: one at the index 0, zero elsewhere.
pub(super) fn delta<S: Ring>(shape: &[usize]) -> ArrayD<S> {
    let mut delta = ArrayD::from_elem(IxDyn(shape), S::zero());
    if let Some(first) = delta.first_mut() {
        *first = S::one();
    }
    delta
}
