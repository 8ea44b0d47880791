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
| ``_nrt`` | an option of a dispatcher | whether references to arrays are counted (Numba's run-time system, NRT) |

Tried with Numba 0.68.1 on Python 3.11 and 3.13; ``setup.cfg`` accepts 0.68 only.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import caching

from scratchtune.jit.cache import cache_folder, closed_over, stamp

PRIVATE_NAMES = (  # a test looks for them in the Numba that is installed
    "_nrt", "_cache", "_cache_file", "_filename_base", "_impl_class", "_index_key", "_load_index", "_locator_classes")
COUNTS_REFERENCES = "_nrt"


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


class _CalleeCache(Cache):
    _impl_class = _CalleeImplementation


def use_own_cache(compiled: Any, function: Callable[..., Any], way: str) -> None:
    """Give a dispatcher or a `CFunc` of ``function`` a `Cache`; none to a function at a prompt, which has no file.

    ``way`` is the text that `cache.way` returns.
    """
    in_file = os.path.exists(inspect.getfile(function))
    compiled._cache = Cache(function, way) if in_file else caching.NullCache()


def use_callee_cache(compiled: Any, function: Callable[..., Any], way: str) -> None:
    """The same for the form of ``function`` that only compiled functions call."""
    in_file = os.path.exists(inspect.getfile(function))
    compiled._cache = _CalleeCache(function, way) if in_file else caching.NullCache()


def is_on_disk(compiled: Any, signature: Any) -> bool:
    """Whether the cache of a dispatcher or a `CFunc` holds this signature."""
    return isinstance(compiled._cache, Cache) and compiled._cache.holds(signature)
