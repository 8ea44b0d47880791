"""The families of models that AutoML combines: networks, boosted trees, linear models.

A family has a space of hyper-parameters, an estimator for each configuration, and an encoding of the features. The
names of its hyper-parameters begin with its own name, so that one space holds all families.

The portfolio are configurations that did well on other tables, in the order in which they are tried first. They were
chosen one by one: the next one is that which reduces the most the mean, over tables, of the three smallest losses so
far. The ten tables that are kept aside for the comparison with other programs were not used for it; some of the other
tables of that comparison were. On a table of more than `MANY` rows networks take long: there other trees, chosen in the
same way on such tables, are tried in turn with them.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import functools
import importlib.resources
import inspect
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scratchtune.core import checks
from scratchtune.core.estimators import MLPClassifier, MLPRegressor
from scratchtune.core.estimators.rates import weight_decay_of
from scratchtune.core.search import Categorical, Float, Int
from scratchtune.tables.features import CODES, EMBEDDED, ONE_HOT, Encoding
from scratchtune.tables.networks import NetworkClassifier, NetworkRegressor
from scratchtune.tables.trees.estimators import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from scratchtune.tables.wording import argument

VISITS, STEPS, LARGEST_BATCH = 20_000_000, 1_000, 1_024  # see `for_many_rows`
MANY = 4_000  # rows
LARGE = "large trees"
DEFAULTS = "linear", "trees", "network"  # the order in which the defaults are tried, those that take least time first
FAMILY = "family"  # the name of the hyper-parameter that chooses one
TARGET = "target"  # the name of the one that chooses the scale of a regression's target


@dataclass(frozen=True)
class Family:
    """A family: its name, a classifier and a regressor, its hyper-parameters, fixed arguments, and its features."""

    name: str
    classifier: type[Any]
    regressor: type[Any]
    space: Mapping[str, Any]
    fixed: Mapping[str, Any]
    encoding: Encoding

    def estimator(
        self, params: Mapping[str, Any], classes: int, seed: int, categorical: Sequence[int], rows: int,
    ) -> Any:
        """Return the untrained estimator of a configuration for so many rows; ``categorical`` are columns of codes."""
        arguments = {**self.fixed, **own_arguments(self.name, params), "random_state": seed}
        if categorical:
            arguments["categorical_features"] = list(categorical)
        made = (self.classifier if classes else self.regressor)(**arguments)
        if hasattr(made, "epochs"):
            made.set_params(**for_many_rows(rows, made.epochs, made.batch_size))
        return made


NETWORK = Family("network", NetworkClassifier, NetworkRegressor, {
    "hidden_layers": Int(1, 3), "units": Int(32, 256, log=True), "learning_rate": Float(5e-4, 5e-2, log=True),
    "batch_size": Categorical([32, 64, 128, 256]), "epochs": Int(10, 80, log=True), "dropout": Float(0.0, 0.4),
    "weight_decay": Float(1e-6, 0.5, log=True), "scale": Categorical(["standard", "robust", "quantile"]),
    "numeric_embedding": Categorical([None, "periodic", "piecewise"]), "schedule": Categorical([None, "cosine"]),
    "members": Categorical([1, 8]), "parametric_activation": Categorical([False, True]),
}, {"verbose": 0}, EMBEDDED)

TREES = Family("trees", HistGradientBoostingClassifier, HistGradientBoostingRegressor, {
    "learning_rate": Float(0.02, 0.3, log=True), "max_iter": Int(30, 1000, log=True),
    "max_leaf_nodes": Int(4, 128, log=True), "min_samples_leaf": Int(2, 60, log=True),
    "l2_regularization": Float(1e-3, 10.0, log=True), "max_features": Float(0.3, 1.0),
}, {"verbose": 0}, CODES)

LINEAR = Family("linear", MLPClassifier, MLPRegressor, {
    "learning_rate": Float(1e-3, 3e-2, log=True), "l2": Float(1e-6, 1e-1, log=True), "epochs": Int(20, 80, log=True),
}, {"hidden_layers": 0, "verbose": 0}, ONE_HOT)

FAMILIES = {family.name: family for family in (NETWORK, TREES, LINEAR)}


def for_many_rows(rows: int, epochs: int, batch_size: int) -> dict[str, int]:
    """Return the epochs and the batch size of a network for so many training rows.

    A large table needs fewer epochs, since each has more steps, and allows larger batches, which take less time a row:
    at most `VISITS` rows are visited in all, in at least three epochs, and an epoch has at most `STEPS` steps, unless
    batches would be larger than `LARGEST_BATCH`.

    >>> for_many_rows(1_000, 40, 32), for_many_rows(900_000, 40, 32)
    ({'epochs': 40, 'batch_size': 32}, {'epochs': 22, 'batch_size': 1024})
    """
    larger = 2 ** math.ceil(math.log2(max(rows / STEPS, 1.0)))
    return {"epochs": min(epochs, max(3, VISITS // rows)), "batch_size": max(batch_size, min(larger, LARGEST_BATCH))}


def own_arguments(family: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a family's estimator in a configuration, without the prefix."""
    return {name.removeprefix(f"{family}_"): value for name, value in params.items() if name.startswith(f"{family}_")}


def checked_families(families: Any) -> tuple[str, ...]:
    """Return the names of families, each once; a ValueError for an unknown one, or none."""
    if isinstance(families, str):
        families = [families]
    if not isinstance(families, Iterable):
        raise TypeError(f"families is {families!r} ({type(families).__name__}); it must hold some of "
                        f"{', '.join(FAMILIES)}")
    names = tuple(dict.fromkeys(checks.choice(argument("families"), name, FAMILIES) for name in families))
    if not names:
        raise ValueError(f"{argument('families')} is empty; it must name some of {', '.join(FAMILIES)}")
    return names


def joint_space(families: Sequence[str]) -> dict[str, Any]:
    """Return the space of all these families: a parameter exists where its family is chosen."""
    joined: dict[str, Any] = {FAMILY: Categorical(list(families))}
    for family in families:
        for name, parameter in FAMILIES[family].space.items():
            joined[f"{family}_{name}"] = replace(parameter, when={FAMILY: [family]})
    return joined


@functools.cache
def _portfolio_file() -> dict[str, Any]:
    text = importlib.resources.files("scratchtune.tables").joinpath("portfolio.json").read_text(encoding="utf-8")
    return json.loads(text)


def portfolio(families: Sequence[str], classes: int, rows: int) -> list[dict[str, Any]]:
    """Return the portfolio of these families for ``classes`` (0: regression), in order; of many rows, other trees."""
    task = "classification" if classes else "regression"
    entries = _portfolio_file()[task]
    if rows > MANY:
        others = [params for params in entries if params[FAMILY] != "trees"]
        entries = in_turn(others, _portfolio_file()[LARGE][task])
    return [completed(params) for params in entries if params[FAMILY] in families]


def defaults(families: Sequence[str], classes: int, rows: int) -> dict[str, dict[str, Any]]:
    """Return the default configuration of each family, for so many training rows, in the order in which they are tried.

    It is that of the family's estimator, as far as the space can express it: trees have an ``l2_regularization`` of
    0.001 for 0, and a network the ``weight_decay`` that "auto" gives. The linear family's is that of the portfolio.
    """
    found = {}
    for name in (one for one in DEFAULTS if one in families):
        params = completed({FAMILY: name})
        if name == "linear":
            params = next(one for one in portfolio(("linear",), classes, rows))
        for own, parameter in FAMILIES[name].space.items():
            value = params[f"{name}_{own}"]
            if own == "weight_decay":
                value = weight_decay_of(value, params[f"{name}_batch_size"], rows)
            if not isinstance(parameter, Categorical):
                params[f"{name}_{own}"] = min(max(value, parameter.low), parameter.high)
        found[name] = params
    return found


def in_turn(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Return the elements of both sequences, one of each in turn; what is left of the longer one comes last.

    >>> in_turn([1, 2, 3], ["a"])
    [1, 'a', 2, 3]
    """
    both = [one for pair in zip(first, second, strict=False) for one in pair]
    return [*both, *first[len(second):], *second[len(first):]]


def completed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the estimator's default for each hyper-parameter of its family that it lacks."""
    family = FAMILIES[params[FAMILY]]
    defaults = {f"{family.name}_{name}": inspect.signature(family.classifier).parameters[name].default
                for name in family.space}
    return {**defaults, **params}
