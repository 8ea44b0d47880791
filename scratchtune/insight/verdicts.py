"""The gain of tuning over the default configuration, or over the median trial: its interval, and a sentence about it.

The best configuration is the best of n, so its difference from the reference is the largest of n - 1 differences. The
interval is therefore one of n - 1 intervals that contain the true differences all together with the stated probability:
each has the error rate (1 - level) / (n - 1), which is Bonferroni's correction. (The median trial is found by the
scores as well, so there all n (n - 1) / 2 pairs count.) The standard error is that of folds that share training rows,
as in `optimism` and `compare`. The estimate of the gain is corrected for the optimism of the best score.

Implements sections 8.2 and 9.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.student import student_quantile
from scratchtune.insight.fold_scores import contenders, has_scores, is_study
from scratchtune.insight.winners_curse import Optimism, difference_error, optimism
from scratchtune.study import Trial
from scratchtune.study.best import repeats, said_repeats


class Gain(NamedTuple):
    """The gain over the reference, >= 0 whatever the study's direction is, with an interval at ``level``.

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


def gain(study: Any, level: float = 0.95) -> Gain:
    """Estimate what tuning has gained over the default configuration or the median trial.

    The default is trial 0 where it was enqueued and is complete; else the reference is the median trial, whose value is
    the middle one of all configurations.

    Raises
        TypeError or ValueError where no trial is complete, where scores of the folds are missing, or where there is
        only one configuration.
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    compared, winner = contenders(study), optimism(study, level)
    n = len(compared.trials)
    if n < 2:
        raise ValueError("study has one complete configuration; a gain needs at least two")
    kind, other, pairs = "default", 0, n - 1
    if not _is_default(compared.trials[0]):  # the median trial was chosen by its score, too
        other = int(np.argsort(compared.sign * compared.values, kind="stable")[(n - 1) // 2])
        kind, pairs = "median", n * (n - 1) // 2
    score = float(compared.values[other])
    observed = compared.sign * (winner.best - score)
    estimate, error, dof = 0.0, 0.0, 1
    if compared.best != other:
        estimate, (error, dof) = max(0.0, observed - winner.optimism), difference_error(compared, other)
    reach = student_quantile(1.0 - (1.0 - level) / pairs, dof) * error
    low, high = min(observed - reach, estimate), observed + reach
    return Gain(estimate, low, high, low > 0.0, kind, compared.trials[other].number, score, winner)


def _is_default(trial: Trial) -> bool:
    """Whether it is the configuration that the user has put first into the queue."""
    return trial.number == 0 and bool(trial.why.get("enqueued"))


# In words ------------------------------------------------------------------------------------------------------------


def verdict(study: Any, name: str = "score", level: float = 0.95) -> str:
    """Say in one sentence whether the gain of tuning is real; ``name`` is what the value is, such as "accuracy".

    The gain is that over the default configuration, which is trial 0 if it was enqueued, else over the median trial.
    ``study`` is a Study, or one read from a file, in any state.

    >>> from scratchtune.study import Study
    >>> verdict(Study({"x": [1, 2]}))
    'Nothing can be said yet: no trial has been run.'
    """
    if not is_study(study):
        raise TypeError(f"study is {study!r}; it must be a Study, or one that was read from a file")
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
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
        default, against = compared.trials[0], ""
        if _is_default(default) and compared.best != 0:
            against = f" (the default configuration had {default.value:.4g})"
        repeated = repeats(study.trials, compared.trials[compared.best], study.space)
        return (f"The best {name} of {len(compared.trials):,} configurations is {compared.best_value():.4g}{against}, "
                f"but how much of it is luck can't be said, {said_repeats(repeated) or 'since each was evaluated once'}"
                ": evaluate the finalists again with other seeds, or use cross-validation.")
    try:
        found = gain(study, level=level)
    except ValueError as problem:  # such as a value that is not the mean of the scores
        return f"Whether the gain is real can't be said: {problem}."
    return _of_gain(found, study.direction, name)


def _of_gain(found: Gain, direction: str, name: str) -> str:
    winner, form = found.winner, ".4g"
    if winner.high > winner.low:  # enough decimals for three digits of the interval's width
        form = f".{min(max(2 - math.floor(math.log10(winner.high - winner.low)), 0), 12)}f"
    score, corrected, best, low, high, excess = (format(value, form) for value in (
        found.score, winner.corrected, winner.best, winner.low, winner.high, winner.optimism))
    reference = "default" if found.reference == "default" else f"median of {winner.configurations:,} configurations"
    level, side = f"{100.0 * winner.level:.4g}%", "high" if direction == "maximize" else "low"
    if found.of == winner.trial:
        return f"No gain can be shown: no configuration had a better {name} than the {reference}, {score}."
    observed = f"the best {name} seen, {best}, is probably {excess} too {side}"
    if float(excess) == 0.0:
        observed = f"the best {name} seen, {best}, is hardly too {side}"
    if not found.real:
        return (f"No gain can be shown: the best configuration, whose {name} on new data is about {corrected} (between "
                f"{low} and {high}, {level} interval), is not better than the {reference}, {score}, by more than "
                f"chance explains; {observed}.")
    verb = "raised" if direction == "maximize" else "lowered"
    return (f"Tuning {verb} the {name} from {score} ({reference}) to about {corrected} on new data (between {low} and "
            f"{high}, {level} interval); {observed}.")
