"""A graph of Values recorded once and replayed: over one example, or over all of them at once."""

from micrograd_dl.compiled.graph import CompiledGraph, Replay, compile_graph
from micrograd_dl.compiled.network import MLP

__all__ = ["MLP", "CompiledGraph", "Replay", "compile_graph"]
