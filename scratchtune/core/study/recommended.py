"""The trial to use where values are noisy: it is chosen by predictions of the true values, not by values alone.

A noisy value is the true value of the configuration plus noise. The best of many noisy values usually had favourable
noise: the true value of its configuration is worse on average, and another configuration is often better (the *winner's
curse*). A Gaussian process fitted to the trials, as in `BayesianSearch`, predicts the true value of each configuration
from its neighbours too. The best of many predictions has the same curse, most of all where predictions are uncertain,
so each of them is worsened by 1.5 of its standard deviations (`pessimistic_means`).

A process can also take a rugged function for noise. So by default the best observed trial is replaced only where its
posterior mean is worse than that of the other one by more than its posterior standard deviation.

Without noise the best observed trial is the answer, and also where the process has learned nothing: where it predicts
left-out values no better than the mean of all values, or the value of the nearest neighbour, does.

Repeats (`Study.confirm`) make the last choice without a model: no candidate was selected by its new values, so their
mean is unbiased. While the latest trials are such repeats, the best mean decides. As the best of few it has the curse
again, but less.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Space
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian import surrogate
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.kernels import NOISE
from scratchtune.core.search.learned_space import within
from scratchtune.core.study.best import feasible, repeats, said_repeats
from scratchtune.core.study.trial import Trial, configuration, repeats_at_end

MARGIN = 1.5  # standard deviations that are added to each posterior mean
SIDES = {1.0: "lowest", -1.0: "highest"}  # of the best value, by the sign of a loss
LEAST_TRIALS = 10  # different configurations for the process; with fewer the best observed trial is returned


@dataclass(frozen=True)
class RecommendedTrial:
    """A trial, and why it is recommended; values are in the units and the direction of the study.

    ``params`` is its configuration, ``observed`` its value. The true value of the configuration has the posterior mean
    ``mean`` and the standard deviation ``std``; ``noise`` is the standard deviation of the noise of a single value.
    Without a model they are None, except ``mean`` of a confirmed trial: that of its new values. A posterior mean far
    worse than the median is one of values that were `compressed`. ``ranked``: numbers of trials of different
    configurations, the recommended one first.
    """

    trial: Trial
    params: dict[str, Any]
    observed: float
    mean: float | None
    std: float | None
    noise: float | None
    reason: str
    ranked: tuple[int, ...]


class Prediction(NamedTuple):
    """Posterior means and stds of the true losses of n trials, (n,); ``order``: the lowest pessimistic mean first.

    ``errors``: root mean square errors of three predictions of each loss: by the process, from all other losses; by the
    mean of all losses; and by the loss of the nearest neighbour. Bad losses are compressed, as in ``means``.
    """

    order: np.ndarray
    means: np.ndarray
    stds: np.ndarray
    noise: float
    errors: tuple[float, ...]

    def is_clearly_better(self, observed: int) -> bool:
        """Whether the mean of the first in ``order`` is below that of trial ``observed`` by more than its std."""
        gap = self.means[observed] - self.means[self.order[0]]
        return bool(gap > self.stds[observed])  # one std: chosen on problems that benchmarks/search_groups does not use


def recommended_trial(study: Any, noise: bool | None = None) -> RecommendedTrial:
    """The `feasible` trial with the best pessimistic mean, or the best observed one, as `noise` says.

    ``noise=False``, for values without noise: the best observed one. True: the one with the best pessimistic mean,
    unless trials are too few. None: the trials decide, by `are_repeatable`, `Prediction.errors` and
    `Prediction.is_clearly_better`. The latest repeats decide (`confirmed_trial`), except with False. Raises a
    ValueError where no trial is complete, and a TypeError for another ``noise``.
    """
    noise = None if noise is None else checks.boolean("noise", noise)
    return (noise is not False and confirmed_trial(study)) or _recommended(study, study.trials, noise)


def candidates_of(study: Any, count: int) -> list[int]:
    """The numbers of at most so many trials to be confirmed, the best first; the latest repeats don't count."""
    before = study.trials[: len(study.trials) - len(repeats_at_end(study.trials))]
    ranked = [study.trials[number] for number in _recommended(study, before, None).ranked[:count]]
    return [trial.number if trial.repeat_of is None else trial.repeat_of for trial in ranked]


def confirmed_trial(study: Any) -> RecommendedTrial | None:
    """The trial with the best mean of new values, those of the latest repeats; None without any, or without noise.

    A repeat that is not complete does not count; a trial with an infeasible repeat comes after all others.
    """
    new: dict[Any, list[Trial]] = {}
    for trial in repeats_at_end(study.trials):
        if trial.state == "complete":
            new.setdefault(trial.repeat_of, []).append(trial)
    if all(trial.values == study.trials[number].values for number, several in new.items() for trial in several):
        return None
    sign = study.objectives.sign
    means = {number: np.mean([one.value for one in several]) for number, several in new.items()}
    ranked = sorted(new, key=lambda number: (max(one.violation for one in new[number]), sign * means[number]))
    trial, mean = study.trials[ranked[0]], float(means[ranked[0]])
    reason = (f"Trial {trial.number} (value {trial.value:.6g}) has the {SIDES[sign]} mean of new values, {mean:.6g} of "
              f"{checks.counted(len(new[trial.number]), 'repeat')}, of {checks.counted(len(new), 'candidate')}.")
    return RecommendedTrial(trial, trial.params, trial.value, mean, None, None, reason, tuple(ranked))


def _recommended(study: Any, trials: Sequence[Trial], noise: bool | None) -> RecommendedTrial:
    """The best one of a study's trials by the process, or by their values."""
    study.best_trial  # noqa: B018 - raises the error of a study without complete trials
    trials, space, sign = feasible(trials), study.space, study.objectives.sign
    losses = np.array([sign * float(trial.value or 0.0) for trial in trials])
    points = [within(space, configuration(trial)) for trial in trials]
    keys, order = [space.key(point) for point in points], np.argsort(losses, kind="stable").tolist()
    first, objection = order[0], _objection(keys, losses, noise)
    best, by_value = trials[first], {keys[k]: k for k in reversed(order)}  # of each configuration the best value
    repeated = said_repeats(repeats(trials, best, space))
    repeated = repeated and f" Trial {best.number} is the best observed one; {repeated}."
    found = None if objection else lowest_pessimistic_mean(space, points, losses)
    if found and noise is None:
        objection = simpler_prediction(*found.errors)
    if found is None or objection:
        kind = "feasible" if any(trial.constraints for trial in trials) else "complete"
        reason = (f"Trial {best.number} has the {SIDES[sign]} value, {best.value:.6g}, of "
                  f"{checks.counted(len(trials), f'{kind} trial')}; {objection}.{repeated}")
        return RecommendedTrial(best, best.params, float(best.value or 0.0), None, None, None, reason,
                                tuple(trials[k].number for k in order if by_value[keys[k]] == k))
    firsts = {keys[k]: k for k in reversed(range(len(keys)))} | {keys[first]: first}  # of the best, its best value
    ranked = [firsts[key] for key in dict.fromkeys(keys[k] for k in found.order)]
    index = ranked[0] if noise or found.is_clearly_better(first) else first
    chosen, found = trials[index], found._replace(means=sign * found.means)
    return RecommendedTrial(
        chosen, chosen.params, float(chosen.value or 0.0), float(found.means[index]), float(found.stds[index]),
        found.noise, _reason(trials, index, (first, ranked[0]), found, SIDES[sign]) + repeated,
        tuple(trials[k].number for k in dict.fromkeys([index, *ranked])))


def are_repeatable(keys: Sequence[Hashable], losses: np.ndarray) -> bool:
    """Whether configurations were evaluated again, and each time with the same loss to the last digit.

    At least one of these losses must be of one configuration only: accuracies on few rows are often equal by chance.

    >>> are_repeatable("abb", np.array([1.0, 2.0, 2.0])), are_repeatable("abb", np.array([2.0, 2.0, 2.0]))
    (True, False)
    """
    evaluations, found = Counter(keys), set(zip(keys, losses.tolist(), strict=True))
    repeated = [(key, loss) for key, loss in found if evaluations[key] > 1]
    holders = Counter(loss for _, loss in found)
    return len(repeated) == len(dict(repeated)) and any(holders[loss] == 1 for _, loss in repeated)


def _objection(keys: Sequence[Hashable], losses: np.ndarray, noise: bool | None) -> str:
    """Why no process is fitted; empty where one is."""
    if noise is False:
        return "noise=False says that it would have this value again"
    if noise is None and are_repeatable(keys, losses):
        return "the values have no noise: an evaluation that was repeated gave the same value to the last digit"
    if len(set(keys)) < LEAST_TRIALS:
        return f"a model needs {LEAST_TRIALS} different configurations, and there are {len(set(keys))}"
    return "all values are equal, so a model has nothing to predict" if losses.min() == losses.max() else ""


def simpler_prediction(process: float, mean: float, nearest: float) -> str:
    """Why a process with these `Prediction.errors` is not used: something simpler is as good; else empty."""
    simpler = "the mean of all values" if mean <= nearest else "the value of the nearest neighbour"
    return "" if process < min(mean, nearest) else (
        f"a Gaussian process is not used, since it predicts left-out values no better than {simpler} does (root mean "
        f"square errors {process:.3g} and {min(mean, nearest):.3g})")


def _reason(trials: Sequence[Trial], index: int, both: tuple[int, int], found: Prediction, side: str) -> str:
    """Why the trial at an index is recommended: the best observed one, or the first by pessimistic means (``both``)."""
    (best, first), operation = (trials[k] for k in both), "plus" if side == "lowest" else "less"
    of_best, limit = (f"{found.means[k]:.6g} {operation} {MARGIN:g} · {found.stds[k]:.2g}" for k in both)
    predicted = (f"{side} posterior mean {operation} {MARGIN:g} standard deviations, {limit}, of a Gaussian process "
                 f"for {checks.counted(len(trials), 'trial')}")
    if both[0] == both[1]:
        return f"Trial {best.number} has the {side} value, {best.value:.6g}, and also the {predicted}."
    if index == both[0]:
        return (f"Trial {best.number} has the {side} value, {best.value:.6g}. Trial {first.number} has the {predicted}"
                f", but its mean is not better than that of trial {best.number}, {found.means[index]:.6g}, by more "
                f"than the standard deviation of the latter, {found.stds[index]:.2g}.")
    return (f"Trial {first.number} (value {first.value:.6g}) has the {predicted}; for the {side} value, "
            f"{best.value:.6g} of trial {best.number}, it is {of_best}. The noise of a value has a standard deviation "
            f"of about {found.noise:.2g}.")


def pessimistic_means(means: np.ndarray, stds: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Posterior means plus a multiple of their standard deviations: upper limits of the true losses.

    Formula [pessimistic_means]
        bᵢ = μᵢ + k · sᵢ
    Where
        μ: means, (i,), real, posterior means of the losses
        s: stds, (i,), >= 0, posterior standard deviations of the losses, without noise
        k: margin, scalar, >= 0
    Returns
        b, (i,), in the units of the losses. Of a configuration fixed in advance the true loss is below b with the
        probability Φ(k), 0.93 for k = 1.5; of the one with the lowest b it may be less.
    Variant
        With k = 0 it is the lowest mean that is recommended; ``python -m benchmarks search_groups`` compares the two.
    Source
        Picheny, Ginsbourger, Richet and Caplin (2013), "Quantile-based optimization of noisy computer experiments with
        tunable precision": the lowest kriging quantile.
    Example
        >>> pessimistic_means(np.array([1.0, 2.0]), np.array([1.0, 0.25])).tolist()
        [2.5, 2.375]
    """
    return means + margin * stds


def lowest_pessimistic_mean(
    space: Space, points: Sequence[dict[str, Any]], losses: np.ndarray, margin: float = MARGIN,
) -> Prediction:
    """Fit the process to the losses (n,) at the points, and predict the true losses there.

    Of more than `surrogate.MOST_TRIALS` it is first fitted to a sample, evenly over their numbers. Then half of the
    sample is replaced by the trials with the lowest predictions. (The lowest values would be those with favourable
    noise.)
    """
    encoding = Encoding(space)
    rows, standardized = encoding.rows(points), surrogate.compress_and_standardize(losses)
    values, factor = standardized.values, standardized.factor
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), surrogate.MOST_TRIALS)).astype(np.int64))
    theta = surrogate.theta_of_noisy_values(encoding, rows[kept], values[kept])
    process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    if len(kept) < len(rows):
        order = np.argsort(gp.predict(process, rows)[0], kind="stable")
        kept = np.unique([*kept[::2], *order[: surrogate.MOST_TRIALS // 2], losses.argmin()])
        process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    means, variances = gp.predict(process, rows)
    stds = np.sqrt(variances)
    by_process, by_nearest = gp.left_out_errors(process)
    errors = by_process, process.values - process.mean, by_nearest
    return Prediction(
        pessimistic_means(means, stds, margin).argsort(kind="stable"),
        np.array([*map(standardized.to_loss, means.tolist())]),
        factor * stds, factor * math.exp(0.5 * process.theta[NOISE]),
        tuple(factor * surrogate.root_mean_square(each) for each in errors))
