//! The score of each module, and the faults that no test noticed.

use crate::Options;
use crate::faults::Fault;
use crate::run::Outcome;

/// Prints a row for each module as Markdown, then the survivors.
pub fn print(options: &Options, drawn: &[Fault], outcomes: &[(Fault, Outcome)]) {
    println!(
        "\n| module | seed | drawn | do not build | noticed | late | survive | score |\n|---|---|---|---|---|---|---|---|"
    );
    for module in &options.modules {
        let of = |kind: fn(&Outcome) -> bool| {
            outcomes.iter().filter(|(fault, outcome)| fault.module == *module && kind(outcome)).count()
        };
        let drawn = drawn.iter().filter(|fault| fault.module == *module).count();
        let run = of(|_| true);
        let survive = of(|outcome| *outcome == Outcome::Survived);
        let late = of(|outcome| *outcome == Outcome::Late);
        let score = 100.0 * (run - survive) as f64 / run.max(1) as f64;
        let (seed, noticed, lost) = (options.seed, run - survive - late, drawn - run);
        println!("| {module} | {seed} | {drawn} | {lost} | {noticed} | {late} | {survive} | {score:.0} % |");
    }
    println!("\nSurvivors:");
    for (fault, _) in outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Survived) {
        println!("{} {}:{} ({}) {}", fault.number, fault.file, fault.line, fault.kind, fault.text);
    }
}
