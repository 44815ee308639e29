//! How large the arrays of a network may be.

use crate::layer::{Layer, LayerError};
use crate::network::Network;

/// Entries of an array: places are counted in 32 bits, and of an activation sixteen samples lie side by side,
/// 16 GiB at the most.
const MOST_ENTRIES: usize = 1 << 28;

/// That samples have entries, and neither they nor an array of weights too many.
///
/// # Errors
/// If it is otherwise.
pub(in crate::executor) fn check_sizes(network: &Network, sample: &[usize]) -> Result<(), LayerError> {
    if sample.contains(&0) {
        return Err(LayerError::Shape {
            layer: network.name(),
            expected: "with entries".to_owned(),
            found: [&[1], sample].concat(),
            suggestion: "a sample without entries cannot be run".to_owned(),
        });
    }
    entries_of(network, "a sample", sample)?;
    for parameter in network.parameters() {
        entries_of(network, &parameter.name, &parameter.shape)?;
    }
    Ok(())
}

/// How many entries an array of this shape has.
///
/// # Errors
/// If there are more than [`MOST_ENTRIES`].
pub(super) fn entries_of(layer: &impl Layer, what: &str, shape: &[usize]) -> Result<usize, LayerError> {
    let entries = shape.iter().fold(1_usize, |product, &extent| product.saturating_mul(extent));
    if entries <= MOST_ENTRIES {
        return Ok(entries);
    }
    let (layer, what) = (layer.name(), what.to_owned());
    Err(LayerError::TooLarge { layer, what, entries, most: MOST_ENTRIES })
}
