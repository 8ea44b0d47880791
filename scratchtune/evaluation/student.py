"""Student's t distribution: how far a mean of few normal values is from the truth, in units of its standard error.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math

from scratchtune import checks


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
