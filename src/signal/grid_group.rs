//! A finite group of point symmetries of a grid, chosen at run time: its elements by number, with tables of
//! products.
//!
//! Layers are values that a program builds from settings, so the group that a layer keeps is a value as well.
//! It is made from any of the groups of [`crate::group`] that permute and reverse axes
//! ([`Reflection`](crate::group::Reflection), [`C4`](crate::group::C4), [`D4`](crate::group::D4), all of B_d)
//! or from a subgroup of one, and numbers its elements as they do, the identity first.
//!
//! Cost: order² products when it is made; a look-up afterwards.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayViewD;

use super::point::moved_view;
use super::{ActionError, PointGroup, first_of_last_axes};
use crate::group::{C4, D4, FiniteGroup, Hyperoctahedral, Reflection, Subgroup};

/// A finite group of signed permutations of the last axes of arrays.
///
/// ```
/// use equivariant::group::C4;
/// use equivariant::signal::GridGroup;
///
/// let group = GridGroup::of(&C4);
/// assert_eq!((group.order(), group.axes(), group.to_string().as_str()), (4, 2, "C4"));
/// assert_eq!((group.compose(3, 2), group.inverse(1)), (1, 3));
/// // The 24 rotations of the cube.
/// assert_eq!(GridGroup::rotations_of_the_cube().order(), 24);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GridGroup {
    tables: Arc<Tables>,
}

#[derive(PartialEq, Eq, Hash)]
struct Tables {
    name: String,
    axes: usize,
    names: Vec<String>,
    /// Of each element, for each axis of the result: which axis of the argument it is, and whether it is then
    /// reversed.
    moves: Vec<Vec<(usize, bool)>>,
    products: Vec<Vec<usize>>,
    inverses: Vec<usize>,
}

impl GridGroup {
    /// This group.
    pub fn of<G: FiniteGroup + PointGroup>(group: &G) -> Self {
        Self::of_elements(group, group.name(), &group.elements().collect::<Vec<_>>())
    }

    /// This subgroup of a group, under a name of its own.
    pub fn of_subgroup<G: FiniteGroup + PointGroup>(
        group: &G,
        subgroup: &Subgroup<G>,
        name: impl Into<String>,
    ) -> Self {
        Self::of_elements(group, name.into(), subgroup.elements())
    }

    /// The flip of one axis.
    pub fn flip() -> Self {
        Self::of(&Reflection)
    }

    /// The quarter turns of images: the point part of p4.
    pub fn c4() -> Self {
        Self::of(&C4)
    }

    /// The quarter turns and reflections of images: the point part of p4m.
    pub fn d4() -> Self {
        Self::of(&D4)
    }

    /// The 24 rotations of volumes.
    pub fn rotations_of_the_cube() -> Self {
        let cube = Hyperoctahedral::<3>;
        match Subgroup::of_elements_where(&cube, |a| a.determinant() == 1) {
            Ok(rotations) => Self::of_subgroup(&cube, &rotations, "rotations of the cube"),
            Err(error) => unreachable!("determinants multiply: {error}"),
        }
    }

    fn of_elements<G: FiniteGroup + PointGroup>(group: &G, name: String, elements: &[G::Element]) -> Self {
        let number = |a: &G::Element| {
            let found = elements.iter().position(|b| a == b);
            found.unwrap_or_else(|| unreachable!("a group is closed under products and inverses"))
        };
        let products =
            elements.iter().map(|a| elements.iter().map(|b| number(&group.compose(a, b))).collect());
        let tables = Tables {
            name,
            axes: G::AXES,
            names: elements.iter().map(ToString::to_string).collect(),
            moves: elements.iter().map(G::signed_axes).collect(),
            products: products.collect(),
            inverses: elements.iter().map(|a| number(&group.inverse(a))).collect(),
        };
        GridGroup { tables: Arc::new(tables) }
    }

    /// The number of elements.
    pub fn order(&self) -> usize {
        self.tables.names.len()
    }

    /// How many of the last axes it moves.
    pub fn axes(&self) -> usize {
        self.tables.axes
    }

    /// The element of this number, as people write it.
    ///
    /// # Panics
    /// If there is none.
    pub fn element_name(&self, element: usize) -> &str {
        &self.tables.names[element]
    }

    /// The product `a · b`: first `b`, then `a`.
    ///
    /// # Panics
    /// If there are no such elements.
    pub fn compose(&self, a: usize, b: usize) -> usize {
        self.tables.products[a][b]
    }

    /// The inverse.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn inverse(&self, a: usize) -> usize {
        self.tables.inverses[a]
    }

    /// For each axis of `g ▷ x`: which axis of `x` it is, and whether it is then reversed.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn signed_axes(&self, element: usize) -> &[(usize, bool)] {
        &self.tables.moves[element]
    }

    /// The number of the element that moves axes like this, if there is one.
    pub fn element_of(&self, signed_axes: &[(usize, bool)]) -> Option<usize> {
        self.tables.moves.iter().position(|moves| moves == signed_axes)
    }

    /// The numbers of all products of these elements, in increasing order.
    ///
    /// # Panics
    /// If there are no such elements.
    pub fn generated_by(&self, generators: &[usize]) -> Vec<usize> {
        let mut members = vec![false; self.order()];
        members[0] = true;
        let mut fresh = vec![0];
        while let Some(a) = fresh.pop() {
            for &generator in generators {
                let product = self.compose(a, generator);
                if !std::mem::replace(&mut members[product], true) {
                    fresh.push(product);
                }
            }
        }
        (0..self.order()).filter(|&a| members[a]).collect()
    }

    /// `g ▷ x` about the middle of the last axes, as a view; see [`OnGrid`](super::OnGrid).
    ///
    /// # Errors
    /// If `x` has fewer axes than the group moves.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn view<'a, S>(
        &self,
        element: usize,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        let first = first_of_last_axes(x.shape(), self.axes(), || {
            format!("{self} on the last {} axes", self.axes())
        })?;
        Ok(moved_view(x, first, self.signed_axes(element)))
    }
}

impl fmt::Display for GridGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.tables.name)
    }
}

impl fmt::Debug for GridGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GridGroup({})", self.tables.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::OnGrid;
    use super::super::tests::numbered;
    use super::*;
    use crate::group::Action;

    fn tables_are_those_of<G: FiniteGroup + PointGroup>(group: &G, shape: &[usize]) {
        let tables = GridGroup::of(group);
        let x = numbered(shape);
        let number = |a: &G::Element| group.index(a) as usize;
        for a in group.elements() {
            assert_eq!(tables.element_of(&G::signed_axes(&a)), Some(number(&a)));
            assert_eq!(tables.element_name(number(&a)), a.to_string());
            assert_eq!(tables.inverse(number(&a)), number(&group.inverse(&a)));
            assert_eq!(tables.view(number(&a), x.view()).expect("enough axes"), OnGrid.act(group, &a, &x));
            for b in group.elements() {
                assert_eq!(tables.compose(number(&a), number(&b)), number(&group.compose(&a, &b)));
            }
        }
    }

    #[test]
    fn tables_are_those_of_the_group() {
        tables_are_those_of(&Reflection, &[2, 3]);
        tables_are_those_of(&C4, &[2, 3, 4]);
        tables_are_those_of(&D4, &[3, 4]);
        tables_are_those_of(&Hyperoctahedral::<3>, &[2, 3, 4]);
        assert!(GridGroup::d4().view(1, numbered(&[3]).view()).is_err());
    }

    #[test]
    fn subgroups_are_generated() {
        let d4 = GridGroup::d4();
        let half_turn = d4.compose(1, 1);
        assert_eq!(d4.generated_by(&[]), [0]);
        assert_eq!(d4.generated_by(&[half_turn]), [0, half_turn]);
        assert_eq!(d4.generated_by(&[1]).len(), 4);
        assert_eq!(GridGroup::rotations_of_the_cube().axes(), 3);
        assert_ne!(GridGroup::c4(), d4);
        assert_eq!(GridGroup::c4(), GridGroup::of(&C4));
    }
}
