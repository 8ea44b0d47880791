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
from scratchtune.tables.units import Units

ERRORS = 1.0  # standard errors by which the ensemble must be better than the best default: one, so that a table of few
# rows, whose errors are large, does not lose a probable gain; the default is simpler, and is saved where none is shown
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


def verdict_of(evidence: Evidence, trials: int, seed: int, interrupted: bool = False) -> Verdict:
    """Compare the predictions of the ensemble with the best default configuration among the baselines.

    A gain is shown if it is larger than `ERRORS` standard errors. ``trials`` is how many configurations were tried;
    after an interruption the best of them is saved in any case. The text says so if no features are as good.
    """
    goal, y = evidence.goal, evidence.y
    losses = {name: goal.loss(y, evidence.baselines[name]) for name in IN_WORDS if name in evidence.baselines}
    tried = checks.counted(trials, "configuration")
    if not losses:
        return Verdict(float("nan"), float("nan"), False, "", "ensemble", "no default configuration was trained, so "
                       f"that no gain can be shown; the ensemble of {tried} is saved")
    best = min(losses, key=lambda name: losses[name])
    gain, error = difference(goal, y, evidence.predictions, evidence.baselines[best], evidence.units, seed)
    ours, theirs = goal.shown(goal.loss(y, evidence.predictions)), goal.shown(losses[best])
    if interrupted:
        return Verdict(gain, error, gain > ERRORS * error, best, "ensemble",
                       f"the search was interrupted; the best of {tried}, with {ours} in cross-validation, is saved")
    compared = (f"in cross-validation the ensemble of {tried} has {ours}, and the best default, {IN_WORDS[best]} with "
                f"default hyper-parameters, {theirs}: a gain of {gain:.3g} +- {error:.2g} (standard error)")
    none, is_shown = goal.loss(y, goal.mean(y, len(y))), gain > ERRORS * error
    loss = goal.loss(y, evidence.predictions) if is_shown else losses[best]
    warned = f"; without any feature {goal.shown(none)} is reached, which is no worse" * bool(none <= loss)
    kept, begin = ("ensemble", "") if is_shown else ("default", "no gain over the default can be shown: ")
    return Verdict(gain, error, is_shown, best, kept, f"{begin}{compared}. The {kept} is saved{warned}")
