//! One value or more of each family of operators.

use super::{array, float, int, ints, list, run, text};

/// (1, 1, n): a batch of one signal with one channel.
fn signal(values: &[f64]) -> ndarray::ArrayD<f64> {
    array(&[1, 1, values.len()], values)
}

#[test]
fn convolutions() {
    // Correlation with (1, 0, −1): x[i − 1] − x[i + 1], zeros outside.
    let taps = signal(&[1.0, 0.0, -1.0]);
    let y = run(17, "Conv", &[ints("pads", &[1, 1])], &[signal(&[1.0, 2.0, 3.0, 4.0]), taps.clone()], &[]);
    assert_eq!(y, signal(&[-2.0, -2.0, -2.0, 3.0]));
    // SAME_UPPER pads after the signal first: an even kernel of (1, 1) adds x[i] and x[i + 1].
    let pair = signal(&[1.0, 1.0]);
    let y =
        run(17, "Conv", &[text("auto_pad", "SAME_UPPER")], &[signal(&[1.0, 2.0, 3.0]), pair.clone()], &[]);
    assert_eq!(y, signal(&[3.0, 5.0, 3.0]));
    let y = run(17, "Conv", &[text("auto_pad", "SAME_LOWER")], &[signal(&[1.0, 2.0, 3.0]), pair], &[]);
    assert_eq!(y, signal(&[1.0, 3.0, 5.0]));
    // A signal without entries is all padding.
    let y = run(17, "Conv", &[ints("pads", &[2, 2])], &[signal(&[]), taps], &[]);
    assert_eq!(y, signal(&[0.0, 0.0]));
    // Two groups of one channel, dilation 2: x[i] + 10 x[i + 2], and −x[i]; with biases.
    let x = array(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let kernel = array(&[2, 1, 2], &[1.0, 10.0, -1.0, 0.0]);
    let attributes = [int("group", 2), ints("dilations", &[2])];
    let y = run(17, "Conv", &attributes, &[x, kernel, list(&[0.5, 100.0])], &[]);
    assert_eq!(y, array(&[1, 2, 1], &[31.5, 96.0]));
}

#[test]
fn transposed_convolutions() {
    // Each entry lays down the kernel at twice its place: (1, 10, 100) and, two further, (2, 20, 200).
    let (x, kernel) = (signal(&[1.0, 2.0]), signal(&[1.0, 10.0, 100.0]));
    let stride = ints("strides", &[2]);
    let y = run(17, "ConvTranspose", std::slice::from_ref(&stride), &[x.clone(), kernel.clone()], &[]);
    assert_eq!(y, signal(&[1.0, 10.0, 102.0, 20.0, 200.0]));
    // Pads cut the output, and output padding adds to its end.
    let attributes = [stride, ints("pads", &[1, 1]), ints("output_padding", &[1])];
    let y = run(17, "ConvTranspose", &attributes, &[x, kernel], &[]);
    assert_eq!(y, signal(&[10.0, 102.0, 20.0, 200.0]));
    // Channels in two groups: each group has its own kernel.
    let x = array(&[1, 2, 1], &[3.0, 5.0]);
    let kernel = array(&[2, 1, 2], &[1.0, 2.0, 10.0, 20.0]);
    let y = run(17, "ConvTranspose", &[int("group", 2)], &[x, kernel], &[]);
    assert_eq!(y, array(&[1, 2, 2], &[3.0, 6.0, 50.0, 100.0]));
}

#[test]
fn pools() {
    let x = signal(&[1.0, 5.0, 2.0, 4.0, 3.0]);
    let windows = [ints("kernel_shape", &[2]), ints("strides", &[2])];
    let ceil = [windows.as_slice(), &[int("ceil_mode", 1)]].concat();
    assert_eq!(run(17, "MaxPool", &windows, std::slice::from_ref(&x), &[]), signal(&[5.0, 4.0]));
    assert_eq!(run(17, "MaxPool", &ceil, std::slice::from_ref(&x), &[]), signal(&[5.0, 4.0, 3.0]));
    // Pads do not count, unless they are told to.
    let padded = [ints("kernel_shape", &[2]), ints("strides", &[5]), ints("pads", &[1, 0])];
    let counted = [padded.as_slice(), &[int("count_include_pad", 1)]].concat();
    let four = signal(&[8.0, 5.0, 2.0, 4.0]);
    assert_eq!(run(17, "AveragePool", &padded, std::slice::from_ref(&four), &[]), signal(&[8.0]));
    assert_eq!(run(17, "AveragePool", &counted, &[four], &[]), signal(&[4.0]));
    // √(3² + 4²)
    let y = run(18, "LpPool", &[ints("kernel_shape", &[2])], &[signal(&[3.0, -4.0])], &[]);
    assert_eq!(y, signal(&[5.0]));
    assert_eq!(run(17, "GlobalAveragePool", &[], &[x], &[]), signal(&[3.0]));
}

#[test]
fn products() {
    let (a, b) = (array(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), array(&[2, 2], &[0.0, 1.0, 1.0, 0.0]));
    assert_eq!(run(17, "MatMul", &[], &[a.clone(), b.clone()], &[]), array(&[2, 2], &[2.0, 1.0, 4.0, 3.0]));
    assert_eq!(run(17, "MatMul", &[], &[list(&[1.0, 10.0]), a.clone()], &[]), list(&[31.0, 42.0]));
    // A batch of two rows on the left, of one matrix on the right.
    let rows = array(&[2, 1, 2], &[1.0, 0.0, 0.0, 1.0]);
    let one = array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(run(17, "MatMul", &[], &[rows, one], &[]), array(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]));
    // 2 Aᵀ B + 3 C with a row C.
    let attributes = [int("transA", 1), float("alpha", 2.0), float("beta", 3.0)];
    let y = run(17, "Gemm", &attributes, &[a.clone(), b.clone(), list(&[1.0, 10.0])], &[]);
    assert_eq!(y, array(&[2, 2], &[9.0, 32.0, 11.0, 34.0]));
    let einsum = |equation: &str, inputs: &[ndarray::ArrayD<f64>]| {
        run(17, "Einsum", &[text("equation", equation)], inputs, &[])
    };
    assert_eq!(einsum("ij,jk->ki", &[a.clone(), b.clone()]), array(&[2, 2], &[2.0, 4.0, 1.0, 3.0]));
    assert_eq!(einsum("ii->i", std::slice::from_ref(&a)), list(&[1.0, 4.0]));
    assert_eq!(einsum("...i->...", std::slice::from_ref(&a)), list(&[3.0, 7.0]));
    // Σ a[i, j] b[i, j] for each i: 1·0 + 2·1 and 3·1 + 4·0.
    assert_eq!(einsum("ij,ij->i", &[a, b]), list(&[2.0, 3.0]));
}

#[test]
fn reductions() {
    let x = array(&[2, 3], &[1.0, 2.0, 6.0, 0.0, -4.0, 1.0]);
    let all = std::slice::from_ref(&x);
    assert_eq!(
        run(17, "ReduceMean", &[ints("axes", &[1]), int("keepdims", 0)], all, &[]),
        list(&[3.0, -1.0])
    );
    assert_eq!(run(18, "ReduceMax", &[], all, &[&[0]]), array(&[1, 3], &[1.0, 2.0, 6.0]));
    assert_eq!(run(18, "ReduceProd", &[int("keepdims", 0)], all, &[&[-1]]), list(&[12.0, 0.0]));
    let equal = array(&[1, 4], &[7.0; 4]);
    assert_eq!(run(17, "Softmax", &[], std::slice::from_ref(&equal), &[]), array(&[1, 4], &[0.25; 4]));
    assert_eq!(run(17, "ArgMax", &[int("axis", 1), int("keepdims", 0)], all, &[]), list(&[2.0, 2.0]));
    assert_eq!(run(17, "Hardmax", &[], &[equal], &[]), array(&[1, 4], &[1.0, 0.0, 0.0, 0.0]));
    // What comes after each entry.
    let attributes = [int("exclusive", 1), int("reverse", 1)];
    let y = run(17, "CumSum", &attributes, &[list(&[1.0, 2.0, 4.0])], &[&[0]]);
    assert_eq!(y, list(&[6.0, 4.0, 0.0]));
    assert_eq!(run(17, "TopK", &[], all, &[&[2]]), array(&[2, 2], &[6.0, 2.0, 1.0, 0.0]));
}

#[test]
fn softmax_had_two_axes_up_to_version_12() {
    // From axis 1 on all is one list: eight equal entries.
    let x = array(&[1, 2, 4], &[3.0; 8]);
    let y = run(12, "Softmax", &[], &[x], &[]);
    assert_eq!(y, array(&[1, 2, 4], &[0.125; 8]));
}

#[test]
fn normalisations() {
    let x = array(&[1, 2, 2], &[1.0, 3.0, 5.0, 9.0]);
    // (x − mean) · scale / √(variance + 1) + bias, with roots 2 and 3.
    let inputs = [x.clone(), list(&[2.0, 3.0]), list(&[10.0, 20.0]), list(&[1.0, 5.0]), list(&[3.0, 8.0])];
    let y = run(17, "BatchNormalization", &[float("epsilon", 1.0)], &inputs, &[]);
    assert_eq!(y, array(&[1, 2, 2], &[10.0, 12.0, 20.0, 24.0]));
    // Deviations ±1 and ±2 with variances 1 and 4; ε = 0 leaves signs.
    let y = run(
        17,
        "InstanceNormalization",
        &[float("epsilon", 0.0)],
        &[x, list(&[1.0, 2.0]), list(&[0.0, 1.0])],
        &[],
    );
    assert_eq!(y, array(&[1, 2, 2], &[-1.0, 1.0, -1.0, 3.0]));
    let y =
        run(17, "LayerNormalization", &[float("epsilon", 0.0)], &[list(&[1.0, 3.0]), list(&[4.0, 8.0])], &[]);
    assert_eq!(y, list(&[-4.0, 8.0]));
    // By |1| + |−3| = 4.
    let y = run(17, "LpNormalization", &[int("p", 1)], &[list(&[1.0, -3.0])], &[]);
    assert_eq!(y, list(&[0.25, -0.75]));
    let attributes = [int("size", 3), float("alpha", 3.0), float("beta", 1.0)];
    let y = run(17, "LRN", &attributes, &[array(&[1, 2, 1], &[1.0, 2.0])], &[]);
    // Both channels see both: 1 + 3/3 · (1 + 4) = 6.
    assert_eq!(y, array(&[1, 2, 1], &[1.0 / 6.0, 2.0 / 6.0]));
}

#[test]
fn pads() {
    let x = list(&[1.0, 2.0, 3.0]);
    let pad = |mode: &str| run(19, "Pad", &[text("mode", mode)], std::slice::from_ref(&x), &[&[2, 1]]);
    assert_eq!(pad("constant"), list(&[0.0, 0.0, 1.0, 2.0, 3.0, 0.0]));
    assert_eq!(pad("edge"), list(&[1.0, 1.0, 1.0, 2.0, 3.0, 3.0]));
    assert_eq!(pad("reflect"), list(&[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]));
    assert_eq!(pad("wrap"), list(&[2.0, 3.0, 1.0, 2.0, 3.0, 1.0]));
    // Negative pads cut.
    assert_eq!(run(19, "Pad", &[], &[x], &[&[-1, 1]]), list(&[2.0, 3.0, 0.0]));
}

#[test]
fn resizing() {
    let x = signal(&[1.0, 3.0]);
    let resize = |mode: &str, coordinates: &str| {
        let attributes = [text("mode", mode), text("coordinate_transformation_mode", coordinates)];
        let draft = super::Draft::new(19).input("x", &[1, 1, 2]).integers("sizes", &[1, 1, 4]);
        let program =
            draft.node("Resize", &["x", "", "", "sizes"], "y", &attributes).program(&["y"]).unwrap();
        program.outputs(&super::Floats::double(), std::slice::from_ref(&x)).unwrap()[0].as_ref().clone()
    };
    // Places −1/4, 1/4, 3/4, 5/4.
    assert_eq!(resize("linear", "half_pixel"), signal(&[1.0, 1.5, 2.5, 3.0]));
    assert_eq!(resize("nearest", "half_pixel"), signal(&[1.0, 1.0, 3.0, 3.0]));
    // Places 0, 1/2, 1, 3/2.
    assert_eq!(resize("linear", "asymmetric"), signal(&[1.0, 2.0, 3.0, 3.0]));
    assert_eq!(resize("nearest", "asymmetric"), signal(&[1.0, 1.0, 3.0, 3.0]));
}

#[test]
fn indices() {
    let x = array(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let all = std::slice::from_ref(&x);
    assert_eq!(
        run(17, "Gather", &[int("axis", 1)], all, &[&[-1, 0, 1]]),
        array(&[2, 3], &[2.0, 1.0, 2.0, 4.0, 3.0, 4.0])
    );
    assert_eq!(
        run(17, "Slice", &[], all, &[&[-1], &[-9], &[1], &[-1]]),
        array(&[2, 2], &[2.0, 1.0, 4.0, 3.0])
    );
    assert_eq!(
        run(17, "Tile", &[], all, &[&[1, 2]]),
        array(&[2, 4], &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0])
    );
    assert_eq!(run(17, "Transpose", &[], all, &[]), array(&[2, 2], &[1.0, 3.0, 2.0, 4.0]));
    // Rows 1 and 1 again: the last of the updates stays.
    let draft = super::Draft::new(17)
        .input("x", &[2, 2])
        .input("u", &[1, 2])
        .node("Constant", &[], "i", &[ints("value_ints", &[1])])
        .integers("one", &[1, 1])
        .node("Reshape", &["i", "one"], "rows", &[]);
    let program = draft.node("ScatterND", &["x", "rows", "u"], "y", &[]).program(&["y"]).unwrap();
    let inputs = [x.clone(), array(&[1, 2], &[7.0, 8.0])];
    let y = program.outputs(&super::Floats::double(), &inputs).unwrap();
    assert_eq!(*y[0], array(&[2, 2], &[1.0, 2.0, 7.0, 8.0]));
    let depth =
        run(13, "DepthToSpace", &[int("blocksize", 2)], &[array(&[1, 4, 1, 1], &[1.0, 2.0, 3.0, 4.0])], &[]);
    assert_eq!(depth, array(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]));
}

#[test]
fn functions() {
    let x = list(&[-2.0, 0.0, 2.0]);
    let of = |operator: &str, attributes: &[_]| run(20, operator, attributes, std::slice::from_ref(&x), &[]);
    assert_eq!(of("Relu", &[]), list(&[0.0, 0.0, 2.0]));
    assert_eq!(of("LeakyRelu", &[float("alpha", 0.25)]), list(&[-0.5, 0.0, 2.0]));
    assert_eq!(of("HardSigmoid", &[float("alpha", 0.125)]), list(&[0.25, 0.5, 0.75]));
    assert_eq!(of("Softsign", &[]), list(&[-2.0 / 3.0, 0.0, 2.0 / 3.0]));
    assert_eq!(of("Gelu", &[])[1], 0.0);
    assert_eq!(run(13, "Pow", &[], &[x.clone(), list(&[3.0])], &[]), list(&[-8.0, 0.0, 8.0]));
    assert_eq!(
        run(11, "Clip", &[], &[x.clone(), array(&[], &[-1.0]), array(&[], &[1.0])], &[]),
        list(&[-1.0, 0.0, 1.0])
    );
    assert_eq!(run(6 + 1, "PRelu", &[], &[x, list(&[3.0])], &[]), list(&[-6.0, 0.0, 2.0]));
}

#[test]
fn quantisation() {
    // 2.5 / 1 and 3.5 / 1 go to the even neighbours 2 and 4; 300 is cut at 255.
    let draft = super::Draft::new(19).input("x", &[3]).floats("one", &array(&[], &[1.0]));
    let draft = draft.node("QuantizeLinear", &["x", "one"], "q", &[]).node(
        "DequantizeLinear",
        &["q", "one"],
        "y",
        &[],
    );
    let program = draft.program(&["y"]).unwrap();
    let y = program.outputs(&super::Floats::double(), &[list(&[2.5, 3.5, 300.0])]).unwrap();
    assert_eq!(*y[0], list(&[2.0, 4.0, 255.0]));
}
