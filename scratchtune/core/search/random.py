"""Random search draws configurations at random, independently of earlier results.

With the same number of trainings it tries more values of each single parameter than a grid does, which pays where only
some of the parameters matter (Bergstra and Bengio, 2012).

Implements section 3.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search.normal import truncated_normal_quantile
from scratchtune.core.search.parameters import prior_in_unit
from scratchtune.core.search.searcher import (
    Exhausted,
    Pending,
    Result,
    Rng,
    Searcher,
    Suggestion,
    Taken,
    as_seen,
    key_of,
)
from scratchtune.core.search.sequences import halton, latin_hypercube, uniform
from scratchtune.core.search.space import Categorical, Parameter, Space

DRAWS = 1000  # of a point that is new and allowed, before all such points are listed
MOST_DRAWS = 20_000  # the same if there are too many to list: a constraint may allow one point of a thousand
LISTED = 1_000_000  # the largest finite space whose points are listed

SEQUENCES: dict[str, Callable[[int, int, int, np.random.Generator], Iterator[np.ndarray]]] = {
    "uniform": uniform, "halton": halton, "latin_hypercube": latin_hypercube}
IN_WORDS = {"halton": "Halton sequence", "latin_hypercube": "growing Latin hypercube"}


class RandomSearch(Searcher):
    """Draws from the space, or from the user's ``prior`` where a parameter has one.

    ``sequence`` says how: "uniform" is independent draws; "halton" and "latin_hypercube" fill the space more evenly
    (see `scratchtune.core.search.sequences`), which helps most where few trials are spread over few parameters.
    In a finite space no point is proposed twice: instead of one that is among the earlier trials, another is drawn
    uniformly; when none is left, the search is exhausted. It need not wait for the earlier trials, since ``pending``
    holds them all: a suggestion depends on the study's seed, the trial's number and their params.
    """

    several_objectives = True

    def __init__(self, sequence: str = "uniform") -> None:
        self.sequence = checks.choice("sequence", sequence, SEQUENCES)

    @property
    def requires_space(self) -> bool:
        """Whether the points are spread over a space, which must be known for that."""
        return self.sequence != "uniform"

    def needs(self, number: int) -> int:
        """0: it reads no results, so no trial waits for another one."""
        return 0

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Draw a configuration that the constraint allows and that, in a finite space, is new."""
        stream, seed = key_of(rng), as_seen(seen, 0, rng).seed
        taken = None if space.size is None else Taken(space, seen, pending)
        candidates = SEQUENCES[self.sequence](len(space.names), number, seed, rng)
        listed = space.size is not None and space.size <= LISTED
        for draw in range(1, (DRAWS if listed else MOST_DRAWS) + 1):
            point = next(candidates)  # after DRAWS points the prior is ignored, since it hardly gives new ones
            params = params_at_quantiles(space, point) if draw <= DRAWS else space.from_unit(point)
            if space.allows(params) and (taken is None or params not in taken):
                return Suggestion(params, why=self._why(stream, draw))
        if taken is None or not listed:
            raise ValueError(
                f"the constraint refused {MOST_DRAWS} random points one after the other; it must allow more of the "
                "space, or the ranges must be narrower")
        params = _one_of_the_rest(space, taken, rng)
        return Suggestion(params, why=self._why(stream, DRAWS + 1))

    def explain(self, why: dict[str, Any]) -> str:
        """Say from which random numbers or which sequence the point is."""
        if why["sequence"] in IN_WORDS and why["draw"] == 1:
            seed, number = why["stream"][0], why["stream"][-1]
            return f"Point {number} of the {IN_WORDS[why['sequence']]} of seed {seed}, independent of earlier results."
        again = f", draw {why['draw']} (the draws before were earlier trials or not allowed)" if why["draw"] > 1 else ""
        seed, *rest = why["stream"]
        trial = ", ".join(map(str, rest))
        return (f"Drawn at random, independent of earlier results. It comes from the random numbers of seed {seed} and "
                f"trial {trial}{again}.")

    def _why(self, stream: list[int], draw: int) -> dict[str, Any]:
        return {"searcher": "random", "sequence": self.sequence, "stream": stream, "draw": draw}


def params_at_quantiles(space: Space, point: np.ndarray) -> dict[str, Any]:
    """The params at a point of the unit cube; a coordinate u of a parameter with a prior is that prior's quantile u."""
    units = [
        u if parameter.prior is None else prior_quantile(parameter, float(u))
        for u, parameter in zip(point, space.parameters.values(), strict=True)]
    return space.from_unit(units)


def draw_from_prior(parameter: Parameter, rng: Rng) -> float:
    """Unit value drawn from a parameter's prior, uniformly where it has none."""
    u = float(rng.random())
    return u if parameter.prior is None else prior_quantile(parameter, u)


def prior_quantile(parameter: Parameter, u: float) -> float:
    """Unit value at the quantile u of a parameter's prior: uniform random u give values with the prior's distribution.

    Choices have weights. The prior of a range is a normal distribution, truncated to the unit interval: its centre is
    the unit value of the prior's centre (in a log range on the log scale), its standard deviation the prior's spread.
    """
    if isinstance(parameter, Categorical):
        shares = np.cumsum(parameter.prior) / np.sum(parameter.prior)
        choice = min(int(np.searchsorted(shares, u, side="right")), int(np.flatnonzero(parameter.prior)[-1]))
        return (choice + 0.5) / len(shares)
    return truncated_normal_quantile(u, *prior_in_unit(parameter))


def _one_of_the_rest(space: Space, taken: Taken, rng: Rng) -> dict[str, Any]:
    """Return a uniform draw from the points that have not been proposed; raises `Exhausted` if there is none."""
    feasible = list(space.points())
    if not feasible:
        raise ValueError("no point of the space satisfies the constraint; loosen it, or widen the ranges")
    rest = [params for params in feasible if params not in taken]
    if not rest:
        raise Exhausted(f"all {len(feasible)} points of the space have been proposed; nothing is left")
    return rest[rng.integers(len(rest))]
