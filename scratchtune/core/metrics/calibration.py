"""Calibration: whether predicted probabilities are frequencies, so that of rows with 0.8 four in five are positive.

Rows are sorted into bins by their predicted probability. In each bin the mean probability is compared with the share
of positive rows.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.ranking import scored_rows

STRATEGIES = ("uniform", "quantile")


def expected_error(counts: np.ndarray, shares: np.ndarray, means: np.ndarray) -> float:
    """Expected calibration error: the mean distance, over the rows, of a bin's probability from its share of positives.

    Formula [calibration_error]
        E = Σₖ[nₖ · |aₖ − pₖ|] / Σₖ[nₖ]
    Where
        n: counts, (k,), >= 0; sampled > 0, the number of rows in each bin
        a: shares, (k,), real, the share of positive rows in each bin
        p: means, (k,), real, the mean predicted probability in each bin
    Returns
        E, a scalar in [0, 1]; 0 if every bin's mean probability is its share of positive rows.
    Variant
        It depends on the number of bins and on where they begin. Guo et al. evaluate the probability of the predicted
        class, whose positives are the correct predictions; here one class is evaluated against the rest.
    Source
        Naeini, Cooper and Hauskrecht (2015), section "Calibration Metrics"; Guo et al. (2017), equation 3.
    Example
        >>> float(expected_error(np.array([3.0, 1.0]), np.array([0.5, 1.0]), np.array([0.25, 0.75])))
        0.25
    """
    return (counts * np.abs(shares - means)).sum() / counts.sum()


def expected_calibration_error(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = 5, strategy: str = "uniform",
) -> float:
    """Mean distance of the probabilities from the shares of positive rows; formula [calibration_error].

    The arguments, and the bins, are those of `calibration_curve`.

    >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    0.25
    """
    return float(expected_error(*_bins(y_true, y_prob, pos_label, n_bins, strategy)))


def calibration_curve(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = 5, strategy: str = "uniform",
) -> tuple[np.ndarray, np.ndarray]:
    """Share of positive rows and mean predicted probability of each bin that has rows, two arrays (bins,).

    ``y_prob`` is the predicted probability of ``pos_label`` (by default 1), (n,). ``strategy``: "uniform" bins have
    equal width, "quantile" bins have about equal counts. A probability at a boundary belongs to the lower bin.
    A ValueError for probabilities outside [0, 1].

    >>> [part.tolist() for part in calibration_curve([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)]
    [[0.5, 1.0], [0.25, 0.75]]
    """
    _, shares, means = _bins(y_true, y_prob, pos_label, n_bins, strategy)
    return shares, means


def _bins(
    y_true: Any, y_prob: Any, pos_label: Any, n_bins: int, strategy: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of rows, share of positive ones and mean probability of each bin that has rows."""
    checks.integer("n_bins", n_bins, 1)
    checks.choice("strategy", strategy, STRATEGIES)
    positive, p, _ = scored_rows("y_prob", y_true, y_prob, pos_label)
    for extreme in (p.min(), p.max()):
        if not 0.0 <= extreme <= 1.0:
            raise ValueError(f"y_prob holds {extreme:g}; it must hold probabilities, from 0 to 1")
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    if strategy == "quantile":
        edges = np.percentile(p, edges * 100.0)
    place = np.searchsorted(edges[1:-1], p)
    counts, sums, hits = (np.bincount(place, weight, n_bins) for weight in (None, p, positive))
    there = counts > 0
    return counts[there], hits[there] / counts[there], sums[there] / counts[there]
