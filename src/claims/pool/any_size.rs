//! Pooling to a size that does not depend on the input's, so that one network takes images of several sizes.

use ndarray::{ArrayD, Axis, IxDyn, Slice, indices};

use crate::claims::Claim;
use crate::layer::{
    Activation, AdaptivePool, AnyLayer, Convolution, Dense, Flatten, GlobalPool, Layer, Mode, Pool, Reduction,
};
use crate::network::Network;
use crate::scalar::Scalar;
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Report, Sides, Statement,
    Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "pool.any_size",
            "global and adaptive pooling give an output of fixed size for inputs of any size, so that one \
             network takes them all",
            |_| sizes(Windows::Adaptive),
        )
        .theorem("adaptive_windows_inside")
        .theorem("adaptive_global")
        .mutant("plain pooling with windows of ⌊L/m⌋ entries", |_| sizes(Windows::PlainDown))
        .mutant("plain pooling with windows of ⌈L/m⌉ entries", |_| sizes(Windows::PlainUp)),
        Claim::holds(
            "pool.any_size.windows",
            "window i of adaptive pooling to m of L entries goes from ⌊iL/m⌋ to ⌈(i + 1)L/m⌉: plain pooling \
             where m divides L, global pooling for m = 1",
            |examiner| windows(examiner, Fault::None),
        )
        .theorem("adaptive_is_plain_pooling")
        .theorem("adaptive_global")
        .theorem("adaptive_windows_cover")
        .mutant("the last entry is in no window", |examiner| windows(examiner, Fault::LastEntryLost))
        .mutant("the windows begin one entry late", |examiner| windows(examiner, Fault::Late)),
    ]
}

/// The windows by which a fixed number of outputs is wanted.
#[derive(Clone, Copy, Debug)]
enum Windows {
    Adaptive,
    /// Wrong where m does not divide L: windows that tile, of so many entries.
    PlainDown,
    /// The same, rounded up.
    PlainUp,
}

impl Windows {
    /// Pooling of an input with these axes of space to `outputs`, none meaning one over everything.
    fn layer(self, reduction: Reduction, outputs: &[usize], space: &[usize]) -> AnyLayer {
        let one = vec![1; space.len()];
        let counts = if outputs.is_empty() { one.as_slice() } else { outputs };
        let tiles = |divide: fn(usize, usize) -> usize| {
            let taps: Vec<usize> =
                space.iter().zip(counts).map(|(&extent, &count)| divide(extent, count).max(1)).collect();
            plain(reduction, taps).into()
        };
        match self {
            Windows::Adaptive if outputs.is_empty() => GlobalPool { reduction }.into(),
            Windows::Adaptive => AdaptivePool { reduction, outputs: outputs.to_vec() }.into(),
            Windows::PlainDown => tiles(|extent, count| extent / count),
            Windows::PlainUp => tiles(usize::div_ceil),
        }
    }
}

fn plain(reduction: Reduction, taps: Vec<usize>) -> Pool {
    match reduction {
        Reduction::Maximum => Pool::maximum(taps),
        Reduction::Mean => Pool::mean(taps),
        Reduction::Sum => Pool::sum(taps),
    }
}

/// One network, a 1×1 convolution, a rectifier, a pool and a dense layer with one set of weights, on inputs
/// of all sizes of a box in one, two and three dimensions.
fn sizes(windows: Windows) -> Result<Report, Failure> {
    let boxes: [(usize, usize, &[usize]); 7] = [
        (1, 16, &[]),
        (1, 16, &[3]),
        (1, 16, &[8]),
        (2, 7, &[]),
        (2, 7, &[2, 3]),
        (3, 4, &[]),
        (3, 4, &[2, 1, 3]),
    ];
    let mut inputs = 0;
    for (rank, largest, outputs) in boxes {
        for space in indices(vec![largest; rank]) {
            let space: Vec<usize> = (0..rank).map(|axis| space[axis] + 1).collect();
            for reduction in [Reduction::Maximum, Reduction::Mean, Reduction::Sum] {
                let network = Network::new()
                    .then(Convolution::new(1, 2, vec![1; rank]))
                    .then(Activation::Relu)
                    .then(windows.layer(reduction, outputs, &space))
                    .then(Flatten)
                    .then(Dense::new(2 * outputs.iter().product::<usize>(), 3));
                let weights: Vec<ArrayD<f32>> =
                    network.parameters().iter().map(|weight| ArrayD::ones(weight.shape.clone())).collect();
                let x = ArrayD::ones([&[2, 1], space.as_slice()].concat());
                inputs += 1;
                let found = match network.forward(&x, &weights, Mode::Inference) {
                    Ok(scores) if scores.shape() == [2, 3] => continue,
                    Ok(scores) => format!("scores of shape {:?}", scores.shape()),
                    Err(error) => error.to_string(),
                };
                let shape = [("shape of the input".to_owned(), format!("{:?}", x.shape()))];
                let counterexample = Counterexample::from_text(shape, found, "scores of shape [2, 3]");
                return Ok(Report::refuted(finding(inputs), counterexample));
            }
        }
    }
    Ok(Report::confirmed(finding(inputs)))
}

fn finding(inputs: usize) -> Finding {
    let shape = "one network on lines up to 16, images up to 7 × 7 and volumes up to 4 × 4 × 4".to_owned();
    Finding::Symbolic { shape, variables: 0, terms: inputs }
}

/// What is wrong with adaptive pooling.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    LastEntryLost,
    Late,
}

/// Adaptive pooling is pooling over windows, cut out one by one and pooled over everything; where it should,
/// it is plain pooling.
struct ByWindows {
    reduction: Reduction,
    outputs: Vec<usize>,
    shape: Vec<usize>,
    fault: Fault,
}

impl ByWindows {
    /// From and up to which entry a window goes along an axis of L entries.
    fn range(&self, axis: usize, window: usize) -> (usize, usize) {
        let (length, count) = (self.shape[axis + 2], self.outputs[axis]);
        let (start, end) = (window * length / count, ((window + 1) * length).div_ceil(count));
        match self.fault {
            Fault::None => (start, end),
            Fault::LastEntryLost => (start, end.min(length - 1).max(start + 1).min(length)),
            Fault::Late => ((start + 1).min(end - 1), end),
        }
    }

    fn cut_out<S: Scalar>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        let global = GlobalPool { reduction: self.reduction };
        let mut result = ArrayD::zeros([&self.shape[..2], self.outputs.as_slice()].concat());
        for position in indices(IxDyn(&self.outputs)) {
            let mut window = x.view();
            for axis in 0..self.outputs.len() {
                let (start, end) = self.range(axis, position[axis]);
                window.slice_axis_inplace(Axis(axis + 2), Slice::from(start..end));
            }
            let pooled = global.forward(&window.to_owned(), &[], Mode::Inference)?;
            for (index, entry) in pooled.indexed_iter() {
                let place: Vec<usize> = [index[0], index[1]]
                    .into_iter()
                    .chain((0..self.outputs.len()).map(|axis| position[axis]))
                    .collect();
                result[IxDyn(&place)] = entry.clone();
            }
        }
        Ok(result)
    }
}

impl Identity for ByWindows {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let x = &values[0];
        let space = &self.shape[2..];
        let adaptive = AdaptivePool { reduction: self.reduction, outputs: self.outputs.clone() };
        let pooled = adaptive.forward(x, &[], Mode::Inference)?;
        let divides = space.iter().zip(&self.outputs).all(|(extent, count)| extent.is_multiple_of(*count));
        let expected = if divides && matches!(self.fault, Fault::None) {
            let taps = space.iter().zip(&self.outputs).map(|(extent, count)| extent / count).collect();
            plain(self.reduction, taps).forward(x, &[], Mode::Inference)?
        } else {
            self.cut_out(x)?
        };
        Ok((pooled, expected))
    }
}

fn windows(examiner: &Examiner, fault: Fault) -> Result<Report, ExamineError> {
    let sizes: [(&[usize], &[usize], &[usize]); 6] = [
        (&[3], &[1, 2, 7], &[2, 3, 29]),
        (&[4], &[1, 1, 3], &[2, 2, 30]),
        (&[1, 1], &[1, 2, 2, 3], &[2, 2, 9, 8]),
        (&[2, 3], &[1, 1, 4, 6], &[2, 2, 10, 9]),
        (&[3, 2], &[1, 2, 4, 3], &[2, 2, 10, 9]),
        (&[2, 1, 2], &[1, 1, 3, 2, 3], &[1, 2, 5, 4, 5]),
    ];
    let mut reports = Vec::new();
    for (outputs, small, large) in sizes {
        for reduction in [Reduction::Maximum, Reduction::Mean, Reduction::Sum] {
            let axes = ["samples", "channels", "depth", "height", "width"];
            let names = [&axes[..2], &axes[5 - outputs.len()..]].concat();
            let statement = Statement::new(&names, move |shape| {
                let (outputs, shape) = (outputs.to_vec(), shape.to_vec());
                Ok(vec![Case::new(ByWindows { reduction, outputs, shape, fault })])
            });
            let smallest = vec![1; outputs.len() + 2];
            reports.push(examiner.examine(&statement.at(small).at_large(large).shrinking_to(smallest))?);
        }
    }
    Ok(Report::all(reports))
}
