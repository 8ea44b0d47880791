"""Exercise 02: a penalty whose line is given."""

import numpy as np

from scratchtune import formulas

CASES = [
    (np.array([1.0, -2.0, 0.5]), 0.1),
    (np.array([-3.0]), 2.0),
    (np.array([0.0, 0.0, 4.0, -1.0]), 0.5),
    (np.array([0.25, -0.75]), 0.0),
    (np.array([10.0, -20.0]), 3.0),
]


def right(theta, lam):
    """A penalty that saturates: no parameter costs more than lambda.

    Formula [saturating_penalty]
        R = λ · Σᵢ[θᵢ² / (1 + θᵢ²)]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Source
        Weigend, Rumelhart, Huberman (1991), "Generalization by weight-elimination".
    """
    squares = theta * theta
    return lam * (squares / (1.0 + squares)).sum()


def extra(solution):
    if "Formula [" not in (solution.__doc__ or ""):
        return
    report = formulas.check(formulas.read(solution))
    assert not report.problems, f"Code and line differ on random inputs: {report.problems[0]}"


def _in_place(theta, lam):
    theta **= 2
    return lam * (theta / (1.0 + theta)).sum()


@np.errstate(divide="ignore")
def _signed(theta, lam):
    return lam * (theta**2 / (1.0 + theta)).sum()


MISTAKES = [
    ("The sum is missing: this is a number for each parameter, and R is one number.",
     lambda theta, lam: lam * theta**2 / (1.0 + theta**2)),
    ("Nothing is returned: the function computes, but has no `return`.", lambda theta, lam: None),
    ("lambda is missing: R is lambda times the sum.", lambda theta, lam: (theta**2 / (1.0 + theta**2)).sum()),
    ("The sum is taken too early: divide each square by its own denominator, then sum the quotients.",
     lambda theta, lam: lam * (theta**2).sum() / (1.0 + (theta**2).sum())),
    ("The numerators are summed and the denominators are summed; the line sums the quotients.",
     lambda theta, lam: lam * (theta**2).sum() / (1.0 + theta**2).sum()),
    ("This is the mean over the parameters; the line has a sum.",
     lambda theta, lam: lam * (theta**2 / (1.0 + theta**2)).mean()),
    ("The squares are missing; this takes absolute values.",
     lambda theta, lam: lam * (abs(theta) / (1.0 + abs(theta))).sum()),
    ("The square in the numerator is missing.", lambda theta, lam: lam * (theta / (1.0 + theta**2)).sum()),
    ("The square in the denominator is missing; this takes an absolute value there.",
     lambda theta, lam: lam * (theta**2 / (1.0 + abs(theta))).sum()),
    ("Parentheses are missing: in Python a / 1 + b is (a / 1) + b, so here the squares are counted twice.",
     lambda theta, lam: lam * (theta**2 / 1.0 + theta**2).sum()),
    ("The denominator is missing: this is the L2 penalty.", lambda theta, lam: lam * (theta**2).sum()),
    ("The denominator has a minus where the line has a plus.",
     lambda theta, lam: lam * (theta**2 / (1.0 - theta**2 + 1e-300)).sum()),
    ("lambda is in the denominator; it multiplies the whole sum.",
     lambda theta, lam: (theta**2 / (lam + theta**2 + 1e-300)).sum()),
    ("The function changes its argument theta; square into a new array.", _in_place),
    ("The denominator has theta itself: its square is missing.", _signed),
    ("lambda is in the denominator, too; there the line has a 1.",
     lambda theta, lam: lam * (theta**2 / (lam + theta**2 + 1e-300)).sum()),
    ("Each square is cut at 1 here. The line has no cut: dividing by 1 + the square brings it smoothly below 1.",
     lambda theta, lam: lam * np.minimum(theta**2, 1.0).sum()),
]
