"""Beyond the engine's own table: further operations, functions of sequences, and operations of one's own.

`own` adds an operation to the table, as a user does; `further` has some twenty that are added so; `sequences`
puts functions of many numbers together from them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.operations import further as further
from micrograd_dl.operations.own import operation, own_operations
from micrograd_dl.operations.sequences import mean, norm, softmax, var

# The table without operations of users' own.
BUILT_IN: Mapping[str, Operation] = MappingProxyType(dict(TABLE))

__all__ = ["BUILT_IN", "mean", "norm", "operation", "own_operations", "softmax", "var"]
