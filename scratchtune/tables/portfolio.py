"""The portfolio: configurations that did well on other tables, in the order in which they are tried first.

They were chosen one by one: the next one is that which reduces the most the mean, over tables, of the three smallest
losses so far. The ten tables that are kept aside for the comparison with other programs were not used for it; some of
the other tables of that comparison were. benchmarks/results/portfolio.md says which commit has the code.

On a table of more than `MANY` rows networks take long. There other trees, chosen in the same way on such tables, are
tried in turn with the networks.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import functools
import importlib.resources
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from scratchtune.estimators.rates import weight_decay_of
from scratchtune.search import Categorical
from scratchtune.tables.families import FAMILIES, FAMILY

MANY = 4_000  # rows
LARGE = "large trees"
DEFAULTS = "linear", "trees", "network"  # the order in which the defaults are tried, those that take least time first


@functools.cache
def _stored() -> dict[str, Any]:
    text = importlib.resources.files("scratchtune.tables").joinpath("portfolio.json").read_text(encoding="utf-8")
    return json.loads(text)


def portfolio(families: Sequence[str], classes: int, rows: int) -> list[dict[str, Any]]:
    """Return the configurations of these families for classification (``classes`` > 0) or regression, in order."""
    task = "classification" if classes else "regression"
    entries = _stored()[task]
    if rows > MANY:
        others = [params for params in entries if params[FAMILY] != "trees"]
        entries = in_turn(others, _stored()[LARGE][task])
    return [completed(params) for params in entries if params[FAMILY] in families]


def defaults(families: Sequence[str], classes: int, rows: int) -> dict[str, dict[str, Any]]:
    """Return the default configuration of each family, for so many training rows, in the order in which they are tried.

    It is that of the family's estimator, as far as the space can express it: trees have an ``l2_regularization`` of
    0.001, the least of the range, for 0, and a network has the number that "auto" gives as its ``weight_decay``. A
    network without hidden layers has no default of its own; the linear family's is that of the portfolio.
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
    """Return a configuration with the estimator's default for each hyper-parameter of its family that it lacks.

    A stored portfolio thus stays valid when a hyper-parameter is added to a family's space.
    """
    family = FAMILIES[params[FAMILY]]
    defaults = {f"{family.name}_{name}": inspect.signature(family.classifier).parameters[name].default
                for name in family.space}
    return {**defaults, **params}
