"""A study is a table of trials: a searcher proposes each, an objective evaluates it, and all of it can be looked up.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.core import checks, interruption
from scratchtune.core.files import write_text
from scratchtune.core.search import DEFAULT, DEFAULT_OF_SEVERAL, Result, Searcher, Space, as_searcher
from scratchtune.core.search.space import Constraint
from scratchtune.core.study.core import Core
from scratchtune.core.study.definition import Definition, given_space, refuse_without_space
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import table_text, trial_columns
from scratchtune.core.study.file import File
from scratchtune.core.study.objectives import as_objectives, check_several
from scratchtune.core.study.queue import made_from_queue
from scratchtune.core.study.reasons import brief_reason, reason_of
from scratchtune.core.study.recommended import RecommendedTrial, candidates_of
from scratchtune.core.study.requests import copied_params
from scratchtune.core.study.results import HasBestTrial
from scratchtune.core.study.run import RunOptions, run_objective
from scratchtune.core.study.stopping import MedianStopping, Stopping, as_stopping
from scratchtune.core.study.stored import stored_arguments
from scratchtune.core.study.trial import STATES, Trial, results_of

OPTUNA_URL = "sqlite:///"
OF_OPTUNA = {"sampler": "searcher", "pruner": "stopping", "study_name": "name"}  # arguments of create_study, and ours


class Study(HasBestTrial):
    """Trials over a space, in memory and, where ``storage`` is a path, in that SQLite file too.

    ``seed=None`` draws a new seed, which is stored. Without a space, the objective requests its parameters while it
    runs, by `Trial.suggest_float` and the like (define-by-run). ``directions`` are those of several objectives, in
    order or as a dict from names: the objective returns as many numbers, or a dict of them, `best_trials` is the Pareto
    front, and the searcher must be `NSGA2` (the default), `RandomSearch` or `GridSearch`. With ``start_from``, the
    searcher sees that study's finished trials first, except failed ones that lack a parameter of ``space``.

    A stored study of that ``name`` (None: "study") is resumed if it has the same definition: space, searcher, seed,
    direction, stopping, earlier trials, whether there is a constraint, and ``data``, a text that identifies what the
    objective uses, such as a digest of rows and folds. A copy, pickled or deep, is in memory only.

    The table of trials is a function of these arguments, enqueued trials, and the objective; README.md of this folder
    says where workers count. When `run` has returned, when every trial from `ask` has been told, and after `close`,
    which a ``with`` statement calls too, the file holds everything; before, only `backup` copies it.

    >>> study = Study({"x": [-1.0, 0.5, 2.0]}, searcher="grid")
    >>> study.run(lambda trial: trial.params["x"] ** 2, progress=False).best_params
    {'x': 0.5}
    """

    def __init__(
        self, space: Mapping[str, Any] | Space | None = None, searcher: str | Searcher | None = None,
        direction: str = "minimize", seed: int | None = 0, storage: Any = None, name: str | None = None,
        constraint: Constraint | None = None, start_from: Study | None = None, stopping: Any = None,
        data: str | None = None, directions: Sequence[str] | Mapping[str, str] | None = None, **others: Any,
    ) -> None:
        checks.no_others("Study", others, [*inspect.signature(Study).parameters][:-1], OF_OPTUNA)
        objectives = as_objectives(direction, directions)
        if searcher is None:
            searcher = DEFAULT_OF_SEVERAL if objectives.several else DEFAULT
        name = _checked_text("name", name) or "study"
        if seed is None and (seed := _stored_seed(storage, name)) is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        space = given_space(space, constraint)
        definition = Definition(
            space=space, searcher=as_searcher(searcher).for_space(space), objectives=objectives,
            seed=checks.integer("seed", seed, low=0), stopping=as_stopping(stopping), name=name,
            data=_checked_text("data", data), earlier=[])
        refuse_without_space(definition, start_from)
        check_several(objectives, definition.searcher, definition.stopping)
        if start_from is not None:
            definition = definition._replace(earlier=_earlier_results(definition, start_from))
        self._set_core(Core(definition, storage))

    def _set_core(self, core: Core) -> None:
        """Set the attributes of a study with this core."""
        self._core = core
        self._losses: dict[int, int] = {}  # how often each running trial has lost its worker
        self.name, _, _, self.objectives, self.seed, self.stopping, self.data, *_ = core.definition
        self.idle_share: float | None = None  # of the latest run: the share of the workers' time without a trial

    def ask(self) -> Trial:
        """Return the next trial to run; raises `NotReady` while a result is missing, `Exhausted` at the end."""
        return self._core.ask()

    def tell(self, trial: Trial | int, value: Any = None, state: str | None = None) -> Trial:
        """Record a trial's outcome; a value that is not a finite number, or an exception, makes it a failed one."""
        if state is not None:
            checks.choice("state", state, STATES[1:])
        return self._core.tell(trial, value, state)

    def enqueue(self, params: Mapping[str, Any], by: str | None = None, again: bool = False) -> None:
        """Try a configuration next, before any that the searcher proposes; ``by``, for `why`: who enqueues it.

        One that was enqueued before, whether it waits or has a trial, is skipped, so a script can be run again.
        ``again=True`` enqueues it once more, as to evaluate a noisy objective twice.
        """
        self._core.enqueue(params, _checked_text("by", by), checks.boolean("again", again))

    def run(
        self, objective: Callable[[Trial], Any], n_trials: float | None = None, timeout: float | None = None,
        n_jobs: int = 1, executor: Any = None, callbacks: Iterable[Callable[[Study, Trial], Any]] = (),
        progress: bool = True, retries: int = 2, max_failures: int | str | None = None, confirm: float | None = None,
    ) -> Study:
        """Run trials on ``n_jobs`` threads until the study has ``n_trials``, failed ones counted; return the study.

        ``n_trials=None`` is the searcher's whole schedule if it has one, else 50; ``math.inf`` is no limit. After
        ``timeout`` seconds no further trial begins. Each callback is called as callback(study, trial) when a trial is
        recorded; its method ``before_run``, if it has one, as before_run(study) before any trial begins.

        ``executor``, any of `concurrent.futures`, runs the trials elsewhere (see `executors`), as many at a time as it
        has workers, or ``n_jobs`` if that is more than one. A trial whose worker dies is restarted, up to ``retries``
        times; after that it has failed, and the other trials continue.

        An exception of the objective makes its trial a failed one; the first is printed. If the first five trials of
        the run (the first ``n_jobs``, if that is more) all fail by the same mistake, the run ends with a RuntimeError.
        ``max_failures=n`` ends it when n trials have failed, "unlimited" never. SystemExit or Ctrl-C end the run: the
        next run begins the unfinished trials again; a callback that was not called by then is not called later.

        ``confirm=0.2`` uses the last fifth of ``n_trials`` to repeat candidates, each twice (see `confirm`).
        """
        options = RunOptions(n_trials, timeout, n_jobs, executor, callbacks, progress, retries, max_failures, confirm)
        try:
            self.idle_share = run_objective(self, self._core, objective, options, self._losses)
        except KeyboardInterrupt:
            with interruption.reachable(self, self._core.writer.path, bool(options.progress)):
                raise
        return self

    def confirm(
        self, objective: Callable[[Trial], Any] | None = None, candidates: int = 6, repeats: int = 2, **options: Any,
    ) -> RecommendedTrial:
        """Repeat the trials that `recommended` ranks first, and return the one with the best mean of new values.

        The repeats, with a `Trial.repeat_of`, are the next trials; the same call after an interruption runs those that
        are missing. ``options`` are those of `run`; without an objective the repeats wait for `ask`. Repeats of values
        that have no noise are equal, and show no more than that. A ValueError with several objectives or with budgets.
        """
        known = [*inspect.signature(Study.run).parameters][3:-1]  # without self, objective, n_trials and confirm
        checks.no_others("confirm", options, ["objective", "candidates", "repeats", *known])
        self._core.refuse_repeats()
        chosen = candidates_of(self, checks.integer("candidates", candidates, low=2))
        waiting = self._core.enqueue_repeats(chosen * checks.integer("repeats", repeats, low=1))
        if objective is not None:
            self.run(objective, len(self._core.trials) + waiting, **options)
        return self.recommended()

    def stop(self) -> None:
        """End the run from its objective or from a callback: no further trial begins, and running ones are finished.

        The next `run` continues the study. A RuntimeError where the study is not being run in this process.
        """
        self._core.stop_run()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called in the latest run."""
        return self._core.is_stopping

    def optimize(
        self, objective: Callable[[Trial], Any], n_trials: int | None = None, timeout: float | None = None,
        n_jobs: int = 1, callbacks: Iterable[Callable[[Study, Trial], Any]] | None = None,
        show_progress_bar: bool = False, max_failures: int | str | None = None,
    ) -> None:
        """Run ``n_trials`` further trials, as Optuna counts them, None: no limit if there is a ``timeout``."""
        wanted = len(self.trials) + checks.integer("n_trials", n_trials, low=1) if n_trials is not None else (
            None if timeout is None else math.inf)
        self.run(objective, wanted, timeout, n_jobs, None, callbacks or (), show_progress_bar, 2, max_failures)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the study, any value that JSON has."""
        self._core.set_user_attr(key, value)

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order of number."""
        return list(self._core.trials)

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """The enqueued configurations that have no trial yet, in order; they count for ``n_trials`` when they begin."""
        return [copied_params(one.params) for one in self._core.order.queue.state.waiting]

    @property
    def searcher(self) -> Searcher:
        """The searcher; if it left open how many trials it proposes at a time, that is set from the first run on."""
        return self._core.definition.searcher

    @property
    def space(self) -> Space:
        """The space; of a study without one, what its finished trials have requested (define-by-run)."""
        return self._core.ledger.space

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The attributes that `set_user_attr` has attached."""
        return copied_params(self._core.ledger.user_attrs)

    def why(self, number: int, brief: bool = False) -> str:
        """Explain in words why a trial was proposed, ``brief`` in one sentence; as data: ``trials[number].why``."""
        definition, trial = self._core.definition, self._core.ledger.find(number)
        reason = reason_of(definition, trial)
        if not checks.boolean("brief", brief):
            return reason
        searcher = None if trial.number < definition.foreign else definition.searcher
        return brief_reason(trial, reason, searcher, self.objectives, len(self._core.trials))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table, one trial a line: number, state, value, param_NAME..., budget, parent, error, seconds.

        Constraints, where there are any, follow as constraint_0 and so on. Of several objectives the values are
        values_0, values_1, ..., or values_NAME. Text as in `csv_text`.
        """
        self._core.writer.refuse_own(Path(path))
        write_text(path, table_text(trial_columns(self.trials, self.space.names, self.objectives, ["seconds"])))

    def to_optuna(self, storage: Any = None, name: str | None = None) -> Any:
        """Write the trials as a new study of Optuna; see `scratchtune.interop.optuna_studies.to_optuna`."""
        return sys.modules["scratchtune"].interop.to_optuna(self, storage, name)  # interop/ stands on this module

    def at(self, k: int) -> Study:
        """Return a copy in memory of the first ``k`` trials, which proposes trial k again.

        Those of the next trials that came from the queue wait in its queue. Another study that continues from these
        trials is ``Study(space, searcher, start_from=study.at(k))``.
        """
        definition, ledger = self._core.definition, self._core.ledger
        with self._core.locked():
            k = checks.integer("k", k, low=0, high=len(ledger.trials))
            return study_of(Core(definition._replace(reasons=definition.reasons[:k]), start=ledger.trials[:k],
                                 waiting=made_from_queue(ledger.trials[k:])))

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a copy to another file of studies, complete even while trials run; ``storage=path`` continues there.

        An existing file is replaced if it is an earlier backup. A ValueError where it is the study's own or holds
        something else, and a StorageError while another process writes it.
        """
        self._core.backup(Path(path))

    def close(self) -> None:
        """Write what is not written, and close the file; to run further trials, create the Study again."""
        self._core.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except StorageError:
            if error is None:  # of two errors the first is the cause
                raise

    def __repr__(self) -> str:
        waiting = f", {len(self.waiting)} waiting" if self.waiting else ""
        best = self.said_best()
        value = best and f", {best}"
        return (f"<Study {self.name!r}: {self.searcher!r}, {self.objectives}, seed {self.seed}, "
                f"{len(self.trials)} trials{waiting}{value}>")


def core_of(study: Study) -> Core:
    """The core of a study."""
    return study._core


def study_of(core: Core) -> Study:
    """The study of a core."""
    made = Study.__new__(Study)
    made._set_core(core)
    return made


def tune(
    objective: Callable[[Trial], Any], space: Mapping[str, Any] | Space | None = None,
    searcher: str | Searcher | None = None, n_trials: float | None = None, direction: str = "minimize",
    seed: int | None = 0, **options: Any,
) -> Study:
    """Make a study, run it, return it; the options are those of `Study` and of `Study.run`.

    After Ctrl-C, `interrupted_study` returns the study, with all trials that have finished.

    >>> tune(lambda trial: trial.suggest_int("x", 1, 3), n_trials=8, progress=False).best_params
    {'x': 1}
    """
    of_study = ("storage", "name", "constraint", "start_from", "stopping", "data", "directions")
    known = [*inspect.signature(tune).parameters, *of_study, *inspect.signature(Study.run).parameters]
    checks.no_others("tune", options, [name for name in known if name not in ("self", "options")], OF_OPTUNA)
    made_with = {name: options.pop(name) for name in of_study if name in options}
    return Study(space, searcher, direction, seed, **made_with).run(objective, n_trials, **options)


def interrupted_study() -> Study:
    """Return the study that Ctrl-C has interrupted last in this process, or raise a ValueError; `run` continues it."""
    if not interruption.latest:
        raise ValueError("no study was interrupted in this process")
    return interruption.latest[0]


def load_study(
    path: str | os.PathLike[str], name: str | None = None, *, space: Mapping[str, Any] | Space | None = None,
    searcher: str | Searcher | None = None, constraint: Constraint | None = None, stopping: Any = None,
    start_from: Study | None = None,
) -> Study:
    """Open a stored study of that ``name`` (None: the only one in the file), also to continue it.

    What a file can't hold must be given, as it was given to `Study`: a constraint, a searcher or stopping rule of the
    user's own, a space with choices that are no plain values, the study that it has started from; a StorageError names
    it.
    """
    given = {"space": space, "searcher": searcher, "constraint": constraint, "stopping": stopping,
             "start_from": start_from}
    known = {argument: value for argument, value in given.items() if value is not None}
    return Study(**stored_arguments(path, name, known))


def create_study(
    *, storage: str | os.PathLike[str] | None = None, sampler: str | Searcher | None = None,
    pruner: Stopping | None = None, study_name: str | None = None, direction: str | None = None,
    load_if_exists: bool = False, directions: Sequence[str] | None = None, seed: int | None = 0, **others: Any,
) -> Study:
    """Return a `Study` whose space is learned from what its objective requests, with Optuna's arguments.

    ``storage`` is a path, or Optuna's URL of an SQLite file, "sqlite:///FILE"; ``pruner`` None is `MedianStopping`, or
    with several ``directions`` no rule. A ValueError where the study is stored already, unless ``load_if_exists``.

    >>> study = create_study(direction="maximize", sampler="random")
    >>> study.optimize(lambda trial: trial.suggest_int("x", 0, 3), n_trials=20)
    >>> study.best_params
    {'x': 3}
    """
    names = [name for name in inspect.signature(create_study).parameters if name != "others"]
    checks.no_others("create_study", others, names, {ours: theirs for theirs, ours in OF_OPTUNA.items()})
    if direction is not None and directions is not None:
        raise ValueError(f"direction is {direction!r} and directions is {directions!r}; give one of the two")
    path, name = path_of(storage), study_name or "study"
    if not checks.boolean("load_if_exists", load_if_exists) and _stored_seed(path, name) is not None:
        raise ValueError(f"study_name is {name!r}, and {str(path)!r} holds a study of this name; give "
                         "load_if_exists=True to continue it, or another name")
    several = directions is not None and len(directions) > 1
    return Study(None, sampler, direction or "minimize", seed, storage=path, name=study_name,
                 stopping=pruner or (None if several else MedianStopping()), directions=directions)


def _earlier_results(definition: Definition, study: Any) -> list[Result]:
    if not isinstance(study, Study):
        raise TypeError(f"start_from is {study!r}; it must be a Study")
    if study.objectives != definition.objectives:
        there, here = (str(one) if one.several else repr(one.direction) for one in (
            study.objectives, definition.objectives))
        raise ValueError(f"start_from has the direction {there}; it must be {here}, as this study's")
    checked, space = [], definition.space
    for result in (*study._core.definition.earlier, *results_of(study.trials, definition.objectives.sign)):
        try:
            checked.append(result._replace(params=space.check(result.params)))
        except (TypeError, ValueError) as problem:
            if result.state != "failed" or not space.lacks(result.params):
                raise type(problem)(f"trial {result.number} of start_from: {problem}") from None
    return checked


def _checked_text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); it must be text, or None")
    if value is not None and value != value.encode("utf-8", "replace").decode("utf-8"):
        raise ValueError(f"{name} is {value!r}; it must be valid Unicode, without lone surrogates")
    return value


def path_of(storage: Any) -> Any:
    """The path of an SQLite file, given as a path or by Optuna's URL; None stays None."""
    if storage is not None and not isinstance(storage, (str, os.PathLike)):
        raise TypeError(f"storage is {storage!r}; it must be the path of an SQLite file, {OPTUNA_URL}FILE, or None")
    if not isinstance(storage, str) or "://" not in storage:
        return storage
    if not storage.startswith(OPTUNA_URL) or "://" in storage[len(OPTUNA_URL) :] or "?" in storage:
        raise ValueError(f"storage is {storage!r}; it must be the path of an SQLite file, or {OPTUNA_URL}FILE "
                         "without options after a ?")
    return storage[len(OPTUNA_URL) :]


def _stored_seed(storage: Any, name: str) -> int | None:
    """The seed of a stored study; None where there is none, or where `Study` says what is wrong."""
    with contextlib.suppress(StorageError, TypeError), File(storage, reading=True) as file:
        return int(file.definition(name)["seed"])
    return None
