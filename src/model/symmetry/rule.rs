//! The rule by which a certificate is checked: what an entry of a result is computed from.
//!
//! Terms are compared with each entry that is read named by what it is known as: a number, a constant by its
//! name, or the entry of which it is a copy. Two constants with one name are equal bit for bit, or computed
//! by one operation from such.

use std::collections::HashMap;

use super::terms::{Atom, Term, Terms, number};
use crate::model::{Function, Operation, Origin, Program, Source, Step};

/// What an entry that is read is known as: a place that varies, or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Known {
    Nothing,
    /// A number in the description of a step, and a constant of the model.
    Number(u64),
    Constant(u32),
    Varying(usize, u32),
    /// A tensor without a permutation.
    Unknown(usize, u32),
}

/// The rule for one program.
pub(super) struct Rule<'p> {
    program: &'p Program,
    constants: Constants,
    /// For each entry of a tensor that varies what it is a copy of.
    originals: Vec<Vec<Known>>,
}

impl<'p> Rule<'p> {
    pub(super) fn of(program: &'p Program, varies: &[bool]) -> Self {
        let constants = Constants::of(program, varies);
        let originals = originals(program, varies, &constants);
        Rule { program, constants, originals }
    }

    /// The first entry of the result of a step for which the rule does not hold: its terms, moved by these
    /// permutations, are not those of the entry that `output` says.
    pub(super) fn first_difference(
        &self,
        step: &Step,
        output: &[u32],
        sources: &[Option<Vec<u32>>],
    ) -> Option<usize> {
        let Rule { program, constants, originals } = self;
        let terms = Terms::new(program, step);
        let known = |atom: Atom, moved: bool| match atom {
            Atom::Nothing => Known::Nothing,
            Atom::Number(bits) => Known::Number(bits),
            Atom::Entry { slot, entry } => match originals[slot].get(entry) {
                None => Known::Constant(constants.entries[slot][entry]),
                Some(&Known::Varying(slot, entry)) if moved => match &sources[slot] {
                    Some(list) => Known::Varying(slot, list[entry as usize]),
                    None => Known::Unknown(slot, entry),
                },
                Some(&Known::Varying(slot, entry)) if sources[slot].is_none() => Known::Unknown(slot, entry),
                Some(&known) => known,
            },
        };
        let bag = |list: &[Term], moved: bool, bag: &mut Vec<[Known; 2]>| {
            bag.clear();
            bag.extend(list.iter().map(|term| term.map(|atom| known(atom, moved))));
            let zero = Known::Constant(constants.zero);
            if terms.is_bilinear() {
                bag.retain(|term| !term.contains(&zero));
            } else if is_product(&step.operation) && bag.iter().any(|term| term[0] == zero) {
                bag.clear();
                bag.push([zero, Known::Nothing]);
            }
            bag.sort_unstable();
            if terms.is_set() {
                bag.dedup();
            }
        };
        let (mut list, mut own, mut image) = (Vec::new(), Vec::new(), Vec::new());
        (0..terms.count()).find(|&entry| {
            terms.of(entry, &mut list);
            bag(&list, true, &mut own);
            terms.of(output[entry] as usize, &mut list);
            bag(&list, false, &mut image);
            let is_unknown = |term: &[Known; 2]| term.iter().any(|known| matches!(known, Known::Unknown(..)));
            own != image || own.iter().any(is_unknown)
        })
    }
}

/// For each entry of a tensor that varies the entry of which it is a copy, or the number: what is multiplied
/// by zero is zero.
fn originals(program: &Program, varies: &[bool], constants: &Constants) -> Vec<Vec<Known>> {
    let mut originals: Vec<Vec<Known>> = vec![Vec::new(); program.slots.len()];
    let own = |slot: usize| -> Vec<Known> {
        let count = program.slots[slot].shape.iter().product::<usize>() as u32;
        (0..count).map(|entry| Known::Varying(slot, entry)).collect()
    };
    for &slot in &program.inputs {
        originals[slot] = own(slot);
    }
    for step in program.steps.iter().filter(|step| varies[step.output]) {
        originals[step.output] = match &step.operation {
            Operation::Rearrange(sources) => {
                let of = |source: &Source| match *source {
                    Source::Constant(value) => match number(value) {
                        Atom::Number(bits) => Known::Number(bits),
                        _ => Known::Nothing,
                    },
                    Source::Entry { input, entry } => {
                        let slot = step.inputs[input as usize];
                        match originals[slot].get(entry as usize) {
                            Some(original) => *original,
                            None => Known::Constant(constants.entries[slot][entry as usize]),
                        }
                    }
                };
                sources.iter().map(of).collect()
            }
            operation if is_product(operation) => {
                let terms = Terms::new(program, step);
                let mut list = Vec::new();
                let is_zero = |term: &Term| match term[0] {
                    Atom::Entry { slot, entry } => {
                        constants.entries[slot].get(entry) == Some(&constants.zero)
                    }
                    _ => false,
                };
                let of = |(entry, own): (usize, Known)| {
                    terms.of(entry, &mut list);
                    if list.iter().any(is_zero) { Known::Constant(constants.zero) } else { own }
                };
                own(step.output).into_iter().enumerate().map(of).collect()
            }
            _ => own(step.output),
        };
    }
    originals
}

fn is_product(operation: &Operation) -> bool {
    matches!(operation, Operation::Pointwise(Function::Multiply))
}

/// Names for the entries of tensors that do not vary: equal names mean equal values.
struct Constants {
    entries: Vec<Vec<u32>>,
    zero: u32,
}

impl Constants {
    /// Numbers are named by their bits; what is computed from constants by the step's operation and its
    /// terms.
    fn of(program: &Program, varies: &[bool]) -> Self {
        let mut names: HashMap<(String, Vec<[Known; 2]>), u32> = HashMap::new();
        let mut name = |operation: &str, terms: Vec<[Known; 2]>| {
            let next = names.len() as u32;
            *names.entry((operation.to_owned(), terms)).or_insert(next)
        };
        let of_number = |value: f64, name: &mut dyn FnMut(&str, Vec<[Known; 2]>) -> u32| match number(value) {
            Atom::Number(bits) => name("", vec![[Known::Number(bits), Known::Nothing]]),
            _ => 0,
        };
        let zero = of_number(0.0, &mut name);
        let mut entries = vec![Vec::new(); program.slots.len()];
        for (slot, description) in program.slots.iter().enumerate() {
            if let Origin::Constant(values) = &description.origin {
                entries[slot] = values.iter().map(|&value| of_number(value, &mut name)).collect();
            }
        }
        for step in program.steps.iter().filter(|step| !varies[step.output]) {
            let terms = Terms::new(program, step);
            // Windows and lists are in the terms; what is left of an operation is its kind and its function.
            let kind = match &step.operation {
                Operation::Pointwise(function) => format!("{function:?}"),
                Operation::Reduce(reduction, _) => format!("reduce {reduction:?}"),
                Operation::Rearrange(_) => "rearrange".to_owned(),
                Operation::Convolution(_) | Operation::Product => "products".to_owned(),
            };
            let mut list = Vec::new();
            let mut result = Vec::with_capacity(terms.count());
            for entry in 0..terms.count() {
                terms.of(entry, &mut list);
                let known = |atom: Atom| match atom {
                    Atom::Nothing => Known::Nothing,
                    Atom::Number(bits) => Known::Number(bits),
                    Atom::Entry { slot, entry } => Known::Constant(entries[slot][entry]),
                };
                let mut bag: Vec<[Known; 2]> = list.iter().map(|term| term.map(known)).collect();
                bag.sort_unstable();
                result.push(match (&step.operation, &bag[..]) {
                    (Operation::Rearrange(_), [[Known::Constant(only), _]]) => *only,
                    (Operation::Rearrange(_), [[Known::Number(bits), _]]) => {
                        of_number(f64::from_bits(*bits), &mut name)
                    }
                    _ => name(&kind, bag),
                });
            }
            entries[step.output] = result;
        }
        Constants { entries, zero }
    }
}
