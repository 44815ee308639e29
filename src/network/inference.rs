//! A network with its weights, made ready for samples of one shape: planned once, run often.
//!
//! Convolutions and their transposes are planned and their kernels laid out when it is made; group
//! convolutions run as the ordinary ones that they are, dropout vanishes. Every other layer runs its own
//! `forward`. One sample is shared among threads inside its convolutions; of many samples each thread takes
//! one after the other, each computed as it would be alone.
//!
//! Results are those of [`Layer::forward`] at inference: convolutions add the products of the definition in
//! another order, within [`tolerance`](crate::conv::algorithm::tolerance), all else is the same code. Cost:
//! that of the layers, without planning and packing. Who has batches of hundreds of samples in `f32` and a
//! network of layers with methods of their own is served faster by `executor::Executor::predict`.

use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, ArrayD, ArrayViewD, Axis};
use rayon::prelude::*;

use super::place::inside;
use super::{Join, Network, Node, Plain, Weights};
use crate::conv::plan::{Accuracy, Plan, PlanOptions, Prepared, Workspace};
use crate::layer::{AnyLayer, Layer, LayerError, Mode};
use crate::scalar::Scalar;
use crate::simd::Element;

/// A network with its weights, ready to be run on samples of one shape, over `f32` or `f64`.
///
/// ```
/// use equivariant::layer::Initialisation;
/// use equivariant::network::{Inference, Weights, lenet5};
/// use ndarray::ArrayD;
///
/// let network = lenet5(10);
/// let weights = Weights::initial(&network, Initialisation::He, 1);
/// let inference: Inference<f32> = network.prepare(&weights, &[1, 28, 28])?;
/// let one = inference.run(ArrayD::zeros(vec![1, 28, 28]).view())?;
/// let many = inference.run(ArrayD::zeros(vec![5, 1, 28, 28]).view())?;
/// assert_eq!((one.shape(), many.shape()), (&[10][..], &[5, 10][..]));
///
/// let error = inference.run(ArrayD::zeros(vec![28, 28]).view()).unwrap_err().to_string();
/// assert!(error.contains("[1, 28, 28], or a batch of such"), "{error}");
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Debug)]
pub struct Inference<T: Element> {
    name: String,
    sample: Vec<usize>,
    output: Vec<usize>,
    steps: Vec<Step<T>>,
    /// Memory of threads that have run before.
    workspaces: Mutex<Vec<Workspace<T>>>,
}

/// A float over which networks run.
pub trait Number: Element + Scalar + From<f32> {}

impl Number for f32 {}

impl Number for f64 {}

/// What is done at one place of the network.
#[derive(Debug)]
enum Step<T: Element> {
    Convolution(Box<Prepared<T>>),
    Layer(Box<AnyLayer>, Vec<ArrayD<T>>),
    Residual([Vec<Step<T>>; 2], Join),
}

impl Network {
    /// Makes the network ready for samples of this shape, (channels, space…) or (features), with these
    /// weights.
    ///
    /// # Errors
    /// If samples or weights do not fit.
    pub fn prepare<T: Number>(
        &self,
        weights: &Weights,
        sample: &[usize],
    ) -> Result<Inference<T>, LayerError> {
        let input = [&[1], sample].concat();
        let output = self.output_shape(&input)?[1..].to_vec();
        weights.check_network(self)?;
        let plain = Plain::at_inference(self)?;
        let arrays = plain.weights(weights)?.arrays::<T>();
        let mut making = Making { arrays: arrays.into_iter(), shape: input };
        let steps = making.network(plain.network())?;
        let sample = sample.to_vec();
        Ok(Inference { name: self.name(), sample, output, steps, workspaces: Mutex::default() })
    }
}

/// The steps in the making: arrays that are left, and the shape of what comes next.
struct Making<T> {
    arrays: std::vec::IntoIter<ArrayD<T>>,
    shape: Vec<usize>,
}

impl<T: Number> Making<T> {
    fn network(&mut self, network: &Network) -> Result<Vec<Step<T>>, LayerError> {
        let mut steps = Vec::new();
        for (place, node) in network.nodes().iter().enumerate() {
            let output = node.output_shape(&self.shape).map_err(|source| inside(place, source))?;
            match node {
                Node::Layer(AnyLayer::Dropout(_)) => {}
                Node::Layer(layer) => {
                    steps.push(self.layer(layer).map_err(|source| inside(place, source))?);
                }
                Node::Network(network) => {
                    steps.extend(self.network(network).map_err(|source| inside(place, source))?);
                }
                Node::Residual(block) => {
                    let input = self.shape.clone();
                    let body = self.network(&block.body)?;
                    self.shape = input;
                    let shortcut = self.network(&block.shortcut)?;
                    steps.push(Step::Residual([body, shortcut], block.join));
                }
            }
            self.shape = output;
        }
        Ok(steps)
    }

    fn layer(&mut self, layer: &AnyLayer) -> Result<Step<T>, LayerError> {
        let arrays: Vec<_> = self.arrays.by_ref().take(layer.parameters().len()).collect();
        let options = PlanOptions::new().accuracy(Accuracy::Strict);
        let plan = match layer {
            AnyLayer::Convolution(layer) => Plan::forward(&layer.problem(&self.shape)?, &options),
            AnyLayer::TransposedConvolution(layer) => {
                Plan::transposed(&layer.problem(&self.shape)?, &options)
            }
            _ => return Ok(Step::Layer(Box::new(layer.clone()), arrays)),
        };
        let bias = arrays.get(1).map(|bias| bias.iter().copied().collect::<Array1<T>>());
        let bias = bias.as_ref().map(|bias| bias.view());
        plan.and_then(|plan| plan.prepare(arrays[0].view(), bias))
            .map(|prepared| Step::Convolution(Box::new(prepared)))
            .map_err(|source| LayerError::Convolution { layer: layer.name(), source })
    }
}

impl<T: Number> Inference<T> {
    /// The shape of a sample.
    pub fn sample_shape(&self) -> &[usize] {
        &self.sample
    }

    /// The shape of the output of one sample.
    pub fn output_shape(&self) -> &[usize] {
        &self.output
    }

    /// The output of one sample, of [`output_shape`](Self::output_shape), or those of a batch of samples,
    /// (batch, output…).
    ///
    /// # Errors
    /// If `x` has another shape, or a custom layer fails.
    pub fn run(&self, x: ArrayViewD<'_, T>) -> Result<ArrayD<T>, LayerError> {
        if x.shape() == self.sample {
            return Ok(self.one(&x)?.remove_axis(Axis(0)));
        }
        if x.ndim() != self.sample.len() + 1 || x.shape()[1..] != self.sample {
            return Err(LayerError::Shape {
                layer: self.name.clone(),
                expected: format!("{:?}, or a batch of such", self.sample),
                found: x.shape().to_vec(),
                suggestion: "it was prepared for this shape".to_owned(),
            });
        }
        let samples: Vec<_> = x.outer_iter().collect();
        let outputs = match samples.as_slice() {
            [sample] => vec![self.one(sample)?],
            samples => samples.par_iter().map(|sample| self.one(sample)).collect::<Result<_, _>>()?,
        };
        let mut y = ArrayD::zeros([&[samples.len()], &self.output[..]].concat());
        for (mut to, from) in y.outer_iter_mut().zip(&outputs) {
            to.assign(&from.index_axis(Axis(0), 0));
        }
        Ok(y)
    }

    /// The output of a sample, as a batch of one.
    fn one(&self, sample: &ArrayViewD<'_, T>) -> Result<ArrayD<T>, LayerError> {
        let free = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = free().pop().unwrap_or_default();
        let output = run(&self.steps, sample.to_owned().insert_axis(Axis(0)), &mut workspace);
        free().push(workspace);
        output
    }
}

fn run<T: Number>(
    steps: &[Step<T>],
    mut value: ArrayD<T>,
    workspace: &mut Workspace<T>,
) -> Result<ArrayD<T>, LayerError> {
    for step in steps {
        value = match step {
            Step::Convolution(prepared) => {
                let mut output = ArrayD::zeros(prepared.plan().output_shape());
                prepared.run(value.view(), output.view_mut(), workspace).map_err(|source| {
                    LayerError::Convolution { layer: "a prepared convolution".to_owned(), source }
                })?;
                output
            }
            Step::Layer(layer, weights) => layer.forward(&value, weights, Mode::Inference)?,
            Step::Residual([body, shortcut], join) => {
                let shortcut = run(shortcut, value.clone(), workspace)?;
                let body = run(body, value, workspace)?;
                join.of(body, shortcut)
            }
        };
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use ndarray::IxDyn;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::conv::Boundary;
    use crate::layer::{
        Activation, BatchNormalisation, Convolution, Dense, Flatten, Initialisation, Pool,
        TransposedConvolution,
    };
    use crate::network::{Residual, lenet5, p4cnn};

    /// Small integers, so that every order of summation gives the same bits.
    fn integers(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<f32> {
        ArrayD::from_shape_simple_fn(IxDyn(shape), || random.random_range(-1..=1) as f32)
    }

    /// Running variances are 1 and δ is 0, so that normalisation divides by 1.
    fn network() -> Network {
        let body = Network::new()
            .then(Convolution::new(4, 4, [3, 3]).padding([1, 1]).boundary(Boundary::Reflect))
            .then(Network::new().then(Activation::Relu).then(Convolution::new(4, 4, [1, 1])));
        Network::new()
            .then(Convolution::new(1, 4, [3, 3]).padding([1, 1]))
            .then(Pool::maximum([2, 2]))
            .then(Residual::new(body).shortcut(Network::new().then(Convolution::new(4, 4, [1, 1]))))
            .then(TransposedConvolution::new(4, 2, [2, 2]).stride([2, 2]))
            .then(Flatten)
            .then(Dense::new(2 * 8 * 8, 3))
    }

    #[test]
    fn integers_come_out_as_forward_has_them_alone_and_in_a_batch() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let network = network();
        let arrays: Vec<_> =
            network.parameters().iter().map(|part| integers(&part.shape, &mut random)).collect();
        let weights = Weights::from_arrays(&network, &arrays).unwrap();
        let x = integers(&[5, 1, 8, 8], &mut random);
        let expected = network.forward(&x, &arrays, Mode::Inference).unwrap();
        assert!(expected.iter().all(|y| y.abs() < 2.0_f32.powi(24)) && expected.iter().any(|&y| y != 0.0));
        let inference: Inference<f32> = network.prepare(&weights, &[1, 8, 8]).unwrap();
        assert_eq!(inference.run(x.view()).unwrap(), expected);
        for (sample, expected) in x.outer_iter().zip(expected.outer_iter()) {
            assert_eq!(inference.run(sample).unwrap(), expected);
        }
        let double: Inference<f64> = network.prepare(&weights, &[1, 8, 8]).unwrap();
        assert_eq!(double.run(x.mapv(f64::from).view()).unwrap(), expected.mapv(f64::from));
        assert_eq!(inference.run(ArrayD::zeros(vec![0, 1, 8, 8]).view()).unwrap().shape(), [0, 3]);
    }

    /// The same bits for a sample alone and in a batch, whatever is in the batch beside it.
    #[test]
    fn samples_do_not_mix() {
        for (network, sample) in [(lenet5(10), [1, 28, 28]), (p4cnn(10), [1, 28, 28])] {
            let weights = Weights::initial(&network, Initialisation::He, 2);
            let inference: Inference<f32> = network.prepare(&weights, &sample).unwrap();
            let mut random = ChaCha8Rng::seed_from_u64(1);
            let mut x =
                ArrayD::from_shape_simple_fn(IxDyn(&[3, 1, 28, 28]), || random.random_range(-1.0..1.0_f32));
            x.index_axis_mut(Axis(0), 1).fill(f32::NAN);
            let together = inference.run(x.view()).unwrap();
            for (at, sample) in x.outer_iter().enumerate().filter(|(at, _)| *at != 1) {
                let alone = inference.run(sample).unwrap();
                assert!(alone.iter().all(|y| y.is_finite()));
                assert_eq!(alone, together.index_axis(Axis(0), at));
            }
            assert!(together.index_axis(Axis(0), 1).iter().all(|y| y.is_nan()));
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let network = Network::new().then(Flatten).then(BatchNormalisation::new(4)).then(Dense::new(4, 2));
        let weights = Weights::initial(&network, Initialisation::He, 0);
        let told = |weights: &Weights, sample: &[usize]| {
            network.prepare::<f32>(weights, sample).unwrap_err().to_string()
        };
        assert!(told(&weights, &[1, 5]).starts_with("layer 1:"), "{}", told(&weights, &[1, 5]));
        let other = Weights::initial(&Network::new().then(Dense::new(4, 2)), Initialisation::He, 0);
        assert_eq!(told(&other, &[1, 4]), "network of 3 layers has 6 arrays of weights, found 2");
    }
}
