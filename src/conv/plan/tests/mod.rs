//! Plans against the definition: bit for bit on integers, whatever the instructions, the threads and the
//! memory.

use ndarray::{ArrayD, Slice};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::conv::problem::samples::{integers, problem};
use crate::conv::{Algorithm, Definition, Operation, Options, adjoint};
use crate::simd::InstructionSet;

mod choice;

fn floats(shape: &[usize], seed: u64, magnitude: i64) -> ArrayD<f32> {
    integers(shape, seed, magnitude).mapv(|value| value as f32)
}

/// A dirty array of which only every second entry along each axis belongs to the view, from the last to the
/// first.
fn dirty(shape: &[usize]) -> ArrayD<f32> {
    let doubled: Vec<_> = shape.iter().map(|length| 2 * length).collect();
    ArrayD::from_elem(doubled, f32::NAN)
}

const EVERY_SECOND: Slice = Slice { start: 0, end: None, step: -2 };

/// Length, taps, stride, dilation and padding of an axis.
type AxisSettings = (usize, usize, usize, usize, (usize, usize));

/// The problem of a batch, groups, and input and output channels of each group, if the kernel fits.
fn with_axes(
    operation: Operation,
    boundary: Boundary,
    (batch, groups, inputs, outputs): (usize, usize, usize, usize),
    axes: Vec<AxisSettings>,
) -> Option<Problem> {
    let (mut signal, mut kernel) = (vec![batch, groups * inputs], vec![groups * outputs, inputs]);
    let mut options = Options::new().groups(groups).boundary(boundary);
    for (length, taps, stride, dilation, padding) in axes {
        signal.push(length);
        kernel.push(taps);
        options.stride.push(stride);
        options.dilation.push(dilation);
        options.padding.push(padding);
    }
    Problem::new(operation, &kernel, &signal, &options).ok()
}

/// Sizes that straddle tiles and pieces: up to several vectors of positions, and several tiles of channels.
fn layer() -> impl Strategy<Value = Problem> {
    let axis = (1usize..40, 1usize..6, 1usize..4, 1usize..3, (0usize..4, 0usize..4));
    let channels = (0usize..4, 1usize..3, 1usize..5, 1usize..36);
    let operation = select(vec![Operation::Correlation, Operation::Convolution]);
    let boundary = select(Boundary::ALL.to_vec());
    (operation, boundary, channels, prop::collection::vec(axis, 1..3)).prop_filter_map(
        "the kernel fits",
        |(operation, boundary, (batch, groups, inputs, outputs), axes)| {
            with_axes(operation, boundary, (batch, groups, inputs, outputs), axes)
        },
    )
}

/// Groups of one channel, up to several vectors of them, and rows that straddle register tiles.
fn depthwise() -> impl Strategy<Value = Problem> {
    let axis = (1usize..40, 1usize..8, 1usize..3, 1usize..3, (0usize..4, 0usize..4));
    let operation = select(vec![Operation::Correlation, Operation::Convolution]);
    let boundary = select(Boundary::ALL.to_vec());
    (operation, boundary, 0usize..3, 2usize..40, prop::collection::vec(axis, 1..3)).prop_filter_map(
        "the kernel fits",
        |(operation, boundary, batch, groups, axes)| {
            with_axes(operation, boundary, (batch, groups, 1, 1), axes)
        },
    )
}

/// Sums of at most 2·64 + 25·36·40 products of magnitude 4·4 stay below 2²⁴.
fn check(problem: &Problem, options: PlanOptions, seed: u64) -> Result<(), TestCaseError> {
    let kernel = floats(&problem.kernel_shape(), seed, 4);
    let signal = floats(&problem.signal_shape(), seed ^ 1, 4);
    let y = floats(&problem.output_shape(), seed ^ 2, 4);
    let bias = floats(&[problem.output_channels()], seed ^ 3, 4);
    let expected = Definition.run(problem, kernel.view(), signal.view()).unwrap();

    let plan = Plan::forward(problem, &options.relu(true)).unwrap();
    let plan = plan.prepare(kernel.view(), bias.view().into_dimensionality().ok()).unwrap();
    let mut output = ArrayD::from_elem(problem.output_shape(), f32::NAN);
    plan.run(signal.view(), output.view_mut(), &mut Workspace::new()).unwrap();
    let mut finished = expected.clone();
    for (channel, mut values) in finished.axis_iter_mut(ndarray::Axis(1)).enumerate() {
        values.mapv_inplace(|value| (value + bias[[channel]]).max(0.0));
    }
    prop_assert_eq!(&output, &finished);

    let plan = Plan::forward(problem, &options).unwrap();
    let plan = plan.prepare(kernel.view(), None).unwrap();
    let (mut from, mut to) = (dirty(&problem.signal_shape()), dirty(&problem.output_shape()));
    from.slice_each_axis_mut(|_| EVERY_SECOND).assign(&signal);
    let from = from.slice_each_axis(|_| EVERY_SECOND);
    plan.run(from, to.slice_each_axis_mut(|_| EVERY_SECOND), &mut Workspace::new()).unwrap();
    prop_assert_eq!(to.slice_each_axis(|_| EVERY_SECOND), expected.view());
    let untouched = to.iter().filter(|value| value.is_nan()).count();
    prop_assert_eq!(untouched, to.len() - expected.len());

    let plan = Plan::transposed(problem, &options).unwrap();
    let plan = plan.prepare(kernel.view(), None).unwrap();
    let mut back = ArrayD::from_elem(problem.signal_shape(), f32::NAN);
    plan.run(y.view(), back.view_mut(), &mut Workspace::new()).unwrap();
    prop_assert_eq!(&back, &adjoint::transposed(problem, kernel.view(), y.view()).unwrap());

    let mut plan = GradientPlan::new(problem, &options);
    let mut gradient = ArrayD::from_elem(problem.kernel_shape(), f32::NAN);
    for _ in 0..2 {
        plan.run(signal.view(), y.view(), gradient.view_mut()).unwrap();
        prop_assert_eq!(&gradient, &adjoint::kernel_gradient(problem, signal.view(), y.view()).unwrap());
    }
    Ok(())
}

/// Kernels that are multiples of 576 = 24²: see the test of minimal filtering.
fn check_scaled(problem: &Problem, options: PlanOptions, seed: u64) -> Result<(), TestCaseError> {
    let weights = integers(&problem.kernel_shape(), seed, 9).mapv(|value| 576.0 * value as f64);
    let signal = integers(&problem.signal_shape(), seed ^ 1, 9).mapv(|value| value as f64);
    let y = integers(&problem.output_shape(), seed ^ 2, 9).mapv(|value| value as f64);

    let plan = Plan::forward(problem, &options).unwrap();
    let plan = plan.prepare(weights.view(), None).unwrap();
    let mut output = ArrayD::from_elem(problem.output_shape(), f64::NAN);
    plan.run(signal.view(), output.view_mut(), &mut Workspace::new()).unwrap();
    prop_assert_eq!(&output, &Definition.run(problem, weights.view(), signal.view()).unwrap());

    let plan = Plan::transposed(problem, &options).unwrap();
    let plan = plan.prepare(weights.view(), None).unwrap();
    let mut back = ArrayD::from_elem(problem.signal_shape(), f64::NAN);
    plan.run(y.view(), back.view_mut(), &mut Workspace::new()).unwrap();
    prop_assert_eq!(&back, &adjoint::transposed(problem, weights.view(), y.view()).unwrap());
    Ok(())
}

/// Padding before the signal alone, a single sum of three products, and pieces of a row read in place: all
/// failed once.
#[test]
fn small_problems_that_failed() {
    let padded = Options { padding: vec![(1, 0)], ..Options::new().groups(2) };
    let padded = Problem::new(Operation::Correlation, &[2, 1, 1], &[1, 2, 9], &padded).unwrap();
    for kernel in [Method::Depthwise, Method::Direct] {
        check(&padded, PlanOptions::new().method(kernel), 0).unwrap();
    }
    let single = Problem::new(Operation::Correlation, &[1, 1, 3], &[1, 1, 3], &Options::new()).unwrap();
    check_scaled(&single, PlanOptions::new().method(Method::WinogradTwo), 0).unwrap();
    let channels = (1, 1, 1, 1);
    let strided = with_axes(Operation::Correlation, Boundary::Zero, channels, vec![(25, 2, 3, 2, (2, 0))]);
    for set in InstructionSet::ALL {
        check(strided.as_ref().unwrap(), PlanOptions::new().method(Method::Direct).instruction_set(set), 0)
            .unwrap();
    }
}

/// So that the test of lines is about them.
#[test]
fn one_channel_of_a_signal_has_a_kernel_of_its_own() {
    let (signal, taps) = ([1, 1, 1000], [1, 1, 31]);
    let problem = Problem::new(Operation::Correlation, &taps, &signal, &Options::new()).unwrap();
    for set in InstructionSet::ALL {
        let options = PlanOptions::new().method(Method::Direct).instruction_set(set);
        assert_eq!(Plan::<f32>::forward(&problem, &options).unwrap().method_name(), "direct_line");
        assert_eq!(Plan::<f64>::transposed(&problem, &options).unwrap().method_name(), "direct_line");
    }
}

/// So that the test of kernels of one tap is about a matrix product.
#[test]
fn kernels_of_one_tap_are_matrices() {
    let (signal, weights) = ([1, 40, 26, 26], [40, 40, 1, 1]);
    let problem = Problem::new(Operation::Correlation, &weights, &signal, &Options::new()).unwrap();
    for set in InstructionSet::ALL {
        let options = PlanOptions::new().method(Method::Direct).instruction_set(set);
        assert_eq!(Plan::<f32>::forward(&problem, &options).unwrap().method_name(), "direct_pointwise");
        assert_eq!(Plan::<f64>::transposed(&problem, &options).unwrap().method_name(), "direct_pointwise");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn small_problems_of_every_kind(problem in problem(), set in select(InstructionSet::ALL.to_vec()), longest in 0usize..20, seed: u64) {
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
        let tiles = PlanOptions::new().method(Method::DirectTiles).instruction_set(set);
        check(&problem, if longest == 0 { tiles } else { tiles.longest_tile(longest) }, seed)?;
    }

    #[test]
    fn layers(problem in layer(), set in select(InstructionSet::ALL.to_vec()), longest in 0usize..20, seed: u64) {
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
        let tiles = PlanOptions::new().method(Method::DirectTiles).instruction_set(set);
        check(&problem, if longest == 0 { tiles } else { tiles.longest_tile(longest) }, seed)?;
    }

    /// One axis with taps that are neighbours, more than a vector of them, and more positions than a piece
    /// has.
    #[test]
    fn lines(
        channels in (0usize..3, 1usize..3, 1usize..3, 1usize..3),
        (length, taps, padding) in (1usize..2000, 1usize..140, (0usize..140, 0usize..140)),
        operation in select(vec![Operation::Correlation, Operation::Convolution]),
        boundary in select(Boundary::ALL.to_vec()),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let axes = vec![(length, taps, 1, 1, padding)];
        let Some(problem) = with_axes(operation, boundary, channels, axes) else { return Ok(()) };
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    /// Kernels with more taps than a vector has lanes and few rows of results, so that tiles stand one below
    /// the other and taps beyond all four borders are left out.
    #[test]
    fn large_kernels(
        channels in (1usize..3, 1usize..3, 1usize..3, 1usize..4),
        rows in (1usize..30, 2usize..10, 1usize..3, 1usize..3, (0usize..10, 0usize..10)),
        columns in (1usize..40, 9usize..34, (0usize..33, 0usize..33)),
        operation in select(vec![Operation::Correlation, Operation::Convolution]),
        boundary in select(vec![Boundary::Zero, Boundary::Zero, Boundary::Periodic]),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let (length, taps, padding) = columns;
        let axes = vec![rows, (length, taps, 1, 1, padding)];
        let Some(problem) = with_axes(operation, boundary, channels, axes) else { return Ok(()) };
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    /// Channels and positions that straddle tiles and panels, and signals of several strips.
    #[test]
    fn kernels_of_one_tap(
        channels in (0usize..4, 1usize..3, 1usize..60, 1usize..40),
        lengths in prop::collection::vec(1usize..45, 1..3),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let axes = lengths.into_iter().map(|length| (length, 1, 1, 1, (0, 0))).collect();
        let problem = with_axes(Operation::Correlation, Boundary::Zero, channels, axes).unwrap();
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    #[test]
    fn groups_of_one_channel(problem in depthwise(), set in select(InstructionSet::ALL.to_vec()), seed: u64) {
        check(&problem, PlanOptions::new().method(Method::Depthwise).instruction_set(set), seed)?;
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    /// Channels enough for vectors of them, with borders and without, so that samples are copied or read in
    /// place.
    #[test]
    fn vectors_of_channels(
        (batch, groups, inputs, outputs) in (0usize..9, 1usize..3, 1usize..9, 14usize..70),
        space in prop::collection::vec((1usize..22, 1usize..4, 1usize..3, 0usize..2), 1..3),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let lengths: Vec<_> = space.iter().map(|axis| axis.0.max(axis.1)).collect();
        let signal = [&[batch, groups * inputs], &lengths[..]].concat();
        let taps: Vec<_> = space.iter().map(|axis| axis.1).collect();
        let kernel = [&[groups * outputs, inputs], &taps[..]].concat();
        let strides: Vec<_> = space.iter().map(|axis| axis.2).collect();
        let padding: Vec<_> = space.iter().map(|axis| axis.3).collect();
        let options = Options::new().groups(groups).stride(strides).padding(padding);
        let problem = Problem::new(Operation::Correlation, &kernel, &signal, &options).unwrap();
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    /// Channels of the result enough for vectors of them, and strides, so that the phases of the transposed
    /// map run together.
    #[test]
    fn phases_of_transposed_convolutions(
        channels in (0usize..4, 1usize..3, 8usize..40, 1usize..9),
        axes in prop::collection::vec((1usize..24, 1usize..6, 1usize..4, 1usize..3, (0usize..3, 0usize..3)), 1..3),
        operation in select(vec![Operation::Correlation, Operation::Convolution]),
        boundary in select(Boundary::ALL.to_vec()),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let Some(problem) = with_axes(operation, boundary, channels, axes) else { return Ok(()) };
        check(&problem, PlanOptions::new().method(Method::Direct).instruction_set(set), seed)?;
    }

    /// G has denominators up to 24 along each axis: kernels that are multiples of 24² make everything an
    /// integer, of magnitude below 2⁵³.
    #[test]
    fn winograd_is_exact_on_scaled_integers(
        (batch, groups, inputs, outputs) in (0usize..3, 1usize..3, 1usize..20, 1usize..36),
        space in prop::collection::vec((3usize..20, 0usize..3), 1..3),
        operation in select(vec![Operation::Correlation, Operation::Convolution]),
        boundary in select(Boundary::ALL.to_vec()),
        kernel in select(vec![Method::WinogradTwo, Method::WinogradFour]),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let signal: Vec<_> = [batch, groups * inputs].into_iter().chain(space.iter().map(|axis| axis.0)).collect();
        let taps: Vec<_> = [groups * outputs, inputs].into_iter().chain(space.iter().map(|_| 3)).collect();
        let padding: Vec<_> = space.iter().map(|axis| axis.1).collect();
        let options = Options::new().groups(groups).boundary(boundary).padding(padding);
        let problem = Problem::new(operation, &taps, &signal, &options).unwrap();
        check_scaled(&problem, PlanOptions::new().method(kernel).instruction_set(set), seed)?;
    }
}

/// `plan` on `input` in strided memory among entries that are no numbers: within the plan's bound of `exact`
/// plus the bias, whose addition rounds once more, and nothing else is touched.
fn check_within(
    plan: Plan<f32>,
    (kernel, bias): (&ArrayD<f32>, &ArrayD<f32>),
    input: &ArrayD<f32>,
    (exact, terms): (&ArrayD<i64>, usize),
) -> Result<(), TestCaseError> {
    let largest = |array: &ArrayD<f32>| array.iter().fold(0.0f64, |most, x| most.max(f64::from(x.abs())));
    let bound = plan.relative_bound() * terms as f64 * largest(kernel) * largest(input);
    let plan = plan.prepare(kernel.view(), bias.view().into_dimensionality().ok()).unwrap();
    let (mut from, mut to) = (dirty(input.shape()), dirty(exact.shape()));
    from.slice_each_axis_mut(|_| EVERY_SECOND).assign(input);
    plan.run(
        from.slice_each_axis(|_| EVERY_SECOND),
        to.slice_each_axis_mut(|_| EVERY_SECOND),
        &mut Workspace::new(),
    )
    .unwrap();
    for (index, &value) in to.slice_each_axis(|_| EVERY_SECOND).indexed_iter() {
        let sum = exact[&index] as f64 + f64::from(bias[index[1]]);
        let allowed = bound + f64::from(f32::EPSILON) * (sum.abs() + bound);
        prop_assert!((f64::from(value) - sum).abs() <= allowed, "{value} is not {sum} to within {allowed}");
    }
    prop_assert_eq!(to.iter().filter(|value| value.is_nan()).count(), to.len() - exact.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Tiles of any size, so that they straddle the ends of the signal, and both directions.
    #[test]
    fn transforms_are_within_their_bound(
        problem in prop_oneof![layer(), problem()],
        longest in select(vec![1usize, 8, 24, 64, 1000]),
        set in select(InstructionSet::ALL.to_vec()),
        seed: u64,
    ) {
        let options = PlanOptions::new().method(Method::Fourier).instruction_set(set).longest_tile(longest);
        let kernel = integers(&problem.kernel_shape(), seed, 1000);
        let signal = integers(&problem.signal_shape(), seed ^ 1, 1000);
        let y = integers(&problem.output_shape(), seed ^ 2, 1000);
        let float = |array: &ArrayD<i64>| array.mapv(|value| value as f32);
        let bias = float(&integers(&[problem.output_channels()], seed ^ 3, 1000));
        let exact = Definition.run(&problem, kernel.view(), signal.view()).unwrap();
        let plan = Plan::forward(&problem, &options).unwrap();
        check_within(plan, (&float(&kernel), &bias), &float(&signal), (&exact, problem.terms()))?;
        let exact = adjoint::transposed(&problem, kernel.view(), y.view()).unwrap();
        let bias = float(&integers(&[problem.input_channels()], seed ^ 4, 1000));
        let taps = problem.terms() / problem.group_channels();
        // Where entries of the padding fold back, more than one sum goes to an entry of the signal.
        let folds: usize = problem.axes().iter().map(|axis| axis.padded().div_ceil(axis.signal) + 1).product();
        let terms = problem.output_channels() / problem.groups() * taps * folds;
        let plan = Plan::transposed(&problem, &options).unwrap();
        check_within(plan, (&float(&kernel), &bias), &float(&y), (&exact, terms))?;
    }
}
