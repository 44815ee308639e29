//! Vectors of floats, written once for every instruction set.
//!
//! [`Element`] is what a kernel needs of a float: a vector of as many as the machine's registers hold, and the four
//! operations of a convolution. [`InstructionSet`] says which machine; the crate pulp chooses the instructions, at run
//! time, and keeps the choice sound. A kernel is a [`WithSimd`] whose code is compiled once for each set.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__cpuid;
use std::fmt::Debug;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use pulp::{MemMask, Simd, WithSimd};

use super::{ConvolutionScalar, transpose};
use crate::scalar::DivideByInteger;

/// Which instructions kernels use. All give results within the same derived bounds; the bits may differ, as only the
/// first two fuse a product with its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// 512-bit vectors, 32 registers.
    Avx512,
    /// 256-bit vectors with fused multiply-add, 16 registers.
    Avx2,
    /// What every machine has.
    Portable,
}

impl InstructionSet {
    /// All of them, the widest first.
    pub const ALL: [InstructionSet; 3] =
        [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable];

    /// The widest that this machine has.
    pub fn best() -> Self {
        Self::ALL.into_iter().find(|set| set.is_available()).unwrap_or(InstructionSet::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            InstructionSet::Avx512 | InstructionSet::Avx2 => false,
            InstructionSet::Portable => true,
        }
    }

    /// Multiply-adds of vectors that a core begins in a cycle: two, but for AMD's family 25 (Zen 4), where those of 512 bits take both
    /// units. Source: AMD, *Software Optimization Guide for the Zen 4 Microarchitecture*, 2023.
    pub(super) fn multiply_adds_a_cycle(self) -> usize {
        #[cfg(target_arch = "x86_64")]
        if self == InstructionSet::Avx512 {
            static HALVED: OnceLock<bool> = OnceLock::new();
            let halved = || {
                let vendor = __cpuid(0);
                let family = __cpuid(1).eax >> 8;
                let family = (family & 0xf) + (family >> 12 & 0xff);
                [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD"
                    && family == 25
            };
            return if *HALVED.get_or_init(halved) { 1 } else { 2 };
        }
        2
    }

    /// Multiply-adds of vectors that keep a core busy, as each takes four cycles.
    pub(super) fn sums_in_flight(self) -> usize {
        4 * self.multiply_adds_a_cycle()
    }

    /// What a load costs, in multiply-adds: a core does two in a cycle.
    pub(super) fn load_cost(self) -> f64 {
        self.multiply_adds_a_cycle() as f64 / 2.0
    }

    /// Runs a kernel with these instructions, or with the portable ones where the machine lacks them.
    pub(super) fn run<Kernel: WithSimd>(self, kernel: Kernel) -> Kernel::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                if let Some(simd) = pulp::x86::V4::try_new() {
                    return Simd::vectorize(simd, kernel);
                }
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return Simd::vectorize(simd, kernel);
                }
            }
            _ => {}
        }
        Simd::vectorize(pulp::Scalar, kernel)
    }
}

/// Whether there are 32 registers, for 24 sums and what they are made of. 16 registers hold twelve sums; more are several times slower, as
/// some stand in memory.
pub(super) const fn is_wide<S: Simd>() -> bool {
    S::REGISTER_COUNT >= 32
}

/// A float that kernels compute with: `f32` or `f64`.
pub trait Element:
    ConvolutionScalar + DivideByInteger + Copy + Default + PartialOrd + Debug + 'static
{
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

    /// The greater of each pair of entries.
    fn vector_max<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// The sum of the entries.
    fn vector_sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;

    /// The vector of the entries at `from`.
    ///
    /// # Safety
    /// `from` must be valid for reads of [`Self::lanes`] entries.
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> Self::Vector<S> {
        // SAFETY: the caller vouches for the entries; a vector is made of them and nothing else, at any alignment.
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

    /// Transposes a square of as many rows as a vector has lanes: entry i of the row at `from + j·from_stride` goes to
    /// `to + i·to_stride + j`.
    ///
    /// # Safety
    /// Every row must be valid for reads at `from`, and for writes at `to`, of [`Self::lanes`] entries, and the two
    /// must not overlap.
    unsafe fn transpose<S: Simd>(from: *const Self, from_stride: usize, to: *mut Self, to_stride: usize);
}

macro_rules! element {
    ($float:ident, $vector:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $mul_add:ident, $negate_mul_add:ident, $transpose:path, $max:ident, $sum:ident, $mask:ident, $integer:ident, $masked_load:ident, $masked_store:ident) => {
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
            fn vector_max<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$max(a, b)
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
    max_f32s,
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
    max_f64s,
    reduce_sum_f64s,
    mask_between_m64s,
    u64,
    mask_load_ptr_f64s,
    mask_store_ptr_f64s
);
