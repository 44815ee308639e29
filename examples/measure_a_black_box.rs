//! Measures the symmetries of a function whose code is not generic: an edge detector in single precision.
//!
//! `cargo run --example measure_a_black_box`

use std::error::Error;

use equivariant::group::{CyclicTranslations, D4};
use equivariant::signal::OnGrid;
use equivariant::verify::measure;
use ndarray::ArrayD;

/// The size of the gradient, by central differences on a periodic image.
fn edges(image: &ArrayD<f32>) -> ArrayD<f32> {
    let (rows, columns) = (image.shape()[0], image.shape()[1]);
    ArrayD::from_shape_fn(image.shape(), |index| {
        let (row, column) = (index[0], index[1]);
        let vertical = image[[(row + 1) % rows, column]] - image[[(row + rows - 1) % rows, column]];
        let horizontal =
            image[[row, (column + 1) % columns]] - image[[row, (column + columns - 1) % columns]];
        vertical.hypot(horizontal)
    })
}

/// The same with forward differences, which look to one side only.
fn one_sided_edges(image: &ArrayD<f32>) -> ArrayD<f32> {
    let (rows, columns) = (image.shape()[0], image.shape()[1]);
    ArrayD::from_shape_fn(image.shape(), |index| {
        let (row, column) = (index[0], index[1]);
        let vertical = image[[(row + 1) % rows, column]] - image[[row, column]];
        let horizontal = image[[row, (column + 1) % columns]] - image[[row, column]];
        vertical.hypot(horizontal)
    })
}

/// The upper eleven of the 24 bits of a number: as many as half precision has.
fn rounded(number: f32) -> f32 {
    let split = number * 8193.0;
    split - (split - number)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", measure(edges).on([16, 16]).commutes_with(D4, OnGrid, OnGrid).check()?);
    println!("{}", measure(one_sided_edges).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).check()?);
    let torus = CyclicTranslations::new([16, 16]);
    println!("{}", measure(one_sided_edges).on([16, 16]).commutes_with(torus, OnGrid, OnGrid).check()?);
    // In half precision the error is a thousand times as large, and so is the noise.
    let half = |image: &ArrayD<f32>| edges(&image.mapv(rounded)).mapv(rounded);
    println!("{}", measure(half).on([16, 16]).commutes_with(D4, OnGrid, OnGrid).check()?);
    Ok(())
}
