//! The tiles of small models (`tests/onnx/tiles.py` makes them), beside what is found by changing entry after
//! entry and by running every size.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use ndarray::{ArrayD, Axis, Slice};

use super::refute::images;
use super::sizes::Sizes;
use super::{TileAxis, TileReport, Tiling};
use crate::model::{Bounds, ElementType, Floats, Model, Program};
use crate::scalar::Bounded;

/// Those that can be run in tiles; the last has dead weights.
const TILED: [&str; 13] = [
    "unet_nearest",
    "unet_transposed",
    "unet_linear",
    "unet_even_kernels",
    "stride_of_three",
    "dilated_to_one_side",
    "attention_gate",
    "half_resolution",
    "twice_the_resolution",
    "signal",
    "volume",
    "without_padding",
    "dead_frame",
];

fn model(name: &str) -> Model {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/tiles");
    Model::read(folder.join(format!("{name}.onnx"))).unwrap()
}

/// `EQUIVARIANT_SEED`, or 0.
fn seed() -> u64 {
    std::env::var("EQUIVARIANT_SEED").map_or(0, |seed| seed.parse().unwrap())
}

/// A model, and what was found about it; each once for all tests.
fn found(name: &str) -> &'static (Model, TileReport) {
    static FOUND: Mutex<BTreeMap<String, &'static (Model, TileReport)>> = Mutex::new(BTreeMap::new());
    if let Some(known) = FOUND.lock().unwrap().get(name) {
        return known;
    }
    let model = model(name);
    let report = model.tiles().seed(seed()).find().unwrap();
    let both: &'static _ = Box::leak(Box::new((model, report)));
    FOUND.lock().unwrap().insert(name.to_owned(), both);
    both
}

fn tiling(name: &str) -> (&'static Model, &'static Tiling) {
    let (model, report) = found(name);
    (model, report.tiling.as_ref().unwrap_or_else(|| panic!("{name}: {:?}", report.obstacle)))
}

/// Whether outputs of a tile change, for some image, with the entries at a place along an axis.
struct Images<'p> {
    program: &'p Program,
    /// Inputs with their outputs.
    images: Vec<[Vec<ArrayD<f64>>; 2]>,
}

impl<'p> Images<'p> {
    fn new(program: &'p Program, seed: u64, count: usize) -> Self {
        let images = (0..count).map(|trial| {
            let inputs = images(program, seed, trial);
            let outputs = program.outputs(&Floats::double(), &inputs).unwrap();
            [inputs, outputs.iter().map(|output| (**output).clone()).collect()]
        });
        Images { program, images: images.collect() }
    }

    fn changes(
        &self,
        sizes: &Sizes<'_>,
        axis: usize,
        tile: &TileAxis,
        cell: [usize; 2],
        place: usize,
    ) -> bool {
        self.images.iter().any(|[inputs, outputs]| {
            [1.0, -1.0, 64.0, -64.0].iter().any(|change| {
                let mut inputs = inputs.clone();
                let mut there = inputs[sizes.leader].index_axis_mut(Axis(sizes.axes[axis]), place);
                there.mapv_inplace(|value| value + change);
                let others = self.program.outputs(&Floats::double(), &inputs).unwrap();
                outputs.iter().zip(&others).enumerate().any(|(output, (one, other))| {
                    let (along, step) = tile.outputs[output];
                    let end = (cell[1] / tile.lattice * step).min(one.shape()[along]);
                    let there = Slice::from(cell[0] / tile.lattice * step..end);
                    let pairs =
                        one.slice_axis(Axis(along), there).to_owned() - other.slice_axis(Axis(along), there);
                    // Less is rounding: a few thousand sums of f64 of numbers below 1000, each to 10⁻¹³.
                    pairs.iter().any(|difference| difference.abs() > 1e-9)
                })
            })
        })
    }
}

/// The reach of every model is the one that changing entry after entry finds.
#[test]
fn the_reach_is_that_of_brute_force() {
    for name in TILED {
        let (model, tiling) = tiling(name);
        let sizes = Sizes::of(model, &[]).unwrap();
        for (number, axis) in tiling.axes.iter().enumerate() {
            let (extent, parts) = axis.trial(1);
            let program = sizes.program(&sizes.strip(number, extent)).unwrap();
            let cell = parts[1].tile;
            let few = Images::new(&program, seed(), 1);
            let many = Images::new(&program, seed() + 1, 24);
            let [before, after] = axis.reach;
            for place in 0..extent {
                let is_near = place + before >= cell[0] && place < cell[1] + after;
                assert!(
                    is_near || !few.changes(&sizes, number, axis, cell, place),
                    "{name}: {axis:?} at {place}"
                );
            }
            let sees = |place: usize| many.changes(&sizes, number, axis, cell, place);
            assert!(before == 0 || sees(cell[0] - before), "{name}: {axis:?} before");
            assert!(after == 0 || sees(cell[1] + after - 1), "{name}: {axis:?} after");
        }
    }
}

/// On lattices that are finer the results are not those of the whole, and the sizes are those that run.
#[test]
fn lattices_and_sizes_are_those_of_brute_force() {
    for name in TILED {
        let (model, tiling) = tiling(name);
        let sizes = Sizes::of(model, &[]).unwrap();
        for (number, axis) in tiling.axes.iter().enumerate() {
            let (along, step) = axis.outputs[0];
            // Outputs are shorter than the scale says by the same for all sizes: by what is not padded.
            let short = |extent: usize| {
                let program = sizes.program(&sizes.strip(number, extent)).ok()?;
                let given = program.slots[program.outputs[0]].shape[along];
                (given > 0).then(|| (extent * step).abs_diff(given * axis.lattice))
            };
            let of_all = short(axis.legal_sizes.at_least(100));
            let exact: Vec<usize> =
                (1..=128).filter(|&extent| short(extent).is_some_and(|s| Some(s) == of_all)).collect();
            let legal: Vec<usize> = (1..=128).filter(|&extent| axis.legal_sizes.contains(extent)).collect();
            assert_eq!(legal, exact, "{name}: {axis:?}");

            let extent =
                axis.legal_sizes.at_least(2 * (axis.halo[0] + axis.halo[1] + axis.lattice) + axis.lattice);
            let program = sizes.program(&sizes.strip(number, extent)).unwrap();
            let inputs = images(&program, seed(), 0);
            let whole = program.outputs(&Floats::double(), &inputs).unwrap();
            for cut in 1..=axis.lattice {
                // Only whole places of the output can be the same.
                if !(cut * step).is_multiple_of(axis.lattice) {
                    continue;
                }
                let Ok(part) = sizes.program(&sizes.strip(number, extent - cut)) else { continue };
                let rest: Vec<ArrayD<f64>> = inputs
                    .iter()
                    .map(|input| input.slice_axis(Axis(sizes.axes[number]), Slice::from(cut..)).to_owned())
                    .collect();
                let rest = part.outputs(&Floats::double(), &rest).unwrap();
                let shift = cut * step / axis.lattice;
                let middle = whole[0].shape()[along] / 2;
                let there = Slice::from(middle..middle + step);
                let here = Slice::from(middle - shift..middle - shift + step);
                let is_equal =
                    whole[0].slice_axis(Axis(along), there) == rest[0].slice_axis(Axis(along), here);
                assert_eq!(is_equal, cut == axis.lattice, "{name}: {axis:?} cut at {cut}");
            }
        }
    }
}

/// One entry less is refuted on every side, and padding by the tool too.
#[test]
fn less_is_refuted() {
    for name in TILED {
        let (_, tiling) = tiling(name);
        let sides: usize = tiling.axes.iter().flat_map(|axis| axis.reach).filter(|&reach| reach > 0).count();
        assert_eq!(tiling.counterexamples.len(), sides, "{name}");
        for found in &tiling.counterexamples {
            assert!(found.difference > found.bound && !found.changes.is_empty(), "{name}: {found:?}");
            let axis = tiling.axes.iter().find(|axis| axis.axis == found.axis).unwrap();
            for (at, _) in &found.changes {
                let place = at[found.axis];
                let is_near = place + found.halo >= found.tile[0] && place < found.tile[1] + found.halo;
                assert!(
                    !is_near && axis.reach[usize::from(found.after)] == found.halo + 1,
                    "{name}: {found:?}"
                );
            }
        }
        assert!(tiling.log2_failure <= -40.0, "{name}: {}", tiling.log2_failure);
    }
    for name in ["unet_nearest", "half_resolution", "signal"] {
        let (_, tiling) = tiling(name);
        assert!(!tiling.padding.is_empty());
        for report in &tiling.padding {
            assert!(report.difference.is_some_and(|difference| difference > 1e-9), "{name}: {report:?}");
        }
    }
}

#[test]
fn dead_weights_need_no_halo() {
    let (_, report) = found("dead_frame");
    let tiling = report.tiling.as_ref().unwrap();
    for axis in &tiling.axes {
        assert_eq!((axis.reach_by_shape, axis.reach), ([2, 2], [1, 1]));
    }
    assert!(report.remarks.iter().any(|remark| remark.contains("[2, 2]")), "{:?}", report.remarks);
}

/// The operator at fault is named where there are no tiles.
#[test]
fn obstacles_are_named() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/tiles");
    let truth = std::fs::read_to_string(folder.join("truth.json")).unwrap();
    let pairs: BTreeMap<&str, &str> = truth
        .lines()
        .filter_map(|line| {
            let (name, operator) = line.trim().trim_end_matches(',').split_once(": ")?;
            Some((name.trim_matches('"'), operator.trim_matches('"')))
        })
        .collect();
    assert_eq!(pairs.len(), 8);
    for (name, operator) in pairs {
        let (_, report) = found(name);
        assert_eq!(report.tiling, None, "{name}");
        let obstacle = report.obstacle.as_ref().unwrap();
        let (node, found) = obstacle.node.clone().unwrap_or_else(|| panic!("{name}: {obstacle:?}"));
        assert_eq!(found, operator, "{name}: {node}: {}", obstacle.reason);
    }
}

/// A plan covers every entry of the output once, and running it gives the bits of the whole.
#[test]
fn plans_give_the_whole() {
    for name in TILED {
        let (model, tiling) = tiling(name);
        let question = model.tiles();
        let sizes = Sizes::of(model, &[]).unwrap();
        let image: Vec<usize> = tiling
            .axes
            .iter()
            .map(|axis| {
                let least = axis.halo[0] + axis.halo[1] + 3 * axis.tile_of(1) + axis.lattice;
                axis.legal_sizes.at_least(least)
            })
            .collect();
        let plan = question.plan(tiling, &image, &vec![1; image.len()]).unwrap();
        let program = sizes.program(&image).unwrap();
        let inputs = images(&program, seed(), 1);
        let whole = program.outputs(&Floats::of_the_model(), &inputs).unwrap();
        assert_eq!(whole[0].shape(), plan.output, "{name}");
        let mut stitched = ArrayD::from_elem(whole[0].raw_dim(), f64::NAN);
        for piece in &plan.pieces {
            let size: Vec<usize> = piece.read.iter().map(|[begin, end]| end - begin).collect();
            let program = sizes.program(&size).unwrap();
            let part = super::proof::cut(&sizes, &inputs, &piece.read);
            let given = program.outputs(&Floats::of_the_model(), &part).unwrap();
            let (mut there, mut here) = (stitched.view_mut(), given[0].view());
            for ((&axis, crop), write) in plan.axes.iter().zip(&piece.crop).zip(&piece.write) {
                there.slice_axis_inplace(Axis(axis), Slice::from(write[0]..write[1]));
                here.slice_axis_inplace(Axis(axis), Slice::from(crop[0]..crop[1]));
            }
            assert!(there.iter().all(|value| value.is_nan()), "{name}: {piece:?} is written twice");
            there.assign(&here);
        }
        if name == "dead_frame" {
            // What cancels is rounded before: both are within their bounds of the same exact result.
            let bounds = Bounds::of_machine(ElementType::Float32);
            let inputs: Vec<_> = inputs.iter().map(|input| input.mapv(Bounded::new)).collect();
            let bounds = program.outputs(&bounds, &inputs).unwrap();
            let largest = bounds[0].iter().map(Bounded::error).fold(0.0, f64::max);
            let difference = (&stitched - &*whole[0]).fold(0.0_f64, |most, value| most.max(value.abs()));
            assert!(0.0 < difference && difference <= 2.0 * largest, "{difference} {largest}");
        } else {
            assert_eq!(stitched, *whole[0], "{name}");
        }
        let one = plan.pieces.len() > 1;
        assert!(one && plan.cost >= 1.0, "{name}: {plan:?}");
        let off = vec![image[0] + 1; image.len()];
        if tiling.axes[0].lattice > 1 {
            let error = question.plan(tiling, &off, &vec![1; image.len()]).unwrap_err().to_string();
            assert!(error.contains(&format!("{}", image[0])), "{error}");
        }
    }
}
