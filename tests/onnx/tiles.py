"""Makes the small models of tests/onnx/tiles: networks that can be run in tiles, and such that cannot.

Usage: tiles.py FOLDER. Needs the packages `onnx` and `numpy` from PyPI. The models are the same for every run. What is true of
those in tiles is found by the tests, which change entry after entry; of the others `truth.json` names the operator at fault.
"""

import json
import pathlib
import sys

import numpy as np

from graph import Graph

FOLDER = pathlib.Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)
NAMES = ["height", "width", "depth"]


class Net(Graph):
    def conv(self, x, c, m, kernel=3, axes=2, pads=None, relu=True, **attributes):
        """A convolution with bias, and a ReLU."""
        pads = [kernel // 2] * axes + [kernel // 2] * axes if pads is None else pads
        weight = self.weight(self.normal(m, c, *[kernel] * axes) / np.sqrt(c * kernel**axes))
        x = self.op("Conv", x, weight, self.weight(self.normal(m)), pads=pads, **attributes)
        return self.op("Relu", x) if relu else x

    def up(self, x, c, m, kernel, stride, axes=2, **attributes):
        """A transposed convolution."""
        weight = self.weight(self.normal(c, m, *[kernel] * axes) / np.sqrt(c))
        return self.op("ConvTranspose", x, weight, strides=[stride] * axes, **attributes)

    def resize(self, x, factor, mode, axes=2, how="half_pixel"):
        scales = self.weight([1, 1] + [factor] * axes)
        extra = {"nearest_mode": "floor"} if mode == "nearest" else {}
        return self.op("Resize", x, "", scales, mode=mode, coordinate_transformation_mode=how, **extra)

    def pool(self, x, axes=2, kind="MaxPool", kernel=2):
        return self.op(kind, x, kernel_shape=[kernel] * axes, strides=[kernel] * axes)

    def join(self, *inputs):
        return self.op("Concat", *inputs, axis=1)

    def save(self, name, output, channels=1, size=None, axes=2):
        """Saves the model with open extents of its image, or with these."""
        space = size or NAMES[:axes]
        other = size or [f"out_{name}" for name in NAMES[:axes]]
        self.write(FOLDER / f"{name}.onnx", [("image", [1, channels, *space])], [(output, [1, None, *other])])


def unet(name, seed, down, up, size=None):
    """Two levels, with a skip connection at each."""
    net = Net(seed)
    a = net.conv("image", 1, 2)
    b = net.conv(down(net, a, 2), 2, 3)
    c = net.conv(down(net, b, 3), 3, 3)
    b = net.conv(net.join(up(net, c, 3), b), 6, 3)
    a = net.conv(net.join(up(net, b, 3), a), 5, 2)
    net.save(name, net.conv(a, 2, 2, kernel=1, relu=False), size=size)


unet("unet_nearest", 1, lambda net, x, c: net.pool(x), lambda net, x, c: net.resize(x, 2, "nearest", how="asymmetric"))
unet("unet_transposed", 2, lambda net, x, c: net.pool(x), lambda net, x, c: net.up(x, c, c, 2, 2), size=[32, 48])
unet("unet_linear", 3, lambda net, x, c: net.pool(x, kind="AveragePool"), lambda net, x, c: net.resize(x, 2, "linear"))
unet("unet_even_kernels", 4, lambda net, x, c: net.conv(x, c, c, 4, pads=[1] * 4, strides=[2, 2]),
     lambda net, x, c: net.up(x, c, c, 4, 2, pads=[1] * 4))

net = Net(5)
x = net.conv("image", 1, 3, kernel=5, pads=[1] * 4, strides=[3, 3])
x = net.conv(x, 3, 3)
net.save("stride_of_three", net.up(x, 3, 1, 3, 3))

net = Net(6)
x = "image"
for channels, dilation in [(1, 1), (2, 2), (2, 4)]:
    x = net.conv(x, channels, 2, pads=[dilation, 2 * dilation, dilation, 0], dilations=[dilation] * 2)
net.save("dilated_to_one_side", x)

net = Net(7)
skip = net.conv("image", 2, 3)
deep = net.conv(net.conv(skip, 3, 3, strides=[2, 2]), 3, 3)
gate = net.conv(net.op("Add", net.conv(skip, 3, 2, kernel=1, relu=False), net.resize(net.conv(deep, 3, 2, kernel=1), 2, "linear")), 2, 1, kernel=1)
gated = net.op("Mul", skip, net.op("Sigmoid", gate))
net.save("attention_gate", net.conv(gated, 3, 1), channels=2)

net = Net(8)
x = net.conv("image", 1, 2, strides=[2, 2])
y = net.conv(net.conv(x, 2, 2), 2, 2, relu=False)
net.save("half_resolution", net.op("Relu", net.op("Add", x, y)))

net = Net(9)
x = net.conv(net.conv("image", 1, 2), 2, 4)
net.save("twice_the_resolution", net.op("DepthToSpace", x, blocksize=2))

net = Net(10)
a = net.conv("image", 1, 2, kernel=5, axes=1)
b = net.conv(net.pool(a, axes=1, kind="AveragePool", kernel=4), 2, 3, kernel=3, axes=1)
b = net.resize(b, 4, "nearest", axes=1, how="asymmetric")
net.save("signal", net.conv(net.join(a, b), 5, 1, kernel=2, axes=1, pads=[1, 0]), axes=1)

net = Net(11)
a = net.conv("image", 1, 2, axes=3)
b = net.conv(net.pool(a, axes=3), 2, 2, axes=3)
net.save("volume", net.op("Add", a, net.up(b, 2, 2, 2, 2, axes=3)), axes=3)

net = Net(12)
x = net.conv(net.conv("image", 1, 2, pads=[0] * 4), 2, 2, pads=[0] * 4)
net.save("without_padding", net.conv(x, 2, 1, kernel=4, pads=[0] * 4, strides=[2, 2]))

# What the outer taps of the first kernel see is taken off again.
net = Net(13)
wide = net.normal(2, 1, 5, 5)
narrow, frame = wide.copy(), wide.copy()
frame[:, :, 1:4, 1:4] = 0
x = net.op("Sub", net.op("Conv", "image", net.weight(wide), pads=[2] * 4), net.op("Conv", "image", net.weight(frame), pads=[2] * 4))
net.save("dead_frame", net.op("Relu", x))

TRUTH = {}


def cannot(name, operator, output, net, **more):
    net.save(name, output, **more)
    TRUTH[name] = operator


net = Net(20)
x = net.conv("image", 1, 3)
squeezed = net.conv(net.op("GlobalAveragePool", x), 3, 3, kernel=1, relu=False)
cannot("squeeze_and_excitation", "GlobalAveragePool", net.op("Mul", x, net.op("Sigmoid", squeezed)), net)

net = Net(21)
x = net.conv("image", 1, 3)
x = net.op("InstanceNormalization", x, net.weight(net.normal(3)), net.weight(net.normal(3)))
cannot("instance_normalisation", "InstanceNormalization", net.conv(x, 3, 1), net)

net = Net(22)
x = net.conv("image", 1, 4, axes=1)
keys, values = net.conv(x, 4, 4, kernel=1, axes=1), net.conv(x, 4, 4, kernel=1, axes=1)
scores = net.op("MatMul", net.op("Transpose", x, perm=[0, 2, 1]), keys)
shares = net.op("Softmax", scores, axis=-1)
cannot("attention", "MatMul", net.op("MatMul", values, net.op("Transpose", shares, perm=[0, 2, 1])), net, axes=1)

net = Net(23)
x = net.conv("image", 1, 2)
x = net.op("Resize", x, "", "", net.weight([1, 2, 16, 16], kind=np.int64), mode="linear")
cannot("resize_to_one_size", "Resize", net.conv(x, 2, 1), net)

net = Net(24)
x = net.op("Pad", "image", net.weight([0, 0, 1, 1, 0, 0, 1, 1], kind=np.int64), mode="wrap")
cannot("circular_padding", "Pad", net.conv(x, 1, 2, pads=[0] * 4), net)

net = Net(25)
x = net.conv(net.pool("image"), 1, 2)
cannot("aligned_corners", "Resize", net.resize(x, 2, "linear", how="align_corners"), net)

net = Net(26)
x = net.op("Flatten", net.conv("image", 1, 2, strides=[2, 2]))
x = net.op("Gemm", x, net.weight(net.normal(2 * 64, 5)))
net.write(FOLDER / "dense.onnx", [("image", [1, 1, 16, 16])], [(x, [1, 5])])
TRUTH["dense"] = "Gemm"

net = Net(27)
x = net.op("GlobalAveragePool", net.conv("image", 1, 3))
net.write(FOLDER / "classifier.onnx", [("image", [1, 1, "height", "width"])], [(net.op("Flatten", x), [1, 3])])
TRUTH["classifier"] = "GlobalAveragePool"

(FOLDER / "truth.json").write_text(json.dumps(TRUTH, indent=1, sort_keys=True) + "\n")
