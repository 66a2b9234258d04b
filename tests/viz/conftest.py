"""What the tests of pictures share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz.player import play
from viz.plots import Film

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


# --- a browser ----------------------------------------------------------------------------------------------

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium, one for all tests of a process; without one they are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"there is no {', '.join(BROWSERS[:-1])} or {BROWSERS[-1]} here")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page as a reader does, from a file; errors and requests in it fail the test."""
    contexts: list[Any] = []
    seen: list[str] = []

    def load(
        what: Value | Trace | Film, address: str = "", collapse: str | None = None, **options: Any
    ) -> Any:
        context = browser.new_context(**({"reduced_motion": "reduce"} | options))
        contexts.append(context)
        page = context.new_page()
        page_of = what if isinstance(what, Film) else play(what, collapse=collapse or ())
        file = page_of.save(tmp_path / f"{len(contexts)}.html")
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("console", lambda message: seen.append(message.text))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(file.as_uri() + address)
        while not page.evaluate("window.film || window.player !== undefined && !player.frame"):
            assert len(seen) <= 1, f"the page did not come up: {seen[1:]}"  # its own file is the first
            page.wait_for_timeout(10)
        asked = [url for url in seen if not url.startswith(file.as_uri())]
        seen[:] = asked
        return page

    yield load
    for context in contexts:
        context.close()
    assert not seen, "the page complained, or asked the network"
