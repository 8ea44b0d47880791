"""Time travel: a study as it was before one of its trials, and forks, which continue from there in another way.

A trial is proposed from the space, the searcher, the seed, and the trials before it alone. So a study that begins with
copies of the first k trials, and has the same arguments, proposes trial k and all later ones as the original does.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.search import Result, Searcher, Space, as_searcher
from scratchtune.search.searcher import fixed_as
from scratchtune.study.core import Core, Start, reason_of
from scratchtune.study.definition import Copied, Definition, is_open, refuse_without_space
from scratchtune.study.objectives import check_several
from scratchtune.study.stopping import as_stopping
from scratchtune.study.trial import Trial, result_of

SAME = "same"  # of arguments for which None has a meaning of its own


class Changes(NamedTuple):
    """The arguments in which a fork differs from its study, as `Study.fork` describes them."""

    searcher: str | Searcher | None = None
    seed: int | None = None
    space: Any = None
    constraint: Any = SAME
    stopping: Any = SAME


def fork(
    core: Core, k: int, changes: Changes, name: str | None = None, storage: str | os.PathLike[str] | None = None,
) -> Core:
    """Make the core of a study that continues from the first ``k`` trials of another one; see `Study.fork`.

    ``name`` None is the study's own.
    """
    old, new = core.definition, _changed(core.definition, changes)
    new = new if name is None else new._replace(name=name)
    _refuse_itself(core, new.name, storage)
    with core.locked():
        trials, later = list(core.trials), core.queue.by_number(core.trials)
        k = checks.integer("k", k, low=0, high=len(trials))
        results = [result_of(trial, old.objectives.sign) for trial in trials[:k] if trial.state != "running"]
    trials, later = trials[:k], {number: params for number, params in later.items() if number >= k}
    if _proposes_alike(old, new):
        return Core(new._replace(copied=_copied(old, trials, min(k, old.foreign))), storage, Start(trials, later))
    if len(_in_space(new.space, results)) == len(results) and _is_scheduled(new.searcher, results):
        new = new._replace(copied=_copied(old, trials, k), earlier=_in_space(new.space, old.earlier))
        return Core(new, storage, Start(trials, _enqueued_in(new, later)))
    if is_open(new.space):  # its parameters are those that its own trials request; it can't be loaded with others
        raise ValueError(f"searcher is {new.searcher!r}, and the first {checks.counted(k, 'trial')} do not follow its "
                         "schedule, while a study without a space can't start from other results; give space too, or "
                         "fork(0)")
    new = new._replace(copied=None, earlier=_in_space(new.space, [*old.earlier, *results]))
    return Core(new, storage, Start([], _enqueued_in(new, {number - k: later[number] for number in later})))


def _refuse_itself(core: Core, name: str, storage: Any) -> None:
    """Raise a ValueError where a fork would be stored as the study itself."""
    if name == core.definition.name and isinstance(storage, (str, os.PathLike)):
        try:
            core.refuse_own(Path(storage))
        except ValueError as problem:
            raise ValueError(f"name is {name!r}, which is this study's own name in {os.fspath(storage)!r}; give the "
                             "fork another name") from problem


def _changed(old: Definition, changes: Changes) -> Definition:
    """The definition with its changes, checked."""
    changed = old._replace(
        space=_changed_space(old.space, changes),
        searcher=(old.searcher if changes.searcher is None
                  else fixed_as(as_searcher(changes.searcher), repr(old.searcher))),
        seed=old.seed if changes.seed is None else checks.integer("seed", changes.seed, low=0),
        stopping=old.stopping if changes.stopping == SAME else as_stopping(changes.stopping))
    refuse_without_space(changed, None)
    check_several(changed.objectives, changed.searcher, changed.stopping)
    return changed


def _changed_space(old: Space, changes: Changes) -> Space:
    """The space with its changes; a study without a space has no constraint."""
    if changes.space is None and is_open(old):
        if changes.constraint not in (SAME, None):
            raise ValueError("constraint is given, and this study has no space; give space too")
        return old
    if changes.space is None and changes.constraint == SAME:
        return old
    given = old if changes.space is None else changes.space
    own = given.constraint if isinstance(given, Space) else None
    parameters = given.parameters if isinstance(given, Space) else given
    return Space(parameters, (own or old.constraint) if changes.constraint == SAME else changes.constraint)


def _proposes_alike(old: Definition, new: Definition) -> bool:
    """Whether two studies propose the same trials after the same trials: arguments given may equal those they have."""
    one, other = ((type(definition.searcher), repr(definition.searcher), definition.seed, definition.space.constraint,
                   repr(list(definition.space.parameters.items()))) for definition in (old, new))
    return one == other


def _copied(old: Definition, trials: Sequence[Trial], foreign: int) -> Copied | None:
    """What the new study knows of its first ``foreign`` trials, which were proposed with other arguments."""
    if not foreign:
        return None
    parts = [*(() if old.copied is None else old.copied.seeds), (foreign, old.seed)]
    seeds: list[tuple[int, int]] = []
    for end, seed in parts:
        if not seeds or seeds[-1][0] < foreign:
            seeds.append((min(end, foreign), seed))
    return Copied(tuple(seeds), tuple(reason_of(old, trial) for trial in trials[:foreign]))


# Where the space or the searcher is another one ----------------------------------------------------------------------


def _is_scheduled(searcher: Searcher, results: Sequence[Result]) -> bool:
    """Whether trials are those of a searcher's schedule, where it has one."""
    by_number = {result.number: result for result in results}
    try:
        searcher.check([by_number.get(number) for number in range(max(by_number, default=-1) + 1)])
    except RuntimeError:
        return False
    return True


def _in_space(space: Space, results: Sequence[Result]) -> list[Result]:
    """Those of the results that are in a space, with params that are values of it."""
    found = []
    for result in results:
        try:
            found.append(result._replace(params=space.check(result.params)))
        except (TypeError, ValueError):
            continue
    return found


def _enqueued_in(definition: Definition, later: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The configurations that are in the space, and that the searcher accepts at their numbers."""
    found = {}
    for number, params in later.items():
        try:
            checked = definition.space.check(params)
            definition.searcher.enqueued(checked, number)
            found[number] = checked
        except (TypeError, ValueError):
            continue
    return found
