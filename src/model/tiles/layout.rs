//! Where tiles lie in an image, what they read, and what they are given.
//!
//! Let s be the lattice of an axis, p / s its scale, n ≡ r (mod s) the sizes at which the model runs. A tile
//! begins at a multiple of s and ends at one, or with the image. Its surroundings begin at a multiple of s
//! and have a size ≡ r, or end with the image: the halo is what the tile reads beyond itself, rounded up to
//! that.

use super::grid::Grid;

/// The sizes at which a model runs in tiles: `from`, `from + step`, `from + 2·step` …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegalSizes {
    /// The least.
    pub from: usize,
    /// The step from one to the next.
    pub step: usize,
}

impl LegalSizes {
    /// Whether a size is one of them.
    pub fn contains(&self, size: usize) -> bool {
        size >= self.from && (size - self.from).is_multiple_of(self.step)
    }

    /// The least that is not less than a size.
    pub fn at_least(&self, size: usize) -> usize {
        self.from + size.saturating_sub(self.from).div_ceil(self.step) * self.step
    }
}

/// An axis of the image.
#[derive(Clone, Debug, PartialEq)]
pub struct TileAxis {
    /// The axis of the input.
    pub axis: usize,
    /// s: tiles begin at its multiples.
    pub lattice: usize,
    /// For each output its axis, and how many entries it has for `lattice` entries of the image.
    pub outputs: Vec<(usize, usize)>,
    /// What a tile reads before and after itself, at least: less is refuted, or this is 0.
    pub reach: [usize; 2],
    /// The same as the shapes of layers say; more than `reach` where weights are dead.
    pub reach_by_shape: [usize; 2],
    /// `reach`, rounded up so that the enlarged tile lies on the lattice.
    pub halo: [usize; 2],
    /// The sizes of images and of enlarged tiles.
    pub legal_sizes: LegalSizes,
}

/// A piece of work along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePart {
    /// What is read: from the first to before the second.
    pub read: [usize; 2],
    /// The tile itself.
    pub tile: [usize; 2],
}

impl TileAxis {
    pub(super) fn new(axis: usize, grid: &Grid, legal_sizes: LegalSizes) -> Self {
        let (lattice, reach) = (grid.lattice, grid.reach);
        let mut new = TileAxis {
            axis,
            lattice,
            outputs: grid.outputs.clone(),
            reach,
            reach_by_shape: reach,
            halo: [0; 2],
            legal_sizes,
        };
        new.round();
        new
    }

    /// Computes the halo from the reach.
    pub(super) fn round(&mut self) {
        let (s, rest) = (self.lattice, self.legal_sizes.from % self.lattice);
        let after = self.reach[1];
        // The least number that is not less, and leaves the rest of the legal sizes.
        let after = after + (rest + s - after % s) % s;
        self.halo = [self.reach[0].div_ceil(s) * s, after];
    }

    /// The entries of an output for one of the image.
    pub fn scale(&self, output: usize) -> f64 {
        self.outputs[output].1 as f64 / self.lattice as f64
    }

    /// The entry of an output that belongs to a place on the lattice.
    pub(super) fn given_at(&self, output: usize, place: usize) -> usize {
        place / self.lattice * self.outputs[output].1
    }

    /// The least tile on the lattice of at least this size, with which every part has a legal size.
    pub fn tile_of(&self, size: usize) -> usize {
        let least = self.legal_sizes.from.saturating_sub(self.halo[0].min(self.halo[1]));
        size.max(least).max(1).div_ceil(self.lattice) * self.lattice
    }

    /// A tile that begins at `begin` and has `tile` entries or ends with the image, with what it reads.
    pub(super) fn part(&self, extent: usize, begin: usize, tile: usize) -> TilePart {
        let end = if begin + 2 * tile > extent { extent } else { begin + tile };
        // A last piece that is less than a tile joins the one before it.
        let read = [begin.saturating_sub(self.halo[0]), (end + self.halo[1]).min(extent)];
        // What is left behind the halo could be no multiple of the lattice.
        let read = if self.legal_sizes.contains(read[1] - read[0]) { read } else { [read[0], extent] };
        TilePart { read, tile: [begin, end] }
    }

    /// All tiles of an axis, in order.
    pub(super) fn parts(&self, extent: usize, tile: usize) -> Vec<TilePart> {
        let mut parts = Vec::new();
        let mut begin = 0;
        loop {
            let part = self.part(extent, begin, tile);
            parts.push(part);
            if part.tile[1] >= extent {
                return parts;
            }
            begin = part.tile[1];
        }
    }

    /// An image in which a tile is proved, and the tile at its beginning, inside, and at its end.
    pub(super) fn trial(&self, tile: usize) -> (usize, [TilePart; 3]) {
        let tile = self.tile_of(tile);
        let inside = self.halo[0] + self.lattice;
        let extent = self.legal_sizes.at_least(inside + tile + self.halo[1] + self.lattice);
        let last = (extent - tile) / self.lattice * self.lattice;
        let end = TilePart { read: [last.saturating_sub(self.halo[0]), extent], tile: [last, extent] };
        let at = |begin: usize| {
            let read = [begin.saturating_sub(self.halo[0]), begin + tile + self.halo[1]];
            TilePart { read, tile: [begin, begin + tile] }
        };
        (extent, [at(0), at(inside), end])
    }

    /// The entries of an output that a tile is given, in the whole and in the run of the part alone; both
    /// outputs have these extents. `None` where the part has too few.
    pub(super) fn given(
        &self,
        output: usize,
        part: TilePart,
        extent: usize,
        [whole, alone]: [usize; 2],
    ) -> Option<[[usize; 2]; 2]> {
        let begin = self.given_at(output, part.tile[0]);
        let end = match part.tile[1] == extent {
            true => whole,
            false => self.given_at(output, part.tile[1]).min(whole),
        };
        let begin = begin.min(end);
        let offset = self.given_at(output, part.read[0]);
        let there = [begin, end];
        let here = [begin.checked_sub(offset)?, end.checked_sub(offset)?];
        (here[1] <= alone).then_some([there, here])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(lattice: usize, reach: [usize; 2], from: usize) -> TileAxis {
        let grid = Grid { lattice, outputs: vec![(2, lattice)], reach };
        TileAxis::new(2, &grid, LegalSizes { from, step: lattice })
    }

    #[test]
    fn halos_lie_on_the_lattice() {
        assert_eq!(axis(4, [11, 11], 4).halo, [12, 12]);
        assert_eq!(axis(4, [0, 13], 4).halo, [0, 16]);
        assert_eq!(axis(1, [3, 5], 1).halo, [3, 5]);
        // Sizes 5, 9, 13 …: the enlarged tile has one of these.
        assert_eq!(axis(4, [3, 2], 5).halo, [4, 5]);
    }

    #[test]
    fn parts_cover_an_image_once_and_are_legal() {
        for (lattice, reach, from) in [(1, [3, 5], 1), (4, [11, 11], 4), (4, [3, 2], 5), (2, [0, 7], 8)] {
            let axis = axis(lattice, reach, from);
            for size in [1, 8, 20, 33] {
                let tile = axis.tile_of(size);
                for extent in (0..12).map(|k| axis.legal_sizes.at_least(100) + k * axis.legal_sizes.step) {
                    let parts = axis.parts(extent, tile);
                    let ends: Vec<_> = parts.iter().map(|part| part.tile).collect();
                    assert!(ends.windows(2).all(|pair| pair[0][1] == pair[1][0]));
                    assert_eq!((ends[0][0], ends[ends.len() - 1][1]), (0, extent));
                    for part in parts {
                        assert!(axis.legal_sizes.contains(part.read[1] - part.read[0]), "{axis:?} {part:?}");
                        assert!(part.tile[0].is_multiple_of(lattice));
                        let [before, after] = axis.reach;
                        assert!(part.read[0] == 0 || part.tile[0] - part.read[0] >= before);
                        assert!(part.read[1] == extent || part.read[1] - part.tile[1] >= after);
                    }
                }
            }
        }
    }
}
