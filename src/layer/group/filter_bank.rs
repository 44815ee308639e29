//! The filter bank of a group layer: which weight stands where in the kernel of an ordinary convolution.
//!
//! A kernel κ from fields on H/K to fields on H/L gives a map that commutes with H if and only if
//!
//! ```text
//! κ[g·a, g·b](g·k) = κ[a, b](k)      for all g ∈ H, a ∈ H/L, b ∈ H/K and taps k,
//! ```
//!
//! where g moves the tap k about the middle of the kernel. So there is one weight for each orbit of H on
//! triples (a, b, k). Every orbit has a triple with a = L (the first coset), so orbits are numbered by these,
//! row by row. For a regular output each has exactly one, and the bank is
//!
//! ```text
//! κ[h, b](k) = ψ[h⁻¹·b](h⁻¹·k):     orientation h sees the filter ψ turned by h, of orientation h⁻¹b.
//! ```
//!
//! Cost: |H| · |H/K| · taps to make it, one look-up for each entry of the kernel to use it. Source: T. Cohen,
//! M. Welling, *Group equivariant convolutional networks*, 2016, section 7.1; for all types T. Cohen, M.
//! Geiger, M. Weiler, *A general theory of equivariant CNNs on homogeneous spaces*, 2019, theorem 3.1.
//! Theorems `filter_bank_is_group_correlation`, `group_bank_is_definition` of `proofs/`.

use ndarray::{ArrayD, IxDyn};

use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// The weights' places in the kernel of one pair of fields, and in that of all pairs.
///
/// ```
/// use equivariant::layer::FilterBank;
/// use equivariant::signal::{FeatureType, GridGroup};
/// use ndarray::{ArrayD, array};
///
/// // The lifting layer of p4: one filter in its four orientations.
/// let c4 = GridGroup::c4();
/// let bank = FilterBank::new(&FeatureType::trivial(&c4, 1), &FeatureType::regular(&c4, 1), &[2, 2]);
/// let filter = ArrayD::from_shape_vec(bank.weight_shape(), vec![1.0, 2.0, 3.0, 4.0])?;
/// let kernel = bank.expand(&filter);
/// assert_eq!(kernel.shape(), [4, 1, 2, 2]);
/// assert_eq!(kernel.into_raw_vec_and_offset().0, [1., 2., 3., 4., 2., 4., 1., 3., 4., 3., 2., 1., 3., 1., 4., 2.]);
/// # Ok::<(), ndarray::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterBank {
    inputs: FeatureType,
    outputs: FeatureType,
    taps: Vec<usize>,
    /// Of each triple (output coset, input coset, tap), row by row, its orbit.
    orbits: Vec<usize>,
    /// The number of orbits.
    count: usize,
}

impl FilterBank {
    /// The bank of kernels with these extents from `inputs` to `outputs`.
    ///
    /// # Panics
    /// If the types are of different groups, or an element of the group takes the grid of taps to another one
    /// (extents that it exchanges differ, or there are not as many as it moves).
    pub fn new(inputs: &FeatureType, outputs: &FeatureType, taps: &[usize]) -> Self {
        let group = inputs.group();
        assert_eq!(group, outputs.group(), "both types are of one group");
        assert_eq!(taps.len(), group.axes(), "{group} moves {} axes of taps", group.axes());
        let area: usize = taps.iter().product();
        let places = ArrayD::from_shape_vec(IxDyn(taps), (0..area).collect())
            .unwrap_or_else(|_| unreachable!("one number for each tap"));
        // For each element, which tap comes to each place.
        let sources: Vec<Vec<usize>> = (0..group.order())
            .map(|g| {
                let moved = group.view(g, places.view()).unwrap_or_else(|_| unreachable!("as many axes"));
                assert_eq!(moved.shape(), taps, "{group} keeps the grid of taps");
                moved.iter().copied().collect()
            })
            .collect();
        let (size, unknown) = (inputs.size(), usize::MAX);
        let mut orbits = vec![unknown; outputs.size() * size * area];
        let mut count = 0;
        for input in 0..size {
            for tap in 0..area {
                if orbits[input * area + tap] != unknown {
                    continue;
                }
                for (g, sources) in sources.iter().enumerate() {
                    let (a, b) = (outputs.image(g, 0), inputs.image(g, input));
                    let place = sources.iter().position(|&source| source == tap);
                    let place = place.unwrap_or_else(|| unreachable!("taps are permuted"));
                    orbits[(a * size + b) * area + place] = count;
                }
                count += 1;
            }
        }
        FilterBank { inputs: inputs.clone(), outputs: outputs.clone(), taps: taps.to_vec(), orbits, count }
    }

    /// The shape of the weights: (output fields, input fields, input cosets, taps…) for a regular output,
    /// (output fields, input fields, orbits) for any other.
    pub fn weight_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.outputs.fields(), self.inputs.fields()];
        if self.outputs.is_regular() {
            shape.push(self.inputs.size());
            shape.extend(&self.taps);
        } else {
            shape.push(self.count);
        }
        shape
    }

    /// The shape of the kernel: (output channels, input channels, taps…).
    pub fn kernel_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.outputs.channels(), self.inputs.channels()];
        shape.extend(&self.taps);
        shape
    }

    /// For each entry of the kernel, row by row, the weight that stands there, row by row.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let area: usize = self.taps.iter().product();
        let (outputs, inputs) = (self.outputs.size(), self.inputs.size());
        (0..self.outputs.channels()).flat_map(move |output| {
            (0..self.inputs.channels()).flat_map(move |input| {
                let pair = output / outputs * self.inputs.fields() + input / inputs;
                let row = (output % outputs * inputs + input % inputs) * area;
                self.orbits[row..row + area].iter().map(move |orbit| pair * self.count + orbit)
            })
        })
    }

    /// The kernel with these weights.
    ///
    /// # Panics
    /// If they do not have the shape of the weights.
    pub fn expand<S: Scalar>(&self, weights: &ArrayD<S>) -> ArrayD<S> {
        assert_eq!(weights.shape(), self.weight_shape(), "weights of this bank");
        let weights: Vec<&S> = weights.iter().collect();
        let kernel = self.places().map(|place| weights[place].clone()).collect();
        ArrayD::from_shape_vec(self.kernel_shape(), kernel)
            .unwrap_or_else(|_| unreachable!("one place for each entry"))
    }

    /// The transpose of [`expand`](Self::expand): each weight's sum over its places.
    ///
    /// # Panics
    /// If `kernel` does not have the kernel's shape.
    pub fn fold<S: Scalar>(&self, kernel: &ArrayD<S>) -> ArrayD<S> {
        assert_eq!(kernel.shape(), self.kernel_shape(), "a kernel of this bank");
        let mut sums = ArrayD::from_elem(self.weight_shape(), S::zero());
        let mut entries: Vec<&mut S> = sums.iter_mut().collect();
        for (place, entry) in self.places().zip(kernel) {
            entries[place].add_in_place(entry);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::GridGroup;

    fn types(group: &GridGroup) -> Vec<FeatureType> {
        let mut types = vec![FeatureType::regular(group, 2), FeatureType::trivial(group, 1)];
        for element in 1..group.order() {
            let stabiliser = group.generated_by(&[element]);
            types.push(FeatureType::quotient(group, &stabiliser, 1).unwrap());
        }
        types
    }

    /// Orbits are as many as Burnside's lemma says: the mean number of fixed triples.
    #[test]
    fn orbits_are_counted_by_burnside() {
        let cases = [
            (GridGroup::flip(), vec![vec![3], vec![4]]),
            (GridGroup::c4(), vec![vec![3, 3], vec![2, 2]]),
            (GridGroup::d4(), vec![vec![3, 3], vec![1, 1]]),
            (GridGroup::rotations_of_the_cube(), vec![vec![2, 2, 2]]),
        ];
        for (group, kernels) in cases {
            for taps in kernels {
                let area: usize = taps.iter().product();
                let grid = ArrayD::from_shape_vec(IxDyn(&taps), (0..area).collect()).unwrap();
                for (inputs, outputs) in
                    types(&group).iter().flat_map(|a| types(&group).into_iter().map(move |b| (a.clone(), b)))
                {
                    let fixed = |g: usize| {
                        let cosets = |feature: &FeatureType| {
                            (0..feature.size()).filter(|&coset| feature.image(g, coset) == coset).count()
                        };
                        let moved = group.view(g, grid.view()).unwrap();
                        let places = moved.iter().zip(&grid).filter(|(a, b)| a == b).count();
                        cosets(&inputs) * cosets(&outputs) * places
                    };
                    let total: usize = (0..group.order()).map(fixed).sum();
                    let bank = FilterBank::new(&inputs, &outputs, &taps);
                    assert_eq!(bank.count * group.order(), total, "{inputs} → {outputs}");
                    let pairs = inputs.fields() * outputs.fields();
                    assert_eq!(bank.weight_shape().iter().product::<usize>(), pairs * bank.count);
                    assert!(bank.places().all(|place| place < pairs * bank.count));
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "keeps the grid of taps")]
    fn kernels_are_square() {
        let c4 = GridGroup::c4();
        FilterBank::new(&FeatureType::trivial(&c4, 1), &FeatureType::regular(&c4, 1), &[2, 3]);
    }
}
