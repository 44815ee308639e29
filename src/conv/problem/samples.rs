//! Problems and arrays of integers to test with.

use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use proptest::sample::select;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Boundary, Operation, Options, Problem};

/// Problems of all operations, boundaries, strides, dilations, paddings and groups in one to three
/// dimensions.
pub(in crate::conv) fn problem() -> impl Strategy<Value = Problem> {
    (1usize..=3).prop_flat_map(problem_of_rank)
}

fn problem_of_rank(rank: usize) -> impl Strategy<Value = Problem> {
    let (longest, most_padding): (usize, usize) = [(19, 5), (6, 3), (4, 2)][rank - 1];
    let axis = (1..=longest, 1usize..=4, 1usize..=3, 1usize..=3, (0..=most_padding, 0..=most_padding));
    let channels = (0usize..=2, 1usize..=2, 1usize..=2, 1usize..=3);
    let choice =
        (select(vec![Operation::Correlation, Operation::Convolution]), select(Boundary::ALL.to_vec()));
    (choice, channels, prop::collection::vec(axis, rank)).prop_map(|(choice, channels, axes)| {
        let ((operation, boundary), (batch, groups, inputs, outputs)) = (choice, channels);
        let mut signal = vec![batch, groups * inputs];
        let mut kernel = vec![groups * outputs, inputs];
        let mut options = Options::new().boundary(boundary).groups(groups);
        for (length, taps, stride, mut dilation, (mut before, mut after)) in axes {
            if boundary == Boundary::Reflect {
                (before, after) = (before.min(length - 1), after.min(length - 1));
            }
            let padded = before + length + after;
            let taps = taps.min(padded);
            while dilation * (taps - 1) + 1 > padded {
                dilation -= 1;
            }
            signal.push(length);
            kernel.push(taps);
            options.stride.push(stride);
            options.dilation.push(dilation);
            options.padding.push((before, after));
        }
        Problem::new(operation, &kernel, &signal, &options).expect("the kernel was made to fit")
    })
}

/// Every extent of one channel, as long as its kernel fits.
#[cfg(feature = "plan")]
fn single_channel_problem() -> impl Strategy<Value = Problem> {
    let operation = select(vec![Operation::Correlation, Operation::Convolution]);
    let lengths = prop::collection::vec((1usize..=7, 1usize..=7), 1..=2);
    (operation, select(super::Extent::ALL.to_vec()), lengths).prop_map(|(operation, extent, lengths)| {
        let (kernel, signal): (Vec<_>, Vec<_>) =
            lengths.into_iter().map(|(a, b)| (a.min(b), a.max(b))).unzip();
        Problem::single_channel(operation, &kernel, &signal, extent).expect("the kernel is the smaller")
    })
}

/// Any of these.
#[cfg(feature = "plan")]
pub(in crate::conv) fn any_problem() -> impl Strategy<Value = Problem> {
    prop_oneof![3 => problem(), 1 => single_channel_problem()]
}

/// Random integers of at most this magnitude.
pub(in crate::conv) fn integers(shape: &[usize], seed: u64, magnitude: i64) -> ArrayD<i64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_fn(IxDyn(shape), |_| random.random_range(-magnitude..=magnitude))
}
