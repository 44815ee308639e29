//! What one rank of R computes in a step, and what it tells the others: what `studies/MPI.md` predicts from.
//!
//! The other ranks are not there: an exchange in the place of MPI answers at once, with the words of this rank. So each
//! time is that of a rank which waits for nobody. `cargo run --release --example step_time_of_ranks -- 64 1024` takes
//! batches of these sizes, on one thread.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use equivariant::layer::{Activation, Dense, Flatten};
use equivariant::network::Network;
use equivariant::train::data::digits;
use equivariant::train::{Exchange, Model, Recipe, Trainer};

/// Rank 0 of so many, the others of which say what it says.
#[derive(Debug)]
struct Echo {
    size: usize,
    words: AtomicUsize,
    messages: AtomicUsize,
}

impl Exchange for Echo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&self, own: &[u32], lengths: &[usize], all: &mut [u32]) {
        self.words.fetch_add(own.len(), Relaxed);
        self.messages.fetch_add(1, Relaxed);
        let mut rest = all;
        for &length in lengths {
            let part;
            (part, rest) = rest.split_at_mut(length);
            let common = length.min(own.len());
            part[..common].copy_from_slice(&own[..common]);
        }
    }
}

/// About 10⁷ weights: 784·3,000 + 3,000·2,500 + 2,500·10.
fn large() -> Network {
    Network::new()
        .then(Flatten)
        .then(Dense::new(784, 3000))
        .then(Activation::Relu)
        .then(Dense::new(3000, 2500))
        .then(Activation::Relu)
        .then(Dense::new(2500, 10))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let batches: Vec<usize> =
        std::env::args().skip(1).map(|batch| batch.parse()).collect::<Result<_, _>>()?;
    // Without arguments a short run, to see that it goes.
    let (batches, steps) = if batches.is_empty() { (vec![32], 2) } else { (batches, 12) };
    println!(
        "{:>10} {:>6} {:>6} {:>14} {:>9} {:>14}",
        "network", "batch", "ranks", "microseconds", "messages", "bytes told"
    );
    for batch in batches {
        let data = digits(batch * (steps + 1), 0)?;
        let test = digits(16, 1)?;
        for (name, network, recipe) in [
            ("LeNet-5", Model::Lenet5.network(10), Model::Lenet5.recipe(1)),
            ("P4CNN", Model::P4cnn.network(10), Model::P4cnn.recipe(1)),
            ("large", large(), Recipe::new(1)),
        ] {
            for ranks in [1, 2, 4, 8, 16, 32, 64].into_iter().filter(|&ranks| ranks * 16 <= batch) {
                let exchange = Arc::new(Echo { size: ranks, words: 0.into(), messages: 0.into() });
                let trainer = Trainer::new(&network, &data).recipe(recipe.clone().batch(batch)).threads(1);
                let mut training = trainer.exchange(exchange.clone()).begin()?;
                let (mut least, mut before) = (f64::INFINITY, None::<Instant>);
                let mut told = (0, 0);
                training.epoch(&test, &mut |step| {
                    let now = Instant::now();
                    if let Some(before) = before {
                        least = least.min((now - before).as_secs_f64());
                    }
                    told = (exchange.messages.swap(0, Relaxed), exchange.words.swap(0, Relaxed) * 4);
                    before = Some(now);
                    if step.steps.0 == steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                let (messages, bytes) = told;
                println!("{name:>10} {batch:>6} {ranks:>6} {:>14.0} {messages:>9} {bytes:>14}", 1e6 * least);
            }
        }
    }
    Ok(())
}
