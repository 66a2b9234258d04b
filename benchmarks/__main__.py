"""``python -m benchmarks``: measure, and print tables in Markdown."""

from __future__ import annotations

import argparse
import os

# NumPy's OpenBLAS reads these when it is loaded; PyTorch's and JAX's threads, too, when they are.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")


def main() -> None:
    """Set two threads and the kernels of the processor, and only then import what computes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a result")
    parser.add_argument(
        "--coretype",
        default=default_coretype(),
        help="OPENBLAS_CORETYPE for all that compute with NumPy, '' to leave it alone (here: %(default)r)",
    )
    arguments = parser.parse_args()
    os.environ.update(THREADS)
    if arguments.coretype:
        os.environ["OPENBLAS_CORETYPE"] = arguments.coretype

    from benchmarks import networks
    from benchmarks.blas import blas
    from benchmarks.measure import machine

    print(f"Machine: {machine()}; two threads.\n\nBLAS of NumPy: {blas()}")
    networks.run(arguments.quick)


def default_coretype() -> str:
    """SkylakeX where the processor has AVX-512, which OpenBLAS does not see on every one that has it."""
    try:
        with open("/proc/cpuinfo") as file:
            return "SkylakeX" if "avx512f" in file.read() else ""
    except OSError:
        return ""


if __name__ == "__main__":
    main()
