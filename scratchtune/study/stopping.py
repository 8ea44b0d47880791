"""A stopping rule ends trials early whose reported values are poor, so that their time is spent on other trials.

A rule is a pure function of what the trial itself has reported and of the first ``needs(number)`` trials, all finished.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from scratchtune import checks

Reports = Mapping[int, float]  # step to loss: smaller is better


class Stopping:
    """The base class of stopping rules. A subclass defines `stops`, and stores its arguments as attributes."""

    def needs(self, number: int) -> int:
        """How many leading trials must be finished before trial ``number`` begins; their reports are what it sees."""
        return 0

    def stops(self, own: Reports, others: Sequence[Reports]) -> bool:
        """Whether a trial with these reports, step to loss, should end; ``others`` are those of complete trials."""
        raise NotImplementedError(f"{type(self).__name__} must define stops(own, others)")

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"{type(self).__name__}({arguments})"


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
        averages = [
            running_average(np.array([loss for at, loss in reports.items() if at <= step]))
            for reports in others if min(reports, default=step + 1) <= step <= max(reports)]
        return len(averages) >= self.warmup and behind(np.array(list(own.values())), median(averages)) == 1.0


def as_stopping(stopping: object) -> Stopping | None:
    """Return the rule given, or None."""
    if stopping is not None and not isinstance(stopping, Stopping):
        raise TypeError(f"stopping is {stopping!r}; it must be a rule such as MedianStopping(warmup=5), or None")
    return stopping
