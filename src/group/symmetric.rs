//! S_n: all n! permutations of n points.
//!
//! Elements are numbered by their Lehmer code: the digit of point i, in base (n−1−i)!, counts the later
//! points with a smaller image. The identity is number 0. (D. H. Lehmer, *Teaching combinatorial tricks to a
//! computer*, 1960.) Generators: the transposition (0 1) and the cycle (0 1 … n−1).

use rand::{Rng, RngExt};
use thiserror::Error;

use super::{FiniteGroup, Group, Permutation, assert_contains};

/// A symmetric group whose order does not fit 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected at most {} points, so that n! fits 128 bits, found {points}", Symmetric::MAXIMUM_POINTS)]
pub struct SymmetricError {
    /// The number of points that was asked for.
    pub points: usize,
}

/// The group of the permutations of n points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symmetric {
    points: usize,
}

impl Symmetric {
    /// 34! < 2¹²⁸ < 35!.
    pub const MAXIMUM_POINTS: usize = 34;

    /// The group of the permutations of `points` points.
    ///
    /// # Errors
    /// If there are more than [`MAXIMUM_POINTS`](Self::MAXIMUM_POINTS).
    pub fn new(points: usize) -> Result<Self, SymmetricError> {
        if points > Self::MAXIMUM_POINTS { Err(SymmetricError { points }) } else { Ok(Self { points }) }
    }

    /// The number n of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }
}

impl Group for Symmetric {
    type Element = Permutation;

    fn name(&self) -> String {
        format!("S_{}", self.points)
    }

    fn identity(&self) -> Permutation {
        Permutation::identity(self.points)
    }

    fn compose(&self, a: &Permutation, b: &Permutation) -> Permutation {
        assert_contains(self, a);
        assert_contains(self, b);
        a.after(b)
    }

    fn inverse(&self, a: &Permutation) -> Permutation {
        assert_contains(self, a);
        a.inverse()
    }

    fn generators(&self) -> Vec<Permutation> {
        let n = self.points;
        match n {
            0 | 1 => vec![],
            2 => vec![Permutation::cycle(n, 0..n)],
            _ => vec![Permutation::cycle(n, 0..2), Permutation::cycle(n, 0..n)],
        }
    }

    fn contains(&self, a: &Permutation) -> bool {
        a.size() == self.points
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Permutation {
        self.element(random.random_range(0..self.order()))
    }
}

impl FiniteGroup for Symmetric {
    fn order(&self) -> u128 {
        factorial(self.points)
    }

    fn element(&self, index: u128) -> Permutation {
        assert!(index < self.order(), "expected an index below {}, found {index}", self.order());
        let mut rest = index;
        let mut unused: Vec<_> = (0..self.points).collect();
        let images = (0..self.points).map(|point| {
            let base = factorial(self.points - 1 - point);
            let digit = rest / base;
            rest %= base;
            unused.remove(digit as usize)
        });
        match Permutation::new(images.collect()) {
            Ok(permutation) => permutation,
            Err(error) => unreachable!("each unused point is taken once: {error}"),
        }
    }

    fn index(&self, a: &Permutation) -> u128 {
        assert_contains(self, a);
        let images = a.images();
        let digit =
            |point: usize| images[point + 1..].iter().filter(|&&image| image < images[point]).count() as u128;
        (0..self.points).map(|point| digit(point) * factorial(self.points - 1 - point)).sum()
    }
}

/// n!, for n ≤ 34.
fn factorial(n: usize) -> u128 {
    (1..=n as u128).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_must_fit_128_bits() {
        assert_eq!(Symmetric::new(35), Err(SymmetricError { points: 35 }));
        let largest = Symmetric::new(34).expect("34! fits 128 bits");
        let last = largest.element(largest.order() - 1);
        assert_eq!(last.images(), (0..34).rev().collect::<Vec<_>>());
        assert_eq!(largest.index(&last), largest.order() - 1);
    }

    #[test]
    #[should_panic(expected = "expected an element of S_4, found (0 1)")]
    fn permutations_of_another_size_are_refused() {
        let s4 = Symmetric::new(4).expect("small");
        let _ = s4.inverse(&Permutation::cycle(3, [0, 1]));
    }
}
