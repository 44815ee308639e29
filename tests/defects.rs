//! Real defects of published libraries and of their tests, and what here would have caught each.
//!
//! | where | what went wrong | caught by |
//! |---|---|---|
//! | ndarray-conv #6, and an example of ndarray | "convolution" that computes correlation | `conv.commutative`, `corr.is_reflected_conv` |
//! | candle #849, PyTorch #29712, #20981, #37844 | circular padding absent or wrong | `conv.translation` |
//! | e3nn | equivariance checked on one random rotation | `map.generators_suffice.one_element` |
//! | symmetric_learning #14 | a pointwise nonlinearity on vectors that rotate | `map.pointwise_rotation` |
//! | burn #2286 | a backend and its reference wrong in the same way | `conv.algorithms_agree` |
//! | escnn | 17 of 53 equivariance checks check nothing | [`nothing_checked_is_an_error`] |
//! | lie-deriv | a perfect score for what it does not understand | [`a_constant_is_no_success`] |
//! | cuEquivariance | a comparison that nobody asserts | `unused_must_use`: see `src/verify/misuse.rs` |

use equivariant::claims::catalogue;
use equivariant::group::C4;
use equivariant::signal::{OnGrid, TrivialAction};
use equivariant::verify::{ExamineError, Examiner, MeasureError, Statement, measure};
use ndarray::ArrayD;

/// The claims of the table exist, and each has a mutant: a wrong implementation that its check must catch.
#[test]
fn the_claims_that_catch_them_exist() {
    let claims = catalogue();
    for id in [
        "conv.commutative",
        "corr.is_reflected_conv",
        "conv.translation",
        "map.generators_suffice.one_element",
        "map.pointwise_rotation",
        "conv.algorithms_agree",
    ] {
        let claim = claims.iter().find(|claim| claim.id == id);
        let claim = claim.unwrap_or_else(|| panic!("there is no claim {id}"));
        assert!(!claim.mutants.is_empty(), "{id} has no mutant");
    }
}

#[test]
fn nothing_checked_is_an_error() {
    let empty = Statement::new(&["size"], |_| Ok(Vec::new())).at([3]);
    assert!(matches!(Examiner::new(0).examine(&empty), Err(ExamineError::NothingChecked(_))));
}

#[test]
fn a_constant_is_no_success() {
    let constant = |_: &ArrayD<f32>| ArrayD::zeros(vec![3]);
    let measured = measure(constant).on([4, 4]).commutes_with(C4, OnGrid, TrivialAction);
    assert_eq!(measured.check(), Err(MeasureError::Constant));
}
