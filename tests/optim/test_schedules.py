"""Schedules begin, turn and end where they say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from micrograd_dl.optim.schedules import (
    SCHEDULES,
    Schedule,
    by_steps,
    constant,
    cosine,
    exponential,
    inverse_time,
    one_cycle,
    schedule,
    staircase,
    warm_up,
)


def test_the_formulas() -> None:
    assert [inverse_time(0.2, 0.5)(t) for t in (0, 2, 8)] == [0.2, 0.1, 0.04]
    assert [exponential(0.5, 0.5)(t) for t in (0, 1, 3)] == [0.5, 0.25, 0.0625]
    assert [staircase(1.0, 3, 0.5)(t) for t in (0, 2, 3, 5, 6)] == [1, 1, 0.5, 0.5, 0.25]
    assert [cosine(1.0, 4, 0.5)(t) for t in (0, 2, 4, 5, 100)] == pytest.approx([1, 0.75, 0.5, 0.5, 0.5])
    assert by_steps(staircase(1.0, 3, 0.5))(3) == 0.5


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("rise", [0.3, 1.0])
def test_one_cycle_of_next_to_no_steps(length: int, rise: float) -> None:
    alpha = one_cycle(1.0, length, rise=rise)
    assert all(0 < alpha(t) <= 1 for t in range(5))


ABOVE_0, FROM_0, PART = "is a number above 0", "is a number from 0 up", "is above 0 and at most 1"
WHOLE = "is a whole number from 1 up"


@pytest.mark.parametrize(
    ("makes", "message"),
    [
        ([constant, lambda x: inverse_time(x, 1.0), lambda x: exponential(x, 0.5)], f"alpha0 {ABOVE_0}"),
        ([lambda x: staircase(x, 2), lambda x: cosine(x, 3)], f"alpha0 {ABOVE_0}"),
        ([lambda x: warm_up(3, x)], f"then {ABOVE_0}"),
        ([lambda x: one_cycle(x, 10)], f"highest {ABOVE_0}"),
        ([lambda x: inverse_time(0.1, x)], f"rate {FROM_0}"),
        ([lambda x: exponential(0.1, x), lambda x: staircase(0.1, 2, x)], f"the factor {PART}"),
        ([lambda x: staircase(0.1, x)], f"every {WHOLE}"),
        (
            [lambda x: cosine(0.1, x), lambda x: warm_up(x, 0.1), lambda x: one_cycle(0.1, x)],
            f"length {WHOLE}",
        ),
        ([lambda x: cosine(0.1, 3, x)], f"lowest {FROM_0}"),
        ([lambda x: one_cycle(0.1, 3, rise=x)], f"rise {PART}"),
        ([lambda x: one_cycle(0.1, 3, start=x)], f"start {FROM_0}"),
        ([lambda x: one_cycle(0.1, 3, end=x)], f"end {FROM_0}"),
    ],
)
def test_nonsense_is_refused(makes: list[Callable[[Any], Any]], message: str) -> None:
    for make in makes:
        for x in (float("nan"), -0.1, float("inf")):
            with pytest.raises(ValueError, match=f"{message}, not {x}"):
                make(x)
        with pytest.raises((TypeError, ValueError), match=message.split(" is ")[0]):
            make("a")


def of(text: str, rise: int = 0) -> Schedule:
    return schedule(text, 0.4, epochs=10, steps=3, rise=rise)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("constant", constant(0.4)),
        ("inverse_time:2", inverse_time(0.4, 2)),
        ("exponential:.9", exponential(0.4, 0.9)),
        ("staircase:3", staircase(0.4, 3)),
        ("staircase:3,0.5", staircase(0.4, 3, 0.5)),
        ("cosine", cosine(0.4, 10)),
        ("cosine:7", cosine(0.4, 7)),
        ("cosine:7,1e-3", cosine(0.4, 7, 1e-3)),
        ("one_cycle", one_cycle(0.4, 30)),
        ("one_cycle:20", one_cycle(0.4, 20)),
    ],
)
def test_in_words(text: str, expected: Schedule) -> None:
    alpha = of(text)
    assert isinstance(alpha, by_steps) == text.startswith("one_cycle")
    assert [alpha(t) for t in range(30)] == [expected(t) for t in range(30)]


def test_a_warm_up_in_words_goes_by_steps_to_where_the_epochs_begin() -> None:
    alpha = of("cosine", rise=2)
    assert isinstance(alpha, by_steps)
    assert [alpha(t) for t in range(6)] == pytest.approx([0.4 * k / 6 for k in range(1, 7)])
    assert [alpha(6 + t) for t in range(24)] == [cosine(0.4, 8)(t // 3) for t in range(24)]
    assert of("cosine", rise=10)(29) == of("cosine", rise=99)(296) == 0.4


@pytest.mark.parametrize("form", SCHEDULES)
def test_how_it_is_written_names_what_it_takes(form: str) -> None:
    _, *takes = inspect.signature(SCHEDULES[form]).parameters.values()
    places = [p for p in takes if p.kind is not p.KEYWORD_ONLY]
    assert re.findall("[A-Z]+", form) == [p.name.upper() for p in places]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "no schedule 'cosin' (did you mean 'cosine'?): choose one of constant"),
        ("", "no schedule ''"),
        ("staircase", "staircase is written staircase:EVERY[,FACTOR], not 'staircase'"),
        ("cosine:", "cosine is written cosine[:LENGTH[,LOWEST]], not 'cosine:'"),
        ("one_cycle:10,0.3", "one_cycle is written one_cycle[:LENGTH], not 'one_cycle:10,0.3'"),
        ("staircase:1_0", "staircase is written staircase:EVERY[,FACTOR], not 'staircase:1_0'"),
        ("staircase:2.5", "every is a whole number from 1 up, not 2.5"),
        ("one_cycle", "one_cycle rises by itself: leave out the warm-up"),
        ("exponential:2", "the factor is above 0 and at most 1, not 2"),
    ],
)
def test_words_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        of(text, rise=text == "one_cycle")
