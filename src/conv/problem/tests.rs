//! Shapes, windows and errors of problems, by hand and by counting.

use super::*;

fn correlation(kernel: &[usize], signal: &[usize], options: &Options) -> Result<Problem, ConvolutionError> {
    Problem::new(Operation::Correlation, kernel, signal, options)
}

#[test]
fn shapes_of_known_layers() {
    // LeNet-5's first layer: 28 + 2·2 − 4 = 28; and a 7×7 stride-2 stem: ⌊(224 + 6 − 7)/2⌋ + 1 = 112.
    let c1 = correlation(&[6, 1, 5, 5], &[3, 1, 28, 28], &Options::new().padding([2, 2])).unwrap();
    assert_eq!(c1.output_shape(), [3, 6, 28, 28]);
    let stem = Options::new().padding([3, 3]).stride([2, 2]);
    assert_eq!(
        correlation(&[8, 3, 7, 7], &[1, 3, 224, 224], &stem).unwrap().output_shape(),
        [1, 8, 112, 112]
    );
    // Dilation 2 makes 3 taps span 5: 9 − 5 + 1 = 5.
    let dilated = correlation(&[4, 2, 3], &[1, 6, 9], &Options::new().dilation([2]).groups(3));
    assert_eq!(
        dilated,
        Err(ConvolutionError::IndivisibleChannels { what: "output", channels: 4, groups: 3 })
    );
    let dilated = correlation(&[6, 2, 3], &[1, 6, 9], &Options::new().dilation([2]).groups(3)).unwrap();
    assert_eq!(dilated.output_shape(), [1, 6, 5]);
    assert_eq!(dilated.channels_seen_by(3), 2..4);
}

#[test]
fn connections_and_weights() {
    // Seven inputs, five outputs, three taps: 3×5 connections and 3 weights, where a dense layer has 7×5 of
    // both.
    let valid = Problem::single_channel(Operation::Correlation, &[3], &[7], Extent::Valid).unwrap();
    assert_eq!((valid.connections(), valid.weights(), valid.output_shape()[2]), (15, 3, 5));
    // With one zero on each side the two end outputs lose one connection each: 3·5 − 2.
    let same = Problem::single_channel(Operation::Correlation, &[3], &[5], Extent::Same).unwrap();
    assert_eq!(same.connections(), 13);
    let circular =
        Problem::single_channel(Operation::Convolution, &[3, 2], &[5, 4], Extent::Circular).unwrap();
    assert_eq!(circular.connections(), 3 * 5 * 2 * 4);
}

#[test]
fn lengths_of_the_extents() {
    for operation in [Operation::Convolution, Operation::Correlation] {
        for (taps, length) in [(1, 1), (3, 5), (4, 5), (4, 4)] {
            let length_of = |extent| {
                let problem = Problem::single_channel(operation, &[taps], &[length], extent);
                problem.unwrap().output_shape()[2]
            };
            assert_eq!(length_of(Extent::Full), length + taps - 1);
            assert_eq!(length_of(Extent::Same), length);
            assert_eq!(length_of(Extent::Valid), length - taps + 1);
            assert_eq!(length_of(Extent::Circular), length);
        }
    }
}

#[test]
fn bad_problems_are_errors() {
    let plain = Options::new();
    let kind = |result: Result<Problem, ConvolutionError>| result.unwrap_err();
    assert!(matches!(
        kind(correlation(&[1, 1, 3], &[1, 1, 3, 3], &plain)),
        ConvolutionError::DifferentRanks { .. }
    ));
    assert!(matches!(kind(correlation(&[1, 1], &[1, 1], &plain)), ConvolutionError::TooFewAxes { .. }));
    assert!(matches!(kind(correlation(&[1], &[1], &plain)), ConvolutionError::TooFewAxes { .. }));
    assert!(matches!(kind(correlation(&[1, 1, 0], &[1, 1, 3], &plain)), ConvolutionError::Empty { .. }));
    assert!(matches!(kind(correlation(&[1, 1, 1], &[1, 1, 0], &plain)), ConvolutionError::Empty { .. }));
    assert!(matches!(
        kind(correlation(&[1, 2, 1], &[1, 3, 1], &plain)),
        ConvolutionError::WrongChannels { expected: 3, found: 2, .. }
    ));
    let options = |options: Options| kind(correlation(&[1, 1, 3], &[1, 1, 4], &options));
    assert_eq!(options(plain.clone().stride([0])), ConvolutionError::Zero { option: "stride" });
    assert_eq!(options(plain.clone().dilation([0])), ConvolutionError::Zero { option: "dilation" });
    assert_eq!(options(plain.clone().groups(0)), ConvolutionError::Zero { option: "groups" });
    assert!(matches!(options(plain.clone().stride([1, 1])), ConvolutionError::WrongCount { .. }));
    assert_eq!(
        options(plain.clone().dilation([2])),
        ConvolutionError::KernelTooLarge { axis: 0, span: 5, available: 4 }
    );
    assert!(matches!(
        options(plain.clone().padding([4]).boundary(Boundary::Reflect)),
        ConvolutionError::ReflectionTooLong { padding: 4, length: 4, .. }
    ));
    assert!(matches!(options(plain.clone().padding([usize::MAX])), ConvolutionError::TooLarge { .. }));
    assert!(matches!(options(plain.clone().dilation([usize::MAX])), ConvolutionError::TooLarge { .. }));
    assert!(correlation(&[1, 1, 3], &[0, 1, 4], &plain).is_ok());
    let single = |kernel: &[usize], signal: &[usize], extent| {
        Problem::single_channel(Operation::Convolution, kernel, signal, extent)
    };
    assert!(matches!(single(&[], &[], Extent::Full), Err(ConvolutionError::TooFewAxes { .. })));
    assert!(matches!(single(&[2], &[2, 2], Extent::Full), Err(ConvolutionError::DifferentRanks { .. })));
    for extent in [Extent::Valid, Extent::Circular] {
        let error = single(&[2, 4], &[2, 3], extent).unwrap_err();
        assert_eq!(error, ConvolutionError::KernelTooLarge { axis: 1, span: 4, available: 3 });
    }
}
