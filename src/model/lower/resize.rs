//! Resizing: nearest neighbours are moved, linear and cubic interpolation are weighted sums, one axis at a
//! time.
//!
//! The place x of an output in the signal, and the weights there, are computed as fractions, and each weight
//! is rounded once: mirrored places get mirrored weights, to the last bit. With r = x − ⌊x⌋, weights are 1 −
//! r and r (linear), or those of the cubic kernel with parameter a:
//!
//! > (a + 2)|t|³ − (a + 3)|t|² + 1 for |t| ≤ 1, a|t|³ − 5a|t|² + 8a|t| − 4a for |t| < 2.
//!
//! Where a reduction is smoothed, the kernels are stretched by its factor. Sources: the page of `Resize` in
//! the standard; Keys, *Cubic convolution interpolation for digital image processing* (1981).

use ndarray::Axis;

use super::super::error::{Refusal, malformed};
use super::super::{Lists, Reduction, Source, data};
use super::call::distinct_axes;
use super::{Builder, Call, Lowering, Value};
use crate::scalar::{Field, Rational};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Resize" => resize,
        "Upsample" => upsample,
        _ => return None,
    })
}

/// How an axis is resized.
struct Scaling {
    extent: usize,
    /// The extent of the output.
    count: usize,
    /// The ratio of output to signal.
    scale: Rational,
    /// The part of the signal that is cut out, as fractions.
    region: (f64, f64),
}

/// What holds for all axes.
struct Mode {
    interpolation: String,
    coordinates: String,
    rounding: String,
    cubic: Rational,
    excludes_outside: bool,
    smooths: bool,
    outside: f64,
}

/// Weights of entries of the signal; none for a place that is outside.
type Weights = Option<Vec<(usize, f64)>>;

fn rational(value: f64) -> Result<Rational, Refusal> {
    match Rational::try_from_f64(value) {
        Some(value) => Ok(value),
        None => malformed(format!("expected a finite number, found {value}")),
    }
}

fn half() -> Rational {
    Rational::new(1, 2)
}

fn integer(n: usize) -> Rational {
    Rational::from(n as i64)
}

impl Scaling {
    /// The place of an output in the signal.
    fn place(&self, output: usize, mode: &Mode) -> Result<Rational, Refusal> {
        let j = integer(output);
        let last = integer(self.extent) - integer(1);
        let length = self.scale.clone() * integer(self.extent);
        let inverse = self.scale.reciprocal();
        let centred = (j.clone() + half()) * inverse.clone() - half();
        Ok(match mode.coordinates.as_str() {
            "half_pixel" => centred,
            "pytorch_half_pixel" if self.count > 1 => centred,
            "pytorch_half_pixel" => Rational::from(0),
            "asymmetric" => j * inverse,
            "tf_half_pixel_for_nn" => (j + half()) * inverse,
            // The standard's own tests count a length that is no integer.
            "align_corners" if length <= integer(1) => Rational::from(0),
            "align_corners" => j * last * (length - integer(1)).reciprocal(),
            "half_pixel_symmetric" => {
                let adjustment = integer(self.count) * length.reciprocal();
                integer(self.extent) * half() * (integer(1) - adjustment) + centred
            }
            "tf_crop_and_resize" => {
                let (start, end) = (rational(self.region.0)?, rational(self.region.1)?);
                let steps =
                    if self.count > 1 { j * (integer(self.count) - integer(1)).reciprocal() } else { half() };
                start.clone() * last.clone() + steps * (end - start) * last
            }
            other => return Err(Refusal::Unsupported(format!("coordinate_transformation_mode {other:?}"))),
        })
    }

    fn weights(&self, output: usize, mode: &Mode) -> Result<Weights, Refusal> {
        let x = self.place(output, mode)?;
        let is_outside = x.is_negative() || x > integer(self.extent) - integer(1);
        if mode.coordinates == "tf_crop_and_resize" && is_outside {
            return Ok(None);
        }
        // The ratio is in (0, 1]: an integer place counts from the entry before it.
        let floor = x.floor();
        let (floor, ratio) =
            if x == floor { (floor - integer(1), integer(1)) } else { (floor.clone(), x - floor) };
        let base = floor.to_f64() as i64;
        let one = integer(1);
        let (first, weights) = match (mode.interpolation.as_str(), mode.smooths) {
            ("nearest", _) => {
                let takes_next = match mode.rounding.as_str() {
                    "round_prefer_floor" => ratio > half(),
                    "round_prefer_ceil" => ratio >= half(),
                    "floor" => ratio >= one,
                    "ceil" => true,
                    other => return Err(Refusal::Unsupported(format!("nearest_mode {other:?}"))),
                };
                (i64::from(takes_next), vec![one])
            }
            ("linear", false) => (0, vec![one - ratio.clone(), ratio]),
            ("cubic", false) => {
                (-1, (-1..3).map(|n| mode.cubic(Rational::from(n) - ratio.clone())).collect())
            }
            ("linear" | "cubic", true) => {
                let scale = self.scale.clone().min(one.clone());
                let reach = integer(if mode.interpolation == "linear" { 1 } else { 2 });
                let start = (-(reach.clone() * scale.reciprocal())).floor() + one.clone();
                let first = start.to_f64() as i64;
                // As many on the other side.
                let end = 2 - first;
                if end - first > 1 << 20 {
                    return Err(Refusal::Unsupported("a reduction by so large a factor".to_owned()));
                }
                let at = |n: i64| (Rational::from(n) - ratio.clone()) * scale.clone();
                let weight = |t: Rational| {
                    if mode.interpolation == "linear" {
                        (one.clone() - t.abs()).max(Rational::from(0))
                    } else {
                        mode.cubic(t)
                    }
                };
                (first, normalised((first..end).map(|n| weight(at(n))).collect()))
            }
            (other, _) => return Err(Refusal::Unsupported(format!("mode {other:?}"))),
        };
        let last = self.extent as i64 - 1;
        let places = (first..).map(|n| base + n);
        let mut weights = weights.into_iter().zip(places).collect::<Vec<_>>();
        if mode.excludes_outside {
            weights.retain(|(_, place)| (0..=last).contains(place));
            let (list, places): (Vec<_>, Vec<_>) = weights.into_iter().unzip();
            weights = normalised(list).into_iter().zip(places).collect();
        }
        // Outside of the signal is its last entry there; weights of one entry are added up before they are
        // rounded.
        let mut merged: Vec<(usize, Rational)> = Vec::new();
        for (weight, place) in weights {
            let place = place.clamp(0, last) as usize;
            match merged.iter_mut().find(|(other, _)| *other == place) {
                Some((_, sum)) => *sum = sum.clone() + weight,
                None => merged.push((place, weight)),
            }
        }
        merged.retain(|(_, weight)| *weight != Rational::from(0));
        Ok(Some(merged.into_iter().map(|(place, weight)| (place, weight.to_f64())).collect()))
    }
}

/// Weights that sum to one.
fn normalised(weights: Vec<Rational>) -> Vec<Rational> {
    let sum = weights.iter().cloned().fold(Rational::from(0), |a, b| a + b);
    if sum == Rational::from(0) {
        return weights;
    }
    let inverse = sum.reciprocal();
    weights.into_iter().map(|weight| weight * inverse.clone()).collect()
}

impl Mode {
    fn cubic(&self, t: Rational) -> Rational {
        let (a, t) = (self.cubic.clone(), t.abs());
        let (one, n) = (integer(1), |n: i64| Rational::from(n));
        let square = t.clone() * t.clone();
        let cube = square.clone() * t.clone();
        if t <= one {
            (a.clone() + n(2)) * cube - (a + n(3)) * square + one
        } else if t < n(2) {
            a.clone() * (cube - n(5) * square + n(8) * t - n(4))
        } else {
            n(0)
        }
    }
}

fn mode(call: &Call<'_>) -> Result<Mode, Refusal> {
    // Version 10 knew one way only.
    let old = if call.opset < 11 { ("asymmetric", "floor") } else { ("half_pixel", "round_prefer_floor") };
    let interpolation = call.string("mode", "nearest")?;
    Ok(Mode {
        interpolation: if interpolation.ends_with("linear") { "linear".to_owned() } else { interpolation },
        coordinates: call.string("coordinate_transformation_mode", old.0)?,
        rounding: call.string("nearest_mode", old.1)?,
        cubic: rational(call.float("cubic_coeff_a", -0.75))?,
        excludes_outside: call.flag("exclude_outside", false),
        smooths: call.flag("antialias", false),
        outside: call.float("extrapolation_value", 0.0),
    })
}

fn by_scale(extent: usize, scale: f64) -> Result<Scaling, Refusal> {
    let count = (extent as f64 * scale).floor();
    if !(scale > 0.0 && count < f64::from(u32::MAX)) {
        return malformed(format!("a scale of {scale}"));
    }
    Ok(Scaling { extent, count: count as usize, scale: rational(scale)?, region: (0.0, 1.0) })
}

fn upsample(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let scales = match (call.optional(1), call.attribute("scales")) {
        (Some(scales), _) => scales.to_floats("the scales")?,
        (None, Some(attribute)) => attribute.floats.iter().map(|&scale| scale.into()).collect(),
        (None, None) => return malformed("scales are missing"),
    };
    let mut mode = mode(call)?;
    (mode.coordinates, mode.rounding) = ("asymmetric".to_owned(), "floor".to_owned());
    if scales.len() != x.rank() {
        return malformed(format!("scales {scales:?} for a tensor of {:?}", x.shape));
    }
    let scalings = x.shape.iter().zip(&scales).map(|(&extent, &scale)| by_scale(extent, scale));
    Ok(vec![builder.resize(x, &scalings.collect::<Result<Vec<_>, _>>()?, &mode)?])
}

fn resize(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let mode = mode(call)?;
    let axes = match call.ints("axes") {
        Some(list) => distinct_axes(&list, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    let (scales_at, region_at) = if call.opset < 11 { (1, usize::MAX) } else { (2, 1) };
    let given = |number: usize| call.optional(number).filter(|value| value.len() > 0);
    let mut scalings = if let Some(sizes) = given(3) {
        by_sizes(call, x, &axes, &data::extents(&sizes.to_integers("the sizes")?)?)?
    } else if let Some(scales) = given(scales_at) {
        let scales = scales.to_floats("the scales")?;
        if scales.len() != axes.len() {
            return malformed(format!("{} scales for {} axes", scales.len(), axes.len()));
        }
        axes.iter()
            .zip(&scales)
            .map(|(&axis, &scale)| by_scale(x.shape[axis], scale))
            .collect::<Result<_, _>>()?
    } else {
        return malformed("neither sizes nor scales are given");
    };
    if mode.coordinates == "tf_crop_and_resize" {
        let region = given(region_at).map(|region| region.to_floats("the region")).transpose()?;
        let Some(region) = region.filter(|region| region.len() == 2 * axes.len()) else {
            return malformed("a cut needs a region of two numbers for each axis");
        };
        for (place, scaling) in scalings.iter_mut().enumerate() {
            scaling.region = (region[place], region[place + axes.len()]);
        }
    }
    let mut all = Vec::new();
    for (axis, &extent) in x.shape.iter().enumerate() {
        let given = axes.iter().position(|&other| other == axis).map(|place| &scalings[place]);
        all.push(match given {
            Some(Scaling { count, scale, region, .. }) => {
                Scaling { extent, count: *count, scale: scale.clone(), region: *region }
            }
            None => Scaling { extent, count: extent, scale: integer(1), region: (0.0, 1.0) },
        });
    }
    Ok(vec![builder.resize(x, &all, &mode)?])
}

fn by_sizes(call: &Call<'_>, x: &Value, axes: &[usize], sizes: &[usize]) -> Result<Vec<Scaling>, Refusal> {
    if sizes.len() != axes.len() || axes.iter().any(|&axis| x.shape[axis] == 0) {
        return malformed(format!("sizes {sizes:?} for a tensor of {:?}", x.shape));
    }
    let ratio = |place: usize| integer(sizes[place]) * integer(x.shape[axes[place]]).reciprocal();
    let ratios = (0..axes.len()).map(ratio);
    let common = match call.string("keep_aspect_ratio_policy", "stretch")?.as_str() {
        "not_larger" => ratios.min(),
        "not_smaller" => ratios.max(),
        _ => None,
    };
    let scaling = |(place, &axis): (usize, &usize)| {
        let extent = x.shape[axis];
        match &common {
            // Rounded to the nearest extent, halves up.
            Some(scale) => {
                let count = (scale.clone() * integer(extent) + half()).floor().to_f64() as usize;
                Scaling { extent, count, scale: scale.clone(), region: (0.0, 1.0) }
            }
            None => Scaling { extent, count: sizes[place], scale: ratio(place), region: (0.0, 1.0) },
        }
    };
    Ok(axes.iter().enumerate().map(scaling).collect())
}

impl Builder {
    fn resize(&mut self, x: &Value, scalings: &[Scaling], mode: &Mode) -> Result<Value, Refusal> {
        let shape = scalings.iter().map(|scaling| scaling.count).collect::<Vec<_>>();
        self.claim(&shape)?;
        if x.len() == 0 {
            return malformed("a tensor without entries cannot be resized");
        }
        let mut value = x.clone();
        let mut outside = Vec::new();
        for (axis, scaling) in scalings.iter().enumerate().rev() {
            // At scale 1 every output is at a place of its own, unless a region is cut out.
            if scaling.count == scaling.extent && scaling.scale == integer(1) && scaling.region == (0.0, 1.0)
            {
                continue;
            }
            let weights = (0..scaling.count).map(|output| scaling.weights(output, mode));
            let weights = weights.collect::<Result<Vec<_>, _>>()?;
            let lost = weights.iter().enumerate().filter(|(_, weights)| weights.is_none());
            outside.extend(lost.map(|(place, _)| (axis, place)));
            value = self.interpolate(&value, axis, &weights)?;
        }
        if outside.is_empty() {
            return Ok(value);
        }
        let mut places = self.places(0, &value)?;
        for (axis, place) in outside {
            places.index_axis_mut(Axis(axis), place).fill(Source::Constant(mode.outside));
        }
        self.rearrange(&[&value], places, x.element)
    }

    /// Weighted sums of entries along an axis; the first entry stands for what is outside.
    fn interpolate(&mut self, x: &Value, axis: usize, weights: &[Weights]) -> Result<Value, Refusal> {
        let single = weights.iter().map(|weights| match weights.as_deref() {
            Some([(place, 1.0)]) => Some(*place),
            None => Some(0),
            _ => None,
        });
        if let Some(indices) = single.collect::<Option<Vec<_>>>() {
            let places = self.places(0, x)?.select(Axis(axis), &indices);
            return self.rearrange(&[x], places, x.element);
        }
        let inner = x.shape[axis + 1..].iter().product::<usize>();
        let terms = weights.iter().flatten().map(Vec::len).sum::<usize>();
        self.claim_entries(terms.saturating_mul(inner).saturating_mul(2))?;
        let mut lists =
            Lists { entries: x.shape[axis] * inner, offsets: vec![0], members: Vec::new(), factors: None };
        let mut factors = Vec::new();
        for weights in weights {
            for offset in 0..inner {
                for &(place, weight) in weights.iter().flatten() {
                    lists.members.push((place * inner + offset) as u32);
                    factors.push(weight);
                }
                lists.offsets.push(lists.members.len());
            }
        }
        lists.factors = Some(factors);
        let mut shape = x.shape.clone();
        shape[axis] = weights.len();
        self.reduce(Reduction::Sum, x, lists, &shape, x.element)
    }
}
