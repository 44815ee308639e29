//! The gradient of max pooling, on the widest vectors of the machine.
//!
//! The place of a maximum is found again by comparing the entries of its window with the output. The first
//! that is equal takes the gradient and leaves nothing to the others: no branch, so that all lanes go along.
//! Cost: one comparison and two selections for each entry of each window.

use pulp::{Simd, WithSimd};

use super::windows::Windows;
use crate::executor::layout::LANES;

/// Whether the entry x of a window is its maximum y. The window of a NaN has the maximum NaN.
#[inline(always)]
fn is_maximum<S: Simd>(simd: S, x: S::f32s, y: S::f32s) -> S::m32s {
    simd.or_m32s(simd.equal_f32s(x, y), simd.not_m32s(simd.equal_f32s(x, x)))
}

/// The operation of [`LanePooling::max_gradient`](super::LanePooling::max_gradient).
pub(super) struct MaxGradient<'a> {
    pub(super) windows: &'a Windows,
    pub(super) input: &'a [f32],
    pub(super) output: &'a [f32],
    pub(super) output_gradient: &'a [f32],
    pub(super) input_gradient: &'a mut [f32],
}

impl WithSimd for MaxGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let parts = LANES / S::F32_LANES;
        let zero = simd.splat_f32s(0.0);
        self.input_gradient.fill(0.0);
        let (x, _) = S::as_simd_f32s(self.input);
        let (dx, _) = S::as_mut_simd_f32s(self.input_gradient);
        let (y, _) = S::as_simd_f32s(self.output);
        let (dy, _) = S::as_simd_f32s(self.output_gradient);
        let (inputs, outputs) = (self.windows.inputs() * parts, self.windows.len() * parts);
        let channels = x.chunks_exact(inputs).zip(dx.chunks_exact_mut(inputs));
        for ((x, dx), (y, dy)) in channels.zip(y.chunks_exact(outputs).zip(dy.chunks_exact(outputs))) {
            let positions = y.chunks_exact(parts).zip(dy.chunks_exact(parts));
            for (window, (y, dy)) in self.windows.iter().zip(positions) {
                for part in 0..parts {
                    // What no place has taken yet.
                    let mut left = dy[part];
                    for &entry in window {
                        let at = entry as usize * parts + part;
                        let here = is_maximum(simd, x[at], y[part]);
                        dx[at] = simd.add_f32s(dx[at], simd.select_f32s(here, left, zero));
                        left = simd.select_f32s(here, zero, left);
                    }
                }
            }
        }
    }
}

/// The operation of [`LanePooling::max_gradient_in_place`](super::LanePooling::max_gradient_in_place).
pub(super) struct MaxGradientInPlace<'a> {
    pub(super) windows: &'a Windows,
    pub(super) outside: &'a [u32],
    pub(super) input: &'a mut [f32],
    pub(super) output: &'a [f32],
    pub(super) output_gradient: &'a [f32],
}

impl WithSimd for MaxGradientInPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let parts = LANES / S::F32_LANES;
        let zero = simd.splat_f32s(0.0);
        let (x, _) = S::as_mut_simd_f32s(self.input);
        let (y, _) = S::as_simd_f32s(self.output);
        let (dy, _) = S::as_simd_f32s(self.output_gradient);
        let (inputs, outputs) = (self.windows.inputs() * parts, self.windows.len() * parts);
        let channels = x.chunks_exact_mut(inputs).zip(y.chunks_exact(outputs).zip(dy.chunks_exact(outputs)));
        for (x, (y, dy)) in channels {
            let positions = y.chunks_exact(parts).zip(dy.chunks_exact(parts));
            for (window, (y, dy)) in self.windows.iter().zip(positions) {
                for part in 0..parts {
                    let mut left = dy[part];
                    for &entry in window {
                        let x = &mut x[entry as usize * parts + part];
                        let here = is_maximum(simd, *x, y[part]);
                        *x = simd.select_f32s(here, left, zero);
                        left = simd.select_f32s(here, zero, left);
                    }
                }
            }
            for &entry in self.outside {
                x[entry as usize * parts..][..parts].fill(zero);
            }
        }
    }
}
