//! A layer that is defined outside the crate, as a part of networks: run, proved, differentiated, trained and
//! exported.

use equivariant::executor::{Executor, Objective};
use equivariant::group::D4;
use equivariant::layer::{
    Activation, Convolution, CustomLayer, Dense, Flatten, Gradients, Initialisation, Layer, LayerError, Mode,
    OutputType, Parameter, Pool, Role,
};
use equivariant::network::onnx::{Exporter, OnnxError, to_onnx};
use equivariant::network::{Network, Residual, Weights};
use equivariant::scalar::{Bounded, Dual, Goldilocks, Ring, Scalar};
use equivariant::signal::{FeatureType, GridGroup, OnGrid};
use equivariant::verify::{Verdict, prove};
use ndarray::{ArrayD, Axis, IxDyn};

/// y_c = s_c · x_c² + x_c for each channel c, with trained s.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    channels: usize,
}

/// The channel that an entry is of.
fn each_channel<S: Clone>(x: &ArrayD<S>, mut of: impl FnMut(usize, &S) -> S) -> ArrayD<S> {
    let mut y = x.clone();
    for (channel, mut values) in y.axis_iter_mut(Axis(1)).enumerate() {
        values.mapv_inplace(|x| of(channel, &x));
    }
    y
}

impl Layer for Curve {
    fn name(&self) -> String {
        format!("curve of {} channels", self.channels)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        match input.get(1) {
            Some(&channels) if channels == self.channels => Ok(input.to_vec()),
            _ => Err(LayerError::Shape {
                layer: self.name(),
                expected: format!("(batch, {}, space…)", self.channels),
                found: input.to_vec(),
                suggestion: format!("give it {} channels", self.channels),
            }),
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new(Role::Weight, [self.channels], (1, 1))]
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.output_shape(input)?;
        if !from.is_trivial() {
            return Err(LayerError::Equivariance {
                layer: self.name(),
                group: from.group().to_string(),
                hypothesis: "channels of an orbit have slopes of their own".to_owned(),
                suggestion: "take channels that do not change places".to_owned(),
            });
        }
        Ok(OutputType {
            feature: from.clone(),
            because: "every place of a channel is treated alike".to_owned(),
        })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let slopes = &weights[0];
        Ok(each_channel(x, |channel, x| slopes[[channel]].clone() * x.clone() * x.clone() + x.clone()))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let slopes = &weights[0];
        let two = S::from_integer(2);
        let derivative =
            each_channel(x, |channel, x| two.clone() * slopes[[channel]].clone() * x.clone() + S::one());
        let mut of_slopes = ArrayD::from_elem(IxDyn(&[self.channels]), S::zero());
        let squares = x.mapv(|x| x.clone() * x) * output_gradient;
        for (channel, values) in squares.axis_iter(Axis(1)).enumerate() {
            of_slopes[[channel]] = values.iter().fold(S::zero(), |sum, value| sum + value.clone());
        }
        Ok(Gradients { input: derivative * output_gradient, weights: vec![of_slopes] })
    }
}

/// Adds to each entry its column: no mirror commutes with it.
#[derive(Clone, Debug, PartialEq)]
struct Ramp;

impl Layer for Ramp {
    fn name(&self) -> String {
        "ramp".to_owned()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        Ok(input.to_vec())
    }

    fn forward<S: Scalar>(&self, x: &ArrayD<S>, _: &[ArrayD<S>], _: Mode) -> Result<ArrayD<S>, LayerError> {
        let mut y = x.clone();
        for (column, mut values) in y.axis_iter_mut(Axis(x.ndim() - 1)).enumerate() {
            values.mapv_inplace(|x| x + S::from_integer(column as i64));
        }
        Ok(y)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        _: &ArrayD<S>,
        _: &[ArrayD<S>],
        _: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        Ok(Gradients { input: output_gradient.clone(), weights: Vec::new() })
    }
}

/// Says that it keeps shapes, and drops the last row.
#[derive(Clone, Debug, PartialEq)]
struct Liar;

impl Layer for Liar {
    fn name(&self) -> String {
        "liar".to_owned()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        Ok(input.to_vec())
    }

    fn forward<S: Scalar>(&self, x: &ArrayD<S>, _: &[ArrayD<S>], _: Mode) -> Result<ArrayD<S>, LayerError> {
        Ok(x.slice_axis(Axis(2), (..-1).into()).to_owned())
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        _: &ArrayD<S>,
        _: &[ArrayD<S>],
        _: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        Ok(Gradients { input: output_gradient.clone(), weights: Vec::new() })
    }
}

fn curve(channels: usize) -> CustomLayer {
    CustomLayer::new(Curve { channels })
}

/// Own layers by themselves, in a residual block and in a network within the network.
fn network() -> Network {
    let body = Network::new().then(Convolution::new(2, 2, [3, 3]).padding([1, 1])).then(curve(2));
    Network::new()
        .then(Convolution::new(1, 2, [3, 3]).padding([1, 1]))
        .then(curve(2))
        .then(Residual::new(body))
        .then(Network::new().then(Pool::maximum([2, 2])).then(curve(2)))
        .then(Flatten)
        .then(Dense::new(2 * 2 * 2, 3))
}

/// Integers from −1 to 1.
fn integers(shape: &[usize], seed: usize) -> ArrayD<f32> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 % 3.0 - 1.0
    })
}

fn weights(network: &Network) -> Weights {
    let arrays: Vec<_> =
        network.parameters().iter().zip(1..).map(|(part, seed)| integers(&part.shape, seed)).collect();
    Weights::from_arrays(network, &arrays).unwrap()
}

#[test]
fn names_and_equality_are_those_of_the_layer() {
    let network = network();
    let names: Vec<_> = network.parameters().into_iter().map(|part| part.name).collect();
    assert!(names.contains(&"1.weight".to_owned()) && names.contains(&"3.1.weight".to_owned()), "{names:?}");
    assert_eq!(curve(2), curve(2));
    assert_ne!(curve(2), curve(3));
    assert_ne!(CustomLayer::new(Ramp), CustomLayer::new(Liar));
    assert_eq!(curve(2).downcast_ref::<Curve>(), Some(&Curve { channels: 2 }));
    let error = network.output_shape(&[1, 3, 4, 4]).unwrap_err().to_string();
    assert!(error.starts_with("layer 0:"), "{error}");
    let error = Network::new().then(curve(2)).output_shape(&[1, 3, 4, 4]).unwrap_err().to_string();
    assert_eq!(
        error,
        "layer 0: curve of 2 channels takes inputs of shape (batch, 2, space…), found [1, 3, 4, 4]: give it 2 channels"
    );
}

/// All numbers are integers below 2²⁴, so that every order of summation gives the same bits.
#[test]
fn the_executor_computes_what_the_definition_says() {
    let network = network();
    let weights = weights(&network);
    for samples in [1, 5, 16, 37] {
        let x = integers(&[samples, 1, 4, 4], 7);
        let inputs: Vec<f32> = x.iter().copied().collect();
        let expected = network.forward(&x, &weights.arrays::<f32>(), Mode::Inference).unwrap();
        assert!(expected.iter().all(|value| value.abs() < 1e6) && expected.iter().any(|value| *value != 0.0));
        let mut executor = Executor::new(&network, &[1, 4, 4]).unwrap();
        let mut outputs = vec![0.0; samples * 3];
        executor.predict(&weights, &inputs, &mut outputs);
        assert_eq!(outputs, expected.iter().copied().collect::<Vec<_>>());

        let slope = integers(&[samples, 3], 11);
        let rows: Vec<f32> = slope.iter().copied().collect();
        let mut gradient = vec![0.0; weights.trained.len()];
        executor.step(&weights, &inputs, Objective::Gradient { output: &rows }, 0, &mut gradient);
        let exact = network
            .backward(&x.mapv(f64::from), &weights.arrays::<f64>(), Mode::Inference, &slope.mapv(f64::from))
            .unwrap();
        let exact: Vec<f64> = exact.weights.iter().flatten().copied().collect();
        assert!(exact.iter().all(|slope| slope.abs() < f64::from(1 << 24)), "the test's numbers are exact");
        assert_eq!(gradient.iter().map(|&slope| f64::from(slope)).collect::<Vec<_>>(), exact);
    }
}

/// Dual numbers over GF(p) differentiate `forward`; at points drawn from p ≈ 2⁶⁴ numbers a wrong entry of the
/// gradient survives with probability at most 3/p.
#[test]
fn gradients_are_exact() {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Goldilocks::from_integer((state >> 1) as i64)
    };
    let mut array = |shape: &[usize]| ArrayD::from_shape_simple_fn(IxDyn(shape), &mut draw);
    let (x, u, y) = (array(&[2, 2, 3]), array(&[2, 2, 3]), array(&[2, 2, 3]));
    let (w, v) = (array(&[2]), array(&[2]));
    let moving = |at: &ArrayD<Goldilocks>, along: &ArrayD<Goldilocks>| {
        ndarray::Zip::from(at).and(along).map_collect(|at, along| Dual::new(*at, *along))
    };
    let layer = curve(2);
    let moved = layer.forward(&moving(&x, &u), &[moving(&w, &v)], Mode::Inference).unwrap();
    let product = |a: &ArrayD<Goldilocks>, b: &ArrayD<Goldilocks>| {
        a.iter().zip(b).fold(Goldilocks::from_integer(0), |sum, (a, b)| sum + *a * *b)
    };
    let along = product(&moved.mapv(|z| z.derivative), &y);
    let gradients = layer.backward(&x, &[w], Mode::Inference, &y).unwrap();
    assert_eq!(along, product(&u, &gradients.input) + product(&v, &gradients.weights[0]));
}

#[test]
fn symmetry_is_proved_and_refuted() {
    let pointwise = Network::new().then(curve(1)).then(Pool::maximum([2, 2])).then(Activation::Relu);
    prove(pointwise.clone()).on([1, 1, 4, 4]).commutes_with(D4, OnGrid, OnGrid).assert();
    let feature = FeatureType::trivial(&GridGroup::d4(), 1);
    assert_eq!(pointwise.output_type(&[1, 1, 4, 4], &feature).unwrap().feature, feature);

    let ramp = Network::new().then(Pool::maximum([2, 2])).then(CustomLayer::new(Ramp));
    let report = prove(ramp).on([1, 1, 4, 4]).commutes_with(D4, OnGrid, OnGrid).check().unwrap();
    assert_eq!(report.verdict, Verdict::Fails, "{report}");
}

#[test]
fn it_is_trained() {
    // y = s·x² + x learns s = 1 from y = x² + x.
    let network = Network::new().then(curve(1));
    let mut weights = Weights::initial(&network, Initialisation::He, 3);
    let mut executor = Executor::new(&network, &[1, 1]).unwrap();
    let inputs: Vec<f32> = (0..40).map(|i| i as f32 / 20.0 - 1.0).collect();
    let targets: Vec<f32> = inputs.iter().map(|x| x * x + x).collect();
    let mut gradient = [0.0];
    let mut losses = Vec::new();
    for _ in 0..200 {
        let outcome =
            executor.step(&weights, &inputs, Objective::MeanSquare { targets: &targets }, 0, &mut gradient);
        losses.push(outcome.loss);
        weights.trained[0] -= 0.5 * gradient[0];
    }
    // A step of length η shrinks s − 1 by 1 − 2η·mean(x⁴) = 1 − 0.2, and the loss by its square.
    assert!(losses[199] < 1e-9 * losses[0], "{losses:?}");
    assert!((weights.trained[0] - 1.0).abs() < 1e-4);
}

/// What rten computes from integers is exact.
#[test]
fn it_is_exported_where_it_is_told_how() {
    let network = network();
    let weights = weights(&network);
    let error = to_onnx(&network, &weights, &[1, 4, 4]).unwrap_err();
    assert!(matches!(error, OnnxError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("curve of 2 channels"), "{error}");

    let model = Exporter::new(&network, &weights, &[1, 4, 4])
        .custom(|layer: &Curve, graph, x, weights| {
            let shape = graph.integers("slopes", &[layer.channels, 1, 1]);
            let slopes = graph.operator("Reshape", &[&weights[0], &shape], &[]);
            let square = graph.operator("Mul", &[x, x], &[]);
            let bent = graph.operator("Mul", &[&square, &slopes], &[]);
            graph.add(&bent, x)
        })
        .to_bytes()
        .unwrap();
    let x = integers(&[3, 1, 4, 4], 5);
    let expected = network.forward(&x, &weights.arrays::<f32>(), Mode::Inference).unwrap();
    let reader = rten::Model::load(model).unwrap();
    let input = rten::Value::from_shape(x.shape(), x.iter().copied().collect::<Vec<_>>()).unwrap();
    let output = reader.run_one(input.into(), None).unwrap();
    let (_, values) = output.into_shape_vec::<f32, 2>().unwrap();
    assert_eq!(values, expected.iter().copied().collect::<Vec<_>>());
}

#[test]
fn a_layer_that_does_not_do_what_it_says_is_told() {
    let network = Network::new().then(CustomLayer::new(Liar));
    let said = "liar says that it gives an array of shape [1, 1, 4], and gave one of [1, 1, 3]";
    let error = network.forward(&ArrayD::<f32>::zeros(IxDyn(&[1, 1, 4])), &[], Mode::Inference).unwrap_err();
    assert_eq!(error.to_string(), format!("layer 0: {said}"));
    assert_eq!(Executor::new(&network, &[1, 4]).unwrap_err().to_string(), said);
}

/// A scalar of one's own is not among those of the engine.
#[test]
fn other_scalars_are_refused() {
    let x = ArrayD::from_elem(IxDyn(&[1, 1]), Dual::constant(Bounded::new(1.0)));
    let error = CustomLayer::new(Ramp).forward(&x, &[], Mode::Inference).unwrap_err();
    assert!(matches!(error, LayerError::Scalar { .. }), "{error}");
}
