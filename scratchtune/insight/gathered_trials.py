"""Trials gathered for one verdict: a study's with a default that was evaluated outside it, or those of several studies.

The best of several studies is the best of all their configurations, so its optimism is that of all of them together.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchtune.insight.fold_scores import contenders, has_scores
from scratchtune.insight.study_like import StudyLike
from scratchtune.search import Space, Suggestion
from scratchtune.study import Trial
from scratchtune.study.context import DetachedContext


class Gathered(NamedTuple):
    """Copies of the trials that can be compared, numbered from 0, without budgets; it is read as a study is."""

    space: Space
    direction: str
    trials: list[Trial]


def gathered(studies: Sequence[StudyLike], default: Sequence[float] | None = None) -> Gathered:
    """Gather the complete trials, of each study's largest budget; the studies have the same space and folds.

    ``default`` are the scores of the default configuration on these folds. It becomes trial 0.

    Raises
        ValueError where a study has no complete trial.
    """
    trials = [] if default is None else [_default_trial(default)]
    for study in studies:
        for trial in contenders(study, with_scores=False).trials:
            copied = copy.copy(trial)
            copied.number, copied.given_budget, copied.parent, copied.why = len(trials), None, None, {}
            trials.append(copied)
    return Gathered(studies[0].space, studies[0].direction, trials)


def have_fold_scores(study: StudyLike) -> bool:
    """Whether a trial is complete, and all that can be compared have scores of the folds."""
    if not any(trial.state == "complete" and trial.value is not None for trial in study.trials):
        return False
    return all(map(has_scores, contenders(study, with_scores=False).trials))


def _default_trial(scores: Sequence[float]) -> Trial:
    trial = Trial(DetachedContext(0, None, None, [], 1.0), 0, Suggestion({}, {"enqueued": True}, None, None))
    trial.state = trial.finish(float(np.mean(scores)), "complete")
    trial.scores = list(scores)
    return trial
