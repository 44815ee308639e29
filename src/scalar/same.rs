//! From a generic scalar to the one that it happens to be, and back: how generic code hands over to a fast
//! path for floats.
//!
//! Cost: none. Both are casts of a type that is known when the code is compiled.

use std::any::Any;

use ndarray::ArrayD;

use super::Ring;

/// The array, if its scalar `S` is `T`.
pub(crate) fn same_type<S: Ring, T: Ring>(array: &ArrayD<S>) -> Option<&ArrayD<T>> {
    (array as &dyn Any).downcast_ref()
}

/// The way back from [`same_type`].
///
/// # Panics
/// If `S` is not `T`.
pub(crate) fn back<S: Ring, T: Ring>(array: ArrayD<T>) -> ArrayD<S> {
    let array: Box<dyn Any> = Box::new(array);
    *array.downcast().unwrap_or_else(|_| unreachable!("the two scalars are the same"))
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn only_the_same_scalar_is_found_and_led_back() {
        let array = arr1(&[1.0_f32, 2.0]).into_dyn();
        assert_eq!(same_type::<f32, f32>(&array), Some(&array));
        assert_eq!(same_type::<f32, f64>(&array), None);
        assert_eq!(back::<f32, f32>(array.clone()), array);
    }
}
