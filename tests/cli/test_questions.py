from __future__ import annotations

import io
import types
from pathlib import Path

import pytest

from micrograd_dl.cli.stepper import Stepper
from micrograd_dl.engine import functions
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse
from micrograd_dl.output.numbers import real_number, whole_number

COURSE = "u = b*c; v = a + u; J = 3*v"


def course(position: int = 9) -> Trace:
    trace = Trace(parse(COURSE, a=5, b=3, c=2))
    trace.goto(position)
    return trace


def asked(*script: str, trace: Trace | None = None, colours: bool = False) -> str:
    """What these commands write, errors included."""
    out = io.StringIO()
    Stepper(trace or course(), "", script, out, out, colours).run()
    return out.getvalue()


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize(
    ("position", "prompt"),
    [(0, "(start 0/9) "), (2, "(forward 2/9) "), (5, "(backward 5/9) "), (9, "(end 9/9) ")],
)
def test_the_prompt_says_where_we_are(position: int, prompt: str) -> None:
    assert Stepper(course(position)).where_we_are() == prompt


@pytest.mark.parametrize("line", ["print dJ/db", "p dJ/db", "pr  dJ/db", "dJ/db"])
def test_print(line: str) -> None:
    assert asked(line) == "dJ/db = 6\n"


def test_print_of_what_has_no_meaning() -> None:
    problem, text, caret = asked("p b +").splitlines()
    assert problem.startswith("line 1: ")
    assert (text, caret) == ("b +", "   ^")
    assert (
        asked("p zz")
        == asked("print zz + 1")
        == "line 1: no node is called 'zz'; there are a, b, c, u, v, J\n"
    )


def test_a_name_without_print() -> None:
    assert asked("J", "v", "u", "a * b") == "J = 33\nv = 11\nu = 6\na * b = 15\n"


def test_where() -> None:
    assert asked("where", trace=course(5)) == (
        "a           5\n"
        "b           3\n"
        "c           2\n"
        "u = b * c   6\n"
        "v = a + u  11   dv = 3\n"
        "J = 3 * v  33   dJ = 1\n"
    )
    assert asked("w", trace=course(5)) == asked("where", trace=course(5))


def test_list_around_the_last_step() -> None:
    steps = [line[3:4] for line in asked("l", trace=course(5)).splitlines()]
    assert steps == list("123456789")
    assert asked("l", trace=course(0)).splitlines()[-1] == "   4  dJ = dJ/dJ"
    assert "-> 9  dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)" in asked("list")


def test_list_what_is_asked_for() -> None:
    assert len(asked("list 1 3").splitlines()) == 3
    assert len(asked("list 1").splitlines()) == 9
    assert len(asked("list -5 100").splitlines()) == 9
    assert (
        asked("list 5 3") == asked("list 30") == "line 1: there is nothing to list: the steps are 1 ... 9\n"
    )
    assert asked("list 1 2 3") == "line 1: list takes a first and a last step, not 1 2 3\n"
    assert asked("list x") == "line 1: a whole number is wanted, not x\n"


def test_graph() -> None:
    lines = asked("graph", trace=course(8)).splitlines()
    assert lines[0] == "   J = 3 * v         33   dJ = 1"
    assert lines[4] == "->       ├─ b         3   db = 6"
    painted = asked("graph", trace=course(8), colours=True).splitlines()
    assert painted[4] == "\x1b[1m->       ├─ b         3   db = 6\x1b[0m"
    assert painted[:4] == lines[:4]


def test_graph_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "25")
    assert max(map(len, asked("graph").splitlines())) <= 25


def test_draw(tmp_path: Path) -> None:
    file = tmp_path / "a b.dot"
    assert asked(f'draw "{file}"') == f"Wrote {file}\n"
    assert file.read_text(encoding="utf-8").startswith("digraph")


def test_draw_shows_this_moment(tmp_path: Path) -> None:
    start, end = tmp_path / "start.dot", tmp_path / "end.dot"
    asked(f"draw {start}", trace=course(0))
    asked(f"draw {end}", trace=course(9))
    assert "33" not in start.read_text(encoding="utf-8")
    assert "33" in end.read_text(encoding="utf-8")


def test_draw_that_cannot_be_done(tmp_path: Path) -> None:
    assert asked(f"draw {tmp_path}/J.xyz").startswith("line 1: a picture is saved as")
    assert asked(f"draw {tmp_path}/missing/J.dot").startswith("line 1: ")
    (tmp_path / "folder.svg").mkdir()
    assert asked(f"draw {tmp_path}/folder.svg") == (  # as the command draw says it
        f"line 1: {tmp_path}/folder.svg: this is a folder: give the name of a file\n"
    )
    (tmp_path / "folder.svg").rmdir()
    assert not list(tmp_path.iterdir())


def test_the_prompt_survives_whatever_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the panic of a library in Rust, which is a BaseException."""

    class Panic(BaseException):
        pass

    def panics(_: object) -> None:
        raise Panic("in a library")

    monkeypatch.setattr("micrograd_dl.viz.draw", panics)
    assert asked("draw J.svg", "p b") == "line 1: Panic: in a library\nb = 3\n"


def test_source() -> None:
    text = asked("source")
    assert text.startswith("def J_and_gradient(a, b, c, dJ=1.0):\n")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("line", ["why b", "why db", "why dJ/db"])
def test_why(line: str) -> None:
    lines = asked(line).splitlines()
    assert lines[0].startswith("dJ/db = 6")
    assert lines[1] == "  dJ/du * du/db = 3 * 2 = 6"


def test_the_last_step_is_asked_about_if_no_node_is_given() -> None:
    for command in ("why", "paths", "nudge"):
        assert asked(command, trace=course(8)) == asked(f"{command} b", trace=course(8))
        assert asked(command, trace=course(1)) == asked(f"{command} u", trace=course(1))
        assert asked(command, trace=course(0)) == "line 1: say which node: a, b, c, u, v, J\n"
    many = Trace(functions.sum(Value(0.0) for _ in range(30)))
    assert asked("why", trace=many).endswith("x20 and 11 more\n")


def test_paths() -> None:
    assert "J -> v -> u -> b" in asked("paths b")
    assert "J -> v -> u -> b" in asked("paths db")


def test_nudge() -> None:
    assert "J = 33.006" in asked("nudge b")
    assert "J = 33.06\n" in asked("nudge b 0.01")
    assert "J = 33.06\n" in asked("nudge 0.01", trace=course(8))
    assert asked("nudge b 0").startswith("line 1: a nudge is a small number other than 0")
    assert asked("nudge b x") == "line 1: a number is wanted, such as 5, -3, 1e-3 or inf, not x\n"
    assert asked("nudge zz 0.1").startswith("line 1: no node is called 'zz'")


def test_answers_are_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    for command in ("why b", "paths b", "nudge b"):
        prose = [line for line in asked(command).splitlines() if not line.startswith(("h:", "error:"))]
        assert max(map(len, prose)) <= 30


def test_check() -> None:
    assert "backprop is right" in asked("check")


def test_a_check_that_fails_is_a_failure_of_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    trace = course()
    monkeypatch.setattr(trace, "check", lambda: types.SimpleNamespace(ok=False, __str__=str))
    assert Stepper(trace, "", ["check", "p J"], out, out).run() == 1
    assert out.getvalue().endswith("J = 33\n")


def test_completion() -> None:
    questions = Stepper(course())
    assert questions.completedefault("", "why ") == ["a", "b", "c", "u", "v", "J"]
    assert questions.completedefault("d", "print d") == ["da", "db", "dc", "du", "dv", "dJ"]
    assert questions.completedefault("", "nothing such ") == []
    assert questions.completedefault("wh", "help wh") == ["where", "why"]
    assert questions.completedefault("", "where ") == []


def test_completion_of_files(tmp_path: Path) -> None:
    (tmp_path / "one[1].svg").write_text("")
    assert Stepper(course()).complete_draw(f"{tmp_path}/one[") == [f"{tmp_path}/one[1].svg"]


@pytest.mark.parametrize("text", ["", "x", "1.5", "9" * 5000, "2_0", "١", "２"])
def test_no_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number is wanted, not") as caught:
        whole_number(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("text", ["", "x", "2_0", "١", "1e1_0", "２.5"])
def test_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="a number is wanted, such as 5, -3, 1e-3 or inf, not"):
        real_number(text)


def test_numbers() -> None:
    assert real_number("\u00a05 ") == 5  # white space of any kind is none of the number
    assert whole_number("-3") == -3
    assert real_number("1e-3") == 0.001
    assert real_number("inf") == float("inf")
