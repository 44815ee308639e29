//! What was found about the symmetries of a model, for people and for programs.

pub mod certificate;
pub mod html;
pub mod json;
mod rose;
mod shift_map;
pub mod terminal;
