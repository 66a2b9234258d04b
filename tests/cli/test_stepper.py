from __future__ import annotations

import io
import re
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.cli.stepper import COMMANDS, GROUPS, SHORT, Stepper
from micrograd_dl.engine import functions
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse

COURSE = "u = b*c; v = a + u; J = 3*v"
FORWARD = "Forward pass: from the leaves to J\n"
BACKWARD = "Backward pass: from J back to the leaves\n"
COMPLETE = "The walk is complete: dJ/da = 3, dJ/db = 6, dJ/dc = 9\n"
DC = "  dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)\n"


def course(position: int = 0) -> Trace:
    trace = Trace(parse(COURSE, a=5, b=3, c=2))
    trace.goto(position)
    return trace


def told(*script: str, trace: Trace | None = None, colours: bool = False) -> str:
    """What these commands write, errors included."""
    out = io.StringIO()
    Stepper(trace or course(), "", script, out, out, colours).run()
    return out.getvalue()


def asked(*script: str, trace: Trace | None = None, colours: bool = False) -> str:
    """The same, at the end of the walk."""
    return told(*script, trace=trace or course(9), colours=colours)


def position_after(*script: str, start: int = 0) -> int:
    trace = course(start)
    told(*script, trace=trace)
    return trace.position


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


# Moving


def test_step_does_one_step_and_says_where_a_pass_begins() -> None:
    assert told("s", "step", "s", "s", "s") == (
        FORWARD
        + "  u = b * c = 3 * 2 = 6\n"
        + "  v = a + u = 5 + 6 = 11\n"
        + "  J = 3 * v = 3 * 11 = 33\n"
        + BACKWARD
        + "  dJ = dJ/dJ = 1\n"
        + "  dv += dJ/dJ * dJ/dv = 1 * 3 = 3   (dv: 0 -> 3)\n"
    )


def test_step_with_a_count() -> None:
    assert told("step 5") == told("s", "s", "s", "s", "s")
    assert position_after("step 5", "s") == 6
    assert told("step 9").endswith(DC + COMPLETE)
    assert told("step 1000000000000") == told("step 9")


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_count_is_at_least_one(count: str) -> None:
    for command in ("step", "next", "back"):
        assert told(f"{command} {count}") == f"line 1: a count is 1 or more, not {count}\n"


def test_a_count_is_a_number() -> None:
    assert told("step two") == "line 1: a whole number is wanted, not two\n"


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 7), (6, 7), (7, 9), (8, 9), (9, 9)]
)
def test_next_does_all_steps_of_one_node(start: int, end: int) -> None:
    assert position_after("n", start=start) == end


def test_next_with_a_count() -> None:
    assert position_after("next 6") == 7
    assert position_after("next 100") == 9
    assert told("next 7") == told("step 9")


def test_at_the_end_there_is_nothing_to_do() -> None:
    for command in ("s", "n", "continue", "step 3", "next 3"):
        assert told(command, trace=course(9)) == COMPLETE


def test_back_undoes_steps() -> None:
    assert told("back", trace=course(9)) == f"  undone: {DC.strip()}\n"
    assert told("back 2", trace=course(2)) == (
        "  undone: v = a + u = 5 + 6 = 11\n"
        "  undone: u = b * c = 3 * 2 = 6\n"
        "This is the start: nothing is computed yet.\n"
    )
    assert told("back", "back 10") == "This is the start: nothing is computed yet.\n" * 2


def test_continue_goes_to_the_end() -> None:
    assert told("continue") == told("cont") == told("conti") == BACKWARD + DC + COMPLETE


def test_rcontinue_goes_to_the_start() -> None:
    assert told("rcontinue", trace=course(9)) == "This is the start: nothing is computed yet.\n"


@pytest.mark.parametrize(
    ("target", "position"), [("v", 2), ("dJ", 4), ("dv", 5), ("db", 8), ("dJ/db", 8), ("b.grad", 8), ("b", 8)]
)
def test_until(target: str, position: int) -> None:
    assert position_after(f"until {target}") == position
    assert position_after(f"unt {target}") == position


def test_until_what_does_not_come() -> None:
    wanted = "line 1: no step from here on writes u: back or restart goes to earlier ones\n"
    assert told("until u", trace=course(9)).endswith(wanted)
    assert position_after("until u", start=9) == 9
    assert "no node is called" in told("until zz")


def test_goto() -> None:
    assert position_after("goto 7") == 7
    assert position_after("goto 2", start=7) == 2
    assert position_after("goto start", start=7) == 0
    assert position_after("goto end") == 9
    assert told("goto 10") == "line 1: the walk has 9 steps: go to 0 ... 9, not 10\n"
    assert told("goto x") == "line 1: a whole number is wanted, not x\n"
    assert told("goto 2", trace=course(7)) == FORWARD + "  v = a + u = 5 + 6 = 11\n"


def test_restart() -> None:
    assert told("restart", trace=course(7)) == "This is the start: nothing is computed yet.\n"
    assert position_after("restart", "s", start=7) == 1


def test_enter_repeats_the_last_movement() -> None:
    trace = course()
    stepper = Stepper(trace, stdout=io.StringIO())

    def position(line: str) -> int:
        stepper.onecmd(line)
        return trace.position

    assert [position(line) for line in ("", "", "step 2", "", "where", "back", "")] == [1, 2, 4, 6, 6, 5, 4]
    assert [position(line) for line in ("until db", "restart", "", "goto 5", "n", "")] == [8, 0, 1, 5, 7, 9]


# Stopping


def test_a_breakpoint_stops_continue_both_ways() -> None:
    assert told("b db", "continue", "continue", "rc", "rc") == (
        "  1  db\n"
        + BACKWARD
        + "  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)\n"
        + "  breakpoint: db\n"
        + DC
        + COMPLETE
        + "  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)\n"
        + "  breakpoint: db\n"
        + "This is the start: nothing is computed yet.\n"
    )


@pytest.mark.parametrize(
    ("what", "position"),
    [("v", 2), ("dJ/dv", 5), ("v.grad", 5), ("mul", 1), ("add", 2), ("data > 10", 2), ("abs(grad) > 5", 8)],
)
def test_what_a_breakpoint_can_be(what: str, position: int) -> None:
    assert position_after(f"break {what}", "continue") == position


def test_breakpoints_are_listed_and_cleared() -> None:
    assert told("break") == "  no breakpoints\n"
    assert told("b u", "b mul", "cl 1", "cl").splitlines()[2:] == ["  2  mul", "  1  mul", "  no breakpoints"]
    assert told("b u", "b v", "clear 1 2").endswith("  no breakpoints\n")
    assert told("clear 1") == "line 1: there is no breakpoint 1: break lists them\n"
    assert told("b nothing").startswith("line 1: no node is called")


def test_a_breakpoint_for_once() -> None:
    assert told("tbreak u", "b v", "continue", "break", "restart", "continue").splitlines() == [
        "  1  u (once)",
        "  1  u (once)",
        "  2  v",
        FORWARD.strip(),
        "  u = b * c = 3 * 2 = 6",
        "  breakpoint: u",
        "  1  v",
        "This is the start: nothing is computed yet.",
        FORWARD.strip(),
        "  v = a + u = 5 + 6 = 11",
        "  breakpoint: v",
    ]


def test_a_breakpoint_is_there_once() -> None:
    again = ["  db is a breakpoint already", "  1  db"]
    assert told("break db", "break dJ/db").splitlines() == ["  1  db", *again]
    assert told("break db", "tbreak db").splitlines() == ["  1  db", *again]
    assert told("tbreak db", "break db").splitlines() == ["  1  db (once)", *again]  # and is kept now
    assert told("break db", "break u", "continue", "continue").count("breakpoint: ") == 2


def test_a_breakpoint_that_is_cleared_is_not_for_once_any_more() -> None:
    assert told("tbreak u", "clear", "b u", "break").splitlines()[-1] == "  1  u"


def test_watches_are_shown_after_every_move() -> None:
    assert told("watch db", "until db", "back", "unwatch", "s").splitlines() == [
        "  b = 3, db = ?",
        BACKWARD.strip(),
        "  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)",
        "  watch: b = 3, db = 6",
        "  undone: db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)",
        "  watch: b = 3, db = ?",
        "  nothing is watched",
        "  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)",
    ]


def test_one_watch_of_two_is_taken_away() -> None:
    assert told("watch a", "watch b", "unwatch a", "watch").splitlines()[-1] == "  b = 3, db = ?"


# Changing


@pytest.mark.parametrize("line", ["set a 6", "set a=6", "set a = 6", "a = 6", "a=6"])
def test_set(line: str) -> None:
    assert told(line, trace=course(9)) == f"  a: 5 -> 6, and with it J: 33 -> 36\n{DC}"
    assert told(line) == "  a: 5 -> 6\n"
    assert told(line, "u", trace=course(1)) == "  a: 5 -> 6\n  u = b * c = 3 * 2 = 6\nu = 6\n"


def test_what_cannot_be_set() -> None:
    assert told("set u 3").startswith("line 1: u is computed, b * c: set one of the leaves")
    assert told("set a x") == "line 1: a number is wanted, such as 5, -3, 1e-3 or inf, not x\n"
    assert told("set a") == "line 1: set wants a leaf and its new number, such as set a 6\n"
    assert told("zz = 3").startswith("line 1: no node is called 'zz'")


def test_a_set_that_is_undefined_changes_nothing() -> None:
    trace = Trace(parse("log(x)", x=2))
    text = told("set x 0", "x", "undo", trace=trace)
    assert "not defined" in text
    assert "x = 2\n" in text
    assert text.endswith("there is nothing to undo\n")


def test_undo_takes_back_moves_and_sets() -> None:
    trace = course()
    text = told("step 2", "set a 6", "continue", "undo", "undo", "undo", "undo", trace=trace)
    assert trace.position == 0
    assert trace.node("a").data == 5
    assert text.endswith("line 7: there is nothing to undo\n")


@pytest.mark.parametrize("line", ["step 3", "next", "until db", "goto 7", "continue", "set a 6"])
def test_undo_brings_back_exactly_what_was(line: str) -> None:
    trace = course(1)
    before = repr(trace), trace.paper()
    told(line, "undo", trace=trace)
    assert (repr(trace), trace.paper()) == before


def test_undo_takes_back_a_move_backwards() -> None:
    assert position_after("restart", "undo", start=7) == 7
    assert position_after("back 3", "undo", start=7) == 7


def test_what_changes_nothing_is_not_undone() -> None:
    assert position_after("step", "where", "watch a", "continue", "continue", "goto 9", "undo") == 1


# Looking and asking


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
    trace = course(9)
    monkeypatch.setattr(trace, "check", lambda: types.SimpleNamespace(ok=False, __str__=str))
    assert Stepper(trace, "", ["check", "p J"], out, out).run() == 1
    assert out.getvalue().endswith("J = 33\n")


# The prompt


@pytest.mark.parametrize(
    ("position", "prompt"),
    [(0, "(start 0/9) "), (2, "(forward 2/9) "), (5, "(backward 5/9) "), (9, "(end 9/9) ")],
)
def test_the_prompt_says_where_we_are(position: int, prompt: str) -> None:
    assert Stepper(course(position)).where_we_are() == prompt


def test_beginnings_and_abbreviations() -> None:
    for line in ("step 2", "ste 2", "s 2", "  step   2 ", "step\t2"):
        assert position_after(line) == 2
    for line, could_be in (
        ("un", "until, unwatch or undo"),
        ("r 3", "rcontinue or restart"),
        ("wh", "where or why"),
    ):
        assert told(line) == f"line 1: {line.split()[0]} could be {could_be}\n"
    assert told("nuge") == "line 1: there is no command nuge: did you mean nudge?\n"
    assert told("xyz") == "line 1: there is no command xyz: help lists them all\n"
    assert told("undo 3") == "line 1: undo takes no argument: leave out 3\n"
    assert told("goto") == "line 1: goto needs an argument: goto STEP (help goto says more)\n"


@pytest.mark.parametrize("line", ["b * 2", "b - 2", "b + 2", "b ** 2", "b/2", "2", "(b)"])
def test_arithmetic_is_shown(line: str) -> None:
    assert asked(line).startswith(f"{line} = ")


def test_of_a_node_that_is_called_like_a_command_it_is_said_once_how_to_show_it() -> None:
    assert told("b", "b", "p b").splitlines() == [
        "(b is the command break; p b shows the node b)",
        "  no breakpoints",
        "  no breakpoints",
        "b = 3",
    ]


def test_errors_are_told_and_the_script_goes_on() -> None:
    assert told("# step", "", " ", "goto x", "q", "step") == "line 4: a whole number is wanted, not x\n"
    stepper = Stepper(course(), "", ["goto x", "quit"], io.StringIO(), io.StringIO())
    assert stepper.run() == 1  # quit does not hide a failure
    assert [told(line, "step") for line in ("quit", "q", "exit", "qu")] == [""] * 4


def test_a_broken_pipe_is_not_an_error_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Trace, "paper", broken)
    with pytest.raises(BrokenPipeError):
        told("where")


def typed(
    monkeypatch: pytest.MonkeyPatch, *lines: str | type[BaseException], colours: bool = False
) -> tuple[str, str]:
    """What is written, and complained of, where these lines are typed at a terminal, then Ctrl-D."""
    waiting, out, err = list(lines), io.StringIO(), io.StringIO()

    def read(prompt: str = "") -> str:
        out.write(prompt)
        if not waiting:
            raise EOFError
        line = waiting.pop(0)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.setattr("builtins.input", read)
    stepper = Stepper(course(), COURSE, stdout=out, stderr=err, colours=colours)
    stepper.completekey = ""  # cmd.Cmd leaves readline alone then
    assert stepper.run() == 0
    return out.getvalue(), err.getvalue()


def test_a_session_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = typed(monkeypatch, "u", KeyboardInterrupt, "goto x")
    assert out == (
        "u = b*c; v = a + u; J = 3*v\n"
        "at a = 5, b = 3, c = 2\n"
        "\n"
        "Enter does the next step, back undoes it, c goes on to the end, why explains it.\n"
        "help lists all commands, q leaves.\n"
        "\n"
        "(start 0/9) u = ?   (not computed yet)\n"
        "(start 0/9) \n"
        "Ctrl-D or q leaves.\n"
        "(start 0/9) (start 0/9) \n"
    )
    assert err == "*** a whole number is wanted, not x\n"


@pytest.mark.parametrize(
    ("doc", "prompt"),
    [
        ("GNU readline", "\001\x1b[1m\002(start 0/9) \001\x1b[0m\002"),
        ("libedit", "(start 0/9) "),
        (None, "(start 0/9) "),
    ],
)
def test_a_prompt_has_colours_where_readline_can_count(
    monkeypatch: pytest.MonkeyPatch, doc: str | None, prompt: str
) -> None:
    monkeypatch.setitem(sys.modules, "readline", doc and types.ModuleType("readline", doc))
    out, err = typed(monkeypatch, "goto x", colours=True)
    assert out.endswith(f"\n{prompt}{prompt}\n")
    assert err == "\x1b[31m*** a whole number is wanted, not x\x1b[0m\n"
    assert told("goto x", colours=True) == "line 1: a whole number is wanted, not x\n"


def test_what_controls_a_terminal_is_shown_as_an_escape() -> None:
    assert told("goto \x1b[2J\x9b\u202e", colours=True) == (
        "line 1: a whole number is wanted, not \\x1b[2J\\x9b\\u202e\n"
    )


def test_every_command_has_help_that_fits() -> None:
    lines = told("help").splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(COMMANDS) + len(GROUPS) + 1
    for command in COMMANDS:
        text = told(f"help {command}")
        assert text.startswith(command)
        assert COMMANDS[command].about in text
        assert max(map(len, text.splitlines())) <= 80
    assert told("?") == told("h") == told("help")
    assert told("help q") == told("?q") == "quit   (short: q or exit)\n  Leave; so does Ctrl-D.\n"
    assert told("help xyz") == "line 1: there is no command xyz: help lists them all\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("set ", ["a", "b", "c"]),
        ("break m", ["mul", "maximum", "minimum"]),
        ("tbreak is", ["isnan", "isinf"]),
        ("until d", ["da", "db", "dc", "du", "dv", "dJ"]),
        ("watch u", ["u"]),
        ("why ", ["a", "b", "c", "u", "v", "J"]),
        ("help wh", ["where", "why"]),
        ("where ", []),
        ("nothing such ", []),
    ],
)
def test_completion(line: str, words: list[str]) -> None:
    stepper = Stepper(course())
    assert stepper.completedefault(line.split(" ")[-1], line) == words
    assert stepper.completenames("un") == ["until ", "unwatch ", "undo"]


def test_completion_of_files(tmp_path: Path) -> None:
    (tmp_path / "one[1].svg").write_text("")
    text = f"{tmp_path}/one["
    assert Stepper(course()).completedefault(text, f"draw {text}") == [f"{tmp_path}/one[1].svg"]


# Anything may be typed

EXPRESSIONS = [
    (COURSE, {"a": 5, "b": 3, "c": 2}),
    ("x*x + x", {"x": 3}),
    (
        "z = w*x + b; a = sigmoid(z); L = -(y*log(a) + (1 - y)*log(1 - a))",
        {"w": 0.5, "x": 2, "b": -1, "y": 1},
    ),
    ("maximum(0, n) / s + c", {"n": 0, "s": 2, "c": 1}),
    ("x", {"x": 1}),
]
WORDS = [
    "",
    "u",
    "dx",
    "dJ/dx",
    "2",
    "-1",
    "1e999",
    "nan",
    "b 3",
    "x = 0",
    "mul",
    "data > 1",
    "isnan",
    "1/0",
    "x *",
]
WORDS += ["∂u/∂x[2]", "start", "end", "zz", "a.grad", "((", "x y z", "'"]
HARMLESS = [command for command in COMMANDS if command not in ("draw", "quit")]

lines = st.one_of(
    st.builds("{} {}".format, st.sampled_from(HARMLESS), st.sampled_from(WORDS)),
    st.builds("{} {}".format, st.sampled_from([*HARMLESS, *SHORT]), st.text(max_size=8)),
    st.sampled_from(["", "s", "n", "continue", "b", "w", "l", "draw", "draw x.nothing"]),
    st.text(max_size=12),
)


@given(st.sampled_from(EXPRESSIONS), st.lists(lines, max_size=25))
def test_every_failure_is_one_that_was_foreseen(
    expression: tuple[str, dict[str, float]], script: list[str]
) -> None:
    text, values = expression
    trace = Trace(parse(text, **values))
    errors = io.StringIO()
    assert Stepper(trace, text, script, io.StringIO(), errors).run() in (0, 1)
    assert not re.search(
        r"^line \d+: \w+Error: ", errors.getvalue(), re.MULTILINE
    )  # is none that was foreseen
    assert 0 <= trace.position <= len(trace)


moves = st.one_of(
    st.builds("{} {}".format, st.sampled_from(["step", "next", "back"]), st.integers(1, 4)),
    st.builds("goto {}".format, st.integers(0, 12)),
    st.sampled_from(["c", "rc", "restart", "until dx", "until u", "break u", "tbreak dx", "clear", "check"]),
    st.builds("set x {}".format, st.integers(-3, 3)),
)


@given(st.lists(moves, max_size=20))
def test_undoing_everything_leads_back_to_the_beginning(script: list[str]) -> None:
    trace = Trace(parse("u = x*x; J = u/x + x", x=3))
    stepper = Stepper(trace, "", script, io.StringIO(), io.StringIO())
    stepper.run()
    for _ in script:
        stepper.onecmd("undo")
    assert trace.position == 0
    assert [trace.node(name).data for name in ("x", "u", "J")] == [3, 9, 6]
