//! The exponential, the logarithm and the error function of a bounded float.

use super::Bounded;
use crate::scalar::directed::{add_up, divide_up, multiply_up, subtract_down};
use crate::scalar::{ErrorFunction, Exponential, Logarithm};

impl Exponential for Bounded {
    /// |eˣ − eᵃ| ≤ eᵃ·(e^δ − 1) for |x − a| ≤ δ.
    fn exponential(&self) -> Self {
        // 1 is exact, as every library has it; elsewhere, some units in the last place.
        let off_by = |value: f64| multiply_up(Self::EXPONENTIAL_ULPS, subtract_down(value.next_up(), value));
        let value = self.value.exp();
        let rounding = if self.value == 0.0 { 0.0 } else { off_by(value) };
        let growth = self.error.exp_m1();
        let growth = if self.error == 0.0 { 0.0 } else { add_up(growth, off_by(growth)) };
        Self::normalized(value, add_up(rounding, multiply_up(add_up(value, rounding), growth)))
    }
}

impl Bounded {
    /// How many units in the last place the standard library's `ln` and `ln_1p` may be off (an assumption).
    pub const LOGARITHM_ULPS: f64 = 2.0;

    /// A logarithm with the value that `f64` computes, of an argument that is at least `least`:
    /// |log x − log a| ≤ |x − a| / min(x, a).
    fn with_logarithm(value: f64, error: f64, least: f64) -> Self {
        if least.is_nan() || least <= 0.0 {
            return Self::normalized(value, f64::INFINITY);
        }
        let magnitude = value.abs();
        // Of 1 it is exactly 0.
        let rounding = match magnitude {
            0.0 => 0.0,
            _ => multiply_up(Self::LOGARITHM_ULPS, subtract_down(magnitude.next_up(), magnitude)),
        };
        let inherited = if error == 0.0 { 0.0 } else { divide_up(error, least) };
        Self::normalized(value, add_up(rounding, inherited))
    }
}

impl Logarithm for Bounded {
    fn logarithm(&self) -> Self {
        Self::with_logarithm(self.value.ln(), self.error, subtract_down(self.value, self.error))
    }

    fn logarithm_of_one_plus(&self) -> Self {
        let least = subtract_down(subtract_down(1.0, -self.value), self.error);
        Self::with_logarithm(self.value.ln_1p(), self.error, least)
    }
}

impl Bounded {
    /// How many units in the last place the error function of `libm` may be off (an assumption: it says one).
    pub const ERROR_FUNCTION_ULPS: f64 = 2.0;
}

impl ErrorFunction for Bounded {
    /// |erf x − erf a| ≤ 2/√π·|x − a|, and two values are never more than 2 apart.
    fn error_function(&self) -> Self {
        if self.value.is_nan() {
            return Self::normalized(self.value, f64::INFINITY);
        }
        let value = libm::erf(self.value);
        let magnitude = value.abs();
        // Of 0 it is exactly 0.
        let rounding = match magnitude {
            0.0 => 0.0,
            _ => multiply_up(Self::ERROR_FUNCTION_ULPS, subtract_down(magnitude.next_up(), magnitude)),
        };
        let steepest = std::f64::consts::FRAC_2_SQRT_PI.next_up();
        let inherited = if self.error == 0.0 { 0.0 } else { multiply_up(steepest, self.error).min(2.0) };
        Self::normalized(value, add_up(rounding, inherited))
    }

    /// Half a unit in the last place of a float between 1 and 2.
    fn error_function_rate() -> Self {
        Self::with_error(std::f64::consts::FRAC_2_SQRT_PI, f64::EPSILON / 2.0)
    }
}
