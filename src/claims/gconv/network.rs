//! Whole networks: P4CNN is invariant for all weights and images, LeNet-5 on the same kind of grid is not,
//! and training changes neither.
//!
//! A small P4CNN (two group layers, normalisation, ReLU, pooling, a third layer as large as its map) is
//! proved with its weights as variables; the one of the paper is certified over GF(p) and bounded in `f32` at
//! its full size. For the certificate after training a network is trained here, on drawn digits, and its
//! weights, numbers of 24 bits, enter every scalar exactly.

use std::ops::ControlFlow;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::claims::Claim;
use crate::group::{C4, FiniteGroup, Group, Rotation};
use crate::layer::{
    Activation, AnyLayer, BatchNormalisation, Convolution, Dense, Flatten, GroupConvolution, GroupPool,
    Layer, Mode, Pool, Reduction, Role,
};
use crate::network::{Equivariance, Network, Node, Plain, Weights, lenet5, p4cnn};
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup, OnGrid, TrivialAction, ViewAction};
use crate::train::data::digit_splits;
use crate::train::{Model, Trainer};
use crate::verify::{Case, Examiner, Failure, Map, Report, Statement, Unknown, Verdict, symmetries};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "gconv.network",
            "P4CNN on 28×28 is invariant under quarter turns, for all weights and images",
            |examiner| invariant(examiner, Fault::None),
        )
        .theorem("p4cnn_invariant")
        .theorem("network_quarter_turn")
        .theorem("network_invariant")
        .theorem("network_sizes_symmetric")
        .theorem("symmetric_grid_quarter_turn")
        .theorem("composition_invariant")
        .mutant("a maximum over three of the four orientations", |examiner| {
            invariant(examiner, Fault::OrientationLeftOut)
        })
        .mutant("a normalisation for each orientation", |examiner| invariant(examiner, Fault::NormEach))
        .mutant("an odd grid under the pooling", |examiner| invariant(examiner, Fault::OddGrid)),
        Claim::fails(
            "gconv.network.lenet",
            "LeNet-5, whose grid is the right one, is invariant under quarter turns",
            |examiner| lenet(examiner, Fault::None),
        )
        .theorem("lenet_not_invariant")
        .mutant("averaged over its four turned inputs", |examiner| lenet(examiner, Fault::Averaged)),
        Claim::holds(
            "gconv.after_training",
            "the trained network is invariant under quarter turns, on its trained weights",
            |examiner| after_training(examiner, true),
        )
        .theorem("p4cnn_invariant")
        .mutant("trained as the ordinary network that it was at first", |examiner| {
            after_training(examiner, false)
        }),
    ]
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    OrientationLeftOut,
    NormEach,
    OddGrid,
    Averaged,
}

/// The layers of P4CNN in small: sizes 6-4-2-1 for images of 6 × 6, and 7-5-2-1 of 7 × 7, where pooling
/// leaves out a row.
fn small(fault: Fault) -> Network {
    let c4 = GridGroup::c4();
    let maps = FeatureType::regular(&c4, 1);
    let orbit = if fault == Fault::NormEach { 1 } else { 4 };
    let network = Network::new()
        .then(GroupConvolution::new(FeatureType::trivial(&c4, 1), maps.clone(), [3, 3]).without_bias())
        .then(BatchNormalisation::new(4).orbit(orbit))
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]))
        .then(GroupConvolution::new(maps.clone(), maps.clone(), [2, 2]));
    if fault == Fault::OrientationLeftOut {
        return network;
    }
    network.then(GroupPool::over_group(maps, Reduction::Maximum)).then(Flatten)
}

/// A network whose running variances are squares, so that they are not negative.
#[derive(Clone, Debug)]
struct WithDeviations {
    network: Network,
    fault: Fault,
}

impl Map for WithDeviations {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.network, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let square = |deviation: &S| deviation.clone() * deviation.clone();
        let weight = |(parameter, array): (crate::layer::Parameter, &ArrayD<S>)| match parameter.role {
            Role::RunningVariance => array.map(square),
            _ => array.clone(),
        };
        let weights: Vec<_> = self.network.parameters().into_iter().zip(weights).map(weight).collect();
        let output = self.network.forward(x, &weights, Mode::Inference)?;
        if self.fault != Fault::OrientationLeftOut {
            return Ok(output);
        }
        // (batch, 4, 1, 1): the first three orientations.
        Ok(ArrayD::from_shape_fn(IxDyn(&[x.shape()[0], 1]), |place| {
            let at = |channel: usize| output[[place[0], channel, 0, 0].as_slice()].clone();
            at(0).maximum(&at(1)).maximum(&at(2))
        }))
    }
}

/// The map that belongs to a size is invariant under quarter turns of square images of one channel.
fn turning<M: Map>(map: impl Fn(usize) -> M + Send + Sync + 'static) -> Statement {
    Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        if shape[1] != 1 || shape[2] != shape[3] {
            return Ok(Vec::new());
        }
        let map = Arc::new(map(shape[2]));
        let case = |element| {
            let equivariance = crate::verify::Commutation {
                map: Arc::clone(&map),
                shape: shape.to_vec(),
                group: C4,
                element,
                input: OnGrid,
                output: TrivialAction,
            };
            Case::for_element(element, equivariance)
        };
        Ok(C4.generators().into_iter().map(case).collect())
    })
}

/// The length of the images of MNIST.
const FULL: usize = 28;

fn invariant(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let network = move |length| if length == FULL { p4cnn(10) } else { small(fault) };
    let image = FeatureType::trivial(&GridGroup::c4(), 1);
    let mut statement = turning(move |length| WithDeviations { network: network(length), fault });
    if fault == Fault::None {
        for length in [6, FULL] {
            let argument = Equivariance::of(&network(length), &[1, 1, length, length], &image)?;
            if !argument.is_invariant() {
                return Err(
                    format!("the layers do not tell that the network is invariant: {argument}").into()
                );
            }
        }
        statement = statement.at([1, 1, 6, 6]).at_large([1, 1, FULL, FULL]);
    } else {
        let length = if fault == Fault::OddGrid { 7 } else { 6 };
        statement = statement.at([1, 1, length, length]);
    }
    Ok(examiner.examine(&statement)?)
}

/// LeNet-5, or the mean of what it says of the four turned images.
#[derive(Clone, Debug)]
struct Lenet {
    network: Network,
    fault: Fault,
}

impl Lenet {
    /// LeNet-5 for 28 × 28, the like in small for anything else.
    fn new(length: usize, fault: Fault) -> Self {
        if length == FULL {
            return Lenet { network: lenet5(10), fault };
        }
        let network = Network::new()
            .then(Convolution::new(1, 1, [3, 3]).padding([1, 1]))
            .then(Activation::Relu)
            .then(Pool::maximum([2, 2]))
            .then(Flatten)
            .then(Dense::new((length / 2) * (length / 2), 1));
        Lenet { network, fault }
    }

    /// Whether the windows of all layers before the dense ones are moved to windows.
    fn has_the_right_grid(&self, length: usize) -> Result<bool, Failure> {
        let mut shape = vec![1, 1, length, length];
        for node in self.network.nodes() {
            let Node::Layer(layer) = node else { return Ok(false) };
            if matches!(layer, AnyLayer::Flatten(_)) {
                return Ok(true);
            }
            if !layer.symmetry(&shape)?.keeps_point_symmetries() {
                return Ok(false);
            }
            shape = layer.output_shape(&shape)?;
        }
        Ok(true)
    }
}

impl Map for Lenet {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.network, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        if self.fault != Fault::Averaged {
            return Ok(self.network.forward(x, weights, Mode::Inference)?);
        }
        let of_turned = |turn: Rotation| -> Result<ArrayD<S>, Failure> {
            let turned = ViewAction::<C4>::view(&OnGrid, &turn, x.view())?.to_owned();
            Ok(self.network.forward(&turned, weights, Mode::Inference)?)
        };
        let mut sum = of_turned(Rotation::Identity)?;
        for turn in [Rotation::Rot90, Rotation::Rot180, Rotation::Rot270] {
            sum = sum + of_turned(turn)?;
        }
        Ok(sum.mapv(|score| score.divide_by_integer(4)))
    }
}

fn lenet(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    if !Lenet::new(FULL, fault).has_the_right_grid(FULL)? {
        return Err("the grid of LeNet-5 is not the right one".into());
    }
    let statement = turning(move |length| Lenet::new(length, fault));
    let report = examiner.examine(&statement.at([1, 1, 4, 4]).at_large([1, 1, FULL, FULL]))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let map = Arc::new(Lenet::new(4, fault));
    let preserved = symmetries(examiner, &map, &[1, 1, 4, 4], &C4, &OnGrid, &TrivialAction)?;
    Ok(report.with_largest(C4.describe_subgroup(&preserved)))
}

/// A network with numbers in place of its weights.
#[derive(Clone, Debug)]
struct Trained {
    network: Network,
    weights: Weights,
}

impl Map for Trained {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let array = |array: &ArrayD<f32>| array.mapv(exactly::<S>);
        let weights: Vec<_> = self.weights.arrays::<f32>().iter().map(array).collect();
        Ok(self.network.forward(x, &weights, Mode::Inference)?)
    }
}

/// A float as a number of any scalar: an integer of 24 bits times or divided by powers of two.
fn exactly<S: Scalar>(value: f32) -> S {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, i64::from(bits & 0x7f_ffff));
    let significand = if exponent == 0 { fraction } else { fraction | 0x80_0000 };
    let mut number = S::from_integer(if value < 0.0 { -significand } else { significand });
    // value = significand · 2^(max(exponent, 1) − 150)
    let mut power = exponent.max(1) - 150;
    while power < 0 {
        let step = (-power).min(32);
        number = number.divide_by_integer(1 << step);
        power += step;
    }
    while power > 0 {
        let step = power.min(32);
        number = number * S::from_integer(1 << step);
        power -= step;
    }
    number
}

/// A small P4CNN for drawn digits: sizes 28-7-5-1.
fn for_digits() -> Network {
    let c4 = GridGroup::c4();
    let maps = FeatureType::regular(&c4, 2);
    let scores = maps.with_fields(10);
    Network::new()
        .then(
            GroupConvolution::new(FeatureType::trivial(&c4, 1), maps.clone(), [4, 4])
                .stride([4, 4])
                .without_bias(),
        )
        .then(BatchNormalisation::new(8).orbit(4))
        .then(Activation::Relu)
        .then(GroupConvolution::new(maps.clone(), maps.clone(), [3, 3]))
        .then(Activation::Relu)
        .then(GroupConvolution::new(maps, scores.clone(), [5, 5]))
        .then(GroupPool::over_group(scores, Reduction::Maximum))
        .then(Flatten)
}

impl Trained {
    /// Trains it for an epoch of drawn digits.
    fn new(network: Network, seed: u64) -> Result<Self, Failure> {
        let data = digit_splits(256, 64, seed)?;
        let recipe = Model::P4cnn.recipe(1);
        let mut trainer =
            Trainer::new(&network, &data.train).name("p4cnn").recipe(recipe).seed(seed).threads(1).begin()?;
        let first = trainer.result();
        trainer.epoch(&data.test, &mut |_| ControlFlow::Continue(()))?;
        let weights = trainer.result();
        if weights == first {
            return Err("training has changed nothing".into());
        }
        Ok(Trained { network, weights })
    }

    /// Whether it answers differently to two images. One that does not, because all its units are dead, is
    /// invariant whatever it is made of.
    fn is_alive(&self, random: &mut ChaCha8Rng) -> Result<bool, Failure> {
        let mut answer = || {
            let image =
                ArrayD::from_shape_simple_fn(IxDyn(&[1, 1, FULL, FULL]), || random.random_range(0.0..1.0));
            self.apply::<f64>(&image, &[])
        };
        Ok(answer()? != answer()?)
    }
}

/// Networks that are trained until one is alive: if as many as one in ten were dead, eight in a row would be
/// so with probability 10⁻⁸.
const TRAININGS: usize = 8;

/// The network is trained with shared weights, or without.
fn after_training(examiner: &Examiner, shared: bool) -> Result<Report, Failure> {
    let network = if shared { for_digits() } else { Plain::of(&for_digits())?.network().clone() };
    let mut random = examiner.random("training");
    for _ in 0..TRAININGS {
        let trained = Trained::new(network.clone(), random.random())?;
        if trained.is_alive(&mut random)? {
            return Ok(examiner.examine(&turning(move |_| trained.clone()).at([1, 1, FULL, FULL]))?);
        }
    }
    Err(format!("{TRAININGS} trained networks answer the same to all images").into())
}

#[cfg(test)]
mod tests {
    use super::exactly;

    #[test]
    fn floats_enter_exactly() {
        for value in [0.0, 1.0, -0.1, 3.25e-7, -8.5e9, f32::MIN_POSITIVE / 4.0, f32::MAX] {
            assert_eq!(exactly::<f64>(value), f64::from(value));
        }
    }
}
