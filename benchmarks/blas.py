"""Which kernels NumPy's matrix products run on."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info


def blas() -> str:
    """The BLAS that NumPy has loaded, its architecture and threads."""
    np.ones((2, 2)) @ np.ones((2, 2))
    found = [
        f"{pool['internal_api']} {pool['version']}, architecture {pool.get('architecture', 'unknown')}, "
        f"{pool['num_threads']} threads"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return "; ".join(found) or "none found"
