"""The searchers: what to try next, and why."""

from __future__ import annotations

from typing import Any

from scratchtune import checks
from scratchtune.search.bayesian.bayesian_search import BayesianSearch
from scratchtune.search.cmaes import CMAESSearch
from scratchtune.search.genetic.fronts import hypervolume
from scratchtune.search.genetic.genetic_search import GeneticSearch
from scratchtune.search.genetic.nsga2 import NSGA2
from scratchtune.search.grid import GridSearch
from scratchtune.search.hyperband import Hyperband, SuccessiveHalving
from scratchtune.search.random import RandomSearch
from scratchtune.search.searcher import Exhausted, PendingParams, Result, Searcher, Seen, Suggestion
from scratchtune.search.space import Categorical, Float, Int, Space

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
