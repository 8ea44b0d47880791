"""In a space with conditions, TPE first draws the branch: which of the conditional parameters the next trial has.

The ratio of the two densities can't choose a branch: it would nearly always prefer that with the most trials, whose
densities are the most concentrated. So each parameter that conditions name, such as the optimizer of which one value
has a momentum, is decided on its own, by Thompson sampling. The densities are then those of the branch's own trials
(of all trials, if the branch has fewer than four finished ones).

Implements section 3.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.search.bayesian.mixture import Axis


def beta_parameter(count: int) -> int:
    """A parameter of the beta distribution of the probability that a trial is good: the first, or the second.

    Formula [tpe_branch_posterior]
        a = 1 + k
    Where
        k: count, scalar, integer >= 0, good trials for the first parameter, the others for the second
    Returns
        a. Before any trial both are 1: the distribution is uniform. With a and b the mean is a / (a + b).
    Source
        Thompson (1933); Chapelle and Li (2011), "An empirical evaluation of Thompson sampling", section 2.
    Example
        >>> beta_parameter(4)
        5
    """
    return 1 + count


def drawn_branch(
    axes: Sequence[Axis], codes: np.ndarray, good: np.ndarray, bad: np.ndarray, random: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw which axes exist in the next trial: booleans (d,).

    ``good`` and ``bad`` are rows of the trials' ``codes`` (n, d). For each axis that conditions name, the trials that
    have it are counted by which of these conditions hold. The probability that a trial is good is drawn for each of
    these outcomes from its posterior, and the highest wins: an outcome without a good trial is tried from time to time,
    the more seldom the more often it was bad. The outcomes are those of the trials and of ``random`` points (m, d).
    """
    exists = np.ones(len(axes), dtype=bool)
    for j, children in _children(axes).items():
        if not exists[j]:
            exists[[child for child, _ in children]] = False
            continue
        counts: dict[bytes, list[int]] = {}
        for k, rows in enumerate((codes[good], codes[bad], random)):
            for outcome in _outcomes(rows[~np.isnan(rows[:, j]), j], children):
                count = counts.setdefault(outcome.tobytes(), [0, 0, 0])
                count[k] += 1
        if not counts:  # no point with this axis is known
            exists[[child for child, _ in children]] = False
            continue
        drawn = {outcome: rng.beta(beta_parameter(count[0]), beta_parameter(count[1]))
                 for outcome, count in counts.items()}
        holds = np.frombuffer(max(drawn, key=drawn.__getitem__), dtype=bool)
        exists[[child for (child, _), held in zip(children, holds, strict=True) if not held]] = False
    return exists


def _children(axes: Sequence[Axis]) -> dict[int, list[tuple[int, np.ndarray]]]:
    """For each axis that conditions name, the axes that depend on it, and the codes with which they exist."""
    children: dict[int, list[tuple[int, np.ndarray]]] = {}
    for child, axis in enumerate(axes):
        for parent, allowed in axis.conditions:
            children.setdefault(parent, []).append((child, allowed))
    return dict(sorted(children.items()))


def _outcomes(codes: np.ndarray, children: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Whether each condition holds, booleans (n, conditions)."""
    return np.column_stack([np.isin(codes, allowed) for _, allowed in children])
