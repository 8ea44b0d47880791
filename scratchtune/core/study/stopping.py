"""A stopping rule ends trials early whose reported values are poor, so that their time is spent on other trials.

A rule is a pure function of what the trial itself has reported and of the first ``needs(number)`` trials, all finished.
`AsyncHalving` is the one exception: what it decides depends on the order in which trials report, and is stored.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.configured import Shown

Reports = Mapping[int, float]  # step to loss: smaller is better
Rungs = Sequence[Mapping[str, Any]]  # what `AsyncHalving` has decided about a trial, in order; ``trial.why["halving"]``


def losses_of_reports(reports: Mapping[int, float], sign: Any) -> dict[int, float]:
    """Reported values as losses, where smaller is better."""
    return {step: sign * value for step, value in reports.items()}


class Others(Sequence[Reports]):
    """The reports of the complete trials among the first ones of a study, as losses.

    For each step that a rule asks for, `averages` keeps a sorted list, so that a further trial costs one insertion.
    """

    def __init__(self, reports: Iterable[Reports] = ()) -> None:
        self._reports = list(reports)
        self._complete = [0]  # of the first k trials so many
        self._count = len(self._reports)
        self._sorted: dict[int, tuple[int, list[float]]] = {}  # by step, of so many of the reports

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        numbers = range(self._count)[index]
        return [self._reports[k] for k in numbers] if isinstance(numbers, range) else self._reports[numbers]

    def see(self, trials: Sequence[Any], needs: int, sign: float) -> None:
        """Have those of the first ``needs`` trials, which are finished."""
        for trial in trials[len(self._complete) - 1 : needs]:
            if trial.state == "complete":
                self._reports.append(losses_of_reports(trial.reports, sign))
            self._complete.append(len(self._reports))
        self._count = self._complete[needs]

    def averages(self, step: int) -> list[float]:
        """The running averages up to a step of those that have reported up to this step or further, sorted."""
        count, found = self._sorted.get(step, (0, []))
        for average in _averages(self._reports[count : self._count], step):
            insort(found, average)
        for average in _averages(self._reports[self._count : count], step):  # a later trial has asked before this one
            del found[bisect_left(found, average)]
        self._sorted[step] = self._count, found
        return found


def _averages(reports: Iterable[Reports], step: int) -> list[float]:
    return [running_average(np.array([loss for at, loss in one.items() if at <= step]))
            for one in reports if one and min(one) <= step <= max(one)]


class Arrived:
    """``losses`` of all trials that have reached a rung, also of running and stopped ones, sorted, by its step."""

    def __init__(self) -> None:
        self.losses: dict[int, list[float]] = {}
        self._included: dict[int, int] = {}  # by trial, until it has ended: how many of its rungs are in ``losses``
        self._begun = 0

    def see(self, trials: Sequence[Any], needs: int, sign: float) -> None:
        """Include what was decided since the last call; at first, what a file holds."""
        begun, self._begun = self._begun, len(trials)
        for number in (*self._included, *range(begun, self._begun)):
            is_running = trials[number].state == "running"  # looked up before its rungs: until it has ended it has more
            rungs = trials[number].why.get("halving", ())
            for one in rungs[self._included.pop(number, 0) :]:
                insort(self.losses.setdefault(one["step"], []), one["loss"])
            if is_running:
                self._included[number] = len(rungs)


class Stopping(Shown):
    """The base class of stopping rules. A subclass defines `stops`, and stores its arguments as attributes."""

    board: type = Others  # what it compares trials with

    def needs(self, number: int) -> int:
        """How many leading trials must be finished before trial ``number`` begins; their reports are what it sees."""
        return 0

    def stops(self, own: Reports, others: Sequence[Reports]) -> bool:
        """Whether a trial with these reports, step to loss, should end; ``others`` are those of complete trials."""
        raise NotImplementedError(f"{type(self).__name__} must define stops(own, others)")

    def decided(self, own: Reports, board: Any, rungs: Rungs) -> tuple[bool, Rungs]:
        """Whether a trial with these reports should end, and its decisions that are stored: ``rungs`` and new ones."""
        return bool(self.stops(own, board)), rungs


def running_average(losses: np.ndarray) -> float:
    """The mean of all values that a trial had reported up to a step.

    Formula [running_average]
        a = Σₖ[vₖ] / #k
    Where
        v: losses, (k,), real, reported up to that step
    Returns
        a, in the units of the loss.
    Source
        Golovin et al. (2017), "Google Vizier: a service for black-box optimization", section 3.2.2.
    Example
        >>> running_average(np.array([4.0, 1.0, 1.0]))
        2.0
    """
    return math.fsum(loss / len(losses) for loss in losses)


def behind(losses: np.ndarray, middle: float) -> float:
    """Whether even the best of what a trial has reported is worse than the median of the others.

    Formula [median_stopping]
        s = 1 if minₖ[vₖ] > m else 0
    Where
        v: losses, (k,), real, what the trial has reported so far
        m: middle, scalar, real, the median of the others' running averages up to the same step
    Returns
        s, 1 if it should stop.
    Variant
        Vizier's rule, in its words for maximising: strictly worse, so that equal trials all continue.
    Source
        Golovin et al. (2017), section 3.2.2.
    Example
        >>> behind(np.array([0.9, 0.6]), 0.5), behind(np.array([0.9, 0.5]), 0.5)
        (1.0, 0.0)
    """
    return 1.0 if min(losses) > middle else 0.0


class MedianStopping(Stopping):
    """Ends a trial whose best report so far is worse than the median of the others' running averages up to that step.

    Only complete trials count that have reported up to this step or further, and there must be at least ``warmup`` of
    them; no trial is ended before ``first_step``. A trial is compared with all trials before it but the last
    ``parallel`` − 1: with a larger one fewer workers wait for each other.
    """

    def __init__(self, warmup: int = 5, first_step: int = 0, parallel: int = 8) -> None:
        self.warmup = checks.integer("warmup", warmup, low=1)
        self.first_step = checks.integer("first_step", first_step, low=0)
        self.parallel = checks.integer("parallel", parallel, low=1)

    def needs(self, number: int) -> int:
        """How many: all trials before it but the last ``parallel`` − 1."""
        return max(0, number - self.parallel + 1)

    def stops(self, own: Reports, others: Sequence[Reports]) -> bool:
        """Whether it is `behind` the complete trials at its last reported step, from ``first_step`` on."""
        step = max(own, default=-1)
        if step < self.first_step:
            return False
        averages = (others if isinstance(others, Others) else Others(others)).averages(step)
        middle = averages[(len(averages) - 1) // 2 : len(averages) // 2 + 1]  # one or two, with the same median
        return len(averages) >= self.warmup and behind(np.array(list(own.values())), median(middle)) == 1.0


def rung_kept(reached: int, eta: int) -> int:
    """How many of the trials that have reached a rung so far may continue.

    Formula [async_halving_kept]
        k = max(floor(n / η), 1)
    Where
        n: reached, scalar, integer >= 1; sampled in [1, 500], the trial that is decided on included
        η: eta, scalar, integer >= 2; sampled in [2, 6]
    Returns
        k, an integer: a trial is stopped if k others or more have a smaller loss there.
    Variant
        At least one, as in Optuna's SuccessiveHalvingPruner: otherwise the first η − 1 trials would all be stopped.
        The paper pauses a trial, and promotes it later if it is among the best 1/η by then; here it has ended.
    Source
        Li et al. (2020), "A system for massively parallel hyperparameter tuning", Algorithm 2.
    Example
        >>> [rung_kept(reached, 3) for reached in (1, 5, 6, 9)]
        [1, 1, 2, 3]
    """
    return max(reached // eta, 1)


class AsyncHalving(Stopping):
    """Asynchronous successive halving: ends a trial that is not among the best of those that have reached its rung.

    The rungs are the steps min_steps, min_steps · eta, min_steps · eta², ... At each rung `Trial.should_stop` decides
    once: it ranks the trial's first report from that step on among all earlier ones there, and ends a trial that is
    not among the best 1/eta of them, rounded down, or the best one. No trial waits, so the order in which trials report
    counts. Decisions (step, loss, place, of, kept) are stored as ``trial.why["halving"]``: in a thread when they are
    made, in another process, which knows those made before its trial began, when the trial ends.

    A ``min_steps`` of 1 leaves most steps for further trials. Where the number of trials is fixed, or the order after
    the first step says little (few batches in an epoch, a warm-up of the learning rate, much dropout), a larger one is
    safer.
    """

    board = Arrived

    def __init__(self, min_steps: int = 1, eta: int = 3) -> None:
        self.min_steps = checks.integer("min_steps", min_steps, low=1)
        self.eta = checks.integer("eta", eta, low=2)

    def decided(self, own: Reports, board: Arrived, rungs: Rungs) -> tuple[bool, Rungs]:
        """Whether it ends at a rung that it has reached; where that was decided before, it is not decided again."""
        made, step = {one["step"]: one for one in rungs}, self.min_steps
        while step <= max(own, default=-1):
            if step not in made:
                loss, losses = own[min(at for at in own if at >= step)], board.losses.get(step, [])
                made[step] = {"step": step, "loss": loss, "place": bisect_left(losses, loss) + 1,
                              "of": len(losses) + 1, "kept": rung_kept(len(losses) + 1, self.eta)}
            if made[step]["place"] > made[step]["kept"]:
                return True, list(made.values())
            step *= self.eta
        return False, list(made.values())


def in_words(rungs: Rungs) -> str:
    """What was decided about a trial, as a sentence; nothing where nothing was."""
    places = [f"the {checks.ordinal(one['place']) + ' ' if one['place'] > 1 else ''}best of {one['of']} at step "
              f"{one['step']} (kept: {one['kept']})" for one in rungs]
    is_stopped = bool(rungs) and rungs[-1]["place"] > rungs[-1]["kept"]
    return f" It was {', '.join(places)}{', and stopped' * is_stopped}." if places else ""


def as_stopping(stopping: object) -> Stopping | None:
    """Return the rule given, or None."""
    if stopping is not None and not isinstance(stopping, Stopping):
        raise TypeError(f"stopping is {stopping!r}; it must be a rule such as MedianStopping(warmup=5), or None")
    return stopping
