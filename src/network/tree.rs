//! What networks are made of: a network has nodes, and a node may be a residual block or a network again.

use crate::layer::AnyLayer;

/// Layers, residual blocks and networks, one after the other. The empty network is the identity.
///
/// ```
/// use equivariant::layer::{Activation, Convolution, Dense, Flatten, Layer, Pool};
/// use equivariant::network::Network;
///
/// let network = Network::new()
///     .then(Convolution::new(1, 8, [3, 3]).padding([1, 1]))
///     .then(Activation::Relu)
///     .then(Pool::maximum([2, 2]))
///     .then(Flatten)
///     .then(Dense::new(8 * 4 * 4, 10));
/// assert_eq!(network.output_shape(&[5, 1, 8, 8])?, [5, 10]);
/// assert_eq!(network.parameters()[2].name, "4.weight");
/// let error = network.output_shape(&[5, 1, 9, 12]).unwrap_err().to_string();
/// assert_eq!(error, "layer 4: dense 128 → 10 takes inputs of shape (batch, 128), found [5, 192]: give the layer 192 inputs");
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network {
    pub(super) nodes: Vec<Node>,
}

/// One element of a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A layer.
    Layer(AnyLayer),
    /// A residual block.
    Residual(Residual),
    /// A network within the network.
    Network(Network),
}

impl<L: Into<AnyLayer>> From<L> for Node {
    fn from(layer: L) -> Self {
        Node::Layer(layer.into())
    }
}

impl From<Residual> for Node {
    fn from(block: Residual) -> Self {
        Node::Residual(block)
    }
}

impl From<Network> for Node {
    fn from(network: Network) -> Self {
        Node::Network(network)
    }
}

/// How two ways are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Join {
    /// Their sum.
    #[default]
    Sum,
    /// The channels of the body, then those of the shortcut.
    Concatenation,
}

/// Two ways from input to output, joined. Parameters are named `body.…` and `shortcut.…`.
///
/// ```
/// use equivariant::layer::{Convolution, Layer, Pool, Upsample};
/// use equivariant::network::{Network, Residual};
///
/// // The lowest floor of a U-Net: down, and up again beside what was there.
/// let down = Network::new()
///     .then(Pool::maximum([2, 2]))
///     .then(Convolution::new(8, 16, [3, 3]).same_padding())
///     .then(Upsample::nearest([2, 2]));
/// let network = Network::new()
///     .then(Residual::new(down).concatenated())
///     .then(Convolution::new(16 + 8, 8, [3, 3]).same_padding());
/// assert_eq!(network.output_shape(&[1, 8, 32, 32])?, [1, 8, 32, 32]);
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Residual {
    /// The layers that learn the difference.
    pub body: Network,
    /// What is joined to it; empty for the input itself.
    pub shortcut: Network,
    /// How they are joined.
    pub join: Join,
}
