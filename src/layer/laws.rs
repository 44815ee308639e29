//! The laws of [`Layer`], as functions that the tests of every layer name.

use ndarray::{ArrayD, IxDyn, Zip};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Layer, Mode};
use crate::scalar::{Dual, Goldilocks, Scalar};

fn field(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<Goldilocks> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || Goldilocks::sample(random))
}

fn dual(value: &ArrayD<Goldilocks>, direction: &ArrayD<Goldilocks>) -> ArrayD<Dual<Goldilocks>> {
    Zip::from(value).and(direction).map_collect(|&value, &derivative| Dual::new(value, derivative))
}

fn inner<S: Scalar>(a: &ArrayD<S>, b: &ArrayD<S>) -> S {
    assert_eq!(a.shape(), b.shape());
    let mut sum = S::zero();
    Zip::from(a).and(b).for_each(|a, b| sum.add_product(a, b));
    sum
}

/// `backward` is the transpose of the derivative of `forward`, in both modes, exactly over GF(p).
///
/// Both sides are linear in the direction and in the output's gradient, which are uniformly random: a wrong entry survives
/// with probability at most 2/p.
pub(super) fn gradient(layer: &impl Layer, input: &[usize]) {
    for mode in [Mode::Inference, Mode::Training { seed: 5 }] {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let parameters = layer.parameters();
        let (x, x_direction) = (field(input, &mut random), field(input, &mut random));
        let weights: Vec<_> = parameters.iter().map(|p| field(&p.shape, &mut random)).collect();
        let directions: Vec<_> = parameters
            .iter()
            .map(|p| {
                if p.role.is_trained() {
                    field(&p.shape, &mut random)
                } else {
                    ArrayD::from_elem(p.shape.clone(), Goldilocks::from(0))
                }
            })
            .collect();
        let dual_weights: Vec<_> = weights.iter().zip(&directions).map(|(w, d)| dual(w, d)).collect();
        let output = layer.forward(&dual(&x, &x_direction), &dual_weights, mode).expect("a shape that fits");
        assert_eq!(output.shape(), layer.output_shape(input).expect("a shape that fits"));
        let value = layer.forward(&x, &weights, mode).expect("a shape that fits");
        assert_eq!(output.mapv(|entry| entry.value), value, "{}", layer.name());
        assert!(
            value.iter().any(|entry| *entry != Goldilocks::from(0)),
            "{}: nothing but zeros",
            layer.name()
        );

        let y = field(value.shape(), &mut random);
        let gradients = layer.backward(&x, &weights, mode, &y).expect("a shape that fits");
        let trained: Vec<_> =
            parameters.iter().zip(&directions).filter(|(p, _)| p.role.is_trained()).map(|(_, d)| d).collect();
        assert_eq!(gradients.weights.len(), trained.len());
        let forward = inner(&output.mapv(|entry| entry.derivative), &y);
        let backward = gradients
            .weights
            .iter()
            .zip(trained)
            .fold(inner(&gradients.input, &x_direction), |sum, (gradient, direction)| {
                sum + inner(gradient, direction)
            });
        assert_eq!(forward, backward, "{} in {mode:?}", layer.name());
    }
}

/// The shape of the output, the number of weights and the connections for one sample.
pub(super) fn facts(layer: &impl Layer, input: &[usize]) -> (Vec<usize>, usize, u128) {
    let weights = layer.parameters().iter().map(|parameter| parameter.len()).sum();
    let shape = layer.output_shape(input).expect("a shape that fits");
    (shape, weights, layer.connections(input).expect("a shape that fits"))
}
