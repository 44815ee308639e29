//! Functions whose symmetry under D4 is known: exact, rounded, leaking, chaotic, of any size.

use equivariant::verify::Float;
use ndarray::ArrayD;

pub(crate) type Array<T> = ArrayD<T>;
pub(crate) type Function<T> = Box<dyn Fn(&Array<T>) -> Array<T>>;

pub(crate) fn number<T: Float>(value: f64) -> T {
    T::from(value).unwrap()
}

/// A number rounded to so many bits, half to even.
pub(crate) fn rounded<T: Float>(value: T, bits: i32) -> T {
    let wide: f64 = value.into();
    if wide == 0.0 {
        return value;
    }
    let step = 2_f64.powi(wide.abs().log2().floor() as i32 - bits + 1);
    number((wide / step).round_ties_even() * step)
}

/// To half precision, but for its range.
pub(crate) fn half<T: Float>(value: T) -> T {
    rounded(value, 11)
}

pub(crate) fn bf16<T: Float>(value: T) -> T {
    rounded(value, 8)
}

/// To 255 steps in [−1, 1].
pub(crate) fn int8<T: Float>(value: T) -> T {
    (value * number(127.0)).round() / number(127.0)
}

/// To 255 steps up to the largest entry.
pub(crate) fn dynamic_int8<T: Float>(x: &Array<T>) -> Array<T> {
    let largest = x.iter().fold(T::zero(), |largest, &entry| largest.max(num_traits::Float::abs(entry)));
    x.mapv(|entry| (entry / largest * number(127.0)).round() * largest / number(127.0))
}

/// A symmetric filter on periodic images, with every product and sum rounded.
pub(crate) fn blur_in<T: Float>(x: &Array<T>, round: fn(T) -> T) -> Array<T> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let kernel = [[0.1, 0.2, 0.1], [0.2, 0.3, 0.2], [0.1, 0.2, 0.1]];
    Array::from_shape_fn(x.raw_dim(), |index| {
        let mut sum = T::zero();
        for (i, weights) in kernel.iter().enumerate() {
            for (j, &weight) in weights.iter().enumerate() {
                let place = [(index[0] + i + rows - 1) % rows, (index[1] + j + columns - 1) % columns];
                sum = round(sum + round(number::<T>(weight) * x[place]));
            }
        }
        sum
    })
}

pub(crate) fn blur<T: Float>(x: &Array<T>) -> Array<T> {
    blur_in(x, |value| value)
}

/// For each entry of a periodic image, a function of the nine around it, row by row.
fn of_neighbours<T: Float>(x: &Array<T>, function: impl Fn([T; 9]) -> T) -> Array<T> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    Array::from_shape_fn(x.raw_dim(), |index| {
        function(std::array::from_fn(|n| {
            x[[(index[0] + n / 3 + rows - 1) % rows, (index[1] + n % 3 + columns - 1) % columns]]
        }))
    })
}

/// The length of the gradient: a kink wherever it vanishes.
pub(crate) fn edges<T: Float>(x: &Array<T>) -> Array<T> {
    of_neighbours(x, |[_, above, _, left, _, right, _, below, _]| (above - below).hypot(left - right))
}

/// The middle one of the neighbours: a kink wherever two of them are equal.
pub(crate) fn median<T: Float>(x: &Array<T>) -> Array<T> {
    of_neighbours(x, |mut entries| {
        entries.sort_by(|a, b| a.partial_cmp(b).unwrap());
        entries[4]
    })
}

pub(crate) fn largest<T: Float>(x: &Array<T>) -> Array<T> {
    of_neighbours(x, |entries| entries.into_iter().fold(T::neg_infinity(), T::max))
}

/// The length of (x, blurred x).
pub(crate) fn lengths<T: Float>(x: &Array<T>) -> Array<T> {
    ndarray::Zip::from(x).and(&blur(x)).map_collect(|&entry, &blurred| entry.hypot(blurred))
}

/// All entries in order, as a map of the set of them: row by row, so that no element may move the output.
pub(crate) fn sorted<T: Float>(x: &Array<T>) -> Array<T> {
    let mut entries: Vec<T> = x.iter().copied().collect();
    entries.sort_by(|a, b| a.partial_cmp(b).unwrap());
    Array::from_shape_vec(x.raw_dim(), entries).unwrap()
}

/// Six filters, each rectified.
pub(crate) fn rectified<T: Float>(x: &Array<T>) -> Array<T> {
    (0..6).fold(x.clone(), |y, _| {
        blur(&y).mapv(|entry| (num_traits::Float::abs(entry) - number(0.3)) * number(0.8))
    })
}

/// (row + 1)/rows · x, which no element but the mirror of the columns keeps.
pub(crate) fn ramp<T: Float>(x: &Array<T>) -> Array<T> {
    let rows = x.shape()[0] as f64;
    Array::from_shape_fn(x.raw_dim(), |index| number::<T>((index[0] + 1) as f64 / rows) * x[&index])
}

/// The image moved by a row.
pub(crate) fn shift<T: Float>(x: &Array<T>) -> Array<T> {
    let rows = x.shape()[0];
    Array::from_shape_fn(x.raw_dim(), |index| x[[(index[0] + 1) % rows, index[1]]])
}

/// A symmetric filter with a leak of about this share of its variation.
pub(crate) fn leaking<T: Float>(leak: f64) -> Function<T> {
    Box::new(move |x| blur(x) + ramp(x).mapv(|entry| entry * number(leak)))
}

pub(crate) fn scaled<T: Float>(function: fn(&Array<T>) -> Array<T>, factor: f64) -> Function<T> {
    Box::new(move |x| function(x).mapv(|entry| entry * number(factor)))
}

pub(crate) fn shifted<T: Float>(function: fn(&Array<T>) -> Array<T>, offset: f64) -> Function<T> {
    Box::new(move |x| function(x).mapv(|entry| entry + number(offset)))
}

/// The logistic map, 24 times: it doubles a difference each time.
pub(crate) fn chaotic<T: Float>(x: &Array<T>) -> Array<T> {
    x.mapv(|entry| {
        (0..24).fold((entry + T::one()) / number(2.0), |v, _| number::<T>(4.0) * v * (T::one() - v))
    })
}

pub(crate) fn two_channels<T: Float>(first: Array<T>, second: Array<T>) -> Array<T> {
    ndarray::stack![ndarray::Axis(0), first, second]
}
