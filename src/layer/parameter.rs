//! The arrays of weights that a layer owns: their names, shapes, roles, and how they begin.

use rand::Rng;

use super::initialisation::{self, Initialisation};

/// What an array of weights is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A kernel or matrix that multiplies inputs.
    Weight,
    /// A bias.
    Bias,
    /// The factor γ of a normalisation.
    Scale,
    /// The summand β of a normalisation.
    Shift,
    /// The running mean of a normalisation: not trained, but updated in training.
    RunningMean,
    /// The running variance of a normalisation: not trained, but updated in training.
    RunningVariance,
}

impl Role {
    /// Whether training follows its gradient.
    pub fn is_trained(self) -> bool {
        !matches!(self, Role::RunningMean | Role::RunningVariance)
    }

    /// Whether weight decay applies to it: to what multiplies inputs, not to biases and normalisations.
    pub fn decays(self) -> bool {
        self == Role::Weight
    }

    /// The name that PyTorch gives it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Weight | Role::Scale => "weight",
            Role::Bias | Role::Shift => "bias",
            Role::RunningMean => "running_mean",
            Role::RunningVariance => "running_var",
        }
    }
}

/// One array of weights of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name: that of its role, behind the place of its layer in a network: `3.weight`.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
    /// How many inputs one output sums up, and how many outputs one input reaches.
    pub fan: (usize, usize),
}

impl Parameter {
    /// A parameter named after its role.
    pub fn new(role: Role, shape: impl Into<Vec<usize>>, fan: (usize, usize)) -> Self {
        Parameter { name: role.name().to_owned(), shape: shape.into(), role, fan }
    }

    /// A weight and, where there is one, a bias for so many outputs.
    pub(super) fn weight_and_bias(
        shape: impl Into<Vec<usize>>,
        fan: (usize, usize),
        bias: Option<usize>,
    ) -> Vec<Self> {
        let bias = bias.map(|outputs| Parameter::new(Role::Bias, [outputs], fan));
        std::iter::once(Parameter::new(Role::Weight, shape, fan)).chain(bias).collect()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values with which training begins: weights as `initialisation` says, biases, shifts and running
    /// means 0, scales and running variances 1.
    pub fn initial_values<R: Rng>(&self, initialisation: Initialisation, random: &mut R) -> Vec<f32> {
        match self.role {
            Role::Weight => initialisation::draw(initialisation, &self.shape, self.fan, random),
            Role::Bias | Role::Shift | Role::RunningMean => vec![0.0; self.len()],
            Role::Scale | Role::RunningVariance => vec![1.0; self.len()],
        }
    }
}
