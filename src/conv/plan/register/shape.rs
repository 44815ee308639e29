//! How large tiles are: what fills the registers of an instruction set.

use pulp::{Simd, WithSimd};

use crate::simd::{Element, InstructionSet};

/// Most rows and vectors of a tile.
pub(in crate::conv::plan) const MOST_ROWS: usize = 8;
pub(in crate::conv::plan) const MOST_VECTORS: usize = 3;

/// Shape of the tiles that fill the registers of an instruction set: (rows, vectors). Larger ones are not
/// compiled for it.
pub(in crate::conv::plan) fn tile_shape(set: InstructionSet) -> (usize, usize) {
    match set {
        InstructionSet::Avx512 => (MOST_ROWS, MOST_VECTORS),
        // Twelve sums, two vectors of the source and a weight: 15 of 16 registers. With all 16 in use some
        // are spilled.
        InstructionSet::Avx2 | InstructionSet::Portable => (6, 2),
    }
}

/// The number of entries of a vector of this instruction set.
pub(in crate::conv::plan) fn lanes<T: Element>(set: InstructionSet) -> usize {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Element> WithSimd for Lanes<T> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            T::lanes::<S>()
        }
    }
    set.run(Lanes::<T>(std::marker::PhantomData))
}
