"""Numbers as the processor has them: powers of two from bits, integers that wrap around, the floating-point control."""

from __future__ import annotations

import platform
from typing import Any

import llvmlite.ir
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from scratchtune.jit.functions import DISABLED


def power_of_two(k):
    """2^k for a whole number k, given as a float; of k's own type. Below that type's normal numbers it is zero."""
    return np.ldexp(type(k)(1.0), int(k)) if k >= np.finfo(type(k)).minexp else type(k)(0.0)


@intrinsic
def _exponent_bits(context: Any, k: Any) -> Any:
    """2^k by putting k where a float has its exponent, which works for a whole vector of numbers at once."""
    width, mantissa, bias = (32, 23, 127) if k.bitwidth == 32 else (64, 52, 1023)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        integer = llvmlite.ir.IntType(width)
        exponent = builder.add(builder.fptosi(values[0], integer), integer(bias))
        normal = builder.bitcast(builder.shl(exponent, integer(mantissa)), values[0].type)
        enough = builder.fcmp_ordered(">", values[0], values[0].type(-bias))
        return builder.select(enough, normal, values[0].type(0.0))

    return k(k), generate


@overload(power_of_two)
def _compiled_power_of_two(k):
    return lambda k: _exponent_bits(k)  # type: ignore[call-arg]


_BITS = 2**64 - 1


def wrapped_sum(a, b):
    """a + b of two uint64, modulo 2^64, as a processor adds. NumPy's own sum of two scalars would warn of an overflow.

    >>> int(wrapped_sum(np.uint64(2**64 - 1), np.uint64(3)))
    2
    """
    return np.uint64((int(a) + int(b)) & _BITS)


def wrapped_product(a, b):
    """a · b of two uint64, modulo 2^64, as a processor multiplies.

    >>> int(wrapped_product(np.uint64(2**63 + 1), np.uint64(2)))
    2
    """
    return np.uint64((int(a) * int(b)) & _BITS)


overload(wrapped_sum)(lambda a, b: lambda a, b: a + b)
overload(wrapped_product)(lambda a, b: lambda a, b: a * b)


FLUSH = 0x8040  # the bits of an x86 processor's control word that make numbers too small to be normal count as zero
_HAS_CONTROL_WORD = platform.machine().lower() in ("x86_64", "amd64") and not DISABLED


def float_control() -> int:
    """The control word for floating-point numbers of this thread; 0 where there is none to be had."""
    return 0


def set_float_control(word):
    """Set the control word, back to what `float_control` gave, or to that with `FLUSH`.

    A network that is nearly trained is full of numbers below 1e-38, with which processors are slow: an Adam step took
    2.1 instead of 1.4 microseconds. Only training flushes them, and only on x86; on other processors a float32 training
    differs by as much as such numbers weigh.
    """


@intrinsic
def _read_control(context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_control_word(builder, "st"))

    return types.uint32(), generate


@intrinsic
def _write_control(context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _control_word(builder, "ld", values[0])
        return context.get_dummy_value()

    return types.void(types.uint32), generate


def _control_word(builder: Any, action: str, word: Any = None) -> Any:
    """Call the processor's instruction stmxcsr or ldmxcsr on a place in memory."""
    place = cgutils.alloca_once(builder, llvmlite.ir.IntType(32))
    if word is not None:
        builder.store(word, place)
    pointer = llvmlite.ir.IntType(8).as_pointer()
    kind = llvmlite.ir.FunctionType(llvmlite.ir.VoidType(), [pointer])
    instruction = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{action}mxcsr")
    builder.call(instruction, [builder.bitcast(place, pointer)])
    return place


if _HAS_CONTROL_WORD:
    overload(float_control)(lambda: lambda: _read_control())  # type: ignore[call-arg]
    overload(set_float_control)(lambda word: lambda word: _write_control(np.uint32(word)))  # type: ignore[call-arg]
else:
    overload(float_control)(lambda: lambda: 0)
    overload(set_float_control)(lambda word: lambda word: None)
