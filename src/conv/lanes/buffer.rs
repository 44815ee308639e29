//! Memory for chunks that begins at the border of a cache line, so that no vector straddles two.

use std::ops::{Deref, DerefMut};

/// Entries of a cache line.
const LINE: usize = 16;

/// A fixed number of floats, aligned to 64 bytes; zero at first.
#[derive(Debug)]
pub struct LaneBuffer {
    memory: Vec<f32>,
    start: usize,
    length: usize,
}

impl LaneBuffer {
    /// So many zeros.
    pub fn new(length: usize) -> Self {
        let memory = vec![0.0f32; length + LINE];
        // An answer that is not below a line would mean that alignment is impossible: then it is done without.
        let start = Some(memory.as_ptr().align_offset(4 * LINE)).filter(|&start| start < LINE).unwrap_or(0);
        LaneBuffer { memory, start, length }
    }
}

impl Clone for LaneBuffer {
    fn clone(&self) -> Self {
        let mut copy = LaneBuffer::new(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for LaneBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.length]
    }
}

impl DerefMut for LaneBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_and_as_long_as_asked_for() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = LaneBuffer::new(length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert_eq!(buffer.len(), length);
            buffer.iter_mut().enumerate().for_each(|(i, entry)| *entry = i as f32);
            let copy = buffer.clone();
            assert_eq!(copy.as_ptr() as usize % 64, 0);
            assert_eq!(*copy, *buffer);
        }
    }
}
