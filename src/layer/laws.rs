//! The law of gradients, for tests and for the catalogue: `backward` is the transpose of the derivative of `forward`.
//!
//! Both sides of ⟨z, y⟩ = ⟨u, input gradient⟩ + Σ ⟨v, weight gradient⟩ are linear in the directions u, v and in y. At uniformly
//! random ones over GF(p) a wrong entry survives with probability at most 2/p.

use ndarray::{ArrayD, IxDyn, Zip};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Layer, LayerError, Mode};
use crate::scalar::{Dual, Goldilocks, Ring};

fn field(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<Goldilocks> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || Goldilocks::sample(random))
}

fn dual(value: &ArrayD<Goldilocks>, direction: &ArrayD<Goldilocks>) -> ArrayD<Dual<Goldilocks>> {
    Zip::from(value).and(direction).map_collect(|&value, &derivative| Dual::new(value, derivative))
}

fn inner(a: &ArrayD<Goldilocks>, b: &ArrayD<Goldilocks>) -> Goldilocks {
    assert_eq!(a.shape(), b.shape(), "gradients have the shape of what they are gradients of");
    let mut sum = Goldilocks::from(0);
    Zip::from(a).and(b).for_each(|a, b| sum.add_product(a, b));
    sum
}

/// Both sides of the law, at a random point: by dual numbers through `forward`, and by `backward`.
pub(crate) fn gradient_sides(
    layer: &impl Layer,
    input: &[usize],
    mode: Mode,
    seed: u64,
) -> Result<[Goldilocks; 2], LayerError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (x, x_direction) = (field(input, &mut random), field(input, &mut random));
    let (mut weights, mut dual_weights, mut directions) = (Vec::new(), Vec::new(), Vec::new());
    for parameter in layer.parameters() {
        let weight = field(&parameter.shape, &mut random);
        if parameter.role.is_trained() {
            let direction = field(&parameter.shape, &mut random);
            dual_weights.push(dual(&weight, &direction));
            directions.push(direction);
        } else {
            dual_weights.push(weight.mapv(Dual::constant));
        }
        weights.push(weight);
    }
    let output = layer.forward(&dual(&x, &x_direction), &dual_weights, mode)?;
    let y = field(output.shape(), &mut random);
    let gradients = layer.backward(&x, &weights, mode, &y)?;
    assert_eq!(gradients.weights.len(), directions.len(), "one gradient for each trained parameter");
    let backward = gradients
        .weights
        .iter()
        .zip(&directions)
        .fold(inner(&gradients.input, &x_direction), |sum, (gradient, direction)| {
            sum + inner(gradient, direction)
        });
    Ok([inner(&output.mapv(|entry| entry.derivative), &y), backward])
}

/// The law in both modes.
#[cfg(test)]
pub(super) fn gradient(layer: &impl Layer, input: &[usize]) {
    for mode in [Mode::Inference, Mode::Training { seed: 5 }] {
        let [forward, backward] = gradient_sides(layer, input, mode, 11).expect("a shape that fits");
        assert_eq!(forward, backward, "{} in {mode:?}", layer.name());
        assert_ne!(forward, Goldilocks::from(0), "{}: nothing but zeros", layer.name());
    }
}

/// The shape of the output, the number of weights and the connections for one sample.
#[cfg(test)]
pub(super) fn facts(layer: &impl Layer, input: &[usize]) -> (Vec<usize>, usize, u128) {
    let weights = layer.parameters().iter().map(|parameter| parameter.len()).sum();
    let shape = layer.output_shape(input).expect("a shape that fits");
    (shape, weights, layer.connections(input).expect("a shape that fits"))
}
