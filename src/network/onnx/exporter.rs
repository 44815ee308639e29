//! The ways to export a network: in one call, or with layers of one's own.

use std::fmt;
use std::path::Path;

use super::export::Export;
use super::{Graph, OnnxError, Value};
use crate::file::replace;
use crate::layer::{CustomLayer, Layer};
use crate::network::{Network, Plain, Weights};

/// Writes a network with its weights as a model for samples of shape `sample` (channels, space…), in place of
/// an old file.
///
/// # Errors
/// As [`to_onnx`], and if the file cannot be written; the old file is then as it was.
pub fn export_onnx(
    network: &Network,
    weights: &Weights,
    sample: &[usize],
    path: &Path,
) -> Result<(), OnnxError> {
    Exporter::new(network, weights, sample).write(path)
}

/// The bytes of a model.
///
/// # Errors
/// If samples or weights do not fit the network, a weight is not finite, or there is no operator for a layer:
/// adaptive pooling whose windows have different sizes, a transposed convolution with padding that is not by
/// zeros, or a custom layer, for which an [`Exporter`] has to be told what to write.
pub fn to_onnx(network: &Network, weights: &Weights, sample: &[usize]) -> Result<Vec<u8>, OnnxError> {
    Exporter::new(network, weights, sample).to_bytes()
}

/// Writes a custom layer if it is of the type that it knows.
type Writer<'a> = Box<dyn Fn(&CustomLayer, &mut Graph, &Value, &[Value]) -> Option<Value> + 'a>;

/// An export to which custom layers can be explained.
///
/// ```
/// # use equivariant::layer::{Gradients, LayerError, Mode};
/// # use equivariant::scalar::Scalar;
/// # use ndarray::ArrayD;
/// use equivariant::layer::{CustomLayer, Initialisation, Layer};
/// use equivariant::network::onnx::Exporter;
/// use equivariant::network::{Network, Weights};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Square;
/// # impl Layer for Square {
/// #     fn name(&self) -> String { "square".to_owned() }
/// #     fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> { Ok(input.to_vec()) }
/// #     fn forward<S: Scalar>(&self, x: &ArrayD<S>, _: &[ArrayD<S>], _: Mode) -> Result<ArrayD<S>, LayerError> {
/// #         Ok(x.mapv(|x| x.clone() * x))
/// #     }
/// #     fn backward<S: Scalar + PartialOrd>(&self, x: &ArrayD<S>, _: &[ArrayD<S>], _: Mode, y: &ArrayD<S>)
/// #     -> Result<Gradients<S>, LayerError> {
/// #         Ok(Gradients { input: (x + x) * y, weights: Vec::new() })
/// #     }
/// # }
///
/// let network = Network::new().then(CustomLayer::new(Square));
/// let weights = Weights::initial(&network, Initialisation::He, 0);
/// let model = Exporter::new(&network, &weights, &[1, 28, 28])
///     .custom(|_: &Square, graph, x, _| graph.operator("Mul", &[x, x], &[]))
///     .to_bytes()?;
/// # Ok::<(), equivariant::network::onnx::OnnxError>(())
/// ```
#[must_use]
pub struct Exporter<'a> {
    network: &'a Network,
    weights: &'a Weights,
    sample: Vec<usize>,
    writers: Vec<Writer<'a>>,
}

impl fmt::Debug for Exporter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("network", self.network)
            .field("sample", &self.sample)
            .finish_non_exhaustive()
    }
}

impl<'a> Exporter<'a> {
    /// The export of a network with its weights for samples of shape `sample` (channels, space…).
    pub fn new(network: &'a Network, weights: &'a Weights, sample: &[usize]) -> Self {
        Exporter { network, weights, sample: sample.to_vec(), writers: Vec::new() }
    }

    /// Tells how custom layers of the type `L` are written: from the layer, its input and its weights, in the
    /// order of its parameters, to its output.
    pub fn custom<L: Layer>(
        mut self,
        write: impl Fn(&L, &mut Graph, &Value, &[Value]) -> Value + 'a,
    ) -> Self {
        self.writers.push(Box::new(move |layer, graph, x, weights| {
            layer.downcast_ref::<L>().map(|layer| write(layer, graph, x, weights))
        }));
        self
    }

    /// The bytes of the model.
    ///
    /// # Errors
    /// As [`to_onnx`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, OnnxError> {
        let input = [&[1], &self.sample[..]].concat();
        let output = self.network.output_shape(&input)?;
        let (parameters, parts) = (self.network.parameters(), &self.weights.parts);
        if !parameters.iter().map(|parameter| &parameter.shape).eq(parts.iter().map(|part| &part.shape)) {
            return Err(OnnxError::Weights { expected: parameters.len(), found: parts.len() });
        }
        self.weights.check_finite()?;
        let plain = Plain::at_inference(self.network)?;
        let weights = plain.weights(self.weights)?;
        let mut export = Export::new(&self.sample, &weights, |layer, graph, x, weights| {
            self.writers.iter().find_map(|write| write(layer, graph, x, weights))
        });
        let value = export.graph.input();
        let (value, _) = export.network(plain.network(), "", value, input)?;
        Ok(export.graph.finish(&value, &output[1..]))
    }

    /// Writes the model, in place of an old file.
    ///
    /// # Errors
    /// As [`export_onnx`].
    pub fn write(&self, path: &Path) -> Result<(), OnnxError> {
        let model = self.to_bytes()?;
        replace(path, &model).map_err(|source| OnnxError::Write { path: path.to_owned(), source })
    }
}
