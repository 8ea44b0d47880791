"""A selection chooses one configuration from the results of a search; the best mean score is often best by chance.

The one-standard-error rule takes this into account: among all configurations whose mean score is within one standard
error of the best, it chooses the simplest.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from scratchtune.core import checks

Simplicity = Callable[[Mapping[str, Any]], float] | str | None

# The default rule, most important first: names of parameters, a minus where a larger value is the simpler one.
SIMPLER = ("hidden_units", "-l1", "-l2", "-weight_decay", "-dropout", "-augment", "epochs")
HIDDEN_UNITS = ("hidden_layers", "units")


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


class OneStandardError:
    """The one-standard-error rule, as ``refit`` of a search: cv_results_ -> the index of the chosen configuration.

    ``metric`` is the score to use if there are several. ``simplicity`` defines which configuration is simpler:

    - a function from params to a number, smaller for the simpler one;
    - the name of a parameter of which a smaller value is simpler, or, after a minus, a larger one: "C", "-alpha";
    - None: fewer hidden units (hidden_layers times units, or the sum of units if it is a tuple), then larger
      penalties (l1, l2, weight_decay, dropout, augment, in this order), then fewer epochs. A parameter that a
      configuration lacks is 0. Of a pipeline's "mlpclassifier__units" the last part is used.

    Ties are broken by the better score, then by the order of the table.

    >>> results = {"params": [{"units": 64}, {"units": 8}, {"units": 2}], "mean_test_score": np.array([0.75, 0.7, 0.5]),
    ...            "split0_test_score": np.array([0.7, 0.7, 0.5]), "split1_test_score": np.array([0.8, 0.7, 0.5])}
    >>> OneStandardError()(results)  # the standard error is 0.05: 0.70 is within it of 0.75, 0.5 is not
    1
    """

    def __init__(self, metric: str = "score", simplicity: Simplicity = None) -> None:
        self.metric, self.simplicity = metric, simplicity
        if not (simplicity is None or isinstance(simplicity, str) or callable(simplicity)):
            raise TypeError(
                f"simplicity is {simplicity!r}; it must be a function from params to a number, or the name of a "
                "parameter, with a minus if a larger value is simpler")

    def __call__(self, results: Mapping[str, Any]) -> int:
        means = np.asarray(results[f"mean_test_{self.metric}"])
        best = int(np.nanargmax(means))
        finite = np.isfinite(means[best])  # if even the best score is infinite, only equal ones are within it
        error = standard_error(fold_scores(results, self.metric, best)) if finite else 0.0
        near = np.flatnonzero(means >= means[best] - error)
        params = results["params"]
        return int(min(near, key=lambda i: (simplicity_of(params[i], self.simplicity), -means[i], i)))

    def check(self, names: Iterable[str]) -> None:
        """Raise a ValueError if the rule does not apply to any of the parameters that are tuned."""
        tuned = [last_part(name) for name in names]
        known = [*HIDDEN_UNITS, *(name.lstrip("-") for name in SIMPLER[1:])]
        if self.simplicity is None and tuned and not set(tuned) & set(known):
            raise ValueError(
                f"refit is 'one_se', which does not define simplicity for {', '.join(tuned)}; give simplicity, "
                f"as OneStandardError(simplicity={tuned[0]!r}), where less is simpler, '-{tuned[0]}', or a function")
        if isinstance(self.simplicity, str):
            checks.choice("simplicity", self.simplicity.lstrip("-"), [*names, *tuned])

    def __repr__(self) -> str:
        return f"OneStandardError(metric={self.metric!r}, simplicity={self.simplicity!r})"


def fold_scores(results: Mapping[str, Any], metric: str, index: int) -> np.ndarray:
    """The scores of one configuration on all folds, (folds,)."""
    folds = itertools.takewhile(results.__contains__, (f"split{k}_test_{metric}" for k in itertools.count()))
    return np.array([results[name][index] for name in folds])


def simplicity_of(params: Mapping[str, Any], simplicity: Simplicity = None) -> tuple[float, ...]:
    """Return the sort key of a configuration, smallest for the simplest.

    >>> simplicity_of({"units": (8, 4), "l2": 0.5})[:3]
    (12.0, -0.0, -0.5)
    """
    if callable(simplicity):
        return (float(simplicity(dict(params))),) if params else ()
    values = {**{last_part(name): value for name, value in params.items()}, **params}
    return tuple(_value(values, name) for name in (SIMPLER if simplicity is None else [simplicity]))


def last_part(name: str) -> str:
    """The parameter's own name in a pipeline's name for it."""
    return name.rpartition("__")[2]


def _value(values: Mapping[str, Any], name: str) -> float:
    """The number of hidden units, as far as they are tuned, or a parameter's value; negative after a minus."""
    if name == "hidden_units" and name not in values:
        layers, units = (values.get(name) for name in HIDDEN_UNITS)
        if isinstance(units, (tuple, list)):
            return float(sum(units))
        return _number(1 if layers is None else layers) * _number(1 if units is None else units)
    return (-1.0 if name.startswith("-") else 1.0) * _number(values.get(name.lstrip("-")))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, np.number)) else 0.0
