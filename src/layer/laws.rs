//! The law of gradients, for tests and for the catalogue: `backward` is the transpose of the derivative of
//! `forward`.
//!
//! At a point (x, w) with a direction (u, v), and for a gradient y of the output, both sides of
//!
//! ```text
//! φ′(0) = ⟨u, input gradient⟩ + Σ ⟨v, weight gradient⟩,    φ(t) = ⟨forward(x + tu, w + tv), y⟩
//! ```
//!
//! are linear in the direction and in y. `backward` gives the right side; there are three ways to the left
//! one.
//!
//! - *Dual numbers* over GF(p) differentiate `forward` itself, exactly. At uniformly random u, v, y a wrong
//!   entry survives with probability at most 2/p, whatever x and w are: also where the entries of x are so
//!   few that many are equal, and which of them is the maximum is a convention.
//! - *The adjoint identity*, for a layer that is linear in x and in w, needs no derivative: ⟨f(x, w) − f(0,
//!   w), y⟩ = ⟨x, input gradient⟩ and ⟨f(x, w) − f(x, 0), y⟩ = Σ ⟨w, weight gradient⟩. Over GF(p), of degree
//!   3: a wrong entry survives with probability at most 3/p.
//! - *Differences* in `f64`: φ′(0) = (φ(h) − φ(−h))/2h − h²·φ‴(ξ)/6 for some |ξ| ≤ h (Taylor, twice).
//!   [`Taylor`] encloses φ‴/6 on all of [−h, h], [`Bounded`] bounds the rounding of all the rest, so that the
//!   tolerance is what these bounds add up to and nothing is chosen. Rounding costs about 2⁻⁵³·|φ|/h and
//!   truncation h²·|φ‴|/6, which are balanced at h = 2⁻⁵³ᐟ³. Where the interval holds a kink (a maximum whose
//!   arguments may cross) there is no third derivative, its bound is infinite, and another point is drawn.

use ndarray::{ArrayD, IxDyn, Zip};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Layer, LayerError, Mode, Role};
use crate::scalar::{Bounded, Dual, Goldilocks, Ring, Scalar, Taylor};
use crate::verify::Failure;

/// h, a power of two so that dividing by it is exact.
const STEP: f64 = 1.0 / 131_072.0;

/// Points that are tried until one has no kink within a step. In the layers of this crate's tests, less than
/// one point in 10 has one.
const ATTEMPTS: usize = 20;

/// What a number is drawn for.
#[derive(Clone, Copy)]
enum Entry {
    Input,
    Weight(Role),
    /// Of a direction, or of the gradient of the output.
    Direction,
}

/// An array, and the direction in which it moves.
struct Moving<T> {
    start: ArrayD<T>,
    direction: ArrayD<T>,
}

/// A point, a direction at it, and the gradient y of the output.
struct Point<T> {
    x: Moving<T>,
    /// Untrained ones rest: their direction is 0.
    weights: Vec<Moving<T>>,
    trained: Vec<bool>,
    y: ArrayD<T>,
}

impl<T: Ring> Point<T> {
    fn draw(
        layer: &impl Layer,
        input: &[usize],
        mut entry: impl FnMut(Entry) -> T,
    ) -> Result<Self, LayerError> {
        let mut array = |shape: &[usize], of: Entry| ArrayD::from_shape_simple_fn(IxDyn(shape), || entry(of));
        let x = Moving { start: array(input, Entry::Input), direction: array(input, Entry::Direction) };
        let (mut weights, mut trained) = (Vec::new(), Vec::new());
        for parameter in layer.parameters() {
            let start = array(&parameter.shape, Entry::Weight(parameter.role));
            let is_trained = parameter.role.is_trained();
            let direction = if is_trained {
                array(&parameter.shape, Entry::Direction)
            } else {
                start.mapv(|_| T::zero())
            };
            weights.push(Moving { start, direction });
            trained.push(is_trained);
        }
        let y = array(&layer.output_shape(input)?, Entry::Direction);
        Ok(Point { x, weights, trained, y })
    }

    /// φ = ⟨forward(x + tu, w + tv), y⟩, where `on_line` makes a + tb of a and b.
    fn along<S: Scalar>(
        &self,
        layer: &impl Layer,
        mode: Mode,
        on_line: impl Fn(&T, &T) -> S,
    ) -> Result<S, LayerError> {
        let line = |array: &Moving<T>| Zip::from(&array.start).and(&array.direction).map_collect(&on_line);
        let weights: Vec<_> = self.weights.iter().map(line).collect();
        let output = layer.forward(&line(&self.x), &weights, mode)?;
        Ok(inner(&output, &self.y.map(|entry| on_line(entry, &T::zero()))))
    }

    /// ⟨u, input gradient⟩ + Σ ⟨v, weight gradient⟩, or the same with x and w for u and v.
    fn backward<S: Scalar + PartialOrd>(
        &self,
        layer: &impl Layer,
        mode: Mode,
        constant: impl Fn(&T) -> S,
        against: impl Fn(&Moving<T>) -> &ArrayD<T>,
    ) -> Result<S, LayerError> {
        let weights: Vec<_> = self.weights.iter().map(|weight| weight.start.map(&constant)).collect();
        let gradients =
            layer.backward(&self.x.start.map(&constant), &weights, mode, &self.y.map(&constant))?;
        let trained = self.weights.iter().zip(&self.trained).filter(|(_, trained)| **trained);
        let directions: Vec<_> = trained.map(|(weight, _)| against(weight).map(&constant)).collect();
        assert_eq!(gradients.weights.len(), directions.len(), "one gradient for each trained parameter");
        let of_input = inner(&gradients.input, &against(&self.x).map(&constant));
        let of_weights = gradients.weights.iter().zip(&directions);
        Ok(of_weights.fold(of_input, |sum, (gradient, direction)| sum + inner(gradient, direction)))
    }
}

fn inner<S: Ring>(a: &ArrayD<S>, b: &ArrayD<S>) -> S {
    assert_eq!(a.shape(), b.shape(), "gradients have the shape of what they are gradients of");
    let mut sum = S::zero();
    Zip::from(a).and(b).for_each(|a, b| sum.add_product(a, b));
    sum
}

/// How the entries of the input are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// Uniformly from GF(p).
    Uniform,
    /// From 0, 1 and 2, so that many are equal, and some 0.
    Few,
}

fn exact_point(
    layer: &impl Layer,
    input: &[usize],
    inputs: Inputs,
    seed: u64,
) -> Result<Point<Goldilocks>, LayerError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    Point::draw(layer, input, |entry| match (entry, inputs) {
        (Entry::Input, Inputs::Few) => Goldilocks::from(random.random_range(0..3)),
        _ => Goldilocks::sample(&mut random),
    })
}

/// Both sides of the law: by dual numbers through `forward`, and by `backward`.
pub(crate) fn gradient_sides(
    layer: &impl Layer,
    input: &[usize],
    mode: Mode,
    inputs: Inputs,
    seed: u64,
) -> Result<[Goldilocks; 2], LayerError> {
    let point = exact_point(layer, input, inputs, seed)?;
    let forward = point.along(layer, mode, |&start, &direction| Dual::new(start, direction))?;
    let backward = point.backward(layer, mode, |&entry| entry, |array| &array.direction)?;
    Ok([forward.derivative, backward])
}

#[cfg(feature = "catalogue")]
/// Both sides of the adjoint identities of a layer that is linear (or affine) in its input and in its
/// weights, added up.
pub(crate) fn adjoint_sides(
    layer: &impl Layer,
    input: &[usize],
    mode: Mode,
    seed: u64,
) -> Result<[Goldilocks; 2], LayerError> {
    let mut point = exact_point(layer, input, Inputs::Uniform, seed)?;
    let backward = point.backward(layer, mode, |&entry| entry, |array| &array.start)?;
    let value = |point: &Point<Goldilocks>| point.along(layer, mode, |&start, _| start);
    let zero = Goldilocks::from(0);
    let whole = value(&point)?;
    let x = point.x.start.clone();
    point.x.start.fill(zero);
    let without_input = value(&point)?;
    point.x.start = x;
    for (weight, _) in point.weights.iter_mut().zip(&point.trained).filter(|(_, trained)| **trained) {
        weight.start.fill(zero);
    }
    let without_weights = value(&point)?;
    Ok([whole + whole - without_input - without_weights, backward])
}

/// Both sides of the law in `f64`, with rigorous bounds: by a central difference of `forward`, and by
/// `backward`.
///
/// # Errors
/// If the layer fails, or every point that was tried has a kink within a step.
pub(crate) fn difference_sides(
    layer: &impl Layer,
    input: &[usize],
    mode: Mode,
    seed: u64,
) -> Result<[Bounded; 2], Failure> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..ATTEMPTS {
        let point = Point::draw(layer, input, |entry| match entry {
            // A variance is not negative; away from 0 its root is smooth.
            Entry::Weight(Role::RunningVariance) => random.random_range(0.5..1.5),
            _ => random.random_range(-1.0..1.0),
        })?;
        let third =
            point.along(layer, mode, |&start, &slope| Taylor::line(start, slope, STEP))?.coefficient(3);
        if third.error() == f64::INFINITY {
            continue;
        }
        let at = |t: f64| {
            let t = Bounded::new(t);
            point.along(layer, mode, |&start, &slope| Bounded::new(start) + Bounded::new(slope) * t)
        };
        let quotient = (at(STEP)? - at(-STEP)?) * Bounded::new(0.5 / STEP);
        let forward = quotient - third * Bounded::new(STEP * STEP);
        let backward = point.backward(layer, mode, |&entry| Bounded::new(entry), |array| &array.direction)?;
        return Ok([forward, backward]);
    }
    Err(format!("{} has a kink within {STEP} of each of {ATTEMPTS} random points", layer.name()).into())
}

/// The law in both modes: exactly, also where entries are equal, and by differences.
#[cfg(test)]
pub(super) fn gradient(layer: &impl Layer, input: &[usize]) {
    for mode in [Mode::Inference, Mode::Training { seed: 5 }] {
        for inputs in [Inputs::Uniform, Inputs::Few] {
            let [forward, backward] =
                gradient_sides(layer, input, mode, inputs, 11).expect("a shape that fits");
            assert_eq!(forward, backward, "{} in {mode:?}", layer.name());
            assert_ne!(forward, Goldilocks::from(0), "{}: nothing but zeros", layer.name());
        }
        let [forward, backward] = difference_sides(layer, input, mode, 11).expect("a point without kinks");
        assert!(forward.may_equal(&backward), "{} in {mode:?}: {forward}, {backward}", layer.name());
    }
}

/// The shape of the output, the number of weights and the connections for one sample.
#[cfg(test)]
pub(super) fn facts(layer: &impl Layer, input: &[usize]) -> (Vec<usize>, usize, u128) {
    let weights = layer.parameters().iter().map(|parameter| parameter.len()).sum();
    let shape = layer.output_shape(input).expect("a shape that fits");
    (shape, weights, layer.connections(input).expect("a shape that fits"))
}
