"""Ensemble selection: models are added one after the other, each time the one that improves the ensemble the most.

The ensemble predicts the mean of its models' predictions. A model may be added several times, so that its weight is the
share of its additions. Predictions must be out of fold: for rows that the model was not trained on.

The verdict then says what is saved: is the ensemble better than the best default configuration?

Implements section 8.1 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.tables.expectation import difference
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.splitting import Units

ROUNDS = 30  # additions; one more would change each weight by less than 1/30
SEEDS = 3  # the first additions are the best models: the "sorted initialization" of Caruana et al., against overfitting
ROWS = 20_000  # the ensemble is chosen on at most so many rows, which bounds the time that this takes
# Standard errors by which the ensemble must be better than the best default, which else is saved. This has a price: on
# 10 development tables x 3 divisions (1,500 rows, 8 trials, results/table_change.md) the default was saved 4 times, and
# there its held-out loss was about 6 % larger than an ensemble's. At two standard errors it would be saved more often.
ERRORS = 1.0
NO_FEATURES = "most frequent", "mean"  # the baselines that use no column
IN_WORDS = {"linear": "a linear model", "trees": "boosted trees", "network": "a network"}


def joined(total: np.ndarray, prediction: np.ndarray, count: int) -> np.ndarray:
    """The ensemble's prediction after one more model is added.

    Formula [ensemble_mean]
        aᵢ = (sᵢ + pᵢ) / (k + 1)
    Where
        s: total, (i,), real, the sum of the predictions of the models so far
        p: prediction, (i,), real, those of the added model
        k: count, scalar, integer >= 0, how many models there are so far, repetitions counted
    Returns
        a, the mean of the predictions.
    Source
        Caruana et al. (2004), "Ensemble selection from libraries of models", section 2.
    Example
        >>> joined(np.array([0.5, 1.0]), np.array([0.7, 0.2]), 2).round(3).tolist()
        [0.4, 0.4]
    """
    return (total + prediction) / (count + 1)


def greedy_weights(
    goal: Goal, y: np.ndarray, predictions: Sequence[np.ndarray], rounds: int = ROUNDS, seeds: int = SEEDS,
) -> np.ndarray:
    """Return the weight of each model, (models,), which sum to one.

    ``predictions`` are those of each model for the same rows, (n, classes) or (n,), and ``y`` their targets, (n,). The
    first ``seeds`` additions are the best models; each later one, until there are ``rounds``, is the model that gives
    the ensemble the smallest loss. The best ensemble of all rounds is returned. Of equal losses the first one counts.
    """
    order = np.argsort([goal.loss(y, p) for p in predictions], kind="stable")
    counts, best_counts, best = np.zeros(len(predictions), int), np.zeros(len(predictions), int), np.inf
    total = np.zeros_like(predictions[0], dtype=np.float64)
    for k in range(rounds):
        candidates = order[k : k + 1] if k < min(seeds, len(order)) else range(len(predictions))
        losses = [goal.loss(y, joined(total, predictions[m], k)) for m in candidates]
        chosen = candidates[int(np.argmin(losses))]
        total += predictions[chosen]
        counts[chosen] += 1
        if min(losses) < best:
            best, best_counts = min(losses), counts.copy()
    if not best_counts.any():  # no loss is finite
        best_counts[order[0]] = 1
    return best_counts / best_counts.sum()


def weighted(predictions: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the predictions; models of weight 0 are not used."""
    parts = [w * np.asarray(p, np.float64) for p, w in zip(predictions, weights, strict=True) if w > 0.0]
    return np.sum(parts, axis=0)


def cross_fitted(
    goal: Goal, y: np.ndarray, predictions: Sequence[np.ndarray], parts: Sequence[np.ndarray],
) -> np.ndarray:
    """Return an ensemble's predictions for all rows; the weights for each part are chosen on the other parts.

    So the choice of the weights does not make the score of these predictions optimistic. ``parts`` are disjoint arrays
    of row indices that together are all rows.
    """
    out = np.empty_like(predictions[0], dtype=np.float64)
    for part in parts:
        others = np.setdiff1d(np.arange(len(y)), part)
        weights = greedy_weights(goal, y[others], [p[others] for p in predictions])
        out[part] = weighted([p[part] for p in predictions], weights)
    return out


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
    default: str
    saved: str
    text: str


def verdict_of(evidence: Evidence, counts: tuple[int, int], seed: int, interrupted: bool) -> Verdict:
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
        return Verdict(float("nan"), float("nan"), "", "ensemble", "no default configuration was trained, so "
                       f"that no gain can be shown; {chosen} is saved")
    best = min(losses, key=lambda name: losses[name])
    gain, error = difference(goal, y, evidence.predictions, evidence.baselines[best], evidence.units, seed)
    ours, theirs = goal.shown(goal.loss(y, evidence.predictions)), goal.shown(losses[best])
    if interrupted:
        return Verdict(gain, error, best, "ensemble",
                       f"the search was interrupted; the best of {tried}, with {ours} in cross-validation, is saved")
    compared = (f"in cross-validation {chosen} has {ours}, and the best default, {IN_WORDS[best]} with default "
                f"hyper-parameters, {theirs}: a gain of {gain:.3g} +- {error:.2g} (standard error)")
    if gain > ERRORS * error:
        return Verdict(gain, error, best, "ensemble",
                       f"{compared}. The {kind} is saved" + _warning(evidence, goal.loss(y, evidence.predictions)))
    return Verdict(gain, error, best, "default", f"no gain over the default can be shown: {compared}. The "
                   "default is saved" + _warning(evidence, losses[best]))


def _warning(evidence: Evidence, loss: float) -> str:
    """A sentence where what is saved, with this loss, is not better than a model without features; else nothing."""
    for name in NO_FEATURES:
        if name in evidence.baselines and loss >= (plain := evidence.goal.loss(evidence.y, evidence.baselines[name])):
            return f". WARNING: this is not better than a model without features, {evidence.goal.shown(plain)}"
    return ""
