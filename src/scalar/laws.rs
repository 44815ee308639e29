//! The laws of the traits of scalars, as functions that every scalar's tests run on random elements.

use super::{Field, Lattice, Ring};

/// The laws of a commutative ring, at three elements and two integers.
pub fn ring<S: Ring>(a: S, b: S, c: S, m: i32, n: i32) {
    let [zero, one] = [S::zero(), S::one()];
    assert!(zero.is_zero());
    assert_eq!((a.clone() + b.clone()) + c.clone(), a.clone() + (b.clone() + c.clone()));
    assert_eq!(a.clone() + b.clone(), b.clone() + a.clone());
    assert_eq!(a.clone() + zero.clone(), a);
    assert_eq!(a.clone() + -a.clone(), zero);
    assert_eq!(a.clone() - b.clone(), a.clone() + -b.clone());
    assert_eq!((a.clone() * b.clone()) * c.clone(), a.clone() * (b.clone() * c.clone()));
    assert_eq!(a.clone() * b.clone(), b.clone() * a.clone());
    assert_eq!(a.clone() * one.clone(), a);
    assert_eq!(a.clone() * (b.clone() + c.clone()), a.clone() * b.clone() + a.clone() * c.clone());

    let mut in_place = a.clone();
    in_place.add_product(&b, &c);
    assert_eq!(in_place, a.clone() + b.clone() * c);
    let mut in_place = a.clone();
    in_place.add_in_place(&b);
    assert_eq!(in_place, a + b);

    let [m, n] = [m, n].map(i64::from);
    assert_eq!(S::from_integer(0), zero);
    assert_eq!(S::from_integer(1), one);
    assert_eq!(S::from_integer(m + n), S::from_integer(m) + S::from_integer(n));
    assert_eq!(S::from_integer(m * n), S::from_integer(m) * S::from_integer(n));
}

/// The laws of a field beyond those of a ring; `n` is not a multiple of the characteristic.
pub fn field<S: Field>(a: S, n: u32) {
    assert_eq!(S::zero().try_reciprocal(), None);
    match a.try_reciprocal() {
        Some(reciprocal) => {
            assert_eq!(reciprocal.clone() * a.clone(), S::one());
            assert_eq!(a.reciprocal(), reciprocal);
        }
        None => assert!(a.is_zero()),
    }
    assert_eq!(a.divide_by_integer(n.into()) * S::from_integer(n.into()), a);
}

/// The laws of the maximum.
pub fn lattice<S: Lattice>(a: S, b: S, c: S) {
    assert_eq!(a.maximum(&b).maximum(&c), a.maximum(&b.maximum(&c)));
    assert_eq!(a.maximum(&b), b.maximum(&a));
    assert_eq!(a.maximum(&a), a);
    assert_eq!(a.minimum(&b), -(-a.clone()).maximum(&-b));
    assert_eq!(a.relu(), a.maximum(&S::zero()));
}

/// Tests [`ring`] on the elements of a strategy.
macro_rules! exact_ring {
    ($elements:expr) => {
        proptest::proptest! {
            #[test]
            fn laws_of_a_ring(
                a in $elements, b in $elements, c in $elements,
                m in proptest::prelude::any::<i32>(), n in proptest::prelude::any::<i32>()
            ) {
                $crate::scalar::laws::ring(a, b, c, m, n);
            }
        }
    };
}

/// Tests [`ring`] and [`field`] on the elements of a strategy.
macro_rules! exact_field {
    ($elements:expr) => {
        $crate::scalar::laws::exact_ring!($elements);

        proptest::proptest! {
            #[test]
            fn laws_of_a_field(a in $elements, n in 1_u32..) {
                $crate::scalar::laws::field(a, n);
            }
        }
    };
}

/// Tests [`lattice`](fn@lattice) on the elements of a strategy.
macro_rules! lattice_laws {
    ($elements:expr) => {
        proptest::proptest! {
            #[test]
            fn laws_of_a_lattice(a in $elements, b in $elements, c in $elements) {
                $crate::scalar::laws::lattice(a, b, c);
            }
        }
    };
}

pub(crate) use {exact_field, exact_ring, lattice_laws as lattice};
