//! When convolution with one kernel commutes with the symmetries of the grid: x * (g ▷ y) = g ▷ (x * y) for
//! all y if and only if g ▷ x = x.
//!
//! The signal keeps its frame, with zeros beyond and g about the middle, or lies on a torus with g about the
//! origin.

use ndarray::{ArrayD, array};

use super::grids::on_grids;
use super::product::Product;
use crate::conv::Extent;
use crate::group::{FiniteGroup, Group, Hyperoctahedral, SignedPermutation, Subgroup};
use crate::scalar::Scalar;
use crate::signal::{AboutOrigin, ArrayAction, OnGrid, stabiliser};
use crate::verify::{
    Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown, preserved_subgroup,
};

/// Where the kernel comes from.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    /// Unknown weights.
    Any,
    /// Unknown weights, summed over the group: a kernel that the group fixes.
    Averaged,
    /// These weights.
    Given(ArrayD<i64>),
}

/// The statement that the filter with such a kernel commutes with B_d, for d = 1, 2, 3, in a frame and on a
/// torus.
pub(super) fn filtering(
    examiner: &Examiner,
    kernel: &Kernel,
    product: Product,
) -> Result<Vec<Report>, ExamineError> {
    let framed = (Extent::Same, OnGrid);
    let torus = (Extent::Circular, AboutOrigin);
    Ok(vec![
        examiner.examine(&commutes::<1, _>(kernel, product, framed).at([3, 5]).at_large([5, 24]))?,
        examiner
            .examine(&commutes::<2, _>(kernel, product, framed).at([3, 3, 3, 4]).at_large([3, 3, 7, 6]))?,
        examiner.examine(
            &commutes::<3, _>(kernel, product, framed).at([3, 3, 3, 2, 3, 1]).at_large([3, 3, 3, 4, 3, 5]),
        )?,
        examiner.examine(&commutes::<1, _>(kernel, product, torus).at([5, 5]).at_large([24, 24]))?,
        examiner
            .examine(&commutes::<2, _>(kernel, product, torus).at([4, 4, 4, 4]).at_large([7, 7, 7, 7]))?,
        examiner.examine(&commutes::<3, _>(kernel, product, torus).at([3; 6]).at_large([4; 6]))?,
    ])
}

fn commutes<const D: usize, A>(kernel: &Kernel, product: Product, (extent, action): (Extent, A)) -> Statement
where
    A: ArrayAction<Hyperoctahedral<D>>,
{
    let kernel = kernel.clone();
    on_grids(D, &["x", "y"], move |shapes| {
        let [x, y] = shapes else { return Ok(Vec::new()) };
        // A cube, whose middle is an entry; on the torus the grid itself.
        let turns_into_itself = x.iter().all(|side| side == &x[0]);
        let fits = if extent == Extent::Circular { x == y } else { !x[0].is_multiple_of(2) };
        if !(turns_into_itself && fits) {
            return Ok(Vec::new());
        }
        let case = |element: SignedPermutation<D>| {
            let shapes = [x.clone(), y.clone()];
            let (kernel, action) = (kernel.clone(), action.clone());
            Case::for_element(element, Filter { kernel, product, extent, action, element, shapes })
        };
        Ok(Hyperoctahedral::<D>.generators().into_iter().map(case).collect())
    })
    .shrinking_to(vec![1; 2 * D])
}

/// x * (g ▷ y) = g ▷ (x * y)
struct Filter<const D: usize, A> {
    kernel: Kernel,
    product: Product,
    extent: Extent,
    action: A,
    element: SignedPermutation<D>,
    /// Of x and of y.
    shapes: [Vec<usize>; 2],
}

impl<const D: usize, A> Identity for Filter<D, A>
where
    A: ArrayAction<Hyperoctahedral<D>>,
{
    fn unknowns(&self) -> Vec<Unknown> {
        let [x, y] = self.shapes.clone();
        let mut unknowns = vec![Unknown::new("y", y)];
        if !matches!(self.kernel, Kernel::Given(_)) {
            unknowns.push(Unknown::new("x", x));
        }
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let group = Hyperoctahedral::<D>;
        let act = |g: &SignedPermutation<D>, x: &ArrayD<S>| self.action.try_act(&group, g, x.view());
        let y = &values[0];
        let x = match &self.kernel {
            Kernel::Any => values[1].clone(),
            Kernel::Averaged => {
                let mut sum = ArrayD::zeros(self.shapes[0].clone());
                for g in group.elements() {
                    sum = sum + act(&g, &values[1])?;
                }
                sum
            }
            Kernel::Given(weights) => weights.mapv(S::from_integer),
        };
        let left = self.product.of(&x, &act(&self.element, y)?, self.extent)?;
        let right = act(&self.element, &self.product.of(&x, y, self.extent)?)?;
        Ok((left, right))
    }
}

/// With which symmetries of the square a filter commutes, found element by element: those that fix its
/// kernel.
pub(super) fn stabilisers(examiner: &Examiner) -> Result<String, ExamineError> {
    let kernels = [
        ("without symmetry", array![[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ("of Sobel", array![[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
        ("of Laplace", array![[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ];
    let mut found = Vec::new();
    for (name, weights) in kernels {
        found.push(format!("for the kernel {name} {}", stabiliser_of(examiner, weights.into_dyn())?));
    }
    Ok(format!("the elements that fix the kernel: {}", found.join(", ")))
}

fn stabiliser_of(examiner: &Examiner, weights: ArrayD<i64>) -> Result<String, ExamineError> {
    let group = Hyperoctahedral::<2>;
    let commuting = preserved_subgroup(examiner, &group, |&element| {
        Some(Case::for_element(
            element,
            Filter {
                kernel: Kernel::Given(weights.clone()),
                product: Product::Convolution,
                extent: Extent::Same,
                action: OnGrid,
                element,
                shapes: [weights.shape().to_vec(), vec![4, 5]],
            },
        ))
    })?;
    let fixing = stabiliser(&group, &OnGrid, &weights)
        .map_err(|error| ExamineError::Contradiction(error.to_string()))?;
    let fixing = Subgroup::new(&group, fixing)
        .map_err(|error| ExamineError::Contradiction(format!("a stabiliser: {error}")))?;
    let [commuting, fixing] = [commuting, fixing].map(|subgroup| group.describe_subgroup(&subgroup));
    if commuting != fixing {
        return Err(ExamineError::Contradiction(format!(
            "the filter commutes with {commuting}, but {fixing} fix its kernel"
        )));
    }
    Ok(commuting)
}
