"""Labels in formulas: a plain name as it is, any other short, on one line and between backticks."""

from __future__ import annotations

import pytest

from micrograd_dl.foundation.written import readable


@pytest.mark.parametrize(
    "label", ["a", "w_1", "w[1]", "layers[0].w", "a'", "名字", "x" * 60, "_", "lambda", "a.b[2]'"]
)
def test_plain_names_stay_as_they_are(label: str) -> None:
    assert readable(label) == label


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a b", "`a b`"), ("dJ/da", "`dJ/da`"), ("3", "`3`"), ("[1]", "`[1]`"), (".", "`.`"),
        ("two\nlines", r"`two\nlines`"), ("\x1b[31m", r"`\x1b[31m`"), ("\u2028", r"`\u2028`"),
        ("\ud800", r"`\ud800`"), ("😀", "`😀`"), ("a`b", "`a'b`"), ("x" * 61, f"`{'x' * 57}...`"),
        ("x " * 30, f"`{'x ' * 30}`"), ("x " * 31, f"`{('x ' * 30)[:57]}...`"),
    ],
)  # fmt: skip
def test_others_stand_between_backticks(label: str, shown: str) -> None:
    assert readable(label) == shown
