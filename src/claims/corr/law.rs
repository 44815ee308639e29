//! The laws of correlation as identities, in any dimension, on the lattice and on the torus.

use ndarray::ArrayD;

use super::function::{Correlation, Domain, Function};
use crate::claims::conv::grids::on_grids;
use crate::conv::ConvolutionError;
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

/// Which equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    /// x ⋆ y = (x reflected) * y
    ReflectedConvolution,
    /// x ⋆ (y + z) = x ⋆ y + x ⋆ z
    DistributiveInSignal,
    /// (x + z) ⋆ y = x ⋆ y + z ⋆ y
    DistributiveInKernel,
    /// x ⋆ T_t y = T_t (x ⋆ y)
    SignalMoves,
    /// T_t x ⋆ y = T_t (x ⋆ y)
    KernelMoves,
    /// T_t x ⋆ y = T_{−t} (x ⋆ y)
    KernelMovesBack,
    /// x ⋆ y = y ⋆ x
    Commutative,
    /// (x ⋆ y)(n) = (y ⋆ x)(−n)
    CommutativeReflected,
    /// x ⋆ (y ⋆ z) = (x ⋆ y) ⋆ z
    Associative,
    /// x ⋆ (y ⋆ z) = (x * y) ⋆ z
    AssociativeConvolved,
}

impl Law {
    fn operands(self) -> &'static [&'static str] {
        match self {
            Law::DistributiveInSignal
            | Law::DistributiveInKernel
            | Law::Associative
            | Law::AssociativeConvolved => &["x", "y", "z"],
            _ => &["x", "y"],
        }
    }

    /// The translations t for which it is asserted: the unit steps, which generate all. A law without t has
    /// one case.
    fn steps(self, rank: usize) -> Vec<Option<Vec<i64>>> {
        match self {
            Law::SignalMoves | Law::KernelMoves | Law::KernelMovesBack => (0..rank)
                .map(|moved| Some((0..rank).map(|axis| i64::from(axis == moved)).collect()))
                .collect(),
            _ => vec![None],
        }
    }
}

/// A law for operands of these shapes.
pub(super) struct Equation {
    pub(super) law: Law,
    pub(super) correlation: Correlation,
    pub(super) domain: Domain,
    pub(super) shapes: Vec<Vec<usize>>,
    /// The translation, where the law has one.
    pub(super) step: Vec<i64>,
}

impl Identity for Equation {
    fn unknowns(&self) -> Vec<Unknown> {
        let names = self.law.operands().iter().zip(&self.shapes);
        names.map(|(&name, shape)| Unknown::new(name, shape.clone())).collect()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        type Result<S> = std::result::Result<Function<S>, ConvolutionError>;
        let correlate = |x: &Function<S>, y: &Function<S>| -> Result<S> { x.correlate(y, self.correlation) };
        let operands: Vec<Function<S>> =
            values.iter().map(|values| Function::new(self.domain, values)).collect();
        let [x, y, rest @ ..] = operands.as_slice() else { return Err("expected x and y".into()) };
        let z = rest.first().unwrap_or(y);
        let back: Vec<i64> = self.step.iter().map(|step| -step).collect();
        let (left, right) = match self.law {
            Law::ReflectedConvolution => (correlate(x, y)?, x.reflect().convolve(y)?),
            Law::DistributiveInSignal => {
                (correlate(x, &y.add(z)?)?, correlate(x, y)?.add(&correlate(x, z)?)?)
            }
            Law::DistributiveInKernel => {
                (correlate(&x.add(z)?, y)?, correlate(x, y)?.add(&correlate(z, y)?)?)
            }
            Law::SignalMoves => {
                (correlate(x, &y.translate(&self.step))?, correlate(x, y)?.translate(&self.step))
            }
            Law::KernelMoves => {
                (correlate(&x.translate(&self.step), y)?, correlate(x, y)?.translate(&self.step))
            }
            Law::KernelMovesBack => {
                (correlate(&x.translate(&self.step), y)?, correlate(x, y)?.translate(&back))
            }
            Law::Commutative => (correlate(x, y)?, correlate(y, x)?),
            Law::CommutativeReflected => (correlate(x, y)?, correlate(y, x)?.reflect()),
            Law::Associative => (correlate(x, &correlate(y, z)?)?, correlate(&correlate(x, y)?, z)?),
            Law::AssociativeConvolved => (correlate(x, &correlate(y, z)?)?, correlate(&x.convolve(y)?, z)?),
        };
        Ok(left.together(&right)?)
    }
}

/// Shapes of three operands one after the other on the lattice: for symbols, and for numbers.
const LATTICE: [(&[usize], &[usize]); 3] = [
    (&[3, 4, 2], &[8, 17, 5]),
    (&[2, 3, 3, 2, 2, 2], &[5, 4, 8, 7, 2, 3]),
    (&[2, 1, 2, 1, 2, 2, 2, 2, 1], &[3, 2, 2, 4, 5, 3, 2, 1, 3]),
];

/// The torus, odd and even: for symbols, and for numbers.
const TORUS: [(&[usize], &[usize]); 3] = [(&[5], &[24]), (&[3, 4], &[7, 6]), (&[2, 3, 2], &[4, 3, 5])];

/// A law, on the lattice and on the torus, in one, two and three dimensions.
pub(super) fn examine(
    examiner: &Examiner,
    law: Law,
    correlation: Correlation,
) -> Result<Vec<Report>, ExamineError> {
    (1..=3)
        .flat_map(|rank| [lattice(law, correlation, rank), torus(law, correlation, rank)])
        .map(|statement| examiner.examine(&statement))
        .collect()
}

fn lattice(law: Law, correlation: Correlation, rank: usize) -> Statement {
    let count = rank * law.operands().len();
    let (symbolic, large) = LATTICE[rank - 1];
    on_grids(rank, law.operands(), move |shapes| {
        Ok(cases(law, correlation, Domain::Lattice, shapes.to_vec()))
    })
    .at(&symbolic[..count])
    .at_large(&large[..count])
    .shrinking_to(vec![1; count])
}

fn torus(law: Law, correlation: Correlation, rank: usize) -> Statement {
    let (symbolic, large) = TORUS[rank - 1];
    on_grids(rank, &[""], move |shapes| {
        let shapes = vec![shapes[0].clone(); law.operands().len()];
        Ok(cases(law, correlation, Domain::Torus, shapes))
    })
    .at(symbolic)
    .at_large(large)
    .shrinking_to(vec![1; rank])
}

fn cases(law: Law, correlation: Correlation, domain: Domain, shapes: Vec<Vec<usize>>) -> Vec<Case> {
    let equation = |step| Equation { law, correlation, domain, shapes: shapes.clone(), step };
    let case = |step: Option<Vec<i64>>| match step {
        Some(step) => Case::for_element(format!("T{step:?}"), equation(step)),
        None => Case::new(equation(Vec::new())),
    };
    law.steps(shapes[0].len()).into_iter().map(case).collect()
}
