"""The package itself: what it offers, and what it says where Hypothesis is missing."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest

import micrograd_dl.testing
from micrograd_dl.foundation.text import install_hint


def test_without_hypothesis_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import micrograd_dl; import micrograd_dl.testing"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last == f"ImportError: micrograd_dl.testing needs Hypothesis: {install_hint('testing')}"


def test_the_missing_package_is_named_for_programs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError) as error:
        runpy.run_path(micrograd_dl.testing.__file__)
    assert error.value.name == "hypothesis"
