"""NSGA-II searches the Pareto front of several objectives with the operators of genetic search.

It differs from `GeneticSearch` only in the meaning of fitness. A configuration with a higher accuracy, say, may take
longer to train. So there is no best trial, but a front: the trials that no other trial dominates. The fittest trials
are those on the front, and among them those with the largest crowding distance; then come the next fronts (`fronts`).
With constraints, feasible trials come first, and infeasible ones are ordered by their violation.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search.genetic.brood import FITTED
from scratchtune.core.search.genetic.fronts import crowded_order
from scratchtune.core.search.genetic.genetic_search import GeneticSearch, Parents, genes_of
from scratchtune.core.search.searcher import Result
from scratchtune.core.search.space import Space

POPULATION, OFFSPRING = 20, 10


class Ranked(NamedTuple):
    """A memo: the fittest trials of a pool, at most so many, which all children of a generation share."""

    space: Space
    pool: list[Result]
    most: int
    fittest: Parents


class NSGA2(GeneticSearch):
    """A genetic algorithm for several objectives: non-dominated sorting and crowding distance (Deb et al., 2002).

    - ``population``: trials in the first generation; None is 20.
    - ``offspring``: children in each later generation: so many trials may run side by side; None is half of the
      population. With ``offspring=population`` and ``brood=1`` it is close to the algorithm of the paper, except
      for the mutation, and that all trials seen compete, not only the survivors and the latest children.
    - ``parents``: how many of the fittest trials may become parents; None is the population.
    - The other arguments are those of `GeneticSearch`.

    In a study of one objective it ranks trials by their value.
    """

    several_objectives = True

    def __init__(
        self, population: int | None = None, offspring: int | None = None, parents: int | None = None,
        selection: str = "tournament", tournament: int = 2, crossover: str = "sbx", crossover_rate: float = 1.0,
        mutation: str = "gaussian", mutation_rate: float = 0.2, brood: int = 8, elitism: bool = True,
    ) -> None:
        size = POPULATION if population is None else checks.integer("population", population, low=2)
        super().__init__(
            size, max(size // 2, 1) if offspring is None else offspring, size if parents is None else parents,
            selection, tournament, crossover, crossover_rate, mutation, mutation_rate, brood, elitism)
        self._memo: Ranked | None = None

    def fittest(self, space: Space, pool: Sequence[Result], count: int) -> Parents:
        """Return the ``count`` fittest trials of a pool: by front, then by crowding distance, then by number."""
        memo, most = self._memo, max(count, self.parents, FITTED)
        if memo is None or memo.space is not space or memo.most < count or len(memo.pool) != len(pool) or not all(
                one is other for one, other in zip(memo.pool, pool, strict=True)):
            self._memo = memo = Ranked(space, list(pool), most, _ranked(space, pool, most))
        results, genes, fitness = memo.fittest
        return Parents(results[:count], genes[:count], fitness[:count])


def _ranked(space: Space, pool: Sequence[Result], most: int) -> Parents:
    """At most so many trials of a pool, the fittest first, without failed ones; fitness is minus the rank."""
    losses = [(result, result.losses or (result.value,)) for result in pool]  # one loss in a study of one objective
    known = [(result, several) for result, several in losses if not np.isnan(several).any()]
    violations = [result.violation for result, _ in known]
    order = crowded_order(np.array([several for _, several in known]), violations)
    chosen = [known[k][0] for k in order[:most]]
    return Parents(chosen, genes_of(space, [result.params for result in chosen]), -np.arange(len(chosen), dtype=float))
