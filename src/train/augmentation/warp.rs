//! Images read at other places: the inner loop of augmentation.
//!
//! y(p) = x(A(p − c) + c + b + u(p)) for every pixel p, with an [`Affine`] map, a displacement u and
//!
//! x(r, c) = Σ_{i,j} w_i(r − ⌊r⌋) · w_j(c − ⌊c⌋) · x[⌊r⌋ + i, ⌊c⌋ + j],
//!
//! where w are the weights of the [`Interpolation`]: w₀(t) = 1 − t and w₁(t) = t if it is bilinear, and a
//! constant outside the frame. The image is first copied into a frame of that constant, three pixels before
//! and four behind, and places outside are moved onto it, so that the loop has no branch. Places are computed
//! in vectors, pixels fetched one by one. At whole places the value is the pixel, exactly; moves by whole
//! pixels and quarter turns of squares are therefore exact.
//!
//! Cost a pixel and channel: 4 loads, 9 operations and a store, or 16 loads and 40 operations if it is not
//! bilinear; a pixel: 20 operations for its place.

use super::affine::Affine;
use super::elastic::Splines;
use super::lanes::{LANES, Lanes, lanes_for};
use crate::signal::Interpolation;

/// Pixels of the frame before the image.
const BEFORE: usize = 3;
/// Pixels of the frame on both sides.
const FRAME: usize = 7;

/// Memory for one thread's warps, filled anew each time.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// The image in its frame.
    framed: Vec<f32>,
    /// Displacements of the nodes of the elastic grid.
    pub(super) nodes: Vec<Lanes>,
    /// The places at which the pixels of one row are read, down and right.
    places: [Vec<Lanes>; 2],
    /// The part of those beyond the whole pixel.
    fractions: [Vec<Lanes>; 2],
    /// The first of the four pixels around each place, in the framed image.
    corners: Vec<[u32; LANES]>,
}

impl Workspace {
    /// Makes room for images of this shape.
    pub(super) fn fit(&mut self, [channels, height, width]: [usize; 3], node_chunks: usize) {
        self.framed.resize(channels * framed_length(height, width), 0.0);
        self.nodes.resize(node_chunks, [0.0; LANES]);
        let chunks = lanes_for(width);
        for rows in self.places.iter_mut().chain(&mut self.fractions) {
            rows.resize(chunks, [0.0; LANES]);
        }
        self.corners.resize(chunks, [0; LANES]);
    }
}

/// Pixels of a channel with its frame.
pub(super) fn framed_length(height: usize, width: usize) -> usize {
    (height + FRAME) * (width + FRAME)
}

/// Warps one image; the entry for channel k, row i and column j goes to `output[((k·h + i)·w + j)·stride]`.
/// The workspace must fit; the image and the output must be as long as the shape says.
#[inline(always)]
pub(super) fn warp(
    image: &[f32],
    shape: [usize; 3],
    map: &Affine,
    splines: Option<&Splines>,
    (interpolation, fill): (Interpolation, f32),
    (output, stride): (&mut [f32], usize),
    workspace: &mut Workspace,
) {
    let [channels, height, width] = shape;
    let Workspace { framed, nodes, places: [down, right], fractions, corners } = workspace;
    frame(image, shape, fill, framed);
    let line = width + FRAME;
    let centre = [height, width].map(|length| (length as f32 - 1.0) / 2.0);
    for row in 0..height {
        place(map, centre, row, down, right);
        if let Some(splines) = splines {
            splines.add(nodes, row, down, right);
        }
        locate([down, right], [height, width], fractions, corners);
        for channel in 0..channels {
            let framed = &framed[channel * framed_length(height, width)..][..framed_length(height, width)];
            let start = (channel * height + row) * width * stride;
            let places = corners.as_flattened()[..width].iter();
            let places = places.zip(fractions[0].as_flattened()).zip(fractions[1].as_flattened());
            let targets = output[start..].iter_mut().step_by(stride).zip(places);
            if interpolation == Interpolation::Bilinear {
                for (target, ((&corner, &t), &s)) in targets {
                    let around = &framed[corner as usize..][..line + 2];
                    let above = around[0] + s * (around[1] - around[0]);
                    let below = around[line] + s * (around[line + 1] - around[line]);
                    *target = above + t * (below - above);
                }
            } else {
                for (target, ((&corner, &t), &s)) in targets {
                    let around = &framed[corner as usize - line - 1..][..3 * line + 4];
                    let (down, right) = (interpolation.weights(t), interpolation.weights(s));
                    let row = |first: usize| -> f32 {
                        around[first..first + 4].iter().zip(right).map(|(pixel, weight)| pixel * weight).sum()
                    };
                    *target = (0..4).map(|i| down[i] * row(i * line)).sum();
                }
            }
        }
    }
}

/// Copies each channel into its frame.
#[inline(always)]
fn frame(image: &[f32], [_, height, width]: [usize; 3], fill: f32, framed: &mut [f32]) {
    let line = width + FRAME;
    let channels = framed.chunks_exact_mut(framed_length(height, width));
    for (image, framed) in image.chunks_exact(height * width).zip(channels) {
        framed[..BEFORE * line].fill(fill);
        framed[(height + BEFORE) * line..].fill(fill);
        let lines = framed[BEFORE * line..].chunks_exact_mut(line);
        for (row, line) in image.chunks_exact(width).zip(lines) {
            line[..BEFORE].fill(fill);
            line[BEFORE..BEFORE + width].copy_from_slice(row);
            line[BEFORE + width..].fill(fill);
        }
    }
}

/// The places of one row under the affine map.
#[inline(always)]
fn place(map: &Affine, centre: [f32; 2], row: usize, down: &mut [Lanes], right: &mut [Lanes]) {
    let below = row as f32 - centre[0];
    for (axis, places) in [down, right].into_iter().enumerate() {
        let [along, across] = map.matrix[axis];
        let start = along * below + (centre[axis] + map.offset[axis]);
        let mut beside = [0.0; LANES];
        for (lane, beside) in beside.iter_mut().enumerate() {
            *beside = lane as f32 - centre[1];
        }
        for places in places.iter_mut() {
            for lane in 0..LANES {
                places[lane] = start + across * beside[lane];
                beside[lane] += LANES as f32;
            }
        }
    }
}

/// Splits each place into a corner in the framed image and the fractions beyond it.
#[inline(always)]
fn locate(
    [down, right]: [&[Lanes]; 2],
    extents: [usize; 2],
    [fractions_down, fractions_right]: &mut [Vec<Lanes>; 2],
    corners: &mut [[u32; LANES]],
) {
    // The first and the last place at which everything that has a weight is fill.
    let first = (BEFORE - 2) as f32;
    let [last_row, last_column] = extents.map(|extent| (extent + BEFORE + 1) as f32);
    let line = (extents[1] + FRAME) as i32;
    let places = down.iter().zip(right);
    let targets = fractions_down.iter_mut().zip(fractions_right).zip(corners);
    for ((down, right), ((t, s), corners)) in places.zip(targets) {
        for lane in 0..LANES {
            let row = (down[lane] + BEFORE as f32).max(first).min(last_row);
            let column = (right[lane] + BEFORE as f32).max(first).min(last_column);
            let (whole_row, whole_column) = (row as i32, column as i32);
            t[lane] = row - whole_row as f32;
            s[lane] = column - whole_column as f32;
            corners[lane] = (whole_row * line + whole_column) as u32;
        }
    }
}
