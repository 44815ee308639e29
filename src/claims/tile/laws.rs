//! What is true of images in tiles, and what is not.

use std::sync::Arc;

use super::networks::{Tileable, all};
use super::stitched::{Fault, OfNetwork};
use crate::claims::Claim;
use crate::layer::{GroupNormalisation, Pool};
use crate::network::Node;
use crate::verify::{Case, Examiner, Failure, InTiles, Report, Statement, Verdict};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "tile.stitched",
            "tiles on the lattice of strides, read with a halo of at least the reach and put together, are \
             the whole: for convolutions of any stride, dilation and padding, pools, transposed \
             convolutions, resizing and skip connections",
            |examiner| stitched(examiner, Fault::None),
        )
        .theorem("tile_is_the_whole")
        .theorem("receptive_field_jump")
        .mutant("the halo before a tile is one step too small", |examiner| {
            stitched(examiner, Fault::ShortBefore)
        })
        .mutant("the halo after a tile is one step too small", |examiner| {
            stitched(examiner, Fault::ShortAfter)
        })
        .mutant("what a tile is given has the places of the image, at whatever scale", |examiner| {
            stitched(examiner, Fault::NoScale)
        }),
        Claim::fails(
            "tile.off_lattice",
            "tiles may begin anywhere: a network that strides gives them the same as the whole",
            |examiner| each(examiner, Fault::OffTheGrid, |tileable| tileable.lattice > tileable.step),
        )
        .theorem("tile_is_the_whole")
        .mutant("networks without strides", |examiner| {
            each(examiner, Fault::OffTheGrid, |tileable| tileable.lattice == 1)
        }),
        Claim::fails(
            "tile.padding",
            "tiles without a halo, each padded as the network pads the image, give the same as the whole",
            |examiner| each(examiner, Fault::NoHalo, |tileable| tileable.halo != [0, 0]),
        )
        .theorem("halo_less_one_is_not_enough")
        .mutant("windows that lie side by side need no padding", |examiner| {
            let side_by_side = line(vec![Pool::maximum([2]).stride([2]).into()], [2, 1]);
            examine(examiner, &side_by_side, Fault::NoHalo)
        }),
        Claim::fails(
            "tile.global",
            "a network with a mean and a variance over space can be run in tiles with a halo",
            |examiner| global(examiner, false),
        )
        .theorem("receptive_field_exact")
        .mutant("means over windows of fixed size", |examiner| global(examiner, true)),
    ]
}

/// A network on a line that reads nothing beyond its tiles.
fn line(layers: Vec<Node>, [lattice, step]: [usize; 2]) -> Tileable {
    let network = layers.into_iter().collect();
    Tileable { network, axes: 1, lattice, step, halo: [0, 0], extents: [12, 60] }
}

/// A network with tiles, at the size for symbols and at the larger one.
fn examine(examiner: &Examiner, tileable: &Tileable, fault: Fault) -> Result<Report, Failure> {
    let axes = tileable.axes;
    let names = [&["samples", "channels"], &["depth", "height", "width"][3 - axes..]].concat();
    let size = |extent: usize| [&[1, 1], vec![extent; axes].as_slice()].concat();
    let [small, large] = tileable.extents.map(size);
    let least = tileable.extents[0];
    let map = Arc::new(OfNetwork(tileable.network.clone()));
    let tileable = tileable.clone();
    let statement = Statement::new(&names, move |shape| {
        let is_legal = |&extent: &usize| extent.is_multiple_of(tileable.lattice);
        // Smaller images have no tile inside, or none that can be padded.
        if shape[1] != 1
            || !shape[2..].iter().all(is_legal)
            || shape[2..].iter().any(|&extent| extent < least)
        {
            return Ok(Vec::new());
        }
        let extent = shape[2..].iter().copied().max().unwrap_or(1);
        // Three tiles: one inside.
        let tile = extent.div_ceil(3).next_multiple_of(tileable.lattice);
        let (map, tiles) = (Arc::clone(&map), fault.tiles(&tileable, tile));
        Ok(vec![Case::new(InTiles { map, tiles, shape: shape.to_vec() })])
    });
    Ok(examiner.examine(&statement.at(small.clone()).at_large(large).shrinking_to(small))?)
}

fn stitched(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let reports: Result<Vec<Report>, Failure> =
        all().iter().map(|tileable| examine(examiner, tileable, fault)).collect();
    Ok(Report::all(reports?))
}

/// Whether it holds for any of the networks that are meant.
fn each(examiner: &Examiner, fault: Fault, is_meant: fn(&Tileable) -> bool) -> Result<Report, Failure> {
    any(all().iter().filter(|tileable| is_meant(tileable)).map(|tileable| examine(examiner, tileable, fault)))
}

/// The report of the first that holds, else of the last.
fn any(reports: impl Iterator<Item = Result<Report, Failure>>) -> Result<Report, Failure> {
    let mut last = None;
    for report in reports {
        let report = report?;
        if report.verdict == Verdict::Holds {
            return Ok(report);
        }
        last = Some(report);
    }
    last.ok_or_else(|| "no network is meant".into())
}

/// A layer that takes its statistics from the whole image, or means over windows of fixed size instead; with
/// a halo.
fn global(examiner: &Examiner, windows: bool) -> Result<Report, Failure> {
    let layer: Node = match windows {
        true => Pool::mean([3]).stride([1]).padding([1]).into(),
        false => GroupNormalisation::instance(1).into(),
    };
    examine(examiner, &Tileable { halo: [2, 2], ..line(vec![layer], [1, 1]) }, Fault::None)
}
