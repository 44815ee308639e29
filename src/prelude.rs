//! What a test of symmetry needs, in one line: `use equivariant::prelude::*;`.
//!
//! | to … | names |
//! |---|---|
//! | prove or measure | [`prove`], [`measure`], [`Map`], [`Unknown`], [`Failure`], [`Verdict`], [`Judgement`] |
//! | say under which group | [`C4`], [`D4`], [`Reflection`], [`CyclicTranslations`], [`Symmetric`] |
//! | say how it moves arrays | [`OnGrid`], [`OnAxis`], [`TrivialAction`] |
//! | act by hand | [`Action`], [`Group`], [`FiniteGroup`] |
//! | write a map for every scalar | [`Scalar`], [`convolve`], [`correlate`], [`Extent`], [`ArrayD`] |

pub use ndarray::ArrayD;

pub use crate::conv::{Extent, convolve, correlate};
pub use crate::group::{Action, C4, CyclicTranslations, D4, FiniteGroup, Group, Reflection, Symmetric};
pub use crate::scalar::Scalar;
pub use crate::signal::{OnAxis, OnGrid, TrivialAction};
pub use crate::verify::{Failure, Judgement, Map, Unknown, Verdict, measure, prove};
