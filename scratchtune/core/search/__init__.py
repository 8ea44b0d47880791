"""The searchers: what to try next, and why."""

from __future__ import annotations

from typing import Any

from scratchtune.core import checks
from scratchtune.core.search.bayesian.bayesian_search import BayesianSearch
from scratchtune.core.search.cmaes import CMAESSearch
from scratchtune.core.search.genetic.fronts import hypervolume
from scratchtune.core.search.genetic.genetic_search import GeneticSearch
from scratchtune.core.search.genetic.nsga2 import NSGA2
from scratchtune.core.search.grid import GridSearch
from scratchtune.core.search.hyperband import Hyperband, SuccessiveHalving
from scratchtune.core.search.random import RandomSearch
from scratchtune.core.search.searcher import Exhausted, PendingParams, Result, Searcher, Seen, Suggestion
from scratchtune.core.search.space import Categorical, Float, Int, Space

SEARCHERS: dict[str, type[Searcher]] = {
    "grid": GridSearch, "random": RandomSearch, "bayesian": BayesianSearch, "genetic": GeneticSearch,
    "hyperband": Hyperband, "cmaes": CMAESSearch}
DEFAULT, DEFAULT_OF_SEVERAL = "bayesian", "nsga2"  # of several objectives

__all__ = [
    "BayesianSearch", "CMAESSearch", "Categorical", "Exhausted", "Float", "GeneticSearch", "GridSearch", "Hyperband",
    "Int", "NSGA2", "PendingParams", "RandomSearch", "Result", "SEARCHERS", "Searcher", "Seen", "Space",
    "SuccessiveHalving", "Suggestion", "as_searcher", "hypervolume"]


def as_searcher(searcher: Any) -> Searcher:
    """Return a searcher from its name, with its default arguments, or the given `Searcher` itself."""
    if isinstance(searcher, Searcher):
        return searcher
    known = SEARCHERS | {DEFAULT_OF_SEVERAL: NSGA2}
    if isinstance(searcher, str):
        return known[checks.choice("searcher", searcher, known)]()
    raise TypeError(f"searcher is {searcher!r}; it must be one of {', '.join(map(repr, known))} or a Searcher")
