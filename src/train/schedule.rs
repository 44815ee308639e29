//! Schedules: learning rate and momentum as functions of the step.
//!
//! | schedule | rate at step t = 0, 1, … of T in all |
//! |---|---|
//! | constant | η |
//! | step | η·γ^⌊t/n⌋ |
//! | cosine | η·(t+1)/w for t < w, then from η to η₁ along half a cosine, reached at step T − 1 (Loshchilov and Hutter 2017) |
//! | one cycle | from η/d up to η and down to η/(d·f), each along half a cosine, momentum the other way (Smith and Topin 2018) |
//!
//! One cycle has the phases of PyTorch's `OneCycleLR`: the peak is at step p·T − 1, the end at step T − 1.
//! With p·T < 1 the peak lies before the first step, which is on the way down already. Nothing here has a
//! state, so a resumed training needs the number of its step only.

use std::f64::consts::PI;
use std::fmt;

/// What a schedule sets for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// The learning rate η.
    pub rate: f64,
    /// The momentum μ, or β₁ of Adam, in place of the optimiser's own.
    pub momentum: Option<f64>,
}

/// A learning rate, and perhaps a momentum, for each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// One rate for ever.
    Constant {
        /// η.
        rate: f64,
    },
    /// A rate that is multiplied by a factor again and again.
    Step {
        /// η.
        rate: f64,
        /// After how many steps each time; 0 counts as 1.
        every: u64,
        /// γ.
        factor: f64,
    },
    /// Half a cosine, after a linear warm-up.
    Cosine {
        /// η.
        rate: f64,
        /// η₁, where it ends.
        last: f64,
        /// w, the steps of the warm-up.
        warm_up: u64,
    },
    /// One cycle up and down.
    OneCycle(OneCycle),
}

/// The shape of a single cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// η, the greatest rate.
    pub rate: f64,
    /// p, the share of the steps on which the rate rises.
    pub rise: f64,
    /// d, by what η is divided to begin with.
    pub start_divisor: f64,
    /// f, by what the first rate is divided in the end.
    pub end_divisor: f64,
    /// The momentum at both ends, and at the peak; `None` leaves the optimiser's own.
    pub momentum: Option<(f64, f64)>,
}

impl OneCycle {
    /// PyTorch's defaults: 30 % of the steps rise, from η/25 and down to η/250,000, momentum from 0.95 to
    /// 0.85 and back.
    pub fn new(rate: f64) -> Self {
        OneCycle { rate, rise: 0.3, start_divisor: 25.0, end_divisor: 1e4, momentum: Some((0.95, 0.85)) }
    }

    fn at(self, step: u64, steps: u64) -> Setting {
        let first = self.rate / self.start_divisor;
        let last = first / self.end_divisor;
        let end = (steps as f64 - 1.0).max(0.0);
        // Before the first step if the rise is shorter than one.
        let peak = (self.rise * steps as f64 - 1.0).min(end);
        let step = (step as f64).min(end);
        let along = |at_start: f64, at_peak: f64, at_end: f64| {
            if step < peak {
                half_cosine(at_start, at_peak, step / peak)
            } else if end > peak {
                half_cosine(at_peak, at_end, (step - peak) / (end - peak))
            } else {
                at_peak
            }
        };
        Setting {
            rate: along(first, self.rate, last),
            momentum: self.momentum.map(|(ends, middle)| along(ends, middle, ends)),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Constant { rate } => write!(f, "rate {rate}"),
            Schedule::Step { rate, every, factor } => {
                write!(f, "rate {rate}, times {factor} every {every} steps")
            }
            Schedule::Cosine { rate, last, warm_up } => {
                write!(f, "cosine from rate {rate} to {last}, {warm_up} steps to warm up")
            }
            Schedule::OneCycle(OneCycle { rate, rise, start_divisor, end_divisor, momentum }) => {
                write!(
                    f,
                    "one cycle: from 1/{start_divisor} of rate {rate} up to it in {rise} of the steps, "
                )?;
                write!(f, "then down to 1/{end_divisor} of the first")?;
                match momentum {
                    Some((ends, peak)) => write!(f, ", momentum {ends} at the ends and {peak} at the peak"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Schedule {
    /// What holds at this step of `steps` in all, the first being 0; afterwards everything stays.
    pub fn at(&self, step: u64, steps: u64) -> Setting {
        let rate = match *self {
            Schedule::Constant { rate } => rate,
            Schedule::Step { rate, every, factor } => {
                let times = i32::try_from(step / every.max(1)).unwrap_or(i32::MAX);
                rate * factor.powi(times)
            }
            Schedule::Cosine { rate, warm_up, .. } if step < warm_up => {
                rate * (step + 1) as f64 / warm_up as f64
            }
            Schedule::Cosine { rate, last, warm_up } => {
                let span = steps.saturating_sub(warm_up + 1).max(1);
                half_cosine(rate, last, ((step - warm_up) as f64 / span as f64).min(1.0))
            }
            Schedule::OneCycle(cycle) => return cycle.at(step, steps),
        };
        Setting { rate, momentum: None }
    }
}

/// From `start` at share 0 to `end` at share 1.
fn half_cosine(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) * ((1.0 + (PI * share).cos()) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: Schedule, of: u64, steps: impl IntoIterator<Item = u64>) -> Vec<f64> {
        steps.into_iter().map(|step| schedule.at(step, of).rate).collect()
    }

    /// Cosine, half sum and product: fewer than 8 roundings of numbers of at most the scale.
    fn assert_close(found: f64, expected: f64, scale: f64) {
        assert!((found - expected).abs() <= 8.0 * f64::EPSILON * scale, "{found} is not {expected}");
    }

    #[test]
    fn schedules_tell_all_that_they_are() {
        assert_eq!(
            Schedule::OneCycle(OneCycle::new(0.5)).to_string(),
            "one cycle: from 1/25 of rate 0.5 up to it in 0.3 of the steps, then down to 1/10000 of the \
             first, momentum 0.95 at the ends and 0.85 at the peak"
        );
        let cosine = Schedule::Cosine { rate: 0.1, last: 0.0, warm_up: 5 };
        assert_eq!(cosine.to_string(), "cosine from rate 0.1 to 0, 5 steps to warm up");
    }

    #[test]
    fn constant_and_steps() {
        assert_eq!(rates(Schedule::Constant { rate: 0.5 }, 9, [0, 7, u64::MAX]), [0.5; 3]);
        let step = Schedule::Step { rate: 1.0, every: 3, factor: 0.5 };
        assert_eq!(rates(step, 9, [0, 2, 3, 5, 6, 300]), [1.0, 1.0, 0.5, 0.5, 0.25, 0.5_f64.powi(100)]);
        assert_eq!(step.at(0, 9).momentum, None);
    }

    #[test]
    fn cosine_with_warm_up() {
        // Four steps of warm-up, then steps 4 … 8 at cosines of 0, π/4, π/2, 3π/4, π.
        let cosine = Schedule::Cosine { rate: 1.0, last: 0.25, warm_up: 4 };
        assert_eq!(rates(cosine, 9, 0..4), [0.25, 0.5, 0.75, 1.0]);
        let root = 2.0_f64.sqrt();
        let expected = [1.0, 0.625 + 0.1875 * root, 0.625, 0.625 - 0.1875 * root, 0.25, 0.25];
        for (found, expected) in rates(cosine, 9, [4, 5, 6, 7, 8, 1000]).into_iter().zip(expected) {
            assert_close(found, expected, 1.0);
        }
        assert_eq!(rates(Schedule::Cosine { rate: 1.0, last: 0.0, warm_up: 0 }, 0, [0]), [1.0]);
    }

    #[test]
    fn one_cycle_as_in_pytorch() {
        // T = 10, p = 0.3: the peak is at step 2, the end at step 9; step 1 is half way up.
        let schedule = Schedule::OneCycle(OneCycle::new(1.0));
        let expected = [(0, 0.04, 0.95), (1, 0.52, 0.9), (2, 1.0, 0.85), (9, 4e-6, 0.95), (99, 4e-6, 0.95)];
        for (step, rate, momentum) in expected {
            let setting = schedule.at(step, 10);
            assert_close(setting.rate, rate, 1.0);
            assert_close(setting.momentum.unwrap(), momentum, 1.0);
        }
        // Between them the two sevenths of π: up and down are monotone.
        let down = rates(schedule, 10, 2..10);
        assert!(down.windows(2).all(|pair| pair[0] > pair[1]));
        // The peak at −0.4, the end at 1: the first step is 2/7 of the way down from 0.1.
        let expected = 4e-7 + (0.1 - 4e-7) * (1.0 + (PI * 2.0 / 7.0).cos()) / 2.0;
        assert_close(Schedule::OneCycle(OneCycle::new(0.1)).at(0, 2).rate, expected, 0.1);
        let short = OneCycle { rise: 1.0, momentum: None, ..OneCycle::new(1.0) };
        assert_eq!(Schedule::OneCycle(short).at(0, 1), Setting { rate: 1.0, momentum: None });
    }
}
