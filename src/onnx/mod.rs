//! The format of ONNX files, which networks are written to and foreign models are read from.

pub(crate) mod message;
