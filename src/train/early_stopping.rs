//! Early stopping: training ends when a figure on held-out samples has not improved for a while, and its best
//! weights are kept (L. Prechelt, *Early stopping – but when?*, 1998).

/// What the newest figure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is the best so far.
    Best,
    /// It is not, but there is patience left.
    Waiting,
    /// It is not, and patience is at its end.
    Stop,
}

/// Watches a figure that should become small, and keeps the numbers that made it so.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    pub(super) patience: u64,
    pub(super) best: f64,
    pub(super) waited: u64,
    pub(super) parameters: Vec<f32>,
    pub(super) running: Vec<f32>,
}

impl EarlyStopping {
    /// Stops after so many figures in a row without a new best one.
    pub fn new(patience: u64) -> Self {
        EarlyStopping {
            patience,
            best: f64::INFINITY,
            waited: 0,
            parameters: Vec::new(),
            running: Vec::new(),
        }
    }

    /// Takes note of a figure and of the numbers that it belongs to. An equal figure is no improvement, nor
    /// is NaN.
    pub fn observe(&mut self, figure: f64, parameters: &[f32], running: &[f32]) -> Progress {
        if figure < self.best {
            self.best = figure;
            self.waited = 0;
            self.parameters.clear();
            self.parameters.extend_from_slice(parameters);
            self.running.clear();
            self.running.extend_from_slice(running);
            return Progress::Best;
        }
        self.waited += 1;
        if self.waited >= self.patience { Progress::Stop } else { Progress::Waiting }
    }

    /// The best figure, with its parameters and running statistics; `None` if none was finite.
    pub fn best(&self) -> Option<(f64, &[f32], &[f32])> {
        (self.best < f64::INFINITY).then_some((self.best, &self.parameters, &self.running))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_when_patience_ends_and_keeps_the_best() {
        let mut stopping = EarlyStopping::new(2);
        assert_eq!(stopping.best(), None);
        let figures = [f64::NAN, 3.0, 2.0, 2.0, 1.0, 1.5, f64::NAN];
        let told: Vec<_> =
            (0_u8..).zip(figures).map(|(n, figure)| stopping.observe(figure, &[n.into()], &[])).collect();
        use Progress::{Best, Stop, Waiting};
        assert_eq!(told, [Waiting, Best, Best, Waiting, Best, Waiting, Stop]);
        assert_eq!(stopping.best(), Some((1.0, &[4.0_f32][..], &[][..])));
    }
}
