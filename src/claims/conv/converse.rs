//! Convolutions are all the linear maps that commute with translations.
//!
//! On a finite group (x * y)(a) = Σ_b x(b) y(b⁻¹a) and (L_g x)(a) = x(g⁻¹a); on Z_n these are circular
//! convolution and translation. Then A L_g = L_g A for all g if and only if A y = y * k for some k, and then
//! k = A δ. Three checks:
//!
//! - y ↦ y * k commutes with L_g, for all k;
//! - Ā = Σ_g L_g A L_g⁻¹, which is |G|·A if A commutes, is y ↦ y * (Ā δ), for all matrices A;
//! - the linear system A L_g = L_g A has as many dimensions of solutions as there are kernels, |G|.
//!
//! Source: R. Kondor, S. Trivedi, *On the Generalization of Equivariance and Convolution in Neural Networks
//! to the Action of Compact Groups*, 2018, Theorem 1; P. J. Davis, *Circulant Matrices*, 2nd ed. 1994, § 3.1.

use ndarray::{ArrayD, Axis, IxDyn};

use crate::claims::Claim;
use crate::conv::{Extent, convolve};
use crate::group::{CyclicTranslations, D4, FiniteGroup, Representation, Symmetric, intertwiners};
use crate::scalar::{Rational, Ring, Scalar};
use crate::signal::{ArrayAction, RegularChannels};
use crate::verify::{
    Case, Counterexample, Examiner, Failure, Finding, Identity, Reading, Report, Sides, Statement, Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "conv.converse",
            "a linear map of functions on Z_n commutes with translations if and only if it is the circular \
             convolution with its response to δ; so on finite groups that do not commute, with group \
             convolution",
            |examiner| examine(examiner, GroupProduct::Convolution),
        )
        .theorem("equivariant_is_convolution")
        .theorem("layer_weights_unique")
        .mutant("the kernel is applied on the wrong side", |examiner| {
            examine(examiner, GroupProduct::WrongSide)
        })
        .mutant("group correlation in place of convolution", |examiner| {
            examine(examiner, GroupProduct::Correlation)
        }),
    ]
}

/// A product y * k of functions on a finite group.
#[derive(Clone, Copy, Debug)]
enum GroupProduct {
    /// Σ_b y(b) k(b⁻¹a)
    Convolution,
    /// Wrong where the group does not commute: k * y.
    WrongSide,
    /// Wrong: Σ_b y(b) k(a⁻¹b).
    Correlation,
}

impl GroupProduct {
    fn of<G: FiniteGroup, S: Ring>(self, group: &G, y: &ArrayD<S>, k: &ArrayD<S>) -> ArrayD<S> {
        let quotient = |b: &G::Element, a: &G::Element| group.index(&group.compose(&group.inverse(b), a));
        ArrayD::from_shape_fn(y.raw_dim(), |index| {
            let a = group.element(index[0] as u128);
            let mut sum = S::zero();
            for (b, place) in group.elements().zip(0..) {
                let (left, right, read) = match self {
                    GroupProduct::Convolution => (y, k, quotient(&b, &a)),
                    GroupProduct::WrongSide => (k, y, quotient(&b, &a)),
                    GroupProduct::Correlation => (y, k, quotient(&a, &b)),
                };
                sum.add_product(&left[[place].as_slice()], &right[[read as usize].as_slice()]);
            }
            sum
        })
    }
}

fn examine(examiner: &Examiner, product: GroupProduct) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for length in [5, 6] {
        let group = CyclicTranslations::new([length]);
        reports.push(examiner.examine(&Statement::single(IsCircular { group, product }))?);
        reports.extend(on_group(examiner, group, product)?);
    }
    let torus = CyclicTranslations::new([2, 3]);
    reports.push(examiner.examine(&Statement::single(IsCircular { group: torus, product }))?);
    reports.extend(on_group(examiner, torus, product)?);
    reports.extend(on_group(examiner, Symmetric::new(3)?, product)?);
    reports.extend(on_group(examiner, D4, product)?);
    Ok(Report::all(reports))
}

fn on_group<G: FiniteGroup>(
    examiner: &Examiner,
    group: G,
    product: GroupProduct,
) -> Result<Vec<Report>, Failure> {
    let generators = group.generators();
    let commutes = Statement::new(&[], {
        let group = group.clone();
        move |_| {
            let case = |element: &G::Element| {
                let identity = Commutes { group: group.clone(), element: element.clone(), product };
                Case::for_element(element, identity)
            };
            Ok(generators.iter().map(case).collect())
        }
    });
    let mut reports = vec![
        examiner.examine(&commutes.at([]))?,
        examiner.examine(&Statement::single(IsConvolution { group: group.clone(), product }))?,
    ];
    if examiner.uses(Reading::Symbolic) {
        reports.push(dimension(&group));
    }
    Ok(reports)
}

/// L_g y * k = L_g (y * k)
struct Commutes<G: FiniteGroup> {
    group: G,
    element: G::Element,
    product: GroupProduct,
}

impl<G: FiniteGroup> Identity for Commutes<G> {
    fn unknowns(&self) -> Vec<Unknown> {
        ["y", "k"].map(|name| Unknown::new(name, [order(&self.group)])).into()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let translate = |x: &ArrayD<S>| RegularChannels::new(1).try_act(&self.group, &self.element, x.view());
        let (y, k) = (&values[0], &values[1]);
        let left = self.product.of(&self.group, &translate(y)?, k);
        Ok((left, translate(&self.product.of(&self.group, y, k))?))
    }
}

/// Ā y = y * (Ā δ), where Ā = Σ_g L_g A L_g⁻¹, that is Ā(a, b) = Σ_g A(g⁻¹a, g⁻¹b).
struct IsConvolution<G> {
    group: G,
    product: GroupProduct,
}

impl<G: FiniteGroup> Identity for IsConvolution<G> {
    fn unknowns(&self) -> Vec<Unknown> {
        let order = order(&self.group);
        vec![Unknown::new("A", [order, order]), Unknown::new("y", [order])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (matrix, y) = (&values[0], &values[1]);
        let mut commuting = ArrayD::zeros(matrix.raw_dim());
        for g in self.group.elements() {
            let rows = RegularChannels::new(2).try_act(&self.group, &g, matrix.view())?;
            commuting = commuting + RegularChannels::new(1).try_act(&self.group, &g, rows.view())?;
        }
        let left = ArrayD::from_shape_fn(y.raw_dim(), |index| {
            let mut sum = S::zero();
            for (entry, x) in commuting.index_axis(Axis(0), index[0]).iter().zip(y) {
                sum.add_product(entry, x);
            }
            sum
        });
        // The identity is the first element, so that A δ is the first column.
        let response = commuting.index_axis(Axis(1), 0).to_owned();
        Ok((left, self.product.of(&self.group, y, &response)))
    }
}

/// On a group of translations group convolution is circular convolution.
struct IsCircular<const D: usize> {
    group: CyclicTranslations<D>,
    product: GroupProduct,
}

impl<const D: usize> Identity for IsCircular<D> {
    fn unknowns(&self) -> Vec<Unknown> {
        ["y", "k"].map(|name| Unknown::new(name, [order(&self.group)])).into()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let on_grid = |x: &ArrayD<S>| x.to_shape(IxDyn(&self.group.extents())).map(|x| x.into_owned());
        let product = self.product.of(&self.group, &values[0], &values[1]);
        let circular = convolve(&on_grid(&values[1])?, &on_grid(&values[0])?, Extent::Circular)?;
        Ok((on_grid(&product)?, circular))
    }
}

/// The linear maps that commute with all translations, found as the null space of that condition.
fn dimension<G: FiniteGroup>(group: &G) -> Report {
    let regular = Representation::<G, Rational>::regular(group);
    let found = intertwiners(&regular, &regular).len();
    let order = order(group);
    let finding = Finding::Symbolic {
        shape: format!("linear maps on functions on {} that commute: dimension {found}", group.name()),
        variables: order * order,
        terms: found,
    };
    if found == order {
        return Report::confirmed(finding);
    }
    let counterexample = Counterexample::from_text(
        [("group".to_owned(), group.name())],
        format!("{found} dimensions of linear maps that commute"),
        format!("{order} dimensions of kernels"),
    );
    Report::refuted(finding, counterexample)
}

/// The order of a group that is small enough to index an axis.
fn order<G: FiniteGroup>(group: &G) -> usize {
    group.order() as usize
}
