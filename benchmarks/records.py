"""What was measured, as data: for tables, for plots, and to be kept in a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
    section: str,
    task: str,
    contestant: str,
    size: tuple[int, int],
    seconds: Sequence[float],
    *,
    preparation: float = 0.0,
    note: str = "",
) -> Record:
    """From the seconds of several rounds, at (nodes, columns)."""
    each = [s / size[0] / size[1] * 1e9 for s in seconds]
    return Record(
        section,
        task,
        contestant,
        *size,
        min(each),
        statistics.median(each),
        max(each),
        preparation,
        note,
    )


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


def table(records: Sequence[Record], across: str, heading: str) -> Iterator[str]:
    """Markdown: contestants down, sizes across (the attribute `across`), and medians with their spread.

    The contestants are in the order in which they first come.
    """
    sizes = sorted({getattr(r, across) for r in records})
    cells = {(r.contestant, getattr(r, across)): r for r in records}
    yield f"| {heading} | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "--:|" * len(sizes)
    for name in dict.fromkeys(r.contestant for r in records):
        row = [_cell(cells.get((name, size))) for size in sizes]
        yield f"| {name} | " + " | ".join(row) + " |"


def preparations(records: Sequence[Record]) -> Iterator[str]:
    """Markdown: the seconds from the built graph to the first result."""
    sizes = sorted({r.nodes for r in records})
    cells = {(r.contestant, r.nodes): number(r.preparation) for r in records}
    yield "| s to prepare, at nodes | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "--:|" * len(sizes)
    for name in dict.fromkeys(r.contestant for r in records):
        yield f"| {name} | " + " | ".join(cells.get((name, size), "") for size in sizes) + " |"


def trainings(records: Sequence[Record]) -> Iterator[str]:
    """Markdown: whole trainings, fastest first."""
    ordered = sorted(records, key=lambda r: r.median)
    yield "| the whole training | s | smallest to largest | warm-up, s | times the fastest | |"
    yield "|---|--:|--:|--:|--:|---|"
    for r in ordered:
        spread = f"{number(r.low / 1e9)} to {number(r.high / 1e9)}"
        ratio = number(r.median / ordered[0].median)
        yield (
            f"| {r.contestant} | {number(r.median / 1e9)} | {spread} | {number(r.preparation)} | {ratio} | "
            f"{r.note} |"
        )


def _cell(r: Record | None) -> str:
    if r is None:
        return ""
    spread = f" ({number(r.low)} to {number(r.high)})" if r.low < r.high else ""
    return f"{number(r.median)}{spread}{' ' + r.note if r.note else ''}"


def ratios(records: Sequence[Record], across: str, base: str) -> Iterator[str]:
    """Markdown: how many times as long as `base` each of the others takes."""
    sizes = sorted({getattr(r, across) for r in records})
    cells = {(r.contestant, getattr(r, across)): r.median for r in records}
    names = [name for name in dict.fromkeys(r.contestant for r in records) if name != base]
    yield f"| times as long as {base} | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "--:|" * len(sizes)
    for name in names:
        row = [
            number(cells[name, size] / cells[base, size])
            if (name, size) in cells and (base, size) in cells
            else ""
            for size in sizes
        ]
        yield f"| {name} | " + " | ".join(row) + " |"
