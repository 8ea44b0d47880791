"""The one-standard-error choice: the cheapest configuration whose score is within one standard error of the best.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.evaluation.selection import Simplicity, simplicity_of, standard_error
from scratchtune.insight.fold_scores import contenders
from scratchtune.study import Trial


class Choice(NamedTuple):
    """The chosen ``trial``, the ``best`` one, the standard ``error`` of the best one's score, and how many trials have
    a score ``within`` one standard error of it."""

    trial: Trial
    best: Trial
    error: float
    within: int

    @property
    def params(self) -> dict[str, Any]:
        """The chosen configuration."""
        return self.trial.params


def one_standard_error(study: Any, cost: Simplicity = "seconds", error: float | None = None) -> Choice:
    """Choose the cheapest configuration within one standard error of the best score (Breiman et al. 1984).

    ``cost`` is "seconds", the time that a trial took (infinite where it is not known), or what `OneStandardError` takes
    as simplicity: a function from params to a number, the name of a parameter (after a minus where a larger value is
    cheaper), a list of them, or None for fewer hidden units and stronger penalties. ``error`` replaces the standard
    error of the best trial's scores over the folds, for trials without such scores.

    Raises
        TypeError or ValueError where no trial is complete, or where scores of the folds and ``error`` are missing.

    >>> from scratchtune.study import Study
    >>> study = Study({"units": [2, 8, 64]}, searcher="grid", direction="maximize")
    >>> _ = study.run(lambda trial: {2: 0.5, 8: 0.7, 64: 0.75}[trial.params["units"]], progress=False)
    >>> one_standard_error(study, cost="units", error=0.05).params
    {'units': 8}
    """
    if isinstance(cost, str) and cost != "seconds":
        checks.choice("cost", cost.lstrip("-"), ["seconds", *study.space.names])
    compared = contenders(study, with_scores=error is None)
    error = standard_error(compared.best_scores()) if error is None else checks.real("error", error, 0.0)
    losses, best = -compared.sign * compared.values, compared.best
    limit = losses[best] + error
    near = [i for i, loss in enumerate(losses) if loss <= limit + 1e-12 * abs(limit)]  # 0.75 - 0.05 is not 0.7 exactly

    def key(i: int) -> tuple[Any, ...]:
        trial = compared.trials[i]
        if cost == "seconds":
            return math.inf if trial.seconds is None else trial.seconds, losses[i], i
        return simplicity_of(trial.shared_params, cost), losses[i], i

    return Choice(compared.trials[min(near, key=key)], compared.trials[best], error, len(near))
