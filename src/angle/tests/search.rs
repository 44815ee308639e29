//! Verdicts: certified, refuted and undecided where that is true, whatever the threads.

use ndarray::{ArrayD, Axis, arr1, arr2};

use super::super::{Interval, Propagation, Search, Transformation, Verdict};
use super::{place, random};
use crate::group::Angle;
use crate::layer::{Activation, Dense, Flatten, Initialisation, Layer, Mode};
use crate::network::{Network, Weights, p4cnn};
use crate::signal::{Interpolation, Rotate};

/// Scores of a pixel x: |x − 1/2| by two rectifiers, and a threshold.
fn network(threshold: f32) -> Propagation {
    let network =
        Network::new().then(Flatten).then(Dense::new(1, 2)).then(Activation::Relu).then(Dense::new(2, 2));
    let arrays = [
        arr2(&[[1.0], [-1.0]]).into_dyn(),
        arr1(&[-0.5, 0.5]).into_dyn(),
        arr2(&[[1.0, 1.0], [0.0, 0.0]]).into_dyn(),
        arr1(&[0.0, threshold]).into_dyn(),
    ];
    Propagation::new(&network, &Weights::from_arrays(&network, &arrays).unwrap()).unwrap()
}

fn verdict(threshold: f32, low: f64, high: f64) -> Verdict {
    let image = ArrayD::zeros(vec![1, 1, 1]);
    let levels = Interval::new(low, high).unwrap();
    Search::new().run(&network(threshold), Transformation::Brightness, levels, image.view(), 0).unwrap()
}

#[test]
fn verdicts_are_the_truth() {
    // |p − 1/2| is above −1/8 everywhere.
    let Verdict::Certified { margins } = verdict(-0.125, 0.0, 1.0) else { panic!() };
    assert_eq!((margins[0].0.low(), margins.last().unwrap().0.high()), (0.0, 1.0));
    assert!(margins.windows(2).all(|pair| pair[0].0.high() == pair[1].0.low()));
    assert!(margins.iter().all(|&(_, margin)| margin > 0.0 && margin <= 0.625));
    // Above 1/8 only outside of [3/8, 5/8].
    let Verdict::Refuted { parameter, class, margin } = verdict(0.125, 0.0, 1.0) else { panic!() };
    assert!((0.375..=0.625).contains(&parameter) && class == 1 && margin < 0.0);
    // Equal at 1/2 alone: nobody is above, and the search says so at once or at the end.
    let undecided = verdict(0.0, 0.0, 1.0);
    let Verdict::Undecided { certified } = &undecided else { panic!("{undecided:?}") };
    assert_eq!((certified[0].low(), certified.last().unwrap().high()), (0.0, 1.0));
    let largest = undecided.largest().unwrap();
    // At most two intervals of the least width are left between.
    assert!(certified.len() == 2 && largest.width() >= 0.5 - 2.0 / 1024.0 && largest.width() < 0.5);
}

#[test]
fn a_budget_goes_to_the_widest() {
    let image = ArrayD::zeros(vec![1, 1, 1]);
    let levels = Interval::new(0.0, 1.0).unwrap();
    let run = |evaluations| {
        let search = Search::new().evaluations(evaluations);
        search.run(&network(0.0), Transformation::Brightness, levels, image.view(), 0).unwrap()
    };
    assert_eq!(run(0), Verdict::Undecided { certified: Vec::new() });
    assert_eq!(run(1).largest(), None);
    // Halves touch 1/2; of the quarters the outer ones are certified.
    let quarter = Interval::new(0.0, 0.25).unwrap();
    assert_eq!(run(7).largest(), Some(quarter));
}

/// An untrained invariant network on a smooth image: some verdict, the same on one thread and on three, and
/// no certified angle at which a sampled image has another class.
#[test]
fn rotations_of_an_invariant_network() {
    let network = p4cnn(3);
    let weights = Weights::initial(&network, Initialisation::He, 5);
    let propagation = Propagation::new(&network, &weights).unwrap();
    let image = ArrayD::from_shape_fn(vec![1, 28, 28], |at| {
        let (row, column) = (at[1] as f64 - 13.0, at[2] as f64 - 15.0);
        (-(row * row / 30.0 + column * column / 60.0)).exp()
    });
    let low = Interval::point(20.0).unwrap();
    let there = Transformation::Rotation.enclose(image.view(), low).unwrap();
    let leads =
        |&class: &usize| propagation.margins(&there, class).unwrap().iter().all(|(_, m)| m.low() > 0.0);
    let class = (0..3).find(leads).unwrap();
    let arc = Interval::new(20.0, 20.015625).unwrap();
    let search = Search::new().evaluations(7);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| search.run(&propagation, Transformation::Rotation, arc, image.view(), class).unwrap())
    };
    let verdict = run(1);
    assert_eq!(verdict, run(3));
    let certified = verdict.largest().unwrap_or_else(|| panic!("{verdict:?}"));
    let arrays = weights.arrays::<f64>();
    let mut random = random(0x5ea7);
    for _ in 0..4 {
        let angle = certified.centre() + certified.width() / 2.0 * place(&mut random);
        let rotate = Rotate { interpolation: Interpolation::Bilinear };
        let turned = rotate.by_angle(Angle::from_degrees(angle), image.view()).unwrap();
        let scores = network.forward(&turned.insert_axis(Axis(0)), &arrays, Mode::Inference).unwrap();
        let scores: Vec<f64> = scores.into_iter().collect();
        assert!((0..3).all(|other| other == class || scores[other] < scores[class]), "{angle}: {scores:?}");
    }
}
