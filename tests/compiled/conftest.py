"""What the tests of compiled graphs share."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(params=["numpy", "numba"])
def runner(request: pytest.FixtureRequest) -> str:
    """Each runner in turn; numba only where it is installed."""
    name: str = request.param
    if name == "numba" and importlib.util.find_spec("numba") is None:
        # Not on every platform and Python yet; all else is tested with the runner numpy then.
        pytest.skip("numba is not installed")
    return name
