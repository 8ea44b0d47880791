"""A searcher is a pure function from the results so far to the next configuration, with the reason why.

A custom searcher is a class with one method; it sees all earlier results, unless it has another method, `needs`:

>>> class Centre(Searcher):
...     def suggest(self, space, seen, pending, number, rng):
...         return Suggestion(space.from_unit([0.5] * len(space.names)), why={"rule": "always the middle"})
>>> Centre(), Centre().needs(7)
(Centre(), 7)
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core.configured import Shown
from scratchtune.core.search.constraints import violation
from scratchtune.core.search.space import Space

Pending = Sequence[dict[str, Any]]  # the params of trials that are not finished
Rng = np.random.Generator

TRIALS = 50  # how many trials a study runs if neither the user nor the searcher says


@dataclass
class Suggestion:
    """The next configuration and why; for searchers with budgets also its budget, and the trial that it continues."""

    params: dict[str, Any]
    why: dict[str, Any] = field(default_factory=dict)
    budget: float | None = None
    parent: int | None = None


class Result(NamedTuple):
    """A finished trial for a searcher: smaller values are better, and NaN is a failure.

    In a study of several objectives ``losses`` has one for each, none of a failure, and ``value`` is NaN. Its
    ``constraints`` (`Trial.set_constraint`) are at most 0 where it is feasible.
    """

    number: int
    params: dict[str, Any]
    value: float
    state: str
    budget: float | None = None
    parent: int | None = None
    losses: tuple[float, ...] = ()
    constraints: tuple[float, ...] = ()

    @property
    def violation(self) -> float:
        """The sum of the constraints above 0; 0 if it is feasible."""
        return violation(self.constraints)

    @property
    def order(self) -> tuple[bool, float, float]:
        """The key by which better results come first: feasible ones before others, failures (NaN) last."""
        return math.isnan(self.value), self.violation, self.value

    def __repr__(self) -> str:  # without what it does not have, since digests in stored studies are made of it
        shown = zip(self._fields[: None if self.constraints else -1 if self.losses else -2], self, strict=False)
        return f"Result({', '.join(f'{name}={value!r}' for name, value in shown)})"


class Seen(list[Result]):
    """The finished trials that a searcher sees, as a list: those of an earlier study, then the study's own.

    Beside the space, pending trials and random numbers, a suggestion may depend only on it and on its attributes:

    - ``earlier``: the results of the study that this one started from; ``own``: this study's first ``needs(number)``,
      not counting repeats, whose values are in the mean of the trial that they repeat (`Study.confirm`).
    - ``enqueued``: how many of the trials before this one the user has enqueued; None where that is not known.
    - ``seed``: the study's seed, for what all trials share, such as the points of a Latin hypercube.
    """

    def __init__(
        self, own: Iterable[Result] = (), earlier: Iterable[Result] = (), enqueued: int | None = None, seed: int = 0,
    ) -> None:
        self.own, self.earlier, self.enqueued, self.seed = list(own), list(earlier), enqueued, seed
        super().__init__([*self.earlier, *self.own])


def as_seen(seen: Sequence[Result], needs: int, rng: Rng) -> Seen:
    """``seen`` as a `Seen`; in a plain sequence the last ``needs`` are the study's own, and ``rng`` has the seed."""
    if isinstance(seen, Seen):
        return seen
    first = max(len(seen) - needs, 0)
    return Seen(seen[first:], seen[:first], seed=key_of(rng)[0])


def key_of(rng: Rng) -> list[int]:
    """Return the key of a generator, in a study its seed and the trial's number; [0] if it has none."""
    sequence = getattr(rng.bit_generator, "seed_seq", None)
    entropy = getattr(sequence, "entropy", None)
    seed = int(entropy) if isinstance(entropy, (int, np.integer)) else 0
    return [seed, *map(int, getattr(sequence, "spawn_key", ()))]


class PendingParams(Sequence[dict[str, Any]]):
    """The params of pending trials, as a study passes them: ``params in pending`` is exact, 1 is not 1.0, nor True."""


class Taken(Container[dict[str, Any]]):
    """The points of the trials seen and pending, compared by `Space.key`; `PendingParams` look up their own."""

    def __init__(self, space: Space, seen: Sequence[Result], pending: Pending) -> None:
        looks_up = isinstance(pending, PendingParams)
        self._space, self._pending = space, pending if looks_up else ()
        points = [*(result.params for result in seen), *(() if looks_up else pending)]
        self._keys = {space.key(params) for params in points}

    def __contains__(self, params: Any) -> bool:
        return params in self._pending or (bool(self._keys) and self._space.key(params) in self._keys)


class Exhausted(Exception):
    """Nothing is left to propose: the schedule is finished, or every point of a finite space has been proposed."""


class Searcher(Shown):
    """Base class of the searchers. A subclass stores its constructor's arguments as attributes and defines `suggest`.

    Its identity is its class and these arguments. Attributes whose names begin with an underscore may only cache what
    follows from them, and may not change any suggestion. A class that reads `Result.losses`, or no values at all, sets
    ``several_objectives``: only such searchers are accepted in a study of several objectives.
    """

    several_objectives = False

    @property
    def requires_space(self) -> bool:
        """Whether it works only in a space that is declared, not in one that is learned from the trials."""
        return False

    def needs(self, number: int) -> int:
        """How many leading trials must be finished before trial ``number`` (the first is 0) may be proposed.

        All of them, unless a subclass says fewer: then ``seen`` lacks the others, and trials can run at the same time.
        """
        return number

    def for_space(self, space: Space) -> Searcher:
        """This searcher with what it leaves open set for a space; a ValueError if it can't search that space."""
        return self

    def for_workers(self, workers: int) -> Searcher:
        """This searcher with ``workers`` trials at a time, if its user has left that number open; else itself."""
        return self

    def remedy(self, workers: int) -> str:
        """What to write so that it can propose so many trials at a time; "" where no argument does that."""
        name, proposer = type(self).__name__, getattr(self, "proposer", None)
        if (getattr(self, "parallel", workers) or 1) < workers:
            return f"{name}(parallel={workers})"
        if isinstance(proposer, Searcher) and proposer.remedy(workers):
            return f"{name}(proposer={proposer.remedy(workers)})"
        return f"{name}() with a method needs(number)" if type(self).needs is Searcher.needs else ""

    def total(self, space: Space) -> int | None:
        """Length of the whole schedule in a space; None for a searcher without an end."""
        return None

    def enqueued(self, params: dict[str, Any], number: int) -> Suggestion:
        """The suggestion for trial ``number`` that the user has enqueued; a ValueError if that is impossible."""
        return Suggestion(params, why={"enqueued": True})

    def planned(self, space: Space, enqueued: int) -> int | None:
        """Length of the whole schedule when the user has enqueued so many configurations, which are added to it."""
        total = self.total(space)
        return None if total is None else total + enqueued

    def headline(self) -> str:
        """What a run prints before it begins, for a searcher with a schedule."""
        return repr(self)

    def mean_budget(self) -> float | None:
        """Mean budget of the schedule's trials, from which a run estimates its duration; None without budgets."""
        return None

    def check(self, results: Sequence[Result | None]) -> None:
        """Raise a RuntimeError at the first trial that is not as the schedule says; nothing without a schedule."""

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Propose trial ``number``, or raise `Exhausted`.

        A study passes a `Seen`: the results of an earlier study, if there is one, then its own first ``needs(number)``
        trials. ``pending`` holds the params of the trials between, and ``rng`` is keyed by (study seed, number). A
        suggestion may depend on nothing else.
        """
        raise NotImplementedError(f"{type(self).__name__} must define suggest(space, seen, pending, number, rng)")

    def explain(self, why: dict[str, Any]) -> str:
        """Say the reasons of a suggestion in a sentence."""
        return "; ".join(f"{name}: {value}" for name, value in why.items()) or "No reason was recorded."

    def brief(self, why: dict[str, Any], sign: float) -> str:
        """The main reason in a clause, here what `explain` says first; ``sign`` times a loss is the user's value."""
        first = self.explain(why).partition(". ")[0].removesuffix(".")
        return f"{first} (a loss is minus the value)" if sign < 0.0 and "loss" in first else first

    def changed(self, **arguments: Any) -> Searcher:
        """A searcher with these arguments of the constructor, and the others as here."""
        return type(self)(**self.values() | arguments)


def fixed_as(searcher: Searcher, text: str) -> Searcher:
    """The searcher with the number of workers in ``text``, a searcher's repr, if only that differs; else unchanged."""
    workers = re.search(r"\bparallel=(\d+)", text)
    fixed = searcher if workers is None else searcher.for_workers(int(workers[1]))
    return fixed if repr(fixed) == text else searcher


def fixes(searcher: Searcher, text: str) -> bool:
    """Whether ``text``, a searcher's repr, is that of this one with its number of workers left open."""
    return text != repr(searcher) and text == re.sub(r"\bparallel=\d+", "parallel=None", repr(searcher))
