"""The pages of ``viz.play`` in Chromium: their sizes, and how long a reader waits.

The first frame is what a reader waits for it, the least of several openings, since whatever else the machine
does only adds to it. The times of frames are those that the page's main thread computes, scripts, layout and
painting; a screen of 60 frames a second leaves 16.7 ms for each.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.nn import MLP
from micrograd_dl.notation.expression import parse
from viz.player import play

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
FRAMES = """([frames, what]) => new Promise((done) => {
    const {length, nodes, data} = player.walk;
    const leaf = nodes.findIndex((node) => node.kind === "leaf"), x = data[leaf];
    const work = {
        step: (i) => player.goto(Math.floor(length / 3) + i % Math.min(40, length / 3)),
        scrub: (i) => player.goto(length * i / frames),
        leaf: (i) => player.setLeaves([[leaf, x * (1 + i / 1000)]]),
    }[what];
    let i = 0;
    const frame = () => {
        work(i++);
        requestAnimationFrame(i < frames ? frame : () => done());
    };
    requestAnimationFrame(frame);
})"""


def network(shape: list[int], m: int = 1) -> Value:
    """The cost of an MLP over m examples."""
    model = MLP(shape[0], shape[1:], ["tanh"] * (len(shape) - 2) + ["sigmoid"], seed=1)
    return model.cost([[0.5 + 0.1 * k for k in range(m)]] * shape[0], [[1] * m])


PAGES: Mapping[str, Callable[[], Value]] = {
    "the course's example": lambda: parse("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2),
    "an MLP 2-10-10-1, 6 examples": lambda: network([2, 10, 10, 1], 6),
    "an MLP 12-20-20-1, 8 examples": lambda: network([12, 20, 20, 1], 8),
    "an MLP 20-80-100-1, in outline": lambda: network([20, 80, 100, 1]),
}


def measured(browser: Any, file: Path, repeats: int) -> dict[str, float]:
    """Milliseconds to the first frame, and of a frame of stepping, scrubbing and moving a leaf."""
    first, frames = [], []
    for _ in range(repeats):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(file.as_uri())
        while (painted := page.evaluate(PAINTED)) is None:
            page.wait_for_timeout(10)
        first.append(painted)
        frames.append({what: _frame(page, clock, what) for what in ("step", "scrub", "leaf")})
        page.close()
    return {"first": min(first)} | {what: min(each[what] for each in frames) for what in frames[0]}


def _frame(page: Any, clock: Any, what: str, frames: int = 60) -> float:
    """Milliseconds that the main thread computes for one frame of many."""

    def computed() -> float:
        metrics = clock.send("Performance.getMetrics")["metrics"]
        seconds: float = next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
        return seconds

    page.evaluate(FRAMES, [3, what])
    began = computed()
    page.evaluate(FRAMES, [frames, what])
    return (computed() - began) / frames * 1000


def run(quick: bool) -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    print("\n| page | nodes | steps | kB | first frame | a step | scrubbing | a leaf moved |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=list(FLAGS))
        for name, build in PAGES.items():
            trace = Trace(build())
            file = play(trace).save(Path(folder) / "page.html")
            times = [f"{ms:.1f} ms" for ms in measured(browser, file, 2 if quick else 8).values()]
            size = f"{file.stat().st_size / 1000:,.0f}"
            print(f"| {name} | {len(trace.order):,} | {len(trace):,} | {size} | {' | '.join(times)} |")
        browser.close()
