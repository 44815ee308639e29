//! The kernels behind one interface, and the choice among them.
//!
//! Each kernel estimates its cost in multiply-adds of vectors, and its error relative to the number of terms times the
//! largest magnitudes of kernel and signal. The cheapest that is accurate enough is chosen.

mod depthwise;
pub(in crate::conv::plan) mod direct;
mod direct_tiles;
mod fourier;
mod line;
mod pointwise;
mod transform;
pub(in crate::conv) mod winograd;

use ndarray::ArrayView3;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::method::depthwise::DepthwiseStage;
use crate::conv::plan::method::direct::{Channels, DirectStage, PhasesStage};
use crate::conv::plan::method::direct_tiles::DirectTiles;
use crate::conv::plan::method::fourier::FourierStage;
use crate::conv::plan::method::line::LineStage;
use crate::conv::plan::method::pointwise::PointwiseStage;
use crate::conv::plan::method::winograd::{FOUR, TWO, WinogradStage};
use crate::conv::plan::options::{Accuracy, Kernel, PlanOptions};
use crate::conv::plan::workspace::{Call, ThreadMemory, run_pieces};
use crate::conv::{Problem, Unsupported};
use crate::simd::Element;

/// One direction and phase of a problem, by one kernel.
#[derive(Clone, Debug)]
pub(in crate::conv::plan) enum Stage<T> {
    Direct(Box<DirectStage>),
    Phases(Box<PhasesStage>),
    Line(Box<LineStage>),
    Pointwise(Box<PointwiseStage>),
    DirectTiles(Box<DirectTiles>),
    Depthwise(Box<DepthwiseStage>),
    Winograd(Box<WinogradStage>),
    Fourier(Box<FourierStage<T>>),
}

/// A kernel that was considered, and what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The kernel, and what people call it.
    pub kernel: Kernel,
    /// See `kernel`.
    pub name: &'static str,
    /// Estimated multiply-adds of vectors, other work counted as such.
    pub cost: f64,
    /// Estimated nanoseconds on one thread of the options' [`Machine`](crate::conv::plan::Machine).
    pub nanoseconds: f64,
    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and signal.
    pub relative_bound: f64,
    /// Whether the accuracy asked for allows it.
    pub accurate: bool,
    /// Whether the plan uses it.
    pub chosen: bool,
}

impl<T: Element> Stage<T> {
    /// The stage that the options ask for, and all that were considered.
    pub(in crate::conv::plan) fn choose(
        problem: &Problem,
        channels: Channels,
        axes: Vec<AxisMap>,
        options: &PlanOptions,
    ) -> Result<(Self, Vec<Candidate>), Unsupported> {
        let set = options.instruction_set;
        let winograd = |filtering, threads| {
            let stage = WinogradStage::new::<T>(set, channels, &axes, filtering, threads);
            stage.map(|stage| Stage::Winograd(Box::new(stage)))
        };
        let in_pieces = |threads| DirectStage::new::<T>(set, channels, axes.clone(), threads);
        let pointwise = |threads| {
            let stage = PointwiseStage::new::<T>(set, channels, &axes, threads);
            stage.map(|stage| Stage::Pointwise(Box::new(stage)))
        };
        let direct = || {
            let line = LineStage::new::<T>(set, channels, &axes).map(|stage| Stage::Line(Box::new(stage)));
            let any = Stage::Direct(Box::new(in_pieces(1)));
            let cheaper = |a: Self, b: Self| if b.cost() < a.cost() { b } else { a };
            [line, pointwise(1)].into_iter().flatten().fold(any, cheaper)
        };
        let fourier = || {
            let stage = FourierStage::new(set, channels, &axes, options.longest_tile);
            stage.map(|stage| Stage::Fourier(Box::new(stage)))
        };
        let direct_tiles = || {
            let stage = DirectTiles::new::<T>(set, channels, &axes, options.longest_tile);
            stage.map(|stage| Stage::DirectTiles(Box::new(stage)))
        };
        let depthwise = || {
            let stage = DepthwiseStage::new::<T>(set, channels, &axes);
            stage.map(|stage| Stage::Depthwise(Box::new(stage)))
        };
        let meets_nothing = axes.iter().any(|axis| axis.taps.is_empty());
        let considered: Vec<Self> = match options.kernel {
            Kernel::Direct => vec![direct()],
            // A phase that no tap meets is no more than a bias.
            Kernel::DirectTiles | Kernel::Depthwise | Kernel::Fourier if meets_nothing => vec![direct()],
            Kernel::DirectTiles => direct_tiles().into_iter().collect(),
            Kernel::Depthwise => depthwise().into_iter().collect(),
            Kernel::Fourier => fourier().into_iter().collect(),
            Kernel::WinogradTwo => winograd(TWO, 1).into_iter().collect(),
            Kernel::WinogradFour => winograd(FOUR, 1).into_iter().collect(),
            Kernel::Automatic => {
                let all = [
                    Some(direct()),
                    direct_tiles(),
                    depthwise(),
                    winograd(TWO, 1),
                    winograd(FOUR, 1),
                    fourier(),
                ];
                all.into_iter().flatten().collect()
            }
        };
        let mut candidates: Vec<_> =
            considered.iter().map(|stage| stage.candidate(problem, options)).collect();
        let forced = options.kernel != Kernel::Automatic;
        let allowed = (0..candidates.len()).filter(|&number| forced || candidates[number].accurate);
        let best = allowed.min_by(|&a, &b| candidates[a].nanoseconds.total_cmp(&candidates[b].nanoseconds));
        let Some(best) = best else {
            return Err(match options.kernel {
                Kernel::Depthwise => Unsupported {
                    algorithm: "the depthwise kernel",
                    needs: "groups of one channel each, and at most two axes".into(),
                },
                _ => Unsupported {
                    algorithm: "Winograd",
                    needs: "three taps, stride 1 and dilation 1 along one axis or two, and no others".into(),
                },
            });
        };
        candidates[best].chosen = true;
        let stage = considered.into_iter().nth(best);
        let stage = stage.unwrap_or_else(|| unreachable!("the best is one of those considered"));
        // The choice does not depend on the number of threads, as bits would: only the pieces do, whose sums are the same.
        let threads = rayon::current_num_threads();
        let stage = match stage {
            Stage::Direct(_) if threads > 1 => Stage::Direct(Box::new(in_pieces(threads))),
            Stage::Pointwise(_) if threads > 1 => pointwise(threads).unwrap_or(stage),
            Stage::Winograd(stage) if threads > 1 => {
                let filtering = if stage.is_two() { TWO } else { FOUR };
                winograd(filtering, threads).unwrap_or(Stage::Winograd(stage))
            }
            other => other,
        };
        Ok((stage, candidates))
    }

    /// All phases of a transposed convolution along the last two axes by one stage, if that is faster than what was chosen
    /// for them one by one, and all that were considered for all of them.
    pub(in crate::conv::plan) fn join_phases(
        problem: &Problem,
        channels: Channels,
        (outer, phases): (Vec<AxisMap>, [&[AxisMap]; 2]),
        options: &PlanOptions,
        chosen: &[(Self, Vec<Candidate>)],
    ) -> Option<(Self, Vec<Candidate>)> {
        if chosen.len() <= 1 || !matches!(options.kernel, Kernel::Automatic | Kernel::Direct) {
            return None;
        }
        let stage = |threads| {
            let stage =
                PhasesStage::new::<T>(options.instruction_set, channels, outer.clone(), phases, threads);
            Stage::Phases(Box::new(stage))
        };
        let together = stage(1).candidate(problem, options);
        let all = || chosen.iter().map(|(_, candidates)| candidates);
        let apart: f64 = all().flatten().filter(|one| one.chosen).map(|one| one.nanoseconds).sum();
        if together.nanoseconds >= apart {
            return None;
        }
        let mut candidates = vec![Candidate { chosen: true, ..together }];
        for one in all().next()? {
            let same = all().filter_map(|phase| phase.iter().find(|other| other.kernel == one.kernel));
            let same: Vec<_> = same.collect();
            if same.len() == chosen.len() {
                candidates.push(Candidate {
                    cost: same.iter().map(|other| other.cost).sum(),
                    nanoseconds: same.iter().map(|other| other.nanoseconds).sum(),
                    relative_bound: same.iter().map(|other| other.relative_bound).fold(0.0, f64::max),
                    accurate: same.iter().all(|other| other.accurate),
                    chosen: false,
                    ..*one
                });
            }
        }
        Some((stage(rayon::current_num_threads()), candidates))
    }

    /// What is expected of it.
    fn candidate(&self, problem: &Problem, options: &PlanOptions) -> Candidate {
        let (kernel, cost, relative_bound) = (self.kernel(), self.cost(), self.relative_bound(problem));
        let accurate = match (options.accuracy, kernel) {
            (_, Kernel::Direct | Kernel::DirectTiles | Kernel::Depthwise) => true,
            (Accuracy::Strict, _) => false,
            (Accuracy::Within(accepted), _) => relative_bound <= accepted,
        };
        let nanoseconds = cost * options.machine.nanoseconds::<T>(kernel);
        Candidate { kernel, name: self.name(), cost, nanoseconds, relative_bound, accurate, chosen: false }
    }

    pub(in crate::conv::plan) fn kernel(&self) -> Kernel {
        match self {
            Stage::Direct(_) | Stage::Phases(_) | Stage::Line(_) | Stage::Pointwise(_) => Kernel::Direct,
            Stage::DirectTiles(_) => Kernel::DirectTiles,
            Stage::Depthwise(_) => Kernel::Depthwise,
            Stage::Winograd(stage) if stage.is_two() => Kernel::WinogradTwo,
            Stage::Winograd(_) => Kernel::WinogradFour,
            Stage::Fourier(_) => Kernel::Fourier,
        }
    }

    pub(in crate::conv::plan) fn name(&self) -> &'static str {
        match self {
            Stage::Direct(_) => "direct",
            Stage::Phases(_) => "direct_phases",
            Stage::Line(_) => "direct_line",
            Stage::Pointwise(_) => "direct_pointwise",
            Stage::DirectTiles(_) => "direct_tiles",
            Stage::Depthwise(_) => "direct_depthwise",
            Stage::Winograd(stage) => stage.name(),
            Stage::Fourier(_) => "fourier_tiles",
        }
    }

    fn cost(&self) -> f64 {
        match self {
            Stage::Direct(stage) => stage.cost(),
            Stage::Phases(stage) => stage.cost(),
            Stage::Line(stage) => stage.cost(),
            Stage::Pointwise(stage) => stage.cost(),
            Stage::DirectTiles(stage) => stage.cost(),
            Stage::Depthwise(stage) => stage.cost(),
            Stage::Winograd(stage) => stage.cost(),
            Stage::Fourier(stage) => stage.cost(),
        }
    }

    fn relative_bound(&self, problem: &Problem) -> f64 {
        match self {
            Stage::Direct(_)
            | Stage::Phases(_)
            | Stage::Line(_)
            | Stage::Pointwise(_)
            | Stage::DirectTiles(_)
            | Stage::Depthwise(_) => (problem.terms() as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1(),
            Stage::Winograd(stage) => stage.relative_bound::<T>(),
            Stage::Fourier(stage) => stage.relative_bound(),
        }
    }

    /// See [`FourierStage::growth`].
    pub(in crate::conv::plan) fn transform_growth(&self) -> Option<f64> {
        match self {
            Stage::Fourier(stage) => Some(stage.growth()),
            _ => None,
        }
    }

    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        match self {
            Stage::Direct(stage) => stage.workspace(),
            Stage::Phases(stage) => stage.workspace(),
            Stage::Line(stage) => stage.workspace(),
            Stage::Pointwise(stage) => stage.workspace(),
            Stage::DirectTiles(stage) => stage.workspace(),
            Stage::Depthwise(stage) => stage.workspace(),
            Stage::Winograd(stage) => stage.workspace(),
            Stage::Fourier(stage) => stage.workspace(),
        }
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        match self {
            Stage::Direct(stage) => stage.packed_length(),
            Stage::Phases(stage) => stage.packed_length(),
            Stage::Line(stage) => stage.packed_length(),
            Stage::Pointwise(stage) => stage.packed_length(),
            Stage::DirectTiles(stage) => stage.packed_length(),
            Stage::Depthwise(stage) => stage.packed_length(),
            Stage::Winograd(stage) => stage.packed_length(),
            Stage::Fourier(stage) => stage.packed_length(),
        }
    }

    pub(in crate::conv::plan) fn pack(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        match self {
            Stage::Direct(stage) => stage.pack(kernel, packed),
            Stage::Phases(stage) => stage.pack(kernel, packed),
            Stage::Line(stage) => stage.pack(kernel, packed),
            Stage::Pointwise(stage) => stage.pack(kernel, packed),
            Stage::DirectTiles(stage) => stage.pack(kernel, packed),
            Stage::Depthwise(stage) => stage.pack(kernel, packed),
            Stage::Winograd(stage) => stage.pack(kernel, packed),
            Stage::Fourier(stage) => stage.pack(kernel, packed),
        }
    }

    /// Runs on these workspaces, each on a thread of its own.
    pub(in crate::conv::plan) fn run(&self, call: Call<'_, T>, workspaces: &mut [ThreadMemory<T>]) {
        match self {
            Stage::Direct(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Phases(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Line(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Pointwise(stage) => run_pieces(&**stage, call, workspaces),
            Stage::DirectTiles(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Depthwise(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Winograd(stage) => run_pieces(&**stage, call, workspaces),
            Stage::Fourier(stage) => stage.run(call, workspaces),
        }
    }
}
