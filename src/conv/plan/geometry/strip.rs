//! Where a piece of the signal stands in a workspace, so that every tap is one constant distance away.
//!
//! Along an axis with taps at entries a(t) and positions s apart, entry `o·s + a(t)` is wanted for all
//! positions o of a piece. A [`Layout`] keeps *planes*: plane π holds the entries `i·s + start(π)`, i = 0, 1,
//! …, one after the other, and tap t reads plane π(t) from `shift(t)` on. There are three:
//!
//! - *shared*: one plane for each residue of a(t) modulo s, wider than the piece by the largest shift;
//! - *expanded*: one plane for each tap, no wider than the piece. Copying costs more, but rows stand end to
//!   end, so that vectors of positions may run over the ends of rows and none of their lanes is wasted.
//!
//! Padding is folded into the copy, which never holds more than a few rows: there is no padded signal.

use pulp::Simd;

use crate::conv::Boundary;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::simd::Element;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(in crate::conv::plan) struct Layout {
    /// start(π)
    pub(in crate::conv::plan) planes: Vec<isize>,
    /// (π(t), shift(t))
    pub(in crate::conv::plan) taps: Vec<(usize, usize)>,
    /// The largest shift.
    pub(in crate::conv::plan) extra: usize,
}

impl Layout {
    pub(in crate::conv::plan) fn shared(axis: &AxisMap) -> Self {
        let mut layout = Layout::default();
        let step = axis.step as isize;
        for &(_, entry) in &axis.taps {
            let same = |start: &isize| (entry - start).rem_euclid(step) == 0;
            let plane = layout.planes.iter().position(same).unwrap_or_else(|| {
                let residue = axis.taps.iter().map(|&(_, other)| other);
                let first = residue.filter(|other| (entry - other).rem_euclid(step) == 0).min();
                layout.planes.push(first.unwrap_or(entry));
                layout.planes.len() - 1
            });
            let shift = ((entry - layout.planes[plane]) / step) as usize;
            layout.taps.push((plane, shift));
            layout.extra = layout.extra.max(shift);
        }
        layout
    }

    pub(in crate::conv::plan) fn plain(axis: &AxisMap) -> Self {
        let first = axis.taps.first().map_or(0, |tap| tap.1);
        let taps: Vec<_> = axis.taps.iter().map(|&(_, entry)| (0, (entry - first) as usize)).collect();
        let extra = taps.last().map_or(0, |tap| tap.1);
        Layout { planes: vec![first; usize::from(!taps.is_empty())], taps, extra }
    }

    pub(in crate::conv::plan) fn expanded(axis: &AxisMap) -> Self {
        Layout {
            planes: axis.taps.iter().map(|&(_, entry)| entry).collect(),
            taps: (0..axis.taps.len()).map(|plane| (plane, 0)).collect(),
            extra: 0,
        }
    }
}

/// The rows of some channels, one row of each, to be copied channels last: at most as many as a vector has
/// lanes.
pub(in crate::conv::plan) struct ChannelRows<'a, T> {
    pub(in crate::conv::plan) signal: &'a [T],
    /// Where the row of the first channel begins, and how far apart those of neighbours are.
    pub(in crate::conv::plan) start: usize,
    pub(in crate::conv::plan) stride: usize,
    pub(in crate::conv::plan) channels: usize,
    pub(in crate::conv::plan) length: usize,
    pub(in crate::conv::plan) boundary: Boundary,
}

impl<T: Element> ChannelRows<'_, T> {
    /// Copies the entries `from`, `from + 1`, … of the extended rows: channel c of entry i goes to
    /// `to[i·lanes + c]`, i < count. Lanes without a channel hold anything, and so does what follows in `to`,
    /// as far as a square.
    #[inline(always)]
    pub(in crate::conv::plan) fn copy<S: Simd>(&self, from: isize, count: usize, to: &mut [T]) {
        let lanes = T::lanes::<S>();
        assert!((count + lanes) * lanes <= to.len() && self.channels <= lanes);
        // Entries low … high − 1 lie inside.
        let low = ((-from).max(0) as usize).min(count);
        let high = ((self.length as isize - from).max(0) as usize).clamp(low, count);
        let inside = self.start.wrapping_add_signed(from);
        // Whole squares first: what they overwrite beyond the rows is written later.
        let mut done = low;
        while done < high {
            let first = inside.wrapping_add(done);
            if first + (lanes - 1) * self.stride + lanes > self.signal.len() {
                break;
            }
            // SAFETY: the last row of the square ends inside the signal, as was checked, and `to` has room
            // for a square from any of the entries on, as asserted.
            unsafe {
                let from = self.signal.as_ptr().add(first);
                T::transpose::<S>(from, self.stride, to.as_mut_ptr().add(done * lanes), lanes);
            }
            done += lanes;
        }
        if self.boundary == Boundary::Zero {
            to[..low * lanes].fill(T::zero());
            to[high * lanes..count * lanes].fill(T::zero());
        }
        for channel in 0..self.channels {
            let start = self.start + channel * self.stride;
            if self.boundary != Boundary::Zero {
                for entry in (0..low).chain(high..count) {
                    let source = self.boundary.source(from + entry as isize, self.length);
                    to[entry * lanes + channel] =
                        source.map_or(T::zero(), |source| self.signal[start + source]);
                }
            }
            for entry in done..high {
                to[entry * lanes + channel] = self.signal[start + (from + entry as isize) as usize];
            }
        }
    }
}

/// Zeros in `to[..count]`, and perhaps in what follows, as far as one vector.
#[inline(always)]
pub(in crate::conv::plan) fn fill<T: Element, S: Simd>(simd: S, count: usize, to: &mut [T]) {
    let lanes = T::lanes::<S>();
    assert!(count == 0 || count + lanes <= to.len());
    for i in (0..count).step_by(lanes) {
        // The least of the two is i. Without it compilers make the loop a call, which takes longer than a few
        // vectors.
        let i = i.min(count);
        // SAFETY: `to` is longer than `count` by a vector.
        unsafe { T::store::<S>(to.as_mut_ptr().add(i), T::splat(simd, T::zero())) };
    }
}
