"""How functions are compiled: one decorator for each way.

A function that kernels call could be compiled twice, alone and as part of the kernel, and the two could round
differently. Which of them runs would depend on what is in the cache. So LLVM must inline a function into every kernel
that calls it (``forceinline``). Long functions, called loops here, are compiled once instead, and called (`linking`):
inlined, they would be optimised again in each caller.

A compiled function has two forms, each compiled when it is first called: one that Python calls, and a leaner one that
other compiled functions call. Numba wraps each function twice, for calls from Python and from C. The wrappers unpack
every array and count its references: a quarter of the time that it takes to compile the training loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial, reduce
from types import CodeType
from typing import Any

import numpy as np
from numba.core import compiler, config, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typing.templates import infer_global, make_intrinsic_template
from numba.core.untyped_passes import IRProcessing

from scratchtune.core.jit.cache import identity, named, way
from scratchtune.core.jit.linking import CODE, COMPILED, LOOPS, Code, Linked
from scratchtune.core.jit.numba_internals import IS_LATE, has_file, use_own_cache

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


def function_dividing(f: Callable[..., Any]) -> Any:
    """As `function_in_order`, where no quotient becomes a product with a reciprocal, whose last bit may differ."""
    return compiled(f, Compiler, fastmath=FASTMATH - {"reassoc", "arcp"})


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


# The pipeline ---------------------------------------------------------------------------------------------------------


@register_pass(mutates_CFG=False, analysis_only=False)
class WeakLiterals(FunctionPass):
    """Float literals become float32 in a function whose floating-point arguments are all float32.

    So ``0.5 * x`` is float32 where x is, as in NumPy 2; Numba has float64.
    """

    _name = "scratchtune_weak_literals"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Replace the literals, and the global and closed-over constants; return whether anything may have changed."""
        floats = {inner for argument in state.args for inner in _float_types(argument)}
        if floats != {types.float32}:
            return False
        for block in state.func_ir.blocks.values():
            for assignment in block.find_insts(ir.Assign):
                value = assignment.value
                if isinstance(value, (ir.Const, ir.Global, ir.FreeVar)):
                    single = _single(value.value)
                    if single is not value.value:  # a Global: array expressions would treat a Const as a Python number
                        assignment.value = ir.Global("literal", single, value.loc)
        return True


def _single(value: Any) -> Any:
    """Return a float, or a tuple of floats, in single precision; any other value unchanged."""
    if type(value) is tuple and value and all(type(number) is float for number in value):
        return tuple(np.float32(number) for number in value)
    return np.float32(value) if type(value) is float else value


def _float_types(argument: Any) -> set[Any]:
    """The floating-point type of an argument, or of an array's numbers, in a set; empty for other arguments."""
    argument = getattr(argument, "dtype", argument) if isinstance(argument, types.Array) else argument
    return {argument} if isinstance(argument, types.Float) else set()


# Numba's passes for with blocks, closures and comprehensions, left out of functions that have none.
RARELY_NEEDED = {"WithLifting", "InlineClosureLikes", "MakeFunctionToJitFunction"}


class Compiler(compiler.CompilerBase):
    """Numba's usual pipeline with `WeakLiterals` in it, and without the passes that a function does not need."""

    noalias = False
    counts_references = True  # to arrays; set explicitly, since Numba would take it from the first caller
    identity: str | None = None  # of a loop, see `linking`

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any,
    ) -> None:
        flags.nrt = self.counts_references  # by Numba's run-time system (NRT)
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)

    def define_pipelines(self) -> list[Any]:
        """The one pipeline: `WeakLiterals` runs right after the bytecode is translated to Numba's IR."""
        self.state.flags.noalias = self.noalias
        if self.identity is not None:
            self.state.func_id.unique_id = self.identity  # a part of the symbol, instead of a number
        self.state.library = Code(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        pipeline = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(WeakLiterals, IRProcessing)
        function, code = self.state.func_id.func, self.state.func_id.code
        reduces = any(value is reduce for value in named(function).values())  # its loop is inlined like a closure
        if not (code.co_exceptiontable or reduces or CodeType in map(type, code.co_consts)):
            pipeline.passes = [told for told in pipeline.passes if told[0].__name__ not in RARELY_NEEDED]
        pipeline.finalize()
        return [pipeline]


class NoAliasCompiler(Compiler):
    """For functions whose array arguments never overlap: LLVM then omits the test for it before each inner loop."""

    noalias = True


class UncountedCompiler(Compiler):
    """For functions that make no arrays: references to arrays are not counted, which takes time in a small step."""

    counts_references = False


# What the decorators return -------------------------------------------------------------------------------------------


class Dispatcher(CPUDispatcher):
    """What the decorators above return: Numba's dispatcher, with the package's cache and a `callee`."""

    def __init__(
        self, py_func: Callable[..., Any], locals: Any = None, targetoptions: Any = None,
        pipeline_class: type[Compiler] = Compiler,
    ) -> None:
        super().__init__(py_func, locals, {**targetoptions, "no_cfunc_wrapper": True}, pipeline_class)
        self._waiting: dict[Any, Any] = {}  # compiled code that was not called yet
        told = way(pipeline_class, self.targetoptions)
        use_own_cache(self, py_func, told)
        self._pipeline = pipeline_class
        if not self.targetoptions["forceinline"] and has_file(py_func):
            told = identity(py_func, told)
            self._pipeline = type(pipeline_class.__name__, (pipeline_class,), {"identity": told})
            LOOPS[told] = self

    def add_overload(self, cres: Any) -> None:
        """Override: until a first call has ended, Python calls the code by `_compile_for_args`, and so by `settled`."""
        self.overloads[tuple(cres.signature.args)] = self._waiting[cres.entry_point] = cres

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        """Override: Numba calls this for a new signature, and then calls the function that it returns."""
        return partial(self._first_call, super()._compile_for_args(*args, **kws))  # type: ignore[misc]

    def _first_call(self, entry: Any, *args: Any, **kws: Any) -> Any:
        """Call the code ``entry`` by `settled`; once that has succeeded, Numba may call it directly."""
        result = settled(entry, *args, **kws)
        if (called := self._waiting.pop(entry, None)) is not None:
            super().add_overload(called)
        return result

    @cached_property
    def callee(self) -> Callee:
        """The form that compiled functions call."""
        options = {**self.targetoptions, "no_cpython_wrapper": True}
        return Callee(self.py_func, targetoptions=options, pipeline_class=self._pipeline)

    @property
    def _numba_type_(self) -> Any:
        callee: Any = self.callee
        return types.Dispatcher(callee)  # compiled code that names this dispatcher calls its callee


class Callee(CPUDispatcher):
    """A function without wrappers: only compiled functions can call it."""

    def __init__(
        self, py_func: Callable[..., Any], targetoptions: dict[str, Any], pipeline_class: type[Compiler],
    ) -> None:
        super().__init__(py_func, targetoptions=targetoptions, pipeline_class=pipeline_class)
        self._identity = pipeline_class.identity
        use_own_cache(self, py_func, way(pipeline_class, targetoptions))

    def get_call_template(self, args: Sequence[Any], kws: Any) -> Any:
        """Numba's; a literal argument, such as the 0 of ``f(x, 0)``, does not get a compiled function of its own."""
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return super().get_call_template([types.unliteral(kind) for kind in args], plain)

    def add_overload(self, cres: Any) -> None:
        """Numba's; a loop is called by its symbol, see `linking`."""
        if self._identity is not None:
            symbol = cres.fndesc.mangled_name
            COMPILED[symbol] = Linked(symbol, self._identity, tuple(cres.signature.args))
            CODE.add(cres.library)
        super().add_overload(cres)


def settled(compiled: Callable[..., Any], *args: Any, **kws: Any) -> Any:
    """Call compiled code; an exception of a signal's handler, such as KeyboardInterrupt, is raised as it is.

    Python runs the handler in the next Python function. In a first call that can be a function of Numba's, which
    ignores the exception (`numba_internals`); Python then raises a SystemError with the exception as its cause.
    """
    try:
        return compiled(*args, **kws)
    except SystemError as error:
        first: BaseException = error
        while isinstance(first, SystemError) and first.__cause__ is not None:
            first = first.__cause__
        raise first from None


if IS_LATE:  # compiled code has kept Numba's own function, so any call can be the one that needs `settled`
    Dispatcher.__call__ = lambda self, *args, **kws: settled(  # type: ignore[assignment, method-assign]
        partial(CPUDispatcher.__call__, self), *args, **kws)
