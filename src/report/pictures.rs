//! Images as PNG inside the page, in data URIs: grey, one byte a pixel, ink dark. Dark pages turn them about
//! (`style.css`).

use maud::{Markup, html};
use ndarray::{Array3, Axis};

/// An image (channels, height, width) with values from 0 to 1, of several channels their mean. `title` is
/// shown on pointing and read aloud.
///
/// # Errors
/// If the image has no pixels or too many for PNG.
pub(super) fn picture(image: &Array3<f32>, title: &str) -> anyhow::Result<Markup> {
    let (_, height, width) = image.dim();
    let mean = image.mean_axis(Axis(0)).ok_or_else(|| anyhow::anyhow!("an image without channels"))?;
    let pixels: Vec<u8> =
        mean.iter().map(|&value| 255 - (255.0 * value.clamp(0.0, 1.0)).round() as u8).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width.try_into()?, height.try_into()?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(html! {
        img.pixels src=(format!("data:image/png;base64,{}", base64(&file)))
            width=(width) height=(height) alt=(title) title=(title);
    })
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, place| bits << 8 | u32::from(*group.get(place).unwrap_or(&0)));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= group.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::{base64, picture};

    /// The vectors of RFC 4648, section 10, and the last digits.
    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn pictures_are_png_with_their_size() {
        let image = array![[[0.0, 1.0, 2.0]], [[0.0, 1.0, f32::NAN]]];
        let markup = picture(&image, "a<b").unwrap().into_string();
        // The signature of PNG, and the beginning of its header.
        assert!(markup.contains("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAAAAA"), "{markup}");
        assert!(markup.contains(r#"width="3" height="1""#) && markup.contains("a&lt;b"), "{markup}");
        assert!(picture(&ndarray::Array3::zeros((0, 2, 2)), "").is_err());
        assert!(picture(&ndarray::Array3::zeros((1, 0, 2)), "").is_err());
    }
}
