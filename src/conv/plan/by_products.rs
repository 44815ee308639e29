//! What transforms cannot compute, by products: samples and kernels with infinite, enormous or no numbers.
//!
//! Inside a transform sums of all entries of a tile meet. So a single entry that is no number spoils the
//! tile, and large entries overflow although the result would not. The definition has neither fault: each
//! product touches one output, and what lies beyond a border of zeros touches none, so that a weight ∞ there
//! gives 0 and not NaN. Therefore
//!
//! - a *sample* with such entries is computed by [`Method::Direct`], in the place of what the transforms have
//!   made of it; the others stay as they are, bit for bit;
//! - a *kernel* with an entry that is not finite is run by the definition itself.
//!
//! *When.* Between input and output no number of a transform exceeds `growth · max(1, w) · max |x|`, w being
//! the greatest Σ|weights| of an output and growth that of the method: 2T for transforms of T points of two
//! real tiles, and for F(4, 3) along two axes, whose matrices have rows of sum at most 10, 1 and 19, less
//! than 2¹⁶. With a factor of 16 for roundings the product must be finite.
//!
//! Cost: one pass over the input, and over the kernel when it is prepared.

use ndarray::{ArrayD, ArrayViewD, Axis};

#[cfg(doc)]
use crate::conv::plan::Method;
use crate::conv::plan::{Direction, Plan};
use crate::conv::{Algorithm, ConvolutionError, Definition, adjoint};
use crate::simd::Element;

/// The kernel of a plan that may need products, and what fits its method.
#[derive(Clone, Debug)]
pub(super) struct ByProducts<T> {
    kernel: ArrayD<T>,
    /// Whether all of it is finite.
    is_finite: bool,
    /// Samples whose entries are smaller fit.
    limit: f64,
}

impl<T: Element> ByProducts<T> {
    /// For a kernel, if a stage of the plan transforms or the kernel is not finite.
    pub(super) fn new(plan: &Plan<T>, kernel: &ArrayViewD<'_, T>) -> Option<Self> {
        let is_finite = kernel.iter().all(|weight| weight.magnitude().is_finite());
        let growth = plan.stages.iter().filter(|stage| !stage.method().adds_products());
        let growth = growth.map(|stage| stage.growth_within()).fold(0.0, f64::max);
        if is_finite && growth == 0.0 {
            return None;
        }
        // At most all weights meet in a sum, whichever the direction.
        let sums: f64 = kernel.iter().map(|weight| weight.magnitude()).sum();
        let largest = largest::<T>() / (16.0 * growth.max(1.0));
        let limit = if sums < largest { largest / sums.max(1.0) } else { 0.0 };
        Some(ByProducts { kernel: kernel.to_owned(), is_finite, limit })
    }

    /// The kernel.
    pub(super) fn kernel(&self) -> &ArrayD<T> {
        &self.kernel
    }

    /// Bytes of the kernel.
    pub(super) fn bytes(&self) -> usize {
        self.kernel.len() * size_of::<T>()
    }

    /// All of the output by the definition, if the kernel is not finite.
    pub(super) fn by_definition(
        &self,
        plan: &Plan<T>,
        bias: Option<&[T]>,
        input: &ArrayViewD<'_, T>,
    ) -> Result<Option<ArrayD<T>>, ConvolutionError> {
        if self.is_finite {
            return Ok(None);
        }
        let mut output = match plan.direction {
            Direction::Forward => Definition.run(&plan.problem, self.kernel.view(), input.view()),
            Direction::Transposed => adjoint::transposed(&plan.problem, self.kernel.view(), input.view()),
        }?;
        for (channel, mut entries) in output.axis_iter_mut(Axis(1)).enumerate() {
            let bias = bias.map(|bias| bias[channel]);
            entries.map_inplace(|entry| {
                *entry = bias.map_or(*entry, |bias| *entry + bias);
                if plan.relu && *entry < T::zero() {
                    *entry = T::zero();
                }
            });
        }
        Ok(Some(output))
    }

    /// Computes the samples again that do not fit the transforms; `sample` does so for one of them.
    pub(super) fn mend(
        &self,
        plan: &Plan<T>,
        (input, output): (&[T], &mut [T]),
        mut sample: impl FnMut(ArrayViewD<'_, T>) -> Result<ArrayD<T>, ConvolutionError>,
    ) -> Result<(), ConvolutionError> {
        let entries = |shape: &[usize]| shape[1..].iter().product::<usize>();
        let [read, written] = [&plan.input_shape, &plan.output_shape].map(|shape| entries(shape));
        let fits =
            |entries: &&[T]| entries.iter().fold(true, |fits, entry| fits & (entry.magnitude() < self.limit));
        for (number, entries) in input.chunks_exact(read).enumerate().filter(|(_, entries)| !fits(entries)) {
            let one = [&[1], &plan.input_shape[1..]].concat();
            let entries = ArrayViewD::from_shape(one, entries);
            let entries =
                entries.unwrap_or_else(|_| unreachable!("a sample has as many entries as its shape"));
            let result = sample(entries)?;
            let result = result.as_slice().unwrap_or_else(|| unreachable!("a new array is row-major"));
            output[number * written..][..written].copy_from_slice(result);
        }
        Ok(())
    }
}

/// The largest finite number.
fn largest<T: Element>() -> f64 {
    if size_of::<T>() == size_of::<f32>() { f64::from(f32::MAX) } else { f64::MAX }
}
