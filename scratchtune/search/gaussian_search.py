"""A Gaussian process proposes the point whose acquisition is highest: believed good, or hardly known.

The steps, each a function below: values are made tame and scaled (`tamed`); the kernel's parameters are learned from
them (`learned`); trials that are still running get the value that is believed of them (`believed`); the acquisition is
computed at many points, and the best of these climb along its gradient and move over steps and choices (`search`).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.search import gaussian_process as gp
from scratchtune.search.acquisition import ACQUISITIONS, acquired
from scratchtune.search.encoding import Encoding
from scratchtune.search.searcher import Result
from scratchtune.search.space import Space

CANDIDATES, CLIMBERS, CLIMB, ROUNDS = 500, 6, 30, 4
REMEMBERED = 300  # trials that the process sees, of more, the better half of these and a sample of the others: n³ work
LEARNED_FROM, EVALUATIONS = 120, 20  # trials that the kernel's parameters are learned from, and how long that climbs
BELIEF = 10.0  # trials after which the user's prior weighs no more than the acquisition
MARGIN = 0.05  # how much less than the best the probability of improvement asks for, in deviations of the values
MOST = 4.0  # deviations by which a bad value may be worse than one that is one deviation above the median
FARTHEST = 1e300  # deviations above the median beyond which a value counts no more: `compressed` is at its limit there
LEAST = math.ulp(0.0)  # of a factor between losses and tame values, which must have a logarithm
RUNNERS_UP, APART = 3, 0.02  # how many are told, and how far apart, as a share of the range


@dataclass(frozen=True)
class Goal:
    """What is maximised: acquisition number ``kind``, plus the logarithm of the user's prior times ``weight``."""

    kind: int
    best: float
    kappa: float
    weight: float


def propose(
    space: Space, seen: Sequence[Result], pending: Sequence[dict[str, Any]], number: int, rng: np.random.Generator,
    acquisition: str = "log_ei", kappa: float = 2.0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The next point and the reasons, as plain data; LookupError if no new point was found."""
    prepare()
    encoding = Encoding(space)
    losses = np.array([result.value for result in seen])
    kept = remembered(losses, REMEMBERED)
    values = tamed(losses[kept])
    process = process_of(encoding, encoding.rows([seen[i].params for i in kept]), values.tame)
    process = believed(process, encoding.rows(list(pending)))
    margin = MARGIN if acquisition == "pi" else 0.0
    goal = Goal(
        ACQUISITIONS.index(acquisition), float(process.values.min()) - margin, kappa, BELIEF / max(number, 1))
    taken = {space.key(params) for params in pending} | {space.key(result.params) for result in seen}
    ranked = search(encoding, process, goal, taken, rng)
    if not ranked:
        raise LookupError("no candidate is new")
    return ranked[0].params, reasons(encoding, process, goal, values, ranked)


# What was seen -------------------------------------------------------------------------------------------------------


class Tamed(NamedTuple):
    """Values as the process sees them; a loss better than the median is offset + factor · tame."""

    tame: np.ndarray
    offset: float
    factor: float


def tamed(losses: np.ndarray) -> Tamed:
    """Values as the process sees them: failures as the worst, the worse half compressed, mean 0 and deviation 1.

    How bad a bad value is tells little of where the good ones are, but 1e12 would flatten all the rest. So a value that
    is further above the median than the better half's deviation around it is compressed (`compressed`).
    """
    known = losses[np.isfinite(losses)]
    if not len(known) or known.min() == known.max():
        failed = np.where(np.isfinite(losses), 0.0, 1.0)
        return Tamed(failed if len(known) else 0.0 * failed, float(known[0]) if len(known) else 0.0, 1.0)
    scale = float(np.abs(known).max())
    values = np.where(np.isfinite(losses), losses, known.max()) / scale
    middle = float(np.median(values))
    better = values[values < middle]
    if not len(better):  # half of them or more are the least: measure by those just above
        better = np.sort(values[values > middle])[: max(1, int(np.sum(values > middle)) // 2)]
    spread = root_mean_square(better - middle) if len(better) else 0.0
    if spread > 0.0:
        with np.errstate(over="ignore"):
            above = np.minimum((values - middle) / spread, FARTHEST)
        values = middle + spread * np.array([compressed(z) for z in above.tolist()])
    offset = float(np.mean(values))
    factor = max(root_mean_square(values - offset), LEAST)
    return Tamed((values - offset) / factor, scale * offset, max(scale * factor, LEAST))


def root_mean_square(values: np.ndarray) -> float:
    """Root of the mean of the squares, of values of any size: a power of two scales them before they are squared.

    >>> root_mean_square(np.array([3e-200, 3e-200]))
    3e-200
    """
    _, exponent = math.frexp(float(np.abs(values).max()))
    return math.ldexp(math.sqrt(float(np.mean(np.ldexp(values, -exponent) ** 2))), exponent)


def compressed(z: float, most: float = MOST) -> float:
    """A value in deviations above the median: the same up to 1, and then ever less, so that none is above 1 + most.

    Formula [compressed_value]
        c = z if z <= 1 else 1 + m · (z − 1) / (m + z − 1)
    Where
        z: z, scalar, in [0, 3]
        m: most, scalar, > 0
    Returns
        c, in the order of the z, with no kink at 1: its slope there is 1 from both sides.
    Variant
        Others cut bad values off, or put ranks in the place of values (Song et al. 2024, appendix B), which loses
        more of the shape.
    Source
        The saturation of Michaelis and Menten (1913).
    Example
        >>> compressed(0.5), compressed(1.0), compressed(5.0, most=4.0)
        (0.5, 1.0, 3.0)
    """
    return z if z <= 1.0 else 1.0 + most * ((z - 1.0) / (most + z - 1.0))


def remembered(losses: np.ndarray, most: int) -> np.ndarray:
    """Numbers of the trials that are used, in order: all, or ``most``, half of them the best, the others by rank."""
    if len(losses) <= most:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")  # NaN comes last
    others = np.linspace(most // 2, len(losses) - 1, most - most // 2).astype(np.int64)
    return np.sort(np.concatenate([order[: most // 2], order[others]]))


def centre_and_width(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """The normal prior of θ: lengths grow with the root of the number of axes, as distances in a cube do."""
    centre = [math.log(0.4 * math.sqrt(dimensions))] * dimensions + [0.0, math.log(1e-2), math.log(1e-5)]
    return np.array(centre), np.array([1.0] * dimensions + [1.0, 2.0, 1.5])


def learned(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """θ that is most probable."""
    centre, width = centre_and_width(rows.shape[1])
    part = remembered(values, LEARNED_FROM)
    theta, _ = gp.learn(rows[part], values[part], encoding.overlap, centre, centre, width, EVALUATIONS)
    return theta


def process_of(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> gp.Process:
    """A Gaussian process that has seen tame values at rows of the encoding, with the parameters learned from them."""
    return gp.condition(rows, values, encoding.overlap, learned(encoding, rows, values))


def believed(process: gp.Process, pending: np.ndarray) -> gp.Process:
    """The process as if each running trial had found what is believed of it: its mean stays, its deviation shrinks.

    This is the kriging believer of Ginsbourger, Le Riche and Carraro (2010).
    """
    if not len(pending):
        return process
    means, _ = gp.predict(process, pending)
    return gp.condition(
        np.concatenate([process.rows, pending]), np.concatenate([process.values, means]), process.overlap,
        process.theta, process.mean)


# Where the acquisition is highest ------------------------------------------------------------------------------------


def score(encoding: Encoding, process: gp.Process, goal: Goal, points: np.ndarray) -> np.ndarray:
    """What is maximised, at each of some rows, (m,)."""
    means, variances = gp.predict(process, points)
    values = _scores(means, variances, goal.kind, goal.best, goal.kappa)
    return values + goal.weight * encoding.log_beliefs(points) if encoding.has_prior else values


@jit.loop_in_order
def _scores(means, variances, kind, best, kappa):
    out = np.empty(len(means))
    for i in range(len(means)):
        out[i] = acquired(kind, means[i], math.sqrt(variances[i]), best, kappa)[0]
    return out


@jit.loop_in_order
def _at(rows, overlap, theta, mean, upper, alpha, kind, best, kappa, centre, sharpness, point, column, work):
    """Acquisition at one point, and its gradient along the axes; along an axis of choices it means nothing."""
    n, d = rows.shape
    lengths, signal, rough = gp.lengths_of(theta), math.exp(theta[d]), math.exp(theta[d + 1])
    distances = np.empty(n)
    for i in range(n):
        distances[i] = gp.scaled_distance(rows[i], point, overlap, lengths)
        column[i] = gp.rough_kernel(distances[i], signal, rough)
    mu = gp.posterior_mean(mean, column, alpha)
    gp.solve_lower(upper, column.reshape((n, 1)))
    variance = max(gp.posterior_variance(signal + rough, column), 1e-12 * (signal + rough))
    for i in range(n):
        work[i] = column[i]
    gp.solve_upper(upper, work)
    deviation = math.sqrt(variance)
    value, by_mean, by_deviation = acquired(kind, mu, deviation, best, kappa)
    slopes = np.zeros(d)
    for i in range(n):  # dc/dx = -slope · (x - x') / length²
        pull = by_mean * alpha[i] - by_deviation / deviation * work[i]
        pull *= -gp.rough_kernel_slope(distances[i], signal, rough)
        for j in range(d):
            slopes[j] += pull * (point[j] - rows[i, j])
    for j in range(d):
        slopes[j] = slopes[j] / lengths[j] ** 2 - sharpness[j] * (point[j] - centre[j])
        value -= 0.5 * sharpness[j] * (point[j] - centre[j]) ** 2
    return value, slopes


@jit.loop_in_order
def climb(
    rows, overlap, theta, mean, upper, alpha, kind, best, kappa, centre, sharpness, free, starts, evaluations,
):
    """Climb from each of some rows (m, d), in place, along the axes where ``free`` (m, d) is 1, within the unit cube.

    Steps have the length of Barzilai and Borwein (1988), measured in each axis's own length; one that goes too far is
    shortened.
    """
    d = rows.shape[1]
    column, work = np.empty(len(rows)), np.empty(len(rows))
    scale, sharp, point, moved = np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    for s in range(len(starts)):
        for j in range(d):
            scale[j] = min(math.exp(2.0 * theta[j]), 1.0) * free[s, j]
            sharp[j] = sharpness[j] * free[s, j]
            point[j] = moved[j] = starts[s, j]
        value, slopes, promise, rate = -np.inf, np.zeros(d), 0.0, 0.0
        for used in range(evaluations):
            new_value, new_slopes = _at(rows, overlap, theta, mean, upper, alpha, kind, best, kappa, centre, sharp,
                                        moved, column, work)
            climbs = used == 0 or new_value >= value + 1e-4 * promise
            if used == 0:
                for j in range(d):
                    rate = max(rate, abs(new_slopes[j]) * math.sqrt(scale[j]))
                rate = 0.1 / max(rate, 1e-300)
            elif climbs:
                length, bend = 0.0, 0.0
                for j in range(d):
                    if scale[j] > 0.0:
                        length += (moved[j] - point[j]) ** 2 / scale[j]
                        bend -= (moved[j] - point[j]) * (new_slopes[j] - slopes[j])
                rate = length / bend if bend > 1e-300 else 4.0 * rate
            else:
                rate *= 0.25
            if climbs:
                value, slopes = new_value, new_slopes
                for j in range(d):
                    point[j] = moved[j]
            promise = 0.0
            for j in range(d):
                if scale[j] > 0.0:
                    moved[j] = min(max(point[j] + rate * scale[j] * slopes[j], 0.0), 1.0)
                promise += (moved[j] - point[j]) * slopes[j]
            if promise < 1e-9:
                break
        for j in range(d):
            starts[s, j] = point[j]


def climbed(encoding: Encoding, process: gp.Process, goal: Goal, starts: np.ndarray) -> np.ndarray:
    """The rows where climbs from ``starts`` end."""
    ends = np.ascontiguousarray(starts)
    if encoding.continuous.any() and len(ends):
        p = process
        free = np.where(encoding.active(ends) & encoding.continuous, 1.0, 0.0)
        centre, sharpness = encoding.prior()
        climb(p.rows, p.overlap, p.theta, p.mean, p.upper, p.alpha, goal.kind, goal.best, goal.kappa, centre,
              goal.weight * sharpness, free, ends, CLIMB)
    return encoding.snapped(ends)


def candidates(encoding: Encoding, process: gp.Process, rng: np.random.Generator, m: int) -> np.ndarray:
    """Rows to look at first: half anywhere, half around the best points seen."""
    d = len(encoding.parameters)
    anywhere = encoding.from_unit(rng.random((m // 2, d)))
    order = np.argsort(process.values, kind="stable")[:5]
    near = process.rows[order[np.arange(m - m // 2) % len(order)]].copy()
    spread = 0.3 ** rng.integers(1, 4, (len(near), 1))
    near = near + spread * rng.standard_normal(near.shape) * (encoding.overlap == 0.0)
    other = encoding.from_unit(rng.random(near.shape))
    swapped = (rng.random(near.shape) < 1.0 / d) & (encoding.counts > 0)
    near = np.where(swapped, other, near)
    return np.concatenate([anywhere, encoding.snapped(near)])


class Candidate(NamedTuple):
    """A point that may be proposed: what is maximised there, its row and its params."""

    value: float
    row: np.ndarray
    params: dict[str, Any]


def search(
    encoding: Encoding, process: gp.Process, goal: Goal, taken: set[Any], rng: np.random.Generator,
) -> list[Candidate]:
    """The best points that have not come, the best first, each in a neighbourhood of its own."""
    pool = candidates(encoding, process, rng, CANDIDATES if len(process.rows) <= LEARNED_FROM else CANDIDATES // 2)
    pool = pool[[encoding.space.allows(encoding.params(row)) for row in pool]] if encoding.space.constraint else pool
    scores = score(encoding, process, goal, pool)
    tops = climbed(encoding, process, goal, pool[np.argsort(-scores, kind="stable")[:CLIMBERS]])
    if encoding.counts.any():
        tops = moved(encoding, process, goal, tops)
    pool = np.concatenate([tops, pool])
    scores = np.concatenate([score(encoding, process, goal, tops), scores])
    found = new_ones(encoding, pool, scores, taken)
    return [Candidate(float(scores[index]), pool[index], params) for index, params in found]


def new_ones(
    encoding: Encoding, pool: np.ndarray, scores: np.ndarray, taken: set[Any],
) -> list[tuple[int, dict[str, Any]]]:
    """Numbers and params of the best rows that are new, allowed and apart from each other."""
    found: list[tuple[int, dict[str, Any]]] = []
    looked_at = set()
    for index in np.argsort(-scores, kind="stable").tolist():
        row = pool[index]
        if row.tobytes() in looked_at or any(np.abs(row - pool[other]).max() < APART for other, _ in found):
            continue
        looked_at.add(row.tobytes())
        params = encoding.params(row)
        if encoding.space.key(params) not in taken and encoding.space.allows(params):
            found.append((index, params))
            if len(found) > RUNNERS_UP:
                break
    return found


def moved(encoding: Encoding, process: gp.Process, goal: Goal, tops: np.ndarray) -> np.ndarray:
    """The rows after moves over steps and choices, each followed by a climb, as long as that helps."""
    tops = tops[distinct(tops)]
    values = score(encoding, process, goal, tops)
    moving = list(range(len(tops)))
    for _ in range(ROUNDS):
        around = [encoding.neighbours(tops[i]) for i in moving]
        ends = np.cumsum([len(rows) for rows in around]).tolist()
        scores = score(encoding, process, goal, np.concatenate([*around, tops[:0]]))
        starts = {}
        for i, rows, end in zip(moving, around, ends, strict=True):
            mine = scores[end - len(rows) : end]
            if len(mine) and mine.max() > values[i]:
                starts[i] = rows[int(np.argmax(mine))]
        if not starts:
            break
        reached = climbed(encoding, process, goal, np.array(list(starts.values())))
        for i, row, value in zip(starts, reached, score(encoding, process, goal, reached).tolist(), strict=True):
            if value > values[i]:
                tops[i], values[i] = row, value
        moving = list(starts)
    return tops


def distinct(rows: np.ndarray) -> list[int]:
    """Numbers of the rows that are apart from those before them."""
    kept: list[int] = []
    for i, row in enumerate(rows):
        if all(np.abs(row - rows[other]).max() >= APART for other in kept):
            kept.append(i)
    return kept


# Compiling -----------------------------------------------------------------------------------------------------------


@cache
def prepare() -> None:
    """Compile what the search runs, all at once, so that the user is told, where it is not compiled yet."""
    vector, matrix = np.zeros(1), np.zeros((1, 1))
    loops: list[tuple[Any, tuple[Any, ...]]] = [
        (gp.solve_lower, (matrix, matrix)), (gp.solve_upper, (matrix, vector)), (gp.factored, (matrix, vector, vector)),
        (gp.inverse, (matrix,)), (gp.chain_rule, (matrix, vector, vector, matrix, matrix, vector)),
        (gp.believe, (matrix, vector, vector, 1.0, matrix, vector, matrix)), (_scores, (vector, vector, 1, 1.0, 1.0)),
        (climb, (matrix, vector, vector, 1.0, matrix, vector, 1, 1.0, 1.0, vector, vector, matrix, matrix, 1))]
    jit.prepare([jit.loop_job(loop, arguments) for loop, arguments in loops])


# Why -----------------------------------------------------------------------------------------------------------------


def reasons(
    encoding: Encoding, process: gp.Process, goal: Goal, values: Tamed, ranked: Sequence[Candidate],
) -> dict[str, Any]:
    """Why the first of some candidates is proposed, in units of the loss; for the worse half that scale is warped.

    ``value`` is the acquisition alone; ``belief`` is what the user's prior adds to it.
    """
    rows = np.array([candidate.row for candidate in ranked])
    means, variances = gp.predict(process, rows)
    believed = goal.weight * encoding.log_beliefs(rows) if encoding.has_prior else np.zeros(len(rows))
    entries = [
        {"params": candidate.params, "mean": in_loss(values, mean),
         "deviation": within_floats(values.factor * math.sqrt(variance)),
         "value": _in_units(values, goal.kind, candidate.value - belief), "belief": belief}
        for candidate, mean, variance, belief in zip(
            ranked, means.tolist(), variances.tolist(), believed.tolist(), strict=True)]
    d, first = len(encoding.parameters), entries[0]
    return {
        "model": "gp", "acquisition": ACQUISITIONS[goal.kind],
        **{name: first[name] for name in ("value", "belief", "mean", "deviation")},
        "best": in_loss(values, float(values.tame.min())), "target": in_loss(values, goal.best),
        "trials": len(values.tame), "pending": len(process.rows) - len(values.tame), "runners_up": entries[1:],
        "lengths": {name: math.exp(process.theta[j]) for j, name in enumerate(encoding.space.names)
                    if encoding.parameters[j].count != 1},
        **dict(zip(("signal", "rough", "noise"), np.exp(process.theta[d:]).tolist(), strict=True))}


def in_loss(values: Tamed, tame: float) -> float:
    """A tame value in units of the loss."""
    return within_floats(values.offset + values.factor * tame)


def within_floats(value: float) -> float:
    """A value, or the largest float where it has overflowed: JSON, in which reasons are kept, has no infinity."""
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def _in_units(values: Tamed, kind: int, value: float) -> float:
    """An acquisition of tame values in units of the loss; a probability has none."""
    name = ACQUISITIONS[kind]
    if name == "bound":
        return within_floats(values.factor * value - values.offset)
    return value + math.log(values.factor) if name == "log_ei" else value


def explain(why: dict[str, Any]) -> str:
    """Say the reasons of a Gaussian process's suggestion in words."""
    unknown = f" (and {why['pending']} whose loss is unknown, as it believes them to end)" if why["pending"] else ""
    name = {"log_ei": "expected improvement is", "pi": f"probability of less than {why['target']:.4g} is",
            "bound": "loss that may be hoped for is"}[why["acquisition"]]
    beaten = f" (the next candidate's: {_told(why, why['runners_up'][0])})" if why["runners_up"] else ""
    prior = f" The user's prior takes {-why['belief']:.2g} off its logarithm." if why["belief"] else ""
    shortest = sorted(why["lengths"], key=why["lengths"].get)[:2]
    told = " and ".join(f"{axis} (length {why['lengths'][axis]:.2g})" for axis in shortest)
    fastest = f" The loss changes fastest along {told}." if len(shortest) > 1 else ""
    return (
        f"A Gaussian process of {why['trials']} trials{unknown} believes the loss here to be {why['mean']:.4g} ± "
        f"{why['deviation']:.2g}, where the best so far is {why['best']:.4g}: the {name} {_told(why, why)}{beaten}."
        f"{prior}{fastest}")


def _told(why: dict[str, Any], entry: dict[str, Any]) -> str:
    """The acquisition of a candidate, as one would say it."""
    if why["acquisition"] == "bound":
        return f"{-entry['value']:.4g}"
    return f"{math.exp(entry['value']):.2g}" if entry["value"] > -700.0 else f"1e{entry['value'] / math.log(10.0):.0f}"
