use num_traits::One;
use proptest::prelude::*;

use super::*;
use crate::scalar::trees::{Tree, algebraic, transcendental};
use crate::scalar::{Goldilocks, laws};

const NAMES: [&str; 3] = ["x", "y", "z"];

fn variables() -> [Symbolic; 3] {
    NAMES.map(Symbolic::variable)
}

/// The value of a variable, by its place among the names.
fn at<S: Clone>(point: &[S]) -> impl Fn(&str) -> S {
    move |name| point[NAMES.iter().position(|known| *known == name).unwrap()].clone()
}

/// Expressions that exist: those that do not divide by the expression 0.
fn expressions() -> impl Strategy<Value = Symbolic> {
    transcendental(3).prop_filter_map("no division by zero", |tree| tree.value(&variables()))
}

fn polynomials() -> impl Strategy<Value = Symbolic> {
    let term = (-3_i64..4, prop::array::uniform3(0_usize..3)).prop_map(|(coefficient, exponents)| {
        let powers = variables().into_iter().zip(exponents).map(|(x, exponent)| num_traits::pow(x, exponent));
        powers.fold(Symbolic::constant(coefficient), |product, power| product * power)
    });
    prop::collection::vec(term, 0..5)
        .prop_map(|terms| terms.into_iter().fold(Symbolic::zero(), |sum, t| sum + t))
}

/// Over GF(p), roots and maxima of constants mean what they say for integers that are small.
fn constants_inside_functions_are_small_integers(tree: &Tree) -> bool {
    let small = |part: &&Tree| match part.value(&variables()).and_then(|value| value.as_constant()) {
        Some(number) => number.is_integer() && number.abs() < Rational::from(1 << 31),
        None => true,
    };
    std::iter::once(tree).chain(tree.parts()).all(|part| match part {
        Tree::Maximum(_) | Tree::Function(..) => part.parts().iter().all(small),
        _ => true,
    })
}

laws::exact_ring!(expressions());
laws::lattice!(expressions());

proptest! {
    #[test]
    fn evaluation_is_a_homomorphism_to_the_finite_field(
        tree in transcendental(3),
        point in prop::array::uniform3(any::<i64>().prop_map(Goldilocks::from)),
    ) {
        prop_assume!(constants_inside_functions_are_small_integers(&tree));
        let (Some(expression), Some(direct)) = (tree.value(&variables()), tree.value(&point)) else {
            return Ok(());
        };
        prop_assert_eq!(expression.evaluate(&at(&point)), direct, "{}", expression);
    }

    // Substituting constants evaluates in the rational numbers, the ring, the maximum and reciprocals.
    #[test]
    fn evaluation_is_a_homomorphism_to_the_rational_numbers(
        tree in algebraic(3),
        point in prop::array::uniform3((-9_i64..10, 1_i64..5).prop_map(|(n, d)| Rational::new(n, d))),
    ) {
        let no_functions = |_, _: &Rational| unreachable!("the tree is algebraic");
        let direct = tree.value_with(&point, no_functions);
        let (Some(expression), Some(direct)) = (tree.value(&variables()), direct) else {
            return Ok(());
        };
        let substituted = expression.evaluate(&at(&point.map(Symbolic::constant)));
        prop_assert_eq!(substituted.as_constant(), Some(direct), "{}", expression);
    }

    #[test]
    fn an_expression_in_its_own_variables_is_itself(expression in expressions()) {
        prop_assert_eq!(expression.evaluate(&|name: &str| Symbolic::variable(name)), expression);
    }

    #[test]
    fn different_polynomials_differ_somewhere(
        a in polynomials(),
        b in polynomials(),
        point in prop::array::uniform3(any::<u64>().prop_map(Goldilocks::new)),
    ) {
        // A random point is no zero of a − b, of degree at most 6, but with probability 12/p: residues of 64
        // bits are at most twice as likely as others (J. Schwartz, 1980). A point of a fixed line would not
        // do: polynomials vanish on it.
        let agree = a.evaluate(&at(&point)) == b.evaluate(&at(&point));
        prop_assert_eq!(agree, a == b, "{} and {}", a, b);
    }

    #[test]
    fn the_order_of_building_does_not_matter(
        terms in prop::collection::vec(polynomials(), 0..6).prop_flat_map(|t| (Just(t.clone()), Just(t).prop_shuffle()))
    ) {
        let (forward, shuffled) = terms;
        let sum = |terms: &[Symbolic]| terms.iter().cloned().fold(Symbolic::zero(), |sum, term| sum + term);
        let maximum = |terms: &[Symbolic]| terms.iter().fold(Symbolic::zero(), |max, term| max.maximum(term));
        prop_assert_eq!(sum(&forward), sum(&shuffled));
        prop_assert_eq!(maximum(&forward).to_string(), maximum(&shuffled).to_string());
        prop_assert_eq!(maximum(&forward), maximum(&shuffled));
    }

    #[test]
    fn linear_coefficients_give_the_map_back(expression in expressions()) {
        let x = Symbolic::variable("x");
        let coefficients = expression.linear_coefficients(|name| name == "x");
        if let Some(coefficients) = &coefficients {
            let sum = coefficients.iter().map(|(name, c)| Symbolic::variable(name.as_str()) * c.clone());
            prop_assert_eq!(sum.fold(Symbolic::zero(), |sum, term| sum + term), expression.clone());
            prop_assert!(coefficients.values().all(|c| !c.variables_used().contains("x")));
        }
        // Linear in x by construction, if nothing of x is left in the coefficient.
        let free = !expression.variables_used().contains("x");
        let product = (expression.clone() * x).linear_coefficients(|name| name == "x");
        prop_assert_eq!(product.is_some(), free || expression.is_zero());
    }
}

#[test]
fn what_is_known_of_functions() {
    let [x, y, z] = variables();
    assert_eq!(x.maximum(&y).maximum(&z.maximum(&x)), z.maximum(&y).maximum(&x));
    assert_eq!(
        x.relu().maximum(&Symbolic::constant(-3)).maximum(&Symbolic::constant(2)),
        x.maximum(&Symbolic::constant(2))
    );
    assert_eq!(Symbolic::constant(3).minimum(&Symbolic::constant(-5)), Symbolic::constant(-5));
    assert_eq!(Symbolic::constant(4).reciprocal().square_root(), Symbolic::constant(Rational::new(1, 2)));
    assert_eq!((x.clone() - x.clone()).exponential(), Symbolic::one());
    assert_eq!(Symbolic::zero().try_reciprocal(), None);
    for opaque in [x.reciprocal(), Symbolic::constant(2).square_root(), Symbolic::constant(1).exponential()] {
        assert!(!opaque.is_polynomial() && opaque.as_constant().is_none());
    }
    assert_ne!(x.reciprocal() * x.clone(), Symbolic::one());
    assert_ne!(x.square_root() * x.square_root(), x);
}

#[test]
fn counts_and_names() {
    let [x, y, z] = variables();
    let expression =
        x.clone() * x.clone() * y.clone() + (y.clone() + z.exponential()).relu() - Symbolic::one();
    assert_eq!((expression.terms(), expression.degree()), (3, 3));
    assert_eq!(expression.variables_used().into_iter().collect::<Vec<_>>(), NAMES);
    assert!(!expression.is_polynomial() && (x.clone() * y.clone()).is_polynomial());
    assert_eq!((Symbolic::zero().terms(), Symbolic::zero().degree()), (0, 0));
    assert_eq!((x + y).as_constant(), None);
}

#[test]
fn maps_that_are_not_linear_have_no_coefficients() {
    let [x, y, w] = ["x", "y", "w"].map(Symbolic::variable);
    let not_linear = [
        x.clone() * y.clone(),
        x.clone() * x.clone(),
        x.clone() + Symbolic::one(),
        x.relu(),
        w.clone() * x.exponential(),
    ];
    for map in not_linear {
        assert_eq!(map.linear_coefficients(|name| name != "w"), None, "{map}");
    }
    let map = w.clone() * w.clone() * x.clone() + w.relu() * x + y;
    let coefficients = map.linear_coefficients(|name| name != "w").unwrap();
    assert_eq!(coefficients["x"], w.clone() * w.clone() + w.relu());
    assert_eq!(coefficients["y"], Symbolic::one());
}

#[test]
fn printed_as_people_write() {
    let [w, x] = [Symbolic::variables("w", &[1, 2]), Symbolic::variables("x", &[11])];
    let (w, x) = (|i: usize| w[[0, i]].clone(), |i: usize| x[[i]].clone());
    let number = |n: i64| Symbolic::constant(n);
    let half = Symbolic::constant(Rational::new(-1, 2));
    for (expression, expected) in [
        (number(3) * (x(0) - number(1)).relu() + x(2) * w(1), "w[0,1]·x[2] + 3·relu(x[0] − 1)"),
        (x(10) + x(2) - x(1), "−x[1] + x[2] + x[10]"),
        (Symbolic::zero(), "0"),
        (number(-7), "−7"),
        (half.clone() * x(0) + half, "−1/2·x[0] − 1/2"),
        (x(0) * x(1) + x(1) * x(1) + x(0) * x(0), "x[0]² + x[0]·x[1] + x[1]²"),
        (num_traits::pow(x(0), 12), "x[0]¹²"),
        ((x(1) + x(0)).reciprocal() * x(3) - number(1), "x[3]·1/(x[0] + x[1]) − 1"),
        (x(3).square_root().exponential(), "exp(√(x[3]))"),
        (x(10).maximum(&x(9)).maximum(&number(2)), "max(x[9], x[10], 2)"),
        (x(1).maximum(&x(0)).relu(), "max(x[0], x[1], 0)"),
        (x(1).minimum(&x(0)), "−max(−x[0], −x[1])"),
        (Symbolic::variables("b", &[])[[]].clone(), "b"),
    ] {
        assert_eq!(expression.to_string(), expected);
        assert_eq!(format!("{expression:?}"), expected);
    }
}

/// Each level has the one below twice: a walk that forgot where it has been would take 2⁶⁰ steps.
#[test]
fn what_is_shared_is_visited_once() {
    let grow = |level: &Goldilocks| level.exponential() + level.square_root();
    let (mut expression, mut value) = (Symbolic::variable("x"), Goldilocks::from(2));
    for _ in 0..60 {
        expression = expression.exponential() + expression.square_root();
        value = grow(&value);
    }
    assert_eq!(expression.variables_used().into_iter().collect::<Vec<_>>(), ["x"]);
    assert_eq!(expression.evaluate(&|_| Goldilocks::from(2)), value);
}

#[test]
fn a_long_bilinear_sum() {
    let [x, y] = ["x", "y"].map(|name| Symbolic::variables(name, &[60]));
    let mut sum = Symbolic::zero();
    for a in &x {
        for b in &y {
            sum.add_product(a, b);
        }
    }
    assert_eq!(sum.terms(), 3600);
    let [x, y] = [x, y].map(|array| array.iter().cloned().fold(Symbolic::zero(), |sum, term| sum + term));
    assert_eq!(sum - x * y, Symbolic::zero());
}

#[test]
#[should_panic(expected = "an exponent below 2³²")]
fn exponents_do_not_overflow() {
    let huge = (0..31).fold(Symbolic::variable("x"), |power, _| power.clone() * power);
    drop(huge.clone() * huge);
}

#[test]
fn interning_is_the_same_from_every_thread() {
    let build = || {
        let x = Symbolic::variables("threads", &[50]);
        x.iter().fold(Symbolic::zero(), |max, x| max.maximum(&x.exponential()))
    };
    let threads = [(); 4].map(|()| std::thread::spawn(build));
    for thread in threads {
        assert_eq!(thread.join().unwrap(), build());
    }
}
