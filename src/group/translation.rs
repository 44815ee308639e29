//! Translations of grids: Z_n × Z_m × … (periodic grids) and Zᵈ (unbounded grids).
//!
//! `T(dy,dx)` shifts content toward larger indices: (T_t x)(n) = x(n − t).
//!
//! A translation of a periodic grid is kept as its representative nearest to zero, −⌊(n−1)/2⌋ ..= ⌊n/2⌋ along
//! each axis, so that it reads `T(3,−1)` and not `T(3,7)`; [`CyclicTranslations::offsets`] gives the
//! representative in `0 .. n`.

use std::fmt::{self, Display};

use rand::{Rng, RngExt};

use super::{FiniteGroup, Group, Subgroup, assert_contains, subgroup};

/// A translation by a whole number of steps along each of `D` axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Translation<const D: usize>(pub [i64; D]);

impl<const D: usize> Translation<D> {
    /// The translation that moves nothing.
    pub const ZERO: Self = Self([0; D]);
}

impl<const D: usize> Display for Translation<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ZERO {
            return f.pad("Id");
        }
        let steps: Vec<_> = self.0.iter().map(|&step| signed(step)).collect();
        f.pad(&format!("T({})", steps.join(",")))
    }
}

/// An integer with a true minus sign.
fn signed(n: i64) -> String {
    n.to_string().replace('-', "−")
}

/// The translations of a periodic grid with `n₁ × … × n_D` points: Z_{n₁} × … × Z_{n_D}.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CyclicTranslations<const D: usize> {
    extents: [usize; D],
}

impl<const D: usize> CyclicTranslations<D> {
    /// The translations of the periodic grid with these extents.
    ///
    /// # Panics
    /// If an extent is zero or at least 2³², or if there are 2¹²⁸ translations or more.
    #[must_use]
    pub fn new(extents: [usize; D]) -> Self {
        assert!(
            extents.iter().all(|&n| n > 0 && n < 1 << 32),
            "expected extents of a periodic grid between 1 and 2³² − 1, found {extents:?}"
        );
        assert!(
            extents.iter().try_fold(1_u128, |order, &n| order.checked_mul(n as u128)).is_some(),
            "expected fewer than 2¹²⁸ translations, found the grid {extents:?}"
        );
        Self { extents }
    }

    /// The number of grid points along each axis.
    #[must_use]
    pub fn extents(&self) -> [usize; D] {
        self.extents
    }

    /// The element of this group that moves by so many steps along each axis.
    #[must_use]
    pub fn translation(&self, steps: [i64; D]) -> Translation<D> {
        Translation(std::array::from_fn(|axis| {
            let n = self.extents[axis] as i64;
            let offset = steps[axis].rem_euclid(n);
            if 2 * offset > n { offset - n } else { offset }
        }))
    }

    /// The steps of a translation, counted forwards: in `0 .. n` along each axis.
    ///
    /// # Panics
    /// If `a` is not an element of this group.
    #[must_use]
    pub fn offsets(&self, a: &Translation<D>) -> [usize; D] {
        assert_contains(self, a);
        std::array::from_fn(|axis| a.0[axis].rem_euclid(self.extents[axis] as i64) as usize)
    }

    /// The smallest positive multiple of one step along the axis that lies in the subgroup (the extent if
    /// none).
    fn smallest_step_along(&self, axis: usize, subgroup: &Subgroup<Self>) -> usize {
        (1..self.extents[axis])
            .find(|&step| {
                let mut steps = [0; D];
                steps[axis] = step as i64;
                subgroup.contains(&self.translation(steps))
            })
            .unwrap_or(self.extents[axis])
    }

    /// A triangular basis of the sublattice (its Hermite normal form), without what the rows before generate.
    fn basis(&self, subgroup: &Subgroup<Self>) -> Vec<Translation<D>> {
        let rows = (0..D).filter_map(|axis| {
            let leads_here =
                |offsets: &[usize; D]| offsets[..axis].iter().all(|&n| n == 0) && offsets[axis] > 0;
            let offsets = subgroup.elements().iter().map(|a| self.offsets(a));
            let row = offsets.filter(leads_here).min()?;
            Some(self.translation(row.map(|n| n as i64)))
        });
        let mut basis = Vec::new();
        for row in rows {
            if !Subgroup::generated_by(self, &basis).contains(&row) {
                basis.push(row);
            }
        }
        basis
    }
}

impl<const D: usize> Group for CyclicTranslations<D> {
    type Element = Translation<D>;

    fn name(&self) -> String {
        match self.extents.as_slice() {
            [n, others @ ..] if D > 1 && others.iter().all(|m| m == n) => format!("Z_{n}{}", superscript(D)),
            extents => extents.iter().map(|n| format!("Z_{n}")).collect::<Vec<_>>().join(" × "),
        }
    }

    fn identity(&self) -> Translation<D> {
        Translation::ZERO
    }

    fn compose(&self, a: &Translation<D>, b: &Translation<D>) -> Translation<D> {
        assert_contains(self, a);
        assert_contains(self, b);
        self.translation(std::array::from_fn(|axis| a.0[axis] + b.0[axis]))
    }

    fn inverse(&self, a: &Translation<D>) -> Translation<D> {
        assert_contains(self, a);
        self.translation(a.0.map(|step| -step))
    }

    /// One step along each axis that has more than one point.
    fn generators(&self) -> Vec<Translation<D>> {
        unit_steps().filter(|a| self.contains(a)).collect()
    }

    fn contains(&self, a: &Translation<D>) -> bool {
        *a == self.translation(a.0)
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Translation<D> {
        self.translation(self.extents.map(|n| random.random_range(0..n as i64)))
    }
}

impl<const D: usize> FiniteGroup for CyclicTranslations<D> {
    fn order(&self) -> u128 {
        self.extents.iter().map(|&n| n as u128).product()
    }

    /// Row-major, as the points of the grid are numbered.
    fn element(&self, index: u128) -> Translation<D> {
        assert!(index < self.order(), "expected an index below {}, found {index}", self.order());
        let mut rest = index;
        let mut steps = [0; D];
        for axis in (0..D).rev() {
            let n = self.extents[axis] as u128;
            steps[axis] = (rest % n) as i64;
            rest /= n;
        }
        self.translation(steps)
    }

    fn index(&self, a: &Translation<D>) -> u128 {
        let offsets = self.offsets(a);
        (0..D).fold(0, |index, axis| index * self.extents[axis] as u128 + offsets[axis] as u128)
    }

    /// A sublattice: `2Z × 3Z` where it is a product of sublattices of the axes (`{0}` where only zero is
    /// left of an axis), else a basis.
    fn describe_subgroup(&self, subgroup: &Subgroup<Self>) -> String {
        if subgroup.order() == 1 || subgroup.order() == self.order() {
            return subgroup::describe_by_elements(self, subgroup);
        }
        let steps: [usize; D] = std::array::from_fn(|axis| self.smallest_step_along(axis, subgroup));
        let order_of_product: u128 = (0..D).map(|axis| (self.extents[axis] / steps[axis]) as u128).product();
        if order_of_product == subgroup.order() {
            let factors: [String; D] = std::array::from_fn(|axis| match steps[axis] {
                1 => "Z".into(),
                step if step == self.extents[axis] => "{0}".into(),
                step => format!("{step}Z"),
            });
            factors.join(" × ")
        } else {
            subgroup::describe_by_generators(&self.basis(subgroup), subgroup.order())
        }
    }
}

/// The translations of the unbounded grid Zᵈ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerTranslations<const D: usize>;

impl<const D: usize> IntegerTranslations<D> {
    /// Samples are uniform in the box of translations by at most this many steps along each axis.
    pub const SAMPLED_STEPS: i64 = 8;
}

impl<const D: usize> Group for IntegerTranslations<D> {
    type Element = Translation<D>;

    fn name(&self) -> String {
        if D == 1 { "Z".into() } else { format!("Z{}", superscript(D)) }
    }

    fn identity(&self) -> Translation<D> {
        Translation::ZERO
    }

    /// # Panics
    /// If the sum exceeds the range of `i64`.
    fn compose(&self, a: &Translation<D>, b: &Translation<D>) -> Translation<D> {
        Translation(std::array::from_fn(|axis| match a.0[axis].checked_add(b.0[axis]) {
            Some(sum) => sum,
            None => panic!("{a} · {b} exceeds 64 bits"),
        }))
    }

    /// # Panics
    /// If a step is `i64::MIN`.
    fn inverse(&self, a: &Translation<D>) -> Translation<D> {
        assert_contains(self, a);
        Translation(a.0.map(|step| -step))
    }

    fn generators(&self) -> Vec<Translation<D>> {
        unit_steps().collect()
    }

    fn contains(&self, a: &Translation<D>) -> bool {
        !a.0.contains(&i64::MIN)
    }

    /// Uniform in the box of [`SAMPLED_STEPS`](Self::SAMPLED_STEPS).
    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Translation<D> {
        let limit = Self::SAMPLED_STEPS;
        Translation(std::array::from_fn(|_| random.random_range(-limit..=limit)))
    }
}

/// One step along each axis.
fn unit_steps<const D: usize>() -> impl Iterator<Item = Translation<D>> {
    (0..D).map(|axis| Translation(std::array::from_fn(|other| i64::from(other == axis))))
}

/// An exponent as people write it: `²`.
fn superscript(n: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    n.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translations_are_written_by_their_representative_nearest_to_zero() {
        let group = CyclicTranslations::new([8, 9]);
        assert_eq!(group.translation([3, 8]).to_string(), "T(3,−1)");
        assert_eq!(group.translation([4, 4]).to_string(), "T(4,4)");
        assert_eq!(group.translation([5, 5]).to_string(), "T(−3,−4)");
        assert_eq!(group.offsets(&Translation([-3, -4])), [5, 5]);
        assert_eq!(CyclicTranslations::new([7]).translation([3]).to_string(), "T(3)");
    }

    #[test]
    fn names() {
        assert_eq!(CyclicTranslations::new([5, 7]).name(), "Z_5 × Z_7");
        assert_eq!(CyclicTranslations::new([6, 6]).name(), "Z_6²");
        assert_eq!(CyclicTranslations::new([12]).name(), "Z_12");
        assert_eq!(IntegerTranslations::<3>.name(), "Z³");
    }

    #[test]
    fn sublattices_are_named() {
        let group = CyclicTranslations::new([4, 6]);
        let describe = |steps: &[[i64; 2]]| {
            let generators: Vec<_> = steps.iter().map(|&t| group.translation(t)).collect();
            group.describe_subgroup(&Subgroup::generated_by(&group, &generators))
        };
        assert_eq!(describe(&[]), "the identity only");
        assert_eq!(describe(&[[1, 0], [0, 1]]), "the whole group");
        assert_eq!(describe(&[[2, 0], [0, 2]]), "2Z × 2Z");
        assert_eq!(describe(&[[2, 0], [0, 1]]), "2Z × Z");
        assert_eq!(describe(&[[0, 3]]), "{0} × 3Z");
        assert_eq!(describe(&[[1, 1], [1, -1]]), "generated by T(1,1) (order 12)");
        assert_eq!(describe(&[[2, 0], [1, 3]]), "generated by T(1,3) (order 4)");
        let (short, step) = (CyclicTranslations::new([2, 3]), Translation([1, 0]));
        assert_eq!(short.describe_subgroup(&Subgroup::generated_by(&short, &[step])), "Z × {0}");
    }

    #[test]
    #[should_panic(expected = "expected an element of Z_5, found T(4)")]
    fn elements_of_another_group_are_refused() {
        let large = CyclicTranslations::new([9]).translation([4]);
        let _ = CyclicTranslations::new([5]).inverse(&large);
    }

    #[test]
    #[should_panic(expected = "between 1 and 2³² − 1, found [3, 0]")]
    fn an_empty_grid_has_no_translations() {
        let _ = CyclicTranslations::new([3, 0]);
    }
}
