mod epochs;
mod ranks;
mod stopping;

use ndarray::Array4;

use super::*;
use crate::layer::{
    Activation, BatchNormalisation, Convolution, Dense, Dropout, Flatten, Fraction, GlobalPool,
};
use crate::train::Trainer;
use crate::train::augmentation::Augmentation;
use crate::train::checkpoint::Checkpoint;
use crate::train::data::Dataset;
use crate::train::optimiser::{Clip, Decay, Rule};
use crate::train::schedule::{OneCycle, Schedule};
use crate::train::{Beginning, Smooth};

/// Images of 6 × 6 pixels: a bright row (class 0) or a bright column (class 1).
fn bars(count: usize) -> Dataset {
    let bright = |image: usize, row: usize, column: usize| {
        let place = image / 2 % 6;
        if (if image.is_multiple_of(2) { row } else { column }) == place { 1.0 } else { 0.1 }
    };
    let images =
        Array4::from_shape_fn((count, 1, 6, 6), |(image, _, row, column)| bright(image, row, column));
    Dataset::new(images, (0..count).map(|image| image % 2).collect(), 2, "bars").unwrap()
}

fn network() -> Network {
    Network::new()
        .then(Convolution::new(1, 4, [3, 3]))
        .then(BatchNormalisation::new(4))
        .then(Activation::Relu)
        .then(Dropout::new(Fraction::new(1, 8)))
        .then(GlobalPool::MAXIMUM)
        .then(Dense::new(4, 2))
}

fn recipe(epochs: usize) -> Recipe {
    Recipe {
        batch: 20,
        clip: Clip::Norm(5.0),
        schedule: Schedule::OneCycle(OneCycle::new(0.02)),
        augmentation: Augmentation { shift: 0.5, ..Augmentation::default() },
        smoothing: 0.05,
        average: Some(Smooth { decay: 0.9, beginning: Beginning::WarmUp }),
        ..Recipe::new(epochs)
    }
}

fn trainer(data: &Dataset, recipe: Recipe, threads: usize) -> Training<'_> {
    Trainer::new(&network(), data).name("bars").recipe(recipe).seed(3).threads(threads).begin().unwrap()
}

/// Trains to the end, breaking off after so many steps if wanted.
fn run(trainer: &mut Training<'_>, test: &Dataset, steps: Option<usize>) {
    let mut left = steps.unwrap_or(usize::MAX);
    while !trainer.is_finished() {
        let observe = &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if trainer.epoch(test, observe).unwrap().is_none() || left == 0 {
            return;
        }
    }
}

/// Everything but the seconds.
fn found(trainer: &Training<'_>) -> (Weights, Weights, Vec<(f64, usize)>) {
    let history = trainer.history().iter().map(|record| (record.train_loss, record.test_mistakes)).collect();
    (trainer.weights.clone(), trainer.result(), history)
}

#[test]
fn it_learns_and_threads_do_not_matter() {
    let (data, test) = (bars(65), bars(24));
    let trained = [1, 2].map(|threads| {
        let mut trainer = trainer(&data, recipe(12), threads);
        run(&mut trainer, &test, None);
        found(&trainer)
    });
    assert_eq!(trained[0], trained[1]);
    let history = &trained[0].2;
    // 24 test images in two classes: guessing makes about 12 mistakes.
    assert!(history.len() == 12 && history[11].1 <= 2 && history[11].0 < history[0].0, "{history:?}");
}

#[test]
fn a_resumed_training_gives_the_same_bits() {
    let (data, test) = (bars(65), bars(24));
    let mut whole = trainer(&data, recipe(3), 1);
    run(&mut whole, &test, None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    // Three steps an epoch: within the first, between two, within the last.
    for steps in [1, 3, 8] {
        let mut first = trainer(&data, recipe(3), 1);
        run(&mut first, &test, Some(steps));
        first.checkpoint().write(&path).unwrap();
        let mut second = trainer(&data, recipe(3), 2);
        second.resume(&Checkpoint::read(&path).unwrap()).unwrap();
        assert_eq!(second.history(), first.history());
        run(&mut second, &test, None);
        assert_eq!(found(&second), found(&whole), "broken off after step {steps}");
    }
}

#[test]
fn patience_ends_and_keeps_the_best() {
    let (data, test) = (bars(65), bars(24));
    let mut trainer = trainer(&data, Recipe { patience: Some(2), ..recipe(40) }, 2);
    run(&mut trainer, &test, None);
    let history = trainer.history();
    let best = history.iter().map(|record| record.test_mistakes).min().unwrap();
    assert!(history.len() < 40, "an epoch cannot make less than 0 mistakes for ever");
    let kept = trainer.result();
    assert_eq!(trainer.evaluate(&kept, &test).mistakes, best);
}

#[test]
fn scores_that_are_no_numbers_are_mistakes() {
    let nan = f32::NAN;
    let scores = ndarray::arr2(&[[1.0, 0.0], [nan, 0.0], [0.0, nan], [nan, nan]]);
    assert_eq!((mistakes(&scores, &[0; 4]), mistakes(&scores, &[1; 4])), (3, 4));
}

#[test]
fn what_does_not_fit_is_told() {
    let (data, test) = (bars(65), bars(24));
    let told = |result: Result<Training<'_>, TrainError>| result.map(drop).unwrap_err().to_string();
    let new = |network: &Network, recipe| {
        Trainer::new(network, &data).name("bars").recipe(recipe).seed(3).threads(1).begin()
    };
    let three = network().then(Activation::Relu).then(Dense::new(2, 3));
    assert_eq!(
        told(new(&three, recipe(1))),
        "the network has 3 outputs, but bars has 2 classes: they must be as many"
    );
    assert_eq!(told(new(&network(), recipe(0))), "the number of epochs must be at least 1");
    let colours = Network::new().then(Convolution::new(3, 1, [3, 3]));
    assert!(
        told(new(&colours, recipe(1)))
            .starts_with("the images do not fit the network: layer 0: convolution 3×3")
    );

    let mut trainer = trainer(&data, recipe(2), 1);
    let other = Trainer::new(&network(), &data)
        .name("bars")
        .recipe(recipe(2))
        .seed(4)
        .threads(1)
        .begin()
        .unwrap()
        .checkpoint();
    let error = trainer.resume(&other).unwrap_err().to_string();
    assert_eq!(
        error,
        "the checkpoint was written with seed 4, not 3: go on with the same, or begin another checkpoint"
    );
    let other = Trainer::new(&network(), &data)
        .name("bars")
        .recipe(recipe(5))
        .seed(3)
        .threads(1)
        .begin()
        .unwrap()
        .checkpoint();
    let error = trainer.resume(&other).unwrap_err().to_string();
    assert_eq!(
        error,
        "the checkpoint was written with recipe.epochs 5, not 2: go on with the same, or begin another \
         checkpoint"
    );
    let wide = Dataset::new(Array4::zeros((2, 1, 6, 7)), vec![0, 1], 2, "wide").unwrap();
    let error = trainer.epoch(&wide, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, TrainError::Sets { test, .. } if test == [1, 6, 7]));
    assert!(trainer.epoch(&test, &mut |_| ControlFlow::Break(())).unwrap().is_none());
}
