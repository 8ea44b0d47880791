"""A study read from a file for looking at it, without the objective and the constraint.

The file holds the searcher, the stopping rule and the arguments of each parameter as texts, their ``repr``. They are
parsed, never evaluated: only the classes of this package are made of them, with plain values as arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scratchtune import checks
from scratchtune.digests import digest_of_repr
from scratchtune.search import (
    NSGA2,
    BayesianSearch,
    GeneticSearch,
    GridSearch,
    Hyperband,
    RandomSearch,
    Searcher,
    Space,
    SuccessiveHalving,
    Suggestion,
)
from scratchtune.search.space import Parameter
from scratchtune.study.asking import learned_space, unpacked_asked, unpacked_parameter
from scratchtune.study.best import HasBestTrial, without_best
from scratchtune.study.context import DetachedContext, seed_of_trial
from scratchtune.study.definition import checked_seeds, seed_before
from scratchtune.study.errors import StorageError
from scratchtune.study.export import best_first, definition_of
from scratchtune.study.frames import trials_frame
from scratchtune.study.objectives import Objectives, stored_objectives
from scratchtune.study.stopping import MedianStopping, Stopping
from scratchtune.study.storage import Row, Storage, unpacked_params
from scratchtune.study.trial import Trial

NO_TRIALS = digest_of_repr([])  # what a definition has where a study has started from no other one
CLASSES: dict[str, type] = {made.__name__: made for made in (
    BayesianSearch, GeneticSearch, GridSearch, Hyperband, MedianStopping, NSGA2, RandomSearch, SuccessiveHalving)}


@dataclass(frozen=True)
class StoredStudy(HasBestTrial):
    """A stored study, for reading only; its attributes and methods are those of `Study` that need no objective.

    A choice that is no number, text, bool or None is represented by its repr. The space has no constraint, since a file
    holds only whether there is one: ``has_constraint``.
    ``searcher`` and ``stopping`` are None where they are not of this package, and ``stopping`` where there is none;
    ``searcher_text`` and ``stopping_text`` are their repr in any case. ``seed`` is None where the file has no integer.
    ``has_earlier`` says whether the study has started from trials of another one, which the file lacks. ``waiting`` are
    the enqueued configurations that have no trial yet.
    """

    name: str
    space: Space
    objectives: Objectives
    trials: list[Trial]
    searcher: Searcher | None = None
    searcher_text: str = "None"
    seed: int | None = None
    stopping: Stopping | None = None
    stopping_text: str = "None"
    has_constraint: bool = False
    has_earlier: bool = False
    reasons: list[str] = field(default_factory=list, repr=False)
    user_attrs: dict[str, Any] = field(default_factory=dict, repr=False)
    waiting: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def first_best_trial(self) -> Trial:
        """The `best_trial` where there is one objective."""
        ranked = best_first(self.trials, self.direction)
        if not ranked:
            raise without_best(self.trials)
        return ranked[0]

    def why(self, number: int) -> str:
        """Explain in words why a trial was proposed, as it was stored."""
        known = len(self.reasons)
        if not 0 <= checks.integer("number", number) < known:
            raise ValueError(f"trial {number} is not one of this study, which has {known} trials, from 0")
        return self.reasons[number]

    def reason_of(self, trial: Trial) -> str:
        """Explain in words why a trial was proposed, as it was stored."""
        return self.why(trial.number)

    def to_dataframe(self) -> Any:
        """Return the trials as a pandas DataFrame with the columns of Optuna's (`trials_frame`)."""
        return trials_frame(self.trials, self.space.names, self.objectives)

    def at(self, k: int) -> StoredStudy:
        """The study with its first ``k`` trials alone, as they are stored."""
        k = checks.integer("k", k, low=0, high=len(self.trials))
        return replace(self, trials=self.trials[:k], reasons=self.reasons[:k])


def read_study(storage: Storage, name: str) -> StoredStudy:
    """Read a study; raise a StorageError if a part of it is missing or damaged."""
    definition, rows = definition_of(storage, name), storage.rows(name, saved=False)
    seed = definition["seed"] if type(definition["seed"]) is int and definition["seed"] >= 0 else None
    searcher, stopping = (_made(str(definition.get(part)), kind)
                          for part, kind in (("searcher", Searcher), ("stopping", Stopping)))
    try:
        space = _space(definition["space"]) if definition["space"] else None  # None: define-by-run
        objectives = stored_objectives(definition["direction"])
        parents = {row.number: row.parent for row in rows}
        copied = checked_seeds(definition.get("copied trials", []))
        trials = [_trial(space, row, lambda number: seed_before(copied, seed or 0, number), parents) for row in rows]
        waiting = [_params(space, row.params) for row in storage.waiting(name)]
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {name!r} can't be read: {problem}"
                           ) from problem
    return StoredStudy(
        name, learned_space(trials) if space is None else space, objectives, trials, searcher,
        str(definition["searcher"]), seed, stopping, str(definition.get("stopping")),
        bool(definition.get("constraint")), definition.get("earlier trials", NO_TRIALS) != NO_TRIALS,
        [row.said for row in rows], storage.study_attributes(name), waiting)


def _params(space: Space | None, packed: Mapping[str, Any]) -> dict[str, Any]:
    """An enqueued configuration; without a space what is proposed to the objective."""
    return unpacked_params(space, packed) if space is not None else unpacked_asked(packed, True)[0].proposed


def _trial(
    space: Space | None, row: Row, study_seed: Callable[[int], int], parents: Mapping[int, int | None],
) -> Trial:
    asked, params = (unpacked_asked(row.params, bool(row.why.get("enqueued"))) if space is None
                     else (None, unpacked_params(space, row.params)))
    if row.parent is not None and not (type(row.parent) is int and 0 <= row.parent < row.number):
        raise ValueError(f"trial {row.number} continues trial {row.parent!r:.60}, which is no earlier one")
    seed = seed_of_trial(study_seed, row.number, row.parent, parents.__getitem__)
    trial = Trial(DetachedContext(seed, None, None, [], 1.0), row.number,
                  Suggestion(params if asked is None else asked.proposed, row.why, row.budget, row.parent),
                  asked is not None)
    trial.asked, trial.shared_params = asked, params
    for part in Row._fields:
        if part not in ("number", "params", "shown", "why", "said", "budget", "parent", "value"):
            setattr(trial, part, getattr(row, part))
    trial.user_attrs = row.user_attrs or {}
    trial.values = row.values
    return trial


# The searcher and the stopping rule ----------------------------------------------------------------------------------


def _made(text: str, kind: type) -> Any:
    """Make a searcher or a stopping rule from its repr; None for one that is not of this package."""
    try:
        made = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, KeyError, TypeError, ValueError, RecursionError, MemoryError):
        return None
    return made if isinstance(made, kind) and repr(made) == text else None


def _value(node: ast.expr) -> Any:
    """A plain value, or an instance of one of `CLASSES` whose arguments are such values."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    if not isinstance(node.func, ast.Name) or node.args:
        raise ValueError(f"{ast.unparse(node)!r:.60} is no call with named arguments")
    return CLASSES[node.func.id](**{str(part.arg): _value(part.value) for part in node.keywords})


# The space -----------------------------------------------------------------------------------------------------------


def _space(stored: Sequence[Any]) -> Space:
    """The space of a definition; its parents come before the parameters whose conditions name them."""
    parameters: dict[str, Parameter] = {}
    for name, _, parts in stored:
        parameters[name] = unpacked_parameter(parts, parameters)
    return Space(parameters)
