//! Draws the pictures of the guide, from what the crate computes.
//!
//! `cargo run --no-default-features --features model --example draw_guide_pictures`

use std::fmt::Write;

use equivariant::model::{GroupVerdict, Model, SymmetryGroup};
use equivariant::ndarray::{ArrayD, IxDyn};
use equivariant::prelude::*;

/// The difference of neighbouring rows, around the border.
struct RowDifference;

impl Map for RowDifference {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let rows = x.shape()[0];
        let below = |index: &IxDyn| x[[(index[0] + 1) % rows, index[1]]].clone();
        Ok(ArrayD::from_shape_fn(x.shape(), |index| below(&index) - x[&index].clone()))
    }
}

/// Text and lines take the colour of the page, light or dark.
fn svg(width: usize, height: usize, title: &str, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"guide\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" role=\"img\">\n\
         <style>.guide{{max-width:100%;color:#1c2128}}@media(prefers-color-scheme:dark){{.guide{{color:#e3e7ec}}}}\
         </style>\n<title>{title}</title>\n\
         <g font-family=\"sans-serif\" font-size=\"14\" fill=\"currentColor\">\n{content}</g>\n</svg>\n"
    )
}

/// A grid of numbers, its title below; blue below zero, orange above.
fn grid(x: &ArrayD<f64>, left: usize, title: &str) -> String {
    const CELL: usize = 32;
    let mut text = String::new();
    for (index, value) in x.indexed_iter() {
        let (at, down) = (left + CELL * index[1], 8 + CELL * index[0]);
        let colour = if *value < 0.0 { "#3b82c4" } else { "#d9822b" };
        let opacity = value.abs().min(1.0) * 0.6;
        write!(
            text,
            "<rect x=\"{at}\" y=\"{down}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{colour}\" \
             fill-opacity=\"{opacity}\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{value}</text>\n",
            at + CELL / 2,
            down + 21
        )
        .expect("a string takes any text");
    }
    let middle = left + CELL * x.shape()[1] / 2;
    let below = 8 + CELL * x.shape()[0] + 20;
    text + &format!("<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{title}</text>\n")
}

/// A single pixel, turned before and after.
fn counterexample() -> String {
    let mut x = ArrayD::<f64>::zeros(vec![3, 3]);
    x[[0, 0]] = 1.0;
    let turn = |x: &ArrayD<f64>| OnGrid.act(&C4, &C4.generators()[0], x);
    let run = |x: &ArrayD<f64>| RowDifference.apply(x, &[]).expect("it runs on any image");
    let grids = [(&x, "x"), (&run(&turn(&x)), "f(g ▷ x)"), (&turn(&run(&x)), "g ▷ f(x)")];
    let draw = |(place, (x, title)): (usize, (&ArrayD<f64>, &str))| grid(x, 8 + 128 * place, title);
    let content: String = grids.into_iter().enumerate().map(draw).collect();
    svg(368, 136, "The difference of rows does not commute with quarter turns", &content)
}

/// What a few models do under some groups.
fn models() -> String {
    let groups = [SymmetryGroup::Rot90, SymmetryGroup::Rot180, SymmetryGroup::Flips];
    let mut content = String::new();
    let mut cell = |x: usize, y: usize, text: &str, style: &str| {
        writeln!(content, "<text x=\"{x}\" y=\"{y}\" {style}>{text}</text>")
            .expect("a string takes any text");
    };
    for (column, group) in groups.iter().enumerate() {
        cell(170 + 110 * column, 20, &group.to_string(), "font-weight=\"bold\"");
    }
    for (row, name) in ["c4_invariant", "c2_in_c4", "even_kernel", "unet_nearest"].into_iter().enumerate() {
        let y = 46 + 24 * row;
        cell(8, y, name, "");
        let path = format!("{}/tests/onnx/symmetry/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let model = Model::read(path).expect("the model is there");
        for (column, group) in groups.into_iter().enumerate() {
            let report = model.prove().under(group).check().expect("the model can be judged");
            let verdict = report.group(group).expect("asked for").verdict;
            let style = match verdict {
                GroupVerdict::Invariant | GroupVerdict::Equivariant => "fill=\"#2e9e5b\"",
                GroupVerdict::Broken => "fill=\"#d9534f\"",
                _ => "",
            };
            cell(170 + 110 * column, y, &verdict.to_string(), style);
        }
    }
    svg(500, 130, "What four models do under turns and mirrors", &content)
}

/// The names of the pictures, and what they are.
pub fn pictures() -> [(&'static str, String); 2] {
    [("counterexample.svg", counterexample()), ("models.svg", models())]
}

fn main() -> std::io::Result<()> {
    for (name, picture) in pictures() {
        std::fs::write(format!("{}/guide/pictures/{name}", env!("CARGO_MANIFEST_DIR")), picture)?;
    }
    Ok(())
}
