//! How weights begin: random numbers whose spread keeps the size of signals from layer to layer.
//!
//! With n inputs per output (fan-in) and m outputs per input (fan-out), the weights are independent and
//! uniform with mean 0 and
//!
//! | name | variance | for | source |
//! |---|---|---|---|
//! | He | 2/n | ReLU | K. He et al., *Delving deep into rectifiers*, 2015, eq. 10 |
//! | Xavier | 2/(n + m) | tanh | X. Glorot, Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010, eq. 16 |
//! | LeCun | 1/n | tanh, self-normalising | Y. LeCun et al., *Efficient BackProp*, 1998, eq. 16 |
//! | PyTorch | 1/(3n) | training long enough that small first outputs do not matter | what PyTorch's layers begin with: ±1/√n |
//! | orthogonal | rows or columns orthonormal | linear, recurrent | A. Saxe et al., *Exact solutions to the nonlinear dynamics of learning*, 2014 |
//!
//! A uniform variable on (−a, a) has variance a²/3.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// A distribution of first weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Initialisation {
    /// Variance 2/fan-in.
    #[default]
    He,
    /// Variance 2/(fan-in + fan-out).
    Xavier,
    /// Variance 1/fan-in.
    LeCun,
    /// Variance 1/(3·fan-in): five layers shrink their signal by a hundred against [`Initialisation::He`], so
    /// that training begins near the zero function and decides the features itself.
    PyTorch,
    /// The weight as a matrix (outputs × the rest) has orthonormal rows or, if it has more rows than columns,
    /// columns.
    Orthogonal,
}

/// Values of a weight of this shape, row by row.
pub(super) fn draw<R: Rng>(
    initialisation: Initialisation,
    shape: &[usize],
    (fan_in, fan_out): (usize, usize),
    random: &mut R,
) -> Vec<f32> {
    let variance = match initialisation {
        Initialisation::He => 2.0 / fan_in as f64,
        Initialisation::Xavier => 2.0 / (fan_in + fan_out) as f64,
        Initialisation::LeCun => 1.0 / fan_in as f64,
        Initialisation::PyTorch => 1.0 / (3 * fan_in) as f64,
        Initialisation::Orthogonal => return orthogonal(shape, random),
    };
    let limit = (3.0 * variance).sqrt();
    (0..shape.iter().product()).map(|_| random.random_range(-limit..limit) as f32).collect()
}

/// The orthogonal factor of a matrix of independent normal numbers, with the signs that make it uniformly
/// distributed (F. Mezzadri, *How to generate random matrices from the classical compact groups*, 2007,
/// section 5).
fn orthogonal<R: Rng>(shape: &[usize], random: &mut R) -> Vec<f32> {
    let rows = shape.first().copied().unwrap_or(1);
    let columns: usize = shape.iter().skip(1).product();
    let (long, short) = (rows.max(columns), rows.min(columns));
    let decomposition = DMatrix::from_fn(long, short, |_, _| normal(random)).qr();
    let (mut q, r) = (decomposition.q(), decomposition.r());
    for column in 0..short {
        if r[(column, column)] < 0.0 {
            q.column_mut(column).neg_mut();
        }
    }
    let entry = |row: usize, column: usize| if rows >= columns { q[(row, column)] } else { q[(column, row)] };
    (0..rows * columns).map(|i| entry(i / columns, i % columns) as f32).collect()
}

/// A normal number, by G. Box and M. Muller, *A note on the generation of random normal deviates*, 1958.
fn normal<R: Rng>(random: &mut R) -> f64 {
    // From (0, 1], so that the logarithm is finite.
    let radius = 1.0 - random.random::<f64>();
    let angle = std::f64::consts::TAU * random.random::<f64>();
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_variance_is_that_of_the_table() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (shape, fan) = ([200, 10, 3, 3], (90, 1800));
        for (initialisation, variance) in [
            (Initialisation::He, 2.0 / 90.0),
            (Initialisation::Xavier, 2.0 / 1890.0),
            (Initialisation::LeCun, 1.0 / 90.0),
            (Initialisation::PyTorch, 1.0 / 270.0),
        ] {
            let values = draw(initialisation, &shape, fan, &mut random);
            let squares = values.iter().map(|&value| f64::from(value).powi(2)).collect::<Vec<_>>();
            let n = squares.len() as f64;
            let found = squares.iter().sum::<f64>() / n;
            // x² of a uniform x of variance v has deviation v·√(4/5) = 0.894·v; five deviations of the mean.
            assert!((found / variance - 1.0).abs() < 5.0 * 0.895 / n.sqrt(), "{initialisation:?}: {found}");
            let limit = (3.0 * variance).sqrt() as f32;
            assert!(values.iter().all(|value| value.abs() <= limit));
        }
    }

    #[test]
    fn orthogonal_weights_are_orthonormal() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for shape in [[6, 2, 2, 2], [9, 1, 2, 2], [4, 1, 2, 2]] {
            let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
            let values = draw(Initialisation::Orthogonal, &shape, (1, 1), &mut random);
            let matrix = DMatrix::from_row_iterator(rows, columns, values.iter().map(|&v| f64::from(v)));
            let gram =
                if rows <= columns { &matrix * matrix.transpose() } else { matrix.transpose() * &matrix };
            // Each of at most 9 products of entries rounded to f32 is off by less than 2·2⁻²⁴ plus what the
            // decomposition in f64 loses, which is far less than one more.
            let difference = (gram - DMatrix::identity(rows.min(columns), rows.min(columns))).amax();
            assert!(difference < 9.0 * 3.0 * 2f64.powi(-24), "{shape:?}: {difference:e}");
        }
    }
}
