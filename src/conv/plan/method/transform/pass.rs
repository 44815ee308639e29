//! One pass of a transform: butterflies of radix 2, 3 or 4 on all lanes, and their factors.

use pulp::{Simd, WithSimd};

use crate::simd::Element;

/// What distinguishes one pass from another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub(super) radix: usize,
    /// Points of each transform that it leaves, m.
    pub(super) part: usize,
    /// Where its factors begin.
    pub(super) factors: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    /// By exchanging real and imaginary parts: F⁻¹ = n⁻¹·σFσ with σ(z) = i·z̄, and σ(w̄·z) = w·σ(z).
    Inverse,
}

pub(super) struct PassRun<'a, T> {
    pub(super) pass: Pass,
    pub(super) direction: Direction,
    /// Neighbouring transforms of r·m points each.
    pub(super) blocks: usize,
    pub(super) factors: &'a [T],
    pub(super) points: &'a mut [T],
    pub(super) stride: usize,
}

impl<T: Element> WithSimd for PassRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.pass.radix, self.direction) {
            (2, Direction::Forward) => self.pass::<S, 2, true>(simd),
            (3, Direction::Forward) => self.pass::<S, 3, true>(simd),
            (4, Direction::Forward) => self.pass::<S, 4, true>(simd),
            (2, Direction::Inverse) => self.pass::<S, 2, false>(simd),
            (3, Direction::Inverse) => self.pass::<S, 3, false>(simd),
            (4, Direction::Inverse) => self.pass::<S, 4, false>(simd),
            (other, _) => unreachable!("no pass has radix {other}"),
        }
    }
}

/// A vector of real parts and one of imaginary parts.
type Pair<T, S> = (<T as Element>::Vector<S>, <T as Element>::Vector<S>);

impl<T: Element> PassRun<'_, T> {
    #[inline(always)]
    fn pass<S: Simd, const R: usize, const FORWARD: bool>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let Pass { part, .. } = self.pass;
        let last = (self.blocks * R * part - 1) * self.stride;
        assert!(last + 2 * lanes <= self.points.len() && part * (R - 1) * 2 <= self.factors.len());
        let (re, im) = if FORWARD { (0, lanes) } else { (lanes, 0) };
        let distance = part * self.stride;
        for block in 0..self.blocks {
            for j in 0..part {
                let first = (block * R * part + j) * self.stride;
                // SAFETY: the points are `first + k·distance` for k < R, none beyond `last`, which ends
                // inside.
                let at: [*mut T; R] =
                    std::array::from_fn(|k| unsafe { self.points.as_mut_ptr().add(first + k * distance) });
                // SAFETY: a point is two vectors.
                let mut x: [Pair<T, S>; R] = std::array::from_fn(|k| unsafe {
                    (T::load::<S>(at[k].add(re)), T::load::<S>(at[k].add(im)))
                });
                // SAFETY: there are R − 1 factors for each j < part, as asserted.
                let factor = |k: usize| unsafe {
                    let factor = self.factors.as_ptr().add((j * (R - 1) + k - 1) * 2);
                    (T::splat(simd, *factor), T::splat(simd, *factor.add(1)))
                };
                if !FORWARD && part > 1 {
                    for (k, x) in x.iter_mut().enumerate().skip(1) {
                        *x = multiply::<T, S>(simd, factor(k), *x);
                    }
                }
                transform::<T, S, R>(simd, &mut x);
                if FORWARD && part > 1 {
                    for (k, x) in x.iter_mut().enumerate().skip(1) {
                        *x = multiply::<T, S>(simd, factor(k), *x);
                    }
                }
                for k in 0..R {
                    // SAFETY: as for the loads.
                    unsafe {
                        T::store::<S>(at[k].add(re), x[k].0);
                        T::store::<S>(at[k].add(im), x[k].1);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn multiply<T: Element, S: Simd>(simd: S, w: Pair<T, S>, x: Pair<T, S>) -> Pair<T, S> {
    let re = T::negate_mul_add(simd, w.1, x.1, T::vector_mul(simd, w.0, x.0));
    let im = T::mul_add(simd, w.1, x.0, T::vector_mul(simd, w.0, x.1));
    (re, im)
}

#[inline(always)]
fn add<T: Element, S: Simd>(simd: S, a: Pair<T, S>, b: Pair<T, S>) -> Pair<T, S> {
    (T::vector_add(simd, a.0, b.0), T::vector_add(simd, a.1, b.1))
}

#[inline(always)]
fn sub<T: Element, S: Simd>(simd: S, a: Pair<T, S>, b: Pair<T, S>) -> Pair<T, S> {
    (T::vector_sub(simd, a.0, b.0), T::vector_sub(simd, a.1, b.1))
}

/// `a − i·b` and `a + i·b`
#[inline(always)]
fn turn<T: Element, S: Simd>(simd: S, a: Pair<T, S>, b: Pair<T, S>) -> (Pair<T, S>, Pair<T, S>) {
    let minus = (T::vector_add(simd, a.0, b.1), T::vector_sub(simd, a.1, b.0));
    let plus = (T::vector_sub(simd, a.0, b.1), T::vector_add(simd, a.1, b.0));
    (minus, plus)
}

/// The transform of R points.
#[inline(always)]
fn transform<T: Element, S: Simd, const R: usize>(simd: S, x: &mut [Pair<T, S>; R]) {
    match R {
        2 => (x[0], x[1]) = (add::<T, S>(simd, x[0], x[1]), sub::<T, S>(simd, x[0], x[1])),
        3 => {
            let (t, d) = (add::<T, S>(simd, x[1], x[2]), sub::<T, S>(simd, x[1], x[2]));
            let half = T::splat(simd, T::rounded(-0.5));
            let s = T::splat(simd, T::rounded(0.75f64.sqrt()));
            let e = (T::mul_add(simd, half, t.0, x[0].0), T::mul_add(simd, half, t.1, x[0].1));
            let f = (T::vector_mul(simd, s, d.0), T::vector_mul(simd, s, d.1));
            x[0] = add::<T, S>(simd, x[0], t);
            (x[1], x[2]) = turn::<T, S>(simd, e, f);
        }
        _ => {
            let (a, b) = (add::<T, S>(simd, x[0], x[2]), sub::<T, S>(simd, x[0], x[2]));
            let (c, d) = (add::<T, S>(simd, x[1], x[3]), sub::<T, S>(simd, x[1], x[3]));
            (x[0], x[2]) = (add::<T, S>(simd, a, c), sub::<T, S>(simd, a, c));
            (x[1], x[3]) = turn::<T, S>(simd, b, d);
        }
    }
}
