//! Pooling of group feature maps: over orientations and cosets, and in space.

use ndarray::{ArrayD, Axis};

use super::layers::{quotient, turning};
use crate::claims::Claim;
use crate::group::{C4, D4};
use crate::layer::{GroupPool, Layer, Mode, Pool, Reduction};
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "gconv.pool",
            "pooling over orientations gives invariants, over cosets functions on the quotient, and in space \
             fields of the same type: each commutes with the group",
            |examiner| commutes(examiner, Fault::None),
        )
        .theorem("coset_pool_equivariant")
        .theorem("coset_pool_invariant")
        .theorem("projection_equivariant")
        .theorem("group_window_equivariant")
        .theorem("pool_stride_equivariance")
        .mutant("one orientation is left out", |examiner| commutes(examiner, Fault::OneLeftOut))
        .mutant("neighbouring channels that are no cosets", |examiner| commutes(examiner, Fault::Neighbours))
        .mutant("cosets from the wrong side", |examiner| commutes(examiner, Fault::WrongSide))
        .mutant("a grid that windows cover on one side only", |examiner| commutes(examiner, Fault::OddGrid)),
    ]
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    OneLeftOut,
    Neighbours,
    WrongSide,
    OddGrid,
}

/// Pooling over given channels of each field.
#[derive(Clone, Debug)]
struct Sets {
    pool: GroupPool,
    fault: Fault,
}

impl Sets {
    fn sets(&self) -> Result<Vec<Vec<usize>>, Failure> {
        let (pool, group) = (&self.pool, self.pool.from.group());
        let mut sets = pool.sets()?;
        let members = sets[0].len();
        match self.fault {
            Fault::OneLeftOut => {
                sets[0].pop();
            }
            Fault::Neighbours => {
                sets = (0..sets.len()).map(|set| (set * members..(set + 1) * members).collect()).collect();
            }
            Fault::WrongSide => {
                // Lh in place of hL.
                let stabiliser = &pool.to.cosets()[0];
                let representative = |set: &Vec<usize>| set[0];
                sets = sets
                    .iter()
                    .map(representative)
                    .map(|h| stabiliser.iter().map(|&a| group.compose(a, h)).collect())
                    .collect();
            }
            Fault::None | Fault::OddGrid => {}
        }
        Ok(sets)
    }
}

impl Map for Sets {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        if self.fault == Fault::None {
            return Ok(self.pool.forward(x, &[], Mode::Inference)?);
        }
        let sets = self.sets()?;
        let mut output = ArrayD::from_elem(self.pool.output_shape(x.shape())?, S::zero());
        for (channel, mut target) in output.axis_iter_mut(Axis(1)).enumerate() {
            let (field, set) = (channel / sets.len(), &sets[channel % sets.len()]);
            let member = |coset: &usize| x.index_axis(Axis(1), field * self.pool.from.size() + coset);
            target.assign(&member(&set[0]));
            for coset in &set[1..] {
                match self.pool.reduction {
                    Reduction::Maximum => target.zip_mut_with(&member(coset), |a, b| *a = a.maximum(b)),
                    Reduction::Mean | Reduction::Sum => {
                        target.zip_mut_with(&member(coset), |a, b| a.add_in_place(b));
                    }
                }
            }
            if self.pool.reduction == Reduction::Mean {
                target.mapv_inplace(|sum| sum.divide_by_integer(set.len() as u64));
            }
        }
        Ok(output)
    }
}

fn commutes(examiner: &Examiner, fault: Fault) -> Result<Report, ExamineError> {
    let (c4, d4) = (GridGroup::c4(), GridGroup::d4());
    let mut reports = Vec::new();
    for reduction in [Reduction::Maximum, Reduction::Mean, Reduction::Sum] {
        let maps = FeatureType::regular(&c4, 2);
        let length = if fault == Fault::OddGrid { 3 } else { 4 };
        let windows = match reduction {
            Reduction::Maximum => Pool::maximum([2, 2]),
            Reduction::Mean => Pool::mean([2, 2]),
            Reduction::Sum => Pool::sum([2, 2]),
        };
        let in_space = turning(C4, windows, &maps, &maps).at([1, 8, length, length]).at_large([
            2,
            8,
            length + 2,
            length + 4,
        ]);
        if matches!(fault, Fault::None | Fault::OddGrid) {
            reports.push(examiner.examine(&in_space)?);
        }
        if fault == Fault::OddGrid {
            continue;
        }
        let half_turns = quotient(&c4, &[2]);
        let over = |from: &FeatureType, to: &FeatureType| {
            let (from, to) = (from.with_fields(2), to.with_fields(2));
            Sets { pool: GroupPool::new(from, to, reduction), fault }
        };
        let regular = FeatureType::regular(&d4, 1);
        // Of p4: all orientations; those that a half turn exchanges.
        if fault != Fault::WrongSide {
            for to in [FeatureType::trivial(&c4, 1), half_turns] {
                // All orientations are neighbours.
                if fault == Fault::Neighbours && to.is_trivial() {
                    continue;
                }
                let map = over(&maps, &to);
                let statement = turning(C4, map, &maps, &to.with_fields(2));
                let statement = statement.at([1, 8, 2, 3]).at_large([2, 8, 5, 4]);
                reports.push(examiner.examine(&statement)?);
            }
        }
        // Of p4m: a mirror image, which generates no normal subgroup; and from one quotient to the next.
        if fault != Fault::Neighbours {
            let (mirror, both) = (quotient(&d4, &[4]), quotient(&d4, &[2, 4]));
            let steps = if fault == Fault::WrongSide {
                vec![(regular, mirror)]
            } else {
                vec![(regular, mirror.clone()), (mirror, both.clone()), (both, FeatureType::trivial(&d4, 1))]
            };
            for (from, to) in steps {
                let map = over(&from, &to);
                let channels = 2 * from.size();
                let statement = turning(D4, map, &from.with_fields(2), &to.with_fields(2));
                let statement = statement.at([1, channels, 2, 2]).at_large([2, channels, 4, 3]);
                reports.push(examiner.examine(&statement)?);
            }
        }
    }
    Ok(Report::all(reports))
}
