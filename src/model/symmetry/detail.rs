//! What is told of a model besides the verdict: its nodes layer by layer, classes that change, bounds in
//! floats.

use ndarray::ArrayD;

use super::decide::Judge;
use super::exact::Prover;
use super::groups::{Element, SymmetryGroup};
use super::report::{Basis, GroupReport, GroupVerdict, LayerReport};
use crate::model::run::RunError;
use crate::model::{Floats, Origin};

impl Judge<'_> {
    /// The name and the operator of a node.
    pub(super) fn node(&self, number: usize) -> (String, String) {
        self.model.node_name(number)
    }

    /// The last slot that the node of a step computes, from this step on.
    pub(super) fn given_by(&self, step: usize) -> usize {
        let node = self.program.steps[step].node;
        let last = (step..self.program.steps.len()).rev().find(|&step| self.program.steps[step].node == node);
        self.program.steps[last.unwrap_or(step)].output
    }

    /// How often the greatest entry of the first output stays the greatest, of outputs (batch, classes).
    pub(super) fn consistency(&self, report: &mut GroupReport) -> Result<(), RunError> {
        let output = self.meter.output(0);
        let is_class = output.ndim() == 2 && output.shape()[1] > 1 || output.ndim() == 1 && output.len() > 1;
        if !is_class || report.verdict == GroupVerdict::Equivariant {
            return Ok(());
        }
        let own = &self.moving.own;
        let elements = report.group.elements(own).unwrap_or_default();
        let top = |array: &ArrayD<f64>| -> Vec<usize> {
            let classes = array.shape()[array.ndim() - 1];
            let list: Vec<f64> = array.iter().copied().collect();
            let greatest =
                |row: &[f64]| (0..row.len()).reduce(|a, b| if row[b] > row[a] { b } else { a }).unwrap_or(0);
            list.chunks(classes).map(greatest).collect()
        };
        let (mut same, mut count) = (0_usize, 0_usize);
        // All samples, and two random inputs.
        let count_of_trials = self.trials.len().saturating_sub(3).max(1);
        let floats = self.program.prepare(&Floats::of_the_model());
        for inputs in self.trials.iter().take(count_of_trials) {
            let before = top(&floats.outputs(inputs)?[0]);
            for element in elements.iter().take(4) {
                let Some(moved) = self.moving.apply(&element.motion, inputs) else { continue };
                let after = top(&floats.outputs(&moved)?[0]);
                same += before.iter().zip(&after).filter(|(a, b)| a == b).count();
                count += before.len();
            }
        }
        report.consistency = (count > 0).then(|| same as f64 / count as f64);
        Ok(())
    }

    /// The bound of the deviation in floats, of what is proved.
    pub(super) fn bound(&self, report: &mut GroupReport, change: f64) -> Result<(), RunError> {
        let (Some(reach), Some(Basis::Proved | Basis::ProvedMended)) = (self.reach, report.basis) else {
            return Ok(());
        };
        let bound = super::deviation::bound(self.program, reach, change)?;
        report.deviation_bound = Some((reach, bound));
        let output = self.meter.output(0).iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
        if bound > output {
            report.deviation_on_samples =
                super::deviation::on_samples(self.program, self.trials, reach, change)?;
        }
        Ok(())
    }

    /// What every node does under an element.
    pub(super) fn layers(
        &self,
        group: SymmetryGroup,
        element: &Element,
        prover: Option<&Prover<'_>>,
    ) -> Result<Vec<LayerReport>, RunError> {
        let motion = &element.motion;
        let Some(moved) = self.meter.moved(self.moving, motion)? else { return Ok(Vec::new()) };
        let finding = match prover {
            Some(prover) => prover.judge(self.moving, motion)?,
            None => None,
        };
        let varies = super::exact::varying(self.program);
        let mut layers = Vec::new();
        for (number, step) in self.program.steps.iter().enumerate() {
            let is_last = self.given_by(number) == step.output;
            if !is_last
                || !varies[step.output]
                || !matches!(self.program.slots[step.output].origin, Origin::Step(_))
            {
                continue;
            }
            let (node, operator) = self.node(step.node);
            let (nearest, error) = self.meter.error(self.moving, motion, &moved, step.output);
            let (action, relative_error) = match (prover, &finding) {
                (Some(prover), Some(finding)) => match prover.twin(self.moving, motion, finding, step.output)
                {
                    Some(twin) => (Some(twin.to_string()), self.meter.error_of(&twin, &moved, step.output)),
                    None => (None, error),
                },
                _ => (Some(format!("nearest: {nearest}")), error),
            };
            let shape = self.program.slots[step.output].shape.clone();
            layers.push(LayerReport {
                group,
                element: element.name.clone(),
                node,
                operator,
                shape,
                action,
                relative_error,
            });
        }
        Ok(layers)
    }
}
