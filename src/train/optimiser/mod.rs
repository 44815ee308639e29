//! Optimisers: how the parameters follow their gradients.
//!
//! Every rule is one pass over the flat vectors of parameters, gradients and moments, in the order of
//! PyTorch's optimisers of the same names: the gradient is clipped, then the penalties are added, then the
//! moments and the parameters move (`update` holds the formulas). Cost: a dozen operations and at most one
//! root and one quotient for each parameter, 7 words of memory traffic for Adam; vectorised. Each parameter
//! is computed by itself with the same operations on every machine, so the bits do not depend on threads or
//! vector units.

mod clip;
mod moments;
mod update;

use std::fmt;
use std::ops::Range;

use thiserror::Error;

pub use clip::{Clip, euclidean_norm};
pub use moments::Moments;
use update::{Adaptive, Gradient, Momentum};

use super::schedule::Setting;
use crate::network::Part;

/// The rule by which parameters move. The learning rate comes from a [`Schedule`](super::schedule::Schedule).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Gradient descent: `b ← μb + g`, `θ ← θ − ηb`, or `θ ← θ − η(g + μb)` with Nesterov's momentum.
    ///
    /// As in PyTorch, and unlike Sutskever et al. 2013, the rate multiplies the momentum, not the gradient
    /// alone.
    Sgd {
        /// μ, in [0, 1).
        momentum: f64,
        /// Whether to look ahead by one more step of the momentum.
        nesterov: bool,
    },
    /// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ − η·m̂/(√v̂ + ε)` with `m̂ = m/(1−β₁ᵗ)`, `v̂ =
    /// v/(1−β₂ᵗ)` (Kingma and Ba 2015, Algorithm 1). An L2 penalty is part of the gradient.
    Adam(Moments),
    /// [`Rule::Adam`] with decoupled weight decay: first `θ ← θ − ηλθ`, and no λθ in the gradient
    /// (Loshchilov and Hutter 2019, Algorithm 2, scaled by the rate as in PyTorch).
    AdamW(Moments),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Sgd { momentum, nesterov: false } => write!(f, "SGD, momentum {momentum}"),
            Rule::Sgd { momentum, nesterov: true } => write!(f, "SGD, Nesterov's momentum {momentum}"),
            Rule::Adam(moments) => write!(f, "Adam, {moments}"),
            Rule::AdamW(moments) => write!(f, "AdamW, {moments}"),
        }
    }
}

/// Penalties on the size of the parameters that decay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Decay {
    /// λ₁: adds `λ₁·sign θ` to the gradient, with sign 0 = 0.
    pub l1: f64,
    /// λ: adds `λθ` to the gradient, or shrinks θ by the factor 1 − ηλ under [`Rule::AdamW`].
    pub l2: f64,
}

/// An option of an optimiser that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{option} must lie in {range}, found {found}")]
pub struct OptimiserError {
    /// Which option.
    pub option: &'static str,
    /// Its range.
    pub range: &'static str,
    /// Its value.
    pub found: f64,
}

/// An optimiser with its moments, for parameters of one layout.
#[derive(Clone, Debug)]
pub struct Optimiser {
    pub(super) rule: Rule,
    pub(super) decay: Decay,
    pub(super) clip: Clip,
    segments: Vec<Segment>,
    pub(super) steps: u64,
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

/// Neighbouring parts that all decay, or of which none does.
#[derive(Clone, Debug)]
struct Segment {
    range: Range<usize>,
    decays: bool,
}

impl Optimiser {
    /// An optimiser at rest, without decay and clipping, for the trained ones of these parts.
    ///
    /// # Errors
    /// If a constant of the rule is out of its range.
    pub fn new(rule: Rule, parts: &[Part]) -> Result<Self, OptimiserError> {
        let segments = segments(parts);
        let len = segments.last().map_or(0, |last| last.range.end);
        let (first, second) = match rule {
            Rule::Sgd { momentum, nesterov } => {
                check_unit("momentum", momentum)?;
                if nesterov && momentum == 0.0 {
                    return Err(OptimiserError {
                        option: "Nesterov's momentum",
                        range: "(0, 1)",
                        found: momentum,
                    });
                }
                (len, 0)
            }
            Rule::Adam(moments) | Rule::AdamW(moments) => {
                check_unit("beta1", moments.beta1)?;
                check_unit("beta2", moments.beta2)?;
                check_non_negative("epsilon", moments.epsilon)?;
                (len, len)
            }
        };
        Ok(Optimiser {
            rule,
            decay: Decay::default(),
            clip: Clip::None,
            segments,
            steps: 0,
            first: vec![0.0; first],
            second: vec![0.0; second],
        })
    }

    /// With these penalties.
    ///
    /// # Errors
    /// If one is negative or not finite.
    pub fn decay(mut self, decay: Decay) -> Result<Self, OptimiserError> {
        check_non_negative("the L1 penalty", decay.l1)?;
        check_non_negative("the L2 penalty", decay.l2)?;
        self.decay = decay;
        Ok(self)
    }

    /// With gradients clipped so.
    ///
    /// # Errors
    /// If the limit is not positive.
    pub fn clip(mut self, clip: Clip) -> Result<Self, OptimiserError> {
        if let Clip::Norm(limit) | Clip::Value(limit) = clip
            && !(limit > 0.0 && limit.is_finite())
        {
            return Err(OptimiserError { option: "the limit of clipping", range: "(0, ∞)", found: limit });
        }
        self.clip = clip;
        Ok(self)
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves the parameters by one step.
    ///
    /// # Panics
    /// If either vector is not as long as the table said.
    pub fn step(&mut self, setting: Setting, parameters: &mut [f32], gradients: &[f32]) {
        let len = self.first.len();
        assert_eq!(parameters.len(), len, "the parameters are not those of this optimiser");
        assert_eq!(gradients.len(), len, "the gradients are not those of this optimiser");
        self.steps += 1;
        let (scale, limit) = self.clip.coefficients(gradients);
        for Segment { range, decays } in &self.segments {
            let decay = if *decays { self.decay } else { Decay::default() };
            let (coupled, decoupled) = match self.rule {
                Rule::AdamW(_) => (0.0, setting.rate * decay.l2),
                _ => (decay.l2, 0.0),
            };
            let gradient = Gradient { scale, limit, l1: decay.l1 as f32, l2: coupled as f32 };
            let parameters = &mut parameters[range.clone()];
            let gradients = &gradients[range.clone()];
            let first = &mut self.first[range.clone()];
            match self.rule {
                Rule::Sgd { momentum, nesterov } => {
                    let momentum = setting.momentum.unwrap_or(momentum);
                    Momentum::new(setting.rate, momentum, nesterov)
                        .run(gradient, parameters, gradients, first);
                }
                Rule::Adam(moments) | Rule::AdamW(moments) => {
                    let beta1 = setting.momentum.unwrap_or(moments.beta1);
                    let second = &mut self.second[range.clone()];
                    Adaptive::new(setting.rate, decoupled, Moments { beta1, ..moments }, self.steps)
                        .run(gradient, parameters, gradients, first, second);
                }
            }
        }
    }
}

/// The trained parts follow each other without gaps.
fn segments(parts: &[Part]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for part in parts.iter().filter(|part| part.role.is_trained()) {
        let decays = part.role.decays();
        match segments.last_mut() {
            Some(last) if last.decays == decays => last.range.end = part.range().end,
            _ => segments.push(Segment { range: part.range(), decays }),
        }
    }
    segments
}

fn check_unit(option: &'static str, found: f64) -> Result<(), OptimiserError> {
    let fits = (0.0..1.0).contains(&found);
    if fits { Ok(()) } else { Err(OptimiserError { option, range: "[0, 1)", found }) }
}

fn check_non_negative(option: &'static str, found: f64) -> Result<(), OptimiserError> {
    let fits = (0.0..f64::INFINITY).contains(&found);
    if fits { Ok(()) } else { Err(OptimiserError { option, range: "[0, ∞)", found }) }
}

#[cfg(test)]
mod tests;
