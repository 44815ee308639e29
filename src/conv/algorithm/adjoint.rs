//! The transposed convolution and the gradient with respect to the kernel, as formulas.
//!
//! Convolution and correlation are linear in the kernel w and in the signal x. With ⟨a, b⟩ = Σ a·b over all
//! entries, ⟨output(w, x), y⟩ is a sum of terms w·x·y, the same terms that the definition adds. Read as a
//! linear form in x it gives the adjoint, read as one in w the gradient:
//!
//! ```text
//! ⟨output(w, x), y⟩ = ⟨x, transposed(w, y)⟩ = ⟨w, kernel_gradient(x, y)⟩
//! ```
//!
//! So if y is the derivative of a loss with respect to the output, `transposed` and `kernel_gradient` are its
//! derivatives with respect to signal and kernel: backpropagation. `transposed` is also what neural networks
//! call a transposed convolution. On zero boundaries and with stride 1, the adjoint of a correlation is a
//! convolution and conversely.
//!
//! Cost: that of the definition, [`Problem::multiply_adds`] products each.

use ndarray::{Array3, ArrayD, ArrayViewD};

use crate::conv::algorithm::terms::for_each_term;
use crate::conv::problem::check_shape;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{ConvolutionError, Problem};
use crate::scalar::Ring;

/// The adjoint of `x ↦ output(kernel, x)`, at `y`: an array of the signal's shape.
///
/// # Errors
/// If `kernel` or `y` does not have the shape of the problem's kernel or output.
pub fn transposed<S: Ring>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    y: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    check_shape("kernel", problem.kernel_shape(), kernel.shape())?;
    check_shape("output", problem.output_shape(), y.shape())?;
    let (kernel, y) = (flatten_space(&kernel), flatten_space(&y));
    let mut signal = zeros::<S>(&problem.signal_shape());
    for_each_term(problem, |term| {
        signal[term.signal].add_product(&kernel[term.kernel], &y[term.output]);
    });
    Ok(restore_space(signal, &problem.signal_shape()))
}

/// The adjoint of `w ↦ output(w, signal)`, at `y`: an array of the kernel's shape, summed over the batch.
///
/// # Errors
/// If `signal` or `y` does not have the shape of the problem's signal or output.
pub fn kernel_gradient<S: Ring>(
    problem: &Problem,
    signal: ArrayViewD<'_, S>,
    y: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    check_shape("signal", problem.signal_shape(), signal.shape())?;
    check_shape("output", problem.output_shape(), y.shape())?;
    let (signal, y) = (flatten_space(&signal), flatten_space(&y));
    let mut kernel = zeros::<S>(&problem.kernel_shape());
    for_each_term(problem, |term| {
        kernel[term.kernel].add_product(&signal[term.signal], &y[term.output]);
    });
    Ok(restore_space(kernel, &problem.kernel_shape()))
}

fn zeros<S: Ring>(shape: &[usize]) -> Array3<S> {
    Array3::zeros((shape[0], shape[1], shape[2..].iter().product()))
}

#[cfg(test)]
mod tests {
    use ndarray::{Zip, arr3};
    use proptest::prelude::*;

    use super::*;
    use crate::conv::problem::samples;
    use crate::conv::{Algorithm, Definition, Operation, Options};

    fn inner_product(a: &ArrayD<i64>, b: &ArrayD<i64>) -> i64 {
        Zip::from(a).and(b).fold(0, |sum, a, b| sum + a * b)
    }

    #[test]
    fn by_hand() {
        // y = (2x₀ + 3x₁, 2x₂ + 3x₃): stride 2. Its transpose takes (a, b) to (2a, 3a, 2b, 3b).
        let options = Options::new().stride([2]);
        let problem = Problem::new(Operation::Correlation, &[1, 1, 2], &[1, 1, 4], &options).unwrap();
        let kernel = arr3(&[[[2i64, 3]]]).into_dyn();
        let y = arr3(&[[[10i64, 100]]]).into_dyn();
        let signal = transposed(&problem, kernel.view(), y.view()).unwrap();
        assert_eq!(signal, arr3(&[[[20, 30, 200, 300]]]).into_dyn());
        // ∂/∂w₀ = a·x₀ + b·x₂, ∂/∂w₁ = a·x₁ + b·x₃
        let x = arr3(&[[[1i64, 2, 3, 4]]]).into_dyn();
        let gradient = kernel_gradient(&problem, x.view(), y.view()).unwrap();
        assert_eq!(gradient, arr3(&[[[310, 420]]]).into_dyn());
        assert!(transposed(&problem, x.view(), y.view()).is_err());
        assert!(kernel_gradient(&problem, x.view(), x.view()).is_err());
    }

    proptest! {
        #[test]
        fn adjoint_and_gradient(problem in samples::problem(), seed: u64) {
            let kernel = samples::integers(&problem.kernel_shape(), seed, 9);
            let signal = samples::integers(&problem.signal_shape(), seed ^ 1, 9);
            let y = samples::integers(&problem.output_shape(), seed ^ 2, 9);
            let output = Definition.run(&problem, kernel.view(), signal.view()).unwrap();
            let pairing = inner_product(&output, &y);
            let back = transposed(&problem, kernel.view(), y.view()).unwrap();
            prop_assert_eq!(inner_product(&signal, &back), pairing);
            let gradient = kernel_gradient(&problem, signal.view(), y.view()).unwrap();
            prop_assert_eq!(inner_product(&kernel, &gradient), pairing);
        }
    }
}
