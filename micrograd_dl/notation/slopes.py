"""The formulas of local derivatives: the rules of the table, applied to names instead of numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import Term
from micrograd_dl.notation.numbers import exact_term

Writer = Callable[[Operation, Sequence[Term]], Term]


class SlopeFormulas:
    """The local derivatives of an operation, as formulas of its operands and of its result.

    `operands` are names, or numbers where they are constants; `out` is the name of the result.

    >>> from micrograd_dl.engine.ops import pow
    >>> SlopeFormulas(pow, [Term("x"), 3.0], Term("u"))[0]
    '3 * x ** 2'
    """

    def __init__(
        self, operation: Operation, operands: Sequence[Term | float], out: Term,
        write: Writer = Operation.written,
    ) -> None:  # fmt: skip
        self._write = write
        # Each name is represented by one Value, NaN, at which no operation is undefined.
        stand_ins: dict[Any, Any] = {x: Value(math.nan) for x in (*operands, out) if isinstance(x, Term)}
        variable = [isinstance(x, Term) for x in operands]
        self._slopes = list(
            operation.slopes(stand_ins[out], [stand_ins.get(x, x) for x in operands], variable)
        )
        self._terms: dict[Value, Term] = {value: name for name, value in stand_ins.items()}

    def __getitem__(self, index: int) -> Term:
        """The derivative by the operand `index`."""
        slope = self._slopes[index]
        if not isinstance(slope, Value):
            return exact_term(slope)
        for node in topological_order(slope) if slope not in self._terms else ():
            self._terms[node] = self._formula(node)
        return self._terms[slope]

    def name_shared(self, names: Iterator[str]) -> Iterator[tuple[str, Term]]:
        """Name what several derivatives share, such as the sum in a softmax: each name with its formula.

        Earlier names may stand in later formulas, and the derivatives are written with them from then on.
        """
        if graphs := [slope for slope in self._slopes if isinstance(slope, Value)]:
            order = [n for n in topological_order(TABLE["sum"](*graphs))[:-1] if n not in self._terms]
            uses = Counter([*graphs, *(operand for node in order for operand in node.operands)])
            for node in order:
                self._terms[node] = self._formula(node)
                if uses[node] > 1 and node.operands:
                    name = next(names)
                    yield name, self._terms[node]
                    self._terms[node] = Term(name)

    def _formula(self, node: Value) -> Term:
        if node in self._terms:
            return self._terms[node]
        if node.op is None or node.is_constant:
            return exact_term(node.data)
        return self._write(node.op, [self._terms[operand] for operand in node.operands])
