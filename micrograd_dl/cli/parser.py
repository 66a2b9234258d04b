"""Common parts of the command line's parsers: spellings, suggestions, kinds of numbers, help."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from micrograd_dl.cli.terminal import complain, write
from micrograd_dl.foundation.lookup import with_similar
from micrograd_dl.foundation.numbers import whole_number

T = TypeVar("T")

# Spellings that people know from elsewhere.
_ALIASES = {
    "--lr": "--learning-rate",
    "--alpha": "--learning-rate",
    "--optimizer": "--optimiser",
    "--initializer": "--initialiser",
    "--normalization": "--normalisation",
}
_FILES = ("FILE", "DATA", "MODEL.npz", "NEW.csv")  # metavars of what a shell completes by files' names


class Parser(argparse.ArgumentParser):
    """A parser that writes as the rest of the command line does, in lines of at most 80 columns."""

    def __init__(self, **about: Any) -> None:
        super().__init__(
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
                prog, max_help_position=28, width=min(80, shutil.get_terminal_size().columns)
            ),
            **about,
        )
        self.color = False  # for Python 3.14; `write` lets no escapes through

    def add_argument(self, *names: Any, **about: Any) -> argparse.Action:
        """Add an argument; where it is a file, a shell completes its name."""
        action = super().add_argument(*names, **about)
        if about.get("metavar") in _FILES:
            # The name that shtab looks for, which argparse does not know.
            action.complete = {"bash": "_shtab_compgen_files", "zsh": "_files"}  # type: ignore[attr-defined]
        return action

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """Refuse words that are no options or arguments, with a suggestion."""
        name = words[0].partition("=")[0]
        if not name.startswith("-"):
            self.error(f"there is no place for {words[0]!r}: leave it out, or put quotes around spaces")
        self.error(f"there is no option {with_similar(name, self._option_string_actions)}")

    def print_help(self, file: Any = None) -> None:
        """Write the help."""
        write(self.format_help().rstrip(), stream=file)

    def error(self, message: str) -> NoReturn:
        """Print the problem, and exit with code 2."""
        complain(f"{self.format_usage().rstrip()}\n{self.prog}: error: {message}")
        self.exit(2)


def usual_spelling(word: str) -> str:
    """A word of the command line, in which an option has its own name."""
    name, equals, value = word.partition("=")
    return _ALIASES.get(name, name) + equals + value


def sizes(text: str) -> tuple[int, ...]:
    """The sizes of hidden layers, from words such as 16,16; from 0 or nothing, no layers."""
    if text.strip() in ("", "0"):
        return ()
    try:
        return tuple(whole_number(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"sizes are whole numbers with commas, such as 16,16; not {text!r}") from None


def argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """`read` for argparse, which of a ValueError says only that the value is invalid."""

    def reader(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return reader


whole = argument(whole_number)
