//! Singular values and right singular vectors by one-sided Jacobi rotations.
//!
//! Rotations V of pairs of columns make the columns of A·V orthogonal: then their lengths are the singular
//! values of A, and the columns of V are the right singular vectors. Nothing is deflated and no step
//! converges only usually, so that zero, repeated and clustered values need no care. (nalgebra 0.35 is wrong
//! there: it gives 4.54 for the matrix of ones of 3 × 5, whose only value is √15, and for one in fifty pairs
//! of random representations.)
//!
//! The method is backward stable: what it finds belongs to A + E with ‖E‖₂ ≤ p·u·‖A‖₂ for a modest p (J.
//! Demmel, K. Veselić, *Jacobi's method is more accurate than QR*, 1992). Source: M. Hestenes, *Inversion of
//! matrices by biorthogonalization and related results*, 1958. Cost: some ten sweeps over n²/2 pairs of
//! columns of m entries.

use nalgebra::DMatrix;

/// Sweeps after which rotations have long been below rounding: they converge quadratically, and ten are many.
const SWEEPS: usize = 60;

/// Singular values in descending order, as many as columns, and the right singular vectors as columns in the
/// same order.
pub(super) fn singular_values(matrix: &DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
    let n = matrix.ncols();
    // Squares neither overflow nor vanish beside the largest.
    let scale = matrix.amax();
    let mut a = if scale > 0.0 { matrix / scale } else { matrix.clone() };
    let mut v = DMatrix::<f64>::identity(n, n);
    // Products of columns that rounding alone has left.
    let noise = a.norm_squared() * f64::EPSILON * f64::EPSILON;
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let product = a.column(p).dot(&a.column(q));
                let squares = [p, q].map(|column| a.column(column).norm_squared());
                if product.abs() <= (f64::EPSILON * (squares[0] * squares[1]).sqrt()).max(noise) {
                    continue;
                }
                rotated = true;
                // The smaller of the two angles that make the columns orthogonal.
                let cotangent = (squares[1] - squares[0]) / (2.0 * product);
                let tangent = cotangent.signum() / (cotangent.abs() + cotangent.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                for matrix in [&mut a, &mut v] {
                    rotate(matrix, (p, q), cosine, cosine * tangent);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let lengths: Vec<f64> = a.column_iter().map(|column| column.norm()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| lengths[j].total_cmp(&lengths[i]));
    let vectors = DMatrix::from_fn(n, n, |row, column| v[(row, order[column])]);
    (order.iter().map(|&i| lengths[i] * scale).collect(), vectors)
}

/// Columns p and q become `c·p − s·q` and `s·p + c·q`.
fn rotate(matrix: &mut DMatrix<f64>, (p, q): (usize, usize), cosine: f64, sine: f64) {
    let rows = matrix.nrows();
    let (before, after) = matrix.as_mut_slice().split_at_mut(q * rows);
    for (x, y) in before[p * rows..][..rows].iter_mut().zip(&mut after[..rows]) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Each vector is stretched by its value, the vectors are orthonormal, and the squares add up to those of
    /// the entries. Each of these is off by a modest multiple of the dimensions times u relatively to the
    /// largest value: by Demmel and Veselić a sweep rounds each column n times.
    fn check(matrix: &DMatrix<f64>) -> Vec<f64> {
        let (m, n) = matrix.shape();
        let (values, vectors) = singular_values(matrix);
        let largest = values[0];
        let u = f64::EPSILON * (10 * n + m) as f64;
        assert!(values.windows(2).all(|pair| pair[0] >= pair[1]), "{values:?}");
        let gram = vectors.transpose() * &vectors - DMatrix::identity(n, n);
        assert!(gram.amax() <= u, "{}", gram.amax());
        for (value, vector) in values.iter().zip(vectors.column_iter()) {
            assert!(((matrix * vector).norm() - value).abs() <= u * largest, "{value} of {matrix}");
        }
        let squares: f64 = values.iter().map(|value| value * value).sum();
        assert!((squares.sqrt() - matrix.norm()).abs() <= u * largest, "{values:?}");
        values
    }

    #[test]
    fn known_values() {
        let values = check(&DMatrix::from_element(3, 5, 1.0));
        assert!((values[0] - 15_f64.sqrt()).abs() <= 50.0 * f64::EPSILON * 4.0, "{values:?}");
        assert!(values[1..].iter().all(|&value| value <= 50.0 * f64::EPSILON * 4.0), "{values:?}");
        assert_eq!(check(&DMatrix::zeros(3, 2)), [0.0, 0.0]);
        // Whose squares are no numbers.
        for scale in [2e-200, 3e200] {
            assert_eq!(singular_values(&DMatrix::from_diagonal_element(3, 3, scale)).0, [scale; 3]);
        }
        // [[1, 1], [0, 1]]: the golden ratio and its inverse.
        let golden = (1.0 + 5_f64.sqrt()) / 2.0;
        let values = check(&DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 0.0, 1.0]));
        assert!((values[0] - golden).abs() + (values[1] - 1.0 / golden).abs() <= 50.0 * f64::EPSILON);
    }

    /// Matrices of −1, 0 and 1 of many shapes, with many equal and many zero values.
    #[test]
    fn values_that_are_equal_and_values_that_are_zero() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..300 {
            let (m, n) = (random.random_range(1..9), random.random_range(1..9));
            let rank = random.random_range(0..=m.min(n));
            let mut part = |rows, columns| {
                DMatrix::from_fn(rows, columns, |_, _| f64::from(random.random_range(-1_i32..=1)))
            };
            let matrix = part(m, rank) * part(rank, n);
            let values = check(&matrix);
            let bound = 100.0 * f64::EPSILON * values[0];
            assert!(values.iter().filter(|&&value| value > bound).count() <= rank, "{values:?}");
        }
    }
}
