//! Pads of all modes, and cropping about the centre.
//!
//! | mode | the entry before the first, of a b c |
//! |---|---|
//! | constant | a number |
//! | edge | a |
//! | reflect | b |
//! | wrap | c |

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Source, data};
use super::call::{axis, distinct_axes};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Pad" => pad,
        "CenterCropPad" => center,
        _ => return None,
    })
}

fn pad(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let list = match call.optional(1) {
        Some(pads) => pads.to_integers("the pads")?,
        None => match call.ints("pads") {
            Some(pads) => pads,
            None => return malformed("a pad without pads"),
        },
    };
    let axes = match call.optional(3) {
        Some(axes) => distinct_axes(&axes.to_integers("the axes")?, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    if list.len() != 2 * axes.len() {
        return malformed(format!("pads {list:?} for {} axes", axes.len()));
    }
    let mut pads = vec![(0, 0); x.rank()];
    for (place, &axis) in axes.iter().enumerate() {
        pads[axis] = (list[place], list[place + axes.len()]);
    }
    let mode = call.string("mode", "constant")?;
    if mode != "constant" {
        return Ok(vec![builder.pad(x, &pads, &mode, Source::Constant(0.0))?]);
    }
    let value = match call.optional(2) {
        Some(value) if value.len() == 1 => Some(value),
        Some(value) if value.len() > 1 => return malformed("expected one number to pad with"),
        _ => None,
    };
    // A number that is known is written into the step; another one is an input of it.
    match value.map(|value| (value, value.known_floats())) {
        Some((value, None)) => {
            let outside = Source::Entry { input: 1, entry: 0 };
            let places = builder.padded_places(x, &pads, &mode, outside)?;
            Ok(vec![builder.rearrange(&[x, value], places, x.element)?])
        }
        known => {
            let number = match known {
                Some((_, Some(array))) => array.iter().sum(),
                _ => call.float("value", 0.0),
            };
            Ok(vec![builder.pad(x, &pads, &mode, Source::Constant(number))?])
        }
    }
}

impl Builder {
    fn pad(&mut self, x: &Value, pads: &[(i64, i64)], mode: &str, outside: Source) -> Result<Value, Refusal> {
        let places = self.padded_places(x, pads, mode, outside)?;
        self.rearrange(&[x], places, x.element)
    }

    /// The places of a tensor with pads, which are cuts where they are negative.
    fn padded_places(
        &mut self,
        x: &Value,
        pads: &[(i64, i64)],
        mode: &str,
        outside: Source,
    ) -> Result<ArrayD<Source>, Refusal> {
        let sources = pads.iter().zip(&x.shape).map(|(&(before, after), &extent)| {
            let total = (extent as i64).saturating_add(before).saturating_add(after);
            let Ok(total) = usize::try_from(total) else {
                return malformed(format!("pads {pads:?} leave nothing of the shape {:?}", x.shape));
            };
            self.claim_entries(total)?;
            if mode != "constant" && extent == 0 && total > 0 {
                return malformed("a pad of an axis without entries");
            }
            let source = |place: usize| source(mode, place as i64 - before, extent as i64);
            (0..total).map(source).collect::<Result<Vec<_>, _>>()
        });
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let shape = sources.iter().map(Vec::len).collect::<Vec<_>>();
        self.claim(&shape)?;
        let places = self.places(0, x)?;
        Ok(ArrayD::from_shape_fn(IxDyn(&shape), |index| {
            let from = (0..shape.len()).map(|axis| sources[axis][index[axis]]).collect::<Option<Vec<_>>>();
            from.map_or(outside, |from| places[from.as_slice()])
        }))
    }
}

/// Where the entry of this place is from; none for a constant.
fn source(mode: &str, place: i64, extent: i64) -> Result<Option<usize>, Refusal> {
    let place = match mode {
        "constant" => return Ok((0..extent).contains(&place).then_some(place as usize)),
        "edge" => place.clamp(0, extent - 1),
        "wrap" => place.rem_euclid(extent),
        "reflect" => {
            // Back and forth: a period of two steps less than twice the extent.
            let period = (2 * (extent - 1)).max(1);
            let within = place.rem_euclid(period);
            within.min(period - within).min(extent - 1)
        }
        other => return Err(Refusal::Unsupported(format!("mode {other:?}"))),
    };
    Ok(Some(place as usize))
}

fn center(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let wanted = data::extents(&call.input(1)?.to_integers("the shape")?)?;
    let axes = match call.ints("axes") {
        Some(list) => list.iter().map(|&n| axis(n, x.rank())).collect::<Result<Vec<_>, _>>()?,
        None => (0..x.rank()).collect(),
    };
    if wanted.len() != axes.len() {
        return malformed(format!("a shape {wanted:?} for {} axes", axes.len()));
    }
    let mut pads = vec![(0, 0); x.rank()];
    for (&axis, &extent) in axes.iter().zip(&wanted) {
        let missing = extent as i64 - x.shape[axis] as i64;
        // A cut leaves the odd entry at the end out, a pad adds it there.
        let before = if missing < 0 { -(-missing / 2) } else { missing / 2 };
        pads[axis] = (before, missing - before);
    }
    Ok(vec![builder.pad(x, &pads, "constant", Source::Constant(0.0))?])
}
