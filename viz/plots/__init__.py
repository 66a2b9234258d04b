"""Plots of training and of what was learned, each a Matplotlib figure of 1280 x 720 pixels.

A notebook shows a figure that is the last thing in a cell; `save` writes it to a file. Matplotlib is an
extra: ``pip install "micrograd-dl[plots]"``.

>>> from micrograd_dl.training.fitting import History
>>> figure = cost_curve(History(cost=[0.7, 0.4, 0.3]))
>>> figure.get_suptitle()
'The cost goes from 0.7 to 0.3 in 3 epochs'
"""

from ..page import require_page
from .boundary import decision_boundary
from .cost import cost_curve
from .figures import require_picture, save
from .film import Film
from .lines import fitted_curve, learning_curve, line_plot
from .network import network_diagram
from .parallel import parallel_coordinates
from .report import not_of_this, write_report
from .sizes import sizes_by_layer

__all__ = [
    "Film",
    "cost_curve",
    "decision_boundary",
    "fitted_curve",
    "learning_curve",
    "line_plot",
    "network_diagram",
    "not_of_this",
    "parallel_coordinates",
    "require_page",
    "require_picture",
    "save",
    "sizes_by_layer",
    "write_report",
]
