//! What the first convolutions look for: their kernels, and the patches of images that excite each feature
//! most.
//!
//! A feature's excitation is the output of its convolution, before the activation behind it: there the order
//! of excitations is the same as behind any increasing activation, and nothing is cut off. Output o of a
//! stack of layers sees, along each axis, the e entries of the image from a + o·j on, where extent e and jump
//! j are those of the [`ReceptiveField`], and a collects the paddings: a = −Σ_i p_i Π_{l<i} s_l. Pixels
//! beyond the border are the zeros of the padding.
//!
//! For each image the strongest excitation counts (of equals the first), so that patches come from different
//! images.

use ndarray::{Array3, Array4, ArrayD, ArrayRef, Axis, Ix4, Slice};
use rayon::prelude::*;

use crate::layer::{AnyLayer, Layer, LayerError, Mode, ReceptiveField, View, Window};
use crate::network::{Network, Node, Weights};

/// Images among which exciting patches are sought, at most: the first ones.
pub const EXCITING_IMAGES: usize = 400;
/// Patches for each feature, at most.
pub const PATCHES: usize = 8;
/// Convolutions whose features are shown, at most.
const LAYERS: usize = 2;
/// Connections of a layer for one image, at most: the definition would take minutes for more.
const CONNECTIONS: u128 = 1 << 21;
/// Images that go through the network at a time.
const CHUNK: usize = 20;

/// The kernels of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// The convolution.
    pub name: String,
    /// (outputs, inputs of a group, height, width)
    pub kernels: Array4<f32>,
}

/// The features of one convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureLayer {
    /// Its place in the network, from 0.
    pub place: usize,
    /// The convolution.
    pub name: String,
    /// Height and width of what a feature sees of the image.
    pub extents: [usize; 2],
    /// One for each output.
    pub features: Vec<Feature>,
}

/// A feature, by what excites it.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The patches that excite it most, the most exciting first.
    pub patches: Vec<Patch>,
}

/// What one feature sees at one place of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The number of the image.
    pub image: usize,
    /// Row and column of its first pixel in the image; before the border where negative.
    pub corner: [isize; 2],
    /// The output of the convolution there, before any activation.
    pub excitation: f32,
    /// The pixels (channels, height, width), zero beyond the border.
    pub pixels: Array3<f32>,
}

/// The kernels of the first convolution, if it has two axes.
pub(super) fn filters(network: &Network, weights: &Weights) -> Option<Filters> {
    let place = convolutions(network).next()?;
    let Node::Layer(layer) = &network.nodes()[place] else { return None };
    let weight = format!("{place}.weight");
    let part = weights.parts.iter().find(|part| part.name == weight)?;
    let shape: [usize; 4] = part.shape.as_slice().try_into().ok()?;
    let kernels = Array4::from_shape_vec(shape, weights.values(part).to_vec()).ok()?;
    Some(Filters { name: layer.name(), kernels })
}

fn convolutions(network: &Network) -> impl Iterator<Item = usize> {
    let is_convolution = |node: &Node| matches!(node, Node::Layer(AnyLayer::Convolution(_)));
    network.nodes().iter().enumerate().filter(move |(_, node)| is_convolution(node)).map(|(place, _)| place)
}

/// What an output sees of the image along one axis: `field.extent` entries from `start` + output · jump on.
#[derive(Clone, Copy)]
struct Sight {
    field: ReceptiveField,
    start: isize,
}

impl Sight {
    const PIXEL: Sight = Sight { field: ReceptiveField::INPUT, start: 0 };

    fn after(self, window: &Window) -> Self {
        let start = self.start - (window.axis.padding.0 * self.jump()) as isize;
        Sight { field: self.field.after_window(window), start }
    }

    /// Whole, because windows only make it greater.
    fn jump(self) -> usize {
        self.field.jump.0
    }

    fn corner(self, output: usize) -> isize {
        self.start + (output * self.jump()) as isize
    }
}

/// What excites the features of the first convolutions, as long as all layers before them are pointwise or
/// have windows.
pub(super) fn layers(
    network: &Network,
    weights: &Weights,
    images: &ArrayRef<f32, Ix4>,
) -> Result<Vec<FeatureLayer>, LayerError> {
    let arrays = weights.arrays::<f32>();
    let (expected, found) = (network.parameters().len(), arrays.len());
    if expected != found {
        return Err(LayerError::WeightCount { layer: network.name(), expected, found });
    }
    let images = images.slice_axis(Axis(0), Slice::from(..images.len_of(Axis(0)).min(EXCITING_IMAGES)));
    let mut shape = images.shape().to_vec();
    let mut sights = [Sight::PIXEL; 2];
    let mut layers = Vec::new();
    let mut used = 0;
    let mut values: Vec<ArrayD<f32>> =
        images.axis_chunks_iter(Axis(0), CHUNK).map(|chunk| chunk.to_owned().into_dyn()).collect();
    let last = convolutions(network).take(LAYERS).last();
    for (place, node) in network.nodes().iter().enumerate().take(last.map_or(0, |last| last + 1)) {
        let alone: Network = std::iter::once(node.clone()).collect();
        let sample = [&[1], &shape[1..]].concat();
        if alone.connections(&sample)? > CONNECTIONS {
            break;
        }
        match alone.view(&shape)? {
            View::Entry => {}
            View::Windows(windows) => {
                let [down, right] = windows.as_slice() else { break };
                sights = [sights[0].after(down), sights[1].after(right)];
            }
            View::Spread(_) | View::Everything => break,
        }
        let weights = &arrays[used..][..alone.parameters().len()];
        used += weights.len();
        values = values
            .par_iter()
            .map(|chunk| alone.forward(chunk, weights, Mode::Inference))
            .collect::<Result<_, _>>()?;
        shape = alone.output_shape(&shape)?;
        if let Node::Layer(layer @ AnyLayer::Convolution(_)) = node {
            layers.push(FeatureLayer {
                place,
                name: layer.name(),
                extents: sights.map(|sight| sight.field.extent),
                features: (0..shape[1]).map(|feature| strongest(&values, feature, sights, &images)).collect(),
            });
        }
    }
    Ok(layers)
}

/// The images that excite a feature most, where they do.
fn strongest(
    values: &[ArrayD<f32>],
    feature: usize,
    sights: [Sight; 2],
    images: &ndarray::ArrayView4<'_, f32>,
) -> Feature {
    let samples = values.iter().flat_map(|chunk| chunk.outer_iter());
    let mut peaks: Vec<(usize, [usize; 2], f32)> = samples
        .enumerate()
        .filter_map(|(image, sample)| {
            let map = sample.index_axis_move(Axis(0), feature);
            let mut entries = map.indexed_iter().map(|(place, &value)| ([place[0], place[1]], value));
            let first = entries.next()?;
            let (place, value) = entries.fold(first, |best, next| if next.1 > best.1 { next } else { best });
            Some((image, place, value))
        })
        .collect();
    peaks.sort_by(|one, other| other.2.total_cmp(&one.2));
    peaks.truncate(PATCHES);
    let patches = peaks.into_iter().map(|(image, place, excitation)| {
        let corner = [0, 1].map(|axis| sights[axis].corner(place[axis]));
        let extents = sights.map(|sight| sight.field.extent);
        let pixels =
            Array3::from_shape_fn((images.shape()[1], extents[0], extents[1]), |(channel, row, column)| {
                let inside =
                    |axis: usize, offset: usize| corner[axis].checked_add_unsigned(offset)?.try_into().ok();
                let pixel = inside(0, row).zip(inside(1, column));
                pixel
                    .and_then(|(row, column): (usize, usize)| {
                        images.get([image, channel, row, column]).copied()
                    })
                    .unwrap_or(0.0)
            });
        Patch { image, corner, excitation, pixels }
    });
    Feature { patches: patches.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Activation, Convolution, Flatten, Pool};

    /// Kernels of one tap, or of ones: a feature's excitation is then the sum of what it sees, so that patch
    /// and excitation must agree.
    fn ones(network: &Network) -> Weights {
        let arrays: Vec<_> =
            network.parameters().iter().map(|parameter| ArrayD::ones(parameter.shape.as_slice())).collect();
        Weights::from_arrays(network, &arrays).unwrap()
    }

    fn images() -> Array4<f32> {
        // Whole numbers, so that sums are exact.
        Array4::from_shape_fn((45, 1, 9, 10), |(image, _, row, column)| {
            ((image * 7 + row * row * 5 + column * 11) % 23) as f32
        })
    }

    #[test]
    fn a_patch_is_what_its_feature_sees() {
        let network = Network::new()
            .then(Convolution::new(1, 1, [3, 3]).padding([1, 2]).stride([2, 1]).without_bias())
            .then(Activation::Relu)
            .then(Convolution::new(1, 1, [3, 2]).padding([1, 0]).stride([1, 2]).without_bias())
            .then(Flatten);
        let layers = layers(&network, &ones(&network), &images()).unwrap();
        assert_eq!(layers.iter().map(|layer| layer.place).collect::<Vec<_>>(), [0, 2]);
        // 3 and 3 + 2·2 rows; 3 and 3 + 1 columns.
        assert_eq!((layers[0].extents, layers[1].extents), ([3, 3], [7, 4]));
        for patch in &layers[0].features[0].patches {
            assert_eq!(patch.pixels.sum(), patch.excitation);
        }
        // The second sees rows at weights 1, 1, 2, 1, 2, 1, 1 (stride 2, overlapping by one) and columns at
        // 1, 2, 2, 1; a row of the first layer outside its frame would count as zero, not as what it would
        // have seen of the image.
        let (down, right) = ([1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0], [1.0, 2.0, 2.0, 1.0]);
        let mut inside = 0;
        for patch in &layers[1].features[0].patches {
            if patch.corner[0] < -1 || patch.corner[0] + 7 > 10 {
                continue;
            }
            let sum: f32 = patch
                .pixels
                .indexed_iter()
                .map(|((_, row, column), pixel)| down[row] * right[column] * pixel)
                .sum();
            assert_eq!(sum, patch.excitation, "{:?}", patch.corner);
            inside += 1;
        }
        assert!(inside > 0);
    }

    #[test]
    fn patches_are_sorted_and_from_different_images() {
        let network = Network::new().then(Pool::maximum([2, 2])).then(Convolution::new(1, 2, [1, 1]));
        let layers = layers(&network, &ones(&network), &images()).unwrap();
        for feature in &layers[0].features {
            assert_eq!(feature.patches.len(), PATCHES);
            for pair in feature.patches.windows(2) {
                assert!(pair[0].excitation > pair[1].excitation || pair[0].image < pair[1].image);
            }
            // Kernel one, bias one: the excitation is the largest pixel and one.
            for patch in &feature.patches {
                assert_eq!(
                    patch.pixels.iter().fold(0.0_f32, |most, &pixel| most.max(pixel)) + 1.0,
                    patch.excitation
                );
            }
        }
    }

    #[test]
    fn layers_behind_one_that_sees_everything_are_left_out() {
        let network = Network::new().then(Flatten);
        assert!(layers(&network, &ones(&network), &images()).unwrap().is_empty());
        assert_eq!(filters(&network, &ones(&network)), None);
    }
}
