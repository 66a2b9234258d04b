"""What pyproject.toml, README.md, CHANGELOG.md and the source say about the same thing must be the same.

That the wheel holds what it should, and works in an empty environment, is tried by ``.ci/run``.
"""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import entry_points, metadata, version
from pathlib import Path

import pytest

import micrograd_dl

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXTRAS = set(metadata("micrograd-dl").get_all("Provides-Extra") or [])

# The README is where the commands are written; .ci/run takes them from there, by these comments.
COMMAND = re.compile(r"<!-- command: (\w+) -->\n```sh\n(.*?)\n```", re.DOTALL)
FIRST_SCREEN = 40


def test_the_installed_version_is_the_sources() -> None:
    hint = "the version was changed since the installation: install again"
    assert version("micrograd-dl") == micrograd_dl.__version__, hint


def test_the_changelog_knows_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings
    assert headings[0] in {"Unreleased", micrograd_dl.__version__}


def test_readme_has_the_two_commands_on_its_first_screen() -> None:
    commands = COMMAND.findall("\n".join(README.splitlines()[:FIRST_SCREEN]))
    assert sorted(name for name, _ in commands) == ["step", "test"]
    assert len(COMMAND.findall(README)) == 2
    for _, command in commands:
        assert "\n" not in command, "one line each, to be copied in one go"


@pytest.mark.parametrize(("name", "command"), COMMAND.findall(README))
def test_ci_runs_the_commands_of_the_readme(name: str, command: str) -> None:
    run = subprocess.run(["bash", ROOT / ".ci" / "run", "--show", name], capture_output=True, check=True)
    assert run.stdout.decode() == command + "\n"


def test_extras_that_are_named_exist() -> None:
    for path in (ROOT / "README.md", *ROOT.glob("micrograd_dl/**/*.py"), *ROOT.glob("viz/**/*.py")):
        named = re.findall(r"(?:micrograd-dl|-e '?\.)\[([\w, -]+)\]", path.read_text(encoding="utf-8"))
        missing = {extra.strip() for group in named for extra in group.split(",")} - EXTRAS
        assert not missing, f"{path} names extras that pyproject.toml does not have: {missing}"


def test_the_command_leads_to_a_function() -> None:
    (script,) = entry_points(group="console_scripts", name="micrograd-dl")
    assert callable(script.load())
