"""Estimators for scikit-learn's pipelines and searches: rows are examples, as everywhere there.

Needs the extra ``data``: ``pip install "micrograd-dl[data]"``.

>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from micrograd_dl.data import moons
>>> X, Y = moons(200)
>>> pipeline = make_pipeline(
...     StandardScaler(), MLPClassifier((8,), learning_rate=0.1, tol=0.001, random_state=0)
... )
>>> pipeline.fit(X.T, Y[0]).score(X.T, Y[0]) > 0.95
True
"""

from importlib.util import find_spec

from micrograd_dl.foundation.text import install_hint

if find_spec("sklearn") is None:
    raise ImportError(f"micrograd_dl.sklearn needs scikit-learn: {install_hint('data')}", name="sklearn")

from micrograd_dl.sklearn.estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
