"""Habits of a searcher that cost it the race, each found by a short search of its own and named in a sentence.

The searches are small: a bowl of two hyper-parameters, the same bowl upside down, values that are noise, failures in
half of the space, and a space with integers, choices and a condition. Some habits are right by design: a grid and
random search never look at the results. So a name is no verdict; the race is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from lessons.games import KINDS, RANGE, Make, Played, arguments, explained, play
from lessons.landscapes import FULL, LESS, Game, Params
from scratchtune.core.search import Space

SEEDS, TRIALS, LONG = 6, 30, 60
ERRORS = 3.0  # standard errors, from which a difference counts
FLOATS = {"x": st.Float(-3.0, 7.0), "rate": st.Float(1e-4, 1.0, log=True)}
MIXED = {"kind": ["a", "b"], "units": st.Int(1, 300, log=True), "depth": st.Int(1, 4, when={"kind": "b"}),
         "share": st.Float(0.0, 1.0, when={"kind": "a"}), "rate": st.Float(1e-4, 1.0, log=True)}
SLOW, SLOWER = 0.02, 3.0  # seconds for a proposal at the end, and its multiple of one in the middle

REPEATS = ("It proposes a configuration twice ({}): a second measurement tells little, so propose another one if it is "
           "among those of `seen`.")
LINEAR = ("It forgets the logarithmic scale (of {} in a range from 0.0001 to 1, {} are below 0.01, where half of the "
          "scale is): propose unit values, and let space.from_unit scale them.")
WRONG_WAY = "It goes the wrong way, towards worse values: smaller values are better, so prefer the smallest of `seen`."
OUTSIDE = "It leaves the range ({}): such a trial fails; clip unit values to 0 and 1 before space.from_unit."
BREAKS = ("It breaks on a trial that has failed, whose value is NaN ({}): give such a result the worst value seen, "
          "since a comparison with NaN is always false.")
SEEKS_NAN = ("It does not learn from a failed trial, whose value is NaN ({} of its later trials fail, {} where the "
             "same trials have a large value instead): give such a result the worst value seen.")
NEVER_LOOKS = ("It never looks at the results: its proposals are the same whatever they are; that is right for a grid "
               "and for random search, and else `seen` has the results.")
SLOWS = ("It becomes slower with each trial ({:.0f} ms for one at the end, {:.0f} in the middle): do not compute again "
         "for each pair or loop what one array expression does.")
DIFFERS = ("It is not deterministic (trial {} was another one the second time): draw from `rng`, which is keyed by "
           "the seed and the number, and keep nothing between calls.")
STUMBLES = ("It breaks on integers, choices or conditions ({}): make each configuration by space.from_unit; in "
            "space.to_unit(params) what does not exist is NaN, so fill it, as by np.nan_to_num(u, nan=0.5).")


def habits(make: Make, path: Path = Path()) -> list[str]:
    """The habits of a searcher, a sentence each; nothing else where it raises an error in a plain search."""
    bowls = [play(make, bowl(seed), seed, TRIALS) for seed in range(SEEDS)]
    for error in (each.error for each in bowls if each.error is not None):
        return [f"It raises an error in a search of two plain ranges. {explained(error, path)}"]
    noise = [play(make, noisy(seed), seed, TRIALS) for seed in range(SEEDS)]
    mixed = until_error(make, mixed_kinds)
    found = [not_deterministic(make, bowls), repeats(bowls), linear(noise), outside([*bowls, *noise, *mixed])]
    flipped = [play(make, bowl(seed, -1.0), seed, TRIALS) for seed in range(SEEDS)]
    looks = any(_params(a) != _params(b) for a, b in zip(bowls, flipped, strict=True))
    found += [wrong_way(bowls, flipped) if looks else "" if found[0] else NEVER_LOOKS]
    found += [breaks_on_nan(make, path), slower(make), on_kinds([*mixed, *bowls], path)]
    return [each for each in found if each]


def until_error(make: Make, game: Callable[[int], Game]) -> list[Played]:
    """A search for each seed, as far as none raises an error."""
    found: list[Played] = []
    for seed in range(SEEDS):
        found.append(play(make, game(seed), seed, TRIALS))
        if found[-1].error is not None:
            break
    return found


# The searches ---------------------------------------------------------------------------------------------------------


def _game(space: Params, loss: Callable[[np.ndarray, int], float]) -> Game:
    """A game whose values are a loss of the unit values and the trial, in points."""
    made = Space(space)

    def measure(params: Params, budget: float, root: int) -> float:
        u = made.to_unit(params)
        error = np.random.default_rng([root, round(budget)]).normal() * math.sqrt(FULL / budget - 1.0)
        return loss(u, root) + LESS * error

    return Game(made, lambda params: loss(made.to_unit(params), 0), measure)


def bowl(seed: int, sign: float = 1.0) -> Game:
    """A bowl of two ranges, one of them logarithmic; with ``sign`` -1 a hill."""
    o = np.random.default_rng(seed).random(2)
    return _game(FLOATS, lambda u, _: sign * 100.0 * float(np.linalg.norm(u - o)))


def noisy(seed: int) -> Game:
    """Values that are noise."""
    values = np.random.default_rng(seed).normal(size=1000) * 50.0
    return _game(FLOATS, lambda u, root: float(values[root]))


def failing(seed: int, value: float) -> Game:
    """A bowl in one half of the space; in the other half each trial has one value."""
    o = np.random.default_rng(seed).random(2) * [0.5, 1.0]
    return _game(FLOATS, lambda u, _: value if u[0] > 0.5 else 100.0 * float(np.linalg.norm(u - o)))


def mixed_kinds(seed: int) -> Game:
    """A bowl with an integer, choices, and ranges that exist for one of the choices."""
    o = np.random.default_rng(seed).random(len(MIXED))
    return _game(MIXED, lambda u, _: 100.0 * math.sqrt(float(np.nansum((u - o) ** 2))))


# The habits: each function returns a sentence, or "" ------------------------------------------------------------------


def _params(played: Played) -> list[Any]:
    return [each.params for each in played.results]


def repeats(bowls: list[Played]) -> str:
    """A configuration that is proposed twice, and does not continue a trial."""
    for played in bowls:
        known: set[Any] = set()
        for each in played.results:
            key = repr(each.params)
            if each.parent is None and key in known:
                return REPEATS.format(f"trial {each.number}")
            known.add(key)
    return ""


def linear(noise: list[Played]) -> str:
    """Values of a logarithmic range that are spread evenly on the plain one."""
    rates = [each.params["rate"] for played in noise for each in played.results if "rate" in each.params]
    below = sum(rate < 0.01 for rate in rates)
    return LINEAR.format(len(rates), below) if rates and below < 0.15 * len(rates) else ""


def outside(games: list[Played]) -> str:
    """A value beyond its range."""
    return next((OUTSIDE.format(played.wrong[RANGE]) for played in games if RANGE in played.wrong), "")


def wrong_way(bowls: list[Played], flipped: list[Played]) -> str:
    """The later trials are worse on a bowl than where the same searcher was told the values upside down."""
    def late(played: Played, seed: int) -> float:
        rows = [each for each in played.results[len(played.results) // 2:] if each.state == "complete"]
        return float(np.mean([bowl(seed).regret(each.params) for each in rows])) if rows else 0.0

    gaps = [late(a, seed) - late(b, seed) for seed, (a, b) in enumerate(zip(bowls, flipped, strict=True))]
    return WRONG_WAY if _above_zero(gaps) else ""


def _above_zero(gaps: list[float]) -> bool:
    return bool(np.mean(gaps) > ERRORS * np.std(gaps, ddof=1) / math.sqrt(len(gaps)) + 1e-9)


def breaks_on_nan(make: Make, path: Path) -> str:
    """An error, a value that is no number, or more failures where they are NaN than where they have a large value."""
    with_nan = until_error(make, lambda seed: failing(seed, math.nan))
    for played in with_nan:
        if played.error is not None:
            return BREAKS.format(explained(played.error, path))
        proposed = [value for each in played.results for value in each.params.values()]
        if any(isinstance(value, float) and math.isnan(value) for value in proposed):
            return BREAKS.format("it proposes NaN")
    with_large = [play(make, failing(seed, 500.0), seed, TRIALS) for seed in range(SEEDS)]
    gaps = [_late_failures(a) - _late_failures(b) for a, b in zip(with_nan, with_large, strict=True)]
    if np.mean(gaps) > 0.2 and _above_zero(gaps):
        shares = (f"{np.mean([_late_failures(each) for each in some]):.0%}" for some in (with_nan, with_large))
        return SEEKS_NAN.format(*shares)
    return ""


def _late_failures(played: Played) -> float:
    rows = played.results[len(played.results) // 2:]
    return float(np.mean([math.isnan(each.value) or each.value >= 400.0 for each in rows]))


def slower(make: Make) -> str:
    """A proposal at the end takes a multiple of one in the middle; measured again if so, since others compute too."""
    for _ in range(2):
        seconds = play(make, bowl(0), 0, LONG).seconds
        middle, end = (float(np.median(part)) for part in (seconds[15:25], seconds[-10:]))
        if len(seconds) < LONG or end < SLOW or end < SLOWER * middle:
            return ""
    return SLOWS.format(1000.0 * end, 1000.0 * middle)


def not_deterministic(make: Make, bowls: list[Played]) -> str:
    """Another search with the same seed, or the same call once more, has another configuration."""
    again = play(make, bowl(0), 0, TRIALS)
    for number, (a, b) in enumerate(zip(bowls[0].results, again.results, strict=False)):
        if a.params != b.params:
            return DIFFERS.format(number)
    space, results = bowl(0).space, bowls[0].results
    searcher = make().for_space(space)
    for number in range(3, len(results), 7):  # out of order, so that nothing can be kept from the trial before
        try:
            once = searcher.suggest(*arguments(space, searcher.needs(number), results[:number], 0)).params
        except Exception:  # it raised none when the trials came one after the other
            return DIFFERS.format(number)
        if once != results[number].params:
            return DIFFERS.format(number)
    return ""


def on_kinds(mixed: list[Played], path: Path) -> str:
    """An error in a space of mixed kinds, or a configuration that it does not have."""
    for played in mixed:
        if played.error is not None:
            return STUMBLES.format(explained(played.error, path))
        if KINDS in played.wrong:
            return STUMBLES.format(played.wrong[KINDS])
    return ""
