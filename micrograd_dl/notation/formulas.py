"""How a graph is written: numbers, formulas, and the symbols of its derivatives, as text and as LaTeX.

One symbol never means two things. ``du/db`` is written for a local derivative only where it is also the
whole derivative, because b is used in u and nowhere else. Otherwise it is the partial ``∂u/∂b``, and
``∂u/∂x[1]``, ``∂u/∂x[2]`` where the same x is an operand twice. ``db`` is short for ``dJ/db``; where a node
of the graph bears that very name, ``dJ/db`` is written in full. Where backprop begins with another seed than
1, J is not the end of it: the seed is ``dL/dJ``, and ``db`` is short for ``dL/db``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from micrograd_dl.engine.operation import Term, readable, shortened
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.naming import free_name, unique_names
from micrograd_dl.notation.numbers import exact_term, latex_number, number, number_term

_LONGEST_LATEX = 400  # its commands are longer than what they print
BEYOND = "L"  # what the result is part of, where the seed is not 1


class Notation:
    """The names and formulas of one graph.

    Args:
        order: the graph's nodes in topological order, the result last.
        seeded: whether backprop begins with another seed than 1.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> graph = Notation(topological_order(3 * (a + b * c)))
    >>> u = graph.node("u")
    >>> graph.formula(u), graph.gradient(u), graph.local(u, 0), graph.local_formula(u, 0)
    ('b * c', 'du', 'du/db', 'c')
    """

    def __init__(self, order: Sequence[Value], seeded: bool = False) -> None:
        self.root = order[-1]
        self.names: Mapping[Value, str] = unique_names(order)
        self.uses: Mapping[Value, int] = Counter(parent for node in order for parent in node.operands)
        self._nodes = {name: node for node, name in self.names.items()}
        self._end = free_name(BEYOND, self._nodes) if seeded else self.names[self.root]

    def node(self, name: str) -> Value:
        """The node called `name` (or so labelled); KeyError, with the names there are, if there is none."""
        for known in (name, readable(name)):
            if known in self._nodes:
                return self._nodes[known]
        raise KeyError(f"no node is called {name!r:.70}; there are {self.listed()}")

    def listed(self) -> str:
        """The names there are, for a message: of a large graph the first, and how many more."""
        names = [*islice(self._nodes, 20)]
        more = len(self._nodes) - len(names)
        return ", ".join(names) + (f" and {more:,} more" if more else "")

    def name(self, node: Value) -> str:
        """The node's name; of a constant, its number."""
        return self.names[node] if node in self.names else number(node.data)

    def formula(self, node: Value) -> str:
        """The operation that made the node, on the names of its operands; a leaf's own name."""
        return shortened(self._formula(node))

    def numbers(self, node: Value, operands: Sequence[float]) -> str:
        """The same with numbers in place of the names."""
        assert node.op is not None
        return shortened(node.op.written([number_term(x) for x in operands]))

    def total(self, node: Value) -> str:
        """The derivative of the result by `node`, in full: ``dJ/db``."""
        return f"d{self._end}/d{self.name(node)}"

    def gradient(self, node: Value) -> str:
        """The same in short, ``db``; in full where a node of the graph has that name."""
        short = f"d{self.name(node)}"
        return self.total(node) if short in self._nodes else short

    def local(self, node: Value, index: int) -> str:
        """The symbol of the derivative of `node` by its operand `index`, the other operands held."""
        parent = node.operands[index]
        d, which = self._sign(node, index)
        operand = self.name(parent)
        if which and f"{operand}[{which}]" in self._nodes:
            operand = f"({operand})"
        return f"{d}{self.name(node)}/{d}{operand}" + (f"[{which}]" if which else "")

    def local_formula(self, node: Value, index: int) -> Term:
        """The formula of that derivative: the table's rule, applied to names."""
        return self.local_formulas(node, self._term)[index]

    def local_formulas(self, node: Value, name: Callable[[Value], Term]) -> list[Term]:
        """The formulas of the derivatives of `node` by all its operands, with names of one's own."""
        assert node.op is not None
        # Any number would do for the stand-ins; no operation is undefined at NaN.
        stand_ins = {p: Value(float("nan")) for p in (*node.operands, node) if not p.is_constant}
        variable = [not p.is_constant for p in node.operands]
        slopes = node.op.slopes(stand_ins[node], [stand_ins.get(p, p.data) for p in node.operands], variable)
        names = {stand_in: name(p) for p, stand_in in stand_ins.items()}
        return [written(slope, names) if isinstance(slope, Value) else exact_term(slope) for slope in slopes]

    # --- LaTeX ------------------------------------------------------------------------------------------

    def latex_formula(self, node: Value, operands: Sequence[float] | None = None) -> str:
        """The node's operation in LaTeX, on names or, if `operands` are given, on numbers."""
        assert node.op is not None
        terms = (
            [self._latex_name(p) for p in node.operands] if operands is None else map(latex_number, operands)
        )
        return _shortened_latex(node.op.written([*terms], latex=True))

    def latex_total(self, node: Value) -> str:
        """The derivative of the result by `node` in LaTeX."""
        return rf"\frac{{d{self._in_latex(self._end)}}}{{d{self._latex_name(node)}}}"

    def latex_local(self, node: Value, index: int) -> str:
        """The symbol of a local derivative in LaTeX."""
        d, which = self._sign(node, index)
        d = r"\partial " if d == "∂" else d
        fraction = rf"\frac{{{d}{self._latex_name(node)}}}{{{d}{self._latex_name(node.operands[index])}}}"
        return rf"\left.{fraction}\right|_{{{which}}}" if which else fraction

    def latex_name(self, node: Value) -> str:
        """The node's name in LaTeX."""
        return str(self._latex_name(node))

    def _latex_name(self, node: Value) -> Term:
        return Term(self._in_latex(self.names[node])) if node in self.names else latex_number(node.data)

    def _in_latex(self, name: str) -> str:
        if match := re.fullmatch(r"`(.*)`(?:_(\d+))?", name):
            stem = rf"\texttt{{{_latex_escaped(match[1])}}}"
        elif (match := re.fullmatch(r"([^\W\d_]+)(?:_?(\d+))?", name)) and not self._is_twin(name):
            stem = match[1] if len(match[1]) == 1 else rf"\mathit{{{match[1]}}}"
        else:
            return rf"\text{{{_latex_escaped(name)}}}"
        return f"{stem}_{{{match[2]}}}" if match[2] else stem

    def _is_twin(self, name: str) -> bool:
        """Whether the name is that of another node but for its underscore: a_1 beside a1."""
        return "_" in name and name.replace("_", "") in self._nodes

    def _formula(self, node: Value) -> Term:
        if node.op is None or node.is_constant:
            return self._term(node)
        return node.op.written([self._term(p) for p in node.operands])

    def _term(self, node: Value) -> Term:
        return number_term(node.data) if node.is_constant else Term(self.names[node])

    def _sign(self, node: Value, index: int) -> tuple[str, int]:
        """d or ∂, and the number of the occurrence where one operand occurs more than once."""
        parents = node.operands
        parent = parents[index]
        if self.uses[parent] == 1:
            return "d", 0
        return "∂", parents[: index + 1].count(parent) if parents.count(parent) > 1 else 0


def written(root: Value, names: Mapping[Value, Term]) -> Term:
    """The formula of a whole graph, down to the nodes in `names`."""
    terms = dict(names)
    for node in topological_order(root):
        if node in terms:
            continue
        if node.op is None or node.is_constant:
            terms[node] = exact_term(node.data)
        else:
            terms[node] = node.op.written([terms[p] for p in node.operands])
    return terms[root]


def _latex_escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c, "\\" + c if c in "#$%&_{}" else c) for c in text)


def _shortened_latex(formula: str) -> str:
    """A long formula in LaTeX without its middle, cut between two terms, outside of all braces."""
    if len(formula) <= _LONGEST_LATEX:
        return str(formula)
    terms: list[str] = []
    for piece in formula.split(" + "):
        inside = bool(terms) and _depth(terms[-1]) > 0
        terms[-1:] = [f"{terms[-1]} + {piece}"] if inside else [*terms[-1:], piece]
    few = max(1, len(terms) * _LONGEST_LATEX // len(formula) // 2)
    return " + ".join([*terms[:few], r"\cdots", *terms[-few:]]) if len(terms) > 2 * few else str(formula)


def _depth(text: str) -> int:
    """How many braces are open at the end; an escaped one is text."""
    text = text.replace(r"\{", "").replace(r"\}", "")
    return text.count("{") - text.count("}")
