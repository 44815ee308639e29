//! The laws of actions for every group on everything it moves: one function for each law, named by macros.

use ndarray::{Array1, ArrayD, Slice};

use super::*;
use crate::group::laws::{check_action_laws, representative_elements};
use crate::group::{
    C4, CyclicTranslations, D4, FiniteGroup, Hyperoctahedral, IntegerTranslations, P4, P4m, Product,
    Reflection, Representation, RotationReflection, Semidirect, SignedPermutation, Symmetric, Translation,
    Trivial, p4, p4m,
};
use crate::scalar::{Goldilocks, Ring};

/// The array of this shape with the entries 0, 1, 2, …, all different.
pub(super) fn numbered(shape: &[usize]) -> ArrayD<i64> {
    let cells: usize = shape.iter().product();
    Array1::from_iter(0..cells as i64).into_shape_with_order(shape).expect("as many numbers as cells")
}

/// Storage with gaps whose [`scattered_view`] has the entries of `x`, every axis backwards.
fn scattered<S: Ring>(x: &ArrayD<S>) -> ArrayD<S> {
    let shape: Vec<usize> = x.shape().iter().map(|&extent| 2 * extent).collect();
    let mut storage = ArrayD::from_elem(shape, S::zero());
    storage.slice_each_axis_mut(|_| Slice::new(0, None, -2)).assign(x);
    storage
}

fn scattered_view<S>(storage: &ArrayD<S>) -> ArrayViewD<'_, S> {
    storage.slice_each_axis(|_| Slice::new(0, None, -2))
}

/// The laws of an action on one shape with all entries different; that strides do not matter; and that every
/// scalar moves alike.
fn acts<G: FiniteGroup>(group: G, action: impl ArrayAction<G>, shape: &[usize]) {
    let x = numbered(shape);
    let checked = check_action_laws(&group, &action, &x, 0).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(
        checked.cases > 1,
        "two elements at least: the identity and another, or the identity with itself"
    );

    let storage = scattered(&x);
    for g in representative_elements(&group, 1).0 {
        let moved = action.act(&group, &g, &x);
        let from_strided = action.try_act(&group, &g, scattered_view(&storage));
        assert_eq!(from_strided.as_ref(), Ok(&moved), "{g} on a strided view");
        let image = |x: &ArrayD<i64>| x.mapv(Goldilocks::from_integer);
        assert_eq!(action.act(&group, &g, &image(&x)), image(&moved), "{g} commutes with ℤ → GF(p)");
    }
}

/// No element but the identity leaves the numbered array as it is.
fn is_faithful<G: FiniteGroup>(group: G, action: impl ArrayAction<G>, shape: &[usize]) {
    let x = numbered(shape);
    for g in representative_elements(&group, 2).0 {
        assert_eq!(action.act(&group, &g, &x) == x, g == group.identity(), "{g}");
    }
}

macro_rules! actions {
    ($($name:ident: $group:expr, $action:expr, $shape:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn acts() {
                super::acts($group, $action, &$shape);
            }

            #[test]
            fn is_faithful() {
                super::is_faithful($group, $action, &$shape);
            }
        }
    )*};
}

actions! {
    trivial_group_on_images: Trivial, TrivialAction, [2, 3];
    reflection_on_signals: Reflection, OnGrid, [5];
    reflection_on_images: Reflection, OnGrid, [2, 3, 4];
    c4_on_squares: C4, OnGrid, [2, 3, 3];
    c4_on_rectangles: C4, OnGrid, [2, 4, 3];
    c4_on_periodic_images: C4, AboutOrigin, [4, 5];
    d4_on_squares: D4, OnGrid, [4, 4];
    d4_on_rectangles: D4, OnGrid, [2, 2, 2, 5];
    d4_on_periodic_images: D4, AboutOrigin, [2, 3, 4];
    b1_on_signals: Hyperoctahedral::<1>, OnGrid, [3, 4];
    b2_on_images: Hyperoctahedral::<2>, OnGrid, [2, 3, 4];
    b3_on_volumes: Hyperoctahedral::<3>, OnGrid, [2, 2, 3, 4];
    b3_on_periodic_volumes: Hyperoctahedral::<3>, AboutOrigin, [3, 4, 5];
    cyclic_translations_of_signals: CyclicTranslations::new([7]), OnGrid, [2, 7];
    cyclic_translations_of_images: CyclicTranslations::new([4, 6]), OnGrid, [2, 4, 6];
    cyclic_translations_of_volumes: CyclicTranslations::new([2, 3, 4]), AboutOrigin, [2, 3, 4];
    p4_on_images: p4(5), OnGrid, [2, 5, 5];
    p4_on_images_about_the_origin: p4(4), AboutOrigin, [4, 4];
    p4m_on_images: p4m(4), OnGrid, [4, 4];
    p4m_on_images_about_the_origin: p4m(3), AboutOrigin, [2, 3, 3];
    cube_group_on_periodic_volumes: cube_group(3), AboutOrigin, [3, 3, 3];
    cube_group_on_volumes: cube_group(4), OnGrid, [4, 4, 4];
    permutations_of_points: symmetric(4), OnAxis::new(2), [2, 4, 3];
    permutations_of_channels: symmetric(3), OnAxis::new(3), [3, 2, 2];
    regular_channels_of_c4: C4, RegularChannels::new(3), [2, 4, 3, 3];
    regular_channels_of_d4: D4, RegularChannels::new(1), [2, 8];
    regular_channels_of_s3: symmetric(3), RegularChannels::new(2), [6, 2];
    regular_channels_of_b3: Hyperoctahedral::<3>, RegularChannels::new(1), [48];
    vectors_under_c4: C4, vectors::<2, _>(C4), [3, 2, 2, 2];
    vectors_under_d4: D4, vectors::<2, _>(D4), [2, 3, 2];
    vectors_under_b3: Hyperoctahedral::<3>, vectors::<3, _>(Hyperoctahedral::<3>), [3, 2, 2];
    fields_of_vectors_under_d4: D4, Both(OnGrid, vectors::<2, _>(D4)), [2, 3, 4];
    feature_maps_under_c4: C4, Both(OnGrid, RegularChannels::new(3)), [2, 4, 3, 3];
    feature_maps_under_p4: p4(3), Both(OnGrid, PointPart(RegularChannels::new(3))), [4, 3, 3];
    feature_maps_under_p4m: p4m(3), Both(AboutOrigin, PointPart(RegularChannels::new(3))), [8, 3, 3];
    c4_through_d4: C4, Through::new(D4, |&turn| RotationReflection::from(turn), OnGrid), [3, 4];
    images_under_a_product:
        Product::new(C4, symmetric(3)), Both(First(OnGrid), Second(OnAxis::new(3))), [3, 2, 4];
}

fn symmetric(points: usize) -> Symmetric {
    Symmetric::new(points).expect("few points")
}

fn cube_group(n: usize) -> Semidirect<CyclicTranslations<3>, Hyperoctahedral<3>> {
    Semidirect::new(CyclicTranslations::new([n; 3]), Hyperoctahedral).expect("a cube has equal extents")
}

/// Vectors on the axis before two axes of space (or of anything), moved as points are.
fn vectors<const D: usize, G: Group>(group: G) -> LinearOnAxis<G>
where
    SignedPermutation<D>: From<G::Element>,
{
    LinearOnAxis::new(Representation::standard::<D>(&group), 3)
}

/// Actions through a proper quotient: lawful, and not faithful.
#[test]
fn quotients_act() {
    acts(D4, TrivialAction, &[2, 3]);
    acts(Product::new(C4, D4), First(OnGrid), &[2, 3]);
    acts(Product::new(C4, D4), Second(OnGrid), &[2, 3]);
    acts(p4(5), PointPart(OnGrid), &[2, 3]);
    let mirror_only = Through::new(Reflection, |g: &RotationReflection| g.flip, OnGrid);
    acts(D4, mirror_only, &[2, 3]);
}

fn violates_composition<G: FiniteGroup>(group: G, action: impl ArrayAction<G>, shape: &[usize]) {
    let violation = check_action_laws(&group, &action, &numbered(shape), 0).expect_err("no left action");
    assert!(violation.law.starts_with("(a · b)"), "{violation}");
}

#[test]
fn without_the_inverse_there_is_a_right_action() {
    acts(C4, RightAction(OnGrid), &[2, 3]);
    acts(CyclicTranslations::new([3, 4]), RightAction(OnGrid), &[3, 4]);
    violates_composition(D4, RightAction(OnGrid), &[3, 3]);
    violates_composition(Hyperoctahedral::<3>, RightAction(OnGrid), &[2, 2, 2]);
    violates_composition(symmetric(3), RightAction(OnAxis::new(1)), &[3]);
    violates_composition(p4(3), RightAction(AboutOrigin), &[3, 3]);
}

#[test]
fn two_ways_that_do_not_commute_do_not_combine() {
    violates_composition(D4, Both(OnGrid, OnGrid), &[3, 3]);
}

#[test]
fn zero_fill_is_no_action() {
    let group = IntegerTranslations::<1>;
    let x = numbered(&[4]) + 1;
    let [there, back] = [Translation([1]), Translation([-1])];
    let returned = ZeroFillShift.act(&group, &back, &ZeroFillShift.act(&group, &there, &x));
    assert_eq!(returned.as_slice(), Some([1, 2, 3, 0].as_slice()));
    assert_eq!(ZeroFillShift.act(&group, &Translation::ZERO, &x), x);
}

/// The same action of Z_n² ⋊ C4 up to a translation: about the middle = about the origin, then one step
/// along each reversed axis.
#[test]
fn about_the_middle_and_about_the_origin_differ_by_a_translation() {
    let x = numbered(&[5, 5]);
    for g in D4.elements() {
        let steps = SignedPermutation::<2>::from(g).reversed().map(i64::from);
        let about_middle = OnGrid.act(&D4, &g, &x);
        let about_origin = AboutOrigin.act(&D4, &g, &x);
        assert_eq!(roll(about_middle.view(), &steps), about_origin, "{g}");
    }
}

#[test]
fn shapes_that_are_not_moved_are_refused() {
    let refusal = |result: Result<ArrayD<i64>, ActionError>| result.expect_err("a wrong shape").to_string();
    let one_axis = numbered(&[5]);
    let image = numbered(&[2, 3, 4]);
    assert_eq!(
        refusal(OnGrid.try_act(&C4, &C4.identity(), one_axis.view())),
        "point symmetry of the last 2 axes needs at least 2 axes, but the array has shape [5]"
    );
    assert_eq!(
        refusal(AboutOrigin.try_act(&C4, &C4.identity(), one_axis.view())),
        "point symmetry of the last 2 axes about the origin needs at least 2 axes, but the array has shape \
         [5]"
    );
    let translations = CyclicTranslations::new([4, 3]);
    assert_eq!(
        refusal(OnGrid.try_act(&translations, &Translation::ZERO, image.view())),
        "cyclic translation of the last 2 axes needs extents [4, 3] of the last 2 axes, \
         but the array has shape [2, 3, 4]"
    );
    let (p4, p4m): (P4, P4m) = (p4(4), p4m(3));
    let error = OnGrid.try_act(&p4, &p4.element(1), image.view()).expect_err("3 is not 4");
    assert_eq!(error.found, [2, 3, 4], "the shape before the turn");
    assert!(AboutOrigin.try_act(&p4m, &p4m.identity(), one_axis.view()).is_err());
    assert_eq!(
        refusal(ZeroFillShift.try_act(&IntegerTranslations::<2>, &Translation::ZERO, one_axis.view())),
        "translation of the last 2 axes with zero fill needs at least 2 axes, but the array has shape [5]"
    );
    assert_eq!(
        refusal(OnAxis::new(2).try_act(&symmetric(4), &symmetric(4).identity(), image.view())),
        "permutation of the last axis but one needs length 4 of the last axis but one, \
         but the array has shape [2, 3, 4]"
    );
    assert_eq!(
        refusal(RegularChannels::new(4).try_act(&C4, &C4.identity(), image.view())),
        "regular representation on axis −4 needs length 4 of axis −4, but the array has shape [2, 3, 4]"
    );
    assert_eq!(
        refusal(vectors::<2, _>(D4).try_act(&D4, &D4.identity(), numbered(&[3, 4, 5]).view())),
        "standard representation on axis −3 needs length 2 of axis −3, but the array has shape [3, 4, 5]"
    );
}

#[test]
#[should_panic(expected = "needs at least 2 axes, but the array has shape [5]")]
fn acting_on_a_wrong_shape_panics() {
    let _ = OnGrid.act(&C4, &C4.identity(), &numbered(&[5]));
}

#[test]
#[should_panic(expected = "there is no axis 0")]
fn axes_are_counted_from_one() {
    let _ = OnAxis::new(0);
}
