//! A linear layer as its matrix: how a convolution is a dense layer that is sparse and shares its weights.
//!
//! Column j of the matrix is the output at the j-th unit vector. For a convolution of one channel on a line
//! it is a banded Toeplitz matrix, [c −1; …]: each diagonal holds one weight. Cost: one forward pass for each
//! entry of the input.

use ndarray::{Array1, Array2, ArrayD, Axis};

use super::{Layer, LayerError, Mode, Role, check_weights};
use crate::scalar::Scalar;

/// The matrix of the linear part of a layer on one sample, (outputs × inputs), both in row-major order;
/// biases count as zero.
///
/// ```
/// use equivariant::layer::{Convolution, Layer, matrix};
/// use equivariant::scalar::Symbolic;
///
/// let layer = Convolution::new(1, 1, [2]).without_bias();
/// let weight = Symbolic::variables("w", &[1, 1, 2]);
/// let toeplitz = matrix(&layer, &[1, 4], &[weight])?.mapv(|entry| entry.to_string());
/// assert_eq!(toeplitz.row(0).to_vec(), ["w[0,0,0]", "w[0,0,1]", "0", "0"]);
/// assert_eq!(toeplitz.row(2).to_vec(), ["0", "0", "w[0,0,0]", "w[0,0,1]"]);
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
///
/// # Errors
/// If the input (channels, space…; no batch) or a weight has a wrong shape.
pub fn matrix<S: Scalar>(
    layer: &impl Layer,
    sample: &[usize],
    weights: &[ArrayD<S>],
) -> Result<Array2<S>, LayerError> {
    check_weights(layer, weights)?;
    let input = [&[1], sample].concat();
    let outputs: usize = layer.output_shape(&input)?.iter().product();
    let without_bias: Vec<_> = layer
        .parameters()
        .iter()
        .zip(weights)
        .map(|(parameter, weight)| match parameter.role {
            Role::Bias | Role::Shift => ArrayD::from_elem(weight.raw_dim(), S::zero()),
            _ => weight.clone(),
        })
        .collect();
    let inputs: usize = sample.iter().product();
    let mut columns = Array2::from_elem((outputs, inputs), S::zero());
    for (j, mut column) in columns.axis_iter_mut(Axis(1)).enumerate() {
        let unit = Array1::from_shape_fn(inputs, |i| if i == j { S::one() } else { S::zero() });
        let unit = unit.into_shape_with_order(input.as_slice());
        let unit = unit.unwrap_or_else(|_| unreachable!("the same number of entries"));
        let output = layer.forward(&unit, &without_bias, Mode::Inference)?;
        column.iter_mut().zip(output).for_each(|(to, from)| *to = from);
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use num_traits::Zero;

    use super::super::{Convolution, TransposedConvolution};
    use super::*;
    use crate::scalar::Symbolic;

    fn symbols(layer: &impl Layer) -> Vec<ArrayD<Symbolic>> {
        layer.parameters().iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect()
    }

    #[test]
    fn sparse_and_shared() {
        // Seven inputs, five outputs, three taps: 15 connections, not 35, and 3 weights.
        let layer = Convolution::new(1, 1, [3]);
        let toeplitz = matrix(&layer, &[1, 7], &symbols(&layer)).unwrap();
        assert_eq!(toeplitz.dim(), (5, 7));
        let connected = toeplitz.iter().filter(|entry| !entry.is_zero()).count();
        assert_eq!(connected as u128, layer.connections(&[1, 1, 7]).unwrap());
        for ((row, column), entry) in toeplitz.indexed_iter().filter(|((row, column), _)| row * column > 0) {
            assert_eq!(*entry, toeplitz[[row - 1, column - 1]], "diagonals are constant");
        }
    }

    #[test]
    fn the_transposed_layer_has_the_transposed_matrix() {
        let layer = Convolution::new(2, 3, [2, 2]).stride([2, 1]).padding([1, 0]).without_bias();
        let adjoint = TransposedConvolution::new(3, 2, [2, 2]).stride([2, 1]).padding([1, 0]).without_bias();
        let weights = symbols(&layer);
        let forward = matrix(&layer, &[2, 4, 3], &weights).unwrap();
        let backward = matrix(&adjoint, &layer.output_shape(&[1, 2, 4, 3]).unwrap()[1..], &weights).unwrap();
        assert_eq!(forward.t(), backward);
    }
}
