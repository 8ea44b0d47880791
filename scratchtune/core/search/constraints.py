"""A constraint is a number that a trial reports (`Trial.set_constraint`): at most 0 where it holds.

Infeasible trials are ordered by their violation, after all feasible ones.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence


def violation(constraints: Sequence[float]) -> float:
    """How much a trial violates its constraints: the sum of those that are above 0.

    Formula [constraint_violation]
        v = Σₖ[max(0, cₖ)]
    Where
        c: constraints, (k,), real, at most 0 is feasible
    Returns
        v, 0 if all constraints hold; in their units, so that constraints should be on similar scales.
    Variant
        Deb writes a constraint as g >= 0, and divides it by its limit first.
    Source
        Deb (2000), "An efficient constraint handling method for genetic algorithms", equation 4.
    Example
        >>> violation([-3.0, 0.5, 2.0])
        2.5
    """
    return float(sum(max(0.0, constraint) for constraint in constraints))
