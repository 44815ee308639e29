//! A number that tells one file from another: SipHash-1-3 with a key of zeros, the same on every machine.

use std::hash::Hasher;

use ndarray::ArrayD;
use siphasher::sip::SipHasher13;

use crate::model::{Data, Model};

/// What was read so far.
#[derive(Default)]
pub(in crate::cli) struct Digest(SipHasher13);

impl Digest {
    /// With these bytes, and their number, so that what is cut elsewhere differs.
    pub(in crate::cli) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.write_u64((bytes.len() as u64).to_le());
        self.0.write(bytes);
        self
    }

    /// With these numbers and their shape.
    pub(in crate::cli) fn array(self, array: &ArrayD<f64>) -> Self {
        let shape: Vec<u8> = array.shape().iter().flat_map(|&extent| (extent as u64).to_le_bytes()).collect();
        let entries: Vec<u8> = array.iter().flat_map(|entry| entry.to_bits().to_le_bytes()).collect();
        self.bytes(&shape).bytes(&entries)
    }

    /// With the weights that a model reads, which may lie in files beside its own.
    pub(in crate::cli) fn weights(mut self, model: &Model) -> Self {
        let read = model.nodes().flat_map(|node| node.inputs());
        for data in read.filter_map(|name| model.constant(name)) {
            self = match data {
                Data::Floats(array) => self.array(array),
                Data::Integers(array) => self.array(&array.mapv(|entry| f64::from_bits(entry as u64))),
            };
        }
        self
    }

    /// Sixteen digits.
    pub(in crate::cli) fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::Digest;

    #[test]
    fn what_differs_has_another_digest() {
        let array = |entries: &[f64]| Digest::default().array(&arr1(entries).into_dyn()).finish();
        let digests = [
            Digest::default().finish(),
            Digest::default().bytes(b"ab").finish(),
            Digest::default().bytes(b"a").bytes(b"b").finish(),
            array(&[0.0]),
            array(&[-0.0]),
            array(&[0.0, 0.0]),
        ];
        for (place, digest) in digests.iter().enumerate() {
            assert!(digest.len() == 16 && !digests[..place].contains(digest), "{digests:?}");
        }
        assert_eq!(Digest::default().bytes(b"ab").finish(), digests[1]);
    }
}
