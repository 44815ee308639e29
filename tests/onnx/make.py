"""Writes the node tests of the ONNX project, for tests/conformance.rs.

Usage: make.py FOLDER. Needs the package `onnx` from PyPI, whose version the scoreboard names. Each case becomes a
folder with the model, `model.onnx`, and the tensors `input_N.pb` and `output_N.pb`; where a case has data that are
no tensors (sequences, texts), the folder has a file `no-tensors` in their place.
"""

import pathlib
import sys

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def tensor(value):
    """The message of an array, or none for what is no array of numbers."""
    if isinstance(value, onnx.TensorProto):
        return value
    if isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind not in "OSU":
        return numpy_helper.from_array(numpy.asarray(value))
    return None


def write(case, folder):
    folder.mkdir()
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    inputs, outputs = case.data_sets[0]
    for kind, values in (("input", inputs), ("output", outputs)):
        for number, value in enumerate(values):
            message = tensor(value)
            if message is None:
                (folder / "no-tensors").touch()
            else:
                (folder / f"{kind}_{number}.pb").write_bytes(message.SerializeToString())


def main():
    root = pathlib.Path(sys.argv[1])
    root.mkdir(parents=True)
    numpy.seterr(all="ignore")
    cases = collect_testcases(None)
    for case in cases:
        write(case, root / case.name)
    (root / "version").write_text(f"onnx {onnx.__version__}, {len(cases)} cases\n")


main()
