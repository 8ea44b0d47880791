"""The arrays of a workspace: a layer declares the shape of each one, and their size and the arrays follow from it.

The shapes are a NamedTuple of tuples of integers, or a tuple of such. `views` returns the same NamedTuple, with arrays
instead of shapes. So each array is named once:

    class Memory(NamedTuple):
        mean: Any
        weights: Any

    @jit.function
    def shapes(integers, rows):
        return Memory(mean=(rows,), weights=(rows, integers[0], integers[0]))

    memory = jit.views(work, shapes(integers, rows))

Implements section 8.3 of the document.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
from llvmlite.ir import Constant, Undefined
from numba.core import cgutils, types

from scratchtune.core.jit.functions import generated
from scratchtune.core.jit.vectors import INDEX

ALIGNED = 16  # numbers: each array takes a multiple of it, so that all of them begin on a cache line


def size_of(shapes: Any) -> int:
    """How many numbers arrays of these shapes take, each rounded up to a multiple of `ALIGNED`."""
    if isinstance(shapes[0], tuple):
        return sum(size_of(part) for part in shapes)
    return -(-math.prod(shapes) // ALIGNED) * ALIGNED


def views(work: np.ndarray, shapes: Any) -> Any:
    """Arrays of these shapes at the end of the vector ``work`` (a mask may come first), in tuples like the shapes."""
    if not isinstance(shapes[0], tuple):
        start = work.size - size_of(shapes)
        return work[start : start + math.prod(shapes)].reshape(shapes)
    arrays: list[Any] = []
    stop = work.size
    for part in reversed(shapes):
        arrays.insert(0, views(work[:stop], part))
        stop -= size_of(part)
    return type(shapes)(*arrays) if hasattr(shapes, "_fields") else tuple(arrays)


# In compiled code -----------------------------------------------------------------------------------------------------


def _sizes(context: Any, builder: Any, kind: Any, value: Any) -> list[tuple[Any, Any, Any]]:
    """Of each array in shapes, of this type and value: its sizes, their product, and how many numbers it takes."""
    parts = zip(kind.types, cgutils.unpack_tuple(builder, value), strict=True)
    if isinstance(kind.types[0], types.BaseTuple):
        return [array for part in parts for array in _sizes(context, builder, *part)]
    sizes = [context.cast(builder, part, given, types.int64) for given, part in parts]
    nitems = reduce(builder.mul, sizes)
    return [(sizes, nitems, builder.and_(builder.add(nitems, INDEX(ALIGNED - 1)), INDEX(-ALIGNED)))]


def _result(kind: Any, array: Any) -> Any:
    """The type of the arrays, from that of the shapes."""
    if not isinstance(kind.types[0], types.BaseTuple):
        return types.Array(array.dtype, len(kind.types), "C")
    parts = [_result(part, array) for part in kind.types]
    return types.BaseTuple.from_types(parts, getattr(kind, "instance_class", None))


@generated(size_of)
def _size_of(typing: Any, shapes: Any) -> Any:
    return types.int64(shapes), lambda context, builder, signature, values: reduce(
        builder.add, (size for *_, size in _sizes(context, builder, shapes, values[0])))


@generated(views)
def _views(typing: Any, work: Any, shapes: Any) -> Any:
    item, result = work.dtype.bitwidth // 8, _result(shapes, work)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        whole = context.make_array(work)(context, builder, values[0])
        arrays = _sizes(context, builder, shapes, values[1])
        start, left = builder.sub(whole.nitems, reduce(builder.add, (size for *_, size in arrays))), iter(arrays)

        def made(kind: Any) -> Any:
            nonlocal start
            if not isinstance(kind, types.Array):
                return context.make_tuple(builder, kind, [made(part) for part in kind.types])
            sizes, nitems, taken = next(left)
            strides = [INDEX(item)]
            for size in reversed(sizes[1:]):
                strides.insert(0, builder.mul(strides[0], size))
            shape, steps = (cgutils.pack_array(builder, numbers) for numbers in (sizes, strides))
            fields = (whole.meminfo, whole.parent, nitems, INDEX(item), builder.gep(whole.data, [start]), shape, steps)
            value = Constant(context.get_value_type(kind), Undefined)
            for position, field in enumerate(fields):  # those of Numba's arrays, in their order
                value = builder.insert_value(value, field, position)
            context.nrt.incref(builder, kind, value)  # to ``work``, which each array refers to
            start = builder.add(start, taken)
            return value

        return made(result)

    return result(work, shapes), generate
