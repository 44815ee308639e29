//! The widest vectors of this machine, found at run time.
//!
//! Kernels are written once over [`pulp::Simd`] and treat a block of sixteen lanes as so many vectors as the machine
//! needs: one with AVX-512, two with AVX2, four of an array type elsewhere, which any compiler turns into what there is.

use std::any::TypeId;

use pulp::{Arch, Scalar128b, Simd, WithSimd};

use super::super::simd::is_wide;

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub struct Instructions(Arch);

impl Instructions {
    /// The best of this machine.
    pub fn best() -> Self {
        Instructions(Arch::new())
    }

    /// All of this machine, the portable one first.
    pub fn available() -> Vec<Self> {
        let mut available = vec![Instructions(Arch::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            available.extend(pulp::x86::V3::try_new().map(|v3| Instructions(Arch::V3(v3))));
            available.extend(pulp::x86::V4::try_new().map(|v4| Instructions(Arch::V4(v4))));
        }
        available
    }

    /// Runs an operation compiled for these instructions.
    #[inline]
    pub fn run<Operation: WithSimd>(self, operation: Operation) -> Operation::Output {
        match self.0 {
            Arch::Scalar => Scalar128b.vectorize(operation),
            other => other.dispatch(operation),
        }
    }

    /// Whether tiles of 24 sums fit the registers: see [`is_wide`].
    pub(super) fn are_wide(self) -> bool {
        struct Wide;
        impl WithSimd for Wide {
            type Output = bool;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> bool {
                is_wide::<S>()
            }
        }
        self.run(Wide)
    }
}

impl Default for Instructions {
    fn default() -> Self {
        Instructions::best()
    }
}

/// a·b + c, with one rounding where the machine has an instruction for it and with two elsewhere.
#[inline(always)]
pub fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct MultiplyAdd([f32; 3]);

    impl WithSimd for MultiplyAdd {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let [a, b, c] = self.0.map(|x| simd.splat_f32s(x));
            simd.reduce_max_f32s(multiply_add(simd, a, b, c))
        }
    }

    #[test]
    fn every_instruction_set_multiplies_and_adds() {
        let available = Instructions::available();
        assert!(!available.is_empty());
        for instructions in available {
            assert_eq!(instructions.run(MultiplyAdd([3.0, 5.0, -7.0])), 8.0, "{instructions:?}");
        }
    }
}
