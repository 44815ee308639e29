//! `i64` and `i128` as rings, for exact small examples.
//!
//! The operators are those of Rust: arithmetic modulo a power of two, or a panic where overflow is checked.

use super::{Lattice, Ring};

macro_rules! integer_scalar {
    ($integer:ident) => {
        /// Where overflow is not checked (the release profile), arithmetic modulo a power of two, which is a
        /// commutative ring with `from_integer` as its homomorphism: identities of polynomials hold, and a
        /// result that fits is right even if an intermediate one did not fit. Where overflow is checked (the
        /// debug profile), it panics instead. For exact numbers of any size there is
        /// [`Rational`](super::Rational).
        impl Ring for $integer {
            fn from_integer(n: i64) -> Self {
                n.into()
            }

            fn add_product(&mut self, a: &Self, b: &Self) {
                *self += a * b;
            }

            fn add_in_place(&mut self, a: &Self) {
                *self += a;
            }
        }

        /// The maximum of representatives, which means what it says as long as nothing has overflowed.
        impl Lattice for $integer {
            fn maximum(&self, other: &Self) -> Self {
                *self.max(other)
            }

            // Not −max(−a, −b), for the least integer has no negative.
            fn minimum(&self, other: &Self) -> Self {
                *self.min(other)
            }
        }
    };
}

integer_scalar!(i64);
integer_scalar!(i128);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::laws;

    // The images of i32 and their products fit in 64 bits, products of three elements below 2²⁰ too.
    mod narrow {
        use super::laws;

        laws::exact_ring!(-(1_i64 << 20)..1 << 20);
        laws::lattice!(-(1_i64 << 20)..1 << 20);
    }

    mod wide {
        use super::laws;

        laws::exact_ring!(-(1_i128 << 40)..1 << 40);
        laws::lattice!(-(1_i128 << 40)..1 << 40);
    }

    #[test]
    fn the_least_integer_has_a_minimum() {
        assert_eq!(i64::MIN.minimum(&0), i64::MIN);
        assert_eq!(i128::MIN.minimum(&1), i128::MIN);
    }
}
