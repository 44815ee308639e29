//! Values of a pixel image between its pixels: nearest, bilinear and bicubic.
//!
//! Pixels sit at integer coordinates and the image is zero outside its frame. A value between them is
//! `x(r, c) = Σ_{i,j} k(r − i) · k(c − j) · x[i, j]` with an even kernel `k` that is 1 at zero and 0 at the
//! other integers, so that at the pixels themselves the image is met exactly.
//!
//! Cost: 1, 4 or 16 products a value. Source of the cubic kernel (a = −1/2, which reproduces quadratics):
//! R. Keys, *Cubic convolution interpolation for digital image processing*, IEEE Trans. ASSP 29 (1981), §II.

use std::fmt;

use ndarray::ArrayView2;
use num_traits::Float;

/// How an image is read between its pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// The value of the nearest pixel; of two equally near ones, the later.
    Nearest,
    /// Linear in each coordinate, from the 2 × 2 pixels around.
    #[default]
    Bilinear,
    /// Keys' cubic convolution with a = −1/2, from the 4 × 4 pixels around.
    Bicubic,
}

impl Interpolation {
    /// All three, from coarse to smooth.
    pub const ALL: [Self; 3] = [Self::Nearest, Self::Bilinear, Self::Bicubic];

    /// The value of the image at `(row, column)`, both counted in pixels from the first.
    ///
    /// # Panics
    /// If a coordinate is not a number.
    pub fn sample(self, image: ArrayView2<'_, f64>, row: f64, column: f64) -> f64 {
        assert!(!row.is_nan() && !column.is_nan(), "the pixel at ({row}, {column})");
        // No kernel reaches further than two pixels.
        let out_of_reach = |position: f64, extent: usize| position <= -2.0 || position >= extent as f64 + 1.0;
        if out_of_reach(row, image.nrows()) || out_of_reach(column, image.ncols()) {
            return 0.0;
        }
        let (first_row, row_weights) = self.taps(row);
        let (first_column, column_weights) = self.taps(column);
        let mut value = 0.0;
        for (i, row_weight) in (first_row..).zip(row_weights) {
            for (j, column_weight) in (first_column..).zip(column_weights) {
                // A pixel of no weight is not read, so that an infinite one spoils nothing.
                if row_weight != 0.0 && column_weight != 0.0 {
                    value += row_weight * column_weight * pixel(image, i, j);
                }
            }
        }
        value
    }

    /// The first of the four integers around `position`, and the weight of each of them.
    fn taps(self, position: f64) -> (i64, [f64; 4]) {
        let below = match self {
            Self::Nearest => (position + 0.5).floor(),
            Self::Bilinear | Self::Bicubic => position.floor(),
        };
        (below as i64 - 1, self.weights(position - below))
    }

    /// The weights of four neighbouring pixels at a place that is t behind the second, −1/2 ≤ t < 1.
    #[inline(always)]
    pub(crate) fn weights<T: Float>(self, t: T) -> [T; 4] {
        let (zero, half, one) = (T::zero(), T::one() / (T::one() + T::one()), T::one());
        match self {
            Self::Nearest if t < half => [zero, one, zero, zero],
            Self::Nearest => [zero, zero, one, zero],
            Self::Bilinear => [zero, one - t, t, zero],
            Self::Bicubic => {
                let (two, three_halves) = (one + one, one + half);
                [
                    t * (t * (one - half * t) - half),
                    one + t * t * (three_halves * t - (two + half)),
                    t * (half + t * (two - three_halves * t)),
                    t * t * (half * t - half),
                ]
            }
        }
    }
}

impl fmt::Display for Interpolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
        })
    }
}

fn pixel(image: ArrayView2<'_, f64>, row: i64, column: i64) -> f64 {
    let inside = usize::try_from(row).ok().zip(usize::try_from(column).ok());
    inside.and_then(|at| image.get(at)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_pixels_are_met_exactly_and_outside_is_zero() {
        let image = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        for interpolation in Interpolation::ALL {
            for ((i, j), &value) in image.indexed_iter() {
                assert_eq!(interpolation.sample(image.view(), i as f64, j as f64), value);
            }
            for (row, column) in
                [(-1.0, 1.0), (-2.0, 1.0), (1.0, 3.0), (1.0, 1e300), (f64::NEG_INFINITY, 0.0)]
            {
                assert_eq!(interpolation.sample(image.view(), row, column), 0.0);
            }
        }
    }

    #[test]
    fn halves_between_two_pixels() {
        let image = array![[0.0, 0.0, 1.0, 0.0, 0.0]];
        let at = |interpolation: Interpolation, column| interpolation.sample(image.view(), 0.0, column);
        assert_eq!([1.5, 2.5].map(|c| at(Interpolation::Nearest, c)), [1.0, 0.0]);
        assert_eq!([1.5, 2.5].map(|c| at(Interpolation::Bilinear, c)), [0.5, 0.5]);
        // Keys' kernel at 1/2 is 1 − 5/2·1/4 + 3/2·1/8 = 9/16,
        // and at 3/2 it is 2 − 4·3/2 + 5/2·9/4 − 1/2·27/8 = −1/16.
        assert_eq!(
            [0.5, 1.5, 2.5, 3.5].map(|c| at(Interpolation::Bicubic, c)),
            [-1.0 / 16.0, 9.0 / 16.0, 9.0 / 16.0, -1.0 / 16.0]
        );
    }

    proptest! {
        /// Nearest reproduces constants, bilinear planes and bicubic quadratics, away from the border.
        /// The coordinates are dyadic (in 64ths), so that every sum below is exact: a cubic weight is a
        /// multiple of 2⁻¹⁹, a product of two of 2⁻³⁸, and all values stay under 2¹².
        #[test]
        fn polynomials_are_reproduced(
            (row, column) in (128_i32..256, 128_i32..256),
            (a, b) in (-4_i32..5, -4_i32..5),
        ) {
            let (r, c) = (f64::from(row) / 64.0, f64::from(column) / 64.0);
            let (a, b) = (f64::from(a), f64::from(b));
            let image =
                |f: &dyn Fn(f64, f64) -> f64| Array2::from_shape_fn((7, 7), |(i, j)| f(i as f64, j as f64));
            let constant = |_: f64, _: f64| a;
            let plane = |r: f64, c: f64| a * r + b * c + 1.0;
            let quadratic = |r: f64, c: f64| a * r * r + b * r * c - c * c;
            prop_assert_eq!(Interpolation::Nearest.sample(image(&constant).view(), r, c), a);
            prop_assert_eq!(Interpolation::Bilinear.sample(image(&plane).view(), r, c), plane(r, c));
            prop_assert_eq!(Interpolation::Bicubic.sample(image(&quadratic).view(), r, c), quadratic(r, c));
        }
    }
}
