"""The explanation of AutoML's result: what was tried and chosen, the expected score, and the scores of simple models.

Implements sections 8.1 and 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.streams import shown_params
from scratchtune.tables.expectation import difference
from scratchtune.tables.families import FAMILY, TARGET, own_arguments
from scratchtune.tables.goal import Goal
from scratchtune.tables.searching import Searched, best_of_families
from scratchtune.tables.target_scale import LINEAR
from scratchtune.tables.units import Units

SHOWN = 5  # members of the ensemble


def leaderboard(goal: Goal, found: Searched, weights: Mapping[int, float]) -> list[dict[str, Any]]:
    """Return one dict for each complete trial, the best first: number, family, score, weight, seconds, params."""
    trials = found.study.trials
    return [{
        "number": number, "family": trials[number].params[FAMILY], "score": -float(trials[number].value or 0.0),
        "weight": weights.get(number, 0.0), "seconds": trials[number].seconds, "params": trials[number].params,
    } for number in found.ranked()]


def explained(
    model: Any, goal: Goal, found: Searched, crossed: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> str:
    """Return the explanation of a fitted model.

    ``crossed`` are the targets, the cross-fitted predictions of the ensemble, and the positions of their rows among
    those that have out-of-fold predictions.
    """
    lines = [*_tried(goal, found), *_chosen(model, found), *_expected(model),
             *_simple(model, goal, found, crossed)]
    return "\n".join(lines)


def _tried(goal: Goal, found: Searched) -> list[str]:
    """Say how many configurations of each family were tried, and the best score of each."""
    trials, lines = found.study.trials, []
    complete = [trial for trial in trials if trial.state == "complete"]
    folds = len(found.folds.splits)
    how = f"in {folds}-fold cross-validation" if folds > 1 else "on a validation set"
    lines.append(f"tried: {checks.counted(len(trials), 'configuration')} {how}; best {goal.scoring} of each family "
                 "(larger is better):")
    for name, number in best_of_families(found).items():
        count = sum(trial.params[FAMILY] == name for trial in complete)
        lines.append(f"  {name}: {-float(trials[number].value or 0.0):.5g}, {count} tried")
    failed = len(trials) - len(complete)
    return lines + [f"  {checks.counted(failed, 'configuration')} failed or did not finish"] * bool(failed)


def _chosen(model: Any, found: Searched) -> list[str]:
    """Say which members the ensemble has, with their weights and hyper-parameters."""
    trials = found.study.trials
    lines = ["chosen: an ensemble of them, by greedy selection, which adds the model that lowers the loss of the "
             "out-of-fold predictions the most; each with its weight:"]
    ordered = sorted(model.weights_.items(), key=lambda entry: (-entry[1], entry[0]))
    for number, weight in ordered[:SHOWN]:
        params = trials[number].params
        scale = f", target={params[TARGET]}" if params.get(TARGET, LINEAR) != LINEAR else ""
        lines.append(f"  {weight:.0%} {params[FAMILY]} (trial {number}): "
                     f"{shown_params(own_arguments(params[FAMILY], params))}{scale}")
    rest = ordered[SHOWN:]
    return lines + [f"  {sum(weight for _, weight in rest):.0%} {len(rest)} more"] * bool(rest)


def _expected(model: Any) -> list[str]:
    """Say what score to expect on new rows."""
    found = model.estimate_.on()
    return [f"expected on new rows: {found.scoring} {found.score:.5g}, with probability {found.level:.0%} between "
            f"{found.low:.5g} and {found.high:.5g} (estimated from rows that the models were not trained on)"]


def _simple(
    model: Any, goal: Goal, found: Searched, crossed: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> list[str]:
    """Compare the ensemble with simple models, and say where one is as good or better."""
    y, ours, rows = crossed
    lines, as_good = ["simple models, on the same rows:"], []
    simple = {"no features (shares of the classes)" if goal.classes else "no features (the mean)": goal.mean(y, len(y))}
    for name, number in best_of_families(found).items():
        if number in model.weights_ and len(model.weights_) == 1:
            continue  # it is the ensemble
        what = {"linear": "a linear model", "trees": "boosted trees alone", "network": "a network alone"}[name]
        simple[f"{what} (trial {number})"] = found.predictions(number)[rows]
    for name, predictions in simple.items():
        gain, error = difference(goal, y, ours, predictions, Units(np.arange(len(y))), model.seed_)
        is_as_good = not gain > 2.0 * error
        as_good += [name] * is_as_good
        lines.append(f"  {name}: {-goal.loss(y, predictions):.5g}; the ensemble is better by {gain:.3g} +- {error:.2g}"
                     + " (less than two standard errors)" * is_as_good)
    if as_good:
        lines.append(f"not clearly worse than the ensemble on these rows: {', '.join(as_good)}. A single model is "
                     "easier to explain and to maintain")
    return lines
