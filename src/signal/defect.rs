//! How far from an action: the defect of composition `‖a ▷ (b ▷ x) − (a · b) ▷ x‖ / ‖x‖`.
//!
//! The norm is the Euclidean one; for an action the defect is 0, up to rounding. Cost: three applications.

use ndarray::{ArrayD, Zip};

use crate::group::{Action, Group};

/// The defect of composition of what may be no action, on one array: 0 where `x` is 0.
///
/// # Panics
/// If the group does not move arrays of this shape, or the two sides have different shapes.
pub fn composition_defect<G: Group>(
    group: &G,
    action: &impl Action<G, ArrayD<f64>>,
    a: &G::Element,
    b: &G::Element,
    x: &ArrayD<f64>,
) -> f64 {
    let twice = action.act(group, a, &action.act(group, b, x));
    let once = action.act(group, &group.compose(a, b), x);
    assert_eq!(twice.shape(), once.shape(), "the two sides of the law of composition have different shapes");
    let squares = Zip::from(&twice).and(&once).fold(0.0, |sum, left, right| sum + (left - right).powi(2));
    let norm = x.iter().map(|value| value * value).sum::<f64>().sqrt();
    if norm == 0.0 { 0.0 } else { squares.sqrt() / norm }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::group::{C4, D4, Flip, Rotation};
    use crate::signal::{OnGrid, RightAction};

    #[test]
    fn an_action_has_no_defect_and_a_right_action_has() {
        let x = array![[3.0, 0.0], [0.0, 4.0]].into_dyn();
        let (turn, mirror) = (Rotation::Rot90.into(), Flip::Reflect.into());
        assert_eq!(composition_defect(&C4, &OnGrid, &Rotation::Rot90, &Rotation::Rot180, &x), 0.0);
        assert_eq!(composition_defect(&D4, &OnGrid, &turn, &mirror, &x), 0.0);
        // The two sides are the two transpositions of x: ‖diag(3, 4) − diag(4, 3)‖ = √2, and ‖x‖ = 5.
        let defect = composition_defect(&D4, &RightAction(OnGrid), &turn, &mirror, &x);
        assert_eq!(defect, 2.0_f64.sqrt() / 5.0);
        assert_eq!(composition_defect(&D4, &RightAction(OnGrid), &turn, &mirror, &(x * 0.0)), 0.0);
    }
}
