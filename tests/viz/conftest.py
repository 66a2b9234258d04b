"""What the tests of pictures share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz.player import play
from viz.plots import Film


@pytest.fixture
def course() -> Value:
    """J = 3(a + bc) of the course, after backward()."""
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    J = 3 * (a + b * c)
    J.backward()
    return J


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
