"""What a notebook shows of each thing that the package makes: HTML that is whole, in which text is text."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import pytest

from micrograd_dl import Trace, Value, check, compiled, nn, nudge, paths, vectorized, why
from micrograd_dl.compare import compare
from micrograd_dl.data.built_in import dataset, moons
from micrograd_dl.explain.breakpoints import Breakpoint
from micrograd_dl.foundation.html import curves, table
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.training.fitting import is_hidden, progress_bar

HOSTILE = "<img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """The text of a document, all of whose elements are closed; and the elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.elements, self.open = "", [], []  # type: ignore[var-annotated]  # filled below
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append(tag)
        if tag != "img" and not dict(attrs).get("/"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002  # the parser's face
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def graph() -> tuple[Value, Value]:
    a, b = Value(5.0, HOSTILE), Value(3.0, "b")
    return 3 * (a + b * b), b


def model(kind: Any) -> Any:
    return kind.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)


def history() -> Any:
    X, Y = moons(20)
    return fit(model(vectorized), X, Y, epochs=3, dev=(X, Y))


SHOWN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "Value": (lambda: graph()[1], ("b", "leaf", "3")),
    "Why": (
        lambda: why(*graph()),
        ("18", "the sum of 2 terms", "dJ/du", "b = 3, a leaf", "test_notebook.py"),
    ),
    "Paths": (lambda: paths(*graph()), ("the sum over 2 paths", "J -> v -> u -> b", "backprop gives")),
    "Nudge": (lambda: nudge(*graph()), ("ratio", "1e-01")),
    "Check": (lambda: check(graph()[0]), ("backprop is right", "18", HOSTILE)),
    "Comparison": (
        lambda: compare(model(nn), model(vectorized), *moons(4)),
        ("dW1", "3x2", "Equal"),
    ),
    "Dataset": (lambda: dataset("moons"), ("x1", "2 classes", "mean")),
    "History": (history, ("3 epochs", "training", "dev")),
    **{
        kind.__name__: (lambda kind=kind: model(kind), ("W1 (3, 2)", "13 parameters", "9"))
        for kind in (nn, vectorized, compiled)
    },
}


@pytest.mark.parametrize("name", SHOWN)
def test_html(name: str) -> None:
    make, parts = SHOWN[name]
    read = Reader(make()._repr_html_())
    for part in parts:
        assert part in read.text
    assert "img" not in read.elements


def test_a_trace_shows_the_player() -> None:
    framed = str(Trace(graph()[0])._repr_html_())
    assert framed.startswith("<iframe srcdoc=")
    assert "steps: trust this notebook, or run the cell, to see the page</iframe>" in framed


def test_tables_and_curves() -> None:
    assert Reader(table(["a\x1b"], [("<b>",)], HOSTILE, ["", "below"])).text.split() == [
        *("<img", "src=x", "onerror=alert(1)>"),
        r"a\x1b",
        "<b>",
        "below",
    ]
    assert curves({"cost": [float("nan")]}, "nothing") == ""
    drawn = Reader(curves({"cost": [3.0, float("inf"), 1.0], "dev": [2.0]}, HOSTILE))
    assert drawn.elements == ["svg", "title", "polyline", "text", "polyline", "text"]


def test_reprs_are_summaries() -> None:
    network = model(vectorized)
    optimiser = Adam(network.parameters(), 0.5)
    assert repr(optimiser).startswith("<Adam: learning_rate=0.5, ")
    assert repr(optimiser).endswith("; 13 parameters, 0 steps>")
    assert repr(network.parameters()[0]) == "<parameter W1 (3, 2)>"
    assert repr(Breakpoint("at db", lambda _: True)) == "<breakpoint: at db>"
    assert repr(history()).startswith("<history: 3 epochs in ")


def test_a_notebook_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, without a terminal; where there are no widgets it is one of text, without a warning."""
    assert is_hidden(None)
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert not is_hidden(None)
    assert is_hidden(progress=False)
    with progress_bar(range(2), disable=True) as bar:
        assert list(bar) == [0, 1]


def test_a_curve_on_request_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    stand_in: Any = ModuleType("IPython.display")
    stand_in.HTML, stand_in.update = str, shown.append
    stand_in.display = lambda html, display_id: stand_in  # IPython's face
    monkeypatch.setitem(sys.modules, "IPython.display", stand_in)
    X, Y = moons(20)
    with pytest.raises(ValueError, match="'curve', not 'line'"):
        fit(model(vectorized), X, Y, progress="line")  # type: ignore[arg-type]
    fit(model(vectorized), X, Y, epochs=3, progress="curve")
    assert not shown
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    fit(model(vectorized), X, Y, epochs=3, progress="curve")
    assert "polyline" in Reader(shown[0]).elements
    assert shown[-1] == ""
