"""Hyperband is trying many settings with a small budget, and giving more of it to the best of them only.

One such race is *successive halving*: in each rung all settings that are left get the same budget, say epochs, and
the best one of eta goes on to the next rung, with eta times the budget. Nobody knows beforehand how small a budget may
be to tell good from bad, so Hyperband runs several races (*brackets*), from many settings with a tiny first budget to a
few with the whole of it at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.search.bayesian import BayesianSearch
from scratchtune.search.random import RandomSearch
from scratchtune.search.searcher import Exhausted, Result, Searcher, Suggestion, Taken
from scratchtune.search.space import Space

ORDERS = ("auto", "rungs", "brackets")
MOST_TRIALS = 100_000
ENOUGH = 10  # results of a budget, before a model of that budget is better than one of a smaller budget

# The schedule: whole numbers only, since log(243) / log(3) is 4.999999999999999 with floats --------------------------


def most_promotions(max_budget: int, min_budget: int, powers: Sequence[int]) -> int:
    """How often a budget can grow by the factor eta before it is above the largest: s_max.

    Formula [hyperband_promotions]
        s = Σₖ[1 if pₖ · b ≤ R else 0]
    Where
        R: max_budget, scalar, integer >= 1
        b: min_budget, scalar, integer >= 1
        p: powers, (k,), integer >= 1, eta, eta², eta³, ... as far as needed
    Returns
        s, the number of promotions in the longest bracket; there are s + 1 brackets.
    Variant
        The paper writes floor(log(R) / log(η)), with b = 1. Computed so with floats it is 4 for R = 243 and η = 3,
        which loses a bracket.
    Source
        Li et al. (2018), "Hyperband: a novel bandit-based approach to hyperparameter optimization", Algorithm 1.
    Example
        >>> most_promotions(243, 1, [3, 9, 27, 81, 243, 729])
        5
    """
    return sum(1 for power in powers if power * min_budget <= max_budget)


def bracket_size(longest: int, promotions: int, eta: int) -> int:
    """How many settings begin in a bracket, so that all brackets cost about the same.

    Formula [hyperband_settings]
        n = −floor(−((S + 1) · η^s / (s + 1)))
    Where
        S: longest, scalar, integer in [0, 5], promotions in the longest bracket, s_max
        s: promotions, scalar, integer in [0, 5], promotions in this bracket
        η: eta, scalar, integer in [2, 4]
    Returns
        n, a whole number; two minus signs around a floor round up.
    Variant
        For R = 81 and η = 3 this gives 81, 34, 15, 8, 5, as the pseudo-code says. The paper's Table 1 has 81, 27, 9, 6,
        5: it takes floor((S + 1) / (s + 1)) · η^s, as do some implementations.
    Source
        Li et al. (2018), Algorithm 1: n = ⌈B / R · η^s / (s + 1)⌉ with B = (s_max + 1) · R.
    Example
        >>> [bracket_size(4, s, 3) for s in (4, 3, 2, 1, 0)]
        [81, 34, 15, 8, 5]
    """
    return -(-(longest + 1) * eta**promotions // (promotions + 1))


def rung_size(settings: int, eta: int, rung: int) -> int:
    """How many settings a rung has: the best one of eta goes on each time.

    Formula [hyperband_rung_size]
        m = floor(n / η^i)
    Where
        n: settings, scalar, integer in [0, 500], settings in the bracket's first rung
        η: eta, scalar, integer in [2, 4]
        i: rung, scalar, integer in [0, 5], from 0
    Returns
        m, a whole number.
    Source
        Li et al. (2018), Algorithm 1: n_i = ⌊n · η^−i⌋.
    Example
        >>> [rung_size(34, 3, i) for i in range(4)]
        [34, 11, 3, 1]
    """
    return settings // eta**rung


def rung_budget(max_budget: int, eta: int, above: int) -> int:
    """Budget of each setting in a rung: the whole of it in the last one, in the one before it the eta-th part.

    Formula [hyperband_rung_budget]
        r = floor(R / η^k)
    Where
        R: max_budget, scalar, integer in [1, 500]
        η: eta, scalar, integer in [2, 4]
        k: above, scalar, integer in [0, 5], how many rungs stand above this one
    Returns
        r, a whole number: where R is no power of eta, it is rounded down.
    Variant
        The paper's r_i = R · η^(i−s) is a fraction there; an epoch can't be trained by a third.
    Source
        Li et al. (2018), Algorithm 1.
    Example
        >>> [rung_budget(100, 3, k) for k in (4, 3, 2, 1, 0)]
        [1, 3, 11, 33, 100]
    """
    return max_budget // eta**above


class Row(NamedTuple):
    """A trial of the schedule: the ``rank``-th of its rung, chosen from the trials with numbers a to b − 1."""

    bracket: int
    rung: int
    rank: int
    budget: int
    parents: tuple[int, int] | None


class Rung(NamedTuple):
    """Settings with the same budget in a bracket, and the number of their first trial."""

    bracket: int
    rung: int
    size: int
    budget: int
    start: int


class _Race(Searcher):
    """What Hyperband and successive halving share: the table of rows, promotions, and the proposer of first rungs."""

    proposer: Searcher | None = None
    random_share: float = 0.0

    def _lay_out(
        self, brackets: Sequence[tuple[int, int]], max_budget: int, eta: int, by_rung: bool, iterations: int = 1,
    ) -> None:
        """Number the trials of brackets, (settings, promotions) each; a promotion comes after all that it needs.

        Brackets come in ``iterations`` of equally many; an iteration comes after the one before it.
        """
        cells = [(bracket, rung) for bracket, (_, promotions) in enumerate(brackets) for rung in range(promotions + 1)]
        if by_rung:
            each = len(brackets) // iterations
            cells.sort(key=lambda cell: (cell[0] // each, cell[1], cell[0]))
        self._rungs, start = [], 0
        for bracket, rung in cells:
            settings, promotions = brackets[bracket]
            size = rung_size(settings, eta, rung)
            self._rungs.append(Rung(bracket, rung, size, rung_budget(max_budget, eta, promotions - rung), start))
            start += size
        self._at = {(rung.bracket, rung.rung): rung for rung in self._rungs}
        self._rows = [self._row(rung, rank) for rung in self._rungs for rank in range(rung.size)]
        self._firsts = [number for number, row in enumerate(self._rows) if row.parents is None]
        self._proposer = RandomSearch() if self.proposer is None else self.proposer
        self._learns = _learns(self.proposer, len(self._firsts))
        self._needs = self._all_needs()

    def _row(self, rung: Rung, rank: int) -> Row:
        below = self._at.get((rung.bracket, rung.rung - 1))
        parents = None if below is None else (below.start, below.start + below.size)
        return Row(rung.bracket, rung.rung, rank, rung.budget, parents)

    def _all_needs(self) -> list[int]:
        """What each trial needs: a promoted one the rung below, a new one what the proposer needs; it never falls.

        The proposer counts the first-rung trials alone: it proposes the first of them, the second, and so on.
        """
        needs, most, order = [], 0, 0
        for row in self._rows:
            if row.parents is None:
                wanted = self._proposer.needs(order)
                most = max(most, self._firsts[wanted - 1] + 1 if wanted else 0)
                order += 1
            else:
                most = max(most, row.parents[1])
            needs.append(most)
        return needs

    # What a study asks -----------------------------------------------------------------------------------------------

    def needs(self, number: int) -> int:
        """The rung below for a promoted trial, for a new one what the proposer needs."""
        return self._needs[min(number, len(self._needs) - 1)]

    def total(self, space: Space) -> int:
        """How many trials the schedule has."""
        return len(self._rows)

    def planned(self, space: Space, enqueued: int) -> int:
        """The same: enqueued settings take places of the schedule."""
        return len(self._rows)

    def enqueued(self, params: dict[str, Any], number: int) -> Suggestion:
        """An enqueued setting takes the place of a new one in a first rung; a ValueError where ``number`` is none."""
        if number >= len(self._rows) or self._rows[number].parents is not None:
            raise ValueError(
                f"params can't be enqueued now: trial {number} of the schedule is not a new setting of a first rung; "
                "enqueue before the run begins")
        row = self._rows[number]
        return Suggestion(params, {"enqueued": True, **self._place_of(row)}, budget=row.budget)

    def suggest(
        self, space: Space, seen: Sequence[Result], pending: Sequence[dict[str, Any]], number: int,
        rng: np.random.Generator,
    ) -> Suggestion:
        """The trial of this row: a new setting, or the one of that rank in the rung below with a larger budget."""
        if number >= len(self._rows):
            raise Exhausted(f"the schedule of {len(self._rows)} trials is at its end")
        row = self._rows[number]
        if row.parents is None:
            return self._new(row, space, seen, pending, number, rng)
        best = self._ranked(_own(seen, self.needs(number)), row)[row.rank]
        why = {**self._place_of(row), "parent": best.number, "loss": _plain(best.value),
               "of": row.parents[1] - row.parents[0]}
        return Suggestion(best.params, why, row.budget, best.number)

    def _ranked(self, own: Sequence[Any], row: Row) -> list[Any]:
        """The trials of the rung below, the best first; failed ones last, equal ones by number."""
        assert row.parents is not None
        first, last = row.parents
        return sorted(own[first:last], key=lambda result: (_plain(result.value) is None, _plain(result.value) or 0.0))

    def _place_of(self, row: Row) -> dict[str, Any]:
        rung = self._at[row.bracket, row.rung]
        rungs = sum(other.bracket == row.bracket for other in self._rungs)
        return {"searcher": "hyperband", "bracket": row.bracket, "rung": row.rung, "rungs": rungs, "rank": row.rank,
                "size": rung.size, "budget": row.budget}

    # New settings ----------------------------------------------------------------------------------------------------

    def _new(
        self, row: Row, space: Space, seen: Sequence[Result], pending: Sequence[dict[str, Any]], number: int,
        rng: np.random.Generator,
    ) -> Suggestion:
        """A setting for a first rung; in a finite space none twice before all have come once, then all once more."""
        needs, order = self.needs(number), self._firsts.index(number)
        own = _own(seen, needs)
        new = [own[k].params if k < needs else pending[k - needs] for k in self._firsts[:order]]
        proposed = None
        if self.proposer is not None and not (self._learns and _every(self.random_share, order)):
            if isinstance(self._proposer, BayesianSearch):
                shown = self._of_one_budget(space, seen)
                attempts: list[Sequence[dict[str, Any]]] = [pending, [*pending, *new]]
            else:
                wanted = self._proposer.needs(order)
                shown = [*seen[: len(seen) - needs], *(own[k] for k in self._firsts[:wanted])]
                attempts = [new[wanted:]]
            proposed = _not_taken(self._proposer, space, shown, attempts, order, rng, new)
        if proposed is None:
            proposed = _random_again(space, new, order, rng)
        return Suggestion(proposed.params, {**self._place_of(row), "proposed": proposed.why}, row.budget)

    def _of_one_budget(self, space: Space, seen: Sequence[Result]) -> list[Result]:
        """The results of the largest budget that has enough for a model; of the one with most where none has.

        A trial of an earlier study without a budget counts as one with the whole budget.
        """
        enough = max(len(space.names) + 3, ENOUGH)
        by_budget: dict[float, list[Result]] = {}
        for result in seen:
            by_budget.setdefault(math.inf if result.budget is None else result.budget, []).append(result)
        for budget in sorted(by_budget, reverse=True):
            if sum(not math.isnan(result.value) for result in by_budget[budget]) >= enough:
                return by_budget[budget]
        return max(by_budget.values(), key=len, default=[])

    # Words -----------------------------------------------------------------------------------------------------------

    def explain(self, why: dict[str, Any]) -> str:
        """Say the place in the schedule, and why this setting has it."""
        place = f"Bracket {why['bracket'] + 1}, rung {why['rung'] + 1} of {why['rungs']}, budget {why['budget']:,}: "
        if why["rung"]:
            loss = "failed" if why["loss"] is None else f"loss {why['loss']:.6g}"
            others = "only the best does" if why["size"] == 1 else f"the best {why['size']} do"
            return (
                f"{place}trial {why['parent']} ({loss}) goes on, as number {why['rank'] + 1} of {why['of']} in the "
                f"rung below; {others}.")
        inner = why["proposed"]
        by = RandomSearch() if inner.get("searcher") == "random" else self._proposer
        return f"{place}new setting {why['rank'] + 1} of {why['size']}. {by.explain(inner)}"

    def headline(self) -> str:
        """Brackets, rungs, and the sum of all budgets."""
        brackets = len({rung.bracket for rung in self._rungs})
        races = f"{brackets} bracket{'s' * (brackets > 1)}, {len(self._rungs)} rung{'s' * (len(self._rungs) > 1)}"
        return f"{type(self).__name__}: {races}, budget {self.cost():,} in all"

    def mean_budget(self) -> float:
        """Mean budget of the schedule's trials."""
        return self.cost() / len(self._rows)

    def cost(self, going_on: bool = False) -> int:
        """Sum of all budgets; with ``going_on`` a promoted trial pays only for what it has above its parent's."""
        whole = sum(rung.size * rung.budget for rung in self._rungs)
        spared = sum(rung.size * self._at[rung.bracket, rung.rung - 1].budget for rung in self._rungs if rung.rung)
        return whole - spared if going_on else whole

    def rungs(self) -> list[Rung]:
        """The schedule's rungs, in the order in which they run."""
        return list(self._rungs)

    def schedule(self) -> str:
        """The whole schedule as a table: a line for each rung, in the order in which they run."""
        lines = [f"{'bracket':>7}{'rung':>6}{'trials':>8}{'budget each':>13}   numbers"]
        for bracket, rung, size, budget, start in self._rungs:
            lines.append(f"{bracket + 1:7}{rung + 1:6}{size:8,}{budget:13,}   {start} to {start + size - 1}")
        lines.append(
            f"{len(self._rows):,} trials, budget {self.cost():,} in all; {self.cost(going_on=True):,} where promoted "
            "trials go on from stored state")
        return "\n".join(lines)

    def check(self, results: Iterable[Any], direction: str = "minimize") -> str:
        """Hold finished trials (a study's ``trials``, or results) against the schedule; say what was right.

        Every trial must have the budget of its row, and the promoted ones must be the best of the rung below.

        Raises
            RuntimeError at the first trial that is not as the schedule says.
        """
        sign = 1.0 if checks.choice("direction", direction, ["minimize", "maximize"]) == "minimize" else -1.0
        given = list(results)
        own = [None if trial is None else _as_loss(trial, sign) for trial in given]
        rungs = set()
        for number, (result, row) in enumerate(zip(own, self._rows, strict=False)):
            if result is None:
                continue
            rungs.add((row.bracket, row.rung))
            if result.budget != row.budget:
                raise RuntimeError(f"trial {number} has the budget {result.budget}; the schedule says {row.budget}")
            right = None if row.parents is None else self._ranked(own, row)[row.rank]
            if result.parent != (None if right is None else right.number) or (right and right.params != result.params):
                raise RuntimeError(
                    f"trial {number} goes on from trial {result.parent}; the schedule says "
                    f"{'a new setting' if right is None else f'trial {right.number}'}")
        count = sum(result is not None for result in own)
        return f"checked: {count} of {len(self._rows)} trials, in {len(rungs)} rungs, are as the schedule says"


class Hyperband(_Race):
    """Brackets of successive halving, with ``max_budget`` for the last rung of each and a factor ``eta`` between rungs.

    A budget is a whole number in a unit of your choice, such as epochs or hundreds of rows; a trial finds its own in
    ``trial.budget``. A promoted trial is a trial of its own: it has the params of ``trial.parent``, a larger budget,
    and `trial.load()` gives what the parent has saved, so that it may go on instead of starting again.

    ``proposer``, any searcher, proposes the new settings of the first rungs; None draws them at random. With a
    `BayesianSearch` this is BOHB (Falkner et al., 2018): its model learns from the largest budget that has at least ten
    results (or three more than there are parameters). A share of the new settings, ``random_share``, is still random,
    as a guard against a model that small budgets mislead; in BOHB it is 1/3. Other searchers see the new settings in
    order, as if they were alone, each with the value at its first budget. Whoever runs several workers gives a model
    its ``parallel``.

    ``order`` numbers the trials "rungs" by rungs over all brackets, which keeps workers busy, or bracket by
    "brackets", which lets a proposer learn from large budgets early; "auto" is the second for a proposer that needs
    results. An enqueued setting takes the place of a new one in a first rung, and can't be enqueued later than that.
    In a finite space with fewer points than new settings, all points come once, then all once more, with other seeds.
    ``iterations`` is how often all brackets are run, one time after the other: for whoever can spend more, and where a
    large ``min_budget`` leaves few settings.

    A failed trial is promoted only where too few others are left. A study's best trial may be one with a small budget,
    where more of it did harm; ``trial.budget`` tells.

    >>> [(rung.size, rung.budget) for rung in Hyperband(max_budget=9, eta=3).rungs()]
    [(9, 1), (5, 3), (3, 9), (3, 3), (1, 9), (1, 9)]
    """

    def __init__(
        self, max_budget: int = 81, eta: int = 3, proposer: Searcher | None = None, min_budget: int = 1,
        random_share: float = 0.1, order: str = "auto", iterations: int = 1,
    ) -> None:
        self.max_budget = checks.integer("max_budget", max_budget, low=1)
        self.eta = checks.integer("eta", eta, low=2)
        self.proposer = _checked_proposer(proposer)
        self.min_budget = checks.integer("min_budget", min_budget, low=1, high=self.max_budget)
        self.random_share = checks.real("random_share", random_share, 0.0, 1.0)
        self.order = checks.choice("order", order, ORDERS)
        self.iterations = checks.integer("iterations", iterations, low=1, high=MOST_TRIALS)
        longest = _longest(self.max_budget, self.min_budget, self.eta)
        once = [(bracket_size(longest, s, self.eta), s) for s in range(longest, -1, -1)]
        brackets = _bounded(once * self.iterations, self.eta)
        learns = _learns(self.proposer, sum(settings for settings, _ in brackets))
        by_rung = order == "rungs" or (order == "auto" and not learns)
        self._lay_out(brackets, self.max_budget, self.eta, by_rung, self.iterations)


class SuccessiveHalving(_Race):
    """One race: ``settings`` new ones begin, and the best one of ``eta`` goes on each time, up to ``max_budget``.

    The first budget is the smallest that ``max_budget`` divided by eta again and again gives, but not below
    ``min_budget``, nor so small that nobody would be left for the last rung. The rest is as in `Hyperband`.

    >>> print(SuccessiveHalving(settings=27, max_budget=27).schedule())
    bracket  rung  trials  budget each   numbers
          1     1      27            1   0 to 26
          1     2       9            3   27 to 35
          1     3       3            9   36 to 38
          1     4       1           27   39 to 39
    40 trials, budget 108 in all; 81 where promoted trials go on from stored state
    """

    def __init__(
        self, settings: int = 27, max_budget: int = 27, eta: int = 3, proposer: Searcher | None = None,
        min_budget: int = 1, random_share: float = 0.1,
    ) -> None:
        self.settings = checks.integer("settings", settings, low=1)
        self.max_budget = checks.integer("max_budget", max_budget, low=1)
        self.eta = checks.integer("eta", eta, low=2)
        self.proposer = _checked_proposer(proposer)
        self.min_budget = checks.integer("min_budget", min_budget, low=1, high=self.max_budget)
        self.random_share = checks.real("random_share", random_share, 0.0, 1.0)
        promotions = min(
            _longest(self.max_budget, self.min_budget, self.eta), _longest(self.settings, 1, self.eta))
        self._lay_out(_bounded([(self.settings, promotions)], self.eta), self.max_budget, self.eta, by_rung=True)


def _checked_proposer(proposer: Any) -> Searcher | None:
    if proposer is not None and (not isinstance(proposer, Searcher) or isinstance(proposer, _Race)):
        raise TypeError(f"proposer is {proposer!r}; it must be a Searcher without budgets of its own, or None")
    return proposer


def _bounded(brackets: list[tuple[int, int]], eta: int) -> list[tuple[int, int]]:
    """Brackets, (settings, promotions) each, whose trials can be counted out."""
    trials = sum(rung_size(settings, eta, rung) for settings, promotions in brackets for rung in range(promotions + 1))
    if trials > MOST_TRIALS:
        raise ValueError(
            f"the schedule has {trials:,} trials; it must have at most {MOST_TRIALS:,}: take a larger min_budget, "
            "fewer settings or iterations, or a larger unit for budgets")
    return brackets


def _longest(max_budget: int, min_budget: int, eta: int) -> int:
    return most_promotions(max_budget, min_budget, [eta**k for k in range(1, max_budget.bit_length() + 1)])


def _learns(proposer: Searcher | None, new: int) -> bool:
    """Whether a proposer needs results for any of its first ``new`` proposals."""
    return proposer is not None and any(proposer.needs(number) for number in range(new))


def _every(share: float, rank: int) -> bool:
    """Whether the ``rank``-th of a row is one of an even share: with 1/3 every third is."""
    return math.floor((rank + 1) * share + 1e-9) > math.floor(rank * share + 1e-9)


def _own(seen: Sequence[Result], needs: int) -> Sequence[Result]:
    """The study's own results, by number; those of a study that it has started from stand before them."""
    return seen[len(seen) - needs :]


def _not_taken(
    proposer: Searcher, space: Space, seen: Sequence[Result], attempts: Sequence[Sequence[dict[str, Any]]], number: int,
    rng: np.random.Generator, new: Sequence[dict[str, Any]],
) -> Suggestion | None:
    """What a proposer suggests; None where it has nothing left, or nothing that is new in a finite space.

    A model that was not shown the trials of other budgets may propose one of them; it is asked again, with all of them.
    """
    taken = () if space.size is None else Taken(space, [], new)
    for pending in attempts:
        try:
            proposed = proposer.suggest(space, seen, pending, number, rng)
        except Exhausted:
            return None
        if proposed.params not in taken:
            return proposed
    return None


def _random_again(
    space: Space, new: Sequence[dict[str, Any]], number: int, rng: np.random.Generator,
) -> Suggestion:
    """A random setting; when all points of a finite space have come, each comes a second time, and so on."""
    try:
        return RandomSearch().suggest(space, [], new, number, rng)
    except Exhausted:
        points = sum(1 for _ in space.points())
        return RandomSearch().suggest(space, [], new[len(new) // points * points :], number, rng)


def _as_loss(trial: Any, sign: float) -> Result:
    value = math.nan if trial.value is None else sign * trial.value
    return Result(trial.number, trial.params, value, trial.state, trial.budget, trial.parent)


def _plain(value: float) -> float | None:
    """A loss as JSON has it: None for a failed trial."""
    return None if math.isnan(value) else float(value)
