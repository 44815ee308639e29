//! The output as several threads write it, and what happens to a sum on its way there.

use std::marker::PhantomData;

use pulp::Simd;

use crate::conv::simd::Element;

/// An output that threads write in places of their own.
pub(super) struct SharedOutput<'a, T> {
    pointer: *mut T,
    length: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: it is only written, and whoever writes vouches that no one else writes the same entries.
unsafe impl<T: Send> Sync for SharedOutput<'_, T> {}

/// What is added to the sums of each channel, and whether negative ones become zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<'a, T> {
    pub(super) bias: Option<&'a [T]>,
    pub(super) relu: bool,
}

impl<T: Element> Finish<'_, T> {
    /// For this channel.
    #[inline(always)]
    pub(super) fn of(self, channel: usize) -> (Option<T>, bool) {
        (self.bias.map(|bias| bias[channel]), self.relu)
    }
}

impl<'a, T: Element> SharedOutput<'a, T> {
    pub(super) fn new(output: &'a mut [T]) -> Self {
        SharedOutput { pointer: output.as_mut_ptr(), length: output.len(), borrowed: PhantomData }
    }

    /// Finishes the first `length` sums and writes them `every` entries apart, the first `to` entries from the start.
    /// The sums must be followed by as many more as a vector has.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd>(
        &self,
        simd: S,
        to: usize,
        every: usize,
        sums: &[T],
        length: usize,
        (bias, relu): (Option<T>, bool),
    ) {
        let lanes = T::lanes::<S>();
        assert!(length > 0 && to + (length - 1) * every < self.length && length + lanes <= sums.len());
        let zero = T::splat(simd, T::zero());
        let bias = bias.map(|bias| T::splat(simd, bias));
        for i in (0..length).step_by(lanes) {
            // SAFETY: i is below `length`, which is shorter than `sums` by a vector.
            let mut values = unsafe { T::load::<S>(sums.as_ptr().add(i)) };
            if let Some(bias) = bias {
                values = T::vector_add(simd, values, bias);
            }
            if relu {
                values = T::vector_max(simd, zero, values);
            }
            let count = lanes.min(length - i);
            // SAFETY: entries i … i + count − 1, `every` apart, lie inside the output, as asserted.
            unsafe {
                let to = self.pointer.add(to + i * every);
                if every > 1 {
                    for lane in 0..count {
                        let values = (&raw const values).cast::<T>();
                        *to.add(lane * every) = *values.add(lane);
                    }
                } else if count == lanes {
                    T::store::<S>(to, values);
                } else {
                    T::store_first(simd, to, values, count);
                }
            }
        }
    }
}
