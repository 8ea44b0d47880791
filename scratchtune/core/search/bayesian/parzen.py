"""A tree-structured Parzen estimator (TPE) models good and bad trials by two densities, l and g, and maximises l / g.

The finished trials are ordered by value and split. The good ones give the density l, the others the density g, each a
`mixture` of kernels. Candidates are drawn from l, and the one with the highest log l − log g is proposed: for a given
split this orders candidates as the expected improvement does.

In a space with conditions the branch is drawn first: which of the conditional parameters the next trial has. The trials
are then those of this branch; all trials, if it has too few, or no new point.

Only the order of the trials counts (`Result.order`), so a value of 1e12 does no harm. Pending trials count as bad, so
that trials that run at the same time are not close to each other.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search.bayesian import reading
from scratchtune.core.search.bayesian.mixture import MANY, Axis, Mixture, axes_of, count_of_ranges
from scratchtune.core.search.random import RandomSearch, params_at_quantiles
from scratchtune.core.search.searcher import Pending, Result, Rng
from scratchtune.core.search.space import Space

ROUNDS = 20  # batches that are drawn, at most, to find candidates that are new and allowed
RANDOM = 32  # random points, so that branches without a trial are drawn too
LEAST = 4  # finished trials of a branch, for densities of its own
# For about a hundred trials:
GAMMA, MOST_GOOD = 0.15, 25  # the share of the trials that are good, and the largest number of them
MOST_GOOD_OF_MANY = 8  # the largest number where ten or more ranges are searched (`mixture.MANY`)
CANDIDATES = 48  # new points that are drawn from the good density; more of them explore less
PRIOR_WEIGHT = 1.0  # of the prior in a mixture, where a trial has 1; more of it explores more
SMOOTHING = 0.2  # weight of the prior in the kernel of a choice, where the choice itself has 1
RECENT = 25  # bad trials, the last ones, with full weight; earlier ones have less, the first the least


class Densities(NamedTuple):
    """The model: two densities, and the trials that they are fitted to, seen ones before pending ones.

    ``codes`` (n, d) are the trials (see `mixture`); ``good`` and ``bad`` are indices of its rows, and ``failed`` is how
    many of them have failed.
    """

    good_density: Mixture
    bad_density: Mixture
    codes: np.ndarray
    good: np.ndarray
    bad: np.ndarray
    failed: int = 0


# The split -----------------------------------------------------------------------------------------------------------


def good_count(n: int, gamma: float, most: int) -> int:
    """How many of n trials are good: the share gamma of them, rounded up, and never more than ``most``.

    Formula [tpe_good_count]
        k = min(−floor(−(γ · n)), most)
    Where
        n: n, scalar, integer >= 1, finished trials
        γ: gamma, scalar, in (0, 1)
        most: most, scalar, integer >= 1
    Returns
        k, an integer.
    Variant
        Optuna has γ = 0.1 and most = 25. Hyperopt has √n / 4 instead of a share, and most = 25.
    Source
        Bergstra et al. (2011), section 4; Watanabe (2023), section 3.1, "linear".
    Example
        >>> good_count(41, 0.1, 25)
        5
    """
    return min(-math.floor(-(gamma * n)), most)


def probability_good(log_ratio: float, gamma: float) -> float:
    """Probability that a point is good, by Bayes's rule from the two densities there and the share of good trials.

    Formula [tpe_probability]
        p = γ / (γ + (1 − γ) · exp(−r))
    Where
        r: log_ratio, scalar, real, log l − log g
        γ: gamma, scalar, in (0, 1)
    Returns
        p, a probability. The expected improvement is proportional to it, so the highest ratio is the best candidate.
    Source
        Bergstra et al. (2011), section 4.1: EI is proportional to 1 / (γ + (1 − γ) · g / l).
    Example
        >>> probability_good(0.0, 0.25)
        0.25
    """
    return gamma / (gamma + (1.0 - gamma) * math.exp(-log_ratio))


def log_ratio(log_l: np.ndarray, log_g: np.ndarray) -> np.ndarray:
    """What is maximised: the logarithm of the ratio l / g.

    Formula [tpe_ratio]
        rₙ = lₙ − gₙ
    Where
        l: log_l, (n,), real, log density of the good trials
        g: log_g, (n,), real, log density of the bad trials
    Returns
        r, above 0 where the density of the good trials is higher.
    Source
        Bergstra et al. (2011), section 4.1.
    Example
        >>> log_ratio(np.array([1.5]), np.array([0.5])).tolist()
        [1.0]
    """
    return log_l - log_g


# The search ----------------------------------------------------------------------------------------------------------


def propose(
    space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the params to try next, and why, as plain data; at least one result must be given."""
    branch = branch_for(space, seen, pending, rng)
    model, candidates, why = _with_candidates(space, seen, pending, rng, branch)
    if branch is not None and not len(candidates):  # a branch that is exhausted, or not allowed
        model, candidates, why = _with_candidates(space, seen, pending, rng, None)
    if not len(candidates):
        drawn = RandomSearch().suggest(space, seen, pending, number, rng)
        return drawn.params, {**why, "phase": "rest", "drawn": drawn.why}
    return choose(model, candidates, why)


def _with_candidates(
    space: Space, seen: Sequence[Result], pending: Pending, rng: Rng, branch: frozenset[str] | None,
) -> tuple[Densities, np.ndarray, dict[str, Any]]:
    """The model of a branch's trials (None: of all), candidates drawn from its good density, and the reasons so far."""
    own_seen, own_pending = trials_in(space, branch, seen, pending)
    is_of_all = own_seen is seen  # no branch, or too few of its trials are finished
    model = fitted_densities(space, own_seen, own_pending, part=None if is_of_all else branch)
    why: dict[str, Any] = {
        "phase": "model", "good": len(model.good), "bad": len(model.bad), "pending": len(own_pending),
        "failed": model.failed,
        "gamma": len(model.good) / len(model.codes)}
    if branch is not None:
        why["branch"] = {"names": sorted(branch), "of_all": is_of_all, "pending": len(pending)}
    taken = model.codes if is_of_all else codes_of(space, seen, pending)  # no point of any branch is proposed twice
    return model, draw_candidates(space, model.good_density, taken, rng, branch), why


def branch_for(space: Space, seen: Sequence[Result], pending: Pending, rng: Rng) -> frozenset[str] | None:
    """The conditional parameters that the next trial has; None in a space without conditions."""
    if not any(space.conditions.values()):
        return None
    axes = axes_of(space)
    codes = codes_of(space, seen, pending)
    good, bad = split(*reading.read(reading.losses_and_violations, space, seen).T)
    random = [params_at_quantiles(space, rng.random(len(space.names))) for _ in range(RANDOM)]
    allowed = codes_of(space, [], [params for params in random if space.allows(params)])
    exists = drawn_branch(axes, codes, good, np.append(bad, np.arange(len(seen), len(codes))), allowed, rng)
    return frozenset(axis.name for axis, here in zip(axes, exists.tolist(), strict=True) if here and axis.conditions)


def trials_in(
    space: Space, branch: Collection[str] | None, seen: Sequence[Result], pending: Pending,
) -> tuple[Sequence[Result], Sequence[dict[str, Any]]]:
    """The trials with these conditional parameters; all, if fewer than `LEAST` of them are finished."""
    if branch is None:
        return seen, pending
    names = set(branch)

    def is_of(params: dict[str, Any]) -> bool:
        return {name for name, when in space.conditions.items() if when and space.is_active(name, params)} == names

    own = [result for result in seen if is_of(result.params)]
    if len(own) < LEAST:
        return seen, pending
    return own, [params for params in pending if is_of(params)]


def fitted_densities(
    space: Space, seen: Sequence[Result], pending: Pending, part: frozenset[str] | None = None,
) -> Densities:
    """Split the trials seen into good and bad ones, and fit a density to each; pending trials count as bad.

    ``part``: the branch whose trials these are, by which `reading.read` finds those that it has read; None for all.
    """
    axes = axes_of(space)
    codes = codes_of(space, seen, pending, part)
    ranges = count_of_ranges(axes, codes)
    losses, violations = reading.read(reading.losses_and_violations, space, seen, part).T
    good, bad = split(losses, violations, MOST_GOOD_OF_MANY if ranges >= MANY else MOST_GOOD)
    bad = np.append(bad, np.arange(len(seen), len(codes)))
    more = PRIOR_WEIGHT, SMOOTHING, ranges
    good_density = Mixture(axes, codes[good], np.ones(len(good)), *more)
    bad_density = Mixture(axes, codes[bad], weights_by_age(len(bad)), *more)
    return Densities(good_density, bad_density, codes, good, bad, int((~np.isfinite(losses)).sum()))


def codes_of(
    space: Space, seen: Sequence[Result], pending: Pending, part: frozenset[str] | None = None,
) -> np.ndarray:
    """The trials as codes, (n, d), seen ones before pending ones."""
    added = np.column_stack([axis.read(pending) for axis in axes_of(space)])
    return np.concatenate([reading.read(reading.codes, space, seen, part), added]) if len(seen) else added


def split(losses: np.ndarray, violations: np.ndarray, most: int = MOST_GOOD) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the good trials, the best first (`Result.order`), and of the others in order; NaN is never good."""
    failed = np.isnan(losses)
    order = np.lexsort((losses, violations, failed))
    count = min(good_count(len(losses), GAMMA, most), len(losses) - int(failed.sum()))
    return order[:count], np.sort(order[count:])


def weights_by_age(count: int, recent: int = RECENT) -> np.ndarray:
    """Weights of trials in order: the last ``recent`` have 1; those before rise linearly from 1 / count to 1."""
    weights = np.ones(count)
    earlier = max(count - recent, 0)
    weights[:earlier] = np.linspace(1.0 / max(count, 1), 1.0, earlier)
    return weights


def draw_candidates(
    space: Space, good_density: Mixture, taken: np.ndarray, rng: Rng, branch: frozenset[str] | None = None,
) -> np.ndarray:
    """`CANDIDATES` different points of a branch from the good density, new and allowed, or fewer if they are rare."""
    old = {row.tobytes() for row in taken}
    absent = np.array([bool(axis.conditions) and axis.name not in (branch or ()) for axis in good_density.axes])
    found: dict[bytes, np.ndarray] = {}
    for _ in range(ROUNDS):
        rows = good_density.draw(CANDIDATES, rng)
        for row in rows if branch is None else rows[(np.isnan(rows) == absent).all(axis=1)]:
            key = row.tobytes()
            if key not in old and key not in found and len(found) < CANDIDATES:
                if space.constraint is None or space.allows(params_at(good_density.axes, row)):
                    found[key] = row
        if len(found) == CANDIDATES:
            break
    return np.array(list(found.values()))


def params_at(axes: Sequence[Axis], row: np.ndarray) -> dict[str, Any]:
    """Return the params of a row of codes; parameters with the code NaN are absent and left out."""
    return {axis.name: axis.value(code) for axis, code in zip(axes, row.tolist(), strict=True) if not math.isnan(code)}


def choose(model: Densities, candidates: np.ndarray, why: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose the candidate with the highest ratio; return its params, and the reasons with the next best candidates."""
    good_density, bad_density = model.good_density, model.bad_density
    log_l, log_g = good_density.log_density(candidates), bad_density.log_density(candidates)
    ratios = log_ratio(log_l, log_g)
    best, *others = np.argsort(-ratios, kind="stable").tolist()
    row, ratio = candidates[best], float(ratios[best])
    parts = log_ratio(good_density.log_density_by_axis(row), bad_density.log_density_by_axis(row)).tolist()
    axes = good_density.axes
    by_parameter = {axis.name: part for axis, part, code in zip(axes, parts, row, strict=True) if not math.isnan(code)}
    return params_at(axes, row), {
        **why, "candidates": len(candidates), "log_l": float(log_l[best]), "log_g": float(log_g[best]),
        "log_ratio": ratio, "probability_good": probability_good(max(ratio, -700.0), why["gamma"]),
        "by_parameter": by_parameter,
        "runners_up": [{"params": params_at(axes, candidates[i]), "log_ratio": float(ratios[i])}
                       for i in others[:2]]}


# Branches ------------------------------------------------------------------------------------------------------------
#
# The ratio of the two densities can't choose a branch: it would nearly always prefer that with the most trials, whose
# densities are the most concentrated. So each parameter that conditions name, such as the optimizer of which one value
# has a momentum, is decided on its own, by Thompson sampling.


def beta_parameter(count: int) -> int:
    """A parameter of the beta distribution of the probability that a trial is good: the first, or the second.

    Formula [tpe_branch_posterior]
        a = 1 + k
    Where
        k: count, scalar, integer >= 0, good trials for the first parameter, the others for the second
    Returns
        a. Before any trial both are 1: the distribution is uniform. With a and b the mean is a / (a + b).
    Source
        Thompson (1933); Chapelle and Li (2011), "An empirical evaluation of Thompson sampling", section 2.
    Example
        >>> beta_parameter(4)
        5
    """
    return 1 + count


def drawn_branch(
    axes: Sequence[Axis], codes: np.ndarray, good: np.ndarray, bad: np.ndarray, random: np.ndarray, rng: Rng,
) -> np.ndarray:
    """Draw which axes exist in the next trial: booleans (d,).

    ``good`` and ``bad`` are rows of the trials' ``codes`` (n, d). For each axis that conditions name, the trials that
    have it are counted by which of these conditions hold. The probability that a trial is good is drawn for each of
    these outcomes from its posterior, and the highest wins: an outcome without a good trial is tried from time to time,
    the more seldom the more often it was bad. The outcomes are those of the trials and of ``random`` points (m, d).
    """
    exists = np.ones(len(axes), dtype=bool)
    for j, children in _children(axes).items():
        counts: dict[bytes, list[int]] = {}
        for k, rows in enumerate((codes[good], codes[bad], random)):
            for outcome in _outcomes(rows[~np.isnan(rows[:, j]), j], children):
                count = counts.setdefault(outcome.tobytes(), [0, 0, 0])
                count[k] += 1
        if not exists[j] or not counts:  # or no point with this axis is known
            exists[[child for child, _ in children]] = False
            continue
        drawn = {outcome: rng.beta(beta_parameter(count[0]), beta_parameter(count[1]))
                 for outcome, count in counts.items()}
        holds = np.frombuffer(max(drawn, key=drawn.__getitem__), dtype=bool)
        exists[[child for (child, _), held in zip(children, holds, strict=True) if not held]] = False
    return exists


def _children(axes: Sequence[Axis]) -> dict[int, list[tuple[int, np.ndarray]]]:
    """For each axis that conditions name, the axes that depend on it, and the codes with which they exist."""
    children: dict[int, list[tuple[int, np.ndarray]]] = {}
    for child, axis in enumerate(axes):
        for parent, allowed in axis.conditions:
            children.setdefault(parent, []).append((child, allowed))
    return dict(sorted(children.items()))


def _outcomes(codes: np.ndarray, children: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Whether each condition holds, booleans (n, conditions)."""
    return np.column_stack([np.isin(codes, allowed) for _, allowed in children])


# In words ------------------------------------------------------------------------------------------------------------


def explain(why: Mapping[str, Any]) -> str:
    """Say why a point was proposed, from the reasons of `propose`."""
    drawn = RandomSearch().explain(why["drawn"]) if "drawn" in why else ""
    good, bad = (checks.counted(why[kind], "trial") for kind in ("good", "bad"))
    parts = f"{good} taken as good and {bad} as bad{_of_which(why)}"
    if why["phase"] == "rest":
        return f"With {parts}, no point drawn from the good density was new and allowed. {drawn}"
    text = (
        f"Good trials are {_times(why['log_ratio'])} as dense here as bad ones, the highest ratio of"
        f" {why['candidates']} candidates drawn from the density of the good ones. With {parts}, by Bayes's rule it is"
        f" good with a probability of {why['probability_good']:.0%}; of the trials {why['gamma']:.0%} are.")
    return f"{text}{_branch(why.get('branch'))}{_by_parameter(why['by_parameter'])}{_next_best(why['runners_up'])}"


def _branch(branch: Mapping[str, Any] | None) -> str:
    """Say which branch was drawn first, in a space with conditions."""
    if branch is None:
        return ""
    which = f"The branch with {' and '.join(branch['names'])}" if branch["names"] else (
        "The branch without any conditional parameter")
    others = "; too few trials were in it, so all are counted" if branch["of_all"] else (
        "; good and bad ones are counted among its trials only")
    return f" {which} was drawn first{others}."


def _of_which(why: Mapping[str, Any]) -> str:
    """How many of the bad trials have failed or are pending."""
    kinds = [f"{why[kind]} {kind}" for kind in ("failed", "pending") if why[kind]]
    return f", {' and '.join(kinds)} among them" if kinds else ""


def _times(logarithm: float) -> str:
    """A ratio from its logarithm, such as "4.1 times"."""
    return f"{math.exp(min(logarithm, 700.0)):.3g} times"


def _by_parameter(parts: Mapping[str, float]) -> str:
    """The factors of l / g by parameter, from their logarithms; of more than four only the four farthest from 1."""
    if len(parts) < 2:
        return ""
    strongest = sorted(parts.items(), key=lambda part: -abs(part[1]))[:4]
    factors = ", ".join(f"{name} {_times(part)}" for name, part in strongest)
    which = "Factors of the ratio" if len(parts) <= 4 else f"The four strongest of the ratio's {len(parts)} factors"
    return f" {which}: {factors}."


def _next_best(runners_up: Sequence[Mapping[str, Any]]) -> str:
    """Say which candidate was next best."""
    if not runners_up:
        return ""
    params = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in runners_up[0]["params"].items())
    return f" Next best was {params}, with {_times(runners_up[0]['log_ratio'])}."
