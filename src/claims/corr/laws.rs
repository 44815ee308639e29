//! Correlation is convolution with the reflected kernel: it distributes and commutes with translations of the
//! signal, but moves against its kernel, and is neither commutative nor associative.
//!
//! Source: R. N. Bracewell, *The Fourier Transform and Its Applications*, 3rd ed. 2000, chapter 3.

use ndarray::ArrayD;

use super::function::{Correlation, Domain};
use super::law::{Equation, Law, examine};
use crate::claims::Claim;
use crate::group::{CyclicTranslations, FiniteGroup};
use crate::scalar::Symbolic;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, preserved_subgroup};

pub(super) fn claims() -> Vec<Claim> {
    use Correlation::{Biased, Definition, Flipped, Late, Swapped, ZerosBeyond};
    let all =
        |laws: &'static [Law], correlation| move |examiner: &Examiner| holds(examiner, laws, correlation);
    let none =
        |law, correlation| move |examiner: &Examiner| examine(examiner, law, correlation).map(Report::none);
    vec![
        Claim::holds(
            "corr.is_reflected_conv",
            "x ⋆ y = (x reflected) * y",
            all(&[Law::ReflectedConvolution], Definition),
        )
        .theorem("correlation_is_reflected_convolution")
        .mutant("the kernel is flipped", all(&[Law::ReflectedConvolution], Flipped))
        .mutant("kernel and signal change places", all(&[Law::ReflectedConvolution], Swapped))
        .mutant("the result is one step late", all(&[Law::ReflectedConvolution], Late)),
        Claim::holds(
            "corr.distributive",
            "x ⋆ (y + z) = x ⋆ y + x ⋆ z and (x + z) ⋆ y = x ⋆ y + z ⋆ y",
            all(&[Law::DistributiveInSignal, Law::DistributiveInKernel], Definition),
        )
        .theorem("correlation_distributive")
        .mutant(
            "a bias is part of the correlation",
            all(&[Law::DistributiveInSignal, Law::DistributiveInKernel], Biased),
        ),
        Claim::holds(
            "corr.translation_signal",
            "x ⋆ T_t y = T_t (x ⋆ y)",
            all(&[Law::SignalMoves], Definition),
        )
        .theorem("correlation_translation_signal")
        .mutant("kernel and signal change places", all(&[Law::SignalMoves], Swapped))
        .mutant("zeros beyond the border of the torus", all(&[Law::SignalMoves], ZerosBeyond)),
        Claim::fails("corr.translation_kernel", "T_t x ⋆ y = T_t (x ⋆ y)", |examiner| {
            let report = Report::none(examine(examiner, Law::KernelMoves, Definition)?);
            Ok::<_, ExamineError>(report.with_largest(steps_that_are_their_own_inverse(examiner)?))
        })
        .theorem("correlation_translation_kernel_fails")
        .mutant("the kernel is flipped", none(Law::KernelMoves, Flipped)),
        Claim::holds(
            "corr.translation_kernel.reversed",
            "T_t x ⋆ y = T_{−t} (x ⋆ y)",
            all(&[Law::KernelMovesBack], Definition),
        )
        .theorem("correlation_translation_kernel_abelian")
        .mutant("the kernel is flipped", all(&[Law::KernelMovesBack], Flipped))
        .mutant("zeros beyond the border of the torus", all(&[Law::KernelMovesBack], ZerosBeyond)),
        Claim::fails("corr.commutative", "x ⋆ y = y ⋆ x", |examiner| refute(examiner, Law::Commutative))
            .theorem("correlation_commutative")
            .theorem("correlation_fails_on_cycles")
            .mutant("the kernel is flipped", none(Law::Commutative, Flipped)),
        Claim::holds(
            "corr.commutative.reflected",
            "(x ⋆ y)(n) = (y ⋆ x)(−n)",
            all(&[Law::CommutativeReflected], Definition),
        )
        .theorem("correlation_reflection")
        .mutant("the kernel is flipped", all(&[Law::CommutativeReflected], Flipped))
        .mutant("the result is one step late", all(&[Law::CommutativeReflected], Late)),
        Claim::fails("corr.associative", "x ⋆ (y ⋆ z) = (x ⋆ y) ⋆ z", |examiner| {
            refute(examiner, Law::Associative)
        })
        .theorem("correlation_associative")
        .theorem("correlation_fails_on_cycles")
        .mutant("the kernel is flipped", none(Law::Associative, Flipped)),
        Claim::holds(
            "corr.associative.convolved",
            "x ⋆ (y ⋆ z) = (x * y) ⋆ z",
            all(&[Law::AssociativeConvolved], Definition),
        )
        .theorem("correlation_after_correlation")
        .mutant("kernel and signal change places", all(&[Law::AssociativeConvolved], Swapped))
        .mutant("the result is one step late", all(&[Law::AssociativeConvolved], Late)),
    ]
}

fn holds(examiner: &Examiner, laws: &[Law], correlation: Correlation) -> Result<Report, ExamineError> {
    let reports: Result<Vec<_>, _> = laws.iter().map(|&law| examine(examiner, law, correlation)).collect();
    Ok(Report::all(reports?.into_iter().flatten()))
}

/// The circles that are tried for a law that fails on the others.
const CIRCLES: std::ops::RangeInclusive<usize> = 1..=6;

/// The law fails, and what is left of it are the circles on which it holds.
fn refute(examiner: &Examiner, law: Law) -> Result<Report, Failure> {
    let report = Report::none(examine(examiner, law, Correlation::Definition)?);
    let mut left = Vec::new();
    for length in CIRCLES {
        let identity = circle(law, length, Vec::new());
        let values: Vec<ArrayD<Symbolic>> = identity
            .unknowns()
            .iter()
            .map(|unknown| Symbolic::variables(&unknown.name, &unknown.shape))
            .collect();
        let (left_side, right_side) = identity.sides(&values)?;
        if left_side == right_side {
            left.push(length.to_string());
        }
    }
    let (last, left) = (CIRCLES.end(), left.join(" and "));
    Ok(report.with_largest(format!("of the circles up to Z_{last}, those of {left} points")))
}

fn circle(law: Law, length: usize, step: Vec<i64>) -> Equation {
    let shapes = vec![vec![length]; 3];
    Equation { law, correlation: Correlation::Definition, domain: Domain::Torus, shapes, step }
}

/// The translations t of Z_6 for which T_t x ⋆ y = T_t (x ⋆ y), each tried: those with 2t = 0.
fn steps_that_are_their_own_inverse(examiner: &Examiner) -> Result<String, ExamineError> {
    let group = CyclicTranslations::new([6]);
    let preserved = preserved_subgroup(examiner, &group, |translation| {
        Some(Case::for_element(translation, circle(Law::KernelMoves, 6, translation.0.to_vec())))
    })?;
    let expected = [group.translation([0]), group.translation([3])];
    if preserved.elements() != expected {
        return Err(ExamineError::Contradiction("only t with 2t = 0 should be left on Z_6".into()));
    }
    Ok(format!("of the translations of Z_6, {}", group.describe_subgroup(&preserved)))
}
