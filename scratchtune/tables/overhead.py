"""How long the searchers take to propose: the measurements of benchmarks/results/search_overhead.md, interpolated.

Implements section 9.1 of the document.
"""

from __future__ import annotations

import numpy as np

MEASURED = "search_overhead.md"
TRIALS = (20, 50, 100, 200, 500)
MILLISECONDS = {  # for a proposal at each of these trials, one core of an AMD EPYC
    "random": (0.04, 0.04, 0.04, 0.04, 0.04),
    "bayesian": (2.67, 3.79, 7.58, 13.37, 17.27),
    "bayesian:gp": (3.66, 5.87, 12.64, 21.39, 31.93),
    "bayesian:tpe": (1.23, 1.33, 1.55, 1.87, 3.58),
    "genetic": (0.81, 1.18, 1.44, 1.71, 2.34),
}
MILLISECONDS["grid"] = MILLISECONDS["random"]  # neither looks at earlier trials
MILLISECONDS["hyperband"] = MILLISECONDS["bayesian:tpe"]  # its proposer


def seconds(name: str, trials: int) -> float:
    """The seconds that all proposals of a study take together.

    >>> seconds("random", 1000)
    0.04
    """
    return float(np.round(np.interp(np.arange(trials), TRIALS, MILLISECONDS[name]).sum() / 1000.0, 9))
