"""How far a mean score over folds may be from the true mean: standard errors, and Student's t for intervals.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import checks


def standard_error(scores: np.ndarray) -> float:
    """Standard error of a mean score: its typical distance from the true mean, if the scores are independent.

    Formula [standard_error_of_mean]
        e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
    Where
        s: scores, (k,), real, one for each fold
    Returns
        e, a scalar in the units of the score; 0 for a single fold.
    Variant
        The standard deviation divides by k − 1; std_test_score in cv_results_ divides by k. Folds share training rows,
        so their scores are not independent, and this estimate is too small: [corrected_standard_error] is larger.
    Source
        Breiman, Friedman, Olshen and Stone (1984), "Classification and Regression Trees", section 3.4.3.
    Example
        >>> standard_error(np.array([0.75, 1.0, 0.5]))
        0.14433756729740643
    """
    folds = len(scores)
    return float(np.sqrt(np.square(scores - scores.mean()).sum() / (folds * max(folds - 1, 1))))


def corrected_standard_error(differences: np.ndarray, n_train: float, n_test: float) -> float:
    """Standard error of a mean difference of two models over folds that share their training rows.

    Formula [corrected_standard_error]
        e = √((1 / #k + m / n) · Σₖ[(dₖ − meanₖ[dₖ])²] / max(#k − 1, 1))
    Where
        d: differences, (k,), real, the difference of two scores, one for each training
        n: n_train, scalar, > 0, the number of training rows
        m: n_test, scalar, > 0, the number of test rows
    Returns
        e, a scalar in the units of the scores.
    Variant
        Without m / n it is [standard_error_of_mean], which assumes independent trainings. This one is larger by the
        factor √(1 + k · m / n) for k trainings: 1.5 for 5 folds, 2.7 for 5 times 5.
    Source
        Nadeau and Bengio (2003), "Inference for the generalization error", section 3, for random splits;
        Bouckaert and Frank (2004), "Evaluating the replicability of significance tests for comparing learning
        algorithms", for repeated folds.
    Example
        >>> round(corrected_standard_error(np.array([0.01, 0.03]), 80, 20), 6)
        0.012247
    """
    k = len(differences)
    squares = np.square(differences - differences.mean()).sum()
    return float(np.sqrt((1.0 / k + n_test / n_train) * squares / max(k - 1, 1)))


def student_probability(t: float, dof: int) -> float:
    """Probability that a t-distributed number is between -t and t, for an integer number of degrees of freedom.

    A finite sum: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.

    >>> round(student_probability(4.302653, 2), 6)
    0.95
    """
    angle = math.atan2(t, math.sqrt(dof))
    term = total = 1.0 if dof % 2 == 0 else math.cos(angle)
    for k in range(2 + dof % 2, dof - 1, 2):
        term *= (k - 1) / k * math.cos(angle) ** 2
        total += term
    if dof % 2 == 0:
        return math.sin(angle) * total
    return 2.0 / math.pi * (angle + (math.sin(angle) * total if dof > 1 else 0.0))


def student_quantile(level: float, dof: int) -> float:
    """The t for which a t-distributed number is between -t and t with probability ``level``, such as 0.95.

    A ValueError where ``level`` is not between 0 and 1, or ``dof`` below 1.

    >>> round(student_quantile(0.95, 4), 3)
    2.776
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    dof = checks.integer("dof", dof, low=1)
    low, high = 0.0, 1.0
    while student_probability(high, dof) < level:
        high *= 2.0
    while low < (middle := (low + high) / 2.0) < high:
        low, high = (middle, high) if student_probability(middle, dof) < level else (low, middle)
    return high
