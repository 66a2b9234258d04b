"""The same networks as matrices, with the backward formulas of the course written out by hand.

No derivative is taken from the table of operations: their agreement with autograd proves something.
"""

from micrograd_dl.vectorized.mlp import MLP

__all__ = ["MLP"]
