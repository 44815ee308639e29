//! Convolution is the product of a commutative algebra with one.
//!
//! x*y = y*x, x*(y*z) = (x*y)*z, x*(y+z) = x*y + x*z, (ax)*y = a(x*y), δ*x = x; linear, with operands of
//! different shapes, and circular, in one, two and three dimensions.
//!
//! Source: R. N. Bracewell, *The Fourier Transform and Its Applications*, 3rd ed. 2000, chapter 3.

use ndarray::ArrayD;

use super::grids::{delta, on_grids};
use super::product::Product;
use crate::claims::Claim;
use crate::conv::{Boundary, Extent, boundary};
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    use Product::{Biased, Convolution, Late, NotFlipped, ZerosBeyond};
    let check = |law, product| move |examiner: &Examiner| examine(examiner, law, product);
    vec![
        Claim::holds("conv.commutative", "x * y = y * x", check(Law::Commutative, Convolution))
            .theorem("convolution_commutative")
            .mutant("the kernel is not flipped", check(Law::Commutative, NotFlipped)),
        Claim::holds("conv.associative", "x * (y * z) = (x * y) * z", check(Law::Associative, Convolution))
            .theorem("convolution_associative")
            .mutant("the kernel is not flipped", check(Law::Associative, NotFlipped))
            .mutant(
                "zeros beyond the border, and only the frame is kept",
                check(Law::Associative, ZerosBeyond),
            ),
        Claim::holds(
            "conv.distributive",
            "x * (y + z) = x * y + x * z",
            check(Law::Distributive, Convolution),
        )
        .theorem("convolution_distributive_right")
        .theorem("convolution_distributive_left")
        .mutant("a bias is part of the product", check(Law::Distributive, Biased)),
        Claim::holds("conv.homogeneous", "(a x) * y = a (x * y)", check(Law::Homogeneous, Convolution))
            .theorem("convolution_homogeneous")
            .mutant("a bias is part of the product", check(Law::Homogeneous, Biased)),
        Claim::holds("conv.identity", "δ * x = x", check(Law::Identity, Convolution))
            .theorem("convolution_identity")
            .mutant("the result is one step late", check(Law::Identity, Late)),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Law {
    Commutative,
    Associative,
    Distributive,
    Homogeneous,
    Identity,
}

impl Law {
    /// The operands that may have shapes of their own; the summands of a sum share one.
    fn operands(self) -> &'static [&'static str] {
        match self {
            Law::Commutative | Law::Homogeneous => &["x", "y"],
            Law::Associative => &["x", "y", "z"],
            Law::Distributive => &["x", "y and z"],
            Law::Identity => &["δ", "x"],
        }
    }
}

/// Shapes of three operands one after the other, for the linear convolution: for symbols, and for numbers.
const LINEAR: [(&[usize], &[usize]); 3] = [
    (&[3, 4, 2], &[17, 8, 5]),
    (&[2, 3, 3, 2, 2, 2], &[5, 4, 8, 7, 2, 3]),
    (&[2, 1, 2, 1, 2, 2, 2, 2, 1], &[3, 2, 2, 4, 5, 3, 2, 1, 3]),
];

/// The shape of the grid for the circular convolution.
const CIRCULAR: [(&[usize], &[usize]); 3] = [(&[5], &[24]), (&[3, 4], &[7, 6]), (&[2, 3, 2], &[4, 3, 5])];

fn examine(examiner: &Examiner, law: Law, product: Product) -> Result<Report, ExamineError> {
    let reports: Result<Vec<Report>, ExamineError> = (1..=3)
        .flat_map(|rank| [linear(law, product, rank), circular(law, product, rank)])
        .map(|statement| examiner.examine(&statement))
        .collect();
    Ok(Report::all(reports?))
}

fn linear(law: Law, product: Product, rank: usize) -> Statement {
    let count = rank * law.operands().len();
    let (symbolic, large) = LINEAR[rank - 1];
    on_grids(rank, law.operands(), move |shapes| {
        Ok(vec![Case::new(Algebra { law, product, extent: Extent::Full, shapes: shapes.to_vec() })])
    })
    .at(&symbolic[..count])
    .at_large(&large[..count])
    .shrinking_to(vec![1; count])
}

fn circular(law: Law, product: Product, rank: usize) -> Statement {
    let (symbolic, large) = CIRCULAR[rank - 1];
    on_grids(rank, &[""], move |shapes| {
        let shapes = vec![shapes[0].clone(); law.operands().len()];
        Ok(vec![Case::new(Algebra { law, product, extent: Extent::Circular, shapes })])
    })
    .at(symbolic)
    .at_large(large)
    .shrinking_to(vec![1; rank])
}

/// One of the laws, for operands of these shapes.
struct Algebra {
    law: Law,
    product: Product,
    extent: Extent,
    shapes: Vec<Vec<usize>>,
}

impl Identity for Algebra {
    fn unknowns(&self) -> Vec<Unknown> {
        let operand = |name: &str, position: usize| Unknown::new(name, self.shapes[position].clone());
        match self.law {
            Law::Commutative => vec![operand("x", 0), operand("y", 1)],
            Law::Associative => vec![operand("x", 0), operand("y", 1), operand("z", 2)],
            Law::Distributive => vec![operand("x", 0), operand("y", 1), operand("z", 1)],
            Law::Homogeneous => vec![operand("x", 0), operand("y", 1), Unknown::new("a", [])],
            Law::Identity => vec![operand("x", 1)],
        }
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let product = |x: &ArrayD<S>, y: &ArrayD<S>| self.product.of(x, y, self.extent);
        let x = &values[0];
        Ok(match self.law {
            Law::Commutative => (product(x, &values[1])?, product(&values[1], x)?),
            Law::Associative => {
                let (y, z) = (&values[1], &values[2]);
                (product(x, &product(y, z)?)?, product(&product(x, y)?, z)?)
            }
            Law::Distributive => {
                let (y, z) = (&values[1], &values[2]);
                (product(x, &(y + z))?, product(x, y)? + product(x, z)?)
            }
            Law::Homogeneous => {
                let (y, a) = (&values[1], &values[2]);
                (product(&(a * x), y)?, product(x, y)? * a)
            }
            Law::Identity => {
                let delta = delta(&self.shapes[0]);
                // The full convolution covers more entries, which are zero.
                let beyond: Vec<_> = match self.extent {
                    Extent::Full => self.shapes[0].iter().map(|&taps| (0, taps - 1)).collect(),
                    _ => Vec::new(),
                };
                (product(&delta, x)?, boundary::pad(x, &beyond, Boundary::Zero)?)
            }
        })
    }
}
