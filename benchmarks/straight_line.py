"""A graph of scalars as straight-line C: one statement a node, and one for its adjoint, compiled by gcc -O1.

Values and adjoints stand in two arrays. The statements are in functions of 200, and long sums are written 16
terms a statement: gcc takes the longer for one the more of them a function has, and the longer they are.
"""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graphs import Graph
from benchmarks.scalars import affine, squares, total

CHUNK, TERMS = 200, 16
_numbers = count()


@cache
def _folder() -> str:
    """Kept until the end: a loaded library is known by its file, and another file must not get its place."""
    folder = tempfile.mkdtemp(prefix="micrograd_dl-")
    atexit.register(shutil.rmtree, folder)
    return folder


class Symbol:
    """A number that writes down what is done with it: a line of C, and its operands' local derivatives."""

    __slots__ = ("index", "tape")

    def __init__(self, tape: Tape, index: int) -> None:
        self.tape = tape
        self.index = index

    def __add__(self, other: Symbol | float) -> Symbol:
        if isinstance(other, Symbol):
            return self.tape.write(f"{self} + {other}", (self.index, "1"), (other.index, "1"))
        return self.tape.write(f"{self} + {other!r}", (self.index, "1"))

    def __mul__(self, other: Symbol | float) -> Symbol:
        if isinstance(other, Symbol):
            return self.tape.write(f"{self} * {other}", (self.index, str(other)), (other.index, str(self)))
        return self.tape.write(f"{self} * {other!r}", (self.index, repr(other)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        return f"v[{self.index}]"


class Tape:
    """The statements of a program; an engine of `graphs`, whose constants are plain numbers."""

    def __init__(self, leaves: int) -> None:
        self.leaves = [Symbol(self, i) for i in range(leaves)]
        self.lines: list[str] = []
        self.slopes: list[tuple[tuple[int, str], ...]] = [()] * leaves

    def write(self, line: str, *slopes: tuple[int, str]) -> Symbol:
        """A statement, and the local derivative by each operand."""
        self.slopes.append(slopes)
        out = Symbol(self, len(self.slopes) - 1)
        self.lines.append(f"{out} = {line};")
        return out

    constant = staticmethod(float)
    affine, total, squares = staticmethod(affine), staticmethod(total), staticmethod(squares)

    def relu(self, x: Symbol) -> Symbol:
        """``max(0, x)``."""
        return self.write(f"{x} > 0 ? {x} : 0", (x.index, f"({x} > 0)"))

    def tanh(self, x: Symbol) -> Symbol:
        """The hyperbolic tangent."""
        out = f"v[{len(self.slopes)}]"
        return self.write(f"tanh({x})", (x.index, f"(1 - {out} * {out})"))

    def adjoints(self) -> Iterator[str]:
        """Statements for each node, from the last to the first: the sum over all who use it."""
        users: list[list[str]] = [[] for _ in self.slopes]
        users[-1].append("1")
        for i in range(len(self.slopes) - 1, -1, -1):
            for operand, slope in self.slopes[i]:
                users[operand].append(f"g[{i}]" if slope == "1" else f"g[{i}] * {slope}")
            terms = users[i] or ["0"]
            yield f"g[{i}] = {' + '.join(terms[:TERMS])};"
            for k in range(TERMS, len(terms), TERMS):
                yield f"g[{i}] = g[{i}] + {' + '.join(terms[k : k + TERMS])};"


def source(tape: Tape) -> str:
    """The program in C: ``run(v, g)`` on the leaves at the beginning of v."""
    parts = [*_chunks(tape.lines), *_chunks(tape.adjoints())]
    head = "(double *restrict v, double *restrict g)"
    functions = [
        f"__attribute__((noinline)) static void part{i}{head} {{\n" + "\n".join(part) + "\n}"
        for i, part in enumerate(parts)
    ]
    calls = "\n".join(f"part{i}(v, g);" for i in range(len(parts)))
    return "#include <math.h>\n" + "\n".join(functions) + f"\nvoid run{head} {{\n{calls}\n}}\n"


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while part := list(islice(rest, CHUNK)):
        yield part


def compiled(graph: Graph) -> tuple[Callable[[], float], Callable[[], Sequence[float]], float]:
    """A step, the gradients after it, and the seconds from the program to the first result.

    Raises:
        ImportError: there is no gcc.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        raise ImportError("gcc")
    tape = Tape(len(graph.leaves))
    graph.run(tape, tape.leaves)
    written = time.perf_counter()
    path = Path(_folder(), f"graph{next(_numbers)}.c")
    path.write_text(source(tape))
    library = path.with_suffix(".so")
    command = [gcc, "-O1", "-march=native", "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    function: Any = ctypes.CDLL(str(library)).run
    v, g = np.zeros(len(tape.slopes)), np.zeros(len(tape.slopes))
    v[: len(graph.leaves)] = graph.leaves
    pointers = [x.ctypes.data_as(ctypes.c_void_p) for x in (v, g)]

    def step() -> float:
        function(*pointers)
        return float(v[-1])

    step()
    return step, lambda: g[: len(graph.leaves)].tolist(), time.perf_counter() - written
