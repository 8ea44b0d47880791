"""A domain is the set of values that an argument may take; it is the third entry of a line of a docstring's Where.

    real                    any number; the edges are 0, ±1 and ±20
    logits                  any number, with edges of ±10000
    >= 0, > 0, in [0, 1)    an interval, with these or other bounds; an open bound is approached to 2⁻¹⁰
    integer, integer >= 1   integers: an int, or an array of int64
    uint64                  64 random bits
    0 or 1                  a floating-point number that is one of the two
    one-hot, probabilities  along the last axis: a single 1, or positive numbers whose sum is exactly 1
    index of k              an index along the axis k, from 0
    written, scratch        an output, and a workspace that is not read afterwards: both start as NaN

All floating-point values are exact in float32, so that one evaluation of a line serves for both precisions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Pattern = tuple[float, ...]


# Reading: the words of a Where line ----------------------------------------------------------------------------------

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_DOMAIN = re.compile(
    rf"""(?P<kind>real|logits|probabilities|one-hot|0\ or\ 1|uint64|written|scratch|index\ of\ (?P<letter>\w)
    |(?P<integer>integer\b)?\ ?(?:
        (?P<sign><=|>=|<|>)\ ?(?P<bound>{_NUMBER})
        |in\ (?P<left>[\[(])(?P<low>{_NUMBER}),\ ?(?P<high>{_NUMBER})(?P<right>[\])])
    )|integer)(?:,\s*(?P<words>.*))?$""",
    re.VERBOSE,
)
ACCEPTED = (
    "real, logits, probabilities, one-hot, 0 or 1, uint64, integer, index of k, written, scratch, and "
    "[integer] >= a, > a, <= a, < a, in [a, b], in [a, b), in (a, b], in (a, b)"
)


@dataclass(frozen=True)
class Domain:
    """The values that an argument may take: a kind, and the bounds of an interval (open ones moved inside a little)."""

    kind: str
    low: float | None = None
    high: float | None = None
    letter: str = ""

    @property
    def integral(self) -> bool:
        """Whether values have an integer type, whatever the precision of the other arguments."""
        return self.kind in ("integer", "uint64", "index")

    @property
    def drawn(self) -> bool:
        """Whether values are drawn; an output or a workspace starts as NaN."""
        return self.kind not in ("written", "scratch")


def read_domain(text: str) -> tuple[Domain, str]:
    """Parse the domain at the start of ``text``; return it and the remaining words."""
    found = _DOMAIN.match(text.strip())
    if not found:
        raise ValueError(f"{text.strip()!r} does not begin with a domain; known are {ACCEPTED}")
    words = (found["words"] or "").strip()
    if found["letter"]:
        return Domain("index", letter=found["letter"]), words
    if not found["sign"] and not found["left"]:
        return Domain(found["kind"]), words
    kind = "integer" if found["integer"] else "real"
    inside = 1.0 if kind == "integer" else 2.0**-10
    if found["sign"]:
        bound = float(found["bound"]) + inside * {"<": -1, ">": 1}.get(found["sign"], 0)
        return (Domain(kind, low=bound) if ">" in found["sign"] else Domain(kind, high=bound)), words
    low = float(found["low"]) + inside * (found["left"] == "(")
    high = float(found["high"]) - inside * (found["right"] == ")")
    return Domain(kind, low, high), words


# Values --------------------------------------------------------------------------------------------------------------


def edges(domain: Domain) -> Sequence[Pattern]:
    """Patterns of edge values; an array repeats a pattern over its entries, a scalar takes each value."""
    low, high = domain.low, domain.high
    match domain.kind:
        case "logits":
            return (0,), (1e4, -1e4, 0), (-1e4, 1e4), (-1e4,), (50, -50, 3)
        case "0 or 1":
            return (0,), (1,), (0, 1)
        case "uint64":
            return (0,), (2**64 - 1, 2**32, 1)
        case "index" | "one-hot" | "probabilities":
            return (0,), (-1,)
    if low is not None and high is not None:
        return (low,), (high,), (low + (high - low) // 2 if domain.kind == "integer" else (low + high) / 2,)
    if low is not None:
        return (low,), (low + 1, low + 20)
    if high is not None:
        return (high,), (high - 1, high - 20)
    return (0,), (-1, 0, 1), (20, -20, 0.5)


def _random(domain: Domain, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    low, high = domain.low, domain.high
    if domain.kind == "0 or 1":
        return rng.integers(0, 2, shape)
    if domain.kind == "uint64":
        return rng.integers(0, 2**64, shape, dtype=np.uint64)
    if domain.kind == "integer":
        first = int(low) if low is not None else int(high) - 9 if high is not None else -9
        return rng.integers(first, int(high) + 1 if high is not None else first + 19, shape)
    if low is not None and high is not None:
        return rng.uniform(low, high, shape)
    if low is not None:
        return low + rng.exponential(2.0, shape)
    return high - rng.exponential(2.0, shape) if high is not None else 2.0 * rng.standard_normal(shape)


def _rows(domain: Domain, shape: tuple[int, ...], rng: np.random.Generator, edge: Pattern | None) -> np.ndarray:
    """One-hot rows, or probabilities that are multiples of 2⁻²⁰, so that they sum to exactly 1 in either precision."""
    classes = shape[-1]
    chosen = rng.integers(0, classes, shape[:-1]) if edge is None else np.full(shape[:-1], int(edge[0]) % classes)
    one_hot = np.eye(classes)[chosen]
    if domain.kind == "one-hot":
        return one_hot
    spread = rng.integers(1, 2**20 // classes, shape) if edge is None else np.ones(shape)
    rest = 2**20 - spread.sum(axis=-1, keepdims=True)
    return (spread + rest * one_hot) / 2**20


def draw(
    domain: Domain, shape: tuple[int, ...], rng: np.random.Generator, sizes: Mapping[str, int], edge: Pattern | None,
) -> Any:
    """Values of one argument: an array, or a scalar if the shape is (); random if ``edge`` is None."""
    if not domain.drawn:
        return np.full(shape, np.nan)
    if domain.kind in ("one-hot", "probabilities"):
        return _rows(domain, shape, rng, edge)
    if domain.kind == "index":
        size = sizes[domain.letter]
        values = rng.integers(0, size, shape) if edge is None else np.full(shape, int(edge[0]) % size)
    else:
        values = _random(domain, shape, rng) if edge is None else _repeated(edge, shape, domain)
    if domain.integral:
        return np.asarray(values, dtype=np.uint64 if domain.kind == "uint64" else np.int64)[()]
    return np.asarray(values, dtype=np.float32).astype(np.float64)[()]


def _repeated(edge: Pattern, shape: tuple[int, ...], domain: Domain) -> np.ndarray:
    return np.resize(np.array(edge, dtype=np.uint64 if domain.kind == "uint64" else np.float64), shape)
