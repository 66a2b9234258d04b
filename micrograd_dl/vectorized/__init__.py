"""The same networks as matrices, with the backward formulas of the course written out by hand.

Derivatives live in two places on purpose: autograd derives them from the table of operations, and this
package claims them by hand, in :mod:`~micrograd_dl.vectorized.formulas`. If the second reused the first,
their agreement would prove nothing.
"""

from micrograd_dl.vectorized.mlp import MLP

__all__ = ["MLP"]
