"""The trials of a study that can be compared with each other, their values for a model, and what they cover.

Only complete trials count, and where their budgets differ, as with `Hyperband`, only those of the largest budget:
values of different budgets can't be compared. Where a searcher has concentrated the trials, a model extrapolates.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight.drawing import TrialTable
from scratchtune.search.bayesian.encoding import Encoding
from scratchtune.study import Study, Trial
from scratchtune.study.best import of_largest_budget
from scratchtune.study.stored import StoredStudy
from scratchtune.study.trial import configuration

LEAST_TRIALS = 10  # different configurations for a model
CELLS, ROWS_PER_CELL = 20, 5  # at most so many cells of a range, and at least so many rows for each on average
LEAST_COVERAGE = 0.5
MOST_NAMED = 3  # parameters


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
        """The values in their own units, none beyond the largest number."""
        with np.errstate(over="ignore"):
            return np.nan_to_num(np.ldexp(standardised * self.std + self.mean, self.exponent), nan=np.nan)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The standardised values of those in their own units, none beyond the largest number."""
        with np.errstate(over="ignore"):
            return np.nan_to_num((np.ldexp(values, -self.exponent) - self.mean) / self.std, nan=np.nan)


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


def check_enough(study: TrialTable, found: Comparable, what: str, or_: str = "") -> None:
    """Raise a ValueError if the trials have fewer than `LEAST_TRIALS` different configurations."""
    if len({study.space.key(configuration(trial)) for trial in found.trials}) < LEAST_TRIALS:
        raise ValueError(f"study has {found.basis}: too few different configurations; {what} needs {LEAST_TRIALS}{or_}")


def standardised(values: np.ndarray) -> tuple[np.ndarray, Scale]:
    """The values with mean 0 and standard deviation 1, and what restores them."""
    exponent = int(np.frexp(np.abs(values).max())[1])  # so that no square overflows
    scaled = np.ldexp(values, -exponent)
    scale = Scale(float(scaled.mean()), float((scaled - scaled.mean()).std()), exponent)
    return scale.of(values), scale


# How much of each range the trials cover ------------------------------------------------------------------------------


def effective_coverage(shares: np.ndarray) -> float:
    """The effective part of a range's cells that are used: 1 where all have as many rows, 1 / n where one has all.

    Formula [effective_coverage]
        c = 1 / (#i · Σᵢ[pᵢ²])
    Where
        p: shares, (i,), probabilities, the share of the rows in each cell
    Returns
        c, in (0, 1].
    Source
        Kish (1965), "Survey sampling", section 11.7: the effective size of a weighted sample, divided by its size.
    Example
        >>> float(effective_coverage(np.array([0.5, 0.5, 0.0, 0.0])))
        0.5
    """
    return 1.0 / (len(shares) * (shares * shares).sum())


def coverages(encoding: Encoding, rows: np.ndarray) -> np.ndarray:
    """[effective_coverage] of each range by encoded rows (n, d) where it is present; 1 for choices, (d,)."""
    found, active = np.ones(len(encoding.parameters)), encoding.active(rows)
    for j, count in enumerate(encoding.counts.tolist()):
        column = rows[active[:, j], j]
        cells = min(CELLS, len(column) // ROWS_PER_CELL, count or CELLS)
        if encoding.is_categorical[j] == 0.0 and cells > 1:
            at = np.minimum((column * cells).astype(np.int64), cells - 1)
            found[j] = effective_coverage(np.bincount(at, minlength=cells) / len(column))
    return found


def concentration(encoding: Encoding, rows: np.ndarray) -> str:
    """A sentence that names the ranges of which the trials cover less than half, the least first; empty if none."""
    found, names = coverages(encoding, rows), encoding.space.names
    low = [int(j) for j in np.argsort(found, kind="stable") if found[j] < LEAST_COVERAGE]
    if not low:
        return ""
    parts = [f"{found[j]:.0%} of the range of {names[j]!r}" for j in low[:MOST_NAMED]]
    more = f" and less than half of {len(low) - MOST_NAMED} more" if len(low) > MOST_NAMED else ""
    return f" The trials are concentrated, and effectively cover {', '.join(parts)}{more}: shares are less certain."
