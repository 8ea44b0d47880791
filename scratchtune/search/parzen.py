"""A tree-structured Parzen estimator is two densities, of good trials and of bad ones: try where their ratio is high.

The finished trials are ordered by value and split. Each part becomes a mixture: on every trial sits a kernel, a product
over the parameters of a normal distribution cut off at the ends of the range (for separate values its mass between the
ends of a value's cell, for choices the choice itself and some of all of them), and one more component is the prior:
what was believed before. Candidates are drawn from the good density l, and the one with the highest log l − log g is
proposed: for a given split that orders them as the expected improvement does.

Only the order of the values counts, so 1e12 is as harmless as a constant. Failed trials are the worst of all; trials
without a result yet count as bad, so that trials side by side do not crowd. A trial that lacks a conditional parameter
says nothing about it: on that axis its kernel is the prior.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.search.parameters import Categorical, Float, Int, Parameter, prior_in_unit
from scratchtune.search.random import RandomSearch
from scratchtune.search.searcher import Result
from scratchtune.search.space import Space

_SQRT_HALF = math.sqrt(0.5)
_SQRT_2_PI = math.sqrt(2.0 * math.pi)
_TINY = 1e-300  # the least probability, so that its logarithm exists
NARROW = 1e-3  # a cell so many deviations wide has the density in its middle times its width, to 2 parts in 10⁶
FINEST = 100.0  # no kernel is narrower than the range divided by this
ROUNDS = 20  # how many batches are drawn to gather candidates that are new and allowed


@dataclass(frozen=True)
class Settings:
    """What may be set; the defaults are for a hundred trials, more or less.

    - ``startup``: so many trials are drawn from the prior before there are two parts worth comparing.
    - ``gamma``, ``most_good``: the share of the trials that is called good, and the largest number of them.
    - ``candidates``: how many new points are drawn from the good density; more of them search more greedily.
    - ``prior_weight``: weight of the prior in a mixture, where a trial has 1; more of it explores more.
    - ``smoothing``: how much of the prior each trial's choice is mixed with, where the choice itself has 1.
    - ``recent``: so many bad trials, the last ones, have full weight; earlier ones have less, the first the least.
    """

    startup: int = 10
    gamma: float = 0.15
    most_good: int = 25
    candidates: int = 48
    prior_weight: float = 1.0
    smoothing: float = 0.2
    recent: int = 25

    def __post_init__(self) -> None:
        for name in ("startup", "most_good", "candidates", "recent"):
            checks.integer(name, getattr(self, name), low=1)
        checks.real("gamma", self.gamma, 0.0, 1.0, open_low=True, open_high=True)
        for name in ("prior_weight", "smoothing"):
            checks.real(name, getattr(self, name), low=0.0, open_low=True)


# The split -----------------------------------------------------------------------------------------------------------


def good_count(n: int, gamma: float, most: int) -> int:
    """How many of n trials are called good: the share gamma of them, rounded up, and never more than ``most``.

    Formula [tpe_good_count]
        k = min(−floor(−(γ · n)), most)
    Where
        n: n, scalar, integer >= 1, finished trials
        γ: gamma, scalar, in (0, 1)
        most: most, scalar, integer >= 1
    Returns
        k, a whole number of trials.
    Variant
        Optuna has γ = 0.1 and most = 25. Hyperopt has √n / 4 instead of a share, and most = 25.
    Source
        Bergstra et al. (2011), section 4; Watanabe (2023), section 3.1, "linear".
    Example
        >>> good_count(41, 0.1, 25)
        5
    """
    return min(-math.floor(-(gamma * n)), most)


def chance(log_ratio: float, gamma: float) -> float:
    """Chance that a point is a good one, by Bayes's rule from the two densities there and the share of good trials.

    Formula [tpe_chance]
        p = γ / (γ + (1 − γ) · exp(−r))
    Where
        r: log_ratio, scalar, real, log l − log g
        γ: gamma, scalar, in (0, 1)
    Returns
        p, a probability. The expected improvement is proportional to it, so the highest ratio is the best candidate.
    Source
        Bergstra et al. (2011), section 4.1: EI is proportional to 1 / (γ + (1 − γ) · g / l).
    Example
        >>> chance(0.0, 0.25)
        0.25
    """
    return gamma / (gamma + (1.0 - gamma) * math.exp(-log_ratio))


# The kernels ---------------------------------------------------------------------------------------------------------


def least_deviation(n: int) -> float:
    """How narrow a kernel may be: the more trials there are, the narrower.

    Formula [parzen_least_deviation]
        s = 1 / min(n + 2, 100)
    Where
        n: n, scalar, integer >= 1, trials in the mixture
    Returns
        s, a share of the range.
    Source
        Bergstra et al. (2011), section 4.2, clip the deviations; this bound is Hyperopt's and Optuna's.
    Example
        >>> least_deviation(8)
        0.1
    """
    return 1.0 / min(n + 2.0, FINEST)


@jit.function_in_order
def normal_mass(a, b, m, s):
    """Mass of a normal distribution between a and b.

    Formula [normal_mass]
        P = Φ((b − m) / s) − Φ((a − m) / s)
    Where
        a: a, scalar, in [0, 0.25]
        b: b, scalar, in [0.5, 1]
        m: m, scalar, in [0, 1], the centre
        s: s, scalar, in [0.5, 2], the deviation
    Returns
        P, a probability. Between 0 and 1 it is the share of the normal that the cut leaves.
    Variant
        Beyond six deviations the difference loses its digits. In a mixture the prior outweighs what is lost.
    Source
        The definition of the cumulative distribution function Φ, by the error function.
    Example
        >>> round(float(normal_mass(0.0, 1.0, 0.5, 0.5)), 6)
        0.682689
    """
    return 0.5 * (math.erf((b - m) / s * _SQRT_HALF) - math.erf((a - m) / s * _SQRT_HALF))


@jit.function_in_order
def cut_normal(u, m, s, mass):
    """Log density at u of a normal distribution that is cut off at 0 and 1.

    Formula [parzen_normal]
        q = −((u − m) / s)² / 2 − log(s · √(2 · π) · P)
    Where
        u: u, scalar, in [0, 1]
        m: m, scalar, in [0, 1], the centre: the place of a trial
        s: s, scalar, in [0.01, 1], the deviation
        P: mass, scalar, in (0, 1), [normal_mass] between 0 and 1
    Returns
        q, the logarithm of a density whose integral from 0 to 1 is 1.
    Source
        Bergstra et al. (2011), section 4.2; the truncated normal distribution.
    Example
        >>> round(float(cut_normal(0.5, 0.5, 0.5, 0.6826894921370859)), 6)
        0.155924
    """
    z = (u - m) / s
    return -0.5 * (z * z) - np.log(s * _SQRT_2_PI * mass)


@jit.function_in_order
def cut_normal_cell(cell, mass):
    """Log probability of one cell of a range of separate values: its share of the mass that the cut leaves.

    Formula [parzen_cell]
        q = log(C / P)
    Where
        C: cell, scalar, in (0, 1), [normal_mass] between the ends of the cell
        P: mass, scalar, in (0, 1), [normal_mass] between 0 and 1
    Returns
        q, the logarithm of a probability; over all cells of a range they sum to 1.
    Source
        Watanabe (2023), section 3.3.3: the kernel of a discrete parameter.
    Example
        >>> round(float(cut_normal_cell(0.25, 0.5)), 6)
        -0.693147
    """
    return np.log(cell / mass)


def choice_kernels(c: np.ndarray, shares: np.ndarray, smoothing: float) -> np.ndarray:
    """Probability of each choice by the kernel of each trial: the trial's own one, with some of the prior mixed in.

    Formula [parzen_choice]
        qₙₖ = ((1 if k = cₙ else 0) + b · πₖ) / (1 + b)
    Where
        c: c, (n,), index of k, the choices of the trials
        π: shares, (k,), probabilities, the prior
        b: smoothing, scalar, >= 0, how much of the prior is mixed in
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


def neighbour_deviations(places: np.ndarray, least: float) -> np.ndarray:
    """Deviation of each place's kernel: the larger of the distances to its neighbours, from ``least`` to 1.

    So kernels are narrow where trials are many (Bergstra et al., 2011, section 4.2). There the ends of the range count
    as neighbours; here, as in Optuna, only where there is one place alone: the outermost two have their one neighbour.
    """
    order = np.argsort(places, kind="stable")
    gaps = np.diff(places[order], prepend=0.0, append=1.0)
    if len(places) > 1:
        gaps[0], gaps[-1] = 0.0, 0.0
    deviations = np.empty(len(places))
    deviations[order] = np.maximum(gaps[:-1], gaps[1:])
    return np.clip(deviations, least, 1.0)


# The mixture ---------------------------------------------------------------------------------------------------------


@jit.function_in_order
def log_mixture(q, w, out):
    """Log density of a mixture at several points, from the log densities of its components there.

    Formula [parzen_mixture]
        pₙ = log(Σₖ[wₖ · exp(qₙₖ)])
    Computed as
        the largest term of a point is taken out of the sum, so that no exponential overflows and not all vanish
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


def log_ratio(log_l: np.ndarray, log_g: np.ndarray) -> np.ndarray:
    """What is maximised: how many times denser the good trials are than the bad, as a logarithm.

    Formula [tpe_ratio]
        rₙ = lₙ − gₙ
    Where
        l: log_l, (n,), real, log density of the good trials
        g: log_g, (n,), real, log density of the bad trials
    Returns
        r, above 0 where a point looks more like the good trials than like the bad.
    Source
        Bergstra et al. (2011), section 4.1.
    Example
        >>> log_ratio(np.array([1.5]), np.array([0.5])).tolist()
        [1.0]
    """
    return log_l - log_g


@jit.function_in_order
def add_normals(total, a, b, centres, deviations):
    """Add the logarithms of kernels at points to ``total``, (n, k): densities where a = b, else masses of cells."""
    for k in range(len(centres)):
        m, s = centres[k], deviations[k]
        mass = normal_mass(0.0, 1.0, m, s)
        for n in range(len(a)):
            width = b[n] - a[n]
            if width == 0.0:
                total[n, k] += cut_normal(a[n], m, s, mass)
            elif width < NARROW * s:
                total[n, k] += cut_normal(0.5 * (a[n] + b[n]), m, s, mass) + np.log(width)
            else:
                total[n, k] += cut_normal_cell(max(normal_mass(a[n], b[n], m, s), _TINY), mass)


# A parameter as an axis ----------------------------------------------------------------------------------------------


class Normals(NamedTuple):
    """Kernels on a range, the last of which is the prior."""

    centres: np.ndarray
    deviations: np.ndarray


class Axis:
    """A parameter whose values are written as codes: places of a continuous range, else numbers of separate values.

    The code of an absent parameter is NaN.
    """

    def __init__(self, name: str, parameter: Parameter, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        self.name, self.parameter, self.conditions = name, parameter, conditions

    def read(self, points: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Codes of the points, (n,)."""
        code, name = self.code, self.name
        return np.array([code(point[name]) if name in point else math.nan for point in points], dtype=float)

    def code(self, value: Any) -> float:
        """Code of a value."""
        raise NotImplementedError

    def value(self, code: float) -> Any:
        """Value of a code."""
        raise NotImplementedError

    def kernels(self, codes: np.ndarray, settings: Settings) -> Any:
        """Kernels on trials, and that of the prior after them."""
        raise NotImplementedError

    def add(self, total: np.ndarray, codes: np.ndarray, kernels: Any) -> None:
        """Add the kernels' log densities at the codes to ``total``, (n, k)."""
        raise NotImplementedError

    def draw(self, kernels: Any, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a code from each chosen kernel."""
        raise NotImplementedError


class Range(Axis):
    """A `Float` or an `Int`."""

    def __init__(self, name: str, parameter: Float | Int, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        super().__init__(name, parameter, conditions)
        self.parameter: Float | Int = parameter
        self.count = parameter.count
        self.prior = (0.5, 1.0) if parameter.prior is None else prior_in_unit(parameter)

    def code(self, value: float) -> float:
        """Place of a value, or its number."""
        if self.count is not None:
            return self.parameter.index(value)  # type: ignore[arg-type]
        return self.parameter.place(value)  # type: ignore[union-attr]

    def value(self, code: float) -> float:
        """Value at a place, or number ``code``."""
        if self.count is None:
            return self.parameter.from_unit(code)
        return self.parameter.value(int(code))

    def ends(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the cells of values; of a place it is both itself."""
        if self.count is None:
            return codes, codes
        if not self.parameter.log or self.count == 1:
            return codes / self.count, (codes + 1.0) / self.count
        low, width = self._logarithms()
        below = self.parameter.low + codes - 0.5
        return (np.log(below) - low) / width, (np.log(below + 1.0) - low) / width

    def at(self, u: np.ndarray) -> np.ndarray:
        """Codes at places of the unit interval."""
        if self.count is None:
            return u
        if not self.parameter.log or self.count == 1:
            return np.minimum(np.floor(u * self.count), self.count - 1.0)
        low, width = self._logarithms()
        return np.clip(np.floor(np.exp(low + u * width) + 0.5) - self.parameter.low, 0.0, self.count - 1.0)

    def _logarithms(self) -> tuple[float, float]:
        """Logarithm of the lower end of all cells, and how much larger that of the upper end is."""
        low = math.log(self.parameter.low - 0.5)
        return low, math.log(self.parameter.high + 0.5) - low

    def kernels(self, codes: np.ndarray, settings: Settings) -> Normals:
        """Normals in the middle of the cells, as wide as the neighbours are far; the prior where a trial has none."""
        a, b = self.ends(codes)
        here = np.flatnonzero(~np.isnan(codes))
        centres, deviations = (np.full(len(codes) + 1, float(number)) for number in self.prior)
        centres[here] = 0.5 * (a[here] + b[here])
        deviations[here] = neighbour_deviations(centres[here], least_deviation(len(here)))
        return Normals(centres, deviations)

    def add(self, total: np.ndarray, codes: np.ndarray, kernels: Normals) -> None:
        """Add log densities, or log masses of cells: once for each of the different values."""
        here = np.flatnonzero(~np.isnan(codes))
        different, which = np.unique(codes[here], return_inverse=True)
        terms = np.zeros((len(different), total.shape[1]))
        add_normals(terms, *self.ends(different), *kernels)
        total[here] += terms[which]

    def draw(self, kernels: Normals, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw places from normals that are cut off, and take the values there."""
        return self.at(draw_cut_normals(kernels.centres[chosen], kernels.deviations[chosen], rng))


class Choices(Axis):
    """A `Categorical`; its kernels are a table of probabilities, a row for each kernel."""

    def __init__(self, name: str, parameter: Categorical, conditions: Sequence[tuple[int, np.ndarray]]) -> None:
        super().__init__(name, parameter, conditions)
        weights = np.ones(parameter.count) if parameter.prior is None else np.array(parameter.prior, dtype=float)
        self.shares = weights / weights.sum()
        self.numbers: dict[Any, int] = {}
        for k, choice in enumerate(parameter.choices):
            try:
                self.numbers[type(choice), choice] = k
            except TypeError:  # lists and the like are looked for one after the other
                continue

    def code(self, value: Any) -> float:
        """Number of a choice."""
        try:
            return self.numbers[type(value), value]
        except (KeyError, TypeError):
            return self.parameter.index(value)

    def value(self, code: float) -> Any:
        """Choice number ``code``."""
        return self.parameter.value(int(code))

    def kernels(self, codes: np.ndarray, settings: Settings) -> np.ndarray:
        """The table; a trial without this parameter has the prior's row."""
        absent = np.append(np.isnan(codes), True)
        numbers = np.where(absent, 0.0, np.append(codes, 0.0)).astype(int)
        return np.where(absent[:, None], self.shares, choice_kernels(numbers, self.shares, settings.smoothing))

    def add(self, total: np.ndarray, codes: np.ndarray, kernels: np.ndarray) -> None:
        """Add log probabilities."""
        here = np.flatnonzero(~np.isnan(codes))
        logarithms = np.log(np.maximum(kernels.T, _TINY))
        total[here] += logarithms[codes[here].astype(int)]

    def draw(self, kernels: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw choices by their probabilities."""
        return np.array(draw_numbers(np.cumsum(kernels[chosen], axis=1), rng), dtype=float)


def draw_cut_normals(m: np.ndarray, s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a place in [0, 1] from each normal, again where it fell outside."""
    places = rng.normal(m, s)
    while True:
        outside = np.flatnonzero((places < 0.0) | (places > 1.0))
        if not len(outside):
            return places
        places[outside] = rng.normal(m[outside], s[outside])


def draw_numbers(sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a number for each row of running sums of weights."""
    passed = sums[:, :-1] <= rng.random((len(sums), 1)) * sums[:, -1:]
    return passed.sum(axis=1)


def axes_of(space: Space) -> list[Axis]:
    """The axes of a space, parents before those whose condition names them."""
    axes: list[Axis] = []
    for name, parameter in space.parameters.items():
        conditions = []
        for parent, allowed in space.conditions[name].items():
            place = space.names.index(parent)
            conditions.append((place, np.array([axes[place].code(value) for value in allowed], dtype=float)))
        kind: Any = Choices if isinstance(parameter, Categorical) else Range
        axes.append(kind(name, parameter, conditions))
    return axes


class Mixture:
    """A density over all axes: kernels on trials, weighted, and the prior."""

    def __init__(self, axes: Sequence[Axis], codes: np.ndarray, weights: np.ndarray, settings: Settings) -> None:
        self.axes = axes
        weights = np.append(weights, settings.prior_weight)
        self.weights = weights / weights.sum()
        self.kernels = [axis.kernels(column, settings) for axis, column in zip(axes, codes.T, strict=True)]

    def log_density(self, codes: np.ndarray) -> np.ndarray:
        """Log density at points, (n,)."""
        total = np.zeros((len(codes), len(self.weights)))
        for j, axis in enumerate(self.axes):
            axis.add(total, codes[:, j], self.kernels[j])
        return self._mixed(total)

    def log_density_by_axis(self, row: np.ndarray) -> np.ndarray:
        """What each axis adds to the log density at a point, (d,); the sum is the whole.

        The density is that of the first axis, times that of the second given the first, and so on; or so from the last
        axis to the first. Each axis gets the mean of what it adds in these two orders.
        """
        terms = np.zeros((len(row), len(self.weights)))
        for j, axis in enumerate(self.axes):
            axis.add(terms[j : j + 1], row[j : j + 1], self.kernels[j])
        forwards, backwards = np.cumsum(terms, axis=0), np.cumsum(terms[::-1], axis=0)
        added = np.diff(self._mixed(forwards), prepend=0.0), np.diff(self._mixed(backwards), prepend=0.0)[::-1]
        return (added[0] + added[1]) / 2.0

    def _mixed(self, terms: np.ndarray) -> np.ndarray:
        """Log densities from those of the components, (n, k)."""
        density = np.empty(len(terms))
        log_mixture(terms, self.weights, density)
        return density

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw points, (count, d), as codes; what does not exist beside the others is NaN."""
        chosen = draw_numbers(np.tile(np.cumsum(self.weights), (count, 1)), rng)
        drawn = [axis.draw(kernels, chosen, rng) for axis, kernels in zip(self.axes, self.kernels, strict=True)]
        codes = np.column_stack(drawn)
        for j, axis in enumerate(self.axes):
            for parent, allowed in axis.conditions:
                codes[~np.isin(codes[:, parent], allowed), j] = math.nan
        return codes


# The search ----------------------------------------------------------------------------------------------------------


def propose(
    space: Space, seen: Sequence[Result], pending: Sequence[dict[str, Any]], number: int, rng: np.random.Generator,
    settings: Settings | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Params to try next, and why, as plain data; raises `Exhausted` when every point of a finite space has come."""
    settings = settings or Settings()
    known = len(seen) + len(pending)
    if known < settings.startup or not seen:
        drawn = RandomSearch().suggest(space, seen, pending, number, rng)
        return drawn.params, {"phase": "startup", "known": known, "startup": settings.startup, "drawn": drawn.why}
    axes = axes_of(space)
    points = [result.params for result in seen] + list(pending)
    codes = np.column_stack([axis.read(points) for axis in axes])
    good, bad = split(np.array([result.value for result in seen]), settings)
    bad = np.append(bad, np.arange(len(seen), known))
    likely = Mixture(axes, codes[good], np.ones(len(good)), settings)
    unlikely = Mixture(axes, codes[bad], weights_by_age(len(bad), settings.recent), settings)
    why: dict[str, Any] = {
        "phase": "model", "good": len(good), "bad": len(bad), "pending": len(pending),
        "failed": sum(not math.isfinite(result.value) for result in seen), "gamma": len(good) / known}
    candidates = draw_candidates(space, likely, codes, rng, settings.candidates)
    if not len(candidates):
        drawn = RandomSearch().suggest(space, seen, pending, number, rng)
        return drawn.params, {**why, "phase": "rest", "drawn": drawn.why}
    return choose(likely, unlikely, candidates, why)


def split(values: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the good trials, the best first, and of the others in their order; a failed trial is never good."""
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")
    count = min(good_count(len(values), settings.gamma, settings.most_good), int(np.isfinite(values).sum()))
    return order[:count], np.sort(order[count:])


def weights_by_age(count: int, recent: int) -> np.ndarray:
    """Weights of trials in their order: the last ``recent`` have 1, those before rise evenly from 1 / count to 1."""
    weights = np.ones(count)
    earlier = max(count - recent, 0)
    weights[:earlier] = np.linspace(1.0 / max(count, 1), 1.0, earlier)
    return weights


def draw_candidates(
    space: Space, likely: Mixture, taken: np.ndarray, rng: np.random.Generator, count: int,
) -> np.ndarray:
    """``count`` different points from the good density that are new and allowed; fewer where they are rare."""
    old = {row.tobytes() for row in taken}
    found: dict[bytes, np.ndarray] = {}
    for _ in range(ROUNDS):
        for row in likely.draw(count, rng):
            key = row.tobytes()
            if key not in old and key not in found and len(found) < count:
                if space.constraint is None or space.allows(params_at(likely.axes, row)):
                    found[key] = row
        if len(found) == count:
            break
    return np.array(list(found.values()))


def params_at(axes: Sequence[Axis], row: np.ndarray) -> dict[str, Any]:
    """Params of a row of codes; the absent ones are left out."""
    return {axis.name: axis.value(code) for axis, code in zip(axes, row.tolist(), strict=True) if code == code}


def choose(
    likely: Mixture, unlikely: Mixture, candidates: np.ndarray, why: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Params of the candidate with the highest ratio, and what there is to say about it and about the next ones."""
    log_l, log_g = likely.log_density(candidates), unlikely.log_density(candidates)
    ratios = log_ratio(log_l, log_g)
    best, *others = np.argsort(-ratios, kind="stable").tolist()
    row, ratio = candidates[best], float(ratios[best])
    parts = log_ratio(likely.log_density_by_axis(row), unlikely.log_density_by_axis(row)).tolist()
    by_parameter = {axis.name: part for axis, part, code in zip(likely.axes, parts, row, strict=True) if code == code}
    return params_at(likely.axes, row), {
        **why, "candidates": len(candidates), "log_l": float(log_l[best]), "log_g": float(log_g[best]),
        "log_ratio": ratio, "chance": chance(max(ratio, -700.0), why["gamma"]), "by_parameter": by_parameter,
        "runners_up": [{"params": params_at(likely.axes, candidates[i]), "log_ratio": float(ratios[i])}
                       for i in others[:2]]}


# In words ------------------------------------------------------------------------------------------------------------


def explain(why: Mapping[str, Any]) -> str:
    """Say the reasons of a suggestion in words."""
    drawn = RandomSearch().explain(why["drawn"]) if "drawn" in why else ""
    if why["phase"] == "startup":
        return f"Start-up, with {why['known']} of {why['startup']} trials before there is enough to compare. {drawn}"
    parts = f"{_trials(why['good'])} taken as good and {_trials(why['bad'])} as bad{_of_which(why)}"
    if why["phase"] == "rest":
        return f"With {parts}, no point that is new and allowed came up where the good ones are dense. {drawn}"
    text = (
        f"Of {why['candidates']} candidates, drawn where the good trials are dense, this one has the highest ratio: "
        f"such points are {_times(why['log_ratio'])} as dense among the good as among the bad ({parts}). By Bayes's "
        f"rule that would be a chance of {why['chance']:.0%} to be good, where {why['gamma']:.0%} of the trials are.")
    return f"{text}{_by_parameter(why['by_parameter'])}{_next_best(why['runners_up'])}"


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _of_which(why: Mapping[str, Any]) -> str:
    """How many of the bad have failed or have no result."""
    kinds = [f"{why[kind]} {words}" for kind, words in (("failed", "failed"), ("pending", "without a result yet"))
             if why[kind]]
    return f", {' and '.join(kinds)} among them" if kinds else ""


def _times(logarithm: float) -> str:
    """A ratio from its logarithm, such as "4.1 times"."""
    return f"{math.exp(min(logarithm, 700.0)):.3g} times"


def _by_parameter(parts: Mapping[str, float]) -> str:
    """Which parameters the ratio comes from, the strongest first; of many those that count."""
    ordered = sorted(parts.items(), key=lambda part: -abs(part[1]))[:4]
    factors = ", ".join(f"{name} {_times(part)}" for name, part in ordered)
    return f" Its factors: {factors}." if len(parts) > 1 else ""


def _next_best(runners_up: Sequence[Mapping[str, Any]]) -> str:
    """The next candidate."""
    if not runners_up:
        return ""
    params = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in runners_up[0]["params"].items())
    return f" Next best was {params}, with {_times(runners_up[0]['log_ratio'])}."
