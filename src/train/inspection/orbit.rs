//! What a group feature map is, by example: the orientations of one feature of an image and of the moved
//! image, and the permutation that carries one to the other.
//!
//! For the first layer of a network, if it is a group convolution on images: the field of its output whose
//! orientations differ most (by the sum of squares) is shown, before any activation. For a group element g
//! the channel of coset hK of the image, moved in the plane, is the channel of ghK of the moved image.
//! Elements that generate the group are shown.

use ndarray::{Array3, ArrayD, Axis, Ix3};

use crate::layer::{AnyLayer, Layer, LayerError, Mode};
use crate::network::{Network, Node, Weights};

/// One feature of an image and of the image moved by one group element.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedMaps {
    /// The layer.
    pub layer: String,
    /// The group element.
    pub element: String,
    /// Of each coset, its first element: the orientations of the channels.
    pub orientations: Vec<String>,
    /// The image and the moved one (channels, height, width).
    pub images: [Array3<f32>; 2],
    /// The channels of the field (cosets, height, width), of the image and of the moved one.
    pub maps: [Array3<f32>; 2],
    /// Which channel of the moved image is each channel of the image, moved.
    pub permutation: Vec<usize>,
}

impl MovedMaps {
    /// Those of the first layer of a network for an image (channels, height, width), one for each generator;
    /// none if that is no group convolution on images.
    ///
    /// # Errors
    /// If the image or the weights do not fit.
    pub fn of(network: &Network, weights: &Weights, image: &Array3<f32>) -> Result<Vec<Self>, LayerError> {
        let Some(Node::Layer(AnyLayer::GroupConvolution(layer))) = network.nodes().first() else {
            return Ok(Vec::new());
        };
        let (group, feature) = (layer.inputs.group(), &layer.outputs);
        if group.axes() != 2 || !layer.inputs.is_trivial() {
            return Ok(Vec::new());
        }
        let weights: Vec<ArrayD<f32>> = weights.arrays().into_iter().take(layer.parameters().len()).collect();
        let maps = |image: &Array3<f32>| -> Result<Array3<f32>, LayerError> {
            let batch = image.clone().insert_axis(Axis(0)).into_dyn();
            let output = layer.forward(&batch, &weights, Mode::Inference)?.index_axis_move(Axis(0), 0);
            Ok(output.into_dimensionality::<Ix3>().unwrap_or_else(|_| unreachable!("images have two axes")))
        };
        let all = maps(image)?;
        let of_field = |all: &Array3<f32>, field: usize| {
            let channels = field * feature.size()..(field + 1) * feature.size();
            all.slice_axis(Axis(0), channels.into()).to_owned()
        };
        // How far the orientations are from their mean.
        let spread = |field: usize| {
            let maps = of_field(&all, field).mapv(f64::from);
            let mean = maps.sum_axis(Axis(0)) / feature.size() as f64;
            (maps - mean).mapv(|distance| distance * distance).sum()
        };
        let spreads: Vec<f64> = (0..feature.fields()).map(spread).collect();
        let stronger = |best: usize, next: usize| if spreads[next] > spreads[best] { next } else { best };
        let Some(field) = (0..spreads.len()).reduce(stronger) else { return Ok(Vec::new()) };

        let mut generators = Vec::new();
        for element in 1..group.order() {
            if !group.generated_by(&generators).contains(&element) {
                generators.push(element);
            }
        }
        let view = |&element: &usize| {
            let moved = group.view(element, image.view().into_dyn()).map(|moved| moved.to_owned());
            let moved = moved.ok().and_then(|moved| moved.into_dimensionality::<Ix3>().ok());
            let moved = moved.unwrap_or_else(|| unreachable!("an image has two axes of space"));
            let moved_maps = of_field(&maps(&moved)?, field);
            Ok(MovedMaps {
                layer: layer.name(),
                element: group.element_name(element).to_owned(),
                orientations: feature
                    .cosets()
                    .iter()
                    .map(|coset| group.element_name(coset[0]).to_owned())
                    .collect(),
                images: [image.clone(), moved],
                maps: [of_field(&all, field), moved_maps],
                permutation: (0..feature.size()).map(|coset| feature.image(element, coset)).collect(),
            })
        };
        generators.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::GroupConvolution;
    use crate::layer::Initialisation;
    use crate::network::{p4mcnn, z2cnn};
    use crate::signal::{FeatureType, GridGroup};

    #[test]
    fn the_permutation_carries_one_to_the_other() {
        let (network, group) = (p4mcnn(10), GridGroup::d4());
        let weights = Weights::initial(&network, Initialisation::He, 3);
        let image = Array3::from_shape_fn((1, 6, 6), |(_, i, j)| (i * i + 3 * j) as f32);
        let views = MovedMaps::of(&network, &weights, &image).unwrap();
        assert_eq!(views.len(), 2, "a rotation and a reflection");
        for view in views {
            let element = (0..8).find(|&element| group.element_name(element) == view.element).unwrap();
            let scale = view.maps[0].iter().fold(0.0_f32, |scale, value| scale.max(value.abs()));
            for (channel, &image) in view.permutation.iter().enumerate() {
                let from = view.maps[0].index_axis(Axis(0), channel);
                let moved = group.view(element, from.into_dyn()).unwrap();
                // Sums of nine products in two orders: 2·9·2⁻²⁴ of the sum of their magnitudes, at most ten
                // times the scale.
                for (a, b) in moved.iter().zip(view.maps[1].index_axis(Axis(0), image)) {
                    assert!((a - b).abs() <= 18.0 * 10.0 * scale / 16_777_216.0, "{a} is not {b}");
                }
            }
        }
        let weights = Weights::initial(&z2cnn(10), Initialisation::He, 3);
        assert_eq!(MovedMaps::of(&z2cnn(10), &weights, &image), Ok(Vec::new()));
    }

    /// Of fields whose orientations differ equally the first is shown, and a later one only if its own differ
    /// more.
    #[test]
    fn of_equal_fields_the_first_is_shown() {
        let (image, maps) = (FeatureType::trivial(&GridGroup::c4(), 1), |fields| {
            FeatureType::regular(&GridGroup::c4(), fields)
        });
        let layer = |fields| GroupConvolution::new(image.clone(), maps(fields), [2, 2]).without_bias();
        let picture = Array3::from_shape_fn((1, 4, 4), |(_, i, j)| (i * i + 3 * j) as f32);
        let views = |kernels: &[f32]| {
            let network = Network::new().then(layer(kernels.len()));
            let mut weights = Weights::initial(&network, Initialisation::He, 3);
            // Multiples of one kernel.
            let kernel = [1.0, 2.0, 4.0, 8.0];
            weights.trained = kernels.iter().flat_map(|factor| kernel.map(|entry| factor * entry)).collect();
            MovedMaps::of(&network, &weights, &picture).unwrap()
        };
        for (kernels, strongest) in [
            (&[1.0, -1.0, 1.0][..], 1.0),
            (&[-1.0, 1.0], -1.0),
            (&[1.0, 2.0, -2.0], 2.0),
            (&[2.0, -2.0, 1.0], 2.0),
            (&[0.0, 0.0], 0.0),
        ] {
            let (shown, alone) = (views(kernels), views(&[strongest]));
            assert_eq!(shown[0].maps, alone[0].maps, "{kernels:?}");
        }
    }
}
