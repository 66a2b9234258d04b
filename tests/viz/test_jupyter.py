"""Real notebooks: run by nbclient, in JupyterLab in a browser, and as programs of marimo."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import notebooks

EXTRA = "the extra `notebooks`"
CELLS = [
    "from micrograd_dl import Trace, Value, viz\na, b = Value(2.0), Value(3.0)",
    "inner = a * b\nloss = inner.tanh()",
    "print(inner.origin, Trace(loss), sep='\\n')",
    "viz.draw(loss)",
    "Trace(loss)",
    "from micrograd_dl import vectorized\nfrom micrograd_dl.training import fit\n"
    "from micrograd_dl.data import moons\n"
    "fit(vectorized.MLP(2, [1], ['sigmoid']), *moons(10), epochs=3, progress='curve')",
]
MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    from micrograd_dl import Value
    x = Value(2.0)

    y = x * 3
    print(y.origin)
    return

if __name__ == "__main__":
    app.run()
"""


def as_notebook(sources: list[str]) -> Any:
    nbformat = pytest.importorskip("nbformat", reason=EXTRA)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


@pytest.mark.parametrize("name", notebooks.LESSONS)
def test_a_lesson_is_a_notebook(name: str) -> None:
    pytest.importorskip("nbclient", reason=EXTRA)
    pytest.importorskip("ipykernel", reason=EXTRA)
    made = notebooks.notebook(name)
    assert made.cells[0].cell_type == "markdown"
    *_, run, picture = made.cells
    assert run.source == "main()"
    assert "stdout" in [output.get("name") for output in run.outputs]
    assert "image/png" in picture.outputs[-1].data


def test_what_a_kernel_shows() -> None:
    nbclient = pytest.importorskip("nbclient", reason=EXTRA)
    pytest.importorskip("ipykernel", reason=EXTRA)
    made = as_notebook(CELLS)
    nbclient.NotebookClient(made, timeout=120, kernel_name="python3").execute()
    *_, words, picture, player, training = [cell.outputs for cell in made.cells]
    assert words[0].text.split("\n")[:2] == ["cell 2, line 1: a * b", "Trace of loss: 0 of 6 steps done"]
    assert picture[0].data["text/html"].startswith("<svg style=")
    assert player[0].data["text/html"].startswith("<iframe srcdoc=")
    shown = [output.data.get("text/html", "") for output in training if "data" in output]
    assert (shown[0], "3 epochs" in shown[-1]) == ("", True)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([], "app.py:10: y = x * 3"),
        (["-m", "marimo", "export", "html", "-f", "-o", "app.html"], "a cell, line 4: x * 3"),
    ],
)
def test_marimo(tmp_path: Path, command: list[str], expected: str) -> None:
    pytest.importorskip("marimo", reason=EXTRA)
    (tmp_path / "app.py").write_text(MARIMO)
    run = subprocess.run(
        [sys.executable, *command, "app.py"],
        capture_output=True, text=True, cwd=tmp_path, check=True, timeout=120,
    )  # fmt: skip
    assert expected in run.stdout + run.stderr


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab of its own, and its folder."""
    pytest.importorskip("jupyterlab", reason=EXTRA)
    pytest.importorskip("ipykernel", reason=EXTRA)
    log = tmp_path / "log"
    home = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    options += ["--IdentityProvider.token=", "--LabApp.news_url="]
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=tmp_path, stdout=output, stderr=output, env=os.environ | home,
        )  # fmt: skip
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())):
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
            yield found[0], tmp_path
        finally:
            server.terminate()
            server.wait()


def test_jupyterlab(jupyterlab: tuple[str, Path], browser: Any) -> None:
    """The player's frame appears, and its controls work; a picture has its tooltips."""
    address, folder = jupyterlab
    made = as_notebook(CELLS[:5])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (folder / "walk.ipynb").write_text(json.dumps(made))
    page = browser.new_page(viewport={"width": 1200, "height": 1600})
    page.set_default_timeout(120_000)
    page.goto(f"{address}lab/tree/walk.ipynb?reset")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    page.locator("iframe[title='The walk of loss']").scroll_into_view_if_needed()
    frame = page.frame_locator("iframe[title='The walk of loss']")
    for button, words in (
        ("#next", "inner = a * b = 2 * 3 = 6"), ("#end", "db += dloss/dinner * dinner/db"),
        ("#start", "Only"),
    ):  # fmt: skip
        frame.locator(button).click()
        assert words in frame.locator("#words").text_content()
    frame.locator("#next").press("ArrowRight")
    assert "inner = a * b" in frame.locator("#words").text_content()
    titles = page.locator(".jp-OutputArea svg .node title").all_text_contents()
    assert any(title.startswith("loss = tanh(inner)") for title in titles)
    page.close()
