"""Are MLPClassifier and MLPRegressor as good as scikit-learn's, and does tuning help?

On four of scikit-learn's data sets, with five repeats of shuffled five folds (--quick: one), paired fold by fold:
default arguments here against scikit-learn's MLP with its default arguments on standardised inputs; then the
configuration that RandomizedSearchCV finds inside each training part (30 configurations of `default_space`, five inner
folds, shuffled too) against the default arguments. Losses are log loss and squared error; all scores are computed by
scikit-learn.
"""

from __future__ import annotations

import functools
import statistics
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from benchmarks.common import speeds
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import bar, table

DATA = ("breast_cancer", "wine", "diabetes", "digits")
FOLDS, REPEATS, SETTINGS, INNER_FOLDS, JOBS = 5, 5, 30, 5, 2
DEVIATIONS, BETTER = 2.0, 2


# Workers --------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)
def loaded(name: str) -> tuple[Any, Any, bool]:
    """X, y and whether y holds classes."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y, y.dtype.kind == "i"


@functools.lru_cache(maxsize=1)
def folds(name: str, repeat: int) -> list[tuple[Any, Any]]:
    """Training and test rows of each fold, shuffled with the repeat as seed, stratified if y holds classes."""
    from sklearn.model_selection import KFold, StratifiedKFold

    X, y, classes = loaded(name)
    return list((StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=repeat).split(X, y))


def ours(classes: bool, seed: int, rows: int) -> Any:
    """Our estimator with default arguments."""
    from scratchtune.core.estimators import MLPClassifier, MLPRegressor

    return (MLPClassifier if classes else MLPRegressor)(random_state=seed)


def theirs(classes: bool, seed: int, rows: int) -> Any:
    """scikit-learn's estimator with default arguments, on standardised inputs."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), (MLPClassifier if classes else MLPRegressor)(random_state=seed))


def default_space(rows: int) -> dict[str, Any]:
    """Return a space of an estimator's hyper-parameters to search, for a table with so many rows.

    The ranges are usual for tables, so that most configurations are sensible and some 30 trials find a good one: one or
    two hidden layers, matching ranges of the learning rate and the number of epochs (fewer for many rows), and
    penalties, dropout and noise from weak to strong, which a network needs that is trained for long. ``class_weight``
    is left to the user, since no score tells how important a class is.
    """
    import numpy as np

    from scratchtune.core.search import Float, Int

    few, many = int(np.clip(3e4 / rows, 3, 20)), int(np.clip(2e5 / rows, 10, 100))
    return {
        "learning_rate": Float(1e-3, 1e-2, log=True),
        "batch_size": [16, 32, 64],
        "epochs": Int(few, many, log=True),
        "hidden_layers": [1, 2],
        "units": Int(32, 256, log=True),
        "activation": ["relu", "tanh"],
        "dropout": Float(0.0, 0.5),
        "l2": Float(1e-5, 1e-2, log=True),
        "augment": Float(0.0, 0.5),
    }


def tuned(classes: bool, seed: int, rows: int) -> Any:
    """Ours, tuned by random search on shuffled folds, like the outer ones: the digits are in the order of the writers.
    """
    import scratchtune as st

    inner = (st.StratifiedKFold if classes else st.KFold)(INNER_FOLDS, shuffle=True, random_state=seed)
    scoring = "neg_log_loss" if classes else "neg_mean_squared_error"
    return st.RandomizedSearchCV(
        ours(classes, seed, rows), default_space(rows), n_iter=SETTINGS, cv=inner, scoring=scoring,
        n_jobs=JOBS, random_state=seed, verbose=0)


MODELS = {"ours": ours, "scikit-learn": theirs, "tuned": tuned}


def scores(model: Any, X: Any, y: Any, classes: bool) -> dict[str, float]:
    """The loss, log loss or squared error, and the score, accuracy or R2."""
    from sklearn import metrics

    if classes:
        probabilities = model.predict_proba(X)
        return {"loss": float(metrics.log_loss(y, probabilities)),
                "score": float(metrics.accuracy_score(y, probabilities.argmax(axis=1)))}
    values = model.predict(X)
    return {"loss": float(metrics.mean_squared_error(y, values)), "score": float(metrics.r2_score(y, values))}


def answer(library: str, data: str, seed: int) -> speeds.Answer:
    """Fit on the training rows of one fold, which the seed counts over all repeats, and score on its test rows."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)  # its default stops after 200 epochs, converged or not
    X, y, classes = loaded(data)
    train, test = folds(data, seed // FOLDS)[seed % FOLDS]
    model = MODELS[library](classes, seed, len(train))
    seconds, _ = speeds.timed(lambda: model.fit(X[train], y[train]))
    return scores(model, X[test], y[test], classes) | {"seconds": seconds}


# Comparing ------------------------------------------------------------------------------------------------------------


def paired(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float, float]:
    """Mean difference, its standard error corrected for overlapping training sets, and the uncorrected one."""
    import numpy as np

    from scratchtune.core.evaluation.selection import corrected_standard_error, standard_error

    d = np.subtract(ours, others)
    return float(d.mean()), corrected_standard_error(d, FOLDS - 1, 1), standard_error(d)


def verdict(difference: float, error: float) -> str:
    """Whether a difference of losses is significant, and in which direction."""
    if difference > DEVIATIONS * error:
        return "worse"
    return "better" if difference < -DEVIATIONS * error else "not worse"


Answers = dict[str, list[dict[str, Any]]]  # data set -> one answer a fold


def comparison(first: Answers, second: Answers, names: tuple[str, str]) -> tuple[str, list[str]]:
    """A table of two estimators measured on the same folds, and the verdict on each data set."""
    rows, verdicts = [], []
    for data in first:
        for quantity in ("loss", "score"):
            a, b = ([answer[quantity] for answer in answers[data]] for answers in (first, second))
            difference, error, plain = paired(a, b)
            judged = verdict(difference, error) if quantity == "loss" else ""
            verdicts += [judged] if judged else []
            rows.append([
                data if quantity == "loss" else "", called(data, quantity), f"{statistics.fmean(a):.5g}",
                f"{statistics.fmean(b):.5g}", f"{difference:+.4g}", f"{error:.2g}", f"{plain:.2g}", judged])
    headings = ["", "", *names, "difference", "standard error", "uncorrected", names[0] + " is"]
    return table(headings, rows, "llrrrrrl"), verdicts


def called(data: str, quantity: str) -> str:
    """The name of a loss or a score."""
    if data == "diabetes":
        return {"loss": "squared error", "score": "R2"}[quantity]
    return {"loss": "log loss", "score": "accuracy"}[quantity]


def seconds(answers: dict[str, Answers]) -> str:
    """A table of the median seconds of one fit."""
    names = list(answers)
    rows = [[data, *(f"{statistics.median(a['seconds'] for a in answers[name][data]):.3f}" for name in names)]
            for data in answers[names[0]]]
    return table(["seconds of one fit, median", *names], rows)


def measure(given: Namespace) -> dict[str, Answers]:
    """All measurements, each kind in its own process; one thread, but two for the search."""
    cases = {data: {"data": data} for data in DATA}
    rounds = FOLDS * (1 if given.quick else REPEATS)
    found = speeds.in_turns(dict.fromkeys(("ours", "scikit-learn"), answer), cases, rounds)
    found |= speeds.in_turns({"tuned": answer}, cases, rounds, pinned=False)
    return {kind: {data: found[data, kind] for data in DATA} for kind in MODELS}


def report(answers: dict[str, Answers], given: Namespace) -> list[str]:
    """The comparisons, the seconds and the bars."""
    against, first = comparison(answers["ours"], answers["scikit-learn"], ("ours", "scikit-learn"))
    gained, second = comparison(answers["tuned"], answers["ours"], ("tuned", "default"))
    bars = [bar(f"data sets, {what}", sets, wanted, "", digits=0) for what, sets, wanted in (
        ("default arguments, not worse than scikit-learn's", len(first) - first.count("worse"), len(first)),
        ("tuned, not worse than default arguments", len(second) - second.count("worse"), len(second)),
        ("tuned, better than default arguments", second.count("better"), min(BETTER, len(second))))]
    return [
        f"scikit-learn's sets {', '.join(DATA)}; {1 if given.quick else REPEATS} x {FOLDS} shuffled folds, "
        "stratified for classes, the same for all; means over the folds. The standard error of a difference is "
        "corrected for overlapping training sets (Nadeau and Bengio 2003); worse or better means a difference of the "
        f"losses of more than {DEVIATIONS:g} standard errors.",
        "Default arguments, here and in scikit-learn (standardised inputs):", against,
        f"Tuned in each training part by RandomizedSearchCV (default_space, {SETTINGS} configurations, {INNER_FOLDS} "
        f"shuffled inner folds, n_jobs={JOBS}), against default arguments:", gained, seconds(answers), "\n".join(bars)]


ANSWER = (
    "Won: with default arguments not worse than scikit-learn's on 4 of 4 data sets, and better on one; lost: "
    "tuning by 30 configurations is better than the defaults on none of them.")
BENCHMARK = Benchmark("Estimators on four data sets", measure, report, ("scikit-learn",),
                      quick="one repeat of five folds")
