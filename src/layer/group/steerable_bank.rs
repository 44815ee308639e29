//! The filter bank of a layer with more orientations than the grid has: filters from a steerable basis.
//!
//! A field of N orientations, N a multiple of 4, has one channel for each turn by 2π·o/N. The kernel from
//! channel b of a field to channel a of another is
//!
//! ```text
//! κ[a, b](k) = Σ_j w[(b − a) mod N, j] · B_j(R_a⁻¹ k),     B_j(ρ, φ) = exp(−(ρ − ρ_j)²/2σ²) · cos or sin (l_j φ),
//! ```
//!
//! a group correlation whose filter is a combination of circular harmonics on rings about the middle of the
//! kernel, so that it can be turned by any angle R_a and sampled there. On the plane it would commute with
//! all N turns. On the grid it commutes with the quarter turns, *exactly*: samples of the turns by less than
//! a quarter are rounded to multiples of 2⁻¹², and those of the others are these, moved on the grid. Between
//! quarter turns it commutes as nearly as samples of an image turned by that angle agree with its pixels.
//!
//! Under quarter turns a field of N orientations is N/4 regular fields of C4: channel `(field·N/4 + o mod
//! N/4)·4 + ⌊o / (N/4)⌋`. Rings have the radii 0, 1, 2, … and the frequencies up to 0, 2, 3, 4, …, beyond
//! which a ring has no more samples than a period; σ = 0.6.
//!
//! Cost: N² · taps · basis products for each pair of fields, on making the kernel and on folding its
//! gradient. Source: M. Weiler, F. Hamprecht, M. Storath, *Learning steerable filters for rotation
//! equivariant CNNs*, CVPR 2018, sections 2 and 3; orbits of weights as in T. Cohen, M. Welling, *Group
//! equivariant convolutional networks*, 2016.

use std::f64::consts::TAU;
use std::ops::Range;

use ndarray::{Array2, ArrayD};

use super::super::Fraction;
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup};

/// Width of the rings, in pixels.
const SIGMA: f64 = 0.6;
/// Samples are multiples of one over this.
const DENOMINATOR: u32 = 1 << 12;

/// A basis function: the radius of its ring, its frequency, and whether it is the sine.
#[derive(Clone, Copy)]
struct Harmonic {
    radius: usize,
    frequency: usize,
    sine: bool,
}

impl Harmonic {
    /// Those of all rings that fit into a kernel with so many taps along an axis.
    fn of_kernel(taps: usize) -> Vec<Self> {
        let of_ring = |radius: usize| {
            let highest = if radius == 0 { 0 } else { radius + 1 };
            (0..=highest).flat_map(move |frequency| {
                let phases: &[bool] = if frequency == 0 { &[false] } else { &[false, true] };
                phases.iter().map(move |&sine| Harmonic { radius, frequency, sine })
            })
        };
        (0..=taps / 2).flat_map(of_ring).collect()
    }

    /// Its value at (right, up).
    fn at(self, right: f64, up: f64) -> f64 {
        let (length, angle) = (right.hypot(up), up.atan2(right));
        let turns = self.frequency as f64 * angle;
        let wave = match (self.frequency, length == 0.0) {
            (0, _) => 1.0,
            (_, true) => 0.0,
            _ if self.sine => turns.sin(),
            _ => turns.cos(),
        };
        (-(length - self.radius as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp() * wave
    }

    /// Turned by an angle, its value at a place of a kernel with so many taps along both axes, row by row.
    fn turned(self, angle: f64, place: usize, taps: usize) -> f64 {
        let (sine, cosine) = angle.sin_cos();
        let middle = (taps / 2) as f64;
        let (right, up) = ((place % taps) as f64 - middle, middle - (place / taps) as f64);
        self.at(cosine * right + sine * up, cosine * up - sine * right)
    }
}

/// The kernels between fields of so many orientations, or from images to them.
///
/// Weights have the shape (output fields, input fields, orientations, harmonics), for images (output fields,
/// input fields, 1, harmonics), kernels (output channels, input channels, rows, columns).
///
/// ```
/// use equivariant::layer::SteerableBank;
/// use ndarray::ArrayD;
///
/// // One filter of a single wave, in eight orientations.
/// let bank = SteerableBank::new(1, 1, 8, true, 3);
/// assert_eq!((bank.weight_shape(), bank.kernel_shape()), (vec![1, 1, 1, 6], vec![8, 1, 3, 3]));
/// let mut weights = ArrayD::<f64>::zeros(bank.weight_shape());
/// weights[[0, 0, 0, 2]] = 1.0; // cos φ on the ring of radius 1
/// let kernel = bank.expand(&weights);
/// assert!(kernel[[0, 0, 1, 2]] > 0.0 && kernel[[0, 0, 1, 0]] == -kernel[[0, 0, 1, 2]]);
/// // A quarter turn: the next channel. An eighth: that of the next regular field.
/// assert_eq!(kernel[[1, 0, 0, 1]], kernel[[0, 0, 1, 2]]);
/// assert!(kernel[[4, 0, 0, 2]] > kernel[[4, 0, 0, 1]]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteerableBank {
    inputs: usize,
    outputs: usize,
    orientations: usize,
    lifts: bool,
    taps: usize,
    harmonics: usize,
    /// (orientation · tap, harmonic), in multiples of 1/4096.
    samples: Array2<i32>,
}

impl SteerableBank {
    /// From so many input fields to so many output fields of `orientations` channels; `lifts` if the inputs
    /// are images, of a single channel. Kernels have `taps` taps along both axes.
    ///
    /// # Panics
    /// If the orientations are not a positive multiple of 4 or the taps not odd.
    pub fn new(inputs: usize, outputs: usize, orientations: usize, lifts: bool, taps: usize) -> Self {
        assert!(orientations > 0 && orientations.is_multiple_of(4), "orientations are a multiple of 4");
        assert!(taps % 2 == 1, "a kernel with a tap in the middle has odd extents");
        let harmonics = Harmonic::of_kernel(taps);
        let samples = samples(&harmonics, orientations, taps);
        SteerableBank { inputs, outputs, orientations, lifts, taps, harmonics: harmonics.len(), samples }
    }

    /// The numbers of fields of so many orientations between which a layer of these types maps.
    ///
    /// # Errors
    /// What does not fit, with what would be expected and what was found.
    pub(super) fn fields(
        inputs: &FeatureType,
        outputs: &FeatureType,
        taps: &[usize],
        orientations: usize,
    ) -> Result<[usize; 2], (&'static str, String, String)> {
        let group = inputs.group();
        if *group != GridGroup::c4() {
            return Err(("the group of steerable filters", "C4".to_owned(), group.to_string()));
        }
        if orientations == 0 || !orientations.is_multiple_of(4) {
            let expected = "a positive multiple of 4".to_owned();
            return Err(("the number of orientations", expected, orientations.to_string()));
        }
        if taps[0].is_multiple_of(2) {
            let expected = format!("odd, {} taps, say, as rings are about its middle", taps[0] + 1);
            return Err(("the kernel", expected, format!("{taps:?}")));
        }
        let between = orientations / 4;
        let whole = |feature: &FeatureType| feature.is_regular() && feature.fields().is_multiple_of(between);
        let lifts = inputs.is_trivial();
        for (what, feature, fits) in
            [("the input type", inputs, lifts || whole(inputs)), ("the output type", outputs, whole(outputs))]
        {
            if !fits {
                let expected =
                    format!("regular fields, {between} for each field of {orientations} orientations");
                return Err((what, expected, feature.to_string()));
            }
        }
        Ok([if lifts { inputs.fields() } else { inputs.fields() / between }, outputs.fields() / between])
    }

    /// The channels of an input field.
    fn input_size(&self) -> usize {
        if self.lifts { 1 } else { self.orientations }
    }

    /// The shape of the weights.
    pub fn weight_shape(&self) -> Vec<usize> {
        vec![self.outputs, self.inputs, self.input_size(), self.harmonics]
    }

    /// The shape of the kernel.
    pub fn kernel_shape(&self) -> Vec<usize> {
        vec![self.outputs * self.orientations, self.inputs * self.input_size(), self.taps, self.taps]
    }

    /// How many weights one output sums up.
    pub(super) fn fan(&self) -> usize {
        self.inputs * self.input_size() * self.harmonics
    }

    /// The samples on a scalar: for each orientation (harmonic, tap), or (tap, harmonic).
    fn table<S: Scalar>(&self, harmonics_first: bool) -> Vec<S> {
        let (area, harmonics) = (self.taps * self.taps, self.harmonics);
        let sample = |orientation: usize, tap: usize, harmonic: usize| {
            let numerator = self.samples[(orientation * area + tap, harmonic)];
            Fraction::new(numerator.into(), DENOMINATOR).to::<S>()
        };
        let entry = |orientation: usize, place: usize| {
            if harmonics_first {
                sample(orientation, place % area, place / area)
            } else {
                sample(orientation, place / harmonics, place % harmonics)
            }
        };
        (0..self.orientations)
            .flat_map(|orientation| (0..area * harmonics).map(move |place| entry(orientation, place)))
            .collect()
    }

    /// For each pair of fields and orientations of both: where its weights stand, where its kernel stands,
    /// and the orientation of the output.
    fn pairs(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>, usize)> + '_ {
        let (size, inputs, area) = (self.input_size(), self.inputs, self.taps * self.taps);
        let between = self.orientations / 4;
        let channel = move |orientation: usize| orientation % between * 4 + orientation / between;
        (0..self.outputs * inputs).flat_map(move |pair| {
            (0..self.orientations * size).map(move |orientations| {
                let (to, from) = (orientations / size, orientations % size);
                let relative = (from + self.orientations - to) % size;
                let weights = (pair * size + relative) * self.harmonics;
                let row = pair / inputs * self.orientations + channel(to);
                let column = pair % inputs * size + if self.lifts { 0 } else { channel(from) };
                let kernel = (row * inputs * size + column) * area;
                (weights..weights + self.harmonics, kernel..kernel + area, to)
            })
        })
    }

    /// Writes the kernel with these weights, both row by row.
    ///
    /// # Panics
    /// If either does not have its length.
    pub fn expand_into<S: Scalar>(&self, weights: &[S], kernel: &mut [S]) {
        let area = self.taps * self.taps;
        let table = self.table::<S>(true);
        kernel.fill(S::zero());
        for (from, to, orientation) in self.pairs() {
            let samples = table[orientation * area * self.harmonics..].chunks_exact(area);
            for (weight, samples) in weights[from].iter().zip(samples) {
                for (entry, sample) in kernel[to.clone()].iter_mut().zip(samples) {
                    entry.add_in_place(&(weight.clone() * sample.clone()));
                }
            }
        }
    }

    /// Adds the transpose of [`expand_into`](Self::expand_into) to the gradient of the weights.
    ///
    /// # Panics
    /// If either does not have its length.
    pub fn fold_into<S: Scalar>(&self, kernel: &[S], weights: &mut [S]) {
        let area = self.taps * self.taps;
        let table = self.table::<S>(false);
        for (to, from, orientation) in self.pairs() {
            let samples = table[orientation * area * self.harmonics..].chunks_exact(self.harmonics);
            for (slope, samples) in kernel[from].iter().zip(samples) {
                for (entry, sample) in weights[to.clone()].iter_mut().zip(samples) {
                    entry.add_in_place(&(slope.clone() * sample.clone()));
                }
            }
        }
    }

    /// The kernel with these weights.
    ///
    /// # Panics
    /// If they do not have the shape of the weights.
    pub fn expand<S: Scalar>(&self, weights: &ArrayD<S>) -> ArrayD<S> {
        assert_eq!(weights.shape(), self.weight_shape(), "weights of this bank");
        linear(weights, self.kernel_shape(), |from, to| self.expand_into(from, to))
    }

    /// The transpose of [`expand`](Self::expand).
    ///
    /// # Panics
    /// If `kernel` does not have the kernel's shape.
    pub fn fold<S: Scalar>(&self, kernel: &ArrayD<S>) -> ArrayD<S> {
        assert_eq!(kernel.shape(), self.kernel_shape(), "a kernel of this bank");
        linear(kernel, self.weight_shape(), |from, to| self.fold_into(from, to))
    }
}

/// An array of another shape, from the entries of this one row by row.
fn linear<S: Scalar>(from: &ArrayD<S>, shape: Vec<usize>, map: impl FnOnce(&[S], &mut [S])) -> ArrayD<S> {
    let mut to = ArrayD::from_elem(shape, S::zero());
    map(&from.iter().cloned().collect::<Vec<_>>(), to.as_slice_mut().unwrap_or_else(|| unreachable!("new")));
    to
}

/// The basis at all taps in all orientations, each function with mean square norm 1 over the orientations.
fn samples(harmonics: &[Harmonic], orientations: usize, taps: usize) -> Array2<i32> {
    let (area, between) = (taps * taps, orientations / 4);
    let mut samples = Array2::zeros((orientations * area, harmonics.len()));
    let quarter_turns = GridGroup::c4();
    for (column, &harmonic) in harmonics.iter().enumerate() {
        let at = |orientation: usize, place: usize| {
            harmonic.turned(TAU * orientation as f64 / orientations as f64, place, taps)
        };
        // All turns by less than a quarter; the others have the same norms.
        let turned: Vec<Vec<f64>> =
            (0..between).map(|orientation| (0..area).map(|place| at(orientation, place)).collect()).collect();
        let square: f64 = turned.iter().flatten().map(|value| value * value).sum::<f64>() / between as f64;
        for (orientation, values) in turned.iter().enumerate() {
            let round = |value: &f64| (value / square.sqrt() * f64::from(DENOMINATOR)).round() as i32;
            let rounded: Vec<i32> = values.iter().map(round).collect();
            let rounded = ArrayD::from_shape_vec(vec![taps, taps], rounded)
                .unwrap_or_else(|_| unreachable!("one for each tap"));
            for quarter in 0..4 {
                let moved = quarter_turns.view(quarter, rounded.view());
                let moved = moved.unwrap_or_else(|_| unreachable!("an array of two axes"));
                let first = (quarter * between + orientation) * area;
                for (place, &value) in moved.iter().enumerate() {
                    samples[(first + place, column)] = value;
                }
            }
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::super::super::Layer;
    use super::super::GroupConvolution;
    use super::super::convolution::tests::commutes;
    use super::*;
    use crate::group::C4;

    /// Moving samples on the grid turns in the sense in which the functions are turned, and orientations
    /// follow one another.
    #[test]
    fn samples_are_those_of_turned_functions() {
        for (orientations, taps) in [(4, 3), (8, 5), (16, 7)] {
            let harmonics = Harmonic::of_kernel(taps);
            assert_eq!(harmonics.len(), [6, 13, 22][taps / 2 - 1]);
            let samples = samples(&harmonics, orientations, taps);
            let area = taps * taps;
            for (column, &harmonic) in harmonics.iter().enumerate() {
                let value = |orientation: usize, place: usize| {
                    harmonic.turned(TAU * orientation as f64 / orientations as f64, place, taps)
                };
                let all: Vec<f64> =
                    (0..orientations).flat_map(|o| (0..area).map(move |place| value(o, place))).collect();
                let norm = (all.iter().map(|value| value * value).sum::<f64>() / orientations as f64).sqrt();
                for (row, &expected) in all.iter().enumerate() {
                    let found = f64::from(samples[(row, column)]) / f64::from(DENOMINATOR);
                    // Half a unit of rounding; the functions themselves are computed to far less.
                    let bound = 0.5 / f64::from(DENOMINATOR) + 1e-12;
                    assert!((found - expected / norm).abs() <= bound, "{found} {expected} {norm}");
                }
            }
        }
    }

    #[test]
    fn steerable_filters_in_eight_orientations() {
        let c4 = GridGroup::c4();
        let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 2));
        commutes(C4, GroupConvolution::new(image, maps.clone(), [3, 3]).steerable(8), &[1, 1, 4, 4]);
        let layer = GroupConvolution::new(maps.clone(), maps.clone(), [3, 3]).steerable(8).padding([1, 1]);
        commutes(C4, layer.without_bias(), &[1, 8, 2, 2]);
        let wider = maps.with_fields(4);
        let layer = GroupConvolution::new(wider.clone(), wider, [1, 1]).steerable(8).groups(2);
        commutes(C4, layer, &[1, 16, 2, 2]);
    }

    #[test]
    fn steerable_filters_that_do_not_fit_are_told() {
        let (c4, d4) = (GridGroup::c4(), GridGroup::d4());
        let layer = |group: &GridGroup, fields: usize, taps: usize, orientations: usize| {
            let maps = FeatureType::regular(group, fields);
            let layer =
                GroupConvolution::new(maps.clone(), maps.clone(), [taps, taps]).steerable(orientations);
            layer.output_shape(&[1, maps.channels(), 5, 5]).unwrap_err().to_string()
        };
        for (error, told) in [
            (layer(&d4, 2, 3, 8), "the group of steerable filters must be C4, found D4"),
            (layer(&c4, 2, 3, 6), "the number of orientations must be a positive multiple of 4, found 6"),
            (
                layer(&c4, 2, 2, 8),
                "the kernel must be odd, 3 taps, say, as rings are about its middle, found [2, 2]",
            ),
            (
                layer(&c4, 3, 3, 8),
                "regular fields, 2 for each field of 8 orientations, found 3 regular fields of C4",
            ),
        ] {
            assert!(error.ends_with(told), "{error}");
        }
    }
}
