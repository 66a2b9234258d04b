"""How much the tests try.

The environment variable HYPOTHESIS_PROFILE names the profile of the property tests:

- ``dev`` (the default): 50 random examples a test, and what failed once is tried first next time.
- ``full`` (the default of ``pytest --full``): 200.
- ``ci``: few examples, the same ones every time, so that a run fails only for a change that was made.
- ``night``: many, for an opt-in run of some hours: ``bash .ci/run --full``.

No profile has a deadline: no test of this project asserts a time.

A test marked ``full`` is the long form of another one. It runs with ``pytest --full`` only.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("dev"), max_examples=200)
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=30, derandomize=True, print_blob=True
)
settings.register_profile("night", settings.get_profile("dev"), max_examples=3_000, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the long forms of tests (marker `full`)")


def pytest_configure(config: pytest.Config) -> None:
    default = "full" if config.getoption("--full") else "dev"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", default))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(pytest.mark.skip(reason="a long form: pytest --full runs it"))
