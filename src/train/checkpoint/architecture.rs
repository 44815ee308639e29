//! What a checkpoint belongs to: a network, layer by layer.

use super::{Checkpoint, CheckpointError};
use crate::layer::Layer;
use crate::network::{Network, Node};

/// A network as far as its weights are concerned: its name, its layers and the shapes of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    name: String,
    /// Place, name and all settings of each layer.
    layers: Vec<[String; 3]>,
    /// Name and shape of each parameter.
    parameters: Vec<[String; 2]>,
}

impl Architecture {
    /// The architecture of a network that people call by this name.
    pub fn new(name: impl Into<String>, network: &Network) -> Self {
        let parameters = network.parameters();
        let described =
            |parameter: &crate::layer::Parameter| [parameter.name.clone(), format!("{:?}", parameter.shape)];
        let mut layers = Vec::new();
        list(network, "", &mut layers);
        Architecture { name: name.into(), layers, parameters: parameters.iter().map(described).collect() }
    }

    pub(super) fn store(&self, checkpoint: &mut Checkpoint) {
        checkpoint.insert("architecture", self.name.clone());
        checkpoint.insert("architecture.layers", lines(&self.layers));
        checkpoint.insert("architecture.parameters", lines(&self.parameters));
    }

    pub(super) fn restore(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        Ok(Architecture {
            name: checkpoint.text("architecture")?.to_owned(),
            layers: fields(checkpoint.text("architecture.layers")?),
            parameters: fields(checkpoint.text("architecture.parameters")?),
        })
    }

    /// That `self`, of a checkpoint, is the architecture `here`.
    pub(super) fn check_same(&self, here: &Architecture) -> Result<(), CheckpointError> {
        let named = |[place, name, settings]: &[String; 3], other: Option<&[String; 3]>| match other {
            // Layers of one name differ in their settings.
            Some(other) if other[1] == *name => format!("{place} is {settings}"),
            _ => format!("{place} is {name}"),
        };
        let layer = first_difference(&self.layers, &here.layers).map(|(there, here)| {
            let tell = |one: Option<&[String; 3]>, other| {
                one.map_or_else(|| "there is no further layer".to_owned(), |one| named(one, other))
            };
            format!("layer {} in the checkpoint, {} here", tell(there, here), tell(here, there))
        });
        let parameter = first_difference(&self.parameters, &here.parameters).map(|(there, here)| {
            let tell = |one: Option<&[String; 2]>| match one {
                Some([name, shape]) => format!("{name} of shape {shape}"),
                None => "no further parameter".to_owned(),
            };
            format!("{} in the checkpoint, {} here", tell(there), tell(here))
        });
        let difference: Vec<_> = layer.into_iter().chain(parameter).collect();
        if difference.is_empty() {
            return Ok(());
        }
        Err(CheckpointError::Architecture {
            there: self.name.clone(),
            here: here.name.clone(),
            difference: difference.join("; "),
        })
    }
}

fn list(network: &Network, prefix: &str, layers: &mut Vec<[String; 3]>) {
    for (number, node) in network.nodes().iter().enumerate() {
        let place = format!("{prefix}{number}");
        match node {
            Node::Layer(layer) => layers.push([place, layer.name(), format!("{layer:?}")]),
            Node::Residual(block) => {
                layers.push([place.clone(), block.name(), block.name()]);
                list(&block.body, &format!("{place}.body."), layers);
                list(&block.shortcut, &format!("{place}.shortcut."), layers);
            }
            Node::Network(network) => {
                layers.push([place.clone(), network.name(), network.name()]);
                list(network, &format!("{place}."), layers);
            }
        }
    }
}

type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

fn first_difference<'a, T: PartialEq>(there: &'a [T], here: &'a [T]) -> Option<Pair<'a, T>> {
    let longest = there.len().max(here.len());
    (0..longest).map(|i| (there.get(i), here.get(i))).find(|(there, here)| there != here)
}

/// One line for each item, its fields set apart by tabulators, which no name of a layer contains.
fn lines<const N: usize>(items: &[[String; N]]) -> String {
    items.iter().map(|fields| fields.join("\t")).collect::<Vec<_>>().join("\n")
}

fn fields<const N: usize>(text: &str) -> Vec<[String; N]> {
    let item = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    };
    text.lines().map(item).collect()
}
