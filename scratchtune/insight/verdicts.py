"""The verdict: one sentence that says whether tuning has gained something, how much, and how certain that is.

Implements sections 8.2 and 9.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any

from scratchtune import checks
from scratchtune.insight.fold_scores import Contenders, contenders, has_scores, is_study
from scratchtune.insight.gains import Gain, gain, is_default


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
    if "complete" not in states:
        return _without_result(states)
    compared = contenders(study, with_scores=False)
    if len(compared.trials) == 1:
        return (f"No gain can be shown: only one configuration was evaluated completely, with the {name} "
                f"{compared.best_value():.4g}.")
    if not all(map(has_scores, compared.trials)):
        return _without_folds(compared, name)
    try:
        found = gain(study, level=level)
    except ValueError as problem:  # such as a value that is not the mean of the scores
        return f"Whether the gain is real can't be said: {problem}."
    return _of_gain(found, study.direction, name)


def _without_result(states: list[str]) -> str:
    if not states:
        return "Nothing can be said yet: no trial has been run."
    counts = [f"{states.count(state):,} {state}" for state in ("failed", "stopped", "running") if state in states]
    return f"Nothing can be said yet: no trial of {len(states):,} is complete ({', '.join(counts)})."


def _without_folds(compared: Contenders, name: str) -> str:
    """What can be said where each configuration has a single value: the best is known, its noise is not."""
    best, first = compared.best_value(), compared.trials[0]
    against = ""
    if is_default(first) and compared.best != 0:
        against = f" (the default configuration had {first.value:.4g})"
    return (f"The best {name} of {checks.counted(len(compared.trials), 'configuration')} is {best:.4g}{against}, but "
            "how much of it is luck can't be said, since each was evaluated once: evaluate the finalists again with "
            "other seeds, or use cross-validation.")


def _of_gain(found: Gain, direction: str, name: str) -> str:
    form = _form(found.winner.high - found.winner.low)
    score, corrected, best = (format(value, form) for value in (found.score, found.winner.corrected, found.winner.best))
    low, high, excess = (format(value, form) for value in (
        found.winner.low, found.winner.high, found.winner.optimism))
    median = f"median of {found.winner.configurations:,} configurations"
    reference = "default" if found.reference == "default" else median
    level, side = f"{100.0 * found.winner.level:.4g}%", "high" if direction == "maximize" else "low"
    if found.of == found.winner.trial:
        return (f"No gain can be shown: no configuration had a better {name} than the {reference}, {score}.")
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


def _form(width: float) -> str:
    """Enough decimals for three digits of an interval's width."""
    if not width > 0.0:
        return ".4g"
    decimals = 2 - math.floor(math.log10(width))
    return f".{min(decimals, 12)}f" if decimals >= 0 else ".0f"
