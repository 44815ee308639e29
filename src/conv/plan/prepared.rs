//! A plan with its weights, ready to be run.

use ndarray::{Array3, ArrayD, ArrayView1, ArrayViewD, ArrayViewMutD};

use crate::conv::ConvolutionError;
use crate::conv::plan::by_products::ByProducts;
use crate::conv::plan::register::output::{Finish, SharedOutput};
use crate::conv::plan::workspace::{Call, Workspace};
use crate::conv::plan::{Direction, Method, Plan, PlanOptions};
use crate::conv::problem::check_shape;
use crate::conv::problem::layout::flatten_space;
use crate::simd::{AlignedBuffer, Element};

/// A convolution or its transpose with its weights: what [`Plan::prepare`] makes.
#[derive(Clone, Debug)]
pub struct Prepared<T: Element> {
    plan: Plan<T>,
    /// The weights as each stage of the plan wants them.
    packed: Vec<AlignedBuffer<T>>,
    bias: Option<Vec<T>>,
    /// Where the method transforms, or the kernel is not finite.
    by_products: Option<ByProducts<T>>,
}

impl<T: Element> Plan<T> {
    /// Takes the weights, and a bias with one entry for each channel of the result.
    ///
    /// # Errors
    /// If they do not have the shapes of the problem.
    pub fn prepare(
        self,
        kernel: ArrayViewD<'_, T>,
        bias: Option<ArrayView1<'_, T>>,
    ) -> Result<Prepared<T>, ConvolutionError> {
        let mut prepared = Prepared::without_weights(self);
        prepared.set_weights(kernel, bias)?;
        Ok(prepared)
    }
}

impl<T: Element> Prepared<T> {
    /// Before [`set_weights`](Self::set_weights).
    fn without_weights(plan: Plan<T>) -> Self {
        let packed = vec![AlignedBuffer::default(); plan.stages.len()];
        Prepared { plan, packed, bias: None, by_products: None }
    }

    /// The plan that it was made from.
    pub fn plan(&self) -> &Plan<T> {
        &self.plan
    }

    /// Bytes of the prepared weights, of the kernel where a method that transforms keeps it, and of the bias.
    pub fn bytes(&self) -> usize {
        let weights: usize = self.packed.iter().map(AlignedBuffer::bytes).sum();
        let kernel = self.by_products.as_ref().map_or(0, ByProducts::bytes);
        weights + kernel + size_of::<T>() * self.bias.as_ref().map_or(0, Vec::len)
    }

    /// Takes other weights, and another bias, in the place of those that it has.
    ///
    /// # Errors
    /// If they do not have the shapes of the problem; then it keeps what it has.
    pub fn set_weights(
        &mut self,
        kernel: ArrayViewD<'_, T>,
        bias: Option<ArrayView1<'_, T>>,
    ) -> Result<(), ConvolutionError> {
        let Plan { problem, output_shape, .. } = &self.plan;
        check_shape("kernel", problem.kernel_shape(), kernel.shape())?;
        if let Some(bias) = &bias {
            check_shape("bias", vec![output_shape[1]], bias.shape())?;
        }
        self.bias = bias.map(|bias| bias.to_vec());
        self.by_products = ByProducts::new(&self.plan, &kernel);
        let Plan { problem, direction, stages, .. } = &self.plan;
        let kernel = flatten_space(&kernel);
        let swapped;
        let kernel = match direction {
            Direction::Forward => kernel.view(),
            Direction::Transposed => {
                let groups = problem.groups();
                let (outputs, channels, taps) = kernel.dim();
                swapped =
                    Array3::from_shape_fn((groups * channels, outputs / groups, taps), |(c, m, tap)| {
                        kernel[[c / channels * (outputs / groups) + m, c % channels, tap]]
                    });
                swapped.view()
            }
        };
        for (stage, packed) in stages.iter().zip(&mut self.packed) {
            let mut memory = std::mem::take(packed).into_vec();
            stage.pack(kernel, &mut memory);
            assert_eq!(memory.len(), stage.packed_length(), "a method reads as many weights as it packs");
            *packed = AlignedBuffer::from_vec(memory);
        }
        Ok(())
    }

    /// Convolves `input` into `output`, whatever was there before. The workspace grows if it has to.
    ///
    /// Samples with entries that are not finite, or too large for the sums inside a transform, are computed
    /// by products, which takes new memory; so is everything if a weight is not finite. Nothing is then read
    /// beyond a border of zeros: a weight ∞ gives 0 there.
    ///
    /// # Errors
    /// If they do not have the shapes of the plan.
    pub fn run(
        &self,
        input: ArrayViewD<'_, T>,
        mut output: ArrayViewMutD<'_, T>,
        workspace: &mut Workspace<T>,
    ) -> Result<(), ConvolutionError> {
        let plan = &self.plan;
        check_shape("input", &plan.input_shape, input.shape())?;
        check_shape("output", &plan.output_shape, output.shape())?;
        let by_definition = self.by_products.as_ref();
        let by_definition =
            by_definition.map(|products| products.by_definition(plan, self.bias.as_deref(), &input));
        if let Some(result) = by_definition.transpose()?.flatten() {
            output.assign(&result);
            return Ok(());
        }
        workspace.reserve(plan.stages.iter().map(|stage| stage.workspace()));
        let Workspace { threads, input: input_copy, output: output_copy, padded } = workspace;
        let input = match input.as_slice() {
            Some(slice) => slice,
            None => {
                input_copy.clear();
                input_copy.extend(input.iter().copied());
                input_copy
            }
        };
        let finish = Finish { bias: self.bias.as_deref(), relu: plan.relu };
        let mut into = |output: &mut [T], finish| {
            let shared = SharedOutput::new(output);
            for (stage, packed) in plan.stages.iter().zip(&self.packed) {
                let call = Call { packed, signal: input, output: &shared, finish, threads: threads.len() };
                stage.run(call, threads);
            }
        };
        let mut whole = |output: &mut [T]| match &plan.fold {
            None => into(output, finish),
            Some(fold) => {
                padded.resize(fold.padded_length(), T::zero());
                into(padded, Finish { bias: None, relu: false });
                fold.run(padded, output, finish);
            }
        };
        if let Some(slice) = output.as_slice_mut() {
            whole(slice);
            self.mend(input, slice)?;
        } else {
            output_copy.resize(output.len(), T::zero());
            whole(output_copy);
            self.mend(input, output_copy)?;
            output.iter_mut().zip(&*output_copy).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    /// Computes the samples again that do not fit a method that transforms.
    fn mend(&self, input: &[T], output: &mut [T]) -> Result<(), ConvolutionError> {
        let Some(by_products) = &self.by_products else { return Ok(()) };
        let mut again = None;
        by_products.mend(&self.plan, (input, output), |sample| {
            let again: &mut Prepared<T> = match &mut again {
                Some(again) => again,
                None => again.insert(self.one_sample(by_products.kernel())?),
            };
            again.apply(sample)
        })
    }

    /// The same for one sample, by products.
    fn one_sample(&self, kernel: &ArrayD<T>) -> Result<Prepared<T>, ConvolutionError> {
        let problem = self.plan.problem.of_batch(1);
        let options = PlanOptions::new().method(Method::Direct).relu(self.plan.relu);
        let plan = match self.plan.direction {
            Direction::Forward => Plan::forward(&problem, &options),
            Direction::Transposed => Plan::transposed(&problem, &options),
        }?;
        plan.prepare(kernel.view(), self.bias.as_deref().map(ArrayView1::from))
    }

    /// The result for one input, in new memory. In a loop, [`run`](Self::run) is faster.
    ///
    /// # Errors
    /// If the input does not have the shape of the plan.
    pub fn apply(&self, input: ArrayViewD<'_, T>) -> Result<ArrayD<T>, ConvolutionError> {
        let mut output = ArrayD::zeros(self.plan.output_shape());
        self.run(input, output.view_mut(), &mut Workspace::new())?;
        Ok(output)
    }
}
