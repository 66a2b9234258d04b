"""A user's program passes the type checkers in their strict modes, and what is wrong in one is seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.typing import program

PROGRAM = Path(program.__file__)
ROOT = PROGRAM.parents[2]
COMMANDS = {
    "mypy": ["--strict", "--config-file=", "--cache-dir=cache", "--no-error-summary"],
    "basedpyright": ["--pythonpath", sys.executable, "--level=error"],
}
WRONG = [
    "exp('text')", "maximum(1.0)", "exp(1.0).grad", "grad(exp(1.0), [])", "dot([1.0], 2.0)",
    "nn.MLP(2, [1], loss='sqaured')", "vectorized.MLP(2, [1], initializer='he')",
]  # fmt: skip


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program.main()
    assert "backprop is right" in capsys.readouterr().out


@pytest.mark.parametrize("checker", COMMANDS)
def test_type_checkers_see_what_is_wrong_and_nothing_else(checker: str, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name(checker)
    if shutil.which(str(command)) is None:
        pytest.skip(f"{checker} is not installed")
    text = PROGRAM.read_text(encoding="utf-8")
    (tmp_path / "program.py").write_text(text + "\n".join(WRONG) + "\n", encoding="utf-8")
    config = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    run = subprocess.run(
        [command, *COMMANDS[checker], "program.py"],
        cwd=tmp_path, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = {int(line) for line in re.findall(r"program.py:(\d+).* error: ", run.stdout)}
    end = len(text.splitlines())
    assert lines == {end + i for i in range(1, len(WRONG) + 1)}, run.stdout + run.stderr
