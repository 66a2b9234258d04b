"""The estimators: a network of `vectorized`, trained by `fit`, behind the methods that scikit-learn calls."""

from __future__ import annotations

import math
import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.foundation.numbers import from_zero, to_whole
from micrograd_dl.nn.frames import as_array, features_like, features_of, is_frame
from micrograd_dl.nn.network import Array
from micrograd_dl.training.experiment import make_network, make_optimiser
from micrograd_dl.training.fitting import History, fit
from micrograd_dl.training.options import TrainingOptions


class _MLP(BaseEstimator):
    """What both estimators share."""

    def __init__(
        self,
        hidden: tuple[int, ...] = (16,),
        activation: str = "relu",
        *,
        optimiser: str = "adam",
        learning_rate: float | None = None,
        epochs: int = 200,
        batch_size: int = 64,
        l2: float = 0.0,
        l1: float = 0.0,
        keep_prob: float | None = None,
        normalisation: str | None = None,
        initialiser: str | None = None,
        slope_at_kink: str = "right",
        tol: float = 1e-4,
        patience: int = 10,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.l1 = l1
        self.keep_prob = keep_prob
        self.normalisation = normalisation
        self.initialiser = initialiser
        self.slope_at_kink = slope_at_kink
        self.tol = tol
        self.patience = patience
        self.random_state = random_state

    def _train(self, data: Dataset) -> None:
        """Train a new network until it has converged, or for `epochs`, with a ConvergenceWarning."""
        given = self.get_params(deep=False)
        tol, patience = from_zero(given.pop("tol"), "tol"), to_whole(given.pop("patience"), 1, "patience")
        seed = int(check_random_state(given.pop("random_state")).randint(2**31 - 1))
        options = TrainingOptions(**given, seed=seed)
        batch_size = to_whole(self.batch_size, 1, "batch_size")
        self.network_ = make_network(data, options)
        best, since = math.inf, 0

        def has_converged(_epoch: int, history: History) -> bool:
            nonlocal best, since
            cost = history.cost[-1]
            since = 0 if cost < best - tol else since + 1
            best = min(best, cost)
            return since >= patience

        X, Y = data.X, data.targets(self.network_.loss)
        self.history_ = fit(
            self.network_, X, Y,
            epochs=self.epochs, batch_size=batch_size, seed=seed, callbacks=[has_converged], progress=False,
            optimiser=make_optimiser(self.network_, options, steps=math.ceil(data.m / batch_size)),
        )  # fmt: skip
        self.n_iter_, self.loss_curve_ = len(self.history_), self.history_.cost
        self.loss_ = self.network_.cost(X, Y)
        if not self.history_.stopped:
            what = (
                f"the cost has not settled within tol = {tol:g} for {patience} epochs, and no epochs are left"
            )
            advice = "raise epochs, tol or learning_rate"
            warnings.warn(f"{what}: {advice}", ConvergenceWarning, stacklevel=3)

    def _examples(self, X: Any, y: Any, **options: Any) -> Any:
        """X and y of a training set, checked; of a data frame with its categories one-hot."""
        self._features: tuple[str, ...] = ()
        frame, is_given = X, is_frame(X)
        if is_given:
            columns, self._features = features_of(frame)
            X = columns.T
        found = validate_data(self, X, y, **options)
        if is_given:
            validate_data(self, frame, skip_check_array=True)  # the names, and the number, are the frame's
        return found

    def _columns(self, X: Any) -> Array:
        """Examples to predict, checked to be like those of the training set, as columns."""
        check_is_fitted(self)
        if is_frame(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            return features_like(X, self._features) if self._features else as_array("X", X)
        return np.asarray(validate_data(self, X, reset=False)).T


class MLPClassifier(ClassifierMixin, _MLP):
    """A classifier: a network with a sigmoid output for two classes, and softmax for more.

    Args:
        hidden: sizes of the hidden layers; ``()`` is logistic regression.
        activation: of the hidden layers: relu, tanh, ...
        optimiser: adam, adamw, momentum, descent, ...
        learning_rate: alpha; by default the optimiser's own, 0.01 for Adam.
        epochs: how often the training set is seen at most.
        batch_size: examples a step.
        l2, l1: lambda of ``lambda/(2m) ||W||_F^2`` and of ``lambda/(2m) |W|``.
        keep_prob: the part of the hidden units that dropout keeps; by default all.
        normalisation: of the hidden layers, "batch" or "layer"; by default none.
        initialiser: of the weights: he, xavier, orthogonal, ...; by default by the activation.
        slope_at_kink: the slope of ReLU at exactly 0: "right" is 1, "left" is 0.
        tol, patience: training ends when the cost has not fallen by `tol` for `patience` epochs.
        random_state: decides weights, shuffling and dropout; a number, a RandomState, or None.

    Attributes:
        classes_: the classes, sorted: numbers or texts.
        network_: the network, whose columns are examples.
        history_: what happened in each epoch.
        n_iter_: the number of epochs.
        loss_curve_: the mean cost of each epoch, penalties included.
        loss_: the cost of the fitted network.
        n_features_in_, feature_names_in_: what the examples have; names, if they came as a data frame, whose
            columns of text are one-hot.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["few", "few", "many", "many"]
    >>> model = MLPClassifier((), learning_rate=0.3, random_state=0).fit(X, y)
    >>> model.predict([[-1.0], [4.0]]).tolist()
    ['few', 'many']
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network on ``X (m, n_x)`` and the class of each example, ``y (m,)``.

        Raises:
            ValueError: an example, a class or a parameter is not possible.
        """
        X, y = self._examples(X, y)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        self._train(Dataset(X.T, index[np.newaxis], tuple(map(str, self.classes_.tolist()))))
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_`: ``(m, n_classes)``."""
        columns = self._columns(X)
        A = self.network_.forward(columns)
        return np.vstack([1 - A, A]).T if len(A) == 1 else A.T

    def predict(self, X: Any) -> Array:
        """The most probable class of each example, ``(m,)``."""
        columns = self._columns(X)
        found: Array = self.classes_[self.network_.predict(columns)[0]]
        return found


class MLPRegressor(RegressorMixin, _MLP):
    """A regressor, of one number an example or of several: a network with a linear output, squared error.

    Its parameters and attributes are those of :class:`MLPClassifier`, but for the classes. The targets are
    taken as they are: if they are far from 0 and 1 in size, wrap it in a ``TransformedTargetRegressor``.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = MLPRegressor((), optimiser="descent", learning_rate=0.3, tol=1e-9, random_state=0).fit(X, y)
    >>> model.predict([[10.0]]).round(2).tolist()
    [21.0]
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network on ``X (m, n_x)`` and the numbers ``y``, ``(m,)`` or ``(m, n_y)``.

        Raises:
            ValueError: an example, a target or a parameter is not possible.
        """
        X, y = self._examples(X, y, multi_output=True, y_numeric=True)
        self._is_row = y.ndim == 1
        self._train(Dataset(X.T, y.reshape(len(X), -1).T))
        return self

    def predict(self, X: Any) -> Array:
        """The numbers of each example, ``(m,)`` or ``(m, n_y)`` as the targets were."""
        columns = self._columns(X)
        A = self.network_.predict(columns)
        return A[0] if self._is_row else A.T

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
