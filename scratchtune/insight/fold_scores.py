"""The scores of a study's trials on the folds of cross-validation, as one table of the trials that can be compared.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.study import Trial


class Contenders(NamedTuple):
    """The trials that may be the best one, (n,), and their scores on the folds, (n, k), in the study's direction.

    They are complete and have the largest budget; of several trials with one configuration there is only the first.
    ``sign`` times a value is larger for a better one. ``scores`` is (n, 0) where they were not requested.
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
        """The index of the first trial of the best value."""
        return int((self.sign * self.values).argmax())

    def best_value(self) -> float:
        """The best value."""
        return float(self.values[self.best])

    def best_scores(self) -> np.ndarray:
        """The best trial's scores, (k,)."""
        return np.asarray(self.scores[self.best])


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
    complete = [trial for trial in study.trials if trial.state == "complete" and trial.value is not None]
    if not complete:
        raise ValueError(f"no trial of {len(study.trials)} is complete; at least one must be")
    budgets = [trial.budget for trial in complete if trial.budget is not None]
    if budgets:
        complete = [trial for trial in complete if trial.budget == max(budgets)]
    first: dict[Any, Trial] = {}
    for trial in complete:
        first.setdefault(study.space.key(trial.shared_params), trial)
    trials = list(first.values())
    scores = _scores(trials) if with_scores else np.empty((len(trials), 0))
    return Contenders(trials, scores, 1.0 if study.direction == "maximize" else -1.0)


def has_scores(trial: Trial) -> bool:
    """Whether a trial has finite scores of at least two folds."""
    return trial.scores is not None and len(trial.scores) > 1 and all(score is not None for score in trial.scores)


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
    values = np.array([trial.value for trial in trials], dtype=np.float64)
    wrong = np.flatnonzero(~np.isclose(scores.mean(axis=1), values, rtol=1e-6, atol=1e-9 * float(np.abs(scores).max())))
    if len(wrong):
        trial = trials[wrong[0]]
        raise ValueError(f"trial {trial.number} has the value {trial.value:g}, and the mean score of its folds is "
                         f"{scores[wrong[0]].mean():g}; the value must be the mean of the scores")
    return scores
