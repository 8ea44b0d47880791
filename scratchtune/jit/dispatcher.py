"""A compiled function has two forms: one that Python calls, and a leaner one that other compiled functions call.

Numba wraps each function twice, for calls from Python and for calls from C. The wrappers unpack every array and count
its references: a quarter of the time that it takes to compile the training loop. Compiled code needs neither, and only
kernels are called from C. Each form is compiled, and cached, when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from numba.core import types
from numba.core.registry import CPUDispatcher

from scratchtune.jit.cache import identity, way
from scratchtune.jit.linking import Linked, register_loop, register_symbol
from scratchtune.jit.literals import Compiler
from scratchtune.jit.numba_internals import IS_LATE, has_file, use_own_cache


class Dispatcher(CPUDispatcher):
    """What a decorator of this package returns: Numba's dispatcher, with the package's cache and a `callee`."""

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
            self._pipeline = pipeline_class.derived(identity=told)
            register_loop(told, self)

    def add_overload(self, cres: Any) -> None:
        """Override: until one call has ended, Python calls the compiled code through `_compile_for_args`."""
        self.overloads[tuple(cres.signature.args)] = self._waiting[cres.entry_point] = cres

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        """Override: Numba calls this for a new signature, and then calls the function that it returns."""
        return partial(self._first_call, super()._compile_for_args(*args, **kws))  # type: ignore[misc]

    def _first_call(self, entry: Any, *args: Any, **kws: Any) -> Any:
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
            linked = Linked(cres.fndesc.mangled_name, self._identity, tuple(cres.signature.args))
            register_symbol(linked, cres.library)
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


if IS_LATE:
    Dispatcher.__call__ = lambda self, *args, **kws: settled(  # type: ignore[assignment, method-assign]
        partial(CPUDispatcher.__call__, self), *args, **kws)
