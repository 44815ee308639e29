//! The laws of the discrete Fourier transform on numbers: over GF(p), and over ℂ with derived bounds.
//!
//! Let u and v bound the relative errors of complex sums and products, and let n entries lie on `rank` axes.
//! The roots of unity are off by at most 4u: three roundings of an angle below π/4 move a root by less than
//! 2.4u, an ulp of each of its parts (an assumption on the standard library's sine and cosine) by 1.5u more.
//! A term of a transform is a product of `rank` roots and an entry, rounded `rank` times, and passes Σ_a (n_a
//! − 1) < n sums for lengths n_a. So every transform is off by at most G − 1 times the sum of the moduli
//! ‖x‖₁, which bounds its exact value too, where
//!
//! ```text
//! G = (1 + 4u)^rank (1 + v)^rank (1 + u)^n
//! ```
//!
//! and factors multiply from one step to the next (N. Higham, *Accuracy and Stability of Numerical
//! Algorithms*, 2nd ed. 2002, §§ 3.1 and 3.6). A convolution is off by at most ((1 + v)(1 + u)^n − 1)·(|x| *
//! |y|), and ‖|x| * |y|‖₁ = ‖x‖₁‖y‖₁. Hence the left and the right side of each law are off by at most (L
//! − 1) and (R − 1) times a scale:
//!
//! | law | L | R | scale |
//! |---|---|---|---|
//! | theorem, with c twice on each side | (1+v)(1+u)^n · G · (1+v)² | G² (1+v)³ | c² ‖x‖₁ ‖y‖₁ |
//! | Parseval | G² (1+v)(1+u)^n (1+u) | (1+v)(1+u)^n | ‖x‖₁ ‖y‖₁ |
//! | inversion | G² (1+u) | 1 | ‖x‖₁ |
//!
//! Inputs are multiples of 2⁻⁵², so that nothing underflows.

use std::fmt::Display;

use ndarray::{ArrayD, IxDyn, Zip, arr0};
use num_complex::Complex;
use rand::RngExt;

use super::transform::{Defect, Law, Roots, sides};
use crate::scalar::Rounding;
use crate::scalar::{Goldilocks, RootOfUnity};
use crate::verify::{Counterexample, Examiner, Failure, Finding, Reading, Report, Sides};

/// Both sides over R, by its own roots of unity.
fn evaluate<R: RootOfUnity>(
    law: Law,
    defect: Defect,
    signals: [&ArrayD<R>; 3],
    conjugate: impl Fn(&R) -> R,
) -> Result<Sides<R>, Failure> {
    let power = |n, k| R::root_of_unity_power(n as u64, k as u64);
    sides(law, defect, signals, &Roots { power: &power, conjugate: &conjugate })
}

fn describe(shapes: &[Vec<usize>]) -> String {
    let names: Vec<String> = shapes
        .iter()
        .map(|shape| shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × "))
        .collect();
    names.join(", ")
}

/// The least that a refutation shows: the shape, and an entry on which the sides differ.
fn difference(shape: &[usize], left: impl Display, right: impl Display) -> Counterexample {
    let inputs = [("shape".to_owned(), describe(&[shape.to_vec()]))];
    Counterexample::from_text(inputs, left.to_string(), right.to_string())
}

/// Exactly, at random points of GF(p), on lengths that divide p − 1. There is no conjugate in GF(p), and so
/// no law of Parseval.
pub(super) fn over_field(examiner: &Examiner, law: Law, defect: Defect) -> Result<Option<Report>, Failure> {
    if law == Law::Parseval || !examiner.uses(Reading::Field) {
        return Ok(None);
    }
    let mut shapes: Vec<Vec<usize>> = [1, 2, 3, 4, 5, 6, 8, 12, 15, 17].map(|length| vec![length]).into();
    shapes.extend([vec![4, 6], vec![3, 5], vec![2, 3, 4]]);
    let points = 2;
    let degree = match law {
        // c² x y
        Law::Theorem => 4.0_f64,
        _ => 1.0,
    };
    // log₂ p rounded down, which bounds the failure from above.
    let log2_failure = Some(f64::from(points) * (degree.log2() - 63.999_999));
    let finding = Finding::Field {
        shape: format!("roots of unity in GF(p): {}", describe(&shapes)),
        points: points as usize,
        log2_failure,
    };
    let mut random = examiner.random("roots of unity in GF(p)");
    for shape in &shapes {
        for _ in 0..points {
            let mut signal = |shape: &[usize]| {
                ArrayD::from_shape_simple_fn(IxDyn(shape), || Goldilocks::sample(&mut random))
            };
            let (x, y, c) = (signal(shape), signal(shape), signal(&[]));
            let (left, right) = evaluate(law, defect, [&x, &y, &c], Goldilocks::clone)?;
            if let Some((l, r)) = left.iter().zip(&right).find(|(l, r)| l != r) {
                return Ok(Some(Report::refuted(finding, difference(shape, l, r))));
            }
        }
    }
    Ok(Some(Report::confirmed(finding)))
}

/// In `f64`, on every length up to 32, larger primes, and grids; in the convolution theorem for F and for the
/// unitary F.
pub(super) fn over_complex_numbers(
    examiner: &Examiner,
    law: Law,
    defect: Defect,
) -> Result<Option<Report>, Failure> {
    if !examiner.uses(Reading::Rounding) {
        return Ok(None);
    }
    let grids = [vec![61], vec![97], vec![5, 7], vec![4, 9], vec![3, 4, 5]];
    let named = format!("over ℂ: every length to 32, {}", describe(&grids));
    let mut random = examiner.random("roots of unity in ℂ");
    let (mut largest_error, mut largest_bound) = (0.0_f64, 0.0_f64);
    let mut counterexample = None;
    let mut shapes: Vec<_> = (1..=32).map(|length| vec![length]).chain(grids).collect();
    // Each shape is a draw of its own.
    if examiner.draws(shapes.len()) == 1 {
        shapes = vec![shapes.swap_remove(random.random_range(0..shapes.len()))];
    }
    for shape in shapes {
        let mut part = || random.random_range(-1.0..1.0);
        let mut signal = || ArrayD::from_shape_simple_fn(IxDyn(&shape), || Complex::new(part(), part()));
        let (x, y) = (signal(), signal());
        // The law holds for every c, so that the rounding of 1/√n does not matter.
        for c in [1.0, 1.0 / (x.len() as f64).sqrt()] {
            let factor = arr0(Complex::new(c, 0.0)).into_dyn();
            let (left, right) = evaluate(law, defect, [&x, &y, &factor], Complex::conj)?;
            let bound = bound(law, &x, &y, c);
            largest_bound = largest_bound.max(bound);
            Zip::from(&left).and(&right).for_each(|l, r| {
                let error = (l - r).norm();
                largest_error = largest_error.max(error);
                if counterexample.is_none() && error > bound {
                    counterexample = Some(difference(&shape, l, r));
                }
            });
        }
    }
    let finding = Finding::Rounding { shape: named, error: largest_error, bound: largest_bound };
    Ok(Some(match counterexample {
        Some(counterexample) => Report::refuted(finding, counterexample),
        None => Report::confirmed(finding),
    }))
}

/// (L − 1 + R − 1) · scale, as derived above.
fn bound(law: Law, x: &ArrayD<Complex<f64>>, y: &ArrayD<Complex<f64>>, c: f64) -> f64 {
    let (n, rank) = (x.len() as f64, x.ndim() as f64);
    // Logarithms of 1 + u, 1 + v and 1 + 4u.
    let sum = f64::UNIT_ROUNDOFF.ln_1p();
    let product = Complex::<f64>::PRODUCT_ROUNDOFF.ln_1p();
    let root = (4.0 * f64::UNIT_ROUNDOFF).ln_1p();
    let transform = rank * (root + product) + n * sum;
    let inner_product = product + n * sum;
    let norm = |x: &ArrayD<Complex<f64>>| x.iter().map(|entry| entry.norm()).sum::<f64>();
    let (left, right, scale) = match law {
        Law::Theorem => (
            inner_product + transform + 2.0 * product,
            2.0 * transform + 3.0 * product,
            c * c * norm(x) * norm(y),
        ),
        Law::Parseval => (2.0 * transform + inner_product + sum, inner_product, norm(x) * norm(y)),
        Law::Inversion => (2.0 * transform + sum, 0.0, norm(x)),
    };
    // The norms round n times, the rest of this function and the comparison with the bound a few dozen times.
    (left.exp_m1() + right.exp_m1()) * scale * (1.0 + (2.0 * n + 64.0) * f64::EPSILON)
}
