//! The passes: what a step does to each parameter by itself.
//!
//! Written entry by entry and compiled for the widest vectors of the machine. Where PyTorch multiplies and
//! adds, a fused operation rounds once here. A moment that has decayed below the normal numbers becomes 0:
//! the last steps of its way would change no parameter, and arithmetic on subnormal numbers can cost a
//! hundred cycles each.

use super::moments::Moments;
use crate::simd::vectorised;

/// What becomes of a gradient g at a parameter θ: `clamp(scale·g, ±limit) + λθ + λ₁·sign θ`.
#[derive(Clone, Copy)]
pub(super) struct Gradient {
    pub(super) scale: f32,
    pub(super) limit: f32,
    pub(super) l1: f32,
    pub(super) l2: f32,
}

impl Gradient {
    #[inline(always)]
    fn at(self, parameter: f32, gradient: f32) -> f32 {
        let clipped = clamped(gradient * self.scale, self.limit);
        let sign = if parameter == 0.0 { 0.0 } else { self.l1.copysign(parameter) };
        self.l2.mul_add(parameter, clipped) + sign
    }
}

/// Gradient descent with momentum.
pub(super) struct Momentum {
    rate: f32,
    momentum: f32,
    /// θ moves by `along_gradient·g + along_momentum·b`.
    along_gradient: f32,
    along_momentum: f32,
}

impl Momentum {
    pub(super) fn new(rate: f64, momentum: f64, nesterov: bool) -> Self {
        let (along_gradient, along_momentum) = if nesterov { (1.0, momentum as f32) } else { (0.0, 1.0) };
        Momentum { rate: rate as f32, momentum: momentum as f32, along_gradient, along_momentum }
    }

    pub(super) fn run(self, rule: Gradient, parameters: &mut [f32], gradients: &[f32], moments: &mut [f32]) {
        vectorised(
            #[inline(always)]
            || {
                for ((parameter, gradient), moment) in parameters.iter_mut().zip(gradients).zip(moments) {
                    let gradient = rule.at(*parameter, *gradient);
                    *moment = flushed(self.momentum.mul_add(*moment, gradient));
                    let direction = self.along_momentum.mul_add(*moment, self.along_gradient * gradient);
                    *parameter = (-self.rate).mul_add(direction, *parameter);
                }
            },
        );
    }
}

/// Adam and AdamW at one step.
pub(super) struct Adaptive {
    /// 1 − β₁ and 1 − β₂.
    first_gain: f32,
    second_gain: f32,
    /// β₂.
    second_decay: f32,
    /// η / (1 − β₁ᵗ)
    rate: f32,
    /// 1 / √(1 − β₂ᵗ)
    root_scale: f32,
    epsilon: f32,
    /// 1 − ηλ
    shrink: f32,
}

impl Adaptive {
    /// The constants of step t ≥ 1; `decoupled` is ηλ.
    pub(super) fn new(rate: f64, decoupled: f64, moments: Moments, step: u64) -> Self {
        let Moments { beta1, beta2, epsilon } = moments;
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        Adaptive {
            first_gain: (1.0 - beta1) as f32,
            second_gain: (1.0 - beta2) as f32,
            second_decay: beta2 as f32,
            rate: (rate / (1.0 - beta1.powi(power))) as f32,
            root_scale: (1.0 / (1.0 - beta2.powi(power)).sqrt()) as f32,
            epsilon: epsilon as f32,
            shrink: (1.0 - decoupled) as f32,
        }
    }

    pub(super) fn run(
        self,
        rule: Gradient,
        parameters: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        vectorised(
            #[inline(always)]
            || {
                let entries = parameters.iter_mut().zip(gradients).zip(first).zip(second);
                for (((parameter, gradient), first), second) in entries {
                    let gradient = rule.at(*parameter, *gradient);
                    *first = flushed(self.first_gain.mul_add(gradient - *first, *first));
                    let square = self.second_gain * gradient * gradient;
                    *second = flushed(self.second_decay.mul_add(*second, square));
                    let root = second.sqrt().mul_add(self.root_scale, self.epsilon);
                    *parameter = (-self.rate).mul_add(*first / root, self.shrink * *parameter);
                }
            },
        );
    }
}

/// 0 for a subnormal number.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x }
}

/// `x` moved into [−limit, limit]; NaN stays NaN. (`f32::clamp` checks its bounds for every entry.)
#[inline(always)]
fn clamped(x: f32, limit: f32) -> f32 {
    let above = if x < -limit { -limit } else { x };
    if above > limit { limit } else { above }
}
