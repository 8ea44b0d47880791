"""Constraints that are known only after an evaluation, such as the memory that a training took: at most 0 is feasible.

A feasible trial precedes an infeasible one, whatever their values. Feasible trials are ordered by their values, others
by how much they violate their constraints. A trial without constraints is feasible.

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


def constrained_loss(loss: float, violated: float, worst: float) -> float:
    """The loss that selection compares: of an infeasible trial, its violation above the worst feasible loss.

    Formula [constrained_loss]
        f = l if v <= 0 else w + v
    Where
        l: loss, scalar, real
        v: violated, scalar, >= 0; sampled as integer in [0, 2], the violation
        w: worst, scalar, real, the largest loss of the feasible trials; 0 without one
    Returns
        f; an infeasible trial's own loss does not count, so its objective need not be defined where it is infeasible.
    Variant
        A penalty function adds r · v to the loss, and needs a factor r that suits both.
    Source
        Deb (2000), equation 4.
    Example
        >>> constrained_loss(1.0, 0.0, 7.0), constrained_loss(1.0, 0.5, 7.0)
        (1.0, 7.5)
    """
    return loss if violated <= 0.0 else worst + violated
