//! The atoms of symbolic expressions, each stored once for the whole process and named by a number.
//!
//! Interning makes comparison of nested expressions cheap: two atoms are the same if and only if their
//! numbers are. The numbers depend on the order in which atoms first occur, so nothing that users see may
//! depend on them. Atoms are never forgotten: the memory they take is that of all distinct atoms ever built.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::atom_id::AtomId;
use super::expression::Symbolic;

/// What polynomials are made of.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    Variable(String),
    /// At least two arguments, of which at most one is constant and none is itself a maximum.
    Maximum(BTreeSet<Symbolic>),
    /// Of anything but a constant.
    Reciprocal(Symbolic),
    /// Of anything but the square of a rational number.
    SquareRoot(Symbolic),
    /// Of anything but zero.
    Exponential(Symbolic),
    /// Of anything but one.
    Logarithm(Symbolic),
    /// Of anything but zero.
    ErrorFunction(Symbolic),
}

#[derive(Default)]
struct Interner {
    ids: HashMap<Arc<Atom>, AtomId>,
    atoms: Vec<Arc<Atom>>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

impl AtomId {
    /// The number of this atom, a new one if it was never seen.
    ///
    /// # Panics
    /// If the process has built 2³² distinct atoms.
    pub fn of(atom: Atom) -> Self {
        // The interner is only changed by the last two lines, which do not panic in between: poison is
        // harmless.
        if let Some(id) = INTERNER.read().unwrap_or_else(PoisonError::into_inner).ids.get(&atom) {
            return *id;
        }
        let mut interner = INTERNER.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = interner.ids.get(&atom) {
            return *id;
        }
        let id = AtomId(interner.atoms.len().try_into().expect("fewer than 2³² distinct atoms"));
        let atom = Arc::new(atom);
        interner.atoms.push(Arc::clone(&atom));
        interner.ids.insert(atom, id);
        id
    }

    /// The atom with this number.
    pub fn atom(self) -> Arc<Atom> {
        let interner = INTERNER.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&interner.atoms[self.0 as usize])
    }
}

impl Atom {
    /// The expressions inside.
    pub fn arguments(&self) -> Vec<&Symbolic> {
        match self {
            Atom::Variable(_) => Vec::new(),
            Atom::Maximum(arguments) => arguments.iter().collect(),
            Atom::Reciprocal(argument)
            | Atom::SquareRoot(argument)
            | Atom::Exponential(argument)
            | Atom::Logarithm(argument)
            | Atom::ErrorFunction(argument) => vec![argument],
        }
    }
}
