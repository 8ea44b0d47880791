"""The trial to use where values are noisy: it is chosen by predictions and their uncertainty, not by the best value.

A noisy value is the true value of the configuration plus noise. The best of many values is usually one with favourable
noise: the true value of its configuration is on average worse than that, and the configuration is often not the best
one (the *winner's curse*). A Gaussian process fitted to the trials, with the kernel and the prior of `BayesianSearch`,
predicts the true value of each configuration from its neighbours too. Choosing the best of many predictions has the
same curse, most of all where they are uncertain. Therefore each prediction is worsened by 1.5 standard deviations
(`pessimistic_means`).

A process can take a rugged function for noise. So the best observed trial is recommended where values are known to have
no noise, and where the process predicts a value from the others no better than the mean or the nearest one does.

Repeats of candidates (`Study.confirm`) need no model: none was chosen by its new values, so their mean is unbiased.
While the latest trials are such repeats, the best mean decides. As the best of few it has the curse again, but less.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.search import Space
from scratchtune.search.bayesian import gaussian_process as gp
from scratchtune.search.bayesian import surrogate
from scratchtune.search.bayesian.encoding import Encoding
from scratchtune.search.learned_space import within
from scratchtune.study.best import of_largest_budget, repeats, said_repeats
from scratchtune.study.trial import Trial, configuration, repeats_at_end

MARGIN = 1.5  # standard deviations that are added to each posterior mean
SIDES = {1.0: "lowest", -1.0: "highest"}  # of the best value, by the sign of a loss
LEAST_TRIALS = 10  # different configurations for the process; with fewer the best observed trial is returned


@dataclass(frozen=True)
class RecommendedTrial:
    """A trial, and why it is recommended; values are in the units and the direction of the study.

    ``params`` is its configuration, ``observed`` its value. The true value of the configuration has the posterior mean
    ``mean`` and the standard deviation ``std``; ``noise`` is the estimated standard deviation of the noise of a single
    value. The three are None where the best observed trial is recommended without a model; ``reason`` says why. Of a
    confirmed trial ``mean`` is that of its new values. ``ranked``: numbers of trials of different configurations, the
    recommended one first.
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
    """Index of the trial with the lowest pessimistic mean; posterior means and stds of it and of the best observed.

    ``errors``: root mean square errors of predictions of each loss, by the process from the others, by the mean of all,
    and by the nearest other one; bad losses are compressed. ``ranked``: of each configuration the index of its first
    trial, the lowest pessimistic mean first.
    """

    chosen: int
    mean: float
    std: float
    noise: float
    mean_of_best: float
    std_of_best: float
    errors: tuple[float, ...]
    ranked: tuple[int, ...]

    @property
    def is_informed(self) -> bool:
        """Whether the process predicts a loss from the others better than the mean and the nearest one do."""
        return self.errors[0] < min(self.errors[1:])


def recommended_trial(study: Any, noise: bool | None = None) -> RecommendedTrial:
    """The feasible trial `of_largest_budget` with the best pessimistic mean, or the best observed one, as `noise` says.

    ``noise``: False where equal configurations have equal values: then it is the best observed trial. None: the trials
    say it (`are_repeatable`, `Prediction.is_informed`). True: the process decides, if there are enough trials for it.
    Except with False, the latest repeats decide (`confirmed_trial`). Raises a ValueError where no trial is complete,
    and a TypeError for another ``noise``.
    """
    noise = None if noise is None else checks.boolean("noise", noise)
    confirmed = None if noise is False else confirmed_trial(study)
    return confirmed or _recommended(study, study.trials, noise)


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
    trials, space = [one for one in of_largest_budget(trials) if not one.violation], study.space
    sign, count = study.objectives.sign, checks.counted(len(trials), "complete trial")
    losses = np.array([sign * float(trial.value or 0.0) for trial in trials])
    points = [within(space, configuration(trial)) for trial in trials]
    keys = [space.key(point) for point in points]
    order = np.argsort(losses, kind="stable").tolist()
    best, by_value = trials[order[0]], {keys[k]: k for k in reversed(order)}  # of each configuration the best value
    repeated = said_repeats(repeats(trials, best, space))
    repeated = repeated and f" Trial {best.number} is the best observed one; {repeated}."
    why, found = _without_model(keys, losses, noise), None
    if not why:
        found = lowest_pessimistic_mean(space, points, losses)
        why = "" if noise or found.is_informed else _uninformed(found)
    if found is None or why:
        reason = f"Trial {best.number} has the {SIDES[sign]} value, {best.value:.6g}, of {count}; {why}."
        return RecommendedTrial(best, best.params, float(best.value or 0.0), None, None, None, reason + repeated,
                                tuple(trials[k].number for k in order if by_value[keys[k]] == k))
    ranked = [trials[order[0] if keys[k] == keys[order[0]] else k] for k in found.ranked]  # the best one of its repeats
    found, chosen = found._replace(mean=sign * found.mean, mean_of_best=sign * found.mean_of_best), ranked[0]
    return RecommendedTrial(chosen, chosen.params, float(chosen.value or 0.0), found.mean, found.std, found.noise,
                            _reason(chosen, best, found, len(trials), sign) + repeated,
                            tuple(one.number for one in ranked))


def are_repeatable(keys: Sequence[Hashable], losses: np.ndarray) -> bool:
    """Whether each configuration that was evaluated again had the same loss to the last digit, and there is one.

    A loss that another configuration has too shows nothing: accuracies on few rows are often equal by chance.

    >>> are_repeatable("abb", np.array([1.0, 2.0, 2.0])), are_repeatable("abb", np.array([2.0, 2.0, 2.0]))
    (True, False)
    """
    found = set(zip(keys, losses.tolist(), strict=True))
    evaluations, holders = Counter(keys), Counter(loss for _, loss in found)
    repeated = [(key, loss) for key, loss in found if evaluations[key] > 1]
    return len(dict(repeated)) == len(repeated) and any(holders[loss] == 1 for _, loss in repeated)


def _without_model(keys: Sequence[Hashable], losses: np.ndarray, noise: bool | None) -> str:
    """Why the best observed trial is recommended without a model; empty where a model is fitted."""
    if noise is False:
        return "noise=False says that it would have this value again"
    if noise is None and are_repeatable(keys, losses):
        return "the values have no noise: an evaluation that was repeated gave the same value to the last digit"
    if len(set(keys)) < LEAST_TRIALS:
        return f"a model needs {LEAST_TRIALS} different configurations, and there are {len(set(keys))}"
    return "all values are equal, so a model has nothing to predict" if losses.min() == losses.max() else ""


def _uninformed(found: Prediction) -> str:
    """Why a model is not used that predicts no better than something simpler."""
    model, *simple = found.errors
    by = ("the mean", "the nearest of them")[int(np.argmin(simple))]
    return (f"a Gaussian process is not used, since it predicts a value from the others no better than {by} does (root "
            f"mean square errors {model:.3g} and {min(simple):.3g})")


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
    """Fit the process to the losses (n,) at the points, and predict the loss at the points that it was fitted to.

    Of more than `surrogate.MOST_TRIALS` it is first fitted to a sample, evenly over their numbers. Then half of the
    sample is replaced by the trials with the lowest predictions. (The lowest values would be those with favourable
    noise.)
    """
    encoding = Encoding(space)
    rows, standardized = encoding.rows(points), surrogate.compress_and_standardize(losses)
    values, best = standardized.values, int(losses.argmin())
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), surrogate.MOST_TRIALS)).astype(np.int64))
    theta = surrogate.theta_of_noisy_values(encoding, rows[kept], values[kept])
    process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    if len(kept) < len(rows):
        order = np.argsort(gp.predict(process, rows)[0], kind="stable")
        kept = np.union1d(np.union1d(kept[::2], order[: surrogate.MOST_TRIALS // 2]), [best])
        process = gp.condition(rows[kept], values[kept], encoding.is_categorical, theta)
    means = gp.means_at_rows(process)
    stds = np.sqrt(gp.predict(process, rows[kept])[1])
    order = pessimistic_means(means, stds, margin).argsort(kind="stable")
    _, firsts, groups = np.unique(rows, axis=0, return_index=True, return_inverse=True)  # by configuration
    ranked = tuple(dict.fromkeys(firsts[groups.ravel()[kept[order]]].tolist()))
    index, observed = int(order[0]), int(np.flatnonzero(kept == best)[0])
    by_process, by_nearest = gp.left_out_errors(process)
    errors = by_process, process.values - process.mean, by_nearest
    return Prediction(
        ranked[0], standardized.to_loss(float(means[index])), standardized.factor * float(stds[index]),
        standardized.factor * math.exp(0.5 * process.theta[-1]),
        standardized.to_loss(float(means[observed])), standardized.factor * float(stds[observed]),
        tuple(standardized.factor * surrogate.root_mean_square(one) for one in errors), ranked)


def _reason(chosen: Trial, best: Trial, found: Prediction, trials: int, loss_sign: float) -> str:
    """Why one of so many trials is recommended; the means of ``found`` are in the study's direction."""
    side, sign = SIDES[loss_sign], "plus" if loss_sign > 0.0 else "less"
    predicted = (f"posterior mean {sign} {MARGIN:g} standard deviations, {found.mean:.6g} {sign} {MARGIN:g} · "
                 f"{found.std:.2g}, of a Gaussian process for {checks.counted(trials, 'trial')}")
    if configuration(chosen) == configuration(best):
        return f"Trial {chosen.number} has the {side} value, {chosen.value:.6g}, and also the {side} {predicted}."
    of_best = f"{found.mean_of_best:.6g} {sign} {MARGIN:g} · {found.std_of_best:.2g}"
    return (f"Trial {chosen.number} (value {chosen.value:.6g}) has the {side} {predicted}; for the {side} value, "
            f"{best.value:.6g} of trial {best.number}, it is {of_best}. The noise of a value has a standard deviation "
            f"of about {found.noise:.2g}.")
