"""Time travel: a study as it was before one of its trials, and forks, which continue from there in another way.

A trial is proposed from the definition and the trials before it alone. So a study that begins with copies of the first
k trials, and has the same arguments, proposes trial k and all later ones as the original does.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scratchtune import checks
from scratchtune.search import Result, Searcher, as_searcher
from scratchtune.search.searcher import fixed_as
from scratchtune.study.core import Core, Start, Waiting, reason_of
from scratchtune.study.definition import Copied, Definition, is_open, refuse_without_space
from scratchtune.study.objectives import check_several
from scratchtune.study.trial import Trial, results_of


def fork(
    core: Core, k: int, searcher: str | Searcher | None = None, seed: int | None = None, name: str | None = None,
    storage: str | os.PathLike[str] | None = None,
) -> Core:
    """The core of a study that continues from the first ``k`` trials of another one; see `Study.fork`."""
    old, new = core.definition, _changed(core.definition, searcher, seed, name)
    _refuse_itself(core, new.name, storage)
    with core.locked():
        trials, waiting = list(core.trials), core.queue.by_number(core.trials)
        k = checks.integer("k", k, low=0, high=len(trials))
        results = results_of(trials[:k], old.objectives.sign)
    trials, later = trials[:k], [one for number, one in waiting.items() if number >= k]
    if (type(old.searcher), repr(old.searcher), old.seed) == (type(new.searcher), repr(new.searcher), new.seed):
        return Core(new._replace(copied=_copied(old, trials, min(k, old.foreign))), storage, Start(trials, later))
    if _is_scheduled(new.searcher, results):
        return Core(new._replace(copied=_copied(old, trials, k)), storage, Start(trials, _accepted(new, later)))
    if is_open(new.space):  # its parameters are those that its own trials request; it can't be loaded with others
        raise ValueError(f"searcher is {new.searcher!r}, and the first {checks.counted(k, 'trial')} do not follow its "
                         "schedule, while a study without a space can't start from other results; use fork(0)")
    new = new._replace(copied=None, earlier=[*old.earlier, *results])
    return Core(new, storage, Start([], _accepted(new, [one._replace(number=(one.number or 0) - k) for one in later])))


def _refuse_itself(core: Core, name: str, storage: Any) -> None:
    if name == core.definition.name and isinstance(storage, (str, os.PathLike)):
        try:
            core.refuse_own(Path(storage))
        except ValueError as problem:
            raise ValueError(f"name is {name!r}, which is this study's own name in {os.fspath(storage)!r}; give the "
                             "fork another name") from problem


def _changed(old: Definition, searcher: str | Searcher | None, seed: int | None, name: str | None) -> Definition:
    """The definition with its changes, checked."""
    new = old._replace(
        searcher=old.searcher if searcher is None
        else fixed_as(as_searcher(searcher).for_space(old.space), repr(old.searcher)),
        seed=old.seed if seed is None else checks.integer("seed", seed, low=0), name=old.name if name is None else name)
    refuse_without_space(new, None)
    check_several(new.objectives, new.searcher, new.stopping)
    return new


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


def _is_scheduled(searcher: Searcher, results: Sequence[Result]) -> bool:
    """Whether trials are those of a searcher's schedule; True where it has none."""
    by_number = {result.number: result for result in results}
    try:
        searcher.check([by_number.get(number) for number in range(max(by_number, default=-1) + 1)])
    except RuntimeError:
        return False
    return True


def _accepted(definition: Definition, waiting: Iterable[Waiting]) -> list[Waiting]:
    """The configurations that the searcher accepts at their numbers, without repeats, which are of other trials."""
    found = []
    for one in (one for one in waiting if one.repeat_of is None):
        try:
            definition.searcher.enqueued(one.params, one.number or 0)
            found.append(one)
        except ValueError:
            continue
    return found
