//! Kinks and jumps of a function along a line.
//!
//! Of a continuous function that is smooth but for kinks, with slopes up to L, the second difference
//!
//! > F(t − δ) − 2·F(t) + F(t + δ)
//!
//! is at most 2·L·δ: where it is largest it shrinks at least in proportion as one looks more closely. A
//! function that rounds jumps from one value to the next: the largest second difference stays as large as the
//! jump, or as the noise. So the stretch with the largest second difference is cut into [`PARTS`], and that
//! with the largest of these again, and once more: each look divides δ by 8. After two of them a kink has
//! 1/64 of its second difference, which may be twice that if it was not met in the middle; rounding has all
//! of it.

/// Parts of a stretch.
const PARTS: usize = 16;
/// Closer looks.
const LOOKS: usize = 2;
/// The second difference of a kink after them, at most: the geometric mean of 1/64 and 1.
const SHRUNK: f64 = 0.125;
/// The largest of some forty second differences of noise, √6·σ each: they are no larger than 3.3 of that with
/// probability 0.96.
const NOISE: f64 = 8.0;

/// Whether a function differs from a straight line between 0 and `length` by a kink, not by jumps of
/// rounding. `values` gives the function at some distances, `sigma` is the noise that is known already.
///
/// # Errors
/// Those of `values`.
pub(super) fn is_kink<E>(
    values: impl Fn(&[f64]) -> Result<Vec<f64>, E>,
    length: f64,
    sigma: f64,
) -> Result<bool, E> {
    let (mut from, mut spacing) = (0.0, length / PARTS as f64);
    let (mut first, mut last) = (0.0, 0.0);
    for look in 0..=LOOKS {
        let distances: Vec<f64> = (0..=PARTS).map(|part| from + part as f64 * spacing).collect();
        let values = values(&distances)?;
        let second = |part: &usize| (values[part - 1] - 2.0 * values[*part] + values[part + 1]).abs();
        let parts = 1..values.len().saturating_sub(1);
        let Some(largest) = parts.max_by(|a, b| second(a).total_cmp(&second(b))) else { return Ok(false) };
        last = second(&largest);
        if look == 0 {
            first = last;
        }
        from = distances[largest - 1];
        spacing *= 2.0 / PARTS as f64;
    }
    Ok(last <= SHRUNK * first || last <= NOISE * sigma)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kink(function: impl Fn(f64) -> f64) -> bool {
        let values = |distances: &[f64]| Ok::<_, ()>(distances.iter().map(|&t| function(t)).collect());
        is_kink(values, 1.0, 0.0).unwrap()
    }

    #[test]
    fn kinks_shrink_and_jumps_do_not() {
        for place in [0.01, 0.1, 0.123_456, 0.25, 0.5, 0.77, 0.99] {
            assert!(kink(|t| (t - place).abs()), "|t − {place}|");
            assert!(kink(|t| (t - place).max(0.0)), "max(t − {place}, 0)");
            assert!(kink(|t| (t - place).hypot(0.001)), "the length of a vector, {place}");
            assert!(kink(|t| t * t + (t - place).abs().min(0.1)), "two kinks and a curve, {place}");
            assert!(!kink(|t| f64::from(t > place)), "a jump at {place}");
            for steps in [1.0, 2.0, 7.0, 100.0, 1e4] {
                let rounded = |t: f64| (t * steps + place).round() / steps;
                // A stretch without any jump says nothing.
                assert!(
                    !kink(rounded) || steps == 1.0 && rounded(0.0) == rounded(1.0),
                    "{steps} steps, {place}"
                );
                assert!(
                    !kink(|t| 0.1 * t + rounded(t)) || rounded(0.0) == rounded(1.0),
                    "{steps} beside, {place}"
                );
            }
        }
    }
}
