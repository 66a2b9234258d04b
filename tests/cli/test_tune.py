"""The command tune, from words on the command line to what is printed and written."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.cli.main import _carry_out, main
from micrograd_dl.training import experiment
from micrograd_dl.training.experiment import Predictor
from micrograd_dl.tuning import trials

QUICK = ["--trials", "3", "--epochs", "6", "--rungs", "2", "--rounds", "1", "--processes", "0"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tune(*words: str) -> int:
    return _carry_out(["tune", "moons", *QUICK, *words])


def command(out: str) -> list[str]:
    found = re.search(r"^  micrograd-dl (train .*)$", out, re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


def test_from_a_search_to_the_best_network(tmp_path: Path, capsys: Capture) -> None:
    assert main(["tune", "moons", *QUICK, "--over", "lr=1e-3..1", "--over", "hidden=4/4,4"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 trials for 2 epochs, the best 1 of them for 6, in:\n")
    assert "  learning_rate  0.001 to 1 (log)\n  hidden         4 / 4,4\n" in out
    assert "The best of 3 trials, all of them in tune.jsonl:" in out
    assert "The picture is in tune.png." in out
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")

    assert _carry_out([*command(out), "--report", str(tmp_path / "report")]) == 0
    history = Predictor.load("model.npz").history
    [row] = [line.split() for line in out.splitlines() if re.match(r" +1\.\d +6 ", line)]
    assert float(row[2]) in [pytest.approx(1 - x, abs=1e-4) for x in history.dev_accuracy]
    assert len(history) == 6


def test_the_same_command_shows_the_table_again(capsys: Capture) -> None:
    outs = []
    for processes in ("0", "2"):
        assert tune("--processes", processes, "--picture", "p.svg") == 0
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1]
    assert "learning_rate  0.0001 to 1 (log)" in outs[0]  # what is searched where nothing is said
    assert Path("p.svg").exists()
    with pytest.raises(ValueError, match="holds another search: its seed is 0, not 1"):
        tune("--seed", "1")


def test_the_command_of_a_table(tmp_path: Path, capsys: Capture) -> None:
    lines = ["id;x;price", *(f"{k};{k / 7};{k * 3.5}" for k in range(40))]
    (tmp_path / "the flats.csv").write_text("\n".join(lines) + "\n")
    words = ["--target", "price", "--ignore", "id", "--delimiter", ";", "--kind", "numbers"]
    words += ["--over", "l2=0..1@linear", "--over", "layers=1..2", "--over", "activation=tanh"]
    assert _carry_out(["tune", "the flats.csv", *QUICK, *words, "--by", "loss", "--patience", "4"]) == 0
    train = command(capsys.readouterr().out)
    assert train[:4] == ["train", "the flats.csv", "--ignore", "id"]
    assert train[train.index("--epochs") :][:2] == ["--epochs", "6"]
    assert train[-2:] == ["--patience", "4"]
    assert _carry_out([*train, "--report", str(tmp_path / "report")]) == 0
    assert "tanh" in capsys.readouterr().out


def test_what_train_leaves_out_can_be_searched_against_none(capsys: Capture) -> None:
    over = ["--over", "normalisation=None", "--over", "clip_norm=none/1", "--over", "initialiser=none/he"]
    assert tune(*over, "--over", "learning_rate=0.01..0.1", "--over", "schedule=none") == 0
    out = capsys.readouterr().out
    assert "  normalisation  none\n  clip_norm      1 / none\n  initialiser    he / none\n" in out
    train = command(out)
    assert not {"--normalisation", "--schedule", "--target", "none"} & set(train)
    assert _carry_out([*train, "--report", "report"]) == 0


def test_stopped_by_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    calls = []

    @functools.wraps(experiment.train)
    def train(*args: Any, **options: Any) -> experiment.Outcome:
        calls.append(args)
        if len(calls) >= 3:
            raise KeyboardInterrupt
        return experiment.train(*args, **options)

    monkeypatch.setattr(trials, "train", train)
    assert tune() == 130
    out = capsys.readouterr().out
    assert "Stopped before it was done; the same command goes on from here." in out
    assert "The best of 2 trials" in out
    assert not Path("tune.png").exists()
    assert tune("-o", "none.jsonl") == 130
    assert "The best" not in capsys.readouterr().out


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="takes the signals of Unix")
def test_ended_it_leaves_nothing_behind() -> None:
    words = [sys.executable, "-m", "micrograd_dl", "tune", "digits", "--processes", "2"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (Path("tune.jsonl").exists() and Path("tune.jsonl").read_bytes().count(b"\n") > 2):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (143, b"", b"")  # nor is a semaphore said to be leaked


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.style", None)
    assert tune() == 0
    out, err = capsys.readouterr()
    assert "micrograd-dl train moons" in out
    assert "No picture: " in err
    assert "micrograd-dl[plots]" in err


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("l2", "--over takes NAME=LOW..HIGH or NAME=VALUE/VALUE, not 'l2'"),
        ("l2=0..1", "--over l2=0..1: the scale log never reaches 0.0"),
        ("l2=1..a", "--over l2=1..a: a number is wanted, such as 5, -3, 1e-3 or inf, not a"),
        ("learning_rate=", "--over learning_rate=: a value is missing"),
        (
            "clip_norm=1/1_0",
            "--over clip_norm=1/1_0: a number is wanted, such as 5, -3, 1e-3 or inf, not 1_0",
        ),
        ("l2=1..2 --over l2=1..3", "searched in one range only"),
        ("l2=1..2 --picture p.txt", "a figure is saved as .svg, .png or .pdf, not as 'p.txt'"),
        ("l2=1..2 -o /dev/stdout", "results are read again by the next search: give a file's name"),
        ("l2=1..2 -o t.png", "t.png is where the results go, which would be written over: give another"),
    ],
)
def test_what_is_refused(over: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        tune("--over", *over.split(" "))
    assert not Path("tune.jsonl").exists()
