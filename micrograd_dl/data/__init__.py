"""Data: built-in sets, tables from files, and their preparation for a network."""

from micrograd_dl.data.built_in import (
    blobs,
    circles,
    dataset,
    digits,
    flower,
    house_prices,
    iris,
    moons,
    parity,
    spirals,
    xor,
)
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.data.preparation import Normaliser, split
from micrograd_dl.data.tables import read_csv, read_npz

__all__ = [
    "Dataset", "Normaliser", "blobs", "circles", "dataset", "digits", "flower", "house_prices", "iris",
    "moons", "parity", "read_csv", "read_npz", "spirals", "split", "xor",
]  # fmt: skip
