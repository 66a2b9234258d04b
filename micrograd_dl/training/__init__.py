"""Training: `fit` for any model, and from a dataset to a model that is judged."""

from micrograd_dl.training.fitting import History, fit

__all__ = ["History", "fit"]
