"""Two networks side by side: every number of both, where they part, and why."""

from micrograd_dl.compare.comparison import Comparison, compare, trace_to

__all__ = ["Comparison", "compare", "trace_to"]
