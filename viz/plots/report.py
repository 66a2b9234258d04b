"""The pictures of a training: the cost curve, the network, and what it makes of its features.

Of two features and classes that is the decision boundary, of one feature and a number the fitted curve.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .boundary import decision_boundary
from .cost import cost_curve
from .figures import save
from .lines import fitted_curve
from .network import network_diagram

if TYPE_CHECKING:
    from micrograd_dl.training.experiment import Outcome

PICTURES = ("cost.png", "network.png", "boundary.png", "curve.png")


def write_report(outcome: Outcome, folder: Path) -> list[Path]:
    """Write the pictures of a trained model to a folder, which is made if need be, and return their paths.

    Files of these names are replaced, and nothing else is touched: what this model has no picture of, such as
    a boundary, may be there from an earlier report, or be the user's own (`not_of_this` finds it).

    Raises:
        ModuleNotFoundError: Matplotlib is not installed; nothing is written.
        OSError: a file cannot be written.
    """
    p, train = outcome.predictor, outcome.train
    outputs = p.classes if len(p.classes) == p.model.shape[-1] else ()
    figures = {
        "cost.png": cost_curve(p.history),
        "network.png": network_diagram(p.model, inputs=p.features, outputs=outputs),
    }
    if len(p.features) == 2 and p.classes:
        figures["boundary.png"] = decision_boundary(
            p.model, train.X, train.Y, features=p.features, classes=p.classes, normaliser=p.normaliser
        )
    if len(p.features) == 1 and not p.classes and len(train.Y) == 1:
        figures["curve.png"] = fitted_curve(p, train)
    folder.mkdir(parents=True, exist_ok=True)
    return [save(figure, folder / name) for name, figure in figures.items()]


def not_of_this(written: list[Path]) -> list[Path]:
    """Other pictures in a report's folder that could be mistaken for the report's."""
    beside = {path.parent / name for path in written for name in PICTURES}
    return sorted(path for path in beside.difference(written) if path.exists())
