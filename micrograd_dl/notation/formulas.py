"""How a graph is written: its formulas and the symbols of its derivatives, as text and as LaTeX.

One symbol never means two things. A local derivative is written ``du/db`` only where it is the whole
derivative, because b is used in u and nowhere else. Otherwise it is ``∂u/∂b``, or ``∂u/∂x[1]``, ``∂u/∂x[2]``
where x is an operand twice. ``db`` is short for ``dJ/db``, unless a node is called ``db``. If backprop begins
with another seed than 1, J is a part of some L: the seed is ``dL/dJ``, and ``db`` is short for ``dL/db``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.lookup import listed
from micrograd_dl.foundation.number_like import require_value
from micrograd_dl.foundation.written import Term, readable, without_middle
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.kinks import is_at_kink, slope_taken
from micrograd_dl.notation.naming import free_name, unique_names, variables_outside
from micrograd_dl.notation.numbers import latex_number, number, number_term
from micrograd_dl.notation.slopes import SlopeFormulas

_LONGEST_LATEX = 400  # characters; commands are longer than they print
BEYOND = "L"  # the final result, if the seed is not 1


class Notation:
    """The names and formulas of one graph; `order` is topological, the result last.

    `seeded` says that backprop begins with another seed than 1. A node without a label has the name that
    `variables` gives for its `id`, if there is one.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> graph = Notation(topological_order(3 * (a + b * c)))
    >>> u = graph.node("u")
    >>> graph.formula(u), graph.gradient(u), graph.local(u, 0), graph.local_formula(u, 0)
    ('b * c', 'du', 'du/db', 'c')
    """

    def __init__(
        self, order: Sequence[Value], seeded: bool = False, variables: Mapping[int, str] | None = None
    ) -> None:
        self.root = order[-1]
        self._order, self._seeded = order, seeded
        self._variables = variables or {}

    @cached_property
    def names(self) -> Mapping[Value, str]:
        """The name of every node but constants, in topological order."""
        return unique_names(self._order, self._variables)

    @cached_property
    def uses(self) -> Mapping[Value, int]:
        """The number of times that each node is an operand."""
        return Counter(operand for node in self._order for operand in node.operands)

    @cached_property
    def _nodes(self) -> Mapping[str, Value]:
        return {name: node for node, name in self.names.items()}

    @cached_property
    def _end(self) -> str:
        return free_name(BEYOND, self._nodes) if self._seeded else self.names[self.root]

    def find(self, text: str) -> tuple[Value, bool]:
        """The node that is meant, and whether its gradient is: by ``db``, ``dJ/db`` or ``b.grad``.

        Printed names come first, then gradients, then labels: if the label of a node is dJ/db and another is
        called b, dJ/db is the gradient of b. KeyError with the names there are if it is none of these.
        """
        text = text.strip()
        # As typed, and as Python and the parser of expressions write accents.
        for form in dict.fromkeys([text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFKC"))]):
            if form in self._nodes:
                return self._nodes[form], False
            for prefix in ("d", f"d{self._end}/d"):
                node = self._nodes.get(form.removeprefix(prefix))
                if node is not None and form in (self.gradient(node), self.total(node)):
                    return node, True
            stem, _, attribute = form.rpartition(".")
            for name, is_gradient in ((form, False), (stem, attribute == "grad")):
                if readable(name) in self._nodes and (name is form or attribute in ("data", "grad")):
                    return self._nodes[readable(name)], is_gradient
        raise KeyError(f"no node is called {text!r:.70}; there are {self.listed()}")

    def node(self, name: str) -> Value:
        """The node called `name`, or so labelled; KeyError with the names there are if there is none."""
        node, is_gradient = self.find(name)
        if is_gradient:
            raise KeyError(f"{name} is the gradient of {self.name(node)}, not a node")
        return node

    def listed(self) -> str:
        """The names there are, for a message."""
        return listed(self._nodes)

    def name(self, node: Value) -> str:
        """The node's name; the number of a constant."""
        return self.names[node] if node in self.names else number(node.data)

    def is_given(self, node: Value) -> bool:
        """Whether the node's name is the user's: its label, or that of a variable."""
        return bool(node.label) or id(node) in self._variables

    def formula(self, node: Value) -> str:
        """The operation that made the node, on the names of its operands; a leaf's own name."""
        if node.op is None or node.is_constant:
            return self._term(node)
        return without_middle(node.op.written([self._term(operand) for operand in node.operands]))

    def numbers(self, node: Value, operands: Sequence[float]) -> str:
        """The node's formula with numbers in place of names."""
        assert node.op is not None
        return without_middle(node.op.written([number_term(x) for x in operands]))

    def total(self, node: Value) -> str:
        """The derivative of the result by `node`, in full: ``dJ/db``."""
        return f"d{self._end}/d{self.name(node)}"

    def gradient(self, node: Value) -> str:
        """The derivative in short, ``db``; in full where a node of the graph has that name."""
        short = f"d{self.name(node)}"
        return self.total(node) if short in self._nodes else short

    def local(self, node: Value, index: int) -> str:
        """The symbol of the derivative of `node` by its operand `index`, the other operands held."""
        d, which = self._sign(node, index)
        operand, mark = self.name(node.operands[index]), f"[{which}]" if which else ""
        if mark and operand + mark in self._nodes:
            operand = f"({operand})"
        return f"{d}{self.name(node)}/{d}{operand}{mark}"

    def local_formula(self, node: Value, index: int) -> Term:
        """The formula of that derivative: the table's rule, applied to names."""
        assert node.op is not None
        operands = [p.data if p.is_constant else self._term(p) for p in node.operands]
        formula = SlopeFormulas(node.op, operands, self._term(node))[index]
        return Term(without_middle(formula), formula.precedence)

    def at_kink(
        self, node: Value, index: int, operands: Sequence[float] | None = None, slope: float | None = None
    ) -> str:
        """A sentence saying which slope was taken at an operand's kink; empty if it is not at one.

        The data of the operands and the slope are those of the graph if they are left out.

        >>> z = Value(0, "z")
        >>> a = z.relu()
        >>> Notation([z, a]).at_kink(a, 0)
        'z = 0 is a kink: the slope of the right side, 1, is taken'
        """
        numbers = [p.data for p in node.operands] if operands is None else operands
        if not is_at_kink(node.op, numbers) or node.operands[index].is_constant:
            return ""
        taken = slope_taken(node, index, numbers, node.slopes[index] if slope is None else slope)
        # In maximum(a, b) with a = b = 3, both are at the kink.
        equal = [p for p, x in zip(node.operands, numbers, strict=True) if x == numbers[index]]
        names = dict.fromkeys(self.name(p) for p in equal if not p.is_constant)
        return f"{' = '.join([*names, number(numbers[index])])} is {taken}" if taken else ""

    def latex_formula(self, node: Value, operands: Sequence[float] | None = None) -> str:
        """The node's operation in LaTeX, on names or, if `operands` are given, on numbers."""
        assert node.op is not None
        terms = [*(map(self.latex_name, node.operands) if operands is None else map(latex_number, operands))]
        formula = node.op.written(terms, latex=True)
        if len(formula) <= _LONGEST_LATEX:
            return str(formula)
        return rf"\operatorname{{{_latex_escaped(node.op.name)}}}({terms[0]}, \dots, {terms[-1]})"

    def latex_total(self, node: Value) -> str:
        """The derivative of the result by `node` in LaTeX."""
        return rf"\frac{{d{self._in_latex(self._end)}}}{{d{self.latex_name(node)}}}"

    def latex_local(self, node: Value, index: int) -> str:
        """The symbol of a local derivative in LaTeX."""
        d, which = self._sign(node, index)
        d = r"\partial " if d == "∂" else d
        fraction = rf"\frac{{{d}{self.latex_name(node)}}}{{{d}{self.latex_name(node.operands[index])}}}"
        return rf"\left.{fraction}\right|_{{{which}}}" if which else fraction

    def latex_name(self, node: Value) -> Term:
        """The node's name in LaTeX; the number of a constant."""
        return Term(self._in_latex(self.names[node])) if node in self.names else latex_number(node.data)

    def _in_latex(self, name: str) -> str:
        is_twin = "_" in name and name.replace("_", "") in self._nodes  # a_1 beside a1
        match = re.fullmatch(r"([^\W\d_]+)(?:_?(\d+))?", name)
        if match is None or is_twin:
            return rf"\text{{{_latex_escaped(name)}}}"
        stem = match[1] if len(match[1]) == 1 else rf"\mathit{{{match[1]}}}"
        return f"{stem}_{{{match[2]}}}" if match[2] else stem

    def _term(self, node: Value) -> Term:
        return number_term(node.data) if node.is_constant else Term(self.names[node])

    def _sign(self, node: Value, index: int) -> tuple[str, int]:
        """d or ∂, and the number of the occurrence where one operand occurs more than once."""
        operands = node.operands
        operand = operands[index]
        if self.uses[operand] == 1:
            return "d", 0
        return "∂", operands[: index + 1].count(operand) if operands.count(operand) > 1 else 0


def recorded_graph(root: Value, node: Value) -> tuple[list[Value], Notation]:
    """The nodes of the graph in order, and its notation, with a name for `node` if it takes no part."""
    require_value(node)
    order = recorded_order(root)
    if node.is_constant:
        shown = number(node.data)
        raise ValueError(
            f"{shown} is a constant, which has no derivative: make it a variable with Value(...)"
        )
    known = set(order)
    more = [n for n in topological_order(node) if n not in known]
    return order, Notation(more + order, variables=variables_outside())


def _latex_escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c, "\\" + c if c in "#$%&_{}" else c) for c in text)
