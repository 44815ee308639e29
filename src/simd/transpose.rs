//! Transposition of squares that fill the registers of AVX-512: sixteen `f32` or eight `f64` on a side.
//!
//! Pairs of rows are interleaved until each 128-bit part of a register holds one column of a few rows; then
//! the parts change places as the entries of a 4 × 4 matrix. Cost: 64 and 24 shuffles.

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, __m512d, _mm512_castpd_ps, _mm512_castps_pd, _mm512_shuffle_f32x4, _mm512_shuffle_f64x2,
        _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    /// # Safety
    /// As [`Element::transpose`](crate::simd::Element::transpose) with sixteen lanes, on a machine with
    /// AVX-512.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn singles(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: the caller vouches for sixteen rows.
        let rows: [__m512; 16] =
            std::array::from_fn(|j| unsafe { from.add(j * from_stride).cast::<__m512>().read_unaligned() });
        let pairs: [__m512; 16] = std::array::from_fn(|n| {
            let (a, b) = (rows[n & !1], rows[n | 1]);
            if n % 2 == 0 { _mm512_unpacklo_ps(a, b) } else { _mm512_unpackhi_ps(a, b) }
        });
        let fours: [__m512; 16] = std::array::from_fn(|n| {
            let first = n / 4 * 4 + n % 4 / 2;
            let (a, b) = (_mm512_castps_pd(pairs[first]), _mm512_castps_pd(pairs[first + 2]));
            _mm512_castpd_ps(if n % 2 == 0 { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) })
        });
        for c in 0..4 {
            let low = _mm512_shuffle_f32x4::<0x44>(fours[c], fours[4 + c]);
            let high = _mm512_shuffle_f32x4::<0xee>(fours[c], fours[4 + c]);
            let next_low = _mm512_shuffle_f32x4::<0x44>(fours[8 + c], fours[12 + c]);
            let next_high = _mm512_shuffle_f32x4::<0xee>(fours[8 + c], fours[12 + c]);
            let columns = [
                _mm512_shuffle_f32x4::<0x88>(low, next_low),
                _mm512_shuffle_f32x4::<0xdd>(low, next_low),
                _mm512_shuffle_f32x4::<0x88>(high, next_high),
                _mm512_shuffle_f32x4::<0xdd>(high, next_high),
            ];
            for (q, column) in columns.into_iter().enumerate() {
                // SAFETY: 4q + c is less than sixteen.
                unsafe { to.add((4 * q + c) * to_stride).cast::<__m512>().write_unaligned(column) };
            }
        }
    }

    /// # Safety
    /// As [`Element::transpose`](crate::simd::Element::transpose) with eight lanes, on a machine with
    /// AVX-512.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn doubles(from: *const f64, from_stride: usize, to: *mut f64, to_stride: usize) {
        // SAFETY: the caller vouches for eight rows.
        let rows: [__m512d; 8] =
            std::array::from_fn(|j| unsafe { from.add(j * from_stride).cast::<__m512d>().read_unaligned() });
        let pairs: [__m512d; 8] = std::array::from_fn(|n| {
            let (a, b) = (rows[n & !1], rows[n | 1]);
            if n % 2 == 0 { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) }
        });
        for c in 0..2 {
            let low = _mm512_shuffle_f64x2::<0x44>(pairs[c], pairs[2 + c]);
            let high = _mm512_shuffle_f64x2::<0xee>(pairs[c], pairs[2 + c]);
            let next_low = _mm512_shuffle_f64x2::<0x44>(pairs[4 + c], pairs[6 + c]);
            let next_high = _mm512_shuffle_f64x2::<0xee>(pairs[4 + c], pairs[6 + c]);
            let columns = [
                _mm512_shuffle_f64x2::<0x88>(low, next_low),
                _mm512_shuffle_f64x2::<0xdd>(low, next_low),
                _mm512_shuffle_f64x2::<0x88>(high, next_high),
                _mm512_shuffle_f64x2::<0xdd>(high, next_high),
            ];
            for (q, column) in columns.into_iter().enumerate() {
                // SAFETY: 2q + c is less than eight.
                unsafe { to.add((2 * q + c) * to_stride).cast::<__m512d>().write_unaligned(column) };
            }
        }
    }
}

macro_rules! transpose_if_possible {
    ($name:ident, $float:ty, $transpose:ident) => {
        /// Transposes a square of 64-byte rows, or tells that the machine cannot.
        ///
        /// # Safety
        /// As [`Element::transpose`](super::Element::transpose), for rows of 64 bytes.
        #[inline(always)]
        pub(super) unsafe fn $name(
            from: *const $float,
            from_stride: usize,
            to: *mut $float,
            to_stride: usize,
        ) -> bool {
            #[cfg(target_arch = "x86_64")]
            if pulp::x86::V4::try_new().is_some() {
                // SAFETY: the machine has AVX-512, and the caller vouches for the rows.
                unsafe { avx512::$transpose(from, from_stride, to, to_stride) };
                return true;
            }
            let _ = (from, from_stride, to, to_stride);
            false
        }
    };
}

transpose_if_possible!(f32_512, f32, singles);
transpose_if_possible!(f64_512, f64, doubles);

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use pulp::{Simd, WithSimd};

    use crate::simd::{Element, InstructionSet};

    /// The transpose of rows longer than a vector, into rows longer than a vector.
    struct Transposed<T>(PhantomData<T>);

    impl<T: Element> WithSimd for Transposed<T> {
        type Output = ();

        fn with_simd<S: Simd>(self, _: S) {
            let lanes = T::lanes::<S>();
            let stride = lanes + 3;
            let from: Vec<T> = (0..lanes * stride).map(|n| T::rounded(n as f64)).collect();
            let mut to = vec![T::small(-1); lanes * stride];
            // SAFETY: both have `lanes` rows of `stride` entries.
            unsafe { T::transpose::<S>(from.as_ptr(), stride, to.as_mut_ptr(), stride) };
            for (n, value) in to.into_iter().enumerate() {
                let (i, j) = (n / stride, n % stride);
                assert_eq!(value, if j < lanes { from[j * stride + i] } else { T::small(-1) });
            }
        }
    }

    #[test]
    fn squares_are_transposed_with_every_instruction_set() {
        for set in InstructionSet::ALL {
            set.run(Transposed::<f32>(PhantomData));
            set.run(Transposed::<f64>(PhantomData));
        }
    }
}
