//! The discrete Fourier transform of as many sequences side by side as a vector has lanes, in place.
//!
//! A *point* is two vectors, the real parts of all lanes and then the imaginary parts; lanes never meet, so
//! nothing is shuffled. Lengths are 2ᵃ3ᵇ. A pass of radix r on n = r·m points, with ω = exp(−2πi/n),
//!
//! ```text
//! x(j + k·m) ← ω^(jk) · Σ_l exp(−2πi·lk/r) · x(j + l·m)      (0 ≤ j < m, 0 ≤ k < r)
//! ```
//!
//! leaves r transforms of m neighbouring points each (decimation in frequency). Frequencies end in the order
//! of their reversed digits, which is as good as any other for multiplying spectra: the inverse undoes the
//! passes one by one and never sorts. Parts that fit the first-level cache are finished before the next is
//! begun.
//!
//! Cost: `n·Σ(2 loads and stores, 4 additions, 3 multiplications for radix 4)` vectors over the passes.
//!
//! *Error.* A pass is √r times a unitary map. Computed, it is off by a factor of at most (1+u)^ρ in the
//! 2-norm, and each entry by at most (1+u)^ρ − 1 times the sum of the moduli that it adds, where ρ counts
//! - 1 for radix 2 and 2 for radix 4, one for each level of additions;
//! - 6 for radix 3: y₁,₂ = (x₀ − t/2) ∓ i·s·d with t = x₁ + x₂, d = x₁ − x₂, s = √3/2; t, x₀ − t/2 and the
//!   final sum are rounded once and s·d at most three times, that is 1 + √(1+3²) + 1 < 6 in the 2-norm; for
//!   an entry, at most 4 roundings of moduli that add up to 1/2 + s < 3/2 of those of x;
//! - 6 more for the factors ω^(jk), where m > 1: √5 for the product (see
//!   [`tolerance`](crate::conv::algorithm::tolerance)), 3 for the factor, whose angle is reduced to an eighth
//!   of a turn before it is rounded.
//!
//! Source: W. Gentleman, G. Sande, *Fast Fourier transforms for fun and profit*, 1966.

mod pass;

use std::iter::repeat_n;

use num_complex::Complex;
use pulp::Simd;

use self::pass::{Direction, Pass, PassRun};
use crate::scalar::RootOfUnity;
use crate::simd::Element;

/// Points that are finished before others are begun: with sixteen lanes of `f32`, 16 KiB.
const NEAR_POINTS: usize = 128;

/// How to transform sequences of one length.
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct LaneTransform<T> {
    length: usize,
    passes: Vec<Pass>,
    /// For each pass and each j, (re, im) of ω^(jk) for k = 1 … r−1.
    factors: Vec<T>,
}

/// The radices of a length, those of the first pass first, or none if it has prime factors above 3.
pub(in crate::conv::plan) fn radices(mut length: usize) -> Option<impl Iterator<Item = usize> + Clone> {
    let mut threes = 0;
    while length.is_multiple_of(3) {
        threes += 1;
        length /= 3;
    }
    let levels = length.trailing_zeros() as usize;
    let powers_of_two = repeat_n(2, levels % 2).chain(repeat_n(4, levels / 2));
    length.is_power_of_two().then(|| repeat_n(3, threes).chain(powers_of_two))
}

/// ρ of the module documentation, for all passes.
pub(in crate::conv::plan) fn roundings(length: usize) -> usize {
    let radices = || radices(length).into_iter().flatten();
    let sums: usize = radices().map(|radix| [0, 0, 1, 6, 2][radix]).sum();
    sums + 6 * radices().count().saturating_sub(1)
}

/// exp(−2πi·j/n)
fn root(j: usize, n: usize) -> Complex<f64> {
    let root = Complex::root_of_unity_power(n as u64, j as u64);
    root.unwrap_or_else(|| unreachable!("transforms have points"))
}

impl<T: Element> LaneTransform<T> {
    /// # Panics
    /// If the length has prime factors above 3.
    pub(in crate::conv::plan) fn new(length: usize) -> Self {
        let radices = radices(length).unwrap_or_else(|| unreachable!("{length} has a prime factor above 3"));
        let (mut passes, mut factors, mut points) = (Vec::new(), Vec::new(), length);
        for radix in radices {
            let part = points / radix;
            passes.push(Pass { radix, part, factors: factors.len() });
            for j in 0..part {
                for k in 1..radix {
                    let factor = root(j * k, points);
                    factors.extend([factor.re, factor.im].map(T::rounded));
                }
            }
            points = part;
        }
        LaneTransform { length, passes, factors }
    }

    pub(in crate::conv::plan) fn length(&self) -> usize {
        self.length
    }

    /// Transforms the points `points[start + i·stride]`, counted in entries.
    pub(in crate::conv::plan) fn forward<S: Simd>(
        &self,
        simd: S,
        points: &mut [T],
        start: usize,
        stride: usize,
    ) {
        self.check::<S>(points, start, stride);
        self.forward_from(simd, 0, points, start, stride);
    }

    /// Undoes [`forward`](Self::forward), up to the factor `length`.
    pub(in crate::conv::plan) fn inverse<S: Simd>(
        &self,
        simd: S,
        points: &mut [T],
        start: usize,
        stride: usize,
    ) {
        self.check::<S>(points, start, stride);
        self.inverse_from(simd, 0, points, start, stride);
    }

    fn check<S: Simd>(&self, points: &[T], start: usize, stride: usize) {
        let end = start + (self.length - 1) * stride + 2 * T::lanes::<S>();
        assert!(end <= points.len(), "the points lie inside");
    }

    /// The number of points that pass `level` works on at once.
    fn points_at(&self, level: usize) -> usize {
        self.passes[level].radix * self.passes[level].part
    }

    fn forward_from<S: Simd>(&self, simd: S, level: usize, points: &mut [T], start: usize, stride: usize) {
        let Some(pass) = self.passes.get(level) else { return };
        let all = self.points_at(level);
        if all <= NEAR_POINTS {
            for pass in &self.passes[level..] {
                let blocks = all / (pass.radix * pass.part);
                self.run(simd, *pass, Direction::Forward, blocks, points, (start, stride));
            }
            return;
        }
        self.run(simd, *pass, Direction::Forward, 1, points, (start, stride));
        for k in 0..pass.radix {
            self.forward_from(simd, level + 1, points, start + k * pass.part * stride, stride);
        }
    }

    fn inverse_from<S: Simd>(&self, simd: S, level: usize, points: &mut [T], start: usize, stride: usize) {
        let Some(pass) = self.passes.get(level) else { return };
        let all = self.points_at(level);
        if all <= NEAR_POINTS {
            for pass in self.passes[level..].iter().rev() {
                let blocks = all / (pass.radix * pass.part);
                self.run(simd, *pass, Direction::Inverse, blocks, points, (start, stride));
            }
            return;
        }
        for k in 0..pass.radix {
            self.inverse_from(simd, level + 1, points, start + k * pass.part * stride, stride);
        }
        self.run(simd, *pass, Direction::Inverse, 1, points, (start, stride));
    }

    #[inline(always)]
    fn run<S: Simd>(
        &self,
        simd: S,
        pass: Pass,
        direction: Direction,
        blocks: usize,
        points: &mut [T],
        (start, stride): (usize, usize),
    ) {
        let count = pass.part * (pass.radix - 1) * 2;
        let factors = &self.factors[pass.factors..pass.factors + count];
        let points = &mut points[start..];
        simd.vectorize(PassRun { pass, direction, blocks, factors, points, stride });
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::simd::InstructionSet;

    #[test]
    fn lengths_without_other_primes_have_radices() {
        assert_eq!(radices(1).map(Vec::from_iter), Some(vec![]));
        assert_eq!(radices(96).map(Vec::from_iter), Some(vec![3, 2, 4, 4]));
        assert_eq!(radices(40).map(Vec::from_iter), None);
        assert_eq!((roundings(1), roundings(2), roundings(4), roundings(96)), (0, 1, 2, 29));
    }

    /// Each lane has a sequence of its own: the transform must be the sum Σ x(n)·exp(−2πi·nk/T), in the order
    /// of reversed digits, and the inverse must give T times the sequence.
    struct Check<T>(usize, std::marker::PhantomData<T>);

    impl<T: Element + Into<f64>> WithSimd for Check<T> {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            let (length, lanes) = (self.0, T::lanes::<S>());
            let transform = LaneTransform::<T>::new(length);
            let (start, stride) = (lanes, 2 * lanes + 1);
            let value =
                |i: usize, part: usize, lane: usize| ((i * 7 + part * 5 + lane * 3) % 11) as f64 - 5.0;
            let mut points = vec![T::zero(); start + length * stride];
            let place = |i: usize, part: usize, lane: usize| start + i * stride + part * lanes + lane;
            for i in 0..length {
                for lane in 0..2 * lanes {
                    points[place(i, 0, lane)] = T::rounded(value(i, lane / lanes, lane % lanes));
                }
            }
            transform.forward(simd, &mut points, start, stride);
            // Moduli are at most 5√2; ρ roundings for each entry, and the sum that it is compared with is
            // exact to within (T + 3) roundings of f64.
            let sum = 5.0 * 2f64.sqrt() * length as f64;
            let growth = (roundings(length) as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1();
            let allowed = sum * (growth + (length + 3) as f64 * f64::EPSILON);
            for place_of in 0..length {
                let (mut k, mut extent, mut rest, mut points_left) = (0, 1, place_of, length);
                for radix in radices(length).unwrap() {
                    points_left /= radix;
                    k += rest / points_left * extent;
                    rest %= points_left;
                    extent *= radix;
                }
                for lane in 0..lanes {
                    let (mut re, mut im) = (0.0, 0.0);
                    for n in 0..length {
                        let term = Complex::new(value(n, 0, lane), value(n, 1, lane)) * root(n * k, length);
                        (re, im) = (re + term.re, im + term.im);
                    }
                    let computed = [0, 1].map(|part| points[place(place_of, part, lane)].into());
                    assert!((computed[0] - re).hypot(computed[1] - im) <= allowed, "{length}: {k}");
                }
            }
            transform.inverse(simd, &mut points, start, stride);
            // Both transforms are off by at most `growth` relatively in the 2-norm, and no entry exceeds it.
            let norm = 5.0 * (2.0 * length as f64).sqrt();
            let allowed = length as f64 * norm * ((1.0 + growth).powi(2) - 1.0);
            for i in 0..length {
                for lane in 0..2 * lanes {
                    let back: f64 = points[place(i, 0, lane)].into();
                    let expected = length as f64 * value(i, lane / lanes, lane % lanes);
                    assert!((back - expected).abs() <= allowed, "{length}");
                }
            }
        }
    }

    #[test]
    fn every_lane_is_transformed_and_back() {
        for set in InstructionSet::ALL {
            for length in [1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 32, 54, 96, 162, 256, 384, 512] {
                set.run(Check::<f32>(length, std::marker::PhantomData));
                set.run(Check::<f64>(length, std::marker::PhantomData));
            }
        }
    }
}
