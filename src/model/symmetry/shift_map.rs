//! The error of small shifts along two axes, for a picture: what stride and padding do to translations.

use ndarray::{Array2, ArrayD};

use super::decide::Judge;
use super::groups::{shift, space};
use super::measured::{greatest, relative};
use super::motion::Motion;
use super::terms::Terms;
use crate::model::Floats;
use crate::model::run::{Prepared, RunError};

/// Shifts along an axis, with that by nothing.
const SHIFTS: usize = 8;
/// Products that a map may take.
const MAP_TERMS: usize = 1 << 29;

/// The relative error of cyclic shifts along one axis or two.
#[derive(Clone, Debug, PartialEq)]
pub struct ShiftMap {
    /// The axis of the rows, if there are two, and that of the columns.
    pub axes: (Option<usize>, usize),
    /// The relative error of the outputs in floats for each pair of shifts; the outputs may stay, or move
    /// alike at their own resolution.
    pub errors: Array2<f64>,
}

impl Judge<'_> {
    /// The map of an input; `None` where it has no axis of space, or a map would take too long.
    pub(super) fn shift_map(&self) -> Result<Option<ShiftMap>, RunError> {
        let own = &self.moving.own;
        let axes: Vec<usize> = space(own).into_iter().filter(|&axis| own[axis] > 1).collect();
        let (rows, columns) = match axes[..] {
            [] => return Ok(None),
            [only] => (None, only),
            [.., rows, columns] => (Some(rows), columns),
        };
        let terms = self.program.steps.iter().map(|step| Terms::new(self.program, step));
        let work = terms.map(|terms| terms.count() * terms.width()).sum::<usize>().max(1);
        let cells = |shifts: usize| rows.map_or(shifts, |_| shifts * shifts);
        let Some(shifts) = (2..=SHIFTS).rev().find(|&shifts| cells(shifts).saturating_mul(work) <= MAP_TERMS)
        else {
            return Ok(None);
        };
        let count = |axis: usize| own[axis].min(shifts);
        let mut errors = Array2::zeros((rows.map_or(1, count), count(columns)));
        let floats = self.program.prepare(&Floats::of_the_model());
        for ((down, across), error) in errors.indexed_iter_mut() {
            let motions = [(rows, down), (Some(columns), across)]
                .map(|(axis, by)| axis.filter(|_| by > 0).map(|axis| shift(axis, by).motion));
            *error = self.error_of_all(&floats, &motions.into_iter().flatten().collect::<Vec<_>>())?;
        }
        Ok(Some(ShiftMap { axes: (rows, columns), errors }))
    }

    /// The error of motions one after the other, each of which an output may follow or not.
    fn error_of_all(&self, floats: &Prepared<'_, Floats>, motions: &[Motion]) -> Result<f64, RunError> {
        let mut inputs = self.trials[0].clone();
        for motion in motions {
            let Some(moved) = self.moving.apply(motion, &inputs) else { return Ok(f64::NAN) };
            inputs = moved;
        }
        let outputs = floats.outputs(&inputs)?;
        let errors = outputs.iter().enumerate().map(|(number, after)| {
            let mut candidates: Vec<ArrayD<f64>> = vec![self.meter.output(number).as_ref().clone()];
            for motion in motions {
                let followed = candidates.iter().flat_map(|before| {
                    let ways = motion.transported(&self.moving.own, before.shape());
                    ways.into_iter().filter_map(|way| way.apply(before)).collect::<Vec<_>>()
                });
                let followed: Vec<_> = followed.collect();
                candidates.extend(followed);
            }
            candidates.iter().map(|before| relative(before, after)).fold(f64::INFINITY, f64::min)
        });
        Ok(errors.fold(0.0, greatest))
    }
}
