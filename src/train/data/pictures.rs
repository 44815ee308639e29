//! Folders of PNG pictures: `train/CLASS/*.png` and `test/CLASS/*.png`.
//!
//! The classes are the folders in `train`, sorted by name, or by number if all names are numbers; the
//! pictures of a class are sorted by name. All pictures have one size, and all are grey or all are in colour;
//! 8 and 16 bits (and fewer, and palettes) may be mixed. An alpha channel must be opaque, as there is no
//! ground to lay the picture on.
//!
//! Cost: decoding; memory for one picture and all `f32`s.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ndarray::{Array4, ArrayD, IxDyn};
use png::{BitDepth, ColorType, Decoder, Transformations};

use super::file::{checked_length, largest_expansion, names};
use super::{DataError, Fault, Splits};
use crate::fence::fence;

/// Channels, height and width.
type Shape = [usize; 3];

/// Whether a folder has a folder `train`.
pub(super) fn is_here(folder: &Path) -> bool {
    folder.join("train").is_dir()
}

/// Reads the pictures in `folder/train/CLASS` and `folder/test/CLASS`.
///
/// # Errors
/// If a folder is missing or has no pictures, a test class is no training class, a picture cannot be decoded,
/// is not opaque or is unlike the others.
pub fn load_pictures(folder: &Path) -> Result<Splits, DataError> {
    let train = folder.join("train");
    let classes = class_names(&train)?;
    let test = folder.join("test");
    for class in class_names(&test)? {
        if !classes.contains(&class) {
            let remedy = format!("every class of {} must have pictures to train on", test.display());
            return Err(DataError::Missing {
                path: train.join(class),
                what: "training class".into(),
                remedy,
            });
        }
    }
    let mut first = None;
    let sets = [read_set(&train, &classes, &mut first)?, read_set(&test, &classes, &mut first)?];
    Splits::from_arrays(sets, classes.len(), format!("PNG pictures in {}", folder.display()))
}

/// The folders in a folder.
fn class_names(folder: &Path) -> Result<Vec<String>, DataError> {
    let missing = |what: &str| DataError::Missing {
        path: folder.to_owned(),
        what: what.into(),
        remedy: "pictures are read from train/CLASS/*.png and test/CLASS/*.png".into(),
    };
    if !folder.is_dir() {
        return Err(missing("folder"));
    }
    let mut classes = names(folder)?;
    classes.retain(|name| !name.starts_with('.') && folder.join(name).is_dir());
    if classes.is_empty() {
        return Err(missing("folder of a class"));
    }
    if classes.iter().all(|name| name.parse::<u64>().is_ok()) {
        classes.sort_by_key(|name| name.parse::<u64>().unwrap_or(u64::MAX));
    }
    Ok(classes)
}

fn read_set(
    folder: &Path,
    classes: &[String],
    first: &mut Option<Shape>,
) -> Result<(Array4<f32>, Vec<usize>), DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (label, class) in classes.iter().enumerate() {
        for path in pictures_in(&folder.join(class))? {
            let shape = read_picture(&path, *first, &mut pixels)?;
            first.get_or_insert(shape);
            labels.push(label);
            let [channels, height, width] = shape;
            checked_length(&[labels.len(), channels, height, width]).map_err(|fault| fault.of(folder))?;
        }
    }
    let Some([channels, height, width]) = first.filter(|_| !labels.is_empty()) else {
        let remedy = "put pictures into the folders of the classes".into();
        return Err(DataError::Missing { path: folder.to_owned(), what: "PNG picture".into(), remedy });
    };
    let images = Array4::from_shape_vec((labels.len(), channels, height, width), pixels);
    Ok((images.expect("every picture has the shape of the first"), labels))
}

/// The PNG files of a class, or none if the class has no folder here.
fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let is_picture = |name: &String| {
        let extension = Path::new(name).extension();
        !name.starts_with('.') && extension.is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    };
    Ok(names(folder)?.into_iter().filter(is_picture).map(|name| folder.join(name)).collect())
}

/// A picture by itself: (channels, height, width).
pub(super) fn read_sample(path: &Path) -> Result<ArrayD<f64>, DataError> {
    let mut pixels = Vec::new();
    let shape = read_picture(path, None, &mut pixels)?;
    let pixels = pixels.into_iter().map(f64::from).collect();
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), pixels).expect("as many pixels as the shape has"))
}

/// Appends the pixels of a picture, channel by channel.
fn read_picture(path: &Path, first: Option<Shape>, pixels: &mut Vec<f32>) -> Result<Shape, DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = usize::try_from(file.metadata().map_err(unreadable)?.len()).unwrap_or(usize::MAX);
    // Whatever the decoder meets, pixels are taken whole or not at all.
    let decoded =
        fence(|| decode(file, length, first)).unwrap_or_else(|reason| Err(Fault::Picture { reason }));
    let (shape, values) = decoded.map_err(|fault| fault.of(path))?;
    pixels.extend(values);
    Ok(shape)
}

/// The pixels of a picture, channel by channel.
fn decode(file: File, length: usize, first: Option<Shape>) -> Result<(Shape, Vec<f32>), Fault> {
    let undecodable = |error: png::DecodingError| Fault::Picture { reason: error.to_string() };
    let mut decoder = Decoder::new(BufReader::new(file));
    // Palettes become colours, fewer bits eight, and a transparent colour an alpha channel.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(undecodable)?;
    // `png` 0.18.1 would panic.
    let cut = reader.info().palette.as_ref().map_or(0, |palette| palette.len() % 3);
    if cut != 0 {
        return Err(Fault::Picture { reason: "the last colour of its palette is cut".into() });
    }
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let (colours, depth) = reader.output_color_type();
    let channels = match colours {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 1,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => 3,
    };
    let shape = [channels, height, width];
    if let Some(first) = first.filter(|&first| first != shape) {
        return Err(Fault::OtherPicture { expected: describe(first), found: describe(shape) });
    }
    let samples = colours.samples();
    checked_length(&[height, width, samples])?;
    let raw = reader.info().raw_bytes();
    if raw > largest_expansion(length) {
        return Err(Fault::TooLarge {
            shape: vec![height, width, samples],
            limit: largest_expansion(length),
        });
    }
    let size =
        reader.output_buffer_size().ok_or_else(|| Fault::Picture { reason: "its size overflows".into() })?;
    let mut bytes = vec![0; size];
    reader.next_frame(&mut bytes).map_err(undecodable)?;
    reader.finish().map_err(undecodable)?;
    let values: Vec<f32> = match depth {
        BitDepth::Sixteen => bytes
            .chunks_exact(2)
            .map(|pair| f32::from(u16::from_be_bytes([pair[0], pair[1]])) / 65535.0)
            .collect(),
        _ => bytes.into_iter().map(|byte| f32::from(byte) / 255.0).collect(),
    };
    if samples > channels && values.chunks_exact(samples).any(|pixel| pixel[channels] < 1.0) {
        return Err(Fault::Transparent);
    }
    let channel = |channel| values.iter().skip(channel).step_by(samples).copied();
    Ok((shape, (0..channels).flat_map(channel).collect()))
}

fn describe([channels, height, width]: Shape) -> String {
    let colours = if channels == 1 { "grey" } else { "colour" };
    format!("{width} × {height} pixels in {colours}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: &Path, (width, height): (u32, u32), colours: ColorType, depth: BitDepth, data: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(File::create(path).unwrap(), width, height);
        encoder.set_color(colours);
        encoder.set_depth(depth);
        if colours == ColorType::Indexed {
            encoder.set_palette(vec![0, 51, 102, 153, 204, 255]);
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
    }

    fn grey(path: &Path, data: [u8; 2]) {
        write(path, (2, 1), ColorType::Grayscale, BitDepth::Eight, &data);
    }

    #[test]
    fn classes_and_pictures_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        grey(&at("train/10/a.png"), [1, 2]);
        grey(&at("train/9/b.PNG"), [3, 4]);
        grey(&at("train/9/a.png"), [5, 6]);
        grey(&at("test/10/a.png"), [7, 8]);
        fs::write(at("train/9/notes.txt"), "no picture").unwrap();
        let splits = load_pictures(folder.path()).unwrap();
        assert_eq!((splits.train.labels(), splits.test.labels()), (&[0, 0, 1][..], &[1][..]));
        let bytes: Vec<f32> = splits.train.images().iter().map(|pixel| pixel * 255.0).collect();
        assert_eq!(bytes, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]);
        assert_eq!(splits.train.classes(), 2);
    }

    /// One picture in every form: the same values, as far as they are stored.
    #[test]
    fn grey_and_colour_with_8_and_16_bits_and_opaque_alpha() {
        use BitDepth::{Eight, Sixteen};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let decoded = |colours, depth, data: &[u8]| {
            write(&path, (2, 1), colours, depth, data);
            let mut pixels = Vec::new();
            read_picture(&path, None, &mut pixels).map(|shape| (shape, pixels))
        };
        let grey = ([1, 1, 2], vec![0.2, 0.4]);
        assert_eq!(decoded(ColorType::Grayscale, Eight, &[51, 102]).unwrap(), grey);
        assert_eq!(decoded(ColorType::GrayscaleAlpha, Eight, &[51, 255, 102, 255]).unwrap(), grey);
        assert_eq!(decoded(ColorType::Grayscale, Sixteen, &[51, 51, 102, 102]).unwrap(), grey);
        let black_and_white = ([1, 1, 2], vec![0.0, 1.0]);
        assert_eq!(decoded(ColorType::Grayscale, BitDepth::One, &[0b0100_0000]).unwrap(), black_and_white);
        let colour = ([3, 1, 2], vec![0.0, 0.6, 0.2, 0.8, 0.4, 1.0]);
        assert_eq!(decoded(ColorType::Rgb, Eight, &[0, 51, 102, 153, 204, 255]).unwrap(), colour);
        assert_eq!(decoded(ColorType::Rgba, Eight, &[0, 51, 102, 255, 153, 204, 255, 255]).unwrap(), colour);
        assert_eq!(decoded(ColorType::Indexed, Eight, &[0, 1]).unwrap(), colour);
        let transparent = decoded(ColorType::GrayscaleAlpha, Eight, &[51, 255, 102, 254]);
        assert!(matches!(transparent, Err(DataError::File { fault: Fault::Transparent, .. })));
    }

    #[test]
    fn every_damage_has_its_error() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let error = || load_pictures(folder.path()).unwrap_err();
        let fault = || match error() {
            DataError::File { fault, .. } => fault,
            other => panic!("{other:?}"),
        };
        assert!(matches!(error(), DataError::Missing { path, .. } if path.ends_with("train")));
        fs::create_dir_all(at("train/a")).unwrap();
        assert!(matches!(error(), DataError::Missing { path, .. } if path.ends_with("test")));
        fs::create_dir_all(at("test/b")).unwrap();
        assert!(matches!(error(), DataError::Missing { what, .. } if what == "training class"));
        fs::rename(at("test/b"), at("test/a")).unwrap();
        assert!(matches!(error(), DataError::Missing { what, .. } if what == "PNG picture"));
        grey(&at("train/a/0.png"), [0, 0]);
        assert!(matches!(error(), DataError::Missing { path, .. } if path.ends_with("test")));
        grey(&at("test/a/0.png"), [0, 0]);
        load_pictures(folder.path()).unwrap();

        write(&at("test/a/1.png"), (1, 2), ColorType::Grayscale, BitDepth::Eight, &[0; 2]);
        assert!(matches!(fault(), Fault::OtherPicture { .. }));
        write(&at("test/a/1.png"), (2, 1), ColorType::Rgb, BitDepth::Eight, &[0; 6]);
        assert!(matches!(fault(), Fault::OtherPicture { .. }));
        grey(&at("test/a/1.png"), [1, 2]);
        let whole = fs::read(at("test/a/1.png")).unwrap();
        for damaged in
            [&[][..], &whole[..20], &whole[..whole.len() - 14], b"GIF89a, and more than eight bytes"]
        {
            fs::write(at("test/a/1.png"), damaged).unwrap();
            assert!(matches!(fault(), Fault::Picture { .. }), "{damaged:?}");
        }
        // Any damaged byte gives an answer, and a large size in the header no large buffer.
        for at_byte in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at_byte] ^= 0xff;
            fs::write(at("test/a/1.png"), bytes).unwrap();
            let _answer = load_pictures(folder.path());
        }
    }

    /// The last colour of a palette is cut, with sums that fit: `png` 0.18.1 panics, and its reader here does
    /// not.
    #[test]
    fn a_cut_palette_is_an_error_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("palette.png");
        for (colours, last) in [(6, 2), (5, 1), (4, 1), (3, 1), (2, 0), (1, 0)] {
            let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 2, 1);
            encoder.set_color(ColorType::Indexed);
            encoder.set_depth(BitDepth::Eight);
            encoder.set_palette(vec![7; colours]);
            encoder.write_header().unwrap().write_image_data(&[0, last]).unwrap();
            match read_picture(&path, None, &mut Vec::new()) {
                Ok(shape) => assert_eq!((shape, colours % 3), ([3, 1, 2], 0)),
                Err(error) => assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}"),
            }
        }
    }

    #[test]
    fn a_size_that_the_file_cannot_hold_is_refused_before_memory_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.png");
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 20_000, 20_000);
        encoder.set_color(ColorType::Grayscale);
        // The header alone, without the data.
        drop(encoder.write_header().unwrap().into_stream_writer());
        let result = read_picture(&path, None, &mut Vec::new());
        let is_refused = matches!(
            &result,
            Err(DataError::File { fault: Fault::TooLarge { .. } | Fault::Picture { .. }, .. })
        );
        assert!(is_refused, "{result:?}");
    }
}
