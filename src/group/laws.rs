//! The laws of groups and actions as generic functions, for tests, the catalogue, and groups of your own.
//!
//! A law over elements is checked on every tuple where that is cheap (order at most [`EXHAUSTIVE_ORDER`]),
//! else on a seeded sample. Each function returns how many cases it checked, or the first violation.

use std::fmt::Debug;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::{Action, FiniteGroup, Group, Subgroup};

/// Groups of at most this order are checked on all triples of elements: 48³ ≈ 10⁵ of them.
pub const EXHAUSTIVE_ORDER: u128 = 48;

/// How many elements are sampled from larger groups; all triples of them are checked.
pub const SAMPLED_ELEMENTS: usize = 24;

/// What a law was checked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The number of equations that were compared.
    pub cases: u64,
    /// Whether they are all there are.
    pub exhaustive: bool,
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{group} breaks {law} at {}: {left} ≠ {right}", elements.join(", "))]
pub struct LawViolation {
    /// The name of the group.
    pub group: String,
    /// The law, as an equation.
    pub law: &'static str,
    /// The elements at which it fails, in the order of the law's letters.
    pub elements: Vec<String>,
    /// The left-hand side of the equation.
    pub left: String,
    /// The right-hand side of the equation.
    pub right: String,
}

/// Counts equations and stops at the first that fails.
pub(super) struct Checker<'a, G: Group> {
    group: &'a G,
    cases: u64,
}

impl<'a, G: Group> Checker<'a, G> {
    pub(super) fn new(group: &'a G) -> Self {
        Self { group, cases: 0 }
    }

    pub(super) fn equal<T: PartialEq>(
        &mut self,
        law: &'static str,
        elements: &[&G::Element],
        left: &T,
        right: &T,
        show: impl Fn(&T) -> String,
    ) -> Result<(), LawViolation> {
        self.cases += 1;
        if left == right {
            return Ok(());
        }
        Err(LawViolation {
            group: self.group.name(),
            law,
            elements: elements.iter().map(ToString::to_string).collect(),
            left: show(left),
            right: show(right),
        })
    }

    pub(super) fn checked(&self, exhaustive: bool) -> Checked {
        Checked { cases: self.cases, exhaustive }
    }
}

/// The identity, inverses, associativity and closure on all tuples of these elements.
///
/// # Errors
/// The first violation.
pub fn check_group_laws_on<G: Group>(group: &G, elements: &[G::Element]) -> Result<Checked, LawViolation> {
    let identity = group.identity();
    let mut check = Checker::new(group);
    let show = |a: &G::Element| a.to_string();
    for a in elements {
        let inverse = group.inverse(a);
        check.equal("e · a = a", &[a], &group.compose(&identity, a), a, show)?;
        check.equal("a · e = a", &[a], &group.compose(a, &identity), a, show)?;
        check.equal("a⁻¹ · a = e", &[a], &group.compose(&inverse, a), &identity, show)?;
        check.equal("a · a⁻¹ = e", &[a], &group.compose(a, &inverse), &identity, show)?;
        for b in elements {
            let ab = group.compose(a, b);
            let contained = group.contains(&ab);
            check.equal("a · b is an element", &[a, b], &contained, &true, bool::to_string)?;
            for c in elements {
                let left = group.compose(&ab, c);
                let right = group.compose(a, &group.compose(b, c));
                check.equal("(a · b) · c = a · (b · c)", &[a, b, c], &left, &right, show)?;
            }
        }
    }
    Ok(check.checked(false))
}

/// The laws of a group, on sampled elements.
///
/// # Errors
/// The first violation.
pub fn check_sampled_group_laws<G: Group>(group: &G, seed: u64) -> Result<Checked, LawViolation> {
    check_group_laws_on(group, &sampled_elements(group, seed))
}

/// The laws of a finite group, with its numbering: on every element where the group is small, else on sampled
/// ones.
///
/// # Errors
/// The first violation.
pub fn check_group_laws<G: FiniteGroup>(group: &G, seed: u64) -> Result<Checked, LawViolation> {
    let (elements, exhaustive) = representative_elements(group, seed);
    let laws = check_group_laws_on(group, &elements)?;
    let numbering = check_numbering_on(group, &elements)?;
    Ok(Checked { cases: laws.cases + numbering.cases, exhaustive })
}

/// The identity is number 0, elements are members, and `index` and `element` are inverse to each other.
fn check_numbering_on<G: FiniteGroup>(group: &G, elements: &[G::Element]) -> Result<Checked, LawViolation> {
    let mut check = Checker::new(group);
    let show = |a: &G::Element| a.to_string();
    check.equal("element(0) = e", &[], &group.element(0), &group.identity(), show)?;
    for a in elements {
        let index = group.index(a);
        check.equal("index(a) < order", &[a], &(index < group.order()), &true, bool::to_string)?;
        check.equal("element(index(a)) = a", &[a], &group.element(index), a, show)?;
        check.equal("a is an element", &[a], &group.contains(a), &true, bool::to_string)?;
    }
    Ok(check.checked(false))
}

/// The laws of an action on one value: `e ▷ x = x` and `(a · b) ▷ x = a ▷ (b ▷ x)` for all pairs of these
/// elements.
///
/// # Errors
/// The first violation.
pub fn check_action_laws_on<G: Group, X: PartialEq + Debug>(
    group: &G,
    action: &impl Action<G, X>,
    elements: &[G::Element],
    x: &X,
) -> Result<Checked, LawViolation> {
    let mut check = Checker::new(group);
    let show = |x: &X| format!("{x:?}");
    check.equal("e ▷ x = x", &[], &action.act(group, &group.identity(), x), x, show)?;
    for b in elements {
        let moved = action.act(group, b, x);
        for a in elements {
            let left = action.act(group, &group.compose(a, b), x);
            let right = action.act(group, a, &moved);
            check.equal("(a · b) ▷ x = a ▷ (b ▷ x)", &[a, b], &left, &right, show)?;
        }
    }
    Ok(check.checked(false))
}

/// The laws of an action of a finite group on one value: for every pair of elements where the group is small,
/// else for sampled ones.
///
/// # Errors
/// The first violation.
pub fn check_action_laws<G: FiniteGroup, X: PartialEq + Debug>(
    group: &G,
    action: &impl Action<G, X>,
    x: &X,
    seed: u64,
) -> Result<Checked, LawViolation> {
    let (elements, exhaustive) = representative_elements(group, seed);
    let checked = check_action_laws_on(group, action, &elements, x)?;
    Ok(Checked { exhaustive, ..checked })
}

/// Every element of a small group, else a sample with the generators; and whether that is all.
#[must_use]
pub fn representative_elements<G: FiniteGroup>(group: &G, seed: u64) -> (Vec<G::Element>, bool) {
    if group.order() <= EXHAUSTIVE_ORDER {
        (group.elements().collect(), true)
    } else {
        (sampled_elements(group, seed), false)
    }
}

/// The generators, and [`SAMPLED_ELEMENTS`] random elements.
#[must_use]
pub fn sampled_elements<G: Group>(group: &G, seed: u64) -> Vec<G::Element> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut elements = group.generators();
    elements.extend((0..SAMPLED_ELEMENTS).map(|_| group.sample(&mut random)));
    elements
}

/// The order of the subgroup that the group's own generators generate: the order of the group, if they are
/// right. Visits every element.
#[must_use]
pub fn generated_order<G: FiniteGroup>(group: &G) -> u128 {
    Subgroup::generated_by(group, &group.generators()).order()
}

/// The order of an element: the smallest n > 0 with aⁿ = e.
#[must_use]
pub fn order_of<G: FiniteGroup>(group: &G, a: &G::Element) -> u128 {
    let identity = group.identity();
    let powers = std::iter::successors(Some(a.clone()), |power| Some(group.compose(power, a)));
    1 + powers.take_while(|power| *power != identity).count() as u128
}

/// Whether the generators, and so all elements, commute.
#[must_use]
pub fn is_abelian<G: FiniteGroup>(group: &G) -> bool {
    let generators = group.generators();
    let commute = |a, b| group.compose(a, b) == group.compose(b, a);
    generators.iter().all(|a| generators.iter().all(|b| commute(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{
        C4, CyclicTranslations, D4, Hyperoctahedral, IntegerTranslations, PlaneRotations, Product,
        RealTranslations, Reflection, Rotation, Semidirect, Symmetric, Translation, Trivial, p4, p4m,
    };

    /// The laws of a finite group, its generators, its order, and how its identity is written.
    fn assert_finite_group<G: FiniteGroup>(group: &G, order: u128) {
        match check_group_laws(group, 0) {
            Ok(checked) => assert_eq!(checked.exhaustive, order <= EXHAUSTIVE_ORDER),
            Err(violation) => panic!("{violation}"),
        }
        assert_eq!(group.order(), order, "{}", group.name());
        assert_eq!(generated_order(group), order, "{}", group.name());
        assert_eq!(group.elements().collect::<std::collections::HashSet<_>>().len() as u128, order);
        assert_eq!(group.identity().to_string(), "Id");
    }

    macro_rules! finite_groups {
        ($($name:ident: $group:expr, $order:expr;)*) => {
            $(#[test]
            fn $name() {
                assert_finite_group(&$group, $order);
            })*
        };
    }

    fn symmetric(points: usize) -> Symmetric {
        Symmetric::new(points).expect("few points")
    }

    finite_groups! {
        trivial: Trivial, 1;
        reflection: Reflection, 2;
        quarter_turns: C4, 4;
        square: D4, 8;
        b1: Hyperoctahedral::<1>, 2;
        b2: Hyperoctahedral::<2>, 8;
        b3: Hyperoctahedral::<3>, 48;
        cyclic_one_point: CyclicTranslations::new([1]), 1;
        cyclic_5: CyclicTranslations::new([5]), 5;
        cyclic_4_by_6: CyclicTranslations::new([4, 6]), 24;
        cyclic_2_by_3_by_4: CyclicTranslations::new([2, 3, 4]), 24;
        cyclic_30_by_40: CyclicTranslations::new([30, 40]), 1200;
        symmetric_0: symmetric(0), 1;
        symmetric_1: symmetric(1), 1;
        symmetric_2: symmetric(2), 2;
        symmetric_4: symmetric(4), 24;
        symmetric_6: symmetric(6), 720;
        product_of_squares_and_permutations: Product::new(D4, symmetric(3)), 48;
        product_of_three: Product::new(C4, Product::new(Reflection, Trivial)), 8;
        p4_of_3: p4(3), 36;
        p4_of_4: p4(4), 64;
        p4m_of_1: p4m(1), 8;
        p4m_of_2: p4m(2), 32;
        p4m_of_5: p4m(5), 200;
        dihedral_of_7: Semidirect::new(CyclicTranslations::new([7]), Reflection).expect("always acts"), 14;
        cube: Semidirect::new(CyclicTranslations::new([3; 3]), Hyperoctahedral::<3>).expect("a cube"), 1296;
    }

    #[test]
    fn infinite_groups() {
        for seed in 0..8 {
            let checks = [
                check_sampled_group_laws(&IntegerTranslations::<1>, seed),
                check_sampled_group_laws(&IntegerTranslations::<3>, seed),
                check_sampled_group_laws(&RealTranslations, seed),
                check_sampled_group_laws(&PlaneRotations, seed),
            ];
            for check in checks {
                assert_eq!(check.map(|checked| checked.exhaustive), Ok(false));
            }
        }
        let continuous = [RealTranslations.identity().to_string(), PlaneRotations.identity().to_string()];
        assert_eq!(continuous, ["Id", "Id"]);
    }

    #[test]
    fn all_triples_of_a_small_group_are_checked() {
        // Of 4 elements: 4·4 equations each, 4² of closure, 4³ of associativity, then 1 + 3·4 of numbering.
        let cases = 16 + 16 + 64 + 13;
        assert_eq!(check_group_laws(&C4, 0), Ok(Checked { cases, exhaustive: true }));
    }

    /// Z_5 with another product or inverse.
    #[derive(Clone, Debug)]
    struct Altered(fn(i64, i64) -> i64, fn(i64) -> i64);

    fn z5() -> CyclicTranslations<1> {
        CyclicTranslations::new([5])
    }

    impl Group for Altered {
        type Element = Translation<1>;

        fn name(&self) -> String {
            "altered Z_5".into()
        }

        fn identity(&self) -> Self::Element {
            Translation::ZERO
        }

        fn compose(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
            z5().translation([(self.0)(a.0[0], b.0[0])])
        }

        fn inverse(&self, a: &Self::Element) -> Self::Element {
            z5().translation([(self.1)(a.0[0])])
        }

        fn generators(&self) -> Vec<Self::Element> {
            z5().generators()
        }

        fn contains(&self, a: &Self::Element) -> bool {
            z5().contains(a)
        }

        fn sample<R: rand::Rng + ?Sized>(&self, random: &mut R) -> Self::Element {
            z5().sample(random)
        }
    }

    #[test]
    fn broken_groups_are_refused() {
        let broken_law = |product, inverse| {
            check_sampled_group_laws(&Altered(product, inverse), 0).err().map(|violation| violation.law)
        };
        assert_eq!(broken_law(|a, b| a + b, |a| -a), None);
        assert_eq!(broken_law(|a, b| a - b, |a| a), Some("e · a = a"));
        assert_eq!(broken_law(|a, b| a + b, |a| a), Some("a⁻¹ · a = e"));
        let not_associative = |a, b| a + b + a * b * (a + b);
        assert_eq!(broken_law(not_associative, |a| -a), Some("(a · b) · c = a · (b · c)"));
    }

    #[test]
    fn orders_of_elements_and_commutation() {
        let orders: Vec<_> = D4.elements().map(|a| order_of(&D4, &a)).collect();
        assert_eq!(orders, [1, 4, 2, 4, 2, 2, 2, 2]);
        assert!(is_abelian(&C4) && is_abelian(&CyclicTranslations::new([4, 6])));
        assert!(!is_abelian(&D4) && !is_abelian(&symmetric(3)) && !is_abelian(&p4(3)));
    }

    /// Quarter turns that move a number of quarter turns, rightly or by the inverse.
    struct Turning {
        backwards: bool,
    }

    impl Action<D4, [i64; 2]> for Turning {
        fn act(&self, group: &D4, g: &crate::group::RotationReflection, x: &[i64; 2]) -> [i64; 2] {
            let g = if self.backwards { group.inverse(g) } else { *g };
            crate::group::SignedPermutation::from(g).image(*x)
        }
    }

    #[test]
    fn an_action_from_the_right_is_told_from_one_from_the_left() {
        let point = [1, 2];
        let checked = check_action_laws(&D4, &Turning { backwards: false }, &point, 0);
        assert_eq!(checked, Ok(Checked { cases: 65, exhaustive: true }));
        let violation = check_action_laws(&D4, &Turning { backwards: true }, &point, 0);
        assert_eq!(
            violation.expect_err("x ↦ g⁻¹·x reverses products").to_string(),
            "D4 breaks (a · b) ▷ x = a ▷ (b ▷ x) at Ref, Rot90: [-2, -1] ≠ [2, 1]"
        );
        // On the abelian part the mistake cannot be seen.
        let turns: Vec<_> = C4.elements().map(Rotation::into).collect();
        let checked = check_action_laws_on(&D4, &Turning { backwards: true }, &turns, &point);
        assert!(checked.is_ok());
    }
}
