//! The constants of Adam (D. Kingma, J. Ba, *Adam: a method for stochastic optimization*, 2015).

use std::fmt;

/// The constants of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// β₁, in [0, 1).
    pub beta1: f64,
    /// β₂, in [0, 1).
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "β₁ {}, β₂ {}, ε {:e}", self.beta1, self.beta2, self.epsilon)
    }
}

/// β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, as proposed by Kingma and Ba.
impl Default for Moments {
    fn default() -> Self {
        Moments { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}
