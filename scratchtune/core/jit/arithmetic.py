"""Arithmetic on the processor's level: powers of two from bits, unsigned integers modulo 2^64, subnormal numbers."""

from __future__ import annotations

import platform
from typing import Any

import llvmlite.ir
import numpy as np
from numba.core import cgutils, types
from numba.core.errors import TypingError

from scratchtune.core.jit.functions import generated


def power_of_two(k):
    """2^k for an integer k, given as a float; the result has the type of k, and is 0 where it would be subnormal."""
    return np.ldexp(type(k)(1.0), int(k)) if k >= np.finfo(type(k)).minexp else type(k)(0.0)


@generated(power_of_two)
def _exponent_bits(context: Any, k: Any) -> Any:
    """2^k: k is written into the exponent bits of a float, which the compiler can vectorise."""
    width, mantissa, bias = (32, 23, 127) if k.bitwidth == 32 else (64, 52, 1023)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        integer = llvmlite.ir.IntType(width)
        exponent = builder.add(builder.fptosi(values[0], integer), integer(bias))
        normal = builder.bitcast(builder.shl(exponent, integer(mantissa)), values[0].type)
        enough = builder.fcmp_ordered(">", values[0], values[0].type(-bias))
        return builder.select(enough, normal, values[0].type(0.0))

    return k(k), generate


_BITS = 2**64 - 1


def wrapped_sum(a, b):
    """a + b modulo 2^64 for two uint64, as a processor adds; NumPy's sum of two scalars would warn of an overflow.

    >>> int(wrapped_sum(np.uint64(2**64 - 1), np.uint64(3)))
    2
    """
    return np.uint64((int(a) + int(b)) & _BITS)


def wrapped_product(a, b):
    """a · b modulo 2^64 for two uint64, as a processor multiplies.

    >>> int(wrapped_product(np.uint64(2**63 + 1), np.uint64(2)))
    2
    """
    return np.uint64((int(a) * int(b)) & _BITS)


def _of_integers(instruction: str) -> Any:
    """The generator of an instruction on two integers of any width, which are converted to uint64."""

    def define(context: Any, a: Any, b: Any) -> Any:
        if not (isinstance(a, types.Integer) and isinstance(b, types.Integer)):
            raise TypingError(f"the arguments are {a} and {b}; both must be integers")
        word = types.uint64
        return word(word, word), lambda context, builder, signature, values: getattr(builder, instruction)(*values)

    return define


generated(wrapped_sum)(_of_integers("add"))
generated(wrapped_product)(_of_integers("mul"))
FLUSH = 0x8040  # bits FTZ and DAZ of the x86 control word MXCSR: subnormal numbers count as zero
_HAS_CONTROL_WORD = platform.machine().lower() in ("x86_64", "amd64")


def float_control() -> int:
    """The floating-point control word (MXCSR) of this thread; 0 in plain Python and on processors other than x86."""
    return 0


def set_float_control(word):
    """Set the control word: to what `float_control` returned, or to that with `FLUSH`.

    A network that is nearly trained holds many subnormal numbers, below 1e-38, with which processors are slow: an Adam
    step took 2.1 instead of 1.4 microseconds. Only compiled training treats them as zero, and only on x86.
    """


@generated(float_control)
def _read_control(context: Any) -> Any:
    return types.uint32(), lambda context, builder, signature, values: (
        builder.load(_control_word(builder, "st")) if _HAS_CONTROL_WORD else cgutils.int32_t(0))


@generated(set_float_control)
def _write_control(context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if _HAS_CONTROL_WORD:
            _control_word(builder, "ld", values[0])
        return context.get_dummy_value()

    return types.void(types.uint32), generate


def _control_word(builder: Any, action: str, word: Any = None) -> Any:
    """Call the instruction stmxcsr or ldmxcsr on a word of the stack, and return the word's address."""
    address = cgutils.alloca_once(builder, cgutils.int32_t)
    if word is not None:
        builder.store(word, address)
    pointer = llvmlite.ir.IntType(8).as_pointer()
    kind = llvmlite.ir.FunctionType(llvmlite.ir.VoidType(), [pointer])
    instruction = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{action}mxcsr")
    builder.call(instruction, [builder.bitcast(address, pointer)])
    return address
