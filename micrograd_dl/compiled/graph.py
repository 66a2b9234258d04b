"""The face of a compiled graph: numbers in, the cost and its gradient out."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.compiled.comparisons import Comparison, watched_comparisons
from micrograd_dl.compiled.inputs import Array, Input, Inputs, listed
from micrograd_dl.compiled.listing import listing
from micrograd_dl.compiled.numpy_runner import NumpyRunner, SuspectError
from micrograd_dl.compiled.schedule import Program, schedule
from micrograd_dl.compiled.writing import Request, recorded, write
from micrograd_dl.engine.collector import collector_paused
from micrograd_dl.engine.gradients import evaluate, require_value
from micrograd_dl.engine.ops import set_slope_at_kink, slope_at_kink
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.output.text import install_hint, plural

Runner: TypeAlias = Literal["numpy", "numba"]


class Replay(NamedTuple):
    """What a call of a compiled graph gives.

    Attributes:
        value: the result; of several examples the mean of theirs.
        gradient: its derivative by each parameter, in their order, ``(n_parameters,)``.
    """

    value: float
    gradient: Array


def compile_graph(
    result: Value | Callable[..., Value],
    inputs: Sequence[Input],
    parameters: Sequence[Value] | None = None,
    *,
    gradient: bool = True,
    outputs: Sequence[Value] = (),
    derivatives: Sequence[Value] = (),
    comparisons: Sequence[Comparison] = (),
    runner: Runner | None = None,
) -> CompiledGraph:
    """Turn a recorded graph into a program that runs again and again on other numbers.

    The graph is that of one example. Called with numbers, the program gives its value and gradient there;
    called with columns, one an example, it takes all of them through the graph at once, with the same
    parameters, and gives the mean. Sums and products are fused, what is computed twice or from constants
    alone is computed once, and the derivatives are written with the rules of the table.

    A replay takes the path through the program that was recorded. If its shape depends on data (``if z > 0``,
    ``max(zs)``), give the function that records it instead of its result: the comparisons it makes are then
    noted, and a call in which one comes out differently raises ValueError instead of giving a wrong number.
    For a Value that exists already, record it inside ``watched_comparisons()``. What cannot be seen is
    arithmetic on ``v.data``, and indices. Slopes at kinks are those that ``set_slope_at_kink`` says now.

    Args:
        result: what to differentiate, or a function that records it from the inputs.
        inputs: leaves that change from call to call, or lists of leaves, which are given as an array.
        parameters: leaves that all examples share, whose gradient is wanted; by default all other leaves.
        gradient: whether the gradient will be asked for; without it a call is shorter, and gives zeros.
        outputs: more nodes whose numbers :meth:`CompiledGraph.outputs` gives.
        derivatives: nodes: it also gives the derivatives of each example's result by them; by a node that all
            examples share, that of their mean.
        comparisons: what was asked while the graph was recorded.
        runner: ``"numba"`` (extra ``fast``) runs at the speed of C, ``"numpy"`` runs everywhere; by default
            numba if it is installed.

    Raises:
        TypeError: something is no list, or in one is what is not a Value, or an input that is not a leaf.
        ValueError: a leaf is given twice, or is neither an input nor a parameter; or, in the first call, what
            is to be differentiated by is computed twice in the graph.
        ImportError: Numba is asked for and not installed.

    >>> x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(1.0, "b")
    >>> f = compile_graph((w * x + b) ** 2, inputs=[x], parameters=[w, b], runner="numpy")
    >>> value, gradient = f(2.0)
    >>> value, gradient.tolist()  # 7^2; 2 * 7 * 2 by w, 2 * 7 by b
    (49.0, [28.0, 14.0])
    >>> f([[2.0, 0.0, -1.0]]).value  # the mean of 49, 1 and 4
    18.0
    """
    inputs, seen = listed("inputs", inputs), list(comparisons)
    if not isinstance(result, Value) and callable(result):
        with watched_comparisons() as noted:
            result = result(*inputs)
        seen += noted
    require_value(result)
    if parameters is not None:
        parameters = listed("parameters", parameters)
    more = listed("outputs", outputs), listed("derivatives", derivatives)
    request = Request(gradient, tuple(more[0]), tuple(more[1]), tuple(seen))
    return CompiledGraph(result, inputs, parameters, request, _runner(runner))


class CompiledGraph:
    """A graph that replays; see :func:`compile_graph`.

    It keeps its memory between calls, so one of them is not for several threads at a time.

    Attributes:
        recorded: what was compiled.
        runner: ``"numpy"`` or ``"numba"``.
    """

    @collector_paused()
    def __init__(
        self,
        root: Value,
        inputs: Sequence[Input],
        parameters: Sequence[Value] | None,
        request: Request,
        runner: Runner,
    ) -> None:
        self.runner = runner
        self._slope_at_kink = slope_at_kink()  # programs for other kinds of inputs are written later
        self._inputs = Inputs(inputs)
        self.recorded = recorded(root, self._inputs.leaves, parameters, request)
        self._shape = (len(self.parameters),)
        self._variants: dict[tuple[bool, ...], _Variant] = {}

    @property
    def parameters(self) -> list[Value]:
        """The leaves that the gradient is by, in the order of its entries."""
        return self.recorded.parameters

    def __repr__(self) -> str:
        inputs = plural(sum(map(len, self.recorded.inputs)), "input")
        counts = f"{inputs} and {plural(len(self.parameters), 'parameter')}"
        return f"<{self.recorded.root.label or 'a graph'} of {counts}, replayed by {self.runner}>"

    def __call__(self, *inputs: ArrayLike) -> Replay:
        """The value and the gradient at these inputs, with the parameters' present data.

        Args:
            inputs: for each input a number or a row ``(1, m)``; for a list of n inputs n numbers, or
                ``(n, m)``. Numbers beside columns are the same for all examples.

        Raises:
            ValueError: a shape is wrong; an operation is undefined for an example; a comparison comes out
                differently than it did when the graph was recorded.
            ZeroDivisionError: a division by zero.
        """
        theta = np.array([p.data for p in self.parameters])
        return self.at(theta, *inputs)

    def at(self, theta: Array, *inputs: ArrayLike) -> Replay:
        """The same with other numbers for the parameters, ``theta (n_parameters,)``."""
        variant, _ = self._run(theta, inputs)
        shared = variant.shared
        return Replay(float(shared[variant.value]), shared[variant.gradient])

    def outputs(self, theta: Array, *inputs: ArrayLike) -> Array:
        """The numbers of the nodes asked for as `outputs`, then of `derivatives`: a row each, ``(n, m)``."""
        return self._run(theta, inputs)[1]

    def prepare(self, *columns: bool) -> None:
        """Do now what the first call does: write the program for inputs that are columns where it says so."""
        self._variant(self._require_kinds(columns))

    def _require_kinds(self, columns: tuple[bool, ...]) -> tuple[bool, ...]:
        if len(columns) != len(self.recorded.inputs):
            takes = plural(len(self.recorded.inputs), "input")
            raise ValueError(
                f"this graph takes {takes}: say of each whether it is columns, not {len(columns)} times"
            )
        return columns

    def listing(self, *columns: bool) -> str:
        """The program in words, for inputs that are columns where it says so; see :func:`listing`."""
        return listing(self.recorded, self._require_kinds(columns))

    # --- running ----------------------------------------------------------------------------------------

    def _run(self, theta: Array, inputs: Sequence[ArrayLike]) -> tuple[_Variant, Array]:
        arrays, m = self._inputs.arrays(inputs)
        theta = np.asarray(theta, np.float64)
        if theta.shape != self._shape:
            raise ValueError(
                f"theta is {theta.shape}, ({len(self.parameters)},) is wanted: a number a parameter"
            )
        kinds = tuple([x.ndim == 2 for x in arrays])
        variant = self._variants.get(kinds) or self._variant(kinds)
        X, begin = variant.X(m), 0
        shared, place = variant.shared, 0
        for x in arrays:
            n = len(x)
            if x.ndim == 2:
                X[begin : begin + n] = x
                begin += n
            else:
                shared[place : place + n] = x
                place += n
        variant.theta[...] = theta
        try:
            rows = variant.runner.run(shared, X)
        except SuspectError as suspect:
            raise self._error(theta, arrays, suspect.example) from None
        if not variant.has_outputs:
            return variant, rows
        outputs, comparisons = variant.outputs(rows, m), self.recorded.request.comparisons
        for comparison, x in zip(comparisons, outputs, strict=False):  # the first of them
            if not ((x == comparison.wanted) == comparison.was).all():
                example = int(np.argmin((x == comparison.wanted) == comparison.was))
                raise self._error(theta, arrays, example)
        return variant, outputs[len(comparisons) :]

    def _variant(self, kinds: tuple[bool, ...]) -> _Variant:
        if kinds not in self._variants:
            now = slope_at_kink()
            set_slope_at_kink(self._slope_at_kink)
            try:
                self._variants[kinds] = _Variant(self, kinds)
            finally:
                set_slope_at_kink(now)
        return self._variants[kinds]

    def _error(self, theta: Array, arrays: Sequence[Array], example: int) -> Exception:
        """What the recorded program itself says of one example: the same error, with the same labels."""
        numbers = dict(zip(self.parameters, theta.tolist(), strict=True))
        for nodes, x in zip(self.recorded.inputs, arrays, strict=True):
            column = x if x.ndim == 1 else x[:, max(example, 0)]
            numbers |= dict(zip(nodes, column.tolist(), strict=True))
        where = (
            "" if all(x.ndim == 1 for x in arrays) or example < 0 else f" (example {example}, counted from 0)"
        )
        for comparison in self.recorded.request.comparisons:
            found = self._evaluated(comparison.node, numbers, where)
            if isinstance(found, Exception):
                return found
            if (found == comparison.wanted) != comparison.was:
                return ValueError(
                    f"{comparison} came out otherwise than when the graph was recorded{where}: the program "
                    "would take another path. Record it again for such inputs, or write the choice with "
                    "maximum, minimum or relu"
                )
        found = self._evaluated(self.recorded.root, numbers, where)
        if isinstance(found, Exception):
            return found
        return RuntimeError(
            f"an operation is at the edge of where it is defined{where}: with sums rounded in another order "
            "it is undefined"
        )

    @staticmethod
    def _evaluated(root: Value, numbers: dict[Value, float], where: str) -> float | Exception:
        try:
            return evaluate(topological_order(root), numbers)[root]
        except (ValueError, ZeroDivisionError) as error:
            return type(error)(f"{error}{where}")


class _Variant:
    """The program for inputs of which some are columns and some are numbers, and the memory it runs in."""

    @collector_paused()  # it would look through the graph and the program again and again
    def __init__(self, graph: CompiledGraph, kinds: Sequence[bool]) -> None:
        inputs = graph.recorded.inputs
        written = write(graph.recorded, kinds)
        program = schedule(
            written.tape, written.wanted, written.given, written.checked_below, written.outputs
        )
        self.shared = program.numbers.copy()
        self.value = int(program.place[written.value])
        self.gradient = program.place[written.gradient].astype(np.intp)  # no conversion in each call
        self.has_outputs = bool(written.outputs)
        self._places = [(int(program.place[slot]), bool(program.varies[slot])) for slot in written.outputs]
        self.runner = _RUNNERS[graph.runner](program)
        n_inputs, n_columns = (sum(map(len, xs)) for xs in (inputs, compress(inputs, kinds)))
        # The shared ones of `written.given` come first: the inputs that are numbers, then the parameters.
        self.theta = self.shared[n_inputs - n_columns :][: len(graph.parameters)]
        self._X = np.empty((n_columns, 0))

    def X(self, m: int) -> Array:
        """Memory for what varies of m examples, ``(n, m)``; that of the last m is used again."""
        if self._X.shape[1] != m:
            self._X = np.empty((len(self._X), m))
        return self._X

    def outputs(self, rows: Array, m: int) -> Array:
        """The numbers of the outputs, ``(n, m)``, from the rows of those that vary and the shared ones."""
        found = np.empty((len(self._places), m))
        of_rows = iter(rows)
        for k, (place, varies) in enumerate(self._places):
            found[k] = next(of_rows) if varies else self.shared[place]
        return found


def _numba_runner(program: Program) -> Any:
    from micrograd_dl.compiled.numba_runner import NumbaRunner

    return NumbaRunner(program)


_RUNNERS: dict[Runner, Callable[[Program], Any]] = {"numpy": NumpyRunner, "numba": _numba_runner}


def _runner(chosen: Runner | None) -> Runner:
    has_numba = importlib.util.find_spec("numba") is not None
    if chosen is None:
        return "numba" if has_numba else "numpy"
    if chosen not in _RUNNERS:
        raise ValueError(f"a runner is one of {', '.join(_RUNNERS)}, not {chosen!r}")
    if chosen == "numba" and not has_numba:
        raise ImportError(f"the runner numba needs the extra fast: {install_hint('fast')}")
    return chosen
