"""The trials of a study that can be compared, and their scores on the folds of cross-validation as one table.

The trials of several studies over one space are gathered as those of one: the best of several studies is the best of
all their trials, so its optimism is that of all of them together.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.insight.drawing import TrialTable
from scratchtune.search import Space
from scratchtune.study import Trial
from scratchtune.study.best import best_first, of_largest_budget


class Contenders(NamedTuple):
    """The trials that may be the best one, (n,), and their scores on the folds, (n, k), in the study's direction.

    They are complete and of the largest budget; of several trials with one configuration there is only the first, or
    the study's best trial. ``sign`` times a value is larger for a better one. ``scores`` is (n, 0) where they were not
    requested.
    """

    trials: list[Trial]
    scores: np.ndarray
    sign: float

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


def is_study(given: Any) -> bool:
    """Whether it has what is read of a study: space, direction and trials."""
    return all(hasattr(given, name) for name in ("space", "direction", "trials"))


def contenders(study: Any, with_scores: bool = True) -> Contenders:
    """Return the trials of a study that can be compared.

    Raises
        TypeError where it is no study; ValueError where no trial is complete or, with ``with_scores``, where a trial
        lacks the score of a fold, where there are fewer than two folds, or where the value is not the scores' mean.
    """
    if not is_study(study):
        raise TypeError(f"study is {study!r}; it must be a Study, or one that was read from a file")
    one_of: dict[Any, Trial] = {}  # each configuration
    for trial in [*best_first(study.trials, study.direction)[:1], *of_largest_budget(study.trials)]:
        one_of.setdefault(study.space.key(trial.shared_params), trial)
    if not one_of:
        raise ValueError(f"no trial of {len(study.trials)} is complete; at least one must be")
    trials = sorted(one_of.values(), key=lambda trial: trial.number)
    scores = _scores(trials) if with_scores else np.empty((len(trials), 0))
    return Contenders(trials, scores, 1.0 if study.direction == "maximize" else -1.0)


def has_scores(trial: Trial) -> bool:
    """Whether a trial has finite scores of at least two folds."""
    return trial.scores is not None and len(trial.scores) > 1 and all(score is not None for score in trial.scores)


def have_fold_scores(study: TrialTable) -> bool:
    """Whether a trial is complete, and all that can be compared have scores of the folds."""
    compared = of_largest_budget(study.trials)
    return bool(compared) and all(map(has_scores, compared))


def _scores(trials: list[Trial]) -> np.ndarray:
    for trial in trials:
        if not has_scores(trial):
            found = "no score of a fold" if not trial.scores else f"the scores {trial.scores} of the folds"
            raise ValueError(
                f"trial {trial.number} has {found}; every complete trial must have a score of each of at least two "
                "folds, as from run_folds or a search with cross-validation. Without them give noise, the "
                "standard deviation of a value over repeated evaluations")
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
    """Gather the complete trials, of each study's largest budget; the studies have the same space and folds.

    Raises
        ValueError where a study has no complete trial.
    """
    trials: list[Trial] = []
    for study in studies:
        for trial in contenders(study, with_scores=False).trials:
            copied = copy.copy(trial)
            copied.number, copied.given_budget, copied.parent, copied.why = len(trials), None, None, {}
            trials.append(copied)
    return Gathered(studies[0].space, studies[0].direction, trials)
