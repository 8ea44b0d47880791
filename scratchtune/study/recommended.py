"""The trial to use where values are noisy: it is chosen by predictions and their uncertainty, not by the best value.

A noisy value is the true value of the configuration plus noise. The best of many values is usually one with favourable
noise: the true value of its configuration is on average worse than that, and the configuration is often not the best
one (the *winner's curse*). A Gaussian process fitted to the trials, with the kernel and the prior of `BayesianSearch`,
predicts the true value of each configuration from its neighbours too. Choosing the best of many predictions has the
same curse, most of all where they are uncertain. Therefore each prediction is worsened by 1.5 standard deviations
(`pessimistic_means`).

A process can take a rugged function for noise. So the best observed trial is recommended where values are known to have
no noise, and where the process predicts a value from the others no better than the mean or the nearest one does.

Repeats of the best candidates (`Study.confirm`) need no model: of each candidate the mean of the new values is
unbiased, since it was not chosen by them. While no other trial follows them, the best such mean decides.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
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
LEAST_TRIALS = 10  # different configurations for the process; with fewer the best observed trial is returned


@dataclass(frozen=True)
class RecommendedTrial:
    """A trial, and why it is recommended; values are in the units and the direction of the study.

    ``params`` is its configuration, ``observed`` its value. The true value of the configuration has the posterior mean
    ``mean`` and the standard deviation ``std``; ``noise`` is the estimated standard deviation of the noise of a single
    value. The three are None where the best observed trial is recommended without a model; ``reason`` says why. Of a
    confirmed trial ``mean`` is the mean of its new values, and the other two are None.

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
    """Indices, the lowest pessimistic mean first; posterior means and stds of that trial and of the best observed.

    ``ranked`` has of each configuration the first trial. ``errors``: root mean square errors of predictions of each
    loss, by the process from the others, by the mean of all, and by the nearest other one; bad losses are compressed.
    """

    ranked: tuple[int, ...]
    mean: float
    std: float
    noise: float
    mean_of_best: float
    std_of_best: float
    errors: tuple[float, ...]

    @property
    def chosen(self) -> int:
        """Index of the trial with the lowest pessimistic mean."""
        return self.ranked[0]

    @property
    def is_informed(self) -> bool:
        """Whether the process predicts a loss from the others better than the mean and the nearest one do."""
        return self.errors[0] < min(self.errors[1:])


class Ranking(NamedTuple):
    """Feasible trials of different configurations, the one to recommend first; ``why`` no model has ranked them.

    ``count``: how many trials were compared; ``is_exact``: whether values are known to have no noise.
    """

    trials: list[Trial]
    count: int
    found: Prediction | None
    why: str
    is_exact: bool


def recommended_trial(study: Any, noise: bool | None = None) -> RecommendedTrial:
    """The feasible trial `of_largest_budget` with the best pessimistic mean, or the best observed one, as `noise` says.

    ``noise``: False where equal configurations have equal values: then it is the best observed trial. None: the trials
    say it (`are_repeatable`, `Prediction.is_informed`). True: the process decides, if there are enough trials for it.
    Where there may be noise, the latest trials decide if they are repeats (`confirmed_trial`). Raises a ValueError
    where no trial is complete, and a TypeError for another ``noise``.
    """
    noise = None if noise is None else checks.boolean("noise", noise)
    best = study.best_trial
    ranking = ranked(study, study.trials, noise)
    chosen, found, sign, side = ranking.trials[0], ranking.found, *_sign_and_side(study)
    repeated = said_repeats(repeats(study.trials, best, study.space))
    repeated = repeated and f" Trial {best.number} is the best observed one; {repeated}."
    confirmed = None if ranking.is_exact else confirmed_trial(study)
    if confirmed is not None:
        return replace(confirmed, reason=confirmed.reason + repeated)
    if found is None:
        reason = (f"Trial {best.number} has the {side} value, {best.value:.6g}, of "
                  f"{checks.counted(ranking.count, 'complete trial')}; {ranking.why}.")
        return RecommendedTrial(best, best.params, float(best.value or 0.0), None, None, None, reason + repeated)
    found = found._replace(mean=sign * found.mean, mean_of_best=sign * found.mean_of_best)
    return RecommendedTrial(chosen, chosen.params, float(chosen.value or 0.0), found.mean, found.std, found.noise,
                            _reason(chosen, best, found, ranking.count, sign) + repeated)


def _sign_and_side(study: Any) -> tuple[float, str]:
    return (-1.0, "highest") if study.direction == "maximize" else (1.0, "lowest")


def ranked(study: Any, trials: Sequence[Trial], noise: bool | None = None) -> Ranking:
    """Rank the feasible ones of a study's trials as ``noise`` of `recommended_trial` says."""
    trials, space, sign = [one for one in of_largest_budget(trials) if not one.violation], study.space, _sign_and_side(
        study)[0]
    losses = np.array([sign * float(trial.value or 0.0) for trial in trials])
    points = [within(space, configuration(trial)) for trial in trials]
    keys = [space.key(point) for point in points]
    by_value: dict[Hashable, int] = {}  # of each configuration the index of the best value
    for index in np.argsort(losses, kind="stable").tolist():
        by_value.setdefault(keys[index], index)
    exact, found = _without_noise(keys, losses, noise), None
    why = exact or _without_model(len(by_value), losses)
    if not why:
        found = lowest_pessimistic_mean(space, points, losses)
        why = "" if noise or found.is_informed else _uninformed(found)
    if found is None or why:
        return Ranking([trials[k] for k in by_value.values()], len(trials), None, why, bool(exact))
    best, first = next(iter(by_value.items()))
    order = [first if keys[k] == best else k for k in found.ranked]
    return Ranking([trials[k] for k in order], len(trials), found, why, False)


def candidates_of(study: Any, count: int) -> list[int]:
    """The numbers of at most so many trials to be confirmed, the best first, by the trials before latest repeats."""
    study.best_trial  # noqa: B018 - raises the error of a study without complete trials
    searched = study.trials[: len(study.trials) - len(repeats_at_end(study.trials))]
    return [trial.number if trial.repeat_of is None else trial.repeat_of
            for trial in ranked(study, searched).trials[:count]]


def confirmed_trial(study: Any) -> RecommendedTrial | None:
    """The candidate with the best mean of new values, those of the repeats at the end of the trials; None without any.

    A repeat that is not complete does not count; a candidate with an infeasible one comes after all others.
    """
    new: dict[int, list[Trial]] = {}
    for trial in repeats_at_end(study.trials):
        if trial.state == "complete" and trial.repeat_of is not None:
            new.setdefault(trial.repeat_of, []).append(trial)
    if not new:
        return None
    sign, side = _sign_and_side(study)
    means = {number: statistics.fmean(float(one.value or 0.0) for one in of) for number, of in new.items()}
    number = min(new, key=lambda one: (max(trial.violation for trial in new[one]), sign * means[one]))
    trial, count = study.trials[number], checks.counted(len(new[number]), "repeat")
    reason = (f"Trial {number} (value {trial.value:.6g}) has the {side} mean of new values, {means[number]:.6g} of "
              f"{count}, of {checks.counted(len(new), 'candidate')}.")
    return RecommendedTrial(trial, trial.params, float(trial.value), means[number], None, None, reason)


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


def _without_noise(keys: Sequence[Hashable], losses: np.ndarray, noise: bool | None) -> str:
    """Why values have no noise; empty where they may have."""
    if noise is False:
        return "noise=False says that it would have this value again"
    if noise is None and are_repeatable(keys, losses):
        return "the values have no noise: an evaluation that was repeated gave the same value to the last digit"
    return ""


def _without_model(different: int, losses: np.ndarray) -> str:
    """Why no model is fitted to values of so many different configurations; empty where one is."""
    if different < LEAST_TRIALS:
        return f"a model needs {LEAST_TRIALS} different configurations, and there are {different}"
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
    return Prediction(
        ranked, standardized.to_loss(float(means[index])), standardized.factor * float(stds[index]),
        standardized.factor * math.exp(0.5 * process.theta[-1]),
        standardized.to_loss(float(means[observed])), standardized.factor * float(stds[observed]),
        _errors(process, standardized.factor))


def _errors(process: gp.Process, factor: float) -> tuple[float, ...]:
    """The ``errors`` of a `Prediction`, for values that were divided by ``factor``."""
    by_process, by_nearest = gp.left_out_errors(process)
    by_mean = process.values - process.mean
    return tuple(factor * surrogate.root_mean_square(errors) for errors in (by_process, by_mean, by_nearest))


def _reason(chosen: Trial, best: Trial, found: Prediction, trials: int, loss_sign: float) -> str:
    """Why one of so many trials is recommended; the means of ``found`` are in the study's direction."""
    side, sign = ("lowest", "plus") if loss_sign > 0.0 else ("highest", "less")
    predicted = (f"posterior mean {sign} {MARGIN:g} standard deviations, {found.mean:.6g} {sign} {MARGIN:g} · "
                 f"{found.std:.2g}, of a Gaussian process for {checks.counted(trials, 'trial')}")
    if configuration(chosen) == configuration(best):
        return f"Trial {chosen.number} has the {side} value, {chosen.value:.6g}, and also the {side} {predicted}."
    of_best = f"{found.mean_of_best:.6g} {sign} {MARGIN:g} · {found.std_of_best:.2g}"
    return (f"Trial {chosen.number} (value {chosen.value:.6g}) has the {side} {predicted}; for the {side} value, "
            f"{best.value:.6g} of trial {best.number}, it is {of_best}. The noise of a value has a standard deviation "
            f"of about {found.noise:.2g}.")
