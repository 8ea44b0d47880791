"""Parameters as scikit-learn and scikit-optimize write them: SciPy's distributions, and tuples that mean a range.

Neither library is imported: an object is recognised by its methods.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from scratchtune.search import Float, Int, Space

OPEN_END = 1e-6  # where a quantile at 0 or 1 is infinite, its probability at this distance is the last one taken
SCALES = {"uniform": False, "log-uniform": True}  # the names that end a tuple of scikit-optimize: is the scale log?


class Quantile(NamedTuple):
    """The map from the unit interval to the values of a distribution: its ``ppf``, of integers if it is discrete."""

    distribution: Any
    is_discrete: bool

    def __call__(self, unit: float) -> Any:
        """The value below which the share ``unit`` of the distribution is."""
        value = self.distribution.ppf(unit)
        return int(value) if self.is_discrete else float(value)


class Translated(NamedTuple):
    """A space of `Float`, `Int`, `Categorical` and lists, and for some names a map from [0, 1] to the values meant."""

    space: Any
    quantiles: dict[str, Quantile]

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The params of the estimator, from those of the space."""
        return {name: self.quantiles[name](value) if name in self.quantiles else value
                for name, value in params.items()}


def translated(space: Any, ranges: bool = False) -> Translated:
    """Translate the distributions of a space and, with ``ranges``, its tuples of two numbers.

    SciPy's frozen uniform, loguniform and randint become `Float`, `Float` with ``log=True`` and `Int`, with the same
    bounds. Any other distribution that has quantiles (``ppf``) becomes a Float on [0, 1], whose values are mapped by
    ``ppf``: uniform random numbers then have that distribution. All else is left as it is.

    >>> space = translated({"C": (1e-3, 1e3, "log-uniform"), "degree": (1, 4)}, ranges=True).space
    >>> space == {"C": Float(1e-3, 1e3, log=True), "degree": Int(1, 4)}
    True
    """
    if isinstance(space, Space) or not isinstance(space, Mapping):
        return Translated(space, {})
    parameters, quantiles = {}, {}
    for name, given in space.items():
        try:
            parameters[name] = _range(given) if ranges and isinstance(given, tuple) else _of_distribution(given)
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"{name} is {given!r}: {problem}") from None
        if parameters[name] is None:
            parameters[name], quantiles[name] = _by_quantiles(given)
    return Translated(parameters, quantiles)


# Tuples of scikit-optimize --------------------------------------------------------------------------------------------


def _range(given: tuple[Any, ...]) -> Any:
    """The range that a tuple means in scikit-optimize: (low, high), or with the name of a scale; others are choices."""
    bounds, scale = given[:2], given[2] if len(given) in (3, 4) else "uniform"
    if not isinstance(scale, str) or scale not in SCALES or len(bounds) < 2:
        return given
    numbers = all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in bounds)
    if not numbers:
        if scale == "log-uniform":
            raise TypeError("a range on a logarithmic scale needs two numbers, as in (0.001, 0.1, 'log-uniform')")
        return given
    integers = all(isinstance(one, (int, np.integer)) for one in bounds)
    return (Int if integers else Float)(bounds[0], bounds[1], log=SCALES[scale])


# Distributions of SciPy -----------------------------------------------------------------------------------------------


def _of_distribution(given: Any) -> Any:
    """The parameter that is equal to a distribution, None if its quantiles are needed; ``given`` if it is none."""
    if not (callable(getattr(given, "rvs", None)) or callable(getattr(given, "ppf", None))):
        return given
    if not callable(getattr(given, "ppf", None)):
        raise TypeError("it draws values (rvs) but has no quantiles (ppf); give a distribution that has them, such as "
                        "scipy.stats.uniform(0, 1), or a Float, an Int or a list")
    kind, (low, high) = getattr(getattr(given, "dist", None), "name", None), _support(given)
    if kind == "uniform":
        return Float(low, high)
    if kind in ("loguniform", "reciprocal") and _is_unshifted(given, low, high):
        return Float(low, high, log=True)
    if kind == "randint":
        return Int(int(low), int(high))
    return None


def _support(distribution: Any) -> tuple[Any, Any]:
    """The smallest and the largest value of a distribution, from its quantiles at 0 and 1 if it does not say."""
    if callable(getattr(distribution, "support", None)):
        return distribution.support()
    return distribution.ppf(0.0), distribution.ppf(1.0)


def _is_unshifted(distribution: Any, low: float, high: float) -> bool:
    """Whether the middle of a distribution on a logarithmic scale is the geometric mean of its ends: ``loc`` is 0."""
    return low > 0.0 and bool(np.isclose(distribution.ppf(0.5), np.sqrt(low * high), rtol=1e-9))


def _by_quantiles(distribution: Any) -> tuple[Float, Quantile]:
    """A parameter on the unit interval, and the map from it to a distribution's values."""
    is_discrete = callable(getattr(distribution, "pmf", None))
    low, high = (abs(end - OPEN_END) if not np.isfinite(distribution.ppf(end)) or is_discrete else end
                 for end in (0.0, 1.0))  # a discrete distribution has no value at 0: ppf(0) is below its support
    return Float(low, high), Quantile(distribution, is_discrete)
