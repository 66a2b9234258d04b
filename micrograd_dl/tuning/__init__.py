"""Tuning: hyperparameters searched at random on scales, coarse to fine, by successive halving."""

from micrograd_dl.tuning.results import Verdict
from micrograd_dl.tuning.search import Found, Plan, Trial, search
from micrograd_dl.tuning.space import Choice, Range, Space
from micrograd_dl.tuning.trials import tune

__all__ = ["Choice", "Found", "Plan", "Range", "Space", "Trial", "Verdict", "search", "tune"]
