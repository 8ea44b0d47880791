"""What a searcher had seen when it proposed a trial, for the plots of its state.

A searcher's proposal depends on the earlier trials alone, so its state before any trial can be computed again. To
propose trial ``number`` it requires the values of the first ``needs(number)`` trials; those between are pending: only
their configurations are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from scratchtune.core import checks
from scratchtune.core.search import BayesianSearch, Hyperband, Result, Searcher, Seen, Space, SuccessiveHalving
from scratchtune.core.study import Study
from scratchtune.core.study.requests import completed
from scratchtune.core.study.study import core_of
from scratchtune.core.study.trial import (
    Trial,
    configuration,
    learned_space,
    proposal_of,
    requests_of,
    result_of,
    results_of,
)
from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable

MODELS = {"plot_posterior": ("gp", "Gaussian process"), "plot_densities": ("tpe", "Parzen estimator")}
UNKNOWN = "a searcher that is not known here"


class State(NamedTuple):
    """What a model proposes a trial from: the arguments of `Searcher.suggest`."""

    searcher: BayesianSearch
    space: Space
    seen: Seen
    pending: list[dict[str, Any]]
    number: int


def check_searcher(study: TrialTable, kinds: tuple[type[Searcher], ...], plot: str, reason: str) -> None:
    """Raise a ValueError where a study was searched by none of the ``kinds``, which the function ``plot`` needs.

    A searcher of another library or version is not known; its trials then have a ``reason`` of this name.
    """
    searcher = getattr(study, "searcher", None)
    has_reasons = not study.trials or any(reason in trial.why for trial in study.trials)
    if not isinstance(searcher, kinds) and not (searcher is None and has_reasons):
        raise ValueError(f"study was searched by {searcher or UNKNOWN}; {plot} needs "
                         f"{' or '.join(kind.__name__ for kind in kinds)}")


def model_of(study: TrialTable, plot: str) -> BayesianSearch:
    """Return the `BayesianSearch` of a study, or that which proposes the configurations of its `Hyperband`.

    A ValueError where there is none, or where the study, read from a file, lacks trials that its searcher has seen.
    """
    searcher = getattr(study, "searcher", None)
    inner = searcher.proposer if isinstance(searcher, (Hyperband, SuccessiveHalving)) else searcher
    if not isinstance(inner, BayesianSearch):
        raise ValueError(f"study was searched by {searcher or UNKNOWN}; {plot} needs BayesianSearch")
    if lacks_earlier(study):
        raise ValueError(f"study {study.name!r} has started from trials of another study, which its file lacks; {plot} "
                         "needs the Study itself, resumed with start_from")
    return inner


def lacks_earlier(study: TrialTable) -> bool:
    """Whether the searcher has seen trials of another study that are not known: a file has only those of its own."""
    return bool(getattr(study, "has_earlier", False))


def reasons_of(trial: Trial) -> dict[str, Any]:
    """The reasons of the model for a trial; a trial of `Hyperband` has those of its proposer under "proposed"."""
    proposed = trial.why.get("proposed", trial.why)
    return proposed if isinstance(proposed, dict) else {}


def proposed_by(study: TrialTable, plot: str, param: str | None, trial: int | None) -> Trial | None:
    """Return the trial that a plot shows: the one given, or for None the last one that its model has proposed, if any.

    ``plot`` is the name of the function, a key of `MODELS`. A ValueError where the study has no such model, the
    parameter is unknown, or the model has not proposed the trial.
    """
    model_of(study, plot)
    if param is not None:
        drawing.chosen_names(study, param, 1)
    model, name = MODELS[plot]
    numbers = [one.number for one in study.trials
               if reasons_of(one).get("model") == model and reasons_of(one).get("phase", "model") == "model"]
    if trial is None:
        return study.trials[numbers[-1]] if numbers else None
    if checks.integer("trial", trial, low=0) not in numbers:
        some = ", ".join(map(str, numbers[:3])) + (f", ..., {numbers[-1]}" if len(numbers) > 3 else "")
        has = f"it must be one of {some}" if numbers else "it has proposed no trial of this study"
        raise ValueError(f"trial is {trial}, which was not proposed by a {name}; {has}")
    return study.trials[trial]


def seen_of(study: TrialTable, trial: Trial) -> tuple[Seen, list[Trial]]:
    """What the searcher of the study saw when it proposed a trial, and the trials that were pending; no repeats."""
    searcher, before = getattr(study, "searcher", None) or Searcher(), study.trials[: trial.number]
    searched = [one for one in before if one.repeat_of is None]
    sign, needs = 1.0 if study.direction == "minimize" else -1.0, searcher.needs(len(searched))
    earlier = core_of(study).definition.earlier if isinstance(study, Study) else ()
    return Seen(results_of(before, sign)[:needs], earlier, seed=getattr(study, "seed", 0)), searched[needs:]


def before(study: TrialTable, trial: Trial) -> State:
    """The state from which a trial of the study was proposed."""
    searcher: Any = getattr(study, "searcher", None)
    seen, waiting = seen_of(study, trial)
    pending = [_proposed(study, one) for one in waiting]
    known = study.trials[: trial.number - len(pending)]
    if requests_of(trial) is not None and repr(learned_space(known)) != repr(study.space):
        raise ValueError(
            f"trial {trial.number} was proposed before the study {study.name!r} knew its whole space, which it learns "
            "from the trials; give a later trial")
    if isinstance(searcher, BayesianSearch):
        return State(searcher, study.space, seen, pending, len(seen.own) + len(pending))
    new = [_proposed(study, one) for one in study.trials[: trial.number] if one.parent is None]
    why = reasons_of(trial)
    recorded = why.get("branch", why).get("pending", len(pending))
    if recorded != len(pending):  # the first proposal was known already
        pending = [*pending, *new]
    return State(model_of(study, "this plot"), study.space, searcher.seen_by_model(study.space, seen), pending,
                 len(new))


def _proposed(study: TrialTable, trial: Trial) -> dict[str, Any]:
    """The configuration of a pending trial: what was proposed, completed from its seed where the trial requests it."""
    proposed = proposal_of(trial)
    return proposed if requests_of(trial) is None else completed(study.space, proposed, trial.seed)


def after(study: TrialTable, trial: Trial) -> State:
    """The state of `before`, with the outcome of the trial itself; a running one is added to the pending ones."""
    state = before(study, trial)
    if trial.state == "running":
        return state._replace(pending=[*state.pending, configuration(trial)], number=state.number + 1)
    result = result_of(trial, 1.0 if study.direction == "minimize" else -1.0)
    seen = Seen([*state.seen.own, result], state.seen.earlier, seed=state.seen.seed)
    return state._replace(seen=seen, number=state.number + 1)


def linked(artist: Any, state: State, results: Sequence[Result]) -> Any:
    """Note an artist's trials by `drawing.of_trials`, unless some are of an earlier study, whose numbers recur here."""
    return artist if state.seen.earlier else drawing.of_trials(artist, [result.number for result in results])
