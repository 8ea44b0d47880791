"""The best trial is the first one of the best value. Values of different budgets can't be compared, so only complete
trials of the largest budget count, with those that have no budget, which are whole evaluations. A trial that violates
its constraints (`Trial.set_constraint`) is never the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, zip_longest
from typing import Any

from scratchtune.core.search import Space
from scratchtune.core.search.learned_space import within
from scratchtune.core.study.trial import Trial, configuration


def of_largest_budget(trials: Iterable[Trial]) -> list[Trial]:
    """The complete trials that can be compared: where their budgets differ, those of the largest one."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.values is not None]
    largest = max((trial.given_budget for trial in complete if trial.given_budget is not None), default=None)
    return [trial for trial in complete if trial.given_budget in (None, largest)]


def feasible(trials: Iterable[Trial]) -> list[Trial]:
    """The trials `of_largest_budget` that violate no constraint: one of them is the best."""
    return [trial for trial in of_largest_budget(trials) if not trial.violation]


def best_first(trials: Iterable[Trial], direction: str) -> list[Trial]:
    """The `feasible` trials, the best one first."""
    return sorted(feasible(trials), key=_order(direction))


def _order(direction: str) -> Callable[[Any], tuple[float, int]]:
    """The key by which a better trial comes first, and of equal ones the earlier."""
    sign = -1.0 if direction == "maximize" else 1.0
    return lambda trial: (sign * (trial.values or (0.0,))[0], trial.number)


def none_feasible(trials: Iterable[Trial]) -> str:
    """A sentence where trials `of_largest_budget` are complete and none of them is feasible; else empty."""
    complete = of_largest_budget(trials)
    if not complete or feasible(complete):
        return ""
    least = min(complete, key=lambda trial: trial.violation)
    return (f"no trial of {len(complete)} is feasible; trial {least.number} violates its constraints the least, by "
            f"{least.violation:.6g}")


def said_constraints(trial: Trial) -> str:
    """The constraints of a trial in words; empty without any."""
    what = f"infeasible, by {trial.violation:.6g}" if trial.violation else "feasible"
    numbers = ", ".join(f"{one:.6g}" for one in trial.constraints)
    return f" It is {what}: {numbers} (at most 0 is feasible)." * bool(numbers)


def constraint_columns(trials: Iterable[Trial]) -> dict[str, tuple[float | None, ...]]:
    """Columns of a table, by name: each constraint of the trials, None where one has not set it."""
    return {f"constraint_{k}": column for k, column in enumerate(zip_longest(*(one.constraints for one in trials)))}


def so_far(trials: Iterable[Trial], direction: str) -> list[Trial]:
    """The best trial so far, after each of the `feasible` trials, in order of number."""
    ordered = sorted(feasible(trials), key=lambda trial: trial.number)
    return list(accumulate(ordered, lambda best, trial: min(best, trial, key=_order(direction))))


def repeats(trials: Iterable[Trial], trial: Trial, space: Space) -> list[float]:
    """The values of all evaluations of a trial's configuration that can be compared with it, in order of number."""
    def key(one: Trial) -> Any:
        return space.key(within(space, configuration(one)))  # in a learned space a parameter may be of another kind

    here = key(trial)
    return [float(one.value or 0.0) for one in of_largest_budget(trials) if key(one) == here]


def said_repeats(values: Sequence[float]) -> str:
    """How often a configuration was evaluated, and the mean; empty if once."""
    many = len(values)
    return "" if many < 2 else f"its configuration was evaluated {many} times: mean {sum(values) / many:.6g}"
