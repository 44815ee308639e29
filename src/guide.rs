//! A guide, from groups to networks that are equivariant by construction. Every example of it is a test.

#[doc = include_str!("../guide/1_groups_and_actions.md")]
pub mod groups_and_actions {}
#[doc = include_str!("../guide/2_equivariance.md")]
pub mod equivariance {}
#[doc = include_str!("../guide/3_convolution.md")]
pub mod convolution {}
#[cfg(feature = "train")]
#[doc = include_str!("../guide/4_layers_and_networks.md")]
pub mod layers_and_networks {}
#[cfg(feature = "train")]
#[doc = include_str!("../guide/5_group_networks.md")]
pub mod group_networks {}
#[cfg(feature = "train")]
#[doc = include_str!("../guide/6_training.md")]
pub mod training {}
#[doc = include_str!("../guide/7_several_machines.md")]
pub mod several_machines {}
#[cfg(feature = "model")]
#[doc = include_str!("../guide/8_tiles.md")]
pub mod tiles {}
#[doc = include_str!("../guide/9_proving_a_layer.md")]
#[doc = include_str!("../guide/pictures/counterexample.svg")]
pub mod proving_a_layer {}
#[cfg(feature = "model")]
#[doc = include_str!("../guide/10_foreign_models.md")]
#[doc = include_str!("../guide/pictures/models.svg")]
pub mod foreign_models {}
