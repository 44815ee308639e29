//! A law of samples: of a finite group every element is drawn.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

/// Of n elements, each is missed by n·(ln n + 12) uniform draws with probability e⁻¹²/n: none is, but once in
/// 10⁵ seeds, and the seed stands. What is drawn is an element.
fn reaches_every_element<G: FiniteGroup>(group: &G) {
    let n = group.order() as f64;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let draws = (n * (n.ln() + 12.0)).ceil() as usize;
    let drawn: HashSet<_> = (0..draws).map(|_| group.sample(&mut random)).collect();
    assert!(drawn.iter().all(|element| group.contains(element)), "{}", group.name());
    assert_eq!(drawn.len() as u128, group.order(), "{}", group.name());
}

#[test]
fn samples_reach_every_element() {
    reaches_every_element(&Trivial);
    reaches_every_element(&Reflection);
    reaches_every_element(&C4);
    reaches_every_element(&D4);
    reaches_every_element(&Hyperoctahedral::<1>);
    reaches_every_element(&Hyperoctahedral::<3>);
    reaches_every_element(&CyclicTranslations::new([2, 3, 4]));
    reaches_every_element(&Product::new(C4, Reflection));
    reaches_every_element(&p4m(2));
    for points in 0..5 {
        reaches_every_element(&Symmetric::new(points).expect("few points"));
    }
}

/// Of the integers, every step of the box.
#[test]
fn samples_fill_the_box() {
    let limit = IntegerTranslations::<1>::SAMPLED_STEPS;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let drawn: HashSet<_> = (0..400).map(|_| IntegerTranslations::<1>.sample(&mut random).0[0]).collect();
    assert_eq!(drawn, (-limit..=limit).collect());
}
