//! An identity: two expressions in the same unknowns that are asserted to be equal.
//!
//! Everything the engine can decide is brought to this form: commutativity is `x * y = y * x`, equivariance
//! is `f(g ▷ x) = g ▷ f(x)`. The two sides are written once, for every scalar; [`AnyIdentity`] is the same
//! thing with the scalars of the readings spelled out, so that the engine itself is compiled once.

use ndarray::ArrayD;

use crate::scalar::{Bounded, Degree, Goldilocks, Scalar, Symbolic, Term};

/// Why a side could not be evaluated: any error of the code under test.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A named array of unknowns: an input, a kernel, a bias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name that proofs and counterexamples print.
    pub name: String,
    /// The shape; `[]` for a single number.
    pub shape: Vec<usize>,
}

impl Unknown {
    /// An unknown array with this name and shape.
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Unknown { name: name.into(), shape: shape.into() }
    }

    /// How many numbers it stands for.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it stands for no number at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The left and the right side of an identity.
pub type Sides<S> = (ArrayD<S>, ArrayD<S>);

/// Two expressions in the same unknowns, written once for every scalar.
pub trait Identity: Send + Sync {
    /// The unknowns, in the order in which [`sides`](Identity::sides) takes them.
    fn unknowns(&self) -> Vec<Unknown>;

    /// Both sides at the given values of the unknowns.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure>;
}

/// An [`Identity`] on the scalars of the readings, as an object.
pub trait AnyIdentity: Send + Sync {
    /// See [`Identity::unknowns`].
    fn unknowns(&self) -> Vec<Unknown>;
    /// Both sides as polynomials.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn symbolic(&self, values: &[ArrayD<Symbolic>]) -> Result<Sides<Symbolic>, Failure>;
    /// Both sides over GF(p).
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn field(&self, values: &[ArrayD<Goldilocks>]) -> Result<Sides<Goldilocks>, Failure>;
    /// Both sides as terms at a random point of a random interpretation.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn term(&self, values: &[ArrayD<Term>]) -> Result<Sides<Term>, Failure>;
    /// Degrees of both sides.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn degree(&self, values: &[ArrayD<Degree>]) -> Result<Sides<Degree>, Failure>;
    /// Both sides with rigorous error bounds.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn bounded(&self, values: &[ArrayD<Bounded>]) -> Result<Sides<Bounded>, Failure>;
    /// Both sides in single precision.
    ///
    /// # Errors
    /// Whatever the code under test reports.
    fn single(&self, values: &[ArrayD<f32>]) -> Result<Sides<f32>, Failure>;
}

impl<I: Identity> AnyIdentity for I {
    fn unknowns(&self) -> Vec<Unknown> {
        Identity::unknowns(self)
    }

    fn symbolic(&self, values: &[ArrayD<Symbolic>]) -> Result<Sides<Symbolic>, Failure> {
        self.sides(values)
    }

    fn field(&self, values: &[ArrayD<Goldilocks>]) -> Result<Sides<Goldilocks>, Failure> {
        self.sides(values)
    }

    fn term(&self, values: &[ArrayD<Term>]) -> Result<Sides<Term>, Failure> {
        self.sides(values)
    }

    fn degree(&self, values: &[ArrayD<Degree>]) -> Result<Sides<Degree>, Failure> {
        self.sides(values)
    }

    fn bounded(&self, values: &[ArrayD<Bounded>]) -> Result<Sides<Bounded>, Failure> {
        self.sides(values)
    }

    fn single(&self, values: &[ArrayD<f32>]) -> Result<Sides<f32>, Failure> {
        self.sides(values)
    }
}

/// The degrees of both sides as functions of all unknowns.
///
/// # Errors
/// Whatever the code under test reports.
pub(super) fn degrees(identity: &dyn AnyIdentity) -> Result<Sides<Degree>, Failure> {
    let variables = |shape: Vec<usize>| ArrayD::from_elem(shape, Degree::variable());
    let values: Vec<_> = identity.unknowns().into_iter().map(|unknown| variables(unknown.shape)).collect();
    identity.degree(&values)
}
