"""The methods that are compared on tables: AutoML and networks of scratchtune, scikit-learn's models, and FLAML.

A method is a function from a `Task` (training rows, seconds, seed, cores) to a `Fitted`: a function that predicts, and
what is to be recorded. Predictions are probabilities (rows, classes), in the sorted order of the classes, or values
(rows,). A method whose package is not installed is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.hgb_search import as_categories, gradient_boosting, search

LARGE = 10_000  # above so many rows scikit-learn's network stops early, as its gradient boosting does
LEVEL = 0.9  # of the interval that AutoML states for its score on the held-out rows


class Task(NamedTuple):
    """Training rows, and what a method may use: seconds and cores."""

    X: Any  # a DataFrame of numbers and texts
    y: np.ndarray
    is_classes: bool
    seconds: float
    seed: int
    jobs: int
    test_rows: int  # on which the score will be measured

    @property
    def word(self) -> str:
        """The name of the task."""
        return "classification" if self.is_classes else "regression"


@dataclass
class Fitted:
    """A trained model's predictions, and what is recorded of it."""

    predict: Callable[[Any], np.ndarray]
    about: dict[str, Any] = field(default_factory=dict)


def of_estimator(estimator: Any, task: Task, **about: Any) -> Fitted:
    """The predictions of a fitted estimator of scikit-learn's protocol."""
    return Fitted(estimator.predict_proba if task.is_classes else estimator.predict, about)


# Ours -----------------------------------------------------------------------------------------------------------------


def automl(task: Task, **more: Any) -> Fitted:
    """AutoClassifier or AutoRegressor, in the time given; it records the interval that it states for the score."""
    import scratchtune as st

    make = st.AutoClassifier if task.is_classes else st.AutoRegressor
    model = make(time_budget=task.seconds, random_state=task.seed, n_jobs=task.jobs, verbose=0, **more)
    model.fit(task.X, task.y)
    expected = model.expected_score(rows=task.test_rows, level=LEVEL)
    return of_estimator(model, task, scoring=expected.scoring, low=expected.low, high=expected.high,
                        level=expected.level, trials=len(model.study_.trials))


def automl_networks(task: Task) -> Fitted:
    """The same with networks alone."""
    return automl(task, families=("network",))


# scikit-learn's -------------------------------------------------------------------------------------------------------


def hgb(task: Task) -> Fitted:
    """HistGradientBoosting with default arguments; texts are native categories."""
    X, convert = as_categories(task.X)
    model = gradient_boosting(task.is_classes, random_state=task.seed).fit(X, task.y)
    predict = model.predict_proba if task.is_classes else model.predict
    return Fitted(lambda rows: predict(convert(rows)))


def hgb_searched(task: Task) -> Fitted:
    """HistGradientBoosting, searched in the time given; see `hgb_search`."""
    predict, trials, params = search(task.X, task.y, task.is_classes, task.seconds, task.seed, task.jobs)
    return Fitted(predict, {"trials": trials, "params": params})


def mlp(task: Task) -> Fitted:
    """scikit-learn's network with default arguments: scaled numbers, one-hot texts, filled gaps, scaled values."""
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
         make_column_selector(dtype_include="number")),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
         make_column_selector(dtype_include=object)))
    network = (MLPClassifier if task.is_classes else MLPRegressor)(
        random_state=task.seed, early_stopping=len(task.y) > LARGE)
    model = network if task.is_classes else TransformedTargetRegressor(network, transformer=StandardScaler())
    return of_estimator(make_pipeline(columns, model).fit(task.X, task.y), task)


# FLAML --------------------------------------------------------------------------------------------------------------


def flaml(task: Task) -> Fitted:
    """FLAML in the time given, with all of its models that are installed."""
    from flaml import AutoML

    X, convert = as_categories(task.X)
    model = AutoML()
    model.fit(X_train=X, y_train=task.y, task=task.word, metric="log_loss" if task.is_classes else "mse",
              time_budget=task.seconds, n_jobs=task.jobs, seed=task.seed, verbose=0)
    order = np.argsort(model.classes_) if task.is_classes else None
    predict = (lambda rows: model.predict_proba(convert(rows))[:, order]) if task.is_classes else (
        lambda rows: model.predict(convert(rows)))
    return Fitted(predict, {"model": str(model.best_estimator), "models": list(model.best_loss_per_estimator)})


# All of them --------------------------------------------------------------------------------------------------------


class Method(NamedTuple):
    """A method: how it is trained, and the packages that it needs, which are imported before its time begins."""

    fit: Callable[[Task], Fitted]
    packages: tuple[str, ...]
    about: str


TREES, NETWORKS = ("sklearn.ensemble",), ("sklearn.neural_network",)
AUTO, FLAMLS = ("scratchtune.tables",), ("flaml", "lightgbm")
METHODS = {
    "AutoML": Method(automl, AUTO, "AutoClassifier, AutoRegressor"),
    "AutoML, networks": Method(automl_networks, AUTO, 'the same with families=("network",)'),
    "HGB searched": Method(
        hgb_searched, TREES, "scikit-learn's HistGradientBoosting, random search that begins with its default "
        "configuration, 5-fold cross-validation with early stopping"),
    "HGB": Method(hgb, TREES, "the same, default arguments"),
    "sklearn MLP": Method(
        mlp, NETWORKS, "scikit-learn's network, default arguments; scaled, one-hot encoded, imputed, above "
        f"{LARGE:,} rows with early stopping"),
    "FLAML": Method(flaml, FLAMLS, "all of its models that are installed"),
}
OURS = ("AutoML", "AutoML, networks")
