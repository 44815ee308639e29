//! The linear layers on sets are all linear maps of points with channels that commute with the permutations.
//!
//! With (P_π x)(c, j) = x(c, π⁻¹(j)), for matrices M from c channels to d of n points each:
//!
//! - M̄ = Σ_π P_π M P_π⁻¹, which is n!·M if M commutes, is the layer with γ = M̄(0, 1), an entry off the
//!   diagonal of the points, and λ = M̄(0, 0) − γ, for all matrices M;
//! - the linear system P_π M = M P_π has 2·c·d dimensions of solutions from two points on, which is the
//!   number of the layer's weights: so no two layers are the same map. Of one point there are c·d.

use ndarray::{Array2, ArrayD};

use crate::claims::Claim;
use crate::group::{
    FiniteGroup, Representation, Symmetric, character_inner_product, intertwiners, orbit_intertwiners,
};
use crate::layer::{Layer, Mode, SetLinear};
use crate::scalar::{Rational, Scalar};
use crate::signal::{ArrayAction, OnAxis};
use crate::verify::{
    Case, Counterexample, Examiner, Failure, Finding, Identity, Reading, Report, Sides, Statement, Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "set.deepsets.all",
            "with channels, these are all the linear maps that commute with the permutations of the \
             points, and from two points on their weights are determined: 2 times input channels times \
             output channels of them",
            |examiner| examine(examiner, Weights::ReadOff),
        )
        .theorem("deepsets")
        .theorem("deepsets_weights_unique")
        .mutant("the mean over the points is left out", |examiner| examine(examiner, Weights::NoMean))
        .mutant("each channel is mapped to itself alone", |examiner| examine(examiner, Weights::NotMixed))
        .mutant("what a point adds to the mean counts for itself once more", |examiner| {
            examine(examiner, Weights::Diagonal)
        }),
    ]
}

/// How the layer's weights are read off a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weights {
    ReadOff,
    /// Wrong: γ = 0.
    NoMean,
    /// Wrong: λ and γ are diagonal.
    NotMixed,
    /// Wrong: λ is the diagonal of the matrix, from which γ is not subtracted.
    Diagonal,
}

/// M̄ x is the layer, with weights read off M̄.
struct IsLayer {
    inputs: usize,
    outputs: usize,
    points: usize,
    weights: Weights,
}

impl Identity for IsLayer {
    fn unknowns(&self) -> Vec<Unknown> {
        let (inputs, outputs, points) = (self.inputs, self.outputs, self.points);
        let matrix = Unknown::new("M", [outputs, points, inputs, points]);
        vec![matrix, Unknown::new("x", [1, inputs, points])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (matrix, x) = (&values[0], &values[1]);
        let group = Symmetric::new(self.points)?;
        let mut commuting = ArrayD::zeros(matrix.raw_dim());
        for g in group.elements() {
            let rows = OnAxis::new(3).try_act(&group, &g, matrix.view())?;
            commuting = commuting + OnAxis::new(1).try_act(&group, &g, rows.view())?;
        }
        let left = ArrayD::from_shape_fn(vec![1, self.outputs, self.points], |index| {
            let mut sum = S::zero();
            for (c, j) in (0..self.inputs).flat_map(|c| (0..self.points).map(move |j| (c, j))) {
                sum.add_product(&commuting[[index[1], index[2], c, j]], &x[[0, c, j]]);
            }
            sum
        });
        let weight = |entry: &dyn Fn(usize, usize) -> S| {
            let mixed =
                |m, c| if self.weights == Weights::NotMixed && m != c { S::zero() } else { entry(m, c) };
            Array2::from_shape_fn((self.outputs, self.inputs), |(m, c)| mixed(m, c)).into_dyn()
        };
        let gamma = |m, c| {
            let is_zero = self.points < 2 || self.weights == Weights::NoMean;
            if is_zero { S::zero() } else { commuting[[m, 0, c, 1]].clone() }
        };
        let lambda = |m, c| {
            let diagonal = commuting[[m, 0, c, 0]].clone();
            if self.weights == Weights::Diagonal { diagonal } else { diagonal - gamma(m, c) }
        };
        // The layer takes the mean where M̄ has a sum.
        let times_points = |m, c| gamma(m, c) * S::from_integer(self.points as i64);
        let layer = SetLinear::new(self.inputs, self.outputs).without_bias();
        let right = layer.forward(x, &[weight(&lambda), weight(&times_points)], Mode::Inference)?;
        Ok((left, right))
    }
}

fn examine(examiner: &Examiner, weights: Weights) -> Result<Report, Failure> {
    let names = ["input channels", "output channels", "points"];
    let is_layer = Statement::new(&names, move |size| {
        let identity = IsLayer { inputs: size[0], outputs: size[1], points: size[2], weights };
        Ok(vec![Case::new(identity)])
    });
    let is_layer =
        is_layer.at([2, 2, 1]).at([2, 3, 2]).at([2, 2, 3]).at_large([3, 2, 4]).shrinking_to([1, 1, 1]);
    let mut reports = vec![examiner.examine(&is_layer)?];
    if examiner.uses(Reading::Symbolic) {
        reports.push(dimensions()?);
    }
    Ok(Report::all(reports))
}

/// The dimension of the space of linear maps that commute, in three ways, against the number of the layer's
/// weights.
fn dimensions() -> Result<Report, Failure> {
    let mut pairs = 0;
    for points in 1..=5 {
        let group = Symmetric::new(points)?;
        let natural = Representation::<_, Rational>::natural(&group);
        for (inputs, outputs) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            let copies = |count| (1..count).fold(natural.clone(), |sum, _| sum.direct_sum(&natural));
            let (v, w) = (copies(inputs), copies(outputs));
            let layer = SetLinear::new(inputs, outputs).without_bias();
            let weights: usize = layer.parameters().iter().map(|parameter| parameter.len()).sum();
            let expected = if points == 1 { weights / 2 } else { weights };
            let by_orbits = orbit_intertwiners(&v, &w).ok_or("permutations permute")?.len();
            let by_elimination = intertwiners(&v, &w).len();
            let by_characters = character_inner_product(&v, &w);
            pairs += 1;
            if [by_orbits, by_elimination] != [expected; 2]
                || by_characters != Rational::from(i64::try_from(expected)?)
            {
                let counterexample = Counterexample::from_text(
                    [("points and channels".to_owned(), format!("{points}, {inputs} → {outputs}"))],
                    format!(
                        "dimension {by_orbits} by orbits, {by_elimination} by elimination, {by_characters} \
                         by characters"
                    ),
                    format!("{expected} weights"),
                );
                let shape = format!("{points} points, {inputs} → {outputs} channels");
                return Ok(Report::refuted(
                    Finding::Symbolic { shape, variables: 0, terms: 1 },
                    counterexample,
                ));
            }
        }
    }
    Ok(Report::enumerated("dimensions of the commuting maps of 1 to 5 points with 1 or 2 channels", pairs))
}
