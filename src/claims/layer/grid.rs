//! The grid of windows: which sizes a flip or a quarter turn keeps.

use ndarray::{Array2, ArrayD, Axis, IxDyn};

use super::super::Claim;
use crate::group::{Action, C4, Rotation};
use crate::layer::{Convolution, Layer, Mode, Pool};
use crate::scalar::{Goldilocks, Scalar};
use crate::signal::OnGrid;
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Report, Sides, Statement,
    Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.symmetric_grid",
            "a strided layer or pool whose windows read the signal commutes with the flip of an axis \
             (kernel flipped alike) iff s divides n + 2p − d(k−1) − 1; a pool also where every window \
             sees the same entries as its mirror image",
            |examiner| symmetric_grid(examiner, Size::rule, |p| (p, p)),
        )
        .theorem("symmetric_grid")
        .theorem("symmetric_grid_reading")
        .theorem("symmetric_grid_windows")
        .theorem("symmetric_grid_pool")
        .theorem("symmetric_grid_quarter_turn")
        .theorem("output_size")
        .theorem("output_size_counts_windows")
        .mutant("the rule counts the padding once", |examiner| {
            let rule = |Size { n, k, s, d, p }: Size| (n + p + s * p - d * (k - 1) - 1).is_multiple_of(s);
            symmetric_grid(examiner, rule, |p| (p, p))
        })
        .mutant("the rule forgets the dilation", |examiner| {
            let rule = |Size { n, k, s, p, .. }: Size| (n + 2 * p + s * k - k).is_multiple_of(s);
            symmetric_grid(examiner, rule, |p| (p, p))
        })
        .mutant("all padding is in front", |examiner| symmetric_grid(examiner, Size::rule, |p| (2 * p, 0))),
        Claim::fails(
            "layer.asymmetric_same_padding",
            "a layer with an even kernel and \"same\" padding keeps Rot90 (kernel turned alike)",
            |examiner| same_padding(examiner, 2, (0, 1)),
        )
        .theorem("same_padding_quarter_turn")
        .theorem("same_padding_even_kernel")
        .theorem("asymmetric_padding_flip")
        .mutant("the kernel is odd", |examiner| same_padding(examiner, 3, (1, 1)))
        .mutant("the padding is equal at both ends", |examiner| same_padding(examiner, 2, (1, 1))),
    ]
}

/// Length n, taps k, stride s, dilation d, padding p at both ends.
#[derive(Clone, Copy, Debug)]
struct Size {
    n: usize,
    k: usize,
    s: usize,
    d: usize,
    p: usize,
}

impl Size {
    /// The sizes of a box at which a window fits.
    fn all() -> impl Iterator<Item = Size> {
        let sizes = (1..=10).flat_map(|n| (1..=4).flat_map(move |k| (1..=6).map(move |s| (n, k, s))));
        sizes
            .flat_map(|(n, k, s)| (1..=3).flat_map(move |d| (0..=6).map(move |p| Size { n, k, s, d, p })))
            .filter(|Size { n, k, d, p, .. }| n + 2 * p > d * (k - 1))
    }

    fn rule(self) -> bool {
        let Size { n, k, s, d, p } = self;
        (n + 2 * p - d * (k - 1) - 1).is_multiple_of(s)
    }

    /// The taps that read an entry, with the entry, for each window.
    fn windows(self) -> Vec<Vec<(usize, usize)>> {
        let Size { n, k, s, d, p } = self;
        let read = |o: usize| {
            let places = (0..k).map(move |tap| (tap, o * s + tap * d));
            places
                .filter(|(_, place)| (p..p + n).contains(place))
                .map(|(tap, place)| (tap, place - p))
                .collect()
        };
        (0..=(n + 2 * p - d * (k - 1) - 1) / s).map(read).collect()
    }

    /// Whether every window sees the same entries as its mirror image.
    fn sees_alike(self) -> bool {
        let windows = self.windows();
        let seen = |window: &Vec<(usize, usize)>| window.iter().map(|(_, place)| *place).collect::<Vec<_>>();
        windows.iter().zip(windows.iter().rev()).all(|(window, opposite)| {
            let mirrored: Vec<_> = seen(opposite).into_iter().rev().map(|place| self.n - 1 - place).collect();
            seen(window) == mirrored
        })
    }
}

/// Whether f(flip x) = flip f(x) for every sample of x.
fn commutes(
    x: &ArrayD<Goldilocks>,
    f: impl Fn(&ArrayD<Goldilocks>, bool) -> Result<ArrayD<Goldilocks>, Failure>,
) -> Result<bool, Failure> {
    Ok(f(&flipped(x), true)? == flipped(&f(x, false)?))
}

fn flipped(x: &ArrayD<Goldilocks>) -> ArrayD<Goldilocks> {
    let mut flipped = x.clone();
    flipped.invert_axis(Axis(2));
    flipped.as_standard_layout().into_owned()
}

/// On the unit vectors and a random signal: two windows that see different entries, or see them by different
/// taps, differ at a unit vector, for means and maxima alike.
fn symmetric_grid(
    examiner: &Examiner,
    rule: fn(Size) -> bool,
    padding: fn(usize) -> (usize, usize),
) -> Result<Report, Failure> {
    let mut random = examiner.random("layer.symmetric_grid");
    let (mut cases, mut exceptions) = (0, 0);
    for size in Size::all() {
        let Size { n, k, s, d, p } = size;
        let signals = Array2::from_shape_fn((n + 1, n), |(sample, place)| {
            if sample == n {
                Goldilocks::sample(&mut random)
            } else {
                Goldilocks::from(i64::from(sample == place))
            }
        });
        let x = signals.insert_axis(Axis(1)).into_dyn();
        let layer = Convolution::new(1, 1, [k]).stride([s]).dilation([d]).without_bias();
        let layer = layer.padding_before_after([padding(p)]);
        let w = ArrayD::from_shape_simple_fn(IxDyn(&[1, 1, k]), || Goldilocks::sample(&mut random));
        let run = |x: &ArrayD<_>, turned: bool| {
            let w = if turned { flipped(&w) } else { w.clone() };
            Ok(layer.forward(x, &[w], Mode::Inference)?)
        };
        let reads = size.windows().iter().any(|window| !window.is_empty());
        let mut found = vec![
            ("layer", commutes(&x, run)?, rule(size) || !reads),
            ("static rule", layer.symmetry(x.shape())?.flips[0], rule(size)),
        ];
        exceptions += usize::from(!rule(size) && !reads);
        for (name, pool) in [("mean pool", Pool::mean([k])), ("maximum pool", Pool::maximum([k]))] {
            let pool = pool.stride([s]).dilation([d]).padding_before_after([padding(p)]);
            // A window that reads no entry has no mean and no maximum.
            if pool.output_shape(x.shape()).is_ok() {
                let run = |x: &ArrayD<_>, _| Ok(pool.forward(x, &[], Mode::Inference)?);
                found.push((name, commutes(&x, run)?, rule(size) || size.sees_alike()));
                exceptions += usize::from(!rule(size) && size.sees_alike());
            }
        }
        for (what, commutes, expected) in found {
            cases += 1;
            if commutes != expected {
                let size = format!("n = {n}, k = {k}, s = {s}, d = {d}, p = {p}");
                let tell = |commutes: bool| if commutes { "commutes" } else { "does not commute" };
                let counterexample = Counterexample::from_text(
                    [("size".to_owned(), size.clone()), ("what".to_owned(), what.to_owned())],
                    tell(commutes),
                    tell(expected),
                );
                let finding = Finding::Symbolic { shape: size, variables: 0, terms: cases };
                return Ok(Report::refuted(finding, counterexample));
            }
        }
    }
    let domain = format!(
        "n ≤ 10, k ≤ 4, s ≤ 6, d ≤ 3, p ≤ 6, each on unit vectors and a random signal over GF(p); \
         {exceptions} of them see the same without the rule"
    );
    Ok(Report::enumerated(domain, cases))
}

/// A layer and its kernel turn together: f(g ▷ w, g ▷ x) = g ▷ f(w, x).
struct Turned {
    layer: Convolution,
    input: Vec<usize>,
}

impl Identity for Turned {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.input.clone()), Unknown::new("w", self.layer.kernel_shape())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let turn = |x: &ArrayD<S>| OnGrid.act(&C4, &Rotation::Rot90, x);
        let run = |x: &ArrayD<S>, w: ArrayD<S>| self.layer.forward(x, &[w], Mode::Inference);
        let left = run(&turn(&values[0]), turn(&values[1]))?;
        Ok((left, turn(&run(&values[0], values[1].clone())?)))
    }
}

fn same_padding(examiner: &Examiner, taps: usize, padding: (usize, usize)) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["size"], move |size| {
        let layer = Convolution::new(1, 1, [taps, taps]).padding_before_after([padding; 2]).without_bias();
        Ok(vec![Case::for_element(Rotation::Rot90, Turned { layer, input: vec![1, 1, size[0], size[0]] })])
    });
    examiner.examine(&statement.at([4]).at_large([13]).shrinking_to([1]))
}
