//! Proves that a layer with a symmetric kernel commutes with quarter turns, and shows what happens when the
//! kernel is not.
//!
//! `cargo run --example prove_a_layer`

use std::error::Error;

use equivariant::conv::{Extent, correlate};
use equivariant::group::{Action, C4, FiniteGroup};
use equivariant::scalar::Scalar;
use equivariant::signal::OnGrid;
use equivariant::verify::{Failure, Map, Unknown, prove};
use ndarray::ArrayD;

/// A 3×3 correlation, rectified; its kernel may be averaged over the quarter turns.
struct Layer {
    averaged: bool,
}

impl Map for Layer {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new("w", [3, 3])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut kernel = weights[0].clone();
        if self.averaged {
            for turn in C4.elements().skip(1) {
                kernel = kernel + OnGrid.act(&C4, &turn, &weights[0]);
            }
        }
        Ok(correlate(x, &kernel, Extent::Same)?.mapv(|entry| entry.relu()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for averaged in [true, false] {
        let report = prove(Layer { averaged })
            .on([5, 5])
            .commutes_with(C4, OnGrid, OnGrid)
            .shrinking_to([2, 2])
            .check()?;
        println!("kernel averaged over the turns: {averaged}\n{report}");
    }
    Ok(())
}
