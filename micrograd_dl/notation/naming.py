"""Names for the nodes of a graph: the user's labels first, and the course's letters for other nodes."""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from types import MappingProxyType

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import readable

# The course writes J for the result and u, v for what lies between; more letters follow while they last.
RESULT = "J"
LETTERS = ("u", "v", "p", "q", "r", "s", "t")


def name_values(namespace: Mapping[str, object] | None = None) -> None:
    """Label every Value in `namespace`, by default the caller's variables, that has no label yet.

    A label is the name of the variable. Lists and tuples of Values are numbered from 1, as in the course.
    Names that begin with an underscore are skipped. Of two names for one Value the first stays.

    >>> a, w = Value(1), [Value(2), Value(3)]
    >>> name_values({"a": a, "w": w})
    >>> a.label, w[0].label, w[1].label
    ('a', 'w1', 'w2')
    """
    found = sys._getframe(1).f_locals if namespace is None else namespace
    for name, item in list(found.items()):
        several = enumerate(item, 1) if isinstance(item, list | tuple) else ()
        for label, value in [(name, item), *((f"{name}{i}", element) for i, element in several)]:
            if isinstance(value, Value) and not (value.label or value.is_constant or name.startswith("_")):
                value.label = label


def variables_outside() -> dict[int, str]:
    """The names of the variables, by the `id` of their Value, of the notebook or script that calls.

    Of two names the first stays; those that begin with an underscore are skipped. Inside a function, nothing
    is found.
    """
    frame = sys._getframe(1)
    while (frame.f_globals.get("__package__") or "").partition(".")[0] in _INSIDE and frame.f_back:
        frame = frame.f_back
    variables = frame.f_locals if frame.f_locals is frame.f_globals else {}
    found: dict[int, str] = {}
    for name, item in list(variables.items()):
        if isinstance(item, Value) and not name.startswith("_") and name.isidentifier():
            found.setdefault(id(item), name)
    return found


_INSIDE = ("micrograd_dl", "viz")


def unique_names(
    order: Sequence[Value], variables: Mapping[int, str] = MappingProxyType({})
) -> dict[Value, str]:
    """One name for each node of a graph in topological order, no two the same; constants have none.

    Labels come first; a second ``a`` is called ``a_2``. Then come `variables`, names by the `id` of a node.
    The result is called J, other results u, v, ... or u1, u2, ...; leaves x, or x1, x2, ...
    """
    given: dict[Value, str] = {}
    names = UniqueNames(lambda name: chain([name], numbered(f"{name}_", 2)))
    for node in order:
        if node.label and not node.is_constant:
            given[node] = names.take(readable(unicodedata.normalize("NFC", node.label)))
    for node in order:
        name = variables.get(id(node), "")
        if name and not (node in given or node.is_constant or readable(name) in names.taken):
            given[node] = names.take(readable(name))
    if order[-1] not in given:
        given[order[-1]] = names.first(chain([RESULT], numbered(RESULT, 1)))
    rest = [node for node in order if node not in given and not node.is_constant]
    leaves, interior = [n for n in rest if n.is_leaf], [n for n in rest if not n.is_leaf]
    letters = [letter for letter in LETTERS if letter not in names.taken]
    for nodes, few, stem in ((interior, letters, "u"), (leaves, ["x"], "x")):
        candidates = chain(few if len(nodes) <= len(few) else (), numbered(stem, 1))
        given.update((node, names.first(candidates)) for node in nodes)
    return {node: given[node] for node in order if node in given}


class UniqueNames:
    """Hands out names, no two the same; `variants` are those to try, one after another, for a name."""

    def __init__(self, variants: Callable[[str], Iterator[str]], taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self._variants = functools.cache(variants)  # so that no variant is tried twice

    def take(self, name: str) -> str:
        """The first variant of `name` that is free; it is taken then."""
        return self.first(self._variants(name))

    def first(self, candidates: Iterator[str]) -> str:
        """Take and return the first candidate that is free."""
        name = next(name for name in candidates if name not in self.taken)
        self.taken.add(name)
        return name


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or if that is taken, the first of name1, name2, ... that is not."""
    return next(free for free in chain([name], numbered(name, 1)) if free not in taken)


def numbered(stem: str, start: int) -> Iterator[str]:
    """The stem with a number behind it: stem1, stem2, ..."""
    return (f"{stem}{i}" for i in count(start))
