from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import product
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from micrograd_dl.training.fitting import History
from micrograd_dl.tuning import Choice, Plan, Range, Verdict, search
from micrograd_dl.vectorized import MLP
from viz import style
from viz.plots import (
    cost_curve,
    decision_boundary,
    line_plot,
    network_diagram,
    parallel_coordinates,
    save,
    sizes_by_layer,
)  # fmt: skip
from viz.plots.figures import brief
from viz.plots.parallel import _BEST_TEXT

MODEL = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
X, Y = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]), np.array([[0, 1, 1, 0]])
LONG = "a name that is much longer than any name should be " * 3

FOUND = search(
    lambda options, epochs: Verdict(options["_$\\frac$"], 1e9, epochs),
    {"_$\\frac$": Range(0.1, 1, "log"), LONG: Choice([LONG])},
    Plan(4, 1, 1),
)

# One of each kind, with names that try to break them.
PLOTS: dict[str, Callable[[], Figure]] = {
    "cost": lambda: cost_curve(History(cost=[0.9, 0.1], dev_cost=[0.9, 1e9], accuracy=[0.5, 1])),
    "boundary": lambda: decision_boundary(
        MODEL, X, Y, features=[LONG, "$x_2$ (m$^2$)"], classes=["_no & <b>$", LONG]
    ),
    "sizes": lambda: sizes_by_layer({LONG: MODEL.record(X, Y), "_$\\frac$": MODEL.record(X, Y)}),
    "lines": lambda: line_plot(
        [0, 1e-9], {LONG: [1, 1e9], "_$\\frac$": [1, 2]}, title=LONG, xlabel="$", points=[1, 2], log_x=True
    ),
    "network": lambda: network_diagram(MODEL, inputs=[LONG, "$x$"], outputs=["_" + LONG]),
    "parallel": lambda: parallel_coordinates(FOUND),
}

every_plot = pytest.mark.parametrize("name", PLOTS)


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return {name: make() for name, make in PLOTS.items()}


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)


# What every figure is


@every_plot
def test_nothing_is_cut_off(figures: dict[str, Figure], name: str) -> None:
    figure = figures[name]
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= 12.8
    assert drawn.y1 <= 7.2


@every_plot
def test_the_same_figure_is_the_same_file(
    figures: dict[str, Figure], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = save(figures[name], tmp_path / "once.svg").read_bytes()
    assert ElementTree.fromstring(once).tag.endswith("svg")  # no name has become markup
    # Neither the time nor the user's settings make a difference.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    with mpl.rc_context({"font.size": 40, "axes.facecolor": "black", "svg.hashsalt": None, "savefig.dpi": 7}):
        before = dict(mpl.rcParams)
        assert save(PLOTS[name](), tmp_path / "again.svg").read_bytes() == once
        assert dict(mpl.rcParams) == before


def test_a_notebook_shows_it(figures: dict[str, Figure], tmp_path: Path) -> None:
    png = figures["network"]._repr_png_()  # type: ignore[attr-defined]  # IPython asks for it by this name
    assert png == save(figures["network"], tmp_path / "x.png").read_bytes()


def test_pyplot_is_not_imported() -> None:
    program = (
        "import sys; from viz.plots import cost_curve; assert 'matplotlib' not in sys.modules\n"
        "from micrograd_dl.training import History; cost_curve(History(cost=[1.0])); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "matplotlib.figure" in run.stdout.split()
    assert "matplotlib.pyplot" not in run.stdout.split()


@every_plot
@pytest.mark.usefixtures("without_matplotlib")
def test_the_extra_is_named_where_matplotlib_is_missing(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[plots\]'"):
        PLOTS[name]()


# Files


def test_files_are_whole(figures: dict[str, Figure], tmp_path: Path) -> None:
    figure = figures["boundary"]
    png = save(figure, str(tmp_path / "plot.PNG")).read_bytes()
    assert png.startswith(b"\x89PNG")
    assert png.endswith(b"IEND\xaeB`\x82")
    assert [int.from_bytes(png[k : k + 4]) for k in (16, 20)] == [1280, 720]
    pdf = save(figure, tmp_path / "plot.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"CreationDate" not in pdf
    svg = save(figure, tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert f"<title>{figure.get_suptitle()}</title>" in svg
    assert svg.rstrip().endswith("</svg>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plot.PNG", "plot.pdf", "plot.svg"]


@pytest.mark.parametrize("name", ["plot.gif", "plot", "svg"])
def test_other_suffixes_are_refused(figures: dict[str, Figure], tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png or \.pdf"):
        save(figures["cost"], tmp_path / name)
    assert not list(tmp_path.iterdir())


# Numbers, names, colours, places


@given(st.floats(-1e308, 1e308))
def test_brief_is_near(x: float) -> None:
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    power = re.fullmatch("(−?)(?:([0-9.]+)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", brief(x))
    text = f"{power[1]}{power[2] or 1}e{power[3]}" if power else brief(x)
    assert float(text.translate(digits)) == pytest.approx(x, rel=0.006, abs=5e-324)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_characters_that_the_font_has_not_are_no_warning(kind: str, tmp_path: Path) -> None:
    assert save(network_diagram(MLP(1, [1]), inputs=["長さ"]), tmp_path / f"a.{kind}").exists()


def luminance(colour: str) -> float:
    parts = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], parts))


@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        (_BEST_TEXT, style.PAPER),
        *product(
            (style.INK, style.QUIET, *style.ROLES.values()),
            (style.PAPER, *(frame.fill for frame in style.FRAMES.values())),
        ),
    ],
)
def test_text_has_contrast(colour: str, ground: str) -> None:
    assert (luminance(ground) + 0.05) / (luminance(colour) + 0.05) >= 4.5
