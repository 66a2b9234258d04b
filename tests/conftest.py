"""How hard Hypothesis tries: the environment variable HYPOTHESIS_PROFILE names the profile.

- ``dev`` (the default): a hundred random examples a test, and what failed once is tried first next time.
- ``ci``: few examples, the same ones every time, so that a run fails only for a change that was made.
- ``night``: many, for an opt-in run of some hours: ``bash .ci/run --full``.

No profile has a deadline: no test of this project asserts a time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=30, derandomize=True, print_blob=True
)
settings.register_profile("night", settings.get_profile("dev"), max_examples=3_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
