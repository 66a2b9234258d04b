"""The commands train, predict and lesson, from words on the command line to what is printed and written."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from micrograd_dl.cli import learning as learning_cli
from micrograd_dl.cli.learning import LESSONS
from micrograd_dl.optim.optimisers import OPTIMISERS
from micrograd_dl.training import experiment
from micrograd_dl.training.experiment import Outcome


def run(*words: object) -> int:
    return learning_cli.run([str(word) for word in words])


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Outcome]:
    """Pictures have tests of their own, and take a while."""
    asked: list[Outcome] = []

    def write_report(outcome: Outcome, folder: Path) -> list[Path]:
        asked.append(outcome)
        return [folder / "cost.png", folder / "network.svg"]

    module = ModuleType("viz.plots.report")
    monkeypatch.setattr(module, "write_report", write_report, raising=False)
    monkeypatch.setattr(module, "not_of_this", lambda _: [], raising=False)
    monkeypatch.setitem(sys.modules, "viz.plots.report", module)
    monkeypatch.chdir(tmp_path)
    return asked


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


# --- train and predict --------------------------------------------------------------------------------------


def test_what_a_network_can_be_can_be_asked_for(
    flowers: Path, capsys: pytest.CaptureFixture[str], no_pictures: list[Outcome]
) -> None:
    options = (
        "--normalisation batch --keep-prob 0.9 --l2 0.1 --l1 0.2 --max-norm 3 --label-smoothing 0.05 "
        "--optimiser momentum --clip-norm 5 --epochs 3"
    )
    assert train(flowers, "--hidden", "4", *options.split()) == 0
    assert (
        "MLP(2 -> 4 relu, batch norm, keep 0.9 -> 3 softmax; cross_entropy loss, l2=0.1, l1=0.2, max_norm=3, "
        "label_smoothing=0.05; "
    ) in capsys.readouterr().out
    model = no_pictures[0].predictor.model
    assert (model.max_norm, model.keep_probs) == (3, (0.9, 1.0))


@pytest.mark.usefixtures("no_pictures")
def test_every_argument_of_train_has_its_option(monkeypatch: pytest.MonkeyPatch, flowers: Path) -> None:
    asked: dict[str, object] = {}
    wanted = set(inspect.signature(experiment.train).parameters)

    def noted(data: object, hidden: object, **options: object) -> Outcome:
        asked.update(options, data=data, hidden=hidden)
        return experiment_train(data, hidden, epochs=1)  # type: ignore[arg-type]  # as they came

    experiment_train = experiment.train
    noted.__signature__ = inspect.signature(experiment_train)  # type: ignore[attr-defined]  # as functools does
    monkeypatch.setattr(experiment, "train", noted)
    assert train(flowers) == 0
    assert wanted - asked.keys() == {"progress", "callbacks"}


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


@pytest.mark.parametrize("backend", ["numpy", "values", "compiled"])
def test_from_a_table_to_predictions(
    backend: str,
    flowers: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    no_pictures: list[Outcome],
) -> None:
    few = ["--epochs", 15] if backend == "values" else []
    assert (
        train(flowers, "--hidden", "4", "--backend", backend, "-o", "flowers.npz", "--report", "here", *few)
        == 0
    )
    out, err = capsys.readouterr()
    for part in ("examples: train 36, dev 12, test 12", "On the test set:", "The model is in flowers.npz."):
        assert part in out
    assert "The report is in here: cost.png, network.svg." in out
    assert not err
    assert len(no_pictures) == 1

    new = tmp_path / "new.csv"
    new.write_text("width,length\n1.0,1.0\n3.0,3.0\n5.0,5.0\n", encoding="utf-8")
    assert run("predict", "flowers.npz", new, "-o", "out.csv") == 0
    assert "3 predictions of species are in out.csv." in capsys.readouterr().out
    rows = [line.split(",") for line in (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4
    assert "species" in rows[0][0]
    if backend == "numpy":
        assert [row[0] for row in rows[1:]] == ["red", "green", "blue"]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="open files have names on some systems only")
def test_predictions_are_added_to_what_the_shell_has_opened(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in ``micrograd-dl predict model.npz new.csv -o /dev/stdout >> log``."""
    train(flowers, "--epochs", 1)
    (tmp_path / "new.csv").write_text("length,width\n1,1\n", encoding="utf-8")
    capsys.readouterr()
    with (tmp_path / "log").open("ab", buffering=0) as log:
        log.write(b"header\n")
        assert run("predict", "model.npz", "new.csv", "-o", f"/dev/fd/{log.fileno()}") == 0
        out, err = capsys.readouterr()
        assert (out, err) == ("", f"1 prediction of species is in /dev/fd/{log.fileno()}.\n")
    header, names, row = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert header == "header"
    assert names.startswith("species,P(blue)")
    assert row.split(",")[0] in ("red", "green", "blue")


def test_numbers_too_large_to_predict_from(tmp_path: Path) -> None:
    lines = [f"{x / 100},{x / 50}" for x in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["u,y", *lines]) + "\n", encoding="utf-8")
    assert run("train", "a.csv", "--target", "y", "--kind", "numbers", "--hidden", "", "--epochs", 1) == 0
    (tmp_path / "new.csv").write_text("u\n1\n1.7e308\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"new.csv: of example 2 nothing finite can be predicted: its"):
        run("predict", "model.npz", "new.csv")
    assert not (tmp_path / "predictions.csv").exists()


def test_built_in_sets_and_npz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "moons", "--epochs", 2, "--hidden", "3,3") == 0
    assert "MLP(2 -> 3 relu -> 3 relu -> 1 sigmoid; logistic loss; 25 parameters)" in capsys.readouterr().out
    assert (tmp_path / "model.npz").exists()
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2, 40))
    np.savez(tmp_path / "numbers.npz", X=X, Y=X[:1] * 2.5)
    assert run("train", "numbers.npz", "--kind", "numbers", "--epochs", 2, "--hidden", "") == 0
    assert "root mean squared error" in capsys.readouterr().out


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "moons", "--optimiser", name, "--epochs", 2, "--hidden", "3") == 0
    assert "2 epochs in" in capsys.readouterr().out


def test_how_the_weights_begin_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    few = ("train", "moons", "--epochs", 1)
    for words, expected in (
        (["--hidden", "3,3"], "he, he, xavier"),
        (["--activation", "tanh"], "xavier"),
        (["--hidden", "3,3", "--initialiser", "orthogonal"], "orthogonal"),
    ):
        run(*few, *words)
        assert f"\ninitial weights: {expected}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "delimiter", "words"),
    [
        ("f.csv", "|", ["--delimiter", "|"]),
        ("f.csv", "\t", ["--delimiter", "tab"]),
        ("f.csv", "\t", ["--delimiter", r"\t"]),
        ("f.csv", ";", []),
        ("f.tsv", "\t", []),
        ("F.TSV", "\t", []),
    ],
)
def test_delimiters_and_columns_that_are_no_features(
    name: str, delimiter: str, words: list[str], flowers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *lines = flowers.read_text(encoding="utf-8").splitlines()
    rows = [f"id,{head},note", *(f"x,{line}," for line in lines)]
    path = flowers.with_name(name)
    path.write_text("".join(row.replace(",", delimiter) + "\n" for row in rows), encoding="utf-8")
    assert train(path, "--epochs", 1, "--ignore", "id", "--ignore", "note", *words) == 0
    assert "MLP(2 -> 16 relu -> 3 softmax" in capsys.readouterr().out
    assert run("predict", "model.npz", path, *words) == 0
    assert "60 predictions of species" in capsys.readouterr().out


def test_a_training_is_taken_up_from_its_checkpoint(
    flowers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--checkpoint", "c.npz", "--batch-size", 8, "--patience", 1000]
    train(flowers, *words, "--epochs", 5)
    train(flowers, *words, "--epochs", 9)
    assert "9 epochs in" in capsys.readouterr().out


def test_without_what_pictures_take_the_model_is_kept(
    flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write_report(*_: object) -> list[Path]:
        raise ModuleNotFoundError("plots need matplotlib: pip install 'micrograd-dl[plots]'")

    monkeypatch.setattr(sys.modules["viz.plots.report"], "write_report", write_report)
    assert train(flowers, "--epochs", 1) == 0
    out, err = capsys.readouterr()
    assert "The model is in model.npz." in out
    assert err == "No report: plots need matplotlib: pip install 'micrograd-dl[plots]'\n"
    assert (tmp_path / "model.npz").exists()


@pytest.mark.usefixtures("no_pictures")
def test_a_picture_of_an_earlier_report_is_left_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys.modules["viz.plots.report"], "not_of_this", lambda _: [Path("report/boundary.png")]
    )
    assert run("train", "moons", "--epochs", 1) == 0
    told = "is not of this training: it was there before, and is left as it is."
    assert capsys.readouterr().out.endswith(f"\n{Path('report/boundary.png')} {told}\n")


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "text.npz", "flowers.csv"], "text.npz is not a whole .npz file: it is no archive"),
        (["lesson", "xor", "-o", "xor.bmp"], "a figure is saved as .svg, .png or .pdf, not as 'xor.bmp'"),
        (["train", "flowers.csv"], "say which column of flowers.csv to predict: --target NAME"),
        (
            ["train", "moons", "--target", "y"],
            "--target is for columns of a .csv or .tsv file, and moons is none",
        ),
        (
            ["train", "moons", "--ignore", "x1"],
            "--ignore is for columns of a .csv or .tsv file",
        ),
        (
            ["train", "iris", "--delimiter", ";"],
            "--delimiter is for columns of a .csv or .tsv file",
        ),
        (
            ["train", "flowers.csv", "--target", "species", "--ignore", "Width", "--ignore", "id"],
            "flowers.csv: there is no column 'Width' (did you mean 'width'?), 'id'; there is length, width, ",
        ),
        (
            ["train", "flowers.csv", "--target", "species", "--delimiter", ";"],
            "there is no column 'species'; there is length,width,species; if it has more, give",
        ),
        (
            ["train", "flowers.csv", "--target", "y", "--delimiter", ";;"],
            "a delimiter is one character",
        ),
        (["train", "flowers.csv", "--target", "colour"], "colour"),
        (
            ["train", "flowers.csv", "--target", "species", "--ignore", "species"],
            "flowers.csv: the target 'species' is ignored too: leave it out",
        ),
        (["train", "jupiters"], "jupiters"),
        (["train", "moons", "--activation", "gelu"], "no activation 'gelu'"),
        (["train", "moons", "--optimiser", "sgd"], "no optimiser 'sgd': choose one of descent, momentum, "),
        (
            ["train", "moons", "--optimiser", "momentum", "--beta2", "0.9"],
            "the optimiser momentum has no beta2: leave it out, or choose adam",
        ),
        (["train", "moons", "--initialiser", "lucky"], "no initialiser 'lucky': choose one of zeros, "),
        (["train", "moons", "--learning-rate", "0"], "the learning rate is a number above 0, not 0.0"),
        (["train", "moons", "--clip-norm", "-1"], "clip_norm is a number above 0, not -1.0"),
        (["train", "moons", "--seed", "-1"], "seed is a whole number from 0 up, not -1"),
        (["train", "moons", "--bayes", "5"], "bayes is a part of 1"),
        (["train", "moons", "-o", "model.bin"], "a model is saved as .npz, not as 'model.bin'"),
        (["train", "moons", "--checkpoint", "c.txt"], "a model is saved as .npz, not as 'c.txt'"),
        (["train", "moons", "-o", ".npz"], "a model is saved as .npz, not as '.npz'"),
        (["train", "text.npz", "-o", "text.npz"], "text.npz is the data, which would be written over"),
        (["train", "moons", "--checkpoint", "model.npz"], "model.npz is the checkpoint too, which would be"),
        (["predict", "m.npz", "flowers.csv", "-o", "flowers.csv"], "flowers.csv is the data, which would be"),
        (["predict", "m.npz", "flowers.csv", "-o", "m.npz"], "m.npz is the model, which would be"),
        (["train", "moons", "--epochs", "0"], "epochs is a whole number from 1 up, not 0"),
        (["train", "broken.csv", "--target", "species"], "broken.csv"),
        (["predict", "flowers.csv", "flowers.csv"], "flowers.csv is not a whole .npz file"),
        (["lesson", "parity", "-o", "p.png"], "the lesson parity ends in a table and has no picture"),
        (["lesson", "xor", "-o", "xor.txt"], "a figure is saved as .svg, .png or .pdf, not as 'xor.txt'"),
        (["lesson", "-o", "xor.png"], "say which lesson the picture is of"),
        (["lesson", "cooking"], "there is no lesson 'cooking': choose one of vectorization, shapes"),
    ],
)
@pytest.mark.usefixtures("flowers")
def test_errors_say_what_to_do(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.npz").write_text("no archive", encoding="utf-8")
    (tmp_path / "broken.csv").write_text("length,species\n1.0,red\n,green\n", encoding="utf-8")
    with pytest.raises((ValueError, KeyError)) as error:
        run(*words)
    assert message in str(error.value)
    assert not (tmp_path / "model.npz").exists()
    assert not capsys.readouterr().out  # nothing was begun


@pytest.mark.parametrize(
    "words",
    [
        ["train", "moons", "-o", "none/m.npz"],
        ["train", "moons", "--checkpoint", "none/c.npz"],
        ["predict", "m.npz", "flowers.csv", "-o", "none/p.csv"],
        ["lesson", "xor", "-o", "none/xor.png"],
    ],
)
def test_a_folder_that_is_not_there_is_named_first(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError, match=rf"there is no folder none: make it first: '{words[-1]}'"):
        run(*words)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("words", [["-o", "there.npz"], ["--report", "flowers.csv"]])
@pytest.mark.usefixtures("flowers")
def test_a_file_in_place_of_a_folder_is_named_first(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there.npz").mkdir()
    with pytest.raises((IsADirectoryError, NotADirectoryError), match=f"this is a .*: '{words[-1]}'"):
        run("train", "moons", *words)
    assert not capsys.readouterr().out


def test_a_folder_for_the_report_is_asked_for_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        folder.mkdir()
    monkeypatch.chdir(here)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).resolve() != here and access(path, mode))
    with pytest.raises(PermissionError, match=r"nothing may be written to .*here: give another .*: 'report'"):
        run("train", "moons", "-o", elsewhere / "m.npz")
    assert not capsys.readouterr().out
    assert not any(elsewhere.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["train", "none.csv"],
        ["train", "none.csv", "--target", "y"],
        ["predict", "none.npz", "flowers.csv"],
    ],
)
@pytest.mark.usefixtures("flowers")
def test_a_file_that_is_not_there(words: list[str]) -> None:
    with pytest.raises(FileNotFoundError):
        run(*words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["train", "moons", "--hidden", "16,x"],
            "sizes are whole numbers with commas, such as 16,16; not '16,x'",
        ),
        (["train", "moons", "--hidden", "4,,4"], "whole numbers with commas, such as 16,16; not '4,,4'"),
        (["train", "moons", "--hidden", "1_6"], "whole numbers with commas, such as 16,16; not '1_6'"),
        (["train", "moons", "--epochs", "2_0"], "argument --epochs: a whole number is wanted, not 2_0"),
        (["train", "moons", "--l2", "١"], "--l2: a number is wanted, such as 5, -3, 1e-3 or inf, not ١"),
        (["train", "moons", "--backend", "torch"], "invalid choice: 'torch'"),
        (["train"], "required: DATA"),
        (["train", "moons", "--colour", "red"], "unrecognized arguments: --colour red"),
        (["predict", "m.npz", "n.csv", "o.csv"], "usage: micrograd-dl predict"),
        (["predict", "m.npz"], "required: NEW.csv"),
    ],
)
def test_words_that_are_not_understood(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        run(*words)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_predict_refuses_a_table_without_the_features(flowers: Path, tmp_path: Path) -> None:
    train(flowers, "--epochs", 1)
    (tmp_path / "new.csv").write_text("length,height\n1,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="width"):
        run("predict", "model.npz", "new.csv")
    assert not (tmp_path / "predictions.csv").exists()


# --- lessons ------------------------------------------------------------------------------------------------


def test_lessons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lesson") == 0
    out = capsys.readouterr().out
    assert out.startswith("Lessons of the course; -o FILE saves the [picture] of those that have one:\n")
    assert all(f"  {name} " in out for name in LESSONS)
    assert len(out.splitlines()) == len(LESSONS) + 1
    marked = {line.split()[0] for line in out.splitlines()[1:] if line.endswith(" [picture]")}
    assert marked == {name for name in LESSONS if hasattr(learning_cli.load_lesson(name), "picture")}


def test_a_lesson_by_its_name_with_a_hyphen(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lesson", "linear-collapse") == 0
    assert "collapses to one layer with W' (2, 3) and b' (2, 1)" in capsys.readouterr().out


def test_a_lesson_and_its_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the picture is Matplotlib's, in the extra plots")
    assert run("lesson", "vanishing_gradients", "-o", "sizes.svg") == 0
    assert capsys.readouterr().out.endswith("\n\nThe picture is in sizes.svg.\n")
    assert "<svg" in (tmp_path / "sizes.svg").read_text(encoding="utf-8")


def test_a_picture_without_matplotlib(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.style", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[plots\]'"):
        run("lesson", "xor", "-o", "xor.png")
    assert not capsys.readouterr().out  # said before the lesson, not after it
    assert not (tmp_path / "xor.png").exists()


def test_every_lesson_is_a_file_and_every_file_a_lesson() -> None:
    folder = Path(__file__).parents[2] / "examples"
    assert {path.stem for path in folder.glob("*.py")} == set(LESSONS)
