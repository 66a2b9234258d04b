"""Plots of trainings and of their results, each a Matplotlib figure of 1280 x 720 pixels.

A notebook shows a figure that is the last thing in a cell; `save` writes it to a file. Matplotlib is an
extra, ``pip install "micrograd-dl[plots]"``, without which every plot raises ModuleNotFoundError.

>>> from micrograd_dl.training.fitting import History
>>> figure = cost_curve(History(cost=[0.7, 0.4, 0.3]))
>>> figure.get_suptitle()
'The cost goes from 0.7 to 0.3 in 3 epochs'
"""

from ..page import require_page
from .boundary import decision_boundary
from .curves import cost_curve, fitted_curve, learning_curve, line_plot, sizes_by_layer
from .figures import require_picture, save
from .film import Film
from .network import network_diagram
from .parallel import parallel_coordinates
from .report import write_report

__all__ = [
    "Film",
    "cost_curve",
    "decision_boundary",
    "fitted_curve",
    "learning_curve",
    "line_plot",
    "network_diagram",
    "parallel_coordinates",
    "require_page",
    "require_picture",
    "save",
    "sizes_by_layer",
    "write_report",
]
