"""A training as one page: a slider over its epochs, and what the network looked like at each of them."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.training.fitting import History

from ..page import framed, page, write_page
from .boundary import Classifier, can_be_drawn
from .network import first_and_last

FOLDER = Path(__file__).parent / "film"
SCRIPTS = ("charts.js", "film.js")
_GRID = 56  # points of the decision boundary, along each axis
_MOST_EXAMPLES = 400  # that are drawn
_MOST_UNITS, _MOST_IMAGES = 10, 16  # of a layer that are drawn
_MOST_POINTS = 600  # of a curve
_IMAGE_BYTES = 400_000  # for all images of hidden units, in all frames
_HEIGHT = 640  # of the frame in a notebook, in pixels


class Film:
    """What a training looked like, epoch by epoch: ``fit(model, X, Y, film=film)``, then ``film.save(path)``.

    The page shows, at each recorded epoch, the decision boundary (of two features), the network with its
    weights, the cost and accuracy so far, the sizes of the gradients by layer and, where the inputs are
    images, the weights of the first hidden units as images. In a notebook it shows itself.

    Args:
        inputs, outputs: the names of the features and of the classes.
        image: the shape of an example that is an image, ``(height, width)`` or ``(height, width, 3)``, in the
            order of ``image.reshape(-1)``; by default that of a square, where n_x is a square of at least 64.
        frames: the most epochs that are kept; of a longer training, evenly spaced ones.

    Raises:
        ValueError: there are fewer than 2 frames, or the image is of no such shape.
    """

    def __init__(
        self,
        *,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        image: tuple[int, ...] | None = None,
        frames: int = 100,
    ) -> None:
        if frames < 2:
            raise ValueError(f"a film has at least 2 frames, not {frames}")
        if image is not None and (len(image) not in (2, 3) or image[2:] not in ((), (3,))):
            raise ValueError(f"an image is (height, width) or (height, width, 3), not {image}")
        self._inputs, self._outputs, self._image = tuple(inputs), tuple(outputs), image
        self._most, self._every = frames, 1
        self._frames: list[dict[str, Any]] = []
        self._about: dict[str, Any] = {}
        self._history = History()
        self._classifier: Classifier | None = None
        self._points: Array = np.empty((2, 0))

    def __len__(self) -> int:
        return len(self._frames)

    def record(self, model: Network, X: Array, Y: Array, history: History, *, last: bool = False) -> None:
        """Keep what the network looks like now, after as many epochs as the history has. ``fit`` calls this.

        Args:
            model: the network that is trained.
            X, Y: the training set, ``(n_x, m)`` and ``(n_y, m)``.
            history: of the training so far.
            last: the training is over, so that this epoch is kept in any case.

        Raises:
            TypeError: the model is no network.
            ValueError: the image has other numbers than the network has inputs.
        """
        epoch = len(history)
        if not self._frames:
            self._about = self._setting(model, X, Y)
        if epoch % self._every and not last:
            return
        if self._frames and self._frames[-1]["epoch"] == epoch:
            self._frames.pop()  # resumed, or the last one, whose best parameters were restored
        self._frames.append(self._frame(model, epoch))
        self._history = history
        if len(self._frames) > self._most:
            self._every *= 2
            kept = [
                f for f in self._frames if f["epoch"] % self._every == 0 or (last and f is self._frames[-1])
            ]
            self._frames = kept

    @property
    def html(self) -> str:
        """The page.

        Raises:
            ValueError: nothing was recorded.
        """
        if not self._frames:
            raise ValueError("this film is empty: give it to a training, fit(model, X, Y, film=film)")
        data = self._about | {"frames": self._frames, "curves": self._curves(), "summary": str(self._history)}
        return page(self._about["title"], FOLDER, SCRIPTS, data)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all, and return its path.

        Raises:
            ValueError: nothing was recorded, or the name does not end in ``.html``.
            FileNotFoundError: there is no such folder.
        """
        return write_page(self.html, path)

    def _repr_html_(self) -> str | None:
        return framed(self.html, self._about["title"], _HEIGHT, repr(self)[1:-1]) if self._frames else None

    def __repr__(self) -> str:
        return f"<film: {plural(len(self), 'frame')} of a training of {plural(len(self._history), 'epoch')}>"

    def _setting(self, model: Any, X: Array, Y: Array) -> dict[str, Any]:
        """What is the same in every frame."""
        if not isinstance(model, Network):
            raise TypeError(f"a film shows a network of this package, not the {type(model).__name__}")
        n = model.shape
        if self._inputs and len(self._inputs) != n[0]:
            raise ValueError(f"{len(self._inputs)} names for {n[0]} inputs")
        side = math.isqrt(n[0])
        if self._image is None and side >= 8 and side * side == n[0]:
            self._image = (side, side)
        if self._image is not None and math.prod(self._image) != n[0]:
            raise ValueError(f"an image of {self._image} has {math.prod(self._image)} numbers, not {n[0]}")
        sizes = "-".join(map(str, n))
        about = {
            "title": f"The training of {sizes}",
            "n": n,
            "drawn": [first_and_last(k, _MOST_UNITS) for k in n],
            "activations": [g.name for g in model.activations],
            "inputs": [x[:40] for x in self._inputs] or [f"x{i + 1}" for i in range(n[0])][:1000],
            "outputs": [x[:40] for x in self._outputs],
            "examples": X.shape[1],
        }
        if n[0] == 2 and can_be_drawn(model):
            about["boundary"] = self._setting_of_boundary(model, X, Y)
        if self._image is not None:
            about["image"] = _shrunk(np.zeros(self._image)).shape
        return about

    def _setting_of_boundary(self, model: Network, X: Array, Y: Array) -> dict[str, Any]:
        """Where the examples and the points of the grid lie."""
        view = Classifier(model, None)
        points, index = view.examples(X, Y)
        low, high = points.min(axis=1), points.max(axis=1)
        margin = np.where(high > low, 0.1 * (high - low), 1)
        low, high = low - margin, high + margin
        axes = [np.linspace(a, b, _GRID) for a, b in zip(low, high, strict=True)]
        self._points = np.stack([x.ravel() for x in np.meshgrid(*axes)])
        some = np.linspace(0, points.shape[1] - 1, min(points.shape[1], _MOST_EXAMPLES)).astype(int)
        return {
            "grid": _GRID,
            "low": low.tolist(),
            "high": high.tolist(),
            "classes": view.classes,
            "x": [_short(x) for x in points[0, some]],
            "y": [_short(x) for x in points[1, some]],
            "class": index[some].tolist(),
        }

    def _frame(self, model: Network, epoch: int) -> dict[str, Any]:
        """What is of one epoch."""
        drawn = [[i for i in units if i is not None] for units in self._about["drawn"]]
        layers, gradients = model.layers_data(), model.layers_grad()
        frame: dict[str, Any] = {
            "epoch": epoch,
            "W": [_floats(W[np.ix_(drawn[l + 1], drawn[l])]) for l, (W, _) in enumerate(layers)],
            "b": [_floats(b[drawn[l + 1], 0]) for l, (_, b) in enumerate(layers)],
            "dW": [_short(np.sqrt(np.mean(np.square(dW)))) for dW, _ in gradients],
        }
        if "boundary" in self._about:
            view = Classifier(model, None)
            outputs = view.outputs(self._points)
            frame["class"] = _bytes(outputs.argmax(axis=0))
            frame["sure"] = _bytes(255 * view.sureness(outputs))
        if self._image is not None:
            W = layers[0][0]
            pixels = math.prod(self._about["image"])
            count = min(len(W), max(4, min(_MOST_IMAGES, _IMAGE_BYTES // (pixels * self._most))))
            images = np.stack([_shrunk(w.reshape(self._image)) for w in W[:count]])
            largest = np.abs(images).reshape(count, -1).max(axis=1).reshape(-1, *[1] * (images.ndim - 1))
            frame["images"] = _bytes(127.5 + 127.5 * images / np.where(largest > 0, largest, 1))
        return frame

    def _curves(self) -> dict[str, Any]:
        """What the history holds, by epoch, at evenly spaced ones if there are many."""
        h = self._history
        some = np.unique(np.linspace(0, max(len(h) - 1, 0), min(len(h), _MOST_POINTS)).astype(int))
        wanted = ("cost", "dev_cost", "accuracy", "dev_accuracy")
        columns = {name: h.columns()[name] for name in wanted if name in h.columns()}
        return {"epoch": (some + 1).tolist()} | {
            name: [_short(column[i]) for i in some] for name, column in columns.items()
        }


def _short(x: Any) -> float | None:
    """Six digits of a number; None for what is no finite number."""
    return float(f"{float(x):.6g}") if math.isfinite(x) else None


def _floats(x: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(x, "<f4").tobytes()).decode()


def _bytes(x: Array) -> str:
    return base64.b64encode(np.clip(np.rint(x), 0, 255).astype(np.uint8).tobytes()).decode()


def _shrunk(image: Array, most: int = 20) -> Array:
    """The image, or the means of its blocks of pixels, with at most `most` of them along a side."""
    k = -(-max(image.shape[:2]) // most)
    h, w = (side // k for side in image.shape[:2])
    blocks = image[: h * k, : w * k].reshape(h, k, w, k, *image.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3)))
