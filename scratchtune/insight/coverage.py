"""How much of each range do a study's trials cover? Where a searcher has concentrated them, a model extrapolates.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.search.encoding import Encoding

CELLS, ROWS_PER_CELL = 20, 5  # at most so many cells of a range, and at least so many rows for each on average
LEAST_COVERAGE = 0.5
MOST_NAMED = 3  # parameters


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
