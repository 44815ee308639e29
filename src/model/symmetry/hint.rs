//! Why a symmetry breaks at a node, where that is recognised.
//!
//! Grids come first, from shapes alone: windows of a kernel k with stride s on n entries, with p before and
//! p′ behind, lie symmetric about the middle if and only if the last window ends as far beyond the end as the
//! first begins before the beginning, p = s (m − 1) + k − p − n for m windows.

use super::motion::Motion;
use crate::model::{Function, Model, Operation, Origin, Program, Reduction, Step};

/// Windows and strides from here on are not looked at.
const LARGEST: usize = 1 << 16;

/// The windows of a node along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Windows {
    extent: usize,
    windows: usize,
    kernel: usize,
    stride: usize,
    before: usize,
}

impl Windows {
    /// How far the last window reaches beyond the end.
    fn behind(self) -> isize {
        let end = self.stride.saturating_mul(self.windows.saturating_sub(1)).saturating_add(self.kernel);
        end as isize - self.before.saturating_add(self.extent) as isize
    }

    fn is_symmetric(self) -> bool {
        self.behind() == self.before as isize
    }

    /// The nearest extents on which such windows lie symmetric.
    fn nearest(self) -> [usize; 2] {
        let fits = |extent: &usize| {
            let room = extent.saturating_add(self.before.saturating_mul(2));
            room >= self.kernel && (room - self.kernel).is_multiple_of(self.stride.max(1))
        };
        let below = (1..self.extent).rev().take(LARGEST).find(fits).unwrap_or(self.extent);
        let above = (self.extent + 1..).take(LARGEST).find(fits).unwrap_or(self.extent);
        [below, above]
    }
}

/// The windows of the node of a step along an axis of its input: from its operation, or from the node's
/// attributes.
fn windows(model: &Model, program: &Program, step: &Step, axis: usize) -> Option<Windows> {
    let (input, output) = (&program.slots[step.inputs[0]].shape, &program.slots[step.output].shape);
    let space = axis.checked_sub(2)?;
    let (&extent, &windows) = (input.get(axis)?, output.get(axis)?);
    if let Operation::Convolution(convolution) = &step.operation {
        let kernel = *program.slots[step.inputs[1]].shape.get(axis)?;
        let kernel = convolution.dilation[space].saturating_mul(kernel.saturating_sub(1)).saturating_add(1);
        let before = convolution.padding[space].0;
        return Some(Windows { extent, windows, kernel, stride: convolution.stride[space], before });
    }
    let node = &model.nodes.get(step.node)?.node;
    let list = |name: &str| {
        node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.ints)
    };
    let entry = |name: &str, default: usize| match list(name) {
        Some(list) => {
            list.get(space).and_then(|&entry| usize::try_from(entry).ok()).filter(|&entry| entry < LARGEST)
        }
        None => Some(default),
    };
    let kernel = entry("kernel_shape", 0).filter(|&kernel| kernel > 0)?;
    let kernel = entry("dilations", 1)? * (kernel - 1) + 1;
    Some(Windows { extent, windows, kernel, stride: entry("strides", 1)?.max(1), before: entry("pads", 0)? })
}

/// The static answer: the first step, in order, whose grid the motion does not map to itself, and why. Axes
/// are those of the input; a motion that exchanges axes needs equal windows along them.
pub(in crate::model) fn static_answer(
    model: &Model,
    program: &Program,
    motion: &Motion,
) -> Option<(usize, String)> {
    program
        .steps
        .iter()
        .enumerate()
        .find_map(|(number, step)| Some((number, grid(model, program, step, motion)?)))
}

fn grid(model: &Model, program: &Program, step: &Step, motion: &Motion) -> Option<String> {
    let operator = &model.nodes.get(step.node)?.node.op_type;
    match motion {
        Motion::Turn { axes, from, reversed } => {
            let moved: Vec<usize> = (0..axes.len()).filter(|&k| reversed[k]).map(|k| axes[k]).collect();
            let found = moved.iter().filter_map(|&axis| Some((axis, windows(model, program, step, axis)?)));
            let off_centre = found.into_iter().find(|(_, windows)| !windows.is_symmetric());
            if let Some((axis, windows)) = off_centre {
                return Some(asymmetric(operator, axis, windows));
            }
            let pairs = (0..axes.len()).filter(|&k| from[k] > k).filter_map(|k| {
                Some([windows(model, program, step, axes[k])?, windows(model, program, step, axes[from[k]])?])
            });
            let unequal = pairs.into_iter().find(|[a, b]| (a.kernel, a.stride) != (b.kernel, b.stride));
            unequal
                .map(|_| format!("the windows of this {operator} differ along the axes that are exchanged"))
        }
        Motion::Shift { axis, .. } => {
            let windows = windows(model, program, step, *axis)?;
            if windows.before > 0 || windows.behind() > 0 {
                return Some(format!(
                    "this {operator} pads with zeros at the border, which shifts carry inside; \
                        circular padding keeps them"
                ));
            }
            (windows.stride > 1).then(|| {
                format!(
                    "this {operator} has stride {0}: shifts by less than {0} change what it samples",
                    windows.stride
                )
            })
        }
        Motion::Permute { .. } => None,
    }
}

fn asymmetric(operator: &str, axis: usize, windows: Windows) -> String {
    let Windows { extent, kernel, stride, before, .. } = windows;
    let behind = match windows.behind() {
        behind @ ..0 => format!("{} unread behind", -behind),
        behind => format!("{behind} behind"),
    };
    if stride > 1 {
        let [below, above] = windows.nearest();
        return format!(
            "windows of {kernel} with stride {stride} on {extent} entries along axis {axis} are not centred \
             ({before} before, {behind}); this {operator} would be centred on {below} or {above}"
        );
    }
    let even =
        if kernel % 2 == 0 { "; a kernel of even extent has no centre that keeps the size" } else { "" };
    format!("this {operator} pads {before} before and {behind} along axis {axis}{even}")
}

/// What is recognised at the step that is at fault.
pub(in crate::model) fn hint(
    model: &Model,
    program: &Program,
    number: usize,
    motion: &Motion,
) -> Option<String> {
    let step = &program.steps[number];
    if let Some(reason) = grid(model, program, step, motion) {
        return Some(reason);
    }
    let operator = &model.nodes.get(step.node)?.node.op_type;
    let is_shift = matches!(motion, Motion::Shift { .. });
    let constant = |input: usize| {
        let shape = &program.slots[input].shape;
        let is_constant = matches!(program.slots[input].origin, Origin::Constant(_))
            || !super::exact::varying(program)[input];
        (is_constant && shape.iter().any(|&extent| extent > 1)).then_some(shape)
    };
    let same_rank = |shape: &[usize]| shape.len() == program.slots[step.output].shape.len();
    Some(match &step.operation {
        Operation::Convolution(convolution) => {
            let padded = convolution.padding.iter().any(|&(before, behind)| before + behind > 0);
            match is_shift {
                true if padded => format!("this {operator} pads with zeros; circular padding keeps shifts"),
                true => format!(
                    "this {operator} does not look at the signal as a circle; pad it \
                    circularly"
                ),
                false => "the kernels are no permutation of themselves under this motion: weights are not \
                          shared along it"
                    .to_owned(),
            }
        }
        Operation::Product => {
            "a dense layer reads every place with weights of its own: pool over the places \
                before it, or share its weights"
                .to_owned()
        }
        Operation::Pointwise(Function::Add | Function::Subtract | Function::Multiply | Function::Divide) => {
            let shape = step.inputs.iter().find_map(|&input| constant(input))?;
            let axes = motion.axes();
            let is_long = |&axis: &usize| shape.get(axis).is_some_and(|&extent| extent > 1);
            let varies_in_space = same_rank(shape) && axes.iter().any(is_long);
            match varies_in_space {
                true => "numbers that depend on the place are added or multiplied: a positional \
                    encoding, say"
                    .to_owned(),
                false => "numbers differ between channels that the motion exchanges: statistics \
                    or biases of each channel, say"
                    .to_owned(),
            }
        }
        Operation::Reduce(Reduction::Maximum | Reduction::Minimum, _) if is_shift => {
            "a maximum over windows with a stride keeps only shifts by whole strides".to_owned()
        }
        Operation::Reduce(..) => format!("the windows of this {operator} do not map to each other"),
        Operation::Rearrange(_) if is_shift => {
            format!("this {operator} pads or cuts the signal at its border, where shifts are circular")
        }
        Operation::Rearrange(_) => format!(
            "this {operator} picks places that the motion does \
            not map to each other"
        ),
        Operation::Pointwise(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_judged_from_shapes() {
        // 3×3 with stride 2 and no padding: 13 windows on 28 entries end one entry early, on 27 and 29 they
        // do not.
        let pool = Windows { extent: 28, windows: 13, kernel: 3, stride: 2, before: 0 };
        assert_eq!((pool.behind(), pool.is_symmetric(), pool.nearest()), (-1, false, [27, 29]));
        assert!(asymmetric("MaxPool", 2, pool).contains("(0 before, 1 unread behind)"));
        let odd = Windows { extent: 29, windows: 14, ..pool };
        assert!(odd.is_symmetric());
        let same = Windows { extent: 8, windows: 8, kernel: 3, stride: 1, before: 1 };
        assert!(same.is_symmetric());
        let even = Windows { extent: 8, windows: 8, kernel: 2, stride: 1, before: 0 };
        assert!(!even.is_symmetric());
        assert!(asymmetric("Conv", 2, even).contains("even extent"));
    }
}
