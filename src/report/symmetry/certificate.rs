//! Certificates as JSON, written and read.

use serde::{Deserialize, Serialize};

use crate::model::{Certificate, Claim, Motion, Twin};

/// What a file says that it is.
const FORMAT: &str = "equivariant certificate 1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    inputs: Vec<Input>,
    claims: Vec<ClaimObject>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    shape: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimObject {
    group: String,
    element: String,
    motion: MotionObject,
    moves: Vec<bool>,
    tensors: Vec<TensorObject>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum MotionObject {
    Turn { axes: Vec<usize>, from: Vec<usize>, reversed: Vec<bool> },
    Shift { axis: usize, by: usize },
    Permute { axis: usize, images: Vec<usize> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorObject {
    slot: usize,
    shape: Vec<usize>,
    motion: Option<MotionObject>,
    channels: Option<(usize, Vec<usize>)>,
    entries: Option<Vec<u32>>,
}

/// Writes a certificate, with a line break at its end.
///
/// # Errors
/// If the text cannot be made.
pub fn write(certificate: &Certificate) -> serde_json::Result<String> {
    let input = |(name, shape): &(String, Vec<usize>)| Input { name: name.clone(), shape: shape.clone() };
    let tensor = |(slot, twin): &(usize, Twin)| TensorObject {
        slot: *slot,
        shape: twin.shape.clone(),
        motion: twin.motion.as_ref().map(to_object),
        channels: twin.channels.clone(),
        entries: twin.entries.clone(),
    };
    let claim = |claim: &Claim| ClaimObject {
        group: claim.group.clone(),
        element: claim.element.clone(),
        motion: to_object(&claim.motion),
        moves: claim.moves.clone(),
        tensors: claim.tensors.iter().map(tensor).collect(),
    };
    let file = File {
        format: FORMAT.to_owned(),
        inputs: certificate.inputs.iter().map(input).collect(),
        claims: certificate.claims.iter().map(claim).collect(),
    };
    Ok(serde_json::to_string(&file)? + "\n")
}

/// Reads a certificate. Whether it proves anything is for [`crate::model::Model::certify`] to say.
///
/// # Errors
/// If it is none.
pub fn read(text: &str) -> anyhow::Result<Certificate> {
    let file: File = serde_json::from_str(text)?;
    if file.format != FORMAT {
        anyhow::bail!("expected the format {FORMAT:?}, found {:?}", file.format);
    }
    let tensor = |object: TensorObject| {
        let motion = object.motion.map(from_object);
        (
            object.slot,
            Twin { motion, channels: object.channels, entries: object.entries, shape: object.shape },
        )
    };
    let claim = |object: ClaimObject| Claim {
        group: object.group,
        element: object.element,
        motion: from_object(object.motion),
        moves: object.moves,
        tensors: object.tensors.into_iter().map(tensor).collect(),
    };
    Ok(Certificate {
        inputs: file.inputs.into_iter().map(|input| (input.name, input.shape)).collect(),
        claims: file.claims.into_iter().map(claim).collect(),
    })
}

fn to_object(motion: &Motion) -> MotionObject {
    match motion.clone() {
        Motion::Turn { axes, from, reversed } => MotionObject::Turn { axes, from, reversed },
        Motion::Shift { axis, by } => MotionObject::Shift { axis, by },
        Motion::Permute { axis, images } => MotionObject::Permute { axis, images },
    }
}

fn from_object(object: MotionObject) -> Motion {
    match object {
        MotionObject::Turn { axes, from, reversed } => Motion::Turn { axes, from, reversed },
        MotionObject::Shift { axis, by } => Motion::Shift { axis, by },
        MotionObject::Permute { axis, images } => Motion::Permute { axis, images },
    }
}
