//! The linear layer between any two representations of a finite group that commutes with it for all weights.
//!
//! ```text
//! y(n, m) = Σ_c Σ_b weight(b, m, c)·B_b·x(n, c) + Σ_k bias(k, m)·u_k
//! ```
//!
//! with channels c and m (how often the representations V and W occur), a basis B_b of the equivariant linear
//! maps V → W and a basis u_k of the invariant vectors of W: so ρ_W(g)·y is what ρ_V(g)·x becomes, and there
//! is no other linear layer (with bias) of which this is true. The basis is one of whole numbers, found
//! exactly ([`integer_intertwiners`]), so that the layer commutes exactly on every exact scalar. Source: M.
//! Finzi, M. Welling, A. Wilson, *A practical method for constructing equivariant multilayer perceptrons for
//! arbitrary matrix groups*, ICML 2021, which finds the basis in floats; for permutations of points it is H.
//! Maron et al., *Invariant and equivariant graph networks*, ICLR 2019.
//!
//! Nonlinearities: a pointwise one commutes with permutation representations, an odd one (tanh) with signed
//! permutations too, and in general with no others.
//!
//! Cost: inputs times the non-zero entries of the basis, and dim W·(number of the basis)·inputs·outputs
//! products, a sample.

use std::sync::Arc;

use nalgebra::DMatrix;
use ndarray::{Array3, ArrayD};

use super::{
    Gradients, Layer, LayerError, Mode, Parameter, Role, View, check_backward, check_weights, shape_error,
};
use crate::group::{FiniteGroup, Representation, integer_intertwiners};
use crate::scalar::{Rational, Scalar};

/// A non-zero entry of an integer matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixEntry {
    /// Its row, a coordinate of the output.
    pub row: usize,
    /// Its column, a coordinate of the input.
    pub column: usize,
    /// Its value.
    pub value: i64,
}

/// A linear layer between representations V and W: inputs (batch, inputs, dim V), outputs (batch, outputs,
/// dim W).
///
/// Weights: (maps, outputs, inputs) and, if it has a bias, (invariants, outputs), as many as there are
/// [`maps`](Self::maps) and [`invariants`](Self::invariants).
///
/// ```
/// use equivariant::group::{Representation, Symmetric};
/// use equivariant::layer::{EquivariantLinear, Layer};
/// use equivariant::scalar::Rational;
///
/// // From graphs of five nodes (matrices) to features of the nodes (vectors).
/// let group = Symmetric::new(5)?;
/// let nodes = Representation::<_, Rational>::natural(&group);
/// let layer = EquivariantLinear::new(&nodes.tensor_product(&nodes), &nodes, 1, 8)?;
/// assert_eq!((layer.maps().len(), layer.invariants().len()), (5, 1));
/// assert_eq!(layer.output_shape(&[2, 1, 25])?, [2, 8, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EquivariantLinear {
    inputs: usize,
    outputs: usize,
    bias: bool,
    basis: Arc<Basis>,
}

/// What the representations have to say.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Basis {
    /// The group and both representations: `natural → sign of S_4`.
    name: String,
    /// dim V and dim W.
    dimensions: (usize, usize),
    maps: Vec<Vec<MatrixEntry>>,
    invariants: Vec<Vec<i64>>,
    /// Pairs of a coordinate of the input and one of the output that some map connects.
    connected: usize,
}

impl EquivariantLinear {
    /// From so many copies of V to so many of W, with a bias.
    ///
    /// # Errors
    /// If the two are representations of different groups, there is no equivariant map but zero, or one with
    /// entries that do not fit 64 bits.
    pub fn new<G: FiniteGroup>(
        v: &Representation<G, Rational>,
        w: &Representation<G, Rational>,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, LayerError> {
        let (on_v, on_w) = (v.group().name(), w.group().name());
        let name = format!("{} → {} of {on_v}", v.name(), w.name());
        let refuse = |expected: &str, found: String| LayerError::Setting {
            layer: format!("equivariant linear {name}"),
            setting: "the representations",
            expected: expected.to_owned(),
            found,
        };
        if on_v != on_w {
            return Err(refuse("of one group", format!("one of {on_v} and one of {on_w}")));
        }
        let integers = |v: &Representation<G, Rational>| {
            integer_intertwiners(v, w)
                .map_err(|error| refuse("such that maps have entries that fit 64 bits", error.entry))
        };
        let maps = integers(v)?;
        if maps.is_empty() {
            return Err(refuse(
                "such that an irreducible one occurs in both",
                "two of which zero is the only equivariant map".to_owned(),
            ));
        }
        let invariants = integers(&Representation::trivial(w.group()))?;
        let (columns, rows) = (v.dimension(), w.dimension());
        let places = || (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let connected = places().filter(|&place| maps.iter().any(|map| map[place] != 0)).count();
        let entries = |map: &DMatrix<i64>| {
            let entry = |(row, column)| MatrixEntry { row, column, value: map[(row, column)] };
            places().map(entry).filter(|entry| entry.value != 0).collect()
        };
        let basis = Basis {
            dimensions: (columns, rows),
            maps: maps.iter().map(entries).collect(),
            invariants: invariants.iter().map(|vector| vector.iter().copied().collect()).collect(),
            connected,
            name,
        };
        Ok(EquivariantLinear { inputs, outputs, bias: true, basis: Arc::new(basis) })
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// Whether there is a bias.
    pub fn bias(&self) -> bool {
        self.bias
    }

    /// Channels of the input and of the output: how often each representation occurs.
    pub fn channels(&self) -> (usize, usize) {
        (self.inputs, self.outputs)
    }

    /// The dimensions of both representations.
    pub fn dimensions(&self) -> (usize, usize) {
        self.basis.dimensions
    }

    /// The basis of the equivariant maps, each by its non-zero entries, row by row.
    pub fn maps(&self) -> &[Vec<MatrixEntry>] {
        &self.basis.maps
    }

    /// The basis of the invariant vectors of the output, which biases go with; none for a layer without a
    /// bias.
    pub fn invariants(&self) -> &[Vec<i64>] {
        if self.bias { &self.basis.invariants } else { &[] }
    }

    /// B·x(n, c) for the map B with these entries, (batch, channels, dim W), or Bᵀ·x(n, c), (batch, channels,
    /// dim V).
    fn apply<S: Scalar>(&self, map: &[MatrixEntry], x: &ArrayD<S>, transposed: bool) -> Array3<S> {
        let (columns, rows) = self.basis.dimensions;
        let (batch, channels) = (x.shape()[0], x.shape()[1]);
        let length = if transposed { columns } else { rows };
        let mut result = Array3::from_elem((batch, channels, length), S::zero());
        for &MatrixEntry { row, column, value } in map {
            let (to, from) = if transposed { (column, row) } else { (row, column) };
            let value = S::from_integer(value);
            for (n, c) in (0..batch).flat_map(|n| (0..channels).map(move |c| (n, c))) {
                result[[n, c, to]].add_product(&value, &x[[n, c, from]]);
            }
        }
        result
    }

    /// The bias of each invariant vector at each of its coordinates that is not zero: (bias, coordinate,
    /// value).
    fn biases<S: Scalar>(&self) -> impl Iterator<Item = (usize, usize, S)> {
        let coordinates = |(k, vector): (usize, &Vec<i64>)| {
            let entries = vector.iter().enumerate().filter(|(_, value)| **value != 0);
            entries.map(|(i, &value)| (k, i, S::from_integer(value))).collect::<Vec<_>>()
        };
        self.invariants().iter().enumerate().flat_map(coordinates)
    }
}

impl Layer for EquivariantLinear {
    fn name(&self) -> String {
        format!("equivariant linear {} → {}, {}", self.inputs, self.outputs, self.basis.name)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let (from, to) = self.basis.dimensions;
        match *input {
            [batch, channels, dimension] if (channels, dimension) == (self.inputs, from) => {
                Ok(vec![batch, self.outputs, to])
            }
            _ => {
                let suggestion = match *input {
                    [_, channels, dimension] if dimension == from => {
                        format!("give the layer {channels} inputs")
                    }
                    [_, _, dimension] => {
                        format!("its representation has dimension {from}, and not {dimension}")
                    }
                    _ => "put the coordinates of the representation on one axis, behind that of the channels"
                        .to_owned(),
                };
                Err(shape_error(self, format!("(batch, {}, {from})", self.inputs), input, suggestion))
            }
        }
    }

    /// Weights count for as many inputs of an output as Σ B_b(i, j)² over its row i and all maps b, in the
    /// mean over the rows: this many independent inputs of variance 1 give the same variance, times that of
    /// the weights.
    fn parameters(&self) -> Vec<Parameter> {
        let (columns, rows) = self.basis.dimensions;
        let squares = self.maps().iter().flatten().map(|entry| (entry.value as f64).powi(2)).sum::<f64>();
        let fan =
            |channels: usize, length: usize| (channels as f64 * squares / length as f64).ceil() as usize;
        let fan = (fan(self.inputs, rows), fan(self.outputs, columns));
        let weight = Parameter::new(Role::Weight, [self.maps().len(), self.outputs, self.inputs], fan);
        let bias =
            self.bias.then(|| Parameter::new(Role::Bias, [self.invariants().len(), self.outputs], fan));
        std::iter::once(weight).chain(bias).collect()
    }

    /// Coordinates of a representation are no places of space, so no symmetry of space is promised.
    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.output_shape(input)?;
        Ok((self.inputs as u128 * self.outputs as u128).saturating_mul(self.basis.connected as u128))
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let shape = self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        let mut output = Array3::from_elem((shape[0], shape[1], shape[2]), S::zero());
        for (map, weight) in self.maps().iter().zip(weights[0].outer_iter()) {
            let mapped = self.apply(map, x, false);
            for ((n, m, i), y) in output.indexed_iter_mut() {
                (0..self.inputs).for_each(|c| y.add_product(&weight[[m, c]], &mapped[[n, c, i]]));
            }
        }
        for (k, i, value) in self.biases::<S>() {
            for (n, m) in (0..shape[0]).flat_map(|n| (0..shape[1]).map(move |m| (n, m))) {
                output[[n, m, i]].add_product(&weights[1][[k, m]], &value);
            }
        }
        Ok(output.into_dyn())
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let mut input = ArrayD::from_elem(x.raw_dim(), S::zero());
        let mut gradients: Vec<_> =
            weights.iter().map(|weight| ArrayD::from_elem(weight.raw_dim(), S::zero())).collect();
        for (b, map) in self.maps().iter().enumerate() {
            let back = self.apply(map, output_gradient, true);
            for ((n, m, j), back) in back.indexed_iter() {
                for c in 0..self.inputs {
                    input[[n, c, j]].add_product(&weights[0][[b, m, c]], back);
                    gradients[0][[b, m, c]].add_product(&x[[n, c, j]], back);
                }
            }
        }
        for (k, i, value) in self.biases::<S>() {
            for (n, m) in (0..x.shape()[0]).flat_map(|n| (0..self.outputs).map(move |m| (n, m))) {
                gradients[1][[k, m]].add_product(&value, &output_gradient[[n, m, i]]);
            }
        }
        Ok(Gradients { input, weights: gradients })
    }
}

#[cfg(test)]
mod tests;
