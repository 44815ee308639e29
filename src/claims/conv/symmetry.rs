//! What convolution does with translations and with the symmetries of the grid.
//!
//! T_t x * y = T_t (x * y) = x * T_t y. (g ▷ x) * (g ▷ y) = g ▷ (x * y) for the signed permutations g ∈ B_d
//! of the axes, so that a kernel that g fixes gives a map that commutes with g, and any other kernel one that
//! does not.
//!
//! On a torus g turns about the origin, on an unbounded grid about the middle of the frame, which the full
//! convolution takes to the middle of its own frame.
//!
//! Source: T. Cohen, M. Welling, *Group Equivariant Convolutional Networks*, 2016, §§ 2 and 4.

use super::grids::on_grids;
use super::motion::{Motion, Move, Moved, OneStep};
use super::product::Product;
use super::symmetric_kernel::{Kernel, filtering, stabilisers};
use crate::claims::Claim;
use crate::conv::Extent;
use crate::group::{CyclicTranslations, Group, Hyperoctahedral};
use crate::signal::{AboutOrigin, OnGrid};
use crate::verify::{Case, ExamineError, Examiner, Report, Statement};

pub(super) fn claims() -> Vec<Claim> {
    use Product::{Convolution, Late, NotFlipped, ZerosBeyond};
    let translation = |product| move |examiner: &Examiner| translation(examiner, product);
    let point_symmetry = |product| move |examiner: &Examiner| point_symmetry(examiner, product);
    vec![
        Claim::holds("conv.translation", "T_t x * y = T_t (x * y) = x * T_t y", translation(Convolution))
            .theorem("convolution_translation")
            .theorem("convolution_translation_abelian")
            .mutant("the kernel is not flipped", translation(NotFlipped))
            .mutant("zeros beyond the border, and only the frame is kept", translation(ZerosBeyond)),
        Claim::holds(
            "conv.point_symmetry",
            "(g ▷ x) * (g ▷ y) = g ▷ (x * y) for g in B_d; a kernel that B_d fixes commutes with it",
            point_symmetry(Convolution),
        )
        .theorem("convolution_automorphism")
        .theorem("symmetric_kernel")
        .theorem("convolution_quarter_turn")
        .theorem("convolution_mirror")
        .mutant("the result is one step late", point_symmetry(Late)),
        Claim::fails(
            "conv.point_symmetry.any_kernel",
            "convolution with any kernel commutes with B_d: x * (g ▷ y) = g ▷ (x * y)",
            |examiner| {
                let report = Report::none(filtering(examiner, &Kernel::Any, Convolution)?);
                Ok::<_, ExamineError>(report.with_largest(stabilisers(examiner)?))
            },
        )
        .theorem("symmetric_kernel_iff")
        .mutant("the kernel is averaged over the group first", |examiner| {
            filtering(examiner, &Kernel::Averaged, Convolution).map(Report::none)
        }),
    ]
}

fn translation(examiner: &Examiner, product: Product) -> Result<Report, ExamineError> {
    Ok(Report::all([
        examiner.examine(&on_torus::<1>(product).at([6]).at_large([24]))?,
        examiner.examine(&on_torus::<2>(product).at([3, 4]).at_large([7, 6]))?,
        examiner.examine(&on_torus::<3>(product).at([2, 3, 2]).at_large([4, 3, 5]))?,
        examiner.examine(&unbounded(product, 1).at([3, 4]).at_large([6, 17]))?,
        examiner.examine(&unbounded(product, 2).at([2, 3, 3, 2]).at_large([3, 4, 7, 6]))?,
        examiner.examine(&unbounded(product, 3).at([1, 2, 2, 2, 2, 1]).at_large([2, 3, 2, 4, 3, 5]))?,
    ]))
}

/// Cyclic translations, by their generators.
fn on_torus<const D: usize>(product: Product) -> Statement {
    on_grids(D, &[""], move |shapes| {
        let group = CyclicTranslations::<D>::new(std::array::from_fn(|axis| shapes[0][axis]));
        let mut cases = Vec::new();
        for step in group.generators() {
            for moved in [Moved::Kernel, Moved::Signal] {
                cases.push(Case::for_element(
                    step,
                    Motion {
                        motion: Move { group, element: step, action: OnGrid },
                        moved,
                        product,
                        extent: Extent::Circular,
                        shapes: [shapes[0].clone(), shapes[0].clone()],
                    },
                ));
            }
        }
        Ok(cases)
    })
    .shrinking_to(vec![1; D])
}

/// Translations of functions of finite support on ℤ^d: one step along each axis.
fn unbounded(product: Product, rank: usize) -> Statement {
    on_grids(rank, &["x", "y"], move |shapes| {
        let mut cases = Vec::new();
        for axis in 0..rank {
            for moved in [Moved::Kernel, Moved::Signal] {
                cases.push(Case::for_element(
                    format!("one step along axis {axis}"),
                    Motion {
                        motion: OneStep { axis },
                        moved,
                        product,
                        extent: Extent::Full,
                        shapes: [shapes[0].clone(), shapes[1].clone()],
                    },
                ));
            }
        }
        Ok(cases)
    })
    .shrinking_to(vec![1; 2 * rank])
}

fn point_symmetry(examiner: &Examiner, product: Product) -> Result<Report, ExamineError> {
    let mut reports = vec![
        examiner.examine(&turned::<1>(product, Extent::Circular).at([5]).at_large([24]))?,
        examiner.examine(&turned::<2>(product, Extent::Circular).at([3, 4]).at_large([7, 6]))?,
        examiner.examine(&turned::<3>(product, Extent::Circular).at([2, 3, 2]).at_large([4, 3, 5]))?,
        examiner.examine(&turned::<1>(product, Extent::Full).at([3, 4]).at_large([6, 17]))?,
        examiner.examine(&turned::<2>(product, Extent::Full).at([2, 3, 3, 2]).at_large([3, 4, 7, 6]))?,
        examiner.examine(
            &turned::<3>(product, Extent::Full).at([1, 2, 2, 2, 2, 1]).at_large([2, 3, 2, 4, 3, 5]),
        )?,
    ];
    reports.extend(filtering(examiner, &Kernel::Averaged, product)?);
    Ok(Report::all(reports))
}

/// Both operands are turned by the generators of B_d, circular about the origin and else about the middle.
fn turned<const D: usize>(product: Product, extent: Extent) -> Statement {
    let group = Hyperoctahedral::<D>;
    let operands: &[&str] = if extent == Extent::Circular { &[""] } else { &["x", "y"] };
    on_grids(D, operands, move |shapes| {
        let shapes = [shapes[0].clone(), shapes[shapes.len() - 1].clone()];
        let moved = Moved::Both;
        let cases = group.generators().into_iter().map(|element| {
            let (g, shapes) = (element, shapes.clone());
            match extent {
                Extent::Circular => {
                    let motion = Move { group, element, action: AboutOrigin };
                    Case::for_element(g, Motion { motion, moved, product, extent, shapes })
                }
                _ => {
                    let motion = Move { group, element, action: OnGrid };
                    Case::for_element(g, Motion { motion, moved, product, extent, shapes })
                }
            }
        });
        Ok(cases.collect())
    })
    .shrinking_to(vec![1; D * operands.len()])
}
