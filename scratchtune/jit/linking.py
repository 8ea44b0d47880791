"""A loop is compiled once, and its callers call it by a symbol: the name of its machine code in this process.

Numba copies every function into each of its callers and compiles it there again. Loops are long, so only their
declarations are copied. A caller that is loaded from the cache needs the loops that it calls, so they are cached with
it by name and loaded before it. A loop's symbol contains a digest of all that it depends on, its *identity*; it is
therefore the same in each process, and another one after an edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Linked(NamedTuple):
    """A compiled loop: its symbol, its identity and the types of its arguments."""

    symbol: str
    identity: str
    arguments: tuple[Any, ...]


_LOOPS: dict[str, Any] = {}  # by identity
_COMPILED: dict[str, Linked] = {}  # by symbol


def register_loop(identity: str, dispatcher: Any) -> None:
    """Make a loop known, for callers that are loaded from the cache."""
    _LOOPS[identity] = dispatcher


def register_symbol(linked: Linked) -> None:
    """Make a compiled loop known, for callers that are written to the cache."""
    _COMPILED[linked.symbol] = linked


def linked_loops(symbols: Iterable[str]) -> list[Linked]:
    """The loops among these symbols."""
    return [_COMPILED[symbol] for symbol in symbols if symbol in _COMPILED]


def load_loops(loops: Iterable[Linked]) -> bool:
    """Load loops, or compile those that are no longer in the cache; return whether all symbols are defined now."""
    for loop in loops:
        if loop.symbol not in _COMPILED and loop.identity in _LOOPS:
            _LOOPS[loop.identity].callee.compile(loop.arguments)
        if loop.symbol not in _COMPILED:
            return False
    return True
