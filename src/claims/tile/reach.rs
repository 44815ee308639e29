//! How far networks reach: the entries of the image that occur in those of a tile.

use std::collections::BTreeSet;

use crate::claims::Claim;
use crate::layer::{Convolution, Layer, Mode, Pool, TransposedConvolution};
use crate::network::{Network, Node, Residual};
use crate::scalar::Symbolic;
use crate::verify::{Counterexample, Failure, Finding, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "tile.reach",
            "a composition reaches as far as the reaches of its layers composed, two ways as far as the \
             farther one; where no weight is zero one entry less is not enough",
            |_| reaches(Rule::Right),
        )
        .theorem("receptive_field_bounds")
        .theorem("receptive_field_ends")
        .theorem("halo_less_one_is_not_enough")
        .mutant("reaches add up, whatever the strides are", |_| reaches(Rule::NoStrides))
        .mutant("two ways reach as far as the nearer one", |_| reaches(Rule::NearerWay))
        .mutant("a transposed layer reads one entry for each", |_| reaches(Rule::TransposedByOne)),
    ]
}

/// How reaches are composed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Right,
    NoStrides,
    NearerWay,
    TransposedByOne,
}

/// A part of a network on a line.
#[derive(Clone, Debug)]
enum Part {
    /// Taps, stride, dilation and padding of a window.
    Window(usize, usize, usize, usize),
    /// A mean of so many neighbours.
    Mean(usize),
    /// Taps, stride and padding of a transposed convolution.
    Transposed(usize, usize, usize),
    /// These parts, and beside them nothing, added.
    Skip(Vec<Part>),
}

impl Part {
    fn layer(&self) -> Node {
        match self {
            Part::Window(taps, stride, dilation, padding) => {
                let layer = Convolution::new(1, 1, [*taps]).stride([*stride]).dilation([*dilation]);
                layer.padding([*padding]).into()
            }
            Part::Mean(taps) => Pool::mean([*taps]).stride([*taps]).into(),
            Part::Transposed(taps, stride, padding) => {
                TransposedConvolution::new(1, 1, [*taps]).stride([*stride]).padding([*padding]).into()
            }
            Part::Skip(parts) => Residual::new(parts.iter().map(Part::layer).collect()).into(),
        }
    }

    /// The first and the last entry that these entries of the output are given by.
    fn reads(&self, [first, last]: [i64; 2], rule: Rule) -> [i64; 2] {
        let stride = |stride: usize| if rule == Rule::NoStrides { 1 } else { stride as i64 };
        match self {
            Part::Window(taps, s, dilation, padding) => {
                let before = *padding as i64;
                let span = (dilation * (taps - 1)) as i64;
                [stride(*s) * first - before, stride(*s) * last - before + span]
            }
            Part::Mean(taps) => [stride(*taps) * first, stride(*taps) * last + *taps as i64 - 1],
            // Entry i is added to those from s·i − padding on, as many as there are taps.
            Part::Transposed(taps, s, padding) => {
                let (taps, s, padding) = (*taps as i64, *s as i64, *padding as i64);
                let from =
                    if rule == Rule::TransposedByOne { first + padding } else { first + padding - taps + 1 };
                [from.div_euclid(s) + i64::from(from.rem_euclid(s) > 0), (last + padding).div_euclid(s)]
            }
            Part::Skip(parts) => {
                let deep = compose(parts, [first, last], rule);
                match rule {
                    Rule::NearerWay => [first.max(deep[0]), last.min(deep[1])],
                    _ => [first.min(deep[0]), last.max(deep[1])],
                }
            }
        }
    }
}

fn compose(parts: &[Part], outputs: [i64; 2], rule: Rule) -> [i64; 2] {
    parts.iter().rev().fold(outputs, |range, part| part.reads(range, rule))
}

/// Networks with free weights on 32 entries: which of them occur in each output in the middle.
fn reaches(rule: Rule) -> Result<Report, Failure> {
    use Part::{Mean, Skip, Transposed, Window};
    let networks = [
        vec![Window(3, 1, 1, 1)],
        vec![Window(3, 2, 1, 1), Window(3, 1, 2, 2)],
        vec![Window(4, 2, 1, 1), Mean(2), Window(3, 1, 1, 1)],
        vec![Window(3, 1, 1, 1), Mean(2), Transposed(4, 2, 1)],
        vec![Skip(vec![Mean(2), Window(3, 1, 1, 1), Transposed(2, 2, 0)])],
        vec![Skip(vec![Window(3, 1, 4, 4)]), Transposed(3, 1, 1)],
        vec![Skip(vec![Mean(4), Transposed(4, 4, 0)]), Window(2, 1, 1, 0)],
    ];
    let extent = 32;
    let mut outputs = 0;
    for parts in networks {
        let network: Network = parts.iter().map(Part::layer).collect();
        let parameters = network.parameters();
        let weights: Vec<_> = parameters.iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect();
        let x = Symbolic::variables("x", &[1, 1, extent]);
        let output = network.forward(&x, &weights, Mode::Inference)?;
        let count = output.len();
        for (place, expression) in output.iter().enumerate().skip(count / 3).take(count / 3) {
            let used: BTreeSet<usize> = expression
                .variables_used()
                .into_iter()
                .filter_map(|name| name.strip_prefix("x[0,0,")?.strip_suffix(']')?.parse().ok())
                .collect();
            let found = [used.first().copied(), used.last().copied()].map(|at| at.map_or(-1, |at| at as i64));
            let expected = compose(&parts, [place as i64; 2], rule);
            outputs += 1;
            if found != expected {
                let stack = format!("{parts:?}, output {place}");
                let counterexample = Counterexample::from_text(
                    [("network".to_owned(), stack.clone())],
                    format!("reads entries {} to {}", found[0], found[1]),
                    format!("entries {} to {}", expected[0], expected[1]),
                );
                let (variables, terms) = (used.len(), expression.terms());
                return Ok(Report::refuted(
                    Finding::Symbolic { shape: stack, variables, terms },
                    counterexample,
                ));
            }
        }
    }
    Ok(Report::enumerated("every output in the middle of seven networks on 32 entries", outputs))
}
