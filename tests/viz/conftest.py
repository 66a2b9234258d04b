"""What the tests of pictures share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from micrograd_dl.engine.value import Value

# A `dot` program that says that it was called, and leaves the work to the built-in Graphviz.
FAKE = """#!{python}
import sys
from pathlib import Path
from viz import rendering
format = sys.argv[2].removeprefix("-T")
Path({log!r}).open("a").write(format + "\\n")
source = sys.stdin.read()
pdf = b"%PDF-fake " + source.encode()
sys.stdout.buffer.write(pdf if format == "pdf" else rendering.built_in(source, format))
"""


@pytest.fixture
def course() -> Value:
    """J = 3(a + bc) of the course, after backward()."""
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    J = 3 * (a + b * c)
    J.backward()
    return J


@pytest.fixture
def no_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the Graphviz program."""
    empty = tmp_path / "no_programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


@pytest.fixture
def fake_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a ``dot`` program; gives the file in which its calls are noted, a format a line."""
    log = tmp_path / "calls"
    install(tmp_path, monkeypatch, FAKE.format(python=sys.executable, log=str(log)))
    return log


@pytest.fixture
def broken_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a ``dot`` program that fails."""
    install(tmp_path, monkeypatch, "#!/bin/sh\necho 'Format not recognized' >&2\nexit 1\n")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    if sys.platform == "win32":
        pytest.skip("a program made of text takes a Unix shell")
    programs = folder / "programs"
    programs.mkdir()
    dot = programs / "dot"
    dot.write_text(program)
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
