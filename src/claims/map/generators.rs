//! How much has to be tried: subgroups, generators, basis vectors.
//!
//! These are the statements on which the engine itself rests: { g : f∘g = g∘f } is a subgroup, so generators
//! suffice (`preserved_subgroup`, `generators_suffice` in `proofs/`); for a linear map a basis suffices
//! (`basis_suffices`).

use std::sync::Arc;

use ndarray::{ArrayD, Axis, arr2};

use super::super::Claim;
use super::maps::{Filter, Kernel};
use crate::group::{
    Action, CyclicTranslations, D4, FiniteGroup, Flip, Group, Permutation, Rotation, RotationReflection,
    Subgroup, Symmetric,
};
use crate::scalar::{Goldilocks, Scalar};
use crate::signal::{ArrayAction, OnAxis, OnGrid};
use crate::verify::{
    Case, Counterexample, Examiner, Failure, Finding, Identity, Map, Report, Sides, Statement, Unknown,
    Verdict, equivariance, symmetries,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds("map.preserved_subgroup", "{ g : f∘g = g∘f } is a subgroup, for any f", |examiner| {
            commuting_elements(examiner, |_, g| g.clone())
        })
        .theorem("preserved_subgroup")
        .mutant("the output is moved by g⁻¹", |examiner| commuting_elements(examiner, Group::inverse)),
        Claim::holds(
            "map.generators_suffice",
            "a map that commutes with generators commutes with the group they generate",
            |examiner| generated(examiner, D4.generators()),
        )
        .theorem("generators_suffice")
        .mutant("the quarter turn is left out", |examiner| generated(examiner, vec![Flip::Reflect.into()])),
        Claim::fails(
            "map.generators_suffice.one_element",
            "a map that commutes with one element other than the identity commutes with the group",
            |examiner| one_element(examiner, Kernel::HalfTurn),
        )
        .theorem("one_element_does_not_suffice")
        .mutant("the kernel is fixed by the whole group", |examiner| one_element(examiner, Kernel::AllTurns)),
        Claim::holds("map.basis_suffices", "a linear map is equivariant iff it is on a basis", |examiner| {
            basis_vectors(examiner, 0)
        })
        .theorem("basis_suffices")
        .mutant("one basis vector is left out", |examiner| basis_vectors(examiner, 1)),
        Claim::fails(
            "map.basis_suffices.nonlinear",
            "a map that is equivariant on a basis is equivariant (ReLU after a dense layer)",
            |examiner| rectified(examiner, [[-1, -2, -3], [-4, -5, -6], [-7, -8, -9]]),
        )
        .theorem("basis_fails_for_nonlinear_maps")
        .mutant("the dense layer is a circulant matrix", |examiner| {
            rectified(examiner, [[-1, -2, -3], [-3, -1, -2], [-2, -3, -1]])
        }),
    ]
}

/// The elements of S_4 that commute with a 4×4 matrix, for random matrices averaged over the subgroups that
/// two elements generate (so that something commutes), are a subgroup. `output` says which element moves the
/// output.
fn commuting_elements(
    examiner: &Examiner,
    output: fn(&Symmetric, &Permutation) -> Permutation,
) -> Result<Report, Failure> {
    let group = Symmetric::new(4)?;
    let (rows, columns) = (OnAxis::new(2), OnAxis::new(1));
    let mut random = examiner.random("map.preserved_subgroup");
    let mut matrices = 0;
    for a in group.elements() {
        for b in group.elements() {
            let average = Subgroup::generated_by(&group, &[a.clone(), b]);
            let free = ArrayD::from_shape_simple_fn(vec![4, 4], || Goldilocks::sample(&mut random));
            let matrix = average
                .elements()
                .iter()
                .map(|h| rows.act(&group, h, &columns.act(&group, h, &free)))
                .fold(ArrayD::from_elem(vec![4, 4], Goldilocks::from(0)), |sum, turned| sum + turned);
            // f∘g is the matrix with its columns permuted by g⁻¹, g∘f the one with its rows permuted by g.
            let commutes = |g: &Permutation| {
                columns.act(&group, &group.inverse(g), &matrix)
                    == rows.act(&group, &output(&group, g), &matrix)
            };
            matrices += 1;
            if let Err(error) = Subgroup::new(&group, group.elements().filter(commutes)) {
                let inputs = [(
                    "f".to_owned(),
                    format!("a matrix that commutes with {}", group.describe_subgroup(&average)),
                )];
                let counterexample =
                    Counterexample::from_text(inputs, error.to_string(), "a subgroup contains every product");
                return Ok(Report::refuted(finding(matrices), counterexample));
            }
        }
    }
    Ok(Report::confirmed(finding(matrices)))
}

/// The set is found exactly for each matrix, but matrices are drawn, and no degree bounds what was missed.
fn finding(points: usize) -> Finding {
    Finding::Field { shape: "S_4 on 4 × 4 matrices".into(), points, log2_failure: None }
}

fn filters(
    kernel: Kernel,
    elements: impl Fn(&D4) -> Vec<RotationReflection> + Send + Sync + 'static,
) -> Statement {
    let filter = Filter { kernel, rectified: false, ..Filter::symmetric("w") };
    equivariance(&["height", "width"], Arc::new(filter), |_| Some(D4), OnGrid, OnGrid, elements)
        .at([4, 3])
        .at_large([12, 13])
        .shrinking_to([1, 1])
}

/// Of filters with more and less symmetric kernels, those that commute with the elements `tried` commute with
/// all of D4.
fn generated(examiner: &Examiner, tried: Vec<RotationReflection>) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for kernel in [Kernel::Free, Kernel::HalfTurn, Kernel::Mirror, Kernel::AllTurns] {
        let tried = tried.clone();
        if examiner.examine(&filters(kernel, move |_| tried.clone()))?.verdict == Verdict::Holds {
            reports.push(examiner.examine(&filters(kernel, |group| group.elements().collect()))?);
        }
    }
    if reports.is_empty() {
        return Err("no filter commutes with the elements tried, so nothing was checked".into());
    }
    Ok(Report::all(reports))
}

/// A filter that commutes with the half turn, put to the test on all of D4.
fn one_element(examiner: &Examiner, kernel: Kernel) -> Result<Report, Failure> {
    let half_turn = filters(kernel, |_| vec![Rotation::Rot180.into()]);
    if examiner.examine(&half_turn)?.verdict != Verdict::Holds {
        return Err("the filter should commute with the half turn".into());
    }
    let report = examiner.examine(&filters(kernel, |group| group.elements().collect()))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let filter = Arc::new(Filter { kernel, rectified: false, ..Filter::symmetric("w") });
    let preserved = symmetries(examiner, &filter, &[4, 4], &D4, &OnGrid, &OnGrid)?;
    Ok(report.with_largest(D4.describe_subgroup(&preserved)))
}

/// f(g ▷ x) − g ▷ f(x) = Σᵢ xᵢ · (f(g ▷ eᵢ) − g ▷ f(eᵢ)) for every linear f: the left side is zero for all x
/// iff every bracket is.
struct OnBasis {
    group: Symmetric,
    element: Permutation,
    left_out: usize,
}

impl OnBasis {
    /// f(g ▷ x) − g ▷ f(x) for the linear map f with this matrix.
    fn defect<S: Scalar>(&self, matrix: &ArrayD<S>, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        let entries = OnAxis::new(1);
        let product = |x: &ArrayD<S>| {
            let rows = matrix.axis_iter(Axis(0)).map(|row| {
                row.iter().zip(x).fold(S::zero(), |mut sum, (weight, entry)| {
                    sum.add_product(weight, entry);
                    sum
                })
            });
            ArrayD::from_shape_vec(vec![x.len()], rows.collect())
        };
        let moved = entries.try_act(&self.group, &self.element, x.view())?;
        let result = product(x)?;
        Ok(product(&moved)? - entries.try_act(&self.group, &self.element, result.view())?)
    }
}

impl Identity for OnBasis {
    fn unknowns(&self) -> Vec<Unknown> {
        let n = self.group.points();
        vec![Unknown::new("x", [n]), Unknown::new("w", [n, n])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, matrix) = (&values[0], &values[1]);
        let n = x.len();
        let mut sum = ArrayD::from_elem(vec![n], S::zero());
        for index in 0..n - self.left_out {
            let basis_vector =
                ArrayD::from_shape_fn(vec![n], |i| if i[0] == index { S::one() } else { S::zero() });
            let coefficient = x[[index]].clone();
            sum = sum + self.defect(matrix, &basis_vector)?.mapv(|entry| coefficient.clone() * entry);
        }
        Ok((self.defect(matrix, x)?, sum))
    }
}

fn basis_vectors(examiner: &Examiner, left_out: usize) -> Result<Report, Failure> {
    let statement = Statement::new(&["entries"], move |size| {
        let group = Symmetric::new(size[0])?;
        let case =
            |element: Permutation| Case::for_element(element.clone(), OnBasis { group, element, left_out });
        Ok(group.generators().into_iter().map(case).collect())
    });
    Ok(examiner.examine(&statement.at([4]).at_large([9]).shrinking_to([2]))?)
}

/// A dense layer with fixed integer weights, rectified.
#[derive(Clone, Debug)]
struct Rectified([[i64; 3]; 3]);

impl Map for Rectified {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let matrix = arr2(&self.0).mapv(S::from_integer);
        let rows = matrix.outer_iter().map(|row| {
            row.iter()
                .zip(x)
                .fold(S::zero(), |sum, (weight, entry)| sum + weight.clone() * entry.clone())
                .relu()
        });
        Ok(ArrayD::from_shape_vec(vec![3], rows.collect())?)
    }
}

/// Negative weights hide everything on the basis, where the output is zero, and nothing off it.
fn rectified(examiner: &Examiner, weights: [[i64; 3]; 3]) -> Result<Report, Failure> {
    let (group, map) = (CyclicTranslations::new([3]), Rectified(weights));
    for index in 0..3 {
        let basis_vector = ArrayD::from_shape_fn(vec![3], |i| if i[0] == index { 1.0_f64 } else { 0.0 });
        for g in group.generators() {
            let moved = map.apply(&OnGrid.act(&group, &g, &basis_vector), &[])?;
            if moved != OnGrid.act(&group, &g, &map.apply(&basis_vector, &[])?) {
                return Err(format!("the map should be equivariant on the basis vector {index}").into());
            }
        }
    }
    let statement =
        equivariance(&[""], Arc::new(map), move |_| Some(group), OnGrid, OnGrid, Group::generators).at([3]);
    Ok(examiner.examine(&statement)?)
}
