//! The largest subgroup that holds, element by element; of translations the lattice.

use std::collections::BTreeMap;

use super::decide::{Judge, Looked};
use super::exact::Prover;
use super::groups::{SymmetryGroup, shift};
use super::measured::greatest;
use super::motion::Motion;
use super::report::{Basis, ElementReport, GroupReport};
use crate::model::run::RunError;

impl Judge<'_> {
    /// All elements that are looked at, with the largest subgroup that holds.
    pub(super) fn elements(
        &self,
        report: &mut GroupReport,
        looked: Vec<Looked>,
        prover: Option<&Prover<'_>>,
    ) -> Result<(), RunError> {
        let group = report.group;
        let is_shown = matches!(report.basis, Some(Basis::Proved | Basis::ProvedMended));
        let mut all = looked;
        if group == SymmetryGroup::Translate {
            if !is_shown {
                let lattice = self.lattice(&all, prover)?;
                report.largest = Some(words(&lattice));
            }
        } else {
            let others = group.elements(&self.moving.own).unwrap_or_default();
            for element in others {
                if all.iter().any(|looked| looked.element.motion == element.motion) {
                    continue;
                }
                let looked = match is_shown {
                    true => Looked { error: self.error(&element.motion, &[])?, ..Looked::unknown(element) },
                    false => self.look(element, prover)?,
                };
                all.push(looked);
            }
            if !is_shown {
                report.largest = Some(subgroup(&all));
            }
        }
        report.relative_error =
            Some(all.iter().map(|looked| looked.error).fold(0.0, greatest)).filter(|e| !e.is_nan());
        report.elements = all
            .into_iter()
            .map(|looked| ElementReport {
                holds: is_shown || looked.holds(),
                relative_error: looked.error,
                name: looked.element.name,
            })
            .collect();
        Ok(())
    }

    /// For each axis the least shift that holds, if there is one but that by the whole extent.
    fn lattice(
        &self,
        looked: &[Looked],
        prover: Option<&Prover<'_>>,
    ) -> Result<BTreeMap<usize, Option<usize>>, RunError> {
        let mut lattice = BTreeMap::new();
        for looked in looked {
            let Motion::Shift { axis, .. } = looked.element.motion else { continue };
            let extent = self.moving.own[axis];
            let mut least = looked.holds().then_some(1);
            let divisors = (2..=extent / 2).filter(|&by| extent.is_multiple_of(by));
            for by in divisors {
                if least.is_some() {
                    break;
                }
                let Some(prover) = prover else { break };
                let finding = prover.judge(self.moving, &shift(axis, by).motion)?;
                least = finding.is_some_and(|finding| finding.holds()).then_some(by);
            }
            lattice.insert(axis, least);
        }
        Ok(lattice)
    }
}

/// The translations of a lattice, in words.
fn words(lattice: &BTreeMap<usize, Option<usize>>) -> String {
    let axis = |(axis, least): (&usize, &Option<usize>)| match least {
        Some(1) => Some(format!("all shifts along axis {axis}")),
        Some(by) => Some(format!("shifts by multiples of {by} along axis {axis}")),
        None => None,
    };
    let parts: Vec<String> = lattice.iter().filter_map(axis).collect();
    if parts.is_empty() { "identity".to_owned() } else { parts.join(", ") }
}

/// A subgroup by the elements that were found in it.
fn subgroup(all: &[Looked]) -> String {
    let names: Vec<&str> =
        all.iter().filter(|looked| looked.holds()).map(|looked| looked.element.name.as_str()).collect();
    let has = |name: &str| names.contains(&name);
    match names.len() {
        0 => "identity".to_owned(),
        1 if has("Rot180") => "rot180".to_owned(),
        3 if has("Rot90") && has("Rot180") && has("Rot270") => "rot90".to_owned(),
        3 if has("Rot180") && names.iter().filter(|name| name.starts_with("Flip")).count() == 2 => {
            "flip".to_owned()
        }
        _ => names.join(", "),
    }
}
