//! How much the ranks tell each other: the figures of `studies/MPI.md`.

use std::sync::{Arc, Mutex};

use crate::executor::{Exchange, Executor, Objective};
use crate::layer::Initialisation;
use crate::network::{Network, Weights, lenet5, p4cnn};

/// The first of so many ranks, which hears nothing from the others, and counts what it tells.
#[derive(Debug)]
struct Counting {
    size: usize,
    told: Mutex<Vec<usize>>,
}

impl Exchange for Counting {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&self, own: &[u32], _lengths: &[usize], all: &mut [u32]) {
        self.told.lock().unwrap().push(own.len());
        all.fill(0);
    }
}

/// The words of each message of the first rank of so many, in a step of 64 images.
fn told(network: &Network, size: usize) -> Vec<usize> {
    let exchange = Arc::new(Counting { size, told: Mutex::default() });
    let mut executor = Executor::new(network, &[1, 28, 28]).unwrap().with_exchange(exchange.clone());
    let weights = Weights::initial(network, Initialisation::He, 0);
    let inputs = vec![0.5; executor.own_samples(64).len() * 784];
    let objective = Objective::CrossEntropy { labels: &[3; 64], smoothing: 0.0, class_weights: &[] };
    executor.step(&weights, &inputs, objective, 0, &mut vec![0.0; weights.trained.len()]);
    exchange.told.lock().unwrap().clone()
}

#[test]
fn what_is_told_is_what_the_formula_says() {
    // For each chunk of sixteen images and each dense layer its inputs, filled up to a multiple of sixteen, and its
    // outputs; the loss and the mistakes, two words each; and once the gradient of what is in no matrix.
    let chunk = 16 * (400 + 120 + 128 + 84 + 96 + 10) + 4;
    let rest = 156 + 2416 + 120 + 84 + 10;
    assert!(told(&lenet5(10), 1).is_empty());
    assert_eq!(told(&lenet5(10), 2), [2 * chunk + rest]);
    assert_eq!(told(&lenet5(10), 4), [chunk + rest]);
    // Chunk 0 of 4 alone, as 3 ranks have it: a branch by itself.
    assert_eq!(told(&lenet5(10), 3), [chunk + rest]);

    // Of each chunk, six words for the moments of a feature and four for its sums, at each normalisation.
    let network = p4cnn(10).without_dropout();
    let told = told(&network, 2);
    let (meetings, last) = told.split_at(told.len() - 1);
    let of_all = |words: usize| std::iter::repeat_n(words, 6);
    assert!(meetings.iter().copied().eq(of_all(2 * 6 * 10).chain(of_all(2 * 4 * 10))), "{meetings:?}");
    // Its gradient is told as that of the ordinary network that is run: 40 channels, six kernels 3 × 3, one 4 × 4.
    assert_eq!(last, [40 * 9 + 5 * 40 * 40 * 9 + 40 * 40 * 16 + 40 + 2 * 4]);
}
