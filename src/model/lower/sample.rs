//! Sampling at places that are known: `GridSample` with a constant grid.
//!
//! A place in [−1, 1] is one in the signal; what is outside is zero, the border, or reflected. Weights are
//! those of the nearest entry, of linear or of cubic interpolation along each axis, and their products.
//! Source: the page of `GridSample` in the standard.

use super::super::error::{Refusal, malformed};
use super::super::{Lists, Reduction};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    (name == "GridSample").then_some(grid_sample as Lowering)
}

struct Mode {
    interpolation: String,
    padding: String,
    aligns_corners: bool,
}

impl Mode {
    /// The place in a signal of `extent` entries of a place in [−1, 1].
    fn place(&self, x: f64, extent: f64) -> f64 {
        if self.aligns_corners { (x + 1.0) / 2.0 * (extent - 1.0) } else { ((x + 1.0) * extent - 1.0) / 2.0 }
    }

    /// The entry that stands for an index; none for zeros.
    fn entry(&self, index: f64, extent: usize) -> Option<usize> {
        let last = extent as f64 - 1.0;
        let index = match self.padding.as_str() {
            "border" => index.clamp(0.0, last),
            "reflection" => self.reflect(index, extent as f64).clamp(0.0, last),
            _ => index,
        };
        (0.0..=last).contains(&index).then_some(index as usize)
    }

    /// Back and forth between the ends: the outer entries, or half an entry beyond them.
    fn reflect(&self, index: f64, extent: f64) -> f64 {
        let (low, high) = if self.aligns_corners { (0.0, extent - 1.0) } else { (-0.5, extent - 0.5) };
        let span = high - low;
        if span <= 0.0 {
            return 0.0;
        }
        let within = (index - low).rem_euclid(2.0 * span);
        low + within.min(2.0 * span - within)
    }

    /// Entries and weights along one axis.
    fn weights(&self, x: f64, extent: usize) -> Vec<(usize, f64)> {
        let place = self.place(x, extent as f64);
        // A place that is reflected or clamped is so before it is cut into an index and a rest.
        let place = match (self.padding.as_str(), self.interpolation.as_str()) {
            (_, "cubic") | ("zeros", _) => place,
            ("border", _) => place.clamp(0.0, extent as f64 - 1.0),
            _ => self.reflect(place, extent as f64),
        };
        let (floor, rest) = (place.floor(), place - place.floor());
        let terms = match self.interpolation.as_str() {
            "nearest" => vec![(place.round_ties_even(), 1.0)],
            "linear" => vec![(floor, 1.0 - rest), (floor + 1.0, rest)],
            _ => (-1..3).map(|n| (floor + f64::from(n), cubic(f64::from(n) - rest))).collect(),
        };
        let entries = terms.into_iter().filter(|(_, weight)| *weight != 0.0);
        entries.filter_map(|(index, weight)| Some((self.entry(index, extent)?, weight))).collect()
    }
}

/// The cubic kernel with a = −3/4.
fn cubic(t: f64) -> f64 {
    let (a, t) = (-0.75, t.abs());
    if t <= 1.0 {
        ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
    } else if t < 2.0 {
        ((a * t - 5.0 * a) * t + 8.0 * a) * t - 4.0 * a
    } else {
        0.0
    }
}

fn grid_sample(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (x, grid) = (call.input(0)?, call.input(1)?);
    let interpolation = match call.string("mode", "linear")?.as_str() {
        "nearest" => "nearest",
        "linear" | "bilinear" => "linear",
        "cubic" | "bicubic" => "cubic",
        other => return Err(Refusal::Unsupported(format!("mode {other:?}"))),
    };
    let mode = Mode {
        interpolation: interpolation.to_owned(),
        padding: call.string("padding_mode", "zeros")?,
        aligns_corners: call.flag("align_corners", false),
    };
    let axes = x.rank().saturating_sub(2);
    let fits = grid.rank() == x.rank() && grid.shape[0] == x.shape[0] && grid.shape[axes + 1] == axes;
    if axes == 0 || !fits || x.shape.contains(&0) {
        return malformed(format!("a grid of {:?} for a tensor of {:?}", grid.shape, x.shape));
    }
    let places = grid.to_floats("the grid")?;
    if places.iter().any(|place| !place.is_finite()) {
        return malformed("a grid with a place that is not finite");
    }
    let (out, space) = (&grid.shape[1..=axes], &x.shape[2..]);
    let (count, area) = (out.iter().product::<usize>(), space.iter().product::<usize>());
    let taps = 4_usize.saturating_pow(axes as u32);
    builder.claim_entries(count.saturating_mul(taps).saturating_mul(x.shape[0]).saturating_mul(2))?;
    let mut parts = Vec::new();
    for sample in 0..x.shape[0] {
        let mut lists = Lists { entries: area, offsets: vec![0], members: Vec::new(), factors: None };
        let mut factors = Vec::new();
        for output in 0..count {
            let place = &places[(sample * count + output) * axes..][..axes];
            // The grid names the last axis first.
            let along = (0..axes).map(|axis| mode.weights(place[axes - 1 - axis], space[axis]));
            let terms = along.zip(space).fold(vec![(0, 1.0)], |terms, (weights, &extent)| {
                let product = |&(flat, factor): &(usize, f64)| {
                    let weights = weights.clone();
                    weights.into_iter().map(move |(entry, weight)| (flat * extent + entry, factor * weight))
                };
                terms.iter().flat_map(product).collect()
            });
            lists.members.extend(terms.iter().map(|&(entry, _)| entry as u32));
            factors.extend(terms.iter().map(|&(_, weight)| weight));
            lists.offsets.push(lists.members.len());
        }
        lists.factors = factors.iter().any(|&factor| factor != 1.0).then_some(factors);
        let own = builder.strided(x, 0, sample as i64, 1, 1)?;
        let shape = [&[1, x.shape[1]], out].concat();
        parts.push(builder.reduce(Reduction::Sum, &own, lists, &shape, x.element)?);
    }
    Ok(vec![builder.concat(&parts.iter().collect::<Vec<_>>(), 0)?])
}
