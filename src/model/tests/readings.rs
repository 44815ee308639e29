//! One program in several readings.

use ndarray::{ArrayD, IxDyn};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Draft, array, float, int, ints};
use crate::model::{Bounds, Dependency, ElementType, Floats, Program, Rationals};
use crate::scalar::{Bounded, Rational};

/// Numbers of 24 bits below 1: floats of 32 bits.
fn numbers(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || f64::from(random.next_u32() >> 8) / 2.0_f64.powi(23) - 1.0)
}

/// Convolution, normalisation, pool, dense layer and rectifiers: all that rational numbers can do.
fn network(random: &mut ChaCha8Rng) -> Program {
    Draft::new(17)
        .input("x", &[1, 2, 6, 6])
        .floats("w", &numbers(&[3, 2, 3, 3], random))
        .floats("b", &numbers(&[3], random))
        .floats("scale", &numbers(&[3], random))
        .floats("mean", &numbers(&[3], random))
        .floats("variance", &super::list(&[0.25, 2.25, 4.0]))
        .floats("dense", &numbers(&[12, 4], random))
        .node("Conv", &["x", "w", "b"], "c", &[ints("pads", &[1, 1, 1, 1])])
        .node("BatchNormalization", &["c", "scale", "b", "mean", "variance"], "n", &[float("epsilon", 0.0)])
        .node("LeakyRelu", &["n"], "r", &[float("alpha", 0.01)])
        .node("AveragePool", &["r"], "p", &[ints("kernel_shape", &[3, 3]), ints("strides", &[3, 3])])
        .node("Flatten", &["p"], "f", &[])
        .node("Gemm", &["f", "dense"], "g", &[float("alpha", 0.7)])
        .node("Softsign", &["g"], "y", &[])
        .program(&["y"])
        .unwrap()
}

#[test]
fn bounds_hold_for_the_exact_result_and_for_machines() {
    for seed in 0..5 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let program = network(&mut random);
        let x = numbers(&[1, 2, 6, 6], &mut random);
        let bounded = [x.mapv(Bounded::new)];
        let exact = program.outputs(&Rationals, &[x.mapv(Rational::try_from_f64)]).unwrap();
        let narrow = program.outputs(&Bounds::exact(), &bounded).unwrap();
        let wide = program.outputs(&Bounds::of_machine(ElementType::Float32), &bounded).unwrap();
        let double = program.outputs(&Floats::double(), std::slice::from_ref(&x)).unwrap();
        let single = program.outputs(&Floats::of_the_model(), &[x]).unwrap();
        let covers = |bound: &Bounded, value: &Rational| {
            let [centre, radius] = [bound.value(), bound.error()].map(|x| Rational::try_from_f64(x).unwrap());
            (centre - value.clone()).abs() <= radius
        };
        for place in 0..4 {
            let at = [0, place];
            let truth = exact[0][at].clone().unwrap();
            let float = |x: f64| Rational::try_from_f64(x).unwrap();
            assert!(covers(&narrow[0][at], &truth), "seed {seed}");
            for value in [truth, float(double[0][at]), float(single[0][at])] {
                assert!(covers(&wide[0][at], &value), "seed {seed}");
            }
            // Not silly: some 60 roundings of numbers below 20, three of them in a row.
            assert!(wide[0][at].error() < 1e-3 && narrow[0][at].error() < 1e-12, "seed {seed}");
        }
    }
}

#[test]
fn an_entry_sees_its_receptive_field() {
    // Two windows of 3 with a step of 2 in between: places 2i − 1 … 2i + 1 of places j − 1 … j + 1.
    let ones = array(&[1, 1, 3], &[1.0; 3]);
    let draft = |hole: f64| {
        Draft::new(17)
            .input("x", &[1, 1, 16])
            .floats("w", &ones)
            .floats("v", &array(&[1, 1, 3], &[hole, 1.0, 1.0]))
            .node("Conv", &["x", "v"], "a", &[ints("pads", &[1, 1])])
            .node("Relu", &["a"], "r", &[])
            .node("Conv", &["r", "w"], "y", &[ints("pads", &[1, 1]), ints("strides", &[2])])
            .program(&["y"])
            .unwrap()
    };
    let seen = |program: &Program, place: usize| {
        let reading = Dependency::on(program);
        let outputs = program.outputs(&reading, &reading.inputs(program)).unwrap();
        reading.of_input(&outputs[0][[0, 0, place]], 0).unwrap()[2]
    };
    assert_eq!(seen(&draft(1.0), 3), (4, 8));
    assert_eq!(seen(&draft(1.0), 0), (0, 2));
    // A tap of zero is not seen.
    assert_eq!(seen(&draft(0.0), 3), (5, 8));
}

#[test]
fn what_is_constant_sees_nothing() {
    let program = Draft::new(17)
        .input("x", &[2])
        .floats("zero", &super::list(&[0.0, 1.0]))
        .node("Mul", &["x", "zero"], "y", &[])
        .program(&["y"])
        .unwrap();
    let reading = Dependency::on(&program);
    let outputs = program.outputs(&reading, &reading.inputs(&program)).unwrap();
    assert_eq!(reading.of_input(&outputs[0][[0]], 0), None);
    assert_eq!(reading.of_input(&outputs[0][[1]], 0), Some(vec![(1, 1)]));
}

#[test]
fn masks_of_minus_infinity_are_exact() {
    // softmax(x + mask) where the mask hides the second entry: all weight is on the first.
    let program = Draft::new(17)
        .input("x", &[1, 2])
        .floats("mask", &array(&[1, 2], &[0.0, f64::NEG_INFINITY]))
        .node("Add", &["x", "mask"], "masked", &[])
        .node("Softmax", &["masked"], "y", &[int("axis", 1)])
        .program(&["y"])
        .unwrap();
    let x = array(&[1, 2], &[0.5, 7.0]).mapv(Bounded::new);
    let bounds = program.outputs(&Bounds::of_machine(ElementType::Float32), &[x]).unwrap();
    assert_eq!(bounds[0][[0, 1]], Bounded::new(0.0));
    // One quotient of two numbers that are off by the units of an exponential.
    assert!(bounds[0][[0, 0]].may_equal(&Bounded::new(1.0)) && bounds[0][[0, 0]].error() < 1e-5);
}

#[test]
fn inputs_that_do_not_fit_are_told() {
    let program = Draft::new(17).input("x", &[2]).node("Exp", &["x"], "y", &[]).program(&["y"]).unwrap();
    let told = program.outputs(&Floats::double(), &[array(&[3], &[0.0; 3])]).unwrap_err().to_string();
    assert_eq!(told, "input 0: expected the shape [2], found [3]");
    let told = program.outputs(&Floats::double(), &[]).unwrap_err().to_string();
    assert_eq!(told, "expected 1 inputs, found 0");
    let one = ArrayD::from_elem(IxDyn(&[2]), Some(Rational::from(1)));
    let told = program.outputs(&Rationals, &[one]).unwrap_err().to_string();
    assert_eq!(told, "node number 0: Exp has no value in the rational numbers");
}
