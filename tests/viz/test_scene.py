from __future__ import annotations

from typing import Literal

from viz.labels import text_width
from viz.scene import MARGIN, NAME_SIZE, Card, Row


def row(value: str, role: Literal["data", "grad", "count"] = "data", room: float = 10.0) -> Row:
    return Row("data", value, role, room)


def test_a_card_has_room_for_its_widest_line() -> None:
    long = "a name of some length"
    assert Card("input", (long,), "", (), "").width >= text_width(long, NAME_SIZE, bold=True) + 2 * MARGIN
    assert Card("input", ("u",), "= " + long, (), "").width > Card("input", ("u",), "= b", (), "").width
    assert Card("input", ("u",), "", (row("1", room=300.0),), "").width >= 300 + 2 * MARGIN


def test_a_card_has_the_same_size_whatever_is_known() -> None:
    blank, filled = (Card("input", ("u",), "", (row(value, room=80),), "") for value in ("", "-1.23457e-05"))
    assert (blank.width, blank.height) == (filled.width, filled.height)


def test_a_card_is_as_high_as_its_lines() -> None:
    one = Card("input", ("u",), "", (row("1"),), "")
    assert Card("input", ("u", "v"), "", (row("1"),), "").height > one.height
    assert Card("input", ("u",), "", (row("1"), row("2")), "").height > one.height


def test_numbers_are_small() -> None:
    number = Card("number", ("3",), "", (), "")
    assert number.width < Card("input", ("3",), "", (), "").width
    assert number.height < 30
    assert Card("number", ("-1.23457e-05",), "", (), "").width > number.width
