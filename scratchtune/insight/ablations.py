"""The ablation path: from a default configuration to the best one, one hyper-parameter after the other.

At each step every hyper-parameter that still differs is set to the value of the best configuration, one at a time, and
the change with the best mean is kept. So the path shows which changes the gain over the default is due to, and which do
nothing. There may be many that do nothing, since a searcher has to propose a value for every hyper-parameter.

What a change gains depends on the changes before it. Therefore each change is also made alone, on the default.

Two errors are avoided. The best of several means is too good on average, so some seeds choose the order, and others
measure the gains. And a difference may be due to chance, so each gain has an interval. All configurations are trained
with the same seeds, and a gain is the mean of paired differences. The interval includes the randomness that the
objective derives from ``trial.seed``, such as the initial weights and the order of the rows. If all trainings use the
same rows, it does not include that other rows might have been drawn.

Source: Fawcett and Hoos (2016), "Analysing differences between algorithm configurations through ablation".

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.ablation_path import AblationPath, Change, PairedGain, gain_of, mean_of
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.reevaluation import Evaluations, FailedEvaluationWarning, Params, fresh_seeds
from scratchtune.search import Categorical, Space
from scratchtune.search.space import same
from scratchtune.streams import shown_params, visible
from scratchtune.study import Trial
from scratchtune.study.best import best_first


def ablation(
    study: TrialTable, objective: Callable[[Trial], Any], seeds: int = 5, default: Mapping[str, Any] | None = None,
    n_jobs: int = 1, target: Mapping[str, Any] | None = None, choosing: int = 2, progress: bool = True,
) -> AblationPath:
    """Find the path from a default to the best configuration, and measure each change over ``seeds`` seeds.

    ``default`` is the configuration to begin with, None for trial 0 if it was enqueued; its numbers may be outside of
    their ranges. ``target`` is the one to end with, None for that of the study's best trial.

    ``choosing`` other seeds choose the order of the changes, and the ``seeds`` measure the path and each change alone.
    No trial of the study had one of these seeds. The objective is called as by `reevaluate`.

    A parameter that a change makes appear takes the target's value, as a part of this change; one whose condition no
    longer holds disappears with it. A change that the constraint excludes is tried again after the next step; where no
    single change is possible, all that are left are made at once.

    If d values differ, there are up to (d (d + 1) / 2 - 1) · choosing + 2 d · seeds trainings; the number is printed
    before they begin. A failed training, by an exception or a value that is no finite number, leaves its seed out of
    the gains that need it, and a `FailedEvaluationWarning` says so. A candidate with fewer failures is preferred to one
    with a better mean. The path is the same whatever ``n_jobs``, the number of threads, is.

    Raises
        TypeError or ValueError where an argument is not valid, or the study has no complete trial; RuntimeError where
        all trainings of the default or of the target fail.

    >>> from scratchtune.study import Study
    >>> study = Study({"a": [0, 1], "b": [0, 1]}, searcher="grid", direction="maximize")
    >>> objective = lambda trial: 2.0 * trial.params["a"] + trial.params["b"]
    >>> path = ablation(study.run(objective, progress=False), objective, default={"a": 0, "b": 0}, progress=False)
    >>> [(change.label, change.gain.mean) for change in path.steps]
    [('a', 2.0), ('b', 1.0)]
    """
    trainings = Evaluations(study, objective, n_jobs)
    seeds, choosing = checks.integer("seeds", seeds, low=2), checks.integer("choosing", choosing, low=1)
    start, end = _default(study, default), _target(study, target)
    d = len(_candidates(study.space, start, end))
    most = max((d * (d + 1) // 2 - 1) * choosing + 2 * d * seeds, 0)  # the last step has one candidate, the target
    headline = f"ablation path: {checks.counted(d, 'value')} to change, at most {most:,} trainings"
    drawn = fresh_seeds(study, seeds + choosing)
    with trainings.announced(most, "training", progress, headline):
        if d == 0:
            return AblationPath(study.direction, np.empty(0), [], [], PairedGain(0.0, 0.0, 0.0, 0))
        for name, params in {"default": start, "target": end}.items():
            trainings.run([params], drawn[:seeds])
            errors = trainings.errors_of(params)
            if None not in errors:
                raise RuntimeError(f"all {seeds} trainings of the {name}, {shown_params(params)}, failed, the first "
                                   f"with {errors[0]}; an ablation path needs values at both ends")
        path = _greedy_path(trainings, study, start, end, drawn[seeds:])
        return _measured(trainings, study, path, drawn[:seeds])


# The two ends --------------------------------------------------------------------------------------------------------


def _default(study: TrialTable, given: Mapping[str, Any] | None) -> Params:
    """The configuration to begin with, a point of the space without the constraint; numbers may be out of range."""
    if given is None:
        if not study.trials or not study.trials[0].why.get("enqueued"):
            raise ValueError("default is None, and trial 0 was not enqueued; give the configuration to begin with as "
                             "default, or enqueue it before the search")
        return study.trials[0].params
    if not isinstance(given, Mapping):
        raise TypeError(f"default is {given!r}; it must be a dict from names to values")
    space = study.space
    parents = {parent for condition in space.conditions.values() for parent in condition}
    outside = {}
    for name, value in given.items():
        parameter = space.parameters.get(name)
        if parameter is None or isinstance(parameter, Categorical) or name in parents:
            continue
        number = checks.real(name, value)
        if not parameter.low <= number <= parameter.high:
            outside[name] = value.item() if isinstance(value, np.generic) else value
    inside = {name: space.parameters[name].from_unit(0.0) if name in outside else value
              for name, value in given.items()}
    return _checked("default", Space(space.parameters), inside) | outside


def _target(study: TrialTable, given: Mapping[str, Any] | None) -> Params:
    """The configuration to end with."""
    if given is not None:
        return _checked("target", study.space, given)
    ranked = best_first(study.trials, study.direction)
    if not ranked:
        raise ValueError(f"study has no complete trial among {checks.counted(len(study.trials), 'trial')}; an ablation "
                         "path leads to the best one")
    return ranked[0].params


def _checked(argument: str, space: Space, params: Mapping[str, Any]) -> Params:
    try:
        return space.check(params)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{argument}: {error}") from None


# The path ------------------------------------------------------------------------------------------------------------


def _candidates(space: Space, here: Params, target: Params) -> list[Params]:
    """The configurations that one change leads to, in the order of the space; the target if no change is possible."""
    left = [name for name in here if name in target and not same(here[name], target[name])]
    changed = [_changed(space, here, target, name) for name in left]
    possible = [params for params in changed if params is not None and space.allows(params)]
    return possible or [target][: len(left)]


def _changed(space: Space, here: Params, target: Params, name: str) -> Params | None:
    """``here`` with the target's value of one parameter, and what appears or disappears with it.

    None if a parameter appears that neither configuration has.
    """
    params: Params = {}
    for each in space.names:
        if space.is_active(each, params):
            source = target if each == name or each not in here else here
            if each not in source:
                return None
            params[each] = source[each]
    return params


def _greedy_path(
    trainings: Evaluations, study: TrialTable, start: Params, target: Params, seeds: Sequence[int],
) -> list[Params]:
    """The configurations of the path; each next one is the candidate with the best mean over the seeds."""
    def rank(params: Params) -> tuple[int, float]:
        values = trainings.values(params, seeds)
        loss = mean_of(values) * (1.0 if study.direction == "minimize" else -1.0)
        return int(np.isnan(values).sum()), 0.0 if math.isnan(loss) else loss  # failures first

    path = [start]
    while candidates := _candidates(study.space, path[-1], target):
        if len(candidates) > 1:
            trainings.run(candidates, seeds)
        path.append(min(candidates, key=rank))
    return path


def _measured(trainings: Evaluations, study: TrialTable, path: list[Params], seeds: Sequence[int]) -> AblationPath:
    """Measure the gains of the steps of a path, and of the first step's candidates."""
    alone = _candidates(study.space, path[0], path[-1])
    trainings.run([*path, *alone], seeds)
    values = [trainings.values(params, seeds) for params in path]

    def change(before: Params, after: Params) -> Change:
        values = trainings.values(after, seeds)
        gain = gain_of(trainings.values(before, seeds), values, study.direction)
        return Change(_differing(study.space, before, after), before, after, values, gain)

    steps = [change(*pair) for pair in zip(path[:-1], path[1:], strict=True)]
    single = [change(path[0], params) for params in alone]
    total = gain_of(values[0], values[-1], study.direction)
    return AblationPath(study.direction, values[0], steps, single, total, trainings.count, _notes(trainings, values))


def _notes(trainings: Evaluations, path: Sequence[np.ndarray]) -> list[str]:
    """Sentences on what limits the result, given the values along the path; a warning if trainings failed."""
    notes = []
    if errors := trainings.errors:
        notes.append(f"{len(errors):,} of {trainings.count:,} trainings failed, the first with {visible(errors[0])}; a "
                     "gain leaves out the seeds that it lacks, so the gains need not add up to the total.")
        checks.warn(notes[0], FailedEvaluationWarning)
    known = [values[~np.isnan(values)] for values in path]
    if all(len(values) > 1 and np.ptp(values) == 0.0 for values in known):
        notes.append("Each configuration has the same value for all seeds: the objective does not use trial.seed, "
                     "so the intervals are empty and say nothing.")
    return notes


def _differing(space: Space, a: Params, b: Params) -> tuple[str, ...]:
    """The names of the parameters that differ, parents first."""
    return tuple(name for name in space.names
                 if (name in a) != (name in b) or (name in a and not same(a[name], b[name])))
