//! An interval of a parameter, p = centre + half·t for t from −1 to 1.

use super::AngleError;

/// The numbers from `low` to `high`, both included: degrees, pixels or levels of brightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// From one number to another.
    ///
    /// # Errors
    /// If one is not finite, or the second is less than the first.
    pub fn new(low: f64, high: f64) -> Result<Self, AngleError> {
        // A width that overflows is refused as well.
        if low <= high && (high - low).is_finite() {
            Ok(Interval { low, high })
        } else {
            Err(AngleError::Interval { low, high })
        }
    }

    /// A single number.
    ///
    /// # Errors
    /// If it is not finite.
    pub fn point(value: f64) -> Result<Self, AngleError> {
        Self::new(value, value)
    }

    /// Where it begins.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Where it ends.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The number at t = 0.
    pub fn centre(&self) -> f64 {
        self.low + (self.high - self.low) / 2.0
    }

    /// Half of the width, rounded so that centre ± half covers the interval.
    pub fn half(&self) -> f64 {
        let centre = self.centre();
        let half = (self.high - centre).max(centre - self.low);
        if half == 0.0 { 0.0 } else { half.next_up() }
    }

    /// From the beginning to the end.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    /// Both halves, which have the centre in common; `None` where there is no float between the ends.
    pub fn split(&self) -> Option<[Self; 2]> {
        let (low, centre, high) = (self.low, self.centre(), self.high);
        let is_inside = low < centre && centre < high;
        is_inside.then_some([Interval { low, high: centre }, Interval { low: centre, high }])
    }

    /// Both in one, if the other begins where this one ends.
    pub(super) fn joined(&self, next: &Self) -> Option<Self> {
        (self.high == next.low).then_some(Interval { low: self.low, high: next.high })
    }
}
