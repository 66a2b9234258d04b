"""The reference of operations has a row for each, and the one in docs/ is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.reference import document, reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def rows() -> dict[str, list[str]]:
    """The cells of each row by the operation's name."""
    _, line, *rest = reference().splitlines()
    assert set(line) == {"|", "-"}
    cells = [[cell.strip() for cell in row[1:-1].split(" | ")] for row in rest]
    return {name.strip("`"): others for name, *others in cells}


def test_a_row_for_every_entry_in_the_tables_order() -> None:
    assert list(rows()) == list(TABLE)
    assert all(len(cells) == 4 for cells in rows().values())


def test_the_heading() -> None:
    first = reference().splitlines()[0]
    assert first == "| name | written | local derivatives | meaning | undefined or kinked |"


@pytest.mark.parametrize(
    ("name", "written", "derivatives", "edges"),
    [
        ("add", "`x + y`", "`1`, `1`", ""),
        ("tanh", "`tanh(x)`", "`1 - out * out`", ""),
        ("div", "`x / y`", "`1 / y`, `-out / y`", "needs a divisor that is not 0"),
        ("relu", "`relu(x)`", "`1 if x >= 0 else 0`", "kink"),
        ("sum", "`x1 + x2 + x3`", "`1`, `1`, `1`", ""),
        ("affine", "`x1 * x2 + x3`", "`x2`, `x1`, `1`", f"needs {ops.affine.requirement}"),
        ("dot", "`x1 * x2 + x3 * x4`", "`x2`, `x1`, `x4`, `x3`", f"needs {ops.dot.requirement}"),
    ],
)
def test_rows(name: str, written: str, derivatives: str, edges: str) -> None:
    assert rows()[name] == [written, derivatives, TABLE[name].meaning, edges]


def new_entry(monkeypatch: pytest.MonkeyPatch, **fields: object) -> str:
    """The row of an entry that is added to the table."""
    given = {"text": lambda *x: f"new({', '.join(x)})", "latex": lambda *x: "new", "derivatives": ()} | fields
    arity = given.pop("arity", 1)
    monkeypatch.setitem(TABLE, "new", Operation("new", "n", arity, **given))  # type: ignore[arg-type]  # of any kind
    return reference().splitlines()[-1]


def test_a_new_entry_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    row = new_entry(
        monkeypatch,
        forward=lambda x: 2 * x,
        derivatives=(lambda out, x: 2.0,),
        meaning="|x| for x | y",
        requirement="patience",
        kink=lambda x: x,
    )
    assert row == r"| `new` | `new(x)` | `2` | \|x\| for x \| y | needs patience; kink |"


def test_an_entry_that_cannot_be_shown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(*x: float) -> float:
        raise ValueError(f"not of {len(x)}")

    with pytest.raises(ValueError, match="new is undefined on 3 and on 4 operands: say how to show it"):
        new_entry(monkeypatch, arity=None, forward=forward)


def test_looking_at_the_reference_changes_nothing() -> None:
    before = dict(TABLE)
    reference()
    assert before == TABLE
    assert ops.relu(Value(0.0)).data == 0


def test_the_document_is_up_to_date() -> None:
    command = re.search(r'python -c "[^"]*"[\s\\]*> docs/operations.md', document())
    assert command is not None
    hint = f"docs/operations.md is not what the table says; write it again:\n    {command[0]}"
    assert DOCUMENT.read_text(encoding="utf-8") == document(), hint


def test_the_document_says_how_it_is_written() -> None:
    lines = document().splitlines()
    assert "To write it again:" in lines[0]
    assert lines[1].strip().startswith('python -c "import micrograd_dl.notation.reference as r;')
    assert document().endswith(reference() + "\n")
