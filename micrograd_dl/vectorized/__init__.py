"""The same networks as matrices, with the backward formulas of the course written out by hand.

Only an activation without a formula here has the table's rules: that the others agree proves something.
"""

from micrograd_dl.vectorized.mlp import MLP

__all__ = ["MLP"]
