//! What a caller chooses: the operation, the extent of the output, stride, dilation, padding and groups.

use crate::conv::Boundary;

/// Convolution flips the kernel, correlation does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `(x * y)(n) = Σ_k x(k) y(n−k)`
    Convolution,
    /// `(x ⋆ y)(n) = Σ_k x(k) y(n+k)`, kernel x, signal y: what neural networks call convolution.
    Correlation,
}

/// Which entries of a single-channel convolution or correlation to compute.
///
/// For a kernel of K taps and a signal of L entries, along each axis (all indices n are inclusive):
///
/// | extent | length | `(x * y)(n)` for n = | `(x ⋆ y)(n)` for n = | outside the signal |
/// |---|---|---|---|---|
/// | `Full` | L+K−1 | 0 … L+K−2 | −(K−1) … L−1 | zeros |
/// | `Same` | L | c … c+L−1 | −c … L−1−c | zeros |
/// | `Valid` | L−K+1 | K−1 … L−1 | 0 … L−K | never read |
/// | `Circular` | L | 0 … L−1 | 0 … L−1 | indices mod L |
///
/// where c = ⌊(K−1)/2⌋ is the kernel's centre, for even K the left one of the two in the middle. That is what
/// SciPy's `convolve(signal, kernel, "same")` (and NumPy's, for K ≤ L) and what a correlation layer of
/// PyTorch with `padding="same"` compute. For odd K correlation is convolution with the reflected kernel; for
/// even K reflecting the kernel moves its centre, and the two results are shifted by one entry.
///
/// `Same` and `Circular` give an output of the signal's shape, so only for operands of one shape (or `Full`)
/// can the operands change places. `Valid` and `Circular` need K ≤ L. A smaller kernel is zero-extended to
/// the signal's grid by `Circular`, which changes nothing in the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Wherever kernel and signal overlap.
    Full,
    /// As many entries as the signal, centred.
    Same,
    /// Where the kernel lies inside the signal.
    Valid,
    /// The signal as a function on a torus.
    Circular,
}

impl Extent {
    /// All four.
    pub const ALL: [Extent; 4] = [Extent::Full, Extent::Same, Extent::Valid, Extent::Circular];

    /// The boundary and the padding `(before, after)` that make a kernel of so many taps cover this extent.
    pub(in crate::conv) fn padding(self, operation: Operation, taps: usize) -> (usize, usize) {
        let reach = taps - 1;
        let (left, right) = match self {
            Extent::Full => (reach, reach),
            Extent::Same => (reach / 2, reach - reach / 2),
            Extent::Valid => (0, 0),
            Extent::Circular => (0, reach),
        };
        match operation {
            Operation::Correlation => (left, right),
            Operation::Convolution => (right, left),
        }
    }

    pub(in crate::conv) fn boundary(self) -> Boundary {
        if self == Extent::Circular { Boundary::Periodic } else { Boundary::Zero }
    }
}

/// Stride, dilation, padding, boundary and groups of a many-channel convolution or correlation.
///
/// Each list has one value for each axis of space; an empty list means 1 (no padding) along every axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Every how many entries an output is computed.
    pub stride: Vec<usize>,
    /// Distance between neighbouring taps of the kernel.
    pub dilation: Vec<usize>,
    /// How many entries the signal is extended by, `(before, after)`.
    pub padding: Vec<(usize, usize)>,
    /// Whether that padding is to keep sizes, which none does at a stride above 1: such a stride is refused.
    pub keeps_size: bool,
    /// What those entries are.
    pub boundary: Boundary,
    /// Number of equal groups of channels that do not see each other.
    pub groups: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            stride: vec![],
            dilation: vec![],
            padding: vec![],
            keeps_size: false,
            boundary: Boundary::Zero,
            groups: 1,
        }
    }
}

impl Options {
    /// Stride 1, dilation 1, no padding, one group.
    pub fn new() -> Self {
        Options::default()
    }

    /// With this stride along each axis.
    pub fn stride(mut self, stride: impl Into<Vec<usize>>) -> Self {
        self.stride = stride.into();
        self
    }

    /// With this dilation along each axis.
    pub fn dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// With this padding on both sides along each axis.
    pub fn padding(self, padding: impl Into<Vec<usize>>) -> Self {
        let both_sides: Vec<_> = padding.into().into_iter().map(|p| (p, p)).collect();
        self.padding_before_after(both_sides)
    }

    /// With this padding `(before, after)` along each axis.
    pub fn padding_before_after(mut self, padding: impl Into<Vec<(usize, usize)>>) -> Self {
        self.padding = padding.into();
        self.keeps_size = false;
        self
    }

    /// With the padding that keeps sizes at stride 1, for these taps and the dilation so far: (taps −
    /// 1)·dilation in all, an odd entry behind, as PyTorch's `padding="same"`.
    pub fn same_padding(mut self, taps: &[usize]) -> Self {
        let axis = |(axis, &taps): (usize, &usize)| {
            let dilation = self.dilation.get(axis).copied().unwrap_or(1);
            let all = taps.saturating_sub(1).saturating_mul(dilation);
            (all / 2, all - all / 2)
        };
        self.padding = taps.iter().enumerate().map(axis).collect();
        self.keeps_size = true;
        self
    }

    /// With this continuation beyond the border.
    pub fn boundary(mut self, boundary: Boundary) -> Self {
        self.boundary = boundary;
        self
    }

    /// With this number of groups of channels.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
}
