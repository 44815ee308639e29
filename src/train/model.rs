//! The networks that are trained by name, each with its recipe: `studies/DIGITS.md` and, for turned digits,
//! `studies/ROTATED.md`, beside this file tell what was tried.

use super::augmentation::Augmentation;
use super::average::Beginning;
use super::optimiser::Decay;
use super::recipe::{Recipe, Smooth};
use super::schedule::{OneCycle, Schedule};
use crate::layer::Initialisation;
use crate::network::{
    Network, all_convolutional, c8_steerable, lenet5, lenet5_of_1998, p4cnn, p4mcnn, z2cnn,
};
use crate::signal::Interpolation;

/// A network that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// LeNet-5 with ReLU and maximum pooling.
    Lenet5,
    /// LeNet-5 with tanh and mean pooling.
    Lenet5Of1998,
    /// A small all-convolutional network, which takes images of any size.
    AllConvolutional,
    /// The plain network of the study of rotated digits.
    Z2cnn,
    /// Invariant under quarter turns.
    P4cnn,
    /// Invariant under quarter turns and reflections.
    P4mcnn,
    /// Invariant under quarter turns, with steerable filters in eight orientations.
    C8Steerable,
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 7] = [
        Model::Lenet5,
        Model::Lenet5Of1998,
        Model::AllConvolutional,
        Model::Z2cnn,
        Model::P4cnn,
        Model::P4mcnn,
        Model::C8Steerable,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Model::Lenet5 => "lenet5",
            Model::Lenet5Of1998 => "lenet5-1998",
            Model::AllConvolutional => "all-convolutional",
            Model::Z2cnn => "z2cnn",
            Model::P4cnn => "p4cnn",
            Model::P4mcnn => "p4mcnn",
            Model::C8Steerable => "c8-steerable",
        }
    }

    /// The network, for images of one channel.
    pub fn network(self, classes: usize) -> Network {
        match self {
            Model::Lenet5 => lenet5(classes),
            Model::Lenet5Of1998 => lenet5_of_1998(classes),
            Model::AllConvolutional => all_convolutional(classes),
            // In pictures that are turned anew in every epoch, dropout hides more than it prevents.
            Model::Z2cnn => z2cnn(classes).without_dropout(),
            Model::P4cnn => p4cnn(classes).without_dropout(),
            Model::P4mcnn => p4mcnn(classes).without_dropout(),
            Model::C8Steerable => c8_steerable(classes),
        }
    }

    /// Passes over the training set, by default.
    pub fn epochs(self) -> usize {
        match self {
            Model::Lenet5 | Model::C8Steerable => 40,
            Model::Z2cnn | Model::P4cnn | Model::P4mcnn => 60,
            _ => 20,
        }
    }

    /// The recipe for this number of passes over the training set.
    pub fn recipe(self, epochs: usize) -> Recipe {
        let cycle =
            OneCycle { rate: 0.003, rise: 0.2, start_divisor: 25.0, end_divisor: 1000.0, momentum: None };
        let common = Recipe::new(epochs)
            .schedule(Schedule::OneCycle(cycle))
            .augmentation(Augmentation {
                shift: 1.5,
                rotation: 10.0,
                scale: 0.1,
                shear: 0.1,
                ..Augmentation::default()
            })
            .average(Smooth { decay: 0.999, beginning: Beginning::WarmUp });
        match self {
            Model::Lenet5 => Recipe {
                decay: Decay { l1: 0.0, l2: 0.05 },
                augmentation: Augmentation {
                    shift: 1.5,
                    rotation: 12.0,
                    scale: 0.12,
                    shear: 0.12,
                    ..Augmentation::default()
                },
                smoothing: 0.05,
                initialisation: Initialisation::PyTorch,
                ..common
            },
            // For images that are turned by any angle already: turned on, read sharply, and moved and bent a
            // little. Others' recipes keep digits upright.
            Model::Z2cnn | Model::P4cnn | Model::P4mcnn | Model::C8Steerable => Recipe {
                schedule: Schedule::OneCycle(OneCycle { rate: 0.008, ..cycle }),
                decay: Decay { l1: 0.0, l2: 0.02 },
                augmentation: Augmentation {
                    shift: 1.0,
                    rotation: 180.0,
                    scale: 0.05,
                    shear: 0.05,
                    interpolation: Interpolation::Bicubic,
                    ..Augmentation::default()
                },
                ..common
            },
            Model::Lenet5Of1998 => Recipe { initialisation: Initialisation::Xavier, ..common },
            _ => common,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layer;

    #[test]
    fn every_model_takes_digits_of_its_classes() {
        for model in Model::ALL {
            assert_eq!(model.network(7).output_shape(&[2, 1, 28, 28]).unwrap(), [2, 7], "{}", model.name());
            assert_eq!(model.recipe(3).epochs, 3);
        }
    }
}
