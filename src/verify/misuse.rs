//! Misuse that the types prevent. Each example that must not compile stands beside its twin that must, so
//! that it fails for the reason given and for no other.
//!
//! A closure on floats can be measured, but nothing about it can be proved:
//! ```compile_fail,E0277
//! use equivariant::{group::C4, signal::OnGrid, verify::prove};
//! prove(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(C4, OnGrid, OnGrid).assert();
//! ```
//! ```
//! use equivariant::{group::C4, signal::OnGrid, verify::measure};
//! measure(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(C4, OnGrid, OnGrid).assert();
//! ```
//!
//! An action moves what its own group acts on; a permutation of points does not rotate an image:
//! ```compile_fail,E0277
//! use equivariant::{group::Symmetric, signal::OnGrid, verify::measure};
//! let group = Symmetric::new(4)?;
//! measure(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(group, OnGrid, OnGrid).assert();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! ```
//! use equivariant::{group::Symmetric, signal::OnAxis, verify::measure};
//! let group = Symmetric::new(4)?;
//! let points = OnAxis::new(2);
//! measure(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(group, points, points).assert();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Elements of different groups have no product:
//! ```compile_fail,E0308
//! use equivariant::group::{Group, Rotation, Translation, C4};
//! C4.compose(&Rotation::Rot90, &Translation([1]));
//! ```
//! ```
//! use equivariant::group::{Group, Rotation, C4};
//! C4.compose(&Rotation::Rot90, &Rotation::Rot180);
//! ```
//!
//! Complex numbers have no order, so there is no rectifier on them:
//! ```compile_fail,E0599
//! use equivariant::scalar::{Lattice, Ring};
//! let relu = num_complex::Complex::<f64>::from_integer(-1).relu();
//! ```
//! ```
//! use equivariant::scalar::{Lattice, Ring};
//! let relu = f64::from_integer(-1).relu();
//! ```
//!
//! The mean of integers is no integer: mean pooling asks for a ring in which one can divide:
//! ```compile_fail,E0599
//! use equivariant::scalar::DivideByInteger;
//! let half = 3_i64.divide_by_integer(2);
//! ```
//! ```
//! use equivariant::scalar::{DivideByInteger, Rational};
//! let half = Rational::from(3).divide_by_integer(2);
//! ```
//!
//! A claim that is written down but never checked is a warning (here made an error):
//! ```compile_fail
//! #![deny(unused_must_use)]
//! use equivariant::{group::C4, signal::OnGrid, verify::measure};
//! measure(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(C4, OnGrid, OnGrid);
//! ```
//! ```
//! #![deny(unused_must_use)]
//! use equivariant::{group::C4, signal::OnGrid, verify::measure};
//! measure(|x: &ndarray::ArrayD<f32>| x.clone()).on([4, 4]).commutes_with(C4, OnGrid, OnGrid).assert();
//! ```
