//! The kernels behind one interface, and the choice among them.
//!
//! Each kernel estimates its cost in multiply-adds of vectors, and its error relative to the number of terms times the
//! largest magnitudes of kernel and signal. The cheapest that is accurate enough is chosen.

use ndarray::ArrayView3;

use super::axis_map::AxisMap;
use super::direct::{Channels, DirectStage, Workspace};
use super::options::{Accuracy, Kernel, PlanOptions};
use super::output::{Finish, SharedOutput};
use super::winograd::{FOUR, TWO, WinogradStage};
use crate::conv::simd::Element;
use crate::conv::{Problem, Unsupported};

/// One direction and phase of a problem, by one kernel.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Direct(Box<DirectStage>),
    Winograd(Box<WinogradStage>),
}

/// A kernel that was considered, and what was expected of it: an answer to why a plan is as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The kernel.
    pub name: &'static str,
    /// Estimated multiply-adds of vectors, other work counted as such.
    pub cost: f64,
    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and signal.
    pub relative_bound: f64,
    /// Whether the accuracy asked for allows it.
    pub accurate: bool,
    /// Whether the plan uses it.
    pub chosen: bool,
}

impl Stage {
    /// The stage that the options ask for, and all that were considered.
    pub(super) fn choose<T: Element>(
        problem: &Problem,
        channels: Channels,
        axes: Vec<AxisMap>,
        options: &PlanOptions,
    ) -> Result<(Self, Vec<Candidate>), Unsupported> {
        let set = options.instruction_set;
        let winograd = |filtering| {
            let stage = WinogradStage::new::<T>(set, channels, &axes, filtering);
            stage.map(|stage| Stage::Winograd(Box::new(stage)))
        };
        let direct = || Stage::Direct(Box::new(DirectStage::new::<T>(set, channels, axes.clone())));
        let considered: Vec<Stage> = match options.kernel {
            Kernel::Direct => vec![direct()],
            Kernel::WinogradTwo => winograd(TWO).into_iter().collect(),
            Kernel::WinogradFour => winograd(FOUR).into_iter().collect(),
            Kernel::Automatic => {
                [Some(direct()), winograd(TWO), winograd(FOUR)].into_iter().flatten().collect()
            }
        };
        let mut candidates: Vec<Candidate> = considered
            .iter()
            .map(|stage| {
                let relative_bound = stage.relative_bound::<T>(problem);
                let accurate = match (options.accuracy, stage) {
                    (_, Stage::Direct(_)) => true,
                    (Accuracy::Strict, _) => false,
                    (Accuracy::Within(accepted), _) => relative_bound <= accepted,
                };
                Candidate { name: stage.name(), cost: stage.cost(), relative_bound, accurate, chosen: false }
            })
            .collect();
        let forced = options.kernel != Kernel::Automatic;
        let allowed = (0..candidates.len()).filter(|&number| forced || candidates[number].accurate);
        let best = allowed.min_by(|&a, &b| candidates[a].cost.total_cmp(&candidates[b].cost));
        let Some(best) = best else {
            let needs = "three taps, stride 1 and dilation 1 along one axis or two, and no others".into();
            return Err(Unsupported { algorithm: "Winograd", needs });
        };
        candidates[best].chosen = true;
        let stage = considered.into_iter().nth(best);
        let stage = stage.unwrap_or_else(|| unreachable!("the best is one of those considered"));
        Ok((stage, candidates))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Stage::Direct(_) => "direct",
            Stage::Winograd(stage) => stage.name(),
        }
    }

    fn cost(&self) -> f64 {
        match self {
            Stage::Direct(stage) => stage.cost(),
            Stage::Winograd(stage) => stage.cost(),
        }
    }

    fn relative_bound<T: Element>(&self, problem: &Problem) -> f64 {
        match self {
            Stage::Direct(_) => (problem.terms() as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1(),
            Stage::Winograd(stage) => stage.relative_bound::<T>(),
        }
    }

    pub(super) fn workspace(&self) -> (usize, usize) {
        match self {
            Stage::Direct(stage) => stage.workspace(),
            Stage::Winograd(stage) => stage.workspace(),
        }
    }

    pub(super) fn packed_length(&self) -> usize {
        match self {
            Stage::Direct(stage) => stage.packed_length(),
            Stage::Winograd(stage) => stage.packed_length(),
        }
    }

    pub(super) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        match self {
            Stage::Direct(stage) => stage.pack(kernel, packed),
            Stage::Winograd(stage) => stage.pack(kernel, packed),
        }
    }

    pub(super) fn run<T: Element>(
        &self,
        packed: &[T],
        signal: &[T],
        output: &SharedOutput<'_, T>,
        finish: Finish<'_, T>,
        workspaces: &mut [Workspace<T>],
    ) {
        match self {
            Stage::Direct(stage) => stage.run(packed, signal, output, finish, workspaces),
            Stage::Winograd(stage) => stage.run(packed, signal, output, finish, workspaces),
        }
    }
}
