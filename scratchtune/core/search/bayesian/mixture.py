"""A mixture of kernels is a density over a space: on each trial one kernel, and one component for the prior.

A kernel is a product over the parameters. On a continuous range it is a normal distribution, truncated to the range; on
a range of separate values it is the probability of the value's cell under that distribution (`normal`, `cells`); among
choices it is the trial's own choice, mixed with some of the prior. A parameter that a trial lacks, since its condition
does not hold, has the prior as its kernel.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.search.cells import cell_edges, cell_indices
from scratchtune.core.search.normal import (
    draw_truncated_normals,
    log_truncated_normal,
    log_truncated_normal_cell,
    normal_mass,
)
from scratchtune.core.search.parameters import Categorical, Float, Int, prior_in_unit
from scratchtune.core.search.space import Space

TINY = 1e-300  # the lowest probability, so that its logarithm exists
NARROW = 1e-3  # standard deviations: of a cell this wide the mass is density(middle) · width, to 2 parts in 10⁶
FINEST = 100.0  # the least bandwidth is the range divided by this
MANY = 10  # ranges, from which on a kernel's bandwidth follows Scott's rule instead of the distance to its neighbours

# Kernels -------------------------------------------------------------------------------------------------------------


def min_bandwidth(n: int) -> float:
    """Least bandwidth of a kernel, the standard deviation of its normal distribution: smaller for more trials.

    Formula [parzen_min_bandwidth]
        s = 1 / min(n + 2, 100)
    Where
        n: n, scalar, integer >= 1, trials in the mixture
    Returns
        s, as a share of the range.
    Source
        Bergstra et al. (2011), section 4.2, clip the bandwidths; this limit is that of Hyperopt and Optuna.
    Example
        >>> min_bandwidth(8)
        0.1
    """
    return 1.0 / min(n + 2.0, FINEST)


def scott_bandwidth(std: float, n: int, d: int) -> float:
    """Bandwidth of all kernels of a range in a mixture over many ranges: a share of the trials' standard deviation.

    Formula [parzen_scott_bandwidth]
        s = σ · n^(−1 / (d + 4))
    Where
        σ: std, scalar, >= 0, standard deviation of the trials' unit values
        n: n, scalar, integer >= 1, trials in the mixture
        d: d, scalar, integer >= 1, ranges in the mixture
    Returns
        s, as a share of the range; `min_bandwidth` still limits it.
    Variant
        Silverman's rule has another factor, (4 / (d + 2))^(1 / (d + 4)). Optuna and Hyperopt always take the distance
        to the neighbours along the axis. In many dimensions points that are neighbours along one axis are far from each
        other, and that distance is too small.
    Source
        Scott (1992), chapter 6, "Scott's rule"; BOHB (Falkner et al., 2018) has such a bandwidth in any dimension.
    Example
        >>> scott_bandwidth(0.4, 32, 1)
        0.2
    """
    return float(std * float(n) ** (-1.0 / (d + 4.0)))


def choice_kernels(c: np.ndarray, shares: np.ndarray, smoothing: float) -> np.ndarray:
    """Probability of each choice under the kernel of each trial: the trial's own choice, mixed with some of the prior.

    Formula [parzen_choice]
        qₙₖ = ((1 if k = cₙ else 0) + b · πₖ) / (1 + b)
    Where
        c: c, (n,), index of k, the choices of the trials
        π: shares, (k,), probabilities, the prior
        b: smoothing, scalar, >= 0, weight of the prior, where the choice itself has 1
    Returns
        q, (n, k); the sum of each row is 1.
    Variant
        Aitchison and Aitken (1976) give 1 − ε to the choice itself and share ε among the others: the same with equal
        shares and ε = b · (K − 1) / (K · (1 + b)). Optuna has b = K / (number of kernels).
    Source
        Watanabe (2023), section 3.3.2.
    Example
        >>> choice_kernels(np.array([1]), np.full(4, 0.25), 1.0).tolist()
        [[0.125, 0.625, 0.125, 0.125]]
    """
    own = np.arange(len(shares)) == c[:, None]
    return (own + smoothing * shares) / (1.0 + smoothing)


def neighbour_bandwidths(units: np.ndarray, least: float) -> np.ndarray:
    """Bandwidth of the kernel on each unit value, (n,): the larger distance to its two neighbours, from ``least`` to 1.

    So kernels are narrow where trials are dense (Bergstra et al., 2011, section 4.2). There the ends of the range count
    as neighbours. Here, as in Optuna, they do so for a single trial alone; otherwise the outermost two trials have one
    neighbour each.
    """
    order = np.argsort(units, kind="stable")
    gaps = np.diff(units[order], prepend=0.0, append=1.0)
    if len(units) > 1:
        gaps[0], gaps[-1] = 0.0, 0.0
    bandwidths = np.empty(len(units))
    bandwidths[order] = np.maximum(gaps[:-1], gaps[1:])
    return np.clip(bandwidths, least, 1.0)


def bandwidths_of(units: np.ndarray, ranges: int) -> np.ndarray:
    """Bandwidths of the kernels on unit values, (n,), in a mixture over so many ranges."""
    n, least = len(units), min_bandwidth(len(units))
    if ranges < MANY or n < 2:
        return neighbour_bandwidths(units, least)
    return np.full(n, np.clip(scott_bandwidth(float(units.std()), n, ranges), least, 1.0))


@jit.function_in_order
def log_mixture(q, w, out):
    """Log density of a mixture at several points, from the log densities of its components there.

    Formula [parzen_mixture]
        pₙ = log(Σₖ[wₖ · exp(qₙₖ)])
    Computed as
        the largest term is factored out of the sum, so that no exponential overflows and one of them is 1
    Where
        q: q, (n, k), logits
        w: w, (k,), probabilities, the weights of the components
        p: out, (n,), written
    Source
        Bergstra et al. (2011), section 4.2, with products of kernels as components (Falkner et al., 2018).
    Example
        >>> p = np.empty(1)
        >>> log_mixture(np.log([[0.5, 2.0]]), np.array([0.5, 0.5]), p)
        >>> float(np.exp(p[0]))
        1.25
    """
    for n in range(q.shape[0]):
        largest = q[n, 0]
        for k in range(1, q.shape[1]):
            largest = max(largest, q[n, k])
        total = 0.0
        for k in range(q.shape[1]):
            total += w[k] * np.exp(q[n, k] - largest)
        out[n] = largest + np.log(total)


@jit.function_in_order
def add_normal_kernels(total, a, b, centres, bandwidths):
    """Add logarithms of kernels to ``total`` (n, k): of densities where a = b, else of masses of the cells [a, b]."""
    for k in range(len(centres)):
        m, s = centres[k], bandwidths[k]
        mass = normal_mass(0.0, 1.0, m, s)
        for n in range(len(a)):
            width = b[n] - a[n]
            if width == 0.0:
                total[n, k] += log_truncated_normal(a[n], m, s, mass)
            elif width < NARROW * s:
                total[n, k] += log_truncated_normal(0.5 * (a[n] + b[n]), m, s, mass) + np.log(width)
            else:
                total[n, k] += log_truncated_normal_cell(max(normal_mass(a[n], b[n], m, s), TINY), mass)


# A parameter as an axis ----------------------------------------------------------------------------------------------


class NormalKernels(NamedTuple):
    """Truncated normal kernels on a range, (k,); the last one is the prior."""

    centres: np.ndarray
    bandwidths: np.ndarray


class _Axis:
    """A parameter with a code for each value: the unit value in a continuous range, else the index of the value.

    The code of an absent parameter is NaN. ``conditions`` are those of `Space.parents`.
    """

    def __init__(self, name: str, parameter: Any, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        self.name, self.parameter, self.conditions = name, parameter, conditions

    def read(self: Any, points: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Codes of the points, (n,)."""
        code, name = self.code, self.name
        return np.array([code(point[name]) if name in point else math.nan for point in points], dtype=float)


class Range(_Axis):
    """A `Float` or an `Int`."""

    def __init__(self, name: str, parameter: Float | Int, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        super().__init__(name, parameter, conditions)
        self.count = parameter.count
        self.prior = (0.5, 1.0) if parameter.prior is None else prior_in_unit(parameter)

    def code(self, value: float) -> float:
        """Unit value of a value, or its index."""
        if self.count is not None:
            return self.parameter.index(value)
        return self.parameter.unrounded_unit(value)

    def value(self, code: float) -> float:
        """Value of a unit value, or the value with the index ``code``."""
        if self.count is None:
            return self.parameter.from_unit(code)
        return self.parameter.value(int(code))

    def edges(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Edges of the cells of values; in a continuous range both are the unit value itself."""
        return (codes, codes) if self.count is None else cell_edges(self.parameter, codes)

    def kernels(self, codes: np.ndarray, smoothing: float, ranges: int) -> NormalKernels:
        """Normal kernels in the middles of the trials' cells; the prior for a trial without this parameter."""
        a, b = self.edges(codes)
        here = np.flatnonzero(~np.isnan(codes))
        centres, bandwidths = (np.full(len(codes) + 1, float(number)) for number in self.prior)
        centres[here] = 0.5 * (a[here] + b[here])
        bandwidths[here] = bandwidths_of(centres[here], ranges)
        return NormalKernels(centres, bandwidths)

    def add(self, total: np.ndarray, codes: np.ndarray, kernels: NormalKernels) -> None:
        """Add log densities, or log probabilities of cells, to ``total`` (n, k); for a code that is NaN nothing."""
        here = np.flatnonzero(~np.isnan(codes))
        different, which = np.unique(codes[here], return_inverse=True)
        terms = np.zeros((len(different), total.shape[1]))
        add_normal_kernels(terms, *self.edges(different), *kernels)
        total[here] += terms[which]

    def draw(self, kernels: NormalKernels, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a unit value from each of the ``chosen`` kernels, and return their codes."""
        u = draw_truncated_normals(kernels.centres[chosen], kernels.bandwidths[chosen], rng)
        return u if self.count is None else cell_indices(self.parameter, u).astype(float)


class Choices(_Axis):
    """A `Categorical`; its kernels are a table of probabilities, a row for each kernel."""

    def __init__(self, name: str, parameter: Categorical, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        super().__init__(name, parameter, conditions)
        weights = np.ones(parameter.count) if parameter.prior is None else np.array(parameter.prior, dtype=float)
        self.shares = weights / weights.sum()
        self.indices: dict[Any, int] = {}
        for k, choice in enumerate(parameter.choices):
            try:
                self.indices[type(choice), choice] = k
            except TypeError:  # unhashable choices, such as lists, are found by `Categorical.index`
                continue

    def code(self, value: Any) -> float:
        """Return the index of a choice."""
        try:
            return self.indices[type(value), value]
        except (KeyError, TypeError):
            return self.parameter.index(value)

    def value(self, code: float) -> Any:
        """Choice with the index ``code``."""
        return self.parameter.value(int(code))

    def kernels(self, codes: np.ndarray, smoothing: float, ranges: int) -> np.ndarray:
        """Return the table; a trial without this parameter has the prior's row."""
        absent = np.append(np.isnan(codes), True)
        indices = np.where(absent, 0.0, np.append(codes, 0.0)).astype(int)
        return np.where(absent[:, None], self.shares, choice_kernels(indices, self.shares, smoothing))

    def add(self, total: np.ndarray, codes: np.ndarray, kernels: np.ndarray) -> None:
        """Add log probabilities to ``total`` (n, k); for a code that is NaN nothing."""
        here = np.flatnonzero(~np.isnan(codes))
        logarithms = np.log(np.maximum(kernels.T, TINY))
        total[here] += logarithms[codes[here].astype(int)]

    def draw(self, kernels: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a choice from each of the ``chosen`` kernels, and return their indices."""
        return np.array(draw_indices(np.cumsum(kernels[chosen], axis=1), rng), dtype=float)


Axis = Range | Choices


def draw_indices(sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw an index for each row of cumulative sums of weights."""
    passed = sums[:, :-1] <= rng.random((len(sums), 1)) * sums[:, -1:]
    return passed.sum(axis=1)


def count_of_ranges(axes: Sequence[Axis], codes: np.ndarray) -> int:
    """How many axes are ranges of more than one value, which some of the trials have; codes (n, d)."""
    return sum(isinstance(axis, Range) and axis.count != 1 and not np.isnan(column).all()
               for axis, column in zip(axes, codes.T, strict=True))


def axes_of(space: Space) -> list[Axis]:
    """Return the axes of a space, parents before those whose condition names them."""
    return [Choices(name, parameter, space.parents(name)) if isinstance(parameter, Categorical)
            else Range(name, parameter, space.parents(name)) for name, parameter in space.parameters.items()]


# The mixture ---------------------------------------------------------------------------------------------------------


class Mixture:
    """A density over all axes: weighted kernels on trials (n,), and the prior with the weight ``prior_weight``.

    ``ranges`` of the axes are ranges that some trial has: from `MANY` on, the bandwidths follow Scott's rule.
    """

    def __init__(
        self, axes: Sequence[Axis], codes: np.ndarray, weights: np.ndarray, prior_weight: float, smoothing: float,
        ranges: int = 1,
    ) -> None:
        self.axes = axes
        weights = np.append(weights, prior_weight)
        self.weights = weights / weights.sum()
        self.kernels: list[Any] = [
            axis.kernels(column, smoothing, ranges) for axis, column in zip(axes, codes.T, strict=True)]

    def log_density(self, codes: np.ndarray) -> np.ndarray:
        """Log density at points, (n,)."""
        total = np.zeros((len(codes), len(self.weights)))
        for j, axis in enumerate(self.axes):
            axis.add(total, codes[:, j], self.kernels[j])
        return self._mixed(total)

    def log_density_by_axis(self, row: np.ndarray) -> np.ndarray:
        """Contribution of each axis to the log density at a point, (d,); their sum is the log density.

        The density is that of the first axis, times that of the second given the first, and so on; likewise from the
        last axis to the first. A contribution is the mean over these two orders.
        """
        terms = np.zeros((len(row), len(self.weights)))
        for j, axis in enumerate(self.axes):
            axis.add(terms[j : j + 1], row[j : j + 1], self.kernels[j])
        forwards, backwards = np.cumsum(terms, axis=0), np.cumsum(terms[::-1], axis=0)
        added = np.diff(self._mixed(forwards), prepend=0.0), np.diff(self._mixed(backwards), prepend=0.0)[::-1]
        return (added[0] + added[1]) / 2.0

    def _mixed(self, terms: np.ndarray) -> np.ndarray:
        """Log densities of the mixture, (n,), from those of its components, (n, k)."""
        density = np.empty(len(terms))
        log_mixture(terms, self.weights, density)
        return density

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw points, (count, d), as codes; a parameter whose condition does not hold is NaN."""
        chosen = draw_indices(np.tile(np.cumsum(self.weights), (count, 1)), rng)
        drawn = [axis.draw(kernels, chosen, rng) for axis, kernels in zip(self.axes, self.kernels, strict=True)]
        return without_inactive(self.axes, np.column_stack(drawn))


def without_inactive(axes: Sequence[Axis], codes: np.ndarray) -> np.ndarray:
    """Set the codes (n, d) of parameters whose condition does not hold to NaN, in place; returns them."""
    for j, axis in enumerate(axes):
        for parent, allowed in axis.conditions:
            codes[~np.isin(codes[:, parent], allowed), j] = math.nan
    return codes
