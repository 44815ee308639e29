//! Layers that run by their own `forward` and `backward`, and skip connections.

use super::*;
use crate::executor::program::Operation;
use crate::layer::{GroupNormalisation, Upsample};

fn conv(inputs: usize, outputs: usize) -> Convolution {
    Convolution::new(inputs, outputs, [3, 3]).same_padding()
}

#[test]
fn small_u_nets_are_exact() {
    let down = Network::new()
        .then(Pool::maximum([2, 2]).ceil_mode())
        .then(conv(2, 1))
        .then(Upsample::nearest([2, 2]));
    let network = Network::new()
        .then(conv(1, 2))
        .then(Residual::new(down).concatenated())
        .then(Network::new().then(conv(3, 1)).then(Activation::Relu))
        .then(Pool::mean([2, 2]).divisor_override(2))
        .then(Flatten)
        .then(Dense::new(6, 2));
    check_exactly(&network, &[1, 4, 6]);
    // Both ways are empty: the same channels twice.
    let twice =
        Network::new().then(Residual::new(Network::new()).concatenated()).then(conv(2, 1)).then(Flatten);
    check_exactly(&twice, &[1, 2, 3]);
    let first = Network::new().then(conv(1, 2)).then(Residual::new(Network::new()).concatenated());
    check_exactly(&first.then(conv(4, 1)).then(Flatten), &[1, 2, 3]);
}

/// Windows whose entries are many are not listed; a group normalisation has no method.
#[test]
fn what_has_no_method_runs_by_its_definition() {
    let is_defined = |network: Network, sample: &[usize]| {
        let executor = Executor::new(&network, sample).unwrap();
        matches!(executor.program.steps[0].operation, Operation::ByDefinition { .. })
    };
    let wide = |side| Network::new().then(Pool::maximum([side, side]).stride([1, 1]));
    assert!(is_defined(wide(31), &[1, 512, 512]) && !is_defined(wide(3), &[1, 512, 512]));
    assert!(is_defined(Network::new().then(GroupNormalisation::layer(2)), &[2, 3]));
}
