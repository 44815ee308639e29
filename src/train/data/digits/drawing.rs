//! Drawing with a round pen: strokes become brightness by their distance from each pixel.
//!
//! A stroke is a chain of capsules, the points nearer to a segment than the radius of the pen. The brightness
//! of a pixel is a smooth step of its depth in the deepest capsule: with distance d, radius r and half width
//! b of the blurred edge
//!
//! v = s((r − d + b) / 2b), s(t) = t²(3 − 2t) clamped to [0, 1],
//!
//! which antialiases and blurs at once, and where strokes cross does not add up.
//!
//! Cost: for each segment the pixels of the box around its capsule.

/// A canvas of `side × side` pixels, with the depth of each pixel in what has been drawn.
pub(super) struct Canvas<const SIDE: usize> {
    /// r − d for the deepest capsule, in pixels; far below zero where nothing is near.
    depth: [[f32; SIDE]; SIDE],
}

impl<const SIDE: usize> Canvas<SIDE> {
    pub(super) fn new() -> Self {
        Self { depth: [[f32::MIN; SIDE]; SIDE] }
    }

    /// Draws a segment between points (right, down), in pixels, with a pen of this radius. Edges up to `blur`
    /// beyond the pen are right.
    pub(super) fn segment(&mut self, from: [f32; 2], to: [f32; 2], radius: f32, blur: f32) {
        let along = [to[0] - from[0], to[1] - from[1]];
        let squared = along[0] * along[0] + along[1] * along[1];
        // The share of the segment for each pixel of its projection; a point is a segment of share 0.
        let share = if squared > 0.0 { [along[0] / squared, along[1] / squared] } else { [0.0; 2] };
        let reach = radius + blur;
        let range = |axis: usize| {
            let first = (from[axis].min(to[axis]) - reach).ceil().max(0.0) as usize;
            let last = (from[axis].max(to[axis]) + reach).floor();
            first..if last < 0.0 { 0 } else { (last as usize + 1).min(SIDE) }
        };
        let columns = range(0);
        if columns.is_empty() {
            return;
        }
        for row in range(1) {
            let down = row as f32 - from[1];
            for (depth, column) in self.depth[row][columns.clone()].iter_mut().zip(columns.clone()) {
                let right = column as f32 - from[0];
                let t = (right * share[0] + down * share[1]).clamp(0.0, 1.0);
                let (u, v) = (right - t * along[0], down - t * along[1]);
                *depth = depth.max(radius - (u * u + v * v).sqrt());
            }
        }
    }

    /// The brightness of each pixel, row by row.
    pub(super) fn brightness(&self, blur: f32) -> impl Iterator<Item = f32> {
        self.depth.as_flattened().iter().map(move |depth| {
            let t = ((depth + blur) / (2.0 * blur)).clamp(0.0, 1.0);
            t * t * (3.0 - 2.0 * t)
        })
    }
}

/// The points of the Catmull–Rom curve through `points`, `steps` for each span and the last; it ends at
/// listed ends.
pub(super) fn curve(points: &[[f32; 2]], steps: usize, mut visit: impl FnMut([f32; 2])) {
    let Some((&first, &last)) = points.first().zip(points.last()) else { return };
    for span in 0..points.len() - 1 {
        let (from, to) = (points[span], points[span + 1]);
        let before = if span == 0 { first } else { points[span - 1] };
        let after = points.get(span + 2).copied().unwrap_or(last);
        for step in 0..steps {
            let t = step as f32 / steps as f32;
            visit([0, 1].map(|axis| {
                let (p0, p1, p2, p3) = (before[axis], from[axis], to[axis], after[axis]);
                let (a, b) = (p2 - p0, 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3);
                let c = 3.0 * (p1 - p2) + p3 - p0;
                p1 + 0.5 * t * (a + t * (b + t * c))
            }));
        }
    }
    visit(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_bright_within_and_dark_beyond_its_edge() {
        let mut canvas = Canvas::<9>::new();
        canvas.segment([2.0, 4.0], [6.0, 4.0], 1.5, 0.5);
        let brightness: Vec<f32> = canvas.brightness(0.5).collect();
        let at = |row: usize, column: usize| brightness[row * 9 + column];
        // On the axis and one pixel beside it, half a pixel within the edge; two pixels beside it, half a
        // pixel beyond.
        assert_eq!([at(4, 2), at(4, 4), at(3, 4), at(5, 6)], [1.0; 4]);
        assert_eq!([at(2, 4), at(6, 4), at(4, 0), at(4, 8), at(0, 0)], [0.0; 5]);
        // Rounded ends: (1, 1) beyond the end is √2 away, 0.086 within the pen.
        assert!(at(3, 7) > 0.5 && at(3, 7) < 1.0);
    }

    #[test]
    fn what_is_outside_the_canvas_is_cut_off() {
        let mut canvas = Canvas::<4>::new();
        canvas.segment([-50.0, -50.0], [-40.0, 90.0], 2.0, 1.0);
        canvas.segment([90.0, 1.0], [95.0, 1.0], 2.0, 1.0);
        assert!(canvas.brightness(1.0).all(|value| value == 0.0));
        canvas.segment([-5.0, 1.0], [9.0, 1.0], 0.5, 0.5);
        let brightness: Vec<f32> = canvas.brightness(0.5).collect();
        assert_eq!(brightness[4..8], [1.0; 4]);
        // A segment of no length is a disc.
        canvas.segment([2.0, 3.0], [2.0, 3.0], 0.5, 0.5);
        assert_eq!(canvas.brightness(0.5).nth(14), Some(1.0));
    }

    #[test]
    fn curves_go_through_their_points() {
        let points = [[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [4.0, 4.0]];
        let mut visited = Vec::new();
        curve(&points, 4, |point| visited.push(point));
        assert_eq!(visited.len(), 13);
        assert_eq!([visited[0], visited[4], visited[8], visited[12]], points);
        // On a line with equal steps the curve is the line: 1/4 of the second span of three.
        let mut visited = Vec::new();
        curve(&[[0.0, 0.0], [4.0, 8.0], [8.0, 16.0], [12.0, 24.0]], 4, |point| visited.push(point));
        assert_eq!(visited[5], [5.0, 10.0]);
    }
}
