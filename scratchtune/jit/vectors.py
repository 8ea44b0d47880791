"""What the processor's vectors are like, and the few operations on them with which `tile` is written.

A vector register holds several numbers, and one instruction adds or multiplies all of them at once. How long a vector
is and how many registers there are depends on the processor, and on what Numba is told about it (NUMBA_CPU_NAME,
NUMBA_CPU_FEATURES). So the compiler itself is asked: it translates one multiplication of vectors, and the names of the
registers in its answer tell the rest.

| instructions | bytes in a vector | float32, float64 | registers | multiply-add |
|---|---|---|---|---|
| x86 with AVX-512 | 64 | 16, 8 | 32 | fused |
| x86 with AVX2 and FMA | 32 | 8, 4 | 16 | fused |
| other x86 | 16 | 4, 2 | 16 | two instructions |
| ARM (NEON) | 16 | 4, 2 | 32 | fused |

Implements section 8.3 of the document.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding
from llvmlite.ir import (
    Constant,
    DoubleType,
    FloatType,
    FunctionType,
    IntType,
    VectorType,
    VoidType,
)
from numba.core import cgutils, types
from numba.core.registry import cpu_target

PROBE = """
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
define <16 x float> @probe(<16 x float> %a, <16 x float> %b, <16 x float> %c) {
  %sum = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %b, <16 x float> %c)
  ret <16 x float> %sum
}
"""
BYTE, INDEX = IntType(8), IntType(64)


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
    return Processor(vector_bytes, vector_bytes == 64 or on_arm, "fmaf" not in assembly)  # fmaf: a function of C


class Vectors:
    """Operations on vectors of numbers of one type, ``count`` in each; each adds its instruction to ``builder``."""

    def __init__(self, builder: Any, dtype: types.Float) -> None:
        self.builder, self.item = builder, DoubleType() if dtype == types.float64 else FloatType()
        self.bytes = dtype.bitwidth // 8
        self.count = processor().vector_bytes // self.bytes
        self.type = VectorType(self.item, self.count)
        self.mask = VectorType(IntType(1), self.count)
        self.zero = Constant(self.type, [0.0] * self.count)
        self.suffix = f"v{self.count}f{dtype.bitwidth}"

    def broadcast(self, pointer: Any) -> Any:
        """A vector in which each number is the one at ``pointer``."""
        number = self.builder.load(self.builder.bitcast(pointer, self.item.as_pointer()))
        return self._repeated(number, self.type)

    def first(self, count: Any) -> Any:
        """The mask of the first ``count`` numbers of a vector; of none if it is negative."""
        lanes = VectorType(INDEX, self.count)
        counts = self._repeated(count, lanes)
        return self.builder.icmp_signed("<", Constant(lanes, list(range(self.count))), counts)

    def load(self, pointer: Any, mask: Any) -> Any:
        """The vector at ``pointer``; with a mask, memory outside of it is not read, and those numbers are 0."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(address, align=self.bytes)
        alignment = IntType(32)(self.bytes)
        return self._call("masked.load", f"{self.suffix}.p0", self.type, address, alignment, mask, self.zero)

    def store(self, vector: Any, pointer: Any, mask: Any) -> None:
        """Write the vector to ``pointer``; with a mask, memory outside of it is not written."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(vector, address, align=self.bytes)
        else:
            alignment = IntType(32)(self.bytes)
            self._call("masked.store", f"{self.suffix}.p0", VoidType(), vector, address, alignment, mask)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a · b + c, rounded once where the processor has the instruction, and otherwise after each operation."""
        if processor().fused:
            return self._call("fma", self.suffix, self.type, a, b, c)
        return self.builder.fadd(self.builder.fmul(a, b), c)

    def transposed(self, rows: list[Any]) -> list[Any]:
        """The columns of a square of ``count`` vectors.

        Blocks are exchanged across the diagonal: single numbers in squares of 2 x 2, then pairs in squares of 4 x 4,
        and so on.
        """
        size = 1
        while size < self.count:
            lanes = range(self.count)
            upper = [lane if lane & size == 0 else self.count + lane - size for lane in lanes]
            lower = [lane + size if lane & size == 0 else self.count + lane for lane in lanes]
            columns = list(rows)
            for i in range(self.count):
                if i & size == 0:
                    columns[i] = self._chosen(rows[i], rows[i + size], upper)
                    columns[i + size] = self._chosen(rows[i], rows[i + size], lower)
            rows, size = columns, 2 * size
        return rows

    def _chosen(self, first: Any, second: Any, lanes: list[int]) -> Any:
        """The numbers of two vectors, one after the other, at these positions."""
        return self.builder.shuffle_vector(first, second, Constant(VectorType(IntType(32), self.count), lanes))

    def _repeated(self, number: Any, kind: Any) -> Any:
        one = self.builder.insert_element(Constant(kind, None), number, IntType(32)(0))
        return self.builder.shuffle_vector(one, one, Constant(VectorType(IntType(32), self.count), [0] * self.count))

    def _call(self, name: str, suffix: str, result: Any, *arguments: Any) -> Any:
        kind = FunctionType(result, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{suffix}")
        return self.builder.call(function, arguments)
