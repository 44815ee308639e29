//! Differences, and what is told by them: the nearest float, and which of two numbers is the greater.

use super::number::{CUT, Fixed, Form, Wide, nearby};
use super::sum::Sum;
use crate::scalar::Bounded;

impl Fixed {
    /// The nearest float, or one near it, and a bound of its distance from the exact result.
    pub fn to_bounded(&self) -> Bounded {
        match &self.0 {
            Form::Float(x) => Bounded::new(*x),
            Form::Rough(rough) => *rough,
            Form::Wide(wide) => {
                let value = nearby(&wide.limbs);
                let value = if wide.is_negative { -value } else { value };
                match Self::float(value).minus(self) {
                    Some(distance) => {
                        let error = distance.size() + distance.error();
                        Bounded::with_error(value, if error == 0.0 { 0.0 } else { error.next_up() })
                    }
                    // Both are too near to 2⁶² to be subtracted.
                    None => Bounded::with_error(value, (wide.size * CUT + wide.error) * (1.0 + CUT)),
                }
            }
        }
    }

    /// x − y; `None` where it may be 2⁶² or more.
    pub(super) fn minus(&self, other: &Self) -> Option<Self> {
        let mut sum = Sum::default();
        sum.add(self);
        sum.add(&other.negated());
        sum.finish()
    }

    /// The greater of two numbers. Where it is certain which one is greater the result is that number, else
    /// |max(x, y) − max(v, w)| is at most the greater bound. `None` where they cannot be compared here.
    pub(super) fn greater(&self, other: &Self) -> Option<Self> {
        let difference = self.minus(other)?;
        let (greater, less) = if difference.is_negative() { (other, self) } else { (self, other) };
        let error = greater.error().max(less.error());
        if error == greater.error() || difference.least_size() >= (self.error() + other.error()).next_up() {
            return Some(greater.clone());
        }
        Some(match &greater.0 {
            Form::Wide(wide) => Self::wide(Wide { error, ..**wide }),
            _ => Self::of_bounded(&Bounded::with_error(greater.to_bounded().value(), error)),
        })
    }
}
