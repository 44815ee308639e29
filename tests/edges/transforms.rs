//! Samples and kernels that transforms cannot take.

use equivariant::conv::plan::{Method, Plan, PlanOptions};
use equivariant::conv::{Algorithm, Definition, Operation, Options, Problem};
use equivariant::executor::{Executor, Objective};
use equivariant::layer::{Convolution, Initialisation, Layer, Mode};
use equivariant::network::{Network, Weights};
use ndarray::{ArrayD, array};

use super::{INFINITY, same};

/// Any samples and kernel, the same ones each time: whole numbers of at most nine.
fn small(shape: &[usize], salt: usize) -> ArrayD<f32> {
    let mut at = salt;
    ArrayD::from_shape_simple_fn(shape, || {
        at = (at * 1_103_515_245 + 12_345) % (1 << 31);
        ((at >> 16) % 19) as f32 - 9.0
    })
}

#[test]
fn samples_do_not_mix() {
    for (kernel, signal, padding) in
        [(vec![1, 1, 256], vec![2, 1, 1024], vec![128]), (vec![1, 1, 11, 11], vec![3, 1, 64, 64], vec![5, 5])]
    {
        let options = Options::new().padding(padding);
        let problem = Problem::new(Operation::Correlation, &kernel, &signal, &options).unwrap();
        let (kernel, signal) = (small(&kernel, 1), small(&signal, 2));
        for options in [PlanOptions::new(), PlanOptions::new().method(Method::Fourier)] {
            let plan = Plan::forward(&problem, &options).unwrap().prepare(kernel.view(), None).unwrap();
            let alone = plan.apply(signal.view()).unwrap();
            for spoil in [f32::NAN, INFINITY, 1e8, 1e30] {
                let mut spoilt = signal.clone();
                match spoil.is_finite() {
                    true => spoilt.index_axis_mut(ndarray::Axis(0), 0).map_inplace(|x| *x *= spoil),
                    false => *spoilt.iter_mut().next().unwrap() = spoil,
                }
                let found = plan.apply(spoilt.view()).unwrap();
                for sample in 1..signal.shape()[0] {
                    let row = |of: &ArrayD<f32>| of.index_axis(ndarray::Axis(0), sample).to_owned();
                    assert_eq!(row(&found), row(&alone), "{} and {spoil}", plan.plan().method_name());
                }
                // What is not finite stays where the definition has it, too.
                let expected = Definition.run(&problem, kernel.view(), spoilt.view()).unwrap();
                if !spoil.is_finite() {
                    let finite = |of: &ArrayD<f32>| of.mapv(f32::is_finite);
                    assert_eq!(finite(&found), finite(&expected));
                }
            }
        }
    }
}

#[test]
fn transforms_do_not_overflow() {
    let problem =
        Problem::new(Operation::Correlation, &[1, 1, 63, 63], &[1, 1, 128, 128], &Options::new()).unwrap();
    let (kernel, signal) =
        (ArrayD::from_elem(vec![1, 1, 63, 63], 1e-5), ArrayD::from_elem(vec![1, 1, 128, 128], 3e37));
    for options in [PlanOptions::new(), PlanOptions::new().method(Method::Fourier)] {
        let plan = Plan::<f32>::forward(&problem, &options).unwrap().prepare(kernel.view(), None).unwrap();
        let found = plan.apply(signal.view()).unwrap();
        // 3969 products, each rounded with every sum after it: off by 3970·2⁻²⁴ relatively, and the constants
        // by 2⁻²⁴ each.
        let (exact, bound) = (3969.0 * 3e37 * 1e-5, 3972.0 * 2f64.powi(-24));
        assert!(
            found.iter().all(|&y| (f64::from(y) / exact - 1.0).abs() <= bound),
            "{}",
            found[[0, 0, 0, 0]]
        );
    }
}

#[test]
fn infinite_weights_over_zero_padding() {
    let problem = |length| {
        Problem::new(Operation::Correlation, &[1, 1, 3], &[1, 1, length], &Options::new().padding([1]))
            .unwrap()
    };
    let kernel = array![[[INFINITY, 1.0, 1.0]]].into_dyn();
    for length in [2, 40, 5000] {
        let (problem, signal) =
            (problem(length), ArrayD::from_shape_fn(vec![1, 1, length], |i| (i[2] + 1) as f32));
        let expected = Definition.run(&problem, kernel.view(), signal.view()).unwrap();
        assert_eq!((expected[[0, 0, 0]], expected[[0, 0, 1]]), (3.0, INFINITY));
        for method in
            [Method::Automatic, Method::Direct, Method::DirectTiles, Method::WinogradTwo, Method::Fourier]
        {
            let Ok(plan) = Plan::forward(&problem, &PlanOptions::new().method(method)) else { continue };
            let found = plan.prepare(kernel.view(), None).unwrap().apply(signal.view()).unwrap();
            assert_eq!(found, expected, "{method:?}");
        }
        let layer = Convolution::new(1, 1, [3]).padding([1]).without_bias();
        let found = layer.forward(&signal, std::slice::from_ref(&kernel), Mode::Inference).unwrap();
        assert_eq!(found, expected);
        let network = Network::new().then(layer);
        let weights = Weights::from_arrays(&network, std::slice::from_ref(&kernel)).unwrap();
        let mut executor = Executor::new(&network, &[1, length]).unwrap();
        let mut found = vec![0.0; length];
        executor.predict(&weights, signal.as_slice().unwrap(), &mut found);
        assert_eq!(found, expected.into_raw_vec_and_offset().0);
    }
}

/// An infinite gradient at a border, whose window reads padding: whole numbers, whose sums are exact where
/// they are finite.
#[test]
fn infinite_gradients_over_zero_padding() {
    for layer in [
        Convolution::new(2, 2, [3]).padding([1]),
        Convolution::new(2, 4, [3]).padding([2]).stride([2]).groups(2),
        Convolution::new(2, 2, [2]).padding([3]).dilation([2]),
    ] {
        let network = Network::new().then(layer.clone());
        let weights = Weights::initial(&network, Initialisation::He, 1);
        let mut executor = Executor::new(&network, &[2, 7]).unwrap();
        let shape = layer.output_shape(&[3, 2, 7]).unwrap();
        let (x, dy) = (small(&[3, 2, 7], 1), small(&shape, 2));
        for place in 0..shape[2] {
            for value in [INFINITY, -INFINITY, f32::NAN] {
                let mut dy = dy.clone();
                dy[[1, 1, place]] = value;
                let gradients = layer.backward(&x, &weights.arrays(), Mode::Inference, &dy).unwrap();
                let expected: Vec<f32> = gradients.weights.iter().flatten().copied().collect();
                let mut found = vec![0.0; expected.len()];
                let objective = Objective::Gradient { output: dy.as_slice().unwrap() };
                executor.step(&weights, x.as_slice().unwrap(), objective, 0, &mut found);
                for (&expected, found) in expected.iter().zip(found) {
                    assert!(same(expected, found), "{value} at {place}: {expected} and {found}");
                }
            }
        }
    }
}
