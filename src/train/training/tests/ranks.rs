//! Several ranks give the bits of one, whatever they share the batches by. Here they are threads.

use super::*;
use crate::executor::threads::{Threads, on_ranks};

/// Everything that has chunks meet: two normalisations, two dense layers, dropout; and batches of four whole chunks and
/// a part of one.
fn deep() -> Network {
    Network::new()
        .then(Convolution::new(1, 3, [3, 3]))
        .then(BatchNormalisation::new(3))
        .then(Activation::Relu)
        .then(Convolution::new(3, 4, [3, 3]))
        .then(BatchNormalisation::new(4))
        .then(Activation::Relu)
        .then(Dropout::new(Fraction::new(1, 8)))
        .then(Flatten)
        .then(Dense::new(16, 5))
        .then(Activation::Tanh)
        .then(Dense::new(5, 2))
}

const BATCH: usize = 70;

fn shared<'d>(data: &'d Dataset, network: &Network, threads: usize, rank: Arc<Threads>) -> Training<'d> {
    let recipe = Recipe { batch: BATCH, ..recipe(2) };
    let trainer = Trainer::new(network, data).name("deep").recipe(recipe).seed(3).threads(threads);
    trainer.exchange(rank).begin().unwrap()
}

#[test]
fn ranks_do_not_matter() {
    let (data, test) = (bars(150), bars(40));
    let plain =
        Network::new().then(Flatten).then(Dense::new(36, 7)).then(Activation::Relu).then(Dense::new(7, 2));
    for network in [deep(), network(), plain] {
        let mut expected = None;
        for (size, threads) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (5, 1), (7, 1)] {
            let all = on_ranks(size, |rank| {
                let mut training = shared(&data, &network, threads, rank);
                run(&mut training, &test, None);
                found(&training)
            });
            for found in all {
                let expected = expected.get_or_insert_with(|| found.clone());
                assert_eq!(found, *expected, "{size} ranks of {threads} threads");
            }
        }
        assert!(
            expected.is_some_and(|(weights, ..)| weights.trained.iter().all(|weight| weight.is_finite()))
        );
    }
}

#[test]
fn a_training_is_resumed_by_other_numbers_of_ranks() {
    let (data, test) = (bars(150), bars(40));
    let whole = on_ranks(1, |rank| {
        let mut training = shared(&data, &deep(), 1, rank);
        run(&mut training, &test, None);
        found(&training)
    });
    for (first, second) in [(1, 3), (3, 2), (2, 1)] {
        let broken_off = on_ranks(first, |rank| {
            let mut training = shared(&data, &deep(), 1, rank);
            // Only the last rank is told to stop, and all do.
            let (own, size) = training.rank();
            run(&mut training, &test, (own + 1 == size).then_some(1));
            assert_eq!(training.gathered.steps, 1);
            training.checkpoint()
        });
        let all = on_ranks(second, |rank| {
            let is_first = rank.rank() == 0;
            let mut training = shared(&data, &deep(), 2, rank);
            training.resume_together(is_first.then_some(&broken_off[0])).unwrap();
            run(&mut training, &test, None);
            found(&training)
        });
        assert!(all.iter().all(|found| *found == whole[0]), "{first} ranks, then {second}");
    }
}

#[test]
fn ranks_that_train_something_else_are_told() {
    let (data, other) = (bars(150), bars(151));
    let told = on_ranks(2, |rank| {
        let data = if rank.rank() == 0 { &data } else { &other };
        let network = network();
        let trainer = Trainer::new(&network, data).recipe(recipe(1)).threads(1);
        trainer.exchange(rank).begin().map(drop).unwrap_err().to_string()
    });
    assert!(told.iter().all(|line| line.starts_with("rank 1 has other settings than rank 0")), "{told:?}");
}
