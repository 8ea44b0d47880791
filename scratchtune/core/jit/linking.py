"""A loop is compiled once, and its callers call it by a symbol: the name of its machine code in this process.

Numba copies every function into each of its callers and compiles it there again. Loops are long, so only their
declarations are copied. A caller that is loaded from the cache needs the loops that it calls, so they are cached with
it by name and loaded before it. A loop's symbol contains a digest of all that it depends on, its *identity*; it is
therefore the same in each process, and another one after an edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from weakref import WeakSet

import llvmlite.binding
from numba.core.codegen import JITCodeLibrary


class Linked(NamedTuple):
    """A compiled loop: its symbol, its identity and the types of its arguments."""

    symbol: str
    identity: str
    arguments: tuple[Any, ...]


LOOPS: dict[str, Any] = {}  # the dispatchers of loops, by identity: for callers that are loaded from the cache
COMPILED: dict[str, Linked] = {}  # by symbol
CODE: WeakSet[Any] = WeakSet()  # of the compiled loops


class Code(JITCodeLibrary):
    """The code of one function and of the functions that it calls, but not of loops: those are called by symbol."""

    def add_linking_library(self, library: Any) -> None:
        """Override: the code of a loop is not copied into its callers."""
        if library not in CODE:
            super().add_linking_library(library)


def linked_loops(code: Any) -> list[Linked]:
    """The loops that compiled code calls by their symbols."""
    _, _, (_, bitcode) = code.serialize_using_object_code()
    functions = llvmlite.binding.parse_bitcode(bitcode).functions
    called = sorted(function.name for function in functions if function.is_declaration)
    return [COMPILED[symbol] for symbol in called if symbol in COMPILED]


def load_loops(loops: Iterable[Linked]) -> bool:
    """Load the loops that a cached caller calls, or compile them; False if one was edited or its file not imported."""
    for loop in loops:
        if loop.symbol not in COMPILED and loop.identity in LOOPS:
            LOOPS[loop.identity].callee.compile(loop.arguments)
        if loop.symbol not in COMPILED:
            return False
    return True
