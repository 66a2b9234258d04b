"""The player in a real browser: its numbers and sentences against the engine, its controls, its manners.

They are skipped where there is no browser; ``.ci/run`` installs one, and fails if they were skipped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from micrograd_dl import nn
from micrograd_dl.cli.quiz import read_number, rounding_errors
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value, record
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.steps import Contribute, Evaluate
from micrograd_dl.operations import operation, own_operations
from micrograd_dl.testing.strategies import Graph, graphs, numbers
from viz.groups import groups
from viz.player import FOLDER, play
from viz.walk_data import walk_data

Load = Callable[..., Any]


def until(page: Any, condition: str) -> None:
    """Wait for a condition. The page's policy forbids what Playwright's own way of waiting does."""
    for _ in range(1000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    pytest.fail(f"it never came to {condition}")


def choose(page: Any, name: str) -> None:
    page.fill("#search", name)
    page.press("#search", "Enter")


@pytest.fixture(scope="module")
def computer(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page of which only what computes is used: given data of another graph, it walks through that."""
    page = browser.new_page()
    file = play(Value(1.0, "x") * 2).save(tmp_path_factory.mktemp("page") / "page.html")
    page.goto(file.as_uri())
    until(page, "window.player !== undefined")
    page.evaluate("""() => {
        const {walk, sentences} = player;
        const shown = (x) => Number.isFinite(x) ? x : String(x);
        window.walked = (data, leaves) => {
            const other = new walk.constructor(player.completed(structuredClone(data)));
            if (leaves) other.set(leaves.map(([at, x]) => [at, typeof x === "string" ? Number(x) : x]));
            const say = new sentences.constructor(other);
            const steps = Array.from({length: other.length}, (_, i) => i + 1);
            return {
                data: [...other.data].map(shown),
                gradients: [...other.gradients].map(shown),
                slopes: other.slopes.map((x) => x && [...x].map(shown)),
                problem: other.problem && say.refusal(),
                text: steps.map((at) => say.text(at)),
                latex: steps.map((at) => say.latex(at)),
            };
        };
    }""")
    yield page
    page.close()


def walked(page: Any, trace: Trace, changed: dict[int, float] | None = None) -> Any:
    leaves = None if changed is None else [[at, _sent(x)] for at, x in changed.items()]
    found = page.evaluate("([data, leaves]) => walked(data, leaves)", [_data(trace), leaves])
    for name in ("data", "gradients"):
        found[name] = [*map(float, found[name])]
    return found


def _data(trace: Trace) -> dict[str, Any]:
    return walk_data(trace) | {"scene": {"cards": [], "wires": []}}


def _sent(x: float) -> float | str:
    return x if math.isfinite(x) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(x, "NaN")


def same(a: float, b: float, scale: float = 1.0) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12 * scale)


# --- numbers and sentences ----------------------------------------------------------------------------------


def test_the_page_has_the_forward_rule_of_every_operation() -> None:
    written = re.findall(r"^  (\w+)[:,]", (FOLDER / "rules.js").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*TABLE} == {*written}, "viz/player/rules.js has a line for each operation of the table"


EDGES = [-math.inf, -3.0, -1.0, -0.5, -0.0, 0.0, 1e-300, 0.25, 1.0, 2.0, 3.0, 710.0, math.inf, math.nan]


def applied(operation: Operation, operands: list[Value]) -> Value | None:
    try:
        return record(operation, *operands)
    except (ValueError, ZeroDivisionError):
        return None


LEFT = [operation.left for operation in TABLE.values() if operation.left is not None]


@pytest.mark.parametrize("operation", [*TABLE.values(), *LEFT], ids=lambda operation: operation.name)
def test_each_operation_gives_the_engines_numbers_everywhere(computer: Any, operation: Operation) -> None:
    count = operation.arity or (3 if operation is ops.affine else 4)
    points = [[x] * count for x in EDGES] if count != 2 else [[x, y] for x in EDGES for y in EDGES]
    if count > 2:
        points += [[*EDGES[i : i + count]] for i in range(len(EDGES) - count)]
    leaves = [Value(1.0, name) for name in "xyzw"[:count]]
    data = _data(Trace(record(operation, *leaves)))
    calls = [[[i, _sent(x)] for i, x in enumerate(point)] for point in points]
    answers = computer.evaluate(
        "([data, calls]) => calls.map((leaves) => walked(data, leaves))", [data, calls]
    )
    for point, answer in zip(points, answers, strict=True):
        operands = [Value(x, name) for x, name in zip(point, "xyzw", strict=False)]
        node = applied(operation, operands)
        if node is None:
            assert answer["problem"], f"{operation.name}{point} is undefined"
            with pytest.raises((ValueError, ZeroDivisionError)) as refusal:
                record(operation, *operands)
            if operation is not ops.power_slope:  # it is refused in its slope, in the words of pow
                assert answer["problem"] == str(refusal.value)
            continue
        assert not answer["problem"], f"{operation.name}{point} is defined"
        assert same(float(answer["data"][-1]), node.data), f"{operation.name}{point} = {node.data}"
        for found, slope in zip(map(float, answer["slopes"][-1]), node.slopes, strict=True):
            assert same(found, slope), f"{operation.name}{point} has the slopes {node.slopes}"
        trace = Trace(node)
        kinks = [step.remarks()[1:] for step in trace.steps if isinstance(step, Contribute)]
        terms = answer["text"][trace.steps.evaluated_at(node) + 2 :]  # type: ignore[operator]  # it is evaluated
        assert [re.findall(r"   \(([^()]* is a (?:kink|jump):.*)\)", text) for text in terms] == kinks


@given(graphs())
def test_the_sentences_are_the_steppers(computer: Any, graph: Graph) -> None:
    trace = Trace(graph.root)
    found = walked(computer, trace)
    assert found["text"] == [*map(str, trace.steps)]
    assert found["latex"] == [step.latex() for step in trace.steps]


@given(graphs(), st.data())
def test_changed_leaves_give_the_engines_numbers(computer: Any, graph: Graph, data: st.DataObject) -> None:
    trace = Trace(graph.root)
    for node, name in trace.notation.names.items():
        node.label = name
    changed = {leaf: data.draw(numbers(), leaf.label) for leaf in graph.leaves}
    place = {node: i for i, node in enumerate(trace.order)}
    found = walked(computer, trace, {place[leaf]: x for leaf, x in changed.items()})
    try:
        root = graph(*[Value(x, leaf.label) for leaf, x in changed.items()])
    except (ValueError, ZeroDivisionError):
        assert found["problem"]
        return
    if not _is_tame(root):
        return
    again = Trace(root)
    assert not found["problem"]
    scale = max(math.fabs(node.data) for node in again.order)
    # The graph may be another in its order only where an operand is a constant; here it is the same.
    assert len(again.order) == len(trace.order)
    for i, node in enumerate(again.order):
        assert same(found["data"][i], node.data, scale), trace.notation.name(trace.order[i])
        if not node.is_constant:
            largest = max(math.fabs(again.steps.gradient(n)) for n in again.order)
            assert same(found["gradients"][i], again.steps.gradient(node), largest)
    for text, step in zip(found["text"], again.steps, strict=True):
        if not isinstance(step, Evaluate):
            assert _NUMBER.sub("#", text.partition("   ")[0]) == _NUMBER.sub(
                "#", step.__str__().partition("   ")[0]
            )


_NUMBER = re.compile(r"(?<![\w\]])-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|nan|inf)(?![\w\[])")


def _is_tame(root: Value) -> bool:
    """Whether small differences of rounding stay small: no kink nearby, no enormous slope."""
    order = Trace(root).order
    slopes = [math.fabs(x) for node in order for x in node.slopes]
    near_kink = any(
        node.op is not None
        and node.op.kink is not None
        and abs(node.op.kink(*[p.data for p in node.operands])) < 1e-9
        for node in order
    )
    return not near_kink and all(x < 1e3 for x in slopes) and all(abs(node.data) < 1e3 for node in order)


HALFWAY = [100000.5, 100001.5, 2.5e-5, 0.5, 1234565.0, 1e22, 1e-5, 123456.5, -0.0, 1e16]


@given(st.lists(st.floats() | st.floats(-1e7, 1e7), min_size=1, max_size=50))
@example(HALFWAY)
def test_numbers_are_written_as_python_writes_them(computer: Any, numbers: list[float]) -> None:
    data = _data(Trace(Value(1.0, "x") * 2))
    calls = [[[0, _sent(x)]] for x in numbers]
    found = computer.evaluate(
        "([data, calls]) => calls.map((leaves) => walked(data, leaves).text[0])", [data, calls]
    )
    assert found == [str(Trace(Value(x, "x") * 2).steps[0]) for x in numbers]


def test_an_operation_of_ones_own_is_computed_by_its_definition(computer: Any, open_page: Load) -> None:
    with own_operations():
        half = operation(
            "half", lambda x: max(x, 0.0) / 2, lambda out, x: ops.at_least(x, 0.0) / 2, kink=lambda x: x,
            definition=lambda x: ops.relu(x) / 2, text=lambda x: f"½ {x:3}",
        )  # fmt: skip
        mixed = operation(
            "mixed", lambda x, y: max(x, 0.0) / 2 * y,
            (lambda out, x, y: y * ops.at_least(x, 0.0) / 2, lambda out, x, y: half(x)),
            definition=lambda x, y: half(x) * y,
        )  # fmt: skip
        root = operation("root", math.sqrt, lambda out, x: 0.5 / out, definition=lambda x: x**0.5)

        def graph(x: Value, y: Value) -> Value:
            return mixed(x, y) + half(x) * root(x)  # type: ignore[no-any-return]

        trace = Trace(graph(Value(2.0, "x"), Value(3.0, "y")))
        found = walked(computer, trace)
        assert found["text"] == [*map(str, trace.steps)]
        for x in (4.0, 0.0):
            again = Trace(graph(Value(x, "x"), Value(5.0, "y")))
            found = walked(computer, trace, {0: x, 1: 5.0})
            assert found["text"] == [*map(str, again.steps)]
        assert "root(x) is not defined at x = -1" in walked(computer, trace, {0: -1.0})["problem"]
        page = open_page(trace)
    page.click("#tab-leaves")
    assert page.locator("#panel-leaves input").count() > 0


def test_an_operation_of_ones_own_without_a_definition_cannot_be_changed(open_page: Load) -> None:
    cube = Operation(
        "cube", "cube", 1, forward=lambda x: x**3, derivatives=(lambda out, x: 3.0 * x * x,),
        text=lambda x: f"cube of {x}", latex=lambda x: rf"\operatorname{{cube}}({x})",
    )  # fmt: skip
    J = record(cube, Value(2.0, "x")) + 1
    page = open_page(J)
    trace = Trace(J)
    assert page.evaluate("[1, 2, 3, 4, 5].map((at) => player.sentences.text(at))")[: len(trace)] == [
        *map(str, trace.steps)
    ]
    page.click("#tab-leaves")
    assert "cube, an operation of your own" in page.inner_text("#panel-leaves")
    assert page.locator("#panel-leaves input").count() == 0


# --- moving -------------------------------------------------------------------------------------------------


def settled(page: Any) -> Any:
    until(page, "!player.frame")
    return page


def words(page: Any) -> str:
    text: str = settled(page).inner_text("#words")
    return text


def test_buttons_keys_and_slider_move(open_page: Load, course: Value) -> None:
    page = open_page(course)
    assert words(page) == "Only the inputs are known. Step on, or play."
    steps = [*map(str, Trace(course).steps)]
    page.click("#next")
    assert words(page) == steps[0]
    page.keyboard.press("ArrowRight")
    assert words(page) == steps[1]
    page.click("body", position={"x": 2, "y": 2})
    page.keyboard.press("ArrowRight")
    assert words(page) == steps[2]
    page.keyboard.press("ArrowLeft")
    assert words(page) == steps[1]
    page.keyboard.press("End")
    assert words(page) == steps[-1]
    page.keyboard.press("Home")
    assert settled(page).inner_text("#count") == "0 / 9"
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert words(page) == steps[1]
    page.click("#end")
    page.click("#back")
    assert words(page) == steps[-2]
    page.click("#start")
    assert settled(page).inner_text("#count") == "0 / 9"


def test_space_plays_and_pauses_and_it_ends_at_the_end(open_page: Load, course: Value) -> None:
    page = open_page(course)
    page.select_option("#speed", "50")
    page.locator("#speed").blur()
    page.keyboard.press("Space")
    until(page, "player.position === 9 && !player.timer")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.select_option("#speed", "2000")
    page.locator("#speed").blur()
    page.keyboard.press("Space")
    until(page, "player.position === 1")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Space")
    assert page.evaluate("player.timer") == 0


def test_the_address_leads_to_a_step(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=8")
    assert words(page) == str(Trace(course).steps[7])
    page.evaluate("location.hash = 'step=2'")
    until(page, "player.position === 2")
    page.click("#next")
    until(page, "location.hash === '#step=3'")


def test_a_trace_is_shown_from_where_it_stands(open_page: Load, course: Value) -> None:
    trace = Trace(course)
    trace.goto(5)
    assert words(open_page(trace)) == str(trace.current)


def paper(page: Any) -> list[list[str]]:
    rows = settled(page).locator("#paperlist .row").all()
    return [[part.strip() for part in row.locator("> span").all_inner_texts()] for row in rows]


def test_the_paper_and_the_picture_show_what_is_known_by_now(open_page: Load, course: Value) -> None:
    page = open_page(course)
    trace = Trace(course)
    for position in range(len(trace) + 1):
        trace.goto(position)
        page.evaluate(f"player.goto({position})")
        names = list(trace.notation.names.values())
        rows = paper(page)
        assert [row[0].split(" = ")[0] for row in rows] == names
        for name, row in zip(names, rows, strict=True):
            data, gradient = trace.data(name), trace.grad(name)
            assert row[1:] == [
                "?" if data is None else f"{data:g}",
                "" if gradient is None else f"{gradient:g}",
            ]
        shown = page.locator("svg text.value.data").all_text_contents()
        assert [x for x in shown if x] == [f"{trace.data(n):g}" for n in names if trace.data(n) is not None]


def test_the_step_of_a_gradient_lights_its_edge(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=7")
    settled(page)
    assert page.locator("#picture .edge.back").count() == 1
    assert page.locator("#picture .edge.passed").count() == 2
    page.evaluate("player.goto(2)")
    settled(page)
    assert page.locator("#picture .edge.forward").count() == 2


def test_what_flows_moves_unless_motion_is_unwelcome(open_page: Load, course: Value) -> None:
    page = open_page(course, reduced_motion="no-preference")
    page.evaluate("player.goto(1)")
    page.wait_for_selector(".mark", state="attached")
    page = open_page(course)
    page.evaluate("player.goto(1)")
    settled(page)
    assert page.locator(".mark").count() == 0


def test_the_sentence_is_mathematics_and_is_announced(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=8")
    assert page.locator("#formula mfrac").count() == 3
    assert page.get_attribute("#words", "aria-live") == "polite"


# --- asking -------------------------------------------------------------------------------------------------


def test_why_has_every_term_and_each_leads_to_its_step(open_page: Load) -> None:
    x = Value(3, "x")
    page = open_page(x * x + x)
    page.click("#paperlist .row >> nth=0")
    text = settled(page).inner_text("#panel-why")
    assert "dJ/dx = 7, the sum of 3 terms, one for each use:" in text
    assert "∂u/∂x[1] = x = 3, since u = x * x" in text
    assert "test_player_page.py" in text
    page.click("#panel-why .link >> text=/^step 5$/")
    assert words(page) == str(Trace(x * x + x).steps[4])


def test_a_node_and_an_edge_of_the_picture_can_be_clicked(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=9")
    page.click("svg .node.input >> nth=1")
    assert settled(page).inner_text("#panel-why h3") == "b"
    page.locator("svg .edge .hit").first.dispatch_event("click")
    text = settled(page).inner_text("#panel-why")
    assert "From u back to b" in text
    assert "du/db = c = 2, since u = b * c" in text
    assert page.locator("#picture .edge.selected").count() == 1


def test_paths_are_drawn_and_sum_up(open_page: Load) -> None:
    x = Value(3, "x")
    page = open_page(x * x + x)
    choose(page, "x")
    page.click("text=Paths")
    text = settled(page).inner_text("#panel-why")
    assert "dJ/dx = 7, the sum over 3 paths" in text
    assert "Their sum is 7, which is what backprop gives." in text
    page.click("#panel-why .path >> nth=0")
    settled(page)
    assert page.locator("#picture .edge.onpath").count() == 2


def test_a_nudge_says_what_becomes_of_the_result(open_page: Load, course: Value) -> None:
    page = open_page(course)
    choose(page, "b")
    page.click("text=Nudge")
    assert "b: 3 → 3.001 gives J: 33 → 33.006" in settled(page).inner_text("#panel-why")
    page.fill("#panel-why input", "1/2")
    text = page.inner_text("#panel-why")
    assert "gives J: 33 → 36" in text
    assert "ratio (36 - 33) / 0.5 = 6, dJ/db = 6" in text


def test_play_stops_at_a_stop(open_page: Load, course: Value) -> None:
    page = open_page(course)
    choose(page, "v")
    assert settled(page).inner_text("#panel-why h3") == "v"
    page.click("text=Stop here")
    page.select_option("#speed", "50")
    page.click("#play")
    until(page, "!player.timer && player.position === 2")
    page.click("#stopnext")
    assert words(page).startswith("dv += ")
    page.click("#stopback")
    assert words(page).startswith("v = ")


def test_a_search_without_a_match_says_so(open_page: Load, course: Value) -> None:
    page = open_page(course)
    choose(page, "nowhere")
    assert page.get_attribute("#search", "aria-invalid") == "true"


# --- changing -----------------------------------------------------------------------------------------------


def leaf(page: Any, name: str) -> Any:
    page.click("#tab-leaves")
    return page.get_by_label(name, exact=True)


def test_a_leaf_that_is_changed_changes_every_number_and_sentence(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=9")
    leaf(page, "b").fill("4")
    trace = Trace(course)
    trace.set("b", 4)
    assert page.evaluate("Array.from({length: 9}, (_, i) => player.sentences.text(i + 1))") == [
        *map(str, trace.steps)
    ]
    assert words(page) == str(trace.steps[8])
    assert "J: 33 → 39" in page.inner_text("#panel-leaves")
    page.get_by_label("b, by a slider").focus()
    page.keyboard.press("ArrowRight")
    assert [row[1] for row in paper(page) if row[0] == "b"] == ["4.08"]
    page.click("#reset")
    assert page.evaluate("player.walk.data[player.walk.root]") == 33


def test_what_is_undefined_says_so_in_the_engines_words(open_page: Load) -> None:
    J = parse("log(x) * 2", x=1.0)
    page = open_page(J, "#step=4")
    leaf(page, "x").fill("-1")
    with pytest.raises(ValueError, match="is not defined") as refusal:
        parse("log(x) * 2", x=-1.0)
    assert settled(page).inner_text("#problem") in str(refusal.value)
    assert page.inner_text("#problem").startswith("log(x) is not defined at x = -1: log needs")
    assert [row[1] for row in paper(page)] == ["-1", "undefined", "undefined"]
    leaf(page, "x").fill("2")
    assert not settled(page).is_visible("#problem")


def test_at_a_kink_the_page_says_which_side_was_taken(open_page: Load) -> None:
    x = Value(1.0, "x")
    page = open_page(x.relu() * 2, "#step=5")
    leaf(page, "x").fill("0")
    assert "x = 0 is a kink: the slope of the right side, 1, is taken" in settled(page).inner_text(
        "#panel-leaves"
    )
    assert "is a kink" in words(page)
    with slope_at_kink("left"):
        J = Value(0.0, "x").relu() * 2
    assert "the slope of the left side, 0, is taken" in words(open_page(J, "#step=5"))


def test_what_is_no_number_is_marked(open_page: Load, course: Value) -> None:
    page = open_page(course)
    field = leaf(page, "a")
    field.fill("five")
    assert field.get_attribute("aria-invalid") == "true"
    assert [row[1] for row in paper(page) if row[0] == "a"] == ["5"]


# --- practising ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["0.5", "1/2", ".5", "5e-1", "0,5", " 1 / 2 "])
def test_an_answer_may_be_written_in_any_way(open_page: Load, written: str) -> None:
    page = open_page(parse("a * b", a=1.0, b=0.5))
    page.click("#tab-practice")
    page.click("#practise")
    page.fill("#answer", written)
    page.press("#answer", "Enter")
    assert settled(page).inner_text("#verdict") == "Right: J = a * b = 1 * 0.5 = 0.5"
    assert page.inner_text("#score") == "1 of 1 right at the first try"


def test_practice_hides_the_next_number_gives_hints_and_counts(open_page: Load, course: Value) -> None:
    page = open_page(course, "#step=7")
    page.click("#tab-practice")
    page.click("#practise")
    settled(page)
    assert page.evaluate("document.activeElement.id") == "answer"
    assert page.inner_text("#question") == "Step 8: which number does the edge from u back to b add to db?"
    choose(page, "b")
    assert "dJ/db = ?" in settled(page).inner_text("#panel-why")
    page.keyboard.press("End")
    assert page.evaluate("player.position") == 7
    page.click("#tab-practice")
    page.click("#givehint")
    assert page.inner_text("#hint") == "dJ/du * du/db"
    page.click("#givehint")
    assert "du/db = c, since u = b * c" in page.inner_text("#hint")
    page.fill("#answer", "5")
    page.press("#answer", "Enter")
    assert "is not it" in settled(page).inner_text("#verdict")
    page.fill("#answer", "six")
    page.press("#answer", "Enter")
    assert "no number" in settled(page).inner_text("#verdict")
    page.click("#reveal")
    assert settled(page).inner_text("#score") == "0 of 1 right at the first try"
    page.fill("#answer", "9")
    page.press("#answer", "Enter")
    assert settled(page).inner_text("#question") == "That was the last step."
    assert page.inner_text("#score") == "1 of 2 right at the first try"


# What is written; the tests of the prompt say what it is.
WRITTEN = [
    *["0.5", ".5", "5.", "0,5", ",5", "1/2", " 1 / 4 ", "5e-1", "−1/3", "+2", "--2", "- -2", "1+2*3"],
    *["(1+2)*3", "2**3**2", "-2**2", "2**-1", "2*-3", "7-2-1", "16/4/2", "3×4", "6÷4", "2·5", "∞"],
    *["-inf", "NaN", "Infinity", "exp(1)", "max(2, 3)", "maximum(1,2)", "((((1))))", "sum(1, 2, 3)"],
    *["dot(1, 2)", "affine(2, 3, 1)", "ln(2)", "sigma(0)", "sqrt(2)", "tanh(-1)", "2*(1 + .5)", "u = 6"],
    *["", "six", "1 2", "1_0", "1.2.3", "1..2", "2x", "2(3)", "(1", "1)", "1/0", "log(-1)", "1e999"],
    *["1e308*10", "2^3", "exp", "exp(1, 2)", "dot(1)", "maximum(1)", "sum()", "add(1, 2)", "toString(1)"],
    *["constructor(1)", "x", "1,2,3", "(-8)**(1/3)", "0**0", "٣", "1e5", "2e", "pi"],
    *("9" * 309, "9" * 308, "0." + "0" * 1073 + "1", "1/" + "1" * 1101),
]  # fmt: skip


def same_answer(page: Any, texts: list[str]) -> None:
    read = "(text) => (x => x === null ? x : String(x))(player.readNumber(text))"
    found = page.evaluate(f"(texts) => texts.map({read})", texts)
    for text, answer in zip(texts, found, strict=True):
        expected = read_number(text)
        assert (answer is None) == (expected is None), text
        if answer is not None and expected is not None:
            assert same(float(answer.replace("Infinity", "inf")), expected, 0.0), text


def test_the_page_reads_a_number_as_the_prompt_does(computer: Any) -> None:
    same_answer(computer, WRITTEN)


arithmetic = st.recursive(
    st.sampled_from(["0", "1", "2.5", ".5", "1e3", "3", "0.1"]),
    lambda parts: (
        st.builds("{}{}{}".format, parts, st.sampled_from(["+", "-", "*", "/", " ** ", " - "]), parts)
        | st.builds("{}({})".format, st.sampled_from(["", "-", "exp", "sqrt", "tanh", "abs", "+"]), parts)
        | st.builds(
            "{}({}, {})".format, st.sampled_from(["max", "minimum", "sum", "logsumexp"]), parts, parts
        )
    ),
    max_leaves=8,
)


@given(st.lists(arithmetic, max_size=20))
def test_the_page_reads_arithmetic_as_the_prompt_does(computer: Any, texts: list[str]) -> None:
    same_answer(computer, texts)


def test_zero_is_right_for_what_is_rounding_noise(open_page: Load) -> None:
    J = parse("v = a + b - 0.3; J = v*v*7 + 1e-20*a", a=0.1, b=0.2)
    steps = list(Trace(J))
    page = open_page(J)
    noise = [abs(x) <= error for x, error in rounding_errors(steps)]
    assert any(noise)
    assert (
        page.evaluate("Array.from({length: player.walk.length}, (_, i) => player.walk.isNoise(i + 1))")
        == noise
    )


# --- groups -------------------------------------------------------------------------------------------------


def network(shape: tuple[int, ...] = (2, 3, 1), m: int = 2) -> Value:
    model = nn.MLP(shape[0], shape[1:], ["tanh"] * (len(shape) - 2) + ["sigmoid"], seed=1)
    return model.cost([[0.5] * m] * shape[0], [[1] * m])


def names_of_cards(page: Any) -> list[str]:
    found: list[str] = settled(page).locator("#picture .node.group tspan.name").all_text_contents()
    return found


def test_groups_collapse_and_expand(open_page: Load) -> None:
    J = network()
    page = open_page(J, collapse="layers")
    layers = groups(Trace(J).order)["layers"]
    assert sorted(names_of_cards(page)) == sorted(group.name for group in layers)
    page.select_option("#collapse", "neurons")
    assert "unit 3 of layer 1, example 2" in names_of_cards(page)
    page.click("#picture .node.group >> text=unit 3 of layer 1, example 2")
    assert "2 nodes on one card" in settled(page).inner_text("#panel-why")
    page.click("#expand")
    assert "unit 3 of layer 1, example 2" not in names_of_cards(page)
    choose(page, "a1[3](2)")
    page.click("text=Collapse unit 3 of layer 1, example 2")
    assert "unit 3 of layer 1, example 2" in names_of_cards(page)
    page.click("text=Collapse example 2")
    assert {"example 2", "unit 3 of layer 1, example 1"} <= set(names_of_cards(page))
    page.select_option("#collapse", "")
    assert names_of_cards(page) == []


@pytest.mark.parametrize("kind", ["neurons", "layers", "examples", "loss"])
def test_collapsed_cards_do_not_overlap_and_the_numbers_are_those_of_the_graph(
    open_page: Load, kind: str
) -> None:
    J = network((2, 3, 2, 1), 3)
    trace = Trace(J)
    trace.end()
    page = open_page(trace, collapse=kind)
    cards = settled(page).evaluate("player.picture.cards.map(({x, y, w, h}) => [x, y, w, h])")
    for i, (x, y, w, h) in enumerate(cards):
        for x2, y2, w2, h2 in cards[:i]:
            assert abs(x - x2) >= (w + w2) / 2 or abs(y - y2) >= (h + h2) / 2
    shown = page.locator("#picture .node.result .value.data").text_content()
    assert shown == f"{J.data:.6g}"
    for position in range(len(trace) + 1):
        page.evaluate(f"player.goto({position})")
    assert page.locator("#picture .edge").count() > 0


def test_of_a_move_only_what_changes_is_drawn_again_and_all_of_it(open_page: Load) -> None:
    page = open_page(network())
    drawn = "document.querySelector('#picture svg').outerHTML"
    for to in (40, 3, 77, 76, 12, 0, 90):
        settled(page).evaluate(f"player.goto({to})")
        moved = settled(page).evaluate(drawn)
        page.evaluate("player.version++; player.render()")
        assert settled(page).evaluate(drawn) == moved


def test_of_a_large_graph_what_comes_into_view_is_up_to_date(open_page: Load) -> None:
    page = open_page(network((4, 8, 6, 1)))
    page.evaluate("player.goto(player.walk.length)")
    cards = "player.picture.cards.filter(({values}) => values.length)"
    shown = f"{cards}.filter(({{values}}) => values.every(([, text]) => text.textContent)).length"
    wanted = page.evaluate(f"{cards}.length")
    assert wanted > 100
    assert settled(page).evaluate(shown) < wanted  # those out of view wait
    page.click("#fit")
    assert settled(page).evaluate(shown) == wanted


def test_a_network_is_played_with_its_examples() -> None:
    model = nn.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    X, Y = [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]
    assert repr(play(model, X, Y)) == repr(play(model.cost(X, Y)))
    with pytest.raises(TypeError, match=r"play\(model, X, Y\)"):
        play(model, X)
    with pytest.raises(TypeError, match="X and Y go with a network of Values, not with the Value"):
        play(model.cost(X, Y), X, Y)
    with pytest.raises(
        TypeError, match=r"play takes a Value, a Trace, or a network of Values .* not the str 'J'"
    ):
        play("J")  # type: ignore[arg-type]


def test_no_backticks_in_mathematics(open_page: Load) -> None:
    page = open_page(network(), "#step=90")
    assert page.locator("#formula mtext").count() > 0
    assert "`" not in page.inner_text("#formula")
    assert "`" in page.inner_text("#words")  # where they tell a name from what is around it


def test_only_what_is_there_can_be_collapsed(course: Value) -> None:
    with pytest.raises(ValueError, match="no layers to collapse"):
        play(course, collapse="layers")


# --- manners ------------------------------------------------------------------------------------------------

HOSTILE = "</script><img src=https://example.com/x onerror=alert(1)>\u2028`\"'&\\"


def test_labels_stay_text(open_page: Load) -> None:
    x = Value(3.0, HOSTILE)
    page = open_page(x * x, "#step=3")
    page.click("#paperlist .row >> nth=0")
    page.click("#tab-leaves")
    settled(page)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert "<img src" in page.inner_text("#panel-leaves")


def test_the_policy_names_scripts_by_their_hash_and_opens_nothing(course: Value) -> None:
    html = play(course).html
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[0]
    assert not re.findall(r"https?://(?!www\.w3\.org/)", html)
    json.loads(re.findall(r'id="data">(.*?)</script>', html)[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 800), (1920, 1080)])
def test_it_fits_phones_and_projectors_in_both_themes(
    open_page: Load, course: Value, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    page = open_page(course, "#step=7", viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    for tab in ("why", "steps", "leaves", "practice"):
        page.click(f"#tab-{tab}")
        assert settled(page).evaluate("document.documentElement.scrollWidth") <= size[0]
    ink, ground = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert (brightness(ink) > brightness(ground)) == (scheme == "dark")
    assert page.screenshot(path=tmp_path / "page.png")


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


@pytest.mark.parametrize(("J", "nodes", "steps", "most"), [
    (Value(5, "a") + Value(3, "b") * Value(2, "c"), 5, 7, 150_000),
    (network((6, 10, 9, 1), 6), 300, 2000, 1_000_000),
])  # fmt: skip
def test_the_page_is_small(J: Value, nodes: int, steps: int, most: int) -> None:
    trace = Trace(J)
    assert len(trace.order) >= nodes
    assert len(trace) >= steps
    assert len(play(trace).html.encode()) <= most


def test_the_keyboard_alone_suffices(open_page: Load, course: Value) -> None:
    page = open_page(course)
    page.keyboard.press("/")
    page.keyboard.type("b")
    page.keyboard.press("Enter")
    assert settled(page).inner_text("#panel-why h3") == "b"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"start", "back", "play", "next", "end", "slider", "speed", "tab-why", "fit"} <= reached
    page.focus("#tab-why")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-steps", "aria-selected") == "true"
    page.locator("#panel-steps .row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert words(page) == str(Trace(course).steps[1])


def test_it_shows_itself_in_a_frame(browser: Any, course: Value) -> None:
    page = browser.new_page()
    page.set_content(play(course)._repr_html_())
    frame = page.frame_locator("iframe")
    frame.locator("#next").click()
    assert frame.locator("#words").inner_text() == "u = b * c = 3 * 2 = 6"
    page.close()


def test_a_large_graph_opens_in_outline(open_page: Load) -> None:
    x = Value(1.0, "x")
    total = x
    for _ in range(3000):
        total = total + x * 0.5
    page = open_page(total, "#step=1")
    settled(page)
    assert page.locator("svg .node").count() < 60
    assert page.locator("svg .node.group").count() > 0
    leaf(page, "x").fill("2")
    assert page.evaluate("player.walk.data[player.walk.root]") == 3002
