"""Studies of Optuna: one is read as the beginning of one of this package, and a study is written as one of Optuna.

Optuna has no space: each trial has the distributions of the parameters that were suggested to it. So in reading, the
space is learned from them, as in a study without one (`scratchtune.core.search.learned_space`). A study that is written
opens in Optuna's dashboard and plots. Optuna is imported only when it is needed.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scratchtune.core import checks
from scratchtune.core.files import valid_text
from scratchtune.core.search import (
    DEFAULT,
    DEFAULT_OF_SEVERAL,
    Categorical,
    Float,
    Int,
    Searcher,
    Space,
    Suggestion,
    as_searcher,
)
from scratchtune.core.search.bayesian.surrogate import within_floats
from scratchtune.core.search.learned_space import SpaceLearner, within
from scratchtune.core.study import StorageError, Study, Trial
from scratchtune.core.study.best import of_largest_budget
from scratchtune.core.study.core import Core
from scratchtune.core.study.definition import Definition
from scratchtune.core.study.errors import ForeignFile
from scratchtune.core.study.file import File
from scratchtune.core.study.objectives import Objectives, check_several
from scratchtune.core.study.requests import checked_attribute
from scratchtune.core.study.results import local_time
from scratchtune.core.study.study import study_of
from scratchtune.core.study.trial import Outcome, View, configuration, record, settle

STATES = {"running": "RUNNING", "complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}
ENDED = {theirs: ours for ours, theirs in STATES.items() if ours != "running"}
DIRECTIONS = {"MINIMIZE": "minimize", "MAXIMIZE": "maximize"}
SCORES = "terminator:cv_scores"  # the system attribute in which Optuna keeps the scores of folds
CONSTRAINTS = "constraints"  # that of a trial's constraints, with the same convention: at most 0 is feasible


def optuna_module(purpose: str) -> Any:
    """Import Optuna; an ImportError that says what needs it where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise ImportError(f"{purpose} needs optuna, which is not installed: pip install optuna") from None
    return optuna


def storage_url(name: str, storage: str | os.PathLike[str], writing: bool = False) -> str:
    """The URL of a storage as Optuna expects it; a path, or a URL of an SQLite file, is looked at first.

    Without ``writing`` the file is opened read-only, by Optuna too. ``name`` is that of the argument.

    Raises
        ValueError where an SQLite file is not one of Optuna; with ``writing`` it may be absent or empty.
    """
    text = os.fspath(storage)
    given = re.fullmatch(r"sqlite(\+\w+)?:///(.*)", text)
    if given is None and "://" in text:
        return text
    path = Path(text if given is None else given[2])
    wrong = _wrong_file(path, writing)
    if set("?#%") & set(path.as_posix()):
        wrong = "has one of ? # %, which have a meaning in a URL; give the path of a file without them"
    if wrong:
        raise ValueError(f"{name} is {text!r}, which {wrong}")
    return f"sqlite:///file:{quote(path.resolve().as_posix())}?mode={'rwc' if writing else 'ro'}&uri=true"


def _wrong_file(path: Path, writing: bool) -> str | None:
    """Why a path is not that of an SQLite file of Optuna; None where it is, or where such a file can be made."""
    if not path.exists():
        if not path.parent.is_dir():
            return f"can't be a file: there is no folder {str(path.parent)!r}"
        return None if writing else "is not there; it must be a study of Optuna, or the path or URL of its storage"
    if not path.is_file():
        return f"is {'a folder' if path.is_dir() else 'no regular file'}; it must be an SQLite file of Optuna"
    if path.stat().st_size == 0:
        return None if writing else "is empty; it must be an SQLite file of Optuna"
    try:
        with open(path, "rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                return "is no SQLite file; for a storage of another kind, use Optuna's own objects instead of a path"
        with File(path, reading=True):
            return ("is a file of studies of scratchtune; " + (
                "give another file" if writing else "scratchtune.load_study(path) opens it"))
    except ForeignFile as found:
        return None if {"alembic_version", "study_directions"} <= found.tables else (
            "is an SQLite file of another program; it must be one of Optuna")
    except (OSError, StorageError) as problem:
        return f"can't be read: {problem}"


@contextlib.contextmanager
def naming_storage(name: str, storage: Any) -> Iterator[None]:
    """Turn an error of Optuna, or of the database behind it, into a ValueError that names the storage."""
    try:
        yield
    except Exception as problem:
        said = (str(problem).splitlines() or [""])[0]
        raise ValueError(
            f"{name} is {storage!r}, which Optuna can't open: {type(problem).__name__}: {said}") from problem


# Writing --------------------------------------------------------------------------------------------------------------


def to_optuna(study: Study, storage: Any = None, name: str | None = None) -> Any:
    """Write a study's trials as a new study of Optuna, which is returned; ``name`` None is the study's own.

    ``storage``: a path or URL, a storage of Optuna, or None, in memory.
    """
    optuna = optuna_module("to_optuna")
    name = study.name if name is None else name
    trials, space = study.trials, study.space  # both as they are now: other threads may be running trials
    distributions = {parameter: distribution(optuna, kind) for parameter, kind in distinct(space).items()}
    url = storage_url("storage", storage, writing=True) if isinstance(storage, (str, os.PathLike)) else storage
    with naming_storage("storage", storage):
        names = [] if url is None else optuna.get_all_study_names(url)
    if name in names:
        raise ValueError(f"name is {name!r}, and {storage!r} holds a study of that name already; give another name")
    made = optuna.create_study(storage=url, study_name=name, directions=list(study.directions))
    try:
        made.set_user_attr("scratchtune", {"searcher": repr(study.searcher), "seed": study.seed})
        for key, value in study.user_attrs.items():
            made.set_user_attr(key, value)
        if study.objectives.names:
            made.set_metric_names(list(study.objectives.names))
        whole = {trial.number for trial in of_largest_budget(trials)}  # in Optuna only these may be the best
        for trial in trials:
            state = "stopped" if trial.state == "complete" and trial.number not in whole else trial.state
            made.add_trial(_frozen(optuna, study, trial, state, plain_params(space, trial), distributions))
    except BaseException:  # no part of a study is left behind
        if url is not None:
            optuna.delete_study(study_name=name, storage=url)
        raise
    return made


def distribution(optuna: Any, parameter: Any) -> Any:
    """The distribution of Optuna that a parameter of a space is, without its condition and its prior."""
    if isinstance(parameter, Categorical):
        return optuna.distributions.CategoricalDistribution([plain_choice(choice) for choice in parameter.choices])
    if isinstance(parameter, Float):
        return optuna.distributions.FloatDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step)
    return optuna.distributions.IntDistribution(
        parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def plain_choice(choice: Any) -> Any:
    """A choice as Optuna can store it: None, a bool, a number or a text is unchanged, all else is its repr."""
    return choice if choice is None or isinstance(choice, (bool, int, float, str)) else repr(choice)


def distinct(space: Space) -> Mapping[str, Any]:
    """The parameters of a space; a ValueError where two choices of one are equal in Optuna."""
    for name, parameter in space.parameters.items():
        known: dict[Any, Any] = {}
        for choice in parameter.choices if isinstance(parameter, Categorical) else ():
            plain = plain_choice(choice)
            if plain in known:
                raise ValueError(
                    f"{name!r} has the choices {known[plain]!r} and {choice!r}, which are equal in Optuna; to_optuna "
                    "needs choices that differ as numbers and as texts")
            known[plain] = choice
    return space.parameters


def plain_params(space: Space, trial: Trial) -> dict[str, Any]:
    """A trial's configuration with its choices as `plain_choice` returns them.

    In a study without a space, values that are not of the learned space, as of a running trial may be, are left out.
    """
    return {name: plain_choice(value) if isinstance(space.parameters[name], Categorical) else value
            for name, value in within(space, configuration(trial)).items()}


def _frozen(
    optuna: Any, study: Any, trial: Trial, state: str, params: dict[str, Any], distributions: dict[str, Any],
) -> Any:
    """A trial as Optuna stores it; what Optuna has no place for becomes user attributes, unless the user set them."""
    others = {name: plain_choice(value) for name, value in configuration(trial).items() if name not in params}
    kept = {"error": trial.error, "budget": trial.budget, "parent": trial.parent, "why": study.why(trial.number),
            "other_params": others or None}
    system = {SCORES: [score for score in trial.scores or () if score is not None],
              CONSTRAINTS: list(trial.constraints)}
    return optuna.trial.FrozenTrial(
        number=trial.number, trial_id=-1, state=optuna.trial.TrialState[STATES[state]], value=None,
        values=None if trial.values is None else list(trial.values), datetime_start=local_time(trial.started),
        datetime_complete=local_time(trial.finished), params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs={**{key: value for key, value in kept.items() if value is not None}, **trial.user_attrs},
        system_attrs={name: held for name, held in system.items() if held}, intermediate_values=dict(trial.reports))


# Reading --------------------------------------------------------------------------------------------------------------


def from_optuna(
    study: Any, name: str | None = None, space: Mapping[str, Any] | Space | None = None,
    searcher: str | Searcher | None = None, seed: int = 0, storage: Any = None,
) -> Study:
    """Make a study that begins with the trials of one of Optuna, and continues with a searcher of this package.

    ``study`` is a study of Optuna, or the path or URL of its storage, which Optuna reads (``name`` is then that of the
    study; None: the only one). ``space`` None is made from the trials: each range contains those of
    all trials, and a parameter that some trials lack exists under a condition on a categorical one. The searcher sees
    all trials. With ``storage`` the new study is stored there, and resumed by the same call or by `load_study`.

    A pruned trial is "stopped". Trials that have not ended are left out, and failed ones that lack parameters, with a
    warning. A trial keeps its user attributes.

    Raises
        ValueError where no space can be found, the searcher is not one for so many objectives, or ``space`` does not
        contain a trial; and ImportError where a storage is given and Optuna is not installed.
    """
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
    trials = [_trial(number, trial, seed, checked) for number, trial in enumerate(frozen)]
    said = tuple(f"Trial {number}: trial {trial.number} of the Optuna study {study.study_name!r}."
                 for number, trial in enumerate(frozen))
    definition = Definition(
        space=checked, searcher=made, objectives=objectives, seed=checks.integer("seed", seed, low=0), stopping=None,
        name=name or study.study_name, data=None, earlier=[],
        reasons=said)
    return study_of(Core(definition, storage, trials))


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

    A failed trial, which may lack some of its parameters, is kept if a complete or pruned trial has the same ones.
    """
    ended = [trial for trial in trials if trial.state.name in ENDED]
    known = {frozenset(trial.params) for trial in ended if trial.state.name != "FAIL"}
    kept = [trial for trial in ended if frozenset(trial.params) in known]
    if len(kept) < len(trials):
        checks.warn(f"{len(trials) - len(kept)} of {checks.counted(len(trials), 'trial')} of the Optuna study are left "
                    "out: they have not ended, or have failed before all of their parameters were suggested")
    return kept


def _trial(number: int, frozen: Any, seed: int, space: Space) -> Trial:
    """A trial with the parameters, checked, and the outcome of one of Optuna."""
    suggestion = Suggestion(space.check(frozen.params), why={"optuna": frozen.number})
    trial, state, error = Trial(View(seed), number, suggestion), ENDED[frozen.state.name], None
    reports = {step: value for step, value in frozen.intermediate_values.items() if math.isfinite(value)}
    attributes: dict[str, Any] = {}
    for key, value in frozen.user_attrs.items():
        attributes |= _attribute(str(valid_text(str(key))), value)
    values = frozen.values
    if values is None and state == "stopped" and reports:
        values = [reports[max(reports)]]
    if not values or not all(map(math.isfinite, values)):  # in Optuna a failed trial has no value
        error = str(frozen.user_attrs.get("error", "failed in Optuna")) if state == "failed" else (
            f"value is {values}; it must be a finite number")
        state, values = "failed", None
    begun, ended = frozen.datetime_start, frozen.datetime_complete
    seconds = None if begun is None or ended is None else max((ended - begun).total_seconds(), 0.0)
    settle(trial, Outcome(
        state, None if values is None else tuple(map(float, values)), reports, attributes, error,
        scores=frozen.system_attrs.get(SCORES), seconds=seconds, finished=_seconds(ended),
        constraints=tuple(within_floats(float(frozen.constraints[name]))
                          for name in sorted(frozen.constraints, key=_rank))))
    record(trial, started=_seconds(begun))
    return trial


def _rank(name: str) -> tuple[bool, int, str]:
    """By which the constraints of a trial are ordered: numbers, then names."""
    return not name.isdecimal(), int(name) if name.isdecimal() else 0, name


def _attribute(key: str, value: Any) -> dict[str, Any]:
    """An attribute as a file has it; its repr where it can't be written as JSON, as Optuna allows in memory."""
    try:
        return checked_attribute(key, value)
    except TypeError:
        return {key: repr(value)}


def _seconds(date: Any) -> Any:
    """A date as seconds since 1970; None for None."""
    return None if date is None else date.timestamp()


# The space -----------------------------------------------------------------------------------------------------------


def _space_of(trials: Sequence[Any]) -> Space:
    """The space that trials have, as it is learned in a study without one."""
    learner = SpaceLearner()
    for trial in trials:
        parameters = {name: _parameter(one) for name, one in trial.distributions.items()}
        learner.add(parameters, trial.params, trial.state.name == "FAIL")
    space = learner.space()
    for trial in trials:
        for name in space.lacks(trial.params):
            raise ValueError(f"{name!r} is missing in trial {trial.number}, and no other parameter says in which it "
                             "is; give space=, with a condition for it")
    return space


def _parameter(distribution: Any) -> Any:
    """The parameter that a distribution of Optuna is."""
    if hasattr(distribution, "choices"):
        return Categorical(distribution.choices)
    kind = Float if isinstance(distribution.low, float) else Int
    return kind(distribution.low, distribution.high, log=distribution.log, step=distribution.step)
