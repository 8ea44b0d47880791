"""A kernel is a function of a layer, a loss or an optimizer, with one fixed signature for each kind.

A compiled loop calls kernels through their addresses, so it need not be compiled again for another network.

Implements section 8.3 of the document.
"""

from __future__ import annotations

import dis
import importlib
import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.ir
import numpy as np
from numba.core import cgutils, types, typing
from numba.core.ccallback import CFunc
from numba.extending import intrinsic

from scratchtune.core.jit.cache import closed_over, file_digest, way
from scratchtune.core.jit.functions import DISABLED, OPTIONS, NoAliasCompiler
from scratchtune.core.jit.numba_internals import is_on_disk, use_own_cache

_KERNELS: dict[tuple[str, ...], Kernel] = {}


def _known_kernel(module: str, *key: str) -> Kernel:
    importlib.import_module(module)
    return _KERNELS[(module, *key)]


class Kernel:
    """A function of one of the fixed signatures below, compiled for float32 or float64 when it is first needed."""

    def __init__(self, py_func: Callable[..., Any], kind: str) -> None:
        self.py_func, self.kind = py_func, kind
        self.__doc__, self.__name__ = py_func.__doc__, py_func.__name__
        wanted, given = ARGUMENTS[kind], list(inspect.signature(py_func).parameters)
        if given != wanted:
            raise TypeError(f"{py_func.__name__} has the arguments ({', '.join(given)}); "
                            f"a {kind} kernel must have ({', '.join(wanted)})")
        if any(instruction.opname == "RAISE_VARARGS" for instruction in dis.get_instructions(py_func)):
            raise TypeError(f"{py_func.__name__} has a raise or an assert, which compiled loops ignore; remove it")
        self._compiled: dict[np.dtype[Any], Any] = {}
        self._key = (py_func.__qualname__, *closed_over(py_func))
        _KERNELS[(py_func.__module__, *self._key)] = self
        file_digest(inspect.getfile(py_func))

    def __reduce__(self) -> tuple[Any, ...]:
        return _known_kernel, (self.py_func.__module__, *self._key)  # addresses are valid in one process only

    def __call__(self, *arguments: Any) -> Any:
        return self.py_func(*arguments)

    def compiled(self, dtype: Any) -> Any:
        """Return what `call` takes: the address of the kernel for ``dtype``; if compilation is off, the function."""
        if DISABLED:
            return self.py_func
        key = np.dtype(dtype)
        if key not in self._compiled:
            kernel = self._uncompiled(key.name)
            kernel.compile()
            self._compiled[key] = kernel
        return self._compiled[key].address

    def is_ready(self, dtype: Any) -> bool:
        """Whether it is compiled already, in this process or on disk."""
        key = np.dtype(dtype)
        arguments, result = _signature(self.kind, key.name)
        return key in self._compiled or is_on_disk(self._uncompiled(key.name), typing.signature(result, *arguments))

    def _uncompiled(self, name: str) -> Any:
        pipeline: Any = NoAliasCompiler
        kernel: Any = CFunc(self.py_func, _signature(self.kind, name), {}, dict(OPTIONS), pipeline)
        use_own_cache(kernel, self.py_func, way(NoAliasCompiler, OPTIONS))
        return kernel


ARGUMENTS = {
    "forward": "integers reals theta state x y work training step key".split(),
    "backward": "integers reals theta state x y dy dtheta dx work training step key".split(),
    "forward2": "integers reals theta state x second y work training step key".split(),
    "backward2": "integers reals theta state x second y dy dtheta dx dsecond work training step key".split(),
    "loss": "y target weight dy".split(),
    "update": ["theta", "grad", "slots", "settings", "rate", "step"],
}


@cache
def _signature(kind: str, dtype: str) -> tuple[tuple[Any, ...], Any]:
    """Types of a kernel's arguments and of its result; an argument's type follows from its name."""
    real = getattr(types, dtype)
    vector, rows = types.Array(real, 1, "C"), types.Array(real, 2, "C")
    vectors = ("theta", "state", "reals", "settings", "dtheta", "work", "weight", "grad")
    typed: dict[str, Any] = dict.fromkeys(vectors, vector)
    typed |= dict.fromkeys("x second y dy dx dsecond target slots".split(), rows)
    typed |= {"integers": types.Array(types.int64, 1, "C"), "training": types.boolean, "step": types.int64,
              "key": types.uint64, "rate": types.float64}
    if kind == "update":
        typed["settings"] = types.Array(types.float64, 1, "C")
    return tuple(typed[name] for name in ARGUMENTS[kind]), types.float64 if kind == "loss" else types.void


def forward(f: Callable[..., Any]) -> Kernel:
    """A layer's forward kernel: fills ``y`` (rows, outputs) from ``x`` (rows, inputs) and the layer's ``theta``.

    ``integers`` and ``reals`` hold what the layer's methods of these names return. ``state`` is kept between steps but
    not trained, such as moving averages. ``work`` is a workspace whose contents last from forward to backward.
    ``training`` is False in evaluation mode; ``step`` counts updates in training, and in evaluation the steps of a
    sequence that earlier calls have computed; ``key`` (uint64) seeds random numbers and differs for each step and
    layer. A token in ``x`` is its index as a float, which is exact in float32 up to 2^24.
    """
    return Kernel(f, "forward")


def backward(f: Callable[..., Any]) -> Kernel:
    """A layer's backward kernel: from ``dy``, dJ/dy, fills ``dtheta``, dJ/dtheta, and ``dx``, dJ/dx.

    In the first layer ``dx`` has no elements (``dx.size == 0``). The other arguments are those of the forward pass.
    """
    return Kernel(f, "backward")


def forward2(f: Callable[..., Any]) -> Kernel:
    """The forward kernel of a layer with a second input, ``second``: the outputs of another layer, a row each."""
    return Kernel(f, "forward2")


def backward2(f: Callable[..., Any]) -> Kernel:
    """The backward kernel of a layer with a second input, which fills ``dsecond`` too, if that has elements."""
    return Kernel(f, "backward2")


def loss(f: Callable[..., Any]) -> Kernel:
    """A loss kernel: returns the mean over rows of weight times loss, and fills ``dy`` with its gradient in ``y``."""
    return Kernel(f, "loss")


def update(f: Callable[..., Any]) -> Kernel:
    """An optimizer's kernel: updates ``theta`` by ``grad``, and ``slots``, a row for each moment, in place.

    The fourth argument holds its hyper-parameters; ``rate`` is the learning rate of this ``step``, the first being 1.
    """
    return Kernel(f, "update")


def table(kernels: Sequence[Kernel], dtype: Any) -> Any:
    """Kernels as a loop's argument: an array of their addresses, or a tuple of the plain functions if disabled."""
    compiled = [kernel.compiled(dtype) for kernel in kernels]
    return tuple(compiled) if DISABLED else np.array(compiled, np.int64)


def _lent(builder: Any, kind: Any, value: Any) -> Any:
    """An array without its owner, so that the kernel does not count references to it; other arguments as they are."""
    if not isinstance(kind, types.Array):
        return value
    return builder.insert_value(value, cgutils.get_null_value(value.type.elements[0]), 0)  # a Numba array's owner


def _caller(result: Any) -> Any:
    """Make ``call(kernel, arguments)``, for kernels that return ``result``."""

    def call(kernel: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        value = kernel(*arguments)
        return None if result is types.void else np.float64(value)  # as the compiled kernel returns it

    @intrinsic
    def call_address(context: Any, address: Any, arguments: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            held = [context.get_value_type(argument) for argument in arguments]
            kind = llvmlite.ir.FunctionType(context.get_value_type(result), held)
            pointer = builder.inttoptr(values[0], kind.as_pointer())
            given = cgutils.unpack_tuple(builder, values[1], len(held))
            lent = [_lent(builder, *pair) for pair in zip(arguments, given, strict=True)]
            return builder.call(pointer, lent)

        return result(address, arguments), generate

    return call if DISABLED else call_address


call = _caller(types.void)
call_loss = _caller(types.float64)
