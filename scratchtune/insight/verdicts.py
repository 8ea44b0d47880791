"""Whether a gain of tuning is real: what can be compared, optimism, the gain with its interval, the verdict.

Each score is the configuration's true score plus noise: which rows are in the folds, and which random weights a
training starts from. The best score of many is more often one whose noise was favourable, so it is on average better
than the true score of its configuration (the *winner's curse*); by how much is the *optimism*. The true score is the
expected score on new rows of that configuration, trained on as many rows as in one fold.

The optimism is estimated by a bootstrap, in which the true scores are known: it is the mean, over many draws of the
noise, of the difference of the best score from the true score of its configuration.

1. A fold that is hard for all configurations does not change which one is the best. So from each score the mean of its
   configuration and the mean of its fold are subtracted. The variance of these *residuals*, divided by the number of
   folds k, is the variance of the noise of a configuration's mean score: [selection_noise].
2. The observed means vary more than the true scores do, since the noise is added. So they are moved towards their
   centre until their variance is the estimated one of the true scores: [shrunken_means]. Only configurations that may
   be the best are used: a single bad one would make the variance so large that even the good ones, which hardly differ,
   would not be moved.
3. A draw of the noise is a weighted sum of the residuals of the k folds (a *wild* bootstrap), so configurations whose
   scores rise and fall together do so in the draws too. The weights are a random direction: they sum to 0, and the sum
   of their squares is always the same, so draws from normal residuals are normal, however few the folds are.

The interval adds the uncertainty of the folds themselves: [corrected_standard_error] and Student's t for k folds.

The gain is the difference from the default configuration or from the median trial. It is the largest of n - 1
differences, so its interval has the error rate (1 - LEVEL) / (n - 1), which is Bonferroni's correction. (The median
trial is found by the scores as well, so there all n (n - 1) / 2 pairs count.)

Implements sections 8.2 and 9.2 of the document.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.selection import corrected_standard_error, student_quantile
from scratchtune.core.search import Space
from scratchtune.core.study import Trial
from scratchtune.core.study.best import best_first, feasible, none_feasible, repeats, said_repeats
from scratchtune.core.study.trial import configuration, record
from scratchtune.insight.drawing import TrialTable, check_study

LEVEL = 0.95  # of all intervals
DRAWS = 2000
AT_ONCE = 1_000_000  # numbers in a block of draws, which limits the memory


class Contenders(NamedTuple):
    """The trials that may be the best one, (n,), and their scores on the folds, (n, k), in the study's direction.

    They are complete and of the largest budget; of several trials with one configuration there is only the first, or
    the study's best trial. ``sign`` times a value is larger for a better one. ``scores`` may be (n, 0). ``default`` is
    the index of the configuration that the user has put first into the queue, None if there is none.
    """

    trials: list[Trial]
    scores: np.ndarray
    sign: float
    default: int | None

    @property
    def values(self) -> np.ndarray:
        """The trials' values, (n,), in the study's direction."""
        return np.array([trial.value for trial in self.trials], dtype=np.float64)

    @property
    def best(self) -> int:
        """The index of the best trial."""
        return int((self.sign * self.values).argmax())

    def best_value(self) -> float:
        """The best value."""
        return float(self.values[self.best])


def contenders(study: Any, with_scores: bool = True) -> Contenders:
    """Return the trials of a study that can be compared: one of each configuration, of the largest budget.

    A TypeError where it is no study; a ValueError where no trial is complete or, with ``with_scores``, where a trial
    lacks the score of a fold, where there are fewer than two folds, or where the value is not the scores' mean.
    """
    check_study(study)
    one_of: dict[Any, Trial] = {}  # each configuration
    for trial in [*best_first(study.trials, study.direction)[:1], *feasible(study.trials)]:
        one_of.setdefault(study.space.key(configuration(trial)), trial)
    if not one_of:
        raise ValueError(none_feasible(study.trials)
                         or f"no trial of {len(study.trials)} is complete; at least one must be")
    trials = sorted(one_of.values(), key=lambda trial: trial.number)
    scores = _checked_scores(trials) if with_scores else np.empty((len(trials), 0))
    first = study.trials[0]
    default = one_of.get(study.space.key(configuration(first))) if first.why.get("enqueued") else None
    at = next((k for k, trial in enumerate(trials) if trial is default), None)
    return Contenders(trials, scores, 1.0 if study.direction == "maximize" else -1.0, at)


def has_scores(trial: Trial) -> bool:
    """Whether a trial has finite scores of at least two folds."""
    return trial.scores is not None and len(trial.scores) > 1 and all(score is not None for score in trial.scores)


def have_fold_scores(study: TrialTable) -> bool:
    """Whether a trial is complete, and all that can be compared have scores of the folds."""
    compared = feasible(study.trials)
    return bool(compared) and all(map(has_scores, compared))


def _checked_scores(trials: list[Trial]) -> np.ndarray:
    for trial in trials:
        if not has_scores(trial):
            found = "no score of a fold" if not trial.scores else f"the scores {trial.scores} of the folds"
            raise ValueError(
                f"trial {trial.number} has {found}; every complete trial must have a score of each of at least two "
                "folds, as from run_folds or a search with cross-validation")
    folds = {len(trial.scores or ()) for trial in trials}
    if len(folds) > 1:
        raise ValueError(f"the trials have scores of {' and '.join(map(str, sorted(folds)))} folds; "
                         "all must have been evaluated on the same folds")
    scores = np.array([trial.scores for trial in trials], dtype=np.float64)
    for trial, mean in zip(trials, scores.mean(axis=1), strict=True):
        if not np.isclose(mean, float(trial.value or 0.0), rtol=1e-6, atol=1e-9 * float(np.abs(scores).max())):
            raise ValueError(f"trial {trial.number} has the value {trial.value:g}, and the mean score of its folds is "
                             f"{mean:g}; the value must be the mean of the scores")
    return scores


class Gathered(NamedTuple):
    """Copies of the trials that can be compared, numbered from 0, without budgets; it is read as a study is."""

    space: Space
    direction: str
    trials: list[Trial]


def gathered(studies: Sequence[TrialTable]) -> Gathered:
    """Gather each study's complete trials of the largest budget, one of each configuration; space and folds are equal.

    The best of several studies is the best of all their trials, so its optimism is that of all of them together. A
    ValueError where a study has no complete trial.
    """
    trials: list[Trial] = []
    for study in studies:
        for trial in contenders(study, with_scores=False).trials:
            copied = copy.copy(trial)
            record(copied, number=len(trials), given_budget=None, parent=None, why={})
            trials.append(copied)
    return Gathered(studies[0].space, studies[0].direction, trials)


# The optimism --------------------------------------------------------------------------------------------------------


class Optimism(NamedTuple):
    """How good the best configuration is, corrected for the choice; all in the units and direction of the study.

    ``best`` is the best score observed, ``corrected`` the estimate of the winner's true score, with its interval
    (``low``, ``high``). ``optimism`` >= 0 is by how much the best score is too good, ``trial`` the winner's number.
    """

    best: float
    corrected: float
    low: float
    high: float
    optimism: float
    trial: int
    configurations: int
    folds: int

    def __str__(self) -> str:
        return (f"best score {self.best:.4g}, too good by about {self.optimism:.2g} as the best of "
                f"{checks.counted(self.configurations, 'configuration')}; corrected {self.corrected:.4g}, "
                f"95% interval {self.low:.4g} to {self.high:.4g}")


def selection_noise(residuals: np.ndarray) -> float:
    """Variance of the noise of a configuration's mean score, without effects that a fold has on all configurations.

    Formula [selection_noise]
        v = Σᵢ[Σₖ[rᵢₖ²]] / (#k · max(#i − 1, 1) · max(#k − 1, 1))
    Where
        r: residuals, (i, k), real, scores minus the configuration's mean, minus the fold's mean, plus the mean of all
    Returns
        v, a scalar >= 0 in squared units of the score.
    Source
        Scheffé (1959), "The Analysis of Variance", section 4.2: the residual mean square of a two-way layout, over k.
    Example
        >>> selection_noise(np.array([[0.5, -0.5], [-0.5, 0.5]]))
        0.5
    """
    configurations, folds = residuals.shape
    return float(np.square(residuals).sum() / (folds * max(configurations - 1, 1) * max(folds - 1, 1)))


def shrunken_means(means: np.ndarray, noise: float) -> np.ndarray:
    """Means of scores, moved towards their centre so that they scatter as much as the true scores.

    Formula [shrunken_means]
        tᵢ = meanₖ[mₖ] + √(max(1 − v · max(#k − 1, 1) / Σₖ[(mₖ − meanₗ[mₗ])²], 0)) · (mᵢ − meanₖ[mₖ])
    Where
        m: means, (i,), real; sampled in [-20, 20], the mean score of each configuration
        v: noise, scalar, >= 0, the variance of their noise, such as [selection_noise]
    Returns
        t, (i,): the variance of t is that of m minus v, or 0. Equal means are returned as they are.
    Variant
        Without the root it is the estimate of each true score with the least squared error (James and Stein 1961; Efron
        and Morris 1973). Those estimates scatter less than the true scores do.
    Source
        Louis (1984), "Estimating a population of parameter values using Bayes and empirical Bayes methods".
    Example
        >>> shrunken_means(np.array([0.0, 2.0]), 1.5)
        array([0.5, 1.5])
    """
    centre = means.mean()
    squares = max(float(np.square(means - centre).sum()), float(np.finfo(np.float64).tiny))
    share = 1.0 - noise * max(len(means) - 1, 1) / squares
    return centre + math.sqrt(max(share, 0.0)) * (means - centre)


def optimism(study: Any) -> Optimism:
    """Estimate the true score of the study's best configuration, and by how much its score is too good.

    ``study`` is a Study, or one read from a file, whose trials have scores of the same folds (``trial.scores``). Only
    complete trials count, of the largest budget, and each configuration once, the best one with its best trial.

    With few folds the interval is wide. benchmarks/results/gain_confirmation.md says how often it holds the true score,
    and compares other corrections. A TypeError or ValueError where no trial is complete, or scores are missing.
    """
    compared = contenders(study)
    scores, folds = compared.scores[compared.best], compared.scores.shape[1]
    excess = expected_optimism(compared.sign * compared.values, residuals_of(compared.sign * compared.scores))
    reach = student_quantile(LEVEL, folds - 1) * corrected_standard_error(scores, folds - 1.0, 1.0)
    best = compared.best_value()
    corrected = best - compared.sign * excess
    return Optimism(best, corrected, corrected - reach, corrected + reach, excess,
                    compared.trials[compared.best].number, len(compared.trials), folds)


def residuals_of(scores: np.ndarray) -> np.ndarray:
    """The scores (n, k) without the means of the configurations and of the folds."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(centred - centred.mean(axis=0))


def expected_optimism(means: np.ndarray, residuals: np.ndarray, seed: int = 0) -> float:
    """By how much the largest of means (n,), whose noise is that of the residuals (n, k), is too high on average."""
    n, folds = residuals.shape
    if n < 2:
        return 0.0
    variance = selection_noise(residuals)
    reach = 2.0 * math.sqrt(2.0 * math.log(n))  # the distance of the largest of n normal numbers from the smallest
    near, truth = means >= means.max() - math.sqrt(variance) * reach, means.copy()
    truth[near] = shrunken_means(means[near], variance)
    rng, total, block = np.random.default_rng(seed), 0.0, max(1, AT_ONCE // n)
    for start in range(0, DRAWS, block):
        normal = rng.standard_normal((min(block, DRAWS - start), folds))
        normal -= normal.mean(axis=1, keepdims=True)
        weights = normal / (math.sqrt(folds) * np.linalg.norm(normal, axis=1, keepdims=True))
        drawn = weights @ residuals.T * math.sqrt(n / (n - 1))  # each row of weights sums to 0, its squares to 1 / k
        winners = (truth + drawn).argmax(axis=1)
        total += float(np.take_along_axis(drawn, winners[:, None], axis=1).sum())
    return max(0.0, total / DRAWS)


# The gain over another configuration ---------------------------------------------------------------------------------


def pair_noise(differences: np.ndarray) -> float:
    """Variance of the mean difference of two configurations on the same folds, pooled over several pairs.

    Formula [pair_noise]
        v = Σᵢ[Σₖ[(dᵢₖ − meanₖ[dᵢₖ])²]] / (#i · #k · max(#k − 1, 1))
    Where
        d: differences, (i, k), real, the scores of one configuration minus those of another, on each fold
    Returns
        v, a scalar >= 0 in squared units of the score.
    Variant
        For a single pair it is the square of [standard_error_of_mean].
    Source
        The paired t-test; pooling as in Scheffé (1959), section 3.1.
    Example
        >>> pair_noise(np.array([[0.0, 2.0]]))
        1.0
    """
    folds = differences.shape[1]
    centred = differences - differences.mean(axis=1)[:, None]
    return float(np.square(centred).sum() / (len(differences) * folds * max(folds - 1, 1)))


def difference_error(compared: Contenders, other: int) -> tuple[float, int]:
    """Standard error of the mean score of the best minus another configuration, and its degrees of freedom.

    It is pooled over the differences between the best configuration and each one of the better half of all. If the
    difference from the other configuration varies more over the folds, its own standard error is returned, with the
    degrees of freedom of the pooled one. Both are enlarged, as folds share training rows: [corrected_standard_error].
    """
    order = np.argsort(-compared.sign * compared.values, kind="stable")
    near = order[order != compared.best][: max(1, len(order) // 2)]
    scores, best = compared.scores, compared.scores[compared.best]
    pooled, own = pair_noise(best - scores[near]), pair_noise(best - scores[[other]])
    folds = scores.shape[1]
    return math.sqrt(max(pooled, own) * (1.0 + folds / (folds - 1.0))), len(near) * (folds - 1)


class Gain(NamedTuple):
    """The gain over the reference, >= 0 whatever the study's direction is, with its interval.

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


def gain(study: Any) -> Gain:
    """Estimate what tuning has gained over the default configuration or the median trial.

    The default is the configuration of trial 0 where that was enqueued; else the reference is the median trial, whose
    value is the middle one of all configurations. A TypeError or ValueError where no trial is complete, where scores of
    the folds are missing, or where there is only one configuration.
    """
    compared, winner = contenders(study), optimism(study)
    n = len(compared.trials)
    if n < 2:
        raise ValueError("study has one complete configuration; a gain needs at least two")
    kind, pairs = "default", n - 1
    other = compared.default
    if other is None:  # the median trial was chosen by its score, too
        other = int(np.argsort(compared.sign * compared.values, kind="stable")[(n - 1) // 2])
        kind, pairs = "median", n * (n - 1) // 2
    score = float(compared.values[other])
    observed = compared.sign * (winner.best - score)
    estimate, error, dof = 0.0, 0.0, 1
    if compared.best != other:
        estimate, (error, dof) = max(0.0, observed - winner.optimism), difference_error(compared, other)
    reach = student_quantile(1.0 - (1.0 - LEVEL) / pairs, dof) * error
    low, high = min(observed - reach, estimate), observed + reach
    return Gain(estimate, low, high, low > 0.0, kind, compared.trials[other].number, score, winner)


def verdict(study: Any, name: str = "score") -> str:
    """Say in one sentence whether the gain of tuning is real; ``name`` is what the value is, such as "accuracy".

    The gain is that of `gain`. ``study`` is a Study, or one read from a file, in any state.

    >>> from scratchtune.core.study import Study
    >>> verdict(Study({"x": [1, 2]}))
    'Nothing can be said yet: no trial has been run.'
    """
    check_study(study)
    states = [trial.state for trial in study.trials]
    if not states:
        return "Nothing can be said yet: no trial has been run."
    if "complete" not in states:
        counts = [f"{states.count(state):,} {state}" for state in ("failed", "stopped", "running") if state in states]
        return f"Nothing can be said yet: no trial of {len(states):,} is complete ({', '.join(counts)})."
    compared = contenders(study, with_scores=False)
    if len(compared.trials) == 1:
        return (f"No gain can be shown: only one configuration was evaluated completely, with the {name} "
                f"{compared.best_value():.4g}.")
    if not all(map(has_scores, compared.trials)):  # the best is known, its noise is not
        against = ""
        if compared.default not in (None, compared.best):
            against = f" (the default configuration had {compared.values[compared.default]:.4g})"
        repeated = repeats(study.trials, compared.trials[compared.best], study.space)
        return (f"The best {name} of {len(compared.trials):,} configurations is {compared.best_value():.4g}{against}, "
                f"but how much of it is luck can't be said, {said_repeats(repeated) or 'since each was evaluated once'}"
                ": evaluate the finalists again with other seeds, or use cross-validation.")
    try:
        found = gain(study)
    except ValueError as problem:  # such as a value that is not the mean of the scores
        return f"Whether the gain is real can't be said: {problem}."
    return _sentence_of(found, study.direction, name)


def _sentence_of(found: Gain, direction: str, name: str) -> str:
    winner, form = found.winner, ".4g"
    if winner.high > winner.low:  # enough decimals for three digits of the interval's width
        form = f".{min(max(2 - math.floor(math.log10(winner.high - winner.low)), 0), 12)}f"
    score, best, excess = (format(value, form) for value in (found.score, winner.best, winner.optimism))
    corrected, low, high = (format(value, form) for value in (winner.corrected, winner.low, winner.high))
    reference = "default" if found.reference == "default" else f"median of {winner.configurations:,} configurations"
    side = "high" if direction == "maximize" else "low"
    if found.of == winner.trial:
        return f"No gain can be shown: no configuration had a better {name} than the {reference}, {score}."
    observed = f"the best {name} seen, {best}, is probably {excess} too {side}"
    if float(excess) == 0.0:
        observed = f"the best {name} seen, {best}, is hardly too {side}"
    if not found.real:
        return (f"No gain can be shown: the best configuration, whose {name} on new data is about {corrected} (between "
                f"{low} and {high}, 95% interval), is not better than the {reference}, {score}, by more than "
                f"chance explains; {observed}.")
    verb = "raised" if direction == "maximize" else "lowered"
    return (f"Tuning {verb} the {name} from {score} ({reference}) to about {corrected} on new data (between {low} and "
            f"{high}, 95% interval); {observed}.")
