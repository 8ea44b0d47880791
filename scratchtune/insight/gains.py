"""The gain of tuning: how much better the best configuration is than the default one, or than the median trial.

The best configuration is the best of n, so its difference from the reference is the largest of n - 1 differences. The
interval is therefore one of n - 1 intervals that contain the true differences all together with the stated probability:
each has the error rate (1 - level) / (n - 1), which is Bonferroni's correction. (The median trial is found by the
scores as well, so there all n (n - 1) / 2 pairs count.) The standard error is that of folds that share training rows,
as in `optimism` and `compare`. The estimate of the gain is corrected for the optimism of the best score.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.student import student_quantile
from scratchtune.insight.fold_scores import Contenders, contenders
from scratchtune.insight.winners_curse import Optimism, difference_error, optimism
from scratchtune.study import Trial

REFERENCES = ("default", "median")


class Gain(NamedTuple):
    """The gain over the reference, >= 0 whatever the study's direction is, with an interval at ``level``.

    ``low`` and ``high`` are the ends of the interval, and ``real`` says whether all of it is above 0. ``reference`` is
    "default" or "median", ``of`` the number of that trial and ``score`` its score. ``winner`` is the `Optimism` of the
    best configuration.
    """

    gain: float
    low: float
    high: float
    real: bool
    reference: str
    of: int
    score: float
    winner: Optimism


def gain(study: Any, reference: str | None = None, level: float = 0.95) -> Gain:
    """Estimate what tuning has gained over the default configuration or the median trial.

    The default is trial 0 where it was enqueued. ``reference`` is "default" or "median"; None takes the default where
    there is one, else the median trial, whose value is the middle one of all configurations.

    Raises
        TypeError or ValueError where no trial is complete, where scores of the folds are missing, where there is
        only one configuration, or where ``reference`` is "default" and trial 0 was not enqueued or is not complete.
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    compared, winner = contenders(study), optimism(study, level)
    n = len(compared.trials)
    if n < 2:
        raise ValueError("study has one complete configuration; a gain needs at least two")
    kind, other = _reference(compared, reference)
    pairs = n - 1 if kind == "default" else n * (n - 1) // 2  # the median trial was chosen by its score, too
    score = float(compared.values[other])
    observed = compared.sign * (winner.best - score)
    estimate = max(0.0, observed - winner.optimism) if compared.best != other else 0.0
    error, dof = difference_error(compared, other) if compared.best != other else (0.0, 1)
    reach = student_quantile(1.0 - (1.0 - level) / pairs, dof) * error
    low, high = min(observed - reach, estimate), observed + reach
    return Gain(estimate, low, high, low > 0.0, kind, compared.trials[other].number, score, winner)


def is_default(trial: Trial) -> bool:
    """Whether it is the configuration that the user has put first into the queue."""
    return trial.number == 0 and bool(trial.why.get("enqueued"))


def _reference(compared: Contenders, reference: str | None) -> tuple[str, int]:
    """The kind of the reference, and its index among the trials."""
    first = [i for i, trial in enumerate(compared.trials) if is_default(trial)]
    if reference is not None:
        checks.choice("reference", reference, REFERENCES)
    if reference == "default" and not first:
        raise ValueError("reference is 'default', and trial 0 is not a complete one that was enqueued; "
                         "enqueue the default configuration before the study runs, or take 'median'")
    if first and reference != "median":
        return "default", first[0]
    order = np.argsort(compared.sign * compared.values, kind="stable")
    return "median", int(order[(len(order) - 1) // 2])
