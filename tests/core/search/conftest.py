"""Every searcher, for the tests that hold for all of them: a test with an argument ``make`` runs once for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scratchtune.core.search import NSGA2, BayesianSearch, GridSearch, RandomSearch, Searcher
from scratchtune.core.search.genetic.genetic_search import GeneticSearch
from scratchtune.core.search.hyperband import Hyperband

EVERY: dict[str, Callable[[], Searcher]] = {
    "grid": lambda: GridSearch(resolution=3),
    "random": RandomSearch,
    "halton": lambda: RandomSearch(sequence="halton"),
    "latin_hypercube": lambda: RandomSearch(sequence="latin_hypercube"),
    "gp": lambda: BayesianSearch(model="gp", initial=4, parallel=1),
    "gp-parallel": lambda: BayesianSearch(model="gp", initial=4, parallel=4),
    "tpe": lambda: BayesianSearch(model="tpe", initial=4, parallel=1),
    "tpe-parallel": lambda: BayesianSearch(model="tpe", initial=4, parallel=4),
    "auto": lambda: BayesianSearch(parallel=1),
    "genetic": GeneticSearch,
    "genetic-small": lambda: GeneticSearch(population=4),
    "nsga2": lambda: NSGA2(population=4),
    "hyperband": lambda: Hyperband(max_budget=9),
    "bohb": lambda: Hyperband(max_budget=9, proposer=BayesianSearch(model="tpe", initial=4, parallel=1)),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for it every searcher's constructor."""
    if "make" in metafunc.fixturenames and not any(
            "make" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")):
        metafunc.parametrize("make", EVERY.values(), ids=EVERY.keys())
