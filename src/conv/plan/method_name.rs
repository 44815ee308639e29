//! The methods by their names: one name for each, from the choice of a caller to tables and JSON.

/// Which method computes a planned convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// The one that the cost model expects to be the fastest of those that are accurate enough.
    #[default]
    Automatic,
    /// Sums of products in register tiles.
    Direct,
    /// Sums of products on overlapping tiles, one in each lane.
    DirectTiles,
    /// Sums of products on vectors of channels, for groups of one channel each.
    Depthwise,
    /// Minimal filtering F(2, 3), along one axis or two.
    WinogradTwo,
    /// Minimal filtering F(4, 3), along one axis or two.
    WinogradFour,
    /// Fourier transforms of overlapping tiles.
    Fourier,
}

impl Method {
    /// All methods, those that add the products of the definition first, without
    /// [`Automatic`](Method::Automatic).
    pub const ALL: [Method; 6] = [
        Method::Direct,
        Method::DirectTiles,
        Method::Depthwise,
        Method::WinogradTwo,
        Method::WinogradFour,
        Method::Fourier,
    ];

    /// Its name in tables, in JSON, and in the file of a machine's speeds.
    pub fn name(self) -> &'static str {
        match self {
            Method::Automatic => "automatic",
            Method::Direct => "direct",
            Method::DirectTiles => "direct_tiles",
            Method::Depthwise => "depthwise",
            Method::WinogradTwo => "winograd_two",
            Method::WinogradFour => "winograd_four",
            Method::Fourier => "fourier",
        }
    }

    /// Whether it adds the products of the definition, in some order, and does nothing else.
    pub fn adds_products(self) -> bool {
        matches!(self, Method::Direct | Method::DirectTiles | Method::Depthwise)
    }
}
