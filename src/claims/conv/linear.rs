//! Linear convolution by circular convolution: with n and m entries the product has n + m − 1, and on a grid
//! of N entries whatever comes later wraps around: entry i of the circular convolution is Σ_j (x * y)(i +
//! jN).
//!
//! Source: A. V. Oppenheim, R. W. Schafer, *Discrete-Time Signal Processing*, 3rd ed. 2010, § 8.7.

use ndarray::{ArrayD, IxDyn, Slice};

use super::grids::on_grids;
use crate::claims::Claim;
use crate::conv::{Boundary, ConvolutionError, Extent, boundary, convolve};
use crate::scalar::{Ring, Scalar, Symbolic};
use crate::verify::{
    Case, ExamineError, Examiner, Failure, Figure, Identity, Report, Sides, Statement, Unknown, Verdict,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "conv.theorem_linear",
            "linear convolution is circular convolution after zero padding to at least n + m − 1",
            |examiner| enough(examiner, Padding::Asked),
        )
        .theorem("linear_is_circular")
        .mutant("one entry too few", |examiner| enough(examiner, Padding::OneLess)),
        Claim::fails(
            "conv.theorem_linear.wrap_around",
            "padding to max(n, m) is enough for the entries that there are",
            wrap_around,
        )
        .theorem("circular_wraps_linear")
        .mutant("n entries more than asked for", |examiner| {
            too_little(examiner, Padding::Generous).map(Report::none)
        }),
    ]
}

/// How an implementation pads when it is asked for a grid of N entries.
#[derive(Clone, Copy)]
enum Padding {
    /// To N.
    Asked,
    /// Wrong: to N − 1.
    OneLess,
    /// To N + n.
    Generous,
}

impl Padding {
    fn grid(self, asked: &[usize], x: &[usize]) -> Vec<usize> {
        let length = |(&asked, &x): (&usize, &usize)| match self {
            Padding::Asked => asked,
            Padding::OneLess => asked - 1,
            Padding::Generous => asked + x,
        };
        asked.iter().zip(x).map(length).collect()
    }
}

fn enough(examiner: &Examiner, padding: Padding) -> Result<Report, ExamineError> {
    let statement = |rank| wrapped(rank, padding, Right::Linear);
    Ok(Report::all([
        examiner.examine(&statement(1).at([3, 4, 6]).at([3, 2, 7]).at_large([8, 17, 24]))?,
        examiner.examine(&statement(2).at([2, 3, 3, 2, 4, 4]).at_large([3, 4, 6, 5, 8, 9]))?,
        examiner
            .examine(&statement(3).at([2, 2, 2, 2, 2, 2, 3, 3, 3]).at_large([2, 3, 2, 3, 2, 4, 4, 4, 5]))?,
    ]))
}

/// The statement at sizes below n + m − 1 along at least one axis.
fn too_little(examiner: &Examiner, padding: Padding) -> Result<Vec<Report>, ExamineError> {
    let statement = |rank| wrapped(rank, padding, Right::Linear);
    Ok(vec![
        examiner.examine(&statement(1).at([3, 4, 5]).shrinking_to([1, 1, 1]))?,
        examiner.examine(&statement(2).at([2, 3, 3, 2, 3, 4]).shrinking_to([1; 6]))?,
        examiner.examine(&statement(3).at([1, 2, 2, 2, 2, 1, 2, 2, 2]).shrinking_to([1; 9]))?,
    ])
}

fn wrap_around(examiner: &Examiner) -> Result<Report, ExamineError> {
    let folded = |rank| wrapped(rank, Padding::Asked, Right::Folded);
    let part = Report::all([
        examiner.examine(&folded(1).at([3, 4, 4]).at([3, 4, 5]).at_large([17, 12, 17]))?,
        examiner.examine(&folded(2).at([2, 3, 3, 2, 3, 3]).at_large([3, 4, 6, 5, 7, 5]))?,
        examiner.examine(&folded(3).at([1, 2, 2, 2, 2, 1, 2, 2, 2]).at_large([2, 3, 2, 3, 2, 4, 3, 3, 4]))?,
    ]);
    if part.verdict != Verdict::Holds {
        return Err(ExamineError::Contradiction(format!("entries that wrap around: {part}")));
    }
    let report = Report::none(too_little(examiner, Padding::Asked)?);
    let (largest, figure) = which_entries().map_err(|source| ExamineError::Evaluation {
        place: "the entries that wrap around".into(),
        source,
    })?;
    Ok(report.with_largest(largest).with_figure(figure))
}

/// For three and four entries on every grid that holds them: which entries of the circular convolution are
/// those of the linear one, by comparing polynomials.
fn which_entries() -> Result<(String, Figure), Failure> {
    let (n, m) = (3, 4);
    let mut found = Vec::new();
    for grid in m..n + m {
        let identity = Wrapped { x: vec![n], y: vec![m], grid: vec![grid], right: Right::Linear };
        let values = [Symbolic::variables("x", &[n]), Symbolic::variables("y", &[m])];
        let (circular, linear) = identity.sides(&values)?;
        let wrong: Vec<usize> = (0..grid).filter(|&entry| circular[entry] != linear[entry]).collect();
        if wrong != (0..n + m - 1 - grid).collect::<Vec<_>>() {
            return Err(format!("on {grid} entries {wrong:?} wrap around").into());
        }
        let wrong: Vec<String> = wrong.iter().map(usize::to_string).collect();
        let wrong = if wrong.is_empty() { "none".to_owned() } else { wrong.join(" and ") };
        found.push(format!("{wrong} on N = {grid}"));
    }
    let boxes = [n, m].map(|length| ArrayD::from_elem(IxDyn(&[length]), 1_i64));
    let series = |grid| -> Result<(String, Vec<(f64, f64)>), Failure> {
        let values = circular(&boxes[0], &boxes[1], &[grid])?;
        let points = values.iter().enumerate().map(|(entry, &value)| (entry as f64, value as f64)).collect();
        Ok((format!("N = {grid}"), points))
    };
    let figure = Figure {
        title: format!("Circular convolution of boxes of {n} and {m} entries: N = {} is linear", n + m - 1),
        horizontal: "entry".into(),
        vertical: "value".into(),
        series: (m..n + m).map(series).collect::<Result<_, _>>()?,
    };
    let largest = format!(
        "entries from n + m − 1 − N on are right; for n = {n}, m = {m} the wrong ones are {}",
        found.join(", ")
    );
    Ok((largest, figure))
}

/// What the circular convolution on the grid is compared with.
#[derive(Clone, Copy)]
enum Right {
    /// The linear convolution, cut or extended by zeros to the grid.
    Linear,
    /// The linear convolution, wound around the grid.
    Folded,
}

fn wrapped(rank: usize, padding: Padding, right: Right) -> Statement {
    on_grids(rank, &["x", "y", "the grid"], move |shapes| {
        let [x, y, asked] = shapes else { return Ok(Vec::new()) };
        let fits = |grid: &[usize]| grid.iter().zip(x).zip(y).all(|((&grid, &x), &y)| grid >= x.max(y));
        let grid = padding.grid(asked, x);
        if !(fits(asked) && fits(&grid)) {
            return Ok(Vec::new());
        }
        Ok(vec![Case::new(Wrapped { x: x.clone(), y: y.clone(), grid, right })])
    })
}

struct Wrapped {
    x: Vec<usize>,
    y: Vec<usize>,
    grid: Vec<usize>,
    right: Right,
}

impl Identity for Wrapped {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.x.clone()), Unknown::new("y", self.y.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let linear = convolve(&values[1], &values[0], Extent::Full)?;
        let right = match self.right {
            Right::Linear => resized(linear, &self.grid)?,
            Right::Folded => folded(&linear, &self.grid),
        };
        Ok((circular(&values[0], &values[1], &self.grid)?, right))
    }
}

/// The circular convolution after zero padding to the grid.
fn circular<S: Ring>(x: &ArrayD<S>, y: &ArrayD<S>, grid: &[usize]) -> Result<ArrayD<S>, ConvolutionError> {
    convolve(&resized(y.clone(), grid)?, &resized(x.clone(), grid)?, Extent::Circular)
}

/// Cut or extended by zeros at the end of each axis.
fn resized<S: Ring>(mut x: ArrayD<S>, grid: &[usize]) -> Result<ArrayD<S>, ConvolutionError> {
    x.slice_each_axis_inplace(|axis| Slice::from(..axis.len.min(grid[axis.axis.index()])));
    let zeros: Vec<_> = grid.iter().zip(x.shape()).map(|(&grid, &length)| (0, grid - length)).collect();
    boundary::pad(&x, &zeros, Boundary::Zero)
}

/// Entry i is the sum of the entries i + jN.
fn folded<S: Ring>(x: &ArrayD<S>, grid: &[usize]) -> ArrayD<S> {
    let mut folded = ArrayD::from_elem(IxDyn(grid), S::zero());
    for (index, entry) in x.indexed_iter() {
        let place: Vec<usize> = grid.iter().enumerate().map(|(axis, length)| index[axis] % length).collect();
        folded[IxDyn(&place)].add_in_place(entry);
    }
    folded
}
