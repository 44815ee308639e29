//! Group correlation by its definition: a sum over the elements of the group, with one index for each of its
//! parts.
//!
//! ```text
//! (f ⋆ ψ)(h, o) = Σ_l Σ_k f(l, o + k) · ψ(h⁻¹ l, h⁻¹ k)
//! ```
//!
//! over the orientations l and the taps k. Rotations are matrices of integers here, which act on coordinates
//! counted in halves from the middle of the kernel: nothing is shared with the tables and views of the layer.
//! Source: T. Cohen, M. Welling, *Group equivariant convolutional networks*, 2016, equation 11.

use ndarray::ArrayD;

use super::layers::{Bank, Kind, WithBank};
use crate::claims::Claim;
use crate::claims::layer::maps::Same;
use crate::layer::GroupConvolution;
use crate::scalar::Scalar;
use crate::signal::GridGroup;
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    let claim = Claim::holds(
        "gconv.is_plain_conv",
        "a group layer, defined by a sum over the group, is the ordinary convolution with the expanded \
         filter bank: same numbers",
        |examiner| plain(examiner, Bank::Right),
    )
    .theorem("lifting_is_plain_correlation")
    .theorem("filter_bank_is_group_correlation")
    .theorem("lifting_bank_is_definition")
    .theorem("group_bank_is_definition")
    .theorem("centred_window_closed");
    vec![
        Bank::WRONG
            .into_iter()
            .fold(claim, |claim, bank| claim.mutant(bank.name(), move |examiner| plain(examiner, bank))),
    ]
}

/// The definition, for p4 (and lifting to it) and p4m on images.
#[derive(Clone, Debug)]
struct Definition {
    layer: GroupConvolution,
    kind: Kind,
}

/// The matrix of an element of D4 in the numbering rotation + 4·reflection, on (row, column): a mirror that
/// reverses the columns, followed by quarter turns counter-clockwise, each of which takes (row, column) to
/// (−column, row).
fn matrix(element: usize) -> [[i64; 2]; 2] {
    let mut matrix = if element < 4 { [[1, 0], [0, 1]] } else { [[1, 0], [0, -1]] };
    for _ in 0..element % 4 {
        let [row, column] = matrix;
        matrix = [column.map(|entry| -entry), row];
    }
    matrix
}

fn product(a: [[i64; 2]; 2], b: [[i64; 2]; 2]) -> [[i64; 2]; 2] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..2).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Of an orthogonal matrix.
fn inverse(a: [[i64; 2]; 2]) -> [[i64; 2]; 2] {
    [[a[0][0], a[1][0]], [a[0][1], a[1][1]]]
}

impl Map for Definition {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let order = self.layer.outputs.group().order();
        let elements: Vec<_> = (0..order).map(matrix).collect();
        let number =
            |a: [[i64; 2]; 2]| elements.iter().position(|b| *b == a).ok_or("no element of the group");
        let (taps, bias) = (self.layer.taps[0], &weights[1]);
        let last = taps as i64 - 1;
        let shape =
            [x.shape()[0], self.layer.outputs.channels(), x.shape()[2] + 1 - taps, x.shape()[3] + 1 - taps];
        let orientations = if self.kind == Kind::Lifting { 1 } else { order };
        let mut output = ArrayD::from_elem(shape.as_slice(), S::zero());
        for (place, sum) in output.indexed_iter_mut() {
            let (sample, field, h) = (place[0], place[1] / order, place[1] % order);
            let back = inverse(elements[h]);
            *sum = bias[field].clone();
            for input in 0..self.layer.inputs.fields() {
                for (l, &element) in elements.iter().enumerate().take(orientations) {
                    let source = if orientations == 1 { 0 } else { number(product(back, element))? };
                    for (row, column) in (0..taps).flat_map(|row| (0..taps).map(move |column| (row, column)))
                    {
                        let from_middle = [2 * row as i64 - last, 2 * column as i64 - last];
                        let [i, j] =
                            back.map(|line| (line[0] * from_middle[0] + line[1] * from_middle[1] + last) / 2);
                        let pixel = [sample, input * orientations + l, place[2] + row, place[3] + column];
                        let weight = [field, input, source, i as usize, j as usize];
                        sum.add_product(&x[pixel.as_slice()], &weights[0][weight.as_slice()]);
                    }
                }
            }
        }
        Ok(output)
    }
}

fn plain(examiner: &Examiner, bank: Bank) -> Result<Report, ExamineError> {
    let statement = |kind: Kind, group: GridGroup, taps: usize| {
        let layer = kind.layer(&group, 2, taps);
        let channels = layer.inputs.channels();
        Statement::new(&["samples", "height", "width"], move |size| {
            if size[1] < taps || size[2] < taps {
                return Ok(Vec::new());
            }
            let one = WithBank { layer: layer.clone(), bank };
            let other = Definition { layer: layer.clone(), kind };
            Ok(vec![Same::case(one, other, [size[0], channels, size[1], size[2]])])
        })
        .at([1, taps, taps + 1])
        .at_large([2, taps + 3, taps + 5])
        .shrinking_to([1, taps, taps])
    };
    let mut reports = Vec::new();
    for kind in [Kind::Lifting, Kind::Group] {
        // Without orientations in the input nothing is shifted: there the two faults of shifting are none.
        if kind == Kind::Lifting && matches!(bank, Bank::WrongShift | Bank::NoShift) {
            continue;
        }
        for group in [GridGroup::c4(), GridGroup::d4()] {
            for taps in [2, 3] {
                reports.push(examiner.examine(&statement(kind, group.clone(), taps))?);
            }
        }
    }
    Ok(Report::all(reports))
}
