from __future__ import annotations

import io
import re
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.cli.stepper import COMMANDS, SHORT, Stepper
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


def asked(*script: str) -> str:
    """The same, at the end of the walk."""
    return told(*script, trace=course(9))


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


# Moving

U, V, J = "  u = b * c = 3 * 2 = 6\n", "  v = a + u = 5 + 6 = 11\n", "  J = 3 * v = 3 * 11 = 33\n"
DB = "  db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)\n"
START = "This is the start: nothing is computed yet.\n"


@pytest.mark.parametrize(
    ("start", "script", "end"),
    [
        (0, "step 5; s", 6),
        (0, "step\t2", 2),
        (0, "step 1000000000000", 9),
        # next does all the steps of one node
        *((start, "n", end) for start, end in enumerate([1, 2, 3, 4, 5, 7, 7, 9, 9, 9])),
        (0, "next 6", 7),
        (0, "next 100", 9),
        (9, "back 3; back", 5),
        # a node or a gradient, in any of its forms
        *((0, f"until {name}", end) for name, end in (("v", 2), ("dJ", 4), ("dJ/db", 8), ("b", 8))),
        (0, "until b.grad", 8),
        (9, "until u", 9),
        (7, "restart; s", 1),
        # what a breakpoint can be
        *(
            (0, f"break {what}; continue", end)
            for what, end in (
                ("v", 2), ("dJ/dv", 5), ("v.grad", 5), ("mul", 1), ("add", 2), ("data > 10", 2),
                ("abs(grad) > 5", 8),
            )
        ),
    ],
)  # fmt: skip
def test_moves(start: int, script: str, end: int) -> None:
    trace = course(start)
    told(*script.split("; "), trace=trace)
    assert trace.position == end


@pytest.mark.parametrize(
    ("start", "script", "output"),
    [
        (0, "s; step; s; s", FORWARD + U + V + J + BACKWARD + "  dJ = dJ/dJ = 1\n"),
        (8, "step", DC + COMPLETE),
        *((9, command, COMPLETE) for command in ("s", "n", "continue", "step 3", "next 3")),
        (9, "until u", "line 1: no step from here on writes u: back or restart goes to earlier ones\n"),
        (2, "back 2", f"  undone: {V.strip()}\n  undone: {U.strip()}\n{START}"),
        (0, "back; back 10", START * 2),
        (0, "continue", BACKWARD + DC + COMPLETE),
        (7, "restart", START),
        (0, "b db; continue; continue",
         "  db\n" + BACKWARD + DB + "  breakpoint: db\n" + DC + COMPLETE),
        (0, "break", "  no breakpoints\n"),
        (0, "b u; b mul; b u; b mul", "  u\n  u\n  mul\n  mul\n  no breakpoints\n"),
        (0, "watch db; until db; back; watch b; s",
         "  b = 3, db = ?\n" + BACKWARD + DB + "  watch: b = 3, db = 6\n  undone: " + DB.lstrip()
         + "  watch: b = 3, db = ?\n  nothing is watched\n" + DB),
        (0, "watch a; watch b; watch a",
         "  a = 5, da = ?\n  a = 5, da = ?\n  b = 3, db = ?\n  b = 3, db = ?\n"),
        *((9, line, f"  a: 5 -> 6, and with it J: 33 -> 36\n{DC}")
          for line in ("set a 6", "set a=6", "set a = 6", "a = 6", "a=6")),
        (0, "a=6", "  a: 5 -> 6\n"),
        (1, "a=6; u", f"  a: 5 -> 6\n{U}u = 6\n"),
        (0, "s; u", FORWARD + U + "u = 6\n"),  # a node, though commands begin like it
    ],
)  # fmt: skip
def test_what_is_said(start: int, script: str, output: str) -> None:
    assert told(*script.split("; "), trace=course(start)) == output


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("step 0", "a count is 1 or more, not 0"),
        ("until zz", "no node is called 'zz'"),
        ("set u 3", "u is computed, b * c: set one of the leaves"),
        ("print zz + 1", "no node is called 'zz'; there are a, b, c, u, v, J"),
        ("nudge b 0", "a nudge is a small number other than 0"),
        ("draw missing/J.dot", "there is no folder"),
        ("nuge", "there is no command 'nuge' (did you mean 'nudge'?): help lists them all"),
        ("check 3", "check takes no argument: leave out 3"),
        ("until", "until needs an argument: until NAME (help until says more)"),
    ],
)
def test_what_is_refused(line: str, problem: str) -> None:
    assert told(line).startswith(f"line 1: {problem}")


def test_enter_repeats_the_last_movement() -> None:
    trace = course()
    stepper = Stepper(trace, stdout=io.StringIO())

    def position(line: str) -> int:
        stepper.onecmd(line)
        return trace.position

    assert [position(line) for line in ("", "", "step 2", "", "graph", "back", "")] == [1, 2, 4, 6, 6, 5, 4]
    assert [position(line) for line in ("until db", "restart", "", "n")] == [8, 0, 1, 2]


# Looking and asking


def test_print() -> None:
    for line in ("print dJ/db", "p  dJ/db", "dJ/db"):
        assert asked(line) == "dJ/db = 6\n"
    assert asked("p b +").splitlines()[1:] == ["b +", "   ^"]
    assert asked("source").startswith("def J_and_gradient(a, b, c, dJ=1.0):\n")


def test_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told("graph", trace=course(8)).splitlines()
    assert lines[4] == "->       ├─ b         3   db = 6"
    painted = told("graph", trace=course(8), colours=True).splitlines()
    assert painted[4] == "\x1b[1m->       ├─ b         3   db = 6\x1b[0m"
    assert painted[:4] == lines[:4]
    assert asked(
        "graph u"
    ) == "   u = b * c   6   du = 3\n   ├─ b        3   db = 6\n->└─ c        2   dc = 9\n".replace(
        "->", "-> "
    )
    assert asked("graph 3").splitlines()[1:] == [
        "   └─ v = a + u ↓ 2 more   11   dv = 3",
        "An outline: 2 of 6 nodes, those nearest to J.",
        "graph NODE draws what is below a node, graph 1000 up to 1,000 branches.",
    ]
    assert asked("graph v 3").startswith("   v = a + u")
    assert told("graph zz").startswith("line 1: no node is called 'zz'")
    monkeypatch.setenv("COLUMNS", "25")
    assert max(map(len, asked("graph").splitlines())) <= 25


def test_draw_shows_this_moment(tmp_path: Path) -> None:
    start, end = tmp_path / "the start.dot", tmp_path / "end.dot"
    assert told(f'draw "{start}"') == f"Wrote {start}\n"
    asked(f"draw {end}")
    assert "33" not in start.read_text(encoding="utf-8")
    assert "33" in end.read_text(encoding="utf-8")


def test_a_broken_pipe_ends_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Trace, "check", fails)
    with pytest.raises(BrokenPipeError):
        asked("check")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        *((line, "\n  dJ/du * du/db = 3 * 2 = 6") for line in ("why b", "why dJ/db")),
        ("paths b", "J -> v -> u -> b"),
        ("nudge b", "J = 33.006"),
        ("nudge b 0.01", "J = 33.06\n"),
        ("check", "backprop is right"),
    ],
)
def test_questions(line: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert part in asked(line)
    monkeypatch.setenv("COLUMNS", "30")
    prose = [line for line in asked(line).splitlines() if not line.startswith(("h:", "error:"))]
    assert max(map(len, prose)) <= 30 or line == "check"  # a table


def test_the_last_step_is_asked_about_if_no_node_is_given() -> None:
    for command in ("why", "paths", "nudge"):
        assert told(command, trace=course(8)) == told(f"{command} b", trace=course(8))
        assert told(command, trace=course(1)) == told(f"{command} u", trace=course(1))
    assert "J = 33.06\n" in told("nudge 0.01", trace=course(8))
    many = Trace(functions.sum(Value(0.0) for _ in range(30)))
    assert told("why", trace=many).endswith("x20 and 11 more\n")


def test_a_check_that_fails_is_a_failure_of_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = course(9)
    monkeypatch.setattr(trace, "check", lambda: types.SimpleNamespace(ok=False, __str__=str))
    assert Stepper(trace, "", ["check", "p J"], io.StringIO(), io.StringIO()).run() == 1


# The prompt


def test_the_prompt_says_where_we_are() -> None:
    prompts = [Stepper(course(position)).prompt for position in (0, 2, 5, 9)]
    assert prompts == ["(start 0/9) ", "(forward 2/9) ", "(backward 5/9) ", "(end 9/9) "]


@pytest.mark.parametrize("line", ["b * 2", "b - 2", "b ** 2", "b/2", "2", "(b)"])
def test_arithmetic_is_shown(line: str) -> None:
    assert asked(line).startswith(f"{line} = ")


def test_of_a_node_that_is_called_like_a_command_it_is_said_how_to_show_it() -> None:
    said = "(b is the command break; p b shows the node b)\n"
    assert told("b", "p b") == said + "  no breakpoints\nb = 3\n"


def test_errors_are_told_and_the_script_goes_on() -> None:
    assert told("# step", "", " ", "step x", "q", "step") == "line 4: a whole number is wanted, not x\n"
    stepper = Stepper(course(), "", ["step x", "quit"], io.StringIO(), io.StringIO())
    assert stepper.run() == 1  # quit does not hide a failure
    assert told("step \x1b[2J") == "line 1: a whole number is wanted, not \\x1b[2J\n"
    assert [told(line, "step") for line in ("quit", "q", "exit")] == [""] * 3


def test_ctrl_c_does_not_end_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [KeyboardInterrupt, EOFError]

    def typed(_: str) -> str:
        raise waiting.pop(0)

    monkeypatch.setattr("builtins.input", typed)
    out = io.StringIO()
    stepper = Stepper(course(), COURSE, stdout=out)
    stepper.completekey = ""  # cmd.Cmd leaves readline alone then
    assert stepper.run() == 0
    assert "Ctrl-D or q leaves." in out.getvalue()


def test_every_command_has_help_that_fits() -> None:
    lines = told("help").splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(COMMANDS) + 1
    for command in COMMANDS:
        text = told(f"help {command}")
        assert text.startswith(command)
        assert COMMANDS[command].about in text
        assert max(map(len, text.splitlines())) <= 80
    assert told("?") == told("h") == told("help")
    assert told("help q") == told("?q") == "quit   (short: q or exit)\n  Leave; so does Ctrl-D.\n"


@pytest.mark.parametrize(
    ("text", "in_short", "in_full"),
    [
        (COURSE, "dv is the gradient at v summed so far; after its last term it is dJ/dv.\n"
         "∂u/∂x[1], ∂u/∂x[2]: u = x * x uses x twice;", "du/db\n  A local derivative: that of u = b * c"),
        ("y = b*b; z = 2*y + b", "∂y/∂b[1], ∂y/∂b[2]: y = b * b uses b twice;", "∂z/∂b\n  A local"),
        ("relu(b)", "dJ", "(b = 0 is a kink: the slope of the right side, 1, is taken)\n  J = relu(b) is at"),
        ("b", "∂u/∂x[1]", "Not in this graph. A step of backprop."),
    ],
)  # fmt: skip
def test_the_signs_are_explained_by_the_graph_at_hand(
    text: str, in_short: str, in_full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"a": 5, "b": 0, "c": 2}
    trace = Trace(parse(text, **{name: values[name] for name in values if name in text}))
    assert in_full in told("help notation", trace=trace)
    monkeypatch.setattr("builtins.input", lambda _: "q")
    out = io.StringIO()
    stepper = Stepper(trace, text, stdout=out)
    stepper.completekey = ""
    stepper.run()
    assert in_short in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("set ", ["a", "b", "c"]),
        ("break m", ["mul", "maximum", "minimum"]),
        ("until d", ["da", "db", "dc", "du", "dv", "dJ"]),
        ("watch u", ["u"]),
        ("help n", ["next", "nudge", "notation"]),
        ("graph u", ["u"]),
        ("check ", []),
        ("nonsense ", []),
        ("draw one[", ["one[1].svg"]),
    ],
)
def test_completion(line: str, words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one[1].svg").write_text("")
    stepper = Stepper(course())
    assert stepper.completedefault(line.split(" ")[-1], line) == words
    assert stepper.completenames("s") == ["step ", "set ", "source"]


# Anything may be typed

EXPRESSIONS = [
    (COURSE, {"a": 5, "b": 3, "c": 2}),
    ("x*x + x", {"x": 3}),
    ("z = w*x + b; a = sigmoid(z); L = -y*log(a)", {"w": 0.5, "x": 2, "b": -1, "y": 1}),
    ("maximum(0, n) / s + c", {"n": 0, "s": 2, "c": 1}),
    ("x", {"x": 1}),
]
WORDS = ["", "u", "dx", "dJ/dx", "2", "-1", "1e999", "nan", "b 3", "x = 0", "mul", "data > 1", "isnan", "1/0"]
WORDS += ["x *", "∂u/∂x[2]", "end", "zz", "a.grad", "((", "x y z", "'"]
HARMLESS = [command for command in COMMANDS if command not in ("draw", "quit")]

lines = st.one_of(
    st.builds("{} {}".format, st.sampled_from(HARMLESS), st.sampled_from(WORDS)),
    st.builds("{} {}".format, st.sampled_from([*HARMLESS, *SHORT]), st.text(max_size=8)),
    st.sampled_from(["", "s", "n", "continue", "b", "draw", "draw x.nothing"]),
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
    unforeseen = re.search(r"^line \d+: \w+Error: ", errors.getvalue(), re.MULTILINE)
    assert not unforeseen
    assert 0 <= trace.position <= len(trace)
