"""Would a stopped trial have become the best? Trials that ended early are trained to the end; the study is unchanged.

Two kinds of trials end early: those that a stopping rule ended, and those that successive halving gave a small budget
and did not promote. The first are evaluated again from the beginning, with the same configuration and seed, and no rule
stops them. The others are continued with the largest budget.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.evaluation.parallel import in_order, number_of_workers
from scratchtune.search import Suggestion
from scratchtune.streams import aligned
from scratchtune.study.best import best_first
from scratchtune.study.core import Core
from scratchtune.study.progress import Progress
from scratchtune.study.requests import Requests
from scratchtune.study.trial import Outcome, Trial, View, evaluate, proposal_of, requests_of


class FinishedTrial(NamedTuple):
    """A trial that had ended early, and what became of it.

    ``reports`` are the values that it reported in the study until it ended there, with those of its ancestors before
    them; ``later`` are the values reported in the evaluation to the end. ``value`` is its value in the study, and
    ``final`` that at the end, None where the objective failed; then ``error`` says why. ``wins`` is True if ``final``
    is better than the study's best value. ``repeats`` is False where the objective reported other values than in the
    study for the same steps: it then depends on more than the trial's params and seed.
    """

    number: int
    params: dict[str, Any]
    budget: float | None
    value: float | None
    final: float | None
    reports: dict[int, float]
    later: dict[int, float]
    wins: bool
    repeats: bool
    error: str | None


class FinishedTrials(NamedTuple):
    """The trials that were finished, in order of number; its text is a table, after a sentence that sums it up.

    ``best_number``, ``best_value`` and ``best_reports`` are those of the study's best trial.
    """

    name: str
    direction: str
    best_number: int
    best_value: float
    best_reports: dict[int, float]
    trials: list[FinishedTrial]

    def __str__(self) -> str:
        if not self.trials:
            return f"No trial of the study {self.name!r} ended early."
        winners = [str(trial.number) for trial in self.trials if trial.wins]
        of = f"{len(winners)} of {checks.counted(len(self.trials), 'trial')} that ended early"
        lines = [f"{of} would have been better than the best value {self.best_value:.6g} of trial {self.best_number}"
                 + (f": {', '.join(winners)}." if winners else ".")]
        rows = [["trial", "budget", "last step", "value", "at the end", "note"]]
        for trial in self.trials:
            step = str(max(trial.reports)) if trial.reports else ""
            budget, value, final = (
                "" if one is None else f"{one:.6g}" for one in (trial.budget, trial.value, trial.final))
            rows.append([str(trial.number), budget, step, value, final, _note(trial)])
        return "\n".join([*lines, *aligned(rows, left=[5])])


def _note(trial: FinishedTrial) -> str:
    if trial.error is not None:
        return f"failed: {trial.error}"
    notes = ["better than the best"] * trial.wins + ["its reports differ from those in the study"] * (not trial.repeats)
    return "; ".join(notes)


def ended_early(trials: Sequence[Trial], max_budget: float | None) -> list[int]:
    """The numbers of the trials that a rule has stopped, or that have less than ``max_budget`` and no successor."""
    parents = {trial.parent for trial in trials}
    return [trial.number for trial in trials if trial.state == "stopped" or (
        max_budget is not None and trial.state == "complete" and trial.budget is not None
        and trial.budget < max_budget and trial.number not in parents)]


def finish_stopped(
    core: Core, objective: Callable[[Trial], Any], numbers: Iterable[int] | None, n_jobs: int, progress: bool,
) -> FinishedTrials:
    """Evaluate trials that ended early to their end; see `Study.finish_stopped`."""
    if not callable(objective):
        raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
    workers, objectives = number_of_workers(n_jobs), core.definition.objectives
    with core.locked():
        trials = list(core.trials)
    if objectives.several:
        raise objectives.no_single("best value to compare with", "no stopping rule ends its trials")
    ranked = best_first(trials, objectives.direction)
    if not ranked:
        raise ValueError(f"no trial of {len(trials)} is complete, so there is no best value to compare with")
    best, best_value = ranked[0], float(ranked[0].value or 0.0)
    max_budget = getattr(core.definition.searcher, "max_budget", None)
    early = ended_early(trials, max_budget)
    chosen = early if numbers is None else _checked(numbers, early)
    shown = Progress(len(chosen), "trial", workers, bool(progress))

    def finish(number: int) -> FinishedTrial:
        again = _again(trials, trials[number], max_budget)
        outcome = evaluate(objective, again)
        shown.done(outcome.seconds or 0.0)
        return _compared(trials, again, outcome, best_value, objectives.sign)

    try:
        found = in_order(finish, chosen, workers)
    finally:
        shown.close()
    return FinishedTrials(
        core.definition.name, objectives.direction, best.number, best_value, reports_of(trials, best), found)


def _checked(numbers: Iterable[int], early: list[int]) -> list[int]:
    chosen = [checks.integer("numbers", number) for number in numbers]
    for number in chosen:
        if number not in early:
            known = ", ".join(map(str, early[:20])) + ", ..." * (len(early) > 20)
            raise ValueError(f"numbers holds {number}; it must hold trials that ended early, of {known or 'none'}")
    return sorted(set(chosen))


def _again(trials: Sequence[Trial], trial: Trial, max_budget: float | None) -> Trial:
    """A stopped trial from its beginning; one that was not promoted as if it were, with the largest budget."""
    parent, budget = (trial.parent, trial.budget) if trial.state == "stopped" else (trial.number, max_budget)
    proposed, before = Suggestion(proposal_of(trial), dict(trial.why), budget, parent), requests_of(trial)
    view = View(trial.seed, saved=None if parent is None else trials[parent].saved)
    requests = None if before is None else Requests(before.proposed, before.is_enqueued)
    return Trial(view, trial.number, proposed, requests)


def _compared(
    trials: Sequence[Trial], again: Trial, outcome: Outcome, best_value: float, sign: float,
) -> FinishedTrial:
    before = trials[again.number]
    final = None if outcome.values is None else outcome.values[0]
    wins = final is not None and sign * final < sign * best_value
    repeats = before.state != "stopped" or outcome.error is not None or all(
        outcome.reports.get(step) == value for step, value in before.reports.items())
    return FinishedTrial(
        before.number, before.params, again.given_budget, before.value, final, reports_of(trials, before),
        outcome.reports, wins, repeats, outcome.error)


def reports_of(trials: Sequence[Trial], trial: Trial) -> dict[int, float]:
    """A trial's reports after those of its ancestors."""
    earlier = {} if trial.parent is None else reports_of(trials, trials[trial.parent])
    return earlier | trial.reports
