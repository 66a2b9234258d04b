"""What was measured, as data: for tables, for plots, and to be kept in a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NUMBA, NUMPY = "micrograd_dl.compiled, Numba", "micrograd_dl.compiled, NumPy"  # contestants of many sections


@dataclass(frozen=True, slots=True)
class Record:
    """The time of one contestant at one task.

    Attributes:
        section, task: what was measured.
        nodes, columns: its size; a time is given by the node and column.
        low, median, high: nanoseconds a node and column; of several rounds.
        preparation: seconds that it took before, such as compilation.
        note: what else is to be said.
    """

    section: str
    task: str
    contestant: str
    nodes: int
    columns: int
    low: float
    median: float
    high: float
    preparation: float = 0.0
    note: str = ""

    @property
    def where(self) -> tuple[str, str, int, int]:
        """The task and its size."""
        return (self.section, self.task, self.nodes, self.columns)


def record(
    section: str, task: str, contestant: str, size: tuple[int, int], seconds: Sequence[float], **more: Any
) -> Record:
    """From the seconds of several rounds, at (nodes, columns)."""
    each = [s / size[0] / size[1] * 1e9 for s in seconds]
    return Record(section, task, contestant, *size, min(each), statistics.median(each), max(each), **more)


def load(path: Path) -> list[Record]:
    """The records of a file, none if there is no file."""
    return [Record(**entry) for entry in json.loads(path.read_text())] if path.exists() else []


def save(path: Path, records: Iterable[Record]) -> None:
    """Put records into a file, in the place of all of the same task and size: one run is to be compared.

    Contestants stay in the order of the run, which is that of the tables.
    """
    new = list(records)
    measured = {r.where for r in new}
    rows = sorted([*(r for r in load(path) if r.where not in measured), *new], key=lambda r: r.where)
    path.write_text("[\n" + ",\n".join(json.dumps(asdict(r)) for r in rows) + "\n]\n")


def number(x: float) -> str:
    """Three digits, and thousands apart: ``0.23``, ``4.81``, ``23,100``."""
    if x == 0:
        return "0"
    text = f"{x:.3g}"
    return f"{float(text):,.0f}" if abs(x) >= 100 else text


def _grid(
    heading: str, records: Sequence[Record], across: str, cell: Callable[[Record], str], without: str = ""
) -> Iterator[str]:
    """Markdown: contestants down, in the order in which they first come, and sizes across."""
    sizes = sorted({getattr(r, across) for r in records})
    yield f"| {heading} | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "--:|" * len(sizes)
    cells = {(r.contestant, getattr(r, across)): cell(r) for r in records}
    for name in dict.fromkeys(r.contestant for r in records if r.contestant != without):
        yield f"| {name} | " + " | ".join(cells.get((name, size), "") for size in sizes) + " |"


def table(records: Sequence[Record], across: str, heading: str) -> Iterator[str]:
    """Medians with their spread, over sizes: the attribute `across`."""

    def cell(r: Record) -> str:
        spread = f" ({number(r.low)} to {number(r.high)})" if r.low < r.high else ""
        return f"{number(r.median)}{spread}{' ' + r.note if r.note else ''}"

    return _grid(heading, records, across, cell)


def preparations(records: Sequence[Record]) -> Iterator[str]:
    """The seconds from the built graph to the first result."""
    return _grid("s to prepare, at nodes", records, "nodes", lambda r: number(r.preparation))


def ratios(records: Sequence[Record], across: str, base: str) -> Iterator[str]:
    """How many times as long as `base` each of the others takes."""
    bases = {getattr(r, across): r.median for r in records if r.contestant == base}

    def cell(r: Record) -> str:
        size = getattr(r, across)
        return number(r.median / bases[size]) if size in bases else ""

    return _grid(f"times as long as {base}", records, across, cell, without=base)


def trainings(records: Sequence[Record]) -> Iterator[str]:
    """Whole trainings, fastest first."""
    ordered = sorted(records, key=lambda r: r.median)
    yield "| the whole training | s | smallest to largest | warm-up, s | times the fastest | |"
    yield "|---|--:|--:|--:|--:|---|"
    for r in ordered:
        seconds, spread = number(r.median / 1e9), f"{number(r.low / 1e9)} to {number(r.high / 1e9)}"
        ratio = number(r.median / ordered[0].median)
        yield f"| {r.contestant} | {seconds} | {spread} | {number(r.preparation)} | {ratio} | {r.note} |"
