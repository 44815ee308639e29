//! What `--tiles` asks of a model.

use anyhow::bail;

use super::{Arguments, Case};
use crate::model::Model;
use crate::report::tiling::TileResults;

/// The tile of a plan where none is asked for.
const TILE: usize = 256;

/// A size: a number for each axis, or one for all.
pub(in crate::cli) type Size = Box<[usize]>;

/// Reads a size.
pub(in crate::cli) fn size(text: &str) -> Result<Size, String> {
    let extents = text.split(['x', '×', ',']).map(|extent| match extent.trim().parse() {
        Ok(0) | Err(_) => Err(format!("{extent:?} is no extent: expected a size as in 256x256 or 256")),
        Ok(extent) => Ok(extent),
    });
    extents.collect()
}

/// The same for so many axes.
///
/// # Errors
/// If it has another number of axes, and not one.
pub(in crate::cli) fn for_axes(option: &str, size: &[usize], axes: usize) -> anyhow::Result<Vec<usize>> {
    match size {
        [one] => Ok(vec![*one; axes]),
        list if list.len() == axes => Ok(list.to_vec()),
        list => bail!("{option}: the image has {axes} axes, found a size of {}", list.len()),
    }
}

/// What is found of a model for one choice of shapes.
///
/// # Errors
/// If the model cannot be read for these, or an image is not on its grid.
pub(super) fn find(arguments: &Arguments, case: &Case, model: &Model) -> anyhow::Result<TileResults> {
    let mut question = model.tiles().seed(arguments.seed);
    for (name, shape) in &case.inputs {
        question = question.input(name, shape.clone());
    }
    if let Some(keys) = arguments.keys {
        question = question.keys(keys.into());
    }
    let axes = question.axes()?;
    if let Some(tile) = &arguments.tile {
        question = question.tile(for_axes("--tile", tile, axes)?);
    }
    let report = question.find()?;
    let plan = match (&report.tiling, &arguments.image) {
        (Some(tiling), Some(image)) => {
            let tile = arguments.tile.as_deref().unwrap_or(&[TILE]);
            let (image, tile) = (for_axes("--image", image, axes)?, for_axes("--tile", tile, axes)?);
            Some(question.plan(tiling, &image, &tile)?)
        }
        _ => None,
    };
    Ok(TileResults { report, plan })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(*size("4096x3072").unwrap(), [4096, 3072]);
        assert_eq!(for_axes("--tile", &size("64").unwrap(), 3).unwrap(), [64; 3]);
        assert!(size("0").is_err() && size("12x").is_err() && size("-1").is_err());
        assert!(for_axes("--tile", &[1, 2], 3).is_err());
    }
}
