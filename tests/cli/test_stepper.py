from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.cli.stepper import Stepper
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


def told(*script: str, trace: Trace | None = None) -> str:
    """What these commands write, errors included."""
    out = io.StringIO()
    Stepper(trace or course(), script=script, stdout=out, stderr=out).run()
    return out.getvalue()


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


# The prompt


def test_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    def end_of_input(prompt: str) -> str:
        out.write(prompt)
        raise EOFError

    out = io.StringIO()
    monkeypatch.setattr("builtins.input", end_of_input)
    stepper = Stepper(course(), COURSE, stdout=out)
    stepper.completekey = ""
    assert stepper.run() == 0
    assert out.getvalue() == (
        "u = b*c; v = a + u; J = 3*v\n"
        "at a = 5, b = 3, c = 2\n"
        "\n"
        "Enter does the next step, back undoes it, c goes on to the end, why explains it.\n"
        "help lists all commands, q leaves.\n"
        "\n"
        "(start 0/9) \n"
    )


def test_every_command_has_help_that_fits() -> None:
    lines = told("help").splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(Stepper(course()).arguments) + len(Stepper.groups) + 1
    for command in Stepper(course()).arguments:
        text = told(f"help {command}")
        assert text.startswith(command)
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "could_be"),
    [
        ("un", "until, unwatch or undo"),
        ("r", "rcontinue or restart"),
        ("g", "goto or graph"),
        ("wh", "where or why"),
    ],
)
def test_ambiguous_beginnings(line: str, could_be: str) -> None:
    assert told(line) == f"line 1: {line} could be {could_be}\n"


def test_a_node_is_shown_though_commands_begin_like_it() -> None:
    assert told("s", "u").endswith("u = 6\n")


def test_completion() -> None:
    stepper = Stepper(course())
    assert stepper.completedefault("", "set ") == ["a", "b", "c"]
    assert stepper.completedefault("m", "break m") == ["mul", "maximum", "minimum"]
    assert stepper.completedefault("is", "tbreak is") == ["isnan", "isinf"]
    assert stepper.completedefault("d", "until d") == ["da", "db", "dc", "du", "dv", "dJ"]
    assert stepper.completedefault("u", "watch u") == ["u"]


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
    "a",
    "x",
    "da",
    "dJ/dx",
    "J",
    "u",
    "0",
    "2",
    "-1",
    "1e999",
    "nan",
    "inf",
    "b 3",
    "x = 0",
    "s 0",
    "mul",
]
WORDS += [
    "data > 1",
    "isnan",
    "u + 1",
    "1/0",
    "x *",
    "∂u/∂x[2]",
    "start",
    "end",
    "zz",
    "a.grad",
    "((",
    "x y z",
    "'",
]
COMMANDS = [command for command in Stepper(course()).arguments if command not in ("draw", "quit")]

lines = st.one_of(
    st.builds("{} {}".format, st.sampled_from(COMMANDS), st.sampled_from(WORDS)),
    st.builds("{} {}".format, st.sampled_from([*COMMANDS, *Stepper.short]), st.text(max_size=8)),
    st.sampled_from(["", "s", "n", "continue", "b", "w", "l", "draw", "draw x.nothing"]),
    st.text(max_size=12),
)


@given(st.sampled_from(EXPRESSIONS), st.lists(lines, max_size=25))
def test_no_line_ends_in_a_traceback(expression: tuple[str, dict[str, float]], script: list[str]) -> None:
    text, values = expression
    trace = Trace(parse(text, **values))
    stepper = Stepper(trace, text, script, io.StringIO(), io.StringIO())
    assert stepper.run() in (0, 1)
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
