//! Orbits and stabilisers, and Burnside's count of orbits.
//!
//! |orbit of x| · |stabiliser of x| = |G| for every x. The orbits on the k-coloured n × n images are
//! (1/|G|) · Σ_g k^{c(g)} in number, c(g) being the number of cycles of g on the cells: here against the
//! orbits themselves, found one after the other.

use std::collections::HashSet;

use ndarray::{ArrayD, IxDyn};

use super::super::Claim;
use crate::group::{C4, CyclicTranslations, D4, FiniteGroup, Symmetric};
use crate::signal::{ArrayAction, OnAxis, OnGrid, count_colourings, orbit, permutation_of_cells, stabiliser};
use crate::verify::{Counterexample, Failure, Finding, Report, Value};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "action.orbit_stabiliser",
            "orbit size × stabiliser size = group order; Burnside's count of the k-coloured n × n images up \
             to C4, and up to D4, is the number of their orbits",
            |_| orbits(Slip::None),
        )
        .theorem("orbit_stabiliser")
        .theorem("burnside")
        .mutant("an image that comes twice is counted twice", |_| orbits(Slip::Repeated))
        .mutant("the identity is not counted as a stabiliser", |_| orbits(Slip::IdentityForgotten))
        .mutant("only fixed cells have a free colour, not cycles", |_| orbits(Slip::FixedCells)),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Slip {
    None,
    Repeated,
    IdentityForgotten,
    FixedCells,
}

/// Side and number of colours: at most 512 images each.
const COLOURINGS: [(usize, u32); 5] = [(1, 3), (2, 2), (2, 3), (2, 4), (3, 2)];

fn orbits(slip: Slip) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for (side, colours) in COLOURINGS {
        reports.push(orbits_of(&C4, OnGrid, &[side, side], colours, slip)?);
        reports.push(orbits_of(&D4, OnGrid, &[side, side], colours, slip)?);
    }
    reports.push(orbits_of(&CyclicTranslations::new([3, 2]), OnGrid, &[3, 2], 2, slip)?);
    reports.push(orbits_of(&Symmetric::new(4)?, OnAxis::new(2), &[4, 2], 2, slip)?);
    Ok(Report::all(reports))
}

fn orbits_of<G: FiniteGroup>(
    group: &G,
    action: impl ArrayAction<G>,
    shape: &[usize],
    colours: u32,
    slip: Slip,
) -> Result<Report, Failure> {
    let cells = shape.iter().product::<usize>() as u32;
    let images = i64::from(colours).pow(cells);
    let domain = format!("{}, all arrays of shape {shape:?} in {colours} colours", group.name());
    let mut seen: HashSet<ArrayD<i64>> = HashSet::new();
    let mut counted = 0_u64;
    for number in 0..images {
        let digits = (0..cells).map(|cell| number / i64::from(colours).pow(cell) % i64::from(colours));
        let x = ArrayD::from_shape_vec(IxDyn(shape), digits.collect())?;
        let moved = orbit(group, &action, &x)?;
        let (orbit_size, stabiliser_size) =
            sizes(moved.len(), stabiliser(group, &action, &x)?.len(), group, slip);
        if (orbit_size * stabiliser_size) as u128 != group.order() {
            let found = format!("{orbit_size} · {stabiliser_size}");
            return Ok(refuted(domain, x, found, group.order().to_string()));
        }
        if !seen.contains(&x) {
            counted += 1;
            seen.extend(moved);
        }
    }
    let burnside = match slip {
        Slip::FixedCells => fixed_cells(group, &action, shape, colours)?,
        _ => count_colourings(group, &action, shape, colours)?.to_string(),
    };
    if burnside != counted.to_string() {
        let shape = ArrayD::zeros(IxDyn(shape));
        return Ok(refuted(domain, shape, format!("{burnside} by Burnside"), format!("{counted} orbits")));
    }
    Ok(Report::enumerated(format!("{domain}: {counted} orbits"), usize::try_from(images)?))
}

fn sizes(orbit: usize, stabiliser: usize, group: &impl FiniteGroup, slip: Slip) -> (usize, usize) {
    match slip {
        Slip::Repeated => (group.order() as usize, stabiliser),
        Slip::IdentityForgotten => (orbit, stabiliser - 1),
        Slip::None | Slip::FixedCells => (orbit, stabiliser),
    }
}

/// (1/|G|) · Σ_g k^(number of cells that g fixes).
fn fixed_cells<G: FiniteGroup>(
    group: &G,
    action: &impl ArrayAction<G>,
    shape: &[usize],
    colours: u32,
) -> Result<String, Failure> {
    let mut sum = 0_u128;
    for g in group.elements() {
        let permutation = permutation_of_cells(group, action, &g, shape)?;
        let fixed = (0..permutation.size()).filter(|&cell| permutation.image(cell) == cell).count();
        sum += u128::from(colours).pow(u32::try_from(fixed)?);
    }
    Ok((sum / group.order()).to_string())
}

fn refuted(domain: String, x: ArrayD<i64>, found: String, expected: String) -> Report {
    Report::refuted(
        Finding::Symbolic { shape: domain.clone(), variables: 0, terms: 1 },
        Counterexample {
            shape: domain,
            element: None,
            inputs: vec![("x".to_owned(), Value::Array(x.mapv(|colour| colour as f64)))],
            left: found.into(),
            right: expected.into(),
            replay: String::new(),
        },
    )
}
