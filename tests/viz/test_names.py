"""The pictures by both their names, `viz` and `micrograd_dl.viz`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import micrograd_dl
import micrograd_dl.viz
import viz

SUBPACKAGES = (
    "compare", "compiled", "data", "nn", "optim", "testing", "training", "tuning", "vectorized", "viz",
)  # fmt: skip


def python(folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def shadowed(tmp_path: Path) -> Path:
    """A folder with a file viz.py of the user's."""
    (tmp_path / "viz.py").write_text("mine = True\n")
    return tmp_path


def test_one_module_has_both_names() -> None:
    assert micrograd_dl.viz is viz
    assert micrograd_dl.viz.plots is viz.plots


@pytest.mark.parametrize("first", ["", "import viz; assert viz.mine; "])
def test_a_file_of_the_same_name_does_not_hide_it(first: str, shadowed: Path) -> None:
    program = first + (
        "import micrograd_dl as mg; x = mg.Value(3.0, 'x'); print(mg.viz.draw(x * x))\n"
        "from micrograd_dl.viz import draw, plots\n"
        "import micrograd_dl.viz.plots, viz\n"
        "assert draw is mg.viz.draw and plots is mg.viz.plots and viz.mine"
    )
    assert python(shadowed, "-c", program) == "<picture: The graph of J: 2 nodes, 2 edges>\n"


def test_a_program_may_itself_be_called_viz(shadowed: Path) -> None:
    (shadowed / "viz.py").write_text("from micrograd_dl.viz import draw; print(draw.__module__)\n")
    assert python(shadowed, "viz.py") == "micrograd_dl.viz.picture\n"


def test_the_command_line_draws_there_too(shadowed: Path) -> None:
    python(shadowed, "-m", "micrograd_dl", "draw", "a*b", "a=2", "b=3", "-o", "J.svg")
    assert (shadowed / "J.svg").read_text().startswith("<svg")


def test_sub_packages_load_when_they_are_asked_for(tmp_path: Path) -> None:
    program = (
        "import sys, micrograd_dl as mg\n"
        f"names = {SUBPACKAGES}\n"
        "assert not {f'micrograd_dl.{name}' for name in names} & set(sys.modules)\n"
        "assert set(names) <= set(dir(mg))\n"
        "for name in names:\n"
        "    assert getattr(mg, name) is sys.modules[f'micrograd_dl.{name}']\n"
    )
    python(tmp_path, "-c", program)
    with pytest.raises(AttributeError, match="module 'micrograd_dl' has no attribute 'nnn'"):
        _ = micrograd_dl.nnn  # type: ignore[attr-defined]  # that it is refused is what is tested
