//! The convolution theorem, Parseval's identity and the inverse of the discrete Fourier transform.
//!
//! Three kinds of evidence: with [formal roots of unity](super::formal), which proves each law over ℂ for the
//! lengths named, primes included; over GF(p) on lengths that divide p − 1; over ℂ in `f64`, on every length
//! up to 32 and a few more, within bounds that [`super::spectrum`] derives.

use ndarray::{ArrayD, Axis, IxDyn, arr0};

use super::formal::{Polynomial, cyclotomic};
use super::grids::on_grids;
use super::product::Product;
use super::spectrum;
use super::transform::{Defect, Law, Roots, sides};
use crate::claims::Claim;
use crate::scalar::Scalar;
use crate::verify::{Case, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    let theorem = |defect| {
        move |examiner: &Examiner| Ok::<_, Failure>(Report::all(examine(examiner, Law::Theorem, defect)?))
    };
    let unitary = |defect| {
        move |examiner: &Examiner| {
            let mut reports = examine(examiner, Law::Parseval, defect)?;
            reports.extend(examine(examiner, Law::Inversion, defect)?);
            Ok::<_, Failure>(Report::all(reports))
        }
    };
    vec![
        Claim::holds(
            "conv.theorem",
            "F(x * y) = F(x)·F(y) for circular convolution, and F(x * y) = √n·F(x)·F(y) for the unitary F",
            theorem(Defect::None),
        )
        .theorem("convolution_theorem")
        .theorem("convolution_theorem_scaled")
        .theorem("convolution_theorem_2d")
        .theorem("convolution_theorem_3d")
        .mutant("the kernel is not flipped", theorem(Defect::Product(Product::NotFlipped)))
        .mutant("linear convolution in place of circular", theorem(Defect::Product(Product::ZerosBeyond)))
        .mutant("cosines in place of exponentials", theorem(Defect::Cosines))
        .mutant("the factor of the unitary transform left out", theorem(Defect::NoFactor)),
        Claim::holds(
            "conv.parseval",
            "the unitary F preserves inner products: ⟨F x, F y⟩ = ⟨x, y⟩; and F⁻¹ F = id",
            unitary(Defect::None),
        )
        .theorem("parseval")
        .theorem("unitary_parseval")
        .theorem("fourier_inversion")
        .mutant("the conjugate left out", unitary(Defect::NotConjugated))
        .mutant("not divided by n", unitary(Defect::NotDivided))
        .mutant("the inverse with the roots of the transform", unitary(Defect::SameRoots)),
    ]
}

fn examine(examiner: &Examiner, law: Law, defect: Defect) -> Result<Vec<Report>, Failure> {
    let statement = |rank| formal(rank, law, defect);
    let line = [2, 3, 4, 5, 6, 8].into_iter().fold(statement(1).at([1]), |line, n| line.at([n]));
    let line = match law {
        // Primes, as far as symbols are cheap.
        Law::Theorem => line.at([7]).at([11]).at_large([13]).at_large([24]),
        Law::Parseval | Law::Inversion => line.at_large([7]).at_large([12]),
    };
    let mut reports = vec![
        examiner.examine(&line)?,
        examiner.examine(&statement(2).at([2, 3]).at([4, 3]).at_large([4, 6]))?,
        examiner.examine(&statement(3).at([2, 3, 2]).at_large([2, 3, 4]))?,
    ];
    reports.extend(spectrum::over_field(examiner, law, defect)?);
    reports.extend(spectrum::over_complex_numbers(examiner, law, defect)?);
    Ok(reports)
}

fn formal(rank: usize, law: Law, defect: Defect) -> Statement {
    on_grids(rank, &[""], move |shapes| Ok(vec![Case::new(Formal::new(law, defect, shapes[0].clone()))]))
}

/// A law with formal roots of unity.
///
/// The entries of signals are numbers of S[ζ] themselves, except in the convolution theorem, which is
/// bilinear over S[ζ], so that entries in S are enough.
struct Formal {
    law: Law,
    defect: Defect,
    shape: Vec<usize>,
    /// The least common multiple of the lengths.
    order: usize,
    cyclotomic: Vec<i64>,
}

impl Formal {
    fn new(law: Law, defect: Defect, shape: Vec<usize>) -> Self {
        let order =
            (1..).find(|order: &usize| shape.iter().all(|&length| order.is_multiple_of(length))).unwrap_or(1);
        Formal { law, defect, shape, order, cyclotomic: cyclotomic(order) }
    }
}

impl Identity for Formal {
    fn unknowns(&self) -> Vec<Unknown> {
        let coordinates = if self.law == Law::Theorem { 1 } else { self.cyclotomic.len() - 1 };
        let signal = |name| Unknown::new(name, [&self.shape[..], &[coordinates]].concat());
        match self.law {
            Law::Theorem => vec![signal("x"), signal("y"), Unknown::new("c", [])],
            Law::Parseval => vec![signal("x"), signal("y")],
            Law::Inversion => vec![signal("x")],
        }
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let signal = |values: &ArrayD<S>| {
            let last = Axis(self.shape.len());
            values.map_axis(last, |coordinates| Polynomial::new(coordinates.to_vec()))
        };
        let x = signal(&values[0]);
        let y = values.get(1).map_or_else(|| x.clone(), signal);
        let c = values.get(2).map_or_else(|| arr0(S::one()).into_dyn(), ArrayD::clone);
        let roots = Roots {
            power: &|n, k| Some(Polynomial::power(k * (self.order / n))),
            conjugate: &|number| number.conjugate(self.order),
        };
        let c = c.mapv(|c| Polynomial::new(vec![c]));
        let (left, right) = sides(self.law, self.defect, [&x, &y, &c], &roots)?;
        let coordinates = |numbers: ArrayD<Polynomial<S>>| {
            let shape = [numbers.shape(), &[self.cyclotomic.len() - 1]].concat();
            let entries = numbers.into_iter().flat_map(|number| number.coordinates(&self.cyclotomic));
            ArrayD::from_shape_vec(IxDyn(&shape), entries.collect())
        };
        Ok((coordinates(left)?, coordinates(right)?))
    }
}
