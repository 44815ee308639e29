//! Plausible wrong backward passes, one or more for each family of layers: the mutants of `layer.gradients`.

use ndarray::{Array1, ArrayD, Axis, IxDyn, Zip};

use crate::conv::Boundary;
use crate::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, Dense, Dropout, Flatten, Fraction,
    GlobalPool, Gradients, GroupConvolution, GroupNormalisation, GroupPool, Layer, LayerError,
    LayerNormalisation, LogSoftmax, Mode, Parameter, Pool, Reduction, Softmax, TransposedConvolution,
    Upsample,
};
use crate::network::{Network, Node, Residual};
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup};

/// A layer with a wrong backward pass.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) layer: Network,
    fault: Fault,
}

/// A mutant of the claim.
pub(super) struct Mutant {
    pub(super) name: &'static str,
    pub(super) layer: Wrong,
    pub(super) input: Vec<usize>,
    /// Whether it is wrong only where entries of the input are equal, or 0.
    pub(super) only_at_equals: bool,
}

/// The share that the dropout of the mutants drops.
const SHARE: Fraction = Fraction::new(1, 4);

/// What is wrong.
#[derive(Clone, Debug)]
enum Fault {
    /// The backward pass is that of this layer.
    BackwardOf(Network),
    /// The gradient of a kernel is that of convolution, not of correlation.
    KernelFlipped,
    /// The gradient of a bias sees the first sample only.
    FirstSampleOnly,
    /// The first two axes of a kernel's gradient are exchanged.
    ChannelsExchanged,
    /// Of equals the last is taken for the maximum.
    LastOfEquals,
    /// All that equal the maximum get the whole gradient.
    AllOfEquals,
    /// The derivative of ReLU at 0 is 1.
    OneAtZero,
    /// The gradient is multiplied by this number.
    Multiplied(i64),
    /// Where windows overlap, the last overwrites what the others gave.
    Overwritten,
    /// The statistics of the batch are taken for constants.
    ConstantStatistics,
    /// Of softmax only ∂y_i/∂x_i is used.
    DiagonalOnly,
    /// Entries that dropout keeps are not scaled.
    NotScaled,
    /// The mask of dropout is another one.
    OtherMask,
    /// The gradient goes through the matrix instead of its transpose.
    NotTransposed,
    /// The entries are taken column by column.
    ByColumns,
}

/// The mutants.
pub(super) fn all() -> Vec<Mutant> {
    let padded = |padding| Convolution::new(1, 2, [3]).padding_before_after([padding]);
    let body = || Network::new().then(Convolution::new(2, 2, [3]).padding([1])).then(Activation::Tanh);
    let line = Convolution::new(2, 2, [3]).padding([1]);
    let spread = TransposedConvolution::new(2, 2, [3]).stride([2]);
    let mean = Pool::mean([3]).stride([2]).padding([1]);
    let c4 = GridGroup::c4();
    let maps = FeatureType::regular(&c4, 2);
    let lifting = GroupConvolution::new(FeatureType::trivial(&c4, 1), maps.clone(), [3, 3]);
    vec![
        mutant("convolution: the gradient of the kernel is flipped", line.clone(), Fault::KernelFlipped),
        mutant(
            "convolution: the gradient is padded at the other end",
            padded((0, 1)),
            backward_of(padded((1, 0))),
        )
        .on([2, 1, 5]),
        mutant(
            "convolution: the gradient takes a periodic boundary for zeros",
            line.clone().boundary(Boundary::Periodic),
            backward_of(line.clone()),
        ),
        mutant(
            "convolution: the gradient of the bias sees the first sample only",
            line,
            Fault::FirstSampleOnly,
        ),
        mutant(
            "transposed convolution: the channels of the kernel's gradient are exchanged",
            spread.clone(),
            Fault::ChannelsExchanged,
        ),
        mutant("transposed convolution: the gradient of the kernel is flipped", spread, Fault::KernelFlipped),
        mutant(
            "maximum pooling: of equals the last gets the gradient",
            Pool::maximum([3]).stride([1]),
            Fault::LastOfEquals,
        )
        .only_at_equals(),
        mutant(
            "maximum pooling: all entries share the gradient",
            Pool::maximum([2]),
            backward_of(Pool::mean([2])),
        ),
        mutant(
            "mean pooling: the gradient is divided by another count than the output",
            mean.clone(),
            backward_of(mean.padding_does_not_count()),
        ),
        mutant("global maximum: all equals get the gradient", GlobalPool::MAXIMUM, Fault::AllOfEquals)
            .only_at_equals(),
        mutant("global mean: the gradient is not divided", GlobalPool::MEAN, Fault::Multiplied(5)),
        mutant(
            "adaptive pooling: of overlapping windows the last overwrites the gradient",
            AdaptivePool::mean([3]),
            Fault::Overwritten,
        ),
        mutant(
            "batch normalisation: the statistics are taken for constants",
            BatchNormalisation::new(2),
            Fault::ConstantStatistics,
        ),
        mutant(
            "dense: the gradient goes through the matrix, not its transpose",
            Dense::new(3, 3),
            Fault::NotTransposed,
        )
        .on([2, 3]),
        mutant("softmax: the gradient has the diagonal only", Softmax, Fault::DiagonalOnly),
        mutant("ReLU: its derivative at 0 is 1", Activation::Relu, Fault::OneAtZero).only_at_equals(),
        mutant(
            "leaky ReLU: the slope is missing in the gradient",
            Activation::LEAKY_RELU,
            backward_of(Activation::Relu),
        ),
        mutant(
            "tanh: its derivative is that of the sigmoid",
            Activation::Tanh,
            backward_of(Activation::Sigmoid),
        ),
        mutant("sigmoid: its derivative is that of tanh", Activation::Sigmoid, backward_of(Activation::Tanh)),
        mutant(
            "ELU: the scale is missing in the gradient",
            Activation::Elu(Fraction::new(1, 2)),
            backward_of(Activation::Elu(Fraction::ONE)),
        ),
        mutant("GELU: its derivative is that of SiLU", Activation::Gelu, backward_of(Activation::Silu)),
        mutant(
            "GELU: its derivative is that of the form with tanh",
            Activation::Gelu,
            backward_of(Activation::GeluByTanh),
        ),
        mutant("log-softmax: its gradient is that of softmax", LogSoftmax, backward_of(Softmax)),
        mutant(
            "mean pooling, rounded up: the last window is divided by all taps",
            Pool::mean([3]).ceil_mode(),
            backward_of(Pool::mean([3]).ceil_mode().divisor_override(3)),
        ),
        mutant(
            "group normalisation: the gradient is that of one group",
            GroupNormalisation::instance(2),
            backward_of(GroupNormalisation::layer(2)),
        ),
        mutant(
            "layer normalisation: the gradient is that over other axes",
            LayerNormalisation::over([1], [2]).without_weights(),
            backward_of(LayerNormalisation::over([2], [5]).without_weights()),
        ),
        mutant(
            "linear upsampling: the gradient is that of corners aligned",
            Upsample::linear([2]),
            backward_of(Upsample::linear_with_corners_aligned([2])),
        ),
        mutant(
            "linear upsampling, corners aligned: the gradient is that of half pixels",
            Upsample::linear_with_corners_aligned([2]),
            backward_of(Upsample::linear([2])),
        ),
        mutant("dropout: the gradient is not scaled", Dropout::new(SHARE), Fault::NotScaled),
        mutant("dropout: the gradient has another mask", Dropout::new(SHARE), Fault::OtherMask),
        mutant("group convolution: the gradient of the kernel is flipped", lifting, Fault::KernelFlipped)
            .on([2, 1, 4, 4]),
        mutant(
            "group pooling: all orientations share the gradient",
            GroupPool::over_group(maps.clone(), Reduction::Maximum),
            backward_of(GroupPool::over_group(maps, Reduction::Mean)),
        )
        .on([2, 8, 3]),
        mutant("flatten: the gradient is read column by column", Flatten, Fault::ByColumns),
        Mutant {
            name: "residual block: the gradient of the shortcut is forgotten",
            layer: Wrong {
                layer: Network::new().then(Residual::new(body())),
                fault: Fault::BackwardOf(body()),
            },
            input: vec![2, 2, 5],
            only_at_equals: false,
        },
        Mutant {
            name: "skip connection: body and shortcut get each other's gradient",
            layer: Wrong {
                layer: Network::new().then(Residual::new(body()).concatenated()),
                fault: Fault::BackwardOf(
                    Network::new().then(Residual::new(Network::new()).shortcut(body()).concatenated()),
                ),
            },
            input: vec![2, 2, 5],
            only_at_equals: false,
        },
    ]
}

/// On two samples of two channels of five entries.
fn mutant(name: &'static str, layer: impl Into<AnyLayer>, fault: Fault) -> Mutant {
    let layer = Wrong { layer: Network::from_iter([layer.into()]), fault };
    Mutant { name, layer, input: vec![2, 2, 5], only_at_equals: false }
}

fn backward_of(layer: impl Into<AnyLayer>) -> Fault {
    Fault::BackwardOf(Network::from_iter([layer.into()]))
}

impl Mutant {
    fn on(mut self, input: impl Into<Vec<usize>>) -> Self {
        self.input = input.into();
        self
    }

    fn only_at_equals(mut self) -> Self {
        self.only_at_equals = true;
        self
    }
}

fn reversed<S: Clone>(array: &ArrayD<S>) -> ArrayD<S> {
    let mut reversed = array.clone();
    reversed.invert_axis(Axis(array.ndim() - 1));
    reversed.as_standard_layout().into_owned()
}

impl Layer for Wrong {
    fn name(&self) -> String {
        match self.layer.nodes() {
            [Node::Layer(layer)] => layer.name(),
            _ => self.layer.name(),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.layer.output_shape(input)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.layer.parameters()
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.layer.forward(x, weights, mode)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        y: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let mut gradients = self.layer.backward(x, weights, mode, y)?;
        match &self.fault {
            Fault::BackwardOf(other) => gradients = other.backward(x, weights, mode, y)?,
            Fault::KernelFlipped => {
                let last = Axis(gradients.weights[0].ndim() - 1);
                gradients.weights[0].invert_axis(last);
            }
            Fault::FirstSampleOnly => {
                let mut first = y.clone();
                first.axis_iter_mut(Axis(0)).skip(1).for_each(|mut sample| sample.fill(S::zero()));
                gradients.weights[1] = self.layer.backward(x, weights, mode, &first)?.weights[1].clone();
            }
            Fault::ChannelsExchanged => gradients.weights[0].swap_axes(0, 1),
            Fault::LastOfEquals => {
                let mirrored = self.layer.backward(&reversed(x), weights, mode, &reversed(y))?;
                gradients.input = reversed(&mirrored.input);
            }
            Fault::AllOfEquals => {
                let greatest = self.layer.forward(x, weights, mode)?;
                gradients.input = ArrayD::from_shape_fn(x.raw_dim(), |index| {
                    let channel = IxDyn(&[index[0], index[1]]);
                    if x[&index] == greatest[&channel] { y[&channel].clone() } else { S::zero() }
                });
            }
            Fault::OneAtZero => {
                Zip::from(&mut gradients.input).and(x).and(y).for_each(|gradient, x, y| {
                    if x.is_zero() {
                        *gradient = y.clone();
                    }
                });
            }
            Fault::Multiplied(number) => {
                gradients.input.mapv_inplace(|entry| entry * S::from_integer(*number));
            }
            Fault::Overwritten => {
                for index in ndarray::indices(y.raw_dim()) {
                    let mut alone = y.mapv(|_| S::zero());
                    alone[&index] = y[&index].clone();
                    let share = self.layer.backward(x, weights, mode, &alone)?.input;
                    gradients.input.zip_mut_with(&share, |gradient, share| {
                        if !share.is_zero() {
                            *gradient = share.clone();
                        }
                    });
                }
            }
            Fault::ConstantStatistics => {
                if mode != Mode::Inference {
                    let statistics = BatchNormalisation::new(x.shape()[1]).statistics(x)?;
                    let [means, variances] = statistics.map(|numbers| Array1::from(numbers).into_dyn());
                    let constant = [weights[0].clone(), weights[1].clone(), means, variances];
                    gradients = self.layer.backward(x, &constant, Mode::Inference, y)?;
                }
            }
            Fault::DiagonalOnly => {
                let shares = self.layer.forward(x, weights, mode)?;
                gradients.input = y * &shares.mapv(|share| share.clone() * (S::one() - share));
            }
            Fault::NotScaled => {
                let kept = if mode == Mode::Inference { S::one() } else { SHARE.complement().to() };
                gradients.input.mapv_inplace(|entry| entry * kept.clone());
            }
            Fault::OtherMask => gradients = self.layer.backward(x, weights, mode.at(1), y)?,
            Fault::NotTransposed => {
                let turned = [weights[0].t().to_owned(), weights[1].clone()];
                gradients.input = self.layer.backward(x, &turned, mode, y)?.input;
            }
            Fault::ByColumns => {
                let shape = x.shape();
                gradients.input = ArrayD::from_shape_fn(x.raw_dim(), |index| {
                    y[[index[0], index[2] * shape[1] + index[1]]].clone()
                });
            }
        }
        Ok(gradients)
    }
}
