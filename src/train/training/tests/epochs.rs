//! What differs from epoch to epoch and is the same for the same seed: the order, the augmentation, the masks
//! of dropout.

use std::collections::HashSet;

use super::*;
use crate::layer::Flatten;

/// The same picture so many times, with labels that take turns.
fn copies(count: usize) -> Dataset {
    let images = Array4::from_shape_fn((count, 1, 6, 6), |(_, _, row, column)| {
        (row * 7 + column * 5 + 1) as f32 / 64.0
    });
    Dataset::new(images, (0..count).map(|image| image % 2).collect(), 2, "copies").unwrap()
}

/// Weights that never change: what differs between steps is what is drawn for them.
fn still(epochs: usize, augmentation: Augmentation) -> Recipe {
    Recipe {
        rule: Rule::Sgd { momentum: 0.0, nesterov: false },
        decay: Decay { l1: 0.0, l2: 0.0 },
        schedule: Schedule::Constant { rate: 0.0 },
        augmentation,
        average: None,
        ..recipe(epochs)
    }
}

/// What one step was given.
#[derive(Clone, Debug, PartialEq)]
struct Given {
    order: Vec<usize>,
    labels: Vec<usize>,
    inputs: Vec<Vec<f32>>,
    loss: f64,
}

/// Every step of a training, epoch by epoch.
fn steps(network: &Network, data: &Dataset, recipe: Recipe, seed: u64, threads: usize) -> Vec<Vec<Given>> {
    let pixels: usize = data.shape().iter().product();
    let epochs = recipe.epochs;
    let mut trainer =
        Trainer::new(network, data).name("steps").recipe(recipe).seed(seed).threads(threads).begin().unwrap();
    let mut given = vec![Vec::new(); epochs];
    while !trainer.is_finished() {
        let (epoch, before) = (trainer.history().len(), trainer.gathered.loss);
        let mut sum = 0.0;
        // Breaks off after each step; the last one of an epoch ends it.
        trainer
            .epoch(data, &mut |report| {
                sum = report.loss * report.steps.0 as f64;
                ControlFlow::Break(())
            })
            .unwrap();
        let batch = trainer.batch();
        let step = given[epoch].len();
        given[epoch].push(Given {
            order: trainer.order[step * batch..][..batch].to_vec(),
            labels: trainer.labels.clone(),
            inputs: trainer.inputs.chunks(pixels).map(<[f32]>::to_vec).collect(),
            loss: sum - before,
        });
    }
    given
}

fn plain() -> Network {
    Network::new().then(Flatten).then(Dense::new(36, 2))
}

/// Each epoch takes every image once, but for those beyond the last whole batch, in an order of its own; and
/// each step the images and labels of its order.
#[test]
fn every_epoch_has_an_order_of_its_own() {
    let data = bars(65);
    let run = |seed, threads| steps(&plain(), &data, still(6, Augmentation::default()), seed, threads);
    let epochs = run(3, 1);
    let orders = |epochs: &[Vec<Given>]| -> Vec<Vec<usize>> {
        epochs.iter().map(|steps| steps.iter().flat_map(|step| step.order.clone()).collect()).collect()
    };
    for steps in &epochs {
        assert_eq!(steps.len(), 3);
        for step in steps {
            for ((&image, &label), input) in step.order.iter().zip(&step.labels).zip(&step.inputs) {
                assert_eq!((label, &input[..]), (data.labels()[image], data.image(image)));
            }
        }
    }
    let found = orders(&epochs);
    for (epoch, order) in found.iter().enumerate() {
        let images: HashSet<_> = order.iter().collect();
        assert_eq!(images.len(), 60, "no image comes twice in epoch {epoch}");
        assert!(found[..epoch].iter().all(|before| before != order), "epoch {epoch} repeats another");
        // The images left over change too: three epochs leave out the same five of 65 with probability 2⁻⁴⁶.
        assert!(*order != (0..60).collect::<Vec<_>>());
    }
    let left_out: HashSet<Vec<usize>> =
        found.iter().map(|order| (0..65).filter(|image| !order.contains(image)).collect()).collect();
    assert!(left_out.len() > 3, "{left_out:?}");
    assert!(epochs == run(3, 2), "the same for the same seed, however many the threads");
    let other = orders(&run(4, 1));
    assert!(other.iter().all(|order| !found.contains(order)), "another seed, other orders");
}

/// The same picture is changed in another way in each epoch, and at each place of the set; alike for the same
/// seed.
#[test]
fn every_epoch_has_its_own_augmentation() {
    let data = copies(40);
    let augmentation = Augmentation { shift: 2.0, rotation: 20.0, ..Augmentation::default() };
    let run = |seed, threads| steps(&plain(), &data, still(4, augmentation), seed, threads);
    let bits = |input: &[f32]| input.iter().map(|pixel| pixel.to_bits()).collect::<Vec<_>>();
    let pictures = |epochs: &[Vec<Given>]| -> HashSet<Vec<u32>> {
        epochs.iter().flatten().flat_map(|step| step.inputs.iter().map(|input| bits(input))).collect()
    };
    let epochs = run(3, 1);
    assert_eq!(pictures(&epochs).len(), 4 * 40);
    assert!(epochs == run(3, 2));
    assert!(pictures(&run(4, 1)).is_disjoint(&pictures(&epochs)));
}

/// Each step has a mask of its own: on one picture, with weights that stay, nothing else changes the loss.
#[test]
fn every_step_has_its_own_mask() {
    let network =
        Network::new().then(Flatten).then(Dropout::new(Fraction::new(1, 2))).then(Dense::new(36, 2));
    let copies = copies(60);
    let data = Dataset::new(copies.images().to_owned(), vec![0; 60], 2, "copies").unwrap();
    let run = |network: &Network, seed, threads| {
        let epochs = steps(network, &data, still(5, Augmentation::default()), seed, threads);
        epochs.into_iter().flatten().map(|step| step.loss).collect::<Vec<_>>()
    };
    let losses = run(&network, 3, 1);
    assert_eq!(losses.len(), 15);
    let different = |losses: &[f64]| {
        // A loss is the difference of two sums of at most three: those of equal masks agree within 6·2⁻⁵² of
        // the sum.
        let mut sorted = losses.to_vec();
        sorted.sort_by(f64::total_cmp);
        let allowed = 6.0 * f64::EPSILON * losses.iter().sum::<f64>();
        1 + sorted.windows(2).filter(|pair| pair[1] - pair[0] > allowed).count()
    };
    assert_eq!(different(&losses), 15, "{losses:?}");
    assert_eq!(different(&run(&plain(), 3, 1)), 1, "without dropout all steps are alike");
    assert_eq!(losses, run(&network, 3, 2));
    let other = run(&network, 4, 1);
    assert_eq!(different(&[losses, other].concat()), 30, "another seed, other masks");
}

/// No purpose repeats the numbers of another, nor of itself in another epoch, at another place or with
/// another seed.
#[test]
fn purposes_draw_apart() {
    let mut seen = HashSet::new();
    for purpose in [Purpose::Order, Purpose::Augmentation, Purpose::Dropout] {
        for (seed, epoch, index) in
            (0..3).flat_map(|seed| (0..20).flat_map(move |epoch| (0..20).map(move |i| (seed, epoch, i))))
        {
            assert!(seen.insert(random(seed, purpose, epoch, index).next_u64()), "{seed}, {epoch}, {index}");
        }
    }
    assert_eq!(seen.len(), 3 * 3 * 20 * 20);
}

/// Wherever scores are compared with labels, of equal ones the first is taken: in steps, in tests, in
/// ensembles.
#[test]
fn of_equal_scores_the_first_class_is_taken() {
    let data = copies(40);
    let mut trainer = Trainer::new(&plain(), &data)
        .name("equal")
        .recipe(still(1, Augmentation::default()))
        .seed(3)
        .threads(1)
        .begin()
        .unwrap();
    trainer.weights.trained.fill(0.0);
    let mut share = f64::NAN;
    let record = trainer
        .epoch(&data, &mut |report| {
            share = report.mistakes;
            ControlFlow::Continue(())
        })
        .unwrap()
        .unwrap();
    // All scores are zero, and every second label is 1.
    assert_eq!((share, record.test_mistakes), (0.5, 20));
    let zeros = trainer.result();
    assert_eq!(trainer.evaluate(&zeros, &data).mistakes, 20);
    let ones = Dataset::new(data.images().to_owned(), vec![1; 40], 2, "ones").unwrap();
    assert_eq!(trainer.evaluate(&zeros, &ones).mistakes, 40);
}
