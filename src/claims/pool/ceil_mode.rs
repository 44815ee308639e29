//! Sizes rounded up: which flips are kept where the last window reaches beyond the padding.

use ndarray::{Array2, ArrayD, Axis};

use crate::claims::Claim;
use crate::layer::{Layer, Mode, Pool};
use crate::scalar::Goldilocks;
use crate::verify::{Counterexample, Examiner, Failure, Finding, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "pool.ceil_mode",
            "a pool that rounds sizes up commutes with the flip of an axis iff every window sees the entries \
             of its mirror image and divides by as many; so it does wherever its settings say so",
            |examiner| flips(examiner, Fault::None),
        )
        .mutant("the settings forget that fewer taps divide beyond the padding", |examiner| {
            flips(examiner, Fault::EvenDivisors)
        })
        .mutant("a window may begin in the padding behind", |examiner| flips(examiner, Fault::BeginsBehind))
        .mutant("sizes are rounded down", |examiner| flips(examiner, Fault::RoundedDown)),
    ]
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    EvenDivisors,
    BeginsBehind,
    RoundedDown,
}

/// Length n, taps k, stride s, dilation d, padding (p, q).
#[derive(Clone, Copy, Debug)]
struct Size {
    n: usize,
    k: usize,
    s: usize,
    d: usize,
    padding: (usize, usize),
}

impl Size {
    /// The sizes of a box at which a window fits.
    fn all() -> impl Iterator<Item = Size> {
        let sizes = (1..=9).flat_map(|n| (1..=4).flat_map(move |k| (1..=4).map(move |s| (n, k, s))));
        sizes
            .flat_map(|(n, k, s)| {
                [(0, 0), (1, 1), (1, 0), (0, 1), (2, 1)].map(|padding| (n, k, s, padding)).into_iter()
            })
            .flat_map(|(n, k, s, padding)| (1..=2).map(move |d| Size { n, k, s, d, padding }))
            .filter(|size| size.n + size.padding.0 + size.padding.1 > size.d * (size.k - 1))
    }

    /// The entries that each window sees, and how many of its taps are before the end of the padding.
    fn windows(self, fault: Fault) -> Vec<(Vec<usize>, usize)> {
        let Size { n, k, s, d, padding: (p, q) } = self;
        let room = n + p + q - d * (k - 1) - 1;
        let mut last = if fault == Fault::RoundedDown { room / s } else { room.div_ceil(s) };
        if last * s >= n + p && fault != Fault::BeginsBehind {
            last -= 1;
        }
        let window = |o: usize| {
            let places = (0..k).map(|tap| o * s + tap * d);
            let inside = places.clone().filter(|place| (p..p + n).contains(place)).map(|place| place - p);
            (inside.collect(), places.filter(|&place| place < n + p + q).count())
        };
        (0..=last).map(window).collect()
    }

    /// Whether every window sees what its mirror image sees and, if that counts, divides by as many.
    fn sees_alike(self, fault: Fault, divides: bool) -> bool {
        let windows = self.windows(fault);
        windows.iter().zip(windows.iter().rev()).all(|((seen, taps), (opposite, others))| {
            let mirrored = opposite.iter().rev().map(|place| self.n - 1 - place);
            mirrored.eq(seen.iter().copied()) && (!divides || taps == others)
        })
    }
}

fn flipped(x: &ArrayD<Goldilocks>) -> ArrayD<Goldilocks> {
    let mut flipped = x.clone();
    flipped.invert_axis(Axis(2));
    flipped.as_standard_layout().into_owned()
}

/// On the unit vectors, their negatives and a random signal, as two windows that see different entries differ
/// there.
fn flips(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let mut random = examiner.random("pool.ceil_mode");
    let (mut cases, mut kept) = (0, 0);
    for size in Size::all() {
        let n = size.n;
        let signals = Array2::from_shape_fn((2 * n + 1, n), |(sample, place)| match sample {
            _ if sample == 2 * n => Goldilocks::sample(&mut random),
            _ if sample % n != place => Goldilocks::from(0),
            _ => Goldilocks::from(if sample < n { 1 } else { -1 }),
        });
        let x = signals.insert_axis(Axis(1)).into_dyn();
        let of = |pool: Pool| {
            pool.stride([size.s]).dilation([size.d]).padding_before_after([size.padding]).ceil_mode()
        };
        let kinds = [
            ("mean", of(Pool::mean([size.k])), true),
            ("mean of what is inside", of(Pool::mean([size.k])).padding_does_not_count(), false),
            ("maximum", of(Pool::maximum([size.k])), false),
        ];
        let rule = |pool: &Pool| pool.symmetry(x.shape()).map(|symmetry| symmetry.flips[0]);
        for (name, pool, divides) in &kinds {
            // A window that sees no entry has no mean and no maximum.
            if pool.output_shape(x.shape()).is_err() {
                continue;
            }
            let run = |x: &ArrayD<_>| pool.forward(x, &[], Mode::Inference);
            let commutes = run(&flipped(&x))? == flipped(&run(&x)?);
            let alike = size.sees_alike(fault, *divides);
            let told = rule(if fault == Fault::EvenDivisors { &kinds[2].1 } else { pool })?;
            cases += 1;
            kept += usize::from(told);
            if commutes != alike || told && !commutes {
                let tell = |commutes: bool| if commutes { "commutes" } else { "does not commute" };
                let inputs =
                    [("size".to_owned(), format!("{size:?}")), ("pool".to_owned(), (*name).to_owned())];
                let counterexample = Counterexample::from_text(inputs, tell(commutes), tell(alike || told));
                let finding = Finding::Symbolic { shape: format!("{size:?}"), variables: 0, terms: cases };
                return Ok(Report::refuted(finding, counterexample));
            }
        }
    }
    let domain = format!(
        "n ≤ 9, k ≤ 4, s ≤ 4, d ≤ 2, padding ≤ 2, each on unit vectors and a random signal over GF(p); of \
         {kept} the settings tell that the flip is kept"
    );
    Ok(Report::enumerated(domain, cases))
}
