"""A result, its gradient and the walk to it as blocks of LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import Term
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.naming import variables_outside
from micrograd_dl.notation.numbers import latex_number
from micrograd_dl.notation.steps import Evaluate, Walk, written_node

_LONGEST_INLINE = 120  # characters of a formula in another; commands are longer than they print


def latex(root: Value) -> str:
    r"""The expression of a result and its gradient, with their numbers, as a block ``aligned`` of LaTeX.

    A node that is used several times, has a name or would be too long has a line of its own. In a notebook,
    ``IPython.display.Math(latex(J))`` shows it. RuntimeError if data was changed since the forward pass.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> print(latex(3 * (a + b * c)))
    \begin{aligned}
    J &= 3 \cdot (a + b \cdot c) = 33 \\
    \frac{dJ}{da} &= 3 \\
    \frac{dJ}{db} &= 6 \\
    \frac{dJ}{dc} &= 9
    \end{aligned}
    """
    order = recorded_order(root)
    walk = Walk(order, Notation(order, variables=variables_outside()))
    return _aligned([*_expression(walk), *_gradient(walk)])


def latex_walk(walk: Walk) -> str:
    """The expression, every step of the walk, and the gradient."""
    write = walk.notation
    lines = []
    for step in walk:
        node = written_node(step)
        left = write.latex_name(node) if isinstance(step, Evaluate) else write.latex_total(node)
        lines.append(f"{left} &{step.latex().removeprefix(left).lstrip()}")
    return _aligned([*_expression(walk), *lines, *_gradient(walk)])


def _expression(walk: Walk) -> Iterator[str]:
    write = walk.notation
    inlined: dict[Value, Term] = {}
    for node in walk.order:
        if not node.operands:
            continue
        assert node.op is not None
        formula = node.op.written([inlined.get(x) or write.latex_name(x) for x in node.operands], latex=True)
        if len(formula) > _LONGEST_INLINE:
            for x in dict.fromkeys(node.operands):
                if x in inlined:
                    yield f"{write.latex_name(x)} &= {inlined.pop(x)} = {latex_number(walk.data(x))}"
            formula = Term(write.latex_formula(node))
        if write.uses[node] == 1 and not write.is_given(node) and len(formula) <= _LONGEST_INLINE:
            inlined[node] = formula
        else:
            yield f"{write.latex_name(node)} &= {formula} = {latex_number(walk.data(node))}"


def _gradient(walk: Walk) -> Iterator[str]:
    for node in walk.order:
        if node.is_leaf:
            yield f"{walk.notation.latex_total(node)} &= {latex_number(walk.gradient(node))}"


def _aligned(lines: Iterable[str]) -> str:
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])
