//! Values by hand, gradients, and what is told before a pool runs.

use ndarray::arr3;

use super::super::laws;
use super::*;

fn run(pool: &Pool, x: &[f64]) -> Vec<f64> {
    let x = ArrayD::from_shape_vec(vec![1, 1, x.len()], x.to_vec()).unwrap();
    pool.forward(&x, &[], Mode::Inference).unwrap().into_iter().collect()
}

#[test]
fn by_hand() {
    let x = [1.0, 5.0, 2.0, -7.0, -8.0];
    // Rounded down: the fifth entry is in no window of stride 2.
    assert_eq!(run(&Pool::maximum([2]), &x), [5.0, 2.0]);
    assert_eq!(run(&Pool::mean([2]), &x), [3.0, -2.5]);
    assert_eq!(run(&Pool::sum([2]), &x), [6.0, -5.0]);
    // Windows 3 with stride 2 and padding 1: (·15), (52−7), (−7 −8 ·); padding is no zero for the
    // maximum.
    let padded = |pool: Pool| pool.stride([2]).padding([1]);
    assert_eq!(run(&padded(Pool::maximum([3])), &x), [5.0, 5.0, -7.0]);
    assert_eq!(run(&padded(Pool::mean([3])), &x), [2.0, 0.0, -5.0]);
    assert_eq!(run(&padded(Pool::mean([3])).padding_does_not_count(), &x), [3.0, 0.0, -7.5]);
    // Dilation 2: (1, 2), (5, −7), (2, −8).
    assert_eq!(run(&Pool::maximum([2]).stride([1]).dilation([2]), &x), [2.0, 5.0, 2.0]);
}

/// PyTorch's rule: ⌈(L + 2p − d(k − 1) − 1)/s⌉ + 1 windows, less one if the last would begin behind the
/// input and the padding before it.
#[test]
fn sizes_rounded_up_by_hand() {
    let x = [1.0, 5.0, 2.0, -7.0, -8.0];
    // (1 5), (2 −7), (−8 ·): what is beyond never counts.
    assert_eq!(run(&Pool::maximum([2]).ceil_mode(), &x), [5.0, 2.0, -8.0]);
    assert_eq!(run(&Pool::mean([2]).ceil_mode(), &x), [3.0, -2.5, -8.0]);
    assert_eq!(run(&Pool::sum([2]).ceil_mode(), &x), [6.0, -5.0, -8.0]);
    // Padding 1, stride 3, windows 3: (· 1 5), (2 −7 −8); a third would begin in the padding behind.
    let padded = |pool: Pool| pool.padding([1]).ceil_mode();
    assert_eq!(run(&padded(Pool::mean([3])), &x), [2.0, -13.0 / 3.0]);
    // Of four entries the windows are (· 1 5), (2 −7 ·): the first padding counts, and so does the second.
    assert_eq!(run(&padded(Pool::mean([3])), &x[..4]), [2.0, -5.0 / 3.0]);
    // Stride 2, windows 4 on (· 1 5 2 −7 ·): (· 1 5 2), (5 2 −7 ·); on five entries a third, (−7 −8 ·|·),
    // of which the padding counts and what is beyond does not.
    let wide = |pool: Pool| pool.stride([2]).padding([1]).ceil_mode();
    assert_eq!(run(&wide(Pool::mean([4])), &x[..4]), [2.0, 0.0]);
    assert_eq!(run(&wide(Pool::mean([4])), &x), [2.0, -2.0, -15.0 / 3.0]);
    assert_eq!(run(&wide(Pool::mean([4])).padding_does_not_count(), &x), [8.0 / 3.0, -2.0, -7.5]);
    assert_eq!(run(&Pool::mean([2]).divisor_override(3), &x), [2.0, -5.0 / 3.0]);
}

/// Dilation and stride may be set before or after it.
#[test]
fn same_padding_keeps_sizes() {
    let x = [1.0, 5.0, 2.0, -7.0, -8.0];
    let line = Pool::sum([2]).stride([1]).same_padding();
    assert_eq!(run(&line, &x), [6.0, 7.0, -5.0, -15.0, -8.0]);
    for pool in [line.clone().dilation([3]), Pool::sum([2]).dilation([3]).same_padding().stride([1])] {
        assert_eq!(pool.padding, [(1, 2)]);
        assert_eq!(run(&pool, &x), [2.0, -6.0, -3.0, 2.0, -7.0]);
    }
    laws::gradient(&Pool::mean([3, 2]).stride([1, 1]).same_padding(), &[1, 2, 3, 4]);
    let told = line.clone().stride([2]).output_shape(&[1, 1, 5]).unwrap_err().to_string();
    assert!(told.ends_with("found stride [2]: take stride 1, or padding by numbers"), "{told}");
    assert!(Pool::sum([2]).same_padding().output_shape(&[1, 1, 5]).is_err());
    assert!(line.padding([0]).stride([2]).output_shape(&[1, 1, 5]).is_ok());
}

#[test]
fn windows_beyond_the_border_break_mirrors() {
    let mirrors = |pool: Pool, length: usize| pool.symmetry(&[1, 1, length]).unwrap().flips[0];
    assert!(mirrors(Pool::maximum([2]).ceil_mode(), 4) && !mirrors(Pool::maximum([2]).ceil_mode(), 5));
    // One entry of padding before and one beyond behind: the maximum is symmetric, the mean counts the first.
    let even = |pool: Pool| pool.padding_before_after([(1, 0)]).ceil_mode();
    assert!(mirrors(even(Pool::maximum([2])), 4));
    assert!(!mirrors(even(Pool::mean([2])), 4));
    assert!(mirrors(even(Pool::mean([2])).padding_does_not_count(), 4));
}

#[test]
fn of_equals_the_first_gets_the_gradient() {
    let x = arr3(&[[[3.0, 3.0, 1.0, 3.0]]]).into_dyn();
    let y = arr3(&[[[10.0, 1.0, 100.0]]]).into_dyn();
    let gradients = Pool::maximum([2]).stride([1]).backward(&x, &[], Mode::Inference, &y).unwrap();
    // Windows (3 3), (3 1), (1 3).
    assert_eq!(gradients.input, arr3(&[[[10.0, 1.0, 0.0, 100.0]]]).into_dyn());
}

#[test]
fn gradients_are_exact() {
    for pool in
        [Pool::maximum([3]), Pool::mean([3]), Pool::mean([3]).padding_does_not_count(), Pool::sum([3])]
    {
        laws::gradient(&pool.clone(), &[2, 2, 7]);
        laws::gradient(&pool.stride([2]).padding_before_after([(1, 0)]).dilation([2]), &[2, 2, 8]);
    }
    for pool in [Pool::maximum([2, 3]), Pool::mean([2, 3])] {
        laws::gradient(&pool.stride([1, 2]).padding([1, 1]), &[1, 2, 3, 4]);
    }
    laws::gradient(&Pool::maximum([2, 2, 2]), &[1, 1, 4, 2, 3]);
    for pool in [Pool::maximum([2, 3]), Pool::mean([2, 3]), Pool::mean([2, 3]).divisor_override(5)] {
        laws::gradient(&pool.stride([2, 2]).padding([1, 1]).ceil_mode(), &[1, 2, 4, 5]);
    }
}

#[test]
fn what_is_known_before_it_runs() {
    let pool = Pool::maximum([2, 2]);
    let facts = laws::facts(&pool, &[1, 6, 28, 28]);
    assert_eq!(facts, (vec![1, 6, 14, 14], 0, 0));
    let symmetry = pool.symmetry(&[1, 6, 28, 28]).unwrap();
    assert_eq!(symmetry.to_string(), "translations 2Z × 2Z, flips and quarter turns");
    let told = |pool: Pool| pool.output_shape(&[1, 1, 5]).unwrap_err().to_string();
    assert!(told(Pool::maximum([2]).padding([2])).contains("every window has an entry, found (2, 2)"));
    assert!(told(Pool::maximum([2, 2])).ends_with("its window has 2 axes, so the input needs 4"));
}
