//! One convolution, by every algorithm, beside the bound of its rounding error.
//!
//! `cargo run --example convolve`

use std::error::Error;

use equivariant::conv::algorithm::choice::algorithm;
use equivariant::conv::{Choice, ConvolutionScalar, Extent, Operation, Problem, convolve};
use equivariant::scalar::Rational;
use ndarray::{Array1, Axis};

fn main() -> Result<(), Box<dyn Error>> {
    // A pulse train smoothed by a window of 101 taps.
    let signal = Array1::from_shape_fn(1000, |n| if n % 97 < 3 { 1.0 } else { 0.0 });
    let kernel = Array1::from_shape_fn(101, |k| 1.0 - (k as f64 - 50.0).abs() / 51.0);
    let problem =
        Problem::single_channel(Operation::Convolution, kernel.shape(), signal.shape(), Extent::Full)?;
    let exact = |array: &Array1<f64>| {
        array
            .mapv(|entry| Rational::try_from_f64(entry).unwrap_or_else(|| panic!("{entry} should be finite")))
    };
    let truth = convolve(&exact(&signal), &exact(&kernel), Extent::Full)?;
    // A problem has an axis for samples and one for channels.
    let with_channels = |array: Array1<f64>| array.insert_axis(Axis(0)).insert_axis(Axis(0)).into_dyn();
    let (kernel, signal) = (with_channels(kernel), with_channels(signal));

    println!("automatic choice: {}\n", algorithm::<f64>(&problem, Choice::Automatic)?.name());
    println!("{:<16} {:>14} {:>14}", "algorithm", "largest error", "derived bound");
    for algorithm in f64::algorithms() {
        if algorithm.supports(&problem).is_err() {
            continue;
        }
        let output = algorithm.run(&problem, kernel.view(), signal.view())?;
        let error = output.iter().zip(&truth).map(|(y, t)| (y - t.to_f64()).abs()).fold(0.0, f64::max);
        let bound = algorithm.error_bound(&problem, kernel.view(), signal.view())?;
        let bound = bound.iter().copied().fold(0.0, f64::max);
        println!("{:<16} {error:>14.1e} {bound:>14.1e}", algorithm.name());
    }
    Ok(())
}
