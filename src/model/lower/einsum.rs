//! `Einsum`: sums of products by the letters of an equation.
//!
//! Operands are taken one after the other. Of two, letters that are in both and needed later are a batch,
//! those that are in both and needed no more are summed by a product of matrices, and the others are rows and
//! columns.

use super::super::error::{Refusal, malformed};
use super::super::{Source, data};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    (name == "Einsum").then_some(einsum as Lowering)
}

/// A tensor whose axes have letters, each once.
#[derive(Clone)]
struct Labelled {
    value: Value,
    letters: Vec<char>,
}

impl Labelled {
    fn extent(&self, letter: char) -> usize {
        self.letters.iter().position(|&other| other == letter).map_or(1, |axis| self.value.shape[axis])
    }
}

/// Letters for the axes of an ellipsis, counted from the last: none of those that an equation may have.
fn ellipsis(from_last: usize) -> char {
    char::from_u32(0x0100 + from_last as u32).unwrap_or('…')
}

fn letters(term: &str, rank: Option<usize>) -> Result<Vec<char>, Refusal> {
    let Some((before, after)) = term.split_once("...") else { return Ok(term.chars().collect()) };
    let named = before.chars().count() + after.chars().count();
    let Some(open) = rank.unwrap_or(named).checked_sub(named) else {
        return malformed(format!("term {term:?} has more letters than its operand axes"));
    };
    let open = (0..open).rev().map(ellipsis);
    Ok(before.chars().chain(open).chain(after.chars()).collect())
}

fn einsum(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let inputs = call.all_inputs()?;
    let equation = call.string("equation", "")?.replace(' ', "");
    if equation.len() > 4 * data::MOST_AXES {
        return malformed("the equation is too long");
    }
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let terms = left.split(',').collect::<Vec<_>>();
    if terms.len() != inputs.len() {
        return malformed(format!("{} terms for {} operands", terms.len(), inputs.len()));
    }
    let mut operands = Vec::new();
    for (term, value) in terms.iter().zip(&inputs) {
        let letters = letters(term, Some(value.rank()))?;
        if letters.len() != value.rank() {
            return malformed(format!("term {term:?} for an operand of {:?}", value.shape));
        }
        operands.push(diagonal(builder, value, &letters)?);
    }
    let all = operands.iter().flat_map(|operand| operand.letters.iter().copied()).collect::<Vec<_>>();
    let widest =
        all.iter().copied().filter(|letter| !letter.is_ascii()).map(|c| c as usize - 0x0100 + 1).max();
    let output = match right {
        Some(right) => {
            let named = right.replace("...", "").chars().count();
            letters(right, Some(named + if right.contains("...") { widest.unwrap_or(0) } else { 0 }))?
        }
        // Without an arrow: the ellipsis, then the letters that occur once in the equation, in order.
        None => {
            let count = |letter: char| left.chars().filter(|&other| other == letter).count();
            let mut once =
                left.chars().filter(|c| c.is_ascii_alphabetic() && count(*c) == 1).collect::<Vec<_>>();
            once.sort_unstable();
            (0..widest.unwrap_or(0)).rev().map(ellipsis).chain(once).collect()
        }
    };
    for (place, letter) in output.iter().enumerate() {
        if output[..place].contains(letter) || !all.contains(letter) {
            return malformed(format!("letter {letter:?} of the output of {equation:?}"));
        }
    }
    let mut rest = operands.into_iter();
    let Some(mut sum) = rest.next() else { return malformed("an equation without operands") };
    while let Some(next) = rest.next() {
        let later = rest.clone().flat_map(|operand| operand.letters).chain(output.iter().copied());
        sum = contract(builder, sum, next, &later.collect::<Vec<_>>())?;
    }
    let sum = keep(builder, sum, &output)?;
    let order = output.iter().map(|letter| sum.letters.iter().position(|other| other == letter));
    match order.collect::<Option<Vec<_>>>() {
        Some(order) => Ok(vec![builder.transpose(&sum.value, &order)?]),
        None => malformed(format!("the output of {equation:?} has letters of no operand")),
    }
}

/// The operand where axes of the same letter have the same index.
fn diagonal(builder: &mut Builder, value: &Value, letters: &[char]) -> Result<Labelled, Refusal> {
    let mut distinct: Vec<char> = Vec::new();
    let mut extents = Vec::new();
    for (axis, &letter) in letters.iter().enumerate() {
        match distinct.iter().position(|&other| other == letter) {
            Some(place) if extents[place] == value.shape[axis] => {}
            Some(_) => return malformed(format!("letter {letter:?} has two extents")),
            None => {
                distinct.push(letter);
                extents.push(value.shape[axis]);
            }
        }
    }
    if distinct.len() == letters.len() {
        return Ok(Labelled { value: value.clone(), letters: distinct });
    }
    let places = builder.places(0, value)?;
    let axes = letters.iter().map(|letter| distinct.iter().position(|other| other == letter).unwrap_or(0));
    let axes = axes.collect::<Vec<_>>();
    let places = ndarray::ArrayD::<Source>::from_shape_fn(extents.as_slice(), |index| {
        let from = axes.iter().map(|&axis| index[axis]).collect::<Vec<_>>();
        places[from.as_slice()]
    });
    Ok(Labelled { value: builder.rearrange(&[value], places, value.element)?, letters: distinct })
}

/// The sum over letters that are not needed.
fn keep(builder: &mut Builder, operand: Labelled, needed: &[char]) -> Result<Labelled, Refusal> {
    let axes = (0..operand.letters.len()).filter(|&axis| !needed.contains(&operand.letters[axis]));
    let axes = axes.collect::<Vec<_>>();
    if axes.is_empty() {
        return Ok(operand);
    }
    let sum = builder.sum(&operand.value, &axes)?;
    let letters = operand.letters.iter().copied().filter(|letter| needed.contains(letter)).collect();
    Ok(Labelled { value: builder.drop_axes(&sum, &axes)?, letters })
}

fn contract(builder: &mut Builder, a: Labelled, b: Labelled, later: &[char]) -> Result<Labelled, Refusal> {
    let a = keep(builder, a.clone(), &[&b.letters, later].concat())?;
    let b = keep(builder, b, &[&a.letters, later].concat())?;
    for &letter in a.letters.iter().filter(|letter| b.letters.contains(letter)) {
        let extents = [a.extent(letter), b.extent(letter)];
        if extents[0] != extents[1] && !extents.contains(&1) {
            return malformed(format!("letter {letter:?} has the extents {extents:?}"));
        }
    }
    let of = |operand: &Labelled, belongs: &dyn Fn(char) -> bool| {
        operand.letters.iter().copied().filter(|&letter| belongs(letter)).collect::<Vec<_>>()
    };
    let batch = of(&a, &|letter| b.letters.contains(&letter) && later.contains(&letter));
    let inner = of(&a, &|letter| b.letters.contains(&letter) && !later.contains(&letter));
    let rows = of(&a, &|letter| !b.letters.contains(&letter));
    let columns = of(&b, &|letter| !a.letters.contains(&letter));
    let extent = |letter: &char| a.extent(*letter).max(b.extent(*letter));
    let size = |letters: &[char]| letters.iter().map(extent).product::<usize>();
    let mut arrange = |operand: &Labelled, letters: [&[char]; 3]| {
        let order = letters.concat();
        let axes = order.iter().filter_map(|letter| operand.letters.iter().position(|other| other == letter));
        let turned = builder.transpose(&operand.value, &axes.collect::<Vec<_>>())?;
        // An extent of 1 in an ellipsis is broadcast.
        let wide = order.iter().map(extent).collect::<Vec<_>>();
        let wide = builder.broadcast_to(&turned, &wide)?;
        builder.reshape(&wide, &letters.map(size))
    };
    let left = arrange(&a, [&batch, &rows, &inner])?;
    let right = arrange(&b, [&batch, &inner, &columns])?;
    let product = builder.product(&left, &right, a.value.element)?;
    let letters = [batch, rows, columns].concat();
    let shape = letters.iter().map(extent).collect::<Vec<_>>();
    Ok(Labelled { value: builder.reshape(&product, &shape)?, letters })
}
