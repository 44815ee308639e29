//! Why a model cannot be run in tiles, and the node that is to blame.

use super::grid::growing;
use crate::model::{Model, ModelError, Program, Trace};

/// Why there are no tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The node at fault and its operator; `None` where it is the whole model.
    pub node: Option<(String, String)>,
    /// Why, and what would help.
    pub reason: String,
}

impl Obstacle {
    pub(super) fn of_all(reason: String) -> Self {
        Obstacle { node: None, reason }
    }

    /// A node is at fault: why its operator needs the whole image where that is known, else what is given.
    pub(super) fn at(model: &Model, node: usize, otherwise: &str) -> Self {
        let (name, operator) = model.node_name(node);
        let reason = help(&operator).unwrap_or(otherwise).to_owned();
        Obstacle { node: Some((name, operator)), reason }
    }

    /// The model runs at one size only.
    pub(super) fn one_size(size: &[usize], error: &ModelError) -> Self {
        let size = size.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        let (node, why) = match error {
            ModelError::Node { node, operator, refusal, .. } => {
                (Some((node.clone(), operator.clone())), refusal.to_string())
            }
            other => (None, other.to_string()),
        };
        let reason = format!(
            "the model runs on images of {size} entries only: at another size, {why}; a convolution or a \
             pooling in place of what fixes the size would help"
        );
        Obstacle { node, reason }
    }
}

/// The tensors of a model in two programs, by node.
pub(super) struct Tensors<'a> {
    model: &'a Model,
    small: &'a Program,
    large: &'a Program,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(model: &'a Model, small: &'a Program, large: &'a Program) -> Self {
        Tensors { model, small, large }
    }

    fn slots(&self, name: &str) -> Option<(usize, usize)> {
        Some((*self.small.names.get(name)?, *self.large.names.get(name)?))
    }

    /// The axis along which a tensor grows with the image.
    fn along(&self, (one, other): (usize, usize)) -> Option<usize> {
        growing(&self.small.slots[one].shape, &self.large.slots[other].shape).first().copied()
    }

    /// The first node with an output for which something is so, while it is not so of any input.
    pub(super) fn first(
        &self,
        mut is_so: impl FnMut((usize, usize), Option<usize>) -> bool,
    ) -> Option<usize> {
        let mut known = std::collections::HashMap::new();
        let mut ask = |name: &str| {
            let slots = self.slots(name)?;
            let along = self.along(slots);
            Some(*known.entry(slots).or_insert_with(|| is_so(slots, along)))
        };
        self.model.nodes.iter().position(|inlined| {
            let node = &inlined.node;
            node.output.iter().any(|name| ask(name) == Some(true))
                && node.input.iter().all(|name| ask(name) != Some(true))
        })
    }

    /// Why an output does not grow with the image: the first node that reads what grows and gives what does
    /// not.
    pub(super) fn fixed(&self) -> Obstacle {
        let grows = |name: &String| self.slots(name).is_some_and(|slots| self.along(slots).is_some());
        let lost = self.model.nodes.iter().position(|inlined| {
            let is_known = |name: &&String| self.slots(name).is_some();
            let mut outputs = inlined.node.output.iter().filter(is_known).peekable();
            outputs.peek().is_some()
                && inlined.node.input.iter().any(grows)
                && !inlined.node.output.iter().any(grows)
        });
        match lost {
            Some(node) => {
                Obstacle::at(self.model, node, "what it gives has the same shape for images of every size")
            }
            None => Obstacle::of_all("an output has the same shape for images of every size".to_owned()),
        }
    }

    /// The first node whose values differ on a tile, though all that it reads is the same there.
    ///
    /// `small` is the model on the tile with its surroundings, which begin at `begin` in the image of
    /// `extent` entries; the tile is from `tile.0` to `tile.1` in the image. Both traces are of the same
    /// inputs.
    pub(super) fn first_difference<E: PartialEq>(
        &self,
        part: &Part,
        small: &Trace<E>,
        large: &Trace<E>,
    ) -> Option<Obstacle> {
        let differs = |(one, other): (usize, usize), along: Option<usize>| {
            let (one, other) = (&small[one], &large[other]);
            let Some(along) = along else { return one != other };
            part.differs(one, other, along)
        };
        self.first(differs).map(|node| {
            let otherwise = format!(
                "{}, a tile with its surroundings is given other values than in the whole image: what the node \
                 computes depends on the place in the image, or on its size",
                part.place
            );
            Obstacle::at(self.model, node, &otherwise)
        })
    }
}

/// A part of an image along one axis.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where it is, in words.
    pub(super) place: &'static str,
    /// The extent of the image, and of the part with its surroundings.
    pub(super) extents: [usize; 2],
    /// Where the surroundings begin.
    pub(super) begin: usize,
    /// Where the part itself begins and ends.
    pub(super) tile: [usize; 2],
}

impl Part {
    /// Whether a tensor differs within the part. A tensor whose entries do not lie on the lattice of the part
    /// is not compared.
    fn differs<E: PartialEq>(
        &self,
        small: &ndarray::ArrayD<E>,
        large: &ndarray::ArrayD<E>,
        along: usize,
    ) -> bool {
        let grown = large.shape()[along] as i128 - small.shape()[along] as i128;
        let of_image = self.extents[0] as i128 - self.extents[1] as i128;
        if of_image == 0 || grown * self.begin as i128 % of_image != 0 {
            return false;
        }
        let at =
            |place: usize, round: i128| (place as i128 * grown + round * (of_image - 1)).div_euclid(of_image);
        let begin = at(self.begin, 0);
        let (from, to) = (at(self.tile[0], 1), at(self.tile[1], 0).max(at(self.tile[0], 1) + 1));
        let axis = ndarray::Axis(along);
        (from..to).any(|place| {
            let (Ok(there), Ok(here)) = (usize::try_from(place), usize::try_from(place - begin)) else {
                return false;
            };
            there < large.shape()[along]
                && here < small.shape()[along]
                && large.index_axis(axis, there) != small.index_axis(axis, here)
        })
    }
}

/// Why an operator needs the whole image, and what would help.
fn help(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" | "ReduceMean" | "ReduceMax" | "ReduceSum"
        | "ReduceMin" | "ReduceL2" => {
            "it pools over the whole image; a pooling of fixed windows, or its value computed once from the \
             whole image and fed to every tile, would help"
        }
        "InstanceNormalization"
        | "LayerNormalization"
        | "GroupNormalization"
        | "MeanVarianceNormalization" => {
            "its statistics are those of the whole image; fixed statistics would help, with which tiles are \
             an approximation"
        }
        "Softmax" | "LogSoftmax" | "MatMul" | "Gemm" | "Einsum" | "Attention" => {
            "it joins all places of the image; attention within windows would help"
        }
        "Flatten" | "Reshape" => "it puts all places of the image into one list, for layers of one size",
        "Pad" | "Slice" | "Gather" | "Concat" => {
            "it copies entries from one end of the image to the other, as circular padding does; padding the \
             image before it is cut, and none in the model, would help"
        }
        "Resize" | "Upsample" => {
            "its grid depends on the size of the image: factors in place of sizes, and no aligned corners, \
             would help"
        }
        _ => return None,
    })
}
