"""Calibration: whether predicted probabilities are frequencies, so that of rows with 0.8 four in five are positive.

Rows are sorted into bins by their predicted probability. In each bin the mean probability is compared with the share
of positive rows.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.metrics.ranking import scored_rows

STRATEGIES = ("uniform", "quantile")


class Reliability(NamedTuple):
    """Bins of predicted probabilities, without empty ones: each array is (bins,)."""

    shares: np.ndarray  # of the rows of a bin that are positive
    means: np.ndarray  # of the predicted probabilities in a bin
    counts: np.ndarray  # rows in a bin
    lows: np.ndarray  # the ends of each bin
    highs: np.ndarray


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


def reliability(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = 10, strategy: str = "uniform",
) -> Reliability:
    """Share of positive rows, mean predicted probability and count of each bin that has rows.

    ``y_prob`` is the predicted probability of ``pos_label`` (by default 1), (n,). ``strategy``: "uniform" bins have
    equal width, "quantile" bins have about equal counts. A probability at a boundary belongs to the lower bin.

    >>> reliability([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2).shares.tolist()
    [0.5, 1.0]
    """
    checks.integer("n_bins", n_bins, 1)
    checks.choice("strategy", strategy, STRATEGIES)
    positive, p, _ = scored_rows(y_true, y_prob, pos_label)
    if p.min() < 0.0 or p.max() > 1.0:
        raise ValueError(f"y_prob holds {p.min() if p.min() < 0.0 else p.max():g}; it must hold probabilities, from 0 "
                         "to 1")
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    if strategy == "quantile":
        edges = np.percentile(p, edges * 100.0)
    which = np.searchsorted(edges[1:-1], p)
    counts, sums, hits = (np.bincount(which, weight, n_bins) for weight in (None, p, positive))
    there = counts > 0
    shares, means = hits[there] / counts[there], sums[there] / counts[there]
    return Reliability(shares, means, counts[there], edges[:-1][there], edges[1:][there])
