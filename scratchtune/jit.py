"""The compiler's doorway, the only module that imports numba: how a kernel is compiled, cached and switched off.

- `function` compiles a plain function for whatever types it is called with; formulas are written with it.
- `forward`, `backward`, `loss` and `update` make *kernels*: functions of one fixed signature each, so that the
  epoch loop can call any layer, loss or optimizer through a pointer, and is itself compiled once.
- `loop` compiles the loops that walk over kernels.

With the environment variable ``NUMBA_DISABLE_JIT=1`` everything here hands back the plain Python function, so that each
formula can be stepped through in a debugger.

Three traps are closed here. Numba's cache on disk does not notice an edit to a function in *another* file, so its
entries are stamped with a digest of all that a function depends on (`dependencies`). Numba computes ``0.5 * x`` in
float64 although ``x`` is float32; `_WeakLiterals` makes literals follow the arrays, which is NumPy 2's rule as well.
And a function that kernels call may be compiled twice, alone and within the kernel, with other roundings: which one ran
would depend on whether the cache was warm. So functions are put into the kernels that call them (``forceinline``).
"""

from __future__ import annotations

import dis
import hashlib
import importlib
import inspect
import os
import platform
import sys
import tempfile
import threading
import types as python_types
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite.ir
import numba
import numpy as np
from numba.core import caching, cgutils, compiler, config, ir, types
from numba.core.ccallback import CFunc
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.untyped_passes import IRProcessing
from numba.extending import intrinsic, overload
from tqdm import tqdm

from scratchtune.precompiling import compile_side_by_side

DISABLED = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]

# Sums may be reordered and multiply-adds fused, so that they use the processor's vectors; NaN and infinity keep their
# meaning, because a diverging training is recognised by them.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
_OPTIONS = {"nopython": True, "nogil": True, "fastmath": _FASTMATH, "error_model": "numpy", "boundscheck": False}


# What is compiled: literals that follow the arrays -------------------------------------------------------------------


@register_pass(mutates_CFG=False, analysis_only=False)
class _WeakLiterals(FunctionPass):
    """Float literals become float32 in a function whose floating-point arguments are all float32."""

    _name = "scratchtune_weak_literals"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        floats = {inner for argument in state.args for inner in _float_types(argument)}
        if floats != {types.float32}:
            return False
        for block in state.func_ir.blocks.values():
            for assignment in block.find_insts(ir.Assign):
                value = assignment.value
                if isinstance(value, (ir.Const, ir.Global, ir.FreeVar)):
                    single = _single(value.value)
                    if single is not value.value:  # not a Const, which array expressions take for a Python number
                        assignment.value = ir.Global("literal", single, value.loc)
        return True


def _single(value: Any) -> Any:
    """A float, or a tuple of floats, in single precision; anything else as it is."""
    if type(value) is tuple and value and all(type(number) is float for number in value):
        return tuple(np.float32(number) for number in value)
    return np.float32(value) if type(value) is float else value


def _float_types(argument: Any) -> set[Any]:
    argument = getattr(argument, "dtype", argument) if isinstance(argument, types.Array) else argument
    return {argument} if isinstance(argument, types.Float) else set()


class _Compiler(compiler.CompilerBase):
    """Numba's usual pipeline with `_WeakLiterals` in it."""

    def define_pipelines(self) -> list[Any]:
        self.state.flags.noalias = self.arrays_are_apart
        pipeline = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(_WeakLiterals, IRProcessing)
        pipeline.finalize()
        return [pipeline]

    arrays_are_apart = False


class _ApartCompiler(_Compiler):
    """For functions whose array arguments never overlap; LLVM need not test for it before each inner loop."""

    arrays_are_apart = True


# Where it is cached: under a digest of the sources -------------------------------------------------------------------


@cache
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if os.path.exists(path) else ""


def dependencies(function: Callable[..., Any], found: dict[str, str] | None = None) -> dict[str, str]:
    """All that a function's compiled form depends on, each with a digest.

    The file that it stands in, the constants that it names, and the same for every function that it calls, directly or
    through a module, here or in a user's files.
    """
    found = {} if found is None else found
    function = plain(function)
    key = f"{Path(inspect.getfile(function)).name}:{function.__qualname__}:{function.__code__.co_firstlineno}"
    if key in found:
        return found
    found[key] = _digest(inspect.getfile(function))
    for name, value in _named(function).items():
        if isinstance(value, (int, float, str, tuple, np.generic)):
            found[f"{key}:{name}"] = repr(value)
        elif isinstance(value, np.ndarray):
            found[f"{key}:{name}"] = f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
        elif isinstance(plain(value), python_types.FunctionType):
            dependencies(value, found)
    return found


def _named(function: Callable[..., Any]) -> dict[str, Any]:
    """The values that a function's code may mean by the names in it: its own scope's, and those in modules it names."""
    names = set(_names(function.__code__))
    scopes = [("", {**function.__globals__, **inspect.getclosurevars(function).nonlocals})]
    values: dict[str, Any] = {}
    for prefix, scope in scopes:
        for name in names & scope.keys():
            value = values[prefix + name] = scope[name]
            is_module = isinstance(value, python_types.ModuleType)
            if is_module and f"{prefix}{name}." not in dict(scopes) and len(scopes) < 20:
                if not value.__name__.startswith(("numpy", "numba", "math")):
                    scopes.append((f"{prefix}{name}.", vars(value)))
    return values


def _names(code: python_types.CodeType) -> tuple[str, ...]:
    """The names in a function's code and in that of the functions defined within it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, python_types.CodeType)]
    return (*code.co_names, *code.co_freevars, *(name for constant in inner for name in _names(constant)))


class _Locator(caching.InTreeCacheLocator):
    """Where the compiled form of one function lies, and the stamp that tells whether it is still fresh."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._function = py_func
        self._folder: str | None = None

    def get_cache_path(self) -> str:
        if self._folder is None:
            self._folder = str(_cache_folder(Path(self._py_file).resolve()))
        return self._folder

    def get_source_stamp(self) -> str:
        found = sorted(dependencies(self._function).items())
        checked = config.BOUNDSCHECK  # type: ignore[attr-defined]  # NUMBA_BOUNDSCHECK=1 makes other code
        return hashlib.sha256(f"{_digest(__file__)} {checked} {found}".encode()).hexdigest()

    def ensure_cache_path(self) -> None:
        """Nothing to ensure: `_cache_folder` has tried to write."""


@cache
def _cache_folder(source: Path) -> Path:
    """The first folder that can be written: the one Numba was told, beside the source, the user's, a private one."""
    name = f"{source.parent.name}-{hashlib.sha256(str(source.parent).encode()).hexdigest()[:16]}"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.path.expanduser("~")) / ".cache")
    told = config.CACHE_DIR  # type: ignore[attr-defined]
    candidates = [Path(told) / name] if told else [source.parent / "__pycache__"]
    if home.is_absolute():  # a user without a home has "~"
        candidates.append(home / "scratchtune" / name)
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
        except OSError:
            continue
    folder = _private_folder() / name
    folder.mkdir(exist_ok=True)
    return folder


@lru_cache(maxsize=1)
def _private_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="scratchtune-"))  # mkdtemp makes it with mode 0700


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]

    def __init__(self, py_func: Callable[..., Any]) -> None:
        """Closures made in one place get a file each: with one for all, each would throw the others' entries away."""
        super().__init__(py_func)
        if closed := _closed(py_func):
            self._filename_base += "-" + hashlib.sha256(repr(closed).encode()).hexdigest()[:12]


def _closed(f: Callable[..., Any]) -> tuple[str, ...]:
    """What tells a closure from others made in the same place: its functions by name, other values as they print."""
    return tuple(
        f"{plain(value).__module__}.{plain(value).__qualname__}" if callable(value) else repr(value)
        for value in inspect.getclosurevars(f).nonlocals.values()
    )


class _Cache(caching.FunctionCache):
    _impl_class = _Implementation

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Numba's key, with a closure's functions told apart by name; their sources are in the stamp already."""
        code = hashlib.sha256(self._py_func.__code__.co_code).hexdigest()
        return sig, codegen.magic_tuple(), code, _closed(self._py_func)

    def holds(self, signature: Any) -> bool:
        """Is this signature on disk already?"""
        codegen = numba.core.registry.cpu_target.target_context.codegen()
        return self._index_key(signature, codegen) in self._cache_file._load_index()


def _cache_of(function: Callable[..., Any]) -> Any:
    """The cache for a function; one that is defined at a prompt has no file, so it has none."""
    return _Cache(function) if os.path.exists(inspect.getfile(function)) else caching.NullCache()


# How it is compiled ---------------------------------------------------------------------------------------------------


def plain(function: Any) -> Any:
    """The plain Python function behind anything that this module has compiled."""
    return getattr(function, "py_func", function)


def function(f: Callable[..., Any]) -> Any:
    """Compile ``f`` for whatever types it is called with; ``f.py_func`` stays the plain function."""
    return _dispatcher(f, _Compiler)


def function_of_separate_arrays(f: Callable[..., Any]) -> Any:
    """The same for an ``f`` whose array arguments never share memory: 95 instead of 52 GFLOP/s in a small product."""
    return _dispatcher(f, _ApartCompiler)


def function_in_order(f: Callable[..., Any]) -> Any:
    """The same for an ``f`` whose sums must be taken in the order in which they are written."""
    return _dispatcher(f, _Compiler, fastmath=_FASTMATH - {"reassoc"})


def inlined(f: Callable[..., Any]) -> Any:
    """The same for a piece of a longer function, that is put into it before it is compiled."""
    return _dispatcher(f, _Compiler, inline="always")


def _dispatcher(f: Callable[..., Any], pipeline: type[_Compiler], **options: Any) -> Any:
    if DISABLED:
        return f
    dispatcher = numba.jit(pipeline_class=pipeline, **{"forceinline": True, **_OPTIONS, **options})(f)
    dispatcher._cache = _cache_of(f)
    return dispatcher


def loop(f: Callable[..., Any]) -> Any:
    """Compile a loop over kernels; it is long, so it stays a function of its own."""
    return _dispatcher(f, _Compiler, forceinline=False)


def loop_in_order(f: Callable[..., Any]) -> Any:
    """The same with sums in the order in which they are written."""
    return _dispatcher(f, _Compiler, forceinline=False, fastmath=_FASTMATH - {"reassoc"})


_KERNELS: dict[tuple[str, ...], Kernel] = {}


def _known_kernel(module: str, *key: str) -> Kernel:
    importlib.import_module(module)
    return _KERNELS[(module, *key)]


class Kernel:
    """A function of one of the fixed signatures below, compiled for float32 or float64 when it is first needed."""

    def __init__(self, py_func: Callable[..., Any], kind: str) -> None:
        self.py_func, self.kind, self.__doc__, self.__name__ = py_func, kind, py_func.__doc__, py_func.__name__
        wanted, given = ARGUMENTS[kind], list(inspect.signature(py_func).parameters)
        if given != wanted:
            raise TypeError(
                f"{py_func.__name__} has the arguments ({', '.join(given)}); "
                f"a {kind} kernel has ({', '.join(wanted)})"
            )
        if any(instruction.opname == "RAISE_VARARGS" for instruction in dis.get_instructions(py_func)):
            raise TypeError(f"{py_func.__name__} has a raise or an assert; a kernel has nobody to raise to")
        self._compiled: dict[str, Any] = {}
        self._key = (py_func.__qualname__, *_closed(py_func))
        _KERNELS[(py_func.__module__, *self._key)] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _known_kernel, (self.py_func.__module__, *self._key)  # a compiled kernel is of one process

    def __call__(self, *arguments: Any) -> Any:
        return self.py_func(*arguments)

    def compiled(self, dtype: Any) -> Any:
        """What loops hand to `call`: the address of the compiled kernel for ``dtype``; the plain one where disabled."""
        if DISABLED:
            return self.py_func
        name = np.dtype(dtype).name
        if name not in self._compiled:
            kernel = self._uncompiled(name)
            kernel.compile()
            self._compiled[name] = kernel
        return self._compiled[name].address

    def is_ready(self, dtype: Any) -> bool:
        """Is it compiled already, in this process or on disk?"""
        name = np.dtype(dtype).name
        if DISABLED or name in self._compiled:
            return True
        kernel = self._uncompiled(name)
        return isinstance(kernel._cache, _Cache) and kernel._cache.holds(kernel._sig)

    def _uncompiled(self, name: str) -> Any:
        signature = _signature(self.kind, name)
        kernel: Any = CFunc(
            self.py_func, signature, locals={}, options=dict(_OPTIONS),
            pipeline_class=_ApartCompiler,  # type: ignore[arg-type]
        )
        kernel._cache = _cache_of(self.py_func)
        return kernel


ARGUMENTS = {
    "forward": "integers reals theta state x y work training step key".split(),
    "backward": "integers reals theta state x y dy dtheta dx work training step key".split(),
    "loss": "y target weight dy".split(),
    "update": "theta grad slots settings alpha step".split(),
}


@cache
def _signature(kind: str, dtype: str) -> tuple[tuple[Any, ...], Any]:
    """Types of the arguments, and of what is returned, by the arguments' names."""
    real = getattr(types, dtype)
    vector, rows = types.Array(real, 1, "C"), types.Array(real, 2, "C")
    vectors = ("theta", "state", "reals", "settings", "dtheta", "work", "weight", "grad")
    typed: dict[str, Any] = dict.fromkeys(vectors, vector)
    typed |= dict.fromkeys(("x", "y", "dy", "dx", "target", "slots"), rows)
    typed |= {"integers": types.Array(types.int64, 1, "C"), "training": types.boolean, "step": types.int64,
              "key": types.uint64, "alpha": types.float64}
    if kind == "update":
        typed["settings"] = types.Array(types.float64, 1, "C")
    return tuple(typed[name] for name in ARGUMENTS[kind]), types.float64 if kind == "loss" else types.void


def forward(f: Callable[..., Any]) -> Kernel:
    """A layer's forward kernel: fills ``y`` (rows, outputs) from ``x`` (rows, inputs) and the layer's ``theta``.

    ``integers`` and ``reals`` hold what the layer's methods of these names return; ``state`` is what it keeps between
    steps beside theta (moving averages); ``work`` is scratch that lasts from forward to backward; ``training`` says
    whether it trains; ``step`` counts updates; ``key`` (uint64) seeds random numbers, one key for each step and layer.
    A token is its number in ``x``: exact in float32 up to 2^24.
    """
    return Kernel(f, "forward")


def backward(f: Callable[..., Any]) -> Kernel:
    """A layer's backward kernel: from ``dy``, dJ/dy, fills ``dtheta``, dJ/dtheta, and ``dx``, dJ/dx.

    ``dx`` has no elements (``dx.size == 0``) where nobody needs it: in the first layer.
    """
    return Kernel(f, "backward")


def loss(f: Callable[..., Any]) -> Kernel:
    """A loss kernel: returns the mean over rows of weight times loss, and fills ``dy`` with its gradient in ``y``."""
    return Kernel(f, "loss")


def update(f: Callable[..., Any]) -> Kernel:
    """An optimizer's kernel: changes ``theta`` and its ``slots`` (a row a moment) in place; the first step is 1."""
    return Kernel(f, "update")


def table(kernels: Sequence[Kernel], dtype: Any) -> Any:
    """The kernels of a network as a loop takes them: an array of addresses, or a tuple of functions where disabled."""
    compiled = [kernel.compiled(dtype) for kernel in kernels]
    return tuple(compiled) if DISABLED else np.array(compiled, np.int64)


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
            return builder.call(pointer, cgutils.unpack_tuple(builder, values[1], len(held)))

        return result(address, arguments), generate

    return call if DISABLED else call_address


call = _caller(types.void)
call_loss = _caller(types.float64)


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


# The first run --------------------------------------------------------------------------------------------------------


class Job(NamedTuple):
    """One thing that must be compiled before work starts."""

    name: str
    is_ready: Callable[[], bool]
    compile: Callable[[], Any]
    reference: Any = None  # what `compile_referred` takes, in another process too; None for what only this one knows


def kernel_job(kernel: Kernel, dtype: Any) -> Job:
    """Compile one kernel for one dtype."""
    reference = (kernel, np.dtype(dtype).name) if kernel.py_func.__module__ != "__main__" else None
    return Job(kernel.__name__, lambda: kernel.is_ready(dtype), lambda: kernel.compiled(dtype), reference)


def loop_job(dispatcher: Any, arguments: tuple[Any, ...]) -> Job:
    """Compile one loop for the types of ``arguments``."""
    if DISABLED:
        return Job(dispatcher.__name__, lambda: True, lambda: None)
    signature = tuple(numba.typeof(argument) for argument in arguments)

    def is_ready() -> bool:
        on_disk = isinstance(dispatcher._cache, _Cache) and dispatcher._cache.holds(signature)
        return signature in dispatcher.overloads or on_disk

    function = dispatcher.py_func
    reference = ((function.__module__, function.__qualname__), signature) if function.__module__ != "__main__" else None
    return Job(dispatcher.__name__, is_ready, lambda: dispatcher.compile(signature), reference)


def compile_referred(thing: Any, kind: Any) -> None:
    """Compile a kernel for a dtype, or a loop, named by module and name, for a signature; both are on disk then."""
    if isinstance(thing, Kernel):
        thing.compiled(kind)
    else:
        getattr(importlib.import_module(thing[0]), thing[1]).compile(kind)


_preparing = threading.Lock()


def prepare(jobs: Sequence[Job]) -> None:
    """Compile what is not compiled yet, and tell it in one line with a progress bar where that takes a while."""
    with _preparing:
        missing = [job for job in jobs if not job.is_ready()]
        if missing:
            kernels = f"{len(missing)} kernel{'s' if len(missing) > 1 else ''}"
            print(f"scratchtune: compiling {kernels} for this processor, once", file=sys.stderr)
        bar = tqdm(total=len(missing), desc="compiling", unit="kernel", leave=False, disable=None if missing else True)
        with bar:
            compile_side_by_side(missing, bar.update)
        for job in jobs:
            job.compile()
