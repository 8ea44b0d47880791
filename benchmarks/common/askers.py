"""Searchers by ask and tell, with several evaluations at a time if need be: ours and other libraries'.

An *asker* has two methods: ``ask()`` returns a key, params and the share of the full budget (1 is all of it), and
``tell(key, loss)`` ends that evaluation. So noise, workers and budgets are the same for all. Each library has its
defaults, called as in its documentation; the imports are inside, since each library is optional.
"""

from __future__ import annotations

import ast
import importlib
import math
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.common.black_boxes import Axis, Case

MOST_BUDGET, ETA = 9, 3  # of searchers that stop early: budgets of 1, 3 and 9 ninths of the full one


# scratchtune ----------------------------------------------------------------------------------------------------------


def our_searcher(text: str) -> Any:
    """A searcher from "name", "name:model" or "name:argument=value,...", the name one of ours or a dotted path."""
    from scratchtune.core.search import SEARCHERS

    name, _, given = text.partition(":")
    module, _, attribute = name.rpartition(".")
    kind = getattr(importlib.import_module(module), attribute) if module else SEARCHERS[name]
    return kind(**dict(argument(item) for item in given.split(",") if item))


def argument(item: str) -> tuple[str, Any]:
    """Name and value of "name=value"; a word alone is the model."""
    name, equals, value = item.partition("=")
    if not equals:
        return "model", name
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def our_space(case: Case) -> dict[str, Any]:
    """The axes of a case as a space of scratchtune."""
    import scratchtune as st

    def parameter(axis: Axis) -> Any:
        when = {case.when[axis.name][0]: case.when[axis.name][1]} if axis.name in case.when else None
        if axis.kind == "choice":
            return st.Categorical(list(axis.choices), when=when)
        if axis.kind == "whole":
            return st.Int(int(axis.low), int(axis.high), when=when)
        return st.Float(axis.low, axis.high, when=when)

    return {axis.name: parameter(axis) for axis in case.axes}


class Ours:
    """A study of scratchtune; "hyperband" has budgets, and "NAME, confirmed" uses a fifth of its trials for repeats."""

    def __init__(self, searcher: str, case: Case, trials: int, seed: int) -> None:
        import scratchtune as st

        searcher, _, self.is_confirmed = searcher.partition(", ")
        self.searched = trials - trials // 5
        kind, _, model = searcher.partition(":")
        if kind == "hyperband":
            proposer = st.BayesianSearch(model=model) if model else None
            found: Any = st.Hyperband(
                max_budget=MOST_BUDGET, eta=ETA, proposer=proposer, iterations=trials // MOST_BUDGET + 1)
        elif kind == "bayesian" and case.workers > 1:
            found = st.BayesianSearch(**({"model": model} if model else {}), parallel=case.workers)
        elif kind == "genetic" and case.workers > 1:
            found = st.GeneticSearch(offspring=case.workers)
        else:
            found = our_searcher(searcher)
        self.study = st.Study(our_space(case), found, seed=seed)

    def ask(self) -> tuple[Any, dict[str, Any], float]:
        """A trial of the study."""
        if self.is_confirmed and len(self.study.trials) == self.searched:
            self.study.confirm(candidates=self.searched // 8)
        trial = self.study.ask()
        return trial, trial.params, (trial.budget or MOST_BUDGET) / MOST_BUDGET

    def tell(self, key: Any, loss: float) -> None:
        """The trial's value."""
        self.study.tell(key, loss)

    def incumbent(self) -> dict[str, Any]:
        """The params of the recommended trial."""
        return dict(self.study.recommended().params)


# Optuna ---------------------------------------------------------------------------------------------------------------


class Optuna:
    """A study of Optuna, whose sampler is given by its class's name.

    The grouped TPE models the parameters of each branch together, as Optuna recommends for spaces with conditions.
    """

    def __init__(self, sampler: str, case: Case, trials: int, seed: int, grouped: bool = False) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        options: dict[str, dict[str, Any]] = {
            "TPESampler": {"multivariate": True, "group": True} if grouped else {},  # else its defaults
            "CmaEsSampler": {"warn_independent_sampling": False}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = getattr(optuna.samplers, sampler)(seed=seed, **options.get(sampler, {}))
        self.case, self.study = case, optuna.create_study(sampler=found)

    def ask(self) -> tuple[Any, dict[str, Any], float]:
        """A trial, whose parameters are suggested one after the other."""
        trial, params = self.study.ask(), dict[str, Any]()
        for axis in self.case.axes:
            if self.case.exists(axis.name, params):
                params[axis.name] = suggested(trial, axis)
        return trial, params, 1.0

    def tell(self, key: Any, loss: float) -> None:
        """The trial's value."""
        self.study.tell(key, loss)


def suggested(trial: Any, axis: Axis) -> Any:
    """Optuna's value of an axis."""
    if axis.kind == "real":
        return trial.suggest_float(axis.name, axis.low, axis.high)
    if axis.kind == "whole":
        return trial.suggest_int(axis.name, int(axis.low), int(axis.high))
    return trial.suggest_categorical(axis.name, axis.choices)


# hyperopt -------------------------------------------------------------------------------------------------------------


class Hyperopt:
    """hyperopt's TPE, by the functions that its `fmin` calls."""

    def __init__(self, case: Case, trials: int, seed: int) -> None:
        import numpy as np
        from hyperopt import Trials, base

        self.case, self.trials, self.rng = case, Trials(), np.random.default_rng(seed)
        self.searched = base.Domain(lambda params: 0.0, hyperopt_space(case))

    def ask(self) -> tuple[Any, dict[str, Any], float]:
        """A new document of hyperopt, which counts as running."""
        from hyperopt import JOB_STATE_RUNNING, space_eval, tpe

        (new,) = self.trials.new_trial_ids(1)
        self.trials.refresh()
        (document,) = tpe.suggest([new], self.searched, self.trials, int(self.rng.integers(2**31 - 1)))
        document["state"] = JOB_STATE_RUNNING
        self.trials.insert_trial_doc(document)
        self.trials.refresh()
        values = {name: found[0] for name, found in document["misc"]["vals"].items() if found}
        flat: dict[str, Any] = {}
        for name, value in space_eval(hyperopt_space(self.case), values).items():
            flat |= value if isinstance(value, dict) else {name: value}
        integers = {axis.name for axis in self.case.axes if axis.kind == "whole"}
        return new, {name: int(value) if name in integers else value for name, value in flat.items()}, 1.0

    def tell(self, key: Any, loss: float) -> None:
        """The result of a document."""
        from hyperopt import JOB_STATE_DONE, STATUS_OK

        document = next(one for one in self.trials._dynamic_trials if one["tid"] == key)
        document["state"], document["result"] = JOB_STATE_DONE, {"loss": loss, "status": STATUS_OK}
        self.trials.refresh()


def hyperopt_space(case: Case) -> dict[str, Any]:
    """The axes for hyperopt: what depends on a choice is inside it."""
    from hyperopt import hp

    def dimension(axis: Axis) -> Any:
        if axis.kind == "real":
            return hp.uniform(axis.name, axis.low, axis.high)
        if axis.kind == "whole":
            return hp.uniformint(axis.name, int(axis.low), int(axis.high))
        dependent = {choice: {other.name: dimension(other) for other in case.axes
                              if case.when.get(other.name) == (axis.name, choice)} for choice in axis.choices}
        if not any(dependent.values()):
            return hp.choice(axis.name, axis.choices)
        return hp.choice(axis.name, [{axis.name: choice, **others} for choice, others in dependent.items()])

    return {axis.name: dimension(axis) for axis in case.axes if axis.name not in case.when}


# SMAC3 ----------------------------------------------------------------------------------------------------------------


class Smac:
    """SMAC3's random forest, with its facade for hyper-parameter optimization; where values are noisy it may repeat."""

    def __init__(self, case: Case, trials: int, seed: int) -> None:
        from smac import HyperparameterOptimizationFacade, Scenario

        self.folder = tempfile.TemporaryDirectory()
        scenario = Scenario(smac_space(case, seed), deterministic=not case.noise, n_trials=trials, seed=seed,
                            output_directory=self.folder.name)
        self.facade = HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=40)

    def ask(self) -> tuple[Any, dict[str, Any], float]:
        """SMAC's trial."""
        info = self.facade.ask()
        return info, smac_params(info.config), 1.0

    def tell(self, key: Any, loss: float) -> None:
        """The cost of SMAC's trial."""
        from smac.runhistory.dataclasses import TrialValue

        self.facade.tell(key, TrialValue(cost=loss))

    def incumbent(self) -> dict[str, Any]:
        """The params that SMAC3 presents as the best: it compares the means of repeated evaluations."""
        return smac_params(self.facade.intensifier.get_incumbent())


def smac_params(config: Any) -> dict[str, Any]:
    """The params of a configuration of ConfigSpace, as Python's own numbers."""
    return {name: value.item() if hasattr(value, "item") else value for name, value in dict(config).items()}


def smac_space(case: Case, seed: int) -> Any:
    """The axes as a space of ConfigSpace."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

    space = ConfigurationSpace(seed=seed)
    for axis in case.axes:
        if axis.kind == "choice":
            space.add(Categorical(axis.name, list(axis.choices)))
        else:
            bounds = (axis.low, axis.high) if axis.kind == "real" else (int(axis.low), int(axis.high))
            space.add((Float if axis.kind == "real" else Integer)(axis.name, bounds))
    for name, (parent, choice) in case.when.items():
        space.add(EqualsCondition(space[name], space[parent], choice))
    return space


# By name --------------------------------------------------------------------------------------------------------------

ASKERS: dict[str, Callable[..., Any]] = {
    "Optuna TPE": lambda *given: Optuna("TPESampler", *given),
    "Optuna TPE, grouped": lambda *given: Optuna("TPESampler", *given, grouped=True),
    "Optuna GP": lambda *given: Optuna("GPSampler", *given),
    "Optuna CMA-ES": lambda *given: Optuna("CmaEsSampler", *given),
    "hyperopt TPE": Hyperopt, "SMAC3": Smac}


def asker(name: str, case: Case, trials: int, seed: int) -> Any:
    """A peer by its name, or one of our searchers."""
    return ASKERS[name](case, trials, seed) if name in ASKERS else Ours(name, case, trials, seed)


def evaluated(
    asks: Any, loss: Callable[..., float], budget: float, workers: int,
) -> list[tuple[dict[str, Any], float, float]]:
    """Ask and tell until the budget, in full evaluations, is spent; params, observed loss and budget of each.

    With several workers so many evaluations are under way; the oldest ends first.
    """
    done: list[tuple[dict[str, Any], float, float]] = []
    running: list[tuple[Any, dict[str, Any], float]] = []
    spent = 0.0
    while True:
        while len(running) < workers and spent < budget - 1e-9:
            found = one_more(asks)
            if found is None:
                break
            spent += found[2]
            running.append(found)
        if not running:
            return done
        key, params, share = running.pop(0)
        value = loss(params, share)
        asks.tell(key, value if math.isfinite(value) else 1e300)
        done.append((params, value, share))


def one_more(asks: Any) -> tuple[Any, dict[str, Any], float] | None:
    """What is asked next; None where the searcher must first be told more, or proposes no more."""
    from scratchtune.core.search import Exhausted
    from scratchtune.core.study.errors import NotReady

    try:
        return asks.ask()
    except (Exhausted, NotReady):
        return None
