//! Products of spectra, in which channels meet.
//!
//! A kernel's spectrum is the same for all lanes: each of its points is a broadcast.

use pulp::{Simd, WithSimd};

use crate::simd::Element;

/// Channels of the result whose spectra are summed at once.
pub(super) const SUMMED: usize = 4;

/// `sums(j) = Σ_c kernels(·, c, j) · spectra(c)`
pub(super) struct Product<'a, T> {
    pub(super) kernels: &'a [T],
    pub(super) spectra: &'a [T],
    pub(super) sums: &'a mut [T],
    pub(super) points: usize,
    /// Of one channel.
    pub(super) entries: usize,
    pub(super) columns: usize,
    pub(super) width: usize,
}

impl<T: Element> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.width {
            1 => self.sum::<S, 1>(simd),
            2 => self.sum::<S, 2>(simd),
            3 => self.sum::<S, 3>(simd),
            4 => self.sum::<S, 4>(simd),
            other => unreachable!("one to {SUMMED} channels are summed at once, not {other}"),
        }
    }
}

impl<T: Element> Product<'_, T> {
    #[inline(always)]
    fn sum<S: Simd, const J: usize>(self, simd: S) {
        let Product { kernels, spectra, sums, points, entries, columns, .. } = self;
        let size = 2 * T::lanes::<S>();
        assert!(points * size <= entries && kernels.len() >= points * columns * J * 2);
        assert!(spectra.len() >= columns * entries && sums.len() >= J * entries);
        let zero = T::splat(simd, T::zero());
        for point in 0..points {
            let mut total = [(zero, zero); J];
            for column in 0..columns {
                // SAFETY: point and column are within what was asserted, and a point is two vectors.
                let (re, im) = unsafe {
                    let from = spectra.as_ptr().add(column * entries + point * size);
                    (T::load::<S>(from), T::load::<S>(from.add(size / 2)))
                };
                for (j, total) in total.iter_mut().enumerate() {
                    // SAFETY: as above.
                    let (a, b) = unsafe {
                        let kernel = kernels.as_ptr().add(((point * columns + column) * J + j) * 2);
                        (T::splat(simd, *kernel), T::splat(simd, *kernel.add(1)))
                    };
                    total.0 = T::negate_mul_add(simd, b, im, T::mul_add(simd, a, re, total.0));
                    total.1 = T::mul_add(simd, b, re, T::mul_add(simd, a, im, total.1));
                }
            }
            for (j, total) in total.into_iter().enumerate() {
                // SAFETY: as above.
                unsafe {
                    let to = sums.as_mut_ptr().add(j * entries + point * size);
                    T::store::<S>(to, total.0);
                    T::store::<S>(to.add(size / 2), total.1);
                }
            }
        }
    }
}

/// `spectrum ← kernels · spectrum`
pub(super) struct Scale<'a, T> {
    pub(super) kernels: &'a [T],
    pub(super) spectrum: &'a mut [T],
    pub(super) points: usize,
}

impl<T: Element> WithSimd for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let size = 2 * T::lanes::<S>();
        let points = self.spectrum.chunks_exact_mut(size).take(self.points);
        for (point, kernel) in points.zip(self.kernels.chunks_exact(2)) {
            let (a, b) = (T::splat(simd, kernel[0]), T::splat(simd, kernel[1]));
            // SAFETY: a point is two vectors.
            unsafe {
                let at = point.as_mut_ptr();
                let (re, im) = (T::load::<S>(at), T::load::<S>(at.add(size / 2)));
                T::store::<S>(at, T::negate_mul_add(simd, b, im, T::vector_mul(simd, a, re)));
                T::store::<S>(at.add(size / 2), T::mul_add(simd, b, re, T::vector_mul(simd, a, im)));
            }
        }
    }
}
