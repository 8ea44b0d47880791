"""How functions are compiled: one decorator for each way.

A function that kernels call could be compiled twice, alone and as part of the kernel, and the two could round
differently. Which of them runs would depend on what is in the cache. So LLVM must inline a function into every kernel
that calls it (``forceinline``). Long functions, called loops here, are compiled once instead, and called (`linking`):
inlined, they would be optimised again in each caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import config, types
from numba.core.typing.templates import infer_global, make_intrinsic_template

from scratchtune.jit.dispatcher import Dispatcher
from scratchtune.jit.literals import Compiler, NoAliasCompiler, UncountedCompiler

DISABLED = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]

# Sums may be reordered and multiply-adds fused, so that they can be vectorised. NaN and infinity keep their meaning,
# since a training that diverges is recognised by them.
FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
OPTIONS = {"nopython": True, "nogil": True, "fastmath": FASTMATH, "error_model": "numpy", "boundscheck": False}


def function(f: Callable[..., Any]) -> Any:
    """Compile ``f`` for every combination of types that it is called with; ``f.py_func`` is the plain function."""
    return compiled(f, Compiler)


def function_noalias(f: Callable[..., Any]) -> Any:
    """The same where array arguments never share memory, so that no inner loop has to test whether they overlap."""
    return compiled(f, NoAliasCompiler)


def function_in_order(f: Callable[..., Any]) -> Any:
    """The same for an ``f`` whose sums must be taken in the order in which they are written."""
    return compiled(f, Compiler, fastmath=FASTMATH - {"reassoc"})


def inlined(f: Callable[..., Any]) -> Any:
    """The same for a part of a longer function: it is inserted there before the longer function is compiled."""
    return compiled(f, Compiler, inline="always")


def called(f: Callable[..., Any]) -> Any:
    """Compile a long function once, and call it: what is inlined is optimised again in each caller (`linking`)."""
    return compiled(f, Compiler, forceinline=False)


def compiled(f: Callable[..., Any], pipeline: type[Compiler], **options: Any) -> Any:
    """Compile ``f`` with a pipeline, `OPTIONS`, other options and this package's cache; ``f`` itself if disabled."""
    if DISABLED:
        return f
    return Dispatcher(f, targetoptions={"forceinline": True, **OPTIONS, **options}, pipeline_class=pipeline)


def loop(f: Callable[..., Any]) -> Any:
    """Compile a long function, such as a loop over kernels, which is not inlined into its callers (`linking`).

    It must not make arrays: then references to arrays need not be counted, which takes time in a small step. `called`
    is for loops that do.
    """
    return compiled(f, UncountedCompiler, forceinline=False)


def loop_in_order(f: Callable[..., Any]) -> Any:
    """`called`, with sums in the order in which they are written."""
    return compiled(f, Compiler, forceinline=False, fastmath=FASTMATH - {"reassoc"})


def generated(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate the generator of the LLVM instructions that compiled code has where Python calls ``plain``.

    It is written as one for Numba's `intrinsic`, which plain Python could not call.
    """

    def register(definition: Callable[..., Any]) -> Any:
        infer_global(plain, types.Function(make_intrinsic_template(plain, definition, plain.__name__)))
        return definition

    return register
