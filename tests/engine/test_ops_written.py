"""How operations are written: the text reads back to the same number, the LaTeX is well formed."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.foundation.written import ADD, ATOM, MUL, NEG, POW, Term
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.numbers import latex_number
from micrograd_dl.testing import Graph, graphs, operands

every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=list(TABLE))
# Two that only derivatives need are written as mathematics has them, which the parser does not read as them.
WRITTEN_OTHERWISE = {"above", "at_least", "log_for_power"}
every_readable_operation = pytest.mark.parametrize(
    "operation", [operation for name, operation in TABLE.items() if name not in WRITTEN_OTHERWISE], ids=repr
)
# Each of these tests is many, one for every operation.
fewer = settings(max_examples=settings().max_examples // 4)


def latex_of(graph: Graph) -> str:
    terms = [Term(leaf.label) for leaf in graph.leaves]
    for operation, references in graph.program:
        operands = [terms[x] if isinstance(x, int) else latex_number(x) for x in references]
        terms.append(operation.written(operands, latex=True))
    return terms[-1]


def assert_well_formed(latex: str) -> None:
    """Groups are closed in the order in which they were opened, and nothing has two exponents."""
    stack = []
    for sign in re.findall(r"\\.|[{}()\[\]]", latex):
        if sign in "{([":
            stack.append(sign)
        elif sign in "})]":
            assert stack, latex
            assert stack.pop() + sign in ("{}", "()", "[]"), latex
    assert not stack, latex
    flat, count = latex, 1
    while count:
        flat, count = re.subn(r"\{[^{}]*\}", "@", flat)
        assert not re.search(r"\^@\s*\^", flat), latex


@every_readable_operation
@fewer
@given(data=st.data())
def test_the_text_of_an_operation_reads_back(operation: Operation, data: st.DataObject) -> None:
    point = data.draw(operands(operation))
    names = [f"x{i}" for i in range(1, len(point) + 1)]
    read = parse(operation.written(names), **dict(zip(names, point, strict=True)))
    assert read.data == operation.evaluate(point)


def least_precedences(operation: Operation, count: int, latex: bool) -> list[int]:
    """How tightly each operand must bind, at least, to stand without parentheses."""
    return [
        min(
            precedence
            for precedence in (ADD, MUL, NEG, POW, ATOM)
            if "(u" not in operation.written(inserted(Term("u", precedence), position, count), latex)
        )
        for position in range(count)
    ]


def inserted(term: Term, position: int, count: int) -> list[Term]:
    return [term if i == position else Term("v") for i in range(count)]


@pytest.mark.parametrize(
    ("name", "text", "latex"),
    [
        ("add", [ADD, MUL], [ADD, MUL]),
        ("sub", [ADD, MUL], [ADD, MUL]),
        ("mul", [MUL, NEG], [MUL, MUL]),
        ("div", [MUL, NEG], [ADD, ADD]),
        ("neg", [POW], [POW]),  # -(-2): two signs in a row are easily misread
        ("pow", [ATOM, NEG], [ATOM, ADD]),
        ("sum", [ADD, MUL, MUL], [ADD, MUL, MUL]),
        ("dot", [MUL, NEG, MUL, NEG], [MUL, NEG, MUL, NEG]),
        ("affine", [MUL, NEG, MUL], [MUL, NEG, MUL]),
        ("at_least", [ADD, ADD], [ADD, ADD]),
    ],
)
def test_no_operand_has_parentheses_that_it_does_not_need(
    name: str, text: list[int], latex: list[int]
) -> None:
    assert least_precedences(TABLE[name], len(text), latex=False) == text
    assert least_precedences(TABLE[name], len(latex), latex=True) == latex


@every_readable_operation
@pytest.mark.parametrize(
    "inner", [Term("a - b", ADD), Term("a / b", MUL), Term("-a", NEG), Term("a ** b", POW), Term("a", ATOM)]
)
def test_operands_that_need_parentheses_have_them(operation: Operation, inner: Term) -> None:
    """Each operand in turn is a sum, a product, ..., and the parser reads what was meant."""
    a, b, others = 3.75, 1.25, 2.0
    for count in [operation.arity] if operation.arity is not None else [3, 4]:
        for position in range(count):
            names: list[str] = [f"x{i}" for i in range(count)]
            values = dict.fromkeys(names, others)
            point = [others] * count
            point[position] = parse(inner, a=a, b=b).data
            names[position] = inner
            try:
                expected = operation.evaluate(point)
            except ValueError:
                continue  # dot takes pairs; the logarithm of a negative number
            read = parse(operation.written(names), a=a, b=b, **values).data
            assert read == expected or (math.isnan(read) and math.isnan(expected))


@given(graphs())
def test_the_text_of_a_graph_reads_back(graph: Graph) -> None:
    values = {leaf.label: x for leaf, x in zip(graph.leaves, graph.numbers, strict=True)}
    assert parse(graph.text, **values).data == graph.root.data


@given(graphs())
def test_the_latex_of_a_graph_is_well_formed(graph: Graph) -> None:
    assert_well_formed(latex_of(graph))


@pytest.mark.parametrize(
    ("text", "latex", "operation", "operands"),
    [
        ("a + b", "a + b", "add", "ab"),
        ("a * b", r"a \cdot b", "mul", "ab"),
        ("a / b", r"\frac{a}{b}", "div", "ab"),
        ("-a", "-a", "neg", "a"),
        ("a ** b", "a^{b}", "pow", "ab"),
        ("exp(a)", "e^{a}", "exp", "a"),
        ("log(a)", r"\log(a)", "log", "a"),
        ("sigmoid(a)", r"\sigma(a)", "sigmoid", "a"),
        ("leaky_relu(a)", r"\operatorname{leaky\_relu}(a)", "leaky_relu", "a"),
        ("abs(a)", "|a|", "abs", "a"),
        ("maximum(a, b)", r"\max(a, b)", "maximum", "ab"),
        ("a", "a", "sum", "a"),
        ("a + b + c", "a + b + c", "sum", "abc"),
        ("a * b + c * d", r"a \cdot b + c \cdot d", "dot", "abcd"),
        ("a * b + c", r"a \cdot b + c", "affine", "abc"),
        ("logsumexp(a, b)", r"\log(e^{a} + e^{b})", "logsumexp", "ab"),
        ("1 if a >= b else 0", r"[a \ge b]", "at_least", "ab"),
        ("log(a)", r"\log(a)", "log_for_power", "a"),
        ("b * a ** (b - 1)", r"b \cdot a^{b - 1}", "power_slope", "ab"),
    ],
)
def test_written_forms(text: str, latex: str, operation: str, operands: str) -> None:
    assert TABLE[operation].written(list(operands)) == text
    assert TABLE[operation].written(list(operands), latex=True) == latex
