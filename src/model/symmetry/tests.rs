//! Temporary look.
use super::*;
use crate::model::Model;

#[test]
fn look() {
    let folder = std::env::var("LOOK").unwrap_or("../shared/models".into());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .collect();
    files.sort();
    for path in files {
        let model = match Model::read(&path) {
            Ok(m) => m,
            Err(e) => {
                println!("{e}");
                continue;
            }
        };
        match model.prove().within(1.0).check() {
            Ok(report) => {
                println!(
                    "\n{} keys {} {:.2} s {:?}",
                    report.model, report.keys, report.seconds, report.remarks
                );
                for g in &report.groups {
                    println!(
                        "  {:10} {:12} {:?} p=2^{:?} action={:?} largest={:?} defect={:?} dev={:?} err={:?} noise={:?} cons={:?} at={:?}\n      hint={:?} cx={:?}",
                        g.group.to_string(),
                        g.verdict.to_string(),
                        g.evidence,
                        g.log2_failure,
                        g.output_action,
                        g.largest,
                        g.weights_defect,
                        g.deviation_bound,
                        g.relative_error,
                        g.noise_floor,
                        g.consistency,
                        g.breaks_at,
                        g.hint,
                        g.counterexample.as_ref().map(|c| (
                            c.element.clone(),
                            c.difference,
                            c.bound,
                            c.inputs[0].1.iter().filter(|x| **x != 0.0).count()
                        ))
                    );
                }
            }
            Err(e) => println!("{}: {e}", path.display()),
        }
    }
}
