//! `i64` and `i128` as rings, for exact small examples.

use super::{Lattice, Ring};

macro_rules! integer_scalar {
    ($integer:ty) => {
        impl Ring for $integer {
            fn from_integer(n: i64) -> Self {
                n.into()
            }
        }

        impl Lattice for $integer {
            fn maximum(&self, other: &Self) -> Self {
                (*self).max(*other)
            }
        }
    };
}

integer_scalar!(i64);
integer_scalar!(i128);
