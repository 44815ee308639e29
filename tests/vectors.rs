//! The vectors that Coq computes from the definitions proved in `proofs/`: the code must reproduce them
//! exactly.
//!
//! `make -C proofs vectors` writes them again; nothing may move. Each line of a file is one case in JSON.

use equivariant::conv::{Boundary, Extent, Options, convolve, correlate_channels};
use equivariant::layer::{FilterBank, Layer, Mode, Pool};
use equivariant::scalar::{Goldilocks, Ring, Symbolic};
use equivariant::signal::{FeatureType, GridGroup};
use ndarray::{Array1, ArrayD, Axis};
use serde_json::Value;

fn cases(file: &str) -> Vec<Value> {
    let cases: Vec<Value> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(!cases.is_empty(), "a file of vectors has a case");
    cases
}

/// An array from nested lists of integers of any depth.
fn array(value: &Value) -> ArrayD<i64> {
    let (mut shape, mut inner) = (Vec::new(), value);
    while let Value::Array(list) = inner {
        shape.push(list.len());
        let Some(first) = list.first() else { break };
        inner = first;
    }
    let mut entries = Vec::new();
    flatten(value, &mut entries);
    ArrayD::from_shape_vec(shape, entries).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn flatten(value: &Value, entries: &mut Vec<i64>) {
    match value {
        Value::Array(list) => list.iter().for_each(|inner| flatten(inner, entries)),
        number => entries.push(number.as_i64().unwrap_or_else(|| panic!("{number} should be an integer"))),
    }
}

/// One number for each axis: a list, or a number where there is one axis.
fn numbers(value: &Value) -> Vec<usize> {
    let mut entries = Vec::new();
    flatten(value, &mut entries);
    entries.into_iter().map(|entry| usize::try_from(entry).expect("not negative")).collect()
}

fn options(case: &Value) -> Options {
    let boundary = match case["boundary"].as_str() {
        Some("zero") => Boundary::Zero,
        Some("reflect") => Boundary::Reflect,
        Some("replicate") => Boundary::Replicate,
        Some("periodic") => Boundary::Periodic,
        other => panic!("an unknown boundary: {other:?}"),
    };
    let padding: Vec<_> = numbers(&case["padding"]).chunks(2).map(|pair| (pair[0], pair[1])).collect();
    Options::new()
        .stride(numbers(&case["stride"]))
        .dilation(numbers(&case["dilation"]))
        .padding_before_after(padding)
        .boundary(boundary)
}

fn one_axis(value: &Value) -> Array1<i64> {
    Array1::from_iter(array(value))
}

#[test]
fn convolution() {
    for case in cases(include_str!("../proofs/vectors/convolve.txt")) {
        let result = convolve(&one_axis(&case["signal"]), &one_axis(&case["kernel"]), Extent::Full);
        assert_eq!(result.as_ref(), Ok(&one_axis(&case["result"])), "{case}");
    }
}

#[test]
fn correlation_of_signals() {
    let with_channels = |value: &Value| array(value).insert_axis(Axis(0)).insert_axis(Axis(0));
    for case in cases(include_str!("../proofs/vectors/correlate.txt")) {
        let result = correlate_channels(
            &with_channels(&case["signal"]),
            &with_channels(&case["kernel"]),
            &options(&case),
        );
        assert_eq!(result.as_ref(), Ok(&with_channels(&case["result"])), "{case}");
    }
}

#[test]
fn correlation_of_images_with_channels() {
    let one_sample = |value: &Value| array(value).insert_axis(Axis(0));
    for case in cases(include_str!("../proofs/vectors/correlate_images.txt")) {
        let result =
            correlate_channels(&one_sample(&case["signal"]), &array(&case["kernel"]), &options(&case));
        assert_eq!(result.as_ref(), Ok(&one_sample(&case["result"])), "{case}");
    }
}

/// Maxima of integers are exact in `f64`. Coq's vectors have the sum over a window where the layer has the
/// mean, a constant polynomial with a rational coefficient: times the number of taps it is the sum.
#[test]
fn pooling() {
    let layer = |pool: Pool, case: &Value| pool.stride(numbers(&case["stride"]));
    let image = |value: &Value| array(value).insert_axis(Axis(0)).insert_axis(Axis(0));
    let (mut maxima, mut sums) = (0, 0);
    for case in cases(include_str!("../proofs/vectors/pool.txt")) {
        let window = numbers(&case["window"]);
        let (signal, expected) = (image(&case["signal"]), image(&case["result"]));
        match case["operation"].as_str() {
            Some("maximum_pool") => {
                let pool = layer(Pool::maximum(window), &case);
                let result = pool.forward(&signal.mapv(|entry| entry as f64), &[], Mode::Inference);
                assert_eq!(result, Ok(expected.mapv(|entry| entry as f64)), "{case}");
                maxima += 1;
            }
            Some("sum_pool") => {
                let taps = Symbolic::from_integer(window.iter().product::<usize>() as i64);
                let pool = layer(Pool::mean(window), &case);
                let mean = pool.forward(&signal.mapv(Symbolic::from_integer), &[], Mode::Inference);
                let sum = mean.map(|mean| mean.mapv(|entry| entry * taps.clone()));
                assert_eq!(sum, Ok(expected.mapv(Symbolic::from_integer)), "{case}");
                sums += 1;
            }
            other => panic!("an unknown operation: {other:?}"),
        }
    }
    assert!(maxima > 0 && sums > 0, "both kinds have cases");
}

/// The filter banks of the p4 layers: kernels (output, input[, orientation], row, column) become filters
/// (4·output + orientation, input or 4·input + orientation, row, column).
#[test]
fn p4_filter_banks() {
    let c4 = GridGroup::c4();
    let (mut lifting, mut group) = (0, 0);
    for case in cases(include_str!("../proofs/vectors/bank.txt")) {
        let (kernel, expected) = (array(&case["kernel"]), array(&case["result"]));
        let (outputs, inputs) = (kernel.shape()[0], kernel.shape()[1]);
        let (from, kernel) = match case["operation"].as_str() {
            Some("lifting_bank") => {
                lifting += 1;
                (FeatureType::trivial(&c4, inputs), kernel.insert_axis(Axis(2)))
            }
            Some("group_bank") => {
                group += 1;
                (FeatureType::regular(&c4, inputs), kernel)
            }
            other => panic!("an unknown operation: {other:?}"),
        };
        let bank = FilterBank::new(&from, &FeatureType::regular(&c4, outputs), &kernel.shape()[3..]);
        let filters = bank.expand(&kernel.mapv(Goldilocks::from_integer));
        assert_eq!(filters, expected.mapv(Goldilocks::from_integer), "{case}");
    }
    assert!(lifting > 0 && group > 0, "both kinds have cases");
}
