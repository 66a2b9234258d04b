"""How a graph is written: numbers, formulas, and the symbols of its derivatives, as text and as LaTeX.

One symbol never means two things. ``du/db`` is written for a local derivative only where it is also the
whole derivative, because b is used in u and nowhere else. Otherwise it is the partial ``∂u/∂b``, and
``∂u/∂x[1]``, ``∂u/∂x[2]`` where the same x is an operand twice. ``db`` is short for ``dJ/db``; where a node
of the graph bears that very name, ``dJ/db`` is written in full.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from micrograd_dl.naming import unique_names
from micrograd_dl.operation import ATOM, NEG, Term
from micrograd_dl.value import Value, topological_order

_LONGEST_FORMULA = 120


def number(x: float) -> str:
    """A number for people: six significant digits, whole numbers without a point.

    >>> number(6.0), number(0.1 + 0.2), number(1e-7), number(float("nan"))
    ('6', '0.3', '1e-07', 'nan')
    """
    return f"{x + 0.0:.6g}"  # + 0.0 turns -0.0 into 0.0


def exact(x: float) -> str:
    """A number as Python reads it back to the same double: the shortest such, whole numbers without a point.

    >>> exact(6.0), exact(0.1 + 0.2), exact(float("inf"))
    ('6', '0.30000000000000004', 'float("inf")')
    """
    if not math.isfinite(x):
        return f'float("{x}")'
    return repr(int(x)) if x.is_integer() and abs(x) < 1e15 else repr(x)


def number_term(x: float) -> Term:
    """A rounded number as a piece of a formula: a negative one binds like a minus sign."""
    return Term(number(x), NEG if x < 0 else ATOM)


def exact_term(x: float) -> Term:
    """The same for an exact number."""
    return Term(exact(x), NEG if x < 0 else ATOM)


class Notation:
    """The names and formulas of one graph.

    Args:
        order: the graph's nodes in topological order, the result last.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> graph = Notation(topological_order(3 * (a + b * c)))
    >>> u = graph.node("u")
    >>> graph.formula(u), graph.gradient(u), graph.local(u, 0), graph.local_formula(u, 0)
    ('b * c', 'du', 'du/db', 'c')
    """

    def __init__(self, order: Sequence[Value]) -> None:
        self.root = order[-1]
        self.names: Mapping[Value, str] = unique_names(order)
        self.uses: Mapping[Value, int] = Counter(parent for node in order for parent in node.parents)
        self._nodes = {name: node for node, name in self.names.items()}

    def node(self, name: str) -> Value:
        """The node called `name`; KeyError, with the names there are, if there is none."""
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(list(self._nodes)[:20])
            raise KeyError(f"no node is called {name!r}; there are {known}") from None

    def name(self, node: Value) -> str:
        """The node's name; of a constant, its number."""
        return number(node.data) if node.is_constant else self.names[node]

    def formula(self, node: Value) -> str:
        """The operation that made the node, on the names of its operands; a leaf's own name."""
        return _shortened(self._formula(node))

    def numbers(self, node: Value, operands: Sequence[float]) -> str:
        """The same with numbers in place of the names."""
        assert node.op is not None
        return _shortened(node.op.written([number_term(x) for x in operands]))

    def total(self, node: Value) -> str:
        """The derivative of the result by `node`, in full: ``dJ/db``."""
        return f"d{self.name(self.root)}/d{self.name(node)}"

    def gradient(self, node: Value) -> str:
        """The same in short, ``db``; in full where a node of the graph has that name."""
        short = f"d{self.name(node)}"
        return self.total(node) if short in self._nodes else short

    def local(self, node: Value, index: int) -> str:
        """The symbol of the derivative of `node` by its operand `index`, the other operands held."""
        parent = node.parents[index]
        d, which = self._sign(node, index)
        return f"{d}{self.name(node)}/{d}{self.name(parent)}" + (f"[{which}]" if which else "")

    def local_formula(self, node: Value, index: int, latex: bool = False) -> Term:
        """The formula of that derivative: the table's rule, applied to names."""
        return self.local_formulas(node, self._latex_name if latex else self._term, latex)[index]

    def local_formulas(self, node: Value, name: Callable[[Value], Term], latex: bool = False) -> list[Term]:
        """The formulas of the derivatives of `node` by all its operands, with names of one's own."""
        assert node.op is not None
        # Any number would do for the stand-ins; no operation is undefined at NaN.
        stand_ins = {p: Value(float("nan")) for p in (*node.parents, node) if not p.is_constant}
        variable = [not p.is_constant for p in node.parents]
        slopes = node.op.slopes(stand_ins[node], [stand_ins.get(p, p.data) for p in node.parents], variable)
        names = {stand_in: name(p) for p, stand_in in stand_ins.items()}
        return [written(slope, names, latex) if isinstance(slope, Value) else exact_term(slope) for slope in slopes]

    # --- LaTeX ------------------------------------------------------------------------------------------

    def latex_formula(self, node: Value, operands: Sequence[float] | None = None) -> str:
        """The node's operation in LaTeX, on names or, if `operands` are given, on numbers."""
        assert node.op is not None
        if operands is None:
            return node.op.written([self._latex_name(p) for p in node.parents], latex=True)
        return node.op.written([latex_number(x) for x in operands], latex=True)

    def latex_total(self, node: Value) -> str:
        """The derivative of the result by `node` in LaTeX."""
        return rf"\frac{{d{self._latex_name(self.root)}}}{{d{self._latex_name(node)}}}"

    def latex_local(self, node: Value, index: int) -> str:
        """The symbol of a local derivative in LaTeX."""
        d, which = self._sign(node, index)
        d = r"\partial " if d == "∂" else d
        fraction = rf"\frac{{{d}{self._latex_name(node)}}}{{{d}{self._latex_name(node.parents[index])}}}"
        return rf"\left.{fraction}\right|_{{{which}}}" if which else fraction

    def latex_name(self, node: Value) -> str:
        """The node's name in LaTeX."""
        return str(self._latex_name(node))

    def _latex_name(self, node: Value) -> Term:
        if node.is_constant:
            return latex_number(node.data)
        name = self.names[node]
        match = re.fullmatch(r"([^\W\d_]+)_?(\d*)", name)
        if match is None:
            return Term(rf"\text{{{_latex_escaped(name)}}}")
        stem, digits = match.groups()
        stem = stem if len(stem) == 1 else rf"\mathit{{{stem}}}"
        return Term(f"{stem}_{{{digits}}}" if digits else stem)

    def _formula(self, node: Value) -> Term:
        if node.op is None or node.is_constant:
            return Term(self.name(node))
        return node.op.written([self._term(p) for p in node.parents])

    def _term(self, node: Value) -> Term:
        return number_term(node.data) if node.is_constant else Term(self.names[node])

    def _sign(self, node: Value, index: int) -> tuple[str, int]:
        """d or ∂, and the number of the occurrence where one operand occurs more than once."""
        parents = node.parents
        parent = parents[index]
        if self.uses[parent] == 1:
            return "d", 0
        return "∂", parents[: index + 1].count(parent) if parents.count(parent) > 1 else 0


def written(root: Value, names: Mapping[Value, Term], latex: bool = False) -> Term:
    """The formula of a whole graph, down to the nodes in `names`."""
    terms = dict(names)
    for node in topological_order(root):
        if node in terms:
            continue
        if node.op is None or node.is_constant:
            terms[node] = latex_number(node.data) if latex else exact_term(node.data)
        else:
            terms[node] = node.op.written([terms[p] for p in node.parents], latex)
    return terms[root]


def latex_number(x: float) -> Term:
    r"""A rounded number in LaTeX.

    >>> str(latex_number(1.5e-7)), str(latex_number(float("-inf")))
    ('1.5 \\cdot 10^{-7}', '-\\infty')
    """
    text = number(x)
    mantissa, e, exponent = text.partition("e")
    if e:
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    text = text.replace("inf", r"\infty").replace("nan", r"\text{NaN}")
    return Term(text, NEG if x < 0 else ATOM)


def _latex_escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c, "\\" + c if c in "#$%&_{}" else c) for c in text)


def _shortened(formula: str) -> str:
    """A long formula (a sum of a thousand terms) with its middle left out."""
    if len(formula) <= _LONGEST_FORMULA:
        return str(formula)
    half = _LONGEST_FORMULA // 2 - 3
    return f"{formula[:half]} ... {formula[-half:]}"
