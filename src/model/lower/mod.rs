//! Lowering: the operators of the standard, written in five operations for inputs of one shape.
//!
//! Shapes are not inferred apart: each operator computes the shape of what it makes. One file for each
//! family:
//!
//! | file | operators |
//! |---|---|
//! | `pointwise` | arithmetic, functions, activations, comparisons |
//! | `moves` | what moves entries: reshapes, slices, transpositions, concatenation |
//! | `indices` | gathering and scattering at constant indices |
//! | `constants` | shapes, ranges, and other tensors that are known before the program runs |
//! | `convolution`, `windows`, `pool` | convolutions and pools, and the windows of both |
//! | `matrix`, `einsum` | products of matrices |
//! | `reduce` | reductions, and what is made of them: softmax |
//! | `normalisation` | batch, instance, layer, group and local normalisation |
//! | `pad`, `resize` | pads of all modes, and resizing |
//! | `quantise` | quantisation: quotients that are rounded |
//! | `attention` | attention, and rotary embeddings |
//! | `recurrent` | recurrent networks, step by step |
//! | `sample` | sampling at places that are known |
//! | `spectrum` | discrete Fourier transforms |

mod attention;
mod builder;
mod call;
mod constants;
mod convolution;
mod einsum;
mod indices;
mod matrix;
mod moves;
mod normalisation;
mod pad;
mod pointwise;
mod pool;
mod quantise;
mod recurrent;
mod reduce;
mod resize;
mod sample;
mod spectrum;
mod value;
mod windows;

use super::error::Refusal;
pub(super) use builder::Builder;
pub(super) use call::Call;
pub(super) use value::{Content, Value};

/// How a node of one operator is lowered: the values of its outputs.
pub(super) type Lowering = fn(&mut Builder, &Call<'_>) -> Result<Vec<Value>, Refusal>;

/// How this operator of the standard is lowered, if it is.
pub(super) fn lowering(operator: &str) -> Option<Lowering> {
    let families = [
        pointwise::operator,
        moves::operator,
        constants::operator,
        convolution::operator,
        pool::operator,
        matrix::operator,
        einsum::operator,
        reduce::operator,
        indices::operator,
        normalisation::operator,
        pad::operator,
        resize::operator,
        quantise::operator,
        attention::operator,
        recurrent::operator,
        sample::operator,
        spectrum::operator,
    ];
    families.iter().find_map(|family| family(operator))
}

/// Lowers a node.
pub(super) fn lower(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let operator = call.node.op_type.as_str();
    let is_standard = matches!(call.node.domain.as_str(), "" | "ai.onnx");
    match lowering(operator).filter(|_| is_standard) {
        Some(lowering) => lowering(builder, call),
        None => Err(Refusal::Unsupported("the operator".to_owned())),
    }
}
