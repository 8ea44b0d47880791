"""Optuna's names: ``from scratchtune.interop import optuna`` for ``import optuna``; README.md lists what differs."""

from __future__ import annotations

import logging as logs
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from types import SimpleNamespace as Names
from typing import Any

import scratchtune as st
from scratchtune import TrialPruned, insight
from scratchtune.core import checks
from scratchtune.core.study.executors import capacity
from scratchtune.core.study.stored import stored_arguments
from scratchtune.core.study.study import core_of, path_of
from scratchtune.core.study.trial import requests_of
from scratchtune.insight.drawing import targeted

LOGGER: Any = logs.getLogger("scratchtune.core.study")
TrialState = StrEnum("TrialState", {  # each equals the text that the package has for it
    "RUNNING": "running", "COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed", "WAITING": "waiting"})
OF_TRIAL: Mapping[str, Callable[[Any], Any]] = {  # what is called otherwise in the package
    "state": lambda one: TrialState("stopped" if (one.error or "").startswith("TrialPruned") else one.state),
    "intermediate_values": lambda one: dict(one.reports),
    "distributions": lambda one: dict(getattr(requests_of(one), "parameters", {})),
    "duration": lambda one: one.finished and timedelta(seconds=one.finished - one.started)}


class Trial:
    """A trial, running or ended, with the attributes of the package's, too."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        inner = vars(self).get("_trial")  # None while a copy is made
        return OF_TRIAL[name](inner) if name in OF_TRIAL else getattr(inner, name)


class Study(st.Study):
    """A study with Optuna's names."""

    study_name, pruner = property(lambda self: self.name), property(lambda self: self.stopping)
    sampler = st.Study.searcher
    trials = property(lambda self: self.get_trials())
    constraints_func: Callable[[Any], Any] | None = None

    def enqueue_trial(self, params: Mapping[str, Any], skip_if_exists: bool = False) -> None:
        """Try a configuration next; also one that was enqueued before, unless ``skip_if_exists``."""
        self.enqueue(params, again=not skip_if_exists)

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[Any]:
        """The trials in these states, None: all."""
        return [one for one in map(Trial, core_of(self).trials) if states is None or one.state in states]

    def optimize(  # type: ignore[override]
        self, func: Callable[[Any], Any], n_trials: int | None = None, timeout: float | None = None, n_jobs: int = 1,
        catch: Any = (), callbacks: Any = None, gc_after_trial: bool = False, show_progress_bar: bool = False,
    ) -> None:
        """Run ``n_trials`` further trials; raise at once what the objective raises and ``catch`` does not hold."""
        expected, errors = (TrialPruned, catch if isinstance(catch, type) else tuple(catch)), list[Exception]()

        def objective(trial: Any) -> Any:
            try:
                return self._constrained(trial, func(Trial(trial)))
            except Exception as error:
                errors.extend([] if isinstance(error, expected) else [error])
                raise

        def after(study: Any, trial: Any) -> None:
            if errors:
                raise errors[0]
            for callback in callbacks or ():
                callback(study, Trial(trial))

        limit = float("inf") if n_trials is None else len(self.trials) + checks.integer("n_trials", n_trials, low=1)
        self._have(capacity(None, n_jobs))
        self.run(objective, limit, timeout, n_jobs, None, [after], show_progress_bar, 2, "unlimited")

    def _constrained(self, trial: Any, values: Any) -> Any:
        """The values of a trial, whose constraints are recorded; one without values has none."""
        if self.constraints_func is not None and not isinstance(values, (TrialPruned, type(None))):
            trial.set_constraint(self.constraints_func(Trial(trial)))
        return values

    def _have(self, workers: int) -> None:
        """Let the searcher and the stopping rule propose trials for free workers, beside those that run."""
        core = core_of(self)
        at_once = len(core.trials) - len(core.ledger.finished()) + workers
        for name in ("searcher", "stopping"):
            rule = getattr(core.definition, name)
            if (getattr(rule, "parallel", None) or at_once) < at_once:
                wider = rule.fresh(parallel=at_once)
                core.ledger.definition = core.definition._replace(**{name: wider})

    def ask(self, fixed_distributions: Mapping[str, Any] | None = None) -> Any:
        """The next trial, also where earlier ones are not told yet; it requests the given distributions."""
        self._have(1)
        asked = super().ask()
        for name, kind in (fixed_distributions or {}).items():
            arguments = {key: value for key, value in vars(kind).items() if key in "low high log step choices".split()}
            getattr(asked, f"suggest_{type(kind).__name__.lower()}")(name, **arguments)
        return Trial(asked)

    def tell(self, trial: Any, values: Any = None, state: Any = None) -> Any:
        """Record an outcome; without a report, a pruned trial has no value."""
        known = core_of(self).ledger.find(getattr(trial, "number", trial))
        if state == "stopped" and not known.reports:
            values, state = TrialPruned("told as pruned"), None
        return Trial(super().tell(known, self._constrained(known, values), state and TrialState(state).value))

    def add_trial(self, trial: Any) -> None:
        """Append a trial that has ended elsewhere."""
        for name, kind in trial.distributions.items():
            kind.check(name, trial.params[name])
        if self.waiting or core_of(self).order.unassigned:
            raise ValueError("add_trial was called while enqueued or interrupted trials wait; run these first")
        self.enqueue(trial.params, by="add_trial", again=True)
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
    made = Study(
        getattr(sampler, "space", None), getattr(sampler, "made", sampler), direction or "minimize",
        getattr(sampler, "seed", None), path_of(storage), study_name, directions=directions, stopping=getattr(
            pruner, "made", pruner) or (None if len(directions or ()) > 1 else st.MedianStopping(parallel=1)))
    made.constraints_func = getattr(sampler, "constraints_func", None)
    if made.trials and not load_if_exists:
        raise ValueError(f"storage has the study {made.name!r}; give load_if_exists=True, or another study_name")
    return made


def load_study(*, study_name: str | None, storage: Any, sampler: Any = None, pruner: Any = None) -> Study:
    """The stored study, whose sampler and pruner must be those given, if any are."""
    given = {"searcher": getattr(sampler, "made", sampler), "stopping": getattr(pruner, "made", pruner)}
    known = {name: value for name, value in given.items() if value is not None}
    made = Study(**stored_arguments(path_of(storage), study_name, known))
    made.constraints_func = getattr(sampler, "constraints_func", None)
    return made


def part(kind: Any, defaults: Mapping[str, Any], **renamed: str) -> Callable[..., Names]:
    """A sampler or pruner of Optuna: a class of the package, and the arguments that have another name in it."""
    def of_optuna(*values: Any, **given: Any) -> Names:
        given |= dict(zip([*renamed, "seed"], values, strict=False))
        here = {one: given.pop(one, None) for one in ("seed", "constraints_func")}
        own = {renamed[one]: given.pop(one) for one in renamed if given.get(one, "auto") != "auto"}
        if ignored := ", ".join(one for one in given if not one.startswith("warn_")):
            warnings.warn(f"{kind.__name__} has no counterpart of {ignored}, ignored here", stacklevel=2)
        return Names(**here, space=own.pop("space", None), made=kind(**{**defaults, **own}))

    return of_optuna


def get_param_importances(study: Any, *, target: Any = None) -> dict[str, float]:
    """The share of each parameter in the variance of the values, or of the target, normalised to the sum 1."""
    shares = insight.importance(targeted(study, target, "target")).items()
    total = sum(share for name, share in shares if isinstance(name, str))  # without those of pairs
    return {name: share / total for name, share in shares if isinstance(name, str)}


OpenHalton = type("OpenHalton", (st.RandomSearch,), {"requires_space": False, "needs": lambda _, n: min(n, 1)})
samplers = Names(
    RandomSampler=part(st.RandomSearch, {}),
    TPESampler=part(st.BayesianSearch, {"model": "tpe"}, n_startup_trials="initial"),
    GPSampler=part(st.BayesianSearch, {"model": "gp"}, n_startup_trials="initial"),
    NSGAIISampler=part(st.NSGA2, {}, population_size="population"),
    GridSampler=part(st.GridSearch, {}, search_space="space"),
    QMCSampler=part(OpenHalton, {"sequence": "halton"}),
    CmaEsSampler=part(st.CMAESSearch, {}, popsize="population"))
pruners = Names(
    MedianPruner=part(st.MedianStopping, {"parallel": 1}, n_startup_trials="warmup", n_warmup_steps="first_step"),
    NopPruner=part(st.MedianStopping, {"first_step": 10**9, "parallel": 10**9}),  # no trial has such a step
    SuccessiveHalvingPruner=part(st.AsyncHalving, {"eta": 4}, min_resource="min_steps", reduction_factor="eta"))
trial = Names(
    Trial=Trial, FrozenTrial=Trial, TrialState=TrialState,
    FixedTrial=lambda params, number=0: Trial(st.FixedTrial(params, number)),
    create_trial=lambda **given: Names(**{
        "state": TrialState.COMPLETE, "value": None, "values": None, "params": {}, "distributions": {},
        "user_attrs": {}, "intermediate_values": {}, **given}))
distributions = Names(FloatDistribution=st.Float, IntDistribution=st.Int, CategoricalDistribution=st.Categorical)
visualization = Names(**{name: getattr(insight, name) for name in dir(insight) if name.startswith("plot_")})
visualization.matplotlib, importance = visualization, Names(get_param_importances=get_param_importances)
study = Names(Study=Study, create_study=create_study, load_study=load_study)
exceptions = Names(TrialPruned=TrialPruned, DuplicatedStudyError=ValueError, ExperimentalWarning=UserWarning)
logging = Names(get_logger=lambda name="optuna": LOGGER.setLevel(LOGGER.level or logs.INFO) or LOGGER,
                set_verbosity=LOGGER.setLevel, get_verbosity=LOGGER.getEffectiveLevel, **logs.getLevelNamesMapping())
