"""A paired comparison: is one configuration, searcher or study better than another, and by how much?

Both are evaluated on the same folds or with the same seeds, and only their differences are used: a fold or a seed that
is hard for both changes no difference. Values of different seeds are independent. Scores of different folds are not,
since their trainings share rows; the standard error of their mean is [corrected_standard_error].

Several comparisons find a difference by chance more often than one. Holm's correction of the p-values keeps the
probability of any false one below 1 - level.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.selection import corrected_standard_error
from scratchtune.evaluation.student import student_probability, student_quantile
from scratchtune.insight.fold_scores import contenders, is_study
from scratchtune.insight.study_like import StudyLike
from scratchtune.study import Trial

KINDS = ("folds", "seeds")


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
    best_of: tuple[int, int] | None = None

    def __str__(self) -> str:
        found = "no difference can be shown" if self.better is None else f"{self.better} is better"
        return (f"{found}: a - b is {self.difference:.4g}, between {self.low:.4g} and {self.high:.4g} "
                f"({100.0 * self.level:.4g}% interval from {checks.counted(self.pairs, 'pair')}, "
                f"p = {self.p_value:.2g})" + self._about())

    def _about(self) -> str:
        """Say what is not corrected where two studies were compared."""
        if self.best_of is None or max(self.best_of) == 1:
            return ""
        a, b = self.best_of
        return (f"; a is the best of {checks.counted(a, 'configuration')} and b the best of {b:,} by these scores, so "
                "they are too good, and that is not corrected here (see optimism)")


def compare(
    a: Any, b: Any, kind: str | None = None, direction: str | None = None, level: float = 0.95,
    n_train: float | None = None, n_test: float | None = None,
) -> Difference:
    """Compare two configurations, searchers or studies by paired values.

    ``a`` and ``b`` are of the same kind:

    - two trials with scores of the same folds;
    - two studies with the same folds: their best trials are compared. Each was chosen by these scores, so both scores
      are too good, and more so in the study that has more trials: see `optimism`;
    - two lists of studies, run with the same seeds: their best values are compared, as of two searchers. Each is too
      good as the best of its study, so the numbers of trials should be equal;
    - two lists of numbers, (n,): values of ``kind`` "seeds" (the default: independent) or "folds" (of one
      cross-validation, in the same order).

    ``direction`` is that of the studies; for trials and numbers it is "maximize" unless given. ``n_train`` and
    ``n_test`` are the numbers of rows that one training and its test have; for the folds of one cross-validation they
    are not needed.

    Raises
        TypeError or ValueError where there are fewer than two pairs, or the numbers of values differ.

    >>> print(compare([0.9, 0.8, 0.85, 0.95], [0.8, 0.7, 0.8, 0.8]))
    a is better: a - b is 0.1, between 0.03504 and 0.165 (95% interval from 4 pairs, p = 0.016)
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    direction = _direction(a, b, direction)
    first, second, kind = *(_values(name, given) for name, given in (("a", a), ("b", b))), _kind(a, kind)
    if len(first) != len(second):
        raise ValueError(f"a has {len(first)} values and b has {len(second)}; they must be paired, so equal in number")
    share = share_of_test(kind, len(first), n_train, n_test)
    found = difference_of(first - second, share, level, direction)
    if not (is_study(a) and is_study(b)):
        return found
    return found._replace(best_of=(len(contenders(a).trials), len(contenders(b).trials)))


def compare_several(
    candidates: Mapping[str, Any], reference: str, kind: str | None = None, direction: str | None = None,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Compare each candidate with the reference, as `compare` does, corrected for the number of comparisons.

    The p-values are Holm's; the intervals hold for all comparisons together (Bonferroni). ``a`` is the candidate and
    ``b`` the reference.

    >>> values = {"new": [3.0, 4.0, 5.1], "old": [1.0, 2.0, 3.0], "default": [1.0, 2.1, 2.9]}
    >>> {name: found.better for name, found in compare_several(values, "default").items()}
    {'new': 'a', 'old': None}
    """
    checks.choice("reference", reference, candidates)
    names = [name for name in candidates if name != reference]
    if not names:
        raise ValueError(f"candidates has only {reference!r}; it must hold the reference and at least one other")
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    simultaneous = 1.0 - (1.0 - level) / len(names)
    found = [compare(candidates[name], candidates[reference], kind, direction, simultaneous) for name in names]
    better_if = _direction(candidates[names[0]], candidates[reference], direction)
    return dict(zip(names, corrected(found, level, better_if), strict=True))


def corrected(found: Sequence[Difference], level: float, direction: str) -> list[Difference]:
    """Replace the p-values of several comparisons by Holm's, and say again which is better."""
    adjusted = holm([one.p_value for one in found])
    return [one._replace(p_value=p, better=_better(one.difference, p, level, direction), level=level)
            for one, p in zip(found, adjusted, strict=True)]


def difference_of(differences: np.ndarray, share: float, level: float, direction: str) -> Difference:
    """The mean difference with its interval; ``share`` is n_test / n_train, 0 for independent values."""
    pairs, mean = len(differences), float(differences.mean())
    if pairs < 2:
        raise ValueError(f"there is {checks.counted(pairs, 'pair')} of values; a comparison needs at least 2")
    error = corrected_standard_error(differences, 1.0, share)
    reach = student_quantile(level, pairs - 1) * error
    p = _p_value(mean, error, pairs - 1)
    return Difference(mean, mean - reach, mean + reach, p, _better(mean, p, level, direction), level, pairs)


def reverse(found: Difference) -> Difference:
    """The same comparison as b - a."""
    better = {"a": "b", "b": "a"}.get(found.better or "")
    return found._replace(difference=-found.difference, low=-found.high, high=-found.low, better=better)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: the smallest times their number n, the next one times n - 1, and so on.

    None is smaller than one before it in this order, and none is above 1. Rejecting where the adjusted value is below
    alpha keeps the probability of any false rejection below alpha, whatever the dependence between the tests is.
    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def share_of_test(kind: str, values: int, n_train: float | None = None, n_test: float | None = None) -> float:
    """n_test / n_train: 0 for independent seeds, 1 / (k - 1) for k folds unless the numbers of rows are given."""
    if (n_train is None) != (n_test is None):
        raise ValueError(f"n_train is {n_train!r} and n_test is {n_test!r}; give both or none")
    if n_train is not None and n_test is not None:
        return checks.real("n_test", n_test, 0.0) / checks.real("n_train", n_train, 0.0, open_low=True)
    return 0.0 if kind == "seeds" else 1.0 / max(values - 1, 1)


def _p_value(mean: float, error: float, dof: int) -> float:
    """Probability of a mean this far from 0 if the truth is 0."""
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return max(0.0, 1.0 - student_probability(abs(mean) / error, dof))


def _better(mean: float, p: float, level: float, direction: str) -> str | None:
    if p >= 1.0 - level or mean == 0.0:
        return None
    return "a" if (mean > 0.0) == (direction == "maximize") else "b"


# What is compared ----------------------------------------------------------------------------------------------------


def _is_list_of_studies(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and not is_study(given) and len(given) > 0 and all(map(is_study, given))


def _kind(given: Any, kind: str | None) -> str:
    found = "folds" if isinstance(given, Trial) or is_study(given) else "seeds"
    if kind is None or _is_list_of_studies(given) or found == "folds":
        return found if kind is None else checks.choice("kind", kind, [found])
    return str(checks.choice("kind", kind, KINDS))


def _direction(a: Any, b: Any, direction: str | None) -> str:
    """The direction of the studies, or the one that is given."""
    known = [study.direction for given in (a, b) for study in _studies(given)]
    if direction is not None:
        known.append(checks.choice("direction", direction, ("minimize", "maximize")))
    if len(set(known)) > 1:
        raise ValueError(f"direction is {' and '.join(sorted(set(known)))}; both sides must have the same")
    return known[0] if known else "maximize"


def _studies(given: Any) -> Sequence[StudyLike]:
    if is_study(given):
        return [given]
    return given if _is_list_of_studies(given) else []


def _values(name: str, given: Any) -> np.ndarray:
    """The paired values of one side, (n,)."""
    if isinstance(given, Trial):
        if given.scores is None or any(score is None for score in given.scores):
            raise ValueError(f"{name} is trial {given.number}, which has not a score of every fold; compare trials "
                             "that were cross-validated, or give lists of values")
        return np.array(given.scores, dtype=np.float64)
    if is_study(given):
        return contenders(given).best_scores()
    if _is_list_of_studies(given):
        return np.array([contenders(study, with_scores=False).best_value() for study in given])
    array = np.atleast_1d(checks.targets(name, given)).astype(np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be a list of numbers, (n,)")
    return array
