"""Parameters as scikit-learn and scikit-optimize write them: SciPy's distributions, and tuples that mean a range.

Neither library is imported: an object is recognised by its methods.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core.search.parameters import Float, Int

OPEN_END = 1e-6  # where a quantile at 0 or 1 is infinite, its probability at this distance is the last one taken
SCALES = {"uniform": False, "log-uniform": True}  # the names that end a tuple of scikit-optimize: is the scale log?


@dataclass(frozen=True, repr=False)
class Quantiles(Float):
    """A parameter with the values of a distribution, mapped from the unit interval by its quantiles (``ppf``).

    So uniform random numbers have that distribution. Its values are integers if it is discrete.
    """

    distribution: Any = None
    is_discrete: bool = False

    def from_unit(self, u: float) -> float:
        """The value below which the share u of the distribution is."""
        value = self.distribution.ppf(min(max(u, OPEN_END), 1.0 - OPEN_END) if u * (1.0 - u) < OPEN_END else u)
        return int(value) if self.is_discrete else float(min(max(value, self.low), self.high))

    def to_unit(self, value: float) -> float:
        """The share of the distribution below a value; of a discrete one the middle of the value's own share."""
        if callable(getattr(self.distribution, "cdf", None)):
            below = self.distribution.cdf(value - 1 if self.is_discrete else value)
            return float(0.5 * (below + self.distribution.cdf(value)))
        low, high = 0.0, 1.0
        for _ in range(53):  # the digits of a float
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.from_unit(middle) < value else (low, middle)
        return 0.5 * (low + high)

    unrounded_unit = to_unit

    def check(self, name: str, value: Any) -> float:
        """A value as a Python number; a ValueError or TypeError that names the parameter if it is not allowed."""
        return Int(int(self.low), int(self.high)).check(name, value) if self.is_discrete else super().check(name, value)

    def __repr__(self) -> str:
        name = getattr(getattr(self.distribution, "dist", None), "name", None)
        arguments = [getattr(self.distribution, part, None) for part in ("args", "kwds")]
        return f"Quantiles({repr(self.distribution) if name is None else (name, *arguments)})"


def from_foreign(given: Any) -> Any:
    """The parameter that a tuple or a distribution means; anything else is returned as it is.

    As in scikit-optimize, a tuple of two numbers is a range, of integers if both are, and a third entry "uniform" or
    "log-uniform" is its scale; other tuples hold choices. SciPy's frozen uniform, loguniform and randint become
    `Float`, `Float` with ``log=True`` and `Int`, with the same bounds; any other one with quantiles is a `Quantiles`.

    >>> from_foreign((1e-3, 1e3, "log-uniform")) == Float(1e-3, 1e3, log=True), from_foreign((1, 4)) == Int(1, 4)
    (True, True)

    Raises
        TypeError or ValueError where it is a range or a distribution that can't be searched.
    """
    if isinstance(given, tuple):
        return _range(given)
    if not (callable(getattr(given, "rvs", None)) or callable(getattr(given, "ppf", None))):
        return given
    if not callable(getattr(given, "ppf", None)):
        raise TypeError("it draws values (rvs) but has no quantiles (ppf); give a distribution that has them, such as "
                        "scipy.stats.uniform(0, 1), or a Float, an Int or a list")
    kind = getattr(getattr(given, "dist", None), "name", None)
    low, high = given.support() if callable(getattr(given, "support", None)) else (given.ppf(0.0), given.ppf(1.0))
    if kind == "uniform":
        return Float(low, high)
    if kind in ("loguniform", "reciprocal") and low > 0.0:
        if np.isclose(given.ppf(0.5), np.sqrt(low * high), rtol=1e-9):  # its loc is 0
            return Float(low, high, log=True)
    if kind == "randint":
        return Int(int(low), int(high))
    low, high = (float(end if np.isfinite(end) else given.ppf(abs(unit - OPEN_END)))
                 for unit, end in ((0.0, low), (1.0, high)))
    return Quantiles(low, high, distribution=given, is_discrete=callable(getattr(given, "pmf", None)))


def _range(given: tuple[Any, ...]) -> Any:
    """The range that a tuple means in scikit-optimize: (low, high), or with the name of a scale; others are choices."""
    bounds, scale = given[:2], given[2] if len(given) > 2 else "uniform"
    if not 2 <= len(given) <= 4 or not isinstance(scale, str) or scale not in SCALES:
        return given
    if not all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in bounds):
        if SCALES[scale]:
            raise TypeError("a range on a logarithmic scale needs two numbers, as in (0.001, 0.1, 'log-uniform')")
        return given
    integers = all(isinstance(one, (int, np.integer)) for one in bounds)
    return (Int if integers else Float)(bounds[0], bounds[1], log=SCALES[scale])
