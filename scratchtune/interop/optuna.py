"""Optuna's names on this package: ``from scratchtune.interop import optuna`` in place of ``import optuna``.

A `Study` is one of the package, and a `Trial` wraps one; both have its attributes too. README.md lists what differs.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import gc
import logging as python_logging
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import scratchtune
from scratchtune import checks, insight, search
from scratchtune.insight.drawing import targeted
from scratchtune.study import MedianStopping, NotReady, TrialPruned
from scratchtune.study import Study as OwnStudy
from scratchtune.study.executors import capacity
from scratchtune.study.results import local_time
from scratchtune.study.stored import stored_arguments
from scratchtune.study.study import OPTUNA_URL, core_of
from scratchtune.study.trial import requests_of

LOGGER = python_logging.getLogger("scratchtune.study")
TrialState = StrEnum("TrialState", {  # each equals the text that the package has for it
    "RUNNING": "running", "COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed", "WAITING": "waiting"})
OF_TRIAL: Mapping[str, Callable[[Any], Any]] = {  # what is called otherwise in the package
    "state": lambda one: TrialState("stopped" if (one.error or "").startswith("TrialPruned") else one.state),
    "intermediate_values": lambda one: dict(one.reports),
    "distributions": lambda one: dict(getattr(requests_of(one), "parameters", {})),
    "datetime_start": lambda one: local_time(one.started),
    "datetime_complete": lambda one: local_time(one.finished),
    "duration": lambda one: one.finished and Trial(one).datetime_complete - Trial(one).datetime_start}


class Trial:
    """A trial, running or ended."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        inner = vars(self).get("_trial")  # None while a copy is made
        return OF_TRIAL[name](inner) if name in OF_TRIAL else getattr(inner, name)


class Study(OwnStudy):
    """A study with Optuna's names."""

    study_name, pruner = property(lambda self: self.name), property(lambda self: self.stopping)
    sampler, enqueue_trial = OwnStudy.searcher, OwnStudy.enqueue
    trials = property(lambda self: self.get_trials())  # type: ignore[assignment]

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[Any]:
        """The trials in these states, None: all."""
        return [one for one in map(Trial, core_of(self).trials) if states is None or one.state in states]

    def optimize(  # type: ignore[override]
        self, func: Callable[[Any], Any], n_trials: int | None = None, timeout: float | None = None, n_jobs: int = 1,
        catch: Any = (), callbacks: Iterable[Callable[[Any, Any], Any]] | None = None, gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Run ``n_trials`` further trials; raise at once what the objective raises and ``catch`` does not hold."""
        errors: list[Exception] = []
        expected = (TrialPruned, catch if isinstance(catch, type) else tuple(catch))

        def objective(trial: Any) -> Any:
            try:
                return func(Trial(trial))
            except Exception as error:
                errors.extend([] if isinstance(error, expected) else [error])
                raise

        def after(study: Any, trial: Any) -> None:
            if errors:
                raise errors[0]
            for callback in callbacks or ():
                callback(study, Trial(trial))
            if gc_after_trial:
                gc.collect()

        limit = math.inf if n_trials is None else len(self.trials) + checks.integer("n_trials", n_trials, low=1)
        self._have(capacity(None, n_jobs))
        self.run(objective, limit, timeout, n_jobs, None, [after], show_progress_bar, 2, "unlimited")

    def _have(self, at_once: int) -> None:
        """Let the searcher and the stopping rule propose so many trials at a time, in this process."""
        core = core_of(self)
        for name in ("searcher", "stopping"):
            rule = getattr(core.definition, name)
            if (getattr(rule, "parallel", None) or at_once) < at_once:
                arguments = {key: value for key, value in vars(rule).items() if not key.startswith("_")}
                core.definition = core.definition._replace(**{name: type(rule)(**arguments | {"parallel": at_once})})

    def ask(self, fixed_distributions: Mapping[str, Any] | None = None) -> Any:
        """The next trial, also where earlier ones are not told yet; it requests the given distributions."""
        try:
            asked = super().ask()
        except NotReady as reason:
            self._have(reason.number - reason.awaited + 1)
            asked = super().ask()
        for name, kind in (fixed_distributions or {}).items():
            arguments = {key: getattr(kind, key) for key in ("low", "high", "log", "step", "choices") if hasattr(kind, key)}
            getattr(asked, f"suggest_{type(kind).__name__.lower()}")(name, **arguments)
        return Trial(asked)

    def tell(self, trial: Any, values: Any = None, state: Any = None) -> Any:
        """Record an outcome; without a report, a pruned trial has no value."""
        known = core_of(self).find(getattr(trial, "number", trial))
        if state == "stopped" and not known.reports:
            values, state = TrialPruned("told as pruned"), None
        return Trial(super().tell(known, values, state and TrialState(state).value))

    def add_trial(self, trial: Any) -> None:
        """Append a trial that has ended elsewhere."""
        for name, kind in trial.distributions.items():
            kind.check(name, trial.params[name])
        if self.waiting or core_of(self).unassigned:
            raise ValueError("add_trial was called while enqueued or interrupted trials wait; run these first")
        self.enqueue(trial.params, by="add_trial")
        added = self.ask(trial.distributions)
        for step, value in trial.intermediate_values.items():
            added.report(value, step)
        for key, value in trial.user_attrs.items():
            added.set_user_attr(key, value)
        self.tell(added, trial.values or trial.value, trial.state)

    def trials_dataframe(self, attrs: Iterable[str] = ("",)) -> Any:
        """The trials as a pandas table, with the columns of these attributes."""
        frame = self.to_dataframe().assign(state=[trial.state.name for trial in self.trials])
        return frame[[name for attr in attrs for name in frame if name.startswith(attr)]]


def create_study(
    *, storage: Any = None, sampler: Any = None, pruner: Any = None, study_name: str | None = None,
    direction: str | None = None, load_if_exists: bool = False, directions: Any = None,
) -> Study:
    """A study without a space, unless its sampler has one; its seed is the sampler's, or a new one."""
    rule = None if len(directions or ()) > 1 else MedianStopping(parallel=1)
    made = Study(
        getattr(sampler, "space", None), getattr(sampler, "made", sampler), direction or "minimize",
        getattr(sampler, "seed", None), storage and str(storage).removeprefix(OPTUNA_URL), study_name,
        stopping=getattr(pruner, "made", pruner) or rule, directions=directions)
    if made.trials and not load_if_exists:
        raise ValueError(f"storage has the study {made.name!r}; give load_if_exists=True, or another study_name")
    return made


def load_study(*, study_name: str | None, storage: Any, sampler: Any = None, pruner: Any = None) -> Study:
    """The stored study, whose sampler and pruner must be those given, if any are."""
    given = {"searcher": getattr(sampler, "made", sampler), "stopping": getattr(pruner, "made", pruner)}
    return Study(**stored_arguments(str(storage).removeprefix(OPTUNA_URL), study_name, {
        name: value for name, value in given.items() if value is not None}))


def part(name: str, make: Any, renamed: Mapping[str, str], **fixed: Any) -> Callable[..., SimpleNamespace]:
    """A sampler or pruner of Optuna: ``make`` or what has this name, with those arguments that have a name here."""
    def of_optuna(*values: Any, **given: Any) -> SimpleNamespace:
        given |= dict(zip([*renamed, "seed"], values, strict=False))
        seed, own = given.pop("seed", None), {renamed[one]: given.pop(one) for one in renamed if one in given}
        kind, space = getattr(scratchtune, make, None) if isinstance(make, str) else make, own.pop("space", None)
        if kind is None or "constraints_func" in given:
            raise NotImplementedError(f"{name} needs {make if kind is None else 'constraints_func'}, which is not here")
        if ignored := ", ".join(one for one in given if not one.startswith("warn_")):
            warnings.warn(f"{name} ignores {ignored} here: {make} has no such argument", stacklevel=2)
        return SimpleNamespace(made=kind(**fixed, **own), seed=seed, space=space)

    return of_optuna


def get_param_importances(study: Any, *, target: Any = None) -> dict[str, float]:
    """The share of each parameter in the variance of the values, or of the target, normalised to the sum 1."""
    shares = insight.importance(targeted(study, target, "target")).items()
    total = sum(share for name, share in shares if isinstance(name, str))  # without those of pairs
    return {name: share / total for name, share in shares if isinstance(name, str)}


OpenHalton = type("OpenHalton", (search.RandomSearch,), {  # it learns its space from the first trial
    "requires_space": False, "needs": lambda self, number: min(number, 1)})
samplers = SimpleNamespace(
    RandomSampler=part("RandomSampler", "RandomSearch", {}),
    TPESampler=part("TPESampler", "BayesianSearch", {"n_startup_trials": "initial"}, model="tpe"),
    GPSampler=part("GPSampler", "BayesianSearch", {"n_startup_trials": "initial"}, model="gp"),
    NSGAIISampler=part("NSGAIISampler", "NSGA2", {"population_size": "population"}),
    GridSampler=part("GridSampler", "GridSearch", {"search_space": "space"}),
    QMCSampler=part("QMCSampler", OpenHalton, {}, sequence="halton"),
    CmaEsSampler=part("CmaEsSampler", "CMAESSearch", {}))
pruners = SimpleNamespace(
    MedianPruner=part(
        "MedianPruner", "MedianStopping", {"n_startup_trials": "warmup", "n_warmup_steps": "first_step"}, parallel=1),
    NopPruner=part("NopPruner", "MedianStopping", {}, first_step=10**9, parallel=10**9),  # a step that no trial reaches
    SuccessiveHalvingPruner=part("SuccessiveHalvingPruner", "AsyncHalving", {}))
trial = SimpleNamespace(
    Trial=Trial, FrozenTrial=Trial, TrialState=TrialState,
    FixedTrial=lambda params: Trial(OwnStudy({name: [value] for name, value in params.items()}, "grid").ask()),
    create_trial=lambda **given: SimpleNamespace(**{
        "state": TrialState.COMPLETE, "value": None, "values": None, "params": {}, "distributions": {},
        "user_attrs": {}, "intermediate_values": {}, **given}))
distributions = SimpleNamespace(
    FloatDistribution=search.Float, IntDistribution=search.Int, CategoricalDistribution=search.Categorical)
visualization = SimpleNamespace(**{name: getattr(insight, name) for name in dir(insight) if name.startswith("plot_")})
visualization.matplotlib, importance = visualization, SimpleNamespace(get_param_importances=get_param_importances)
study = SimpleNamespace(Study=Study, create_study=create_study, load_study=load_study)
exceptions = SimpleNamespace(TrialPruned=TrialPruned, DuplicatedStudyError=ValueError, ExperimentalWarning=UserWarning)
logging = SimpleNamespace(
    get_logger=lambda name="optuna": LOGGER.setLevel(LOGGER.level or python_logging.INFO) or LOGGER,
    set_verbosity=LOGGER.setLevel, get_verbosity=LOGGER.getEffectiveLevel,
    **{name: getattr(python_logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")})
