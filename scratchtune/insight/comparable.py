"""The trials of a study that can be compared with each other, as rows and values for a model.

Only complete trials count, and where their budgets differ, as with `Hyperband`, only those of the largest budget:
values of different budgets can't be compared.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight.drawing import TrialTable
from scratchtune.study import Study, Trial
from scratchtune.study.best import of_largest_budget
from scratchtune.study.stored import StoredStudy

LEAST_TRIALS = 10  # different configurations for a model


class Comparable(NamedTuple):
    """Trials that can be compared, and a sentence's part that says how many there are of what."""

    trials: list[Trial]
    basis: str


class Scale(NamedTuple):
    """What turns standardised values into those of a study: times ``std``, plus ``mean``, times 2 to ``exponent``."""

    mean: float
    std: float
    exponent: int

    def restored(self, standardised: np.ndarray) -> np.ndarray:
        """The values in their own units."""
        return np.ldexp(standardised * self.std + self.mean, self.exponent)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The standardised values of those in their own units."""
        return (np.ldexp(values, -self.exponent) - self.mean) / self.std


def check_study(study: Any, what: str = "it must be a Study, or one read from a file") -> TrialTable:
    """Return a study; raise a TypeError for anything else."""
    if not isinstance(study, (Study, StoredStudy)):
        raise TypeError(f"study is {study!r}; {what}")
    return study


def comparable_trials(study: TrialTable, what: str) -> Comparable:
    """The complete trials of the largest budget; a ValueError if there is none, which ``what`` needs."""
    everything = study.trials
    complete = [trial for trial in everything if trial.state == "complete"]
    states = [trial.state for trial in everything]
    others = [f"{states.count(state):,} {state}" for state in ("failed", "stopped", "running") if state in states]
    basis = f"{checks.counted(len(complete), 'complete trial')} of {len(states):,}"
    if others:
        basis += f" ({', '.join(others)})"
    if not complete:
        raise ValueError(f"study has {basis}; {what} needs {LEAST_TRIALS} complete trials")
    full = of_largest_budget(complete)
    if len(full) < len(complete):
        basis += f", {len(full):,} of them with the largest budget, {max(trial.budget or 0.0 for trial in full):g}"
    return Comparable(full, basis)


def values_that_differ(found: Comparable, what: str) -> np.ndarray:
    """The values of trials, (n,); a ValueError if they are all equal."""
    values = np.array([trial.value for trial in found.trials], dtype=np.float64)
    if values.min() == values.max():
        raise ValueError(f"study has {found.basis}, all with the value {values[0]:g}; {what} needs different values")
    return values


def check_enough(study: TrialTable, found: Comparable, what: str) -> None:
    """Raise a ValueError if the trials have fewer than `LEAST_TRIALS` different configurations."""
    if len({study.space.key(trial.shared_params) for trial in found.trials}) < LEAST_TRIALS:
        raise ValueError(f"study has {found.basis}, too few different configurations; {what}")


def standardised(values: np.ndarray) -> tuple[np.ndarray, Scale]:
    """The values with mean 0 and standard deviation 1, and what restores them."""
    exponent = int(np.frexp(np.abs(values).max())[1])  # so that no square overflows
    scaled = np.ldexp(values, -exponent)
    scale = Scale(float(scaled.mean()), float((scaled - scaled.mean()).std()), exponent)
    return scale.of(values), scale
