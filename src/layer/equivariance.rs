//! Whether a layer commutes with the group of a feature type, asked before anything runs.
//!
//! A layer is asked with the shape and the [`FeatureType`] of what arrives. If it commutes with the group
//! whatever its weights are, it tells the type of what leaves and the reason; otherwise the error names the
//! hypothesis that is violated and what would satisfy it. The reasons are these:
//!
//! | layer | commutes because | provided that |
//! |---|---|---|
//! | activation, dropout at inference | it treats entries alike, and the group permutes them | dropout: orbits are whole fields |
//! | softmax | it treats channels alike, and the group permutes them | |
//! | batch normalisation | it treats the channels of a field alike | orbits are whole fields |
//! | pooling in space | its windows are moved to windows | the grid rule; windows alike along exchanged axes |
//! | group convolution | its filters are in all orientations | the same, and the type of its inputs |
//! | group pooling | cosets are moved as a whole | the type of its inputs |
//! | global pooling, flattening of single pixels | pixels are forgotten | |
//! | layer on sets | it treats points alike, and the group permutes them | the trivial type |
//! | dense layer, 1×1 convolution | the group moves no channel | the trivial type; dense: no pixels |
//!
//! Sources: layer by layer in T. Cohen, M. Welling, *Group equivariant convolutional networks*, 2016, section
//! 6; the grid rule in [`Window`]. Theorem `composition_equivariant` of `proofs/` puts layers together.

use super::{Layer, LayerError, Window};
use crate::signal::FeatureType;

/// The type of what leaves a layer that commutes with the group of the type of what arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputType {
    /// How the output moves.
    pub feature: FeatureType,
    /// Why the layer commutes.
    pub because: String,
}

/// A hypothesis that a layer violates, and what would satisfy it.
pub(crate) fn broken(
    layer: &impl Layer,
    from: &FeatureType,
    hypothesis: impl Into<String>,
    suggestion: impl Into<String>,
) -> LayerError {
    LayerError::Equivariance {
        layer: layer.name(),
        group: from.group().to_string(),
        hypothesis: hypothesis.into(),
        suggestion: suggestion.into(),
    }
}

/// That an input of this shape can be of this type: as many channels, and as many axes of space as the group
/// moves or none.
pub(super) fn check_input(layer: &impl Layer, input: &[usize], from: &FeatureType) -> Result<(), LayerError> {
    layer.output_shape(input)?;
    let axes = from.group().axes();
    if input.get(1) != Some(&from.channels()) {
        let hypothesis = format!("{from} have {} channels, but the input is {input:?}", from.channels());
        return Err(broken(layer, from, hypothesis, "say which type the input has"));
    }
    if input.len() != 2 && input.len() != axes + 2 {
        let hypothesis = format!("the group moves {axes} axes of space, but the input is {input:?}");
        return Err(broken(layer, from, hypothesis, "take a group of as many axes"));
    }
    Ok(())
}

/// A layer that does the same to each entry.
pub(super) fn entrywise(
    layer: &impl Layer,
    input: &[usize],
    from: &FeatureType,
) -> Result<OutputType, LayerError> {
    check_input(layer, input, from)?;
    let because = "it treats all entries alike, and the group permutes them".to_owned();
    Ok(OutputType { feature: from.clone(), because })
}

/// That orbits of channels are whole fields, for layers that treat the channels of an orbit alike.
pub(super) fn check_orbit(layer: &impl Layer, orbit: usize, from: &FeatureType) -> Result<(), LayerError> {
    if orbit.is_multiple_of(from.size()) {
        return Ok(());
    }
    let hypothesis = format!(
        "the {} channels of a field change places, but only {orbit} at a time are treated alike",
        from.size()
    );
    Err(broken(layer, from, hypothesis, format!("share over orbits of {}", from.size())))
}

/// That the group takes windows to windows: the grid rule along each axis that is flipped, and windows alike
/// along axes that are exchanged.
pub(super) fn check_windows(
    layer: &impl Layer,
    windows: &[Window],
    from: &FeatureType,
) -> Result<(), LayerError> {
    let group = from.group();
    let settings = |window: &Window| {
        let axis = window.axis;
        (axis.taps, axis.stride, axis.dilation, axis.padding)
    };
    for element in 0..group.order() {
        for (axis, &(source, reversed)) in group.signed_axes(element).iter().enumerate() {
            let name = group.element_name(element);
            if settings(&windows[axis]) != settings(&windows[source]) {
                let hypothesis = format!(
                    "{name} exchanges axes {source} and {axis}, along which (taps, stride, dilation, \
                     padding) are {:?} and {:?}",
                    settings(&windows[source]),
                    settings(&windows[axis])
                );
                return Err(broken(layer, from, hypothesis, "take the same along both"));
            }
            let window = &windows[source];
            if reversed && !window.is_symmetric() {
                let extent = window.axis;
                let hypothesis = format!(
                    "{name} flips axis {source}, and of its {} entries, padded by {} before and {} after, \
                     windows of {} every {} cover not as many on either side",
                    extent.signal,
                    extent.padding.0,
                    extent.padding.1,
                    extent.span(),
                    extent.stride
                );
                let suggestion = if extent.padding.0 == extent.padding.1 {
                    match window.nearest_symmetric_lengths() {
                        (Some(below), above) => {
                            format!("take a length of {below} or {above} there, or other padding")
                        }
                        (None, above) => format!("take a length of {above} there, or other padding"),
                    }
                } else {
                    "pad as much before as after".to_owned()
                };
                return Err(broken(layer, from, hypothesis, suggestion));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layer::{GroupConvolution, Layer};
    use crate::signal::{FeatureType, GridGroup};

    /// What is lopsided by its padding is not mended by another length.
    #[test]
    fn lopsided_padding_is_told() {
        let c4 = GridGroup::c4();
        let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 2));
        let layer = GroupConvolution::new(image.clone(), maps, [3, 3]).padding_before_after([(1, 0), (1, 0)]);
        let error = layer.output_type(&[1, 1, 9, 9], &image).expect_err("it is lopsided").to_string();
        assert!(error.ends_with("pad as much before as after"), "{error}");
        let balanced = layer.padding_before_after([(1, 1), (1, 1)]);
        assert!(balanced.output_type(&[1, 1, 9, 9], &image).is_ok());
    }
}
