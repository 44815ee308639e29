//! Gradients: transposed convolutions are adjoints, and every backward pass is the transpose of the derivative.

use ndarray::{ArrayD, Zip};

use super::super::Claim;
use crate::conv::Boundary;
use crate::group::{Action, Hyperoctahedral, SignedPermutation};
use crate::layer::laws::gradient_sides;
use crate::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, Dense, Dropout, Flatten, Fraction,
    GlobalPool, Gradients, Layer, LayerError, Mode, Parameter, Pool, Softmax, TransposedConvolution,
};
use crate::network::{Network, Residual};
use crate::scalar::{Goldilocks, Scalar};
use crate::signal::OnGrid;
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Report, Sides, Statement,
    Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.transposed_is_adjoint",
            "⟨conv(x), y⟩ = ⟨x, conv_transposed(y)⟩ for every stride, dilation, padding, boundary, \
             groups, output padding",
            |examiner| adjoint(examiner, false),
        )
        .theorem("transposed_every_option")
        .theorem("transposed_by_zero_stuffing")
        .theorem("output_padding_sizes")
        .theorem("axis_read_is_padded")
        .theorem("adjoint_unique")
        .mutant("the kernel is flipped", |examiner| adjoint(examiner, true)),
        Claim::holds(
            "layer.gradients",
            "every layer's backward pass is the transpose of its derivative",
            |examiner| gradients(examiner, every_layer()),
        )
        .theorem("transposed_every_option")
        .theorem("weight_gradient_is_adjoint")
        .theorem("layer_derivative")
        .theorem("backward_chain")
        .mutant("the gradient of a kernel is flipped", |examiner| {
            gradients(examiner, vec![(FlippedGradient(Convolution::new(1, 1, [3])), vec![2, 1, 5])])
        }),
    ]
}

/// ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩
struct Adjoint {
    layer: Convolution,
    transposed: TransposedConvolution,
    input: Vec<usize>,
    flipped: bool,
}

fn inner<S: Scalar>(a: &ArrayD<S>, b: &ArrayD<S>) -> ArrayD<S> {
    let mut sum = S::zero();
    Zip::from(a).and(b).for_each(|a, b| sum.add_product(a, b));
    ArrayD::from_elem(vec![], sum)
}

impl Identity for Adjoint {
    fn unknowns(&self) -> Vec<Unknown> {
        let output = self.layer.output_shape(&self.input).unwrap_or_default();
        vec![
            Unknown::new("x", self.input.clone()),
            Unknown::new("y", output),
            Unknown::new("w", self.layer.kernel_shape()),
        ]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let [x, y, w] = values else { return Err("expected the values of x, y and w".into()) };
        let output = self.layer.forward(x, std::slice::from_ref(w), Mode::Inference)?;
        let kernel = if self.flipped {
            OnGrid.act(&Hyperoctahedral::<1>, &SignedPermutation::<1>::from(crate::group::Flip::Reflect), w)
        } else {
            w.clone()
        };
        let back = self.transposed.forward(y, &[kernel], Mode::Inference)?;
        if back.shape() != x.shape() {
            return Err(format!("the adjoint leads to {:?}, not to {:?}", back.shape(), x.shape()).into());
        }
        Ok((inner(&output, y), inner(x, &back)))
    }
}

fn adjoint(examiner: &Examiner, flipped: bool) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for boundary in Boundary::ALL {
        for (stride, dilation, padding) in [(1, 1, (0, 0)), (2, 1, (1, 1)), (3, 2, (1, 2))] {
            // Every length from the least on leaves another output padding: the remainder of its windows.
            let statement = Statement::new(&["length"], move |space| {
                let input = vec![1, 2, space[0]];
                let layer = Convolution::new(2, 4, [3]).groups(2).without_bias();
                let layer = layer.stride([stride]).dilation([dilation]).boundary(boundary);
                let layer = layer.padding_before_after([padding]);
                let Ok(problem) = layer.problem(&input) else { return Ok(Vec::new()) };
                let axis = problem.axes()[0];
                let rest = axis.padded() - axis.span() - stride * (axis.output - 1);
                let transposed = TransposedConvolution::new(4, 2, [3]).groups(2).without_bias();
                let transposed = transposed.stride([stride]).dilation([dilation]).boundary(boundary);
                let transposed = transposed.padding_before_after([padding]).output_padding([rest]);
                Ok(vec![Case::new(Adjoint { layer, transposed, input, flipped })])
            });
            let statement = statement.at([6]).at([7]).at([8]).at_large([40]).shrinking_to([3]);
            reports.push(examiner.examine(&statement)?);
        }
    }
    Ok(Report::all(reports))
}

/// Every kind of layer, and a network of them.
fn every_layer() -> Vec<(Network, Vec<usize>)> {
    let convolution = Convolution::new(2, 4, [3, 2]).stride([2, 1]).padding([1, 1]).groups(2);
    let transposed =
        TransposedConvolution::new(2, 3, [3, 3]).stride([2, 2]).padding([1, 1]).output_padding([1, 0]);
    let volume = Convolution::new(1, 2, [2, 2, 2]).boundary(Boundary::Periodic).padding([1, 0, 1]);
    let image = vec![2, 2, 5, 4];
    let mut layers: Vec<(AnyLayer, Vec<usize>)> = vec![
        (convolution.clone().into(), image.clone()),
        (convolution.boundary(Boundary::Reflect).dilation([1, 2]).into(), image.clone()),
        (volume.into(), vec![1, 1, 2, 3, 2]),
        (transposed.into(), image.clone()),
        (Pool::maximum([2, 3]).stride([1, 2]).padding([1, 1]).into(), image.clone()),
        (Pool::mean([2, 2]).padding([1, 1]).into(), image.clone()),
        (Pool::mean([2, 2]).padding([1, 1]).padding_does_not_count().into(), image.clone()),
        (GlobalPool::MAXIMUM.into(), image.clone()),
        (GlobalPool::MEAN.into(), image.clone()),
        (AdaptivePool::maximum([2, 3]).into(), image.clone()),
        (AdaptivePool::mean([2, 3]).into(), image.clone()),
        (BatchNormalisation::new(2).into(), image.clone()),
        (BatchNormalisation::new(2).orbit(2).into(), image.clone()),
        (Dense::new(6, 3).into(), vec![4, 6]),
        (Softmax.into(), vec![3, 4]),
        (Dropout::new(Fraction::new(1, 4)).into(), image.clone()),
        (Flatten.into(), image.clone()),
    ];
    for activation in [Activation::Relu, Activation::LEAKY_RELU, Activation::Tanh, Activation::Sigmoid] {
        layers.push((activation.into(), image.clone()));
    }
    let alone = |(layer, input)| (std::iter::once(layer).collect(), input);
    let mut networks: Vec<(Network, Vec<usize>)> = layers.into_iter().map(alone).collect();
    let body = Network::new().then(Convolution::new(2, 3, [3, 3]).padding([1, 1])).then(Activation::Relu);
    let block = Residual::new(body).shortcut(Network::new().then(Convolution::new(2, 3, [1, 1])));
    let network = Network::new().then(block).then(BatchNormalisation::new(3)).then(Activation::Tanh);
    networks.push((network.then(Pool::maximum([2, 2])).then(Flatten).then(Dense::new(12, 2)), image));
    networks
}

fn gradients<L: Layer>(examiner: &Examiner, layers: Vec<(L, Vec<usize>)>) -> Result<Report, Failure> {
    // Two unknown directions and the output's gradient: degree 2 in random numbers.
    let log2_failure = Some((2.0 / Goldilocks::MODULUS as f64).log2());
    let mut points = 0;
    for (layer, input) in layers {
        for mode in [Mode::Inference, Mode::Training { seed: examiner.seed() }] {
            let [forward, backward] = gradient_sides(&layer, &input, mode, examiner.seed())?;
            points += 1;
            if forward != backward {
                let inputs = [
                    ("layer".to_owned(), layer.name()),
                    ("input".to_owned(), format!("{input:?}")),
                    ("mode".to_owned(), format!("{mode:?}")),
                ];
                let counterexample = Counterexample::from_text(
                    inputs,
                    format!("{forward} by dual numbers"),
                    format!("{backward} by the backward pass"),
                );
                let shape = format!("{} on {input:?}", layer.name());
                return Ok(Report::refuted(Finding::Field { shape, points, log2_failure }, counterexample));
            }
        }
    }
    let shape = "every kind of layer, and a network, in both modes; one point each".to_owned();
    Ok(Report::confirmed(Finding::Field { shape, points, log2_failure }))
}

/// A layer whose gradient with respect to the kernel is that of convolution, not of correlation.
#[derive(Clone, Debug)]
struct FlippedGradient(Convolution);

impl Layer for FlippedGradient {
    fn name(&self) -> String {
        self.0.name()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.0.output_shape(input)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.0.forward(x, weights, mode)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let mut gradients = self.0.backward(x, weights, mode, output_gradient)?;
        gradients.weights[0].invert_axis(ndarray::Axis(2));
        Ok(gradients)
    }
}
