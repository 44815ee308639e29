//! Pools are exported with less padding than taps, which ONNX Runtime asks for.

use super::*;

/// ONNX Runtime asks for that, dilated or not.
#[test]
fn pools_have_less_padding_than_taps() {
    for n in 0..729 {
        let [taps, dilation, stride, before, after, length] = [1, 3, 9, 27, 81, 243].map(|m| n / m % 3);
        for pool in [Pool::maximum([1 + taps]), Pool::mean([1 + taps]), Pool::sum([1 + taps])] {
            let pool =
                pool.stride([1 + stride]).padding_before_after([(before, after)]).dilation([1 + dilation]);
            if pool.output_shape(&[1, 1, 4 + length]).is_ok() {
                let nodes = message(&one(pool.clone()), &[1, 4 + length]).graph.unwrap().node;
                let windows = nodes.iter().find(|node| node.op_type.ends_with("Pool")).unwrap();
                let pads = windows.attribute.iter().find(|attribute| attribute.name == "pads");
                let pads = pads.map_or(&[][..], |attribute| &attribute.ints);
                assert!(pads.iter().all(|&pad| pad <= taps as i64), "{pool:?}: {pads:?}");
                assert_eq!(nodes[0].op_type == "Pad", pads.is_empty(), "{pool:?}");
            }
        }
    }
    let wide = Pool::maximum([2]).dilation([3]).padding_before_after([(2, 2)]);
    let graph = message(&one(wide), &[1, 4]).graph.unwrap();
    assert_eq!(graph.initializer[1].raw_data, f32::NEG_INFINITY.to_le_bytes());
}
