//! Shapes for inputs whose shapes a file leaves open.

use crate::model::{Extent, Model, ModelError, Port, Program};

/// The extents that are tried for axes of space, one after the other.
const EXTENTS: [usize; 4] = [32, 64, 224, 12];

/// The program for the shapes that are asked for, and for others that are chosen; with a line for each
/// choice.
pub(in crate::model) fn program(
    model: &Model,
    asked: &[(String, Vec<usize>)],
) -> Result<(Program, Vec<String>), ModelError> {
    let is_asked = |port: &Port| asked.iter().any(|(name, _)| *name == port.name);
    let is_open = |port: &Port| {
        !is_asked(port)
            && port
                .shape
                .as_ref()
                .is_some_and(|shape| shape.iter().any(|extent| !matches!(extent, Extent::Fixed(_))))
    };
    let open: Vec<&Port> = model.inputs().iter().filter(|port| is_open(port)).collect();
    if open.is_empty() {
        return Ok((build(model, asked)?, Vec::new()));
    }
    let mut first_error = None;
    for extent in EXTENTS {
        let chosen: Vec<(String, Vec<usize>)> =
            open.iter().map(|port| (port.name.clone(), choose(port, extent))).collect();
        let all: Vec<(String, Vec<usize>)> = asked.iter().chain(&chosen).cloned().collect();
        match build(model, &all) {
            Ok(program) => {
                let remark = |(name, shape): &(String, Vec<usize>)| {
                    format!(
                        "the file leaves the shape of {name} open; {shape:?} was chosen (--input \
                            {name}=SHAPE for another)"
                    )
                };
                return Ok((program, chosen.iter().map(remark).collect()));
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    // There is an error, as there is an extent.
    first_error.map_or_else(|| build(model, asked).map(|program| (program, Vec::new())), Err)
}

fn build(model: &Model, shapes: &[(String, Vec<usize>)]) -> Result<Program, ModelError> {
    let shapes: Vec<(&str, &[usize])> =
        shapes.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    model.program(&shapes)
}

/// One sample, and this extent wherever else the file says nothing.
fn choose(port: &Port, extent: usize) -> Vec<usize> {
    let shape = port.shape.as_deref().unwrap_or(&[]);
    let chosen = shape.iter().enumerate().map(|(axis, given)| match given {
        Extent::Fixed(extent) => *extent,
        _ if axis == 0 => 1,
        _ => extent,
    });
    chosen.collect()
}
