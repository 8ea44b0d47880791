"""Genetic operators make the next generation from the last one: selection, crossover, mutation and replacement.

Each is a small function without any reference to trials and studies. Where it is a formula, its random numbers are
arguments, so the same numbers give the same child.

- **Fitness** is f = −loss: larger is better.
- A **gene** is a unit value in [0, 1], x of one parent and y of the other; i runs over genes.
- A **choice** (a category) has no order, so it is never blended: it is inherited from one parent, or drawn again.

Implements section 3.4 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# Replacement ---------------------------------------------------------------------------------------------------------


def survivors(losses: Sequence[float] | np.ndarray, count: int, violations: Any = 0.0) -> list[int]:
    """Indices of the ``count`` fittest, the fittest first; ties go to the earlier one, failures (NaN) are left out.

    Those with ``violations`` above 0 of constraints come after all others.

    Parents and children compete with each other, so the best one so far is never lost: this is elitism, called (μ + λ)
    replacement in evolution strategies.

    >>> survivors([3.0, 1.0, float("nan"), 1.0], 2)
    [1, 3]
    """
    values = np.asarray(losses, dtype=float)
    order = np.lexsort((values, np.broadcast_to(violations, values.shape), np.isnan(values)))
    return [int(k) for k in order[:count] if not math.isnan(losses[k])]


# Selection -----------------------------------------------------------------------------------------------------------


def tournament(fitness: np.ndarray, size: int, rng: np.random.Generator) -> int:
    """Index of the fittest of ``size`` individuals that are drawn with equal probabilities, with replacement."""
    drawn = rng.integers(len(fitness), size=size)
    return int(min(drawn, key=lambda k: (-fitness[k], k)))


def tournament_probability(rank: int, n: int, size: int) -> float:
    """Probability that a rank wins a tournament: all that are drawn have this rank or a worse one, and not all a worse.

    Formula [tournament_probability]
        p = ((n − r) / n)^s − ((n − r − 1) / n)^s
    Where
        r: rank, scalar, integer >= 0; sampled in [0, 3], 0 for the fittest
        n: n, scalar, integer >= 1; sampled >= 4, individuals
        s: size, scalar, integer >= 1, individuals that are drawn
    Returns
        p, a probability; the p of all ranks add up to 1.
    Source
        Blickle and Thiele (1996), "A comparison of selection schemes used in evolutionary algorithms",
        on tournament selection.
    Example
        >>> [tournament_probability(rank, 2, 2) for rank in (0, 1)]
        [0.75, 0.25]
    """
    return ((n - rank) / n) ** size - ((n - rank - 1) / n) ** size


def roulette_shares(fitness: np.ndarray, base: float) -> np.ndarray:
    """Share of the roulette wheel of each individual: its fitness above that of the least fit one, plus a base.

    Formula [roulette_shares]
        pᵢ = (fᵢ − minₖ[fₖ] + b) / Σⱼ[fⱼ − minₖ[fₖ] + b]
    Where
        f: fitness, (i,), real
        b: base, scalar, > 0, the part of the least fit one
    Returns
        p, probabilities.
    Variant
        Holland's wheel has fᵢ / Σⱼ[fⱼ], which requires a fitness above zero, and hardly selects once all are similar.
    Source
        Goldberg (1989), "Genetic Algorithms in Search, Optimization and Machine Learning", chapter 1; the window, which
        subtracts the least fitness: Grefenstette (1986).
    Example
        >>> roulette_shares(np.array([-3.0, -1.0]), 1.0).tolist()
        [0.25, 0.75]
    """
    above = fitness - np.min(fitness) + base
    return above / np.sum(above)


def roulette(fitness: np.ndarray, rng: np.random.Generator) -> int:
    """Index of the individual that the roulette wheel selects; the base is 1/n of the range of the fitness."""
    scaled = fitness / max(1.0, float(np.max(np.abs(fitness))))  # so that no difference overflows
    width = float(np.max(scaled) - np.min(scaled))
    shares = roulette_shares(scaled, width / len(scaled) if width > 0.0 else 1.0)
    return min(int(np.searchsorted(np.cumsum(shares), rng.random(), side="right")), len(shares) - 1)


# Crossover -----------------------------------------------------------------------------------------------------------


def uniform_crossover(x: np.ndarray, y: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Each gene is that of one of the parents, with equal probabilities.

    Formula [uniform_crossover]
        cᵢ = xᵢ if uᵢ < 0.5 else yᵢ
    Where
        x: x, (i,), in [0, 1]
        y: y, (i,), in [0, 1]
        u: u, (i,), in [0, 1], uniform random numbers
    Returns
        c, the child's genes.
    Variant
        One-point and two-point crossover keep neighbouring genes together; hyper-parameters have no meaningful order.
    Source
        Syswerda (1989), "Uniform crossover in genetic algorithms".
    Example
        >>> uniform_crossover(np.array([0.1, 0.2]), np.array([0.8, 0.9]), np.array([0.3, 0.7])).tolist()
        [0.1, 0.9]
    """
    return np.where(u < 0.5, x, y)


def blend_crossover(x: np.ndarray, y: np.ndarray, u: np.ndarray, alpha: float) -> np.ndarray:
    """Each gene is drawn uniformly from the interval between the parents', extended by alpha on both sides (BLX-alpha).

    Formula [blend_crossover]
        cᵢ = xᵢ + ((1 + 2 · α) · uᵢ − α) · (yᵢ − xᵢ)
    Where
        x: x, (i,), in [0, 1]
        y: y, (i,), in [0, 1]
        u: u, (i,), in [0, 1], uniform random numbers
        α: alpha, scalar, >= 0; sampled in [0, 1]
    Returns
        c, the child's genes; they may be outside of the unit interval.
    Variant
        With α = 0.5 a child's gene is outside of its parents' as often as between them; the variance of the genes grows
        by a sixth from parents to children, and selection reduces it again.
    Source
        Eshelman and Schaffer (1993), "Real-coded genetic algorithms and interval-schemata".
    Example
        >>> blend_crossover(np.array([0.4]), np.array([0.8]), np.array([0.75]), 0.5).tolist()
        [0.8]
    """
    return x + ((1.0 + 2.0 * alpha) * u - alpha) * (y - x)


def sbx_spread(u: float, eta: float) -> float:
    """Spread factor of simulated binary crossover: the distance of two children, divided by that of their parents.

    Formula [sbx_spread]
        β = (2 · u)^(1 / (η + 1)) if u < 0.5 else (1 / (2 · (1 − u)))^(1 / (η + 1))
    Where
        u: u, scalar, in [0, 1), a uniform random number
        η: eta, scalar, >= 0; sampled in [0, 20], the larger, the closer to the parents
    Returns
        β, below 1 (the children are between the parents) as often as above.
    Variant
        For bounded genes Deb's later code truncates the distribution at the bounds; here genes are reflected there.
    Source
        Deb and Agrawal (1995), "Simulated binary crossover for continuous search space".
    Example
        >>> sbx_spread(0.125, 1.0), sbx_spread(0.875, 1.0)
        (0.5, 2.0)
    """
    if u < 0.5:
        return (2.0 * u) ** (1.0 / (eta + 1.0))
    return (1.0 / (2.0 * (1.0 - u))) ** (1.0 / (eta + 1.0))


def sbx_child(near: float, far: float, beta: float) -> float:
    """One of the two children of simulated binary crossover; with the parents exchanged, the other one.

    Formula [sbx_child]
        c = 0.5 · ((1 + β) · x + (1 − β) · y)
    Where
        x: near, scalar, real, the gene of the parent that this child is nearer to
        y: far, scalar, real
        β: beta, scalar, >= 0
    Returns
        c, a gene; it may be outside of the unit interval. The mean of the two children is that of their parents.
    Source
        Deb and Agrawal (1995).
    Example
        >>> sbx_child(0.25, 0.75, 0.5), sbx_child(0.75, 0.25, 0.5)
        (0.375, 0.625)
    """
    return 0.5 * ((1.0 + beta) * near + (1.0 - beta) * far)


# Mutation ------------------------------------------------------------------------------------------------------------


def mutation_std(genes: np.ndarray, strength: float, least: float) -> float:
    """Standard deviation of a gene's mutation: a share of the parents' standard deviation, but at least ``least``.

    Formula [mutation_std]
        σ = max(s · √(meanₖ[(gₖ − meanₖ[gₖ])²]), l)
    Where
        g: genes, (k,), in [0, 1], one gene of all possible parents
        s: strength, scalar, >= 0; sampled in [0, 2]
        l: least, scalar, >= 0; sampled in (0, 1)
    Returns
        σ; as the parents become more similar, steps become smaller by themselves.
    Variant
        In evolution strategies each individual has its own σ, which is inherited and mutated as well.
    Source
        The population's spread as the measure of a step: Beyer and Deb (2001), "On self-adaptive features in
        real-parameter evolutionary algorithms".
    Example
        >>> mutation_std(np.array([0.25, 0.75]), 0.5, 0.05)
        0.125
    """
    spread = math.sqrt(float(np.mean((genes - np.mean(genes)) ** 2)))
    return max(strength * spread, least)


def gaussian_mutation(gene: float, std: float, z: float) -> float:
    """A step from the normal distribution.

    Formula [gaussian_mutation]
        m = g + σ · z
    Where
        g: gene, scalar, in [0, 1]
        σ: std, scalar, >= 0
        z: z, scalar, real, a standard normal random number
    Returns
        m, the new gene; it may be outside of the unit interval.
    Source
        Rechenberg (1973), "Evolutionsstrategie".
    Example
        >>> gaussian_mutation(0.5, 0.25, -1.0)
        0.25
    """
    return gene + std * z


def polynomial_step(u: float, eta: float) -> float:
    """Step of the polynomial mutation, as a share of the distance to the bound on that side.

    Formula [polynomial_step]
        δ = (2 · u)^(1 / (η + 1)) − 1 if u < 0.5 else 1 − (2 · (1 − u))^(1 / (η + 1))
    Where
        u: u, scalar, in [0, 1], a uniform random number
        η: eta, scalar, >= 0; sampled in [0, 20], the larger, the smaller the steps
    Returns
        δ, from −1 to 1, as often below zero as above.
    Source
        Deb and Goyal (1996), "A combined genetic adaptive search (GeneAS) for engineering design".
    Example
        >>> polynomial_step(0.125, 1.0), polynomial_step(0.875, 1.0)
        (-0.5, 0.5)
    """
    if u < 0.5:
        return (2.0 * u) ** (1.0 / (eta + 1.0)) - 1.0
    return 1.0 - (2.0 * (1.0 - u)) ** (1.0 / (eta + 1.0))


def polynomial_mutation(gene: float, delta: float) -> float:
    """Move a gene by the share delta of its distance to a bound: to 0 if delta is negative, else to 1.

    Formula [polynomial_mutation]
        m = g + δ · (g if δ < 0 else 1 − g)
    Where
        g: gene, scalar, in [0, 1]
        δ: delta, scalar, in [-1, 1]
    Returns
        m, in [0, 1].
    Variant
        In Deb and Goyal's version the step is a share of the whole range, and the result must be clipped.
    Source
        Deb and Goyal (1996), with the step of [polynomial_step] scaled so that it ends at the bound.
    Example
        >>> polynomial_mutation(0.5, -0.5), polynomial_mutation(0.5, 1.0)
        (0.25, 1.0)
    """
    return gene + delta * (gene if delta < 0.0 else 1.0 - gene)


def other_choice(index: int, weights: Sequence[float], rng: np.random.Generator) -> int:
    """Mutation of a choice: the index of another one, drawn by the weights; the same if no other has a weight."""
    others = np.array(weights, dtype=float)
    others[index] = 0.0
    sums = np.cumsum(others)
    if sums[-1] == 0.0:
        return index
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))


def reflected(x: float) -> float:
    """Reflect a gene at 0 and 1 until it is in the unit interval.

    Formula [reflected]
        g = 1 − |1 − (x − 2 · floor(x / 2))|
    Where
        x: x, scalar, real
    Returns
        g, in [0, 1].
    Variant
        Clipping would accumulate children at the bounds.
    Source
        A triangle wave: |x| near zero, 2 − x near one, and so on with the period 2.
    Example
        >>> reflected(-0.25), reflected(0.5), reflected(1.25)
        (0.25, 0.5, 0.75)
    """
    return 1.0 - abs(1.0 - (x - 2.0 * math.floor(x / 2.0)))
