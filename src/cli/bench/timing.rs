//! Seconds of repeated runs.

use std::time::{Duration, Instant};

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::conv::Problem;

/// Seconds of repeated runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) repetitions: usize,
}

impl Times {
    /// Runs warm for about this long, five times at least.
    pub(super) fn of<E>(budget: Duration, mut run: impl FnMut() -> Result<(), E>) -> Result<Self, E> {
        run()?;
        let begin = Instant::now();
        let mut seconds = Vec::new();
        while seconds.len() < 5 || (begin.elapsed() < budget && seconds.len() < 10_000) {
            let start = Instant::now();
            run()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(Times { median: seconds[seconds.len() / 2], least: seconds[0], repetitions: seconds.len() })
    }
}

/// Something to run, by its name.
pub(super) type Contender<'a> = (&'static str, Box<dyn FnMut() -> anyhow::Result<()> + Send + 'a>);

/// The least seconds of each, run in turns for about so long each and nine times at least, so that a
/// disturbance of the machine falls on all of them. One that has taken ten times as long as the best five
/// times is run no more.
pub(super) fn in_turns(
    contenders: &mut [Contender<'_>],
    budget: Duration,
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let mut least = vec![f64::INFINITY; contenders.len()];
    let mut spent = Duration::ZERO;
    let mut rounds = 0;
    while rounds < 10 || (spent < budget * contenders.len() as u32 && rounds < 1000) {
        for (number, (_, run)) in contenders.iter_mut().enumerate() {
            let best = least.iter().copied().fold(f64::INFINITY, f64::min);
            if rounds >= 6 && least[number] > 10.0 * best {
                continue;
            }
            let start = Instant::now();
            run()?;
            let seconds = start.elapsed();
            // The first round warms caches and memory.
            if rounds > 0 {
                least[number] = least[number].min(seconds.as_secs_f64());
            }
            spent += seconds;
        }
        rounds += 1;
    }
    Ok(contenders.iter().map(|(name, _)| *name).zip(least).collect())
}

/// A kernel, a signal and an output of this problem, uniform in [−1, 1).
pub(super) fn random_arrays(problem: &Problem, seed: u64) -> [ArrayD<f32>; 3] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    [problem.kernel_shape(), problem.signal_shape(), problem.output_shape()]
        .map(|shape| ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0f32)))
}
