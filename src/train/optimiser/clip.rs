//! Clipping of gradients: by their common norm, or each entry by itself.
//!
//! By the norm (Pascanu, Mikolov, Bengio 2013, Algorithm 1): with c = limit / (‖g‖₂ + 10⁻⁶), the gradient
//! becomes min(c, 1)·g, so that it keeps its direction; the 10⁻⁶ is PyTorch's. The factor is applied within
//! the update. A gradient with an entry that is not finite has no direction: it becomes NaN as a whole, never
//! an unclipped step.

use std::fmt;

use crate::simd::vectorised;

/// How gradients are clipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// Not at all.
    #[default]
    None,
    /// The Euclidean norm of all gradients together is at most this.
    Norm(f64),
    /// The absolute value of each entry is at most this.
    Value(f64),
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clip::None => f.write_str("none"),
            Clip::Norm(norm) => write!(f, "norm {norm}"),
            Clip::Value(value) => write!(f, "each entry {value}"),
        }
    }
}

impl Clip {
    /// By what to multiply each entry, and how large it may then be.
    pub(super) fn coefficients(self, gradients: &[f32]) -> (f32, f32) {
        match self {
            Clip::None => (1.0, f32::INFINITY),
            Clip::Norm(limit) => {
                let norm = euclidean_norm(gradients);
                // `min` would drop a NaN, and then nothing would be clipped.
                let scale = if norm.is_finite() { (limit / (norm + 1e-6)).min(1.0) } else { f64::NAN };
                (scale as f32, f32::INFINITY)
            }
            Clip::Value(limit) => (1.0, limit as f32),
        }
    }
}

/// The Euclidean norm √Σx².
///
/// The squares are summed in `f64`, in one order on every machine.
pub fn euclidean_norm(vector: &[f32]) -> f64 {
    /// So many sums that their additions do not wait for each other.
    const SUMS: usize = 64;
    let square = |x: &f32| f64::from(*x) * f64::from(*x);
    let (blocks, rest) = vector.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    vectorised(
        #[inline(always)]
        || {
            for block in blocks {
                for (sum, x) in sums.iter_mut().zip(block) {
                    *sum += square(x);
                }
            }
        },
    );
    let total: f64 = sums.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>();
    total.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_small_integers_are_exact() {
        // 3² + 4² + 12² + 84² = 85²; then 100 entries of 2, in blocks and rest: 400 = 20².
        assert_eq!(euclidean_norm(&[3.0, -4.0, 12.0, -84.0]), 85.0);
        assert_eq!(euclidean_norm(&[2.0; 100]), 20.0);
        assert_eq!(euclidean_norm(&[]), 0.0);
        // The square of the largest f32 is no f32.
        assert_eq!(euclidean_norm(&[f32::MAX]), f64::from(f32::MAX));
    }

    #[test]
    fn short_gradients_stay_and_long_ones_shrink_to_the_limit() {
        let gradient = [3.0, 4.0];
        assert_eq!(Clip::Norm(10.0).coefficients(&gradient), (1.0, f32::INFINITY));
        // 2.5 / (5 + 10⁻⁶), one division and one rounding to f32.
        assert_eq!(Clip::Norm(2.5).coefficients(&gradient), ((2.5_f64 / 5.000_001) as f32, f32::INFINITY));
        for bad in [f32::NAN, f32::INFINITY] {
            assert!(Clip::Norm(2.5).coefficients(&[bad, 4.0]).0.is_nan());
        }
        assert_eq!(Clip::Value(2.5).coefficients(&gradient), (1.0, 2.5));
        assert_eq!(Clip::None.coefficients(&gradient), (1.0, f32::INFINITY));
    }
}
