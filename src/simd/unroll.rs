//! Loops over constant numbers of registers, written out.
//!
//! A tile of sums stays in registers only if every loop over its rows and vectors is unrolled before the
//! optimiser takes the array of them apart. Whether it does that for a loop depends on what else is in the
//! function, and a tile whose loop was kept is five times slower. These loops are written out by the macro
//! instead; steps beyond the end are left out where the function is made for its constants.

/// Runs the block for each constant `index` from 0 to below the count, which is a constant of at most 12.
///
/// With debug assertions the loops are plain ones: without an optimiser every step written out has room on
/// the stack of its own, more than there is.
macro_rules! unrolled {
    ($index:ident in 0..$count:expr => $body:block) => {
        const { assert!($count <= 12, "at most twelve steps are written out") }
        #[cfg(debug_assertions)]
        #[allow(clippy::needless_range_loop)]
        for $index in 0..$count $body
        #[cfg(not(debug_assertions))]
        unrolled!(@steps $index, $count, $body, 0 1 2 3 4 5 6 7 8 9 10 11);
    };
    (@steps $index:ident, $count:expr, $body:block, $($number:literal)*) => {
        $(if $number < $count {
            let $index: usize = $number;
            $body
        })*
    };
}
pub(crate) use unrolled;

#[cfg(test)]
mod tests {
    fn pairs<const J: usize, const V: usize>() -> Vec<(usize, usize)> {
        let mut seen = Vec::new();
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                seen.push((j, v));
            });
        });
        seen
    }

    #[test]
    fn every_step_once_and_in_order() {
        assert_eq!(pairs::<3, 2>(), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        assert_eq!(pairs::<0, 2>(), []);
        assert_eq!(pairs::<12, 1>().len(), 12);
    }
}
