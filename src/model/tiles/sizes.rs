//! Programs for images of other sizes, and the sizes at which a model runs.
//!
//! A model is built for every size of one axis up to [`LARGEST`], while the others are small. A file that has
//! numbers for the extents of its image is built for other sizes as well, where its graph allows that: what
//! is written into shapes of the graph, for a dense layer say, fits one size only.

use rayon::prelude::*;

use crate::model::symmetry::{Moving, leader, program, space};
use crate::model::{Extent, JudgeError, Model, ModelError, Program};

/// The largest size that is tried.
pub(super) const LARGEST: usize = 128;
/// The least size of the axes that do not vary, where the model runs at several.
const SMALL: usize = 8;

/// A model whose image has any size.
#[derive(Debug)]
pub(super) struct Sizes<'m> {
    pub(super) model: &'m Model,
    /// The inputs with the shapes that were asked for, or chosen.
    shapes: Vec<(String, Vec<usize>)>,
    /// Whether each input grows with the image.
    pub(super) moves: Vec<bool>,
    /// The input that is the image.
    pub(super) leader: usize,
    /// Its axes of space.
    pub(super) axes: Vec<usize>,
    /// The size that was asked for, or chosen.
    pub(super) own: Vec<usize>,
    /// A small size at which the model runs.
    pub(super) small: Vec<usize>,
    pub(super) remarks: Vec<String>,
}

/// The sizes of one axis at which a model runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// For each size from 1 to [`LARGEST`] whether the model runs.
    runs: Vec<bool>,
    /// The least step from each size that runs to another.
    pub(super) step: usize,
}

impl<'m> Sizes<'m> {
    pub(super) fn of(model: &'m Model, asked: &[(String, Vec<usize>)]) -> Result<Self, JudgeError> {
        let (program, remarks) = program(model, asked)?;
        let leader = leader(&program).ok_or_else(|| JudgeError::Nothing(model.file.clone()))?;
        let moves = Moving::of(&program, leader).moves;
        let shape = |slot: usize| program.slots[slot].shape.clone();
        let names = model.inputs().iter().map(|port| port.name.clone());
        let shapes: Vec<_> = names.zip(program.inputs.iter().map(|&slot| shape(slot))).collect();
        let axes = space(&shapes[leader].1);
        let own: Vec<usize> = axes.iter().map(|&axis| shapes[leader].1[axis]).collect();
        let small = own.clone();
        let mut sizes = Sizes { model, shapes, moves, leader, axes, own, small, remarks };
        let equal = |extent: usize| vec![extent; sizes.axes.len()];
        let small = (SMALL..=LARGEST).map(equal).find(|size| sizes.program(size).is_ok_and(|p| is_full(&p)));
        sizes.small = small.unwrap_or_else(|| sizes.own.clone());
        Ok(sizes)
    }

    /// The shape of an input for this size of the image.
    pub(super) fn shape(&self, input: usize, size: &[usize]) -> Vec<usize> {
        let mut shape = self.shapes[input].1.clone();
        if self.moves[input] {
            self.axes.iter().zip(size).for_each(|(&axis, &extent)| shape[axis] = extent);
        }
        shape
    }

    /// The model for this size of the image.
    pub(super) fn program(&self, size: &[usize]) -> Result<Program, ModelError> {
        let shapes: Vec<Vec<usize>> = (0..self.shapes.len()).map(|input| self.shape(input, size)).collect();
        let named =
            self.shapes.iter().zip(&shapes).map(|((name, _), shape)| (name.as_str(), shape.as_slice()));
        self.model.resized(&named.collect::<Vec<_>>())
    }

    /// What is asked of the image cannot be.
    pub(super) fn refuse(&self, reason: String) -> JudgeError {
        let input = self.model.inputs()[self.leader].name.clone();
        JudgeError::Model(ModelError::Input { file: self.model.file.clone(), input, reason })
    }

    /// A size that is small but along one axis.
    pub(super) fn strip(&self, axis: usize, extent: usize) -> Vec<usize> {
        let mut size = self.small.clone();
        size[axis] = extent;
        size
    }

    /// The size of the image that the file fixes, in words.
    pub(super) fn fixed(&self) -> Option<String> {
        let shape = self.model.inputs()[self.leader].shape.as_ref()?;
        let extents = self.axes.iter().map(|&axis| match shape.get(axis) {
            Some(Extent::Fixed(extent)) => Some(extent.to_string()),
            _ => None,
        });
        Some(extents.collect::<Option<Vec<_>>>()?.join("×"))
    }

    /// The sizes of an axis at which the model runs.
    pub(super) fn running(&self, axis: usize) -> Running {
        let all: Vec<bool> = (1..=LARGEST)
            .into_par_iter()
            .map(|extent| self.program(&self.strip(axis, extent)).is_ok_and(|program| is_full(&program)))
            .collect();
        let runs = |extent: usize| all[extent - 1];
        let first = (1..=LARGEST).find(|&extent| runs(extent)).unwrap_or(LARGEST);
        let repeats = |&step: &usize| {
            // From the middle on: what is too small for a layer need not repeat.
            let from = first.max(LARGEST / 2 - step);
            (from..=LARGEST - step).all(|extent| runs(extent) == runs(extent + step))
        };
        let step = (1..LARGEST / 2).find(repeats).unwrap_or(LARGEST);
        Running { runs: all, step }
    }
}

/// Whether every output has entries.
fn is_full(program: &Program) -> bool {
    program.outputs.iter().all(|&slot| !program.slots[slot].shape.contains(&0))
}

impl Running {
    /// Whether the model runs at this size; beyond the largest that was tried, whether the pattern says so.
    pub(super) fn runs(&self, extent: usize) -> bool {
        let within = match extent.checked_sub(LARGEST) {
            Some(beyond) if beyond > 0 => extent - beyond.div_ceil(self.step) * self.step,
            _ => extent,
        };
        within > 0 && self.runs[within - 1]
    }

    /// Whether the larger sizes that were tried do not run: the model is for images of one size, or of a few.
    pub(super) fn is_bounded(&self) -> bool {
        !self.runs[LARGEST / 2..].contains(&true)
    }

    /// The least size from this on at which it runs.
    pub(super) fn from(&self, extent: usize) -> Option<usize> {
        (extent..=extent + self.step.max(LARGEST)).find(|&extent| self.runs(extent))
    }
}
