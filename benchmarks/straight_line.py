"""A graph of scalars as straight-line C: one statement a node, and one for its adjoint, compiled by gcc -O1.

Values and adjoints stand in two arrays. The statements are in functions of 200, and long sums are written 16
terms a statement: gcc takes the longer for one the more of them a function has, and the longer they are.
"""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graphs import Graph
from benchmarks.scalars import Ours

CHUNK, TERMS = 200, 16
FORWARD = {"add": "{0} + {1}", "mul": "{0} * {1}", "relu": "{0} > 0 ? {0} : 0", "tanh": "tanh({0})"}
SLOPES = {"add": ["", ""], "mul": ["{1}", "{0}"], "relu": ["({0} > 0)"], "tanh": ["(1 - {out} * {out})"]}


def statements(J: Any, leaves: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Of a graph of Values: a line of C for each node, then for the adjoint of each, from the last on."""
    topological_order = importlib.import_module("micrograd_dl.engine.order").topological_order
    order = [*leaves, *(node for node in topological_order(J) if node.operands)]
    place = {node: i for i, node in enumerate(order)}
    users: list[list[str]] = [[] for _ in order]
    forward, backward = [], []
    written: list[list[str]] = []
    for i, node in enumerate(order):
        operands = [repr(x.data) if x.is_constant else f"v[{place[x]}]" for x in node.operands]
        written.append(operands)
        if operands:
            forward.append(f"v[{i}] = {FORWARD[node.op.name].format(*operands)};")
    users[-1].append("1")
    for i, node in reversed([*enumerate(order)]):
        terms = users[i] or ["0"]
        sums = [" + ".join(terms[k : k + TERMS]) for k in range(0, len(terms), TERMS)]
        backward += [f"g[{i}] = {sums[0]};", *(f"g[{i}] = g[{i}] + {more};" for more in sums[1:])]
        slopes = SLOPES[node.op.name] if node.operands else []
        for operand, slope in zip(node.operands, slopes, strict=True):
            if not operand.is_constant:
                factor = slope.format(*written[i], out=f"v[{i}]")
                users[place[operand]].append(f"g[{i}] * {factor}" if factor else f"g[{i}]")
    return forward, backward


def source(lines: Sequence[str]) -> str:
    """The program in C: ``run(v, g)`` on the leaves at the beginning of v."""
    parts = [lines[k : k + CHUNK] for k in range(0, len(lines), CHUNK)]
    head = "(double *restrict v, double *restrict g)"
    functions = [
        f"__attribute__((noinline)) static void part{i}{head} {{\n" + "\n".join(part) + "\n}"
        for i, part in enumerate(parts)
    ]
    calls = "\n".join(f"part{i}(v, g);" for i in range(len(parts)))
    return "#include <math.h>\n" + "\n".join(functions) + f"\nvoid run{head} {{\n{calls}\n}}\n"


def compiled(graph: Graph) -> tuple[Callable[[], float], Callable[[], Sequence[float]], float]:
    """A step, the gradients after it, and the seconds from the program to the first result.

    Raises:
        ImportError: there is no gcc.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        raise ImportError("gcc")
    engine = Ours()
    leaves = [engine.leaf(x) for x in graph.leaves]
    forward, backward = statements(engine.build(graph, leaves), leaves)
    written = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="micrograd_dl-") as folder:
        path, library = Path(folder, "graph.c"), Path(folder, "graph.so")
        path.write_text(source([*forward, *backward]))
        command = [gcc, "-O1", "-march=native", "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
        subprocess.run(command, check=True)
        function: Any = ctypes.CDLL(str(library)).run
    v, g = np.zeros(len(backward)), np.zeros(len(backward))
    v[: len(leaves)] = graph.leaves
    pointers = [x.ctypes.data_as(ctypes.c_void_p) for x in (v, g)]
    last = len(leaves) + len(forward) - 1

    def step() -> float:
        function(*pointers)
        return float(v[last])

    step()
    return step, lambda: g[: len(leaves)].tolist(), time.perf_counter() - written
