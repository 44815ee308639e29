//! What plans do with memory: a warm run allocates nothing, a plan holds what it states, and nothing is read
//! or written outside the arrays it is given. And a warm step of training allocates nothing.
//!
//! Kernels read and write by raw pointers behind asserted bounds, so the last is not left to the compiler:
//! every array ends, and in a second run begins, at a page that the system lets nobody read or write.
#![cfg(unix)]

#[path = "support/allocator.rs"]
mod allocator;

use std::ops::Range;

use equivariant::conv::plan::{GradientPlan, Method, Plan, PlanOptions, Workspace};
use equivariant::conv::{Boundary, Operation, Options, Problem};
use equivariant::executor::{Executor, Objective};
use equivariant::layer::{Initialisation, Layer, Mode, Pool};
use equivariant::network::{Weights, all_convolutional, lenet5, p4cnn};
use equivariant::simd::{Element, InstructionSet};
use equivariant::train::optimiser::{Moments, Optimiser, Rule};
use equivariant::train::schedule::Setting;
use ndarray::{Array1, ArrayD, ArrayView, ArrayViewMut, IxDyn};

use crate::allocator::{allocations, held, most_held};

/// A number that repeats neither by rows nor by channels.
fn entry<T: Element>(n: usize) -> T {
    T::rounded((n * 7919 % 1009) as f64 / 504.5 - 1.0)
}

/// Entries whose memory ends, or begins, where pages begin that nobody may read or write. What is left of
/// their own pages holds no numbers.
struct Guarded<T> {
    mapped: *mut u8,
    bytes: usize,
    /// All entries of the pages between, and which of them are those of the array.
    entries: *mut T,
    count: usize,
    inside: Range<usize>,
    shape: Vec<usize>,
}

/// At which end of an array the pages stand.
#[derive(Clone, Copy, Debug)]
enum Guard {
    Before,
    Behind,
}

impl<T: Element> Guarded<T> {
    fn new(shape: Vec<usize>, guard: Guard, entry: impl Fn(usize) -> T) -> Self {
        let length: usize = shape.iter().product();
        // SAFETY: new pages at any place, of which those between the first and the last are made accessible.
        let (mapped, bytes, page) = unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let inner = (length * size_of::<T>()).next_multiple_of(page).max(page);
            let (bytes, flags) = (inner + 2 * page, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let mapped = libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(mapped, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
            let access = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(mapped.byte_add(page), inner, access), 0);
            (mapped.cast::<u8>(), bytes, page)
        };
        // SAFETY: the first page is followed by others.
        let entries = unsafe { mapped.add(page).cast::<T>() };
        let count = (bytes - 2 * page) / size_of::<T>();
        let inside = match guard {
            Guard::Before => 0..length,
            Guard::Behind => count - length..count,
        };
        let mut guarded = Guarded { mapped, bytes, entries, count, inside: inside.clone(), shape };
        let memory = guarded.memory_mut();
        memory.fill(T::rounded(f64::NAN));
        memory[inside].iter_mut().enumerate().for_each(|(n, to)| *to = entry(n));
        guarded
    }

    fn memory(&self) -> &[T] {
        // SAFETY: the pages between are accessible, aligned, hold numbers of any bits, and are borrowed with
        // `self`.
        unsafe { std::slice::from_raw_parts(self.entries, self.count) }
    }

    fn memory_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.entries, self.count) }
    }

    fn view(&self) -> ArrayView<'_, T, IxDyn> {
        ArrayView::from_shape(IxDyn(&self.shape), &self.memory()[self.inside.clone()]).unwrap()
    }

    fn view_mut(&mut self) -> ArrayViewMut<'_, T, IxDyn> {
        let (shape, inside) = (IxDyn(&self.shape), self.inside.clone());
        ArrayViewMut::from_shape(shape, &mut self.memory_mut()[inside]).unwrap()
    }

    /// That all entries are numbers, and what is left of the pages is none still.
    fn check(&self, context: &str) {
        for (n, value) in self.memory().iter().enumerate() {
            // Only numbers can be compared.
            assert_eq!(
                value.partial_cmp(value).is_some(),
                self.inside.contains(&n),
                "{context}: entry {} of {}",
                n as isize - self.inside.start as isize,
                self.inside.len()
            );
        }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: what was mapped, once.
        unsafe { libc::munmap(self.mapped.cast(), self.bytes) };
    }
}

/// Sizes about the ends of vectors, tiles and blocks, in one to three dimensions.
fn problems() -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |kernel: &[usize], signal: &[usize], options: Options| {
        problems.push(Problem::new(Operation::Correlation, kernel, signal, &options).unwrap());
    };
    for length in [1, 15, 16, 17, 64, 65, 385] {
        add(&[1, 1, 3], &[1, 1, length], Options::new().padding([1]));
        add(&[2, 1, 5], &[3, 1, length], Options::new().padding([4]).boundary(Boundary::Periodic));
    }
    for side in [3, 16, 17] {
        add(&[5, 3, 3, 3], &[2, 3, side, side], Options::new().padding([1, 1]));
        add(&[17, 16, 3, 3], &[1, 16, side, side + 1], Options::new());
        add(&[4, 2, 3, 3], &[2, 4, side, side], Options::new().padding([1, 2]).groups(2).stride([2, 1]));
        add(&[1, 1, 3, 3], &[1, 1, side, 70], Options::new().padding([1, 1]));
        add(&[side, 1, 3, 3], &[2, side, side, 18], Options::new().padding([1, 1]).groups(side));
        add(&[33, 1, 2, 3], &[1, 33, 4, side], Options::new().stride([1, 2]).groups(33));
        add(&[33, 6, 3, 2], &[5, 6, side, side], Options::new());
    }
    for length in [1, 47, 48, 49, 400] {
        add(&[18, 7, 1], &[2, 14, length], Options::new().groups(2));
    }
    add(&[1, 1, 15, 15], &[1, 1, 50, 70], Options::new().padding([7, 7]));
    add(&[1, 1, 20, 31], &[2, 1, 21, 33], Options::new().padding([19, 30]));
    add(&[3, 2, 2, 3, 2], &[2, 2, 5, 9, 18], Options::new().padding([1, 1, 0]));
    problems
}

fn options(kernel: Method, set: InstructionSet) -> PlanOptions {
    PlanOptions::new().method(kernel).instruction_set(set)
}

fn check_plans<T: Element>(problem: &Problem, kernel: Method, set: InstructionSet, guard: Guard) {
    let context = format!("{problem:?} by {kernel:?} with {set:?}, guarded {guard:?}");
    let weights = Guarded::<T>::new(problem.kernel_shape(), guard, entry);
    for transposed in [false, true] {
        let before = held();
        let plan = match transposed {
            false => Plan::<T>::forward(problem, &options(kernel, set)),
            true => Plan::<T>::transposed(problem, &options(kernel, set)),
        };
        let Ok(plan) = plan else { continue };
        let bias = Array1::from_elem(plan.output_shape()[1], T::rounded(0.5));
        let (input_shape, output_shape) = (plan.input_shape(), plan.output_shape());
        let plan = plan.prepare(weights.view(), Some(bias.view())).unwrap();
        let prepared = held();
        let mut workspace = Workspace::new();
        let input = Guarded::<T>::new(input_shape, guard, entry);
        let mut output = Guarded::<T>::new(output_shape, guard, |_| T::rounded(f64::NAN));
        let arrays = held();
        plan.run(input.view(), output.view_mut(), &mut workspace).unwrap();
        let holds = (held() - arrays + prepared - before) as usize - bias.len() * size_of::<T>();
        let stated = workspace.bytes() + plan.bytes();
        // Beside numbers it holds tables of where they stand: no more than the numbers themselves and a few
        // pages.
        assert!((stated..=2 * stated + 65_536).contains(&holds), "{context}: states {stated}, holds {holds}");
        output.check(&context);
        // A view of more than four axes allocates by itself.
        let (from, to) = (input.view(), output.view_mut());
        let count = allocations(|| plan.run(from, to, &mut workspace).unwrap());
        assert_eq!(count, 0, "{context}: allocations of a warm run");
        assert_eq!(workspace.bytes() + plan.bytes(), stated, "{context}");
    }
}

fn check_gradient<T: Element>(problem: &Problem, set: InstructionSet, guard: Guard) {
    let context = format!("gradient of {problem:?} with {set:?}, guarded {guard:?}");
    let mut plan = GradientPlan::<T>::new(problem, &options(Method::Automatic, set));
    let signal = Guarded::<T>::new(problem.signal_shape(), guard, entry);
    let y = Guarded::<T>::new(problem.output_shape(), guard, entry);
    let mut gradient = Guarded::<T>::new(problem.kernel_shape(), guard, |_| T::rounded(f64::NAN));
    plan.run(signal.view(), y.view(), gradient.view_mut()).unwrap();
    gradient.check(&context);
    let (signal, y, gradient) = (signal.view(), y.view(), gradient.view_mut());
    let count = allocations(|| plan.run(signal, y, gradient).unwrap());
    assert_eq!(count, 0, "{context}: allocations of a warm run");
}

#[test]
fn plans_keep_to_their_memory() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for problem in problems() {
            for (set, guard) in
                InstructionSet::ALL.into_iter().flat_map(|set| [(set, Guard::Before), (set, Guard::Behind)])
            {
                for kernel in Method::ALL {
                    check_plans::<f32>(&problem, kernel, set, guard);
                    check_plans::<f64>(&problem, kernel, set, guard);
                }
                check_gradient::<f32>(&problem, set, guard);
                check_gradient::<f64>(&problem, set, guard);
            }
        }
    });
}

/// Convolutions, pools, batch normalisation, dropout, activations, dense and group layers, forward and
/// backward, and the optimiser.
#[test]
fn a_warm_step_of_training_allocates_nothing() {
    const SAMPLES: usize = 37;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let inputs: Vec<f32> = (0..SAMPLES * 28 * 28).map(entry).collect();
    let labels: Vec<usize> = (0..SAMPLES).map(|sample| sample % 10).collect();
    pool.install(|| {
        for (name, network) in
            [("LeNet-5", lenet5(10)), ("all convolutional", all_convolutional(10)), ("P4CNN", p4cnn(10))]
        {
            let mut weights = Weights::initial(&network, Initialisation::He, 1);
            let mut executor = Executor::new(&network, &[1, 28, 28]).unwrap();
            let rule = Rule::AdamW(Moments::default());
            let mut optimiser = Optimiser::new(rule, &weights.parts).unwrap();
            let mut gradient = vec![0.0; weights.trained.len()];
            let mut step = |seed| {
                let objective =
                    Objective::CrossEntropy { labels: &labels, smoothing: 0.1, class_weights: &[] };
                let outcome = executor.step(&weights, &inputs, objective, seed, &mut gradient);
                executor.update_running(&mut weights);
                let setting = Setting { rate: 1e-3, momentum: None };
                optimiser.step(setting, &mut weights.trained, &gradient);
                outcome.loss
            };
            let first = step(0);
            let mut second = f64::NAN;
            let count = allocations(|| second = step(1));
            assert!(first.is_finite() && second.is_finite() && first != second, "{name} learns nothing");
            assert_eq!(count, 0, "{name}: allocations of a warm step");
        }
    });
}

/// A pool holds its output and the entries of one window, however many connections it has: here 11 million
/// bytes of them.
#[test]
fn pools_hold_no_lists_of_connections() {
    let x = ArrayD::from_shape_fn(IxDyn(&[1, 1, 64, 64]), |index| entry::<f64>(64 * index[2] + index[3]));
    for pool in [Pool::mean([15, 15]), Pool::maximum([15, 15]), Pool::sum([15, 15])] {
        let pool = pool.stride([1, 1]).padding([7, 7]);
        let (_, most) = most_held(|| {
            let y = pool.forward(&x, &[], Mode::Inference).unwrap();
            pool.backward(&x, &[], Mode::Inference, &y).unwrap();
        });
        // The output, the gradient, and one or the other while it is copied; a window's list, with what it
        // was made of, and its values.
        let bound = 4 * 8 * x.len() + 4 * 16 * 15 * 15;
        assert!(most <= bound as isize, "{pool:?} holds {most} bytes, more than {bound}");
    }
}
