"""The one file that uses private names of Numba: its cache on disk has no public interface but on and off.

`Dispatcher.enable_caching` always takes Numba's own cache, whose entries are stamped with the function's own file only
(see `cache`). So a cache with another stamp must be set where Numba looks for it, in ``_cache``.

| private name | whose | here |
|---|---|---|
| ``_cache`` | a dispatcher's, a `CFunc`'s | set to a `Cache`, in which Numba looks up and stores compiled code |
| ``_impl_class``, ``_locator_classes`` | a cache's | overridden, so that `_Locator` gives folder and stamp |
| ``_filename_base`` | a cache implementation's | extended, so that each closure has files of its own |
| ``_index_key`` | a cache's | overridden, so that closures are distinguished by the names of their functions |
| ``_cache_file._load_index()`` | a cache's | read, to know what is on disk without loading it |
| ``_final_module``, ``_shared_module`` | a library's: code of a function, the same for callers | see `linking` |
| ``_finalize_final_module()``, ``_finalize_dynamic_globals()``, ``_finalized`` | a library's | see `CopiedCode` |
| ``_get_module_for_linking()``, ``_create_empty_module()`` | a library's, a code generator's | the same |
| ``_numba_unpickle`` | what compiled code calls for the class of each array that it returns | wrapped, see below |
| ``_unpickled_memo`` | what that has returned so far | read, to know whether it was called |
| ``_compile_for_args`` | a dispatcher's | overridden, see `dispatcher` |
| ``_nrt`` | an option of a dispatcher | whether references to arrays are counted (Numba's run-time system, NRT) |

Tried with Numba 0.68.1 on Python 3.11 and 3.13; ``setup.cfg`` accepts 0.68 only.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba.core import caching, serialize
from numba.core.codegen import JITCodeLibrary

from scratchtune.jit.cache import cache_folder, closed_over, stamp
from scratchtune.jit.linking import linked_loops, load_loops

PRIVATE_NAMES = (  # a test looks for them in the Numba that is installed
    "_nrt", "_cache", "_cache_file", "_compile_for_args", "_create_empty_module", "_filename_base",
    "_final_module", "_finalized", "_finalize_dynamic_globals", "_finalize_final_module", "_get_module_for_linking",
    "_impl_class", "_index_key", "_load_index", "_locator_classes", "_numba_unpickle", "_shared_module",
    "_unpickled_memo")
COUNTS_REFERENCES = "_nrt"

# Compiled code keeps the function that it finds on its first use. This cache is C, in which no signal is handled.
IS_LATE = bool(serialize._unpickled_memo)  # other compiled code has used it
serialize._numba_unpickle = lru_cache(maxsize=None)(serialize._numba_unpickle)


class _Locator(caching.InTreeCacheLocator):
    """The folder of the compiled form of one function, and the stamp that says whether it is up to date."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._function, self._source = py_func, Path(py_file)
        self._folder: str | None = None

    def get_cache_path(self) -> str:
        if self._folder is None:
            self._folder = str(cache_folder(self._source.resolve()))
        return self._folder

    def get_source_stamp(self) -> str:
        return stamp(self._function)

    def ensure_cache_path(self) -> None:
        """Nothing to ensure: `cache_folder` has tried to write."""


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]

    def __init__(self, py_func: Callable[..., Any]) -> None:
        """Closures made by the same code get a file each: in a common file each would discard the others' entries."""
        super().__init__(py_func)
        if closed := closed_over(py_func):
            self._filename_base += "-" + hashlib.sha256(repr(closed).encode()).hexdigest()[:12]

    def reduce(self, cres: Any) -> tuple[Any, ...]:
        """What is written to disk: the loops that the compiled code calls, and Numba's data."""
        data = super().reduce(cres)
        modules = cres.library._final_module, cres.library._shared_module  # what runs, and what callers copy
        called = {function.name for module in modules for function in module.functions if function.is_declaration}
        return linked_loops(sorted(called)), data

    def rebuild(self, target_context: Any, payload: tuple[Any, ...]) -> Any:
        """The compiled code from what was on disk; None, so that it is compiled again, if a loop is missing."""
        loops, data = payload
        return super().rebuild(target_context, data) if load_loops(loops) else None


class Cache(caching.FunctionCache):
    """Numba's cache of one function, with this package's folders and stamps."""

    _impl_class = _Implementation

    def __init__(self, py_func: Callable[..., Any], way: str) -> None:
        super().__init__(py_func)
        self._function, self._way = py_func, way

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Numba's key and the way it is compiled, since one function may be compiled in two ways.

        A closure's functions count by name, since their sources are in the stamp already.
        """
        code = hashlib.sha256(self._function.__code__.co_code).hexdigest()
        return sig, codegen.magic_tuple(), code, closed_over(self._function), self._way

    def holds(self, signature: Any) -> bool:
        """Whether this signature is on disk."""
        codegen = numba.core.registry.cpu_target.target_context.codegen()
        return self._index_key(signature, codegen) in self._cache_file._load_index()


class _CalleeImplementation(_Implementation):
    def __init__(self, py_func: Callable[..., Any]) -> None:
        """The form that only compiled functions call has files of its own, since Python can't call it."""
        super().__init__(py_func)
        self._filename_base += "-callee"


class CalleeCache(Cache):
    """The same of the form that only compiled functions call."""

    _impl_class = _CalleeImplementation


def has_file(function: Callable[..., Any]) -> bool:
    """Whether a function was read from a file, so that it can be cached."""
    return os.path.exists(inspect.getfile(function))


def use_own_cache(compiled: Any, function: Callable[..., Any], way: str, kind: type[Cache] = Cache) -> None:
    """Give a dispatcher or a `CFunc` of ``function`` a cache; none to a function at a prompt, which has no file.

    ``way`` is the text that `cache.way` returns.
    """
    compiled._cache = kind(function, way) if has_file(function) else caching.NullCache()


class CopiedCode(JITCodeLibrary):
    """A compiled function that is only ever copied into its callers: it gets no machine code of its own.

    What stays is a variable for each of Numba's environments, since Numba sets them by address.
    """

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True
        environments = [str(variable) for variable in self._get_module_for_linking().global_variables
                        if variable.name.startswith("_ZN08NumbaEnv")]
        empty = self.codegen._create_empty_module(self.name)
        self._final_module = llvmlite.binding.parse_assembly("\n".join([str(empty), *environments]))
        super()._finalize_final_module()


def link_by_symbol(library: Any) -> None:
    """Let callers of the functions in ``library`` call them by their symbols: nothing is copied into the callers."""
    empty = library.codegen._create_empty_module(library.name)
    library._shared_module = llvmlite.binding.parse_assembly(str(empty))


def is_on_disk(compiled: Any, signature: Any) -> bool:
    """Whether the cache of a dispatcher or a `CFunc` holds this signature."""
    return isinstance(compiled._cache, Cache) and compiled._cache.holds(signature)
