//! The laws of a group, for every finite group of the crate.
//!
//! e · a = a = a · e, a⁻¹ · a = e = a · a⁻¹, (a · b) · c = a · (b · c), closure and numbering: on all triples
//! of elements of groups of order up to 48, and on triples of a sample of the larger ones.

use super::super::Claim;
use crate::group::laws::{LawViolation, check_group_laws};
use crate::group::{
    C4, CyclicTranslations, D4, FiniteGroup, Group, Hyperoctahedral, P4, Product, Reflection, Rotation,
    RotationReflection, SemidirectElement, Symmetric, Trivial, p4, p4m,
};
use crate::verify::{Counterexample, Examiner, Failure, Finding, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "group.laws",
            "identity, inverse and associativity, for the trivial group, {Id, Ref}, C4, D4, cyclic \
             translations, S_n, B_d, direct products, and the semidirect products p4 and p4m",
            |examiner| all_laws(examiner, Slip::None),
        )
        .theorem("group_laws")
        .mutant("the inverse of a is a", |examiner| all_laws(examiner, Slip::InverseForgotten))
        .mutant("a · b is a · b⁻¹", |examiner| all_laws(examiner, Slip::SecondInverted))
        .mutant("a · b goes one step too far", |examiner| all_laws(examiner, Slip::StepTooFar))
        .mutant("p4 without the twist: translations are added as in a direct product", |examiner| {
            laws(&Altered { compose: untwisted, ..Altered::not(p4(3)) }, examiner.seed())
        })
        .mutant("inverses in p4 do not turn the translation back", |examiner| {
            laws(&Altered { inverse: inverse_untwisted, ..Altered::not(p4(3)) }, examiner.seed())
        })
        .mutant("reflecting twice is a half turn", |examiner| {
            laws(&Altered { compose: twice_is_half_turn, ..Altered::not(D4) }, examiner.seed())
        }),
    ]
}

/// What is done with each of the groups.
pub(super) trait Visitor {
    /// Gets a group and the order that theory gives it.
    ///
    /// # Errors
    /// If nothing could be found out.
    fn visit<G: FiniteGroup>(&mut self, group: G, order: u128) -> Result<(), Failure>;
}

/// Every finite group of the crate, in several sizes.
///
/// # Errors
/// That of the visitor.
pub(super) fn visit_groups(visitor: &mut impl Visitor) -> Result<(), Failure> {
    visitor.visit(Trivial, 1)?;
    visitor.visit(Reflection, 2)?;
    visitor.visit(C4, 4)?;
    visitor.visit(D4, 8)?;
    visitor.visit(CyclicTranslations::new([7]), 7)?;
    visitor.visit(CyclicTranslations::new([4, 6]), 24)?;
    visitor.visit(CyclicTranslations::new([2, 3, 4]), 24)?;
    visitor.visit(CyclicTranslations::new([28, 27]), 28 * 27)?;
    visitor.visit(Symmetric::new(3)?, 6)?;
    visitor.visit(Symmetric::new(4)?, 24)?;
    visitor.visit(Symmetric::new(6)?, 720)?;
    visitor.visit(Hyperoctahedral::<1>, 2)?;
    visitor.visit(Hyperoctahedral::<2>, 8)?;
    visitor.visit(Hyperoctahedral::<3>, 48)?;
    visitor.visit(Product::new(C4, CyclicTranslations::new([3, 4])), 48)?;
    visitor.visit(Product::new(D4, Symmetric::new(3)?), 48)?;
    visitor.visit(p4(3), 4 * 9)?;
    visitor.visit(p4(14), 4 * 196)?;
    visitor.visit(p4m(2), 8 * 4)?;
    visitor.visit(p4m(9), 8 * 81)
}

/// A slip that can be made in any group.
#[derive(Clone, Copy, Debug)]
enum Slip {
    None,
    InverseForgotten,
    SecondInverted,
    StepTooFar,
}

type Element<G> = <G as Group>::Element;

/// A group with another product, inverse or set of generators.
#[derive(Clone, Debug)]
pub(super) struct Altered<G: Group> {
    pub(super) group: G,
    pub(super) compose: fn(&G, &Element<G>, &Element<G>) -> Element<G>,
    pub(super) inverse: fn(&G, &Element<G>) -> Element<G>,
    pub(super) generators: fn(&G) -> Vec<Element<G>>,
}

impl<G: Group> Altered<G> {
    /// The group as it is.
    pub(super) fn not(group: G) -> Self {
        Altered { group, compose: G::compose, inverse: G::inverse, generators: G::generators }
    }
}

impl<G: Group> Group for Altered<G> {
    type Element = G::Element;

    fn name(&self) -> String {
        self.group.name()
    }

    fn identity(&self) -> G::Element {
        self.group.identity()
    }

    fn compose(&self, a: &G::Element, b: &G::Element) -> G::Element {
        (self.compose)(&self.group, a, b)
    }

    fn inverse(&self, a: &G::Element) -> G::Element {
        (self.inverse)(&self.group, a)
    }

    fn generators(&self) -> Vec<G::Element> {
        (self.generators)(&self.group)
    }

    fn contains(&self, a: &G::Element) -> bool {
        self.group.contains(a)
    }

    fn sample<R: rand::Rng + ?Sized>(&self, random: &mut R) -> G::Element {
        self.group.sample(random)
    }
}

impl<G: FiniteGroup> FiniteGroup for Altered<G> {
    fn order(&self) -> u128 {
        self.group.order()
    }

    fn element(&self, index: u128) -> G::Element {
        self.group.element(index)
    }

    fn index(&self, a: &G::Element) -> u128 {
        self.group.index(a)
    }
}

fn slipped<G: Group>(group: G, slip: Slip) -> Altered<G> {
    let group = Altered::not(group);
    match slip {
        Slip::None => group,
        Slip::InverseForgotten => Altered { inverse: |_, a| a.clone(), ..group },
        Slip::SecondInverted => {
            Altered { compose: |group, a, b| group.compose(a, &group.inverse(b)), ..group }
        }
        Slip::StepTooFar => Altered {
            compose: |group, a, b| {
                let step = group.generators().into_iter().next().unwrap_or_else(|| group.identity());
                group.compose(&group.compose(a, b), &step)
            },
            ..group
        },
    }
}

type P4Element = <P4 as Group>::Element;

fn untwisted(group: &P4, a: &P4Element, b: &P4Element) -> P4Element {
    SemidirectElement {
        normal: group.normal().compose(&a.normal, &b.normal),
        point: group.point().compose(&a.point, &b.point),
    }
}

fn inverse_untwisted(group: &P4, a: &P4Element) -> P4Element {
    SemidirectElement { normal: group.normal().inverse(&a.normal), point: group.point().inverse(&a.point) }
}

fn twice_is_half_turn(group: &D4, a: &RotationReflection, b: &RotationReflection) -> RotationReflection {
    let product = group.compose(a, b);
    if a.flip.is_reflected() && b.flip.is_reflected() {
        group.compose(&Rotation::Rot180.into(), &product)
    } else {
        product
    }
}

struct Laws {
    slip: Slip,
    seed: u64,
    reports: Vec<Report>,
}

impl Visitor for Laws {
    fn visit<G: FiniteGroup>(&mut self, group: G, _: u128) -> Result<(), Failure> {
        self.reports.push(laws(&slipped(group, self.slip), self.seed)?);
        Ok(())
    }
}

fn all_laws(examiner: &Examiner, slip: Slip) -> Result<Report, Failure> {
    let mut laws = Laws { slip, seed: examiner.seed(), reports: Vec::new() };
    visit_groups(&mut laws)?;
    Ok(Report::all(laws.reports))
}

fn laws<G: FiniteGroup>(group: &G, seed: u64) -> Result<Report, Failure> {
    Ok(match check_group_laws(group, seed) {
        Ok(checked) => {
            let elements = if checked.exhaustive { "all" } else { "sampled" };
            let domain = format!("triples of {elements} elements of {}", group.name());
            Report::enumerated(domain, usize::try_from(checked.cases)?)
        }
        Err(violation) => violated(violation),
    })
}

/// The refutation by a law that does not hold.
pub(super) fn violated(violation: LawViolation) -> Report {
    let inputs = [
        ("group", violation.group.clone()),
        ("law", violation.law.to_owned()),
        ("elements", violation.elements.join(", ")),
    ];
    Report::refuted(
        Finding::Symbolic { shape: violation.group, variables: 0, terms: 1 },
        Counterexample::from_text(
            inputs.map(|(name, text)| (name.to_owned(), text)),
            violation.left,
            violation.right,
        ),
    )
}
