//! What one output of a layer sees, and the grid on which its windows lie.
//!
//! Along an axis of n entries, padded by p before and q after, window o of a layer with k taps, stride s and
//! dilation d begins at o·s − p and spans d(k−1) + 1 entries; there are m = ⌊(n + p + q − d(k−1) − 1)/s⌋ + 1
//! of them.
//!
//! *The grid rule.* The flip i ↦ n − 1 − i takes windows to windows if and only if the first begins as far
//! before the first entry as the last ends behind the last one: `n + 2p − d(k−1) − 1 = s(m − 1)`. With p = q
//! this is: s divides n + 2p − d(k−1) − 1 (theorem `symmetric_grid` of `proofs/`). Nothing else about the
//! layer matters, so it is known before anything runs.
//!
//! *Receptive fields.* In a stack, the inputs that an output sees span 1 + Σ d_i(k_i − 1) Π_{l<i} s_l entries
//! and move by Π s_l from one output to the next (A. Araujo et al., *Computing receptive fields of
//! convolutional neural networks*, Distill 2019; theorems `receptive_field_size`, `receptive_field_jump`).

use std::fmt;

use crate::conv::{Axis, Boundary, Problem};

/// How the windows of a layer lie along one axis of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The axis: entries n, taps k, outputs m, stride s, dilation d, padding (p, q).
    pub axis: Axis,
    /// What lies beyond the border.
    pub boundary: Boundary,
}

impl Window {
    /// The windows of a problem, one for each axis of space.
    pub fn of(problem: &Problem) -> Vec<Window> {
        problem.axes().iter().map(|&axis| Window { axis, boundary: problem.boundary() }).collect()
    }

    /// A window of one entry on an axis of this length, as pointwise layers have it.
    pub fn entry(length: usize) -> Self {
        let axis = Axis { signal: length, taps: 1, output: length, stride: 1, dilation: 1, padding: (0, 0) };
        Window { axis, boundary: Boundary::Zero }
    }

    /// Whether the flip of the axis takes windows to windows.
    pub fn is_symmetric(&self) -> bool {
        let Axis { signal, stride, output, padding, .. } = self.axis;
        signal + 2 * padding.0 == stride * (output - 1) + self.axis.span()
    }

    /// The cyclic translations of the axis that become translations of the output: those by multiples of the
    /// returned number s, which move the output by one entry each; `None` where only the trivial one does.
    ///
    /// Translation by s takes window o to window o + 1. It closes the circle if the outputs go around once,
    /// n = s·m, and what a window sees beyond the border is what stands around the corner: with periodic
    /// padding, or with none.
    pub fn translations(&self) -> Option<usize> {
        let Axis { signal, stride, output, padding, .. } = self.axis;
        let closes = signal == stride * output;
        let around_the_corner = self.boundary == Boundary::Periodic || padding == (0, 0);
        (closes && around_the_corner).then_some(stride)
    }

    /// The nearest lengths of the axis, below and above this one, whose windows the flip takes to windows,
    /// with the same taps, stride, dilation and padding, which is as much before as after.
    pub fn nearest_symmetric_lengths(&self) -> (Option<usize>, usize) {
        // The lengths n with s | n + 2p − span.
        let (stride, twice, span) = (self.axis.stride, 2 * self.axis.padding.0, self.axis.span());
        let room = (self.axis.signal + twice).saturating_sub(span);
        let at = |room: usize| (room.saturating_add(span)).checked_sub(twice).filter(|&length| length > 0);
        let below = (room.div_ceil(stride)).checked_sub(1).and_then(|steps| at(steps * stride));
        let above = (room / stride).saturating_add(1).saturating_mul(stride);
        (below, at(above).unwrap_or(self.axis.signal))
    }
}

/// What one entry of the output sees of the input, along the axes of space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The entry at the same place (of one or of all channels).
    Entry,
    /// A window along each axis.
    Windows(Vec<Window>),
    /// For each axis (entries of the input, inputs per output): the outputs of a transposed convolution stand
    /// s to an input, and each sees so many inputs at most.
    Spread(Vec<Spread>),
    /// All of it.
    Everything,
}

/// How the windows of a transposed layer lie along one axis of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Outputs from one input to the next.
    pub stride: usize,
    /// Inputs that one output sees, at most.
    pub inputs: usize,
}

/// The receptive field of an output of a stack of layers, along one axis of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReceptiveField {
    /// Entries of the input that it spans, at most (the border and holes of dilation may cut some off).
    pub extent: usize,
    /// How far it moves from one output to the next: a fraction, as transposed layers step by parts of an
    /// entry.
    pub jump: (usize, usize),
}

impl ReceptiveField {
    /// That of the input itself.
    pub const INPUT: ReceptiveField = ReceptiveField { extent: 1, jump: (1, 1) };

    /// After one more layer with this window.
    #[must_use]
    pub fn after_window(self, window: &Window) -> Self {
        self.after(window.axis.span() - 1, (window.axis.stride, 1))
    }

    /// After one more transposed layer.
    #[must_use]
    pub fn after_spread(self, spread: &Spread) -> Self {
        self.after(spread.inputs - 1, (1, spread.stride))
    }

    fn after(self, reach: usize, (up, down): (usize, usize)) -> Self {
        let (numerator, denominator) = self.jump;
        let extent = self.extent.saturating_add(reach.saturating_mul(numerator).div_ceil(denominator));
        let (numerator, denominator) = (numerator.saturating_mul(up), denominator.saturating_mul(down));
        let divisor = num_integer::gcd(numerator, denominator);
        ReceptiveField { extent, jump: (numerator / divisor, denominator / divisor) }
    }
}

impl fmt::Display for ReceptiveField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.jump {
            (jump, 1) => write!(f, "{} by {jump}", self.extent),
            (numerator, denominator) => write!(f, "{} by {numerator}/{denominator}", self.extent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Operation, Options};

    fn window(length: usize, taps: usize, options: &Options) -> Option<Window> {
        let problem = Problem::new(Operation::Correlation, &[1, 1, taps], &[1, 1, length], options).ok()?;
        Some(Window::of(&problem)[0])
    }

    /// The rule says of each window whether its mirror image is a window.
    #[test]
    fn the_grid_rule_is_what_the_flip_does() {
        let mut symmetric = 0;
        for (n, k, s, d) in sizes(9, 4, 4, 3) {
            for (p, q) in [(0, 0), (1, 1), (2, 2), (0, 1), (1, 0), (2, 0)] {
                let options = Options::new().stride([s]).dilation([d]).padding_before_after([(p, q)]);
                let Some(window) = window(n, k, &options) else { continue };
                let starts: Vec<_> = (0..window.axis.output).map(|o| (o * s) as i64 - p as i64).collect();
                let flipped = |start: &i64| n as i64 - start - window.axis.span() as i64;
                let all = starts.iter().all(|start| starts.contains(&flipped(start)));
                assert_eq!(window.is_symmetric(), all, "n {n}, k {k}, s {s}, d {d}, p {p}, q {q}");
                if p == q {
                    assert_eq!(all, (n + 2 * p - d * (k - 1) - 1).is_multiple_of(s));
                }
                symmetric += usize::from(all);
            }
        }
        assert!(symmetric > 100);
    }

    fn sizes(n: usize, k: usize, s: usize, d: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        (1..=n).flat_map(move |n| {
            (1..=k).flat_map(move |k| (1..=s).flat_map(move |s| (1..=d).map(move |d| (n, k, s, d))))
        })
    }

    #[test]
    fn translations_and_near_sizes() {
        let plain = Options::new();
        // A 2/2 pool on 8 entries keeps even shifts, on 7 none; a valid 3-tap layer none, a circular one all.
        assert_eq!(window(8, 2, &plain.clone().stride([2])).unwrap().translations(), Some(2));
        assert_eq!(window(7, 2, &plain.clone().stride([2])).unwrap().translations(), None);
        assert_eq!(window(8, 3, &plain).unwrap().translations(), None);
        let circular = plain.clone().padding([1]).boundary(Boundary::Periodic);
        assert_eq!(window(8, 3, &circular).unwrap().translations(), Some(1));
        assert_eq!(window(8, 3, &circular.stride([2])).unwrap().translations(), Some(2));
        assert_eq!(window(8, 3, &plain.clone().padding([1])).unwrap().translations(), None);
        // A 3/2 pool wants odd lengths.
        let strided = plain.stride([2]);
        assert_eq!(window(28, 3, &strided).unwrap().nearest_symmetric_lengths(), (Some(27), 29));
        assert_eq!(window(4, 3, &strided).unwrap().nearest_symmetric_lengths(), (Some(3), 5));
    }

    #[test]
    fn receptive_fields_of_lenet() {
        // 5×5, pool 2, 5×5, pool 2: 1 + 4 = 5, + 1 = 6, + 4·2 = 14, + 1·2 = 16, jump 4.
        let field =
            [(5, 1), (2, 2), (5, 1), (2, 2)].into_iter().fold(ReceptiveField::INPUT, |field, (k, s)| {
                field.after_window(&window(100, k, &Options::new().stride([s])).unwrap())
            });
        assert_eq!(field, ReceptiveField { extent: 16, jump: (4, 1) });
        // Up by two again: each output sees two of the inputs four apart.
        let up = field.after_spread(&Spread { stride: 2, inputs: 2 });
        assert_eq!((up, up.to_string().as_str()), (ReceptiveField { extent: 20, jump: (2, 1) }, "20 by 2"));
        let finer = ReceptiveField::INPUT.after_spread(&Spread { stride: 2, inputs: 2 });
        assert_eq!(finer.to_string(), "2 by 1/2");
    }
}
