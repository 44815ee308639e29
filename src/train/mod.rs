//! Training: data, augmentation, losses, optimisers, schedules, and the trainer that puts them together.
//!
//! | what | where |
//! |---|---|
//! | [`data`]: labelled images and samples of other shapes, the files they come from, and the built-in digits | `data/` |
//! | [`augmentation`]: images shifted, turned, scaled, sheared, bent and mirrored at random | `augmentation/` |
//! | [`random`]: a stream of random numbers for each (seed, epoch, sample) | `random` |
//! | [`loss`]: cross-entropy and mean square, with their gradients | `layer/loss` |
//! | [`optimiser`]: SGD, Adam, AdamW, clipping, decay | `optimiser/` |
//! | [`schedule`]: learning rate and momentum as functions of the step | `schedule` |
//! | [`EarlyStopping`] | `early_stopping` |
//! | [`Average`]: the exponential moving average of weights | `average` |
//! | [`checkpoint`]: all of it in a file | `checkpoint/`, `state` |
//! | [`Recipe`]: every choice of a run; [`Trainer`]: the run; [`Training`]: the same epoch by epoch | `recipe`, `trainer`, `training/` |
//! | `mpi` (feature `mpi`): processes that share the batches of a training | `mpi`, `training/ranks`, `executor/exchange` |
//! | [`Model`]: networks by name, with their recipes | `model` |
//! | [`Ensemble`]: several runs that predict together, with bagging | `ensemble` |
//! | [`inspection`]: what a trained network gets wrong, looks for, and bears | `inspection/` |

pub mod augmentation;
mod average;
pub mod checkpoint;
pub mod data;
mod early_stopping;
mod ensemble;
pub mod inspection;
mod model;
#[cfg(feature = "mpi")]
pub mod mpi;
pub mod optimiser;
pub mod random;
mod recipe;
pub mod schedule;
mod state;
mod trainer;
mod training;

pub use crate::executor::{Alone, Exchange};
pub use crate::layer::loss;
pub use average::{Average, Beginning};
pub use early_stopping::{EarlyStopping, Progress};
pub use ensemble::{Ensemble, EnsembleEvaluation, Runs, Sampling};
pub use model::Model;
pub use recipe::{Recipe, Smooth};
pub use trainer::{Trained, Trainer};
pub use training::{EpochRecord, Evaluation, StepRecord, TrainError, Training};
