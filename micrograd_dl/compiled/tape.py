"""A graph as a straight-line program: one slot a result, each computed from slots before it.

The operations are those of the table, and three more. ``LINEAR`` is a sum of products ``i j + k l + ...``:
additions, multiplications and weighted sums that are used once become one (course, section 4: a neuron's z).
``MEAN`` is the mean of such a sum over the examples: the derivative by a number that all examples share.
``SLOPE_QUOTIENT`` is a division in a derivative, where a division by zero is a vertical tangent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation

# LINEAR and MEAN have kernels and NumPy code of their own.
LINEAR = Operation("linear", "Σ", None, ops.dot.forward, (), ops.dot.text, ops.dot.latex)
MEAN = Operation("mean", "mean", None, ops.dot.forward, (), ops.dot.text, ops.dot.latex)
SLOPE_QUOTIENT = Operation(
    "slope_quotient", "/", 2, lambda x, y: x / y if y else math.inf, (), ops.div.text, ops.div.latex,
    ops.div.precedence, lambda np, x, y: np.where(y == 0, np.inf, x / y),
)  # fmt: skip


class Tape:
    """The program under construction.

    Attributes:
        operations: the operation of each slot; None for an input, a parameter or a number.
        operands: the slots that each slot is computed from; i, j, k, l, ... for LINEAR and MEAN.
        varies: for each slot, True if it differs from example to example.
        constants: the numbers, by slot; `one` and `minus_one` are the slots of two.
    """

    def __init__(self) -> None:
        self.operations: list[Operation | None] = []
        self.operands: list[Sequence[int]] = []
        self.varies: list[bool] = []
        self.constants: dict[int, float] = {}
        self._constant_slots: dict[Any, int] = {}
        self._computed: dict[Operation, dict[tuple[int, ...], int]] = defaultdict(dict)
        self.one, self.minus_one = self.constant(1.0), self.constant(-1.0)

    def __len__(self) -> int:
        return len(self.operations)

    def given(self, varies: bool) -> int:
        """A new slot for what a call brings with it."""
        self.operations.append(None)
        self.operands.append(())
        self.varies.append(varies)
        return len(self.varies) - 1

    def constant(self, x: float) -> int:
        """The slot of a number."""
        key = x if x and x == x else repr(x)  # 0.0 and -0.0 are equal, and NaN is not
        slot = self._constant_slots.get(key)
        if slot is None:
            slot = self._constant_slots[key] = self.given(False)
            self.constants[slot] = x
        return slot

    def computed(self, operation: Operation, operands: tuple[int, ...]) -> int:
        """The slot of an operation on slots: an old one if the same has been computed before."""
        if (operation is ops.add or operation is ops.mul) and operands[0] > operands[1]:
            operands = (operands[1], operands[0])
        known = self._computed[operation]
        slot = known.get(operands)
        if slot is None:
            folded = self._folded(operation, operands)
            slot = self._new(operation, operands) if folded is None else self.constant(folded)
            known[operands] = slot
        return slot

    def product(self, i: int, j: int) -> int | None:
        """The slot of a product that is computed already."""
        return self._computed[ops.mul].get((min(i, j), max(i, j)))

    def linear(self, terms: Sequence[int]) -> int:
        """The slot of ``i j + k l + ...``, given i, j, ...; a simpler operation for one or two terms."""
        one = self.one
        if len(terms) == 2:
            i, j = terms
            if i == one or j == one:
                return j if i == one else i
            if i == self.minus_one or j == self.minus_one:
                return self.computed(ops.neg, (j if i == self.minus_one else i,))
            # A shared number times one that varies stays a sum, of one term: the number need not be a row.
            return self.computed(ops.mul if self.varies[i] == self.varies[j] else LINEAR, (i, j))
        if len(terms) == 4 and terms[1] == one and terms[3] in (one, self.minus_one):
            return self.computed(ops.add if terms[3] == one else ops.sub, (terms[0], terms[2]))
        return self.computed(LINEAR, tuple(terms))

    def products(self, slot: int) -> Sequence[int] | None:
        """A sum of products as i, j, k, l, ..., from which `linear` would make it; else None."""
        operation, operands = self.operations[slot], self.operands[slot]
        if operation is LINEAR or operation is ops.mul:
            return operands
        if operation is ops.add or operation is ops.sub:
            return (operands[0], self.one, operands[1], self.one if operation is ops.add else self.minus_one)
        return (operands[0], self.minus_one) if operation is ops.neg else None

    def mean(self, terms: Sequence[int]) -> int:
        """The slot of the mean of ``i j + k l + ...`` over the examples."""
        slot = self.computed(MEAN, tuple(terms))
        self.varies[slot] = False
        return slot

    def _new(self, operation: Operation, operands: Sequence[int]) -> int:
        self.operations.append(operation)
        self.operands.append(operands)
        self.varies.append(any(map(self.varies.__getitem__, operands)))
        return len(self.varies) - 1

    def _folded(self, operation: Operation, operands: Sequence[int]) -> float | None:
        """The result if all operands are numbers."""
        if not all(i in self.constants for i in operands):
            return None
        try:
            return operation.evaluate([self.constants[i] for i in operands])
        except (ValueError, ZeroDivisionError):
            return None  # the call shall raise, not the preparation
