//! Puts faults into modules of the crate, all of them into one build, and counts those that the tests notice.
//!
//! | step | file |
//! |---|---|
//! | where a fault can be, and what is written there | `faults` |
//! | a sample, drawn by a seed: no two faults in one place | `draw` |
//! | a copy of the crate with a switch for each fault; faults that do not compile are taken out | `build` |
//! | the module's own tests with one switch on, until the first test fails | `run` |
//! | a table, and the faults that no test noticed | `report` |
//!
//! A switch is an `if` around the faulty and the right expression. It asks the environment variable
//! `EQUIVARIANT_FAULT` once for the number of the fault that is on.

mod build;
mod draw;
mod faults;
mod report;
mod run;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;

/// Which faults to draw, and where to work.
#[derive(Parser)]
#[command(about = "Puts faults into modules as switches of one build, and counts those that tests notice")]
struct Options {
    /// The modules, such as `group` or `conv`.
    #[arg(required = true)]
    modules: Vec<String>,
    /// Faults for each module.
    #[arg(long, default_value_t = 60)]
    sample: usize,
    /// The seed of the draw.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Paths below `src` that begin so are left out.
    #[arg(long, default_value = "conv/plan")]
    without: Vec<String>,
    /// Numbers of faults to run; all by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<u32>,
    /// Tests of these names run too, besides those of the module itself.
    #[arg(long)]
    tests: Vec<String>,
    /// The folder of the copy, which stays.
    #[arg(long, default_value = "target/mutation")]
    folder: PathBuf,
    /// Faults that are tried at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let root = build::root()?;
    let sources = faults::Sources::read(&root.join("src"))?;
    let mut drawn = Vec::new();
    for module in &options.modules {
        let places = sources.places(module, &options.without);
        ensure!(!places.is_empty(), "no place for a fault in the module {module}: see src/lib.rs for names");
        println!("{module}: {} places", places.len());
        drawn.extend(draw::draw(module, places, options.sample, options.seed));
    }
    for (number, fault) in (1..).zip(&mut drawn) {
        fault.number = number;
    }
    let copy = build::Copy::make(&root, &options.folder)?;
    let (binary, built) = copy.build(&sources, drawn.clone())?;
    let outcomes = run::all(&binary, &copy.folder, &built, &options)?;
    report::print(&options, &drawn, &outcomes);
    Ok(())
}
