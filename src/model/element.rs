//! The number types of the standard: what their bits mean, and to which of their numbers a result is rounded.
//!
//! Every float type of at most 64 bits is a subset of `f64`, so that values are held as `f64` and types only
//! tell what a machine would have rounded to. Sources: IEEE 754-2019, tables 3.5 and 3.6; Micikevicius et
//! al., *FP8 Formats for Deep Learning* (2022); the ONNX pages *Float stored in 8 bits* and *Float stored in
//! 4 bits*.

use crate::onnx::message::DataType;

/// The type of the numbers of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// IEEE binary16.
    Float16,
    /// The upper half of a `Float32`.
    Bfloat16,
    /// IEEE binary32.
    Float32,
    /// IEEE binary64.
    Float64,
    /// Eight bits, four of them exponent; finite numbers and NaN.
    Float8E4M3Fn,
    /// As `Float8E4M3Fn`, of half the size, without −0.
    Float8E4M3Fnuz,
    /// Eight bits, five of them exponent.
    Float8E5M2,
    /// As `Float8E5M2`, of half the size, without −0 and infinities.
    Float8E5M2Fnuz,
    /// Four bits, two of them exponent; finite numbers only.
    Float4E2M1,
    /// Integers with a sign, of so many bits.
    Signed(u8),
    /// Integers without a sign, of so many bits.
    Unsigned(u8),
    /// True and false, which count as 1 and 0.
    Boolean,
}

use ElementType::{
    Bfloat16, Boolean, Float4E2M1, Float8E4M3Fn, Float8E4M3Fnuz, Float8E5M2, Float8E5M2Fnuz, Float16,
    Float32, Float64, Signed, Unsigned,
};

/// A binary float format: the parts that its decoding and rounding need.
struct Format {
    exponent_bits: u32,
    fraction_bits: u32,
    bias: i32,
    /// The greatest finite number.
    greatest: f64,
    /// Whether the highest exponent is that of infinities and NaN, as in IEEE 754.
    is_ieee: bool,
}

impl ElementType {
    pub(crate) fn of(kind: DataType) -> Option<Self> {
        Some(match kind {
            DataType::Float => Float32,
            DataType::Double => Float64,
            DataType::Float16 => Float16,
            DataType::Bfloat16 => Bfloat16,
            DataType::Float8e4m3fn => Float8E4M3Fn,
            DataType::Float8e4m3fnuz => Float8E4M3Fnuz,
            DataType::Float8e5m2 => Float8E5M2,
            DataType::Float8e5m2fnuz => Float8E5M2Fnuz,
            DataType::Float4e2m1 => Float4E2M1,
            DataType::Int2 => Signed(2),
            DataType::Uint2 => Unsigned(2),
            DataType::Int4 => Signed(4),
            DataType::Int8 => Signed(8),
            DataType::Int16 => Signed(16),
            DataType::Int32 => Signed(32),
            DataType::Int64 => Signed(64),
            DataType::Uint4 => Unsigned(4),
            DataType::Uint8 => Unsigned(8),
            DataType::Uint16 => Unsigned(16),
            DataType::Uint32 => Unsigned(32),
            DataType::Uint64 => Unsigned(64),
            DataType::Bool => Boolean,
            DataType::Undefined | DataType::String | DataType::Complex64 | DataType::Complex128 => {
                return None;
            }
        })
    }

    /// Whether the numbers are floats.
    pub fn is_float(self) -> bool {
        !matches!(self, Signed(_) | Unsigned(_) | Boolean)
    }

    /// The bits of a number in a file.
    pub(crate) fn bits(self) -> usize {
        match self {
            Signed(bits) | Unsigned(bits) => bits.into(),
            Float64 => 64,
            Float32 => 32,
            Float16 | Bfloat16 => 16,
            Float4E2M1 => 4,
            _ => 8,
        }
    }

    /// The relative error of one rounding, half a unit in the last place; 0 for integers.
    pub fn unit_roundoff(self) -> f64 {
        if self.is_float() { power(-(self.format().fraction_bits as i32 + 1)) } else { 0.0 }
    }

    /// The least positive number; 1 for integers.
    pub fn least_positive(self) -> f64 {
        if !self.is_float() {
            return 1.0;
        }
        let format = self.format();
        power(1 - format.bias - format.fraction_bits as i32)
    }

    /// The greatest finite number of a float type.
    pub(crate) fn greatest(self) -> f64 {
        self.format().greatest
    }

    fn format(self) -> Format {
        let (exponent_bits, fraction_bits, bias, greatest, is_ieee) = match self {
            Float16 => (5, 10, 15, 65504.0, true),
            Bfloat16 => (8, 7, 127, 255.0 * power(120), true),
            Float32 => (8, 23, 127, f64::from(f32::MAX), true),
            Float8E4M3Fn => (4, 3, 7, 448.0, false),
            Float8E4M3Fnuz => (4, 3, 8, 240.0, false),
            Float8E5M2 => (5, 2, 15, 57344.0, true),
            Float8E5M2Fnuz => (5, 2, 16, 57344.0, false),
            Float4E2M1 => (2, 1, 1, 6.0, false),
            Float64 | Signed(_) | Unsigned(_) | Boolean => (11, 52, 1023, f64::MAX, true),
        };
        Format { exponent_bits, fraction_bits, bias, greatest, is_ieee }
    }

    /// The number with these bits, of a float type.
    pub(crate) fn decode(self, bits: u64) -> f64 {
        match self {
            Float64 => return f64::from_bits(bits),
            Float32 => return f32::from_bits(bits as u32).into(),
            Float8E4M3Fnuz | Float8E5M2Fnuz if bits == 0x80 => return f64::NAN,
            Float8E4M3Fn if bits & 0x7f == 0x7f => return f64::NAN,
            _ => {}
        }
        let format = self.format();
        let fraction = (bits & ((1 << format.fraction_bits) - 1)) as f64;
        let highest = (1 << format.exponent_bits) - 1;
        let exponent = (bits >> format.fraction_bits) & highest;
        let scale = format.fraction_bits as i32;
        let magnitude = if exponent == highest && format.is_ieee {
            if fraction == 0.0 { f64::INFINITY } else { f64::NAN }
        } else if exponent == 0 {
            fraction * power(1 - format.bias - scale)
        } else {
            (power(scale) + fraction) * power(exponent as i32 - format.bias - scale)
        };
        let is_negative = bits >> (format.exponent_bits + format.fraction_bits) & 1 == 1;
        if is_negative { -magnitude } else { magnitude }
    }

    /// The number of this type that is nearest, of two the even one; integers wrap, as machines have it.
    /// Beyond the greatest number lies infinity, NaN where the type has none.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Float64 => return value,
            Float32 => return f64::from(value as f32),
            Boolean => return if value == 0.0 { 0.0 } else { 1.0 },
            Signed(_) | Unsigned(_) => return self.wrap_float(value),
            _ => {}
        }
        let format = self.format();
        if value.is_nan() && self == Float4E2M1 {
            // It has no NaN; this is what machines make of it.
            return -0.0;
        }
        if value == 0.0 || value.is_nan() || value.is_infinite() && format.is_ieee {
            return value;
        }
        if value.is_infinite() {
            return if self == Float4E2M1 { format.greatest.copysign(value) } else { f64::NAN };
        }
        let exponent = exponent(value).max(1 - format.bias);
        let unit = power(exponent - format.fraction_bits as i32);
        let rounded = (value / unit).round_ties_even() * unit;
        if rounded.abs() <= format.greatest {
            rounded
        } else if format.is_ieee {
            f64::INFINITY.copysign(rounded)
        } else if self == Float4E2M1 {
            format.greatest.copysign(rounded)
        } else {
            f64::NAN
        }
    }

    /// The integer of this type that is equal modulo 2ᵇⁱᵗˢ; 0 or 1 of a boolean; of a float type the number
    /// itself.
    pub(crate) fn wrap(self, value: i128) -> i128 {
        let modulus = |bits: u8| 1_i128 << bits;
        match self {
            Signed(bits) => {
                let half = modulus(bits) / 2;
                (value + half).rem_euclid(modulus(bits)) - half
            }
            Unsigned(bits) => value.rem_euclid(modulus(bits)),
            Boolean => i128::from(value != 0),
            _ => value,
        }
    }

    fn wrap_float(self, value: f64) -> f64 {
        // All floats from here on are multiples of 2⁶⁴: to wrap them would be to invent numbers.
        if value.abs() < power(100) { self.wrap(value as i128) as f64 } else { value }
    }

    /// The least and the greatest integer of the type.
    pub(crate) fn integer_range(self) -> (i128, i128) {
        match self {
            Signed(bits) => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            Unsigned(bits) => (0, (1_i128 << bits) - 1),
            Boolean => (0, 1),
            _ => (i128::MIN, i128::MAX),
        }
    }

    /// The name in the standard's own files.
    pub fn name(self) -> &'static str {
        match self {
            Float16 => "float16",
            Bfloat16 => "bfloat16",
            Float32 => "float32",
            Float64 => "float64",
            Float8E4M3Fn => "float8e4m3fn",
            Float8E4M3Fnuz => "float8e4m3fnuz",
            Float8E5M2 => "float8e5m2",
            Float8E5M2Fnuz => "float8e5m2fnuz",
            Float4E2M1 => "float4e2m1",
            Signed(2) => "int2",
            Unsigned(2) => "uint2",
            Signed(4) => "int4",
            Signed(8) => "int8",
            Signed(16) => "int16",
            Signed(32) => "int32",
            Signed(_) => "int64",
            Unsigned(4) => "uint4",
            Unsigned(8) => "uint8",
            Unsigned(16) => "uint16",
            Unsigned(32) => "uint32",
            Unsigned(_) => "uint64",
            Boolean => "bool",
        }
    }
}

/// 2ⁿ for n from −1074 to 1023.
fn power(n: i32) -> f64 {
    2.0_f64.powi(n.max(-1022)) * 2.0_f64.powi((n + 1022).min(0))
}

/// The exponent of a finite number that is not zero: 2ᵉ ≤ |value| < 2ᵉ⁺¹; at least −1023.
fn exponent(value: f64) -> i32 {
    (value.to_bits() >> 52 & 0x7ff) as i32 - 1023
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_the_numbers_of_the_tables() {
        let landmarks = [
            (Float16, 0x3c01, 1.0 + power(-10)),
            (Float16, 0xfbff, -65504.0),
            (Float16, 0x0001, power(-24)),
            (Bfloat16, 0xc049, -3.140_625),
            (Float8E4M3Fn, 0x7e, 448.0),
            (Float8E4M3Fn, 0x01, power(-9)),
            (Float8E4M3Fnuz, 0x7f, 240.0),
            (Float8E5M2, 0x7b, 57344.0),
            (Float8E5M2, 0xfc, f64::NEG_INFINITY),
            (Float8E5M2Fnuz, 0x7f, 57344.0),
            (Float4E2M1, 0x7, 6.0),
            (Float4E2M1, 0x9, -0.5),
            (Float32, 0x0000_0001, power(-149)),
        ];
        for (kind, bits, expected) in landmarks {
            assert_eq!(kind.decode(bits), expected, "{} {bits:#x}", kind.name());
        }
        assert!(Float8E4M3Fn.decode(0xff).is_nan() && Float8E5M2Fnuz.decode(0x80).is_nan());
    }

    /// Every number rounds to itself, and what lies in the middle of two neighbours to the even one.
    #[test]
    fn rounding_gives_the_nearest_number() {
        for (kind, count) in [(Float16, 0x7bff), (Bfloat16, 0x7f7f), (Float8E4M3Fn, 0x7d), (Float8E5M2, 0x7a)]
        {
            for bits in 0..count {
                let (low, high) = (kind.decode(bits), kind.decode(bits + 1));
                assert_eq!((kind.round(low), kind.round(-high)), (low, -high));
                let even = if bits % 2 == 0 { low } else { high };
                assert_eq!(kind.round((low + high) / 2.0), even, "{} {bits:#x}", kind.name());
            }
        }
        assert_eq!(Float16.round(65520.0), f64::INFINITY);
        assert_eq!(Float32.round(1.0 + power(-24)), 1.0);
    }

    #[test]
    fn integers_wrap() {
        assert_eq!((Signed(8).wrap(200), Unsigned(8).wrap(-1), Boolean.wrap(-3)), (-56, 255, 1));
        assert_eq!(Signed(64).wrap(1 << 63), -(1 << 63));
        assert_eq!(Unsigned(64).integer_range(), (0, (1 << 64) - 1));
    }
}
