//! Convolutions, which are correlations, and their transposes.
//!
//! A transposed convolution of stride s is the correlation of the signal with s − 1 zeros between its
//! entries, and of the kernel turned about, with inputs and outputs of each group exchanged. Source: Dumoulin
//! and Visin, *A guide to convolution arithmetic* (2016), § 4.

use ndarray::{ArrayD, Axis, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Convolution, ElementType, Source};
use super::windows::{Windows, padding};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Conv" => convolution,
        "ConvTranspose" => transposed,
        "ConvInteger" => integer_convolution,
        _ => return None,
    })
}

fn groups(call: &Call<'_>) -> Result<usize, Refusal> {
    match usize::try_from(call.int("group", 1)) {
        Ok(groups) if groups > 0 => Ok(groups),
        _ => malformed("group must be positive"),
    }
}

fn convolution(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (signal, kernel) = (call.input(0)?, call.input(1)?);
    Ok(vec![correlate(builder, call, signal, kernel, call.optional(2))?])
}

/// Integers without their zero points.
fn integer_convolution(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let signal = builder.without_zero_point(call.input(0)?, call.optional(2))?;
    let kernel = match call.optional(3) {
        // One zero point for each channel of the output.
        Some(zero) if zero.rank() == 1 && zero.len() > 1 => {
            let shape = (0..call.input(1)?.rank()).map(|axis| if axis == 0 { zero.len() } else { 1 });
            let zero = builder.reshape(zero, &shape.collect::<Vec<_>>())?;
            builder.without_zero_point(call.input(1)?, Some(&zero))?
        }
        zero => builder.without_zero_point(call.input(1)?, zero)?,
    };
    Ok(vec![correlate(builder, call, &signal, &kernel, None)?.with_element(ElementType::Signed(32))])
}

impl Builder {
    /// Integers of a quantised tensor, in 32 bits.
    pub(super) fn without_zero_point(&mut self, x: &Value, zero: Option<&Value>) -> Result<Value, Refusal> {
        let wide = self.cast(x, ElementType::Signed(32))?;
        let Some(zero) = zero else { return Ok(wide) };
        let zero = self.cast(zero, ElementType::Signed(32))?;
        self.subtract(&wide, &zero)
    }
}

pub(super) fn correlate(
    builder: &mut Builder,
    call: &Call<'_>,
    signal: &Value,
    kernel: &Value,
    bias: Option<&Value>,
) -> Result<Value, Refusal> {
    let groups = groups(call)?;
    if signal.rank() < 3 || kernel.rank() != signal.rank() {
        return malformed(format!("a kernel of {:?} for a signal of {:?}", kernel.shape, signal.shape));
    }
    let (maps, channels) = (kernel.shape[0], signal.shape[1]);
    if kernel.shape[1].checked_mul(groups) != Some(channels) || maps % groups != 0 {
        return malformed(format!(
            "a kernel of {:?} in {groups} groups for a signal of {:?}",
            kernel.shape, signal.shape
        ));
    }
    if call.sizes("kernel_shape")?.is_some_and(|shape| shape != kernel.shape[2..]) {
        return malformed(format!("kernel_shape is not that of the kernel, {:?}", kernel.shape));
    }
    if bias.is_some_and(|bias| bias.shape != [maps]) {
        return malformed(format!("expected a bias of {maps} numbers"));
    }
    let windows = Windows::new(call, &signal.shape[2..], &kernel.shape[2..])?;
    let shape = [&[signal.shape[0], maps], windows.count.as_slice()].concat();
    let inputs = [Some(signal), Some(kernel), bias].into_iter().flatten().collect::<Vec<_>>();
    builder.convolution(windows.correlation(groups), &inputs, &shape)
}

fn transposed(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (signal, kernel) = (call.input(0)?, call.input(1)?);
    let groups = groups(call)?;
    if signal.rank() < 3 || kernel.rank() != signal.rank() || kernel.shape[0] != signal.shape[1] {
        return malformed(format!("a kernel of {:?} for a signal of {:?}", kernel.shape, signal.shape));
    }
    let (channels, maps) = (signal.shape[1], kernel.shape[1]);
    if channels % groups != 0 {
        return malformed(format!("{channels} channels cannot be cut into {groups} groups"));
    }
    let (space, taps) = (&signal.shape[2..], &kernel.shape[2..]);
    let Stretch { count, lead, stride, dilation } = Stretch::new(call, space, taps)?;
    let rank = space.len();
    let reach = (0..rank).map(|axis| dilation[axis] * (taps[axis] - 1)).collect::<Vec<_>>();
    let stretched = (0..rank).map(|axis| count[axis] + reach[axis]).collect::<Vec<_>>();
    let stretched = [&signal.shape[..2], &stretched].concat();
    builder.claim(&stretched)?;
    let places = builder.places(0, signal)?;
    let places = ArrayD::from_shape_fn(IxDyn(&stretched), |index| {
        let mut from = vec![index[0], index[1]];
        for axis in 0..rank {
            let place = index[axis + 2] as i64 - lead[axis];
            let is_entry = place >= 0 && place % stride[axis] as i64 == 0;
            let place = place / stride[axis] as i64;
            if !is_entry || place >= space[axis] as i64 {
                return Source::Constant(0.0);
            }
            from.push(place as usize);
        }
        places[from.as_slice()]
    });
    let stretched = builder.rearrange(&[signal], places, signal.element)?;
    // (C, M / g, taps) → (g, C / g, M / g, taps) → (g, M / g, C / g, taps), each tap counted from the end.
    let mut places = builder.places(0, kernel)?;
    (0..rank).for_each(|axis| places.invert_axis(Axis(axis + 2)));
    let within = [&[groups, channels / groups, maps], taps].concat();
    let places = places.as_standard_layout().into_owned();
    let mut places = places.into_shape_with_order(IxDyn(&within)).expect("as many entries");
    places.swap_axes(1, 2);
    let places = places.as_standard_layout().into_owned();
    let shape = [&[groups * maps, channels / groups], taps].concat();
    let places = places.into_shape_with_order(IxDyn(&shape)).expect("as many entries");
    let turned = builder.rearrange(&[kernel], places, kernel.element)?;
    let bias = call.optional(2);
    if bias.is_some_and(|bias| bias.shape != [groups * maps]) {
        return malformed(format!("expected a bias of {} numbers", groups * maps));
    }
    let inputs = [Some(&stretched), Some(&turned), bias].into_iter().flatten().collect::<Vec<_>>();
    let shape = [&[signal.shape[0], groups * maps], count.as_slice()].concat();
    let windows = Convolution { groups, stride: vec![1; rank], dilation, padding: vec![(0, 0); rank] };
    Ok(vec![builder.convolution(windows, &inputs, &shape)?])
}

/// How the signal of a transposed convolution is stretched.
struct Stretch {
    /// The extents of the output.
    count: Vec<usize>,
    /// Where the signal begins in the stretched one; before it are zeros, or it is cut.
    lead: Vec<i64>,
    stride: Vec<usize>,
    dilation: Vec<usize>,
}

impl Stretch {
    fn new(call: &Call<'_>, space: &[usize], taps: &[usize]) -> Result<Self, Refusal> {
        let rank = space.len();
        let Windows { stride, dilation, .. } = Windows::new(call, space, taps)?;
        let list = |name: &str| match call.sizes(name)? {
            // Some exporters give the whole shape, batch and channels included.
            Some(list) if list.len() >= rank => Ok(Some(list[list.len() - rank..].to_vec())),
            Some(list) => malformed(format!("{name} {list:?} do not fit {rank} axes of space")),
            None => Ok(None),
        };
        let extra = list("output_padding")?.unwrap_or_else(|| vec![0; rank]);
        let automatic = call.string("auto_pad", "NOTSET")?;
        let mut asked = list("output_shape")?;
        if asked.is_none() && automatic.starts_with("SAME") {
            asked = Some((0..rank).map(|axis| space[axis] * stride[axis]).collect());
        }
        let pads = if automatic == "NOTSET" { padding(call, rank)? } else { vec![(0, 0); rank] };
        let (mut count, mut lead) = (Vec::new(), Vec::new());
        for axis in 0..rank {
            let reach = dilation[axis] as i64 * (taps[axis] as i64 - 1);
            let full = (space[axis] as i64 - 1) * stride[axis] as i64 + extra[axis] as i64 + reach + 1;
            let (before, extent) = match &asked {
                Some(asked) => {
                    let total = full - asked[axis] as i64;
                    let less = total.max(0) / 2;
                    let before = if automatic == "SAME_UPPER" { less } else { total - less };
                    (if total < 0 { 0 } else { before }, asked[axis] as i64)
                }
                None => (pads[axis].0 as i64, full - (pads[axis].0 + pads[axis].1) as i64),
            };
            let Ok(extent) = usize::try_from(extent) else {
                return malformed(format!("pads {pads:?} leave nothing of the output"));
            };
            count.push(extent);
            lead.push(reach - before);
        }
        Ok(Stretch { count, lead, stride, dilation })
    }
}
