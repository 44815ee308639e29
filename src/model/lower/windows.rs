//! Windows: the extents, strides, dilations and pads that convolutions and pools share.
//!
//! Along each axis there are ⌊(n + p − d (k − 1) − 1) / s⌋ + 1 windows on n entries with pads p, for taps k,
//! dilation d and stride s; rounded up in the mode `ceil`, where a window that starts beyond the signal is
//! left out. Source: the pages of `Conv` and `MaxPool` in the standard.

use ndarray::Dimension;

use super::super::error::{Refusal, malformed};
use super::super::{Convolution, Lists};
use super::{Builder, Call};

/// Windows over the axes of space.
#[derive(Debug)]
pub(super) struct Windows {
    /// The extents of the signal.
    pub(super) signal: Vec<usize>,
    pub(super) kernel: Vec<usize>,
    pub(super) stride: Vec<usize>,
    pub(super) dilation: Vec<usize>,
    pub(super) padding: Vec<(usize, usize)>,
    /// The number of windows.
    pub(super) count: Vec<usize>,
}

/// More than any extent; what is below can be added and multiplied in 64 bits.
const MOST: usize = 1 << 31;

impl Windows {
    pub(super) fn new(call: &Call<'_>, signal: &[usize], kernel: &[usize]) -> Result<Self, Refusal> {
        let rank = signal.len();
        let list = |name: &str| match call.sizes(name)? {
            Some(list) if list.len() == rank => Ok(list),
            Some(list) => malformed(format!("{name} {list:?} do not fit {rank} axes of space")),
            None => Ok(vec![1; rank]),
        };
        let (stride, dilation) = (list("strides")?, list("dilations")?);
        let all = [signal, kernel, &stride, &dilation];
        if kernel.len() != rank || all.iter().any(|list| list.iter().any(|&size| size >= MOST)) {
            return malformed(format!("a kernel of {kernel:?} does not fit a signal of {signal:?}"));
        }
        if all[1..].iter().any(|list| list.contains(&0)) {
            return malformed("a kernel, a stride and a dilation must be positive");
        }
        let reach = (0..rank).map(|axis| dilation[axis] * (kernel[axis] - 1) + 1).collect::<Vec<_>>();
        let automatic = call.string("auto_pad", "NOTSET")?;
        let padding = match automatic.as_str() {
            "SAME_UPPER" | "SAME_LOWER" => (0..rank)
                .map(|axis| {
                    let count = signal[axis].div_ceil(stride[axis]);
                    let needed = (count.max(1) - 1) * stride[axis] + reach[axis];
                    let total = needed.saturating_sub(signal[axis]);
                    let (less, more) = (total / 2, total - total / 2);
                    if automatic == "SAME_UPPER" { (less, more) } else { (more, less) }
                })
                .collect(),
            "VALID" => vec![(0, 0); rank],
            _ => padding(call, rank)?,
        };
        let rounds_up = call.flag("ceil_mode", false);
        let count = (0..rank).map(|axis| {
            let (before, after) = padding[axis];
            let Some(room) = (signal[axis] + before + after).checked_sub(reach[axis]) else { return 0 };
            let mut count = room / stride[axis] + 1;
            if rounds_up {
                count = room.div_ceil(stride[axis]) + 1;
                if (count - 1) * stride[axis] >= signal[axis] + before {
                    count -= 1;
                }
            }
            count
        });
        let count = count.collect();
        let (signal, kernel) = (signal.to_vec(), kernel.to_vec());
        Ok(Windows { signal, kernel, stride, dilation, padding, count })
    }

    /// The correlation with these windows, for groups of channels.
    pub(super) fn correlation(&self, groups: usize) -> Convolution {
        let (stride, dilation, padding) = (self.stride.clone(), self.dilation.clone(), self.padding.clone());
        Convolution { groups, stride, dilation, padding }
    }

    /// The entries of the signal in each window, and how many taps each has within signal and pads.
    pub(super) fn lists(&self, builder: &mut Builder) -> Result<(Lists, Vec<usize>), Refusal> {
        let (windows, taps) = (builder.claim(&self.count)?, builder.claim(&self.kernel)?);
        builder.claim_entries(windows.saturating_mul(taps))?;
        builder.claim_entries(windows)?;
        let mut lists = Lists {
            entries: self.signal.iter().product(),
            offsets: vec![0],
            members: Vec::new(),
            factors: None,
        };
        let correlation = self.correlation(1);
        let mut counted = Vec::new();
        for window in ndarray::indices(self.count.as_slice()) {
            let mut inside = 0;
            for tap in ndarray::indices(self.kernel.as_slice()) {
                let place = (0..self.signal.len())
                    .map(|axis| window[axis] * self.stride[axis] + tap[axis] * self.dilation[axis]);
                let place = place.collect::<Vec<_>>();
                inside += usize::from((0..place.len()).all(|axis| {
                    place[axis] < self.signal[axis] + self.padding[axis].0 + self.padding[axis].1
                }));
                let entry = correlation.entry(&self.signal, window.slice(), tap.slice());
                lists.members.extend(entry.map(|entry| entry as u32));
            }
            counted.push(inside);
            lists.offsets.push(lists.members.len());
        }
        Ok((lists, counted))
    }
}

/// The attribute `pads`: what is before each axis, then what is after each.
pub(super) fn padding(call: &Call<'_>, rank: usize) -> Result<Vec<(usize, usize)>, Refusal> {
    let Some(list) = call.sizes("pads")? else { return Ok(vec![(0, 0); rank]) };
    if list.len() != 2 * rank || list.iter().any(|&pad| pad >= MOST) {
        return malformed(format!("pads {list:?} do not fit {rank} axes of space"));
    }
    Ok((0..rank).map(|axis| (list[axis], list[axis + rank])).collect())
}

/// The extents of the kernel, which must be given.
pub(super) fn kernel_shape(call: &Call<'_>) -> Result<Vec<usize>, Refusal> {
    match call.sizes("kernel_shape")? {
        Some(kernel) => Ok(kernel),
        None => malformed("attribute kernel_shape is missing"),
    }
}
