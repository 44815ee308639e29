//! Memory that begins where a line of the cache begins, so that vectors in it do not cross lines, which takes twice as long.

use crate::conv::simd::Element;

/// Bytes of a line of the cache.
const LINE_BYTES: usize = 64;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Lines<T> {
    memory: Vec<T>,
    length: usize,
}

impl<T: Element> Lines<T> {
    /// So many zeros.
    pub(super) fn new(length: usize) -> Self {
        Lines { memory: vec![T::zero(); length + LINE_BYTES / size_of::<T>()], length }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.memory[..])
    }

    pub(super) fn get(&self) -> &[T] {
        &self.memory[self.first()..][..self.length]
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        let first = self.first();
        &mut self.memory[first..][..self.length]
    }

    /// The first entry that begins a line.
    fn first(&self) -> usize {
        self.memory.as_ptr().align_offset(LINE_BYTES).min(self.memory.len() - self.length)
    }
}
