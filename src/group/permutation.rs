//! Permutations of 0 .. n, written in cycles: `(0 2 1)` takes 0 to 2, 2 to 1 and 1 to 0.

use std::fmt::{self, Display};

use thiserror::Error;

/// A list of images that is no permutation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected each of 0 .. {size} once, found {images:?}")]
pub struct PermutationError {
    /// The number of images.
    pub size: usize,
    /// The images that were given.
    pub images: Vec<usize>,
}

/// A bijection of 0 .. n onto itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Permutation {
    images: Vec<usize>,
}

impl Permutation {
    /// The permutation that takes `i` to `images[i]`.
    ///
    /// # Errors
    /// If the images are not each of `0 .. n` once.
    pub fn new(images: Vec<usize>) -> Result<Self, PermutationError> {
        let mut seen = vec![false; images.len()];
        for &image in &images {
            match seen.get_mut(image) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(PermutationError { size: images.len(), images }),
            }
        }
        Ok(Self { images })
    }

    /// The permutation of `0 .. n` that moves nothing.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Self { images: (0..n).collect() }
    }

    /// The permutation of `0 .. n` that takes the last of `points` to the first and each other to the next.
    pub(super) fn cycle(n: usize, points: impl IntoIterator<Item = usize>) -> Self {
        let points: Vec<_> = points.into_iter().collect();
        let mut images: Vec<_> = (0..n).collect();
        for (position, &point) in points.iter().enumerate() {
            images[point] = points[(position + 1) % points.len()];
        }
        Self { images }
    }

    /// The number n of points.
    #[must_use]
    pub fn size(&self) -> usize {
        self.images.len()
    }

    /// Where the point goes.
    ///
    /// # Panics
    /// If `point ≥ n`.
    #[must_use]
    pub fn image(&self, point: usize) -> usize {
        self.images[point]
    }

    /// Where each point goes, in order.
    #[must_use]
    pub fn images(&self) -> &[usize] {
        &self.images
    }

    /// First `other`, then `self`; both of the same size.
    pub(super) fn after(&self, other: &Self) -> Self {
        Self { images: other.images.iter().map(|&point| self.images[point]).collect() }
    }

    /// The permutation that takes every point back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut images = vec![0; self.size()];
        for (point, &image) in self.images.iter().enumerate() {
            images[image] = point;
        }
        Self { images }
    }

    /// The cycles of length two or more, each from its smallest point.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.size()];
        let mut cycles = Vec::new();
        for start in 0..self.size() {
            let mut cycle = Vec::new();
            let mut point = start;
            while !seen[point] {
                seen[point] = true;
                cycle.push(point);
                point = self.images[point];
            }
            if cycle.len() > 1 {
                cycles.push(cycle);
            }
        }
        cycles
    }

    /// Whether the permutation is a product of an odd number of transpositions.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        self.cycles().iter().map(|cycle| cycle.len() - 1).sum::<usize>() % 2 == 1
    }

    /// The sign: −1 for odd permutations, 1 for even ones.
    #[must_use]
    pub fn sign(&self) -> i64 {
        if self.is_odd() { -1 } else { 1 }
    }
}

impl Display for Permutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cycles = self.cycles();
        if cycles.is_empty() {
            return f.pad("Id");
        }
        let written = cycles.iter().map(|cycle| {
            let points: Vec<_> = cycle.iter().map(usize::to_string).collect();
            format!("({})", points.join(" "))
        });
        f.pad(&written.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycle_notation() {
        let written = |images: &[usize]| Permutation::new(images.to_vec()).map(|p| p.to_string());
        assert_eq!(written(&[2, 0, 1]).as_deref(), Ok("(0 2 1)"));
        assert_eq!(written(&[1, 0, 2, 4, 3]).as_deref(), Ok("(0 1)(3 4)"));
        assert_eq!(written(&[0, 1]).as_deref(), Ok("Id"));
        assert_eq!(written(&[]).as_deref(), Ok("Id"));
    }

    #[test]
    fn lists_that_are_no_permutations_are_refused() {
        for images in [vec![0, 0], vec![1, 2], vec![2]] {
            let size = images.len();
            let expected = PermutationError { size, images: images.clone() };
            assert_eq!(Permutation::new(images), Err(expected));
        }
    }

    #[test]
    fn a_transposition_is_odd_and_a_three_cycle_is_even() {
        assert_eq!(Permutation::cycle(5, [1, 3]).sign(), -1);
        assert_eq!(Permutation::cycle(5, [1, 3, 4]).sign(), 1);
        assert_eq!(Permutation::cycle(5, [1, 3, 4]).image(4), 1);
    }
}
