"""The trial to use where values are noisy: it is chosen by predictions and their uncertainty, not by the best value.

A noisy value is the true value of the configuration plus noise. The best of many values is usually one with favourable
noise: the true value of its configuration is on average worse than that, and the configuration is often not the best
one (the *winner's curse*). A Gaussian process fitted to the trials, with the kernel and the prior of `BayesianSearch`,
predicts the true value of each configuration from its neighbours too. Choosing the best of many predictions has the
same curse, most of all where they are uncertain. Therefore each prediction is worsened by its standard deviation
(`pessimistic_means`). Where the fitted noise is nearly 0, the recommended trial is the best observed one.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.search import Space
from scratchtune.search.bayesian import gaussian_process as gp
from scratchtune.search.bayesian.encoding import Encoding
from scratchtune.search.bayesian.surrogate import MOST_TRIALS, compress_and_standardize, theta_of_noisy_values
from scratchtune.search.learned_space import within
from scratchtune.study.best import of_largest_budget, repeats, said_repeats
from scratchtune.study.trial import Trial, configuration

LEAST_TRIALS = 10  # different configurations for the process; with fewer the best observed trial is returned


@dataclass(frozen=True)
class RecommendedTrial:
    """A trial, and why it is recommended; values are in the units and the direction of the study.

    ``params`` is its configuration, ``observed`` its value. The true value of the configuration has the posterior mean
    ``mean`` and the standard deviation ``std``; ``noise`` is the estimated standard deviation of the noise of a single
    value. The three are None where no model was fitted (fewer than ten configurations, or equal values).

    Values that are worse than the median by more than one standard deviation of the better half are compressed before
    the process is fitted; a mean in that range is one of compressed values.
    """

    trial: Trial
    params: dict[str, Any]
    observed: float
    mean: float | None
    std: float | None
    noise: float | None
    reason: str


class Prediction(NamedTuple):
    """Index of the trial with the lowest pessimistic mean; posterior means and stds of it and of the best observed."""

    chosen: int
    mean: float
    std: float
    noise: float
    mean_of_best: float
    std_of_best: float


def recommended_trial(study: Any) -> RecommendedTrial:
    """The feasible trial `of_largest_budget` of the best pessimistic mean; without a model the best; or ValueError."""
    study.best_trial  # noqa: B018 - raises the error of a study without complete trials
    trials, space = [one for one in of_largest_budget(study.trials) if not one.violation], study.space
    sign, side = (-1.0, "highest") if study.direction == "maximize" else (1.0, "lowest")
    losses = np.array([sign * float(trial.value or 0.0) for trial in trials])
    first = int(losses.argmin())
    best, count = trials[first], checks.counted(len(trials), "complete trial")
    points = [within(space, configuration(trial)) for trial in trials]
    repeated = said_repeats(repeats(trials, best, space))
    repeated = repeated and f" Trial {best.number} is the best observed one; {repeated}."
    different, best_value = len(set(map(space.key, points))), sign * float(losses[first])
    if different < LEAST_TRIALS or losses.min() == losses.max():
        why = (f"a model needs {LEAST_TRIALS} different configurations, and there are {different}"
               if different < LEAST_TRIALS else "all values are equal, so a model has nothing to predict")
        reason = f"Trial {best.number} has the {side} value, {best_value:.6g}, of {count}; {why}.{repeated}"
        return RecommendedTrial(best, best.params, best_value, None, None, None, reason)
    found = lowest_pessimistic_mean(space, points, losses)
    chosen = trials[first if points[found.chosen] == points[first] else found.chosen]  # the best one of its repeats
    found = found._replace(mean=sign * found.mean, mean_of_best=sign * found.mean_of_best)
    return RecommendedTrial(chosen, chosen.params, float(chosen.value or 0.0), found.mean, found.std, found.noise,
                            _reason(chosen, best, found, len(trials), sign) + repeated)


def pessimistic_means(means: np.ndarray, stds: np.ndarray, margin: float = 1.0) -> np.ndarray:
    """Posterior means plus a multiple of their standard deviations: upper limits of the true losses.

    Formula [pessimistic_means]
        bᵢ = μᵢ + k · sᵢ
    Where
        μ: means, (i,), real, posterior means of the losses
        s: stds, (i,), >= 0, posterior standard deviations of the losses, without noise
        k: margin, scalar, >= 0
    Returns
        b, (i,), in the units of the losses. Of a configuration fixed in advance the true loss is below b with the
        probability Φ(k), 0.84 for k = 1; of the one with the lowest b it may be less.
    Variant
        With k = 0 it is the lowest mean that is recommended; ``python -m benchmarks search_groups`` compares the two.
    Source
        Picheny, Ginsbourger, Richet and Caplin (2013), "Quantile-based optimization of noisy computer experiments with
        tunable precision": the lowest kriging quantile.
    Example
        >>> pessimistic_means(np.array([1.0, 2.0]), np.array([1.5, 0.25])).tolist()
        [2.5, 2.25]
    """
    return means + margin * stds


def lowest_pessimistic_mean(
    space: Space, points: Sequence[dict[str, Any]], losses: np.ndarray, margin: float = 1.0,
) -> Prediction:
    """Fit the process to the losses (n,) at the points, and predict the loss at the points that it was fitted to.

    Of more than `MOST_TRIALS` it is first fitted to a sample, evenly over their numbers. Then half of the sample is
    replaced by the trials with the lowest predictions. (The lowest values would be those with favourable noise.)
    """
    encoding = Encoding(space)
    rows, standardized = encoding.rows(points), compress_and_standardize(losses)
    values, best = standardized.values, int(losses.argmin())
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_TRIALS)).astype(np.int64))
    theta = theta_of_noisy_values(encoding, rows[kept], values[kept])
    process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    if len(kept) < len(rows):
        order = np.argsort(gp.predict(process, rows)[0], kind="stable")
        kept = np.union1d(np.union1d(kept[::2], order[: MOST_TRIALS // 2]), [best])
        process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    means = gp.means_at_rows(process)
    stds = np.sqrt(gp.predict(process, rows[kept])[1])
    index = int(pessimistic_means(means, stds, margin).argmin())
    first = int(np.flatnonzero((rows == rows[kept[index]]).all(axis=1))[0])  # of several trials of one configuration
    observed = int(np.flatnonzero(kept == best)[0])
    return Prediction(
        first, standardized.to_loss(float(means[index])), standardized.factor * float(stds[index]),
        standardized.factor * math.exp(0.5 * process.theta[-1]),
        standardized.to_loss(float(means[observed])), standardized.factor * float(stds[observed]))


def _reason(chosen: Trial, best: Trial, found: Prediction, trials: int, loss_sign: float) -> str:
    """Why one of so many trials is recommended; the means of ``found`` are in the study's direction."""
    side, sign = ("lowest", "plus") if loss_sign > 0.0 else ("highest", "less")
    predicted = (f"posterior mean {sign} standard deviation, {found.mean:.6g} {sign} {found.std:.2g}, of a Gaussian "
                 f"process for {checks.counted(trials, 'trial')}")
    if configuration(chosen) == configuration(best):
        return f"Trial {chosen.number} has the {side} value, {chosen.value:.6g}, and also the {side} {predicted}."
    return (f"Trial {chosen.number} (value {chosen.value:.6g}) has the {side} {predicted}; for the {side} value, "
            f"{best.value:.6g} of trial {best.number}, it is {found.mean_of_best:.6g} {sign} {found.std_of_best:.2g}. "
            f"The noise of a value has a standard deviation of about {found.noise:.2g}.")
