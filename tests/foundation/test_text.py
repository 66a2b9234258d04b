from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.foundation.text import printable, shortened


@given(st.text())
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    shown = printable(text)
    bad = {"Cc", "Cs", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in bad and c not in "\n\t"]
    assert not set(shown) & set(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F]))
    assert printable(shown) == shown


@given(st.text().map(lambda text: text.replace("\n", "")))
def test_what_is_harmless_stays(text: str) -> None:
    assert printable("".join(c for c in text if c.isprintable())).isprintable()
    assert printable("宽 é \t Ω\n") == "宽 é \t Ω\n"


@given(st.lists(st.integers(0, 5000), max_size=60))
def test_a_message_is_never_longer_than_a_few_lines(lengths: list[int]) -> None:
    message = "\n".join("x" * n for n in lengths) + " remedy"
    short = shortened(message)
    assert len(short) < 2000
    assert short.count("\n") < 20
    assert short.endswith("remedy")
    if len(message) < 1000 and message.count("\n") < 10:
        assert short == message
