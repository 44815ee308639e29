//! Numbers of sixteen bits, as files have them, as the `f32` that each of them is. Every conversion is exact.
//!
//! Sources: IEEE 754-2019, table 3.5 (binary16); bfloat16 is the upper half of binary32.

/// The number of a binary16: one bit of sign, five of exponent, ten of fraction.
#[cfg(any(feature = "files", feature = "train"))]
pub(crate) fn from_binary16(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Subnormal: no leading one.
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// The number of a bfloat16.
#[cfg(feature = "files")]
pub(crate) fn from_bfloat16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(all(test, feature = "files"))]
mod tests {
    use super::*;

    /// Landmarks of the standard, and the order of all numbers between them: each step is one unit in the
    /// last place.
    #[test]
    fn every_binary16_is_its_number() {
        let landmarks = [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0x3c01, 1.000_976_6),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, expected) in landmarks {
            assert_eq!(from_binary16(bits), expected, "{bits:#x}");
            assert_eq!(from_binary16(bits | 0x8000).to_bits(), (-expected).to_bits(), "{bits:#x}");
        }
        for bits in 0..0x7bff_u16 {
            let step = from_binary16(bits + 1) - from_binary16(bits);
            let exponent = i32::from((bits >> 10).max(1)) - 25;
            assert_eq!(step, 2.0_f32.powi(exponent), "{bits:#x}");
        }
        assert!((0x7c01..=0x7fff).all(|bits| from_binary16(bits).is_nan()));
    }

    #[test]
    fn a_bfloat16_is_the_upper_half_of_a_float() {
        for (bits, expected) in [(0x3f80, 1.0), (0xc049, -3.140_625), (0x0001, f32::from_bits(1 << 16))] {
            assert_eq!(from_bfloat16(bits), expected);
        }
        assert!(from_bfloat16(0x7fc0).is_nan());
    }
}
