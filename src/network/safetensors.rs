//! Weights in the safetensors format, under the names that PyTorch gives those of the same `nn.Sequential`.
//!
//! A file is strict: every parameter must be there, with its shape and as `f32` (or as one of the halves,
//! binary16 and bfloat16, which are `f32`s too), and nothing else. Only the counters `num_batches_tracked`,
//! which PyTorch's batch normalisation keeps and no result depends on, may be there or not. [The
//! format](https://github.com/huggingface/safetensors) is a JSON table of names, types, shapes and places,
//! and the numbers.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use thiserror::Error;

use super::{NotFinite, Weights};
use crate::fence::fence;
use crate::file::replace;
use crate::layer::Layer;
use crate::scalar::half::{from_bfloat16, from_binary16};

/// Weights that cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The file cannot be written.
    #[error("cannot write the weights {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the weights {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no weights, or those of another network.
    #[error("{}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: WeightsFault,
    },
}

/// What is wrong with a file of weights.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum WeightsFault {
    /// A weight is NaN or infinite.
    #[error("the weights are not finite and are not written: {0}")]
    NotFinite(#[from] NotFinite),
    /// The bytes do not follow the format.
    #[error("this is not a safetensors file ({reason}): fetch or write it again")]
    Format {
        /// In the words of the reader.
        reason: String,
    },
    /// A parameter is missing.
    #[error("the weights lack {name} of shape {shape:?}")]
    Missing {
        /// Its name.
        name: String,
        /// The shape that it should have.
        shape: Vec<usize>,
    },
    /// There is a tensor that the network has not.
    #[error("the weights have {name} of shape {shape:?}, which the network has not")]
    Unexpected {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A parameter has another shape.
    #[error("{name} must have shape {expected:?}, found {found:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape that the network asks for.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A parameter is of a type that does not become `f32` exactly.
    #[error("{name} must be of type F32, F16 or BF16, found {found}: convert it")]
    Type {
        /// Its name.
        name: String,
        /// Its type in the file.
        found: String,
    },
}

impl WeightsFault {
    fn format(error: &SafeTensorError) -> Self {
        WeightsFault::Format { reason: error.to_string() }
    }
}

/// Writes a file of weights, in place of an old one.
///
/// # Errors
/// If a weight is not finite, or the file cannot be written; the old file is then as it was.
pub fn write_safetensors(weights: &Weights, path: &Path) -> Result<(), SafetensorsError> {
    let file = to_safetensors(weights).map_err(|fault| of(path, fault))?;
    replace(path, &file).map_err(|source| SafetensorsError::Write { path: path.to_owned(), source })
}

/// Reads the weights of a network from a file.
///
/// # Errors
/// If the file cannot be read, does not follow the format, or holds other tensors than the network has.
pub fn read_safetensors(network: &impl Layer, path: &Path) -> Result<Weights, SafetensorsError> {
    let file = fs::read(path).map_err(|source| SafetensorsError::Read { path: path.to_owned(), source })?;
    // A panic of the reader is an error like its others.
    let read = fence(|| from_safetensors(network, &file));
    read.unwrap_or_else(|reason| Err(WeightsFault::Format { reason })).map_err(|fault| of(path, fault))
}

fn of(path: &Path, fault: WeightsFault) -> SafetensorsError {
    SafetensorsError::File { path: path.to_owned(), fault }
}

fn to_safetensors(weights: &Weights) -> Result<Vec<u8>, WeightsFault> {
    weights.check_finite()?;
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let data: Vec<_> = weights.parts.iter().map(|part| bytes(weights.values(part))).collect();
    let view = |(part, data): (&super::Part, _)| {
        let view = TensorView::new(Dtype::F32, part.shape.clone(), data)?;
        Ok((part.name.clone(), view))
    };
    let tensors = weights.parts.iter().zip(&data).map(|(part, data)| view((part, data)));
    let tensors = tensors.collect::<Result<Vec<_>, _>>().map_err(|error| WeightsFault::format(&error))?;
    // Readers of PyTorch models ask for this entry.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(tensors, Some(metadata)).map_err(|error| WeightsFault::format(&error))
}

fn from_safetensors(network: &impl Layer, file: &[u8]) -> Result<Weights, WeightsFault> {
    let tensors = SafeTensors::deserialize(file).map_err(|error| WeightsFault::format(&error))?;
    let parameters = network.parameters();
    let mut arrays = Vec::new();
    for parameter in &parameters {
        let (name, expected) = (parameter.name.clone(), parameter.shape.clone());
        let Ok(tensor) = tensors.tensor(&name) else {
            return Err(WeightsFault::Missing { name, shape: expected });
        };
        if tensor.shape() != expected {
            return Err(WeightsFault::Shape { name, expected, found: tensor.shape().to_vec() });
        }
        let data = tensor.data();
        let halves = |convert: fn(u16) -> f32| {
            data.as_chunks().0.iter().map(|bytes| convert(u16::from_le_bytes(*bytes))).collect()
        };
        let values = match tensor.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => halves(from_binary16),
            Dtype::BF16 => halves(from_bfloat16),
            other => return Err(WeightsFault::Type { name, found: other.to_string() }),
        };
        let array = ArrayD::from_shape_vec(expected, values);
        arrays.push(array.unwrap_or_else(|_| unreachable!("the format counts the bytes of a shape")));
    }
    let known: BTreeSet<_> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let is_counter = |name: &str| {
        let layer = name.strip_suffix("num_batches_tracked");
        layer.is_some_and(|layer| known.contains(format!("{layer}running_mean").as_str()))
    };
    let mut names = tensors.names();
    names.sort_unstable();
    if let Some(name) = names.into_iter().find(|name| !known.contains(name) && !is_counter(name)) {
        let shape = tensors.tensor(name).map(|tensor| tensor.shape().to_vec()).unwrap_or_default();
        return Err(WeightsFault::Unexpected { name: name.to_owned(), shape });
    }
    Ok(Weights::from_arrays(network, &arrays)
        .unwrap_or_else(|_| unreachable!("one array of the right shape for each parameter")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{BatchNormalisation, Convolution, Dense, Flatten, Initialisation};
    use crate::network::{Network, Residual};

    fn network() -> Network {
        let body = Network::new().then(Convolution::new(2, 2, [3]).padding([1]));
        Network::new()
            .then(Convolution::new(1, 2, [2]).without_bias())
            .then(BatchNormalisation::new(2))
            .then(Residual::new(body))
            .then(Flatten)
            .then(Dense::new(6, 3))
    }

    fn weights() -> Weights {
        let mut weights = Weights::initial(&network(), Initialisation::He, 1);
        (weights.trained[3], weights.trained[4], weights.running[0]) = (-0.0, f32::MIN_POSITIVE / 4.0, 0.5);
        weights
    }

    #[test]
    fn the_bits_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        write_safetensors(&weights(), &path).unwrap();
        let read = read_safetensors(&network(), &path).unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(read.parts, weights().parts);
        assert_eq!(bits(&read.trained), bits(&weights().trained));
        assert_eq!(bits(&read.running), bits(&weights().running));
        // Written again, the file is the same.
        let first = fs::read(&path).unwrap();
        write_safetensors(&read, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
    }

    #[test]
    fn names_are_those_of_pytorch() {
        let file = to_safetensors(&weights()).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let mut names = tensors.names();
        names.sort_unstable();
        let expected = [
            "0.weight",
            "1.bias",
            "1.running_mean",
            "1.running_var",
            "1.weight",
            "2.body.0.bias",
            "2.body.0.weight",
            "4.bias",
            "4.weight",
        ];
        assert_eq!(names, expected);
        assert_eq!(tensors.tensor("2.body.0.weight").unwrap().shape(), [2, 2, 3]);
    }

    /// The file with one tensor more, another, or none, under a name.
    fn changed(name: &str, tensor: Option<(Dtype, Vec<usize>)>) -> Result<Weights, WeightsFault> {
        let file = to_safetensors(&weights()).unwrap();
        let whole = SafeTensors::deserialize(&file).unwrap();
        let zeros = vec![0; 1000];
        let mut tensors: Vec<_> = whole.iter().filter(|(other, _)| *other != name).collect();
        if let Some((kind, shape)) = tensor {
            let len = shape.iter().product::<usize>() * kind.bitsize() / 8;
            tensors.push((name, TensorView::new(kind, shape, &zeros[..len]).unwrap()));
        }
        from_safetensors(&network(), &safetensors::serialize(tensors, None).unwrap())
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let told = |name, tensor| changed(name, tensor).unwrap_err().to_string();
        assert_eq!(told("4.bias", None), "the weights lack 4.bias of shape [3]");
        assert_eq!(
            told("5.weight", Some((Dtype::F32, vec![2, 2]))),
            "the weights have 5.weight of shape [2, 2], which the network has not"
        );
        assert_eq!(
            told("0.weight", Some((Dtype::F32, vec![2, 1, 3]))),
            "0.weight must have shape [2, 1, 2], found [2, 1, 3]"
        );
        assert_eq!(
            told("4.bias", Some((Dtype::F64, vec![3]))),
            "4.bias must be of type F32, F16 or BF16, found F64: convert it"
        );
        let counter = Some((Dtype::I64, vec![]));
        assert_eq!(changed("1.num_batches_tracked", counter.clone()).unwrap(), weights());
        assert!(changed("0.num_batches_tracked", counter).is_err(), "a convolution counts nothing");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        fs::write(&path, b"PK\x03\x04").unwrap();
        let error = read_safetensors(&network(), &path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}: this is not a safetensors file (", path.display())),
            "{error}"
        );
    }

    /// As networks are stored that were trained in sixteen bits.
    #[test]
    fn halves_are_read_exactly() {
        let layer = Network::new().then(Dense::new(2, 1));
        for (kind, bits) in
            [(Dtype::F16, [0x3c00, 0x0001, 0xc000_u16]), (Dtype::BF16, [0x3f80, 0x3380, 0xc000])]
        {
            let bytes = bits.map(u16::to_le_bytes).concat();
            let view = |shape, range| TensorView::new(kind, shape, &bytes[range]).unwrap();
            let tensors = [("0.weight", view(vec![1, 2], 0..4)), ("0.bias", view(vec![1], 4..6))];
            let file = safetensors::serialize(tensors, None).unwrap();
            assert_eq!(from_safetensors(&layer, &file).unwrap().trained, [1.0, 2.0_f32.powi(-24), -2.0]);
        }
    }
}
