"""Networks and graphs as models of ONNX, of operations that runtimes have in double precision."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.files import replacing
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.interop.lowering import Functions, lower, lower_activation
from micrograd_dl.nn.activations import linear, softmax
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.normalisation import EPSILON
from micrograd_dl.vectorized.mlp import MLP

try:
    import onnx
    from onnx import helper, numpy_helper
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"to_onnx needs ONNX ({error}): {install_hint('onnx')}", name=error.name
    ) from None

_OPSET, _IR_VERSION = 17, 8  # of 2022: what later runtimes read too

_SAME = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "pow": "Pow", "exp": "Exp",
    "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "sin": "Sin",
    "cos": "Cos", "abs": "Abs", "sign": "Sign", "maximum": "Max", "minimum": "Min", "sum": "Sum",
}  # fmt: skip


class _Writer:
    """Collects the nodes of a model; a tensor is its name."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.functions: Functions = {
            **{name: partial(self.node, kind) for name, kind in _SAME.items()},
            "softplus": self.softplus,
            "logsumexp": self.logsumexp,
            "at_least": lambda x, y: self.number_of(self.node("GreaterOrEqual", x, y)),
            "above": lambda x, y: self.number_of(self.node("Greater", x, y)),
            "where": lambda condition, x, y: self.where_equal(condition, 0.0, y, x),
            "power_slope": self.power_slope,
            "log_for_power": lambda x: self.node("Log", self.where_equal(x, 0.0, self.constant(1.0), x)),
        }

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The output of a new node."""
        name = f"{kind}/{len(self.nodes) + 1}"  # which no leaf can be called
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, array: ArrayLike) -> str:
        """A number or an array."""
        name = f"constant/{len(self.constants) + 1}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, self.dtype), name))
        return name

    def number_of(self, truth: str) -> str:
        """1 or 0."""
        return self.node("Where", truth, self.constant(1.0), self.constant(0.0))

    def where_equal(self, x: str, number: float, then: str, otherwise: str) -> str:
        """One of two, by whether x is that number."""
        return self.node("Where", self.node("Equal", x, self.constant(number)), then, otherwise)

    def softplus(self, x: str) -> str:
        """``max(x, 0) + log(1 + e^-|x|)``: runtimes have ONNX's own in single precision."""
        e = self.node("Exp", self.node("Neg", self.node("Abs", x)))
        log = self.node("Log", self.node("Add", self.constant(1.0), e))
        return self.node("Add", self.node("Max", x, self.constant(0.0)), log)

    def logsumexp(self, *x: str) -> str:
        """With the largest taken out, so that nothing overflows."""
        largest = self.node("Max", *x)
        e = [self.node("Exp", self.node("Sub", term, largest)) for term in x]
        return self.node("Add", largest, self.node("Log", self.node("Sum", *e)))

    def power_slope(self, x: str, y: str) -> str:
        """``y x^(y - 1)``, with the table's decisions at x = 0."""
        zero, one = self.constant(0.0), self.constant(1.0)
        slope = self.node("Mul", y, self.node("Pow", x, self.node("Sub", y, one)))
        vertical = self.node("Mul", self.node("Sign", y), self.constant(np.inf))
        edge = self.node("Where", self.node("Equal", y, self.node("Floor", y)), zero, vertical)
        return self.where_equal(x, 0.0, self.node("Where", self.node("Less", y, one), edge, slope), slope)

    def model(self, inputs: dict[str, Any], output: str, name: str, shape: Any) -> Any:
        """The model of all nodes; its output is called `name`. In shapes, what varies has a name."""
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        self.nodes.append(helper.make_node("Identity", [output], [name]))
        graph = helper.make_graph(
            self.nodes, "micrograd_dl",
            [helper.make_tensor_value_info(x, kind, its_shape) for x, its_shape in inputs.items()],
            [helper.make_tensor_value_info(name, kind, shape)],
            self.constants,
        )  # fmt: skip
        model = helper.make_model(
            graph, producer_name="micrograd_dl", ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )  # fmt: skip
        onnx.checker.check_model(model, full_check=True)
        return model


def to_onnx(
    given: Network | Value,
    path: str | os.PathLike[str] | None = None,
    *,
    inputs: Sequence[Value] | None = None,
) -> Any:
    """A network or a recorded graph as an ``onnx.ModelProto``, which is also written to `path`, if given.

    A network takes ``X``, examples as rows, ``(m, n_x)``, and gives ``A``, ``(m, n_y)``, as `forward` does,
    in its own precision. A graph takes m doubles for each input, by its name, and gives m results.

    Args:
        given: the network, or the result of the graph.
        path: a file, ``.onnx``, which is replaced whole.
        inputs: the leaves that the model of a graph takes, by default all; others keep their numbers.

    Raises:
        TypeError: it is neither a network nor a Value.
        ValueError: an activation or an operation has no counterpart, and no definition; the file has another
            suffix; an input is no leaf of the graph.
        RuntimeError: data was changed after the graph was recorded.
        OSError: the file cannot be written.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> model = to_onnx(3 * (a + b * c), inputs=[a])
    >>> [node.op_type for node in model.graph.node]
    ['Mul', 'Add', 'Mul', 'Identity']
    """
    if path is not None and Path(path).suffix != ".onnx":
        raise ValueError(f"a model of ONNX is saved as .onnx, not as {Path(path).name!r}")
    model = _of_network(given) if isinstance(given, Network) else _of_graph(given, inputs)
    if path is not None:
        with replacing(path) as file:
            file.write(model.SerializeToString())
    return model


def _of_network(network: Network) -> Any:
    write = _Writer(network.dtype if isinstance(network, MLP) else np.float64)
    A, named = "X", network.named()
    for l, g in enumerate(network.activations, 1):
        A = write.node("MatMul", A, write.constant(named[f"W{l}"].T))
        if f"b{l}" in named:
            A = write.node("Add", A, write.constant(named[f"b{l}"].T))
        if network.normalisations[l - 1] is not None:
            scaled = write.node(
                "Mul", _normalised(write, network, l, A), write.constant(named[f"gamma{l}"].T)
            )
            A = write.node("Add", scaled, write.constant(named[f"beta{l}"].T))
        if g is softmax:
            A = write.node("Softmax", A, axis=1)
        elif g is not linear:
            program = lower_activation(g, network.slope_at_kink, write.functions, "ONNX")
            A = program.run(write.functions, write.constant, [A])
    return write.model({"X": ["m", network.shape[0]]}, A, "A", ["m", network.shape[-1]])


def _normalised(write: _Writer, network: Network, l: int, Z: str) -> str:
    """Z_norm by the running averages, or of each example."""
    averages = network.averages[l - 1]
    if averages is not None:
        mean, deviation = averages.mean.T, np.sqrt(averages.variance.T + EPSILON)
        return write.node("Div", write.node("Sub", Z, write.constant(mean)), write.constant(deviation))
    off = write.node("Sub", Z, write.node("ReduceMean", Z, axes=[1]))
    variance = write.node("ReduceMean", write.node("Mul", off, off), axes=[1])
    return write.node("Div", off, write.node("Sqrt", write.node("Add", variance, write.constant(EPSILON))))


def _of_graph(root: Value, inputs: Sequence[Value] | None) -> Any:
    write = _Writer(np.float64)
    program = lower(root, write.functions, "ONNX", inputs)
    output = program.run(write.functions, write.constant, [*program.leaves])
    inputs_of_model = {name: ["m"] for name in program.leaves}
    return write.model(inputs_of_model, output, program.name, ["m"] if program.varies else [])
