from __future__ import annotations

import io
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import warnings
import webbrowser
from pathlib import Path
from typing import NoReturn

import pytest

from micrograd_dl import __version__
from micrograd_dl.cli import main as cli
from micrograd_dl.cli.main import main

COURSE = ["u = b*c; v = a + u; J = 3*v", "a=5", "b=3", "c=2"]
WALK = """\
u = b*c; v = a + u; J = 3*v
at a = 5, b = 3, c = 2

Forward pass: from the leaves to J
  u = b * c = 3 * 2 = 6
  v = a + u = 5 + 6 = 11
  J = 3 * v = 3 * 11 = 33

Backward pass: from J back to the leaves
  dJ = dJ/dJ = 1
  dv += dJ/dJ * dJ/dv = 1 * 3 = 3   (dv: 0 -> 3)
  da += dJ/dv * dv/da = 3 * 1 = 3   (da: 0 -> 3)
  du += dJ/dv * dv/du = 3 * 1 = 3   (du: 0 -> 3)
  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
  dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)

Gradient of J
  dJ/da = 3
  dJ/db = 6
  dJ/dc = 9
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


# The walk


def test_the_whole_walk(capsys: Capture) -> None:
    for words in (COURSE, []):  # the course's example is what no expression means
        assert main(["step", "--all", *words]) == 0
        assert capsys.readouterr() == (WALK, "")
    assert main(["step", "a=6", "--all"]) == 0
    assert "J = 3 * v = 3 * 12 = 36" in capsys.readouterr().out


def test_a_script_from_a_pipe(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for script, code, out, err in (
        ("continue\n# a comment\n\nprint db\n", 0, "db = 6\n", ""),
        (
            "nonsense\nprint b\n",
            1,
            "b = 3\n",
            "line 1: there is no command 'nonsense': help lists them all\n",
        ),
        ("", 0, "", ""),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO(script))
        assert main(["step", *COURSE]) == code
        written = capsys.readouterr()
        assert written.out.endswith(out)
        assert written.err == err


def test_closed_standard_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    for words, code in ((["train", "jupiters"], 1), (["step"], 0), (["step", "--all"], 0)):
        assert main(words) == code


# The other commands


@pytest.mark.parametrize("options", [[], ["--edges"]])
def test_draw(options: list[str], capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "J.dot"
    assert main(["draw", "-o", str(file), *options, *COURSE]) == 0
    assert capsys.readouterr() == (f"Wrote {file}\n", "")
    text = file.read_text(encoding="utf-8")
    assert "33" in text
    assert ("× 2" in text) == bool(options)


@pytest.mark.parametrize("command", ["play", "draw"])
def test_a_page_is_written(command: str, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "J.html"
    assert main([command, "-o", str(file), *COURSE]) == 0
    assert capsys.readouterr() == (f"Wrote {file}\n", "")
    assert "The walk of J" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("found", [True, False])
def test_play_opens_a_browser(
    found: bool, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browse(url: str) -> bool:
        opened.append(url)
        return found

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", browse)
    assert main(["play", *COURSE]) == (0 if found else 1)
    [file] = tmp_path.glob("*/walk.html")
    assert opened == [file.as_uri()]
    out, err = capsys.readouterr()
    assert (out, err)[not found].strip().endswith(f"{file}" if found else "name a file with -o")


def test_draw_a_step_or_the_walk(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "J.svg"
    assert main(["draw", "-o", str(file), "--step", "8", "--direction", "down", *COURSE]) == 0
    assert "Step 8 of 9: backprop" in file.read_text(encoding="utf-8")
    assert main(["draw", "-o", str(file), "--limit", "6", *COURSE]) == 0
    assert "Outline of 7 nodes" in file.read_text(encoding="utf-8")
    assert main(["draw", "--walk", str(tmp_path / "frames"), *COURSE]) == 0
    assert len(list((tmp_path / "frames").iterdir())) == 10
    capsys.readouterr()
    for words, complaint in (
        ([], "-o FILE, or all steps with --walk PATH: give one of these"),
        (["-o", str(file), "--walk", "frames"], "give one of these"),
        (["--walk", str(tmp_path / "w"), "--step", "2"], "--step is one picture, --walk all of them"),
        (["-o", str(file), "--step", "10"], "--step is from 0 to 9, the steps of this walk, not 10"),
        (["-o", str(file), "--limit", "0"], "limit is a whole number from 1 up, not 0"),
        (["--walk", str(tmp_path / "walk.mp4")], "the suffix '.mp4'"),
    ):
        assert main(["draw", *words, *COURSE]) != 0
        assert complaint in capsys.readouterr().err


@pytest.mark.filterwarnings("default:one")
def test_a_warning_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: object) -> int:
        warnings.warn("one\n two", stacklevel=1)
        return 0

    monkeypatch.setattr(cli, "_carry_out", work)
    assert main([]) == 0
    assert capsys.readouterr().err == "micrograd-dl: warning: one two\n"


def test_what_does_not_fit_into_the_memory(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def network(*_: object, **__: object) -> NoReturn:
        raise MemoryError("Unable to allocate 74.5 GiB")

    monkeypatch.setattr("micrograd_dl.training.experiment.make_network", network)
    assert main(["train", "moons"]) == 1
    assert "there is not enough memory: ask for less (Unable to allocate 74.5 GiB)" in capsys.readouterr().err


HALF = "backprop is right where it could be judged (1 of 2 derivatives)"


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        (["relu(x) + y", "x=0", "y=1"], 0, HALF),  # a kink, where the slope is a convention
        (["sqrt(x) + y", "x=0", "y=1"], 1, HALF),
        (COURSE, 0, "backprop is right"),
    ],
)
def test_the_exit_code_of_a_check(capsys: Capture, words: list[str], code: int, verdict: str) -> None:
    assert main(["check", *words]) == code
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith(f": {verdict}")


def test_source_runs(capsys: Capture) -> None:
    main(["source", *COURSE])
    names: dict[str, object] = {}
    exec(capsys.readouterr().out, names)  # this very text is what users run
    function = names["J_and_gradient"]
    assert callable(function)
    assert function(5.0, 3.0, 2.0) == (33.0, {"a": 3.0, "b": 6.0, "c": 9.0})


# The expression and its values


def test_an_expression_from_standard_input(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for words, code in ((["check"], 0), (["step", "--all"], 0), (["step"], 2)):
        monkeypatch.setattr(sys, "stdin", io.StringIO("u = x*x\n# squared\nu + x\n"))
        assert main([*words, "-", "x=3"]) == code
    assert "step reads commands from standard input: give the expression" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("1+" * 10**6))
    assert main(["source", "-"]) == 2
    assert len(capsys.readouterr().err) < 1000


@pytest.mark.parametrize(
    "line", ["-a*b a=2 b=3 --all", "--all -- -a*b a=2 b=3", "a=2 b=3 -a*b --all", "--all a=2 -a*b b=3 --"]
)
def test_values_and_an_expression_in_any_order(capsys: Capture, line: str) -> None:
    assert main(["step", *line.split()]) == 0
    assert "J = u * b = -2 * 3 = -6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a*b", "a=5"], "no value is given for b"),
        (["a*b", "a=2_0", "b=2"], "'a=2_0' is not a value, such as a=5"),
        (["a*b", "a=1", "a=2", "b=3"], "a is given two values, 1 and 2"),
        (["a*b", "a=1,5", "b=3"], "a=1,5: a number has a decimal point, a=1.5"),
        (["a*b", "a=1/0", "b=3"], "a=1/0 divides by zero"),
        (["y=1", "z=3"], "the course's example has only a, b, c, no y, z"),
        (["a +* b", "a=1", "b=2"], "\na +* b\n"),
        (["log(x)", "x=0"], "log"),
    ],
)
def test_what_is_wrong_with_an_expression(capsys: Capture, words: list[str], problem: str) -> None:
    for command in (["check"], ["source"], ["step", "--all"], ["draw", "-o", "never.svg"]):
        assert main([*command, *words]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("micrograd-dl: ")
        assert problem in err
    assert not Path("never.svg").exists()


def test_values_that_are_not_used(capsys: Capture) -> None:
    assert main(["check", "w = 2*x; x*x", "x=1", "d=2"]) == 0
    assert capsys.readouterr().err == "micrograd-dl: warning: not used: d, w\n"


# Help, version, mistakes


def test_version(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["micrograd-dl", "--version"])
    assert main() == 0
    assert capsys.readouterr() == (f"micrograd-dl {__version__}\n", "")


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_of_a_command(capsys: Capture, command: str) -> None:
    assert main(["help", command]) == 0
    out = capsys.readouterr().out
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out == out
    assert out.startswith(f"usage: micrograd-dl {command}")
    assert max(map(len, out.splitlines())) <= 82


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_of_a_shell(capsys: Capture, shell: str) -> None:
    pytest.importorskip("shtab", reason="it writes the completion, in the extra completion")
    assert main(["--print-completion", shell]) == 0
    out = capsys.readouterr().out
    for word in (*cli.COMMANDS, "--learning-rate", "--slope-at-kink"):
        assert word in out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=out, text=True, check=True, timeout=60)


def test_the_examples_of_the_help_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import shlex

    monkeypatch.chdir(tmp_path)
    examples = [line.strip() for line in cli.EXAMPLES.splitlines() if "micrograd-dl " in line][:6]
    assert len(examples) == 6
    for example in examples:
        piped, _, command = example.rpartition(" | ")
        monkeypatch.setattr(sys, "stdin", io.StringIO(shlex.split(piped)[1] if piped else ""))
        assert main(shlex.split(command)[1:]) == 0
    assert (tmp_path / "graph.svg").exists()


def test_the_reference_has_a_row_for_every_command() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", reference, re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(cli.COMMANDS)


def test_without_a_command(capsys: Capture) -> None:
    for words in ([], ["--", "step"]):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("usage: micrograd-dl ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["walk"], "there is no command 'walk': micrograd-dl help lists them"),
        (["trian", "moons"], "there is no command 'trian' (did you mean 'train'?)"),
        (["help", "stepp"], "there is no command 'stepp' (did you mean 'step'?)"),
        (["--nonsense"], "there is no option '--nonsense'"),
        (["train", "moons", "--hiden", "8"], "there is no option '--hiden' (did you mean '--hidden'?)"),
        (["train", "moons", "--lr", "0,1"], "not 0,1: with a decimal point it is 0.1"),
        (["train", "moons", "more"], "there is no place for 'more'"),
        (["train"], "the following arguments are required: DATA"),
        (["train", "moons", "--hidden", "16,x"], "sizes are whole numbers with commas, such as 16,16"),
        (["train", "moons", "--backend", "torch"], "invalid choice: 'torch'"),
    ],
)
def test_mistakes_of_usage(capsys: Capture, words: list[str], problem: str) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: micrograd-dl")
    assert problem in err.splitlines()[-1]


def test_no_message_is_long_or_controls_the_terminal(capsys: Capture, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    header = ",".join(f"\x1b]0;evil\x07\u202e{i}" for i in range(9000))
    table.write_text(f"{header}\n{','.join('1' * 9000)}\n", encoding="utf-8")
    for words in (["train", str(table), "--target", "y"], ["train", "\x1b[2J" * 9000], ["x" * 99999]):
        assert main(words) in (1, 2)
        out, err = capsys.readouterr()
        assert not out
        assert len(err) < 12_000  # an escape takes up to six characters
        assert not set(err) & set("\x1b\x07\u202e")


# The process

STEP = [sys.executable, "-m", "micrograd_dl", "step"]


def test_input_that_is_no_text() -> None:
    script = b"\xff\xfe\nprint b\n\0\n"
    done = subprocess.run(STEP, input=script, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (1, [b"b = 3"])
    assert b"Traceback" not in done.stderr


def test_a_reader_who_has_had_enough() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run([*STEP, "--all"], stdout=pipe, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*STEP, "--all"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("micrograd-dl: standard output: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="takes the signals of Unix")
def test_a_command_that_is_ended_ends_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []

    def work(_: object) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
            return 0
        finally:
            left.append("clean")

    monkeypatch.setattr(cli, "_carry_out", work)
    before = signal.getsignal(signal.SIGTERM)
    assert main([]) == 143
    assert left == ["clean"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_carry_out", interrupted)
    assert main(["check", "-"]) == 130


def test_help_needs_nothing_heavy() -> None:
    program = "import sys; from micrograd_dl.cli.main import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert not {"viz", "numpy", "cmd", "readline"} & set(done.stdout.splitlines()[-1].split())


# A terminal


def test_a_session_at_a_terminal() -> None:
    pty = pytest.importorskip("pty", reason="there are no such terminals here")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        STEP, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        screen = until(ours, b"(start 0/9) ")
        for keys, awaited in [
            (b"\n", b"(forward 1/9) "),
            (b"until db\n", b"(backward 8/9) "),
            (b"nonsense\n", b"*** there is no command 'nonsense'"),
            (b"back 6\n", b"(forward 2/9) "),
            (b"\x04", b"\n"),
        ]:
            os.write(ours, keys)
            screen += until(ours, awaited)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"Traceback" not in screen


def until(terminal: int, awaited: bytes) -> bytes:
    """What appears on a terminal up to the awaited text; an error if it does not come."""
    screen = b""
    while awaited not in screen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"{awaited!r} does not appear, only {screen!r}"
        screen += os.read(terminal, 4096)
    return screen
