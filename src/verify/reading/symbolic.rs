//! The symbolic reading: both sides as polynomials in named variables.
//!
//! Equal normal forms are equal functions on every commutative ring (`identity_holds_everywhere` in
//! `proofs/`), so agreement is a proof for this shape, for all inputs and all weights. Different normal forms
//! refute, unless they contain opaque functions (max, reciprocal, square root, exponential), which may be
//! equal without looking so.
//!
//! Where both sides are linear in one unknown, basis vectors in its place are enough (`basis_suffices`), and
//! far cheaper: the products with zero vanish.

use ndarray::ArrayD;
use num_traits::{One, Zero};
use rand_chacha::ChaCha8Rng;

use super::{Outcome, Reader, field};
use crate::scalar::Symbolic;
use crate::verify::identity::{AnyIdentity, Failure};
use crate::verify::report::Finding;

/// See the module.
#[derive(Default)]
pub(in crate::verify) struct Symbols {
    variables: usize,
    terms: usize,
}

impl Symbols {
    fn compare(
        &mut self,
        identity: &dyn AnyIdentity,
        values: &[ArrayD<Symbolic>],
    ) -> Result<Outcome, Failure> {
        let (left, right) = identity.symbolic(values)?;
        self.terms += left.iter().map(Symbolic::terms).sum::<usize>();
        if left == right {
            return Ok(Outcome::Confirms);
        }
        let decisive = left.shape() != right.shape()
            || left.iter().zip(&right).any(|(l, r)| l != r && l.is_polynomial() && r.is_polynomial());
        Ok(if decisive { Outcome::Refutes } else { Outcome::Silent })
    }
}

impl Reader for Symbols {
    fn read(
        &mut self,
        identity: &dyn AnyIdentity,
        linear_in: Option<usize>,
        _draws: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Outcome, Failure> {
        let unknowns = identity.unknowns();
        self.variables = self.variables.max(unknowns.iter().map(|unknown| unknown.len()).sum());
        let mut values: Vec<ArrayD<Symbolic>> =
            unknowns.iter().map(|unknown| Symbolic::variables(&unknown.name, &unknown.shape)).collect();
        let Some(position) = linear_in else { return self.compare(identity, &values) };
        field::certify_linearity(identity, position, random)?;
        let mut outcome = Outcome::Confirms;
        for index in 0..unknowns[position].len() {
            values[position] = basis_vector(&unknowns[position].shape, index);
            match self.compare(identity, &values)? {
                Outcome::Confirms => {}
                Outcome::Refutes => return Ok(Outcome::Refutes),
                Outcome::Silent => outcome = Outcome::Silent,
            }
        }
        Ok(outcome)
    }

    fn finding(&self, shape: String) -> Finding {
        Finding::Symbolic { shape, variables: self.variables, terms: self.terms }
    }
}

fn basis_vector(shape: &[usize], index: usize) -> ArrayD<Symbolic> {
    let mut vector = ArrayD::from_elem(shape, Symbolic::zero());
    if let Some(entry) = vector.iter_mut().nth(index) {
        *entry = Symbolic::one();
    }
    vector
}
