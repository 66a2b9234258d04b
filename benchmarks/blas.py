"""Which kernels NumPy's matrix products run on."""

from __future__ import annotations

import importlib

import numpy as np


def blas() -> str:
    """The BLAS that NumPy has loaded, its architecture and threads, if the package threadpoolctl can tell."""
    np.ones((2, 2)) @ np.ones((2, 2))
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError:
        return "unknown (install threadpoolctl to see it)"
    found = [
        f"{pool['internal_api']} {pool['version']}, architecture {pool.get('architecture', 'unknown')}, "
        f"{pool['num_threads']} threads"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return "; ".join(found) or "none found"
