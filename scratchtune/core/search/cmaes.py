"""CMA-ES draws each population from a normal distribution, and moves the distribution towards the best of it.

The distribution has a mean m, a step size σ and a covariance matrix C: x = m + σ · y, where y is drawn from N(0, C), in
unit values. After a population of λ trials they are ranked, and (the covariance matrix adaptation evolution strategy)

1. *recombination*: the mean moves to a weighted mean of the best half (`recombination`);
2. *step size*: σ grows while the steps of the mean point the same way, and shrinks while they cancel (`step_size`);
3. *covariance*: directions of successful steps become more probable, those of the worst less (`covariance`).

Only ranks count: an increasing transform of the values changes no trial. After convergence the search restarts at a
random mean with twice the population (IPOP; Auger and Hansen, 2005). Integers are rounded draws, of a
least spread (`margin`).

Implements section 3.4 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.search.cells import cell_edges
from scratchtune.core.search.parameters import prior_in_unit
from scratchtune.core.search.random import RandomSearch
from scratchtune.core.search.searcher import Pending, Result, Rng, Searcher, Seen, Suggestion, as_seen
from scratchtune.core.search.space import Categorical, Space

SIGMA = 0.3  # the first standard deviation, as a share of the range (Hansen 2016, appendix A)
DRAWS = 100  # from the distribution for each trial, to find one inside of the ranges that is allowed
NARROW, ELONGATED = 1e-12, 1e14  # a restart: all stds, or the condition number


def log_weights(ranks: np.ndarray) -> np.ndarray:
    """Weights of ranks before they are normalised: above zero for the better half, below for the worse.

    Formula [cma_log_weights]
        vᵢ = log((#i + 1) / 2) − log(rᵢ)
    Where
        r: ranks, (i,), > 0, from 1 for the best to λ
    Source
        Hansen (2016), "The CMA Evolution Strategy: A Tutorial", equation 49.
    Example
        >>> log_weights(np.array([1.0, 2.0, 3.0])).round(3).tolist()
        [0.693, 0.0, -0.405]
    """
    return math.log((len(ranks) + 1) / 2) - np.log(ranks)


def selection_mass(v: np.ndarray) -> float:
    """How many equal weights average as much noise away as these: μ_eff.

    Formula [cma_selection_mass]
        μ = Σᵢ[vᵢ]² / Σᵢ[vᵢ²]
    Where
        v: v, (i,), >= 0; sampled > 0, weights, or minus weights if they are negative
    Source
        Hansen (2016), equation 8.
    Example
        >>> selection_mass(np.array([0.5, 0.5, 0.0]))
        2.0
    """
    return float(np.sum(v) ** 2 / np.sum(v * v))


def learning_rates(n: int, mass: float) -> tuple[float, float, float, float, float]:
    """How fast the two paths, the step size and the covariance forget, in n dimensions.

    Formula [cma_learning_rates]
        s = (μ + 2) / (n + μ + 5) ; d = 1 + 2 · max(0, √((μ − 1) / (n + 1)) − 1) + s ; c = (4 + μ / n) / (n + 4 + 2 · μ / n) ; r = 2 / ((n + 1.3)² + μ) ; m = min(1 − r, 2 · (μ − 2 + 1 / μ) / ((n + 2)² + μ))
    Where
        n: n, scalar, integer >= 1, dimensions
        μ: mass, scalar, >= 1; sampled in [2, 200], the [cma_selection_mass] of the positive weights
    Returns
        (s, d, c, r, m): rate of the step-size path, its damping, rates of the covariance path, of the rank-one and of
        the rank-mu update.
    Variant
        The package pycma adds 1/4 to the numerator of m.
    Source
        Hansen (2016), table 1, equations 55 to 58, with α_cov = 2.
    """  # noqa: E501  (a formula is one line)
    s = (mass + 2.0) / (n + mass + 5.0)
    d = 1.0 + 2.0 * max(0.0, math.sqrt((mass - 1.0) / (n + 1.0)) - 1.0) + s
    c = (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n)
    r = 2.0 / ((n + 1.3) ** 2 + mass)
    return s, d, c, r, min(1.0 - r, 2.0 * (mass - 2.0 + 1.0 / mass) / ((n + 2.0) ** 2 + mass))


def recombination_weights(
    v: np.ndarray, n: int, mass: float, negative_mass: float, rank_one: float, rank_mu: float,
) -> np.ndarray:
    """Weights of ranks: the positive ones add up to 1; the negative ones are small enough to keep C positive definite.

    Formula [cma_weights]
        α = min(1 + r / m, 1 + 2 · q / (μ + 2), (1 − r − m) / (n · m)) ; wᵢ = vᵢ / Σₖ[max(vₖ, 0)] if vᵢ > 0 else α · vᵢ / Σₖ[max(−vₖ, 0)]
    Where
        v: v, (i,), real, [cma_log_weights]
        n: n, scalar, integer >= 1, dimensions
        μ: mass, scalar, >= 1, of the positive weights
        q: negative_mass, scalar, >= 0, of the negative ones
        r: rank_one, scalar, in (0, 1); sampled in (0, 0.4), the rate of the rank-one update
        m: rank_mu, scalar, in (0, 1); sampled in (0, 0.4), that of the rank-mu update
    Variant
        Earlier versions of CMA-ES set the negative weights to zero; this one is also called active CMA-ES.
    Source
        Hansen (2016), equations 50 to 53.
    Example
        >>> recombination_weights(np.array([3.0, 1.0, -1.0]), 1, 2.0, 1.0, 0.25, 0.25).tolist()
        [0.75, 0.25, -1.5]
    """  # noqa: E501  (a formula is one line)
    alpha = min(1.0 + rank_one / rank_mu, 1.0 + 2.0 * negative_mass / (mass + 2.0),
                (1.0 - rank_one - rank_mu) / (n * rank_mu))
    return np.where(v > 0.0, v / np.sum(np.maximum(v, 0.0)), alpha * v / np.sum(np.maximum(-v, 0.0)))


def recombination(
    mean: np.ndarray, sigma: float, margins: np.ndarray, weights: np.ndarray, steps: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The step of the mean, a weighted mean of the best steps, and the mean after it.

    Formula [cma_mean]
        sⱼ = Σᵢ[max(wᵢ, 0) · yᵢⱼ] ; bⱼ = mⱼ + σ · aⱼ · sⱼ
    Where
        m: mean, (j,), real
        σ: sigma, scalar, > 0
        a: margins, (j,), >= 1, [cma_margin], 1 on continuous axes
        w: weights, (i,), real
        y: steps, (i, j), real, (x − m) / (σ · a) of each trial, the best first
    Returns
        (s, b).
    Source
        Hansen (2016), equations 41 and 42, with c_m = 1; a = 1 there.
    """
    step = np.sum(np.maximum(weights, 0.0)[:, None] * steps, axis=0)
    return step, mean + sigma * margins * step


def evolution_path(path: np.ndarray, step: np.ndarray, rate: float, mass: float, moves: float) -> np.ndarray:
    """Path of the mean, a sum of its steps that forgets: of whitened steps for the step size, of plain ones for C.

    Formula [cma_path]
        nⱼ = (1 − c) · pⱼ + h · √(c · (2 − c) · μ) · sⱼ
    Where
        p: path, (j,), real
        s: step, (j,), real, C^(−1/2) @ s, or s, of [cma_mean]
        c: rate, scalar, in (0, 1]
        μ: mass, scalar, >= 1
        h: moves, scalar, 0 or 1, 1 for the step size, else see [cma_longest_path]
    Returns
        n; if ranks are random, the path of whitened steps keeps the distribution N(0, I).
    Source
        Hansen (2016), equations 43 and 45.
    """
    return (1.0 - rate) * path + moves * math.sqrt(rate * (2.0 - rate) * mass) * step


def expected_norm(n: int) -> float:
    """Expected length of a standard normal vector of n entries, to three digits.

    Formula [cma_expected_norm]
        χ = √n · (1 − 1 / (4 · n) + 1 / (21 · n²))
    Where
        n: n, scalar, integer >= 1
    Source
        Hansen (2016), below equation 44.
    """
    return math.sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))


def step_size(sigma: float, path: np.ndarray, rate: float, damping: float, expected: float) -> float:
    """Step size: larger if the path is longer than a random one, where steps point the same way; smaller if shorter.

    Formula [cma_step_size]
        τ = σ · exp(s / d · (√(Σⱼ[pⱼ²]) / χ − 1))
    Where
        σ: sigma, scalar, > 0
        p: path, (j,), real; sampled in [-2, 2]
        s: rate, scalar, in (0, 1)
        d: damping, scalar, >= 1
        χ: expected, scalar, > 0; sampled >= 0.5, [cma_expected_norm]
    Source
        Hansen (2016), equation 44.
    """
    return sigma * math.exp(rate / damping * (math.sqrt(float(np.sum(path * path))) / expected - 1.0))


def longest_path(n: int, rate: float, generation: int, expected: float) -> float:
    """Length of the step-size path above which the covariance path only decays: σ is far too small, C need not grow.

    Formula [cma_longest_path]
        b = (1.4 + 2 / (n + 1)) · χ · √(1 − (1 − s)^(2 · g))
    Where
        n: n, scalar, integer >= 1, dimensions
        s: rate, scalar, in (0, 1), of the step-size path
        g: generation, scalar, integer >= 1, populations since the last restart, with this one
        χ: expected, scalar, > 0, [cma_expected_norm]
    Returns
        b; h of [cma_path] is 1 below it, else 0.
    Variant
        The package cmaes counts one population more.
    Source
        Hansen (2016), below equation 45.
    """
    return (1.4 + 2.0 / (n + 1.0)) * expected * math.sqrt(1.0 - (1.0 - rate) ** (2 * generation))


def covariance(
    matrix: np.ndarray, path: np.ndarray, weights: np.ndarray, steps: np.ndarray, lengths: np.ndarray,
    rank_one: float, rank_mu: float, shortfall: float,
) -> np.ndarray:
    """Covariance matrix: the old one, decayed; the path's outer product (rank one); those of the steps (rank mu).

    Formula [cma_covariance]
        uₖ = wₖ if wₖ >= 0 else wₖ · #i / (lₖ + 1e-8) ; Kᵢⱼ = (1 + r · t − r − m · Σₖ[wₖ]) · Cᵢⱼ + r · pᵢ · pⱼ + m · Σₖ[uₖ · yₖᵢ · yₖⱼ]
    Where
        C: matrix, (i, i), real
        p: path, (i,), real
        w: weights, (k,), real
        y: steps, (k, i), real
        l: lengths, (k,), >= 0; sampled > 0, squared lengths of the whitened steps, by which negative weights are scaled
        r: rank_one, scalar, in (0, 1)
        m: rank_mu, scalar, in (0, 1)
        t: shortfall, scalar, in [0, 1], (1 − h) · c · (2 − c): variance that a stopped path lacks
    Source
        Hansen (2016), equations 46 and 47; 1e-8 keeps a step of no length finite.
    Example
        >>> covariance(np.eye(1), np.array([2.0]), np.array([1.0]), np.array([[3.0]]), np.ones(1), 0.25, 0.25, 0.0)
        array([[3.75]])
    """  # noqa: E501  (a formula is one line)
    scaled = np.where(weights >= 0.0, weights, weights * len(path) / (lengths + 1e-8))
    decay = 1.0 + rank_one * shortfall - rank_one - rank_mu * float(np.sum(weights))
    of_steps = np.sum(scaled[:, None, None] * steps[:, :, None] * steps[:, None, :], axis=0)
    return decay * matrix + rank_one * path[:, None] * path[None, :] + rank_mu * of_steps


def margin(distances: np.ndarray, stds: np.ndarray, quantile: float) -> np.ndarray:
    """Factor that widens steps along a discrete axis, so that neighbours of the mean's cell remain reachable.

    Formula [cma_margin]
        aⱼ = max(1, dⱼ / (q · sⱼ))
    Where
        d: distances, (j,), >= 0, from the mean to the farther border of its cell within the range; 0 if continuous
        s: stds, (j,), > 0, σ · √Cⱼⱼ
        q: quantile, scalar, > 0, of the standard normal distribution at 1 − 1 / (2 · n · λ)
    Returns
        a; a draw crosses each border of the cell with a probability of at least 1 / (2 · n · λ).
    Variant
        Hamano et al. keep the factors from population to population, and move the mean until both neighbours are
        drawn often enough.
    Source
        Hamano, Saito, Nomura and Shirakawa (2022), "CMA-ES with Margin", section 3.
    Example
        >>> margin(np.array([0.5, 0.0]), np.array([0.125, 0.125]), 2.0).tolist()
        [2.0, 1.0]
    """
    return np.maximum(1.0, distances / (quantile * stds))


@jit.function_in_order
def turn(a, b, cosine, sine):
    """Rotate the plane of two axes, whose coordinates are a and b (n,), in place."""
    for i in range(a.size):
        a[i], b[i] = cosine * a[i] - sine * b[i], sine * a[i] + cosine * b[i]


@jit.loop_in_order
def rotate_to_diagonal(values, axes, least):
    """Rotate a symmetric matrix ``values`` (n, n) until no entry off its diagonal exceeds ``least``.

    Each rotation turns two axes, rows of ``axes``, so that their covariance is zero; a sweep does so for each pair.
    """
    n = len(values)
    for _ in range(30):  # sweeps at most; it takes about eight
        rotations = 0
        for p in range(n):
            for q in range(p + 1, n):
                if abs(values[p, q]) > least:
                    ratio = (values[q, q] - values[p, p]) / (2.0 * values[p, q])
                    tangent = math.copysign(1.0, ratio) / (abs(ratio) + math.hypot(ratio, 1.0))
                    cosine = 1.0 / math.hypot(tangent, 1.0)
                    sine = tangent * cosine
                    turn(values[:, p], values[:, q], cosine, sine)
                    turn(values[p], values[q], cosine, sine)
                    turn(axes[p], axes[q], cosine, sine)
                    rotations += 1
        if rotations == 0:
            break


def eigenvectors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, (n,), and orthonormal eigenvectors, (n, n) in columns, of a symmetric matrix, by Jacobi's method.

    Vectors · values · vectorsᵀ is the matrix. No bit depends on a linear algebra library, or on its threads, as those
    of LAPACK's eigh do.
    """
    values, axes = matrix.copy(), np.eye(len(matrix))
    rotate_to_diagonal(values, axes, 1e-16 * float(np.max(np.abs(np.diag(matrix)), initial=0.0)))
    return np.diag(values).copy(), axes.T.copy()


class State(NamedTuple):
    """The distribution of a population, in unit values of n dimensions, and what its update needs."""

    mean: np.ndarray  # (n,)
    sigma: float
    matrix: np.ndarray  # (n, n), C
    eigen: tuple[np.ndarray, np.ndarray]  # of C
    step_path: np.ndarray  # (n,)
    covariance_path: np.ndarray  # (n,)
    size: int  # λ
    first: int = 0  # the number of the population's first trial
    restarts: int = 0
    generation: int = 0  # updates since the last restart
    parents: tuple[int, ...] = ()  # the trials of the best half of the population before, the best first

    @property
    def stds(self) -> np.ndarray:
        """Standard deviation of each coordinate, without margins."""
        return self.sigma * np.sqrt(np.diag(self.matrix))

    def whitened(self, steps: np.ndarray) -> np.ndarray:
        """C^(−1/2) @ y of each step, (steps, n)."""
        values, vectors = self.eigen
        turned = np.sum(steps[:, :, None] * vectors, axis=1) / np.sqrt(values)
        return np.sum(turned[:, None, :] * vectors, axis=2)


def fresh(mean: np.ndarray, sigma: float, matrix: np.ndarray, size: int, first: int = 0, restarts: int = 0) -> State:
    """A state without any update."""
    return State(mean, sigma, matrix, eigenvectors(matrix), 0.0 * mean, 0.0 * mean, size, first, restarts)


def updated(state: State, steps: np.ndarray, margins: np.ndarray) -> State:
    """The state after a population whose steps y, (λ, n), are given, the best first."""
    size, n = steps.shape
    v = log_weights(np.arange(1.0, size + 1.0))
    mass, negative_mass = selection_mass(v[: size // 2]), selection_mass(-v[size // 2 :])
    s, damping, c, rank_one, rank_mu = learning_rates(n, mass)
    weights = recombination_weights(v, n, mass, negative_mass, rank_one, rank_mu)
    step, mean = recombination(state.mean, state.sigma, margins, weights, steps)
    step_path, expected = evolution_path(state.step_path, state.whitened(step[None])[0], s, mass, 1.0), expected_norm(n)
    sigma = step_size(state.sigma, step_path, s, damping, expected)
    length = math.sqrt(float(np.sum(step_path * step_path)))
    moves = 1.0 if length < longest_path(n, s, state.generation + 1, expected) else 0.0
    covariance_path = evolution_path(state.covariance_path, step, c, mass, moves)
    matrix = covariance(state.matrix, covariance_path, weights, steps, np.sum(state.whitened(steps) ** 2, axis=1),
                        rank_one, rank_mu, (1.0 - moves) * c * (2.0 - c))
    return state._replace(mean=mean, sigma=sigma, matrix=matrix, eigen=eigenvectors(matrix), step_path=step_path,
                          covariance_path=covariance_path, generation=state.generation + 1)


class CMAESSearch(Searcher):
    """CMA-ES for ranges of numbers, with restarts of twice the population.

    - ``population``: trials in each population, which may run side by side; None: 4 + floor(3 · log(n)) for n
      parameters, which a study with a space sets. Each restart doubles it, but not how many run side by side.
    - ``sigma``: the first standard deviation as a share of each range, around its middle; a ``prior`` gives both.

    A study that starts from another one begins at that one's best trial. Enqueued trials are members of the population,
    their steps shortened to a likely length (Hansen, 2011, "Injecting external solutions into CMA-ES"). Infeasible and
    then failed trials rank last; a population in which all failed changes nothing.
    """

    def __init__(self, population: int | None = None, sigma: float = SIGMA) -> None:
        self.population = None if population is None else checks.integer("population", population, low=4)
        self.sigma = checks.real("sigma", sigma, low=0.0, high=1.0, open_low=True)
        self._memo: tuple[Any, list[Result], Any] = (None, [], None)  # of the populations that led to a state

    def needs(self, number: int) -> int:
        """The trials of the populations before; all before it while ``population`` is open."""
        return number if self.population is None else number - number % self.population

    def for_space(self, space: Space) -> Searcher:
        """This searcher with the population for so many parameters; a ValueError where one is no range."""
        for name, parameter in space.parameters.items():
            if isinstance(parameter, Categorical) or space.conditions[name]:
                kind = "conditional" if space.conditions[name] else "a choice without an order"
                raise ValueError(f"searcher is {self!r}, which searches ranges that always exist, and {name!r} is "
                                 f'{kind}; use "bayesian" or "genetic", or make it a Float or an Int without `when`')
        is_fixed = self.population or not space.names
        return self if is_fixed else self.changed(population=4 + math.floor(3 * math.log(len(space.names))))

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Draw from the distribution of the trial's population; a random point if no draw is new and allowed."""
        if not space.names:  # in a study without a space, in which no trial has requested a parameter yet
            return Suggestion({}, {"searcher": "cmaes"})
        seen = as_seen(seen, self.needs(number), rng)
        state = self.state(space, seen)
        margins = _margins(space, state)
        why = {"searcher": "cmaes", "generation": state.generation, "member": number - state.first, "size": state.size,
               "restarts": state.restarts}
        taken = [] if space.size is None else [*(result.params for result in seen), *pending]
        for point in _draws(state, margins, rng):
            params = space.from_unit(point)
            if params not in taken and space.allows(params):
                stds = dict(zip(space.names, (state.stds * margins).tolist(), strict=True))
                return Suggestion(params, why | {"mean": space.from_unit(state.mean), "stds": stds,
                                                 "step_size": state.sigma, "parents": list(state.parents)})
        drawn = RandomSearch().suggest(space, seen, pending, number, rng)
        return Suggestion(drawn.params, why | {"drawn": drawn.why})

    def state(self, space: Space, seen: Seen) -> State:
        """The distribution after all whole populations among the study's own trials seen."""
        key, (known, own, state) = (space, seen.seed, seen.earlier), self._memo
        if known != key or own != seen.own[: len(own)]:
            state = _initial(space, seen, self.for_space(space))
        while state.first + state.size <= len(seen.own):
            state = _after(space, seen, state)
        self._memo = key, seen.own[: state.first], state
        return state

    def explain(self, why: dict[str, Any]) -> str:
        """Say from which distribution a trial was drawn, and which trials its mean follows."""
        if "generation" not in why:
            return "No parameter is known yet, so all are drawn at random."
        again = f" after {checks.counted(why['restarts'], 'restart')}" if why["restarts"] else ""
        position = f"Population {why['generation']}{again}, {why['member'] + 1} of {why['size']}: "
        if "drawn" in why:
            return f"{position}no draw was new and allowed. {RandomSearch().explain(why['drawn'])}"
        mean = ", ".join(f"{name} = {value:.4g}" for name, value in why["mean"].items())
        stds = ", ".join(f"{100 * std:.2g} %" for std in why["stds"].values())
        followed = f"; the mean follows trials {', '.join(map(str, why['parents']))}" if why["parents"] else ""
        return f"{position}drawn from a normal distribution around {mean}, with std {stds} of the range{followed}."


def _initial(space: Space, seen: Seen, searcher: Any) -> State:
    """The first distribution: around the middles or priors, or the best trial of an earlier study."""
    ranges: Any = space.parameters.values()
    mean, stds = np.array([(0.5, searcher.sigma) if one.prior is None else prior_in_unit(one) for one in ranges]).T
    best = min(seen.earlier, key=attrgetter("order"), default=None)
    if best is not None and not math.isnan(best.value):
        mean = space.to_unit(best.params)
    return fresh(mean, searcher.sigma, np.diag((stds / searcher.sigma) ** 2), searcher.population)


def _draws(state: State, margins: np.ndarray, rng: Rng) -> np.ndarray:
    """Points, (draws, n), from the distribution: those inside of the unit cube, and a clipped one at the end."""
    values, vectors = state.eigen
    scaled = rng.standard_normal((DRAWS, len(values))) * np.sqrt(values)
    points = state.mean + state.sigma * margins * np.sum(scaled[:, None, :] * vectors, axis=2)
    inside = np.all((points >= 0.0) & (points <= 1.0), axis=1)
    return np.concatenate([points[inside], np.clip(points[:1], 0.0, 1.0)])


def _after(space: Space, seen: Seen, state: State) -> State:
    """The state after one more population, restarted where it has converged."""
    first, margins = state.first + state.size, _margins(space, state)
    members = sorted(seen.own[state.first : first], key=attrgetter("order"))
    if math.isnan(members[0].value):
        return state._replace(first=first)
    steps = np.array([_step(space, seen.seed, state, margins, member) for member in members])
    parents = tuple(member.number for member in members[: state.size // 2])
    state = updated(state, steps, margins)._replace(first=first, parents=parents)
    if not _has_converged(state, seen):
        return state
    rng, n = np.random.default_rng(np.random.SeedSequence(seen.seed, spawn_key=(first, 1))), len(state.mean)
    return fresh(rng.random(n), SIGMA, np.eye(n), 2 * state.size, first, state.restarts + 1)


def _has_converged(state: State, seen: Seen) -> bool:
    """Whether the latest values are equal, or C is numerically singular, or all standard deviations are tiny."""
    values, latest = state.eigen[0], 10 + math.ceil(30 * len(state.mean) / state.size)  # populations
    losses = {one.value for one in seen.own[: state.first][-latest * state.size :] if not math.isnan(one.value)}
    is_flat = state.generation >= latest and len(losses) == 1
    return is_flat or bool(values.min() * ELONGATED <= values.max() or np.all(state.stds < NARROW))


def _step(space: Space, seed: int, state: State, margins: np.ndarray, result: Result) -> np.ndarray:
    """The step y = (x − m) / (σ · a) of a trial: x is the draw that it was, or its unit value if it was none."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(result.number,)))  # as `suggest` had it
    for point in _draws(state, margins, rng):
        if space.from_unit(point) == result.params:
            return (point - state.mean) / (state.sigma * margins)
    point = space.to_unit(result.params)  # NaN on the axis of a parameter that the trial has not requested
    step = np.where(np.isnan(point), 0.0, point - state.mean) / (state.sigma * margins)
    length, n = math.sqrt(float(np.sum(state.whitened(step[None]) ** 2))), len(step)
    return step * min(1.0, (math.sqrt(n) + 2.0 * n / (n + 2.0)) / max(length, 1e-300))


def _margins(space: Space, state: State) -> np.ndarray:
    """The factor of each axis, [cma_margin]."""
    distances, ranges = np.zeros(len(state.mean)), list[Any](space.parameters.values())
    for j, (one, unit) in enumerate(zip(ranges, state.mean.tolist(), strict=True)):
        if one.count is not None:
            index = one.index(one.from_unit(unit))
            below, above = cell_edges(one, index)
            distances[j] = max((unit - below) * (index > 0), (above - unit) * (index < one.count - 1))
    return margin(distances, state.stds, NormalDist().inv_cdf(1.0 - 0.5 / (len(distances) * state.size)))
