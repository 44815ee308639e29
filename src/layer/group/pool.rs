//! Pooling over the group: over all orientations, or over the cosets of a subgroup.
//!
//! From functions on H/K to functions on H/L, K ≤ L: the value at hL is the maximum, mean or sum over the
//! cosets gK that lie in hL. With L = H it is the invariant of each field, a single channel. It commutes with
//! H, as g takes the cosets in hL to those in ghL. The gradient of a maximum goes to the first of equals.
//!
//! Cost: one pass over the input. Source: T. Cohen, M. Welling, *Group equivariant convolutional networks*,
//! 2016, section 6.4. Theorems `coset_pool_equivariant`, `coset_pool_invariant` of `proofs/`.

use ndarray::{ArrayD, IxDyn};

use super::super::{
    Gradients, Layer, LayerError, Mode, OutputType, Reduction, check_backward, check_weights, equivariance,
    shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// The maximum, mean or sum over cosets: (batch, channels, space…), with or without axes of space, to as many
/// fields of another type.
///
/// ```
/// use equivariant::layer::{GroupPool, Layer, Reduction};
/// use equivariant::signal::{FeatureType, GridGroup};
///
/// let d4 = GridGroup::d4();
/// let maps = FeatureType::regular(&d4, 10);
/// let invariant = GroupPool::over_group(maps.clone(), Reduction::Maximum);
/// assert_eq!(invariant.output_shape(&[2, 80, 4, 4])?, [2, 10, 4, 4]);
/// // Over each rotation and its mirror image: what is left moves as the quarter turns do.
/// let rotations = FeatureType::quotient(&d4, &[0, 4], 10)?;
/// let pool = GroupPool::new(maps, rotations, Reduction::Mean);
/// assert_eq!(pool.output_shape(&[2, 80, 4, 4])?, [2, 40, 4, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupPool {
    /// The type of the input: functions on H/K.
    pub from: FeatureType,
    /// The type of the output: as many functions on H/L, with a larger stabiliser.
    pub to: FeatureType,
    /// How many consecutive fields are pooled as one: 1, or a quarter of the orientations of steerable
    /// fields.
    pub together: usize,
    /// Maximum, mean or sum.
    pub reduction: Reduction,
}

impl GroupPool {
    /// Over the whole group: one channel is left of each field.
    pub fn over_group(from: FeatureType, reduction: Reduction) -> Self {
        let to = FeatureType::trivial(from.group(), from.fields());
        Self::new(from, to, reduction)
    }

    /// Over the cosets of one type that lie in a coset of the other.
    pub fn new(from: FeatureType, to: FeatureType, reduction: Reduction) -> Self {
        GroupPool { from, to, together: 1, reduction }
    }

    /// Over all orientations of fields that have so many, which are `orientations / 4` regular fields of C4
    /// each: see [`SteerableBank`](super::SteerableBank).
    ///
    /// ```
    /// use equivariant::layer::{GroupPool, Layer, Reduction};
    /// use equivariant::signal::{FeatureType, GridGroup};
    ///
    /// let maps = FeatureType::regular(&GridGroup::c4(), 3 * 2);
    /// let pool = GroupPool::over_orientations(maps, 8, Reduction::Maximum);
    /// assert_eq!(pool.output_shape(&[5, 24, 1, 1])?, [5, 3, 1, 1]);
    /// # Ok::<(), equivariant::layer::LayerError>(())
    /// ```
    pub fn over_orientations(from: FeatureType, orientations: usize, reduction: Reduction) -> Self {
        let together = orientations / 4;
        let to = FeatureType::trivial(from.group(), from.fields() / together.max(1));
        GroupPool { from, to, together, reduction }
    }

    /// For each channel of a field of the output, those of a field of the input, or of the fields pooled as
    /// one, over which it is taken.
    ///
    /// # Errors
    /// If the output's type is not one of larger cosets of as many fields.
    pub fn sets(&self) -> Result<Vec<Vec<usize>>, LayerError> {
        let (from, to) = (&self.from, &self.to);
        let stabiliser = &from.cosets()[0];
        let larger = stabiliser.iter().all(|a| to.cosets()[0].contains(a));
        if self.together == 0 || !from.fields().is_multiple_of(self.together) {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the number of fields pooled as one",
                expected: format!("a divisor of {}", from.fields()),
                found: self.together.to_string(),
            });
        }
        let fields = from.fields() / self.together;
        if from.group() != to.group() || fields != to.fields() || !larger {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the output type",
                expected: format!("{fields} fields on cosets that are unions of those of {from}"),
                found: to.to_string(),
            });
        }
        let size = self.from.size();
        let within = |coset: &Vec<usize>| {
            let inside = |&channel: &usize| coset.contains(&from.cosets()[channel % size][0]);
            (0..self.together * size).filter(inside).collect()
        };
        Ok(to.cosets().iter().map(within).collect())
    }
}

impl Layer for GroupPool {
    fn name(&self) -> String {
        format!("{} over cosets, {} → {}", self.reduction.name(), self.from, self.to)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.sets()?;
        if input.get(1) != Some(&self.from.channels()) {
            let expected = format!("(batch, {}, length…)", self.from.channels());
            let suggestion = format!("the channels are those of {}", self.from);
            return Err(shape_error(self, expected, input, suggestion));
        }
        let mut shape = input.to_vec();
        shape[1] = self.to.channels();
        Ok(shape)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.output_shape(input)?;
        if *from != self.from {
            return Err(equivariance::broken(
                self,
                from,
                format!("it pools {}, but {from} arrive", self.from),
                "pool the type that arrives",
            ));
        }
        let because = "cosets are moved as a whole".to_owned();
        Ok(OutputType { feature: self.to.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let (shape, members) = (self.output_shape(x.shape())?, self.members()?);
        check_weights(self, weights)?;
        Ok(ArrayD::from_shape_fn(shape, |place| {
            let channels = &members[place[1]];
            let entries = channels.iter().map(|&channel| x[&in_channel(&place, channel)].clone());
            self.reduction.apply(entries, channels.len())
        }))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let members = self.members()?;
        let mut input = ArrayD::from_elem(x.raw_dim(), S::zero());
        for (place, gradient) in output_gradient.indexed_iter() {
            let entry = |&channel: &usize| (x[&in_channel(&place, channel)].clone(), channel);
            let entries: Vec<_> = members[place[1]].iter().map(entry).collect();
            self.reduction.spread(&entries, entries.len(), gradient, &mut |channel, part| {
                input[&in_channel(&place, channel)].add_in_place(part);
            });
        }
        Ok(Gradients { input, weights: Vec::new() })
    }
}

/// The same place of another channel.
fn in_channel(place: &IxDyn, channel: usize) -> IxDyn {
    let mut place = place.clone();
    place[1] = channel;
    place
}

impl GroupPool {
    /// For each channel of the output, those of the input over which it is taken.
    fn members(&self) -> Result<Vec<Vec<usize>>, LayerError> {
        let sets = self.sets()?;
        let of_field = |field: usize| {
            let channel = move |channel: &usize| field * self.together * self.from.size() + channel;
            sets.iter().map(move |set| set.iter().map(channel).collect())
        };
        Ok((0..self.to.fields()).flat_map(of_field).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::laws;
    use super::*;
    use crate::group::{C4, D4};
    use crate::signal::GridGroup;
    use crate::verify::prove;

    const REDUCTIONS: [Reduction; 3] = [Reduction::Maximum, Reduction::Mean, Reduction::Sum];

    #[test]
    fn commutes_with_the_group() {
        let d4 = GridGroup::d4();
        let maps = FeatureType::regular(&d4, 2);
        for stabiliser in [vec![], vec![4], vec![2], vec![1], vec![2, 4], vec![1, 4]] {
            let to = FeatureType::quotient(&d4, &d4.generated_by(&stabiliser), 2).unwrap();
            for reduction in REDUCTIONS {
                let pool = GroupPool::new(maps.clone(), to.clone(), reduction);
                laws::gradient(&pool, &[2, 16, 2, 3]);
                laws::gradient(&pool, &[3, 16]);
                assert_eq!(pool.output_type(&[1, 16, 2, 2], &maps).unwrap().feature, to);
                prove(pool).on([1, 16, 2, 2]).commutes_with(D4, maps.on_maps(), to.on_maps()).assert();
            }
        }
    }

    #[test]
    fn fields_pooled_as_one() {
        let c4 = GridGroup::c4();
        let maps = FeatureType::regular(&c4, 4);
        let halves = FeatureType::quotient(&c4, &[0, 2], 2).unwrap();
        for reduction in REDUCTIONS {
            let pool = GroupPool::over_orientations(maps.clone(), 8, reduction);
            let partly = GroupPool { to: halves.clone(), ..pool.clone() };
            for pool in [pool, partly] {
                laws::gradient(&pool, &[2, 16, 2, 1]);
                let to = pool.to.on_maps();
                prove(pool).on([1, 16, 2, 2]).commutes_with(C4, maps.on_maps(), to).assert();
            }
        }
        let x = ArrayD::from_shape_fn(IxDyn(&[1, 16]), |place| place[1] as f64);
        let pool = GroupPool::over_orientations(maps.clone(), 8, Reduction::Maximum);
        let pooled = pool.forward(&x, &[], Mode::Inference).unwrap();
        assert_eq!(pooled.into_raw_vec_and_offset().0, [7.0, 15.0]);
        let wrong = GroupPool::over_orientations(maps, 12, Reduction::Maximum);
        let error = wrong.output_shape(&[1, 16]).unwrap_err().to_string();
        assert!(error.ends_with("pooled as one must be a divisor of 4, found 3"), "{error}");
    }

    #[test]
    fn the_first_of_equals_gets_the_gradient() {
        let maps = FeatureType::regular(&GridGroup::c4(), 1);
        let x = ArrayD::from_shape_vec(IxDyn(&[1, 4]), vec![1.0, 3.0, 3.0, 2.0]).unwrap();
        let one = ArrayD::from_elem(IxDyn(&[1, 1]), 1.0);
        let gradient = |reduction| {
            let pool = GroupPool::over_group(maps.clone(), reduction);
            let pooled = pool.forward(&x, &[], Mode::Inference).unwrap();
            let gradient = pool.backward(&x, &[], Mode::Inference, &one).unwrap().input;
            (pooled[[0, 0]], gradient.into_raw_vec_and_offset().0)
        };
        assert_eq!(gradient(Reduction::Maximum), (3.0, vec![0.0, 1.0, 0.0, 0.0]));
        assert_eq!(gradient(Reduction::Mean), (2.25, vec![0.25; 4]));
        assert_eq!(gradient(Reduction::Sum), (9.0, vec![1.0; 4]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let d4 = GridGroup::d4();
        let (maps, pairs) = (FeatureType::regular(&d4, 2), FeatureType::quotient(&d4, &[0, 4], 2).unwrap());
        let wrong = GroupPool::new(pairs, maps.clone(), Reduction::Mean);
        let error = wrong.output_shape(&[1, 8, 3, 3]).unwrap_err().to_string();
        assert!(error.ends_with("found 2 regular fields of D4"), "{error}");
        let pool = GroupPool::over_group(maps, Reduction::Mean);
        let error = pool.output_shape(&[1, 8, 3, 3]).unwrap_err().to_string();
        assert!(error.ends_with("the channels are those of 2 regular fields of D4"), "{error}");
    }
}
