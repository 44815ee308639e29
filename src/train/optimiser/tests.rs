//! Against numbers derived by hand from PyTorch's rules.

use super::*;
use crate::layer::Role;

fn parts(roles: &[(Role, usize)]) -> Vec<Part> {
    // One offset for trained parts, one for running ones.
    let mut lens = [0; 2];
    let part = |(number, &(role, len)): (usize, &(Role, usize))| {
        let end = &mut lens[usize::from(role.is_trained())];
        let part = Part { name: number.to_string(), shape: vec![len], role, offset: *end };
        *end += len;
        part
    };
    roles.iter().enumerate().map(part).collect()
}

fn optimiser(rule: Rule) -> Optimiser {
    Optimiser::new(rule, &parts(&[(Role::Weight, 1)])).unwrap()
}

fn at(rate: f64) -> Setting {
    Setting { rate, momentum: None }
}

/// The parameter 1 after each of these gradients.
fn trajectory(mut optimiser: Optimiser, rate: f64, gradients: &[f32]) -> Vec<f32> {
    let mut parameters = [1.0];
    let step = |gradient: &f32| {
        optimiser.step(at(rate), &mut parameters, &[*gradient]);
        parameters[0]
    };
    gradients.iter().map(step).collect()
}

fn sgd(momentum: f64, nesterov: bool) -> Rule {
    Rule::Sgd { momentum, nesterov }
}

#[test]
fn momentum_accumulates() {
    // μ = η = ½, gradients 2, −1, 4. b = 2, ½·2 − 1 = 0, 4. θ = 1 − ½·2 = 0, 0, −2. All numbers are exact in
    // binary.
    assert_eq!(trajectory(optimiser(sgd(0.5, false)), 0.5, &[2.0, -1.0, 4.0]), [0.0, 0.0, -2.0]);
    // Nesterov moves by g + ½b = 3, −1, 6: θ = 1 − 1.5 = −0.5, 0, −3.
    assert_eq!(trajectory(optimiser(sgd(0.5, true)), 0.5, &[2.0, -1.0, 4.0]), [-0.5, 0.0, -3.0]);
    assert_eq!(trajectory(optimiser(sgd(0.0, false)), 0.5, &[2.0, -1.0, 4.0]), [0.0, 0.5, -1.5]);
}

#[test]
fn the_schedule_may_set_the_momentum() {
    let (mut optimiser, mut parameters) = (optimiser(sgd(0.5, false)), [1.0]);
    optimiser.step(at(0.5), &mut parameters, &[2.0]);
    optimiser.step(Setting { rate: 0.5, momentum: Some(0.25) }, &mut parameters, &[-1.0]);
    // b = ¼·2 − 1 = −½: θ = 0 + ¼.
    assert_eq!(parameters, [0.25]);
}

#[test]
fn penalties_are_part_of_the_gradient_where_parameters_decay() {
    let parts = parts(&[(Role::Weight, 3), (Role::Bias, 1), (Role::RunningMean, 5), (Role::Scale, 1)]);
    let mut optimiser =
        Optimiser::new(sgd(0.0, false), &parts).unwrap().decay(Decay { l1: 0.25, l2: 0.5 }).unwrap();
    // g + ½θ + ¼·sign θ: 1 + ½ + ¼ = 1.75, 1 − 1 − ¼ = −0.25, 1 + 0 + 0; for bias and scale 1.
    let mut parameters = [1.0, -2.0, 0.0, 4.0, 4.0];
    optimiser.step(at(1.0), &mut parameters, &[1.0; 5]);
    assert_eq!(parameters, [-0.75, -1.75, -1.0, 3.0, 3.0]);
}

const HALVES: Moments = Moments { beta1: 0.5, beta2: 0.75, epsilon: 0.0 };

#[test]
fn adam_corrects_its_moments() {
    // β₁ = ½, β₂ = ¾, η = ¼, gradients 2, −2.
    // m = ½·2 = 1, v = ¼·4 = 1; m̂ = 1/½ = 2, v̂ = 1/¼ = 4: θ = 1 − ¼·2/2 = ¾.
    // m = ½ − 1 = −½, v = ¾ + 1 = 7/4; m̂ = −½/¾ = −⅔, v̂ = (7/4)/(7/16) = 4: θ = ¾ + ¼·⅔/2 = 5/6.
    let found = trajectory(optimiser(Rule::Adam(HALVES)), 0.25, &[2.0, -2.0]);
    // The rate, the scale of the root, root, product, quotient and sum are rounded: six times, of numbers
    // below 1.
    let bound = 6.0 * f32::EPSILON / 2.0;
    assert!((found[0] - 0.75).abs() <= bound && (found[1] - 5.0 / 6.0).abs() <= bound, "{found:?}");
    // With ε = 2 the first step is by ¼·2/(2 + 2).
    let found = trajectory(optimiser(Rule::Adam(Moments { epsilon: 2.0, ..HALVES })), 0.25, &[2.0]);
    assert!((found[0] - 0.875).abs() <= bound, "{found:?}");
}

#[test]
fn weight_decay_is_coupled_in_adam_and_decoupled_in_adamw() {
    let decay = Decay { l1: 0.0, l2: 0.5 };
    let bound = 6.0 * f32::EPSILON / 2.0;
    // The first step of Adam with ε = 0 is by η·sign of the gradient, which here is ½·1 − 1 = −½ with the
    // penalty.
    let adam = optimiser(Rule::Adam(HALVES)).decay(decay).unwrap();
    assert!((trajectory(adam, 0.25, &[-1.0])[0] - 1.25).abs() <= bound);
    // With gradient −¼ the penalty turns it around: ½ − ¼.
    let adam = optimiser(Rule::Adam(HALVES)).decay(decay).unwrap();
    assert!((trajectory(adam, 0.25, &[-0.25])[0] - 0.75).abs() <= bound);
    // AdamW shrinks by 1 − ¼·½ first, and the gradient keeps its sign: 0.875 + 0.25.
    let adamw = optimiser(Rule::AdamW(HALVES)).decay(decay).unwrap();
    assert!((trajectory(adamw, 0.25, &[-0.25])[0] - 1.125).abs() <= bound);
    // A bias does not shrink.
    let bias = Optimiser::new(Rule::AdamW(HALVES), &parts(&[(Role::Bias, 1)])).unwrap();
    assert!((trajectory(bias.decay(decay).unwrap(), 0.25, &[-0.25])[0] - 1.25).abs() <= bound);
}

#[test]
fn gradients_are_clipped_before_penalties() {
    let two = parts(&[(Role::Weight, 1), (Role::Bias, 1)]);
    let clipped = |clip| {
        let optimiser = Optimiser::new(sgd(0.0, false), &two).unwrap().clip(clip).unwrap();
        let mut optimiser = optimiser.decay(Decay { l1: 0.0, l2: 1.0 }).unwrap();
        let mut parameters = [1.0, 0.0];
        optimiser.step(at(1.0), &mut parameters, &[3.0, -4.0]);
        parameters
    };
    assert_eq!(clipped(Clip::None), [-3.0, 4.0]);
    assert_eq!(clipped(Clip::Value(2.0)), [-2.0, 2.0]);
    // The norm over all parts is 5: half of the gradient, or 2.5/(5 + 10⁻⁶) of it, off by 4·10⁻⁷·½ and two
    // roundings below 2.
    let bound = 4.0e-7 + 2.0 * f32::EPSILON;
    let found = clipped(Clip::Norm(2.5));
    assert!((found[0] + 1.5).abs() <= bound && (found[1] - 2.0).abs() <= bound, "{found:?}");
    assert_eq!(clipped(Clip::Norm(6.0)), [-3.0, 4.0]);
}

#[test]
fn every_entry_of_a_long_part_moves_alike() {
    // Whatever the place within a vector register: lengths around its multiples.
    for rule in [sgd(0.9, true), Rule::AdamW(Moments::default())] {
        let alone = {
            let mut optimiser = optimiser(rule).decay(Decay { l1: 0.1, l2: 0.1 }).unwrap();
            let mut parameters = [0.3];
            (0..5).for_each(|step| optimiser.step(at(0.01), &mut parameters, &[step as f32 - 1.7]));
            parameters[0]
        };
        for len in [1, 7, 15, 16, 17, 64, 67] {
            let optimiser = Optimiser::new(rule, &parts(&[(Role::Weight, len)])).unwrap();
            let mut optimiser = optimiser.decay(Decay { l1: 0.1, l2: 0.1 }).unwrap();
            let mut parameters = vec![0.3; len];
            (0..5).for_each(|step| {
                optimiser.step(at(0.01), &mut parameters, &vec![step as f32 - 1.7; len]);
            });
            assert!(parameters.iter().all(|x: &f32| x.to_bits() == alone.to_bits()), "{rule:?}, {len}");
        }
    }
}

#[test]
fn moments_do_not_become_subnormal() {
    let mut optimiser = optimiser(sgd(0.5, false));
    let mut parameters = [1.0];
    optimiser.step(at(0.5), &mut parameters, &[f32::MIN_POSITIVE]);
    assert_eq!(optimiser.first, [f32::MIN_POSITIVE]);
    optimiser.step(at(0.5), &mut parameters, &[0.0]);
    assert_eq!(optimiser.first, [0.0]);
    assert_eq!(optimiser.steps(), 2);
}

#[test]
fn constants_out_of_range_are_errors() {
    let parts = parts(&[(Role::Weight, 1)]);
    let error = |rule| Optimiser::new(rule, &parts).unwrap_err().to_string();
    assert_eq!(error(sgd(1.0, false)), "momentum must lie in [0, 1), found 1");
    assert_eq!(error(sgd(0.0, true)), "Nesterov's momentum must lie in (0, 1), found 0");
    assert!(error(Rule::Adam(Moments { beta2: -0.5, ..HALVES })).starts_with("beta2"));
    assert!(error(Rule::AdamW(Moments { epsilon: f64::NAN, ..HALVES })).starts_with("epsilon"));
    assert!(optimiser(sgd(0.5, false)).decay(Decay { l1: -1.0, l2: 0.0 }).is_err());
    assert!(optimiser(sgd(0.5, false)).clip(Clip::Norm(0.0)).is_err());
}
