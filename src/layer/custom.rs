//! A layer that is defined outside this crate, in a box of its own.
//!
//! [`Layer::forward`] is generic over its scalar, so that no object stands for every layer. A list of scalars
//! is known, though: those that the engine of [`crate::verify`] runs. [`CustomLayer`] keeps one entry for
//! each of them, and asks when it runs which of them the scalar is. Cost: a comparison of types for each
//! call.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ndarray::ArrayD;

use super::{Gradients, Layer, LayerError, Mode, OutputType, Parameter, Symmetry, View, check_weights};
use crate::scalar::{Bounded, Degree, Dual, Goldilocks, Scalar, Symbolic, Taylor, Term};
use crate::signal::FeatureType;

/// A layer of your own, as a part of networks: it is run, trained, proved and measured as any other.
///
/// Training and inference hand the samples of a batch over in portions, so that a layer has to treat each
/// sample by itself. Running statistics of its own are read, and never changed.
///
/// ```
/// use equivariant::layer::{CustomLayer, Dense, Gradients, Layer, LayerError, Mode};
/// use equivariant::network::Network;
/// use equivariant::scalar::Scalar;
/// use ndarray::{ArrayD, Zip};
///
/// /// x ↦ x², entry by entry.
/// #[derive(Clone, Debug, PartialEq)]
/// struct Square;
///
/// impl Layer for Square {
///     fn name(&self) -> String {
///         "square".to_owned()
///     }
///
///     fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
///         Ok(input.to_vec())
///     }
///
///     fn forward<S: Scalar>(&self, x: &ArrayD<S>, _: &[ArrayD<S>], _: Mode) -> Result<ArrayD<S>, LayerError> {
///         Ok(x.mapv(|x| x.clone() * x))
///     }
///
///     fn backward<S: Scalar + PartialOrd>(
///         &self,
///         x: &ArrayD<S>,
///         _: &[ArrayD<S>],
///         _: Mode,
///         output_gradient: &ArrayD<S>,
///     ) -> Result<Gradients<S>, LayerError> {
///         let mut input = output_gradient.clone();
///         Zip::from(&mut input).and(x).for_each(|slope, x| *slope = (x.clone() + x.clone()) * slope.clone());
///         Ok(Gradients { input, weights: Vec::new() })
///     }
/// }
///
/// let network = Network::new().then(Dense::new(2, 2)).then(CustomLayer::new(Square));
/// assert_eq!(network.output_shape(&[5, 2])?, [5, 2]);
/// # Ok::<(), LayerError>(())
/// ```
#[derive(Clone)]
pub struct CustomLayer(Arc<dyn Erased>);

impl CustomLayer {
    /// A layer, boxed.
    pub fn new<L: Layer + PartialEq>(layer: L) -> Self {
        CustomLayer(Arc::new(Boxed(layer)))
    }

    /// The layer, if it is of this type.
    pub fn downcast_ref<L: Layer>(&self) -> Option<&L> {
        self.0.as_any().downcast_ref()
    }

    fn output_error(&self, expected: Vec<usize>, found: &[usize]) -> LayerError {
        LayerError::Output { layer: self.0.name(), expected, found: found.to_vec() }
    }

    fn scalar_error<S>(&self) -> LayerError {
        LayerError::Scalar { layer: self.0.name(), scalar: std::any::type_name::<S>() }
    }
}

impl fmt::Debug for CustomLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CustomLayer").field(&self.0).finish()
    }
}

impl PartialEq for CustomLayer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.equals(other.0.as_any())
    }
}

impl Eq for CustomLayer {}

/// Equal layers have equal names.
impl Hash for CustomLayer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

/// A layer in its box.
#[derive(Debug)]
struct Boxed<L>(L);

/// What a layer does over one scalar.
trait Forward<S>: Send + Sync {
    fn forward(&self, x: &ArrayD<S>, weights: &[ArrayD<S>], mode: Mode) -> Result<ArrayD<S>, LayerError>;
}

impl<S: Scalar, L: Layer> Forward<S> for Boxed<L> {
    fn forward(&self, x: &ArrayD<S>, weights: &[ArrayD<S>], mode: Mode) -> Result<ArrayD<S>, LayerError> {
        self.0.forward(x, weights, mode)
    }
}

/// What a layer does backwards over one scalar.
trait Backward<S>: Send + Sync {
    fn backward(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError>;
}

impl<S: Scalar + PartialOrd, L: Layer> Backward<S> for Boxed<L> {
    fn backward(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        self.0.backward(x, weights, mode, output_gradient)
    }
}

/// The object as an object of another type, if it is one.
fn same<A: Any, B: Any>(object: A) -> Option<B> {
    let object: Box<dyn Any> = Box::new(object);
    object.downcast().ok().map(|object| *object)
}

/// The trait of all layers of which objects can be made, from the list of scalars.
macro_rules! erased {
    (forward: $($forward:ty),*; backward: $($backward:ty),*;) => {
        trait Erased: fmt::Debug $(+ Forward<$forward>)* $(+ Backward<$backward>)* {
            fn name(&self) -> String;
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError>;
            fn parameters(&self) -> Vec<Parameter>;
            fn view(&self, input: &[usize]) -> Result<View, LayerError>;
            fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError>;
            fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError>;
            fn connections(&self, input: &[usize]) -> Result<u128, LayerError>;
            fn equals(&self, other: &dyn Any) -> bool;
            fn as_any(&self) -> &dyn Any;
        }

        impl CustomLayer {
            fn over<S: 'static>(&self) -> Result<Arc<dyn Forward<S>>, LayerError> {
                $(
                    let object: Arc<dyn Forward<$forward>> = self.0.clone();
                    if let Some(found) = same(object) {
                        return Ok(found);
                    }
                )*
                Err(self.scalar_error::<S>())
            }

            fn backward_over<S: 'static>(&self) -> Result<Arc<dyn Backward<S>>, LayerError> {
                $(
                    let object: Arc<dyn Backward<$backward>> = self.0.clone();
                    if let Some(found) = same(object) {
                        return Ok(found);
                    }
                )*
                Err(self.scalar_error::<S>())
            }
        }
    };
}

erased! {
    forward: f32, f64, Bounded, Degree, Dual<f32>, Dual<f64>, Dual<Goldilocks>, Goldilocks, Symbolic, Taylor, Term;
    backward: f32, f64, Bounded, Goldilocks, Symbolic;
}

impl<L: Layer + PartialEq> Erased for Boxed<L> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.0.output_shape(input)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.0.view(input)
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.0.symmetry(input)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.0.output_type(input, from)
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.0.connections(input)
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<L>() == Some(&self.0)
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }
}

impl Layer for CustomLayer {
    fn name(&self) -> String {
        self.0.name()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.0.output_shape(input)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.0.view(input)
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.0.symmetry(input)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.0.output_type(input, from)
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.0.connections(input)
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        check_weights(self, weights)?;
        let expected = self.output_shape(x.shape())?;
        let y = self.over::<S>()?.forward(x, weights, mode)?;
        if y.shape() != expected {
            return Err(self.output_error(expected, y.shape()));
        }
        Ok(y)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        super::check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let gradients = self.backward_over::<S>()?.backward(x, weights, mode, output_gradient)?;
        if gradients.input.shape() != x.shape() {
            return Err(self.output_error(x.shape().to_vec(), gradients.input.shape()));
        }
        let parameters = self.parameters();
        let trained: Vec<_> = parameters.iter().filter(|parameter| parameter.role.is_trained()).collect();
        if trained.len() != gradients.weights.len() {
            let (expected, found) = (trained.len(), gradients.weights.len());
            return Err(LayerError::WeightCount { layer: self.name(), expected, found });
        }
        for (parameter, slope) in trained.iter().zip(&gradients.weights) {
            if parameter.shape != slope.shape() {
                return Err(self.output_error(parameter.shape.clone(), slope.shape()));
            }
        }
        Ok(gradients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Dense, Flatten};

    /// Not only with itself: a network that is built twice is the same network.
    #[test]
    fn equal_layers_in_different_boxes_are_equal() {
        let [one, two] = [(); 2].map(|()| CustomLayer::new(Dense::new(2, 3)));
        assert_eq!((&one, &one), (&two, &one.clone()));
        assert_ne!(one, CustomLayer::new(Dense::new(3, 2)));
        assert_ne!(one, CustomLayer::new(Flatten));
    }
}
