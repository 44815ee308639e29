//! Writing a mended model: the bytes of the file with other weights in place, and nothing else changed.
//!
//! Weights of a program are entries of tensors of the file that were moved about, by transpositions say. To
//! see from where each is, the program is built once more from tensors whose entries are their own numbers.
//! Weights in `raw_data` or packed `float_data` are replaced where they stand.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ndarray::ArrayD;

use crate::model::{Data, ElementType, Model, Origin, Program};

/// Entries of tensors that are numbered: all numbers are exact in `f64`.
type Numbered = (String, usize);

/// The file with the weights of the mended program, which was made from `original` at these shapes.
pub(in crate::model) fn write(
    model: &Model,
    bytes: &[u8],
    original: &Program,
    mended: &Program,
) -> Result<Vec<u8>, String> {
    let shapes: Vec<(String, Vec<usize>)> = original
        .inputs
        .iter()
        .zip(model.inputs())
        .map(|(&slot, port)| (port.name.clone(), original.slots[slot].shape.clone()))
        .collect();
    let shapes: Vec<(&str, &[usize])> =
        shapes.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let places = tensors(bytes).ok_or("the file is no ONNX model")?;
    let mut numbers: HashMap<u64, Numbered> = HashMap::new();
    let mut numbered = Model {
        file: model.file.clone(),
        folder: model.folder.clone(),
        opset: model.opset,
        inputs: model.inputs.clone(),
        outputs: model.outputs.clone(),
        nodes: model.nodes.clone(),
        constants: model.constants.clone(),
        limit: model.limit,
    };
    // Numbers that no model has by chance: beyond 2⁴⁰, with a fraction.
    let mut next = (1_u64 << 40) as f64 + 0.5;
    for (name, (element, data)) in &mut numbered.constants {
        let Data::Floats(values) = data else { continue };
        if !element.is_float() || !places.contains_key(name) {
            continue;
        }
        let list: Vec<f64> = (0..values.len())
            .map(|entry| {
                next += 1.0;
                numbers.insert(next.to_bits(), (name.clone(), entry));
                next
            })
            .collect();
        let array = ArrayD::from_shape_vec(values.raw_dim(), list).map_err(|error| error.to_string())?;
        *data = Data::Floats(Arc::new(array));
    }
    let traced = numbered.program(&shapes).map_err(|error| format!("weights cannot be traced: {error}"))?;
    if traced.slots.len() != original.slots.len() {
        return Err("weights cannot be traced: the program depends on them".to_owned());
    }
    let mut result = bytes.to_vec();
    for ((before, traced), after) in original.slots.iter().zip(&traced.slots).zip(&mended.slots) {
        let (Origin::Constant(old), Origin::Constant(new)) = (&before.origin, &after.origin) else {
            continue;
        };
        if old == new {
            continue;
        }
        let Origin::Constant(source) = &traced.origin else {
            return Err("weights cannot be traced: they are computed".to_owned());
        };
        for ((old, new), source) in old.iter().zip(new.iter()).zip(source.iter()) {
            if old == new {
                continue;
            }
            let (name, entry) = numbers.get(&source.to_bits()).ok_or_else(|| {
                format!("weights of {} cannot be traced", before.name.as_deref().unwrap_or("a tensor"))
            })?;
            let (range, element) = (&places[name], model.constants[name].0);
            put(&mut result, range.clone(), *entry, element, *new).ok_or_else(|| {
                format!("tensor {name}: weights of type {} cannot be replaced in place", element.name())
            })?;
        }
    }
    Ok(result)
}

/// Writes an entry of a tensor.
fn put(bytes: &mut [u8], range: Range<usize>, entry: usize, element: ElementType, value: f64) -> Option<()> {
    let write = |bytes: &mut [u8], new: &[u8]| {
        let start = range.start + entry * new.len();
        (start + new.len() <= range.end).then(|| bytes[start..start + new.len()].copy_from_slice(new))
    };
    match element {
        ElementType::Float32 => write(bytes, &(value as f32).to_le_bytes()),
        ElementType::Float64 => write(bytes, &value.to_le_bytes()),
        ElementType::Bfloat16 => write(bytes, &((value as f32).to_bits() >> 16).to_le_bytes()[..2]),
        _ => None,
    }
}

/// The bytes of the numbers of each tensor of the graph, by name.
fn tensors(bytes: &[u8]) -> Option<HashMap<String, Range<usize>>> {
    const GRAPH: u64 = 7;
    const INITIALIZER: u64 = 5;
    const FLOATS: u64 = 4;
    const NAME: u64 = 8;
    const RAW: u64 = 9;
    const DOUBLES: u64 = 10;
    let mut found = HashMap::new();
    for (_, graph) in fields(bytes, 0..bytes.len())?.into_iter().filter(|(field, _)| *field == GRAPH) {
        for (_, tensor) in fields(bytes, graph)?.into_iter().filter(|(field, _)| *field == INITIALIZER) {
            let fields = fields(bytes, tensor)?;
            let last = |number: u64| {
                fields.iter().rev().find(|(field, _)| *field == number).map(|(_, range)| range.clone())
            };
            let numbers = last(RAW).or_else(|| last(FLOATS)).or_else(|| last(DOUBLES));
            if let (Some(name), Some(numbers)) = (last(NAME), numbers) {
                found.insert(String::from_utf8(bytes[name].to_vec()).ok()?, numbers);
            }
        }
    }
    Some(found)
}

/// The fields of a message that have a length, with the bytes of their contents (Protocol Buffers,
/// *Encoding*).
fn fields(bytes: &[u8], range: Range<usize>) -> Option<Vec<(u64, Range<usize>)>> {
    let mut found = Vec::new();
    let mut place = range.start;
    let varint = |place: &mut usize| -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *bytes.get(*place).filter(|_| *place < range.end)?;
            *place += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    while place < range.end {
        let key = varint(&mut place)?;
        let length = match key & 7 {
            0 => {
                varint(&mut place)?;
                continue;
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(varint(&mut place)?).ok()?,
            _ => return None,
        };
        let end = place.checked_add(length).filter(|&end| end <= range.end)?;
        if key & 7 == 2 {
            found.push((key >> 3, place..end));
        }
        place = end;
    }
    Some(found)
}
