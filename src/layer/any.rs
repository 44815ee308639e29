//! Any layer of this folder, or a [`CustomLayer`], so that layers can be held in a list.

use ndarray::ArrayD;

use super::{
    Activation, AdaptivePool, BatchNormalisation, Convolution, CustomLayer, Dense, Dropout,
    EquivariantLinear, Flatten, GlobalPool, Gradients, GroupConvolution, GroupNormalisation, GroupPool,
    Layer, LayerError, LayerNormalisation, LogSoftmax, Mode, OutputType, Parameter, Pool, SetLinear, Softmax,
    Symmetry, TransposedConvolution, Upsample, View,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

macro_rules! any_layer {
    ($($kind:ident),* $(,)?) => {
        /// Any layer; each kind is documented at its own type.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "every variant is named after its layer")]
        pub enum AnyLayer {
            $($kind($kind)),*
        }

        $(
            impl From<$kind> for AnyLayer {
                fn from(layer: $kind) -> Self {
                    AnyLayer::$kind(layer)
                }
            }
        )*

        impl Layer for AnyLayer {
            fn name(&self) -> String {
                match self { $(AnyLayer::$kind(layer) => layer.name()),* }
            }

            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.output_shape(input)),* }
            }

            fn parameters(&self) -> Vec<Parameter> {
                match self { $(AnyLayer::$kind(layer) => layer.parameters()),* }
            }

            fn view(&self, input: &[usize]) -> Result<View, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.view(input)),* }
            }

            fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.symmetry(input)),* }
            }

            fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.output_type(input, from)),* }
            }

            fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.connections(input)),* }
            }

            fn forward<S: Scalar>(
                &self,
                x: &ArrayD<S>,
                weights: &[ArrayD<S>],
                mode: Mode,
            ) -> Result<ArrayD<S>, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.forward(x, weights, mode)),* }
            }

            fn backward<S: Scalar + PartialOrd>(
                &self,
                x: &ArrayD<S>,
                weights: &[ArrayD<S>],
                mode: Mode,
                output_gradient: &ArrayD<S>,
            ) -> Result<Gradients<S>, LayerError> {
                match self { $(AnyLayer::$kind(layer) => layer.backward(x, weights, mode, output_gradient)),* }
            }
        }
    };
}

any_layer!(
    Activation,
    AdaptivePool,
    BatchNormalisation,
    Convolution,
    CustomLayer,
    Dense,
    Dropout,
    EquivariantLinear,
    Flatten,
    GlobalPool,
    GroupConvolution,
    GroupNormalisation,
    GroupPool,
    LayerNormalisation,
    LogSoftmax,
    Pool,
    SetLinear,
    Softmax,
    TransposedConvolution,
    Upsample,
);
