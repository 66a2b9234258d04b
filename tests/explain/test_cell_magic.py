"""``%load_ext micrograd_dl`` and ``%%backprop`` in a shell of IPython."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from micrograd_dl import Trace

interactiveshell = pytest.importorskip("IPython.core.interactiveshell", reason="magics are of IPython")


@pytest.fixture
def shell() -> Iterator[Any]:
    config = pytest.importorskip("traitlets.config").Config()
    config.HistoryManager.enabled = False
    shell = interactiveshell.InteractiveShell.instance(config=config)
    shell.run_cell("%load_ext micrograd_dl").raise_error()
    shell.run_cell("from micrograd_dl import Value; a, b, c = Value(5), Value(3), Value(2)").raise_error()
    yield shell
    interactiveshell.InteractiveShell.clear_instance()


def shown(shell: Any, cell: str) -> Any:
    """What the cell shows."""
    found: list[Any] = []

    def note(x: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        found.append(x)
        return {}, {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell.display_formatter, "format", note)
        shell.run_cell(f"%%backprop\n{cell}").raise_error()
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("3 * (a + b * c)", "J"),
        ("u = b * c\n3 * (\n    a + u\n)", "J"),
        ("loss = 3 * (a + b * c)", "loss"),
        ("loss: Value = 3 * (a + b * c)", "loss"),
    ],
)
def test_the_last_expression_is_stepped_through(shell: Any, cell: str, name: str) -> None:
    trace = shown(shell, cell)
    assert isinstance(trace, Trace)
    assert trace.root.data == 33
    assert trace.notation.name(trace.root) == name
    assert {"a", "b", "c"} <= set(map(trace.notation.name, trace.order))  # the names of the variables
    assert str(trace.until("db")).startswith("db += ")
    assert "_walk_of_backprop" not in shell.user_ns
    assert not shell.ast_transformers


def test_lines_are_those_of_the_cell(shell: Any) -> None:
    trace = shown(shell, "u = b * c\n3 * (a + u)")
    assert [node.origin.line for node in trace.order if node.operands] == [2, 3, 3]


@pytest.mark.parametrize("cell", ["for _ in range(3):\n    a", " ", "x, y = a, b", "import math"])
def test_a_cell_without_a_last_expression_shows_nothing(shell: Any, cell: str) -> None:
    assert shown(shell, cell) is None


def test_errors_are_shown_and_leave_nothing_behind(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown(shell, "3.0")
    assert "TypeError" in capsys.readouterr().out
    shown(shell, "a / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out
    shell.run_cell("%%backprop --fast\na")
    assert "%%backprop takes no options, and '--fast' is one" in capsys.readouterr().out
    assert not shell.ast_transformers
