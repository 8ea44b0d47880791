"""Random search is drawing settings by chance, each independent of what was seen.

With the same number of trainings it tries more values of each single parameter than a grid does, which pays where only
some of the parameters matter (Bergstra and Bengio, 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.search.searcher import Exhausted, Result, Searcher, Suggestion
from scratchtune.search.space import Categorical, Float, Int, Parameter, Space

DRAWS = 1000  # how often a point that was refused is drawn again before the points that are left are listed
LISTED = 1_000_000  # the largest finite space whose points are listed


def uniform(dimensions: int, number: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield uniform, independent points of the unit cube, (dimensions,): the first is proposed, the others stand by."""
    while True:
        yield rng.random(dimensions)


SEQUENCES: dict[str, Callable[[int, int, np.random.Generator], Iterator[np.ndarray]]] = {"uniform": uniform}


class RandomSearch(Searcher):
    """Independent draws from the space, or from the user's ``prior`` where a parameter has one.

    In a finite space no point comes twice: a point that is among the earlier trials is drawn again, which is a uniform
    draw from the points that are left; when none is left, the search is exhausted. The earlier trials are known without
    waiting, since ``pending`` holds all of them: the answer depends on the study's seed, the trial's number and them.
    """

    def __init__(self, sequence: str = "uniform") -> None:
        self.sequence = checks.choice("sequence", sequence, SEQUENCES)

    def suggest(
        self, space: Space, seen: Sequence[Result], pending: Sequence[dict[str, Any]], number: int,
        rng: np.random.Generator,
    ) -> Suggestion:
        """A draw that the constraint allows and, in a finite space, that has not come yet."""
        stream = _stream(rng)
        earlier = [result.params for result in seen]
        finite = space.size is not None
        candidates = SEQUENCES[self.sequence](len(space.names), number, rng)
        for draw in range(1, DRAWS + 1):
            params = place(space, next(candidates), rng)
            if space.allows(params) and not (finite and (params in pending or params in earlier)):
                return Suggestion(params, why=self._why(stream, draw))
        params = _one_of_the_rest(space, pending, earlier, rng)
        return Suggestion(params, why=self._why(stream, DRAWS + 1))

    def explain(self, why: dict[str, Any]) -> str:
        """Say from which stream of random numbers it came."""
        again = f" (draw {why['draw']}: the earlier ones had come before or were refused)" if why["draw"] > 1 else ""
        return (
            f"Drawn at random ({why['sequence']}), whatever has been seen, from the stream of random numbers of "
            f"(seed, trial) = {tuple(why['stream'])}{again}.")

    def _why(self, stream: list[int], draw: int) -> dict[str, Any]:
        return {"searcher": "random", "sequence": self.sequence, "stream": stream, "draw": draw}


def place(space: Space, point: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Params at a point of the unit cube, the axes of parameters with a prior drawn from it instead."""
    for axis, parameter in enumerate(space.parameters.values()):
        if parameter.prior is not None:
            point[axis] = draw_from_prior(parameter, rng)
    return space.from_unit(point)


def draw_from_prior(parameter: Parameter, rng: np.random.Generator) -> float:
    """Place u drawn from a prior: choices by weight, ranges by a normal distribution cut off at the ends.

    The normal's centre is the place of the prior's centre (of a log range on the log scale), its deviation the spread.
    """
    if isinstance(parameter, Categorical):
        weights = np.asarray(parameter.prior)
        choice = rng.choice(len(weights), p=weights / weights.sum())
        return float(choice + 0.5) / len(weights)
    centre, spread = parameter.prior
    middle = _place_of(parameter, centre)
    while True:  # rejection, from whichever of the two shapes the cut-off normal resembles more
        if spread < 1.0:
            u, accepted = rng.normal(middle, spread), True
        else:
            u = rng.random()
            accepted = rng.random() <= np.exp(-0.5 * ((u - middle) / spread) ** 2)
        if accepted and 0.0 <= u <= 1.0:
            return float(u)


def _place_of(parameter: Float | Int, centre: float) -> float:
    """Place of a prior's centre, which may lie between two values of a range with a step."""
    if parameter.low == parameter.high:
        return 0.5
    return Float(parameter.low, parameter.high, log=parameter.log).to_unit(centre)


def _one_of_the_rest(
    space: Space, pending: Sequence[dict[str, Any]], earlier: list[dict[str, Any]], rng: np.random.Generator,
) -> dict[str, Any]:
    """A uniform draw from the points that have not come, or `Exhausted`."""
    if space.size is None or space.size > LISTED:
        raise ValueError(
            f"the constraint refused {DRAWS} random points one after the other; it must allow more of the space")
    feasible = list(space.points())
    if not feasible:
        raise ValueError("no point of the space satisfies the constraint")
    rest = [params for params in feasible if params not in pending and params not in earlier]
    if not rest:
        raise Exhausted(f"all {len(feasible)} points of the space have been proposed; nothing is left")
    return rest[rng.integers(len(rest))]


def _stream(rng: np.random.Generator) -> list[int]:
    """What a generator is keyed by: the study's seed and the trial's number."""
    sequence = getattr(rng.bit_generator, "seed_seq", None)
    entropy = getattr(sequence, "entropy", None)
    return [int(entropy) if isinstance(entropy, int) else 0, *map(int, getattr(sequence, "spawn_key", ()))]
