//! How far the scores of a network change when images are turned by quarters or mirrored: what its layers
//! prove, and what is measured.
//!
//! The argument of the layers ([`Equivariance`]) is for all weights and images; the measurement, on some
//! images with these weights, is the largest relative error over them, beside the rounding noise of the
//! scores themselves, as [`measure`](crate::verify::measure()) has it. Cost: nine predictions of
//! [`MEASURED_IMAGES`].

use ndarray::{Array2, ArrayRef, ArrayView1, ArrayViewD, Axis, Ix4};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::executor::Executor;
use crate::layer::LayerError;
use crate::network::{Equivariance, Network, Weights};
use crate::signal::{FeatureType, GridGroup};

/// Images on which it is measured, at most: the first ones.
pub const MEASURED_IMAGES: usize = 16;

/// What is known of the invariance of a network under the symmetries of the square.
#[derive(Clone, Debug, PartialEq)]
pub struct Invariance {
    /// The largest of C4 and D4 under which the layers tell that the network is invariant, for all weights
    /// and images.
    pub proved: Option<String>,
    /// Why it is not proved under C4, or under D4 if it is under C4.
    pub why_not: Option<String>,
    /// Largest relative change of the scores under quarter turns.
    pub turns: f64,
    /// Largest relative change of the scores under reflections.
    pub reflections: f64,
    /// The relative rounding noise of the scores.
    pub noise: f64,
}

impl Invariance {
    /// That of a network with these weights on square images (samples, channels, length, length); `None` if
    /// they are not square, or scores are zero or not finite.
    ///
    /// # Errors
    /// If images or weights do not fit.
    pub fn of(
        network: &Network,
        weights: &Weights,
        images: &ArrayRef<f32, Ix4>,
    ) -> Result<Option<Self>, LayerError> {
        let (samples, channels, height, width) = images.dim();
        if height != width || samples == 0 {
            return Ok(None);
        }
        let shape = [1, channels, height, width];
        let argue = |group: GridGroup| {
            let argument = Equivariance::of(network, &shape, &FeatureType::trivial(&group, channels));
            match argument {
                Ok(argument) if argument.is_invariant() => Ok(group.to_string()),
                Ok(argument) => Err(format!("the output moves as {}", argument.feature())),
                Err(error) => Err(error.to_string()),
            }
        };
        // Layers are typed for one group, so those of D4 have nothing to say of C4 alone.
        let (proved, why_not) = match (argue(GridGroup::d4()), argue(GridGroup::c4())) {
            (Ok(larger), _) => (Some(larger), None),
            (Err(why_not), Ok(smaller)) => (Some(smaller), Some(why_not)),
            (Err(_), Err(why_not)) => (None, Some(why_not)),
        };
        let images = images.slice_axis(Axis(0), (..samples.min(MEASURED_IMAGES)).into());
        let mut executor = Executor::new(network, &shape[1..])?;
        let mut scores = |images: ArrayViewD<'_, f32>| {
            let images = images.as_standard_layout();
            let mut scores = Array2::<f32>::zeros((images.len_of(Axis(0)), executor.outputs()));
            if let (Some(images), Some(scores)) = (images.as_slice(), scores.as_slice_mut()) {
                executor.predict(weights, images, scores);
            }
            scores.mapv(f64::from)
        };
        let still = scores(images.view().into_dyn());
        // Maxima below pass over what is no number.
        let says_nothing = |scores: ArrayView1<'_, f64>| {
            scores.iter().all(|&score| score == 0.0) || scores.iter().any(|score| !score.is_finite())
        };
        if still.outer_iter().any(says_nothing) {
            return Ok(None);
        }
        // The largest relative distance from it, over all images.
        let change = |moved: &Array2<f64>| {
            let changes = still.outer_iter().zip(moved.outer_iter()).map(|(still, moved)| {
                let square =
                    |scores: ArrayView1<'_, f64>| scores.iter().map(|score| score * score).sum::<f64>();
                (square((&moved - &still).view()) / square(still)).sqrt()
            });
            changes.fold(0.0, f64::max)
        };
        let (group, mut turns, mut reflections) = (GridGroup::d4(), 0.0, 0.0);
        for element in 1..group.order() {
            let moved = group.view(element, images.view().into_dyn());
            let moved = scores(moved.unwrap_or_else(|_| unreachable!("images have two axes of space")));
            let largest: &mut f64 = if element < 4 { &mut turns } else { &mut reflections };
            *largest = largest.max(change(&moved));
        }
        let mut random = ChaCha8Rng::seed_from_u64(0);
        // A pixel off by a random part of a unit in its last place.
        let noisy = images.mapv(|pixel| pixel * (1.0 + f32::EPSILON * random.random_range(-1.0..=1.0_f32)));
        let noise = change(&scores(noisy.view().into_dyn())).max(f64::from(f32::EPSILON) / 2.0);
        if !(turns + reflections + noise).is_finite() {
            return Ok(None);
        }
        Ok(Some(Invariance { proved, why_not, turns, reflections, noise }))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::layer::{Convolution, Flatten, GroupConvolution, GroupPool, Initialisation, Reduction};

    /// A layer from images of 4 × 4 to two scores, and the maximum over its orientations.
    fn network(group: &GridGroup) -> Network {
        let scores = FeatureType::regular(group, 2);
        Network::new()
            .then(GroupConvolution::new(FeatureType::trivial(group, 1), scores.clone(), [4, 4]))
            .then(GroupPool::over_group(scores, Reduction::Maximum))
            .then(Flatten)
    }

    #[test]
    fn what_is_proved_is_seen() {
        let images =
            Array4::from_shape_fn((2, 1, 4, 4), |(n, _, i, j)| ((n + 3 * i + j * j) % 7) as f32 / 7.0);
        let of = |network: Network| {
            let weights = Weights::initial(&network, Initialisation::He, 1);
            Invariance::of(&network, &weights, &images).unwrap().unwrap()
        };
        let plain = Network::new().then(Convolution::new(1, 2, [4, 4])).then(Flatten);
        // The thresholds of `measure`: 64 noise floors for rounding, 4096 for what cannot be.
        let (plain, p4, p4m) = (of(plain), of(network(&GridGroup::c4())), of(network(&GridGroup::d4())));
        assert!(plain.turns.min(plain.reflections) > 4096.0 * plain.noise, "{plain:?}");
        assert!(plain.proved.is_none() && plain.why_not.unwrap().contains("convolution 4×4, 1 → 2"));
        assert!(p4.turns <= 64.0 * p4.noise && p4.reflections > 4096.0 * p4.noise, "{p4:?}");
        assert!(p4m.turns.max(p4m.reflections) <= 64.0 * p4m.noise, "{p4m:?}");
        assert_eq!((p4.proved.as_deref(), p4m.proved.as_deref()), (Some("C4"), Some("D4")));
        assert!(p4m.why_not.is_none());
    }

    #[test]
    fn oblong_images_are_not_turned() {
        let images = Array4::zeros((1, 1, 28, 30));
        let network = Network::new();
        let weights = Weights::initial(&network, Initialisation::He, 1);
        assert_eq!(Invariance::of(&network, &weights, &images), Ok(None));
    }
}
