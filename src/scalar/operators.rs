//! The operators that [`Ring`](super::Ring) asks for, written once for all scalars of this crate.

/// Implements `Add`, `Sub`, `Mul`, `Neg`, `Zero` and `One`; `a − b` is `a + (−b)`.
macro_rules! ring_operators {
    (
        impl$([$($generics:tt)+])? for $scalar:ty;
        zero = $zero:expr;
        is_zero = |$z:ident| $is_zero:expr;
        one = $one:expr;
        add = |$a:ident, $b:ident| $add:expr;
        multiply = |$c:ident, $d:ident| $multiply:expr;
        negate = |$n:ident| $negate:expr;
    ) => {
        impl$(<$($generics)+>)? std::ops::Add for $scalar {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                let ($a, $b) = (self, other);
                $add
            }
        }

        impl$(<$($generics)+>)? std::ops::Sub for $scalar {
            type Output = Self;

            fn sub(self, other: Self) -> Self {
                self + -other
            }
        }

        impl$(<$($generics)+>)? std::ops::Mul for $scalar {
            type Output = Self;

            fn mul(self, other: Self) -> Self {
                let ($c, $d) = (self, other);
                $multiply
            }
        }

        impl$(<$($generics)+>)? std::ops::Neg for $scalar {
            type Output = Self;

            fn neg(self) -> Self {
                let $n = self;
                $negate
            }
        }

        impl$(<$($generics)+>)? num_traits::Zero for $scalar {
            fn zero() -> Self {
                $zero
            }

            fn is_zero(&self) -> bool {
                let $z = self;
                $is_zero
            }
        }

        impl$(<$($generics)+>)? num_traits::One for $scalar {
            fn one() -> Self {
                $one
            }
        }
    };
}

pub(crate) use ring_operators;
