"""What a fitted model is evaluated by: predictions for rows that were not trained on, beside those of simple models.

The verdict is the answer to the first question: is the ensemble better than the best default configuration?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.tables.expectation import difference
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.splitting import Units

# Standard errors by which the ensemble must be better than the best default, which else is saved. This has a price: on
# 10 development tables x 3 divisions (1,500 rows, 8 trials, results/table_change.md) the default was saved 4 times, and
# there its held-out loss was about 6 % larger than an ensemble's. At two standard errors it would be saved more often.
ERRORS = 1.0
NO_FEATURES = "most frequent", "mean"  # the baselines that use no column
IN_WORDS = {"linear": "a linear model", "trees": "boosted trees", "network": "a network"}


@dataclass
class Evidence:
    """Out-of-fold predictions of the saved model, for some rows.

    ``rows`` (m,) are positions within ``folds.rows``, ``y`` (m,) their targets, ``units`` what is independent among
    them. ``predictions``, (m, classes) or (m,), are cross-fitted: the weights of the ensemble were chosen on other
    folds. ``baselines`` are predictions for the same rows by name: "most frequent" or "mean", and the default
    configuration of each family, "linear", "trees", "network". ``members`` are the models that are saved, by trial:
    the weight, and one model for each fold.
    """

    goal: Goal
    folds: Folds
    rows: np.ndarray
    y: np.ndarray
    units: Units
    predictions: np.ndarray
    baselines: Mapping[str, np.ndarray]
    members: Mapping[int, tuple[float, Sequence[FoldModel]]]


class Verdict(NamedTuple):
    """Whether the ensemble is better than the best default configuration, and which of the two is saved.

    ``gain`` is by how much its score is higher, ``error`` the standard error of the gain, ``default`` the family of the
    best default ("" if none was trained), ``saved`` "ensemble" or "default".
    """

    gain: float
    error: float
    shown: bool
    default: str
    saved: str
    text: str


def verdict_of(evidence: Evidence, counts: tuple[int, int], seed: int, interrupted: bool = False) -> Verdict:
    """Compare the predictions of the ensemble with the best default configuration among the baselines.

    A gain is shown if it is larger than `ERRORS` standard errors. ``counts`` are how many configurations the ensemble
    has, perhaps only one, and how many were tried; after an interruption the best one is saved in any case.
    """
    goal, y = evidence.goal, evidence.y
    losses = {name: goal.loss(y, evidence.baselines[name]) for name in IN_WORDS if name in evidence.baselines}
    tried = checks.counted(counts[1], "configuration")
    kind, chosen = ("ensemble", f"the ensemble of {counts[0]} of {tried}") if counts[0] > 1 else (
        "one configuration", f"one configuration of {counts[1]} tried")
    if not losses:
        return Verdict(float("nan"), float("nan"), False, "", "ensemble", "no default configuration was trained, so "
                       f"that no gain can be shown; {chosen} is saved")
    best = min(losses, key=lambda name: losses[name])
    gain, error = difference(goal, y, evidence.predictions, evidence.baselines[best], evidence.units, seed)
    ours, theirs = goal.shown(goal.loss(y, evidence.predictions)), goal.shown(losses[best])
    if interrupted:
        return Verdict(gain, error, gain > ERRORS * error, best, "ensemble",
                       f"the search was interrupted; the best of {tried}, with {ours} in cross-validation, is saved")
    compared = (f"in cross-validation {chosen} has {ours}, and the best default, {IN_WORDS[best]} with default "
                f"hyper-parameters, {theirs}: a gain of {gain:.3g} +- {error:.2g} (standard error)")
    if gain > ERRORS * error:
        return Verdict(gain, error, True, best, "ensemble",
                       f"{compared}. The {kind} is saved" + _warning(evidence, goal.loss(y, evidence.predictions)))
    return Verdict(gain, error, False, best, "default", f"no gain over the default can be shown: {compared}. The "
                   "default is saved" + _warning(evidence, losses[best]))


def _warning(evidence: Evidence, loss: float) -> str:
    """A sentence where what is saved, with this loss, is not better than a model without features; else nothing."""
    for name in NO_FEATURES:
        if name in evidence.baselines and loss >= (plain := evidence.goal.loss(evidence.y, evidence.baselines[name])):
            return f". WARNING: this is not better than a model without features, {evidence.goal.shown(plain)}"
    return ""
