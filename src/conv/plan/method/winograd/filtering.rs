//! The matrices of F(m, 3): see [the algorithm](super).

/// The three matrices of F(m, 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::conv) struct Filtering {
    /// Outputs, m.
    pub(in crate::conv) outputs: usize,
    /// Entries, m + 2.
    pub(in crate::conv) entries: usize,
    /// Aᵀ, (outputs, entries)
    pub(in crate::conv) output: &'static [&'static [f64]],
    /// G, (entries, 3), each divided by the last number of its row.
    pub(in crate::conv) kernel: &'static [[f64; 4]],
    /// Bᵀ, (entries, entries)
    pub(in crate::conv) input: &'static [&'static [f64]],
}

impl Filtering {
    /// Roundings on the longest path through the three matrices: see the [module](self).
    pub(in crate::conv) fn roundings(&self) -> usize {
        match self.entries {
            4 => 5,
            6 => 11,
            _ => 0,
        }
    }

    /// The largest sum |Aᵀ|(|G|1 ⊙ |Bᵀ|1), over what the definition has: its taps.
    pub(super) fn growth(&self) -> f64 {
        let sum = |row: &[f64]| row.iter().map(|entry| entry.abs()).sum::<f64>();
        let product = |n: usize| sum(&self.kernel[n][..3]) / self.kernel[n][3] * sum(self.input[n]);
        let output = |row: &&[f64]| row.iter().enumerate().map(|(n, a)| a.abs() * product(n)).sum::<f64>();
        let taps = if self.entries == 1 { 1.0 } else { 3.0 };
        self.output.iter().map(output).fold(0.0, f64::max) / taps
    }
}

/// F(2, 3).
pub(in crate::conv) const TWO: Filtering = Filtering {
    outputs: 2,
    entries: 4,
    output: &[&[1.0, 1.0, 1.0, 0.0], &[0.0, 1.0, -1.0, -1.0]],
    kernel: &[[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 2.0], [1.0, -1.0, 1.0, 2.0], [0.0, 0.0, 1.0, 1.0]],
    input: &[&[1.0, 0.0, -1.0, 0.0], &[0.0, 1.0, 1.0, 0.0], &[0.0, -1.0, 1.0, 0.0], &[0.0, 1.0, 0.0, -1.0]],
};

/// F(4, 3).
pub(in crate::conv) const FOUR: Filtering = Filtering {
    outputs: 4,
    entries: 6,
    output: &[
        &[1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
        &[0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
        &[0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
        &[0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
    ],
    kernel: &[
        [1.0, 0.0, 0.0, 4.0],
        [-1.0, -1.0, -1.0, 6.0],
        [-1.0, 1.0, -1.0, 6.0],
        [1.0, 2.0, 4.0, 24.0],
        [1.0, -2.0, 4.0, 24.0],
        [0.0, 0.0, 1.0, 1.0],
    ],
    input: &[
        &[4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
        &[0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
        &[0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
        &[0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
        &[0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
        &[0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
    ],
};

/// The axis is left as it is: one tap, one output, one entry.
pub(in crate::conv) const ONE: Filtering = Filtering {
    outputs: 1,
    entries: 1,
    output: &[&[1.0]],
    kernel: &[[1.0, 0.0, 0.0, 1.0]],
    input: &[&[1.0]],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filterings_are_convolutions() {
        // Polynomial identities in g and d, checked on unit vectors: Aᵀ[(G e_k) ⊙ (Bᵀ e_i)] = 1 at output i −
        // k, else 0. All numbers are multiples of 1/24, exact but for sixths; 24·G is exact.
        for filtering in [ONE, TWO, FOUR] {
            let taps = if filtering.entries == 1 { 1 } else { 3 };
            for k in 0..taps {
                for i in 0..filtering.entries {
                    for (o, row) in filtering.output.iter().enumerate() {
                        let product = |n: usize| {
                            let kernel = filtering.kernel[n];
                            row[n] * (kernel[k] * (24.0 / kernel[3])) * filtering.input[n][i]
                        };
                        let found: f64 = (0..filtering.entries).map(product).sum();
                        assert_eq!(found, if i == o + k { 24.0 } else { 0.0 });
                    }
                }
            }
        }
    }

    #[test]
    fn the_growth_is_that_of_the_literature() {
        // 7.1 = (8/3)² and 256 = 16².
        assert_eq!(ONE.growth(), 1.0);
        assert!((TWO.growth() - 8.0 / 3.0).abs() < 1e-12, "{}", TWO.growth());
        assert!((FOUR.growth() - 16.0).abs() < 1e-12, "{}", FOUR.growth());
    }
}
