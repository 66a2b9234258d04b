from __future__ import annotations

import io
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import animate, draw

SVG = "{http://www.w3.org/2000/svg}"


def test_every_step_is_a_picture_and_the_trace_stays(course: Value) -> None:
    trace = Trace(course)
    trace.goto(4)
    found = animate(trace, edges=True)
    assert trace.position == 4
    assert repr(found) == "<animation: 10 pictures of the walk of J>"
    for step, frame in enumerate(found.frames):
        trace.goto(step)
        assert frame.svg == draw(trace, edges=True).svg
    some = animate(course, steps=[9, 2], direction="down", limit=3)
    assert ["Step 9 of 9" in frame.svg for frame in some.frames] == [True, False]
    assert "in outline" in repr(some.frames[0])


def test_an_svg_plays_one_picture_at_a_time(course: Value) -> None:
    root = ET.fromstring(animate(course, seconds=2.0).svg)
    groups = [group for group in root.iter(f"{SVG}g") if "display" in group.attrib]
    assert [group.attrib["display"] for group in groups] == ["none"] * 9 + ["inline"]
    shown = []
    for group in groups:
        animation = group.find(f"{SVG}animate")
        assert animation is not None
        assert animation.attrib["dur"] == "24s"
        times = [24 * float(time) for time in animation.attrib["keyTimes"].split(";")]
        assert times == sorted(times)
        assert times[0] == 0
        values = animation.attrib["values"].split(";")
        shown.append(
            [time for time, value in zip([*times[1:], 24.0], values, strict=True) if value == "inline"]
        )
    assert shown == [[pytest.approx(2 * k, abs=1e-3)] for k in range(1, 10)] + [[24]]


def test_a_gif(course: Value, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="GIFs take Pillow")
    file = animate(course, seconds=0.5).save(tmp_path / "walk.GIF")
    gif: Any = image.open(io.BytesIO(file.read_bytes()))
    assert gif.n_frames == 10
    corners = []
    for k in range(10):
        gif.seek(k)
        assert gif.info["duration"] == (1500 if k == 9 else 500)
        corners.append(gif.convert("RGB").getpixel((0, 0)))
    assert set(corners) == {(255, 255, 255)}


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("frames", ["0.svg", "1.svg"]),
        ("frames/step.png", ["step-0.png", "step-1.png"]),
        ("a.b/x.dot", ["x-0.dot"]),
    ],
)
def test_numbered_files(path: str, files: list[str], course: Value, tmp_path: Path) -> None:
    place = animate(course, steps=range(len(files))).save(tmp_path / path)
    folder = place.parent if place.suffix else place
    assert sorted(file.name for file in folder.iterdir()) == files


def test_what_is_refused(course: Value, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="a Value"):
        animate(3.0)  # type: ignore[arg-type]  # the error is tried
    with pytest.raises(ValueError, match="from 1 to 1,000 pictures, not 2,000: give some of the steps"):
        animate(course, steps=range(2000))
    with pytest.raises(ValueError, match="seconds is a number above 0, not 0"):
        animate(course, seconds=0)
    with pytest.raises(ValueError, match=r"'walk\.mp4' has the suffix '\.mp4'"):
        animate(course, steps=[0]).save(tmp_path / "walk.mp4")
    trace = Trace(course)
    with pytest.raises(IndexError, match="99"):
        animate(trace, steps=[1, 99])
    assert trace.position == 0
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ModuleNotFoundError, match=r"micrograd-dl\[plots\]"):
        animate(course, steps=[0]).save(tmp_path / "walk.gif")
