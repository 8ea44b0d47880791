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

The check draws its values from the whole domain, or from a part of it, the sampling range, that follows ``; sampled``::

    real; sampled in [-1, 1]               the function accepts any number; the check draws from this interval
    integer >= 1; sampled in [1, 3]        an interval without a type of its own has the domain's: here, integers
    >= 0; sampled > 0                      0 is accepted, and never drawn
    real; sampled as integer in [0, 3]     ``as`` precedes a domain with a type of its own
    probabilities; sampled as one-hot

So a domain says what the code accepts, and a sampling range only what is tested. The range must be within the domain.

All floating-point values are exact in float32, so that one evaluation of a line serves for both precisions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    )|integer)(?=[,;]|$)""",
    re.VERBOSE)
_SAMPLED = re.compile(r";\s*sampled (?P<typed>as )?")
ACCEPTED = (
    "real, logits, probabilities, one-hot, 0 or 1, uint64, integer, index of k, written, scratch, or "
    "[integer] >= a, > a, <= a, < a, in [a, b], in [a, b), in (a, b], in (a, b)")
_WITHIN = {  # each kind, and one that has all its values and more
    "one-hot": "probabilities", "probabilities": "real", "0 or 1": "real", "index": "integer", "integer": "real",
    "logits": "real"}
_LIMITS = {"0 or 1": (0.0, 1.0), "one-hot": (0.0, 1.0), "probabilities": (0.0, 1.0), "index": (0.0, math.inf)}


@dataclass(frozen=True)
class Domain:
    """The values that an argument may take: a kind, and the bounds of an interval, open or not."""

    kind: str
    low: float | None = None
    high: float | None = None
    letter: str = ""
    open: tuple[bool, bool] = (False, False)

    @property
    def integral(self) -> bool:
        """Whether values have an integer type, whatever the precision of the other arguments."""
        return self.kind in ("integer", "uint64", "index")

    @property
    def drawn(self) -> bool:
        """Whether values are drawn; an output or a workspace starts as NaN."""
        return self.kind not in ("written", "scratch")

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The least and the greatest value that is drawn: an open bound is moved inside a little."""
        inside = 1.0 if self.kind == "integer" else 2.0**-10
        return (None if self.low is None else self.low + inside * self.open[0],
                None if self.high is None else self.high - inside * self.open[1])

    def contains(self, other: Domain) -> bool:
        """Whether all values of the other domain are in this one."""
        kind = other.kind
        while kind != self.kind:
            if kind not in _WITHIN:
                return False
            kind = _WITHIN[kind]
        low, high = self._bounds()
        least, greatest = other._bounds()
        excluded = (low == least and self.open[0] > other.open[0], high == greatest and self.open[1] > other.open[1])
        return low <= least and greatest <= high and not any(excluded)

    def _bounds(self) -> tuple[float, float]:
        low, high = _LIMITS.get(self.kind, (-math.inf, math.inf))
        return low if self.low is None else self.low, high if self.high is None else self.high


def read_domain(text: str) -> tuple[Domain, Domain, str]:
    """Parse the domain at the start of ``text``; return it, the domain to draw from, and the remaining words."""
    domain, rest = _read(text.strip())
    sampled = domain
    if begin := _SAMPLED.match(rest):
        sampled, rest = _read_range(rest[begin.end():], domain, typed=begin["typed"] is not None)
    elif rest.startswith(";"):
        raise ValueError(f"{rest!r} follows a domain; after ';' comes 'sampled' and a range, as in 'sampled in [0, 1]'")
    return domain, sampled, rest.removeprefix(",").strip()


def _read_range(text: str, domain: Domain, typed: bool) -> tuple[Domain, str]:
    """Read the sampling range at the start of ``text``, which must be within the domain; return it and the rest."""
    sampled, rest = _read(text)
    written = text[: len(text) - len(rest)]
    if not typed:
        if not re.match(r"in |[<>]", written):
            raise ValueError(f"the sampling range is {written!r}; a domain with a type of its own follows 'as', as in "
                             f"'sampled as {written}'")
        sampled = replace(sampled, kind="integer" if domain.kind == "integer" else "real")
    if not (domain.drawn and domain.contains(sampled)):
        raise ValueError(f"the sampling range {written!r} is not within its domain; widen the domain, or narrow the "
                         "range")
    return sampled, rest


def _read(text: str) -> tuple[Domain, str]:
    """Parse the domain at the start of ``text``; return it and the text after it."""
    found = _DOMAIN.match(text)
    if not found:
        raise ValueError(f"{text!r} does not begin with a domain; it must begin with one of {ACCEPTED}")
    return _domain(found), text[found.end():]


def _domain(found: re.Match[str]) -> Domain:
    if found["letter"]:
        return Domain("index", letter=found["letter"])
    if not found["sign"] and not found["left"]:
        return Domain(found["kind"])
    kind = "integer" if found["integer"] else "real"
    if not found["sign"]:
        is_open = (found["left"] == "(", found["right"] == ")")
        return Domain(kind, float(found["low"]), float(found["high"]), open=is_open)
    bound, strict = float(found["bound"]), found["sign"] in "<>"
    if ">" in found["sign"]:
        return Domain(kind, low=bound, open=(strict, False))
    return Domain(kind, high=bound, open=(False, strict))


# Values --------------------------------------------------------------------------------------------------------------


def edges(domain: Domain) -> Sequence[Pattern]:
    """Patterns of edge values: in a case an array repeats a pattern over its entries, a scalar is one of its values."""
    low, high = domain.ends
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
    low, high = domain.ends
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
    """Draw an array, or for the shape () a scalar: random if ``edge`` is None; ``sizes`` are the axes' lengths."""
    if not domain.drawn:
        return np.full(shape, np.nan)  # so that code that reads an output before it writes it is noticed
    if domain.kind in ("one-hot", "probabilities"):
        return _rows(domain, shape, rng, edge)
    if domain.kind == "index":
        size = sizes[domain.letter]
        values = rng.integers(0, size, shape) if edge is None else np.full(shape, int(edge[0]) % size)
    else:
        values = _random(domain, shape, rng) if edge is None else _repeated(edge, shape, domain)
    if domain.integral:
        return np.asarray(values, dtype=np.uint64 if domain.kind == "uint64" else np.int64)[()]
    return np.asarray(values, dtype=np.float32).astype(np.float64)[()]  # exact in both, so one evaluation serves both


def _repeated(edge: Pattern, shape: tuple[int, ...], domain: Domain) -> np.ndarray:
    return np.resize(np.array(edge, dtype=np.uint64 if domain.kind == "uint64" else np.float64), shape)
