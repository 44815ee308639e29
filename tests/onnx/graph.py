"""A graph of ONNX under construction, for the scripts that make the small models of the tests."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


class Graph:
    """A graph under construction; every method returns the name of what it computes."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.count = [], [], 0

    def weight(self, array, name=None, kind=np.float32):
        self.count += 1
        name = name or f"w{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, kind), name))
        return name

    def op(self, kind, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"{kind.lower()}{self.count}" + (f"_{k}" if outputs > 1 else "") for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"{kind}_{self.count}", **attributes))
        return names if outputs > 1 else names[0]

    def normal(self, *shape):
        return self.random.standard_normal(shape).astype(np.float32)

    def write(self, path, inputs, outputs, opset=17):
        """Writes the model, with an identity behind each output."""
        ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs]
        results = []
        for number, (n, s) in enumerate(outputs):
            out = f"output{number}" if len(outputs) > 1 else "output"
            self.nodes.append(helper.make_node("Identity", [n], [out], name=f"Result_{number}"))
            results.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, s))
        graph = helper.make_graph(self.nodes, path.stem, ports, results, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        checker.check_model(model)
        path.write_bytes(model.SerializeToString())
