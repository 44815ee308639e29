//! Sizes that overflow, and the largest numbers that do not.

use equivariant::conv::plan::{Plan, PlanOptions};
use equivariant::conv::{Algorithm, Definition, Operation, Options, Problem};
use equivariant::executor::Executor;
use equivariant::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, Dense, Flatten, Layer, LayerError,
    Pool, SetLinear, Softmax, TransposedConvolution,
};
use equivariant::network::{Network, Weights};
use ndarray::{ArrayD, array};

#[test]
fn sizes_that_overflow() {
    let layer = TransposedConvolution::new(1, 1, [3]).stride([1 << 62]);
    let error = layer.output_shape(&[1, 1, 5]).unwrap_err().to_string();
    assert!(error.contains("too large"), "{error}");
    for huge in [1_usize << 31, 1 << 62, (1 << 63) - 1, usize::MAX] {
        let layers: Vec<AnyLayer> = vec![
            TransposedConvolution::new(1, 1, [3]).stride([huge]).into(),
            TransposedConvolution::new(1, 1, [3]).dilation([huge]).padding([huge]).into(),
            TransposedConvolution::new(1, 1, [huge]).into(),
            Convolution::new(1, 1, [1]).stride([huge]).dilation([huge]).into(),
            Convolution::new(1, 1, [3]).padding([huge]).into(),
            Convolution::new(huge, huge, [huge]).into(),
            Pool::maximum([2]).stride([huge]).into(),
            Dense::new(huge, huge).into(),
            Dense::new(0, 3).into(),
            Dense::new(3, 0).into(),
            SetLinear::new(huge, huge).into(),
            AdaptivePool::mean([]).into(),
            Flatten.into(),
            Softmax.into(),
            Activation::Relu.into(),
            BatchNormalisation::new(1).into(),
        ];
        let shapes: [&[usize]; 9] = [
            &[],
            &[0],
            &[1],
            &[huge],
            &[1, 3],
            &[1, 1, 5],
            &[0, 1, 5],
            &[1, huge, huge],
            &[huge, 1, huge, huge],
        ];
        for layer in &layers {
            for shape in shapes {
                // Nothing panics, whatever the answer.
                if layer.output_shape(shape).is_ok() {
                    layer.view(shape).unwrap();
                    layer.symmetry(shape).unwrap();
                    layer.connections(shape).unwrap();
                }
            }
        }
    }
    assert!(Flatten.output_shape(&[1, 1 << 62, 1 << 62]).is_err());
    assert!(Dense::new(0, 3).output_shape(&[1, 0]).is_err());
    assert!(Executor::new(&Network::new().then(Dense::new(0, 3)), &[0]).is_err());
    assert!(Executor::new(&Network::new(), &[1, 0]).is_err());
    assert_eq!(Pool::maximum([2]).output_shape(&[1, 1, 1 << 50]).unwrap(), [1, 1, 1 << 49]);
    for network in [
        Network::new().then(Dense::new(4, usize::MAX)),
        Network::new().then(TransposedConvolution::new(4, 1, [1]).stride([1 << 40])),
        Network::new().then(Activation::Relu),
    ] {
        for sample in [&[4][..], &[4, 5], &[4, 1 << 40], &[1 << 32, 1 << 32]] {
            let Err(error) = Executor::new(&network, sample) else { continue };
            assert!(matches!(error, LayerError::TooLarge { .. } | LayerError::Inside { .. }), "{error}");
        }
    }
    let wide = Executor::new(&Network::new().then(Dense::new(4, usize::MAX)), &[4]);
    assert!(matches!(wide, Err(LayerError::TooLarge { .. })), "{wide:?}");
}

/// The largest stride and dilation that there are, where no second output and no second tap follow, in every
/// direction.
#[test]
fn the_largest_stride() {
    let options = Options::new().stride([usize::MAX]).dilation([usize::MAX]);
    let problem = Problem::new(Operation::Correlation, &[1, 1, 1], &[1, 1, 5], &options).unwrap();
    let (kernel, signal) =
        (ArrayD::from_elem(vec![1, 1, 1], 2.0_f32), array![[[1.0, 2.0, 3.0, 4.0, 5.0]]].into_dyn());
    assert_eq!(
        Definition.run(&problem, kernel.view(), signal.view()).unwrap(),
        array![[[2.0_f32]]].into_dyn()
    );
    let plan = Plan::forward(&problem, &PlanOptions::new()).unwrap().prepare(kernel.view(), None).unwrap();
    assert_eq!(plan.apply(signal.view()).unwrap(), array![[[2.0_f32]]].into_dyn());
    let plan = Plan::transposed(&problem, &PlanOptions::new()).unwrap().prepare(kernel.view(), None).unwrap();
    let y = array![[[3.0_f32]]].into_dyn();
    assert_eq!(plan.apply(y.view()).unwrap(), array![[[6.0, 0.0, 0.0, 0.0, 0.0]]].into_dyn());
    let network = Network::new().then(Convolution::new(1, 1, [1]).stride([usize::MAX]).without_bias());
    let mut executor = Executor::new(&network, &[1, 5]).unwrap();
    let weights = Weights::from_arrays(&network, &[kernel]).unwrap();
    let mut found = [0.0];
    executor.predict(&weights, &[1.0, 2.0, 3.0, 4.0, 5.0], &mut found);
    assert_eq!(found, [2.0]);
}
