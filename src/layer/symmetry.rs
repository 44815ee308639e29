//! Which symmetries a layer keeps, told from its settings before it runs.

use std::fmt;

use super::window::{View, Window};

/// What a layer does to the symmetries of space, along each axis.
///
/// What is said to be kept is kept for all inputs and, with the condition on kernels, all weights. Of the
/// rest it is said only that the settings do not ensure it: single weights (all zeros, say) may keep more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symmetry {
    /// For each axis the cyclic translations that become translations of the output, by multiples of this
    /// number; `None`: none but the trivial one.
    pub translations: Vec<Option<usize>>,
    /// For each axis whether its flip takes windows to windows.
    pub flips: Vec<bool>,
    /// Whether windows are alike along all axes, so that exchanging axes of equal length takes windows to
    /// windows. Together with flips of all axes these are all point symmetries of the grid, quarter turns
    /// among them.
    pub axes_alike: bool,
    /// Whether the point symmetries need a kernel that is moved alike (turned with the input), or fixed by
    /// them.
    pub kernel_turns: bool,
    /// Whether the output has no axes of space: what is kept is an invariance.
    pub invariant: bool,
}

impl Symmetry {
    /// That of a layer with windows.
    pub fn of_windows(windows: &[Window], kernel_turns: bool) -> Self {
        let alike = |window: &Window| {
            let (a, b) = (window.axis, windows[0].axis);
            (a.taps, a.stride, a.dilation, a.padding) == (b.taps, b.stride, b.dilation, b.padding)
        };
        Symmetry {
            translations: windows.iter().map(Window::translations).collect(),
            flips: windows.iter().map(Window::is_symmetric).collect(),
            axes_alike: windows.iter().all(alike),
            kernel_turns,
            invariant: false,
        }
    }

    /// That of a layer which treats every place alike, on this many axes of space.
    pub fn full(axes: usize) -> Self {
        Symmetry {
            translations: vec![Some(1); axes],
            flips: vec![true; axes],
            axes_alike: true,
            kernel_turns: false,
            invariant: false,
        }
    }

    /// That of a layer which keeps nothing, on this many axes of space.
    pub fn none(axes: usize) -> Self {
        Symmetry {
            translations: vec![None; axes],
            flips: vec![false; axes],
            axes_alike: axes < 2,
            kernel_turns: false,
            invariant: false,
        }
    }

    /// That of a layer with this view on `axes` axes of space.
    pub(super) fn of_view(view: &View, axes: usize) -> Self {
        match view {
            View::Entry => Symmetry::full(axes),
            View::Windows(windows) => Symmetry::of_windows(windows, true),
            View::Spread(_) | View::Everything => Symmetry::none(axes),
        }
    }

    /// What two layers, one after the other, keep together. A translation by t that the first takes to one by
    /// t/s must be one that the second keeps.
    #[must_use]
    pub fn then(&self, next: &Symmetry) -> Self {
        if self.invariant {
            return self.clone();
        }
        let both = |(first, second): (&Option<usize>, &Option<usize>)| Some((*first)? * (*second)?);
        let empty = next.flips.is_empty();
        Symmetry {
            translations: if empty {
                vec![None; self.translations.len()]
            } else {
                self.translations.iter().zip(&next.translations).map(both).collect()
            },
            flips: if empty {
                vec![false; self.flips.len()]
            } else {
                self.flips.iter().zip(&next.flips).map(|(a, b)| *a && *b).collect()
            },
            axes_alike: self.axes_alike && next.axes_alike && !empty,
            kernel_turns: self.kernel_turns || next.kernel_turns,
            invariant: next.invariant,
        }
    }

    /// Whether every point symmetry of the grid (flips and, between equal lengths, quarter turns) is kept.
    pub fn keeps_point_symmetries(&self) -> bool {
        self.axes_alike && self.flips.iter().all(|kept| *kept)
    }
}

impl fmt::Display for Symmetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.flips.is_empty() {
            return f.write_str("no axes of space");
        }
        let translation = |step: &Option<usize>| match step {
            Some(1) => "Z".to_owned(),
            Some(step) => format!("{step}Z"),
            None => "–".to_owned(),
        };
        if self.translations.iter().all(Option::is_none) {
            f.write_str("no translation")?;
        } else {
            let translations: Vec<_> = self.translations.iter().map(translation).collect();
            write!(f, "translations {}", translations.join(" × "))?;
        }
        let point = if self.keeps_point_symmetries() {
            if self.flips.len() > 1 { "flips and quarter turns".to_owned() } else { "flip".to_owned() }
        } else {
            let kept: Vec<_> = (0..self.flips.len()).filter(|&axis| self.flips[axis]).collect();
            match kept.as_slice() {
                [] => "no flip".to_owned(),
                axes => format!("flips of axes {axes:?}"),
            }
        };
        write!(f, ", {point}")?;
        if self.kernel_turns && self.flips.iter().any(|kept| *kept) {
            f.write_str(" (kernel moved alike)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Boundary, Operation, Options, Problem};

    fn windows(space: &[usize], taps: &[usize], options: &Options) -> Vec<Window> {
        let shape = |extents: &[usize]| [&[1, 1], extents].concat();
        Window::of(&Problem::new(Operation::Correlation, &shape(taps), &shape(space), options).unwrap())
    }

    #[test]
    fn stacks_multiply_strides() {
        let circular = Options::new().padding([1, 1]).boundary(Boundary::Periodic);
        let convolution = Symmetry::of_windows(&windows(&[8, 8], &[3, 3], &circular), true);
        let pool = Symmetry::of_windows(&windows(&[8, 8], &[2, 2], &Options::new().stride([2, 2])), false);
        let both = convolution.then(&pool).then(&pool);
        assert_eq!(both.translations, [Some(4), Some(4)]);
        assert!(both.keeps_point_symmetries() && both.kernel_turns);
        assert_eq!(both.to_string(), "translations 4Z × 4Z, flips and quarter turns (kernel moved alike)");
        let odd = Symmetry::of_windows(&windows(&[7, 8], &[2, 2], &Options::new().stride([2, 2])), false);
        assert_eq!(odd.to_string(), "translations – × 2Z, flips of axes [1]");
        assert_eq!(Symmetry::none(1).to_string(), "no translation, no flip");
    }
}
