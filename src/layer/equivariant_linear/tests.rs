//! The layer between all pairs of representations, proved, and in other words where there are some.

use super::super::{SetLinear, laws, matrix};
use super::*;
use crate::group::{C4, D4, Sign, Symmetric};
use crate::scalar::Symbolic;
use crate::signal::LinearOnAxis;
use crate::verify::prove;

/// The layer commutes with the group for all inputs, weights and biases, and its gradients are right.
fn check<G: FiniteGroup>(v: &Representation<G, i64>, w: &Representation<G, i64>) -> EquivariantLinear {
    let layer = EquivariantLinear::new(&v.over(), &w.over(), 2, 1).unwrap();
    let (on_v, on_w) = (LinearOnAxis::new(v.clone(), 1), LinearOnAxis::new(w.clone(), 1));
    let shape = [1, 2, v.dimension()];
    prove(layer.clone()).on(shape).commutes_with(v.group().clone(), on_v, on_w).assert();
    laws::gradient(&layer, &[2, 2, v.dimension()]);
    laws::gradient(&layer.clone().without_bias(), &shape);
    layer
}

/// From and to the regular representation, which contains every other one.
fn check_all<G: FiniteGroup + Sign>(group: &G, own: &Representation<G, i64>) {
    let (trivial, sign) = (Representation::trivial(group), Representation::sign(group));
    let regular = Representation::regular(group);
    for other in [&trivial, &sign, &regular, own, &own.tensor_product(own), &own.direct_sum(&sign)] {
        let layer = check(&regular, other);
        assert_eq!(layer.maps().len(), other.dimension());
        check(other, &regular);
    }
    check(&own.tensor_product(own), &own.tensor_product(own));
    check(&regular.tensor_product(&regular), &regular);
}

#[test]
fn quarter_turns() {
    check_all(&C4, &Representation::standard::<2>(&C4));
}

#[test]
fn the_square() {
    check_all(&D4, &Representation::standard::<2>(&D4));
}

#[test]
fn permutations() {
    let group = Symmetric::new(3).unwrap();
    let vectors = Representation::natural(&group);
    check_all(&group, &vectors);
    let group = Symmetric::new(4).unwrap();
    let (vectors, sign) = (Representation::natural(&group), Representation::sign(&group));
    let matrices = vectors.tensor_product(&vectors);
    let counts = |v, w| (check(v, w).maps().len(), check(v, w).invariants().len());
    assert_eq!(counts(&matrices, &matrices), (15, 2));
    assert_eq!(counts(&vectors, &vectors), (2, 1));
    assert_eq!(counts(&vectors.tensor_product(&sign), &vectors.tensor_product(&sign)), (2, 0));
}

/// For the natural representation of S_n it is the layer on sets, in another basis: the indicators of the
/// diagonal and of the rest.
#[test]
fn on_sets_it_is_the_layer_on_sets() {
    let group = Symmetric::new(4).unwrap();
    let natural = Representation::natural(&group);
    let layer = EquivariantLinear::new(&natural, &natural, 2, 3).unwrap();
    let sets = SetLinear::new(2, 3).pooling(super::super::Reduction::Sum);
    let symbols = |layer: &dyn Fn() -> Vec<Parameter>| -> Vec<_> {
        layer().iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect()
    };
    let of_sets = symbols(&|| sets.parameters());
    // λ + γ on the diagonal, γ elsewhere.
    let diagonal = of_sets[0].clone() + &of_sets[1];
    let weight = ndarray::stack(ndarray::Axis(0), &[diagonal.view(), of_sets[1].view()]).unwrap();
    let bias = of_sets[2].clone().insert_axis(ndarray::Axis(0));
    let x = Symbolic::variables("x", &[2, 2, 4]);
    let forward = layer.forward(&x, &[weight, bias], Mode::Inference).unwrap();
    assert_eq!(forward, sets.forward(&x, &of_sets, Mode::Inference).unwrap());
}

/// W = Σ w_b·B_b as a matrix of weights that are variables.
#[test]
fn weights_are_shared() {
    let layer =
        EquivariantLinear::new(&Representation::regular(&C4), &Representation::regular(&C4), 1, 1).unwrap();
    let weights: Vec<_> = layer.parameters().iter().map(|p| Symbolic::variables(&p.name, &p.shape)).collect();
    let matrix = matrix(&layer, &[1, 4], &weights).unwrap();
    // A circulant: each weight stands once in each row.
    for row in 0..4 {
        for column in 0..4 {
            assert_eq!(matrix[[row, column]], matrix[[(row + 1) % 4, (column + 1) % 4]]);
            assert_eq!(matrix[[row, column]].terms(), 1);
        }
    }
}

#[test]
fn what_is_known_before_it_runs() {
    let group = Symmetric::new(4).unwrap();
    let natural = Representation::natural(&group);
    let layer = EquivariantLinear::new(&natural, &natural, 3, 5).unwrap();
    assert_eq!(laws::facts(&layer, &[1, 3, 4]), (vec![1, 5, 4], 2 * 15 + 5, 16 * 15));
    // Each row of both maps together has four ones.
    assert_eq!(layer.parameters()[0].fan, (12, 20));
    let told = |shape: &[usize]| layer.output_shape(shape).unwrap_err().to_string();
    assert_eq!(
        told(&[1, 2, 4]),
        "equivariant linear 3 → 5, natural → natural of S_4 takes inputs of shape (batch, 3, 4), \
         found [1, 2, 4]: give the layer 2 inputs"
    );
    assert!(told(&[1, 3, 5]).ends_with("its representation has dimension 4, and not 5"));
    assert!(told(&[1, 12]).ends_with("on one axis, behind that of the channels"));
}

#[test]
fn representations_that_do_not_fit_are_told() {
    let told = |v: &Representation<Symmetric, Rational>, w: &Representation<Symmetric, Rational>| {
        EquivariantLinear::new(v, w, 1, 1).unwrap_err().to_string()
    };
    let [s3, s4] = [3, 4].map(|n| Symmetric::new(n).unwrap());
    assert_eq!(
        told(&Representation::sign(&s4), &Representation::trivial(&s4)),
        "equivariant linear sign → trivial of S_4: the representations must be such that an \
         irreducible one occurs in both, found two of which zero is the only equivariant map"
    );
    let natural = Representation::natural;
    assert!(told(&natural(&s3), &natural(&s4)).ends_with("of one group, found one of S_3 and one of S_4"));
}
