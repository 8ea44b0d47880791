"""Hyperband tries many configurations with a small budget, and only the best of them with a larger one.

It is not known in advance which budget is large enough to distinguish good configurations from bad ones. So Hyperband
runs successive halving (`schedule`) several times, in *brackets*: from many configurations with a tiny first budget to
a few with the whole budget at once.

Implements section 8.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.core.search.bayesian.bayesian_search import BayesianSearch
from scratchtune.core.search.random import RandomSearch
from scratchtune.core.search.schedule import Row, Rung, Schedule, bracket_size, rung_size, s_max
from scratchtune.core.search.searcher import Exhausted, Pending, Result, Rng, Searcher, Seen, Suggestion, Taken, as_seen
from scratchtune.core.search.space import Space

ORDERS = ("auto", "rungs", "brackets")
MOST_TRIALS = 100_000
ENOUGH = 10  # results with one budget for a model of them; with fewer, a model of a smaller budget is better


class _HalvingSearch(Searcher):
    """The part that Hyperband and successive halving share: promotions, and the proposer of new configurations."""

    def _set_common(
        self, max_budget: int, eta: int, proposer: Searcher | None, min_budget: int, random_share: float,
    ) -> None:
        """Check and set the arguments that both constructors have."""
        self.max_budget = checks.integer("max_budget", max_budget, low=1)
        self.eta = checks.integer("eta", eta, low=2)
        if proposer is not None and (not isinstance(proposer, Searcher) or isinstance(proposer, _HalvingSearch)):
            raise TypeError(f"proposer is {proposer!r}; it must be a Searcher without budgets of its own, or None")
        self.proposer = proposer
        self.min_budget = checks.integer("min_budget", min_budget, low=1, high=self.max_budget)
        self.random_share = checks.real("random_share", random_share, 0.0, 1.0)

    def _set_schedule(self, brackets: list[tuple[int, int]], order: str = "rungs", iterations: int = 1) -> None:
        """Set the schedule of brackets, (configurations, promotions) each, and what its trials need."""
        trials = sum(rung_size(size, self.eta, rung) for size, promotions in brackets for rung in range(promotions + 1))
        if trials > MOST_TRIALS:
            raise ValueError(
                f"the schedule has {trials:,} trials; it must have at most {MOST_TRIALS:,}: take a larger min_budget, "
                "fewer configurations or iterations, or a larger unit for budgets")
        self._proposer = RandomSearch() if self.proposer is None else self.proposer
        new = sum(configurations for configurations, _ in brackets)
        self._uses_results = any(self._proposer.needs(number) for number in range(new))
        by_rung = order == "rungs" or (order == "auto" and not self._uses_results)
        self._schedule = schedule = Schedule(brackets, self.max_budget, self.eta, by_rung, iterations)
        self._needs: list[int] = []  # of each trial of the schedule; the numbers never decrease
        most, rank = 0, 0  # for the proposer, trials are numbered by first rungs only
        for row in schedule.rows:
            if row.parents is None:
                required = self._proposer.needs(rank)
                most = max(most, schedule.new[required - 1] + 1 if required else 0)
                rank += 1
            else:
                most = max(most, row.parents[1])
            self._needs.append(most)

    # The searcher's methods ------------------------------------------------------------------------------------------

    def needs(self, number: int) -> int:
        """For a promoted trial the rung below, for a new configuration what the proposer needs."""
        return self._needs[min(number, len(self._needs) - 1)]

    def for_space(self, space: Space) -> Searcher:
        """This searcher, with its proposer for the space."""
        fixed = None if self.proposer is None else self.proposer.for_space(space)
        return self if fixed is self.proposer else self.changed(proposer=fixed)

    def for_workers(self, workers: int) -> Searcher:
        """This searcher, with its proposer for so many workers."""
        fixed = None if self.proposer is None else self.proposer.for_workers(workers)
        return self if fixed is self.proposer else self.changed(proposer=fixed)

    def total(self, space: Space) -> int:
        """How many trials the schedule has."""
        return len(self._schedule.rows)

    def planned(self, space: Space, enqueued: int) -> int:
        """As `total`: an enqueued configuration replaces a new one of the schedule."""
        return len(self._schedule.rows)

    def enqueued(self, params: dict[str, Any], number: int) -> Suggestion:
        """Put an enqueued configuration in place of a new one of a first rung; a ValueError if the trial is none."""
        rows = self._schedule.rows
        if number >= len(rows) or rows[number].parents is not None:
            raise ValueError(
                f"params can't be enqueued now: trial {number} of the schedule is not a new configuration in a first "
                "rung; enqueue before the run begins")
        return Suggestion(params, {"enqueued": True, **self._position_of(rows[number])}, rows[number].rung.budget)

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """The trial of this row: a new configuration, or that of this rank in the rung below with a larger budget."""
        rows = self._schedule.rows
        if number >= len(rows):
            raise Exhausted(f"the schedule of {len(rows)} trials is at its end")
        row = rows[number]
        if row.parents is None:
            return self._new(row, space, as_seen(seen, self.needs(number), rng), pending, number, rng)
        best = self._ranked(as_seen(seen, self.needs(number), rng).own, row)[row.rank]
        why = {**self._position_of(row), "parent": best.number,
               "loss": None if math.isnan(best.value) else float(best.value), "of": row.parents[1] - row.parents[0]}
        return Suggestion(best.params, why, row.rung.budget, best.number)

    def _ranked(self, own: Sequence[Any], row: Row) -> list[Any]:
        """Return the trials of the rung below, the best first: infeasible ones after others, failed ones last."""
        assert row.parents is not None
        first, last = row.parents
        return sorted(own[first:last], key=lambda result: result.order)

    def _position_of(self, row: Row) -> dict[str, Any]:
        """Where a row is in the schedule, as plain data."""
        bracket, number, size, budget, _ = row.rung
        rungs = sum(rung.bracket == bracket for rung in self.rungs())
        return {"searcher": "hyperband", "bracket": bracket, "rung": number, "rungs": rungs, "rank": row.rank,
                "size": size, "budget": budget}

    # New configurations ----------------------------------------------------------------------------------------------

    def _new(self, row: Row, space: Space, seen: Seen, pending: Pending, number: int, rng: Rng) -> Suggestion:
        """A configuration for a first rung, new if possible: the proposer's, or (see ``random_share``) a random one."""
        needs, order = self.needs(number), self._schedule.new.index(number)
        own = seen.own
        new = [own[k].params if k < needs else pending[k - needs] for k in self._schedule.new[:order]]
        proposed = None
        if self.proposer is not None and not (self._uses_results and _is_in_share(self.random_share, order)):
            if isinstance(self._proposer, BayesianSearch):
                visible = self.seen_by_model(space, seen)
                attempts: list[Sequence[dict[str, Any]]] = [pending, [*pending, *new]]
            else:
                required = self._proposer.needs(order)
                visible = Seen([own[k] for k in self._schedule.new[:required]], seen.earlier, seed=seen.seed)
                attempts = [new[required:]]
            may_repeat = self._uses_results or space.size is not None
            taken = Taken(space, [], new) if may_repeat else ()
            proposed = _new_proposal(self._proposer, space, visible, attempts, order, rng, taken)
        if proposed is None:
            proposed = _random_again(space, Seen(seed=seen.seed), new, order, rng)
        return Suggestion(proposed.params, {**self._position_of(row), "proposed": proposed.why}, row.rung.budget)

    def seen_by_model(self, space: Space, seen: Seen) -> Seen:
        """What a `BayesianSearch` as proposer sees: the results of the largest budget that has enough for a model.

        Else those of the budget with the most. A trial of an earlier study without a budget has the whole one.
        """
        enough = max(len(space.names) + 3, ENOUGH)
        by_budget: dict[float, list[Result]] = {}
        for result in seen:
            by_budget.setdefault(math.inf if result.budget is None else result.budget, []).append(result)
        for budget in sorted(by_budget, reverse=True):
            if sum(not math.isnan(result.value) for result in by_budget[budget]) >= enough:
                return Seen(by_budget[budget], seed=seen.seed)
        most: list[Result] = max(by_budget.values(), key=len, default=[])
        return Seen(most, seed=seen.seed)

    # Words -----------------------------------------------------------------------------------------------------------

    def explain(self, why: dict[str, Any]) -> str:
        """Say the position in the schedule, and why it has this configuration."""
        position = _position(why)
        if why["rung"]:
            loss = "failed" if why["loss"] is None else f"loss {why['loss']:.6g}"
            others = "only the best is" if why["size"] == 1 else f"the best {why['size']} are"
            return (
                f"{position}trial {why['parent']} ({loss}) is promoted, ranked {why['rank'] + 1} of {why['of']} in the "
                f"rung below; {others}.")
        by = self._proposer_of(why)
        return f"{position}new configuration {why['rank'] + 1} of {why['size']}. {by.explain(why['proposed'])}"

    def brief(self, why: dict[str, Any], sign: float) -> str:
        """Say the position in the schedule, and the value of the trial that is promoted, or why it is a new one."""
        if not why["rung"]:
            clause = self._proposer_of(why).brief(why["proposed"], sign)
            return f"{_position(why)}{clause[0].lower()}{clause[1:]}"
        value = "failed" if why["loss"] is None else f"value {sign * why['loss']:.3g}"
        rank = f"ranked {why['rank'] + 1} of {why['of']} in the rung below"
        return f"{_position(why)}trial {why['parent']} ({value}) is continued, {rank}"

    def _proposer_of(self, why: dict[str, Any]) -> Searcher:
        return RandomSearch() if why["proposed"].get("searcher") == "random" else self._proposer

    def headline(self) -> str:
        """Return the numbers of brackets and rungs, and the sum of all budgets."""
        brackets = checks.counted(len({rung.bracket for rung in self.rungs()}), "bracket")
        rungs = checks.counted(len(self.rungs()), "rung")
        return f"{type(self).__name__}: {brackets}, {rungs}, budget {self.cost():,} in all"

    def mean_budget(self) -> float:
        """Mean budget of the schedule's trials."""
        return self.cost() / len(self._schedule.rows)

    def cost(self, going_on: bool = False) -> int:
        """Sum of all budgets; with ``going_on`` a promoted trial counts its budget minus that of its parent."""
        rows = self._schedule.rows
        saved = sum(rows[row.parents[0]].rung.budget for row in rows if row.parents is not None)
        return sum(row.rung.budget for row in rows) - saved * going_on

    def rungs(self) -> list[Rung]:
        """The schedule's rungs, in the order in which they run."""
        return list(self._schedule.rungs)

    def schedule(self) -> str:
        """The whole schedule as a table: a line for each rung, in the order in which they run."""
        lines = [f"{'bracket':>7}{'rung':>6}{'trials':>8}{'budget each':>13}   numbers"]
        for bracket, rung, size, budget, start in self.rungs():
            lines.append(f"{bracket + 1:7}{rung + 1:6}{size:8,}{budget:13,}   {start} to {start + size - 1}")
        lines.append(
            f"{len(self._schedule.rows):,} trials, budget {self.cost():,} in all; {self.cost(going_on=True):,} where "
            "promoted trials continue from stored state")
        return "\n".join(lines)

    def check(self, results: Sequence[Result | None]) -> None:
        """Raise a RuntimeError at the first trial, None where there is none, that is not as the schedule says.

        It must have the budget of its row, and a promoted one must be the one of its rank in the rung below.
        """
        for number, (result, row) in enumerate(zip(results, self._schedule.rows, strict=False)):
            if result is None:
                continue
            best = None if row.parents is None else self._ranked(results, row)[row.rank]
            if result.budget != row.rung.budget or (result.parent, result.params) != (
                    (None, result.params) if best is None else (best.number, best.params)):
                raise RuntimeError(
                    f"trial {number} has the budget {result.budget} and the parent {result.parent}; the schedule says "
                    f"{row.rung.budget} and {None if best is None else best.number}, with the parent's params")


class Hyperband(_HalvingSearch):
    """Brackets of successive halving, with ``max_budget`` for the last rung of each and a factor ``eta`` between rungs.

    A budget is an integer in a unit of your choice, such as epochs or hundreds of rows; a trial has its own in
    ``trial.budget``. A promoted trial is a new trial: it has the params of ``trial.parent``, a larger budget, and
    `trial.load()` returns what the parent has saved, so that it can continue instead of starting again.

    ``proposer``, any searcher, proposes the new configurations of the first rungs; None draws them at random. With
    a `BayesianSearch` this is BOHB (Falkner et al., 2018): its model is fitted to the largest budget that has at least
    ten results (or three more than there are parameters). A share of the new configurations, ``random_share``, is still
    random, in case small budgets mislead the model; in BOHB it is 1/3. Other searchers see only the new configurations,
    in order, each with its value at its first budget.

    ``order`` is the order of the trials: "rungs", by rungs over all brackets, which keeps workers busy; "brackets",
    bracket by bracket, so that a proposer has results of large budgets early; "auto" is "brackets" for a proposer that
    needs results, else "rungs". An enqueued configuration replaces a new one in a first rung, and can't be enqueued
    later than that. In a finite space with fewer points than new configurations, each point is proposed once, then
    again with another seed. ``iterations`` is how often all brackets are run, one after the other: for a larger total
    budget, and where a large ``min_budget`` leaves few configurations.

    A failed trial is promoted only if there are too few others. A study's best trial is the best of the largest budget
    that a complete trial has, since losses of different budgets can't be compared.

    >>> [(rung.size, rung.budget) for rung in Hyperband(max_budget=9, eta=3).rungs()]
    [(9, 1), (5, 3), (3, 9), (3, 3), (1, 9), (1, 9)]
    """

    def __init__(
        self, max_budget: int = 81, eta: int = 3, proposer: Searcher | None = None, min_budget: int = 1,
        random_share: float = 0.1, order: str = "auto", iterations: int = 1,
    ) -> None:
        self._set_common(max_budget, eta, proposer, min_budget, random_share)
        self.order = checks.choice("order", order, ORDERS)
        self.iterations = checks.integer("iterations", iterations, low=1, high=MOST_TRIALS)
        longest = _promotions(self.max_budget, self.min_budget, self.eta)
        brackets = [(bracket_size(longest, s, self.eta), s) for s in range(longest, -1, -1)]
        self._set_schedule(brackets * self.iterations, self.order, self.iterations)


class SuccessiveHalving(_HalvingSearch):
    """One bracket: its first rung has so many ``configurations``, and each time the best 1/``eta`` are promoted.

    The budgets are ``max_budget`` divided by powers of eta. The first is the smallest that is at least ``min_budget``
    and leaves a configuration for the last rung. The rest is as in `Hyperband`.

    >>> [(rung.size, rung.budget) for rung in SuccessiveHalving(configurations=27, max_budget=27).rungs()]
    [(27, 1), (9, 3), (3, 9), (1, 27)]
    """

    def __init__(
        self, configurations: int = 27, max_budget: int = 27, eta: int = 3, proposer: Searcher | None = None,
        min_budget: int = 1, random_share: float = 0.1,
    ) -> None:
        self.configurations = checks.integer("configurations", configurations, low=1)
        self._set_common(max_budget, eta, proposer, min_budget, random_share)
        promotions = min(
            _promotions(self.max_budget, self.min_budget, self.eta), _promotions(self.configurations, 1, self.eta))
        self._set_schedule([(self.configurations, promotions)])


def _promotions(max_budget: int, min_budget: int, eta: int) -> int:
    """How many promotions the longest bracket has (`s_max`), from eta itself instead of its powers."""
    return s_max(max_budget, min_budget, [eta**k for k in range(1, max_budget.bit_length() + 1)])


def _is_in_share(share: float, rank: int) -> bool:
    """Whether item ``rank`` belongs to a share of all items that is spread evenly: with 1/3 it is every third."""
    return math.floor((rank + 1) * share + 1e-9) > math.floor(rank * share + 1e-9)


def _position(why: dict[str, Any]) -> str:
    """The beginning of a reason: where in the schedule a trial is."""
    return f"Bracket {why['bracket'] + 1}, rung {why['rung'] + 1} of {why['rungs']}, budget {why['budget']:,}: "


def _new_proposal(
    proposer: Searcher, space: Space, seen: Sequence[Result], attempts: Sequence[Sequence[dict[str, Any]]], number: int,
    rng: Rng, taken: Container[dict[str, Any]],
) -> Suggestion | None:
    """What a proposer suggests; None if it is exhausted, or if all attempts give configurations that were ``taken``.

    A model sees the trials of one budget only, so it may propose a known configuration, such as a corner of a
    continuous space. The next attempt then passes all trials as pending.
    """
    for pending in attempts:
        try:
            proposed = proposer.suggest(space, seen, pending, number, rng)
        except Exhausted:
            return None
        if proposed.params not in taken:
            return proposed
    return None


def _random_again(space: Space, none: Seen, new: Sequence[dict[str, Any]], number: int, rng: Rng) -> Suggestion:
    """Draw a random configuration; once all points of a finite space have been proposed, each is proposed again."""
    try:
        return RandomSearch().suggest(space, none, new, number, rng)
    except Exhausted:
        points = sum(1 for _ in space.points())
        return RandomSearch().suggest(space, none, new[len(new) // points * points :], number, rng)
