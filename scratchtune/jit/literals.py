"""Float literals take the arrays' precision: ``0.5 * x`` is float32 where x is, as in NumPy 2; Numba has float64."""

from __future__ import annotations

from functools import reduce
from types import CodeType
from typing import Any

import numpy as np
from numba.core import compiler, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.untyped_passes import IRProcessing

from scratchtune.jit.cache import named
from scratchtune.jit.linking import Code


@register_pass(mutates_CFG=False, analysis_only=False)
class WeakLiterals(FunctionPass):
    """Float literals become float32 in a function whose floating-point arguments are all float32."""

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

    @classmethod
    def derived(cls, **attributes: Any) -> type[Compiler]:
        """The same pipeline with other values of the attributes."""
        return type(cls.__name__, (cls,), attributes)


class NoAliasCompiler(Compiler):
    """For functions whose array arguments never overlap: LLVM then omits the test for it before each inner loop."""

    noalias = True


class UncountedCompiler(Compiler):
    """For functions that make no arrays: references to arrays are not counted, which takes time in a small step."""

    counts_references = False
