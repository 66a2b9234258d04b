"""A film keeps what a training looked like: which epochs, what of them, and what it refuses."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from viz.plots import Film


def data_of(film: Film) -> dict[str, Any]:
    """What the page shows."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', film.html, re.DOTALL)
    assert found
    result: dict[str, Any] = json.loads(found.group(1))
    return result


def filmed(kind: Any = vectorized, epochs: int = 7, **options: Any) -> tuple[Film, Any, Any]:
    """A film of moons, with its network and history."""
    X, Y = moons(30)
    model, film = kind.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1), Film(**options)
    history = fit(model, X, Y, epochs=epochs, optimiser=Adam(model.parameters(), 0.05), film=film)
    return film, model, history


@pytest.mark.parametrize("kind", [nn, vectorized, compiled])
def test_frames_hold_the_epochs_numbers(kind: Any) -> None:
    """The first frame is the initial network, the last one the trained; the curves are the history's."""
    film, model, history = filmed(kind)
    shown = data_of(film)
    assert [frame["epoch"] for frame in shown["frames"]] == list(range(8))
    start = kind.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    for network, frame in ((start, shown["frames"][0]), (model, shown["frames"][-1])):
        for l, (W, b) in enumerate(network.layers_data()):
            assert np.frombuffer(base64.b64decode(frame["W"][l]), "<f4") == pytest.approx(W.ravel())
            assert np.frombuffer(base64.b64decode(frame["b"][l]), "<f4") == pytest.approx(b.ravel())
    sizes = [np.sqrt(np.mean(dW**2)) for dW, _ in model.layers_grad()]
    assert shown["frames"][-1]["dW"] == pytest.approx(sizes, rel=1e-5)
    assert shown["curves"]["cost"] == pytest.approx(history.cost, rel=1e-5)
    assert shown["curves"]["accuracy"] == pytest.approx(history.accuracy, rel=1e-5)


def test_the_boundary_is_what_the_network_predicts() -> None:
    film, model, _ = filmed()
    shown = data_of(film)
    about, frame = shown["boundary"], shown["frames"][-1]
    grid = about["grid"]
    x, y = (np.linspace(low, high, grid) for low, high in zip(about["low"], about["high"], strict=True))
    for row, column in ((0, 0), (0, grid - 1), (grid // 2, 3), (grid - 1, grid // 2)):
        predicted = model.predict([[x[column]], [y[row]]]).item()
        assert base64.b64decode(frame["class"])[row * grid + column] == predicted


@given(st.integers(2, 9), st.integers(1, 80))
def test_a_long_training_keeps_evenly_spaced_epochs_and_the_last(frames: int, epochs: int) -> None:
    X, Y = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    model, film = vectorized.MLP(1, [1], ["sigmoid"], seed=1), Film(frames=frames)
    fit(model, X, Y, epochs=epochs, film=film)
    kept = [frame["epoch"] for frame in data_of(film)["frames"]]
    assert kept[0] == 0
    assert kept[-1] == epochs
    assert len(kept) <= frames + 1
    assert len({b - a for a, b in pairwise(kept[:-1])}) <= 1


def test_images_of_hidden_units() -> None:
    """Of a square number of inputs by themselves; blocks of pixels are averaged where there are many."""
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(48 * 48, 4)), np.array([[0, 1, 0, 1]])
    film = Film()
    model = vectorized.MLP(48 * 48, [5, 1], ["tanh", "sigmoid"], seed=1)
    fit(model, X, Y, epochs=1, film=film)
    shown = data_of(film)
    assert shown["image"] == [16, 16]
    images = np.frombuffer(base64.b64decode(shown["frames"][1]["images"]), np.uint8).reshape(5, 16, 16)
    blocks = model.layers_data()[0][0].reshape(5, 16, 3, 16, 3).mean(axis=(2, 4))
    wanted = 127.5 + 127.5 * blocks / np.abs(blocks).max(axis=(1, 2), keepdims=True)
    assert np.abs(images - wanted).max() <= 0.5 + 1e-9
    assert "boundary" not in shown


def test_what_is_refused(tmp_path: Path) -> None:
    X, Y = moons(10)
    with pytest.raises(ValueError, match="at least 2 frames, not 1"):
        Film(frames=1)
    with pytest.raises(ValueError, match=r"\(height, width\) or \(height, width, 3\), not \(2,\)"):
        Film(image=(2,))
    with pytest.raises(ValueError, match="this film is empty: give it to a training"):
        Film().save(tmp_path / "film.html")
    network = vectorized.MLP(2, [1], ["sigmoid"], seed=1)
    with pytest.raises(ValueError, match=r"an image of \(3, 3\) has 9 numbers, not 2"):
        fit(network, X, Y, film=Film(image=(3, 3)))
    with pytest.raises(ValueError, match="3 names for 2 inputs"):
        fit(network, X, Y, film=Film(inputs=["a", "b", "c"]))
    film, _, _ = filmed()
    with pytest.raises(ValueError, match="html"):
        film.save(tmp_path / "film.png")
    assert list(tmp_path.iterdir()) == []


def test_names_are_text_and_a_notebook_gets_a_frame(tmp_path: Path) -> None:
    film, _, _ = filmed(inputs=["</script><b>", "y"], outputs=["<i>0", "1"])
    assert "</script><b>" not in film.html
    assert data_of(film)["inputs"] == ["</script><b>", "y"]
    assert str(film._repr_html_()).startswith("<iframe srcdoc=")
    assert Film()._repr_html_() is None
    path = film.save(tmp_path / "film.html")
    assert path.read_text(encoding="utf-8") == film.html
    assert repr(film) == "<film: 8 frames of a training of 7 epochs>"


def test_the_page_in_a_browser(open_page: Any) -> None:
    """The slider and the keys choose the epoch; weights, curves and the words are that epoch's."""
    film, model, history = filmed(epochs=20)
    page = open_page(film, "#epoch=0")
    assert page.locator("#count").text_content() == "epoch 0"
    page.keyboard.press("End")
    assert page.locator("#count").text_content() == "epoch 20"
    assert page.locator("#words").text_content() == str(history)
    titles = page.locator("#network line title").all_text_contents()
    named = {name: number for name, _, number in (title.partition(" = ") for title in titles)}
    for l, (W, _) in enumerate(model.layers_data(), 1):
        for (i, j), w in np.ndenumerate(W):
            assert float(named[f"W{l}[{i + 1},{j + 1}]"]) == pytest.approx(w, rel=1e-3, abs=1e-3)
    page.keyboard.press("ArrowLeft")
    assert page.locator("#count").text_content() == "epoch 19"
    cost = page.locator("#cost .legend").text_content().split()[-1]
    assert float(cost) == pytest.approx(history.cost[18], rel=1e-3)
    page.locator("#slider").fill("5")
    assert page.locator("#count").text_content() == "epoch 5"
    page.keyboard.press("Home")
    assert "initial weights" in page.locator("#words").text_content()
    page.locator("#speed").select_option("5")
    page.locator("#play").click()
    while page.evaluate("film.at") < 20:
        page.wait_for_timeout(20)
    assert page.locator("#play").get_attribute("aria-label") == "Play"


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_the_page_fits_its_window_and_follows_the_theme(open_page: Any, width: int) -> None:
    film, _, _ = filmed(inputs=["</script><img src=x onerror=alert(1)>", "y"])
    grounds = set()
    for scheme in ("light", "dark"):
        page = open_page(
            film, "#epoch=3", viewport={"width": width, "height": width * 9 // 16}, color_scheme=scheme
        )
        assert page.locator("#count").text_content() == "epoch 3"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2
