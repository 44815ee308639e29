//! The precision in which a function works, where that is not the type of its inputs.

/// The coarsest rounding inside a function.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Precision {
    /// IEEE double precision, unit roundoff 2⁻⁵³.
    F64,
    /// IEEE single precision, 2⁻²⁴.
    F32,
    /// IEEE half precision, 2⁻¹¹; also the matrix units that keep ten bits of single precision.
    F16,
    /// The upper half of single precision, 2⁻⁸.
    BF16,
    /// 255 steps from −127 to 127: half a step is about 2⁻⁸ of the largest.
    Int8,
    /// Anything else: the largest relative error of one rounding, between 0 and 1/16.
    Unit(f64),
}

impl Precision {
    /// The largest relative error of one rounding.
    pub fn unit(self) -> f64 {
        match self {
            Precision::F64 => 2_f64.powi(-53),
            Precision::F32 => 2_f64.powi(-24),
            Precision::F16 => 2_f64.powi(-11),
            Precision::BF16 | Precision::Int8 => 2_f64.powi(-8),
            Precision::Unit(unit) => unit,
        }
    }
}

/// A unit as a power of two, with the format whose unit is within a factor of four.
pub(super) fn describe(unit: f64) -> String {
    let power = unit.log2();
    let formats = [(53.0, "f64"), (24.0, "f32"), (11.0, "f16"), (8.0, "bf16 or int8")];
    let near = formats.iter().find(|(bits, _)| (power + bits).abs() <= 2.0);
    let text = format!("2^{power:.0}").replace('-', "−");
    match near {
        // Between f16 and bf16 there are three bits: the nearer of the two.
        Some((11.0, _)) if power > -9.5 => format!("{text}, as of bf16 or int8"),
        Some((_, format)) => format!("{text}, as of {format}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named_by_their_units() {
        for (precision, name) in [
            (Precision::F64, "2^−53, as of f64"),
            (Precision::F32, "2^−24, as of f32"),
            (Precision::F16, "2^−11, as of f16"),
            (Precision::BF16, "2^−8, as of bf16 or int8"),
            (Precision::Unit(0.125_f64.powi(6)), "2^−18"),
        ] {
            assert_eq!(describe(precision.unit()), name);
        }
    }
}
