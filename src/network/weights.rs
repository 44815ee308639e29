//! All numbers of a network: what training changes in one flat vector, running statistics in another.
//!
//! Parts stand in the order of [`Layer::parameters`], each in row-major order, without gaps. Gradients,
//! moments of optimisers and averages of weights have the layout of the trained vector, so that a step is one
//! pass over plain slices.

use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::layer::{Initialisation, Layer, LayerError, Parameter, Role};

/// A number of a network that is NaN or infinite.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{name} has the entry {value} at {entry:?}")]
pub struct NotFinite {
    /// The name of its array: `3.weight`.
    pub name: String,
    /// Its place in the array.
    pub entry: Vec<usize>,
    /// What it is.
    pub value: f32,
}

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
        check_shapes(network, &parameters, arrays.iter().map(ArrayD::shape))?;
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

    /// That these are weights of this network, by their shapes.
    #[cfg(feature = "plan")]
    pub(crate) fn check_network(&self, network: &impl Layer) -> Result<(), LayerError> {
        check_shapes(network, &network.parameters(), self.parts.iter().map(|part| part.shape.as_slice()))
    }

    /// That every number is finite.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_finite(&self) -> Result<(), NotFinite> {
        self.check_vectors(&self.trained, &self.running)
    }

    /// That every number of a gradient with respect to the trained numbers is finite.
    ///
    /// # Errors
    /// The first that is not.
    ///
    /// # Panics
    /// If the gradient has another length than the trained numbers.
    pub fn check_gradient(&self, gradient: &[f32]) -> Result<(), NotFinite> {
        assert_eq!(gradient.len(), self.trained.len(), "the gradient has one entry for each trained number");
        self.check_vectors(gradient, &[])
    }

    /// The first number of either vector that is not finite, with its name.
    fn check_vectors(&self, trained: &[f32], running: &[f32]) -> Result<(), NotFinite> {
        // Without leaving early within a row, so that it can be done on vectors.
        let all = |row: &[f32]| row.iter().fold(true, |finite, value| finite & value.is_finite());
        if trained.chunks(1024).chain(running.chunks(1024)).all(all) {
            return Ok(());
        }
        for part in &self.parts {
            let vector = if part.role.is_trained() { trained } else { running };
            let values = vector.get(part.range()).unwrap_or_default();
            if let Some(mut at) = values.iter().position(|value| !value.is_finite()) {
                let value = values[at];
                let mut entry = vec![0; part.shape.len()];
                for (index, &extent) in entry.iter_mut().zip(&part.shape).rev() {
                    (*index, at) = (at % extent, at / extent);
                }
                return Err(NotFinite { name: part.name.clone(), entry, value });
            }
        }
        unreachable!("every number belongs to a part")
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

/// That arrays are as many and of such shapes as a network's parameters.
fn check_shapes<'a>(
    network: &impl Layer,
    parameters: &[Parameter],
    shapes: impl ExactSizeIterator<Item = &'a [usize]>,
) -> Result<(), LayerError> {
    if parameters.len() != shapes.len() {
        let (expected, found) = (parameters.len(), shapes.len());
        return Err(LayerError::WeightCount { layer: network.name(), expected, found });
    }
    match parameters.iter().zip(shapes).find(|(parameter, shape)| parameter.shape != *shape) {
        Some((parameter, shape)) => Err(LayerError::Weight {
            layer: network.name(),
            name: parameter.name.clone(),
            expected: parameter.shape.clone(),
            found: shape.to_vec(),
        }),
        None => Ok(()),
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

    #[test]
    fn what_is_not_finite_is_found() {
        let network = Network::new().then(Dense::new(4, 3)).then(BatchNormalisation::new(3));
        let mut weights = Weights::initial(&network, Initialisation::He, 7);
        assert_eq!(weights.check_finite(), Ok(()));
        let mut gradient = vec![0.0; weights.trained.len()];
        gradient[13] = f32::NAN;
        let found = weights.check_gradient(&gradient).unwrap_err();
        assert_eq!(
            (found.name.as_str(), found.entry.as_slice(), found.value.is_nan()),
            ("0.bias", &[1][..], true)
        );
        weights.running[4] = f32::INFINITY;
        assert_eq!(weights.check_finite().unwrap_err().to_string(), "1.running_var has the entry inf at [1]");
        weights.trained[6] = f32::NEG_INFINITY;
        assert_eq!(weights.check_finite().unwrap_err().to_string(), "0.weight has the entry -inf at [1, 2]");
    }
}
