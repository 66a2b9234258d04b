"""``python -m benchmarks``: measure, and print tables in Markdown."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

# NumPy's OpenBLAS reads these when it is loaded; PyTorch's and JAX's threads, too, when they are.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# In this order, as each sets the number of threads before the first of them imports NumPy here.
SECTIONS = {
    "networks": "a step of networks of matrices, against other libraries",
    "eager": "graphs of scalars: built, backpropagated and freed, against other engines",
    "replay": "a recorded graph run again, against CasADi, C and JAX",
    "columns": "the graph of one example run over m columns, against matrices",
    "demo": "whole trainings: micrograd's moons, a GPT of Values",
    "player": "the player's page in Chromium; needs Playwright",
}

TASKS = ("mlp", "calls", "wide", "mixed", "chain", "moons", "gpt")  # of eager and replay, and of demo


def main() -> None:
    """Set the threads and the kernels of the processor, and only then import what computes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="section",
        help="; ".join(f"{name}: {what}" for name, what in SECTIONS.items()) + " (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a result")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=(), help="no others than these")
    text = "keep the times in a JSON file, for `benchmarks.page`; not those of networks"
    parser.add_argument("--save", type=Path, metavar="FILE", help=text)
    text = "OPENBLAS_CORETYPE for all that compute with NumPy, '' to leave it alone (here: %(default)r)"
    parser.add_argument("--coretype", default=default_coretype(), help=text)
    arguments = parser.parse_args()
    chosen = arguments.sections or list(SECTIONS)
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: choose from {', '.join(SECTIONS)}")
    if arguments.coretype:
        os.environ["OPENBLAS_CORETYPE"] = arguments.coretype

    from benchmarks.measure import machine

    print(f"Machine: {machine()}.")
    for name in chosen:
        print(f"\n## {name}: {SECTIONS[name]}")
        if name == "networks":
            measure_networks(quick=arguments.quick)
            continue
        if name == "player":
            importlib.import_module("benchmarks.player").run(quick=arguments.quick)
            continue
        os.environ.update(dict.fromkeys(THREADS, "1"))  # for the processes that the section starts
        section = importlib.import_module(f"benchmarks.{name}")
        records = section.run(quick=arguments.quick, only=arguments.tasks)
        if arguments.save:
            from benchmarks.records import save

            save(arguments.save, records)


def measure_networks(*, quick: bool) -> None:
    """On two threads, in this process, which must not have imported NumPy before."""
    os.environ.update(dict.fromkeys(THREADS, "2"))

    from benchmarks import networks
    from benchmarks.blas import blas

    print(f"\nTwo threads. BLAS of NumPy: {blas()}")
    networks.run(quick)


def default_coretype() -> str:
    """SkylakeX where the processor has AVX-512, which OpenBLAS does not see on every one that has it."""
    path = Path("/proc/cpuinfo")
    return "SkylakeX" if path.exists() and "avx512f" in path.read_text() else ""


if __name__ == "__main__":
    main()
