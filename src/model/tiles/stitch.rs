//! Running a plan, one piece after the other.
//!
//! Memory is that of one piece; a program is built once for each shape of a piece, of which there are three
//! along an axis.

use std::collections::HashMap;

use ndarray::{ArrayD, Axis, Slice};

use super::plan::{TilePiece, TilePlan};
use super::sizes::Sizes;
use crate::model::{ElementType, Floats, JudgeError, Program};

/// A model that runs the pieces of plans, and whole images.
pub struct TileRunner<'m> {
    sizes: &'m Sizes<'m>,
    programs: HashMap<Vec<usize>, Program>,
}

impl<'m> TileRunner<'m> {
    pub(super) fn new(sizes: &'m Sizes<'m>) -> Result<Self, JudgeError> {
        match sizes.model.inputs().len() {
            1 => Ok(TileRunner { sizes, programs: HashMap::new() }),
            count => {
                Err(sizes.refuse(format!("expected a model with this input alone, found {count} inputs")))
            }
        }
    }

    /// The shape of the input for this size of the image.
    pub fn shape(&self, size: &[usize]) -> Vec<usize> {
        self.sizes.shape(self.sizes.leader, size)
    }

    /// The axes of the input along which the image has its size.
    pub fn axes(&self) -> &[usize] {
        &self.sizes.axes
    }

    /// The type of the first output.
    ///
    /// # Errors
    /// If the model cannot be built.
    pub fn element(&mut self) -> Result<ElementType, JudgeError> {
        let small = self.sizes.small.clone();
        let program = self.program(&small)?;
        Ok(program.slots[program.outputs[0]].element)
    }

    /// The program for this size of the image.
    ///
    /// # Errors
    /// If the model cannot be built for it.
    pub fn program(&mut self, size: &[usize]) -> Result<&Program, JudgeError> {
        if !self.programs.contains_key(size) {
            let program = self.sizes.program(size)?;
            self.programs.insert(size.to_vec(), program);
        }
        Ok(&self.programs[size])
    }

    /// The first output for an image, or for a part of one, in floats as the model has them.
    ///
    /// # Errors
    /// If the image does not fit, or the model does not run.
    pub fn run(&mut self, image: ArrayD<f64>) -> Result<ArrayD<f64>, JudgeError> {
        let size: Vec<usize> = self.sizes.axes.iter().map(|&axis| image.shape()[axis]).collect();
        let program = self.program(&size)?;
        let mut outputs = program.outputs(&Floats::of_the_model(), &[image])?;
        let first = std::sync::Arc::unwrap_or_clone(outputs.swap_remove(0));
        Ok(first)
    }

    /// What a piece gives: the part of the first output that is written, for what it reads of the image.
    ///
    /// # Errors
    /// As those of [`run`](Self::run).
    pub fn piece(
        &mut self,
        plan: &TilePlan,
        piece: &TilePiece,
        read: ArrayD<f64>,
    ) -> Result<ArrayD<f64>, JudgeError> {
        let output = self.run(read)?;
        let mut part = output.view();
        for (&axis, crop) in plan.axes.iter().zip(&piece.crop) {
            part.slice_axis_inplace(Axis(axis), Slice::from(crop[0]..crop[1]));
        }
        Ok(part.as_standard_layout().into_owned())
    }
}
