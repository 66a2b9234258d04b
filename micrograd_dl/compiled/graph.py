"""The face of a compiled graph: numbers in, the cost and its gradient out."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.compiled.description import described
from micrograd_dl.compiled.lowering import lower
from micrograd_dl.compiled.numpy_runner import Memory, NumpyRunner, SuspectError
from micrograd_dl.compiled.recording import (
    Array,
    Condition,
    Input,
    Inputs,
    Recording,
    as_list,
    order_of,
    parameters_of,
    recording_conditions,
)
from micrograd_dl.compiled.schedule import schedule
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.collector import collector_paused
from micrograd_dl.foundation.number_like import require_value
from micrograd_dl.foundation.text import install_hint, plural
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.notation.forward import evaluate

Runner: TypeAlias = Literal["numpy", "numba"]


class Replay(NamedTuple):
    """The result of a call of a compiled graph.

    Attributes:
        value: the result; of several examples the mean of theirs.
        gradient: its derivative by each parameter, in their order, ``(n_parameters,)``.
    """

    value: float
    gradient: Array


@door
def compile_graph(
    result: Value | Callable[..., Value],
    inputs: Sequence[Input],
    parameters: Sequence[Value] | None = None,
    *,
    gradient: bool = True,
    outputs: Sequence[Value] = (),
    derivatives: Sequence[Value] = (),
    runner: Runner | None = None,
) -> CompiledGraph:
    """Turn a recorded graph into a program that runs again and again on other numbers.

    The graph is that of one example. Called with numbers, the program gives its value and gradient there;
    called with columns, one an example, it takes all of them through the graph at once, with the same
    parameters, and gives the mean.

    A replay takes the path that was recorded. If that depends on data (``if z > 0``, ``max(zs)``), give the
    function that records it instead of its result: the comparisons it makes are then noted, and a call in
    which one comes out differently raises ValueError instead of giving a wrong number. What cannot be seen is
    arithmetic on ``v.data``, and indices. Slopes at kinks are those with which the nodes were recorded.

    Args:
        result: what to differentiate, or a function that records it from the inputs.
        inputs: leaves that change from call to call, or lists of leaves, which are given as an array.
        parameters: leaves that all examples share, whose gradient is wanted; by default all other leaves.
        gradient: whether the gradient will be asked for; without it a call is shorter, and gives zeros.
        outputs: more nodes whose numbers :meth:`CompiledGraph.outputs` gives.
        derivatives: nodes: it also gives the derivatives of each example's result by them; by a node that all
            examples share, that of their mean.
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
    inputs = as_list("inputs", inputs)
    conditions: list[Condition] = []
    if not isinstance(result, Value) and callable(result):
        with recording_conditions() as conditions:
            result = result(*inputs)
    require_value(result)
    if parameters is not None:
        parameters = as_list("parameters", parameters)
    outputs, derivatives = as_list("outputs", outputs), as_list("derivatives", derivatives)
    order = order_of([*(condition.node for condition in conditions), *outputs, *derivatives, result])
    given = Inputs(inputs)
    parameters = parameters_of(order, given.leaves, parameters)
    recording = Recording(result, given.leaves, parameters, gradient, conditions, outputs, derivatives, order)
    return CompiledGraph(recording, given, _runner(runner))


class CompiledGraph:
    """A graph that replays; see :func:`compile_graph`. Any number of threads may call it at a time.

    Attributes:
        recording: the graph that was compiled.
        runner: ``"numpy"`` or ``"numba"``.
    """

    def __init__(self, recording: Recording, inputs: Inputs, runner: Runner) -> None:
        self.recording, self.runner = recording, runner
        self._inputs = inputs
        self._shape = (len(recording.parameters),)
        self._variants: dict[tuple[bool, ...], _Variant] = {}

    def __copy__(self) -> CompiledGraph:
        return self  # it never changes

    def __reduce__(self) -> Any:
        raise TypeError(
            "a compiled graph is not pickled or deeply copied, as its Values are not: copy their leaves, "
            "record the graph again, and compile that"
        )

    @property
    def parameters(self) -> list[Value]:
        """The leaves that the gradient is by, in the order of its entries."""
        return self.recording.parameters

    def __repr__(self) -> str:
        inputs = plural(sum(map(len, self.recording.inputs)), "input")
        counts = f"{inputs} and {plural(len(self.parameters), 'parameter')}"
        return f"<{self.recording.root.label or 'a graph'} of {counts}, replayed by {self.runner}>"

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
        return self.at(np.array([p.data for p in self.parameters]), *inputs)

    def at(self, theta: Array, *inputs: ArrayLike) -> Replay:
        """Call it with other numbers for the parameters, ``theta (n_parameters,)``."""
        return self._run(theta, inputs)[0]

    def outputs(self, theta: Array, *inputs: ArrayLike) -> Array:
        """The numbers of the nodes asked for as `outputs`, then of `derivatives`: a row each, ``(n, m)``."""
        return self._run(theta, inputs)[1]

    def describe(self, *columns: bool) -> str:
        """The program line by line. For each input say True if it is a column of examples, False if a number.

        The same graph becomes another program when an input is a column of examples: what depends on it is
        done for every example, and the derivatives by what they share are means. That is all that vectorising
        is.

        >>> x, w = Value(1.0, "x"), Value(2.0, "w")
        >>> a = (w * x).tanh()
        >>> a.label = "a"
        >>> print(compile_graph(a + 0.1 * w, inputs=[x]).describe(True))
        For every example:
            u = w * x
            a = tanh(u)
            J = a + 0.1 * w
            t = a * a
            t1 = 1 - t
            du = 1 * t1
        Over all examples:
            mean J = mean(J)
            dw = mean(0.1 + du * x)
        """
        if len(columns) != len(self.recording.inputs):
            takes = plural(len(self.recording.inputs), "input")
            raise ValueError(f"this graph takes {takes}: say of each whether it is columns")
        return described(self.recording, columns)

    # --- running ----------------------------------------------------------------------------------------

    def _run(self, theta: Array, inputs: Sequence[ArrayLike]) -> tuple[Replay, Array]:
        arrays, m = self._inputs.arrays(inputs)
        theta = np.asarray(theta, np.float64)
        if theta.shape != self._shape:
            raise ValueError(f"theta is {theta.shape}, {self._shape} is wanted: a number a parameter")
        kinds = tuple([x.ndim == 2 for x in arrays])
        variant = self._variants.get(kinds)
        if variant is None:
            variant = self._variants[kinds] = _Variant(self.recording, kinds, self.runner)
        try:
            replay, outputs = variant.run(theta, arrays, m)
        except SuspectError as suspect:
            raise self._error(theta, arrays, suspect.example) from None
        except MemoryError:
            too_many = f"{plural(m, 'example')} at a time are too many for this graph"
            raise MemoryError(f"{too_many}: give fewer columns, and average") from None
        conditions = self.recording.conditions
        if not conditions:
            return replay, outputs
        for condition, x in zip(conditions, outputs, strict=False):  # the first of them
            came_out_so = (x == condition.wanted) == condition.was
            if not came_out_so.all():
                raise self._error(theta, arrays, int(np.argmin(came_out_so)))
        return replay, outputs[len(conditions) :]

    def _error(self, theta: Array, arrays: Sequence[Array], example: int) -> Exception:
        """Run the recorded graph on one example, so that its error names the nodes by their labels."""
        numbers = dict(zip(self.parameters, theta.tolist(), strict=True))
        for nodes, x in zip(self.recording.inputs, arrays, strict=True):
            column = x if x.ndim == 1 else x[:, max(example, 0)]
            numbers |= dict(zip(nodes, column.tolist(), strict=True))
        is_one = all(x.ndim == 1 for x in arrays) or example < 0
        where = "" if is_one else f" (example {example}, counted from 0)"
        try:
            for condition in self.recording.conditions:
                found = evaluate(topological_order(condition.node), numbers)[condition.node]
                if (found == condition.wanted) != condition.was:
                    return ValueError(
                        f"{condition} came out otherwise than when the graph was recorded{where}: the "
                        "program would take another path. Record it again for such inputs, or write the "
                        "choice with maximum, minimum or relu"
                    )
            evaluate(topological_order(self.recording.root), numbers)
        except (ValueError, ZeroDivisionError) as error:
            return type(error)(f"{error}{where}")
        return RuntimeError(
            f"an operation is at the edge of where it is defined{where}: with sums rounded in another order "
            "it is undefined"
        )


class _Variant:
    """The program for inputs of which some are columns and some are numbers."""

    @collector_paused()  # it would look through the graph and the program again and again
    def __init__(self, recording: Recording, kinds: Sequence[bool], runner: Runner) -> None:
        lowered = lower(recording, kinds)
        wanted = [lowered.value, *lowered.gradient]
        self.program = schedule(lowered.tape, wanted, lowered.given, lowered.checked_below, lowered.outputs)
        place, varies = self.program.place, self.program.varies
        self.value = int(place[lowered.value])
        self.gradient = place[lowered.gradient].astype(np.intp)  # no conversion in each call
        self.outputs = [(int(place[slot]), bool(varies[slot])) for slot in lowered.outputs]
        self.runner: Any
        if runner == "numpy":
            self.runner = NumpyRunner(self.program)
        else:
            from micrograd_dl.compiled.numba_runner import NumbaRunner

            self.runner = NumbaRunner(self.program)
        self.n_columns = sum(map(len, compress(recording.inputs, kinds)))
        # The shared ones of `lowered.given` come first: the inputs that are numbers, then the parameters.
        n_numbers = sum(map(len, recording.inputs)) - self.n_columns
        self.parameters = slice(n_numbers, n_numbers + len(recording.parameters))
        self._free: list[Memory] = []  # what no call is using

    def run(self, theta: Array, arrays: Sequence[Array], m: int) -> tuple[Replay, Array]:
        try:
            memory = self._free.pop()
        except IndexError:
            memory = Memory(self.program, self.n_columns, self.parameters)
        if memory.X.shape[1] != m:
            memory.X = np.empty((self.n_columns, m))
        shared, X, begin, place = memory.shared, memory.X, 0, 0
        for x in arrays:
            n = len(x)
            if x.ndim == 2:
                X[begin : begin + n] = x
                begin += n
            else:
                shared[place : place + n] = x
                place += n
        memory.theta[...] = theta
        outputs = rows = self.runner.run(memory)
        replay = Replay(float(shared[self.value]), shared[self.gradient])
        if self.outputs:
            of_rows = iter(rows)
            outputs = np.empty((len(self.outputs), m))
            for k, (place, varies) in enumerate(self.outputs):
                outputs[k] = next(of_rows) if varies else shared[place]
        self._free.append(memory)
        return replay, outputs


def _runner(chosen: Runner | None) -> Runner:
    has_numba = importlib.util.find_spec("numba") is not None
    if chosen is None:
        return "numba" if has_numba else "numpy"
    if chosen not in ("numpy", "numba"):
        raise ValueError(f"a runner is one of numpy, numba, not {chosen!r}")
    if chosen == "numba" and not has_numba:
        raise ImportError(f"the runner numba needs the extra fast: {install_hint('fast')}")
    return chosen
