"""A study written as one of Optuna, which Optuna's dashboard and plots open. Optuna is imported only when it is needed.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from scratchtune.search import Categorical, Float, Space
from scratchtune.search.learned_space import within
from scratchtune.study.trial import Trial

STATES = {"running": "RUNNING", "complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}
SCORES = "terminator:cv_scores"  # the system attribute in which Optuna keeps the scores of folds


def optuna_module(purpose: str) -> Any:
    """Import Optuna; an ImportError that says what needs it where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise ImportError(f"{purpose} needs optuna, which is not installed: pip install optuna") from None
    return optuna


def storage_url(storage: str | os.PathLike[str]) -> str:
    """The URL of a storage as Optuna expects it; a path is that of an SQLite file.

    >>> storage_url("sqlite:///studies.db"), storage_url("/data/studies.db")
    ('sqlite:///studies.db', 'sqlite:////data/studies.db')
    """
    text = os.fspath(storage)
    return text if "://" in text else f"sqlite:///{Path(text).resolve().as_posix()}"


def write_optuna(study: Any, storage: Any = None, name: str | None = None) -> Any:
    """Write a study's trials as a new study of Optuna; see `Study.to_optuna`."""
    optuna = optuna_module("to_optuna")
    url = storage_url(storage) if isinstance(storage, (str, os.PathLike)) else storage
    name = study.name if name is None else name
    trials, space = study.trials, study.space  # both as they are now: other threads may be running trials
    distributions = {parameter: distribution(optuna, kind) for parameter, kind in distinct(space).items()}
    try:
        made = optuna.create_study(storage=url, study_name=name, directions=list(study.directions))
    except optuna.exceptions.DuplicatedStudyError:
        raise ValueError(
            f"name is {name!r}, and {storage!r} holds a study of that name already; give another name") from None
    try:
        made.set_user_attr("scratchtune", {"searcher": repr(study.searcher), "seed": study.seed})
        for key, value in study.user_attrs.items():
            made.set_user_attr(key, value)
        if study.objectives.names:
            made.set_metric_names(list(study.objectives.names))
        made.add_trials([_frozen(optuna, study, trial, plain_params(space, trial), distributions) for trial in trials])
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

    In a study without a space it lacks what a learned space has as another kind or in a smaller range, such as that of
    a trial which is still running.
    """
    return {name: plain_choice(value) if isinstance(space.parameters[name], Categorical) else value
            for name, value in within(space, trial.shared_params).items()}


def _frozen(
    optuna: Any, study: Any, trial: Trial, params: dict[str, Any], distributions: dict[str, Any],
) -> Any:
    """A trial as Optuna stores it; what Optuna has no place for becomes its user attributes, unless they have its name.
    """
    others = {name: plain_choice(value) for name, value in trial.shared_params.items() if name not in params}
    kept = {"error": trial.error, "budget": trial.budget, "parent": trial.parent, "why": study.why(trial.number),
            "other_params": others or None}
    scores = [score for score in trial.scores or () if score is not None]
    return optuna.trial.FrozenTrial(
        number=trial.number, trial_id=-1, state=optuna.trial.TrialState[STATES[trial.state]], value=None,
        values=None if trial.values is None else list(trial.values), datetime_start=_date(trial.started),
        datetime_complete=_date(trial.finished), params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs={**{key: value for key, value in kept.items() if value is not None}, **trial.user_attrs},
        system_attrs={SCORES: scores} if scores else {}, intermediate_values=dict(trial.reports))


def _date(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
