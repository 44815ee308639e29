//! The exponential moving average of weights: ā ← ā + w·(θ − ā), one fused pass.
//!
//! The weight w of the newest value after t updates is one of
//! - `(1−d)/(1−dᵗ)`: the average Σ dᵗ⁻ⁱ θᵢ / Σ dᵗ⁻ⁱ without the bias towards its beginning (Kingma and Ba
//!   2015, section 3, has the same correction; here the corrected average itself is kept),
//! - `1 − min(d, t/(9+t))`: a decay that warms up, as in TensorFlow's `ExponentialMovingAverage`.
//!
//! Both have w = 1 or nearly so at first, so that early weights are soon forgotten. Source of averaging
//! weights: Polyak and Juditsky 1992.

use crate::simd::vectorised;

/// How an average begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// The weights of all values sum to 1.
    Corrected,
    /// The decay grows from 1/10 to its final value.
    WarmUp,
}

/// A moving average of a flat vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    pub(super) decay: f64,
    pub(super) beginning: Beginning,
    pub(super) updates: u64,
    pub(super) values: Vec<f32>,
}

impl Average {
    /// The average of nothing yet, for vectors of this length.
    ///
    /// # Panics
    /// If the decay does not lie in [0, 1).
    pub fn new(decay: f64, beginning: Beginning, len: usize) -> Self {
        assert!((0.0..1.0).contains(&decay), "the decay of an average must lie in [0, 1), found {decay}");
        Average { decay, beginning, updates: 0, values: vec![0.0; len] }
    }

    /// Takes the newest value into the average.
    ///
    /// # Panics
    /// If it has another length.
    pub fn update(&mut self, newest: &[f32]) {
        assert_eq!(newest.len(), self.values.len(), "the average is of vectors of another length");
        self.updates += 1;
        if self.updates == 1 {
            self.values.copy_from_slice(newest);
            return;
        }
        let weight = self.weight() as f32;
        let values = &mut self.values;
        vectorised(
            #[inline(always)]
            || {
                for (value, newest) in values.iter_mut().zip(newest) {
                    *value = weight.mul_add(newest - *value, *value);
                }
            },
        );
    }

    /// The average, zero before the first update.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// How many values it has taken in.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The weight of the newest value.
    fn weight(&self) -> f64 {
        match self.beginning {
            Beginning::Corrected => {
                let power = i32::try_from(self.updates).unwrap_or(i32::MAX);
                (1.0 - self.decay) / (1.0 - self.decay.powi(power))
            }
            Beginning::WarmUp => {
                let updates = self.updates as f64;
                1.0 - self.decay.min(updates / (9.0 + updates))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_average_weighs_all_values() {
        // d = 1/2: (θ₁ + 2θ₂ + 4θ₃)/7 of 7, 14, 21 (and their negatives) is 119/7 = 17. On the way (7 +
        // 28)/3 = 35/3. Weights 2/3 and 4/7 and the values are rounded: fewer than 8 roundings of numbers
        // below 32.
        let mut average = Average::new(0.5, Beginning::Corrected, 2);
        for value in [7.0, 14.0, 21.0] {
            average.update(&[value, -value]);
        }
        let bound = 8.0 * f32::EPSILON / 2.0 * 32.0;
        assert!((average.values()[0] - 17.0).abs() <= bound, "{}", average.values()[0]);
        assert_eq!(average.values()[1], -average.values()[0]);
        assert_eq!(average.updates(), 3);
    }

    #[test]
    fn a_warm_up_ends_at_the_decay() {
        // At the second update the decay is min(1/8, 2/11) = 1/8, so the average of 0 and 8 is 7, exactly.
        let mut average = Average::new(0.125, Beginning::WarmUp, 1);
        average.update(&[0.0]);
        average.update(&[8.0]);
        assert_eq!(average.values(), [7.0]);
        // With d near 1 it is 2/11: 8·9/11, one rounding of the weight, two of the update.
        let mut average = Average::new(0.999, Beginning::WarmUp, 1);
        average.update(&[0.0]);
        average.update(&[8.0]);
        assert!((average.values()[0] - 72.0 / 11.0).abs() <= 3.0 * f32::EPSILON / 2.0 * 8.0);
    }

    #[test]
    #[should_panic(expected = "must lie in [0, 1)")]
    fn a_decay_of_one_forgets_nothing_and_learns_nothing() {
        Average::new(1.0, Beginning::Corrected, 1);
    }
}
