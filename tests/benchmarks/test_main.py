"""The command chooses sections and passes on what it is told."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import benchmarks.__main__ as command
from benchmarks import demo, eager, replay
from benchmarks.records import load, record


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*command.THREADS, "OPENBLAS_CORETYPE"):
        monkeypatch.setenv(name, "1")  # what is set afterwards is undone


def test_sections_are_run_in_the_order_given_and_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def section(module: str) -> SimpleNamespace:
        name = module.removeprefix("benchmarks.")

        def run(**options: Any) -> list[Any]:
            calls.append((name, options))
            return [record(name, "a task", "somebody", (10, 1), [1e-6])]

        return SimpleNamespace(run=run)

    monkeypatch.setattr("importlib.import_module", section)
    path = tmp_path / "speed.json"
    arguments = ["demo", "eager", "--quick", "--tasks", "mlp", "--save", str(path)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    command.main()
    options = {"quick": True, "only": ["mlp"]}
    assert calls == [("demo", options), ("eager", options)]
    assert [r.section for r in load(path)] == ["demo", "eager"]
    assert "## eager: graphs of scalars" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["speed"], "no section speed: choose from networks, eager, replay, columns, demo, player"),
        (["eager", "--tasks", "mpl"], "invalid choice: 'mpl'"),
    ],
)
def test_what_there_is_not_is_refused(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit):
        command.main()
    assert message in capsys.readouterr().err
    kinds = {kind for kind, *_ in eager.TASKS} | {*replay.KINDS} | {*demo.DEMONSTRATIONS}
    assert set(command.TASKS) == kinds
