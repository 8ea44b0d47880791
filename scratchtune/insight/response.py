"""The response of a study: a model of the value at every point of the search space, which never leaves its bounds.

It is the searcher's own Gaussian process (`search.bayesian.surrogate`), fitted to the trials' values as they are.
The predicted value is the mean of the process after it is clipped to the lowest and the highest value observed,
[clipped_normal_mean]. So no prediction, no mean of predictions and no interval leaves them. Where no trial is near, the
process tends to the middle of the observed range, and its standard deviation is large.

Everything that is read from it is a mean over points of the whole space: `Response.table` is the mean at given values
of one or two parameters, `Response.interval` its interval. All values of a range count equally (on the log scale where
the parameter is logarithmic), and so do all choices that were tried. A parameter that is absent has no effect there.

Only complete trials count, and where their budgets differ, as with `Hyperband`, only those of the largest budget:
values of different budgets can't be compared.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.search import Categorical, Space
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.cholesky import cholesky, inverse, solve_lower
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.surrogate import theta_of_noisy_values
from scratchtune.core.search.normal import normal_cdf, normal_pdf
from scratchtune.core.search.sequences import halton_coordinate
from scratchtune.core.study import Trial
from scratchtune.core.study.best import of_largest_budget
from scratchtune.core.study.trial import configuration
from scratchtune.insight.drawing import TrialTable

LEAST_TRIALS = 10  # different configurations for a model
CELLS, ROWS_PER_CELL = 20, 5  # at most so many cells of a range, and at least so many rows for each on average
LEAST_COVERAGE = 0.5
MOST_NAMED = 3  # parameters
MOST_FITTED, MOST_CONDITIONED = 200, 300  # trials for the kernel's parameters, and for the process
LEVEL = 0.95  # of an interval
DRAWS = 200  # functions from the posterior, for an interval
WIDER = 2.0  # times the posterior's standard deviation, since the fitted parameters of the kernel are not certain
LEAST_STD = 1e-9  # of a prediction, in standard deviations of the values
LEAST_VARIANCE = 1e-8  # on the diagonal of a covariance that is factored


class Comparable(NamedTuple):
    """Trials that can be compared, their values, (n,), and a sentence's part that says how many there are of what."""

    trials: list[Trial]
    values: np.ndarray
    basis: str


class Scale(NamedTuple):
    """What turns standardised values into those of a study: times ``std``, plus ``mean``, times 2 to ``exponent``."""

    mean: float
    std: float
    exponent: int

    def restored(self, standardised: np.ndarray) -> np.ndarray:
        """The values in the study's units from standardised ones, none beyond the largest number."""
        with np.errstate(over="ignore"):
            return np.nan_to_num(np.ldexp(standardised * self.std + self.mean, self.exponent), nan=np.nan)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The standardised values from those in the study's units, none beyond the largest number."""
        with np.errstate(over="ignore"):
            return np.nan_to_num((np.ldexp(values, -self.exponent) - self.mean) / self.std, nan=np.nan)


def comparable_trials(study: TrialTable, what: str) -> Comparable:
    """The complete trials of the largest budget; a ValueError without different values, which ``what`` needs."""
    everything = study.trials
    complete = [trial for trial in everything if trial.state == "complete"]
    states = [trial.state for trial in everything]
    others = [f"{states.count(state):,} {state}" for state in ("failed", "stopped", "running") if state in states]
    basis = f"{checks.counted(len(complete), 'complete trial')} of {len(states):,}"
    if others:
        basis += f" ({', '.join(others)})"
    if not complete:
        raise ValueError(f"study has {basis}; {what} needs {LEAST_TRIALS} complete trials")
    full = of_largest_budget(complete)
    if len(full) < len(complete):
        basis += f", {len(full):,} of them with the largest budget, {max(trial.budget or 0.0 for trial in full):g}"
    values = np.array([trial.value for trial in full], dtype=np.float64)
    if values.min() == values.max():
        raise ValueError(f"study has {basis}, all with the value {values[0]:g}; {what} needs different values")
    return Comparable(full, values, basis)


def check_enough(study: TrialTable, found: Comparable, what: str, or_: str = "") -> None:
    """Raise a ValueError if the trials have fewer than `LEAST_TRIALS` different configurations."""
    if len({study.space.key(configuration(trial)) for trial in found.trials}) < LEAST_TRIALS:
        raise ValueError(f"study has {found.basis}: too few different configurations; {what} needs {LEAST_TRIALS}{or_}")


def standardised(values: np.ndarray) -> tuple[np.ndarray, Scale]:
    """The values with mean 0 and standard deviation 1, and what restores them."""
    exponent = int(np.frexp(np.abs(values).max())[1])  # so that no square overflows
    scaled = np.ldexp(values, -exponent)
    scale = Scale(float(scaled.mean()), float((scaled - scaled.mean()).std()), exponent)
    return scale.of(values), scale


@jit.function_in_order
def clipped_normal_mean(mean, std, low, high):
    """Mean of a normal variable after values below ``low`` are set to ``low`` and those above ``high`` to ``high``.

    Formula [clipped_normal_mean]
        a = (l − m) / s ; b = (h − m) / s ; E = m + (l − m) · Φ(a) + (h − m) · Φ(−b) + s · (φ(a) − φ(b))
    Where
        m: mean, scalar, real
        s: std, scalar, > 0
        l: low, scalar, real; sampled in [-2, -0.5]
        h: high, scalar, real; sampled in [0.5, 2]
    Returns
        E, from l to h.
    Variant
        A truncated normal variable is never outside; here the probability outside is moved to the bounds.
    Source
        Tobin (1958), "Estimation of relationships for limited dependent variables": the mean of a censored variable.
    Example
        >>> float(clipped_normal_mean(0.5, 0.001, 0.0, 1.0)), float(clipped_normal_mean(9.0, 0.001, 0.0, 1.0))
        (0.5, 1.0)
    """
    a, b = (low - mean) / std, (high - mean) / std
    below, above = normal_cdf(a), normal_cdf(-b)
    return mean + (low - mean) * below + (high - mean) * above + std * (normal_pdf(a) - normal_pdf(b))


@jit.loop_in_order
def clipped_means(means, variances, low, high):
    """[clipped_normal_mean] of each prediction, (m,), within the bounds to the last digit."""
    out = np.empty(len(means))
    for i in range(len(means)):
        std = max(np.sqrt(variances[i]), LEAST_STD)
        out[i] = min(max(clipped_normal_mean(means[i], std, low, high), low), high)
    return out


@dataclass(frozen=True, eq=False)
class Response:
    """The model: a process of standardised values on rows of an encoding, between ``low`` and ``high``.

    ``tried`` has for each parameter the indices of the choices that were tried, and None for a range; ``error`` is the
    root mean squared error of a trial's value as predicted from all others, in standard deviations of the values.
    """

    encoding: Encoding
    process: gp.Process
    scale: Scale
    low: float
    high: float
    tried: list[np.ndarray | None]
    error: float

    @property
    def said(self) -> str:
        """What the model is, as a part of a sentence."""
        low, high = self.scale.restored(np.array([self.low, self.high]))
        return (f"a Gaussian process clipped to the values from {low:.4g} to {high:.4g} (error of a left-out trial "
                f"{self.error:.2g} of the standard deviation)")

    def nodes(self, j: int, most: int) -> np.ndarray:
        """Unit values that represent axis j, each for an equal part: of choices, all that were tried."""
        tried, parameter = self.tried[j], self.encoding.parameters[j]
        if tried is not None:
            return (tried + 0.5) / self.encoding.counts[j]
        count = int(self.encoding.counts[j])
        equal = 0 < count <= most and not getattr(parameter, "log", False)
        return (np.arange(count if equal else most) + 0.5) / (count if equal else most)

    def points(self, count: int) -> np.ndarray:
        """Quasi-random points of the unit cube, (count, d), of which each choice that was tried has an equal part."""
        axes = range(len(self.tried))
        cube = np.array([[halton_coordinate(number, j, 0) for j in axes] for number in range(1, count + 1)])
        for j, tried in enumerate(self.tried):
            if tried is not None:
                chosen = tried[np.minimum((cube[:, j] * len(tried)).astype(np.int64), len(tried) - 1)]
                cube[:, j] = (chosen + 0.5) / self.encoding.counts[j]
        return cube

    def predict(self, cube: np.ndarray) -> np.ndarray:
        """Standardised predictions at points of the unit cube (m, d), (m,)."""
        means, variances = gp.predict(self.process, self.encoding.from_unit(cube))
        return np.asarray(clipped_means(means, variances, self.low, self.high))

    def table(self, columns: Sequence[int], at: Sequence[np.ndarray], points: np.ndarray) -> np.ndarray:
        """Mean prediction over ``points`` at all combinations of values ``at`` of ``columns``, an axis for each."""
        cubes = [_moved(points, columns, units) for units in product(*at)]
        found = self.predict(np.concatenate(cubes)).reshape(len(cubes), len(points))
        return found.mean(axis=1).reshape([len(units) for units in at])

    def interval(
        self, columns: Sequence[int], at: Sequence[np.ndarray], points: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles of `table` over functions drawn from the posterior, clipped to the bounds, minus their mean.

        The functions deviate `WIDER` times as far: with the parameters as if known, 95 % intervals covered 72 % of the
        known curves that the model was chosen on; so, 86 %.
        """
        normals = np.random.default_rng(0).standard_normal((DRAWS, len(points)))
        ends = (1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0
        found = []
        for units in product(*at):
            mean, upper = self._joint(self.encoding.from_unit(_moved(points, columns, units)))
            drawn = np.clip(mean + WIDER * (normals @ upper), self.low, self.high).mean(axis=1)
            found.append(np.quantile(drawn, ends) - drawn.mean())
        low, high = np.array(found).T
        shape = [len(units) for units in at]
        return low.reshape(shape), high.reshape(shape)

    def _joint(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posterior mean at rows (m, d), and the Cholesky factor U of their covariance, U' U, plus a small diagonal."""
        process = self.process
        whitened = gp.covariance(process.rows, rows, process.is_categorical, process.theta)
        mean = process.mean + process.alpha @ whitened
        solve_lower(process.upper, whitened)
        plain = gp.covariance(rows, rows, process.is_categorical, process.theta) - whitened.T @ whitened
        added = LEAST_VARIANCE
        while True:
            upper = plain.copy()
            upper[np.diag_indices(len(upper))] += added
            if cholesky(upper):
                return mean, np.triu(upper)
            added *= 10.0


def _moved(points: np.ndarray, columns: Sequence[int], units: Sequence[float]) -> np.ndarray:
    """The points with these unit values in some columns: one for each column, the same for all points."""
    cube = points.copy()
    cube[:, list(columns)] = units
    return cube


def fit_response(space: Space, found: Comparable) -> Response:
    """Fit the model to trials; above 300 of them, to 300.

    The last model is kept, and returned again for the same data, so that pictures of one study share it.
    """
    rows = Encoding(space).rows([configuration(trial) for trial in found.trials])
    return _fitted(space, rows.tobytes(), found.values.tobytes())


@lru_cache(maxsize=1)  # a cache's keys must be hashable: bytes instead of arrays
def _fitted(space: Space, row_bytes: bytes, value_bytes: bytes) -> Response:
    encoding, values = Encoding(space), np.frombuffer(value_bytes)
    rows, (heights, scale) = np.frombuffer(row_bytes).reshape(len(values), -1), standardised(values)
    kept = np.random.default_rng(0).permutation(len(rows))[:MOST_CONDITIONED]
    few, kept = np.sort(kept[:MOST_FITTED]), np.sort(kept)
    middle = float(heights.min() + heights.max()) / 2.0
    theta = theta_of_noisy_values(encoding, rows[few], heights[few] - middle)
    process = gp.condition(rows[kept], heights[kept], encoding.is_categorical, theta, middle)
    errors = gp.leave_one_out_error(process.alpha, np.diag(inverse(process.upper)))
    tried = [np.unique(rows[rows[:, j] >= 0.0, j]).astype(np.int64) if isinstance(parameter, Categorical) else None
             for j, parameter in enumerate(encoding.parameters)]
    tried = [np.zeros(1, dtype=np.int64) if one is not None and not len(one) else one for one in tried]
    ends = scale.of(np.array([values.min(), values.max()]))
    return Response(encoding, process, scale, float(ends[0]), float(ends[1]), tried,
                    float(np.sqrt(np.mean(errors**2))))


def effective_coverage(shares: np.ndarray) -> float:
    """The effective part of a range's cells that are used: 1 where all have as many rows, 1 / n where one has all.

    Formula [effective_coverage]
        c = 1 / (#i · Σᵢ[pᵢ²])
    Where
        p: shares, (i,), probabilities, the share of the rows in each cell
    Returns
        c, in (0, 1].
    Source
        Kish (1965), "Survey sampling", section 11.7: the effective size of a weighted sample, divided by its size.
    Example
        >>> float(effective_coverage(np.array([0.5, 0.5, 0.0, 0.0])))
        0.5
    """
    return 1.0 / (len(shares) * (shares * shares).sum())


def coverages(encoding: Encoding, rows: np.ndarray) -> np.ndarray:
    """[effective_coverage] of each range by encoded rows (n, d) where it is present; 1 for choices, (d,)."""
    found, active = np.ones(len(encoding.parameters)), encoding.active(rows)
    for j, count in enumerate(encoding.counts.tolist()):
        column = rows[active[:, j], j]
        cells = min(CELLS, len(column) // ROWS_PER_CELL, count or CELLS)
        if encoding.is_categorical[j] == 0.0 and cells > 1:
            at = np.minimum((column * cells).astype(np.int64), cells - 1)
            found[j] = effective_coverage(np.bincount(at, minlength=cells) / len(column))
    return found


def concentration(encoding: Encoding, rows: np.ndarray) -> str:
    """A sentence that names the ranges of which the trials cover less than half, the least first; empty if none."""
    found, names = coverages(encoding, rows), encoding.space.names
    low = [int(j) for j in np.argsort(found, kind="stable") if found[j] < LEAST_COVERAGE]
    if not low:
        return ""
    parts = [f"{found[j]:.0%} of the range of {names[j]!r}" for j in low[:MOST_NAMED]]
    more = f" and less than half of {len(low) - MOST_NAMED} more" if len(low) > MOST_NAMED else ""
    return f" The trials are concentrated, and effectively cover {', '.join(parts)}{more}: shares are less certain."
