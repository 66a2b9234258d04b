"""Where a node was created."""

from __future__ import annotations

import linecache
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.compare import compare
from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.origin import Origin, TextSpan, resolve, set_origin
from micrograd_dl.nn import MLP


def origin_of(value: Value) -> Origin:
    assert value.origin is not None
    return value.origin


def run(source: str, path: Path, **names: Any) -> dict[str, Any]:
    """Run a program of its own file, as a user would."""
    path.write_text(source, encoding="utf-8")
    module = types.ModuleType("program")
    module.__dict__.update(names, Value=Value)
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module.__dict__


def test_a_node_knows_its_file_its_line_and_its_part_of_the_line() -> None:
    x = Value(2.0)
    y = 1 + (x * 3)  # this line
    product, total = origin_of(y.operands[1]), origin_of(y)
    assert product.file == __file__
    assert product.text == "    y = 1 + (x * 3)  # this line"
    assert product.fragment == "x * 3"
    assert total.fragment == "1 + (x * 3)"
    assert linecache.getline(__file__, total.line) == total.text + "\n"
    assert str(product) == f"{__file__}:{product.line}: x * 3"


def test_nodes_that_a_room_of_this_package_makes_are_its_callers() -> None:
    one, other = (MLP(2, [2, 1], ["tanh", "sigmoid"], seed=seed) for seed in (1, 2))
    found = compare(one, other, [[1.0], [2.0]], [[1.0]])  # this line
    assert found.node is not None
    assert origin_of(found.node).text.endswith("# this line")


BUILDS: dict[str, Callable[[Value], Any]] = {
    "x + 1": lambda x: x + 1, "1 + x": lambda x: 1 + x, "x - 1": lambda x: x - 1, "1 - x": lambda x: 1 - x,
    "x * 2": lambda x: x * 2, "2 * x": lambda x: 2 * x, "x / 2": lambda x: x / 2, "2 / x": lambda x: 2 / x,
    "x**2": lambda x: x**2, "2**x": lambda x: 2**x, "-x": lambda x: -x, "abs(x)": lambda x: abs(x),
    "x.exp()": lambda x: x.exp(), "x.maximum(0)": lambda x: x.maximum(0),
    "ops.tanh(x)": lambda x: ops.tanh(x), "ops.affine(x, 2, 3)": lambda x: ops.affine(x, 2, 3),
    "Value(3)": lambda x: Value(3), "Value.constant(3)": lambda x: Value.constant(3),
    "sum([x, x])": lambda x: sum([x, x]),
}  # fmt: skip


@pytest.mark.parametrize("fragment", BUILDS)
def test_every_way_to_make_a_node(fragment: str) -> None:
    """What stands in this file, and not in the engine, is the origin."""
    made = origin_of(BUILDS[fragment](Value(0.5)))
    assert (made.file, made.fragment) == (__file__, fragment)


def test_programs_that_take_turns_each_make_their_own_nodes() -> None:
    """More of them than are remembered, and the package itself between."""
    for names in [("x + 1", "x * 2"), ("x + 1", "ops.affine(x, 2, 3)"), tuple(BUILDS)]:
        made = [origin_of(BUILDS[name](Value(0.5))) for name in names * 3]
        assert [origin.fragment for origin in made] == list(names * 3)
        assert {origin.file for origin in made} == {__file__}


def test_columns_are_counted_in_characters(tmp_path: Path) -> None:
    program = run("größe = Value(2)\n木 = 'ä木'; y = größe * größe  # 木\n", tmp_path / "größe.py")
    made = origin_of(program["y"])
    assert (made.line, made.column, made.end) == (2, 14, 27)
    assert made.fragment == "größe * größe"


def test_an_operation_over_several_lines_begins_on_the_first(tmp_path: Path) -> None:
    program = run("x = Value(2)\ny = (x +\n     1)\n", tmp_path / "long.py")
    made = origin_of(program["y"])
    assert (made.line, made.text, made.fragment) == (2, "y = (x +", "x +")


def test_source_that_cannot_be_had(tmp_path: Path) -> None:
    program = run("x = Value(2)\ny = x + 1\n", tmp_path / "gone.py")
    (tmp_path / "gone.py").unlink()
    linecache.checkcache()
    made = origin_of(program["y"])
    assert made == Origin(str(tmp_path / "gone.py"), 2)
    assert made.fragment == ""
    assert str(made) == f"{tmp_path / 'gone.py'}:2"


def test_positions_that_were_left_out_of_the_code(tmp_path: Path) -> None:
    """As by ``python -X no_debug_ranges``: the line is all there is."""
    path = tmp_path / "bare.py"
    program = run("x = Value(2)\n\ny = x + 1\n", path)
    code = program["y"]._where
    bare = types.SimpleNamespace(
        co_filename=code.co_filename,
        co_firstlineno=1,
        co_positions=lambda: iter([(3, None, None, None)] * 99),
    )
    made = resolve(bare, 4)  # type: ignore[arg-type]  # code objects cannot be made without positions here
    assert made == Origin(str(path), 3, text="y = x + 1")
    assert made.fragment == "y = x + 1"
    assert str(made) == f"{path}:3: y = x + 1"


def test_cells_of_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython knows the file of a cell by the number of its last run; marimo's cells have none."""
    program = run("x = Value(2)\ny = x + 1\n", tmp_path / "326647194.py")
    names = {str(tmp_path / "326647194.py"): ("Cell", "In[3]")}
    shell = types.SimpleNamespace(compile=types.SimpleNamespace(format_code_name=names.get))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert str(origin_of(program["y"])) == "cell 3, line 2: x + 1"
    assert origin_of(Value(1)).cell == ""
    program = run("x = Value(2)\ny = x + 1\n", tmp_path / "__marimo__cell_Hbol_.py")
    assert str(origin_of(program["y"])) == "a cell, line 2: x + 1"


def test_cells_of_a_program_of_marimo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are compiled before they are indented, so only their lines are right."""
    monkeypatch.setitem(sys.modules, "marimo", types.ModuleType("marimo"))
    program = run("x = Value(2)\nabs = x + 1\n", tmp_path / "app.py")
    (tmp_path / "app.py").write_text("    x = Value(2)\n    abs = x + 1\n")
    linecache.checkcache()
    assert origin_of(program["abs"]).fragment == "abs = x + 1"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 5, Origin("<expression>", 1, 0, 5, "a * b")),
        (4, 5, Origin("<expression>", 1, 4, 5, "a * b")),
        (6, 11, Origin("<expression>", 2, 0, 5, "c + d")),
        (10, 11, Origin("<expression>", 2, 4, 5, "c + d")),
        (0, 11, Origin("<expression>", 1, 0, 5, "a * b")),  # over two lines: the part on the first
    ],
)
def test_a_span_of_text(start: int, end: int, expected: Origin) -> None:
    assert resolve(TextSpan("a * b\nc + d", start, end), 0) == expected
    node = Value(1.0)
    set_origin(node, "a * b\nc + d", start, end)
    assert node.origin == expected
