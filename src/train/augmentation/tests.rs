use proptest::prelude::*;

use super::*;
use crate::train::random::SampleRandom;

/// Unit roundoff of `f32`.
const U: f32 = 1.0 / (1 << 24) as f32;

/// An image of small integers, on which sums and halves are exact.
fn image(shape: [usize; 3]) -> Vec<f32> {
    (0..shape.iter().product::<usize>()).map(|at| ((at * at + 3 * at) % 17) as f32).collect()
}

fn warped(image: &[f32], shape: [usize; 3], motion: Motion) -> Vec<f32> {
    let mut output = vec![f32::NAN; image.len()];
    warp_affine(image, shape, &motion.affine(), 0.0, &mut output, 1, &mut Workspace::default());
    output
}

fn augmented(augmentation: Augmentation, shape: [usize; 3], sample: u64) -> Vec<f32> {
    let augmenter = augmentation.prepare(shape).unwrap();
    let mut output = vec![f32::NAN; shape.iter().product()];
    let mut random = SampleRandom::new(1, 2, sample);
    augmenter.apply(&image(shape), &mut random, &mut output, 1, &mut augmenter.workspace());
    output
}

/// The image whose entry at (channel, row, column) is that of the source at the place that `from` gives, or
/// zero.
fn moved(
    image: &[f32],
    [channels, height, width]: [usize; 3],
    from: impl Fn(i64, i64) -> (i64, i64),
) -> Vec<f32> {
    let mut output = Vec::new();
    for channel in 0..channels {
        for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
            let (i, j) = from(row as i64, column as i64);
            let inside = (0..height as i64).contains(&i) && (0..width as i64).contains(&j);
            let at = |i: i64, j: i64| (channel * height + i as usize) * width + j as usize;
            output.push(if inside { image[at(i, j)] } else { 0.0 });
        }
    }
    output
}

fn everything() -> Augmentation {
    Augmentation {
        shift: 2.0,
        rotation: 15.0,
        scale: 0.15,
        shear: 0.2,
        elastic: Some(Elastic { displacement: 1.2, smoothness: 4.0 }),
        mirror_left_right: true,
        mirror_top_bottom: true,
        fill: 0.0,
        interpolation: Interpolation::Bicubic,
    }
}

proptest! {
    #[test]
    fn no_augmentation_is_the_identity(shape in [1_usize..4, 1_usize..20, 1_usize..20], sample: u64) {
        prop_assert_eq!(augmented(Augmentation::default(), shape, sample), image(shape));
        let elastic = Some(Elastic { displacement: 0.0, smoothness: 3.0 });
        prop_assert_eq!(augmented(Augmentation { elastic, ..Augmentation::default() }, shape, sample), image(shape));
    }

    /// Places are whole numbers, and computed without rounding.
    #[test]
    fn whole_shifts_move_pixels(
        shape in [1_usize..3, 1_usize..12, 1_usize..20],
        (down, right) in (-25_i32..25, -25_i32..25),
    ) {
        let shift = [down, right].map(f64::from);
        let found = warped(&image(shape), shape, Motion { shift, ..Motion::none() });
        let from = |i, j| (i - i64::from(down), j - i64::from(right));
        prop_assert_eq!(found, moved(&image(shape), shape, from));
    }

    /// Cosines and sines are 0 and ±1, places are whole numbers.
    #[test]
    fn quarter_turns_and_mirror_images_of_squares_move_pixels(side in 1_usize..20, channels in 1_usize..3) {
        let shape = [channels, side, side];
        let (x, last) = (image(shape), side as i64 - 1);
        let turned = |degrees| warped(&x, shape, Motion { angle: Angle::from_degrees(degrees), ..Motion::none() });
        // Counter-clockwise, what comes to the top left corner was at the top right.
        prop_assert_eq!(turned(90.0), moved(&x, shape, |i, j| (j, last - i)));
        prop_assert_eq!(turned(180.0), moved(&x, shape, |i, j| (last - i, last - j)));
        prop_assert_eq!(turned(270.0), moved(&x, shape, |i, j| (last - j, i)));
        let mirrored = |mirror| warped(&x, shape, Motion { mirror, ..Motion::none() });
        prop_assert_eq!(mirrored([true, false]), moved(&x, shape, |i, j| (last - i, j)));
        prop_assert_eq!(mirrored([false, true]), moved(&x, shape, |i, j| (i, last - j)));
    }

    /// An image that is an affine function is warped to the function at the warped places, away from the
    /// border.
    #[test]
    fn planes_are_sampled_exactly_up_to_rounding(
        degrees in -180.0_f64..180.0, shear in -0.3_f64..0.3, scale in 0.8_f64..1.25,
        shift in [-2.0_f64..2.0, -2.0_f64..2.0],
    ) {
        let side = 29;
        let plane = |down: f64, right: f64| 3.0 * down - 2.0 * right;
        let x: Vec<f32> =
            (0..side * side).map(|at| plane((at / side) as f64, (at % side) as f64) as f32).collect();
        let angle = Angle::from_degrees(degrees);
        let found = warped(&x, [1, side, side], Motion { mirror: [false; 2], scale, shear, angle, shift });
        // The place from the definition in f64: back by the shift, the turn, the shear and the scale.
        let (cosine, sine) = angle.cosine_and_sine();
        for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
            let (down, right) = (row as f64 - 14.0 - shift[0], column as f64 - 14.0 - shift[1]);
            let (down, right) = (down * cosine + right * sine, right * cosine - down * sine);
            let (down, right) = (down / scale + 14.0, (right + shear * down) / scale + 14.0);
            let inside = |place: f64| (0.01..27.99).contains(&place);
            if inside(down) && inside(right) {
                // A place is below 32: two rounded entries (at most 2 each), two products with at most 14,
                // four sums below 64, and the coordinate of the frame, are off by less than 8 · 64u; the
                // plane by 5 times that; the three sums and products of interpolation, of numbers below 128,
                // by less than 9 · 128u.
                let bound = f64::from((5.0 * 8.0 * 64.0 + 9.0 * 128.0) * U);
                let value = f64::from(found[row * side + column]);
                prop_assert!((value - plane(down, right)).abs() <= bound, "{} {}", value, plane(down, right));
            }
        }
    }

    /// Interpolated values lie between those of the image and the fill, up to their rounding.
    #[test]
    fn values_stay_in_range(sample: u64, height in 1_usize..30, width in 1_usize..40) {
        let shape = [2, height, width];
        let bilinear = Augmentation { interpolation: Interpolation::Bilinear, ..everything() };
        for value in augmented(bilinear, shape, sample) {
            // a + t(b − a) with numbers up to 16 is off by 3 roundings of at most 16u, twice.
            prop_assert!((-6.0 * 16.0 * U..=16.0 + 6.0 * 16.0 * U).contains(&value), "{}", value);
        }
    }
}

/// Every interpolation reads what the definition in f64 reads, inside and outside the frame.
#[test]
fn images_are_read_as_the_interpolation_says() {
    let (height, width) = (7, 9);
    let shape = [1, height, width];
    let x = image(shape);
    let exact = ndarray::Array::from_iter(x.iter().map(|&pixel| f64::from(pixel)));
    let exact = exact.into_shape_with_order((height, width)).unwrap();
    for interpolation in Interpolation::ALL {
        // Odd eighths, so that no pixel is nearest by a tie; the places are exact.
        for (down, right) in (-40..40).step_by(3).zip((-37..43).step_by(3)) {
            let shift = [f64::from(2 * down + 1) / 8.0, f64::from(2 * right + 1) / 8.0];
            let map = Motion { shift, ..Motion::none() }.affine();
            let (mut output, mut workspace) = (vec![f32::NAN; x.len()], Workspace::default());
            workspace.fit(shape, 0);
            run(&x, shape, &map, None, (interpolation, 0.0), (&mut output, 1), &mut workspace);
            for (at, &found) in output.iter().enumerate() {
                let place = [(at / width) as f64 - shift[0], (at % width) as f64 - shift[1]];
                let expected = interpolation.sample(exact.view(), place[0], place[1]);
                // Weights are multiples of 2⁻¹⁰ and pixels integers below 17: products of two weights and a
                // pixel are multiples of 2⁻²⁰ below 2⁵, so that they and their sums need 25 bits; each of the
                // at most 38 operations rounds by at most 32u.
                assert!(
                    (f64::from(found) - expected).abs() <= 38.0 * 32.0 * f64::from(U),
                    "{found} {expected}"
                );
            }
        }
    }
}

#[test]
fn the_fill_is_what_is_outside() {
    let augmentation = Augmentation { fill: -0.5, ..Augmentation::default() };
    let shape = [1, 3, 4];
    let augmenter = augmentation.prepare(shape).unwrap();
    assert_eq!(augmenter.augmentation(), &augmentation);
    let mut output = [0.0; 12];
    let map = Motion { shift: [1.0, 0.0], ..Motion::none() }.affine();
    warp_affine(&image(shape), shape, &map, -0.5, &mut output, 1, &mut augmenter.workspace());
    assert_eq!(output[..4], [-0.5; 4]);
    assert_eq!(output[4..], image(shape)[..8]);
}

#[test]
fn samples_are_interleaved_without_touching_each_other() {
    let shape = [2, 9, 11];
    let pixels = 2 * 9 * 11;
    let augmenter = everything().prepare(shape).unwrap();
    let mut workspace = augmenter.workspace();
    let mut interleaved = vec![-7.0; pixels * 16];
    for sample in 0..15 {
        let mut random = SampleRandom::new(1, 2, sample);
        augmenter.apply(&image(shape), &mut random, &mut interleaved[sample as usize..], 16, &mut workspace);
    }
    for sample in 0..15 {
        let column: Vec<f32> = interleaved[sample..].iter().step_by(16).copied().collect();
        assert_eq!(column, augmented(everything(), shape, sample as u64), "sample {sample}");
    }
    assert!(interleaved[15..].iter().step_by(16).all(|&value| value == -7.0));
}

/// The workspace carries nothing from one image to the next, whatever their shapes.
#[test]
fn a_sample_depends_on_its_generator_alone() {
    let shapes = [[1, 28, 28], [3, 5, 40], [1, 28, 28]];
    let mut workspace = Workspace::default();
    for (sample, shape) in shapes.into_iter().enumerate() {
        let mut output = vec![0.0; shape.iter().product()];
        let mut random = SampleRandom::new(1, 2, sample as u64);
        everything().prepare(shape).unwrap().apply(
            &image(shape),
            &mut random,
            &mut output,
            1,
            &mut workspace,
        );
        assert_eq!(output, augmented(everything(), shape, sample as u64));
    }
    assert_ne!(augmented(everything(), [1, 28, 28], 0), augmented(everything(), [1, 28, 28], 1));
}

/// Each part alone changes images, and the mirrors give each of their images.
#[test]
fn each_parameter_acts() {
    let shape = [1, 12, 12];
    let none = Augmentation::default();
    for augmentation in [
        Augmentation { shift: 1.0, ..none },
        Augmentation { rotation: 10.0, ..none },
        Augmentation { scale: 0.2, ..none },
        Augmentation { shear: 0.2, ..none },
        Augmentation { elastic: everything().elastic, ..none },
    ] {
        assert!(!augmentation.is_identity());
        assert_ne!(augmented(augmentation, shape, 0), image(shape), "{augmentation}");
    }
    let x = image(shape);
    for (augmentation, mirror) in [
        (Augmentation { mirror_left_right: true, ..none }, [false, true]),
        (Augmentation { mirror_top_bottom: true, ..none }, [true, false]),
    ] {
        let mirrored = warped(&x, shape, Motion { mirror, ..Motion::none() });
        let images: Vec<_> = (0..64).map(|sample| augmented(augmentation, shape, sample)).collect();
        assert!(images.contains(&x) && images.contains(&mirrored));
        assert!(images.iter().all(|image| *image == x || *image == mirrored));
    }
}

#[test]
fn parameters_are_described() {
    assert_eq!(Augmentation::default().describe(), "none");
    assert_eq!(
        everything().describe(),
        "shift 2, rotation 15°, scale 0.15, shear 0.2, elastic 1.2 (smoothness 4), mirror left–right, \
         mirror top–bottom, bicubic"
    );
}

#[test]
fn parameters_without_meaning_are_refused() {
    let none = Augmentation::default();
    let elastic = |displacement, smoothness| Augmentation {
        elastic: Some(Elastic { displacement, smoothness }),
        ..none
    };
    for (augmentation, parameter) in [
        (Augmentation { shift: -1.0, ..none }, "shift"),
        (Augmentation { rotation: f32::NAN, ..none }, "rotation"),
        (Augmentation { scale: f32::INFINITY, ..none }, "scale"),
        (Augmentation { shear: -0.1, ..none }, "shear"),
        (Augmentation { fill: f32::NAN, ..none }, "fill"),
        (elastic(-1.0, 4.0), "the elastic displacement"),
        (elastic(1.0, 0.1), "the elastic smoothness"),
        (elastic(1.0, f32::NAN), "the elastic smoothness"),
    ] {
        assert_eq!(augmentation.prepare([1, 28, 28]).map(drop).unwrap_err().parameter, parameter);
    }
    for shape in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1 << 20, 1 << 20], [usize::MAX; 3]] {
        assert_eq!(none.prepare(shape).map(drop).unwrap_err().parameter, "the shape of the images");
    }
}
