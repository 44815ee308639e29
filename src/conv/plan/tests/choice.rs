//! What plans choose, and what they keep between runs.

use ndarray::{ArrayD, IxDyn};

use super::*;

/// Large enough that several threads take part. The weights are no integers, so that another order of sums
/// would show.
#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let options = Options::new().padding([1, 1]);
    let problem = Problem::new(Operation::Correlation, &[40, 24, 3, 3], &[6, 24, 21, 23], &options).unwrap();
    let real = |shape: &[usize], seed| floats(shape, seed, 1000).mapv(|value| (value / 1000.0).sin());
    let kernel = real(&problem.kernel_shape(), 1);
    let signal = real(&problem.signal_shape(), 2);
    let y = real(&problem.output_shape(), 3);
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut results = Vec::new();
            for options in [Method::Automatic, Method::Direct, Method::DirectTiles, Method::Fourier]
                .map(|kernel| PlanOptions::new().method(kernel))
            {
                let plan = Plan::forward(&problem, &options).unwrap();
                let plan = plan.prepare(kernel.view(), None).unwrap();
                let mut output = ArrayD::zeros(problem.output_shape());
                plan.run(signal.view(), output.view_mut(), &mut Workspace::new()).unwrap();
                results.push(output);
                let plan = Plan::transposed(&problem, &options).unwrap();
                let plan = plan.prepare(kernel.view(), None).unwrap();
                let mut back = ArrayD::zeros(problem.signal_shape());
                plan.run(y.view(), back.view_mut(), &mut Workspace::new()).unwrap();
                results.push(back);
                let mut gradient = ArrayD::zeros(problem.kernel_shape());
                GradientPlan::new(&problem, &options)
                    .run(signal.view(), y.view(), gradient.view_mut())
                    .unwrap();
                results.push(gradient);
            }
            results
        })
    };
    let alone = with_threads(1);
    assert_eq!(with_threads(2), alone);
    assert_eq!(with_threads(3), alone);
}

#[test]
fn the_accuracy_asked_for_is_kept() {
    let problem = Problem::new(
        Operation::Correlation,
        &[64, 64, 3, 3],
        &[1, 64, 32, 32],
        &Options::new().padding([1, 1]),
    )
    .unwrap();
    let strict = Plan::<f32>::forward(&problem, &PlanOptions::new().accuracy(Accuracy::Strict)).unwrap();
    assert!(strict.method_name().starts_with("direct"));
    let sums = |candidate: &&Candidate| candidate.accurate;
    assert!(strict.candidates().iter().filter(sums).all(|candidate| candidate.name.starts_with("direct")));
    let large = Options::new().padding([15, 15]);
    let large = Problem::new(Operation::Correlation, &[8, 8, 31, 31], &[1, 8, 128, 128], &large).unwrap();
    let fourier = Plan::<f32>::forward(&large, &PlanOptions::new()).unwrap();
    assert_eq!(fourier.method_name(), "fourier_tiles");
    let strict = Plan::<f32>::forward(&large, &PlanOptions::new().accuracy(Accuracy::Strict)).unwrap();
    assert!(strict.method_name().starts_with("direct"));
    let default = Plan::<f32>::forward(&problem, &PlanOptions::new()).unwrap();
    let chosen = default.candidates().iter().find(|candidate| candidate.chosen).unwrap();
    assert!(chosen.relative_bound <= 1.0 / 128.0 && chosen.accurate);
    assert_eq!(chosen.name, default.method_name());
    let strided =
        Problem::new(Operation::Correlation, &[1, 1, 3], &[1, 1, 9], &Options::new().stride([2])).unwrap();
    let forced = PlanOptions::new().method(Method::WinogradTwo);
    assert!(matches!(Plan::<f32>::forward(&strided, &forced), Err(ConvolutionError::Unsupported(_))));
}

/// As many channels as these take the phases together, with the same bits whatever the pieces.
#[test]
fn strided_layers_run_their_phases_together() {
    let options = Options::new().stride([2, 2]).padding([1, 1]);
    let problem = Problem::new(Operation::Correlation, &[16, 32, 4, 4], &[3, 32, 20, 22], &options).unwrap();
    let (kernel, y) = (floats(&problem.kernel_shape(), 1, 9), floats(&problem.output_shape(), 2, 9));
    let expected = adjoint::transposed(&problem, kernel.view(), y.view()).unwrap();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let plan = Plan::transposed(&problem, &PlanOptions::new().accuracy(Accuracy::Strict)).unwrap();
            assert_eq!(plan.method_name(), "direct_phases");
            assert!(plan.candidates().iter().filter(|candidate| candidate.chosen).count() == 1);
            let plan = plan.prepare(kernel.view(), None).unwrap();
            let mut back = ArrayD::zeros(problem.signal_shape());
            plan.run(y.view(), back.view_mut(), &mut Workspace::new()).unwrap();
            assert_eq!(back, expected);
        });
    }
}

/// A second run works in the memory of the first, another plan and other weights too.
#[test]
fn a_warm_workspace_keeps_its_memory() {
    let problem =
        Problem::new(Operation::Correlation, &[4, 2, 3, 3], &[2, 2, 9, 9], &Options::new()).unwrap();
    let kernel = floats(&problem.kernel_shape(), 1, 9);
    let plan = Plan::forward(&problem, &PlanOptions::new()).unwrap();
    let plan = plan.prepare(kernel.view(), None).unwrap();
    let mut workspace = Workspace::new();
    assert_eq!(workspace.bytes(), 0);
    let mut stated = None;
    let expected = |signal: &ArrayD<f32>| Definition.run(&problem, kernel.view(), signal.view()).unwrap();
    for seed in 0..3 {
        let signal = floats(&problem.signal_shape(), seed, 9);
        let mut output = ArrayD::zeros(problem.output_shape());
        plan.run(signal.view(), output.view_mut(), &mut workspace).unwrap();
        assert_eq!(output, expected(&signal));
        assert_eq!(plan.apply(signal.view()).unwrap(), output);
        assert!(workspace.bytes() > 0);
        assert_eq!(*stated.get_or_insert(workspace.bytes()), workspace.bytes());
    }
    let wrong = ArrayD::<f32>::zeros(IxDyn(&[2, 2, 9, 8]));
    let mut output = ArrayD::zeros(problem.output_shape());
    assert!(plan.run(wrong.view(), output.view_mut(), &mut workspace).is_err());
    let too_small = output.clone();
    assert!(plan.run(too_small.view(), output.view_mut(), &mut workspace).is_err());
    let mut other = plan.clone();
    assert!(other.set_weights(wrong.view(), None).is_err());
    let signal = floats(&problem.signal_shape(), 7, 9);
    assert_eq!(other.apply(signal.view()).unwrap(), expected(&signal), "it keeps what it has");
    other.set_weights((2.0 * &kernel).view(), None).unwrap();
    assert_eq!(other.apply(signal.view()).unwrap(), 2.0 * expected(&signal));
}
