"""An operation on NumPy arrays, entry by entry, with the same decisions at the edges as on floats."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any


def on_arrays(operation: Any, np: Any, operands: Sequence[Any]) -> Any:
    """The array that an operation of the table makes of arrays and numbers.

    TypeError for an array of anything but real numbers. ValueError or ZeroDivisionError if the shapes do not
    fit, or the operation is undefined at an entry.
    """
    odd = [x.dtype for x in operands if isinstance(x, np.ndarray) and x.dtype.kind not in "biuf"]
    if odd:
        raise TypeError(
            f"{operation.name} takes arrays of real numbers, not of {odd[0]}: convert one with "
            ".astype(float), or take its elements one by one"
        )
    # NumPy has no negative powers of whole numbers, and lets them overflow in silence.
    whole = [isinstance(x, np.ndarray) and x.dtype.kind in "biu" for x in operands]
    operands = [x.astype(float) if is_whole else x for x, is_whole in zip(operands, whole, strict=True)]
    try:
        arrays = np.broadcast_arrays(*operands)
    except ValueError:
        shapes = " and ".join(str(np.shape(x)) for x in operands)
        raise ValueError(
            f"{operation.name} goes entry by entry, and the shapes {shapes} do not fit: "
            "axes are of one length, or 1, which is taken again and again"
        ) from None
    with np.errstate(all="ignore"):
        result = _rule(operation, np, len(operands))(*operands)
    if operation.defined is not None:
        undecided = np.broadcast_to(~np.isfinite(result), arrays[0].shape)
        for entry in zip(*(x[undecided] for x in arrays), strict=True):
            operation.evaluate([float(x) for x in entry])  # raises at the first where it is undefined
    return result


def _rule(operation: Any, np: Any, count: int) -> Callable[..., Any]:
    if operation.array is not None:
        return functools.partial(operation.array, np)
    try:  # on two entries, since an array of one passes for a number
        if np.shape(operation.forward(*[np.array([0.5, 0.25])] * count)) == (2,):
            forward: Callable[..., Any] = operation.forward
            return forward
    except (TypeError, ValueError):
        pass  # it uses math, or asks a question of a number
    elementwise: Callable[..., Any] = np.vectorize(
        lambda *x: operation.evaluate([float(entry) for entry in x]), otypes=[float]
    )
    return elementwise
