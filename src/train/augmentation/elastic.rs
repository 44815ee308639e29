//! Smooth random displacement fields, as in elastic deformation, from a coarse random grid.
//!
//! Simard, Steinkraus and Platt (*Best practices for convolutional neural networks applied to visual document
//! analysis*, ICDAR 2003, §2) draw a displacement for each pixel and blur them by a Gaussian of deviation σ.
//! The same smoothness is had for less: draw displacements on a grid of spacing s and spread each by a cubic
//! B-spline β,
//!
//! u(i, j) = Σ_{a,b} β(i/s − a) · β(j/s − b) · u_{ab}.
//!
//! As a kernel β(·/s) has variance s²/3, so that s = √3·σ stands for the Gaussian of deviation σ. With
//! independent u_ab of deviation d the field has, averaged over the pixels of a cell, variance d²·(Σ β²)²
//! with ∫ β² = β⁷(0) = 151/315: the root mean square of the field is (151/315)·d. The u_ab are uniform on
//! [−a, a], of deviation a/√3.
//!
//! Cost for h × w pixels and n nodes along a row, for each of the two components: 4·n·h + n·h·w products.

use rand::{Rng, RngExt};

use super::lanes::{LANES, Lanes, lanes_for};

/// The root of the mean over a cell of (Σ_a β(t − a)²)², the share of the nodes' deviation that the field
/// keeps.
const KEPT: f64 = 151.0 / 315.0;

/// How far and how smoothly images are bent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// Root mean square displacement along each axis, in pixels.
    pub displacement: f32,
    /// Deviation σ of the Gaussian filter that the field's smoothness stands for, in pixels.
    pub smoothness: f32,
}

/// The splines of one shape of image: where each row lies among the nodes, and the basis along a row.
#[derive(Clone, Debug)]
pub(super) struct Splines {
    /// Largest displacement of a node.
    reach: f32,
    /// For each row the first of its four nodes, and their weights.
    rows: Vec<(usize, [f32; 4])>,
    /// Nodes down and across.
    nodes: [usize; 2],
    /// `basis[chunk · across + k][node][lane]`: the weights of the nodes of their chunk k, of which there are
    /// `across`, at the pixels of each chunk of a row.
    basis: Vec<[Lanes; LANES]>,
}

impl Splines {
    pub(super) fn new(elastic: Elastic, height: usize, width: usize) -> Self {
        let spacing = 3.0_f64.sqrt() * f64::from(elastic.smoothness);
        let taps = |length: usize| -> Vec<(usize, [f32; 4])> {
            (0..length)
                .map(|position| {
                    let cell = (position as f64 / spacing).floor();
                    (cell as usize, cubic_spline(position as f64 / spacing - cell).map(|w| w as f32))
                })
                .collect()
        };
        let (rows, columns) = (taps(height), taps(width));
        let count = |taps: &[(usize, [f32; 4])]| taps.last().map_or(0, |&(first, _)| first + 4);
        let nodes = [count(&rows), count(&columns)];
        let across = lanes_for(nodes[1]);
        let mut basis = vec![[[0.0; LANES]; LANES]; lanes_for(width) * across];
        for (column, (first, weights)) in columns.into_iter().enumerate() {
            for (node, weight) in (first..).zip(weights) {
                basis[column / LANES * across + node / LANES][node % LANES][column % LANES] = weight;
            }
        }
        let reach = (f64::from(elastic.displacement) * 3.0_f64.sqrt() / KEPT) as f32;
        Self { reach, rows, nodes, basis }
    }

    /// Entries of the array of nodes: for each row of nodes the downward displacements, then the rightward
    /// ones.
    pub(super) fn node_chunks(&self) -> usize {
        self.nodes[0] * 2 * self.chunks_across()
    }

    /// Draws the displacements of the nodes.
    #[inline(always)]
    pub(super) fn draw(&self, random: &mut (impl Rng + ?Sized), nodes: &mut [Lanes]) {
        for chunk in nodes {
            for node in chunk {
                *node = (2.0 * random.random::<f32>() - 1.0) * self.reach;
            }
        }
    }

    /// Adds the field along one row of the image to the places at which it is read.
    #[inline(always)]
    pub(super) fn add(&self, nodes: &[Lanes], row: usize, down: &mut [Lanes], right: &mut [Lanes]) {
        let across = self.chunks_across();
        let (first, weights) = self.rows[row];
        let nodes = &nodes[first * 2 * across..][..4 * 2 * across];
        for k in 0..across {
            let (mut u, mut v) = ([0.0; LANES], [0.0; LANES]);
            for (tap, weight) in weights.into_iter().enumerate() {
                let (from_u, from_v) = (&nodes[2 * tap * across + k], &nodes[(2 * tap + 1) * across + k]);
                for lane in 0..LANES {
                    u[lane] += weight * from_u[lane];
                    v[lane] += weight * from_v[lane];
                }
            }
            for (chunk, (down, right)) in down.iter_mut().zip(&mut *right).enumerate() {
                let basis = &self.basis[chunk * across + k];
                let (mut below, mut beside) = (*down, *right);
                for (node, weights) in basis.iter().enumerate() {
                    for lane in 0..LANES {
                        below[lane] += u[node] * weights[lane];
                        beside[lane] += v[node] * weights[lane];
                    }
                }
                (*down, *right) = (below, beside);
            }
        }
    }

    #[inline(always)]
    fn chunks_across(&self) -> usize {
        lanes_for(self.nodes[1])
    }
}

/// The cubic B-splines about the four nodes −1, 0, 1, 2 at `t` between nodes 0 and 1.
fn cubic_spline(t: f64) -> [f64; 4] {
    let (s, t2, t3) = (1.0 - t, t * t, t * t * t);
    [
        s * s * s / 6.0,
        (4.0 - 6.0 * t2 + 3.0 * t3) / 6.0,
        (1.0 + 3.0 * t + 3.0 * t2 - 3.0 * t3) / 6.0,
        t3 / 6.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::random::SampleRandom;

    /// The field on a whole image.
    fn field(splines: &Splines, nodes: &[Lanes], height: usize, width: usize) -> Vec<[f32; 2]> {
        let chunks = lanes_for(width);
        let mut field = Vec::new();
        for row in 0..height {
            let (mut down, mut right) = (vec![[0.0; LANES]; chunks], vec![[0.0; LANES]; chunks]);
            splines.add(nodes, row, &mut down, &mut right);
            let pairs = down.as_flattened().iter().zip(right.as_flattened());
            field.extend(pairs.take(width).map(|(&u, &v)| [u, v]));
        }
        field
    }

    /// Splines sum to one and reproduce the line: nodes at a·position carry the field a·position.
    #[test]
    fn nodes_on_a_line_give_the_line() {
        let (height, width) = (13, 21);
        let elastic = Elastic { displacement: 1.0, smoothness: 2.0 };
        let splines = Splines::new(elastic, height, width);
        let spacing = 3.0_f64.sqrt() * 2.0;
        let across = splines.chunks_across();
        let mut nodes = vec![[0.0; LANES]; splines.node_chunks()];
        for row in 0..splines.nodes[0] {
            for column in 0..splines.nodes[1] {
                let place = |index: usize| ((index as f64 - 1.0) * spacing) as f32;
                nodes[2 * row * across + column / LANES][column % LANES] = place(row);
                nodes[(2 * row + 1) * across + column / LANES][column % LANES] = place(column) - place(row);
            }
        }
        for (pixel, [u, v]) in field(&splines, &nodes, height, width).into_iter().enumerate() {
            let (row, column) = ((pixel / width) as f32, (pixel % width) as f32);
            // Nodes within 40 of zero, weights that sum to one in each direction: the rounding of values,
            // weights and products and of two sums of at most 8 + 4 terms is below 20 · 2⁻²⁴ · 40.
            let tolerance = 20.0 * 2.0_f32.powi(-24) * 40.0;
            assert!((u - row).abs() <= tolerance, "{u} at row {row}");
            assert!((v - (column - row)).abs() <= 2.0 * tolerance, "{v} at {row}, {column}");
        }
    }

    /// The root mean square over many fields is the one asked for.
    #[test]
    fn the_displacement_is_the_root_mean_square() {
        let (height, width, fields) = (28, 28, 4000_u32);
        let elastic = Elastic { displacement: 1.5, smoothness: 4.0 };
        let splines = Splines::new(elastic, height, width);
        let mut nodes = vec![[0.0; LANES]; splines.node_chunks()];
        let mut squares = 0.0;
        for index in 0..fields {
            splines.draw(&mut SampleRandom::new(3, 0, index.into()), &mut nodes);
            let field = field(&splines, &nodes, height, width);
            squares +=
                field.iter().flatten().map(|&u| f64::from(u * u)).sum::<f64>() / (2 * field.len()) as f64;
        }
        let found = (squares / f64::from(fields)).sqrt();
        // Statistics: the mean square of one field is a mean of squares, of relative deviation at most √2
        // (each is at most that of a squared normal number, as the nodes are bounded), so that of `fields`
        // fields is within 6 deviations of its mean; a square root halves it. Sampling: 28 pixels are not a
        // whole number of cells of length 6.93, and at one end of a cell Σβ² is 1/2 against 151/315 on
        // average, which is 4.4 % in the mean square of each axis, of a fraction of at most one cell in four:
        // 1.1 % each, 2.2 % together.
        let tolerance = 6.0 * 2.0_f64.sqrt() / f64::from(fields).sqrt() / 2.0 + 0.022 / 2.0;
        assert!((found / 1.5 - 1.0).abs() < tolerance, "{found}");
    }

    #[test]
    fn splines_are_a_partition_of_one_with_the_stated_energy() {
        // ∫₀¹ Σ β² by Simpson's rule, which errs by the sixth derivative… of a polynomial of degree 6: fine
        // steps.
        let steps = 1000;
        let energy: f64 = (0..=steps)
            .map(|k| {
                let weights = cubic_spline(f64::from(k) / f64::from(steps));
                assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-15 * 4.0);
                let simpson = if k == 0 || k == steps { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
                simpson * weights.iter().map(|w| w * w).sum::<f64>()
            })
            .sum::<f64>()
            / f64::from(3 * steps);
        // Simpson errs by at most h⁴/180 · max|f⁗| with h = 10⁻³, and |f⁗| ≤ 100 for these sextics.
        assert!((energy - KEPT).abs() < 1e-12 * 100.0 / 180.0 + 1e-13, "{energy}");
    }
}
