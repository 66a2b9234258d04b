"""The commands train, predict and lesson, from words on the command line to what is printed and written."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl.cli.lesson import lessons, load_lesson
from micrograd_dl.cli.main import _carry_out, main
from micrograd_dl.training import experiment
from micrograd_dl.training.experiment import Predictor
from micrograd_dl.training.fitting import fit
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.training.storage import save
from micrograd_dl.viz import plots

Capture = pytest.CaptureFixture[str]


def run(*words: object) -> int:
    return _carry_out([str(word) for word in words])


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pictures have tests of their own, and take a while."""
    monkeypatch.setattr(
        plots, "write_report", lambda _, folder: [folder / "cost.png", folder / "network.svg"]
    )
    monkeypatch.setattr(plots, "not_of_this", lambda _: [Path("old.png")])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Three kinds of flower that two lengths tell apart."""
    rng = np.random.default_rng(0)
    lines = ["length,width,species"]
    for name, centre in (("red", 1.0), ("green", 3.0), ("blue", 5.0)):
        lines += [f"{x:.4f},{y:.4f},{name}" for x, y in centre + 0.2 * rng.standard_normal((20, 2))]
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def train(flowers: Path, *words: object) -> int:
    return run("train", flowers, "--target", "species", "--epochs", 60, "--learning-rate", 0.05, *words)


def test_train_is_called_with_the_options_that_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[TrainingOptions] = []

    def noted(_data: object, options: TrainingOptions, **_: object) -> None:
        given.append(options)
        raise ValueError

    monkeypatch.setattr(experiment, "train", noted)
    values = {"int": "3", "float": "0.25", "str": "right", "tuple[int, ...]": "4,5"}
    words: list[str] = []
    for option in fields(TrainingOptions):
        value = values[str(option.type).partition(" | ")[0]]
        words += [f"--{option.name.replace('_', '-')}", option.metadata.get("choices", [value])[0]]
    for line in ([], words, ["--lr", "0.5", "--optimizer=adamw", "--hidden", "0"]):
        with pytest.raises(ValueError, match=r"^$"):
            run("train", "moons", *line)
    assert given[0] == TrainingOptions()
    assert (given[1].hidden, given[1].beta1, given[1].patience) == ((4, 5), 0.25, 3)
    assert len(given[1].changed()) >= len(words) // 2 - 3
    assert given[2].changed() == {"hidden": (), "learning_rate": 0.5, "optimiser": "adamw"}


@pytest.mark.parametrize("when", ["in the training", "while it is saved", "in the report", "twice"])
def test_ctrl_c_never_loses_the_model(when: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Twice: a second time before the model is saved."""

    def interrupt(*_: object, **__: object) -> list[Path]:
        signal.raise_signal(signal.SIGINT)
        return []

    def swallowed(*_: object) -> list[Path]:
        with suppress(KeyboardInterrupt):  # as a library may
            interrupt()
        return []

    def interrupted_fit(*args: Any, **options: Any) -> Any:
        history = fit(*args, **{**options, "callbacks": [interrupt]})
        if when == "twice":
            interrupt()
        return history

    def interrupted_save(*args: Any) -> Path:
        interrupt()
        return save(*args)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run in the background
    try:
        if when in ("in the training", "twice"):
            monkeypatch.setattr(experiment, "fit", interrupted_fit)
        if when == "while it is saved":
            monkeypatch.setattr(experiment, "save", interrupted_save)
        if when == "in the report":
            monkeypatch.setattr(plots, "write_report", swallowed)
        code = main(["train", "moons", "--epochs", "3"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert code == (0 if when == "in the training" else 130)
    assert Predictor.load(tmp_path / "model.npz").features == ("x1", "x2")


def test_the_model_is_saved_though_nobody_reads_on(
    flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in ``micrograd-dl train ... | head -1``."""

    def closed(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", closed)
    with pytest.raises(BrokenPipeError):
        train(flowers, "--epochs", 2, "-o", tmp_path / "kept.npz")
    assert (tmp_path / "kept.npz").is_file()


@pytest.mark.parametrize("backend", ["numpy", "compiled"])
def test_from_a_table_to_predictions(backend: str, flowers: Path, tmp_path: Path, capsys: Capture) -> None:
    words = ("--hidden", "4", "--backend", backend, "-o", "f.npz", "--report", "here", "--film", "f.html")
    assert train(flowers, *words) == 0
    out, err = capsys.readouterr()
    for part in ("examples: train 36, dev 12, test 12", "On the test set:", "The model is in f.npz."):
        assert part in out
    assert "The report is in here: cost.png, network.svg.\nold.png is not of this training: " in out
    assert out.endswith("The film is in f.html.\n")
    assert "width" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert not err

    new = tmp_path / "new.csv"
    new.write_text("width,length\n1.0,1.0\n3.0,3.0\n5.0,5.0\n", encoding="utf-8")
    assert run("predict", "f.npz", new, "-o", "out.csv") == 0
    assert "3 predictions of species written to out.csv." in capsys.readouterr().out
    names, *rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert names.startswith("species,P(blue)")
    assert [row.split(",")[0] for row in rows] == ["red", "green", "blue"]


def test_a_file_of_arrays(tmp_path: Path, capsys: Capture) -> None:
    X = np.random.default_rng(0).standard_normal((2, 40))
    np.savez(tmp_path / "numbers.npz", X=X, Y=X[:1] * 2.5)
    assert run("train", "numbers.npz", "--kind", "numbers", "--epochs", 2, "--hidden", "") == 0
    assert "root mean squared error" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="open files have names on some systems only")
def test_predictions_are_added_to_what_the_shell_has_opened(
    flowers: Path, tmp_path: Path, capsys: Capture
) -> None:
    """As in ``micrograd-dl predict model.npz new.csv -o /dev/stdout >> log``."""
    train(flowers, "--epochs", 1)
    (tmp_path / "new.csv").write_text("length,width\n1,1\n", encoding="utf-8")
    capsys.readouterr()
    with (tmp_path / "log").open("ab", buffering=0) as log:
        log.write(b"header\n")
        assert run("predict", "model.npz", "new.csv", "-o", f"/dev/fd/{log.fileno()}") == 0
        out, err = capsys.readouterr()
        assert (out, err) == ("", f"1 prediction of species written to /dev/fd/{log.fileno()}.\n")
    assert (tmp_path / "log").read_text(encoding="utf-8").startswith("header\nspecies,P(blue)")


def test_numbers_too_large_to_predict_from(tmp_path: Path) -> None:
    lines = [f"{x / 100},{x / 50}" for x in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["u,y", *lines]) + "\n", encoding="utf-8")
    assert run("train", "a.csv", "--target", "y", "--kind", "numbers", "--hidden", "", "--epochs", 1) == 0
    (tmp_path / "new.csv").write_text("u\n1\n1.7e308\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"new.csv: of example 2 nothing finite can be predicted: its"):
        run("predict", "model.npz", "new.csv")
    assert not (tmp_path / "predictions.csv").exists()


def test_how_the_weights_begin_is_printed(capsys: Capture) -> None:
    run("train", "moons", "--epochs", 1, "--hidden", "3,3")
    assert "\ninitial weights: he, he, xavier\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "delimiter", "words"),
    [
        ("f.csv", "|", ["--delimiter", "|"]),
        ("f.csv", "\t", ["--delimiter", "tab"]),
        ("f.csv", ";", []),
        ("F.TSV", "\t", []),
    ],
)
def test_delimiters_and_columns_that_are_no_features(
    name: str, delimiter: str, words: list[str], flowers: Path, capsys: Capture
) -> None:
    head, *lines = flowers.read_text(encoding="utf-8").splitlines()
    rows = [f"id,{head},note", *(f"x,{line}," for line in lines)]
    path = flowers.with_name(name)
    path.write_text("".join(row.replace(",", delimiter) + "\n" for row in rows), encoding="utf-8")
    assert train(path, "--epochs", 1, "--ignore", "id", "--ignore", "note", *words) == 0
    assert "MLP(2 -> 16 relu -> 3 softmax" in capsys.readouterr().out
    assert run("predict", "model.npz", path, *words) == 0
    assert "60 predictions of species" in capsys.readouterr().out


def test_a_training_is_taken_up_from_its_checkpoint(flowers: Path, capsys: Capture) -> None:
    words = ["--checkpoint", "c.npz", "--batch-size", 8, "--patience", 1000]
    train(flowers, *words, "--epochs", 5)
    train(flowers, *words, "--epochs", 9)
    assert "9 epochs in" in capsys.readouterr().out


def test_without_what_pictures_take_the_model_is_kept(
    flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def write_report(*_: object) -> list[Path]:
        raise ModuleNotFoundError("plots need matplotlib: pip install 'micrograd-dl[plots]'")

    monkeypatch.setattr(plots, "write_report", write_report)
    assert train(flowers, "--epochs", 1) == 0
    out, err = capsys.readouterr()
    assert "The model is in model.npz." in out
    assert err == "No report: plots need matplotlib: pip install 'micrograd-dl[plots]'\n"
    assert (tmp_path / "model.npz").exists()


def test_no_text_of_a_table_or_a_model_reaches_the_terminal_as_it_is(tmp_path: Path, capsys: Capture) -> None:
    evil = "\x1b]0;title\x07\x1b[2J\u202e"
    rows = [f"{n},{evil}{n % 2}" for n in range(30)]
    (tmp_path / "t.csv").write_text("\n".join([f"x,y{evil}", *rows]) + "\n", encoding="utf-8")
    few = ["--trials", 1, "--rungs", 1, "--rounds", 1, "--processes", 0, "--picture", "p.svg"]
    for words in (
        ["train", "t.csv", "--target", f"y{evil}"],
        ["predict", "model.npz", "t.csv"],
        ["tune", "t.csv", "--target", f"y{evil}", "--epochs", 1, *few],
        ["train", "t.csv", "--target", evil],
        ["lesson", evil],
    ):
        main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "\\x1b" in out + err
        assert not set(out + err) & set(evil[0] + "\x07\u202e")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("predict text.npz flowers.csv", "text.npz is not a whole .npz file: it is no archive"),
        ("predict m.npz flowers.csv -o flowers.csv", "flowers.csv is the data, which would be"),
        ("train flowers.csv", "say which column of flowers.csv to predict: --target NAME"),
        ("train moons --target y", "--target is for columns of a .csv or .tsv file, and moons is none"),
        ("train broken.csv --target species", "broken.csv"),
        ("train moons --optimiser sgd", "no optimiser 'sgd': choose one of descent, momentum, "),
        ("train moons -o model.bin", "a model is saved as .npz or .safetensors, not as 'model.bin'"),
        ("train moons --checkpoint model.npz", "model.npz is the checkpoint too, which would be"),
        ("train moons -o none/m.npz", "there is no folder none: make it first: 'none/m.npz'"),
        ("predict m.npz flowers.csv -o none/p.csv", "there is no folder none: make it first: 'none/p.csv'"),
        ("train moons --report flowers.csv", "this is a file"),
        ("train moons --film film.png", "a page is saved as .html: 'film.png'"),
        ("train none.csv --target y", "none.csv"),
        ("lesson parity -o p.png", "the lesson parity has no picture"),
        ("lesson xor -o xor.txt", "a figure is saved as .svg, .png or .pdf, not as 'xor.txt'"),
        ("lesson -o xor.png", "say which lesson it is"),
        ("lesson dropot", "there is no lesson 'dropot' (did you mean 'dropout'?): choose one of"),
    ],
)
@pytest.mark.usefixtures("flowers")
def test_errors_say_what_to_do(words: str, message: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "text.npz").write_text("no archive", encoding="utf-8")
    (tmp_path / "broken.csv").write_text("length,species\n1.0,red\n,green\n", encoding="utf-8")
    with pytest.raises((ValueError, KeyError, OSError)) as error:
        run(*words.split(" "))
    assert message in str(error.value)
    assert not (tmp_path / "model.npz").exists()
    assert not capsys.readouterr().out  # nothing was begun


def test_lessons_are_listed(capsys: Capture) -> None:
    assert run("lesson") == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in lessons())
    assert out.index("  xor ") < out.index("  dropout ") < out.index("  lstm ")  # as the course has them
    assert out.count("[picture]") == 1 + sum(hasattr(load_lesson(name), "picture") for name in lessons())
    assert max(map(len, out.splitlines())) <= 80
    folder = next(iter(lessons().values())).path.parent
    assert sorted(lessons()) == sorted(
        path.stem for path in folder.glob("*.py")
    )  # each is the next of another
    for lesson in lessons().values():
        assert all((lesson.about, lesson.setup, lesson.because)), lesson.path


def test_the_program_of_a_lesson(tmp_path: Path, capsys: Capture) -> None:
    source = lessons()["xor"].path.read_text(encoding="utf-8")
    assert run("lesson", "xor", "--source") == 0
    assert capsys.readouterr().out == source
    assert run("lesson", "xor", "--edit") == 0
    assert (tmp_path / "xor.py").read_text(encoding="utf-8") == source
    assert " xor.py\n" in capsys.readouterr().out
    with pytest.raises(FileExistsError):
        run("lesson", "xor", "--edit")
    with pytest.raises(ValueError, match="say which lesson it is"):
        run("lesson", "--edit")


def test_a_lesson_and_its_picture(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("matplotlib", reason="the picture is Matplotlib's, in the extra plots")
    assert run("lesson", "vanishing-gradients", "-o", "sizes.svg") == 0
    out = capsys.readouterr().out
    assert "\n\nThe picture is in sizes.svg.\n\nBecause: each layer multiplies by a factor" in out
    assert out.endswith("\nNext: micrograd-dl lesson augmentation\n")
    assert "<svg" in (tmp_path / "sizes.svg").read_text(encoding="utf-8")


def test_a_picture_without_matplotlib(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.style", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[plots\]'"):
        run("lesson", "xor", "-o", "xor.png")
    assert not capsys.readouterr().out  # said before the lesson, not after it
    assert not (tmp_path / "xor.png").exists()
