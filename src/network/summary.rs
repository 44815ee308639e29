//! What is known of a network before it runs, layer by layer, as a table for people.

use std::fmt;

use super::Network;
use crate::layer::{Layer, LayerError, ReceptiveField, Symmetry, View};

/// One line of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// Where in the network.
    pub place: String,
    /// The layer.
    pub name: String,
    /// The shape of its output, without the batch.
    pub output: Vec<usize>,
    /// Its trained numbers.
    pub parameters: usize,
    /// Its connections, which are its products and additions, for one sample.
    pub connections: u128,
    /// What an output has seen of the network's input, along each axis; `None` once it may be everything.
    pub receptive_field: Option<Vec<ReceptiveField>>,
    /// What the network up to here keeps of the symmetries of its input.
    pub symmetry: Symmetry,
}

/// A network on an input of a given shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The shape of the input, without the batch.
    pub input: Vec<usize>,
    /// One row for each layer and block.
    pub rows: Vec<SummaryRow>,
}

impl Summary {
    /// Of a network on inputs (channels, space…).
    ///
    /// # Errors
    /// If inputs of this shape do not fit.
    pub fn new(network: &Network, input: &[usize]) -> Result<Self, LayerError> {
        let mut shape = [&[1], input].concat();
        let axes = input.len().saturating_sub(1);
        let mut symmetry = Symmetry::full(axes);
        let mut field = Some(vec![ReceptiveField::INPUT; axes]);
        let mut rows = Vec::new();
        for (place, node) in network.nodes().iter().enumerate() {
            // A network of one node says what the node says, and names its place in errors.
            let alone: Network = std::iter::once(node.clone()).collect();
            let told = |source| match source {
                LayerError::Inside { source, .. } => LayerError::Inside { place: place.to_string(), source },
                other => other,
            };
            symmetry = symmetry.then(&alone.symmetry(&shape).map_err(told)?);
            field = after(field, &alone.view(&shape).map_err(told)?);
            let connections = alone.connections(&shape).map_err(told)?;
            shape = alone.output_shape(&shape).map_err(told)?;
            rows.push(SummaryRow {
                place: place.to_string(),
                name: node.name(),
                output: shape[1..].to_vec(),
                parameters: alone.trained_parameters(),
                connections,
                receptive_field: field.clone(),
                symmetry: symmetry.clone(),
            });
        }
        Ok(Summary { input: input.to_vec(), rows })
    }
}

fn after(field: Option<Vec<ReceptiveField>>, view: &View) -> Option<Vec<ReceptiveField>> {
    let field = field?;
    match view {
        View::Entry => Some(field),
        View::Windows(windows) => {
            Some(field.iter().zip(windows).map(|(field, window)| field.after_window(window)).collect())
        }
        View::Spread(spreads) => {
            Some(field.iter().zip(spreads).map(|(field, spread)| field.after_spread(spread)).collect())
        }
        View::Everything => None,
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape =
            |extents: &[usize]| extents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
        writeln!(
            f,
            "{:>4}  {:<34} {:>14} {:>10} {:>12}  sees",
            "", "layer", "output", "parameters", "products"
        )?;
        writeln!(f, "{:>4}  {:<34} {:>14}", "", "input", shape(&self.input))?;
        for row in &self.rows {
            let sees = match &row.receptive_field {
                None => "everything".to_owned(),
                Some(fields) => fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × "),
            };
            writeln!(
                f,
                "{:>4}  {:<34} {:>14} {:>10} {:>12}  {sees}",
                row.place,
                row.name,
                shape(&row.output),
                row.parameters,
                row.connections
            )?;
        }
        let parameters: usize = self.rows.iter().map(|row| row.parameters).sum();
        let connections: u128 = self.rows.iter().map(|row| row.connections).sum();
        writeln!(f, "{:>4}  {:<34} {:>14} {parameters:>10} {connections:>12}", "", "in all", "")?;
        if let Some(last) = self.rows.last() {
            let invariance = if last.symmetry.invariant { "invariant: " } else { "" };
            writeln!(f, "      keeps: {invariance}{}", last.symmetry)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{all_convolutional, lenet5};

    #[test]
    fn lenet() {
        let summary = Summary::new(&lenet5(10), &[1, 28, 28]).unwrap();
        let sees = |row: usize| summary.rows[row].receptive_field.clone().map(|fields| fields[0]);
        assert_eq!(sees(5), Some(ReceptiveField { extent: 16, jump: (4, 1) }));
        assert_eq!(sees(7), None);
        assert_eq!(summary.rows[2].output, [6, 14, 14]);
        // The grid of every layer is symmetric, but the zeros break translations, and flattening all.
        assert!(summary.rows[5].symmetry.keeps_point_symmetries());
        let text = summary.to_string();
        assert!(text.contains("61706") && text.contains("16 by 4 × 16 by 4"), "{text}");
        assert!(text.ends_with("keeps: no translation, no flip\n"), "{text}");
        let error = Summary::new(&lenet5(10), &[1, 20, 20]).unwrap_err().to_string();
        assert!(error.starts_with("layer 7: dense 400 → 120 takes"), "{error}");
    }

    #[test]
    fn strided_grids_on_even_sizes_keep_no_flip() {
        // 3 taps, stride 2, padding 1: n + 2 − 3 must be even, so n odd.
        let keeps = |size: usize| {
            let summary = Summary::new(&all_convolutional(10), &[1, size, size]).unwrap();
            summary.rows.last().unwrap().symmetry.clone()
        };
        assert!(keeps(29).keeps_point_symmetries() && keeps(29).invariant);
        assert!(!keeps(28).keeps_point_symmetries());
    }
}
