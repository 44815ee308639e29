//! Networks of all kinds of layers with windows, and how they are run in tiles.

use crate::conv::Boundary;
use crate::layer::{Activation, Convolution, Pool, TransposedConvolution, Upsample};
use crate::network::{Network, Node, Residual};

/// A network that is run in tiles: all numbers are the same for each axis of space.
#[derive(Clone, Debug)]
pub(super) struct Tileable {
    pub(super) network: Network,
    /// Axes of space.
    pub(super) axes: usize,
    /// Entries of the image from one place of the grid to the next.
    pub(super) lattice: usize,
    /// Entries of the output for these.
    pub(super) step: usize,
    /// What has to be read before and after a tile: multiples of the lattice.
    pub(super) halo: [usize; 2],
    /// Sizes of the image: for symbols, and for numbers.
    pub(super) extents: [usize; 2],
}

fn network(layers: impl IntoIterator<Item = Node>) -> Network {
    layers.into_iter().collect()
}

/// Windows of three entries.
fn three(inputs: usize, outputs: usize, axes: usize) -> Convolution {
    Convolution::new(inputs, outputs, vec![3; axes]).padding(vec![1; axes])
}

/// All of them. Layers that stride come first.
pub(super) fn all() -> Vec<Tileable> {
    let on_a_line = |layers: Vec<Node>, [lattice, step]: [usize; 2], halo: [usize; 2]| Tileable {
        network: network(layers),
        axes: 1,
        lattice,
        step,
        halo,
        extents: [12, 60],
    };
    let deep = network([
        Pool::maximum([2]).stride([2]).into(),
        three(1, 1, 1).into(),
        Upsample::nearest([2]).into(),
    ]);
    let skip = Residual::new(deep).concatenated();
    vec![
        on_a_line(vec![three(1, 1, 1).stride([2]).into()], [2, 1], [2, 0]),
        on_a_line(vec![Pool::maximum([3]).stride([3]).padding([1]).into()], [3, 1], [3, 0]),
        on_a_line(vec![Pool::mean([2]).stride([2]).into(), three(1, 1, 1).into()], [2, 1], [2, 2]),
        Tileable { extents: [16, 64], ..on_a_line(vec![skip.into(), three(2, 1, 1).into()], [2, 2], [4, 4]) },
        Tileable {
            network: network([
                three(1, 1, 2).into(),
                Pool::maximum([2, 2]).stride([2, 2]).into(),
                TransposedConvolution::new(1, 1, [2, 2]).stride([2, 2]).into(),
            ]),
            axes: 2,
            lattice: 2,
            step: 2,
            halo: [2, 2],
            extents: [6, 18],
        },
        on_a_line(
            vec![
                Convolution::new(1, 2, [3]).dilation([2]).padding([2]).into(),
                Activation::Relu.into(),
                three(2, 1, 1).into(),
            ],
            [1, 1],
            [3, 3],
        ),
        on_a_line(vec![three(1, 1, 1).boundary(Boundary::Reflect).into()], [1, 1], [1, 1]),
        on_a_line(
            vec![
                Convolution::new(1, 1, [4])
                    .padding_before_after([(0, 3)])
                    .boundary(Boundary::Replicate)
                    .into(),
            ],
            [1, 1],
            [0, 3],
        ),
        on_a_line(
            vec![TransposedConvolution::new(1, 1, [4]).stride([2]).padding([1]).into()],
            [1, 2],
            [1, 1],
        ),
        on_a_line(vec![Upsample::nearest([2]).into(), three(1, 1, 1).into()], [1, 2], [1, 1]),
        on_a_line(vec![Upsample::linear([2]).into(), three(1, 1, 1).into()], [1, 2], [1, 1]),
        Tileable {
            network: network([three(1, 1, 2).into()]),
            axes: 2,
            lattice: 1,
            step: 1,
            halo: [1, 1],
            extents: [4, 12],
        },
    ]
}
