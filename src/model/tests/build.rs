//! What is folded, what is refused, and how that is told.

use ndarray::ArrayD;

use super::{Draft, array, constant, float, int, ints, list};
use crate::model::{Function, Operation, Origin};

#[test]
fn shapes_leave_no_steps() {
    // As exporters write a flattening: the first extent of the shape and −1, concatenated.
    let program = Draft::new(17)
        .input("x", &[2, 3, 4])
        .integers("zero", &[0])
        .integers("rest", &[-1])
        .node("Shape", &["x"], "shape", &[])
        .node("Gather", &["shape", "zero"], "batch", &[])
        .node("Concat", &["batch", "rest"], "to", &[int("axis", 0)])
        .node("Reshape", &["x", "to"], "y", &[])
        .program(&["y"])
        .unwrap();
    assert_eq!(program.steps.len(), 1);
    assert!(matches!(program.steps[0].operation, Operation::Rearrange(_)));
    assert_eq!(program.slots[program.names["y"]].shape, [2, 12]);
}

#[test]
fn floats_are_folded_where_they_are_exact() {
    let draft = |value: f64| {
        Draft::new(17)
            .input("x", &[1])
            .floats("a", &list(&[value]))
            .node("Sqrt", &["a"], "root", &[])
            .node("Mul", &["x", "root"], "y", &[])
            .program(&["y"])
            .unwrap()
    };
    // √4 = 2 is a float, √2 is not: it stays a step over a constant.
    assert_eq!(draft(4.0).steps.len(), 1);
    let program = draft(2.0);
    assert_eq!(program.steps.len(), 2);
    assert_eq!(program.steps[0].operation, Operation::Pointwise(Function::SquareRoot));
    assert!(matches!(program.slots[program.steps[0].inputs[0]].origin, Origin::Constant(_)));
}

#[test]
fn sizes_that_are_computed_in_floats_are_those_of_the_machine() {
    // ⌊10 · 0.3⌋, where 0.3 is the nearest `f32`: above 0.3, so that the product is above 3.
    let program = Draft::new(17)
        .input("x", &[10])
        .floats("scale", &list(&[0.3]))
        .integers("start", &[0])
        .node("Shape", &["x"], "shape", &[])
        .node("Cast", &["shape"], "float", &[int("to", 1)])
        .node("Mul", &["float", "scale"], "scaled", &[])
        .node("Floor", &["scaled"], "floor", &[])
        .node("Cast", &["floor"], "end", &[int("to", 7)])
        .node("Slice", &["x", "start", "end"], "y", &[])
        .program(&["y"])
        .unwrap();
    assert_eq!(program.slots[program.outputs[0]].shape, [3]);
}

#[test]
fn refusals_name_the_node_the_operator_and_the_version() {
    let told = |draft: Draft| draft.program(&["y"]).unwrap_err().to_string();
    let unknown = Draft::new(17).input("x", &[1]).node("Loop", &["x"], "y", &[]);
    assert_eq!(
        told(unknown),
        "model in memory: node the Loop (Loop, opset 17): the operator is not supported"
    );
    let varying = Draft::new(17).input("x", &[4]).node("Cast", &["x"], "i", &[int("to", 7)]).node(
        "Gather",
        &["x", "i"],
        "y",
        &[],
    );
    assert_eq!(
        told(varying),
        "model in memory: node the Gather (Gather, opset 17): what is given for the indices depends on the \
         inputs of the model; it must be a constant"
    );
    let misfit =
        Draft::new(17).input("x", &[2]).floats("a", &list(&[1.0; 3])).node("Add", &["x", "a"], "y", &[]);
    assert_eq!(
        told(misfit),
        "model in memory: node the Add (Add, opset 17): shapes [2] and [3] cannot be broadcast"
    );
    let huge =
        Draft::new(17).integers("shape", &[1 << 20, 1 << 20]).node("ConstantOfShape", &["shape"], "y", &[]);
    assert!(told(huge).ends_with("choose a smaller shape or a higher limit"));
    let old = Draft::new(6).input("x", &[1]).node("Relu", &["x"], "y", &[]).model(&["y"]).unwrap_err();
    assert_eq!(old.to_string(), "model in memory: expected operators of version 7 to 28, found 6");
}

#[test]
fn weights_without_directions_are_refused() {
    // A bias of no directions for a network of one.
    let zeros = |shape: &[usize]| ArrayD::zeros(shape);
    let told = Draft::new(17)
        .input("x", &[2, 1, 1])
        .floats("w", &zeros(&[1, 1, 1]))
        .floats("b", &zeros(&[0, 2]))
        .node("RNN", &["x", "w", "w", "b"], "y", &[])
        .program(&["y"])
        .unwrap_err()
        .to_string();
    assert!(told.ends_with("1 indices from 0 on are not all of [0, 2]"), "{told}");
}

#[test]
fn shapes_are_chosen_by_the_caller() {
    let model = |shape: &[usize]| {
        Draft::new(17).input("x", shape).node("Relu", &["x"], "y", &[]).model(&["y"]).unwrap()
    };
    let told = model(&[2]).program(&[("x", &[3])]).unwrap_err().to_string();
    assert_eq!(told, "model in memory: input x: expected a shape [2], found [3]");
    let told = model(&[2]).program(&[("z", &[2])]).unwrap_err().to_string();
    assert_eq!(told, "model in memory: input z: the model has no such input; it has x");
    let fixed = model(&[2]).with_constant("x", constant(list(&[-1.0, 2.0]))).unwrap();
    let program = fixed.program(&[]).unwrap();
    // Known and exact: nothing is left to do.
    assert!(program.inputs.is_empty() && program.steps.is_empty());
    assert_eq!(program.slots[program.outputs[0]].origin, Origin::Constant(list(&[0.0, 2.0]).into()));
}

/// Weights at mirrored places are the same to the last bit, whatever the scale.
#[test]
fn weights_of_a_resizing_are_mirrored() {
    for (extent, count) in [(7, 12), (12, 7), (5, 9), (30, 13), (3, 100)] {
        for mode in ["linear", "cubic"] {
            let program = Draft::new(19)
                .input("x", &[1, 1, extent])
                .integers("sizes", &[1, 1, count as i64])
                .node("Resize", &["x", "", "", "sizes"], "y", &[super::text("mode", mode)])
                .program(&["y"])
                .unwrap();
            let Operation::Reduce(_, lists) = &program.steps[0].operation else { panic!("no weighted sums") };
            let factors = lists.factors.as_ref().unwrap();
            let row = |output: usize| {
                let mut row = ArrayD::<f64>::zeros(vec![extent]);
                for term in lists.offsets[output]..lists.offsets[output + 1] {
                    row[lists.members[term] as usize] = factors[term];
                }
                row
            };
            for output in 0..count {
                let mut mirrored = row(count - 1 - output);
                mirrored.invert_axis(ndarray::Axis(0));
                assert_eq!(row(output), mirrored, "{mode} from {extent} to {count}");
            }
        }
    }
}

#[test]
fn tensors_are_found_by_their_names() {
    let program = Draft::new(17)
        .input("x", &[1, 1, 3])
        .floats("w", &array(&[1, 1, 1], &[3.0]))
        .node("Conv", &["x", "w"], "c", &[ints("pads", &[0, 0])])
        .node("Identity", &["c"], "same", &[])
        .node("LeakyRelu", &["same"], "y", &[float("alpha", 0.5)])
        .program(&["y"])
        .unwrap();
    assert_eq!(program.names["c"], program.names["same"]);
    assert_eq!(program.slots[program.names["w"]].shape, [1, 1, 1]);
    let trace =
        program.run(&crate::model::Floats::double(), &[array(&[1, 1, 3], &[1.0, -2.0, 0.0])]).unwrap();
    assert_eq!(*trace[program.names["c"]], array(&[1, 1, 3], &[3.0, -6.0, 0.0]));
    assert_eq!(*trace[program.names["y"]], array(&[1, 1, 3], &[3.0, -3.0, 0.0]));
}
