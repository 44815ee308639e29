//! Which entries belong to which window of a channel.
//!
//! Windows in several dimensions are products of windows along the axes. They are kept as one list of
//! entries, window after window, so that a pass over them reads it from one end to the other. Padding is by
//! omission.

use crate::conv::Problem;

/// The windows of one channel.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    /// Entries of a channel of the input.
    inputs: usize,
    /// The entries of all windows, one window after the other, each in row-major order.
    entries: Vec<u32>,
    /// Where each window ends in `entries`.
    ends: Vec<u32>,
    /// Taps of each window, inside or not.
    taps: Vec<u32>,
    /// The entries that belong to no window, if no two windows have a common entry.
    outside: Option<Vec<u32>>,
}

/// The entries of a window along one axis, and its number of taps.
type Along = (Vec<usize>, usize);

impl Windows {
    /// Those of a convolution with zero boundary.
    ///
    /// # Panics
    /// If a window lies beyond the border as a whole.
    pub(super) fn of_problem(problem: &Problem) -> Self {
        let axes = problem.axes();
        let input: Vec<_> = axes.iter().map(|axis| axis.signal).collect();
        let along_axes = (0..axes.len()).map(|a| {
            let window = |output| {
                let inside = (0..axes[a].taps).filter_map(move |tap| problem.source(a, output, tap));
                (inside.collect(), axes[a].taps)
            };
            (0..axes[a].output).map(window).collect()
        });
        Windows::products(&input, along_axes.collect())
    }

    /// So many along each axis, as even as can be.
    ///
    /// # Panics
    /// If input and output have different numbers of axes, or one has no entries.
    pub(super) fn adaptive(input: &[usize], output: &[usize]) -> Self {
        assert_eq!(input.len(), output.len(), "input and output have equally many axes");
        let along_axis = |(&length, &windows): (&usize, &usize)| {
            let window = |n: usize| {
                let entries: Vec<_> = (n * length / windows..((n + 1) * length).div_ceil(windows)).collect();
                let taps = entries.len();
                (entries, taps)
            };
            (0..windows).map(window).collect()
        };
        Windows::products(input, input.iter().zip(output).map(along_axis).collect())
    }

    /// The sets of channels of a field of `size`, at each of the positions.
    ///
    /// # Panics
    /// If a set is empty.
    pub(super) fn over_channels(size: usize, sets: &[Vec<usize>], positions: usize) -> Self {
        let sets = sets.iter().map(|set| (set.clone(), set.len())).collect();
        let pixels = (0..positions).map(|position| (vec![position], 1)).collect();
        Windows::products(&[size, positions], vec![sets, pixels])
    }

    /// The products of windows along each axis.
    fn products(input: &[usize], along_axes: Vec<Vec<Along>>) -> Self {
        let mut products: Vec<Along> = vec![(vec![0], 1)];
        for (length, along) in input.iter().zip(along_axes) {
            let extend = |(entries, taps): &Along| {
                let (entries, taps) = (entries.clone(), *taps);
                let longer = |(more, more_taps): &Along| {
                    let rows = entries.iter().map(|entry| entry * length);
                    let both = rows.flat_map(|row| more.iter().map(move |entry| row + entry)).collect();
                    (both, taps * more_taps)
                };
                along.iter().map(longer).collect::<Vec<_>>()
            };
            products = products.iter().flat_map(extend).collect();
        }
        let inputs = input.iter().product();
        let mut windows = Windows { inputs, entries: vec![], ends: vec![], taps: vec![], outside: None };
        for (entries, taps) in products {
            assert!(!entries.is_empty(), "every window has an entry inside the border");
            windows.entries.extend(entries.into_iter().map(|entry| entry as u32));
            windows.ends.push(windows.entries.len() as u32);
            windows.taps.push(taps as u32);
        }
        let mut windows_of = vec![0; inputs];
        windows.entries.iter().for_each(|&entry| windows_of[entry as usize] += 1);
        if windows_of.iter().all(|&windows| windows <= 1) {
            let outside = windows_of.iter().enumerate().filter(|(_, windows)| **windows == 0);
            windows.outside = Some(outside.map(|(entry, _)| entry as u32).collect());
        }
        windows
    }

    /// Entries of a channel of the input.
    #[inline(always)]
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many windows there are: entries of a channel of the output.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Taps of each window, inside or not.
    #[inline(always)]
    pub(super) fn taps(&self) -> &[u32] {
        &self.taps
    }

    /// The entries that belong to no window, if no two windows have a common entry.
    pub(super) fn outside(&self) -> Option<&[u32]> {
        self.outside.as_deref()
    }

    /// The entries of each window.
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let window = &self.entries[start..end as usize];
            start = end as usize;
            window
        })
    }
}
