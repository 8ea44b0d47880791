"""The processor's vector registers, and the operations on them from which `tile` builds its code.

A vector register holds several numbers, and one instruction adds or multiplies all of them at once. How long a vector
is and how many registers there are depends on the processor, and on what Numba is told about it (NUMBA_CPU_NAME,
NUMBA_CPU_FEATURES). So one fused multiply-add of vectors is compiled, and its assembly is read. The names of the
registers (zmm, ymm) give the length of a vector; a call of C's function fmaf means that there is no such instruction.

| instructions | bytes in a vector | float32, float64 | registers | multiply-add |
|---|---|---|---|---|
| x86 with AVX-512 | 64 | 16, 8 | 32 | fused |
| x86 with AVX2 and FMA | 32 | 8, 4 | 16 | fused |
| x86 with AVX alone | 32 | 8, 4 | 16 | two instructions |
| other x86 (SSE) | 16 | 4, 2 | 16 | two instructions |
| 64-bit ARM (NEON) | 16 | 4, 2 | 32 | fused |

Implements section 8.3 of the document.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding
from llvmlite.ir import Constant, DoubleType, FloatType, FunctionType, IntType, VectorType, VoidType
from numba.core import cgutils, types
from numba.core.registry import cpu_target

# In LLVM's language: a function of three vectors of 16 float32 that returns a · b + c, rounded once.
PROBE = """
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
define <16 x float> @probe(<16 x float> %a, <16 x float> %b, <16 x float> %c) {
  %sum = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %b, <16 x float> %c)
  ret <16 x float> %sum
}
"""
INDEX = IntType(64)


class Processor(NamedTuple):
    """The bytes in a vector, whether there are 32 registers (or else 16), and whether multiply-adds are fused."""

    vector_bytes: int
    many_registers: bool
    fused: bool


@cache
def processor() -> Processor:
    """The processor for which Numba compiles."""
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    machine = llvmlite.binding.Target.from_triple(triple).create_target_machine(cpu=name, features=features)
    assembly = machine.emit_assembly(llvmlite.binding.parse_assembly(PROBE))
    vector_bytes = 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16
    on_arm = triple.startswith(("aarch64", "arm64"))
    return Processor(vector_bytes, vector_bytes == 64 or on_arm, "fmaf" not in assembly)


class Vectors:
    """Operations on vectors of ``count`` numbers of one dtype, while code is generated.

    Nothing is computed here: a method appends instructions to ``builder`` and returns a name for their future result.
    """

    def __init__(self, builder: Any, dtype: types.Float) -> None:
        self.builder, self.item = builder, DoubleType() if dtype == types.float64 else FloatType()
        self.bytes = dtype.bitwidth // 8
        self.alignment = IntType(32)(self.bytes)
        self.count = processor().vector_bytes // self.bytes
        self.type = VectorType(self.item, self.count)
        self.mask = VectorType(IntType(1), self.count)
        self.zero = Constant(self.type, [0.0] * self.count)
        self.suffix = f"v{self.count}f{dtype.bitwidth}"  # names of LLVM's functions end with it: v16f32 is 16 float32

    def broadcast(self, pointer: Any) -> Any:
        """A vector in which each number is the one at ``pointer``."""
        number = self.builder.load(self.builder.bitcast(pointer, self.item.as_pointer()))
        return self._repeated(number, self.type)

    def first(self, count: Any) -> Any:
        """A mask that is true for the first ``count`` numbers of a vector: for none if it is negative."""
        integers = VectorType(INDEX, self.count)
        counts = self._repeated(count, integers)
        return self.builder.icmp_signed("<", Constant(integers, list(range(self.count))), counts)

    def load(self, pointer: Any, mask: Any) -> Any:
        """The vector at ``pointer``; with a mask, memory outside of it is not read, and those numbers are 0."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(address, align=self.bytes)
        return self._call("masked.load", f"{self.suffix}.p0", self.type, address, self.alignment, mask, self.zero)

    def store(self, vector: Any, pointer: Any, mask: Any) -> None:
        """Write the vector to ``pointer``; with a mask, memory outside of it is not written."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(vector, address, align=self.bytes)
        else:
            self._call("masked.store", f"{self.suffix}.p0", VoidType(), vector, address, self.alignment, mask)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a · b + c, rounded once. Without a fused instruction it is rounded twice: after product and sum."""
        if processor().fused:
            return self._call("fma", self.suffix, self.type, a, b, c)
        return self.builder.fadd(self.builder.fmul(a, b), c)

    def transposed(self, rows: list[Any]) -> list[Any]:
        """Transpose a square: ``rows`` are its ``count`` rows; its columns are returned.

        In each pass, blocks of ``size`` x ``size`` numbers change sides of the diagonal. With size 1, the rows
        (a b; c d) become (a c; b d); with size 2, a, b, c and d are blocks of 2 x 2 numbers; and so on.
        """
        size = 1
        while size < self.count:
            lanes = range(self.count)
            upper = [lane if lane & size == 0 else self.count + lane - size for lane in lanes]
            lower = [lane + size if lane & size == 0 else self.count + lane for lane in lanes]
            exchanged = list(rows)
            for i in range(self.count):
                if i & size == 0:
                    exchanged[i] = self._chosen(rows[i], rows[i + size], upper)
                    exchanged[i + size] = self._chosen(rows[i], rows[i + size], lower)
            rows, size = exchanged, 2 * size
        return rows

    def _chosen(self, first: Any, second: Any, lanes: list[int]) -> Any:
        """A vector of the numbers at these positions; positions from ``count`` on are in the second vector."""
        return self.builder.shuffle_vector(first, second, Constant(VectorType(IntType(32), self.count), lanes))

    def _repeated(self, number: Any, kind: Any) -> Any:
        """A vector that repeats ``number``: it is inserted at position 0, and position 0 is copied to all."""
        one = self.builder.insert_element(Constant(kind, None), number, IntType(32)(0))
        return self.builder.shuffle_vector(one, one, Constant(VectorType(IntType(32), self.count), [0] * self.count))

    def _call(self, name: str, suffix: str, result: Any, *arguments: Any) -> Any:
        signature = FunctionType(result, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, signature, f"llvm.{name}.{suffix}")
        return self.builder.call(function, arguments)
