//! The methods behind one interface, and the choice among them.
//!
//! Each method estimates its cost in multiply-adds of vectors, and its error relative to the number of terms
//! times the largest magnitudes of kernel and signal. The cheapest that is accurate enough is chosen.
//!
//! A new method is a file here with its [`PlannedMethod`], the interface of all, and its maker, and a row of
//! [`makers`].
//!
//! | word | what the methods mean by it |
//! |---|---|
//! | piece | a part of the output that a thread computes at a time: samples, a band of rows, or a part of one |
//! | strip | a copy of what a piece reads, as its loops want it, small enough for the cache |
//! | plane | two axes of space of a channel; of a strip, entries a stride apart, of which a tap reads a stretch |
//! | panel | a few vectors of positions, or of weights, with all channels of a sum one after the other |
//! | tile | sums that stay in registers during a loop; with transforms, a block that is transformed as one |
//! | phase | of a transposed convolution with stride s, the outputs at φ modulo s, which meet the same taps |

/// A method whose work falls into pieces, whose error is that of sums of products: its cost, memory and
/// packing are those that the type has by itself. More items may follow.
macro_rules! method_in_pieces {
    ($stage:ident: $method:expr, $name:literal $(; $($more:tt)*)?) => {
        impl<T: $crate::simd::Element> $crate::conv::plan::method::planned_method::PlannedMethod<T> for $stage {
            fn method(&self) -> $crate::conv::plan::Method {
                $method
            }

            fn name(&self) -> &'static str {
                $name
            }

            fn cost(&self) -> f64 {
                self.cost()
            }

            fn workspace(&self) -> (usize, usize) {
                self.workspace()
            }

            fn packed_length(&self) -> usize {
                self.packed_length()
            }

            fn pack(&self, kernel: ndarray::ArrayView3<'_, T>, packed: &mut Vec<T>) {
                self.pack(kernel, packed);
            }

            fn run(
                &self,
                call: $crate::conv::plan::workspace::Call<'_, T>,
                threads: &mut [$crate::conv::plan::workspace::ThreadMemory<T>],
            ) {
                $crate::conv::plan::workspace::run_pieces(self, call, threads);
            }

            $($($more)*)?
        }
    };
}

mod depthwise;
pub(in crate::conv::plan) mod direct;
mod direct_tiles;
mod fourier;
mod line;
pub(in crate::conv::plan) mod planned_method;
mod pointwise;
mod transform;
pub(in crate::conv) mod winograd;

use std::sync::Arc;

use self::direct::PhasesStage;
use self::planned_method::{Place, PlannedMethod, Stage};
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::method_name::Method;
use crate::conv::plan::options::{Accuracy, PlanOptions};
use crate::conv::{Problem, Unsupported};
use crate::simd::Element;

/// Makes a method for a place and one thread, unless it cannot run there.
type Maker<T> = fn(&Place) -> Option<Stage<T>>;

/// All methods, each with what it needs. Of several makers of one method the cheapest counts.
fn makers<T: Element>() -> [(Method, &'static str, Maker<T>); 8] {
    [
        (Method::Direct, "nothing", direct::make),
        (Method::Direct, line::NEEDS, line::make),
        (Method::Direct, pointwise::NEEDS, pointwise::make),
        (Method::DirectTiles, direct_tiles::NEEDS, direct_tiles::make),
        (Method::Depthwise, depthwise::NEEDS, depthwise::make),
        (Method::WinogradTwo, winograd::NEEDS, winograd::make_two),
        (Method::WinogradFour, winograd::NEEDS, winograd::make_four),
        (Method::Fourier, fourier::NEEDS, fourier::make),
    ]
}

/// A method that was considered, and what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The method.
    pub method: Method,
    /// What people call it: the way of the method that suits the problem best.
    pub name: &'static str,
    /// Estimated multiply-adds of vectors, other work counted as such.
    pub cost: f64,
    /// Estimated nanoseconds on one thread of the options' [`Machine`](crate::conv::plan::Machine).
    pub nanoseconds: f64,
    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and
    /// signal.
    pub relative_bound: f64,
    /// Whether the accuracy asked for allows it.
    pub accurate: bool,
    /// Whether the plan uses it.
    pub chosen: bool,
}

/// The method that the options ask for, and all that were considered.
///
/// # Errors
/// If the one that is asked for cannot run there.
pub(in crate::conv::plan) fn choose<T: Element>(
    problem: &Problem,
    place: &Place,
    options: &PlanOptions,
) -> Result<(Stage<T>, Vec<Candidate>), Unsupported> {
    let makers = makers::<T>();
    let forced = options.method != Method::Automatic;
    // A phase that no tap meets is no more than a bias, which needs no tiles, vectors of channels or
    // transforms.
    let sums_of_nothing = matches!(options.method, Method::DirectTiles | Method::Depthwise | Method::Fourier);
    let wanted = if sums_of_nothing && place.meets_nothing() { Method::Direct } else { options.method };
    let mut considered: Vec<Stage<T>> = Vec::new();
    for (method, _, make) in makers {
        if forced && method != wanted {
            continue;
        }
        let Some(stage) = make(place) else { continue };
        match considered.last_mut() {
            Some(last) if last.method() == method && last.cost() <= stage.cost() => {}
            Some(last) if last.method() == method => *last = stage,
            _ => considered.push(stage),
        }
    }
    let mut candidates: Vec<_> =
        considered.iter().map(|stage| candidate(&**stage, problem, options)).collect();
    let allowed = (0..candidates.len()).filter(|&number| forced || candidates[number].accurate);
    let best = allowed.min_by(|&a, &b| candidates[a].nanoseconds.total_cmp(&candidates[b].nanoseconds));
    let Some(best) = best else {
        let row = makers.iter().find(|(method, _, _)| *method == wanted);
        let (name, needs) = row.map_or(("a plan", "a method"), |(method, needs, _)| (method.name(), *needs));
        return Err(Unsupported { algorithm: name, needs: needs.to_owned() });
    };
    candidates[best].chosen = true;
    let stage = considered.swap_remove(best);
    // The choice does not depend on the number of threads, as bits would: only the pieces do, whose sums are
    // the same.
    let threads = rayon::current_num_threads();
    let cut = if threads > 1 { stage.cut_for(place, threads) } else { None };
    Ok((cut.unwrap_or(stage), candidates))
}

/// What is expected of a method.
fn candidate<T: Element>(
    stage: &dyn PlannedMethod<T>,
    problem: &Problem,
    options: &PlanOptions,
) -> Candidate {
    let (method, cost, relative_bound) = (stage.method(), stage.cost(), stage.relative_bound(problem));
    let accurate = match options.accuracy {
        _ if method.adds_products() => true,
        Accuracy::Strict => false,
        Accuracy::Within(accepted) => relative_bound <= accepted,
    };
    let nanoseconds = cost * options.machine.nanoseconds::<T>(method);
    Candidate { method, name: stage.name(), cost, nanoseconds, relative_bound, accurate, chosen: false }
}

/// All phases of a transposed convolution along the last two axes by one stage, if that is faster than what
/// was chosen for them one by one, and all that were considered for all of them.
pub(in crate::conv::plan) fn join_phases<T: Element>(
    problem: &Problem,
    channels: Channels,
    (outer, phases): (Vec<AxisMap>, [&[AxisMap]; 2]),
    options: &PlanOptions,
    chosen: &[(Stage<T>, Vec<Candidate>)],
) -> Option<(Stage<T>, Vec<Candidate>)> {
    if chosen.len() <= 1 || !matches!(options.method, Method::Automatic | Method::Direct) {
        return None;
    }
    let stage = |threads| -> Stage<T> {
        Arc::new(PhasesStage::new::<T>(options.instruction_set, channels, outer.clone(), phases, threads))
    };
    let together = candidate(&*stage(1), problem, options);
    let all = || chosen.iter().map(|(_, candidates)| candidates);
    let apart: f64 = all().flatten().filter(|one| one.chosen).map(|one| one.nanoseconds).sum();
    if together.nanoseconds >= apart {
        return None;
    }
    let mut candidates = vec![Candidate { chosen: true, ..together }];
    for one in all().next()? {
        let same = all().filter_map(|phase| phase.iter().find(|other| other.method == one.method));
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
