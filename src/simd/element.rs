//! A float as methods need it: a vector of as many as a register holds, and the operations of a convolution
//! on it.

use std::fmt::Debug;

use pulp::{MemMask, Simd};

use super::transpose;
use crate::scalar::{DivideByInteger, Rounding};

/// A float that kernels compute with: `f32` or `f64`.
pub trait Element: Rounding + DivideByInteger + Copy + Default + PartialOrd + Debug + 'static {
    /// As many as a register of the instruction set holds.
    type Vector<S: Simd>: Copy;

    /// The number of entries of a vector.
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// A small integer, exactly.
    fn small(value: i8) -> Self;

    /// The nearest float.
    fn rounded(value: f64) -> Self;

    /// A vector of equal entries.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// `a + b`
    fn vector_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a − b`
    fn vector_sub<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a·b`
    fn vector_mul<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `a·b + c`, rounded once where the machine can, else twice.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// `c − a·b`, rounded once where the machine can, else twice.
    fn negate_mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// max(a, 0); NaN stays NaN.
    fn vector_relu<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;

    /// The sum of the entries.
    fn vector_sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;

    /// The vector of the entries at `from`.
    ///
    /// # Safety
    /// `from` must be valid for reads of [`Self::lanes`] entries.
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> Self::Vector<S> {
        // SAFETY: the caller vouches for the entries; a vector is made of them and nothing else, at any
        // alignment.
        unsafe { from.cast::<Self::Vector<S>>().read_unaligned() }
    }

    /// Writes the entries of the vector to `to`.
    ///
    /// # Safety
    /// `to` must be valid for writes of [`Self::lanes`] entries.
    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut Self, vector: Self::Vector<S>) {
        // SAFETY: as for `load`.
        unsafe { to.cast::<Self::Vector<S>>().write_unaligned(vector) }
    }

    /// Writes the first `length` entries of the vector to `to`.
    ///
    /// # Safety
    /// `to` must be valid for writes of `length` entries, which is at most [`Self::lanes`].
    unsafe fn store_first<S: Simd>(simd: S, to: *mut Self, vector: Self::Vector<S>, length: usize);

    /// Entries `low..high` of a vector at `from`, and zeros before and after.
    ///
    /// # Safety
    /// The entries `low..high` from `from` on must be valid for reads, `from` need not be; `high` is at most
    /// [`Self::lanes`].
    unsafe fn load_between<S: Simd>(simd: S, from: *const Self, low: usize, high: usize) -> Self::Vector<S>;

    /// Transposes a square of as many rows as a vector has lanes: entry i of the row at `from +
    /// j·from_stride` goes to `to + i·to_stride + j`.
    ///
    /// # Safety
    /// Every row must be valid for reads at `from`, and for writes at `to`, of [`Self::lanes`] entries, and
    /// the two must not overlap.
    unsafe fn transpose<S: Simd>(from: *const Self, from_stride: usize, to: *mut Self, to_stride: usize);
}

macro_rules! element {
    ($float:ident, $vector:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $mul_add:ident, $negate_mul_add:ident, $transpose:path, $less:ident, $select:ident, $sum:ident, $mask:ident, $integer:ident, $masked_load:ident, $masked_store:ident) => {
        impl Element for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn small(value: i8) -> Self {
                $float::from(value)
            }

            #[inline(always)]
            fn rounded(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn vector_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn vector_sub<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn vector_mul<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn negate_mul_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$negate_mul_add(a, b, c)
            }

            #[inline(always)]
            fn vector_relu<S: Simd>(simd: S, a: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$less(a, zero), zero, a)
            }

            #[inline(always)]
            fn vector_sum<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            unsafe fn store_first<S: Simd>(simd: S, to: *mut Self, vector: S::$vector, length: usize) {
                // A mask of its own, as a partial store is a call.
                let mask = MemMask::new(simd.$mask(0, length as $integer).mask());
                // SAFETY: the caller vouches for `length` entries, and no others are touched.
                unsafe { simd.$masked_store(mask, to, vector) }
            }

            #[inline(always)]
            unsafe fn load_between<S: Simd>(
                simd: S,
                from: *const Self,
                low: usize,
                high: usize,
            ) -> S::$vector {
                // A mask of its own, as the one for a range of lanes loads by a call.
                let mask = MemMask::new(simd.$mask(low as $integer, high as $integer).mask());
                // SAFETY: the caller vouches for these entries, and no others are touched.
                unsafe { simd.$masked_load(mask, from) }
            }

            #[inline(always)]
            unsafe fn transpose<S: Simd>(
                from: *const Self,
                from_stride: usize,
                to: *mut Self,
                to_stride: usize,
            ) {
                let lanes = Self::lanes::<S>();
                // SAFETY: the caller vouches for the squares.
                unsafe {
                    if size_of::<S::$vector>() == 64 && $transpose(from, from_stride, to, to_stride) {
                        return;
                    }
                    for i in 0..lanes {
                        for j in 0..lanes {
                            *to.add(i * to_stride + j) = *from.add(j * from_stride + i);
                        }
                    }
                }
            }
        }
    };
}

element!(
    f32,
    f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    mul_add_e_f32s,
    negate_mul_add_e_f32s,
    transpose::f32_512,
    less_than_f32s,
    select_f32s,
    reduce_sum_f32s,
    mask_between_m32s,
    u32,
    mask_load_ptr_f32s,
    mask_store_ptr_f32s
);
element!(
    f64,
    f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    mul_add_e_f64s,
    negate_mul_add_e_f64s,
    transpose::f64_512,
    less_than_f64s,
    select_f64s,
    reduce_sum_f64s,
    mask_between_m64s,
    u64,
    mask_load_ptr_f64s,
    mask_store_ptr_f64s
);
