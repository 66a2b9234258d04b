"""The form of an entry of the table of operations, and how its errors speak of operands."""

from __future__ import annotations

import functools
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_dl.engine.coerce import to_float
from micrograd_dl.output.text import plural

Rule = Callable[..., Any]

# How tightly a written form binds, from the loosest to the tightest; Python's order.
ADD, MUL, NEG, POW, ATOM = 1, 2, 3, 4, 5

_LONGEST = 60  # characters of a label that a formula shows
_LONGEST_FORMULA = 160  # room for two names of the longest kind
_MOST_NUMBERS = 20  # operands whose numbers an error shows


class Term(str):
    """A piece of a written formula that knows how tightly it binds.

    Formatting it with a number asks for parentheses around anything that binds less tightly:

    >>> total = Term("a + b", ADD)
    >>> f"{total:{MUL}} * c"
    '(a + b) * c'
    >>> f"{total} + c"
    'a + b + c'
    """

    __slots__ = ("precedence",)
    precedence: int

    def __new__(cls, text: str, precedence: int = ATOM) -> Term:
        """A text that binds as tightly as `precedence` says."""
        term = super().__new__(cls, text)
        term.precedence = precedence
        return term

    def __format__(self, needed: str) -> str:
        return f"({self!s})" if needed and self.precedence < int(needed) else str(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operation:
    """One entry of the table; callable on floats, arrays and Values alike.

    Attributes:
        name: what the entry is called in the table and in expressions.
        symbol: what a picture of the graph shows.
        arity: the number of operands, or None for any number from one up.
        forward: the rule on floats. It may raise ValueError or ZeroDivisionError where it is undefined.
        derivatives: one rule an operand, ``d(out, *operands)``; where the arity is None, a single rule that
            gives all of them at once.
        text, latex: the written form, from one :class:`Term` an operand.
        precedence: how tightly the written form binds, where that is not a Term that says so itself.
        array: the rule on NumPy arrays, ``array(np, *operands)``, where `forward` does not serve them.
        defined: whether the operation is defined at the operands (NaN counts as defined), or None: always.
            Where it is not, `forward` raises, or gives NaN if a refusal would be in the way.
        requirement: the same in words, for the error message.
        kink: a number that is 0 exactly where the derivative jumps, or None: nowhere.
        definition: the same function written with other operations of the table. Expanding a node uses it.
        meaning: one line for the reference, with the source of the formula.
    """

    name: str
    symbol: str
    arity: int | None
    forward: Rule
    derivatives: tuple[Rule, ...] | Rule
    text: Rule
    latex: Rule
    precedence: int = ATOM
    array: Rule | None = None
    defined: Rule | None = None
    requirement: str = ""
    kink: Rule | None = None
    definition: Rule | None = None
    meaning: str = ""

    def __call__(self, *operands: Any) -> Any:
        """Apply the operation: floats give a float, arrays an array, anything with a Value a Value.

        Raises:
            TypeError: the number of operands is wrong, or one of them is not a number.
            ValueError, ZeroDivisionError: the operation is undefined there.
        """
        return self.on(operands)

    def on(self, operands: Sequence[Any]) -> Any:
        """The same for operands in a sequence: passing hundreds one by one takes as long as adding them."""
        for operand in operands:
            if type(operand) is not float:
                break
        else:  # as in most derivative rules
            self.require_arity(len(operands))
            return self.evaluate(operands)
        for operand in operands:
            # The one place that asks what an operand is; Value answers, and need not be known here.
            apply = getattr(type(operand), "apply_operation", None)
            if apply is not None:
                return apply(self, operands)
        self.require_arity(len(operands))
        numpy = sys.modules.get("numpy")
        if numpy is not None and any(isinstance(operand, numpy.ndarray) for operand in operands):
            return self._on_arrays(numpy, operands)
        return self.evaluate([to_float(operand, self.name) for operand in operands])

    def __repr__(self) -> str:
        operands = self.operand_names(2 if self.arity is None else self.arity)
        return f"<operation {self.name}: {self.written(operands)}>"

    def require_arity(self, count: int) -> None:
        """Raise TypeError unless `count` operands are right for this operation."""
        if self.arity is None and count >= 1:
            return
        if count != self.arity:
            wanted = "at least 1 operand" if self.arity is None else plural(self.arity, "operand")
            raise TypeError(f"{self.name} takes {wanted}, got {count}")

    def evaluate(self, values: Sequence[float]) -> float:
        """The result at `values`, floats."""
        try:
            result: float = self.forward(*values)
        except (ValueError, ZeroDivisionError) as error:
            raise self.refusal(error, values) from None
        return result

    def rule(self, index: int) -> Rule:
        """The local derivative by operand `index`, as a rule ``d(out, *operands)``."""
        if isinstance(self.derivatives, tuple):
            return self.derivatives[index]
        return lambda out, *operands: self.slopes(out, operands)[index]

    def slopes(
        self, out: Any, operands: Sequence[Any], wanted: Sequence[bool] | None = None
    ) -> Sequence[Any]:
        """The local derivatives by all operands at once; one that is not wanted may be given as 0."""
        if isinstance(self.derivatives, tuple):
            asked = zip(self.derivatives, wanted or [True] * len(operands), strict=True)
            return [rule(out, *operands) if is_wanted else 0.0 for rule, is_wanted in asked]
        slopes: Sequence[Any] = self.derivatives(out, *operands)
        return slopes

    def local(self, index: int, out: float, values: Sequence[float]) -> float:
        """The local derivative by operand `index` as a float; ``inf`` at a vertical tangent."""
        rules: Any = self.derivatives  # a tuple, or one rule that gives all
        try:
            slope: float = (rules[index] if type(rules) is tuple else self.rule(index))(out, *values)
        except ZeroDivisionError:
            return math.inf
        return slope

    def written(self, operands: Sequence[str], latex: bool = False) -> Term:
        """The operation applied to written operands, as text or LaTeX, with the parentheses it needs.

        >>> from micrograd_dl.engine.ops import sub
        >>> sub.written(["a", sub.written(["b", "c"])])
        'a - (b - c)'
        """
        terms = [part if isinstance(part, Term) else Term(part) for part in operands]
        text = (self.latex if latex else self.text)(*terms)
        return text if isinstance(text, Term) else Term(text, self.precedence)

    def refusal(self, error: Exception, values: Sequence[float], names: Sequence[str] = ()) -> Exception:
        """The error to raise where the operation is undefined: built in, and says what and where.

        What has no name among operands that have stands there as its number: a name could be another's.
        """
        names = names or self.operand_names(len(values))
        names = [name or _number_term(x) for name, x in zip(names, values, strict=True)]
        where = numbers_of(names, values)
        kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
        at = f" at {where}" if where else ""
        return kind(
            f"{shortened(self.written(names))} is not defined{at}: "
            f"{self.name} needs {self.requirement or 'other operands'}"
        )

    @staticmethod
    def operand_names(count: int) -> list[str]:
        """Placeholders for operands without names of their own."""
        return ["x", "y"][:count] if count <= 2 else [f"x{i}" for i in range(1, count + 1)]

    def _on_arrays(self, numpy: Any, operands: Sequence[Any]) -> Any:
        """The rule on arrays, with the same decisions at the edges as on floats."""
        rule = functools.partial(self.array, numpy) if self.array else self.forward
        odd = [x.dtype for x in operands if isinstance(x, numpy.ndarray) and x.dtype.kind not in "biuf"]
        if odd:
            raise TypeError(
                f"{self.name} takes arrays of real numbers, not of {odd[0]}: convert one with "
                ".astype(float), or take its elements one by one"
            )
        # NumPy has no negative powers of whole numbers, and lets them overflow in silence.
        whole = [isinstance(x, numpy.ndarray) and x.dtype.kind in "biu" for x in operands]
        operands = [x.astype(float) if is_whole else x for x, is_whole in zip(operands, whole, strict=True)]
        with numpy.errstate(over="ignore", under="ignore", divide="raise", invalid="raise"):
            try:
                return rule(*operands)
            except (FloatingPointError, ValueError):
                entries = zip(*map(numpy.ravel, self._broadcast(numpy, operands)), strict=True)
        for entry in entries:
            self.evaluate([float(x) for x in entry])  # raises at the first entry where it is undefined
        with numpy.errstate(all="ignore"):  # inf - inf is NaN, of floats and of arrays
            return rule(*operands)

    def _broadcast(self, numpy: Any, operands: Sequence[Any]) -> Sequence[Any]:
        """The operands in their common shape.

        Raises:
            ValueError: there is none.
        """
        try:
            arrays: Sequence[Any] = numpy.broadcast_arrays(*operands)
        except ValueError:
            shapes = " and ".join(str(numpy.shape(x)) for x in operands)
            raise ValueError(
                f"{self.name} goes entry by entry, and the shapes {shapes} do not fit: "
                "axes are of one length, or 1, which is taken again and again"
            ) from None
        return arrays


def names_of(operands: Sequence[Any]) -> list[str]:
    """What an error calls Values: by labels where there are some, constants by number, the rest not."""
    return [readable(v.label) if v.label else _number_term(v.data) if v.is_constant else "" for v in operands]


def _number_term(x: float) -> Term:
    return Term(f"{x:.17g}", NEG if math.copysign(1.0, x) < 0 else ATOM)


def numbers_of(names: Sequence[str], values: Sequence[float]) -> str:
    """What an error says of operands: ``x = 3, y = 0``; the same one once, and not what is its own name."""
    named = dict.fromkeys(zip(names, values, strict=True))
    told = [f"{name} = {value:.17g}" for name, value in named if name != f"{value:.17g}"]
    more = len(told) - _MOST_NUMBERS
    return ", ".join(told[:_MOST_NUMBERS]) + (f" and {more:,} more" if more > 0 else "")


def readable(label: str) -> str:
    r"""A label as it stands in a formula: short, on one line, between backticks unless it is a plain name.

    >>> readable("w_1"), readable("a + b"), readable("two\nlines")
    ('w_1', '`a + b`', '`two\\nlines`')
    """
    plain = label.replace("[", "").replace("]", "").replace(".", "").replace("'", "")
    if plain.isidentifier() and len(label) <= _LONGEST:
        return label
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in label[: _LONGEST + 1]
    )
    shown = shown.replace("`", "'")  # else two names and what stands between them could read like two others
    return f"`{shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + '...'}`"


def shortened(formula: str) -> str:
    """A long formula (a sum of a thousand terms) without its middle; no name or number is cut in two."""
    if len(formula) <= _LONGEST_FORMULA:
        return str(formula)
    half = _LONGEST_FORMULA // 2 - 2
    # A label between backticks may have spaces of its own.
    whole = re.sub("`[^`]*`", lambda name: name[0].replace(" ", "\0"), formula)
    return f"{whole[:half].rpartition(' ')[0]} ... {whole[-half:].partition(' ')[2]}".replace("\0", " ")
