//! The engine as a test in another crate uses it: true claims, false claims, and what a failure prints.

use equivariant::conv::{Boundary, ConvolutionError, Options, correlate_channels};
use equivariant::group::{Action, C4, CyclicTranslations, D4, FiniteGroup, Rotation, Symmetric};
use equivariant::scalar::Scalar;
use equivariant::signal::{OnAxis, OnGrid, TrivialAction};
use equivariant::verify::{
    ExamineError, Failure, Finding, Judgement, Map, MeasureError, Reading, Unknown, Value, Verdict, measure,
    prove,
};
use ndarray::{ArrayD, Axis};

/// A rectified 3×3 correlation; its kernel is a weight, or a weight summed over its quarter turns.
struct Layer {
    symmetric: bool,
    boundary: Boundary,
}

impl Map for Layer {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new("w", [1, 1, 3, 3])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut kernel = weights[0].clone();
        if self.symmetric {
            for g in C4.elements().skip(1) {
                kernel = kernel + OnGrid.act(&C4, &g, &weights[0]);
            }
        }
        let options = Options::new().padding([1, 1]).boundary(self.boundary);
        let image = x.clone().insert_axis(Axis(0)).insert_axis(Axis(0));
        let output = correlate_channels(&image, &kernel, &options)?;
        Ok(output.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0).mapv(|entry| entry.relu()))
    }
}

fn torus(shape: &[usize]) -> Option<CyclicTranslations<2>> {
    Some(CyclicTranslations::new([shape[0], shape[1]]))
}

#[test]
fn a_symmetric_kernel_is_proved_to_commute_with_quarter_turns() {
    let layer = Layer { symmetric: true, boundary: Boundary::Zero };
    let report = prove(layer).on([5, 5]).commutes_with(C4, OnGrid, OnGrid).assert();
    let readings: Vec<Reading> = report.evidence.iter().map(|evidence| evidence.finding.reading()).collect();
    assert_eq!(readings, [Reading::Symbolic, Reading::Field, Reading::Rounding, Reading::Float]);
    // 25 pixels and 9 weights.
    assert!(matches!(report.evidence[0].finding, Finding::Symbolic { variables: 34, .. }));
    // The rectifier is no polynomial: it is a random function, about which there is a bound too.
    assert!(
        matches!(report.evidence[1].finding, Finding::Field { log2_failure: Some(log2), .. } if log2 < -60.0)
    );
}

#[test]
fn a_free_kernel_is_refuted_with_one_pixel_and_one_weight() {
    let layer = Layer { symmetric: false, boundary: Boundary::Zero };
    let report =
        prove(layer).on([5, 5]).commutes_with(D4, OnGrid, OnGrid).shrinking_to([1, 1]).check().unwrap();
    assert_eq!(report.verdict, Verdict::Fails);
    let counterexample = report.counterexample.expect("a refutation has a counterexample");
    for (name, value) in &counterexample.inputs {
        let Value::Array(array) = value else { panic!("{name} is an array") };
        assert_eq!(array.iter().filter(|entry| **entry != 0.0).count(), 1, "{name} = {value}");
    }
    assert!(counterexample.replay.contains("a_free_kernel_is_refuted_with_one_pixel_and_one_weight"));
}

#[test]
fn periodic_padding_keeps_translations_and_zero_padding_does_not() {
    let on = |boundary| prove(Layer { symmetric: false, boundary }).on([4, 5]);
    let group = torus(&[4, 5]).unwrap();
    on(Boundary::Periodic).commutes_with(group, OnGrid, OnGrid).for_each_shape(torus).assert();
    let report =
        on(Boundary::Zero).commutes_with(group, OnGrid, OnGrid).for_each_shape(torus).check().unwrap();
    assert_eq!(report.verdict, Verdict::Fails);
    assert_eq!(report.largest.as_deref(), Some("the identity only"));
}

/// Every second entry.
struct Subsample;

impl Map for Subsample {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(x.slice_axis(Axis(0), ndarray::Slice::new(0, None, 2)).to_owned())
    }
}

#[test]
fn an_output_of_another_shape_cannot_be_moved_by_the_same_group() {
    let group = CyclicTranslations::new([6]);
    let error = prove(Subsample).on([6]).commutes_with(group, OnGrid, OnGrid).check().unwrap_err();
    assert!(matches!(error, ExamineError::Evaluation { .. }), "{error}");
    assert!(error.to_string().contains("[3]"), "{error}");
}

/// Rolls by a weight times the input: linear in the input for every weight.
struct Blend;

impl Map for Blend {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new("w", [])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let w = &weights[0][[]];
        let n = x.len();
        Ok(ArrayD::from_shape_fn(vec![n], |i| x[[i[0]]].clone() + w.clone() * x[[(i[0] + 1) % n]].clone()))
    }
}

#[test]
fn a_linear_map_is_proved_on_a_basis() {
    let group = CyclicTranslations::new([6]);
    let report = prove(Blend).on([6]).commutes_with(group, OnGrid, OnGrid).linear().assert();
    // Six basis vectors, each with an output of 1 and w: twelve terms for the one generator.
    assert!(matches!(report.evidence[0].finding, Finding::Symbolic { variables: 7, terms: 12, .. }));
}

#[test]
fn a_map_that_is_not_linear_is_not_proved_on_a_basis() {
    let layer = Layer { symmetric: false, boundary: Boundary::Periodic };
    let group = CyclicTranslations::new([4, 4]);
    let check = prove(layer).on([4, 4]).commutes_with(group, OnGrid, OnGrid).linear();
    assert!(check.check().unwrap_err().to_string().contains("linear"));
}

#[test]
fn no_reading_is_an_error() {
    let layer = Layer { symmetric: true, boundary: Boundary::Zero };
    let check = prove(layer).on([3, 3]).commutes_with(C4, OnGrid, OnGrid).readings([]);
    assert!(matches!(check.check(), Err(ExamineError::NothingChecked(_))));
}

#[test]
#[should_panic(
    expected = "EQUIVARIANT_SEED=7 cargo test -- --exact the_assertion_prints_the_line_that_replays_it"
)]
fn the_assertion_prints_the_line_that_replays_it() {
    let layer = Layer { symmetric: false, boundary: Boundary::Zero };
    prove(layer).on([3, 3]).commutes_with(C4, OnGrid, OnGrid).seed(7).assert();
}

#[test]
fn the_same_seed_finds_the_same() {
    let check = |seed| {
        let layer = Layer { symmetric: false, boundary: Boundary::Zero };
        prove(layer).on([3, 3]).commutes_with(C4, OnGrid, OnGrid).seed(seed).check().unwrap()
    };
    assert_eq!(check(1), check(1));
}

/// The correlation of an image with a fixed 3×3 kernel, in single precision, by hand.
fn filter(kernel: [[f32; 3]; 3]) -> impl Fn(&ArrayD<f32>) -> ArrayD<f32> {
    move |x| {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        ArrayD::from_shape_fn(x.shape(), |index| {
            let mut sum = 0.0;
            for (i, row) in kernel.iter().enumerate() {
                for (j, weight) in row.iter().enumerate() {
                    let (r, c) = ((index[0] + i + rows - 1) % rows, (index[1] + j + columns - 1) % columns);
                    sum += weight * x[[r, c]];
                }
            }
            sum
        })
    }
}

#[test]
fn a_symmetric_filter_is_measured_to_be_consistent() {
    let blur = filter([[0.1, 0.2, 0.1], [0.2, 0.3, 0.2], [0.1, 0.2, 0.1]]);
    let measurement = measure(blur).on([16, 16]).commutes_with(D4, OnGrid, OnGrid).assert();
    assert_eq!(measurement.elements.len(), 8);
    // Nothing in single precision is more exact than some 2⁻²⁶ of the variation.
    assert!(measurement.noise_floor >= f64::from(f32::EPSILON) / 8.0);
}

#[test]
fn an_edge_filter_is_measured_to_be_broken() {
    let edge = filter([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]);
    let measurement = measure(edge).on([8, 8]).commutes_with(C4, OnGrid, OnGrid).check().unwrap();
    assert_eq!(measurement.judgement, Judgement::Broken);
    assert_eq!(measurement.largest.as_deref(), Some("the identity only"));
    let counterexample = measurement.counterexample.expect("a broken symmetry has a counterexample");
    let Value::Array(input) = &counterexample.inputs[0].1 else { panic!("the input is an array") };
    assert_eq!(input.iter().filter(|entry| **entry != 0.0).count(), 1);
}

#[test]
fn a_sum_over_points_is_invariant_and_the_first_point_is_not() {
    let group = Symmetric::new(5).unwrap();
    measure(|cloud: &ArrayD<f64>| cloud.sum_axis(Axis(0)))
        .on([5, 3])
        .is_invariant_under(group, OnAxis::new(2))
        .assert();
    let first = measure(|cloud: &ArrayD<f64>| cloud.index_axis(Axis(0), 0).to_owned())
        .on([5, 3])
        .is_invariant_under(group, OnAxis::new(2))
        .check()
        .unwrap();
    assert_eq!(first.judgement, Judgement::Broken);
}

#[test]
fn only_the_elements_asked_for_are_measured() {
    let mirror = measure(|x: &ArrayD<f32>| x.slice(ndarray::s![..;-1, ..;-1]).to_owned().into_dyn())
        .on([4, 4])
        .commutes_with_elements(C4, [Rotation::Rot180], OnGrid, OnGrid)
        .assert();
    assert_eq!(mirror.elements.len(), 1);
}

#[test]
fn a_measurement_that_shows_nothing_is_an_error() {
    let on = |function: fn(&ArrayD<f32>) -> ArrayD<f32>| measure(function).on([4, 4]);
    let constant = on(|_| ArrayD::ones(vec![2])).is_invariant_under(C4, OnGrid);
    assert!(matches!(constant.check(), Err(MeasureError::Constant)));
    let infinite = on(|x| x.mapv(|entry| entry / 0.0)).commutes_with(C4, OnGrid, OnGrid);
    assert!(matches!(infinite.check(), Err(MeasureError::NotFinite { .. })));
    let identity = on(|x| x.clone()).commutes_with_elements(C4, [Rotation::Identity], OnGrid, OnGrid);
    assert!(matches!(identity.check(), Err(MeasureError::NoElement)));
    let line = on(|x| x.sum_axis(Axis(0))).commutes_with(C4, OnGrid, OnGrid);
    assert!(matches!(line.check(), Err(MeasureError::Action { side: "output", .. })));
}

#[test]
fn errors_of_the_code_under_test_are_passed_on() {
    struct Strict;
    impl Map for Strict {
        fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            Ok(correlate_channels(x, x, &Options::new().stride([0]))?)
        }
    }
    let error = prove(Strict).on([1, 1, 3]).is_invariant_under(C4, TrivialAction).check().unwrap_err();
    let ExamineError::Evaluation { source, .. } = error else { panic!("{error}") };
    assert!(source.downcast_ref::<ConvolutionError>().is_some(), "{source}");
}

#[test]
fn the_reflections_of_d4_move_pixels_as_their_names_say() {
    use equivariant::group::{Flip, RotationReflection};
    let image = ndarray::arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 9_i64]]);
    let moved = |rotation| {
        OnGrid.act(&D4, &RotationReflection::new(rotation, Flip::Reflect), &image.clone().into_dyn())
    };
    assert_eq!(moved(Rotation::Identity), image.slice(ndarray::s![.., ..;-1]).into_dyn());
    assert_eq!(moved(Rotation::Rot90), image.t().into_dyn());
    assert_eq!(moved(Rotation::Rot180), image.slice(ndarray::s![..;-1, ..]).into_dyn());
    assert_eq!(moved(Rotation::Rot270), image.slice(ndarray::s![..;-1, ..;-1]).t().into_dyn());
}
