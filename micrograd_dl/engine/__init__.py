"""The engine: Value, the table of operations, topological order, backward, derivatives of any order.

To read it, begin with `value`, then `ops` (the table), `order` and `gradients`. `shortcuts` replaces the hot
paths by fast ones with the same bits; ``MICROGRAD_DL_PLAIN=1`` in the environment keeps it out.
"""

from micrograd_dl.foundation.tracebacks import PLAIN

if not PLAIN:
    from micrograd_dl.engine import shortcuts

    shortcuts.install()
