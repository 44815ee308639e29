//! Training and using a network on chunks of sixteen samples, in parallel, with the same bits for any number
//! of threads.
//!
//! A [`Network`] and the shape of its inputs are compiled into a list of steps over buffers of a chunk (see
//! `layout`). One task takes one chunk through *all* steps, forward and backward, so that its activations
//! stay in the cache of its core; a batch of 128 is eight tasks. Where the chunks of a batch must meet, at
//! batch normalisation in training, the list is cut, and every chunk keeps its activations.
//!
//! *Determinism.* What a task computes depends on its chunk alone. Each chunk leaves its gradients of kernels
//! and biases in its own memory, and these are added up in pairs, in the order of the chunks. The matrices of
//! dense layers are large, so their gradients are computed at the end instead, each row over all chunks in
//! order. Losses and statistics are `f64` sums in this order.
//!
//! *Memory.* Buffers are made for the largest batch so far and used again: a step allocates nothing once they
//! are there.
//!
//! *Several processes* share a batch by an [`Exchange`]: each takes some of its chunks, and they tell each other what
//! these leave behind (see `gather`), so that the sums are the same, in the same order.
//!
//! *Left out.* Nothing is computed that no weight needs: the gradient of the first layer's input, and what
//! leads to it. Cost: the multiply–adds, and one pass over the activations for each layer without weights.

mod exchange;
mod gather;
mod gradient;
mod inference;
mod layout;
mod memory;
mod method;
mod objective;
mod pass;
mod program;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, RwLock};

use rayon::prelude::*;

use crate::layer::{LayerError, Mode};
use crate::network::{Network, Plain, Weights};
use crate::simd::InstructionSet;
#[cfg(test)]
pub(crate) use exchange::threads;
pub use exchange::{Alone, Exchange, share};
pub(crate) use exchange::{broadcast, gather_word};
pub use objective::Objective;

use gather::{Mail, What};
use layout::LANES;
use memory::{Arena, Kept, Meeting};
use pass::{Chunk, Pass};
use program::{Operation, Program};

/// What a step found out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The mean loss of the batch; for [`Objective::Gradient`] the inner product.
    pub loss: f64,
    /// How many samples had their greatest score elsewhere than at their label; 0 without labels.
    pub mistakes: usize,
}

/// A network made ready for inputs of one shape.
///
/// ```
/// use equivariant::layer::{Activation, Dense, Initialisation};
/// use equivariant::executor::{Executor, Objective};
/// use equivariant::network::{Network, Weights};
///
/// let network = Network::new().then(Dense::new(2, 8)).then(Activation::Tanh).then(Dense::new(8, 2));
/// let mut weights = Weights::initial(&network, Initialisation::He, 1);
/// let mut executor = Executor::new(&network, &[2])?;
/// // Exclusive or, by plain gradient descent.
/// let inputs = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let objective = Objective::CrossEntropy { labels: &[0, 1, 1, 0], smoothing: 0.0, class_weights: &[] };
/// let mut gradient = vec![0.0; weights.trained.len()];
/// let first = executor.step(&weights, &inputs, objective, 0, &mut gradient);
/// for _ in 0..500 {
///     executor.step(&weights, &inputs, objective, 0, &mut gradient);
///     weights.trained.iter_mut().zip(&gradient).for_each(|(weight, slope)| *weight -= 0.5 * slope);
/// }
/// let last = executor.step(&weights, &inputs, objective, 0, &mut gradient);
/// assert!(last.loss < 0.1 * first.loss && last.mistakes == 0);
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
///
/// Group convolutions run as the ordinary ones that they are: see [`Plain`].
#[derive(Debug)]
pub struct Executor {
    program: Program,
    /// If the network has group convolutions.
    sharing: Option<Sharing>,
    instructions: InstructionSet,
    /// Activations and their gradients: one for each thread or, if chunks meet on the way, for each chunk.
    arenas: Vec<Mutex<Arena>>,
    /// What each chunk leaves behind.
    kept: Vec<RwLock<Kept>>,
    /// Where chunks meet: one for each batch normalisation.
    meetings: Vec<Meeting>,
    /// The processes that share a batch.
    exchange: Arc<dyn Exchange>,
    mail: Mail,
}

/// What one process has of a batch.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    /// Samples of the whole batch.
    samples: usize,
    /// The own chunks: where they begin, and where the next ones do.
    chunks: (usize, usize),
    /// The samples of the own chunks.
    inputs: &'a [f32],
}

/// The ordinary network that is run instead of one with group convolutions, its numbers and their gradient.
#[derive(Debug)]
struct Sharing {
    plain: Plain,
    weights: Weights,
    gradient: Vec<f32>,
}

impl Sharing {
    fn new(plain: Plain) -> Self {
        let weights = Weights::zeros(plain.network());
        let gradient = vec![0.0; weights.trained.len()];
        Sharing { plain, weights, gradient }
    }
}

impl Executor {
    /// Compiles a network for samples of this shape, (channels, space…) or (features).
    ///
    /// # Errors
    /// If such inputs do not fit.
    pub fn new(network: &Network, sample: &[usize]) -> Result<Self, LayerError> {
        Executor::with_instructions(network, sample, InstructionSet::best())
    }

    /// Compiles it for these instructions.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_instructions(
        network: &Network,
        sample: &[usize],
        instructions: InstructionSet,
    ) -> Result<Self, LayerError> {
        program::check_sizes(network, sample)?;
        let plain = Plain::of(network)?;
        let program = Program::new(plain.network(), sample, instructions)?;
        let sharing = (!plain.is_same()).then(|| Sharing::new(plain));
        let meetings =
            program.normalisations.iter().map(|layer| Meeting::new(layer.lanes.features())).collect();
        Ok(Executor {
            program,
            sharing,
            instructions,
            arenas: Vec::new(),
            kept: Vec::new(),
            meetings,
            exchange: Arc::new(Alone),
            mail: Mail::default(),
        })
    }

    /// With batches that several processes share, each with an executor of the same network.
    #[must_use]
    pub fn with_exchange(mut self, exchange: Arc<dyn Exchange>) -> Self {
        self.exchange = exchange;
        self
    }

    /// Which samples of a batch of so many are those of this process: all of them, unless several
    /// [share](Self::with_exchange) it.
    pub fn own_samples(&self, samples: usize) -> Range<usize> {
        let own = share(samples.div_ceil(LANES), self.exchange.rank(), self.exchange.size());
        (own.start * LANES).min(samples)..(own.end * LANES).min(samples)
    }

    /// The instructions that it runs on: what decides the bits of its results, beside the numbers that go in.
    pub(crate) fn instructions(&self) -> InstructionSet {
        self.instructions
    }

    /// Entries of the output of one sample.
    pub fn outputs(&self) -> usize {
        self.program.outputs
    }

    /// That a step can take a batch of so many samples: batch normalisation needs two values a channel, for
    /// one has no deviation.
    ///
    /// # Errors
    /// If one of its batch normalisations would have fewer.
    pub fn check_batch(&self, samples: usize) -> Result<(), LayerError> {
        match self.program.normalisations.iter().find(|layer| samples * layer.lanes.entries() < 2) {
            Some(layer) => Err(LayerError::TooFewValues {
                layer: format!("batch normalisation of {}", layer.lanes.features()),
                found: samples * layer.lanes.entries(),
            }),
            None => Ok(()),
        }
    }

    /// One forward and one backward pass: `gradient` becomes that of the mean loss with respect to the
    /// trained weights, in their order. `seed` is that of the masks of dropout, as in [`Mode::Training`].
    ///
    /// Batch normalisation uses the statistics of the batch; [`update_running`](Self::update_running) takes
    /// them over.
    ///
    /// If several processes share the batch, each gives the inputs of its [own samples](Self::own_samples) and the
    /// objective of all; each gets the gradient and the outcome of the whole batch.
    ///
    /// # Panics
    /// If there is no sample, a slice does not have its length, a label is no class, smoothing is no share,
    /// class weights are not one for each class, or the batch is too small for
    /// [`check_batch`](Self::check_batch).
    pub fn step(
        &mut self,
        weights: &Weights,
        inputs: &[f32],
        objective: Objective<'_>,
        seed: u64,
        gradient: &mut [f32],
    ) -> Outcome {
        let Some(mut sharing) = self.sharing.take() else {
            return self.plain_step(weights, inputs, objective, seed, gradient);
        };
        sharing.plain.expand(weights, &mut sharing.weights);
        let outcome = self.plain_step(&sharing.weights, inputs, objective, seed, &mut sharing.gradient);
        sharing.plain.fold(&sharing.gradient, gradient);
        self.sharing = Some(sharing);
        outcome
    }

    /// The step of an ordinary network.
    fn plain_step(
        &mut self,
        weights: &Weights,
        inputs: &[f32],
        objective: Objective<'_>,
        seed: u64,
        gradient: &mut [f32],
    ) -> Outcome {
        let given = self.samples(weights, inputs);
        let samples = objective.samples(self.program.outputs);
        assert!(samples != Some(0) || given > 0, "a step needs at least one sample");
        let fitting = samples.filter(|&samples| self.own_samples(samples).len() == given);
        let Some(samples) = fitting else {
            panic!("the objective is for as many samples as there are inputs: {samples:?}, found {given}")
        };
        if let Err(error) = self.check_batch(samples) {
            panic!("{error}");
        }
        if let Objective::CrossEntropy { smoothing, .. } = objective {
            assert!((0.0..=1.0).contains(&smoothing), "label smoothing is a share, found {smoothing}");
        }
        let total = objective.total(samples);
        assert_eq!(
            gradient.len(),
            self.program.trained,
            "the gradient has one entry for each trained weight"
        );
        let chunks = samples.div_ceil(LANES);
        let own = share(chunks, self.exchange.rank(), self.exchange.size());
        let cut = !self.program.normalisations.is_empty();
        self.make_memory(chunks, if cut { own.len() } else { own.len().min(rayon::current_num_threads()) });

        let part = Part { samples, chunks: (own.start, own.end), inputs };
        let mode = Mode::Training { seed };
        let last = self.program.segments.len() - 1;
        for segment in 0..last {
            self.each_chunk(weights, part, mode, |pass, arena, kept| {
                pass.forward(segment, arena, Some(kept));
                pass.moments(segment, arena, kept);
            });
            self.gather(chunks, What::Moments(segment));
            self.meetings[segment].meet(&mut self.kept[..chunks], segment);
        }
        self.each_chunk(weights, part, mode, |pass, arena, kept| {
            pass.forward(last, arena, Some(kept));
            pass.compare(objective, total, arena, kept);
            pass.backward(last, arena, kept);
        });
        for segment in (0..last).rev() {
            self.each_chunk(weights, part, mode, |pass, arena, kept| {
                pass.gradient_sums(segment, arena, kept);
            });
            self.gather(chunks, What::Sums(segment));
            self.meetings[segment].meet_again(&mut self.kept[..chunks], segment);
            self.each_chunk(weights, part, mode, |pass, arena, kept| {
                pass.normalisation_gradient(segment, arena);
                pass.backward(segment, arena, kept);
            });
        }
        self.add_up_own(chunks);
        self.gather(chunks, What::Gradient);
        self.add_up(chunks, gradient);
        let mut outcome = Outcome::default();
        for kept in &mut self.kept[..chunks] {
            let kept = memory::inside(kept);
            outcome.loss += kept.loss;
            outcome.mistakes += kept.mistakes;
        }
        if total > 0.0 {
            outcome.loss /= total;
        }
        outcome
    }

    /// Checks the lengths of weights and inputs; the number of samples.
    fn samples(&self, weights: &Weights, inputs: &[f32]) -> usize {
        assert_eq!(weights.trained.len(), self.program.trained, "these are the weights of another network");
        assert_eq!(weights.running.len(), self.program.running, "these are the weights of another network");
        assert!(inputs.len().is_multiple_of(self.program.inputs), "inputs are whole samples");
        inputs.len() / self.program.inputs
    }

    fn make_memory(&mut self, chunks: usize, arenas: usize) {
        while self.kept.len() < chunks {
            self.kept.push(RwLock::new(Kept::new(&self.program)));
        }
        while self.arenas.len() < arenas {
            self.arenas.push(Mutex::new(Arena::new(&self.program)));
        }
    }

    fn pass<'a>(&'a self, weights: &'a Weights, part: Part<'a>, mode: Mode, chunk: usize) -> Pass<'a> {
        let row = self.program.inputs;
        let (first, own) = (chunk * LANES, (chunk - part.chunks.0) * LANES);
        let samples = (part.samples - first).min(LANES);
        Pass {
            program: &self.program,
            instructions: self.instructions,
            weights,
            meetings: &self.meetings,
            mode,
            chunk: Chunk { first, samples, rows: &part.inputs[own * row..][..samples * row] },
        }
    }

    /// Does something for each own chunk, in parallel. Chunks that meet have an arena each, others take a free
    /// one.
    fn each_chunk(
        &self,
        weights: &Weights,
        part: Part<'_>,
        mode: Mode,
        work: impl Fn(&Pass<'_>, &mut Arena, &mut Kept) + Sync,
    ) {
        let (first, end) = part.chunks;
        (first..end).into_par_iter().with_max_len(1).for_each(|chunk| {
            let pass = self.pass(weights, part, mode, chunk);
            let mut kept = memory::write(&self.kept[chunk]);
            if self.program.normalisations.is_empty() {
                work(&pass, &mut self.free_arena(), &mut kept);
            } else {
                work(&pass, &mut memory::lock(&self.arenas[chunk - first]), &mut kept);
            }
        });
    }

    /// An arena that no other task has: there are as many as threads.
    fn free_arena(&self) -> std::sync::MutexGuard<'_, Arena> {
        let own = rayon::current_thread_index().unwrap_or(0);
        let arenas = self.arenas.len();
        loop {
            if let Some(arena) = (0..arenas).find_map(|i| self.arenas[(own + i) % arenas].try_lock().ok()) {
                return arena;
            }
            std::thread::yield_now();
        }
    }
}
