//! An image in tiles: what is wrong with them, and the network as a map.

use ndarray::ArrayD;

use super::networks::Tileable;
use crate::layer::{Layer, Mode};
use crate::network::Network;
use crate::scalar::Scalar;
use crate::verify::{Failure, Map, Tiles, Unknown};

/// What is wrong with the tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    #[default]
    None,
    /// The halo before is one step of the grid less.
    ShortBefore,
    /// The halo after is one step of the grid less.
    ShortAfter,
    /// What is read begins one entry before the halo, which is no place of the grid.
    OffTheGrid,
    /// Tiles have no halo, and each is padded by the network.
    NoHalo,
    /// What a tile is given is taken to have the places of the image, at whatever scale it is.
    NoScale,
}

impl Fault {
    /// Tiles of this size, with the fault.
    pub(super) fn tiles(self, tileable: &Tileable, size: usize) -> Tiles {
        let Tileable { axes, lattice, step, halo: [before, after], .. } = *tileable;
        let (before, after) = match self {
            Fault::ShortBefore => (before.saturating_sub(lattice), after),
            Fault::ShortAfter => (before, after.saturating_sub(lattice)),
            Fault::OffTheGrid => (before + 1, after),
            Fault::NoHalo => (0, 0),
            Fault::None | Fault::NoScale => (before, after),
        };
        let step = if self == Fault::NoScale { lattice } else { step };
        Tiles::new((2..2 + axes).collect::<Vec<_>>(), size).lattice(lattice, step).halo(before, after)
    }
}

/// A network with its weights as unknowns.
#[derive(Debug)]
pub(super) struct OfNetwork(pub(super) Network);

impl Map for OfNetwork {
    fn weights(&self, _: &[usize]) -> Vec<Unknown> {
        self.0.parameters().into_iter().map(|weight| Unknown::new(weight.name, weight.shape)).collect()
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(self.0.forward(x, weights, Mode::Inference)?)
    }
}
