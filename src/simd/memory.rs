//! Memory that begins where a line of the cache begins, so that vectors in it do not cross lines, which takes
//! twice as long.

use std::ops::{Deref, DerefMut};

use num_traits::Zero;

/// Bytes of a line of the cache.
pub(crate) const LINE_BYTES: usize = 64;

/// Entries of `T` in a line of the cache.
pub(crate) const fn line<T>() -> usize {
    LINE_BYTES / size_of::<T>()
}

/// Numbers whose first one begins a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct AlignedBuffer<T> {
    memory: Vec<T>,
    /// The place in `memory` of the first number.
    start: usize,
    length: usize,
}

impl<T: Copy + Zero> AlignedBuffer<T> {
    /// `length` zeros.
    pub(crate) fn zeros(length: usize) -> Self {
        AlignedBuffer::from_vec(vec![T::zero(); length])
    }

    /// These numbers, in the memory that they have if that has room for one line more.
    pub(crate) fn from_vec(mut memory: Vec<T>) -> Self {
        let length = memory.len();
        memory.reserve_exact(line::<T>());
        let start = beginning(&memory);
        memory.resize(length + line::<T>(), T::zero());
        memory.copy_within(..length, start);
        AlignedBuffer { memory, start, length }
    }

    /// The memory, to be filled anew; what it holds is of no meaning.
    pub(crate) fn into_vec(self) -> Vec<T> {
        self.memory
    }

    /// Makes room for `length` numbers if there is less. What was there is lost then.
    pub(crate) fn reserve(&mut self, length: usize) {
        if self.length < length {
            *self = AlignedBuffer::zeros(length);
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<T>() * self.memory.capacity()
    }
}

/// The first place that begins a line. An answer beyond a line would mean that no alignment is possible: then
/// it is done without.
fn beginning<T>(memory: &[T]) -> usize {
    let ahead = memory.as_ptr().align_offset(LINE_BYTES);
    if ahead < line::<T>() { ahead } else { 0 }
}

impl<T: Clone> Clone for AlignedBuffer<T> {
    fn clone(&self) -> Self {
        let mut memory = self.memory.clone();
        // Without memory, as in a default buffer, there is no room to begin elsewhere.
        let start = beginning(&memory).min(memory.len() - self.length);
        memory.rotate_left(self.start);
        memory.rotate_right(start);
        AlignedBuffer { memory, start, length: self.length }
    }
}

impl<T> Deref for AlignedBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.start..][..self.length]
    }
}

impl<T> DerefMut for AlignedBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins_a_line<T: Copy + Zero>(buffer: &AlignedBuffer<T>) -> bool {
        buffer.as_ptr().addr().is_multiple_of(LINE_BYTES)
    }

    #[test]
    fn aligned_and_as_long_as_asked_for() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = AlignedBuffer::<f32>::zeros(length);
            assert!(begins_a_line(&buffer) && buffer.len() == length);
            buffer.iter_mut().enumerate().for_each(|(i, entry)| *entry = i as f32);
            let copy = buffer.clone();
            assert!(begins_a_line(&copy));
            assert_eq!(*copy, *buffer);
            let numbers: Vec<f64> = (0..length).map(|i| i as f64).collect();
            let from = AlignedBuffer::from_vec(numbers.clone());
            assert!(begins_a_line(&from));
            assert_eq!(*from, *numbers);
        }
    }

    #[test]
    fn an_empty_buffer_can_be_copied() {
        assert!(AlignedBuffer::<f32>::default().clone().is_empty());
    }

    #[test]
    fn room_only_grows() {
        let mut buffer = AlignedBuffer::<f64>::zeros(10);
        buffer.reserve(4);
        assert_eq!(buffer.len(), 10);
        buffer.reserve(40);
        assert_eq!(buffer.len(), 40);
        assert!(begins_a_line(&buffer) && buffer.bytes() >= 40 * 8);
    }
}
