//! Layers as matrices: how sparse they are, and how few weights they have.

use std::collections::BTreeSet;

use ndarray::ArrayD;

use super::super::Claim;
use super::maps::{Alteration, same_as_altered};
use crate::conv::Boundary;
use crate::layer::{
    AnyLayer, Convolution, Dense, GroupConvolution, Layer, LayerError, Mode, Role, TransposedConvolution,
    matrix,
};
use crate::scalar::{Scalar, Symbolic};
use crate::signal::{FeatureType, GridGroup};
use crate::verify::{Counterexample, Examiner, Failure, Finding, Report, Statement};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.sparse_and_shared",
            "a layer is the dense layer with a banded Toeplitz matrix: 15 connections and 3 weights \
             against 35 and 35; the matrix of any layer has one term for each connection, in as many \
             variables as the layer has weights",
            |examiner| sparse_and_shared(examiner, 0, AnyLayer::connections),
        )
        .theorem("zero_padded_is_dense")
        .theorem("sparse_connections")
        .theorem("five_units")
        .theorem("weight_sharing")
        .mutant("one diagonal of the matrix is moved", |examiner| {
            sparse_and_shared(examiner, 1, AnyLayer::connections)
        })
        .mutant("taps in the padding count as connections", |examiner| {
            sparse_and_shared(examiner, 0, |layer, input| {
                let outputs: usize = layer.output_shape(input)?.iter().product();
                Ok(outputs as u128 * layer.parameters()[0].fan.0 as u128)
            })
        })
        .mutant("every output is connected with all groups", |examiner| {
            sparse_and_shared(examiner, 0, |layer, input| match layer {
                AnyLayer::Convolution(layer) => layer.clone().groups(1).connections(input),
                layer => layer.connections(input),
            })
        })
        .mutant(
            "a transposed layer has the connections of the convolution on its input",
            |examiner| {
                sparse_and_shared(examiner, 0, |layer, input| match layer {
                    AnyLayer::TransposedConvolution(layer) => {
                        let TransposedConvolution { inputs, outputs, taps, options, bias, .. } =
                            layer.clone();
                        Convolution { inputs, outputs, taps, options, bias }.connections(input)
                    }
                    layer => layer.connections(input),
                })
            },
        ),
    ]
}

/// The dense layer with the matrix of a convolution, whose columns are moved.
struct AsMatrix {
    moved: usize,
}

impl Alteration<Convolution> for AsMatrix {
    fn apply<S: Scalar>(
        &self,
        layer: &Convolution,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let toeplitz = matrix(layer, &x.shape()[1..], weights)?;
        let columns = toeplitz.ncols();
        let dense = Dense::new(columns, toeplitz.nrows()).without_bias();
        let moved = ArrayD::from_shape_fn(vec![toeplitz.nrows(), columns], |index| {
            toeplitz[[index[0], (index[1] + self.moved) % columns]].clone()
        });
        let flat = x.to_shape((1, columns))?.into_owned().into_dyn();
        let output = dense.forward(&flat, &[moved], Mode::Inference)?;
        Ok(output.into_shape_with_order(layer.output_shape(x.shape())?)?)
    }
}

/// How a layer counts its connections on an input.
type Count = fn(&AnyLayer, &[usize]) -> Result<u128, LayerError>;

fn sparse_and_shared(examiner: &Examiner, moved: usize, connections: Count) -> Result<Report, Failure> {
    let counts = counts(connections)?;
    if counts.counterexample.is_some() {
        return Ok(counts);
    }
    let statement = Statement::new(&["height", "width"], move |space| {
        let layer = Convolution::new(2, 2, [2, 3]).stride([1, 2]).padding([1, 1]).without_bias();
        Ok(same_as_altered(layer, AsMatrix { moved }, [&[1, 2], space].concat()))
    });
    let equal = examiner.examine(&statement.at([3, 4]).at_large([6, 7]).shrinking_to([1, 1]))?;
    Ok(Report::all([counts, equal]))
}

/// Layers with weights of every kind, each on an input of which every tap reads something.
fn layers() -> Vec<(AnyLayer, Vec<usize>)> {
    let line = Convolution::new(1, 1, [3]);
    let strided = Convolution::new(2, 3, [3, 2]).stride([2, 1]).dilation([1, 2]).padding([1, 2]);
    let grouped = Convolution::new(4, 6, [2, 2]).groups(2).padding_before_after([(0, 1), (1, 0)]);
    let volume = Convolution::new(1, 2, [2, 1, 2]).stride([2, 1, 1]).padding([1, 0, 1]);
    let spread =
        TransposedConvolution::new(2, 3, [3, 2]).stride([2, 1]).padding([1, 0]).output_padding([1, 0]);
    let grouped_spread =
        TransposedConvolution::new(4, 2, [3]).groups(2).stride([2]).dilation([2]).padding([2]);
    let maps = FeatureType::regular(&GridGroup::c4(), 1);
    let turning = GroupConvolution::new(maps.clone(), maps, [2, 2]).padding([1, 1]);
    let mut layers: Vec<(AnyLayer, Vec<usize>)> = vec![
        (line.into(), vec![1, 1, 7]),
        (grouped.into(), vec![1, 4, 3, 4]),
        (Convolution::new(3, 3, [3]).groups(3).padding([1]).into(), vec![1, 3, 5]),
        (volume.into(), vec![1, 1, 3, 2, 3]),
        (spread.into(), vec![1, 2, 3, 2]),
        (grouped_spread.into(), vec![1, 4, 4]),
        (Dense::new(6, 4).into(), vec![1, 6]),
        (turning.into(), vec![1, 4, 2, 3]),
    ];
    for boundary in Boundary::ALL {
        layers.push((strided.clone().boundary(boundary).into(), vec![1, 2, 4, 5]));
    }
    layers
}

/// Connections against the terms of the symbolic matrix, weights against its variables. Where nothing but
/// zeros lies beyond the border, no entry has more than one term: connections are the entries that are not
/// zero.
fn counts(connections: Count) -> Result<Report, Failure> {
    let layers = layers();
    let mut entries = 0;
    for (layer, input) in &layers {
        let parameters = layer.parameters();
        let weights: Vec<_> = parameters.iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect();
        let toeplitz = matrix(layer, &input[1..], &weights)?;
        let used: BTreeSet<String> = toeplitz.iter().flat_map(Symbolic::variables_used).collect();
        let of_matrix = (toeplitz.iter().map(|entry| entry.terms() as u128).sum::<u128>(), used.len());
        let weights = parameters.iter().filter(|p| p.role == Role::Weight).map(|p| p.len()).sum();
        let of_layer: (u128, usize) = (connections(layer, input)?, weights);
        entries += toeplitz.len();
        if of_layer != of_matrix {
            let (shape, tell) = (format!("{} on {input:?}", layer.name()), |(connections, weights)| {
                format!("{connections} connections and {weights} weights")
            });
            let counterexample = Counterexample::from_text(
                [("layer".to_owned(), shape.clone())],
                format!("{} by the layer", tell(of_layer)),
                format!("{} in its matrix", tell(of_matrix)),
            );
            let finding = Finding::Symbolic { shape, variables: used.len(), terms: entries };
            return Ok(Report::refuted(finding, counterexample));
        }
    }
    let five_units = matrix(
        &layers[0].0,
        &[1, 7],
        &[Symbolic::variables("w", &[1, 1, 3]), Symbolic::variables("b", &[1])],
    )?;
    let connected = five_units.iter().filter(|entry| !entry.variables_used().is_empty()).count();
    if (five_units.dim(), connected) != ((5, 7), 15) {
        return Err(format!("the five units have {connected} of {:?} connections", five_units.dim()).into());
    }
    Ok(Report::enumerated(
        format!("all entries of the matrices of {} layers with weights", layers.len()),
        entries,
    ))
}
