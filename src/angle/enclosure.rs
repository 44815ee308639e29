//! Each pixel of a transformed image as centre + slope·t ± radius, over an interval of the parameter.
//!
//! Within a cell of the grid the bilinear sample is a + u(b − a) + v(c − a) + uv(d − b − c + a), in offsets
//! u, v that are lines with a remainder: one computation on [`Affine`]. The interval is cut where a
//! coordinate crosses a grid line, each piece is enclosed by itself, and one line with the slope of the
//! chord covers all pieces: the deviation of a line from it is greatest at an end of its piece.
//!
//! Cuts are computed in floats, so that a piece may reach beyond its cell, by δᵣ rows and δ_c columns.
//! There the image differs from the polynomial of the cell by at most (2 + 2δ)·D·(δᵣ + δ_c), δ the greater
//! of both: D is the greatest difference of two pixels, zero outside among them, and bounds the slopes of
//! the image, as (1 + 2δ)·D does those of the polynomial, which agrees with the image in the cell. So a cut
//! that is missed costs tightness, never truth. Cost: four products for each pixel and piece.

use ndarray::{ArrayD, ArrayView2, ArrayViewD, Axis};

use super::{AngleError, Interval, Transformation};
use crate::scalar::{Affine, Ring};

/// A part of the interval: t = middle + half·τ for τ from −1 to 1, and where the pixel comes from then.
struct Piece {
    middle: f64,
    half: f64,
    source: [Affine; 2],
}

impl Transformation {
    /// The transformed image (…, rows, columns) for every parameter of the interval: entry by entry a line
    /// in t, with the parameter `interval.centre() + interval.half()·t`.
    ///
    /// ```
    /// use equivariant::angle::{Interval, Transformation};
    /// use ndarray::arr2;
    ///
    /// let image = arr2(&[[0.0, 4.0], [0.0, 0.0]]).into_dyn();
    /// let shifts = Interval::new(0.0, 0.5)?;
    /// let moved = Transformation::Translation { down: 1.0, right: 0.0 }.enclose(image.view(), shifts)?;
    /// // 4 − 4p, from 4 to 2.
    /// assert!(moved[[0, 1]].low() <= 2.0 && moved[[0, 1]].high() >= 4.0 && moved[[0, 1]].radius() < 1e-12);
    /// # Ok::<(), equivariant::angle::AngleError>(())
    /// ```
    ///
    /// # Errors
    /// If the image has fewer than two axes, or a pixel that is not finite.
    pub fn enclose(
        self,
        image: ArrayViewD<'_, f64>,
        interval: Interval,
    ) -> Result<ArrayD<Affine>, AngleError> {
        if let Some((at, &found)) = image.indexed_iter().find(|(_, pixel)| !pixel.is_finite()) {
            return Err(AngleError::Pixel { found, at: ndarray::Dimension::slice(&at).to_vec() });
        }
        let &[.., rows, columns] = image.shape() else {
            return Err(AngleError::Shape { found: image.shape().to_vec() });
        };
        let parameter = Affine::new(interval.centre(), interval.half(), 0.0);
        match self {
            Transformation::Brightness => return Ok(image.mapv(|pixel| Affine::constant(pixel) + parameter)),
            Transformation::Contrast => return Ok(image.mapv(|pixel| Affine::constant(pixel) * parameter)),
            _ => {}
        }
        let mut enclosed = ArrayD::from_elem(image.raw_dim(), Affine::constant(0.0));
        let steepest: Vec<f64> =
            planes(&image, rows, columns).map(|plane| greatest_difference(&plane)).collect();
        for row in 0..rows {
            for column in 0..columns {
                let pieces = self.pieces([rows, columns], [row, column], &interval);
                let values: Vec<Affine> = planes(&image, rows, columns)
                    .zip(&steepest)
                    .map(|(plane, &steepest)| {
                        covering(&pieces, |piece| sample(&plane, piece.source, steepest))
                    })
                    .collect();
                let last = enclosed.ndim() - 1;
                let mut there = enclosed.view_mut();
                there = there.index_axis_move(Axis(last), column).index_axis_move(Axis(last - 1), row);
                there.iter_mut().zip(values).for_each(|(entry, value)| *entry = value);
            }
        }
        Ok(enclosed)
    }

    fn pieces(self, frame: [usize; 2], pixel: [usize; 2], interval: &Interval) -> Vec<Piece> {
        let mut ends = self.breakpoints(frame, pixel, interval);
        ends.insert(0, -1.0);
        ends.push(1.0);
        let line = [interval.centre(), interval.half()].map(Affine::constant);
        let piece = |ends: &[f64]| {
            let (middle, half) = if ends == [-1.0, 1.0] {
                (0.0, 1.0)
            } else {
                // Covers both ends: the halves are rounded twice, relative to numbers of at most 1.
                ((ends[0] + ends[1]) / 2.0, (ends[1] - ends[0]) / 2.0 + 2.0 * f64::EPSILON)
            };
            let parameter = line[0] + line[1] * Affine::new(middle, half, 0.0);
            let source = self.source(frame, pixel, parameter);
            source.map(|source| Piece { middle, half, source })
        };
        ends.windows(2).filter_map(piece).collect()
    }
}

/// The images of all channels.
fn planes<'a>(
    image: &'a ArrayViewD<'_, f64>,
    rows: usize,
    columns: usize,
) -> impl Iterator<Item = ArrayView2<'a, f64>> {
    let channels: Vec<_> = image.shape()[..image.ndim() - 2].to_vec();
    ndarray::indices(channels).into_iter().map(move |channel| {
        let mut plane = image.view();
        for &at in ndarray::Dimension::slice(&channel) {
            plane = plane.index_axis_move(Axis(0), at);
        }
        plane.into_shape_with_order((rows, columns)).unwrap_or_else(|_| unreachable!("two axes are left"))
    })
}

/// An upper bound of the greatest difference of two pixels, zero outside among them.
fn greatest_difference(image: &ArrayView2<'_, f64>) -> f64 {
    let (low, high) = image.iter().fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
    (high - low).next_up()
}

/// The sample at a place on two lines.
fn sample(image: &ArrayView2<'_, f64>, source: [Affine; 2], steepest: f64) -> Affine {
    let [rows, columns] = [image.nrows() as i64, image.ncols() as i64];
    let is_outside = |place: &Affine, extent: i64| place.high() <= -1.0 || place.low() >= extent as f64;
    if is_outside(&source[0], rows) || is_outside(&source[1], columns) {
        return Affine::constant(0.0);
    }
    let [(row, u, beyond_row), (column, v, beyond_column)] = source.map(cell);
    let pixel = |i: i64, j: i64| {
        let (i, j) = (row.saturating_add(i), column.saturating_add(j));
        let is_inside = (0..rows).contains(&i) && (0..columns).contains(&j);
        Affine::constant(if is_inside { image[[i as usize, j as usize]] } else { 0.0 })
    };
    let (a, b, c, d) = (pixel(0, 0), pixel(1, 0), pixel(0, 1), pixel(1, 1));
    let value = a + u * (b - a) + v * (c - a) + u * v * (d - b - c + a);
    let [beyond_row, beyond_column] = [beyond_row, beyond_column].map(Affine::constant);
    let farther = Affine::constant(beyond_row.centre().max(beyond_column.centre()));
    let slope = Affine::from_integer(2) * (Affine::constant(1.0) + farther) * Affine::constant(steepest);
    value.widened((slope * (beyond_row + beyond_column)).high())
}

/// The cell of a coordinate, the offset from its beginning, and how far that goes beyond the cell.
fn cell(place: Affine) -> (i64, Affine, f64) {
    let below = place.centre().floor();
    let offset = place - Affine::constant(below);
    let beyond = (-offset.low()).max(offset.high() - 1.0);
    // The difference is rounded once, relative to a number of at least its size or 1.
    (below as i64, offset, if beyond > 0.0 { beyond + (1.0 + beyond) * f64::EPSILON } else { 0.0 })
}

/// One line that covers the lines of all pieces.
fn covering(pieces: &[Piece], value: impl Fn(&Piece) -> Affine) -> Affine {
    if let [piece] = pieces {
        return value(piece);
    }
    let values: Vec<Affine> = pieces.iter().map(value).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Affine::constant(0.0);
    };
    let chord = ((last.centre() + last.slope()) - (first.centre() - first.slope())) / 2.0;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (piece, value) in pieces.iter().zip(&values) {
        for side in [-1.0, 1.0].map(Affine::constant) {
            let at = Affine::constant(piece.middle) + side * Affine::constant(piece.half);
            let line = Affine::constant(value.centre()) + side * Affine::constant(value.slope());
            let deviation = (line - Affine::constant(chord) * at).widened(value.radius());
            (low, high) = (low.min(deviation.low()), high.max(deviation.high()));
        }
    }
    Affine::between(low, high, chord)
}

/// The sample of the first channel on a line of columns that one cell cannot hold: row 0, column ± reach.
#[cfg(test)]
pub(super) fn sample_across(image: ArrayViewD<'_, f64>, column: f64, reach: f64) -> Affine {
    let (rows, columns) = (image.shape()[1], image.shape()[2]);
    let plane = planes(&image, rows, columns).next().unwrap();
    sample(&plane, [Affine::constant(0.0), Affine::new(column, reach, 0.0)], greatest_difference(&plane))
}
