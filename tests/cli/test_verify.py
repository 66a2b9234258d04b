"""The command ``verify``: its process, its limits, what it writes, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import micrograd_dl
from micrograd_dl.cli.main import main

RIGHT = "from micrograd_dl import Value"
WRONG = """
from micrograd_dl import Value as Right

class Value:
    def __init__(self, data, of=()):
        self.data, self.grad, self.of = data, 0.0, of
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))
    def backward(self, grad=1.0):
        self.grad = grad
        for operand, slope in self.of:
            operand.backward(grad * slope)
"""
FEW = ["--examples", "10", "--depth", "100"]


@pytest.fixture(autouse=True)
def _the_child_imports_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(micrograd_dl.__file__).parent.parent))


def verify(folder: Path, program: str, *options: str, name: str = "Value") -> int:
    (folder / "engine.py").write_text(program, encoding="utf-8")
    return main(["verify", f"{folder / 'engine.py'}:{name}", *FEW, *options])


def test_a_right_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path, RIGHT, "--json", str(tmp_path / "out.json")) == 0
    assert capsys.readouterr().out.startswith("Value: conforms")
    outcome = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert outcome["outcome"] == "conforms"
    assert outcome["conventions"]["deep chains"] == "at least 100 operations"


def test_a_wrong_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit, as_json = tmp_path / "out.xml", tmp_path / "out.json"
    assert verify(tmp_path, WRONG, "--junit", str(junit), "--json", str(as_json)) == 1
    assert "J = a * a: dJ/da is a + a = 6, yours 3: the second use" in capsys.readouterr().out.replace(
        "a*a", "a * a"
    )
    assert json.loads(as_json.read_text(encoding="utf-8"))["mistakes"][0]["kind"] == "overwritten sums"
    suite = ElementTree.parse(junit).getroot()
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure")) > 0
    assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped")) > 0
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


@pytest.mark.parametrize(
    ("program", "options", "why"),
    [
        ("while True: pass", ["--seconds", "4"], "more than 4 seconds"),
        (f"x = bytearray(3 * 2**30)\n{RIGHT}", ["--memory", "2048"], "more than 2048 MB"),
        ("import sys; sys.exit(0)", [], "SystemExit"),
        ("import os; os.kill(os.getpid(), 9)", [], "SIGKILL, and it was still loading the file"),
        ("Value = 3", [], "no class Value"),
        ("def f(:", [], "SyntaxError"),
        ("x = 1\nx / 0", [], "division by zero (engine.py, line 2)"),
        ("input()\n" + RIGHT, [], "EOFError"),
        ("class Value:\n  data = grad = 0\n  backward = __init__ = print", [], "could not be run"),
    ],
)  # fmt: skip
def test_what_cannot_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str, options: list[str], why: str
) -> None:
    junit = tmp_path / "out.xml"
    assert verify(tmp_path, program, *options, "--junit", str(junit)) == 2
    assert why in capsys.readouterr().out
    assert ElementTree.parse(junit).getroot().get("errors") == "1"


def test_a_crash_in_the_deepest_chain_leaves_the_rest(tmp_path: Path) -> None:
    program = """
import os
from micrograd_dl import Value as Right
count = 0
def Value(x):
    global count
    count += x == 1.0
    if count > 0 and x == 1.0 and CRASH: os._exit(3)
    return Right(x)
"""
    crash = "import inspect\n" + program.replace("CRASH", "inspect.stack()[1].function == 'how_deep'")
    assert verify(tmp_path, crash, "--json", str(tmp_path / "out.json")) == 0
    outcome = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert "exit code 3" in outcome["conventions"]["longer chains"]


def test_an_engine_in_a_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "pack" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").touch()
    (inner / "__init__.py").touch()
    (inner / "engine.py").write_text(RIGHT, encoding="utf-8")
    (inner / "face.py").write_text("from .engine import Value", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for engine in ("pack/inner/face.py:Value", "pack.inner.face:Value"):
        assert main(["verify", engine, *FEW]) == 0
    assert main(["verify", "pack.nowhere:Value", *FEW]) == 2
    assert "No module named 'pack.nowhere'" in capsys.readouterr().out


def test_where_an_engine_ends_or_hangs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = f"import os\n{RIGHT}\nValue.backward = lambda self: self.operands and os._exit(3)\n"
    assert verify(tmp_path, program) == 2
    assert "exit code 3, in J = a + a at a = 3" in capsys.readouterr().out


def test_a_thread_that_is_left_behind_does_not_matter(tmp_path: Path) -> None:
    thread = "import threading, time\nthreading.Thread(target=lambda: time.sleep(500)).start()\n"
    assert verify(tmp_path, thread + RIGHT, "--seconds", "400", "--json", str(tmp_path / "out.json")) == 0
    assert "longer chains" not in json.loads((tmp_path / "out.json").read_text("utf-8"))["conventions"]


@pytest.mark.parametrize("words", [["a.py:Value"], ["nothing"], ["engine.txt/:Value"], ["a.py:f()"]])
def test_what_is_no_file_and_class(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *words]) == 2
    assert words[0].rpartition(":")[0] in capsys.readouterr().err
