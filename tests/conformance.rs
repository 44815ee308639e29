//! The node tests of the ONNX project: each case whose operators are lowered gives what its author expects.
//!
//! `tests/onnx/make.py FOLDER` writes the cases; `EQUIVARIANT_ONNX_CASES` names the folder, by default
//! `target/onnx-cases`. CI makes it; where it is not, only the scoreboard is looked at.
//!
//! A case runs in four readings. `Bounds::of_machine` gives a value v and a bound e that covers every
//! evaluation in the coarsest float type of the case, in any order of its sums. The expected number,
//! which NumPy computed in that type or a finer one, must be within e of v; so must the floats of this
//! crate. `Bounds::exact` must agree with v as well, and `FixedPoint` with that. Integers and truths are
//! equal. Where the result is not finite, the floats are equal to what is expected. Inputs that hold
//! shapes and indices are constants, as they are in exported models.
//!
//! With `EQUIVARIANT_UPDATE=1` the scoreboard `studies/CONFORMANCE.md` is written; otherwise it must be up to
//! date.
#![cfg(feature = "model")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use equivariant::model::{
    Arithmetic, Bounds, Data, ElementType, FixedPoint, Floats, Model, ModelError, Program, Refusal,
};
use equivariant::scalar::Bounded;
use ndarray::ArrayD;

/// What became of a case.
enum Outcome {
    Passed,
    /// Not lowered, for this reason.
    Refused(String),
    Failed(String),
}

struct Case {
    name: String,
    operators: Vec<String>,
    outcome: Outcome,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn folder() -> PathBuf {
    std::env::var_os("EQUIVARIANT_ONNX_CASES").map_or_else(|| root().join("target/onnx-cases"), PathBuf::from)
}

fn tensors(folder: &Path, kind: &str) -> Result<Vec<(ElementType, Data)>, ModelError> {
    let paths =
        (0..).map(|number| folder.join(format!("{kind}_{number}.pb"))).take_while(|path| path.exists());
    paths.map(|path| Data::from_bytes(&fs::read(path).unwrap())).collect()
}

fn floats(data: &Data) -> ArrayD<f64> {
    match data {
        Data::Floats(array) => array.as_ref().clone(),
        Data::Integers(array) => array.mapv(|n| n as f64),
    }
}

/// The program, and the inputs that it still has: those that must be known are constants.
fn program(bytes: &[u8], inputs: &[(ElementType, Data)]) -> Result<(Program, Vec<ArrayD<f64>>), ModelError> {
    let mut last = None;
    for attempt in 0..4 {
        let mut model = Model::from_bytes(bytes)?;
        let ports = model.inputs().to_vec();
        let mut kept = Vec::new();
        for (number, (port, (element, data))) in ports.iter().zip(inputs).enumerate() {
            let is_bound = match attempt {
                0 => false,
                1 => !element.is_float(),
                2 => number > 0 || !element.is_float(),
                _ => true,
            };
            if is_bound {
                model = model.with_constant(&port.name, data.clone())?;
            } else {
                kept.push((port.name.as_str(), floats(data)));
            }
        }
        let shapes = kept.iter().map(|(name, array)| (*name, array.shape())).collect::<Vec<_>>();
        match model.program(&shapes) {
            Ok(program) => return Ok((program, kept.into_iter().map(|(_, array)| array).collect())),
            Err(error @ ModelError::Node { refusal: Refusal::Varying(_), .. }) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap())
}

/// Cases whose expected numbers are off, and by how much:
/// - typed with four digits, by a unit of the last, as not all of them are rounded to nearest, or by half a unit;
/// - typed with six digits, by half a unit, and by three times that for weights that were computed in `f32` from
///   places off by 2⁻²⁴, where neighbours differ by up to 5;
/// - computed by a fast Fourier transform, another program: by 24 u ‖y‖ with ‖y‖ ≤ N max |x| = 10 · 100 (Higham,
///   *Accuracy and Stability of Numerical Algorithms*, theorem 24.2, for log₂ N ≤ 4).
const OFF: &[(&str, f64)] = &[
    ("test_averagepool_2d_ceil_last_window_starts_on_pad", 1e-4),
    ("test_gridsample", 0.5e-4),
    ("test_gridsample_bicubic", 0.5e-4),
    ("test_gridsample_bicubic_align_corners_0_additional_1", 2e-6),
    ("test_gridsample_bicubic_align_corners_1_additional_1", 2e-6),
    ("test_dft", 1.5e-3),
    ("test_dft_opset19", 1.5e-3),
    ("test_dft_inverse", 1.5e-3),
    ("test_dft_inverse_opset19", 1.5e-3),
];

fn judge(folder: &Path) -> Outcome {
    if folder.join("no-tensors").exists() {
        return Outcome::Refused("data that are no tensors of numbers".to_owned());
    }
    let bytes = fs::read(folder.join("model.onnx")).unwrap();
    let (inputs, expected) = match (tensors(folder, "input"), tensors(folder, "output")) {
        (Ok(inputs), Ok(expected)) => (inputs, expected),
        (Err(error), _) | (_, Err(error)) => return Outcome::Refused(error.to_string()),
    };
    let (program, inputs) = match program(&bytes, &inputs) {
        Ok(found) => found,
        Err(error @ (ModelError::Node { .. } | ModelError::Format { .. } | ModelError::Input { .. })) => {
            return Outcome::Refused(error.to_string());
        }
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let off = OFF.iter().find(|(name, _)| folder.ends_with(name)).map_or(0.0, |(_, error)| *error);
    match compare(&program, &inputs, &expected, off) {
        Ok(()) => Outcome::Passed,
        Err(reason) => Outcome::Failed(reason),
    }
}

/// The coarsest float type of the program, 32 bits or less.
fn machine(program: &Program) -> ElementType {
    let floats = program.slots.iter().map(|slot| slot.element).filter(|element| element.is_float());
    let coarser = |a: ElementType, b: ElementType| if b.unit_roundoff() > a.unit_roundoff() { b } else { a };
    floats.reduce(coarser).unwrap_or(ElementType::Float32)
}

/// Compares the readings with what is expected, which may be off by so much.
fn compare(
    program: &Program,
    inputs: &[ArrayD<f64>],
    expected: &[(ElementType, Data)],
    off: f64,
) -> Result<(), String> {
    if program.outputs.len() != expected.len() {
        return Err(format!("{} outputs, expected {}", program.outputs.len(), expected.len()));
    }
    let bounded = inputs.iter().map(|input| input.mapv(Bounded::new)).collect::<Vec<_>>();
    let told = |error: equivariant::model::RunError| error.to_string();
    let ours = program.outputs(&Floats::of_the_model(), inputs).map_err(told)?;
    let bounds = program.outputs(&Bounds::of_machine(machine(program)), &bounded).map_err(told)?;
    let exact = program.outputs(&Bounds::exact(), &bounded).map_err(told)?;
    let fixed = inputs.iter().map(|input| input.mapv(|number| FixedPoint.constant(number)));
    let fixed = program.outputs(&FixedPoint, &fixed.collect::<Vec<_>>()).map_err(told)?;
    for (output, (element, data)) in expected.iter().enumerate() {
        let slot = &program.slots[program.outputs[output]];
        if slot.element != *element {
            return Err(format!(
                "output {output}: type {}, expected {}",
                slot.element.name(),
                element.name()
            ));
        }
        let wanted = floats(data);
        if ours[output].shape() != wanted.shape() {
            let found = ours[output].shape();
            return Err(format!("output {output}: shape {found:?}, expected {:?}", wanted.shape()));
        }
        let entries = ours[output].iter().zip(bounds[output].iter()).zip(exact[output].iter()).zip(&wanted);
        let entries = entries.zip(fixed[output].iter());
        for (place, ((((&float, bound), exact), &wanted), fixed)) in entries.enumerate() {
            let fixed = fixed.to_bounded();
            let at = format!(
                "output {output} entry {place}: {float}, {bound}, exactly {exact}, expected {wanted}"
            );
            let is_equal = float == wanted || float.is_nan() && wanted.is_nan();
            let agrees = if element.is_float() && wanted.is_finite() {
                let covers = |value: f64| bound.may_equal(&Bounded::with_error(value, off));
                // A bound that covers every number says nothing.
                let is_telling = bound.error() < f64::INFINITY || is_equal;
                covers(wanted)
                    && covers(float)
                    && is_telling
                    && exact.may_equal(bound)
                    && fixed.may_equal(exact)
            } else {
                is_equal
            };
            if !agrees {
                return Err(at);
            }
        }
    }
    Ok(())
}

fn operators(bytes: &[u8]) -> Vec<String> {
    let Ok(model) = Model::from_bytes(bytes) else { return Vec::new() };
    let mut operators = model.nodes().map(|node| node.operator().to_owned()).collect::<Vec<_>>();
    operators.sort();
    operators.dedup();
    operators
}

#[test]
fn node_tests_of_the_standard_pass() {
    let board = root().join("studies/CONFORMANCE.md");
    let folder = folder();
    if !folder.exists() {
        let text = fs::read_to_string(board).unwrap();
        assert!(text.contains("| operator |"), "studies/CONFORMANCE.md is no scoreboard");
        return;
    }
    let mut paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.retain(|path| path.is_dir());
    paths.sort();
    let cases = paths.iter().map(|path| Case {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        operators: operators(&fs::read(path.join("model.onnx")).unwrap()),
        outcome: judge(path),
    });
    let cases = cases.collect::<Vec<_>>();
    let text = scoreboard(&cases, fs::read_to_string(folder.join("version")).unwrap().trim());
    let mut failures = Vec::new();
    for case in &cases {
        match &case.outcome {
            Outcome::Failed(reason) => failures.push(format!("{}: {reason}", case.name)),
            Outcome::Refused(reason) => println!("refused {}: {reason}", case.name),
            Outcome::Passed => {}
        }
    }
    println!("{}", failures.join("\n"));
    let passed = cases.iter().filter(|case| matches!(case.outcome, Outcome::Passed)).count();
    println!("{passed} of {} pass, {} fail", cases.len(), failures.len());
    if std::env::var_os("EQUIVARIANT_UPDATE").is_some() {
        fs::write(&board, &text).unwrap();
    }
    assert!(failures.is_empty(), "{} cases of operators that are lowered fail", failures.len());
    let stands = fs::read_to_string(&board).unwrap();
    assert!(stands == text, "studies/CONFORMANCE.md is stale; EQUIVARIANT_UPDATE=1 writes it");
}

/// The table: for each operator, the cases that it stands in.
fn scoreboard(cases: &[Case], version: &str) -> String {
    let mut table = BTreeMap::<&str, [usize; 3]>::new();
    let mut totals = [0; 3];
    for case in cases {
        let column = match case.outcome {
            Outcome::Passed => 0,
            Outcome::Refused(_) => 1,
            Outcome::Failed(_) => 2,
        };
        totals[column] += 1;
        for operator in &case.operators {
            table.entry(operator).or_default()[column] += 1;
        }
    }
    let mut text = String::new();
    let [passed, refused, failed] = totals;
    let _ = write!(
        text,
        "# The node tests of the ONNX project\n\n\
         {version}. **{passed} pass, {failed} fail, {refused} are refused** with a line that says why.\n\n\
         A case passes if the expected numbers are within the derived bound of the reading `Bounds`, and so are\n\
         those of `Floats`; `tests/conformance.rs` says how. A refused case has an operator that is not lowered, or\n\
         data that are no tensors of numbers. The table counts each case at each of its operators.\n\n\
         ```\n\
         python3 tests/onnx/make.py target/onnx-cases\n\
         EQUIVARIANT_UPDATE=1 cargo test --no-default-features --features model --test conformance\n\
         ```\n\n\
         | operator | pass | fail | refused |\n|---|---|---|---|\n"
    );
    for (operator, [passed, refused, failed]) in table {
        let _ = writeln!(text, "| {operator} | {passed} | {failed} | {refused} |");
    }
    text
}
