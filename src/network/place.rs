//! Where in a network an error is: places one inside the other.

use crate::layer::LayerError;

/// An error inside the node at this place.
pub(super) fn inside(place: impl ToString, source: LayerError) -> LayerError {
    let place = place.to_string();
    match source {
        LayerError::Inside { place: rest, source } => {
            LayerError::Inside { place: format!("{place}.{rest}"), source }
        }
        source => LayerError::Inside { place, source: Box::new(source) },
    }
}
