"""Keras Tuner's interface: functions ``build(hp)`` and classes `HyperModel` that were written for it run unchanged.

A request of ``hp`` is one of `Trial.suggest_float`, `suggest_int` or `suggest_categorical`, so the study learns its
space from the requests. Models are Keras's, this package's, or any others with a ``fit``; Keras is not imported here.

Implements section 7.1 of the document.
"""

from __future__ import annotations

import copy
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.network.callbacks import Monitor
from scratchtune.core.network.sequential import Sequential
from scratchtune.core.network.training import HIGHER_IS_BETTER
from scratchtune.core.search import Searcher
from scratchtune.core.study import Study, Trial
from scratchtune.core.study.best import best_first

Request = Callable[[Trial], Any]
DIRECTIONS = {"min": "minimize", "max": "maximize"}
LOWER_IS_BETTER = ("loss", "error", "mse", "mae", "crossentropy")
VALUES = "hyperparameters"  # the attribute of a trial that holds `HyperParameters.values`


class HyperParameters:
    """The ``hp`` of Keras Tuner: each method returns the value of a hyper-parameter, and None where it is inactive.

    The values are those of a ``trial``; without one they are the given ``values``, or else the defaults, which are the
    first choice and the smallest value unless ``default`` is given. ``values`` holds the active ones that were
    requested. A parameter is inactive where its parent, a parameter requested before, has none of the
    ``parent_values``. A range contains ``max_value``; with ``sampling="log"`` its ``step`` is a factor.
    """

    def __init__(self, values: Mapping[str, Any] | None = None, trial: Trial | None = None) -> None:
        self.values = dict(values or {})
        self._trial = trial
        self._conditions: list[tuple[str, Sequence[Any]]] = []
        self._inactive: set[str] = set()

    def Int(
        self, name: str, min_value: int, max_value: int, step: int | None = None, sampling: str = "linear",
        default: int | None = None, parent_name: str | None = None, parent_values: Any = None,
    ) -> Any:
        """An integer from ``min_value`` to ``max_value``, both included; a ValueError for a wrong range or sampling."""
        drawn = _number_request(Trial.suggest_int, name, min_value, max_value, step, sampling)
        return self._value(name, min_value if default is None else default, drawn, parent_name, parent_values)

    def Float(
        self, name: str, min_value: float, max_value: float, step: float | None = None, sampling: str = "linear",
        default: float | None = None, parent_name: str | None = None, parent_values: Any = None,
    ) -> Any:
        """A real number from ``min_value`` to ``max_value``; a ValueError for a wrong range or sampling."""
        drawn = _number_request(Trial.suggest_float, name, min_value, max_value, step, sampling)
        return self._value(name, min_value if default is None else default, drawn, parent_name, parent_values)

    def Choice(
        self, name: str, values: Sequence[Any], ordered: bool | None = None, default: Any = None,
        parent_name: str | None = None, parent_values: Any = None,
    ) -> Any:
        """One of ``values``; ``ordered`` is accepted and not used, since choices have no order in a study."""
        first = None if None in values else values[0]
        return self._value(name, first if default is None else default,
                           lambda trial: trial.suggest_categorical(name, values), parent_name, parent_values)

    def Boolean(
        self, name: str, default: bool = False, parent_name: str | None = None, parent_values: Any = None,
    ) -> Any:
        """True or False."""
        return self.Choice(name, [False, True], default=default, parent_name=parent_name, parent_values=parent_values)

    def Fixed(self, name: str, value: Any, parent_name: str | None = None, parent_values: Any = None) -> Any:
        """The value itself: it is in ``values``, and not searched."""
        return self._value(name, value, lambda trial: value, parent_name, parent_values)

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Its parameters are active where the parent, requested before, has one of the values; its code always runs."""
        if parent_name not in self.values and parent_name not in self._inactive:
            raise ValueError(f"parent_name is {parent_name!r}; it must be a parameter that was requested before"
                             f"{checks.nearest(parent_name, list(self.values))}")
        several = isinstance(parent_values, (list, tuple, set))
        self._conditions.append((parent_name, list(parent_values) if several else [parent_values]))
        try:
            yield
        finally:
            self._conditions.pop()

    def get(self, name: str) -> Any:
        """The value of an active parameter; a ValueError where it is inactive, a KeyError where there is none."""
        if name not in self.values and name in self._inactive:
            raise ValueError(f"{name!r} is inactive in this configuration")
        return self.values[name]

    def _value(self, name: str, default: Any, drawn: Request, parent_name: str | None, parent_values: Any) -> Any:
        if parent_name is not None:
            with self.conditional_scope(parent_name, parent_values):
                return self._value(name, default, drawn, None, None)
        if not all(parent in self.values and self.values[parent] in wanted for parent, wanted in self._conditions):
            self._inactive.add(name)
            return None
        self.values[name] = self.values.get(name, default) if self._trial is None else drawn(self._trial)
        return self.values[name]


def _number_request(suggest: Callable[..., Any], name: str, low: Any, high: Any, step: Any, sampling: str) -> Request:
    """A function that asks a trial for a number of this range.

    Keras Tuner takes any step. Here a step divides the range, so that the range ends at its last multiple; and a range
    on the log scale has no step, so that the powers of the step are choices.
    """
    is_log = checks.choice("sampling", sampling, ("linear", "log")) == "log"
    if step is None:
        return lambda trial: suggest(trial, name, low, high, log=is_log)
    if is_log:
        checks.real("min_value", low, 0.0, open_low=True)
        checks.real("max_value", high, low)
        count = math.floor(  # of steps; the 1e-9 is for rounding
            math.log(high / low) / math.log(checks.real("step", step, 1.0, open_low=True)) + 1e-9)
        powers = [low * step**k for k in range(count + 1)]
        return lambda trial: trial.suggest_categorical(name, powers)
    last = low + math.floor((high - low) / checks.real("step", step, 0.0, open_low=True) + 1e-9) * step
    return lambda trial: suggest(trial, name, low, last, step=step)


class HyperModel:
    """A search space of models: override ``build(hp)``, and ``fit`` where the training has hyper-parameters too."""

    def build(self, hp: HyperParameters) -> Any:
        """Return the model, compiled."""
        raise NotImplementedError(f"{type(self).__name__} must define build(hp)")

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Train the model; return a History, a dict of values by name, or the value of the objective."""
        return model.fit(*args, **kwargs)


class Objective(NamedTuple):
    """What a tuner looks for: a name in the History, and its direction, "min" or "max"."""

    name: str
    direction: str


def as_objective(objective: str | Objective | None) -> Objective:
    """The objective of a name, with the direction that it implies; None is the value that `HyperModel.fit` returns."""
    if objective is None:
        return Objective("default_objective", "min")
    if isinstance(objective, Objective):
        return Objective(objective.name, checks.choice("direction", objective.direction, DIRECTIONS))
    for direction, names in (("min", LOWER_IS_BETTER), ("max", HIGHER_IS_BETTER)):
        if any(name in str(objective).lower() for name in names):
            return Objective(objective, direction)
    raise ValueError(f"objective is {objective!r}, whose direction is not known; give Objective(name, 'max') or 'min'")


class Tuner:
    """Searches the configurations of a ``hypermodel``, a function ``build(hp)`` or a `HyperModel`, in its ``study``.

    The value of a trial is the ``objective`` at its best epoch, on average over ``executions_per_trial`` trainings
    with other first weights. ``searcher`` is a name or a `Searcher`; one with budgets, such as `Hyperband`, sets
    ``epochs``, and each promoted trial is trained from the beginning. ``max_trials=None`` is its whole schedule.

    With a ``directory`` the study is stored there, in the file ``project_name``.db, with the weights of each trial's
    best epoch: a script that is run again continues.
    """

    def __init__(
        self, hypermodel: Callable[[HyperParameters], Any] | HyperModel, objective: str | Objective | None = None,
        searcher: str | Searcher = "bayesian", max_trials: int | None = 10, executions_per_trial: int = 1,
        seed: int | None = 0, directory: str | os.PathLike[str] | None = None, project_name: str = "untitled_project",
    ) -> None:
        if not isinstance(hypermodel, HyperModel) and not callable(hypermodel):
            raise TypeError(f"hypermodel is {hypermodel!r}; it must be a function build(hp), or a HyperModel")
        self.hypermodel: Any = hypermodel
        if not isinstance(hypermodel, HyperModel):
            self.hypermodel = HyperModel()
            self.hypermodel.build = hypermodel
        self.objective = as_objective(objective)
        self.max_trials = None if max_trials is None else checks.integer("max_trials", max_trials, 1)
        self.executions_per_trial = checks.integer("executions_per_trial", executions_per_trial, 1)
        storage = None if directory is None else Path(directory) / f"{project_name}.db"
        if storage is not None:
            storage.parent.mkdir(parents=True, exist_ok=True)
        self.study = Study(None, searcher, DIRECTIONS[self.objective.direction], seed, storage, project_name)
        self._row_shape: tuple[int, ...] = ()

    def search(self, x: Any = None, y: Any = None, **fit_arguments: Any) -> None:
        """Train models until the study has ``max_trials``; all arguments are those of ``fit``, as in Keras Tuner.

        Each training has its own copies of ``callbacks``. An error makes a failed trial, as in `Study.run`.
        """
        data = [one for one in (x, y) if one is not None]
        self._row_shape = tuple(getattr(x, "shape", ())[1:])
        self.study.run(lambda trial: self._trained(trial, data, fit_arguments), self.max_trials,
                       progress=bool(fit_arguments.get("verbose", 1)))

    def _trained(self, trial: Trial, data: Sequence[Any], fit_arguments: Mapping[str, Any]) -> float:
        hp, keeper = HyperParameters(trial=trial), _BestWeights(*self.objective)
        budget = {} if trial.budget is None else {"epochs": int(trial.budget)}
        curves = []
        for execution in range(self.executions_per_trial):
            model = self._model(hp, trial.seed, execution)
            callbacks = [*copy.deepcopy(list(fit_arguments.get("callbacks") or ())), keeper]
            result = self.hypermodel.fit(hp, model, *data, **{**fit_arguments, **budget, "callbacks": callbacks})
            curves.append(_curve(result, self.objective.name))
            if keeper.weights is None and hasattr(model, "get_weights"):
                keeper.weights = model.get_weights()  # of a fit that does not call its callbacks
        trial.set_user_attr(VALUES, hp.values)
        trial.save({str(k): array for k, array in enumerate(keeper.weights or ())})
        for step, mean in enumerate(map(np.mean, zip(*curves, strict=False))):
            if np.isfinite(mean):
                trial.report(mean, step)
        best = np.fmin if self.objective.direction == "min" else np.fmax  # they ignore NaN
        return float(np.mean([best.reduce(curve) for curve in curves]))

    def _model(self, hp: HyperParameters, seed: int, execution: int) -> Any:
        """A new model; training k of a `Sequential` has its own seed plus k, and one of Keras the trial's plus k."""
        if "keras" in sys.modules:
            sys.modules["keras"].utils.set_random_seed((seed + execution) % 2**32)
        model = self.hypermodel.build(hp)
        if isinstance(model, Sequential) and execution:
            model.seed += execution
            if model.built:
                model.build((None, *model.input_shape))
        return model

    def _best_trials(self, count: int) -> list[Trial]:
        return best_first(self.study.trials, self.study.direction)[: checks.integer("num_trials", count, 1)]

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """The configurations of the best trials, the best first; ``tuner.hypermodel.build`` takes each of them."""
        return [HyperParameters(trial.user_attrs[VALUES]) for trial in self._best_trials(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """The models of the best trials, with the weights of their best epoch, the best first."""
        models = [self.hypermodel.build(hp) for hp in self.get_best_hyperparameters(num_models)]
        for model, trial in zip(models, self._best_trials(num_models), strict=True):
            if not getattr(model, "built", True):
                model.build((None, *self._row_shape))
            if trial.saved:
                model.set_weights([trial.saved[str(k)] for k in range(len(trial.saved))])
        return models

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials: number, value, hyper-parameters."""
        print(f"{self.objective.name}: {self.study.said_best() or 'no trial is complete'}")
        for trial in self._best_trials(num_trials):
            values = ", ".join(f"{name}: {value}" for name, value in trial.user_attrs[VALUES].items())
            print(f"trial {trial.number}  {trial.value:.6g}  {values}")


class _BestWeights(Monitor):
    """Keeps the weights of the best epoch of all trainings, also of Keras's, which pass ``logs`` to each event."""

    weights: list[np.ndarray] | None = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, logs: Any = None) -> None:
        pass

    on_train_end = on_train_begin

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.improves(float((logs or {}).get(self.monitor, math.nan))) and hasattr(self.model, "get_weights"):
            self.weights = [np.array(array) for array in self.model.get_weights()]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("on_") or name == "set_params":  # events of Keras that are of no interest
            return lambda *args, **kwargs: None
        raise AttributeError(name)


def _curve(result: Any, name: str) -> list[float]:
    """The objective after each epoch, from what a fit has returned."""
    values = getattr(result, "history", result)
    if isinstance(values, Mapping):
        if name not in values:
            hint = "; give validation_data to search for those that begin with val_" * name.startswith("val_")
            raise ValueError(f"objective is {name!r}; the training has {checks.quoted(list(values))}{hint}")
        values = values[name]
    if values is None:
        raise ValueError("fit returned nothing; it must return a History, a dict of values, or a number")
    return [float(value) for value in np.ravel(values)]
