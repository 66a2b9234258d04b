from __future__ import annotations

import io
import sys
import types
from collections.abc import Iterable, Mapping
from typing import ClassVar

import pytest

from micrograd_dl.cli.prompt import Prompt


class Shop(Prompt):
    """Sells apples and apricots."""

    code: int | None = None  # what run() came to

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Fruit": {"apple": "[COUNT]", "apricot": "COUNT"},
        "Till": {"pay": "", "fail": "", "pipe": ""},
        **Prompt.groups,
    }
    short: ClassVar[Mapping[str, str]] = {"a": "apple", **Prompt.short}
    repeated: ClassVar[frozenset[str]] = frozenset({"apple"})

    def __init__(self, script: Iterable[str] | None = None, colours: bool = False) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        super().__init__(script, self.out, self.err, colours)

    def do_apple(self, argument: str) -> None:
        """Sell apples.

        As many as COUNT says, and one if it does not say, which is what most of those who come here want.
        """
        self.say(f"apple {argument}".strip())

    def do_apricot(self, argument: str) -> None:
        """Sell apricots."""
        self.say(f"apricot {argument}")

    def do_pay(self, argument: str) -> None:
        """Pay."""
        raise ZeroDivisionError(f"no money{argument}")

    def do_fail(self, argument: str) -> None:
        """Fail."""
        raise KeyError(f"no till is called 'x'{argument}")

    def do_pipe(self, argument: str) -> None:
        """Break the pipe."""
        raise BrokenPipeError(argument)

    def is_name(self, text: str) -> bool:
        return text == "ap"

    def show(self, text: str) -> None:
        self.say(f"shown {text}")


def sold(*script: str) -> str:
    shop = Shop(script)
    shop.run()
    return shop.out.getvalue() + shop.err.getvalue()


@pytest.mark.parametrize("line", ["apple 2", "appl 2", "app 2", "a 2", "  apple   2 ", "apple\t2"])
def test_beginnings_and_abbreviations(line: str) -> None:
    assert sold(line) == "apple 2\n"


def test_a_beginning_of_two_commands_says_which() -> None:
    assert sold("p") == "line 1: p could be pay or pipe\n"
    assert sold("p 3") == "line 1: p could be pay or pipe\n"


def test_a_name_is_shown_where_no_command_is_meant() -> None:
    assert sold("ap") == "shown ap\n"
    assert sold("ap 1") == "line 1: ap could be apple or apricot\n"


@pytest.mark.parametrize("line", ["a * 2", "a - 2", "a + 2", "a ** 2", "a/2", "2", "(a)", "a_1"])
def test_arithmetic_is_shown(line: str) -> None:
    assert sold(line) == f"shown {line}\n"


def test_a_sign_or_a_path_is_no_arithmetic() -> None:
    assert sold("apple -2", "apple /tmp/x") == "apple -2\napple /tmp/x\n"


def test_an_unknown_command_has_a_hint() -> None:
    assert sold("appel") == "line 1: there is no command appel: did you mean apple?\n"
    assert sold("xyz") == "line 1: there is no command xyz: help lists them all\n"


def test_arguments_are_looked_at() -> None:
    assert sold("pay 3") == "line 1: pay takes no argument: leave out 3\n"
    wanted = "line 1: apricot needs an argument: apricot COUNT (help apricot says more)\n"
    assert sold("apricot") == wanted


def test_errors_are_told_and_the_script_goes_on() -> None:
    shop = Shop(["pay", "fail", "apple"])
    assert shop.run() == 1
    assert shop.err.getvalue() == "line 1: no money\nline 2: no till is called 'x'\n"
    assert shop.out.getvalue() == "apple\n"


def test_a_broken_pipe_is_not_an_error_of_a_command() -> None:
    with pytest.raises(BrokenPipeError):
        Shop(["pipe"]).run()


def test_a_script_has_comments_and_empty_lines_and_an_end() -> None:
    shop = Shop(["# apple", "", "   ", "  # pay", "apple", "quit", "pay"])
    assert shop.run() == 0
    assert shop.out.getvalue() == "apple\n"


def test_quit_does_not_hide_a_failure() -> None:
    assert Shop(["pay", "q"]).run() == 1


@pytest.mark.parametrize("line", ["quit", "q", "exit", "qu"])
def test_leaving(line: str) -> None:
    assert sold(line, "apple") == ""


# At a terminal


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str | type[BaseException], colours: bool = False) -> Shop:
    """A shop whose visitor types these lines, then Ctrl-D."""
    waiting = list(lines)
    shop = Shop(colours=colours)
    shop.completekey = ""  # cmd.Cmd leaves readline alone then

    def read(prompt: str = "") -> str:
        shop.out.write(prompt)
        if not waiting:
            raise EOFError
        line = waiting.pop(0)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.setattr("builtins.input", read)
    shop.code = shop.run()
    return shop


def test_end_of_input_leaves_on_a_new_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed(monkeypatch, "apple").out.getvalue() == "> apple\n> \n"


def test_enter_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = typed(monkeypatch, "apple 3", "apricot 1", "", " ")
    assert shop.out.getvalue() == "> apple 3\n> apricot 1\n> apple 3\n> apple 3\n> \n"


def test_an_error_at_a_terminal_is_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = typed(monkeypatch, "pay", "q")
    assert shop.code == 0
    assert shop.err.getvalue() == "*** no money\n"


def test_ctrl_c_says_how_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = typed(monkeypatch, KeyboardInterrupt, "apple")
    assert shop.out.getvalue() == "> \nCtrl-D or q leaves.\n> apple\n> \n"


@pytest.mark.parametrize(
    ("doc", "prompt"),
    [("GNU readline", "\001\x1b[1m\002> \001\x1b[0m\002"), ("libedit readline", "> "), (None, "> ")],
)
def test_a_prompt_has_colours_where_readline_can_count(
    monkeypatch: pytest.MonkeyPatch, doc: str | None, prompt: str
) -> None:
    monkeypatch.setitem(sys.modules, "readline", doc and types.ModuleType("readline", doc))
    shop = typed(monkeypatch, "pay", colours=True)
    assert shop.out.getvalue() == f"{prompt}{prompt}\n"
    assert shop.err.getvalue() == "\x1b[31m*** no money\x1b[0m\n"


def test_a_script_has_no_colours_in_its_errors() -> None:
    shop = Shop(["pay"], colours=True)
    shop.run()
    assert shop.err.getvalue() == "line 1: no money\n"


# Help and completion


def test_help_lists_all_commands() -> None:
    assert sold("help") == (
        "Fruit\n"
        "  a   apple [COUNT]          Sell apples.\n"
        "      apricot COUNT          Sell apricots.\n"
        "Till\n"
        "      pay                    Pay.\n"
        "      fail                   Fail.\n"
        "      pipe                   Break the pipe.\n"
        "Leave\n"
        "  h   help [COMMAND]         List all commands, or explain one.\n"
        "  q   quit                   Leave; so does Ctrl-D.\n"
        "Any beginning that only one command has will do. help COMMAND says more.\n"
    )
    assert sold("?") == sold("h") == sold("help")


def test_help_explains_a_command() -> None:
    assert sold("help q") == "quit   (short: q or exit)\n  Leave; so does Ctrl-D.\n"
    assert (
        sold("? apple")
        == sold("?a")
        == (
            "apple [COUNT]   (short: a)\n"
            "  Sell apples.\n"
            "  As many as COUNT says, and one if it does not say, which is what most of\n"
            "  those who come here want.\n"
        )
    )


def test_help_on_what_is_no_command() -> None:
    assert sold("help xyz") == "line 1: there is no command xyz: help lists them all\n"


def test_commands_are_completed() -> None:
    shop = Shop()
    assert shop.completenames("ap") == ["apple ", "apricot "]
    assert shop.completenames("pa") == ["pay"]


def test_arguments_are_completed() -> None:
    shop = Shop()
    assert shop.completedefault("ap", "help ap") == ["apple", "apricot"]
    assert shop.completedefault("", "apple ") == []
    assert shop.completedefault("x", "p x") == []
