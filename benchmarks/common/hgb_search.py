"""scikit-learn's HistGradientBoosting, searched in a given time: the strongest simple baseline for tables.

Random search with 5-fold cross-validation, one configuration on each core at a time. The default configuration is the
first. The number of trees is not searched: each fold stops early on its validation rows, and the best configuration is
trained on all rows with the mean of the folds' best numbers. A configuration that is worse than the best one on each of
its first two folds is given up, and the time for the last training is kept free.
"""

from __future__ import annotations

import math
import multiprocessing
import queue
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

FOLDS, MOST_TREES, PATIENCE = 5, 2000, 20
EARLIEST = 2  # folds after which a configuration may be given up
CATEGORIES = 254  # the most that HistGradientBoosting takes in a column


class Score(NamedTuple):
    """A configuration's cross-validation: the loss and best number of trees of each fold, and the seconds of all."""

    params: dict[str, Any]
    losses: list[float]
    trees: list[int]
    seconds: float

    @property
    def loss(self) -> float:
        """The mean loss; infinity unless all folds were trained."""
        return float(np.mean(self.losses)) if len(self.losses) == FOLDS else math.inf


# The model ------------------------------------------------------------------------------------------------------------


def gradient_boosting(is_classes: bool, **params: Any) -> Any:
    """HistGradientBoostingClassifier or HistGradientBoostingRegressor; columns of type category are categories."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    return (HistGradientBoostingClassifier if is_classes else HistGradientBoostingRegressor)(**params)


def as_categories(X: Any) -> tuple[Any, Callable[[Any], Any]]:
    """X with its texts as categories, and the function that converts other rows alike: new texts become missing."""
    import pandas as pd

    kinds = {name: pd.CategoricalDtype(sorted(X[name].value_counts().index[:CATEGORIES]))
             for name in X if X[name].dtype.kind == "O"}

    def convert(rows: Any) -> Any:
        changed = rows.copy()
        for name, kind in kinds.items():
            changed[name] = pd.Categorical(rows[name].where(rows[name].isin(kind.categories)), dtype=kind)
        return changed

    return convert(X), convert


# One configuration, in a process of its own ---------------------------------------------------------------------------

_rows: dict[str, Any] = {}  # of this process: X, y, is_classes, seed, splits


def begin(X: Any, y: np.ndarray, is_classes: bool, seed: int) -> None:
    """Begin a process: keep the rows, draw the folds, and use one thread."""
    import warnings

    from sklearn.model_selection import KFold, StratifiedKFold
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    warnings.filterwarnings("ignore", message="The least populated class")
    folds = (StratifiedKFold if is_classes else KFold)(FOLDS, shuffle=True, random_state=seed)
    _rows.update(X=X, y=y, is_classes=is_classes, seed=seed, splits=list(folds.split(X, y)))


def evaluated(params: dict[str, Any], best: list[float]) -> Score:
    """Cross-validate a configuration, unless its first folds are all worse than ``best``, the best one's losses."""
    X, y = _rows["X"], _rows["y"]
    losses: list[float] = []
    trees: list[int] = []
    begun = time.perf_counter()
    for training, validation in _rows["splits"]:
        model = gradient_boosting(
            _rows["is_classes"], **params, max_iter=MOST_TREES, early_stopping=True, n_iter_no_change=PATIENCE,
            random_state=_rows["seed"])
        model.fit(X.iloc[training], y[training], X_val=X.iloc[validation], y_val=y[validation])
        curve = -np.asarray(model.validation_score_)  # before the first tree, after it, after the second ...
        trees.append(max(int(curve.argmin()), 1))
        losses.append(float(curve.min()))
        if len(losses) == EARLIEST and best and all(a > b for a, b in zip(losses, best, strict=False)):
            break
    return Score(params, losses, trees, time.perf_counter() - begun)


# The search -----------------------------------------------------------------------------------------------------------


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """A random configuration."""
    return {
        "learning_rate": log_uniform(rng, 0.01, 0.3), "max_leaf_nodes": round(log_uniform(rng, 4, 128)),
        "min_samples_leaf": round(log_uniform(rng, 2, 100)), "l2_regularization": log_uniform(rng, 1e-6, 10.0),
        "max_features": float(rng.uniform(0.3, 1.0))}


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform between those of low and high."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def scores(
    X: Any, y: np.ndarray, is_classes: bool, deadline: float, seed: int, jobs: int,
) -> list[Score]:
    """Cross-validate configurations on ``jobs`` processes, until what is left is the time for the last training."""
    rng = np.random.default_rng(seed)
    finished: queue.SimpleQueue[Score | BaseException] = queue.SimpleQueue()
    found: list[Score] = []
    best: Score | None = None

    def submit(params: dict[str, Any]) -> None:
        pool.apply_async(evaluated, (params, best.losses if best else []), callback=finished.put,
                         error_callback=finished.put)

    # Forked, since importing scikit-learn again takes seconds; no thread of OpenMP has been started yet.
    pool = multiprocessing.get_context("fork").Pool(jobs, begin, (X, y, is_classes, seed))
    with pool:  # whose end terminates the processes
        for params in [{}, *(drawn(rng) for _ in range(jobs - 1))]:
            submit(params)
        while (left := deadline - time.perf_counter() - (last_training(best, jobs) if best else 0.0)) > 0.0:
            try:
                score = finished.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(score, BaseException):
                raise score
            found.append(score)
            best = min(found, key=lambda one: one.loss)
            submit(drawn(rng))
    return found


def last_training(best: Score, jobs: int) -> float:
    """About the seconds that training on all rows will take, on all cores."""
    return best.seconds / len(best.losses) * FOLDS / (FOLDS - 1) / math.sqrt(jobs)


def search(
    X: Any, y: np.ndarray, is_classes: bool, seconds: float, seed: int, jobs: int,
) -> tuple[Callable[[Any], np.ndarray], int, dict[str, Any]]:
    """Search for so many seconds, and train the best configuration on all rows.

    Returns its predictions, the number of configurations evaluated, and the best one. If the time is too short for
    the first one, the default configuration is trained.
    """
    import sklearn.ensemble  # noqa: F401  (before the processes are forked)

    deadline = time.perf_counter() + seconds
    X, convert = as_categories(X)
    found = [score for score in scores(X, y, is_classes, deadline, seed, jobs) if math.isfinite(score.loss)]
    params: dict[str, Any] = {}
    if found:
        best = min(found, key=lambda one: one.loss)
        params = {**best.params, "max_iter": max(round(float(np.mean(best.trees))), 1), "early_stopping": False}
    model = gradient_boosting(is_classes, **params, random_state=seed).fit(X, y)
    predict = model.predict_proba if is_classes else model.predict
    return (lambda rows: predict(convert(rows))), len(found), params
