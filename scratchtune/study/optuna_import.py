"""A study of Optuna, read as the beginning of one of this package: its trials, and a space that contains them.

Optuna has no space: each trial has the distributions of the parameters that were suggested to it. So a range is the
smallest one that contains those of all trials, and a parameter that some trials lack has a condition, which is found
from the values of a categorical parameter in the trials.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from scratchtune import checks
from scratchtune.files import valid_text
from scratchtune.search import DEFAULT, DEFAULT_OF_SEVERAL, Categorical, Float, Int, Space, Suggestion, as_searcher
from scratchtune.study.asking import checked_attribute
from scratchtune.study.asktell import AskTell
from scratchtune.study.context import DetachedContext
from scratchtune.study.definition import Copied, Definition
from scratchtune.study.objectives import Objectives, check_several
from scratchtune.study.optuna_export import SCORES, naming_storage, optuna_module, storage_url
from scratchtune.study.table import Start
from scratchtune.study.trial import Trial

STATES = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "stopped"}  # trials in other states are left out
DIRECTIONS = {"MINIMIZE": "minimize", "MAXIMIZE": "maximize"}


def read_optuna(
    study: Any, name: str | None = None, space: Any = None, searcher: Any = None, seed: int = 0,
    storage: Any = None,
) -> AskTell:
    """Make the core of a study that begins with the trials of one of Optuna; see `from_optuna`."""
    if isinstance(study, (str, os.PathLike)):
        study = _loaded(optuna_module("from_optuna"), study, name)
    if not all(hasattr(study, part) for part in ("trials", "directions", "study_name")):
        raise TypeError(f"study is {study!r}; it must be a study of Optuna, or the path or URL of its storage")
    objectives = _objectives(study)
    made = as_searcher(searcher or (DEFAULT_OF_SEVERAL if objectives.several else DEFAULT))
    check_several(objectives, made, None)
    frozen = _finished(study.trials)
    if space is None and not frozen:
        raise ValueError(f"the study {study.study_name!r} has no finished trial to read a space from; give space=")
    checked = Space(_space_of(frozen) if space is None else space)
    if made.planned(checked, 0) is not None:
        raise ValueError(f"searcher is {made!r}, which has a schedule of its own; it must be one that continues from "
                         "any trials: 'random', 'bayesian' or 'genetic'")
    trials = [_trial(number, trial, seed) for number, trial in enumerate(frozen)]
    said = tuple(f"Trial {number}: trial {trial.number} of the Optuna study {study.study_name!r}."
                 for number, trial in enumerate(frozen))
    definition = Definition(
        space=checked, searcher=made, objectives=objectives, seed=checks.integer("seed", seed, low=0), stopping=None,
        name=name or study.study_name, data=None, earlier=[],
        copied=Copied(((len(trials), seed),), said) if trials else None)
    return AskTell(definition, storage, Start(trials, {}))


def _loaded(optuna: Any, given: str | os.PathLike[str], name: str | None) -> Any:
    """A study of Optuna from its storage, which is opened read-only where it is an SQLite file."""
    path, url = os.fspath(given), storage_url("study", given)
    with naming_storage("study", path):
        names = sorted(optuna.get_all_study_names(url))
    if name is None and len(names) != 1:
        raise ValueError(f"name is None, and {path!r} holds {checks.quoted(names) or 'no study'}; give the name of one")
    if name is not None and name not in names:
        raise ValueError(f"name is {name!r}, and {path!r} holds {checks.quoted(names) or 'no study'}"
                         f"{checks.nearest(name, names)}; give one of its names")
    with naming_storage("study", path):
        return optuna.load_study(study_name=name, storage=url)


def _objectives(study: Any) -> Objectives:
    """The directions of a study of Optuna, with the names of its metrics."""
    names = [direction.name for direction in study.directions]
    if not set(names) <= set(DIRECTIONS):
        raise ValueError(f"study has the directions {', '.join(names)}; each must be one of {', '.join(DIRECTIONS)}")
    called = getattr(study, "metric_names", None) if len(names) > 1 else None
    return Objectives(tuple(DIRECTIONS[name] for name in names), tuple(called or ()))


def _finished(trials: Sequence[Any]) -> list[Any]:
    """The trials that have ended with all of their parameters; a warning says how many others there are.

    A failed trial may have ended before all of its parameters were suggested: it is kept if a complete or pruned trial
    has the same ones.
    """
    ended = [trial for trial in trials if trial.state.name in STATES]
    known = {frozenset(trial.params) for trial in ended if trial.state.name != "FAIL"}
    kept = [trial for trial in ended if trial.state.name != "FAIL" or frozenset(trial.params) in known]
    if len(kept) < len(trials):
        checks.warn(f"{len(trials) - len(kept)} of {checks.counted(len(trials), 'trial')} of the Optuna study are left "
                    "out: they have not ended, or have failed before all of their parameters were suggested")
    return kept


def _trial(number: int, frozen: Any, seed: int) -> Trial:
    """A trial with the parameters and the outcome of one of Optuna."""
    why = {"optuna": frozen.number}
    trial = Trial(DetachedContext(seed, None, None, [], 1.0), number, Suggestion(dict(frozen.params), why=why))
    trial.state = STATES[frozen.state.name]
    trial.reports = {step: value for step, value in frozen.intermediate_values.items() if math.isfinite(value)}
    trial.scores = frozen.system_attrs.get(SCORES)
    trial.user_attrs = {str(valid_text(str(key))): _attribute(key, value) for key, value in frozen.user_attrs.items()}
    values = frozen.values
    if values is None and trial.state == "stopped" and trial.reports:
        values = [trial.reports[max(trial.reports)]]
    if trial.state == "failed" or not values or not all(map(math.isfinite, values)):
        trial.error = str(frozen.user_attrs.get("error", "failed in Optuna")) if trial.state == "failed" else (
            f"value is {values}; it must be a finite number")
        trial.state, values = "failed", None
    trial.values = None if values is None else tuple(map(float, values))
    trial.started, trial.finished = _seconds(frozen.datetime_start), _seconds(frozen.datetime_complete)
    if frozen.datetime_start is not None and frozen.datetime_complete is not None:
        trial.seconds = max((frozen.datetime_complete - frozen.datetime_start).total_seconds(), 0.0)
    return trial


def _attribute(key: str, value: Any) -> Any:
    """An attribute as a file has it; its repr where it can't be written as JSON, as Optuna allows in memory."""
    try:
        return checked_attribute(key, value)
    except TypeError:
        return repr(value)


def _seconds(date: Any) -> Any:
    """A date as seconds since 1970; None for None."""
    return None if date is None else date.timestamp()


# The space -----------------------------------------------------------------------------------------------------------


def _space_of(trials: Sequence[Any]) -> dict[str, Any]:
    """The parameters of all trials: ranges that contain all of theirs, and conditions for those that some lack."""
    distributions: dict[str, list[Any]] = {}
    for trial in trials:
        for name, one in trial.distributions.items():
            distributions.setdefault(name, []).append(one)
    choices = [name for name, found in distributions.items() if hasattr(found[0], "choices")]
    return {name: _parameter(name, found, _condition(name, choices, trials)) for name, found in distributions.items()}


def _parameter(name: str, found: Sequence[Any], when: Mapping[str, Any] | None) -> Any:
    """The parameter that contains all distributions of that name."""
    first = found[0]
    if any(hasattr(one, "choices") != hasattr(first, "choices") for one in found):
        raise ValueError(f"{name!r} is a range in some trials and has choices in others; give space=")
    if hasattr(first, "choices"):
        choices = list(dict.fromkeys((type(choice), choice) for one in found for choice in one.choices))
        return Categorical([choice for _, choice in choices], when=when)
    low, high = min(one.low for one in found), max(one.high for one in found)
    same_steps = all((one.step, one.low) == (first.step, first.low) for one in found)
    if any(isinstance(one.low, float) for one in found):
        step = first.step if same_steps else None
        return Float(float(low), float(high), log=all(one.log for one in found), step=step, when=when)
    return Int(low, high, log=all(one.log for one in found), step=first.step if same_steps else 1, when=when)


def _condition(name: str, choices: Sequence[str], trials: Sequence[Any]) -> dict[str, list[Any]] | None:
    """The values of a categorical parameter with which trials have a parameter, and without which none has it."""
    having = [trial for trial in trials if name in trial.params]
    if len(having) == len(trials):
        return None
    lacking = [trial for trial in trials if name not in trial.params]
    for parent in choices:
        if parent != name and all(parent in trial.params for trial in having):
            present = list(dict.fromkeys(trial.params[parent] for trial in having))
            absent = {trial.params[parent] for trial in lacking if parent in trial.params}
            if absent and not absent & set(present):
                return {parent: present}
    numbers = ", ".join(str(trial.number) for trial in lacking[:5])
    raise ValueError(f"{name!r} is missing in {checks.counted(len(lacking), 'trial')} ({numbers}, ...), and no "
                     "categorical parameter says in which; give space=, with a condition for it")
