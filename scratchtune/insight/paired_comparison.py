"""A paired comparison: is one configuration, searcher or study better than another, and by how much?

Both are evaluated on the same folds or with the same seeds, and only their differences are used: a fold or a seed that
is hard for both changes no difference. Values of different seeds are independent. Scores of different folds are not,
since their trainings share rows; the standard error of their mean is [corrected_standard_error].

Several comparisons find a difference by chance more often than one. For m of them give ``level=1 - 0.05 / m``: then the
probability of any false one is below 0.05 (Bonferroni).

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.selection import corrected_standard_error, student_probability, student_quantile
from scratchtune.insight.verdicts import contenders, is_study
from scratchtune.study import Trial


class Difference(NamedTuple):
    """The mean of a - b with its interval (``low``, ``high``) at ``level``, and its p-value.

    ``p_value`` is the probability of a mean at least as far from 0, if a and b are equally good. ``better`` is "a" or
    "b" where the p-value is below 1 - level, else None. ``pairs`` is the number of pairs. ``best_of`` are the numbers
    of configurations of which a and b are the best, where two studies were compared.
    """

    difference: float
    low: float
    high: float
    p_value: float
    better: str | None
    level: float
    pairs: int
    best_of: tuple[int, int] = (1, 1)

    def __str__(self) -> str:
        found = "no difference can be shown" if self.better is None else f"{self.better} is better"
        a, b = self.best_of
        about = (f"; a is the best of {checks.counted(a, 'configuration')} and b the best of {b:,} by these scores, so "
                 "they are too good, and that is not corrected here (see optimism)") if max(a, b) > 1 else ""
        return (f"{found}: a - b is {self.difference:.4g}, between {self.low:.4g} and {self.high:.4g} "
                f"({100.0 * self.level:.4g}% interval from {checks.counted(self.pairs, 'pair')}, "
                f"p = {self.p_value:.2g}){about}")


def compare(a: Any, b: Any, kind: str | None = None, direction: str | None = None, level: float = 0.95) -> Difference:
    """Compare two configurations, searchers or studies by paired values.

    ``a`` and ``b`` are of the same kind:

    - two trials with scores of the same folds;
    - two studies with the same folds: their best trials are compared. Each was chosen by these scores, so both scores
      are too good, and more so in the study that has more trials: see `optimism`;
    - two lists of studies, run with the same seeds: their best values are compared, as of two searchers. Each is too
      good as the best of its study, so the numbers of trials should be equal;
    - two lists of numbers, (n,): values of ``kind`` "seeds" (the default: independent) or "folds" (of one
      cross-validation, in the same order).

    ``direction`` is that of the studies; for trials and numbers it is "maximize" unless given.

    Raises
        TypeError or ValueError where there are fewer than two pairs, or the numbers of values differ.

    >>> print(compare([0.9, 0.8, 0.85, 0.95], [0.8, 0.7, 0.8, 0.8]))
    a is better: a - b is 0.1, between 0.03504 and 0.165 (95% interval from 4 pairs, p = 0.016)
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    directions = {study.direction for given in (a, b) for study in _studies(given)}
    if direction is not None:
        directions.add(checks.choice("direction", direction, ("minimize", "maximize")))
    if len(directions) > 1:
        raise ValueError(f"direction is {' and '.join(sorted(directions))}; both sides must have the same")
    kinds = ["folds"] if isinstance(a, Trial) or is_study(a) else ["seeds"] if _studies(a) else ["seeds", "folds"]
    kind = checks.choice("kind", kind or kinds[0], kinds)
    first, second = _values("a", a), _values("b", b)
    if len(first) != len(second):
        raise ValueError(f"a has {len(first)} values and b has {len(second)}; they must be paired, so equal in number")
    share = 0.0 if kind == "seeds" else 1.0 / max(len(first) - 1, 1)
    found = difference_of(first - second, share, level, directions.pop() if directions else "maximize")
    if not (is_study(a) and is_study(b)):
        return found
    return found._replace(best_of=(len(contenders(a).trials), len(contenders(b).trials)))


def difference_of(differences: np.ndarray, share: float, level: float, direction: str) -> Difference:
    """The mean difference with its interval; ``share`` is n_test / n_train, 0 for independent values."""
    pairs, mean = len(differences), float(differences.mean())
    if pairs < 2:
        raise ValueError(f"there is {checks.counted(pairs, 'pair')} of values; a comparison needs at least 2")
    error = corrected_standard_error(differences, 1.0, share)
    reach = student_quantile(level, pairs - 1) * error
    p = float(mean == 0.0) if error == 0.0 else max(0.0, 1.0 - student_probability(abs(mean) / error, pairs - 1))
    better = None
    if p < 1.0 - level and mean != 0.0:
        better = "a" if (mean > 0.0) == (direction == "maximize") else "b"
    return Difference(mean, mean - reach, mean + reach, p, better, level, pairs)


def _studies(given: Any) -> Sequence[Any]:
    """The study, or the studies of a list; none where it is something else."""
    if is_study(given):
        return [given]
    return given if isinstance(given, (list, tuple)) and given and all(map(is_study, given)) else []


def _values(name: str, given: Any) -> np.ndarray:
    """The paired values of one side, (n,)."""
    if isinstance(given, Trial):
        if given.scores is None or any(score is None for score in given.scores):
            raise ValueError(f"{name} is trial {given.number}, which has not a score of every fold; compare trials "
                             "that were cross-validated, or give lists of values")
        return np.array(given.scores, dtype=np.float64)
    if is_study(given):
        return np.asarray((found := contenders(given)).scores[found.best])
    if _studies(given):
        return np.array([contenders(study, with_scores=False).best_value() for study in given])
    array = np.atleast_1d(checks.targets(name, given)).astype(np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be a list of numbers, (n,)")
    return array
