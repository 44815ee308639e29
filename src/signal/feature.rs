//! Feature types: by which permutation of its channels a feature map moves when the image is turned.
//!
//! A *field* of a group H is a function on the cosets H/K of a subgroup K: it has one channel for each coset,
//! and g ∈ H takes what is at coset hK to ghK, while it moves the pixels. K = {e} is the *regular* type, one
//! channel for each element (the orientations of p4 and p4m); K = H is the *trivial* one, a single channel
//! that only moves its pixels (an image); between them are the *quotient* types. A feature map consists of so
//! many fields of one type: channel `field · |H/K| + coset`.
//!
//! Cosets are numbered by their least elements. Cost: one pass over the array. Source: T. Cohen, M. Welling,
//! *Group equivariant convolutional networks*, 2016, section 4.4 and 6.3; for quotients their *Steerable
//! CNNs*, 2017, section 2.5.

use std::fmt;

use ndarray::{ArrayD, ArrayViewD, Axis};
use thiserror::Error;

use super::{ActionError, ArrayAction, Both, GridGroup, OnGrid, PointGroup};
use crate::group::FiniteGroup;
use crate::scalar::Ring;

/// A stabiliser that is no subgroup.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a quotient of {group} needs a subgroup, but the elements {found:?} generate {generated:?}")]
pub struct FeatureTypeError {
    group: String,
    found: Vec<usize>,
    generated: Vec<usize>,
}

/// So many fields of one type.
///
/// ```
/// use equivariant::signal::{FeatureType, GridGroup};
///
/// let d4 = GridGroup::d4();
/// let regular = FeatureType::regular(&d4, 10);
/// let image = FeatureType::trivial(&d4, 1);
/// // Functions on the cosets of the quarter turns: a pair of channels that reflections exchange.
/// let pairs = FeatureType::quotient(&d4, &[0, 1, 2, 3], 3)?;
/// assert_eq!([regular.channels(), image.channels(), pairs.channels()], [80, 1, 6]);
/// assert_eq!(regular.to_string(), "10 regular fields of D4");
/// # Ok::<(), equivariant::signal::FeatureTypeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeatureType {
    group: GridGroup,
    fields: usize,
    cosets: Vec<Vec<usize>>,
}

impl FeatureType {
    /// Fields with a channel for each element of the group.
    pub fn regular(group: &GridGroup, fields: usize) -> Self {
        Self::of_subgroup(group, &[0], fields)
    }

    /// Fields of one channel that only moves its pixels.
    pub fn trivial(group: &GridGroup, fields: usize) -> Self {
        Self::of_subgroup(group, &(0..group.order()).collect::<Vec<_>>(), fields)
    }

    /// Fields with a channel for each coset of this subgroup, given by the numbers of its elements.
    ///
    /// # Errors
    /// If these elements are no subgroup.
    ///
    /// # Panics
    /// If there are no such elements.
    pub fn quotient(
        group: &GridGroup,
        stabiliser: &[usize],
        fields: usize,
    ) -> Result<Self, FeatureTypeError> {
        let mut found = stabiliser.to_vec();
        found.sort_unstable();
        found.dedup();
        let generated = group.generated_by(&found);
        if found != generated {
            return Err(FeatureTypeError { group: group.to_string(), found, generated });
        }
        Ok(Self::of_subgroup(group, &found, fields))
    }

    fn of_subgroup(group: &GridGroup, stabiliser: &[usize], fields: usize) -> Self {
        let mut taken = vec![false; group.order()];
        let mut cosets = Vec::new();
        for element in 0..group.order() {
            if taken[element] {
                continue;
            }
            let mut coset: Vec<_> = stabiliser.iter().map(|&k| group.compose(element, k)).collect();
            coset.sort_unstable();
            coset.iter().for_each(|&member| taken[member] = true);
            cosets.push(coset);
        }
        FeatureType { group: group.clone(), fields, cosets }
    }

    /// So many fields of the same type.
    #[must_use]
    pub fn with_fields(&self, fields: usize) -> Self {
        FeatureType { fields, ..self.clone() }
    }

    /// The group.
    pub fn group(&self) -> &GridGroup {
        &self.group
    }

    /// The number of fields.
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// The cosets, as the numbers of their elements; the first is the stabiliser.
    pub fn cosets(&self) -> &[Vec<usize>] {
        &self.cosets
    }

    /// The channels of one field.
    pub fn size(&self) -> usize {
        self.cosets.len()
    }

    /// The channels of all fields.
    pub fn channels(&self) -> usize {
        self.fields * self.size()
    }

    /// Where an element takes a coset.
    ///
    /// # Panics
    /// If there is no such element or coset.
    pub fn image(&self, element: usize, coset: usize) -> usize {
        let image = self.group.compose(element, self.cosets[coset][0]);
        let found = self.cosets.iter().position(|coset| coset.binary_search(&image).is_ok());
        found.unwrap_or_else(|| unreachable!("every element lies in a coset"))
    }

    /// Whether nothing moves but pixels.
    pub fn is_trivial(&self) -> bool {
        self.size() == 1
    }

    /// Whether there is a channel for each element.
    pub fn is_regular(&self) -> bool {
        self.size() == self.group.order()
    }

    /// How the channels are permuted along an axis, counted from the end: 1 is the last one.
    ///
    /// # Panics
    /// If `axis_from_end` is 0.
    pub fn on_axis(&self, axis_from_end: usize) -> FieldChannels {
        assert!(axis_from_end > 0, "axes are counted from the end starting at 1, the last axis");
        FieldChannels { feature: self.clone(), axis_from_end }
    }

    /// How feature maps (…, channels, space…) move: their pixels and their channels.
    pub fn on_maps(&self) -> Both<OnGrid, FieldChannels> {
        Both(OnGrid, self.on_axis(self.group.axes() + 1))
    }

    /// How vectors (…, channels) move, which have no pixels.
    pub fn on_vectors(&self) -> FieldChannels {
        self.on_axis(1)
    }
}

impl fmt::Display for FeatureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_trivial() {
            "trivial".to_owned()
        } else if self.is_regular() {
            "regular".to_owned()
        } else {
            let members: Vec<_> = self.cosets[0].iter().map(|&a| self.group.element_name(a)).collect();
            format!("{}/{{{}}}", self.group, members.join(", "))
        };
        let plural = if self.fields == 1 { "" } else { "s" };
        write!(f, "{} {kind} field{plural} of {}", self.fields, self.group)
    }
}

/// The permutation of the channels of fields, along one axis.
///
/// A group acts through the elements of the type's group that move axes like its own: C4 also acts on fields
/// of D4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChannels {
    feature: FeatureType,
    axis_from_end: usize,
}

impl<G: FiniteGroup + PointGroup> ArrayAction<G> for FieldChannels {
    fn name(&self) -> String {
        format!("{} on axis −{}", self.feature, self.axis_from_end)
    }

    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let feature = &self.feature;
        let refused = |expected| ActionError::new(ArrayAction::<G>::name(self), expected, x.shape());
        let Some(element) = feature.group.element_of(&G::signed_axes(g)) else {
            return Err(refused(format!("elements of {}, not {g} of {}", feature.group, group.name())));
        };
        let axis = match x.ndim().checked_sub(self.axis_from_end) {
            Some(axis) if x.shape()[axis] == feature.channels() => Axis(axis),
            _ => return Err(refused(format!("{} channels", feature.channels()))),
        };
        let mut moved = ArrayD::from_elem(x.raw_dim(), S::zero());
        for (channel, source) in x.axis_iter(axis).enumerate() {
            let (field, coset) = (channel / feature.size(), channel % feature.size());
            let image = field * feature.size() + feature.image(element, coset);
            moved.index_axis_mut(axis, image).assign(&source);
        }
        Ok(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::super::RegularChannels;
    use super::super::tests::numbered;
    use super::*;
    use crate::group::{Action, C4, D4, Hyperoctahedral, Reflection};

    #[test]
    fn regular_fields_are_the_regular_representation() {
        let x = numbered(&[8, 3, 3]);
        let one = FeatureType::regular(&GridGroup::d4(), 1).on_axis(3);
        for g in D4.elements() {
            assert_eq!(one.act(&D4, &g, &x), RegularChannels::new(3).act(&D4, &g, &x), "{g}");
        }
    }

    /// A left action: moving twice is moving by the product, on every type.
    fn acts<G: FiniteGroup + PointGroup>(group: &G, shape: &[usize]) {
        let tables = GridGroup::of(group);
        let mut types = vec![FeatureType::regular(&tables, 2), FeatureType::trivial(&tables, 3)];
        // Of B_3, which has 48 elements, not every one: the pairs below are many.
        for element in (0..tables.order()).step_by(tables.order().div_ceil(8)) {
            let stabiliser = tables.generated_by(&[element]);
            types.push(FeatureType::quotient(&tables, &stabiliser, 1).expect("a subgroup"));
        }
        for feature in types {
            assert_eq!(feature.size() * feature.cosets()[0].len(), tables.order());
            let x = numbered(&[&[feature.channels()], shape].concat());
            let action = feature.on_maps();
            for a in group.elements() {
                for b in group.elements() {
                    let twice = action.act(group, &a, &action.act(group, &b, &x));
                    assert_eq!(twice, action.act(group, &group.compose(&a, &b), &x), "{feature}: {a}, {b}");
                }
            }
        }
    }

    #[test]
    fn fields_are_moved_by_left_actions() {
        acts(&Reflection, &[3]);
        acts(&C4, &[2, 3]);
        acts(&D4, &[3, 2]);
        acts(&Hyperoctahedral::<3>, &[1, 2, 3]);
    }

    #[test]
    fn elements_that_are_named_twice_count_once() {
        let d4 = GridGroup::d4();
        let pairs = FeatureType::quotient(&d4, &[3, 1, 0, 2, 1, 0], 3).expect("the quarter turns");
        assert_eq!(pairs, FeatureType::quotient(&d4, &[0, 1, 2, 3], 3).expect("the same"));
        assert_eq!((pairs.fields(), pairs.size(), pairs.channels()), (3, 2, 6));
        let more = pairs.with_fields(5);
        assert_eq!((more.fields(), more.cosets(), more.group()), (5, pairs.cosets(), &d4));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let c4 = GridGroup::c4();
        let error = FeatureType::quotient(&c4, &[0, 1], 1).unwrap_err().to_string();
        assert_eq!(error, "a quotient of C4 needs a subgroup, but the elements [0, 1] generate [0, 1, 2, 3]");
        let regular = FeatureType::regular(&c4, 2);
        let x = numbered(&[4, 3, 3]);
        let error = regular.on_maps().try_act(&C4, &C4.element(1), x.view()).unwrap_err().to_string();
        assert!(error.contains("needs 8 channels"), "{error}");
        let x = numbered(&[8, 3, 3]);
        let error = regular.on_maps().try_act(&D4, &D4.element(7), x.view()).unwrap_err().to_string();
        assert!(error.contains("needs elements of C4, not"), "{error}");
        let pairs = FeatureType::quotient(&GridGroup::d4(), &[0, 1, 2, 3], 1).unwrap();
        assert_eq!(pairs.to_string(), "1 D4/{Id, Rot90, Rot180, Rot270} field of D4");
    }
}
