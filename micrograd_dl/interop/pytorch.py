"""Networks and graphs as modules of PyTorch, and its modules as networks."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.interop.lowering import Functions, Program, lower, lower_activation
from micrograd_dl.nn.activations import ACTIVATIONS, Activation, linear
from micrograd_dl.nn.losses import Loss, LossName
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.nn.normalisation import BETA, EPSILON, Kind
from micrograd_dl.vectorized.mlp import MLP

try:
    import torch
    from torch import nn
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"to_torch and from_torch need PyTorch ({error}): {install_hint('torch')}", name=error.name
    ) from None


def _chosen(first: Any, x: Any, y: Any) -> Any:
    """x where `first` or where it is NaN, else y; the one that is chosen has the slope."""
    return torch.where(first | torch.isnan(x), x, y)


def _compared(holds: Any, x: Any, y: Any) -> Any:
    """1 or 0, or NaN where x or y is."""
    return torch.where(torch.isnan(x) | torch.isnan(y), torch.nan, holds.to(x.dtype))


def _power_slope(x: Any, y: Any) -> Any:
    at_edge = (x == 0) & (y < 1)
    edge = torch.where(y % 1 == 0, 0.0, torch.copysign(torch.full_like(y, torch.inf), y))
    return torch.where(at_edge, edge, y * torch.pow(torch.where(at_edge, 1.0, x), y - 1))


FUNCTIONS: Functions = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "neg": operator.neg, "pow": torch.pow, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt,
    "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sin": torch.sin, "cos": torch.cos, "abs": torch.abs,
    "softplus": lambda x: nn.functional.softplus(x, threshold=40.0),  # from there on it is x, exactly
    "maximum": lambda x, y: _chosen(x > y, x, y),
    "minimum": lambda x, y: _chosen(x < y, x, y),
    "logsumexp": lambda *x: torch.logsumexp(torch.stack(torch.broadcast_tensors(*x)), 0),
    "at_least": lambda x, y: _compared(x >= y, x, y),
    "above": lambda x, y: _compared(x > y, x, y),
    "sign": torch.sign,
    "power_slope": _power_slope,
    "log_for_power": lambda x: torch.log(torch.where(x == 0, 1.0, x)),
    "log1p": torch.log1p, "expm1": torch.expm1, "tan": torch.tan, "asin": torch.asin, "acos": torch.acos,
    "atan": torch.atan, "sinh": torch.sinh, "cosh": torch.cosh, "erf": torch.erf, "erfc": torch.erfc,
    "where": lambda c, x, y: torch.where(torch.isnan(c), torch.nan, torch.where(c != 0, x, y)),
}  # fmt: skip

_MOMENTUM = round(1 - BETA, 12)  # of running averages; PyTorch's is the weight of the new number
_COUNTERPARTS: dict[str, Any] = {
    "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "mish": nn.Mish,
    "softmax": nn.Softmax,
}  # fmt: skip
_KINKED = (nn.ReLU, nn.LeakyReLU)  # which have the left-hand slope at their kink


def to_torch(given: Network | Value) -> Any:
    """A network or a recorded graph as a ``torch.nn.Module`` with the same numbers.

    Of a network it is a ``Sequential`` of PyTorch's own layers, in the network's precision. It takes examples
    as rows, ``(m, n_x)``, and gives ``(m, n_y)``. It is in the mode ``eval()``, in which it is `forward`; in
    the mode ``train()`` it is the forward pass of `cost_and_grad`, with masks of PyTorch's own. If the output
    is not linear, ``module[:-1]`` gives z, which ``BCEWithLogitsLoss`` and ``CrossEntropyLoss`` take. What
    belongs to the cost (loss, regularisation, label smoothing) is not part of it. At 0, ReLU has the
    network's slope. The running variance is PyTorch's, of a batch divided by m - 1.

    Of a graph it is a :class:`Graph`.

    Raises:
        TypeError: it is neither.
        ValueError: an activation or an operation has no counterpart, and no definition.
        RuntimeError: data was changed after the graph was recorded.

    >>> to_torch(MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, keep_prob=0.75))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
      (2): Dropout(p=0.25, inplace=False)
      (3): Linear(in_features=3, out_features=1, bias=True)
      (4): Sigmoid()
    )
    """
    if isinstance(given, Value):
        return Graph(lower(given, FUNCTIONS, "PyTorch", reserved=dir(nn.Module)))
    if not isinstance(given, Network):
        raise TypeError(f"to_torch takes a network or a Value, not the {type(given).__name__} {given!r:.60}")
    modules = [module for l in range(1, len(given.shape)) for module in _modules(given, l)]
    is_single = isinstance(given, MLP) and given.dtype == np.float32
    return nn.Sequential(*modules).to(torch.float32 if is_single else torch.float64).eval()


class Graph(nn.Module):
    """A recorded graph as a module: its leaves are parameters, and begin with the recorded numbers.

    A call gives the result. A leaf that is given to it by name is taken from there: tensors of one shape, or
    of shapes that broadcast.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> module = to_torch(3 * (a + b * c))
    >>> J = module()
    >>> J.backward()
    >>> J.item(), module.b.grad.item()
    (33.0, 6.0)
    >>> module(a=torch.tensor([1.0, 2.0])).tolist()
    [21.0, 24.0]
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program
        for name, x in program.leaves.items():
            self.register_parameter(name, nn.Parameter(_tensor(x)))

    def forward(self, **given: Any) -> Any:
        """The result; ValueError if there is no leaf of a name."""
        for name in given:
            look_up(name, self.program.leaves, "leaf")
        leaves = [given[name] if name in given else getattr(self, name) for name in self.program.leaves]
        return self.program.run(FUNCTIONS, _tensor, leaves)


class Elementwise(nn.Module):
    """An activation that PyTorch lacks, or has with another slope at its kink."""

    def __init__(self, name: str, side: str, program: Program) -> None:
        super().__init__()
        self.name, self.side, self.program = name, side, program

    def forward(self, Z: Any) -> Any:
        """A of Z, entry by entry."""
        return self.program.run(FUNCTIONS, _tensor, [Z])

    def extra_repr(self) -> str:
        """What stands in its parentheses when it is printed."""
        return self.name


def _tensor(x: float) -> Any:
    return torch.tensor(x, dtype=torch.float64)


def _modules(network: Network, l: int) -> Iterator[Any]:
    """The modules of layer l, with its numbers."""
    n_in, n = network.shape[l - 1 : l + 1]
    kind, keep, named = network.normalisations[l - 1], network.keep_probs[l - 1], network.named()
    averages = network.averages[l - 1]

    def filled(module: Any, **arrays: Array | None) -> Any:
        state = module.state_dict()
        for name, array in arrays.items():
            if array is not None:
                state[name] = torch.tensor(array.reshape(state[name].shape))
        module.double().load_state_dict(state)
        return module

    yield filled(nn.Linear(n_in, n, bias=kind != "batch"), weight=named[f"W{l}"], bias=named.get(f"b{l}"))
    if averages is not None:
        norm = nn.BatchNorm1d(n, eps=EPSILON, momentum=_MOMENTUM)
        moving = {"running_mean": averages.mean, "running_var": averages.variance}
        yield filled(norm, weight=named[f"gamma{l}"], bias=named[f"beta{l}"], **moving)
    elif kind == "layer":
        yield filled(nn.LayerNorm(n, eps=EPSILON), weight=named[f"gamma{l}"], bias=named[f"beta{l}"])
    if network.activations[l - 1] is not linear:
        yield _activation(network.activations[l - 1], network.slope_at_kink)
    if keep < 1:
        yield nn.Dropout(1 - keep)


def _activation(g: Activation, side: str) -> Any:
    """PyTorch's own, if it is the same function with the same slope everywhere."""
    kind = _COUNTERPARTS.get(g.name) if ACTIVATIONS.get(g.name) is g else None
    if kind is None or (kind in _KINKED and side == "right"):
        return Elementwise(g.name, side, lower_activation(g, side, FUNCTIONS, "PyTorch"))
    return kind(dim=1) if kind is nn.Softmax else kind()


# From PyTorch: what may follow the Linear of a layer, in this order; and options that must be as here.
_PARTS: tuple[tuple[Any, ...], ...] = (
    (nn.BatchNorm1d, nn.LayerNorm),
    (*_COUNTERPARTS.values(), Elementwise),
    (nn.Dropout,),
)
_REQUIRED: dict[Any, dict[str, tuple[Any, ...]]] = {
    nn.BatchNorm1d: {"eps": (EPSILON,), "momentum": (_MOMENTUM,), "track_running_stats": (True,)},
    nn.LayerNorm: {"eps": (EPSILON,)},
    nn.LeakyReLU: {"negative_slope": (0.01,)},
    nn.Softmax: {"dim": (1, -1)},
}
_KINDS: dict[Any, Kind | None] = {nn.BatchNorm1d: "batch", nn.LayerNorm: "layer", type(None): None}


def from_torch(module: Any, loss: LossName | Loss | None = None, *, seed: int | None = None) -> MLP:
    """A module of PyTorch as a network of `vectorized` with the same numbers, in its precision.

    Args:
        module: a ``Linear`` or a ``Sequential``, which may hold others, of layers. Each is a ``Linear`` and,
            if it has them, in this order ``BatchNorm1d`` or ``LayerNorm``, an activation, ``Dropout``. An
            output layer without an activation is linear: for a module that was trained with a loss of
            logits, give ``Sequential(module, Sigmoid())`` or ``Sequential(module, Softmax(1))``.
        loss, seed: as a network takes them.

    A ``Linear`` without a bias gets one of 0. Before batch normalisation there is none here: the running mean
    takes it in. With ReLU the network has PyTorch's slope at 0, ``slope_at_kink="left"``.

    Raises:
        ValueError: a module has no counterpart, is out of place, or has an option of another value.

    >>> from_torch(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Sigmoid()), seed=1)
    MLP(2 -> 3 relu -> 1 sigmoid; logistic loss, slope at kink: left; 13 parameters, seed 1)
    """
    layers = _layers(module)
    linears, (_, norm, _, dropout) = [layer[0] for layer in layers], layers[-1]
    if norm is not None or dropout is not None:
        raise ValueError(f"the output layer has a {norm or dropout}: only hidden layers have one here")
    activations = [layer[2] for layer in layers]
    sides: set[Any] = {
        side for g in activations if (side := "left" if isinstance(g, _KINKED) else getattr(g, "side", ""))
    }
    if len(sides) > 1:
        raise ValueError(
            "at their kinks, its activations have slopes of both sides: a network has those of one"
        )
    network = MLP(
        linears[0].in_features, [each.out_features for each in linears], [_name_of(g) for g in activations],
        loss,
        seed=seed,
        normalisation=[_KINDS[type(layer[1])] for layer in layers[:-1]],
        keep_prob=[1.0 if layer[3] is None else 1 - layer[3].p for layer in layers[:-1]],
        slope_at_kink=next(iter(sides), "right"),
        dtype=np.float32 if linears[0].weight.dtype == torch.float32 else np.float64,
    )  # fmt: skip
    arrays: dict[str, Array] = {}
    for l, (each, norm, _, _) in enumerate(layers, 1):
        arrays[f"W{l}"], b = _array(each.weight), _column(each.bias, 0.0, each)
        averages = network.averages[l - 1]
        if averages is None:
            arrays[f"b{l}"] = b
        else:
            averages.mean[...], averages.variance[...] = (
                _column(norm.running_mean) - b,
                _column(norm.running_var),
            )
        if norm is not None:
            arrays |= {
                f"gamma{l}": _column(norm.weight, 1.0, each),
                f"beta{l}": _column(norm.bias, 0.0, each),
            }
    network.set_named(arrays)
    return network


def _layers(module: Any) -> list[list[Any]]:
    """The modules of each layer: Linear, normalisation, activation, dropout; None where there is none."""
    layers: list[list[Any]] = []
    for each in _flat(module):
        if type(each) is nn.Linear:
            layers.append([each, None, None, None])
            continue
        part = next((i for i, kinds in enumerate(_PARTS, 1) if type(each) in kinds), None)
        if part is None:
            known = ", ".join(kind.__name__ for kinds in _PARTS for kind in kinds)
            raise ValueError(f"{each} has no counterpart in a network, which is of Linear, {known}")
        if not layers or any(x is not None for x in layers[-1][part:]):
            order = "a layer is a Linear, a normalisation, an activation and a Dropout, in this order"
            raise ValueError(f"{each} is out of place: {order}")
        for name, wanted in _REQUIRED.get(type(each), {}).items():
            if getattr(each, name) not in wanted:
                raise ValueError(f"{each} has {name} {getattr(each, name)}; a network has {wanted[0]}")
        layers[-1][part] = each
    if not layers:
        raise ValueError("a network has one Linear at least, and here is none")
    return layers


def _flat(module: Any) -> Iterator[Any]:
    """The modules in a Sequential, and in those that it holds; without those that do nothing."""
    for each in module if type(module) is nn.Sequential else [module]:
        if type(each) is nn.Sequential:
            yield from _flat(each)
        elif type(each) is not nn.Identity:
            yield each


def _name_of(g: Any) -> str:
    """The name of an activation."""
    if g is None:
        return "linear"
    return (
        g.name
        if isinstance(g, Elementwise)
        else {kind: name for name, kind in _COUNTERPARTS.items()}[type(g)]
    )


def _array(tensor: Any) -> Array:
    return np.array(tensor.detach().cpu().numpy())


def _column(tensor: Any, default: float = 0.0, linear: Any = None) -> Array:
    """A vector as a column, or as many times the default as the layer has units."""
    return np.full((linear.out_features, 1), default) if tensor is None else _array(tensor)[:, np.newaxis]
