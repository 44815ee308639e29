//! The readings: what an identity is evaluated on, and what an equality then means.

mod field;
mod float;
mod rounding;
mod symbolic;

use rand_chacha::ChaCha8Rng;

pub(super) use field::Field;
pub(super) use float::Float;
pub(super) use rounding::Rounding;
pub(super) use symbolic::Symbols;

use super::identity::{AnyIdentity, Failure};
use super::report::Finding;

/// What a reading says about one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Both sides agree.
    Confirms,
    /// The sides differ.
    Refutes,
    /// The sides differ in form, but opaque functions occur, so that they may still be equal as functions.
    Silent,
}

/// One reading at work: it reads identity after identity and keeps the numbers that make up its evidence.
pub(super) trait Reader {
    /// Reads one identity. `linear_in` is an unknown in which both sides are said to be linear; `draws` is
    /// the number of independent inputs where nothing but their number bounds what is missed.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn read(
        &mut self,
        identity: &dyn AnyIdentity,
        linear_in: Option<usize>,
        draws: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Outcome, Failure>;

    /// The evidence from all that was read, at the sizes described by `shape`.
    fn finding(&self, shape: String) -> Finding;
}

/// Draws until one refutes. What says nothing is passed over, whether or not the sides agree there; all are
/// silent if none speaks.
fn first_refutation(
    draws: usize,
    mut draw: impl FnMut() -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let mut overall = Outcome::Silent;
    for _ in 0..draws {
        match draw()? {
            Outcome::Refutes => return Ok(Outcome::Refutes),
            Outcome::Confirms => overall = Outcome::Confirms,
            Outcome::Silent => {}
        }
    }
    Ok(overall)
}
