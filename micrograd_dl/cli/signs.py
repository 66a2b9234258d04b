"""What the signs of a walk mean, with the reader's own graph as the example."""

from __future__ import annotations

from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.steps import Contribute

_MOST = 1000  # terms that are searched for examples


def in_short(trace: Trace) -> list[str]:
    """What a gradient and a numbered partial derivative are, each in a line."""
    found = _examples(trace)
    write, node, numbered = found["first"].notation, found["first"].operand, found["[1]"]
    return [
        f"{write.gradient(node)} is the gradient at {write.name(node)} summed so far; "
        f"after its last term it is {write.total(node)}.",
        f"{_partials(numbered)}: {_formula(numbered)} uses {_operand(numbered)} "
        f"{_times(numbered.node.operands.count(numbered.operand))}; each use has a local derivative.",
    ]


def in_full(trace: Trace) -> list[tuple[str, str]]:
    """Each sign with its meaning. A sign that this graph lacks is explained with another, and says so."""
    found = _examples(trace)
    term, partial, numbered, kink = (found[sign] for sign in ("d", "∂", "[1]", "kink"))
    write, by = term.notation, _operand(term)
    gradient, local = write.gradient(term.operand), write.local(term.node, term.index)
    entries = [
        (term, gradient, f"The gradient at {by}: the sum of its terms so far. After its last term it is "
            f"{write.total(term.operand)}, the derivative of {write.name(write.root)} by {by}."),
        (term, local, f"A local derivative: that of {_formula(term)} by {by}, its other operands held. "
            f"It is {write.local_formula(term.node, term.index)}."),
        (partial, partial.notation.local(partial.node, partial.index),
            f"A local derivative of {_formula(partial)}, too. The round sign says that {_operand(partial)} "
            f"is used {_times(partial.terms)}: its gradient has a term for each use."),
        (numbered, _partials(numbered), f"{_formula(numbered)} has {_operand(numbered)} as an operand more "
            "than once. The number in brackets says which of them is meant."),
        (term, f"{term.equation()}   ({term.remarks()[0]})", "A step of backprop. += adds a term of the "
            f"chain rule to {gradient}: the gradient at {write.name(term.node)} times a local derivative, in "
            f"symbols and in numbers. In brackets, {gradient} before and after."),
        (kink, f"({kink.remarks()[-1]})", f"{_formula(kink)} is at a kink, where its slope jumps. Backprop "
            "has to take one, and says which."),
    ]  # fmt: skip
    absent = {True: "", False: "Not in this graph. "}
    return [
        *((sign, absent[term.notation is trace.notation] + meaning) for term, sign, meaning in entries),
        ("?", "A number that is not known yet."),
        ("`a b`", "A label that is not a plain name stands between backticks."),
    ]


def _examples(trace: Trace) -> dict[str, Contribute]:
    """A term for each sign, of this graph where it has one, and else of another."""
    found: dict[str, Contribute] = {}
    for source in (trace, Trace(parse("u = x*x; v = 3*y; J = relu(z) + u + v + x", x=3, y=2, z=0))):
        first = source.steps.summed_at(source.root)[0] + 1
        terms = [term for term in source.steps[first : first + _MOST] if isinstance(term, Contribute)]
        if terms:
            found.setdefault("first", terms[0])
        # The first term, with dJ/dJ, and a slope of 1 say less than others.
        for term in sorted(terms, key=lambda term: (term.node is source.root, term.local == 1)):
            is_numbered = term.node.operands.count(term.operand) > 1
            sign = "[1]" if is_numbered else term.notation.local(term.node, term.index)[0]
            found.setdefault(sign, term)
            if len(term.remarks()) > 1:
                found.setdefault("kink", term)
    return found


def _formula(term: Contribute) -> str:
    return f"{term.notation.name(term.node)} = {term.notation.formula(term.node)}"


def _operand(term: Contribute) -> str:
    return term.notation.name(term.operand)


def _partials(term: Contribute) -> str:
    """The first two of the partial derivatives by an operand that is used more than once."""
    places = [at for at, operand in enumerate(term.node.operands) if operand is term.operand]
    return ", ".join(term.notation.local(term.node, at) for at in places[:2])


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count:,} times"
