"""The same networks as matrices, with the backward formulas of the course written out by hand.

Autograd derives the derivatives from the table of operations; this package claims them by hand, on purpose:
if it used the table, the agreement of the two would prove nothing.
"""

from micrograd_dl.vectorized.mlp import MLP

__all__ = ["MLP"]
