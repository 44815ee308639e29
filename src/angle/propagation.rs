//! What a network makes of an enclosed input: enclosures of its outputs, and of differences of its scores.
//!
//! Convolutions and dense layers are run three times, by the methods of [`sums`](crate::conv::sums): on the
//! centres, on the slopes without bias, and with the absolute values of the weights on the radii. A sum of
//! n terms in floats is off by at most γ Σ|w||x|, whatever its order, with γ = nu/(1 − nu) (Higham,
//! *Accuracy and Stability of Numerical Algorithms*, § 4.2). So with radii r + γ(|c| + |s|) and the bias
//! γ|b| the third run counts the roundings of the first two, and (1 + 2γ) times its result counts its own.
//! Every other layer is read on [`Affine`] as it is.
//!
//! Cost: three runs of the network over `f64`, and a dozen operations for each entry of the other layers.

use ndarray::{ArrayD, Axis, Zip};
use num_traits::Zero;

use super::AngleError;
use crate::layer::{AnyLayer, Layer, LayerError, Mode};
use crate::network::{Join, Network, Node, Plain, Weights};
use crate::scalar::{Affine, summation_error};

/// A network with its weights, made ready for enclosures.
///
/// ```
/// use equivariant::angle::{Interval, Propagation, Transformation};
/// use equivariant::layer::Initialisation;
/// use equivariant::network::{Weights, lenet5};
/// use ndarray::ArrayD;
///
/// let network = lenet5(10);
/// let weights = Weights::initial(&network, Initialisation::He, 1);
/// let propagation = Propagation::new(&network, &weights)?;
/// let image = ArrayD::from_elem(vec![1, 28, 28], 0.5);
/// let turned = Transformation::Rotation.enclose(image.view(), Interval::new(0.0, 0.5)?)?;
/// assert_eq!(propagation.scores(&turned)?.shape(), [10]);
/// assert_eq!(propagation.margins(&turned, 3)?.len(), 9);
/// # Ok::<(), equivariant::angle::AngleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Propagation {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Linear(Box<Linear>),
    Layer(Box<AnyLayer>, Vec<ArrayD<Affine>>),
    Residual([Vec<Step>; 2], Join),
}

/// A convolution or a dense layer.
#[derive(Clone, Debug)]
struct Linear {
    layer: AnyLayer,
    /// Kernel and bias; kernel and zeros; absolute kernel and γ times the absolute bias.
    weights: [Vec<ArrayD<f64>>; 3],
    /// γ
    rounding: f64,
}

impl Linear {
    fn new(layer: &AnyLayer, weights: Vec<ArrayD<f64>>) -> Self {
        // One for each weight of an output, and the bias.
        let terms = weights[0].len() / weights[0].shape()[0].max(1) + 1;
        let rounding = summation_error(terms);
        let mut slopes = weights.clone();
        slopes.iter_mut().skip(1).for_each(|bias| bias.fill(0.0));
        let mut radii: Vec<_> = weights.iter().map(|array| array.mapv(f64::abs)).collect();
        radii.iter_mut().skip(1).for_each(|bias| bias.mapv_inplace(|entry| (entry * rounding).next_up()));
        Linear { layer: layer.clone(), weights: [weights, slopes, radii], rounding }
    }

    fn run(&self, x: &ArrayD<Affine>) -> Result<ArrayD<Affine>, LayerError> {
        let gamma = self.rounding;
        // Four roundings, each of less than the factor of the last product.
        let radius = |x: &Affine| {
            let own = gamma * (x.centre().abs() + x.slope().abs());
            (x.radius() + own) * (1.0 + 4.0 * f64::EPSILON)
        };
        let inputs = [x.map(Affine::centre), x.map(Affine::slope), x.map(radius)];
        let run = |part: usize| self.layer.forward(&inputs[part], &self.weights[part], Mode::Inference);
        let (centres, slopes, radii) = (run(0)?, run(1)?, run(2)?);
        Ok(Zip::from(&centres).and(&slopes).and(&radii).map_collect(|&centre, &slope, &radius| {
            // What underflows, in all three runs, is less than the least normal number.
            let radius = radius * (1.0 + 2.0 * gamma + 4.0 * f64::EPSILON) + f64::MIN_POSITIVE;
            Affine::new(centre, slope, radius.next_up())
        }))
    }
}

impl Propagation {
    /// Of a network at inference.
    ///
    /// # Errors
    /// If these are not weights of the network, or a layer has settings that make no sense.
    pub fn new(network: &Network, weights: &Weights) -> Result<Self, AngleError> {
        let plain = Plain::at_inference(network)?;
        let mut arrays = plain.weights(weights)?.arrays::<f64>().into_iter();
        Ok(Propagation { steps: steps(plain.network(), &mut arrays) })
    }

    /// The scores of one sample (channels, space…), flat.
    ///
    /// # Errors
    /// If the sample does not fit.
    pub fn scores(&self, sample: &ArrayD<Affine>) -> Result<ArrayD<Affine>, AngleError> {
        Ok(flat(run(&self.steps, sample.clone().insert_axis(Axis(0)))?))
    }

    /// How far the score of this class is above that of each other one, with the other's number.
    ///
    /// The difference is that of the two functions, in which what moves both alike cancels; before a dense
    /// layer at the end it is the difference of the rows of weights that is applied.
    ///
    /// # Errors
    /// If the sample does not fit, or there is no such class.
    pub fn margins(&self, sample: &ArrayD<Affine>, class: usize) -> Result<Vec<(usize, Affine)>, AngleError> {
        let x = sample.clone().insert_axis(Axis(0));
        if let Some((Step::Linear(last), before)) = self.steps.split_last()
            && let AnyLayer::Dense(dense) = &last.layer
        {
            let x = run(before, x)?;
            check_class(class, dense.outputs)?;
            dense.output_shape(x.shape()).map_err(AngleError::from)?;
            let weights = &last.weights[0];
            let difference = |other: usize| {
                let rows = [class, other].map(|row| weights[0].index_axis(Axis(0), row));
                let bias =
                    |row: usize| weights.get(1).map_or_else(Affine::zero, |bias| Affine::constant(bias[row]));
                let products = x.iter().zip(rows[0].iter().zip(rows[1].iter()));
                products.fold(bias(class) - bias(other), |sum, (&entry, (&own, &others))| {
                    sum + entry * (Affine::constant(own) - Affine::constant(others))
                })
            };
            let others = (0..dense.outputs).filter(|&other| other != class);
            return Ok(others.map(|other| (other, difference(other))).collect());
        }
        let scores: Vec<Affine> = run(&self.steps, x)?.into_iter().collect();
        margins_of(&scores, class)
    }
}

fn check_class(class: usize, classes: usize) -> Result<(), AngleError> {
    if class < classes { Ok(()) } else { Err(AngleError::Class { class, classes }) }
}

/// How far the score of this class is above that of each other one, with the other's number.
pub(crate) fn margins_of(scores: &[Affine], class: usize) -> Result<Vec<(usize, Affine)>, AngleError> {
    check_class(class, scores.len())?;
    let others = scores.iter().enumerate().filter(|&(other, _)| other != class);
    Ok(others.map(|(other, &score)| (other, scores[class] - score)).collect())
}

fn flat(x: ArrayD<Affine>) -> ArrayD<Affine> {
    x.into_iter().collect::<ndarray::Array1<_>>().into_dyn()
}

fn steps(network: &Network, arrays: &mut std::vec::IntoIter<ArrayD<f64>>) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in network.nodes() {
        match node {
            Node::Layer(AnyLayer::Dropout(_)) => {}
            Node::Layer(layer) => {
                let weights: Vec<_> = arrays.by_ref().take(layer.parameters().len()).collect();
                steps.push(match layer {
                    AnyLayer::Convolution(_) | AnyLayer::Dense(_) => {
                        Step::Linear(Box::new(Linear::new(layer, weights)))
                    }
                    _ => {
                        let constants = weights.iter().map(|array| array.mapv(Affine::constant)).collect();
                        Step::Layer(Box::new(layer.clone()), constants)
                    }
                });
            }
            Node::Network(network) => steps.extend(self::steps(network, arrays)),
            Node::Residual(block) => {
                let [body, shortcut] = [&block.body, &block.shortcut].map(|way| self::steps(way, arrays));
                steps.push(Step::Residual([body, shortcut], block.join));
            }
        }
    }
    steps
}

fn run(steps: &[Step], mut x: ArrayD<Affine>) -> Result<ArrayD<Affine>, LayerError> {
    for step in steps {
        x = match step {
            Step::Linear(linear) => linear.run(&x)?,
            Step::Layer(layer, weights) => layer.forward(&x, weights, Mode::Inference)?,
            Step::Residual([body, shortcut], join) => {
                let shortcut = run(shortcut, x.clone())?;
                let body = run(body, x)?;
                join.of(body, shortcut)
            }
        };
    }
    Ok(x)
}
