//! A quarter turn takes h × w images to w × h images; half turns and reflections act on one frame.
//!
//! Where the entries of a turned picture come from, written down index by index:
//! (Rot90 ▷ x)[i, j] = x[j, w − 1 − i], (Ref ▷ x)[i, j] = x[i, w − 1 − j].

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::super::Claim;
use super::law::laws;
use crate::group::{C4, D4, FiniteGroup, Flip, Group, Rotation, RotationReflection, Subgroup};
use crate::scalar::{Ring, Scalar};
use crate::signal::{ActionError, ArrayAction, OnGrid};
use crate::verify::{
    Case, Counterexample, Examiner, Failure, Finding, Identity, Report, Sides, Statement, Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "action.rectangle",
            "Rot90 takes h × w images to w × h images, h ≠ w; Rot180 and the reflections of the axes act on \
             one grid",
            |examiner| rectangle(examiner, Turning::CounterClockwise),
        )
        .theorem("rectangle_turns")
        .theorem("flips_act_on_rectangles")
        .mutant("pictures turn clockwise", |examiner| rectangle(examiner, Turning::Clockwise))
        .mutant("the frame stays, and a quarter turn is only a transposition", |examiner| {
            rectangle(examiner, Turning::Transposing)
        })
        .mutant("turned images keep the shape, not the picture", |examiner| {
            rectangle(examiner, Turning::Reshaping)
        }),
    ]
}

/// How pictures are turned, rightly or wrongly.
#[derive(Clone, Copy, Debug)]
enum Turning {
    CounterClockwise,
    Clockwise,
    /// A quarter turn exchanges the axes, and forgets to reverse one.
    Transposing,
    /// The entries of the turned image are read into the frame that it had.
    Reshaping,
}

impl ArrayAction<D4> for Turning {
    fn name(&self) -> String {
        ArrayAction::<D4>::name(&OnGrid)
    }

    fn try_act<S: Ring>(
        &self,
        group: &D4,
        g: &RotationReflection,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let shape = x.shape().to_vec();
        match self {
            Turning::CounterClockwise => OnGrid.try_act(group, g, x),
            Turning::Clockwise => {
                let inverse = C4.inverse(&g.rotation);
                OnGrid.try_act(group, &RotationReflection::new(inverse, g.flip), x)
            }
            Turning::Transposing if is_quarter(g) => {
                let transposition = RotationReflection::new(Rotation::Rot270, Flip::Reflect);
                OnGrid.try_act(group, &transposition, x)
            }
            Turning::Transposing => OnGrid.try_act(group, g, x),
            Turning::Reshaping => {
                let turned = OnGrid.try_act(group, g, x)?;
                let name = || ArrayAction::<D4>::name(self);
                turned
                    .into_shape_with_order(IxDyn(&shape))
                    .map_err(|_| ActionError::new(name(), "as many entries as before", &shape))
            }
        }
    }
}

fn is_quarter(g: &RotationReflection) -> bool {
    matches!(g.rotation, Rotation::Rot90 | Rotation::Rot270)
}

/// What comes out is what the definition says, index by index.
struct Placement {
    turning: Turning,
    element: RotationReflection,
    shape: Vec<usize>,
}

impl Identity for Placement {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let x = &values[0];
        let mirrored = match self.element.flip {
            Flip::Identity => x.clone(),
            Flip::Reflect => picked(x, false, |[i, j], [_, w]| [i, w - 1 - j]),
        };
        let expected = match self.element.rotation {
            Rotation::Identity => mirrored,
            Rotation::Rot90 => picked(&mirrored, true, |[i, j], [_, w]| [j, w - 1 - i]),
            Rotation::Rot180 => picked(&mirrored, false, |[i, j], [h, w]| [h - 1 - i, w - 1 - j]),
            Rotation::Rot270 => picked(&mirrored, true, |[i, j], [h, _]| [h - 1 - j, i]),
        };
        Ok((self.turning.try_act(&D4, &self.element, x.view())?, expected))
    }
}

/// The images whose entry at (i, j) is that of `x` at `source((i, j), (h, w))`; of shape w × h where
/// `exchanged`.
fn picked<S: Ring>(
    x: &ArrayD<S>,
    exchanged: bool,
    source: impl Fn([usize; 2], [usize; 2]) -> [usize; 2],
) -> ArrayD<S> {
    let (channels, height, width) = (x.shape()[0], x.shape()[1], x.shape()[2]);
    let frame = if exchanged { [width, height] } else { [height, width] };
    ArrayD::from_shape_fn(IxDyn(&[channels, frame[0], frame[1]]), |index| {
        let [row, column] = source([index[1], index[2]], [height, width]);
        x[[index[0], row, column]].clone()
    })
}

fn rectangle(examiner: &Examiner, turning: Turning) -> Result<Report, Failure> {
    let dimensions = ["channels", "height", "width"];
    let placement = Statement::new(&dimensions, move |shape| {
        let case =
            |element| Case::for_element(element, Placement { turning, element, shape: shape.to_vec() });
        Ok(D4.elements().map(case).collect())
    });
    // All of D4 composes, through the two grids.
    let composition = Statement::new(&dimensions, move |shape| Ok(laws(&D4, &turning, shape)));
    let examined = [placement, composition].map(|statement| {
        examiner.examine(&statement.at([2, 2, 3]).at_large([3, 28, 17]).shrinking_to([1, 1, 1]))
    });
    let mut reports = vec![frames(turning)?];
    for report in examined {
        reports.push(report?);
    }
    Ok(Report::all(reports))
}

/// Which elements keep a frame whose sides differ: those without a quarter turn, which form a subgroup.
fn frames(turning: Turning) -> Result<Report, Failure> {
    let shape = [1, 2, 3];
    let image = ArrayD::<i64>::zeros(IxDyn(&shape));
    let mut kept = Vec::new();
    for g in D4.elements() {
        if turning.try_act(&D4, &g, image.view())?.shape() == shape {
            kept.push(g);
        }
    }
    let kept = Subgroup::new(&D4, kept)?;
    let expected = Subgroup::of_elements_where(&D4, |g| !is_quarter(g))?;
    let [found, expected] = [kept, expected].map(|subgroup| D4.describe_subgroup(&subgroup));
    if found == expected {
        return Ok(Report::enumerated(format!("of D4, {found} keep a 2 × 3 frame"), 8));
    }
    let inputs = [("frame".to_owned(), "2 × 3".to_owned())];
    Ok(Report::refuted(
        Finding::Symbolic { shape: "D4 on a 2 × 3 frame".to_owned(), variables: 0, terms: 8 },
        Counterexample::from_text(inputs, found, expected),
    ))
}
