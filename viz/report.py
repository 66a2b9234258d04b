"""The pictures of a training: the cost curve, the network, and of two features the decision boundary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from viz.plots import cost_curve, decision_boundary, network_diagram, save

if TYPE_CHECKING:
    from micrograd_dl.training.experiment import Outcome


def write_report(outcome: Outcome, folder: Path) -> list[Path]:
    """Write the pictures of a trained model to a folder, which is made if need be, and return their paths.

    A boundary from an earlier report goes if this model has none: it would be taken for this one's.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed; nothing is written.
        OSError: a file cannot be written.
    """
    p = outcome.predictor
    outputs = p.classes if len(p.classes) == p.model.shape[-1] else ()
    figures = {
        "cost.png": cost_curve(p.history),
        "network.png": network_diagram(p.model, inputs=p.features, outputs=outputs),
    }
    if len(p.features) == 2 and p.classes:
        figures["boundary.png"] = decision_boundary(
            p.model,
            outcome.train.X,
            outcome.train.Y,
            features=p.features,
            classes=p.classes,
            normaliser=p.normaliser,
        )
    folder.mkdir(parents=True, exist_ok=True)
    if "boundary.png" not in figures:
        (folder / "boundary.png").unlink(missing_ok=True)
    return [save(figure, folder / name) for name, figure in figures.items()]
