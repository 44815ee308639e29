//! Tensors of all types, and data in files beside the model.

use std::fs;

use prost::Message;

use super::{Draft, Model};
use crate::model::{Data, ElementType};
use crate::onnx::message::{self, DataType, Entry, Tensor};

fn read(tensor: &Tensor) -> Result<(ElementType, Data), String> {
    Data::from_bytes(&tensor.encode_to_vec()).map_err(|error| error.to_string())
}

fn raw(kind: DataType, count: i64, bytes: &[u8]) -> Tensor {
    Tensor { dims: vec![count], data_type: kind.into(), raw_data: bytes.to_vec(), ..Tensor::default() }
}

#[test]
fn raw_numbers_of_every_type() {
    let floats = |kind, bytes: &[u8], expected: &[f64]| {
        let (_, data) = read(&raw(kind, expected.len() as i64, bytes)).unwrap();
        assert_eq!(data, Data::Floats(super::list(expected).into()), "{kind:?}");
    };
    floats(DataType::Float, &1.5_f32.to_le_bytes(), &[1.5]);
    floats(DataType::Double, &(-0.1_f64).to_le_bytes(), &[-0.1]);
    floats(DataType::Float16, &[0x00, 0x3c, 0x00, 0xc0], &[1.0, -2.0]);
    floats(DataType::Bfloat16, &[0x80, 0x3f], &[1.0]);
    floats(DataType::Float8e4m3fn, &[0x38, 0x7e], &[1.0, 448.0]);
    floats(DataType::Float8e5m2, &[0x3c], &[1.0]);
    // Two numbers a byte, the lower half first: 1 and −0.5.
    floats(DataType::Float4e2m1, &[0x92], &[1.0, -0.5]);
    let integers = |kind, bytes: &[u8], expected: &[i64]| {
        let (_, data) = read(&raw(kind, expected.len() as i64, bytes)).unwrap();
        let array = ndarray::arr1(expected).into_dyn();
        assert_eq!(data, Data::Integers(array.into()), "{kind:?}");
    };
    integers(DataType::Int8, &[0xff, 0x7f], &[-1, 127]);
    integers(DataType::Uint16, &[0xff, 0xff], &[65535]);
    integers(DataType::Int64, &(-5_i64).to_le_bytes(), &[-5]);
    integers(DataType::Bool, &[1, 0], &[1, 0]);
    integers(DataType::Int4, &[0x8f, 0x07], &[-1, -8, 7]);
    integers(DataType::Uint2, &[0b_11_10_01_00], &[0, 1, 2, 3]);
    let told = read(&raw(DataType::Uint64, 1, &[0xff; 8])).unwrap_err();
    assert_eq!(told, "tensor in memory: an integer of more than 63 bits is not supported");
}

#[test]
fn typed_numbers_are_in_the_field_of_their_type() {
    let half = Tensor {
        dims: vec![2],
        data_type: DataType::Float16.into(),
        int32_data: vec![0x3c00, 0xc000],
        ..Tensor::default()
    };
    assert_eq!(read(&half).unwrap().1, Data::Floats(super::list(&[1.0, -2.0]).into()));
    let double = Tensor {
        dims: vec![1],
        data_type: DataType::Double.into(),
        double_data: vec![0.1],
        ..Tensor::default()
    };
    assert_eq!(read(&double).unwrap().1, Data::Floats(super::list(&[0.1]).into()));
    let missing = Tensor { dims: vec![3], data_type: DataType::Float.into(), ..Tensor::default() };
    assert_eq!(read(&missing).unwrap_err(), "tensor in memory: expected 3 numbers in a tensor, found 0");
    let short = raw(DataType::Float, 2, &[0; 7]);
    assert_eq!(read(&short).unwrap_err(), "tensor in memory: expected 8 bytes of data, found 7");
    let vast =
        Tensor { dims: vec![1 << 40, 1 << 40], data_type: DataType::Float.into(), ..Tensor::default() };
    assert!(read(&vast).unwrap_err().contains("more than"));
}

/// A model whose only weight is in a file at this place.
fn beside(location: &str, length: &str) -> Vec<u8> {
    let entry = |key: &str, value: &str| Entry { key: key.to_owned(), value: value.to_owned() };
    let mut draft = Draft::new(17).input("x", &[2]).node("Add", &["x", "w"], "y", &[]);
    draft.graph.initializer.push(Tensor {
        dims: vec![2],
        data_type: DataType::Float.into(),
        name: "w".to_owned(),
        external_data: vec![entry("location", location), entry("offset", "4"), entry("length", length)],
        data_location: 1,
        ..Tensor::default()
    });
    draft.bytes(&["y"])
}

#[test]
fn weights_lie_beside_the_model_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("models");
    fs::create_dir(&inside).unwrap();
    let weights = [0.0_f32, 3.0, 4.0].map(f32::to_le_bytes).concat();
    fs::write(inside.join("w.bin"), &weights).unwrap();
    fs::write(folder.path().join("outside.bin"), &weights).unwrap();
    let read = |location: &str, length: &str| {
        let path = inside.join("model.onnx");
        fs::write(&path, beside(location, length)).unwrap();
        Model::read(&path).map_err(|error| error.to_string())
    };
    let model = read("w.bin", "8").unwrap();
    assert_eq!(model.constant("w"), Some(&Data::Floats(super::list(&[3.0, 4.0]).into())));
    for location in ["../outside.bin", "/etc/passwd", "", "w.bin/../../outside.bin"] {
        let told = read(location, "8").unwrap_err();
        assert!(told.contains("external data must lie beside the model"), "{told}");
    }
    let told = read("w.bin", "12").unwrap_err();
    assert!(told.contains("tensor w: expected 8 bytes of external data"), "{told}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("outside.bin"), inside.join("link.bin")).unwrap();
        assert!(read("link.bin", "8").unwrap_err().contains("must lie beside"));
    }
    fs::write(inside.join("w.bin"), &weights[..8]).unwrap();
    assert!(read("w.bin", "8").unwrap_err().contains("expected a file of at least 12 bytes, found 8"));
    let told = Model::from_bytes(&beside("w.bin", "8")).unwrap_err().to_string();
    assert!(told.contains("of a model in memory"), "{told}");
}

#[test]
fn what_is_no_model_is_told_so() {
    let told = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err().to_string();
    assert!(told(b"PK\x03\x04").starts_with("model in memory: expected an ONNX model, found something else"));
    assert_eq!(told(b""), "model in memory: expected an ONNX model, found no version of its operators");
    let path = std::path::Path::new("nowhere/model.onnx");
    assert!(Model::read(path).unwrap_err().to_string().starts_with("nowhere/model.onnx: "));
    let empty = message::Model {
        opset_import: vec![message::OperatorSet { domain: None, version: 17 }],
        ..message::Model::default()
    };
    assert_eq!(told(&empty.encode_to_vec()), "model in memory: expected an ONNX model, found no graph");
}
