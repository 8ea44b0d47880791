"""Which single change of the estimators' defaults helps on tables? An ablation.

    python -m benchmarks.table_defaults [--folds 3] [--tables NAME ...] [--changes NAME ...] [--quick] [--save]

Each change sets one argument of MLPClassifier or MLPRegressor, all others at their defaults, in shuffled folds that are
the same for all. The effect on a table is the relative change of the mean loss over the folds (log loss, or the root of
the mean squared error) against the defaults; below 0 is better. The mean over the tables, its standard error, and the
numbers of tables on which the change wins and loses are reported. Pre-processing is fitted on the training rows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.harness import table

FOLDS, TIE = 3, 1e-9
Change = tuple[str, dict[str, Any]]
CHANGES: list[Change] = [  # add a line for a further argument
    ("robust scaling", {"scale": "robust"}),
    ("quantile transform", {"scale": "quantile"}),
    ("label smoothing 0.1", {"label_smoothing": 0.1}),
    ("cosine schedule", {"schedule": "cosine"}),
    ("cosine-log schedule", {"schedule": "cosine_log"}),
    ("linear schedule", {"schedule": "linear"}),
    ("50 epochs", {"epochs": 50}),
    ("50 epochs, cosine schedule", {"epochs": 50, "schedule": "cosine"}),
    ("50 epochs, cosine-log schedule", {"epochs": 50, "schedule": "cosine_log"}),
    ("averaging 0.9", {"averaging": 0.9}),
    ("averaging 0.99", {"averaging": 0.99}),
    ("biases x 0.1", {"layer_rates": {"biases": 0.1}}),
    ("first layer x 3", {"layer_rates": {"first": 3.0}}),
    ("early stopping", {"early_stopping": True, "epochs": 100}),
]


def tables() -> dict[str, Any]:
    """Each table's name and a function that returns X (n, columns), y (n,) and whether y holds classes."""
    from sklearn import datasets

    def of(name: str, classes: bool) -> Any:
        return lambda: (*getattr(datasets, f"load_{name}")(return_X_y=True), classes)

    return {"breast_cancer": of("breast_cancer", True), "wine": of("wine", True), "digits": of("digits", True),
            "iris": of("iris", True), "diabetes": of("diabetes", False)}


def model_for(classes: bool, arguments: dict[str, Any], seed: int) -> Any:
    """The estimator with these arguments; None if it does not have one of them."""
    import scratchtune as st

    made = st.MLPClassifier if classes else st.MLPRegressor
    if not arguments.keys() <= made().get_params().keys():
        return None
    return made(random_state=seed, verbose=0, **arguments)


def loss_of(model: Any, X: Any, y: Any, classes: bool) -> float:
    """The log loss, or the root of the mean squared error."""
    import numpy as np

    import scratchtune as st

    if classes:
        return float(st.metrics.log_loss(y, model.predict_proba(X), labels=model.classes_))
    return float(np.sqrt(st.metrics.mean_squared_error(y, model.predict(X))))


def mean_loss(data: tuple[Any, Any, bool], arguments: dict[str, Any], folds: int) -> float | None:
    """The mean loss over the folds; None if the estimator does not have the arguments."""
    import scratchtune as st

    X, y, classes = data
    split = (st.StratifiedKFold if classes else st.KFold)(folds, shuffle=True, random_state=0)
    losses = []
    for fold, (train, test) in enumerate(split.split(X, y)):
        model = model_for(classes, arguments, fold)
        if model is None:
            return None
        losses.append(loss_of(model.fit(X[train], y[train]), X[test], y[test], classes))
    return statistics.fmean(losses)


def relative_changes(names: Sequence[str], changes: Sequence[Change], folds: int) -> dict[str, dict[str, float]]:
    """By change and table: the loss with the change over that of the defaults, minus 1."""
    found: dict[str, dict[str, float]] = {name: {} for name, _ in changes}
    with tqdm(total=len(names) * (len(changes) + 1), unit="cross-validation", disable=None) as progress:
        for name in names:
            data = tables()[name]()
            default = mean_loss(data, {}, folds)
            progress.update()
            for change, arguments in changes:
                loss = mean_loss(data, arguments, folds)
                if loss is not None and default:
                    found[change][name] = loss / default - 1.0
                progress.update()
    return found


def summary(found: dict[str, dict[str, float]]) -> str:
    """One row for each change: the mean over the tables, its standard error, wins and losses."""
    rows = []
    for change, by_table in found.items():
        values = list(by_table.values())
        if not values:
            continue
        error = harness.spread(values) / len(values) ** 0.5
        wins, losses = sum(value < -TIE for value in values), sum(value > TIE for value in values)
        rows.append([change, str(len(values)), f"{statistics.fmean(values):+.1%}", f"{error:.1%}", str(wins),
                     str(losses)])
    return table(["change", "tables", "mean relative change", "standard error", "wins", "losses"], rows)


def by_table(found: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    """The relative change of each table."""
    rows = [[change, *(f"{values[name]:+.1%}" if name in values else "" for name in names)]
            for change, values in found.items()]
    return table(["change", *names], rows)


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="single changes of the estimators' defaults on tables")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--tables", nargs="+", choices=list(tables()), default=list(tables()), metavar="NAME")
    parser.add_argument("--changes", nargs="+", choices=[name for name, _ in CHANGES], metavar="NAME",
                        default=[name for name, _ in CHANGES])
    parser.add_argument("--quick", action="store_true", help="two tables, two folds")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/table_defaults.md")
    given = parser.parse_args()
    names, folds = (given.tables[:2], 2) if given.quick else (given.tables, given.folds)
    changes = [change for change in CHANGES if change[0] in given.changes]
    before, found = harness.load(), relative_changes(names, changes, folds)
    harness.report("Single changes of the estimators' defaults on tables", "table_defaults", [
        f"{harness.machine()}; {before}.",
        f"{harness.versions('numpy', 'numba', 'scratchtune', 'scikit-learn')}. {len(names)} tables, {folds} shuffled "
        "folds, stratified for classes, the same for all changes. The relative change of the mean loss (log loss, or "
        "root mean squared error) against the default arguments; below 0 is better. The standard error is that of the "
        "mean over the tables.", summary(found), "Table by table:", by_table(found, names)], given.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
