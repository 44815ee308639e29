//! Verdicts about small models whose symmetries are known by construction (`tests/onnx/symmetry.py` makes
//! them), and mutants of models that are proved.

use std::path::PathBuf;

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::exact::{Moving, Prover};
use super::*;
use crate::model::tests::{Draft, ints};
use crate::model::{Arithmetic, Bounds, Model, Operation, Origin, Program};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/symmetry").join(name)
}

fn model(name: &str) -> Model {
    Model::read(path(&format!("{name}.onnx"))).unwrap()
}

#[test]
fn verdicts_are_the_truth() {
    let truth: Value = serde_json::from_str(&std::fs::read_to_string(path("truth.json")).unwrap()).unwrap();
    let truth = truth.as_object().unwrap();
    assert!(truth.len() >= 30, "{} models", truth.len());
    let mut wrong = Vec::new();
    for (name, groups) in truth {
        let model = model(name);
        let question = groups
            .as_object()
            .unwrap()
            .keys()
            .fold(model.prove(), |question, group| question.under(group.parse().unwrap()));
        let report = question.check().unwrap_or_else(|error| panic!("{name}: {error}"));
        for (group, expected) in groups.as_object().unwrap() {
            let found = report.group(group.parse().unwrap()).unwrap();
            let evidence = found.basis.map(|evidence| evidence.to_string());
            let operator = found.breaks_at.as_ref().map(|at| at.operator.clone());
            let agree =
                |key: &str, found: Option<&str>| expected[key].is_null() || expected[key].as_str() == found;
            if !(agree("verdict", Some(&found.verdict.to_string()))
                && agree("evidence", evidence.as_deref())
                && agree("largest", found.largest.as_deref())
                && agree("op", operator.as_deref()))
            {
                wrong.push(format!(
                    "{name} {group}: expected {expected}, found {} {evidence:?} {:?} {:?} error \
                        {:?} noise {:?}",
                    found.verdict, found.largest, found.breaks_at, found.relative_error, found.noise_floor
                ));
            }
            if found.basis == Some(Basis::Proved) {
                assert!(found.log2_failure.unwrap() <= -40.0, "{name} {group}");
            }
            if found.basis == Some(Basis::Refuted) {
                let counterexample = found.counterexample.as_ref().unwrap();
                assert!(counterexample.difference > counterexample.bound, "{name} {group}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the first generator of a group is proved for a program.
fn is_proved(program: &Program, group: SymmetryGroup) -> bool {
    let moving = Moving::of(program, 0);
    let prover = Prover::new(program, Some(2), 0.0).unwrap().unwrap();
    let generators = group.generators(&moving.own).unwrap();
    generators.iter().all(|element| prover.judge(&moving, &element.motion).unwrap().unwrap().holds())
}

/// The constant of a program with this name.
fn constant<'p>(program: &'p mut Program, name: &str) -> &'p mut ArrayD<f64> {
    let slot = program.names[name];
    match &mut program.slots[slot].origin {
        Origin::Constant(array) => std::sync::Arc::make_mut(array),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn no_mutant_is_proved() {
    let seed = std::env::var("EQUIVARIANT_SEED").map_or(0, |seed| seed.parse().unwrap());
    println!("EQUIVARIANT_SEED={seed} cargo test --features model no_mutant_is_proved");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let original = model("c4_invariant").program(&[]).unwrap();
    let slopes = model("slopes_of_orbits").program(&[]).unwrap();
    assert!(is_proved(&original, SymmetryGroup::Rot90) && is_proved(&slopes, SymmetryGroup::Rot90));
    for number in 0..50 {
        let name = if number % 2 == 0 { "first" } else { "second" };
        // One unit in the last place of one weight.
        let mut mutant = original.clone();
        let weights = constant(&mut mutant, name);
        let entry = random.random_range(0..weights.len());
        let weight = weights.iter_mut().nth(entry).unwrap();
        *weight = f64::from((*weight as f32).next_up());
        assert!(!is_proved(&mutant, SymmetryGroup::Rot90), "entry {entry} of {name}");

        // Two maps exchanged, of different fields: the next layer takes them for others.
        let mut mutant = original.clone();
        let weights = constant(&mut mutant, name);
        let (one, other) = (random.random_range(0..4), random.random_range(4..8));
        let kept = weights.index_axis(ndarray::Axis(0), one).to_owned();
        let moved = weights.index_axis(ndarray::Axis(0), other).to_owned();
        weights.index_axis_mut(ndarray::Axis(0), one).assign(&moved);
        weights.index_axis_mut(ndarray::Axis(0), other).assign(&kept);
        assert!(!is_proved(&mutant, SymmetryGroup::Rot90), "maps {one} and {other} of {name}");

        // A pad shifted.
        let mut mutant = original.clone();
        let convolutions = mutant.steps.iter_mut().filter_map(|step| match &mut step.operation {
            Operation::Convolution(convolution) => Some(convolution),
            _ => None,
        });
        let convolution = convolutions.collect::<Vec<_>>().swap_remove(number % 2);
        convolution.padding[random.random_range(0..2)] = if number % 4 < 2 { (0, 2) } else { (2, 0) };
        assert!(!is_proved(&mutant, SymmetryGroup::Rot90), "pads {:?}", mutant.steps[0]);

        // A slope of one channel changed.
        let mut mutant = slopes.clone();
        let weights = constant(&mut mutant, "slopes");
        let entry = random.random_range(0..weights.len());
        *weights.iter_mut().nth(entry).unwrap() *= 1.0 + f64::from(f32::EPSILON);
        assert!(!is_proved(&mutant, SymmetryGroup::Rot90), "slope {entry}");
    }
}

#[test]
fn certificates_are_checked_without_their_maker() {
    for (name, group) in [
        ("c4_invariant", SymmetryGroup::Rot90),
        ("slopes_of_orbits", SymmetryGroup::Rot90),
        ("statistics_of_orbits", SymmetryGroup::Rot90),
        ("unet_nearest", SymmetryGroup::D4),
        ("transformer", SymmetryGroup::Permute(1)),
        ("circle", SymmetryGroup::Translate),
        ("cube", SymmetryGroup::Cube),
        ("equal_channels", SymmetryGroup::Rot90),
        ("dead_branch", SymmetryGroup::D4),
        ("three_inputs", SymmetryGroup::D4),
        ("channels_last", SymmetryGroup::D4),
    ] {
        let model = model(name);
        let certificate =
            model.prove().under(group).certificate().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(model.certify(&certificate).unwrap().steps > 0, "{name}");
    }
    // Linear interpolation along one axis after the other has a tensor in between that turns do not permute.
    let refused = model("unet_linear").prove().under(SymmetryGroup::D4).certificate();
    assert!(matches!(refused, Err(JudgeError::Certificate(_))), "{refused:?}");
    let model = model("c4_invariant");
    let certificate = model.prove().under(SymmetryGroup::Rot90).certificate().unwrap();
    // One tensor that is said to stay.
    for place in 0..certificate.claims[0].tensors.len() {
        let mut tampered = certificate.clone();
        let (_, twin) = &mut tampered.claims[0].tensors[place];
        if twin.is_unchanged() {
            continue;
        }
        *twin = super::twin::Twin::unchanged(&twin.shape.clone());
        assert!(model.certify(&tampered).is_err(), "tensor {place}");
        tampered.claims[0].tensors.remove(place);
        assert!(model.certify(&tampered).is_err(), "without tensor {place}");
    }
    // Numbers that are no places.
    let mut wild = certificate.clone();
    wild.claims[0].tensors[1].1.channels = Some((1, vec![99; 8]));
    assert!(model.certify(&wild).is_err());
    wild.claims[0].tensors[1].1.shape = vec![usize::MAX; 4];
    assert!(model.certify(&wild).is_err());
    wild.claims[0].tensors[1].0 = usize::MAX;
    assert!(model.certify(&wild).is_err());
    // A claim about another motion than it says, or about inputs that stay.
    let mut other = certificate.clone();
    other.claims[0].motion = SymmetryGroup::Rot180.generators(&[1, 1, 9, 9]).unwrap()[0].motion.clone();
    assert!(model.certify(&other).is_err());
    let mut still = certificate.clone();
    still.claims[0].moves = vec![false];
    still.claims[0]
        .tensors
        .iter_mut()
        .for_each(|(_, twin)| *twin = super::twin::Twin::unchanged(&twin.shape.clone()));
    assert!(model.certify(&still).is_err());
    let mut empty = certificate.clone();
    empty.claims.clear();
    assert!(model.certify(&empty).is_err());
    // Models with other weights.
    for other in ["c4_near_miss", "c4_leak", "c2_in_c4"] {
        assert!(self::model(other).certify(&certificate).is_err(), "{other}");
    }
    assert!(self::model("c4_near_miss").prove().under(SymmetryGroup::Rot90).certificate().is_err());
}

/// The mended file is proved exactly, passes a certificate, and differs from the original in weights only.
#[test]
fn mended_files_are_proved() {
    let bytes = std::fs::read(path("c4_near_miss.onnx")).unwrap();
    let mended = model("c4_near_miss").prove().under(SymmetryGroup::Rot90).mended(&bytes).unwrap();
    assert_eq!(mended.len(), bytes.len());
    let changed = mended.iter().zip(&bytes).filter(|(a, b)| a != b).count();
    assert!(changed > 0 && changed < 8 * 9 * 4 * 10, "{changed} bytes");
    let model = Model::from_bytes(&mended).unwrap();
    let report = model.prove().under(SymmetryGroup::Rot90).check().unwrap();
    assert_eq!(report.groups[0].basis, Some(Basis::Proved));
    model.prove().under(SymmetryGroup::Rot90).certificate().unwrap();
}

#[test]
fn deviations_stay_within_their_bound() {
    for (name, group) in [
        ("c4_invariant", SymmetryGroup::Rot90),
        ("c4_near_miss", SymmetryGroup::Rot90),
        ("circle", SymmetryGroup::Translate),
    ] {
        let report = model(name).prove().under(group).within(1.0).check().unwrap();
        let (reach, bound) = report.groups[0].deviation_bound.unwrap();
        assert_eq!(reach, 1.0);
        assert!(bound > 0.0 && bound < 1e-2, "{name}: {bound}");
        // Outputs have the size of some units, and inputs of the measurement lie in the box.
        assert!(report.groups[0].relative_error.unwrap() <= bound, "{name}");
    }
}

/// A circular convolution with stride 2 follows shifts by multiples of 2, and no others.
#[test]
fn a_map_of_shifts_shows_the_stride() {
    let model = model("circle_stride");
    let question = model.prove().under(SymmetryGroup::Translate);
    assert_eq!(question.check().unwrap().groups[0].shifts, None);
    let report = question.shift_maps().check().unwrap();
    let shifts = report.groups[0].shifts.as_ref().unwrap();
    assert_eq!((shifts.axes, shifts.errors.nrows()), ((None, 2), 1));
    for (by, &error) in shifts.errors.iter().enumerate() {
        assert!(if by % 2 == 0 { error < 1e-6 } else { error > 1e-2 }, "{by}: {error}");
    }
}

/// Twenty convolutions of sixteen maps with symmetric kernels, each with a ReLU. The leak is added to a
/// corner of the kernels of one of them.
fn deep(seed: u64, leak: Option<(usize, f64)>) -> Model {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draft = Draft::new(17).input("x", &[1, 1, 5, 5]);
    let mut last = "x".to_owned();
    for layer in 0..20 {
        let inputs = if layer == 0 { 1 } else { 16 };
        // Weights of this size keep the sizes of the maps.
        let reach = (6.0 / (9.0 * inputs as f64)).sqrt();
        // For the centre, the edges and the corners of each kernel.
        let classes =
            ArrayD::from_shape_simple_fn(vec![16, inputs, 3], || random.random_range(-reach..reach));
        let kernel = ArrayD::from_shape_fn(vec![16, inputs, 3, 3], |at| {
            let weight = classes[[at[0], at[1], at[2].abs_diff(1) + at[3].abs_diff(1)]];
            match leak {
                Some((of, leak)) if of == layer && at[2] + at[3] == 0 => weight + leak,
                _ => weight,
            }
        });
        let (weights, map, next) = (format!("w{layer}"), format!("c{layer}"), format!("r{layer}"));
        draft = draft
            .floats(&weights, &kernel)
            .node("Conv", &[&last, &weights], &map, &[ints("pads", &[1, 1, 1, 1])])
            .node("Relu", &[&map], &next, &[]);
        last = next;
    }
    draft.model(&[&last]).unwrap()
}

/// After twenty layers bounds of floats are as wide as what a leak of 10⁻⁴ does; it is refuted nevertheless.
#[test]
fn leaks_of_deep_networks_are_refuted() {
    let seed = std::env::var("EQUIVARIANT_SEED").map_or(0, |seed| seed.parse().unwrap());
    println!("EQUIVARIANT_SEED={seed} cargo test --features model leaks_of_deep_networks_are_refuted");
    let turns = |model: &Model| {
        let report = model.prove().under(SymmetryGroup::Rot90).check().unwrap();
        report.group(SymmetryGroup::Rot90).unwrap().clone()
    };
    let tight = deep(seed, None);
    let report = turns(&tight);
    assert_eq!((report.verdict, report.basis), (GroupVerdict::Equivariant, Some(Basis::Proved)));
    let program = tight.program(&[]).unwrap();
    let input = ArrayD::from_shape_fn(vec![1, 1, 5, 5], |at| {
        Bounds::exact().constant(((at[2] * 3 + at[3]) % 5) as f64 - 2.0)
    });
    let output = program.outputs(&Bounds::exact(), &[input]).unwrap().remove(0);
    let in_floats = output.iter().map(|entry| entry.error()).fold(0.0, f64::max);
    for layer in [0, 9, 18] {
        let report = turns(&deep(seed, Some((layer, 1e-4))));
        assert_eq!((report.verdict, report.basis), (GroupVerdict::Broken, Some(Basis::Refuted)), "{layer}");
        let found = report.counterexample.unwrap();
        let (difference, bound) = (found.difference, found.bound);
        println!("{layer}: {difference:e} beyond {bound:e}, where floats have {in_floats:e}");
        assert!(difference > 1e4 * bound && 1e4 * bound < in_floats, "{layer}");
    }
}
