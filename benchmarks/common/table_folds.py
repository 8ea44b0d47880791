"""Cross-validated losses of estimators on public tables, each measured once: a file keeps them.

A configuration is a dict of arguments of `NetworkClassifier` and `NetworkRegressor`; others have their defaults, except
that there is no weight decay (`BEFORE`), as before its default was chosen by these losses. Two values are no arguments:
``{"categorical_features": "embedded"}`` encodes categories as codes for learned embeddings instead of one-hot columns,
and `TREES` stands for the boosted trees' defaults. Features are fitted on the training rows of each fold.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common.public_tables import CLASSIFICATION, by_name

Configuration = dict[str, Any]
TREES: Configuration = {"estimator": "trees"}
EMBEDDED = {"categorical_features": "embedded"}
BEFORE = {"weight_decay": 0.0}
CLASSES_ONLY = "label_smoothing"


class Fold(NamedTuple):
    """Encoded training and test rows, their targets, and the columns that hold codes of categories."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    categorical: list[int]


def is_classification(name: str) -> bool:
    """Whether a table's target is a class."""
    return by_name(name).task == CLASSIFICATION


# Rows and folds -------------------------------------------------------------------------------------------------------


@cache
def sampled(name: str, rows: int, repeat: int) -> tuple[Any, Any]:
    """At most so many random rows of a table, as a `scratchtune.Table` without the target, and the targets."""
    import numpy as np

    import scratchtune as st

    X, y = by_name(name).load()
    chosen = np.random.default_rng(repeat).permutation(len(y))[:rows]
    columns = {str(column): X[column].to_numpy()[chosen] for column in X}
    texts = [column for column, values in columns.items() if values.dtype.kind == "O"]
    return st.Table.from_columns(columns, text=texts), y[chosen]


@cache
def encoded(name: str, rows: int, repeat: int, folds: int, encoding: str) -> list[Fold]:
    """The folds of a table, shuffled, stratified for classes; ``encoding`` is one of ONE_HOT, EMBEDDED and CODES."""
    import scratchtune as st
    from scratchtune.tables import features

    table, y = sampled(name, rows, repeat)
    split = (st.StratifiedKFold if is_classification(name) else st.KFold)(folds, shuffle=True, random_state=repeat)
    found = []
    for train, test in split.split(y.reshape(-1, 1), y):
        fitted = features.Features(getattr(features, encoding)).fit(table[train])
        found.append(Fold(fitted.transform(table[train]), y[train], fitted.transform(table[test]), y[test],
                          fitted.categorical))
    return found


# Losses ---------------------------------------------------------------------------------------------------------------


def estimator(configuration: Configuration, classes: bool, categorical: list[int], seed: int) -> Any:
    """The untrained estimator of a configuration."""
    import scratchtune as st

    arguments = dict(configuration)
    if not classes:
        arguments.pop(CLASSES_ONLY, None)
    if arguments.pop("estimator", None):
        made = st.HistGradientBoostingClassifier if classes else st.HistGradientBoostingRegressor
    else:
        made = st.NetworkClassifier if classes else st.NetworkRegressor
        arguments = BEFORE | arguments
    if categorical:
        arguments["categorical_features"] = categorical
    else:
        arguments.pop("categorical_features", None)
    return made(random_state=seed, verbose=0, **arguments)


def loss(model: Any, fold: Fold, classes: bool) -> float:
    """The log loss, or the root of the mean squared error, of a fitted model on a fold's test rows."""
    import numpy as np

    import scratchtune as st

    if classes:
        return float(st.metrics.log_loss(fold.y_test, model.predict_proba(fold.X_test), labels=model.classes_))
    return float(np.sqrt(st.metrics.mean_squared_error(fold.y_test, model.predict(fold.X_test))))


def mean_loss(name: str, configuration: Configuration, rows: int, repeat: int, folds: int) -> float:
    """The mean loss of a configuration over the folds of a table; infinity if a training diverges."""
    classes = is_classification(name)
    embedded = configuration.get("categorical_features") == EMBEDDED["categorical_features"]
    encoding = "CODES" if "estimator" in configuration else "EMBEDDED" if embedded else "ONE_HOT"
    losses = []
    for k, fold in enumerate(encoded(name, rows, repeat, folds, encoding)):
        model = estimator(configuration, classes, fold.categorical, folds * repeat + k)
        try:
            losses.append(loss(model.fit(fold.X, fold.y), fold, classes))
        except ValueError as error:
            if "diverged" not in str(error):
                raise
            losses.append(math.inf)
    return sum(losses) / len(losses)


class Losses:
    """The losses of configurations on tables, measured where they are not yet known; a file keeps them."""

    def __init__(self, path: Path | None, rows: int, folds: int) -> None:
        self.path, self.rows, self.folds = path, rows, folds
        self.known: dict[tuple[Any, ...], float] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []:
            *key, value = json.loads(line)
            self.known[tuple(key)] = value

    def __call__(self, name: str, configuration: Configuration, repeat: int = 0) -> float:
        """Return the mean loss over the folds of one repeat, which draws its own rows and folds."""
        given = {argument: value for argument, value in configuration.items()
                 if argument != CLASSES_ONLY or is_classification(name)}
        key = (name, json.dumps(given, sort_keys=True), self.rows, self.folds, repeat)
        if key not in self.known:
            self.known[key] = mean_loss(name, given, self.rows, repeat, self.folds)
            if self.path:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([*key, self.known[key]]) + "\n")
        return self.known[key]
