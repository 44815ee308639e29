//! All numbers of a network: what training changes in one flat vector, running statistics in another.
//!
//! Parts stand in the order of [`Layer::parameters`], each in row-major order, without gaps. Gradients, moments of optimisers and
//! averages of weights have the layout of the trained vector, so that a step is one pass over plain slices.

use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::layer::{Initialisation, Layer, LayerError, Parameter, Role};

/// One named array inside a flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name: `3.weight`.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
    /// Where it begins in its vector: that of the trained numbers, or that of the running ones.
    pub offset: usize,
}

impl Part {
    /// Its place in its vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }
}

/// The numbers of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Every array, in the order of the network's parameters.
    pub parts: Vec<Part>,
    /// Those that training follows the gradient of.
    pub trained: Vec<f32>,
    /// Running means and variances.
    pub running: Vec<f32>,
}

impl Weights {
    /// The numbers with which training begins; the same seed gives the same ones.
    pub fn initial(network: &impl Layer, initialisation: Initialisation, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self::from_parameters(&network.parameters(), |parameter| {
            parameter.initial_values(initialisation, &mut random)
        })
    }

    /// Nothing but zeros.
    pub(crate) fn zeros(network: &impl Layer) -> Self {
        Self::from_parameters(&network.parameters(), |parameter| vec![0.0; parameter.len()])
    }

    /// From one array for each parameter of the network.
    ///
    /// # Errors
    /// If there are not as many arrays as parameters, or one has another shape.
    pub fn from_arrays(network: &impl Layer, arrays: &[ArrayD<f32>]) -> Result<Self, LayerError> {
        let parameters = network.parameters();
        if parameters.len() != arrays.len() {
            let (expected, found) = (parameters.len(), arrays.len());
            return Err(LayerError::WeightCount { layer: network.name(), expected, found });
        }
        for (parameter, array) in parameters.iter().zip(arrays) {
            if parameter.shape != array.shape() {
                return Err(LayerError::Weight {
                    layer: network.name(),
                    name: parameter.name.clone(),
                    expected: parameter.shape.clone(),
                    found: array.shape().to_vec(),
                });
            }
        }
        let mut arrays = arrays.iter();
        Ok(Self::from_parameters(&parameters, |_| arrays.next().into_iter().flatten().copied().collect()))
    }

    fn from_parameters(parameters: &[Parameter], mut values: impl FnMut(&Parameter) -> Vec<f32>) -> Self {
        let (mut parts, mut trained, mut running) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in parameters {
            let vector = if parameter.role.is_trained() { &mut trained } else { &mut running };
            parts.push(Part {
                name: parameter.name.clone(),
                shape: parameter.shape.clone(),
                role: parameter.role,
                offset: vector.len(),
            });
            vector.extend(values(parameter));
        }
        Weights { parts, trained, running }
    }

    /// The numbers of one part.
    pub fn values(&self, part: &Part) -> &[f32] {
        let vector = if part.role.is_trained() { &self.trained } else { &self.running };
        &vector[part.range()]
    }

    /// One array for each parameter, as [`Layer::forward`] takes them, in any scalar that holds an `f32`.
    pub fn arrays<S: From<f32>>(&self) -> Vec<ArrayD<S>> {
        let array = |part: &Part| {
            let values = self.values(part).iter().map(|&value| S::from(value)).collect();
            ArrayD::from_shape_vec(part.shape.as_slice(), values)
                .unwrap_or_else(|_| unreachable!("a part has as many numbers as its shape"))
        };
        self.parts.iter().map(array).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{BatchNormalisation, Convolution, Dense};
    use crate::network::Network;

    #[test]
    fn flat_vectors_and_arrays() {
        let network = Network::new()
            .then(Convolution::new(1, 2, [3]))
            .then(BatchNormalisation::new(2))
            .then(Dense::new(4, 3).without_bias());
        let weights = Weights::initial(&network, Initialisation::He, 7);
        assert_eq!((weights.trained.len(), weights.running.len()), (6 + 2 + 2 + 2 + 12, 4));
        let names: Vec<_> = weights.parts.iter().map(|part| part.name.as_str()).collect();
        let expected =
            ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "2.weight"];
        assert_eq!(names, expected);
        assert_eq!(weights.running, [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(weights.parts[6].range(), 12..24);
        assert_eq!(Weights::from_arrays(&network, &weights.arrays()).unwrap(), weights);
        assert_eq!(Weights::initial(&network, Initialisation::He, 7), weights);
        assert_ne!(Weights::initial(&network, Initialisation::He, 8), weights);
        assert!(Weights::from_arrays(&network, &weights.arrays()[1..]).is_err());
    }
}
