//! Asking for memory before it is needed, where the machine does not see by itself what comes next.
//!
//! Nothing is read or written, and no address is wrong: without a line there, or on other machines, nothing
//! happens.

use crate::simd::line;

/// With so many terms sums take longer than memory that is asked for before they are computed.
pub(in crate::conv::plan) const EXPECTING_TERMS: usize = 128;

/// What for: which cache the line comes to, and whether it is to be written.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) enum Purpose {
    /// It is read soon: into the first-level cache.
    Soon,
    /// It is read later: into the second-level cache.
    Later,
    /// It is written.
    Write,
}

/// Asks for the line of an entry.
#[inline(always)]
pub(in crate::conv::plan) fn prefetch<T>(entry: *const T, purpose: Purpose) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_ET0, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 has these instructions or ignores them, and they do nothing where there is no
        // memory.
        unsafe {
            match purpose {
                Purpose::Soon => _mm_prefetch::<_MM_HINT_T0>(entry.cast()),
                Purpose::Later => _mm_prefetch::<_MM_HINT_T1>(entry.cast()),
                Purpose::Write => _mm_prefetch::<_MM_HINT_ET0>(entry.cast()),
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (entry, purpose);
}

/// Asks for `entries[from..from + count]`, as far as there is such a part.
#[inline(always)]
pub(in crate::conv::plan) fn prefetch_part<T>(entries: &[T], from: usize, count: usize, purpose: Purpose) {
    for entry in (from..entries.len().min(from + count)).step_by(line::<T>()) {
        prefetch(entries.as_ptr().wrapping_add(entry), purpose);
    }
}
