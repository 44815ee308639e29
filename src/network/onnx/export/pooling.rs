//! Pooling of all kinds as the operators that other programs know.

use super::{Export, unsupported};
use crate::layer::{AdaptivePool, CustomLayer, GlobalPool, GroupPool, Layer, Pool, Reduction};
use crate::network::onnx::{Graph, OnnxError, Value, Windows};

impl<W> Export<'_, W>
where
    W: Fn(&CustomLayer, &mut Graph, &Value, &[Value]) -> Option<Value>,
{
    /// Runtimes ask that padding be less than the taps. Padding that no window reads is left out; where more
    /// is left, which needs dilation, it is a node of its own.
    pub(super) fn pool(
        &mut self,
        layer: &Pool,
        place: &str,
        x: &Value,
        shape: &[usize],
    ) -> Result<Value, OnnxError> {
        let outputs = layer.output_shape(shape)?;
        let mut padding = layer.padding.clone();
        if layer.ceil_mode {
            padding.resize(layer.taps.len(), (0, 0));
        }
        let read = padding.iter().enumerate().map(|(axis, &(before, _))| {
            let span = (layer.taps[axis] - 1) * layer.dilation.get(axis).unwrap_or(&1) + 1;
            let end = (outputs[2 + axis] - 1) * layer.stride[axis] + span;
            (before, end.saturating_sub(shape[2 + axis] + before))
        });
        let mut padding: Vec<_> = read.collect();
        let mut x = x.clone();
        if padding.iter().zip(&layer.taps).any(|(&(before, after), &taps)| before.max(after) >= taps) {
            let border = match layer.reduction {
                Reduction::Maximum => f32::NEG_INFINITY,
                Reduction::Mean if !layer.padding_counts => {
                    return Err(unsupported(place, layer, "less padding than taps, or padding that counts"));
                }
                Reduction::Mean | Reduction::Sum => 0.0,
            };
            x = self.graph.pad_with(&x, &padding, border);
            padding.clear();
        }
        let is_dense = layer.dilation.iter().all(|&dilation| dilation == 1);
        let dilation = if is_dense { vec![] } else { layer.dilation.clone() };
        let windows = Windows { taps: layer.taps.clone(), stride: layer.stride.clone(), dilation, padding };
        Ok(match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(&x, &windows),
            Reduction::Mean => match self.factors(layer, shape)? {
                Some(factors) => {
                    let mean = self.graph.average_pool(&x, &windows, true);
                    self.graph.operator("Mul", &[&mean, &factors], &[])
                }
                None => self.graph.average_pool(&x, &windows, layer.padding_counts),
            },
            Reduction::Sum => self.sum_pool(&x, &windows),
        })
    }

    /// By what the mean over all taps has to be multiplied in each window; none where it is 1.
    fn factors(&mut self, layer: &Pool, shape: &[usize]) -> Result<Option<Value>, OnnxError> {
        let problem = layer.problem(shape)?;
        let taps = layer.taps.iter().product::<usize>();
        let Some(divisors) = layer.divisors(&problem, &shape[2..]) else { return Ok(None) };
        if divisors.iter().all(|&divisor| divisor == taps) {
            return Ok(None);
        }
        let factors: Vec<_> = divisors.iter().map(|&divisor| (taps as f64 / divisor as f64) as f32).collect();
        let space = &problem.output_shape()[2..];
        let name = format!("{}.factors", self.next);
        Ok(Some(self.graph.parameter(&name, &[&[1, 1], space].concat(), &factors)))
    }

    /// The sum is the mean over all taps, those in the padding too, times their number.
    fn sum_pool(&mut self, x: &Value, windows: &Windows) -> Value {
        let mean = self.graph.average_pool(x, windows, true);
        self.graph.scale(&mean, windows.taps.iter().product::<usize>() as f32)
    }

    /// Windows are of one size if their number divides the length: they tile it.
    pub(super) fn adaptive(
        &mut self,
        layer: &AdaptivePool,
        place: &str,
        x: &Value,
        shape: &[usize],
    ) -> Result<Value, OnnxError> {
        let mut taps = Vec::new();
        for (&length, &outputs) in shape[2..].iter().zip(&layer.outputs) {
            if !length.is_multiple_of(outputs) {
                let needs = format!("a length that is a multiple of {outputs}, found {length}");
                return Err(unsupported(place, layer, needs));
            }
            taps.push(length / outputs);
        }
        let windows = Windows { stride: taps.clone(), taps, ..Windows::default() };
        Ok(match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(x, &windows),
            Reduction::Mean => self.graph.average_pool(x, &windows, true),
            Reduction::Sum => self.sum_pool(x, &windows),
        })
    }

    pub(super) fn global(&mut self, layer: &GlobalPool, x: &Value, rank: usize) -> Value {
        if rank == 2 {
            return x.clone();
        }
        let pooled = self.over_space(layer.reduction, x, rank - 2);
        self.graph.flatten(&pooled)
    }

    /// One entry for each channel, the axes of space kept.
    pub(super) fn over_space(&mut self, reduction: Reduction, x: &Value, axes: usize) -> Value {
        match reduction {
            Reduction::Maximum => self.graph.global_max_pool(x),
            Reduction::Mean => self.graph.global_average_pool(x),
            Reduction::Sum => self.graph.sum_over_space(x, axes),
        }
    }

    /// The channels of a set side by side, then the maximum, mean or sum over them.
    pub(super) fn group_pool(
        &mut self,
        layer: &GroupPool,
        x: &Value,
        space: &[usize],
    ) -> Result<Value, OnnxError> {
        let sets = layer.sets()?;
        let channels = (0..layer.to.fields()).flat_map(|field| {
            let first = field * layer.together * layer.from.size();
            sets.iter().flatten().map(move |channel| first + channel)
        });
        let channels: Vec<_> = channels.collect();
        let mut x = x.clone();
        if !channels.is_sorted() {
            x = self.graph.gather_channels(&x, &channels);
        }
        // One axis for the members of a set and one for all pixels: windows of a whole set, of one pixel.
        let (members, pixels) = (sets[0].len(), space.iter().product());
        let split = self.graph.reshape(&x, &[layer.to.channels(), members, pixels]);
        let taps = vec![members, 1];
        let windows = Windows { stride: taps.clone(), taps, ..Windows::default() };
        let pooled = match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(&split, &windows),
            Reduction::Mean => self.graph.average_pool(&split, &windows, true),
            Reduction::Sum => self.sum_pool(&split, &windows),
        };
        Ok(self.graph.reshape(&pooled, &[&[layer.to.channels()], space].concat()))
    }
}
