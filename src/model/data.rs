//! The numbers of tensors in files: raw or typed, or in a file beside the model.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use prost::Message;

use super::ElementType;
use super::error::{ModelError, Refusal, malformed};
use crate::onnx::message::{DataType, SparseTensor, Tensor};

/// Numbers that the file fixes: floats exactly, as every float type is a subset of `f64`, and integers
/// exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of a float type.
    Floats(Arc<ArrayD<f64>>),
    /// Of an integer type, or booleans: 0 and 1.
    Integers(Arc<ArrayD<i64>>),
}

impl Data {
    /// Reads a tensor that stands by itself, as the data of the standard's own tests do: a file `input_0.pb`.
    ///
    /// # Errors
    /// If the bytes are no tensor of numbers, or it has more than [`ENTRIES`](super::ENTRIES) entries.
    pub fn from_bytes(bytes: &[u8]) -> Result<(ElementType, Self), ModelError> {
        let format = |reason: String| ModelError::Format { file: "tensor in memory".to_owned(), reason };
        let tensor = Tensor::decode(bytes).map_err(|error| format(format!("expected a tensor: {error}")))?;
        read(&tensor, None, super::ENTRIES).map_err(|refusal| format(refusal.to_string()))
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        match self {
            Data::Floats(array) => array.shape(),
            Data::Integers(array) => array.shape(),
        }
    }
}

/// The number of entries of a shape, unless it is beyond `limit` or not a number.
pub(super) fn entries(shape: &[usize], limit: usize) -> Result<usize, Refusal> {
    // A zero extent makes the product zero, but only if the others can be multiplied at all.
    let mut product = 1_usize;
    for &extent in shape.iter().filter(|&&extent| extent > 0) {
        product = product.checked_mul(extent).filter(|&n| n <= limit).ok_or(Refusal::TooLarge { limit })?;
    }
    Ok(if shape.contains(&0) { 0 } else { product })
}

pub(super) fn extents(dims: &[i64]) -> Result<Vec<usize>, Refusal> {
    if dims.len() > MOST_AXES {
        return malformed(format!("expected at most {MOST_AXES} axes, found {}", dims.len()));
    }
    dims.iter()
        .map(|&extent| {
            usize::try_from(extent)
                .or_else(|_| malformed(format!("a shape must not be negative, found {dims:?}")))
        })
        .collect()
}

/// More axes than any operator needs; without a limit a shape could be as long as the file.
pub(super) const MOST_AXES: usize = 64;

/// Reads a tensor; `folder` is where files with weights may lie, none for a model in memory.
pub(super) fn read(
    tensor: &Tensor,
    folder: Option<&Path>,
    limit: usize,
) -> Result<(ElementType, Data), Refusal> {
    let kind = DataType::try_from(tensor.data_type)
        .ok()
        .and_then(ElementType::of)
        .ok_or_else(|| Refusal::Unsupported(format!("a tensor of type number {}", tensor.data_type)))?;
    let shape = extents(&tensor.dims)?;
    let count = entries(&shape, limit)?;
    let outside;
    let raw = if tensor.data_location == 1 {
        outside = external(tensor, folder, bytes_of(kind, count))?;
        &outside
    } else {
        &tensor.raw_data
    };
    let data = if raw.is_empty() && count > 0 {
        typed(tensor, kind, &shape, count)?
    } else {
        let expected = bytes_of(kind, count);
        if raw.len() != expected {
            return malformed(format!("expected {expected} bytes of data, found {}", raw.len()));
        }
        from_bits(kind, &shape, (0..count).map(|place| bits_at(raw, kind.bits(), place)))?
    };
    Ok((kind, data))
}

fn bytes_of(kind: ElementType, count: usize) -> usize {
    (count * kind.bits()).div_ceil(8)
}

/// The bits of the number at a place, little-endian; the lower half of a byte is first.
fn bits_at(raw: &[u8], bits: usize, place: usize) -> u64 {
    if bits < 8 {
        let byte = raw[place * bits / 8];
        return u64::from(byte >> (place * bits % 8)) & ((1 << bits) - 1);
    }
    let width = bits / 8;
    raw[place * width..(place + 1) * width]
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn from_bits(kind: ElementType, shape: &[usize], bits: impl Iterator<Item = u64>) -> Result<Data, Refusal> {
    if kind.is_float() {
        floats(shape, bits.map(|bits| kind.decode(bits)).collect())
    } else {
        let integers = bits.map(|bits| integer(kind, i128::from(bits))).collect::<Result<_, _>>()?;
        self::integers(shape, integers)
    }
}

fn integer(kind: ElementType, value: i128) -> Result<i64, Refusal> {
    i64::try_from(kind.wrap(value))
        .map_err(|_| Refusal::Unsupported("an integer of more than 63 bits".to_owned()))
}

fn floats(shape: &[usize], values: Vec<f64>) -> Result<Data, Refusal> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), values);
    array.map(|array| Data::Floats(Arc::new(array))).or_else(|error| malformed(error.to_string()))
}

pub(super) fn integers(shape: &[usize], values: Vec<i64>) -> Result<Data, Refusal> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), values);
    array.map(|array| Data::Integers(Arc::new(array))).or_else(|error| malformed(error.to_string()))
}

/// The field that is not empty, if it has the right number of numbers.
fn typed(tensor: &Tensor, kind: ElementType, shape: &[usize], count: usize) -> Result<Data, Refusal> {
    let packed = kind.bits() < 8;
    if packed {
        // A byte in each number of the field.
        let bytes = tensor.int32_data.iter().map(|&byte| byte as u8).collect::<Vec<_>>();
        if bytes.len() != bytes_of(kind, count) {
            return malformed(format!(
                "expected {} packed bytes, found {}",
                bytes_of(kind, count),
                bytes.len()
            ));
        }
        return from_bits(kind, shape, (0..count).map(|place| bits_at(&bytes, kind.bits(), place)));
    }
    let found = [
        tensor.float_data.len(),
        tensor.int32_data.len(),
        tensor.int64_data.len(),
        tensor.double_data.len(),
        tensor.uint64_data.len(),
    ];
    let total = found.iter().sum::<usize>();
    if total != count {
        return malformed(format!("expected {count} numbers in a tensor, found {total}"));
    }
    let is_plain_float = matches!(kind, ElementType::Float32 | ElementType::Float64);
    if !tensor.float_data.is_empty() && is_plain_float {
        return floats(shape, tensor.float_data.iter().map(|&value| value.into()).collect());
    }
    if !tensor.double_data.is_empty() && is_plain_float {
        return floats(shape, tensor.double_data.clone());
    }
    let bits = match found {
        [_, n, ..] if n > 0 => tensor.int32_data.iter().map(|&number| i128::from(number)).collect::<Vec<_>>(),
        [_, _, n, ..] if n > 0 => tensor.int64_data.iter().map(|&number| number.into()).collect(),
        [.., n] if n > 0 => tensor.uint64_data.iter().map(|&number| number.into()).collect(),
        _ => return malformed(format!("expected numbers of type {}, found another field", kind.name())),
    };
    if kind.is_float() {
        let mask = (1_u64 << kind.bits().min(63)) - 1;
        floats(shape, bits.iter().map(|&bits| kind.decode(bits as u64 & mask)).collect())
    } else {
        integers(shape, bits.into_iter().map(|value| integer(kind, value)).collect::<Result<_, _>>()?)
    }
}

/// The bytes of a tensor whose data are in a file beside the model.
fn external(tensor: &Tensor, folder: Option<&Path>, expected: usize) -> Result<Vec<u8>, Refusal> {
    let value =
        |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    let number = |key: &str| match value(key) {
        Some(text) => text
            .parse::<u64>()
            .map(Some)
            .or_else(|_| malformed(format!("expected a number for {key} of external data, found {text:?}"))),
        None => Ok(None),
    };
    let Some(location) = value("location") else {
        return malformed("external data without a location");
    };
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    if length.is_some_and(|length| length != expected as u64) {
        return malformed(format!("expected {expected} bytes of external data, found {length:?}"));
    }
    let Some(folder) = folder else {
        let reason = format!("data in the file {location:?}, of a model in memory,");
        return Err(Refusal::Unsupported(reason));
    };
    let path = beside(folder, location)?;
    let failed = |error: std::io::Error| Refusal::Malformed(format!("{}: {error}", path.display()));
    let mut file = File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() < offset.saturating_add(expected as u64) {
        let (name, end) = (path.display(), offset.saturating_add(expected as u64));
        return malformed(format!(
            "{name}: expected a file of at least {end} bytes, found {}",
            metadata.len()
        ));
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut bytes = vec![0; expected];
    file.read_exact(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The path of a file in the folder of the model or below; a name that leads elsewhere, by itself or by a
/// symbolic link, is refused.
fn beside(folder: &Path, location: &str) -> Result<PathBuf, Refusal> {
    let relative = Path::new(location);
    let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let inside = |path: &Path| Some(path.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
    let path = folder.join(relative);
    if location.is_empty() || !is_plain || inside(&path) == Some(false) {
        return malformed(format!("external data must lie beside the model, found {location:?}"));
    }
    Ok(path)
}

/// A tensor of zeros but for some numbers.
pub(super) fn read_sparse(sparse: &SparseTensor, limit: usize) -> Result<(ElementType, Data), Refusal> {
    let (Some(values), Some(indices)) = (&sparse.values, &sparse.indices) else {
        return malformed("a sparse tensor without values or indices");
    };
    let shape = extents(&sparse.dims)?;
    let count = entries(&shape, limit)?;
    let (kind, values) = read(values, None, limit)?;
    let (_, Data::Integers(indices)) = read(indices, None, limit)? else {
        return malformed("indices of a sparse tensor must be integers");
    };
    let rank = if indices.ndim() == 2 { shape.len() } else { 1 };
    let indices = indices.iter().copied().collect::<Vec<_>>();
    let places = indices.chunks(rank.max(1)).map(|index| {
        let extents = if rank == 1 { vec![count] } else { shape.clone() };
        index.iter().zip(&extents).try_fold(0, |flat, (&i, &extent)| {
            usize::try_from(i).ok().filter(|&i| i < extent).map(|i| flat * extent + i)
        })
    });
    let places = places.collect::<Option<Vec<_>>>();
    let Some(places) = places.filter(|places| places.len() == values.shape().iter().product::<usize>())
    else {
        return malformed("the indices of a sparse tensor do not fit its values and shape");
    };
    let data = match values {
        Data::Floats(values) => {
            let mut dense = vec![0.0; count];
            places.iter().zip(values.iter()).for_each(|(&place, &value)| dense[place] = value);
            floats(&shape, dense)?
        }
        Data::Integers(values) => {
            let mut dense = vec![0; count];
            places.iter().zip(values.iter()).for_each(|(&place, &value)| dense[place] = value);
            integers(&shape, dense)?
        }
    };
    Ok((kind, data))
}
