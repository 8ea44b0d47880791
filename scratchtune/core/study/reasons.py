"""Why a trial was proposed, in words."""

from __future__ import annotations

from scratchtune.core import checks
from scratchtune.core.search import Searcher
from scratchtune.core.study.best import said_constraints
from scratchtune.core.study.definition import Definition
from scratchtune.core.study.objectives import Objectives
from scratchtune.core.study.queue import enqueued_by
from scratchtune.core.study.stopping import in_words
from scratchtune.core.study.trial import Trial, is_lost, requests_of


def reason_of(definition: Definition, trial: Trial) -> str:
    """Explain in words why a trial was proposed, what does not follow from the proposal, and if it is feasible."""
    number, why, several = trial.number, trial.why, definition.objectives.several
    if number < definition.foreign:
        return definition.reasons[number]
    if trial.repeat_of is not None:
        reason = f"it repeats trial {trial.repeat_of}, a candidate that is confirmed by new values."
    elif why.get("enqueued"):
        reason = f"put into the queue by {enqueued_by(trial) or 'the user'}."
    elif is_lost(trial):
        reason = f"{why['lost']}; it is proposed again, and run, when the study is continued."
    elif "unplanned" in why:
        reason = f"no proposal, since {why['unplanned']}."
    else:
        reason = definition.searcher.explain(why)
        if "maximize" in definition.objectives.directions and "loss" in reason:
            reason = f"(A loss is minus the value{' of what is maximised' * several} here.) {reason}"
    requests = requests_of(trial)
    asked = "" if requests is None else requests.explanation()
    return f"Trial {number}: {reason}{asked}{in_words(why.get('halving', ()))}{said_constraints(trial)}"


def brief_reason(trial: Trial, reason: str, searcher: Searcher | None, objectives: Objectives, known: int) -> str:
    """Why a trial, one of so many ``known`` ones, was proposed, in one sentence with values instead of losses.

    ``reason`` is that of `reason_of`; its first sentence is used where the ``searcher`` has not proposed the trial, or
    is not known (None).
    """
    number, why = trial.number, trial.why
    if searcher is None or why.get("enqueued") or "unplanned" in why or is_lost(trial):
        clause = reason.removeprefix(f"Trial {number}: ").partition(". ")[0].removesuffix(".")
    else:
        clause = searcher.brief(why, 1.0 if objectives.several else objectives.sign)
    return f"Trial {number} (the {checks.ordinal(number + 1)} of {checks.counted(known, 'trial')}): {clause}."
