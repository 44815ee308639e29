//! Activations and their gradients, entry by entry and in place.
//!
//! Each gradient is a function of the *output* of the activation, so the input need not be kept: with y =
//! f(x),
//!
//! | f | f′(x) |
//! |---|---|
//! | ReLU, max(x, 0) | 0 if y ≤ 0, else 1 (at 0: 0) |
//! | leaky ReLU, x if x > 0, else a·x, a ≥ 0 | 1 if y > 0, else a (at 0: a) |
//! | tanh | 1 − y² |
//! | logistic, 1/(1 + e⁻ˣ) | y(1 − y) |
//!
//! The conventions at 0 and at NaN are PyTorch's: NaN gives NaN, where the derivative of ReLU is 1 and that
//! of leaky ReLU is a.

use super::{exponential, map, zip};
use crate::simd::InstructionSet;

/// max(x, 0); NaN stays NaN.
pub fn relu(instructions: InstructionSet, values: &mut [f32]) {
    map(
        instructions,
        values,
        #[inline(always)]
        |x| if x <= 0.0 { 0.0 } else { x },
    );
}

/// Turns the gradient of the output of [`relu`] into that of its input.
///
/// # Panics
/// If the lengths differ.
pub fn relu_gradient(instructions: InstructionSet, output: &[f32], gradient: &mut [f32]) {
    zip(
        instructions,
        gradient,
        output,
        #[inline(always)]
        |dy, y| if y <= 0.0 { 0.0 } else { dy },
    );
}

/// x if x > 0, else `slope`·x.
///
/// # Panics
/// If `slope` is negative: then the output would not tell the sign of the input, which the gradient needs.
pub fn leaky_relu(instructions: InstructionSet, slope: f32, values: &mut [f32]) {
    assert!(slope >= 0.0, "the slope must not be negative, found {slope}");
    map(
        instructions,
        values,
        #[inline(always)]
        |x| if x > 0.0 { x } else { slope * x },
    );
}

/// Turns the gradient of the output of [`leaky_relu`] into that of its input.
///
/// # Panics
/// If the lengths differ or `slope` is negative.
pub fn leaky_relu_gradient(instructions: InstructionSet, slope: f32, output: &[f32], gradient: &mut [f32]) {
    assert!(slope >= 0.0, "the slope must not be negative, found {slope}");
    zip(
        instructions,
        gradient,
        output,
        #[inline(always)]
        |dy, y| if y > 0.0 { dy } else { slope * dy },
    );
}

/// The hyperbolic tangent, within [`TANGENT_ULPS`](exponential::TANGENT_ULPS).
pub fn tanh(instructions: InstructionSet, values: &mut [f32]) {
    map(instructions, values, exponential::hyperbolic_tangent);
}

/// Turns the gradient of the output of [`tanh`] into that of its input.
///
/// # Panics
/// If the lengths differ.
pub fn tanh_gradient(instructions: InstructionSet, output: &[f32], gradient: &mut [f32]) {
    zip(
        instructions,
        gradient,
        output,
        #[inline(always)]
        |dy, y| dy * (1.0 - y * y),
    );
}

/// The logistic function, within [`LOGISTIC_ULPS`](exponential::LOGISTIC_ULPS).
pub fn sigmoid(instructions: InstructionSet, values: &mut [f32]) {
    map(instructions, values, exponential::logistic);
}

/// Turns the gradient of the output of [`sigmoid`] into that of its input.
///
/// # Panics
/// If the lengths differ.
pub fn sigmoid_gradient(instructions: InstructionSet, output: &[f32], gradient: &mut [f32]) {
    zip(
        instructions,
        gradient,
        output,
        #[inline(always)]
        |dy, y| dy * (y * (1.0 - y)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Vec<f32> {
        (0..64).map(|i| (i as f32 - 31.0) / 8.0).collect()
    }

    #[test]
    fn values_and_gradients_by_hand() {
        for instructions in InstructionSet::available() {
            let mut values = [-2.0, -0.0, 0.0, 3.0].repeat(4);
            let mut gradient = [5.0, 6.0, 7.0, 8.0].repeat(4);
            relu(instructions, &mut values);
            assert_eq!(values, [0.0, 0.0, 0.0, 3.0].repeat(4));
            relu_gradient(instructions, &values, &mut gradient);
            assert_eq!(gradient, [0.0, 0.0, 0.0, 8.0].repeat(4));

            let mut values = [-2.0, -0.0, 0.0, 3.0].repeat(4);
            let mut gradient = [5.0, 6.0, 7.0, 8.0].repeat(4);
            leaky_relu(instructions, 0.25, &mut values);
            assert_eq!(values, [-0.5, 0.0, 0.0, 3.0].repeat(4));
            leaky_relu_gradient(instructions, 0.25, &values, &mut gradient);
            assert_eq!(gradient, [1.25, 1.5, 1.75, 8.0].repeat(4));

            let mut gradient = vec![4.0; 16];
            tanh_gradient(instructions, &[0.5; 16], &mut gradient);
            assert_eq!(gradient, [3.0; 16]);
            let mut gradient = vec![4.0; 16];
            sigmoid_gradient(instructions, &[0.25; 16], &mut gradient);
            assert_eq!(gradient, [0.75; 16]);
        }
    }

    /// Vector code gives the bits of the scalar functions, which have no fused operations.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for instructions in InstructionSet::available() {
            let (mut tangents, mut logistics) = (values(), values());
            tanh(instructions, &mut tangents);
            sigmoid(instructions, &mut logistics);
            for ((x, tangent), logistic) in values().into_iter().zip(tangents).zip(logistics) {
                assert_eq!(tangent.to_bits(), exponential::hyperbolic_tangent(x).to_bits());
                assert_eq!(logistic.to_bits(), exponential::logistic(x).to_bits());
            }
        }
    }
}
