"""Sets `equivariant bench --workloads` beside PyTorch and SciPy in one run.

For each workload the peers and this program take turns; a turn counts by its least time, and the ratio is the median over the turns. PyTorch is tried with
channels first, channels last and prepacked weights, and the fastest of them is kept. Single images are set beside FFTW too, if there is pyfftw: real
transforms of the padded image with a measured plan and the spectrum of the kernel at hand, the fastest of several sizes.

    cargo build --release
    pip install torch scipy
    python benches/side_by_side.py [--binary target/release/equivariant] [--threads 1] [--turns 5] [NAME...]

Set MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ to something large, so that no program maps its buffers anew in every call.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import scipy.fft
import scipy.signal
import torch
import torch.nn.functional as functional

try:
    import pyfftw
except ImportError:
    pyfftw = None

# name: (samples, input channels, side, output channels, kernel, stride, padding, dilation, groups, transposed)
LAYERS = {
    "lenet_c1": (64, 1, 28, 6, 5, 1, 2),
    "lenet_c2": (64, 6, 14, 16, 5),
    "p4cnn": (64, 40, 26, 40, 3),
    "vgg64": (8, 64, 56, 64, 3, 1, 1),
    "vgg128": (8, 128, 28, 128, 3, 1, 1),
    "vgg256": (8, 256, 14, 256, 3, 1, 1),
    "pw1x1": (8, 256, 28, 256, 1),
    "strided": (8, 64, 56, 128, 3, 2, 1),
    "dilated": (8, 64, 32, 64, 3, 1, 0, 2),
    "depthwise": (8, 64, 56, 64, 7, 1, 3, 1, 64),
    "deconv": (8, 64, 28, 32, 4, 2, 1, 1, 1, True),
    "vgg64_batch1": (1, 64, 56, 64, 3, 1, 1),
    "large512_k31": (1, 1, 512, 1, 31, 1, 15),
    "large1024_k63": (1, 1, 1024, 1, 63, 1, 31),
    "large128_k15": (4, 16, 128, 16, 15, 1, 7),
}
WITH_GRADIENTS = ("lenet_c1", "lenet_c2", "p4cnn", "vgg64", "vgg128", "vgg256", "pw1x1", "strided")
ONE_DIMENSION = ((10**4, 31), (10**5, 255), (10**6, 31), (10**6, 4095))
# Seconds for which a function is called in each turn.
BUDGET = 0.15


def layer(name, backward):
    values = LAYERS[name] + (1, 0, 1, 1, False)[len(LAYERS[name]) - 5 :]
    n, cin, side, cout, k, stride, pad, dilation, groups, transposed = values
    return {
        "name": f"{name}/{'bwd' if backward else 'fwd'}", "kind": "conv2d", "n": n, "cin": cin, "h": side, "w": side, "cout": cout, "k": k,
        "stride": stride, "pad": pad, "dil": dilation, "groups": groups, "transposed": transposed, "pass": "bwd" if backward else "fwd",
    }


def workloads():
    yield from (layer(name, False) for name in LAYERS)
    yield from (layer(name, True) for name in WITH_GRADIENTS)
    for n, k in ONE_DIMENSION:
        yield {"name": f"conv1d_n{n}_k{k}", "kind": "conv1d", "n": n, "k": k}


def least_time(function):
    """The least of several warm calls; one that takes seconds is called once."""
    start = time.perf_counter()
    function()
    first = time.perf_counter() - start
    if first > 3:
        return first
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < BUDGET:
        before = time.perf_counter()
        function()
        times.append(time.perf_counter() - before)
    return min(times)


def without_gradients(function):
    def call():
        with torch.inference_mode():
            return function()

    return call


def signals(work):
    n, k = work["n"], work["k"]
    x, kernel = np.random.randn(n).astype(np.float32), np.random.randn(k).astype(np.float32)
    xt, kt = torch.from_numpy(x)[None, None], torch.from_numpy(kernel[::-1].copy())[None, None]
    return {
        "scipy oaconvolve": lambda: scipy.signal.oaconvolve(x, kernel),
        "scipy fftconvolve": lambda: scipy.signal.fftconvolve(x, kernel),
        "torch": without_gradients(lambda: functional.conv1d(xt, kt, padding=k - 1)),
    }


def fftw(image, kernel, side):
    """A convolution of the same size by transforms of this side, all that does not depend on the image made before."""
    padded = pyfftw.zeros_aligned((side, side), np.float32)
    spectrum = pyfftw.zeros_aligned((side, side // 2 + 1), np.complex64)
    options = {"axes": (0, 1), "flags": ("FFTW_MEASURE",), "threads": torch.get_num_threads()}
    forward = pyfftw.FFTW(padded, spectrum, **options)
    backward = pyfftw.FFTW(spectrum, padded, direction="FFTW_BACKWARD", **options)
    (n, k), before = (len(image), len(kernel)), (len(kernel) - 1) // 2
    padded[:] = 0
    padded[:k, :k] = kernel
    forward.execute()
    weights = spectrum / (side * side)

    def call():
        padded[:n, :n] = image
        padded[n:] = 0
        padded[:n, n:] = 0
        forward.execute()
        np.multiply(spectrum, weights, out=spectrum)
        backward.execute()
        return padded[before : before + n, before : before + n].copy()

    expected = scipy.signal.fftconvolve(image, kernel, mode="same")
    assert np.abs(call() - expected).max() <= 1e-4 * np.abs(expected).max()
    return call


def images(work):
    n, cin, side, cout, k = (work[key] for key in ("n", "cin", "h", "cout", "k"))
    stride, pad, dilation, groups = (work[key] for key in ("stride", "pad", "dil", "groups"))
    kind = torch.nn.ConvTranspose2d if work["transposed"] else torch.nn.Conv2d
    calls = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        label = "torch, channels last" if layout is torch.channels_last else "torch, channels first"
        convolution = kind(cin, cout, k, stride=stride, padding=pad, dilation=dilation, groups=groups, bias=False).to(memory_format=layout)
        x = torch.randn(n, cin, side, side).to(memory_format=layout)
        if work["pass"] == "bwd":
            x.requires_grad_(True)
            y = convolution(x)
            slope = torch.randn_like(y)
            calls[label] = lambda x=x, y=y, w=convolution.weight, slope=slope: torch.autograd.grad(y, (x, w), slope, retain_graph=True)
            continue
        calls[label] = without_gradients(lambda x=x, convolution=convolution: convolution(x))
        if not work["transposed"]:
            settings = ([pad] * 2, [stride] * 2, [dilation] * 2, groups)
            weight = convolution.weight.detach().contiguous().to_mkldnn()
            packed = torch._C._nn.mkldnn_reorder_conv2d_weight(weight, *settings, list(x.shape))
            pointwise = torch.ops.mkldnn._convolution_pointwise
            call = lambda x=x, packed=packed, settings=settings: pointwise(x, packed, None, *settings, "none", [], "")
            calls[label + ", prepacked"] = without_gradients(call)
    if n == cin == cout == 1:
        image, kernel = np.random.randn(side, side).astype(np.float32), np.random.randn(k, k).astype(np.float32)
        calls["scipy fftconvolve"] = lambda: scipy.signal.fftconvolve(image, kernel, mode="same")
        calls["scipy oaconvolve"] = lambda: scipy.signal.oaconvolve(image, kernel, mode="same")
        if pyfftw is not None:
            padded = side + k - 1
            for transformed in sorted({scipy.fft.next_fast_len(padded, real=True), -(-padded // 32) * 32, -(-padded // 64) * 64}):
                calls[f"fftw, {transformed}"] = fftw(image, kernel, transformed)
    return calls


def ours(work, binary, threads):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([work], file)
        file.flush()
        command = [binary, "bench", "--workloads", file.name, "--threads", str(threads), "--json", "-", "--quick"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    strict = [row for row in rows if row["strict"]]
    return ([row for row in rows if not row["strict"]] or strict)[0], strict[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join("target", "release", "equivariant"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of workloads; all by default")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    print(f"{'workload':22} {'peer':34} {'peer, ms':>10} {'default, ms':>12} {'ratio':>7} {'strict, ms':>11} {'ratio':>7}  kernels")
    for work in workloads():
        if arguments.names and not any(name in work["name"] for name in arguments.names):
            continue
        calls = signals(work) if work["kind"] == "conv1d" else images(work)
        tried = {name: least_time(call) for name, call in calls.items()}
        kept = []
        for family in ("torch", "scipy", "fftw"):
            kept += sorted((name for name in tried if name.startswith(family)), key=tried.get)[:1]
        turns = []
        for _ in range(arguments.turns):
            peers = {name: tried[name] if tried[name] > 3 else least_time(calls[name]) for name in kept}
            turns.append((peers, *ours(work, arguments.binary, arguments.threads)))
        for name in kept:
            median = lambda value: statistics.median(value(*turn) for turn in turns)
            peer = median(lambda peers, default, strict: peers[name])
            default, strict = (median(lambda *turn, row=row: turn[row]["min_s"]) for row in (1, 2))
            ratios = [median(lambda *turn, row=row: turn[0][name] / turn[row]["min_s"]) for row in (1, 2)]
            kernels = " / ".join(dict.fromkeys(turns[-1][row]["algorithm"] for row in (1, 2)))
            print(
                f"{work['name']:22} {name:34} {peer * 1e3:10.4f} {default * 1e3:12.4f} {ratios[0]:7.2f} {strict * 1e3:11.4f} {ratios[1]:7.2f}  {kernels}",
                flush=True,
            )


if __name__ == "__main__":
    main()
