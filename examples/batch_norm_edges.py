"""Batch normalisation: why there is no b, a batch of one, a unit without spread (course, section 10).

One unit over small batches by hand: with a b, in a batch of one, and without any spread.

Because: the mean that is taken away takes every constant with it, and of one example it takes everything.

Next: many_classes
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.nn.network import Array
from micrograd_dl.nn.normalisation import EPSILON, Kind, normalised
from micrograd_dl.vectorized import MLP

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 6)), np.array([[1.0, 0.0, 1.0, 1.0, 0.0, 0.0]])
Z = np.array([0.5, 2.0, -1.0, 3.5])  # of one unit
SHIFT = 7.0


def network(kind: Kind | None = "batch") -> MLP:
    return MLP(3, [4, 1], ["tanh", "sigmoid"], seed=1, normalisation=kind)


def with_a_constant_unit() -> MLP:
    """Its first unit has no weights, and so the same z for every example."""
    model = network()
    (W, b), last = model.layers_data()
    model.set_layers_data([(W * [[0.0], [1.0], [1.0], [1.0]], b), last])
    return model


def sizes(model: MLP, X: Array, Y: Array) -> dict[str, float]:
    """The largest derivative of each of the first layer's parameters."""
    with model.frozen():
        model.cost_and_grad(X, Y)
    return {name: float(np.abs(d).max()) for name, d in model.named("grad").items() if name.endswith("1")}


def row(numbers: Array | list[float]) -> str:
    return "".join(f"{x:>10.4f}" for x in numbers)


def main() -> None:
    print("z of one unit over a batch, and z_norm = (z - mu) / sqrt(var + eps):\n")
    for b in (0.0, SHIFT):
        print(f"  b = {b:g}:   z ={row(Z + b)}    z_norm ={row(normalised(list(Z + b)))}")
    print("\nThe mean takes b away again, so a layer with batch normalisation has none; beta does its work.")
    print("Layer normalisation takes away the mean over the units, each of which has a b of its own:\n")
    for kind in (None, "batch", "layer"):
        model = network(kind)
        print(f"  {kind or 'none':<6} {', '.join(model.named())}")

    print("\nThe largest derivatives of layer 1, over all examples, and over a batch of the first alone:\n")
    for name, batch in ((f"m = {X.shape[1]}", slice(None)), ("m = 1", slice(1))):
        found = sizes(network(), X[:, batch], Y[:, batch])
        print(f"  {name}" + "".join(f"   d{parameter} {size:.4f}" for parameter, size in found.items()))
    print("\nOf one example z_norm is 0 whatever W is, so that it teaches beta, and W and gamma nothing.")

    numbers = with_a_constant_unit().record(X, Y)
    assert numbers.Z_norm[0] is not None
    print("\nA unit that is the same for all examples has the variance 0, and eps keeps 0/0 away:\n")
    for name, array in (("z", numbers.Z[0]), ("z_norm", numbers.Z_norm[0]), ("dW", numbers.dW[0])):
        print(f"  {name:<8}{row(array[0])}")
    slope = 1 / np.sqrt(EPSILON)
    print(f"\nThe slope of z_norm is 1 / sqrt(eps) = {slope:.0f} there: such a unit does not stay as it is.")


if __name__ == "__main__":
    main()
