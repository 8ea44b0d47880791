"""A member is one configuration trained on every fold: its out-of-fold predictions, and the models of the folds.

For new rows a member predicts the mean of the models of the folds: no model is trained on all rows. The out-of-fold
prediction of a row is that of the model that was not trained on it.

A training that is cut off ends while its learning rate is still high. So the seconds that an epoch of a network takes
are measured on a few rows first, and the network gets only as many epochs as it has time for: its schedule then ends
with the training.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core.evaluation.splits import Split
from scratchtune.tables.families import FAMILIES, FAMILY, TARGET
from scratchtune.tables.features import Encoding, Features
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import LINEAR, TargetScale, fitted_scale, scaled

ROWS = 1_000  # of which an epoch is timed
WORTH = 100_000  # visits of rows by all epochs: fewer are not timed
USED = 0.9  # of the time: the pace of all rows may be slower than that of a few


@dataclass
class FoldModel:
    """The model of one fold: the features, the fitted estimator, and the scale of the target."""

    features: Features
    estimator: Any
    scale: TargetScale
    classes: int

    def predict_matrix(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities, (n, classes), or values, (n,), for rows of computed features, (n, features)."""
        if not self.classes:
            return self.scale.invert(np.asarray(self.estimator.predict(X), np.float64))
        probabilities = self.estimator.predict_proba(X)
        known = self.estimator.classes_
        if len(known) == self.classes:
            return probabilities
        out = np.zeros((len(X), self.classes))  # a class that the fold's training rows lack has probability 0
        out[:, known.astype(int)] = probabilities
        return out


class Member(NamedTuple):
    """A configuration's out-of-fold predictions, (rows, classes) or (rows,), and the model of each fold."""

    predictions: np.ndarray
    models: list[FoldModel]


@dataclass
class Folds:
    """The rows of a table, divided into folds, with the features of each fold computed once for each encoding.

    ``y`` are class numbers or values. ``rows`` are those that have an out-of-fold prediction, in order: all rows, or
    with a single split its validation rows. With ``impute``, "median" or "mean", missing numbers are filled for all
    families.
    """

    table: Table
    y: np.ndarray
    classes: int
    splits: Sequence[Split]
    impute: str | None = None
    _features: dict[tuple[Encoding, int], tuple[Features, np.ndarray, np.ndarray]] = field(default_factory=dict)
    _locks: dict[Any, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.rows = np.sort(np.concatenate([validation for _, validation in self.splits]))

    @property
    def targets(self) -> np.ndarray:
        """The targets of `rows`, (rows,)."""
        return self.y[self.rows]

    def parts(self) -> list[np.ndarray]:
        """Return each fold's positions within `rows`, for cross-fitting; of a single split, two random halves."""
        if len(self.splits) > 1:
            return [np.searchsorted(self.rows, np.sort(validation)) for _, validation in self.splits]
        order = np.random.default_rng(len(self.rows)).permutation(len(self.rows))
        return [np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])]

    def features(self, encoding: Encoding, fold: int) -> tuple[Features, np.ndarray, np.ndarray]:
        """Return the features of a fold, fitted on its training rows, and both matrices: training and validation."""
        key = encoding, fold
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:  # so that two threads do not compute the same
            if key not in self._features:
                training, validation = self.splits[fold]
                fitted = Features(encoding).fit(self.table[training])
                matrices = fitted.transform(self.table[training]), fitted.transform(self.table[validation])
                self._features[key] = fitted, *matrices
            return self._features[key]

    def member(
        self, params: Mapping[str, Any], seed: int, deadline: float | None = None,
        end: Callable[[], float] = lambda: math.inf,
    ) -> Member:
        """Train a configuration on every fold.

        ``deadline`` (of `time.monotonic`) divides the time that is left among the folds. A network gets as many epochs
        as its share allows; a training that still takes longer ends early, and its model is used as it is.
        The first epoch, or tree, is always completed.

        Raises ValueError if a prediction is not finite; TimeoutError if a fold begins after the moment that ``end``
        returns, or a network's first epoch would not end before it.
        """
        predictions = np.zeros((len(self.rows), self.classes) if self.classes else len(self.rows))
        models = []
        for fold, (_, validation) in enumerate(self.splits):
            if time.monotonic() > end():
                raise TimeoutError(f"the time budget was over after {fold} of {len(self.splits)} folds")
            share = None
            if deadline is not None:
                now = time.monotonic()
                share = now + max(deadline - now, 0.0) / (len(self.splits) - fold)
            model = self.fold_model(params, fold, seed, share, end)
            at = np.searchsorted(self.rows, validation)
            predictions[at] = model.predict_matrix(self.features(model.features.encoding, fold)[2])
            models.append(model)
        if not np.isfinite(predictions).all():
            raise ValueError("the predictions are not finite, since the training has diverged")
        return Member(predictions.astype(np.float32) if self.classes else predictions, models)

    def fold_model(
        self, params: Mapping[str, Any], fold: int, seed: int, deadline: float | None,
        end: Callable[[], float] = lambda: math.inf,
    ) -> FoldModel:
        """Train a configuration on one fold; see `member` for ``deadline`` and ``end``."""
        family = FAMILIES[params[FAMILY]]
        own = family.encoding
        own = own._replace(impute=self.impute, add_indicator=True) if self.impute else own
        features, X, _ = self.features(own, fold)
        y = self.y[self.splits[fold][0]]
        kind = params.get(TARGET, LINEAR)
        estimator = family.estimator(params, self.classes, seed, features.categorical, len(X))
        target = y if self.classes else scaled(y, kind)
        if deadline is not None:
            estimator = within(estimator, X, target, deadline - time.monotonic(), end() - time.monotonic())
        estimator.deadline = deadline
        estimator.fit(X, target)
        scale = fitted_scale(kind, y, lambda: estimator.predict(X))
        return FoldModel(features, estimator, scale, self.classes)


def within(estimator: Any, X: np.ndarray, y: np.ndarray, seconds: float, longest: float = math.inf) -> Any:
    """Return the given estimator, its epochs reduced, to one at least, where all would take more than ``seconds``.

    Raises TimeoutError if a single epoch takes more than ``longest`` seconds.
    """
    epochs = estimator.get_params(deep=False).get("epochs")
    if epochs is None or epochs * len(X) < WORTH:
        return estimator
    needed = seconds_a_row(estimator, X, y) * len(X)  # for an epoch
    if needed > longest:
        raise TimeoutError(f"an epoch takes about {needed:.1f} s, and {max(longest, 0.0):.1f} s of the time budget are "
                           "left")
    return estimator.set_params(epochs=max(1, min(epochs, int(USED * seconds / needed))))


def seconds_a_row(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the seconds that an epoch takes for each row, measured on at most `ROWS` rows."""
    some = rows_of_all(y, min(ROWS, len(X)))
    params = estimator.get_params(deep=False)
    taken = []
    for _ in range(2):  # what is compiled or loaded the first time is not counted
        fresh = type(estimator)(**{**params, "epochs": 1})
        begun = time.perf_counter()
        fresh.fit(X[some], y[some])
        taken.append(time.perf_counter() - begun)
    return min(taken) / len(some)


def rows_of_all(y: np.ndarray, count: int) -> np.ndarray:
    """Return at most so many indices of rows, evenly spread over the sorted targets; the first and last are among them.

    So there are at least two classes, without which a classifier can't be trained.
    """
    order = np.argsort(y, kind="stable")
    return np.sort(order[np.unique(np.linspace(0, len(y) - 1, count).astype(int))])
