"""Ensemble selection: models are added one after the other, each time the one that improves the ensemble the most.

The ensemble predicts the mean of its models' predictions. A model may be added several times, so that its weight is the
share of its additions. Predictions must be out of fold: for rows that the model was not trained on.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.tables.goal import Goal

ROUNDS = 30  # additions; one more would change each weight by less than 1/30
SEEDS = 3  # the first additions are the best models: the "sorted initialization" of Caruana et al., against overfitting
ROWS = 20_000  # the ensemble is chosen on at most so many rows, which bounds the time that this takes


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
    first ``seeds`` additions are the best models, in the order of their own losses. Each later addition is the model
    that gives the ensemble the smallest loss, until there are ``rounds`` additions. Of the ensembles after each
    addition, the one with the smallest loss is returned. Of equal losses the first one counts.
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
