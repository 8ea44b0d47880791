"""The schedule of successive halving: which trial has which budget, and from which trials it is promoted.

Configurations start in the first *rung* of a *bracket*. All trials of a rung have the same budget, and the best 1/eta
of them are promoted to the next rung, with eta times the budget. Only integers are used: with floats log(243) / log(3)
is 4.999999999999999.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


def s_max(max_budget: int, min_budget: int, powers: Sequence[int]) -> int:
    """How often a budget can grow by the factor eta without exceeding the largest.

    Formula [hyperband_s_max]
        s = Σₖ[1 if pₖ · b ≤ R else 0]
    Where
        R: max_budget, scalar, integer >= 1
        b: min_budget, scalar, integer >= 1
        p: powers, (k,), integer >= 1, eta, eta², eta³, ... as far as needed
    Returns
        s, the number of promotions in the longest bracket; there are s + 1 brackets.
    Variant
        The paper writes floor(log(R) / log(η)), with b = 1. Computed so with floats it is 4 for R = 243 and η = 3,
        which loses a bracket.
    Source
        Li et al. (2018), "Hyperband: a novel bandit-based approach to hyperparameter optimization", Algorithm 1.
    Example
        >>> s_max(243, 1, [3, 9, 27, 81, 243, 729])
        5
    """
    return sum(1 for power in powers if power * min_budget <= max_budget)


def bracket_size(longest: int, promotions: int, eta: int) -> int:
    """Number of configurations in the first rung of a bracket, such that all brackets cost about the same.

    Formula [hyperband_bracket_size]
        n = −floor(−((S + 1) · η^s / (s + 1)))
    Where
        S: longest, scalar, integer >= 0; sampled in [0, 5], promotions in the longest bracket, s_max
        s: promotions, scalar, integer >= 0; sampled in [0, 5], promotions in this bracket
        η: eta, scalar, integer >= 2; sampled in [2, 4]
    Returns
        n, an integer; two minus signs around a floor round up.
    Variant
        For R = 81 and η = 3 this gives 81, 34, 15, 8, 5, as the pseudo-code says. The paper's Table 1 has 81, 27, 9, 6,
        5: it takes floor((S + 1) / (s + 1)) · η^s, as do some implementations.
    Source
        Li et al. (2018), Algorithm 1: n = ⌈B / R · η^s / (s + 1)⌉ with B = (s_max + 1) · R.
    Example
        >>> [bracket_size(4, s, 3) for s in (4, 3, 2, 1, 0)]
        [81, 34, 15, 8, 5]
    """
    return -(-(longest + 1) * eta**promotions // (promotions + 1))


def rung_size(configurations: int, eta: int, rung: int) -> int:
    """Number of configurations in a rung: each time the best 1/eta are promoted.

    Formula [hyperband_rung_size]
        m = floor(n / η^i)
    Where
        n: configurations, scalar, integer >= 0; sampled in [0, 500], in the bracket's first rung
        η: eta, scalar, integer >= 2; sampled in [2, 4]
        i: rung, scalar, integer >= 0; sampled in [0, 5], from 0
    Returns
        m, an integer.
    Source
        Li et al. (2018), Algorithm 1: n_i = ⌊n · η^−i⌋.
    Example
        >>> [rung_size(34, 3, i) for i in range(4)]
        [34, 11, 3, 1]
    """
    return configurations // eta**rung


def rung_budget(max_budget: int, eta: int, above: int) -> int:
    """Budget of each trial in a rung: the whole budget in the last rung, divided by eta in each rung before.

    Formula [hyperband_rung_budget]
        r = floor(R / η^k)
    Where
        R: max_budget, scalar, integer >= 1; sampled in [1, 500]
        η: eta, scalar, integer >= 2; sampled in [2, 4]
        k: above, scalar, integer >= 0; sampled in [0, 5], how many rungs follow this one
    Returns
        r, an integer: where R is no power of eta, it is rounded down.
    Variant
        The paper's r_i = R · η^(i−s) is a fraction there; a third of an epoch can't be trained.
    Source
        Li et al. (2018), Algorithm 1.
    Example
        >>> [rung_budget(100, 3, k) for k in (4, 3, 2, 1, 0)]
        [1, 3, 11, 33, 100]
    """
    return max_budget // eta**above


class Rung(NamedTuple):
    """Trials with the same budget in a bracket, and the number of the first of them."""

    bracket: int
    rung: int
    size: int
    budget: int
    start: int


class Row(NamedTuple):
    """A trial: its rung, its rank in it, from 0, and the trials [a, b) of the rung below, None in a first rung."""

    rung: Rung
    rank: int
    parents: tuple[int, int] | None


class Schedule:
    """The trials of brackets, (configurations, promotions) each, in an order in which each comes after what it needs.

    ``by_rung`` orders them by rungs over all brackets, otherwise bracket by bracket. The brackets are ``iterations``
    groups of equally many; each group follows the one before it.
    """

    def __init__(
        self, brackets: Sequence[tuple[int, int]], max_budget: int, eta: int, by_rung: bool, iterations: int = 1,
    ) -> None:
        cells = [(bracket, rung) for bracket, (_, promotions) in enumerate(brackets) for rung in range(promotions + 1)]
        if by_rung:
            each = len(brackets) // iterations
            cells.sort(key=lambda cell: (cell[0] // each, cell[1], cell[0]))
        self.rungs: list[Rung] = []
        self.rows: list[Row] = []
        ranges: dict[tuple[int, int], tuple[int, int]] = {}
        for bracket, level in cells:
            configurations, promotions = brackets[bracket]
            budget, start = rung_budget(max_budget, eta, promotions - level), len(self.rows)
            rung = Rung(bracket, level, rung_size(configurations, eta, level), budget, start)
            self.rungs.append(rung)
            self.rows += [Row(rung, rank, ranges.get((bracket, level - 1))) for rank in range(rung.size)]
            ranges[bracket, level] = start, len(self.rows)
        self.new = [number for number, row in enumerate(self.rows) if row.parents is None]  # trials of first rungs
