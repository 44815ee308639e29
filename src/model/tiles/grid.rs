//! The grid of a model along one axis, from what its entries depend on.
//!
//! Let entry o of an output depend on the entries lo(o) to hi(o) of the image, see
//! [`Dependency`](crate::model::Dependency). Far from the borders there are a step p of the output and a step
//! s of the image with
//!
//! > lo(o + p) = lo(o) + s, hi(o + p) = hi(o) + s
//!
//! for all o. The least such s is the lattice, p / s the scale. A tile from c·s to d·s is given by the
//! entries c·p to d·p, so that it reads before itself c·s − lo(o) at most, for o from c·p to (c + 1)·p, and
//! after itself hi(o) − (c + 1)·s + 1.
//!
//! Images are doubled until there is such a middle. An entry that sees the whole axis in two of them will see
//! it in all: the node that first does is to blame.

use ndarray::{ArrayD, Axis};
use num_integer::{gcd, lcm};

use super::obstacle::{Obstacle, Tensors};
use super::sizes::{Running, Sizes};
use crate::model::symmetry::Terms;
use crate::model::{Dependency, JudgeError, Program, Reach, Trace};

/// The first image, and how often it is doubled at most.
const FIRST: usize = 32;
const DOUBLINGS: usize = 7;
/// Terms that are looked at, and entries that are kept, in one image at most.
const MOST_TERMS: f64 = 4e9;
const MOST_ENTRIES: f64 = 3e7;

/// What a model does along one axis of its image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// s
    pub(super) lattice: usize,
    /// For each output its axis, and p.
    pub(super) outputs: Vec<(usize, usize)>,
    /// What a tile reads before and after itself.
    pub(super) reach: [usize; 2],
}

/// A program, and what its tensors depend on along an axis.
struct Probe {
    extent: usize,
    program: Program,
    trace: Trace<Reach>,
    dependency: Dependency,
}

/// The grid of this axis; or why there is none.
pub(super) fn find(
    sizes: &Sizes<'_>,
    axis: usize,
    running: &Running,
) -> Result<Result<Grid, Obstacle>, JudgeError> {
    let mut last: Option<Probe> = None;
    for doubling in 0..DOUBLINGS {
        let Some(extent) = running.from(FIRST << doubling) else { break };
        let Some(probe) = probe(sizes, axis, extent)? else { break };
        let Some(before) = &last else {
            last = Some(probe);
            continue;
        };
        let axes = match output_axes(sizes, before, &probe) {
            Ok(axes) => axes,
            Err(obstacle) => return Ok(Err(obstacle)),
        };
        if let Some(grid) = grid(sizes, axis, &probe, &axes) {
            return Ok(Ok(grid));
        }
        if let Some(obstacle) = global(sizes, axis, before, &probe) {
            return Ok(Err(obstacle));
        }
        if let Some(obstacle) = uneven(sizes, axis, before, &probe) {
            return Ok(Err(obstacle));
        }
        last = Some(probe);
    }
    let extent = last.map_or(0, |probe| probe.extent);
    Ok(Err(Obstacle::of_all(format!(
        "in an image of {extent} entries along this axis, the middle still depends on its borders; larger \
         images take more work than the limit"
    ))))
}

/// The grid that shapes alone suggest, for a reach that is given; `None` where an output does not grow.
pub(super) fn by_shapes(
    sizes: &Sizes<'_>,
    axis: usize,
    running: &Running,
    reach: usize,
) -> Result<Option<Grid>, JudgeError> {
    // Two sizes of one pattern.
    let Some(small) = running.from(FIRST) else { return Ok(None) };
    let large = small + FIRST.next_multiple_of(running.step);
    let [one, other] = [small, large].map(|extent| sizes.program(&sizes.strip(axis, extent)));
    let (one, other) = (one?, other?);
    let mut lattice = running.step;
    let mut outputs = Vec::new();
    for (&a, &b) in one.outputs.iter().zip(&other.outputs) {
        let (a, b) = (&one.slots[a].shape, &other.slots[b].shape);
        let Some(&along) = growing(a, b).first() else { return Ok(None) };
        let (grown, of_image) = (b[along].saturating_sub(a[along]), large - small);
        // The least step of the image that is one of the output.
        lattice = lcm(lattice, of_image / gcd(grown, of_image));
        outputs.push((along, grown, of_image));
    }
    let outputs = outputs.into_iter().map(|(along, grown, of_image)| (along, grown * lattice / of_image));
    Ok(Some(Grid { lattice, outputs: outputs.collect(), reach: [reach; 2] }))
}

fn probe(sizes: &Sizes<'_>, axis: usize, extent: usize) -> Result<Option<Probe>, JudgeError> {
    let program = sizes.program(&sizes.strip(axis, extent))?;
    let entries = |slot: usize| program.slots[slot].shape.iter().product::<usize>() as f64;
    let kept: f64 = program.steps.iter().map(|step| entries(step.output)).sum();
    if Terms::work(&program) > MOST_TERMS || kept > MOST_ENTRIES {
        return Ok(None);
    }
    let dependency = Dependency::on(&program);
    let trace = program.run(&dependency, &dependency.inputs(&program))?;
    Ok(Some(Probe { extent, program, trace, dependency }))
}

/// For each output the axis that grows with the image.
fn output_axes(sizes: &Sizes<'_>, small: &Probe, large: &Probe) -> Result<Vec<usize>, Obstacle> {
    let pairs = small.program.outputs.iter().zip(&large.program.outputs);
    pairs
        .map(|(&one, &other)| {
            let axes = growing(&small.program.slots[one].shape, &large.program.slots[other].shape);
            match axes[..] {
                [axis] => Ok(axis),
                [] => Err(Tensors::new(sizes.model, &small.program, &large.program).fixed()),
                _ => Err(Obstacle::of_all("an output grows with the image along several axes".to_owned())),
            }
        })
        .collect()
}

/// The axes with other extents.
pub(super) fn growing(small: &[usize], large: &[usize]) -> Vec<usize> {
    (0..small.len().min(large.len())).filter(|&axis| small[axis] != large[axis]).collect()
}

type Interval = Option<(usize, usize)>;

impl Probe {
    /// What the entries of a tensor depend on, along an axis of the image: together, for each place along an
    /// axis of the tensor.
    fn intervals(&self, sizes: &Sizes<'_>, axis: usize, slot: usize, along: usize) -> Vec<Interval> {
        let of_slice = |slice: ndarray::ArrayViewD<'_, Reach>| {
            slice.iter().map(|reach| self.interval(sizes, axis, reach)).fold(None, union)
        };
        self.trace[slot].axis_iter(Axis(along)).map(of_slice).collect()
    }

    fn interval(&self, sizes: &Sizes<'_>, axis: usize, reach: &Reach) -> Interval {
        let moved = (0..sizes.moves.len()).filter(|&input| sizes.moves[input]);
        let seen = moved.filter_map(|input| self.dependency.of_input(reach, input));
        seen.map(|axes| Some(axes[sizes.axes[axis]])).fold(None, union)
    }

    fn is_whole(&self, interval: Interval) -> bool {
        interval == Some((0, self.extent - 1))
    }

    /// What the middle of a tensor sees; all of it where it does not grow.
    fn middle(&self, sizes: &Sizes<'_>, axis: usize, slot: usize, along: Option<usize>) -> Interval {
        let array: &ArrayD<Reach> = &self.trace[slot];
        match along {
            Some(along) => {
                let middle = array.index_axis(Axis(along), array.shape()[along] / 2);
                middle.iter().map(|reach| self.interval(sizes, axis, reach)).fold(None, union)
            }
            None => array.iter().map(|reach| self.interval(sizes, axis, reach)).fold(None, union),
        }
    }
}

fn union(one: Interval, other: Interval) -> Interval {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

/// Steps (p, s) with which these intervals repeat, where they do not touch the borders, and the first place
/// of that middle; `None` where the middle is shorter than two steps and one more.
fn steps(intervals: &[Interval], extent: usize) -> Option<(usize, usize, usize)> {
    let is_free = |interval: &Interval| interval.is_some_and(|(low, high)| low > 0 && high + 1 < extent);
    let middle = intervals.len() / 2;
    if !is_free(intervals.get(middle)?) {
        return None;
    }
    let begin = (0..middle).rev().find(|&place| !is_free(&intervals[place])).map_or(0, |place| place + 1);
    let end = (middle..intervals.len()).find(|&place| !is_free(&intervals[place])).unwrap_or(intervals.len());
    let free: Vec<(usize, usize)> = intervals[begin..end].iter().flatten().copied().collect();
    (1..free.len() / 2).find_map(|p| {
        let s = free[p].0.checked_sub(free[0].0).filter(|&s| s > 0)?;
        let repeats = |place: usize| {
            let ((low, high), (next_low, next_high)) = (free[place], free[place + p]);
            next_low == low + s && next_high == high + s
        };
        (0..free.len() - p).all(repeats).then_some((p, s, begin))
    })
}

fn grid(sizes: &Sizes<'_>, axis: usize, probe: &Probe, axes: &[usize]) -> Option<Grid> {
    let outputs = probe.program.outputs.iter().zip(axes);
    let all: Vec<Vec<Interval>> =
        outputs.map(|(&slot, &along)| probe.intervals(sizes, axis, slot, along)).collect();
    let found: Vec<_> = all.iter().map(|intervals| steps(intervals, probe.extent)).collect::<Option<_>>()?;
    let lattice = found.iter().map(|&(_, s, _)| s).fold(1, lcm);
    let mut reach = [0, 0];
    let mut outputs = Vec::new();
    for ((intervals, &(p, s, begin)), &along) in all.iter().zip(&found).zip(axes) {
        let p = p * (lattice / s);
        outputs.push((along, p));
        // A whole cell of the middle.
        let cell = begin.div_ceil(p);
        for place in cell * p..(cell + 1) * p {
            let (low, high) = (*intervals.get(place)?)?;
            if low == 0 || high + 1 >= probe.extent {
                return None;
            }
            reach[0] = reach[0].max((cell * lattice).saturating_sub(low));
            reach[1] = reach[1].max((high + 1).saturating_sub((cell + 1) * lattice));
        }
    }
    Some(Grid { lattice, outputs, reach })
}

/// The first node whose middle sees the whole axis in both images, though nothing that it reads does.
fn global(sizes: &Sizes<'_>, axis: usize, small: &Probe, large: &Probe) -> Option<Obstacle> {
    let tensors = Tensors::new(sizes.model, &small.program, &large.program);
    let is_whole = |(one, other): (usize, usize), along: Option<usize>| {
        small.is_whole(small.middle(sizes, axis, one, along))
            && large.is_whole(large.middle(sizes, axis, other, along))
    };
    tensors.first(is_whole).map(|node| {
        let otherwise = "what it gives at one place depends on the whole image, however large it is";
        Obstacle::at(sizes.model, node, otherwise)
    })
}

/// The first node whose middle is free in both images and does not repeat, though all that it reads does.
fn uneven(sizes: &Sizes<'_>, axis: usize, small: &Probe, large: &Probe) -> Option<Obstacle> {
    let tensors = Tensors::new(sizes.model, &small.program, &large.program);
    let is_uneven = |(one, other): (usize, usize), along: Option<usize>| {
        let Some(along) = along else { return false };
        let is_uneven = |probe: &Probe, slot: usize| {
            let intervals = probe.intervals(sizes, axis, slot, along);
            let free =
                |interval: &&Interval| interval.is_some_and(|(low, high)| low > 0 && high + 1 < probe.extent);
            intervals.iter().filter(free).count() > intervals.len() / 2
                && steps(&intervals, probe.extent).is_none()
        };
        is_uneven(small, one) && is_uneven(large, other)
    };
    tensors
        .first(is_uneven)
        .map(|node| Obstacle::at(sizes.model, node, "its places do not repeat along the image in any step"))
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_are_those_with_which_intervals_repeat() {
        // Three taps; then every second, then twice as many entries.
        let of = |count: usize, interval: &dyn Fn(usize) -> (usize, usize)| {
            let list: Vec<_> = (0..count).map(|place| Some(interval(place))).collect();
            steps(&list, 32)
        };
        let clipped = |low: usize, high: usize| (low.saturating_sub(1), high.min(31));
        assert_eq!(of(32, &|o| clipped(o, o + 1)), Some((1, 1, 2)));
        assert_eq!(of(16, &|o| clipped(2 * o, 2 * o + 1)), Some((1, 2, 1)));
        assert_eq!(of(64, &|o| clipped(o / 2, o / 2 + 1)), Some((2, 1, 4)));
        assert_eq!(of(32, &|_| (0, 31)), None);
        // Every other entry of the image, from one to the next in no fixed step.
        assert_eq!(of(32, &|o| clipped(o * o / 32, o * o / 32)), None);
    }
}
