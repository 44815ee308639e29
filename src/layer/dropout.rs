//! Dropout: in training each entry is zero with probability p and scaled by 1/(1 − p) otherwise; at inference
//! nothing happens.
//!
//! So the mean over masks is the input. Which entries are dropped is a function of the seed and of the place
//! of the entry, not of any order of computation: entry e of sample n is dropped iff a mixed word of (seed,
//! n, e) is below p·2³². The mixing is the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, *Fast
//! splittable pseudorandom number generators*, 2014), applied to words in arithmetic progression. An *orbit*
//! of consecutive channels is dropped as one. Source: N. Srivastava et al., *Dropout*, 2014.

use ndarray::{ArrayD, Dimension};

use super::{
    Fraction, Gradients, Layer, LayerError, Mode, OutputType, Symmetry, check_backward, check_weights,
    equivariance,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// Dropout of entries, with probability `share`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dropout {
    /// The probability p of an entry to be dropped.
    pub share: Fraction,
    /// Consecutive channels whose entries at one place are dropped together.
    pub orbit: usize,
}

/// The odd word nearest to 2⁶⁴ divided by the golden ratio: steps by it spread evenly.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Whether an entry of a sample is dropped, with probability `threshold / 2³²`.
#[inline(always)]
pub fn drops(seed: u64, sample: u64, entry: u64, threshold: u32) -> bool {
    let place = (sample << 32).wrapping_add(entry);
    let mut word = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(GOLDEN));
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((word ^ (word >> 31)) >> 32) < u64::from(threshold)
}

impl Dropout {
    /// With this probability, every entry by itself.
    pub fn new(share: Fraction) -> Self {
        Dropout { share, orbit: 1 }
    }

    /// With the entries of so many consecutive channels dropped together.
    #[must_use]
    pub fn orbit(mut self, orbit: usize) -> Self {
        self.orbit = orbit;
        self
    }

    /// p·2³², rounded down.
    pub fn threshold(&self) -> u32 {
        (self.share.to::<f64>() * 2f64.powi(32)) as u32
    }

    fn masked<S: Scalar>(&self, x: &ArrayD<S>, mode: Mode) -> ArrayD<S> {
        let Mode::Training { seed } = mode else { return x.clone() };
        let (threshold, scale) = (self.threshold(), self.share.complement().inverse().to::<S>());
        let shape = x.shape().to_vec();
        let space: usize = shape.iter().skip(2).product();
        ArrayD::from_shape_fn(x.raw_dim(), |index| {
            let index = index.slice();
            let channel = index.get(1).copied().unwrap_or(0) / self.orbit;
            let place = index.iter().zip(&shape).skip(2).fold(0, |place, (i, extent)| place * extent + i);
            if drops(seed, index[0] as u64, (channel * space + place) as u64, threshold) {
                S::zero()
            } else {
                x[index].clone() * scale.clone()
            }
        })
    }
}

impl Layer for Dropout {
    fn name(&self) -> String {
        match self.orbit {
            1 => format!("dropout {}", self.share),
            orbit => format!("dropout {} in orbits of {orbit}", self.share),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let setting = |setting, expected: &str, found: String| {
            Err(LayerError::Setting { layer: self.name(), setting, expected: expected.to_owned(), found })
        };
        if !self.share.is_share() {
            return setting("the share", "at least 0 and less than 1", self.share.to_string());
        }
        if self.orbit == 0 || !input.get(1).is_none_or(|channels| channels.is_multiple_of(self.orbit)) {
            return setting("the orbit", "a divisor of the channels", self.orbit.to_string());
        }
        Ok(input.to_vec())
    }

    /// What is kept at inference; in training a mask does not move with the input.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        Ok(Symmetry::full(input.len().saturating_sub(2)))
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        equivariance::check_orbit(self, self.orbit, from)?;
        let because = "it does nothing at inference, and in training drops whole fields".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        Ok(self.masked(x, mode))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        Ok(Gradients { input: self.masked(output_gradient, mode), weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    #[test]
    fn gradients_are_exact() {
        laws::gradient(&Dropout::new(Fraction::new(1, 4)), &[3, 4, 5]);
        laws::gradient(&Dropout::new(Fraction::new(1, 3)).orbit(2), &[3, 4, 5]);
    }

    #[test]
    fn masks_have_the_right_share_and_differ() {
        let threshold = Dropout::new(Fraction::new(3, 10)).threshold();
        let mask = |seed: u64| (0..40_000_u64).map(move |i| drops(seed, i / 100, i % 100, threshold));
        let dropped = mask(1).filter(|dropped| *dropped).count() as f64;
        // Five deviations of a binomial of 40,000 with p = 0.3: 5·√(40,000·0.3·0.7) = 458.
        assert!((dropped - 12_000.0).abs() < 459.0, "{dropped}");
        let both = mask(1).zip(mask(2)).filter(|(a, b)| *a && *b).count() as f64;
        // Independent masks: p = 0.09, 5·√(40,000·0.09·0.91) = 286.
        assert!((both - 3_600.0).abs() < 287.0, "{both}");
    }

    #[test]
    fn orbits_are_dropped_together() {
        let layer = Dropout::new(Fraction::new(1, 2)).orbit(2);
        let y = layer.forward(&ArrayD::<f64>::ones(vec![3, 4, 9]), &[], Mode::Training { seed: 3 }).unwrap();
        for sample in y.outer_iter() {
            assert_eq!(sample.index_axis(ndarray::Axis(0), 0), sample.index_axis(ndarray::Axis(0), 1));
        }
        assert!(y.iter().any(|entry| *entry == 0.0) && y.iter().any(|entry| *entry == 2.0));
        let told = |layer: Dropout| layer.output_shape(&[1, 3]).unwrap_err().to_string();
        assert!(told(layer).ends_with("the orbit must be a divisor of the channels, found 2"));
        assert!(told(Dropout::new(Fraction::ONE)).ends_with("must be at least 0 and less than 1, found 1"));
    }
}
