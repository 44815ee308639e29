//! The front door against sums by hand, products of polynomials, and the definition.

use ndarray::{Array1, Array2, Array3, arr1, arr2, arr3, s};
use proptest::prelude::*;

use super::*;

fn polynomial() -> impl Strategy<Value = Array1<i64>> {
    prop::collection::vec(-9i64..=9, 1..8).prop_map(Array1::from)
}

fn horner(coefficients: &Array1<i64>, t: i64) -> i128 {
    coefficients.iter().rev().fold(0, |value, &c| value * i128::from(t) + i128::from(c))
}

#[test]
fn every_extent_by_hand() {
    let (x, y) = (arr1(&[1i64, 10]), arr1(&[1i64, 2, 3]));
    // x*y: 1·1, 1·2 + 10·1, 1·3 + 10·2, 10·3.
    assert_eq!(convolve(&y, &x, Extent::Full).unwrap(), arr1(&[1, 12, 23, 30]));
    // The centre of two taps is the first: indices 0 … 2 of the full one.
    assert_eq!(convolve(&y, &x, Extent::Same).unwrap(), arr1(&[1, 12, 23]));
    assert_eq!(convolve(&y, &x, Extent::Valid).unwrap(), arr1(&[12, 23]));
    // Index 3 of the full one wraps around to index 0: 1 + 30.
    assert_eq!(convolve(&y, &x, Extent::Circular).unwrap(), arr1(&[31, 12, 23]));
    // x⋆y for n = −1 … 2: 10·1, 1·1 + 10·2, 1·2 + 10·3, 1·3.
    assert_eq!(correlate(&y, &x, Extent::Full).unwrap(), arr1(&[10, 21, 32, 3]));
    // n = 0 … 2
    assert_eq!(correlate(&y, &x, Extent::Same).unwrap(), arr1(&[21, 32, 3]));
    assert_eq!(correlate(&y, &x, Extent::Valid).unwrap(), arr1(&[21, 32]));
    // n = −1 wraps around to n = 2: 3 + 10.
    assert_eq!(correlate(&y, &x, Extent::Circular).unwrap(), arr1(&[21, 32, 13]));
    // Three and four taps: centre 1, so convolution starts at index 1 and correlation at n = −1.
    let (three, four) = (arr1(&[0i64, 0, 1]), arr1(&[0i64, 0, 0, 1]));
    let y = arr1(&[1i64, 2, 3, 4, 5]);
    assert_eq!(convolve(&y, &three, Extent::Same).unwrap(), arr1(&[0, 1, 2, 3, 4]));
    assert_eq!(convolve(&y, &four, Extent::Same).unwrap(), arr1(&[0, 0, 1, 2, 3]));
    assert_eq!(correlate(&y, &three, Extent::Same).unwrap(), arr1(&[2, 3, 4, 5, 0]));
    assert_eq!(correlate(&y, &four, Extent::Same).unwrap(), arr1(&[3, 4, 5, 0, 0]));
}

#[test]
fn two_and_three_dimensions_by_hand() {
    let kernel = arr2(&[[1i64, 2], [3, 4]]);
    let image = arr2(&[[1i64, 0, 0], [0, 0, 1]]);
    // Correlation: the window [[1,0],[0,0]] gives 1, the window [[0,0],[0,1]] gives 4.
    assert_eq!(correlate(&image, &kernel, Extent::Valid).unwrap(), arr2(&[[1, 4]]));
    // Convolution sees the kernel turned by 180°, [[4,3],[2,1]].
    assert_eq!(convolve(&image, &kernel, Extent::Valid).unwrap(), arr2(&[[4, 1]]));
    // δ at the origin is the identity of full convolution.
    let volume = Array3::from_shape_fn((2, 3, 2), |(z, y, x)| (z * 6 + y * 2 + x) as i64);
    assert_eq!(convolve(&volume, &arr3(&[[[1i64]]]), Extent::Full).unwrap(), volume);
    // δ at (1, 0, 1) shifts by (1, 0, 1).
    let shift = arr3(&[[[0i64, 0]], [[0, 1]]]);
    let shifted = convolve(&volume, &shift, Extent::Full).unwrap();
    assert_eq!(shifted.slice(s![1.., .., 1..]), volume);
    assert_eq!(shifted.sum(), volume.sum());
}

#[test]
fn channels_stride_dilation_and_groups_by_hand() {
    // One sample of two channels, three outputs per group of one channel.
    let signal = arr3(&[[[1i64, 2, 3, 4, 5], [10, 20, 30, 40, 50]]]);
    let kernel = arr3(&[[[1i64, 1]], [[1, -1]]]);
    let options = Options::new().groups(2).stride([2]).dilation([2]).padding_before_after([(1, 2)]);
    let output = correlate_channels(&signal, &kernel, &options).unwrap();
    // Padded: 0 1 2 3 4 5 0 0 and 0 10 20 30 40 50 0 0; taps (0, 2), (2, 4), (4, 6).
    assert_eq!(output, arr3(&[[[2, 6, 4], [-20, -20, 40]]]));
    let flipped = convolve_channels(&signal, &kernel, &options).unwrap();
    assert_eq!(flipped, arr3(&[[[2, 6, 4], [20, 20, -40]]]));
    // Two input channels are summed.
    let mixing = arr3(&[[[1i64], [2]]]);
    let mixed = correlate_channels(&signal, &mixing, &Options::new()).unwrap();
    assert_eq!(mixed, arr3(&[[[21, 42, 63, 84, 105]]]));
}

#[test]
fn wrong_operands_are_errors() {
    let empty = Array2::<i64>::zeros((0, 3));
    assert!(matches!(
        convolve(&Array2::zeros((3, 3)), &empty, Extent::Full),
        Err(ConvolutionError::Empty { what: "kernel", .. })
    ));
    let problem = Problem::new(Operation::Convolution, &[1, 1, 2], &[1, 1, 3], &Options::new()).unwrap();
    let wrong = Array3::<i64>::zeros((1, 1, 3)).into_dyn();
    assert!(matches!(
        Definition.run(&problem, wrong.view(), wrong.view()),
        Err(ConvolutionError::WrongShape { what: "kernel", .. })
    ));
    // An empty batch gives an empty output.
    let none =
        correlate_channels(&Array3::zeros((0, 2, 5)), &Array3::<i64>::zeros((4, 2, 3)), &Options::new());
    assert_eq!(none.unwrap().shape(), [0, 4, 3]);
}

/// The output is as long as the first operand, as in SciPy, whichever is the longer one.
#[test]
fn the_signal_comes_first() {
    let (signal, kernel) = (arr1(&[1i64, 2, 3, 4, 5]), arr1(&[1i64, 10, 100]));
    // scipy.signal.convolve([1, 2, 3, 4, 5], [1, 10, 100], "same"), and with the operands exchanged.
    assert_eq!(convolve(&signal, &kernel, Extent::Same).unwrap(), arr1(&[12, 123, 234, 345, 450]));
    assert_eq!(convolve(&kernel, &signal, Extent::Same).unwrap(), arr1(&[123, 234, 345]));
}

/// Sums of at most 2¹¹ products of integers of at most 2⁶ are exact in every float, by whatever method.
#[cfg(feature = "plan")]
#[test]
fn floats_are_convolved_by_plans_to_what_the_definition_gives() {
    let integer = |n: usize, factor: usize| ((n * factor) % 127) as i64 - 63;
    let signal = Array1::from_shape_fn(3000, |n| integer(n, 37));
    let kernel = Array1::from_shape_fn(31, |n| integer(n, 11));
    for extent in Extent::ALL {
        let exact = convolve(&signal, &kernel, extent).unwrap();
        let singles = |array: &Array1<i64>| array.mapv(|n| n as f32);
        assert_eq!(convolve(&singles(&signal), &singles(&kernel), extent).unwrap(), singles(&exact));
        let problem = Problem::single_channel(Operation::Convolution, &[31], &[3000], extent).unwrap();
        assert!(problem.multiply_adds() >= PLANNED, "or the definition runs");
    }
}

#[cfg(feature = "plan")]
#[test]
fn an_algorithm_can_be_named() {
    let (signal, kernel) = (Array1::<f64>::ones(40), Array1::ones(3));
    let expected = convolve(&signal, &kernel, Extent::Full).unwrap();
    let by_transform = convolve_with(&signal, &kernel, Extent::Full, &crate::conv::Fourier).unwrap();
    // Entries are at most 3, and the transform of 42 entries is off by far less than 2⁻⁴⁰ of that.
    assert!((expected - by_transform).iter().all(|error| error.abs() < 3.0 * 2f64.powi(-40)));
    let separable = correlate_with(&signal, &kernel, Extent::Full, &crate::conv::Separable).unwrap();
    assert_eq!(separable.len(), 42);
}

proptest! {
    #[test]
    fn full_convolution_is_the_product_of_polynomials(x in polynomial(), y in polynomial(), t in -5i64..=5) {
        let product = convolve(&y, &x, Extent::Full).unwrap();
        prop_assert_eq!(horner(&product, t), horner(&x, t) * horner(&y, t));
    }

    #[test]
    fn correlation_is_convolution_with_the_reflected_kernel(x in polynomial(), y in polynomial()) {
        let reflected = x.slice(s![..;-1]);
        for extent in [Extent::Full, Extent::Valid] {
            prop_assert_eq!(correlate(&y, &x, extent), convolve(&y, &reflected, extent));
        }
        if x.len() % 2 == 1 {
            prop_assert_eq!(correlate(&y, &x, Extent::Same), convolve(&y, &reflected, Extent::Same));
        }
    }
}
