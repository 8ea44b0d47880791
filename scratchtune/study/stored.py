"""A study read from a file for looking at it, without the objective and the constraint.

The file holds the space, the searcher and the stopping rule as texts, their ``repr``. They are parsed, never evaluated:
only the classes of this package are made of them, with plain values as arguments.
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
    Categorical,
    Float,
    GeneticSearch,
    GridSearch,
    Hyperband,
    Int,
    RandomSearch,
    Searcher,
    Space,
    SuccessiveHalving,
    Suggestion,
)
from scratchtune.study.asking import learned_space, unpacked_asked
from scratchtune.study.best import HasBestTrial
from scratchtune.study.context import DetachedContext, seed_of_trial
from scratchtune.study.definition import checked_seeds, seed_before
from scratchtune.study.errors import StorageError
from scratchtune.study.export import definition_of
from scratchtune.study.journal import restore
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
    holds only whether there is one: ``has_constraint``. A condition on choices whose repr is not Python's is left out.
    ``searcher`` and ``stopping`` are None where they are not of this package, and ``stopping`` where there is none;
    ``searcher_text`` and ``stopping_text`` are their repr in any case. ``seed`` is None where the file has no integer.
    ``has_earlier`` says whether the study has started from trials of another one, which the file lacks.
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

    def why(self, number: int) -> str:
        """Explain in words why a trial was proposed, as it was stored."""
        known = len(self.reasons)
        if not 0 <= checks.integer("number", number) < known:
            raise ValueError(f"trial {number} is not one of this study, which has {known} trials, from 0")
        return self.reasons[number]

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
        space = _space(definition["space"], rows) if definition["space"] else None  # None: define-by-run
        objectives = stored_objectives(definition["direction"])
        parents = {row.number: row.parent for row in rows}
        copied = checked_seeds(definition.get("copied trials", []))
        trials = [_trial(space, row, lambda number: seed_before(copied, seed or 0, number), parents) for row in rows]
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {name!r} can't be read: {problem}"
                           ) from problem
    return StoredStudy(
        name, learned_space(trials) if space is None else space, objectives, trials, searcher,
        str(definition["searcher"]), seed, stopping, str(definition.get("stopping")),
        bool(definition.get("constraint")), definition.get("earlier trials", NO_TRIALS) != NO_TRIALS,
        [row.said for row in rows], storage.study_attributes(name))


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
    trial.attempts, trial.started = row.attempts, row.started  # type: ignore[assignment]
    restore(trial, row, params, asked)
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


def _space(texts: Sequence[Sequence[str]], rows: Sequence[Row]) -> Space:
    """The space, from the repr of each parameter; its parents come before it."""
    parameters: dict[str, Float | Int | Categorical] = {}
    for name, text in texts:
        parameters[name] = _parameter(text, [row.params.get(name) for row in rows], parameters)
    return Space(parameters)


def _parameter(
    text: str, packed: Sequence[Any], earlier: Mapping[str, Float | Int | Categorical],
) -> Float | Int | Categorical:
    """Make a parameter from its repr; ``packed`` are its values in the trials as they are stored."""
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:  # choices whose repr is not Python's, such as <class 'int'>
        return _nameless(text, packed, earlier)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError(f"{text!r:.60} is no parameter")
    parts = {str(part.arg): part.value for part in call.keywords}
    extras = _extras(parts, earlier)
    if call.func.id == "Categorical":
        return Categorical(_choices(parts["choices"]), **extras)
    ends = {part: ast.literal_eval(parts[part]) for part in ("low", "high", "log", "step") if part in parts}
    if call.func.id not in ("Float", "Int"):
        raise ValueError(f"{text!r:.60} is no parameter")
    return Float(**ends, **extras) if call.func.id == "Float" else Int(**ends, **extras)


def _nameless(text: str, packed: Sequence[Any], earlier: Mapping[str, Float | Int | Categorical]) -> Categorical:
    """Choices that are known by their numbers only: as many as the trials and the prior have."""
    try:
        call = ast.parse(f"Categorical(when={text.rpartition(', when=')[2]}", mode="eval").body
        parts = {str(part.arg): part.value for part in call.keywords} if isinstance(call, ast.Call) else {}
        extras = _extras(parts, earlier)
    except (SyntaxError, ValueError):
        extras = {}
    indices = [index for index in packed if isinstance(index, int)]
    count = max([index + 1 for index in indices] + [len(extras.get("prior") or ()), 1])
    return Categorical([f"choice {number}" for number in range(count)], **extras)


def _choices(node: ast.expr) -> list[Any]:
    """The choices, if all of them are plain values, else their texts."""
    nodes = node.elts if isinstance(node, ast.Tuple) else []
    try:
        return [ast.literal_eval(one) for one in nodes]
    except ValueError:
        return [ast.unparse(one) for one in nodes]


def _extras(parts: Mapping[str, ast.expr], earlier: Mapping[str, Float | Int | Categorical]) -> dict[str, Any]:
    """The condition and the prior of a parameter, those that can be read."""
    found: dict[str, Any] = {}
    if "prior" in parts:
        found["prior"] = ast.literal_eval(parts["prior"])
    condition = parts.get("when")
    if isinstance(condition, ast.Dict):
        when = {}
        for key, values in zip(condition.keys, condition.values, strict=True):
            name = None if key is None else ast.literal_eval(key)
            if not isinstance(name, str) or name not in earlier:
                raise ValueError(f"a condition names {name!r:.60}, which is no earlier parameter")
            allowed = _allowed(values, earlier[name])
            if allowed:
                when[name] = allowed
        found["when"] = when or None
    return found


def _allowed(node: ast.expr, parent: Float | Int | Categorical) -> list[Any]:
    """The values of a condition which are values of the parent, either themselves or as texts, as `_choices` has them.
    """
    found = []
    for one in node.elts if isinstance(node, ast.Tuple) else []:
        candidates = [ast.unparse(one)]
        try:
            candidates.insert(0, ast.literal_eval(one))
        except ValueError:
            pass
        for value in candidates:
            try:
                found.append(parent.check("when", value))
                break
            except (TypeError, ValueError):
                continue
    return found
