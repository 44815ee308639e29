//! Operations on blocks of sixteen floats, and plain loops, compiled for the instructions of the machine.
//!
//! A block is one vector with AVX-512, two with AVX2, and elsewhere what the machine has, or four arrays that
//! any compiler turns into that.

use std::any::TypeId;

use pulp::{Arch, Scalar128b, Simd, WithSimd};

use super::{InstructionSet, is_wide};

impl InstructionSet {
    /// Runs an operation on blocks of sixteen floats with these instructions. A block is one vector with
    /// AVX-512, two with AVX2, and elsewhere what the machine has, or four arrays that any compiler turns
    /// into that.
    #[inline]
    pub(crate) fn run_on_blocks<Operation: WithSimd>(self, operation: Operation) -> Operation::Output {
        match self {
            InstructionSet::Portable if cfg!(target_arch = "x86_64") => Scalar128b.vectorize(operation),
            InstructionSet::Portable => match Arch::new() {
                Arch::Scalar => Scalar128b.vectorize(operation),
                other => other.dispatch(operation),
            },
            set => set.run(operation),
        }
    }

    /// Whether tiles of 24 sums of an operation on blocks fit the registers: see [`is_wide`].
    pub(crate) fn are_wide(self) -> bool {
        struct Wide;
        impl WithSimd for Wide {
            type Output = bool;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> bool {
                is_wide::<S>()
            }
        }
        self.run_on_blocks(Wide)
    }
}

/// Runs plain loops, compiled for the widest vectors of this machine.
#[inline]
pub(crate) fn vectorised<Output>(loops: impl FnOnce() -> Output) -> Output {
    Arch::new().dispatch(loops)
}

/// a·b + c, with one rounding where the machine has an instruction for it and with two elsewhere.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
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
        for set in InstructionSet::available() {
            assert_eq!(set.run_on_blocks(MultiplyAdd([3.0, 5.0, -7.0])), 8.0, "{set:?}");
        }
    }
}
