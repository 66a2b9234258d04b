"""The form of an entry of the table of operations."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

from micrograd_dl.foundation.arrays import on_arrays
from micrograd_dl.foundation.kink_side import kink_side
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.text import plural
from micrograd_dl.foundation.undefined import undefined
from micrograd_dl.foundation.written import ATOM, Term

Rule = Callable[..., Any]
KINDS = "Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """One entry of the table; callable on floats, arrays and Values alike.

    Attributes:
        name: what the entry is called in the table and in expressions.
        symbol: what a picture of the graph shows.
        arity: the number of operands, or None for any number from one up.
        forward: the rule on floats. It may raise ValueError or ZeroDivisionError where it is undefined.
        derivatives: one rule an operand, ``d(out, *operands)``, which may raise ZeroDivisionError at a
            vertical tangent; none where the arity is None.
        all_derivatives: where the arity is None, one rule that gives the derivatives by all operands.
        text, latex: the written form, from one :class:`Term` an operand.
        precedence: how tightly the written form binds; a Term has its own precedence.
        array: the rule on NumPy arrays, ``array(np, *operands)``; without one `forward` is applied to whole
            arrays if it can be, else to one entry after the other.
        defined: whether the operation is defined at the operands (NaN counts as defined), or None: always.
            Where it is not, `forward` raises, or gives NaN if a refusal would be in the way.
        requirement: the same in words, for the error message.
        kink: a number that is 0 exactly where the derivative jumps, or None: nowhere.
        definition: the same function written with other operations of the table. Expanding a node uses it.
        meaning: one line for the reference, with the source of the formula.
        left: the same operation with the left-hand slope at its kink, if there is a choice.
    """

    name: str
    symbol: str
    arity: int | None
    forward: Rule
    derivatives: tuple[Rule, ...]
    text: Rule
    latex: Rule
    precedence: int = ATOM
    array: Rule | None = None
    all_derivatives: Rule | None = None
    defined: Rule | None = None
    requirement: str = ""
    kink: Rule | None = None
    definition: Rule | None = None
    meaning: str = ""
    left: Operation | None = None

    def __post_init__(self) -> None:
        # What help(), completion and inspect.signature() ask a function for.
        kind = Parameter.POSITIONAL_ONLY if self.arity is not None else Parameter.VAR_POSITIONAL
        names = self.operand_names(self.arity) if self.arity is not None else ["x"]
        signature = Signature([Parameter(name, kind) for name in names])
        needs = f"; it needs {self.requirement}" if self.requirement else ""
        doc = f"{self.name}({', '.join(names)}): {self.meaning}{needs}.\n\n{KINDS}"
        for name, shown in (("__name__", self.name), ("__doc__", doc), ("__signature__", signature)):
            object.__setattr__(self, name, shown)  # vars(self) would make attributes slow to read

    def __call__(self, *operands: Any) -> Any:
        """Apply the operation: floats give a float, arrays an array, anything with a Value a Value.

        Raises:
            TypeError: the number of operands is wrong, or one of them is not a number.
            ValueError, ZeroDivisionError: the operation is undefined there, or there is nothing to add up.
        """
        return self.on(operands)

    def on(self, operands: Sequence[Any]) -> Any:
        """Apply the operation to operands in a sequence, as ``operation(*operands)`` does."""
        if self.left is not None and kink_side.get() == "left":
            return self.left.on(operands)
        for operand in operands:
            # The one place that asks what an operand is; Value answers, and need not be known here.
            apply = getattr(type(operand), "apply_operation", None)
            if apply is not None:
                return apply(self, operands)
        self.require_arity(len(operands))
        numpy = sys.modules.get("numpy")
        if numpy is not None and any(isinstance(operand, numpy.ndarray) for operand in operands):
            return on_arrays(self, numpy, operands)
        return self.evaluate([to_float(operand, self.name) for operand in operands])

    def each(self, operands: Sequence[Any]) -> list[Any]:
        """Apply an operation of one operand to each of these."""
        return [self(x) for x in operands]

    def __repr__(self) -> str:
        operands = self.operand_names(2 if self.arity is None else self.arity)
        return f"<operation {self.name}: {self.written(operands)}>"

    def require_arity(self, count: int) -> None:
        """Raise TypeError unless `count` operands are right; ValueError for 0 of any number from one up."""
        if self.arity is None and not count:
            raise ValueError(f"{self.name} takes at least 1 operand, got 0")
        if self.arity not in (None, count):
            raise TypeError(f"{self.name} takes {plural(self.arity, 'operand')}, got {count}")

    def evaluate(self, values: Sequence[float]) -> float:
        """The result at `values`, floats."""
        try:
            return float(self.forward(*values))
        except (ValueError, ZeroDivisionError) as error:
            raise undefined(self, error, values) from None

    def slopes(
        self, out: Any, operands: Sequence[Any], wanted: Sequence[bool] | None = None
    ) -> Sequence[Any]:
        """The local derivatives by all operands at once; one that is not wanted may be given as 0."""
        if self.all_derivatives is not None:
            return tuple(self.all_derivatives(out, *operands))
        slopes: list[Any] = []
        for rule, is_wanted in zip(self.derivatives, wanted or [True] * len(operands), strict=True):
            try:
                slopes.append(rule(out, *operands) if is_wanted else 0.0)
            except ZeroDivisionError:
                if not isinstance(out, float):
                    raise
                slopes.append(math.inf)  # a vertical tangent
        return slopes

    def local(self, index: int, out: float, values: Sequence[float]) -> float:
        """The local derivative by operand `index` as a float; ``inf`` at a vertical tangent."""
        return float(self.slopes(out, values, [i == index for i in range(len(values))])[index])

    def written(self, operands: Sequence[str], latex: bool = False) -> Term:
        """The operation applied to written operands, as text or LaTeX, with the parentheses it needs.

        >>> from micrograd_dl.engine.ops import sub
        >>> sub.written(["a", sub.written(["b", "c"])])
        'a - (b - c)'
        """
        terms = [part if isinstance(part, Term) else Term(part) for part in operands]
        text = (self.latex if latex else self.text)(*terms)
        return text if isinstance(text, Term) else Term(text, self.precedence)

    @staticmethod
    def operand_names(count: int) -> list[str]:
        """Placeholders for operands without names of their own."""
        return ["x", "y"][:count] if count <= 2 else [f"x{i}" for i in range(1, count + 1)]
