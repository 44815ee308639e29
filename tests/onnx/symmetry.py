"""Makes the small models of tests/onnx/symmetry, and `truth.json` with what is true of each by construction.

Usage: symmetry.py FOLDER. Needs the packages `onnx` and `numpy` from PyPI. The models are the same for every run.
"""

import json
import pathlib
import sys

import numpy as np

from graph import Graph

FOLDER = pathlib.Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)
TRUTH = {}
IMAGE = [1, 1, 9, 9]


class Net(Graph):
    def save(self, name, inputs, outputs, truth):
        """Saves the model; `truth` is {group: [verdict, evidence, largest or None, operator that breaks or None]}."""
        self.write(FOLDER / f"{name}.onnx", inputs, outputs)
        TRUTH[name] = {g: dict(zip(["verdict", "evidence", "largest", "op"], [*t, None, None][:4])) for g, t in truth.items()}


def lift(kernels):
    """Filters (m, c, k, k) to four turned copies each: (4 m, c, k, k)."""
    return np.concatenate([np.stack([np.rot90(k, r, (-2, -1)) for r in range(4)]) for k in kernels])


def regular(kernels):
    """Filters (m, 4 n, k, k) on four orientations to (4 m, 4 n, k, k): turned, with orientations cycled."""
    m, channels, k, _ = kernels.shape
    copies = []
    for kernel in kernels:
        blocks = kernel.reshape(channels // 4, 4, k, k)
        for r in range(4):
            turned = np.rot90(blocks, r, (-2, -1))
            copies.append(np.roll(turned, r, axis=1).reshape(channels, k, k))
    return np.stack(copies)


def isotropic(net, m, c, k=3, axes=2):
    """Filters that depend on the distance from the middle only."""
    grid = np.meshgrid(*[np.arange(k) - k // 2] * axes, indexing="ij")
    distance = sum(g * g for g in grid)
    kernel = np.zeros((m, c) + (k,) * axes, np.float32)
    for d in np.unique(distance):
        kernel[:, :, distance == d] = net.normal(m, c)[..., None]
    return kernel


def c4(name, truth, change=lambda first, second: None, head_scale=1.0, activation="Relu", normalise=None, extent=9):
    net = Net(1)
    first, second = lift(net.normal(2, 1, 3, 3)), regular(0.3 * net.normal(2, 8, 3, 3))
    change(first, second)
    x = net.op("Conv", "input", net.weight(first, "first"), net.weight(np.repeat(net.normal(2), 4), "bias"), pads=[1] * 4)
    if normalise is not None:
        scale, shift, mean, variance = normalise(net)
        x = net.op("BatchNormalization", x, *[net.weight(v) for v in (scale, shift, mean, variance)])
    x = net.op("Relu", x) if activation == "Relu" else activation(net, x)
    x = net.op("Conv", x, net.weight(second, "second"), pads=[1] * 4)
    x = net.op("Relu", x)
    x = net.op("Reshape", x, net.weight([1, 2, 4, extent, extent], kind=np.int64))
    x = net.op("ReduceMax", x, axes=[2], keepdims=0)
    x = net.op("GlobalAveragePool", x)
    x = net.op("Flatten", x)
    x = net.op("Gemm", x, net.weight(head_scale * net.normal(3, 2), "head"), net.weight(head_scale * net.normal(3)), transB=1)
    net.save(name, [("input", [1, 1, extent, extent])], [(x, [1, 3])], truth)


def ulps(array, random, most):
    """Moves entries by a few units in the last place."""
    steps = random.integers(-most, most + 1, array.shape)
    for _ in range(most):
        array[steps > 0] = np.nextafter(array[steps > 0], np.float32(np.inf))
        array[steps < 0] = np.nextafter(array[steps < 0], np.float32(-np.inf))
        steps -= np.sign(steps)


PROVED, MENDED, REFUTED, MEASURED = "proved", "proved-mended", "refuted", "measured"

c4("c4_invariant", {"rot90": ["invariant", PROVED], "rot180": ["invariant", PROVED], "flip": ["broken", REFUTED],
                    "d4": ["broken", REFUTED, "rot90", "Conv"], "translate": ["broken", REFUTED, "identity", "Conv"]})


def near(first, second):
    random = np.random.default_rng(5)
    ulps(first, random, 2)
    ulps(second, random, 2)


c4("c4_near_miss", {"rot90": ["invariant", MENDED], "d4": ["broken", REFUTED, "rot90", "Conv"]}, near)
c4("c4_large_outputs", {"rot90": ["invariant", MENDED]}, near, head_scale=1e6)


def leak(first, second):
    second[0, 0, 0, 1] += np.float32(1e-4)


c4("c4_leak", {"rot90": ["broken", REFUTED, "identity", "Conv"]}, leak)


def half_turn_only(first, second):
    second[[0, 2], :, 0, 0] += 0
    for r in (0, 2):
        first[r, 0] = np.rot90(first[0, 0], r)
    for r in (1, 3):
        first[r, 0] = np.rot90(first[1, 0] * np.float32(2), r - 1) if r == 3 else first[1, 0]
    first[3, 0] = np.rot90(first[1, 0], 2)
    first[1, 0, 0, 0] += 1
    first[3, 0, 2, 2] += 1


c4("c2_in_c4", {"rot90": ["broken", REFUTED, "rot180", "Conv"], "rot180": ["invariant", PROVED]}, half_turn_only)


def cancel(first, second):
    # The sum of channels 0 and 4 is what it was, but for the rectifier between.
    first[0, 0, 0, 0] += np.float32(1e-3)
    first[4, 0, 0, 0] -= np.float32(1e-3)


c4("leaks_through_relu", {"rot90": ["broken", REFUTED, "identity", "Conv"]}, cancel)
c4("statistics_in_orbit", {"rot90": ["broken", REFUTED, "identity", "BatchNormalization"]},
   normalise=lambda net: (np.ones(8), np.zeros(8), 0.1 * net.normal(8), 1 + 0.1 * net.normal(8) ** 2))
c4("statistics_of_orbits", {"rot90": ["invariant", PROVED]},
   normalise=lambda net: tuple(np.repeat(v, 4) for v in (net.normal(2), net.normal(2), net.normal(2), 1 + net.normal(2) ** 2)))


def slopes(values):
    return lambda net, x: net.op("PRelu", x, net.weight(np.reshape(values, (8, 1, 1)), "slopes"))


c4("slopes_of_orbits", {"rot90": ["invariant", PROVED]}, activation=slopes([0.25] * 4 + [0.1] * 4))
c4("slope_of_one_channel", {"rot90": ["broken", REFUTED, "identity", "PRelu"]}, activation=slopes([0.25] * 7 + [0.1]))


# Two leaks that cancel exactly, in a sum before anything that is not linear.
net = Net(2)
kernels = np.concatenate([isotropic(net, 1, 1), isotropic(net, 1, 1)])
kernels = np.round(kernels * 64) / 64
kernels[0, 0, 0, 0] += 0.125
kernels[1, 0, 0, 0] -= 0.125
x = net.op("Conv", "input", net.weight(kernels), pads=[1] * 4)
x = net.op("ReduceSum", x, net.weight([1], kind=np.int64))
x = net.op("Tanh", x)
net.save("leaks_that_cancel", [("input", IMAGE)], [(x, IMAGE)], {"d4": ["equivariant", PROVED], "translate": ["broken", REFUTED, "identity"]})

# A branch without symmetry that is multiplied by zero.
net = Net(3)
good = net.op("Conv", "input", net.weight(isotropic(net, 2, 1)), pads=[1] * 4)
dead = net.op("Mul", net.op("Conv", "input", net.weight(net.normal(2, 1, 3, 3)), pads=[1] * 4), net.weight(0.0))
x = net.op("Relu", net.op("Add", good, dead))
net.save("dead_branch", [("input", IMAGE)], [(x, [1, 2, 9, 9])], {"d4": ["equivariant", PROVED]})

# Channels that are equal, so that the permutation of channels is ambiguous.
net = Net(4)
kernels = lift(net.normal(1, 1, 3, 3))
x = net.op("Relu", net.op("Conv", "input", net.weight(np.concatenate([kernels, kernels])), pads=[1] * 4))
net.save("equal_channels", [("input", IMAGE)], [(x, [1, 8, 9, 9])], {"rot90": ["equivariant", PROVED], "flip": ["broken", REFUTED]})

# Equivariant only because max(2 a, 0) = 2 max(a, 0).
net = Net(5)
kernel = net.normal(1, 1, 3, 3)
one = net.op("Relu", net.op("Conv", "input", net.weight(2 * kernel), pads=[1] * 4))
two = net.op("Mul", net.op("Relu", net.op("Conv", "input", net.weight(np.rot90(kernel, 2, (2, 3))), pads=[1] * 4)), net.weight(2.0))
x = net.op("Concat", one, two, axis=1)
net.save("homogeneity", [("input", IMAGE)], [(x, [1, 2, 9, 9])], {"rot180": ["undecided", MEASURED], "flip": ["broken", REFUTED]})

# Constant: the last layer is zero.
net = Net(6)
x = net.op("Flatten", net.op("Conv", "input", net.weight(net.normal(1, 1, 3, 3))))
x = net.op("Gemm", x, net.weight(np.zeros((3, 49))), net.weight(net.normal(3)), transB=1)
net.save("constant", [("input", IMAGE)], [(x, [1, 3])], {g: ["invariant", PROVED] for g in ("rot90", "flip", "d4", "translate")})

# The first layer is zero, and what follows has no symmetry.
net = Net(7)
x = net.op("Conv", "input", net.weight(np.zeros((2, 1, 3, 3))), net.weight(net.normal(2)))
x = net.op("Flatten", net.op("Relu", net.op("Conv", x, net.weight(net.normal(2, 2, 3, 3)))))
x = net.op("Gemm", x, net.weight(net.normal(3, 50)), transB=1)
net.save("zero_first_layer", [("input", IMAGE)], [(x, [1, 3])], {g: ["invariant", PROVED] for g in ("rot90", "flip", "translate")})

for name, value in (("nan_weight", np.nan), ("infinite_weight", np.inf)):
    net = Net(8)
    kernels = isotropic(net, 2, 1)
    kernels[0, 0, 1, 1] = value
    x = net.op("Conv", "input", net.weight(kernels), pads=[1] * 4)
    net.save(name, [("input", IMAGE)], [(x, [1, 2, 9, 9])], {"d4": ["undecided", MEASURED]})

# Three dimensions.
for name, truth in (("cube", ["invariant", PROVED]), ("cube_leak", ["broken", REFUTED])):
    net = Net(9)
    kernels = isotropic(net, 2, 1, axes=3)
    if truth[0] == "broken":
        kernels[1, 0, 0, 1, 2] += np.float32(1e-3)
    x = net.op("Relu", net.op("Conv", "input", net.weight(kernels), pads=[1] * 6))
    x = net.op("Flatten", net.op("GlobalMaxPool", x))
    net.save(name, [("input", [1, 1, 5, 5, 5])], [(x, [1, 2])], {"cube": truth})


def unet(name, mode, truth, change=None):
    net = Net(10)
    conv = lambda x, m, c: net.op("Relu", net.op("Conv", x, net.weight(0.5 * isotropic(net, m, c)), net.weight(net.normal(m)), pads=[1] * 4))
    top = conv("input", 2, 1)
    down = conv(net.op("MaxPool", top, kernel_shape=[2, 2], strides=[2, 2]), 3, 2)
    scales = net.weight([1, 1, 2, 2])
    rounding = {"nearest_mode": "floor"} if mode == "nearest" else {}
    up = net.op("Resize", down, "", scales, mode=mode, coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel", **rounding)
    x = conv(net.op("Concat", top, up, axis=1), 2, 5)
    net.save(name, [("input", [1, 1, 8, 8])], [(x, [1, 2, 8, 8])], truth)


unet("unet_nearest", "nearest", {"d4": ["equivariant", PROVED], "translate": ["broken", REFUTED, "identity", "Conv"]})
unet("unet_linear", "linear", {"d4": ["equivariant", PROVED]})


def transformer(name, truth, positions):
    net = Net(11)
    tokens, width = 5, 4
    x = "input"
    if positions:
        x = net.op("Add", x, net.weight(net.normal(1, tokens, width)))
    q, k, v = (net.op("MatMul", x, net.weight(net.normal(width, width))) for _ in range(3))
    scores = net.op("Div", net.op("MatMul", q, net.op("Transpose", k, perm=[0, 2, 1])), net.weight(2.0))
    mixed = net.op("MatMul", net.op("Softmax", scores, axis=-1), v)
    x = net.op("LayerNormalization", net.op("Add", x, mixed), net.weight(net.normal(width)), net.weight(net.normal(width)), axis=-1)
    x = net.op("MatMul", x, net.weight(net.normal(width, 3)))
    pooled = net.op("ReduceMean", x, axes=[1], keepdims=0)
    net.save(name, [("input", [1, tokens, width])], [(x, [1, tokens, 3]), (pooled, [1, 3])], truth)


transformer("transformer", {"permute:1": ["equivariant", PROVED], "permute:2": ["broken", REFUTED]}, False)
transformer("transformer_positions", {"permute:1": ["broken", REFUTED, "identity", "Add"]}, True)

# One dimension, on a circle: every shift, and every second.
for name, stride, truth in (("circle", 1, {"translate": ["equivariant", PROVED], "flip": ["broken", REFUTED]}),
                            ("circle_stride", 2, {"translate": ["broken", REFUTED, "shifts by multiples of 2 along axis 2", "Conv"]})):
    net = Net(12)
    last = net.op("Slice", "input", *[net.weight([v], kind=np.int64) for v in (15, 16, 2)])
    head = net.op("Slice", "input", *[net.weight([v], kind=np.int64) for v in (0, 1, 2)])
    x = net.op("Concat", last, "input", head, axis=2)
    x = net.op("Sigmoid", net.op("Conv", x, net.weight(net.normal(3, 2, 3)), strides=[stride]))
    net.save(name, [("input", [1, 2, 16])], [(x, [1, 3, 16 // stride])], truth)

# Windows that are not centred, and an even kernel.
net = Net(13)
x = net.op("Relu", net.op("Conv", "input", net.weight(isotropic(net, 2, 1)), pads=[1] * 4))
x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
net.save("pool_off_centre", [("input", [1, 1, 8, 8])], [(x, [1, 2, 3, 3])], {"rot90": ["broken", REFUTED, "identity", "MaxPool"]})
net = Net(14)
x = net.op("Conv", "input", net.weight(np.ones((1, 1, 2, 2))), auto_pad="SAME_UPPER")
net.save("even_kernel", [("input", [1, 1, 8, 8])], [(net.op("Relu", x), [1, 1, 8, 8])], {"flip": ["broken", REFUTED, None, "Conv"]})

# Symmetric from left to right only.
net = Net(15)
kernel = net.normal(2, 1, 3, 3)
x = net.op("Conv", "input", net.weight(kernel + kernel[..., ::-1]), pads=[1] * 4)
x = net.op("Flatten", net.op("GlobalAveragePool", net.op("Relu", x)))
net.save("mirror", [("input", IMAGE)], [(x, [1, 2])], {"flip:3": ["invariant", PROVED], "flip:2": ["broken", REFUTED], "flip": ["broken", REFUTED, "Flip of axis 3"]})

# Two outputs that move differently.
net = Net(16)
x = net.op("Erf", net.op("Conv", "input", net.weight(isotropic(net, 2, 1)), pads=[1] * 4))
net.save("two_outputs", [("input", IMAGE)], [(x, [1, 2, 9, 9]), (net.op("GlobalMaxPool", x), [1, 2, 1, 1])], {"d4": ["equivariant", PROVED]})

# Two inputs that move alike, and one that stays.
net = Net(17)
x = net.op("Conv", net.op("Mul", "input", "other"), net.weight(isotropic(net, 2, 1)), pads=[1] * 4)
x = net.op("Add", x, net.op("Reshape", "style", net.weight([1, 2, 1, 1], kind=np.int64)))
net.save("three_inputs", [("input", IMAGE), ("other", IMAGE), ("style", [1, 2])], [(x, [1, 2, 9, 9])], {"d4": ["equivariant", PROVED]})

# Channels last, as Keras has it.
net = Net(18)
x = net.op("Transpose", "input", perm=[0, 3, 1, 2])
x = net.op("HardSwish", net.op("Conv", x, net.weight(isotropic(net, 2, 3)), pads=[1] * 4))
net.save("channels_last", [("input", [1, 9, 9, 3])], [(net.op("Transpose", x, perm=[0, 2, 3, 1]), [1, 9, 9, 2])], {"d4": ["equivariant", PROVED]})

# No symmetry, but outputs that differ by little beside their size.
net = Net(19)
x = net.op("Flatten", net.op("GlobalAveragePool", net.op("Relu", net.op("Conv", "input", net.weight(net.normal(2, 1, 3, 3)), pads=[1] * 4))))
x = net.op("Add", x, net.weight([1e3, 1e3]))
net.save("large_offset", [("input", IMAGE)], [(x, [1, 2])], {"rot90": ["broken", REFUTED]})

(FOLDER / "truth.json").write_text(json.dumps(TRUTH, indent=1) + "\n")
