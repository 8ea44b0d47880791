"""The one file that uses private names of Numba: its cache on disk has no public interface but on and off.

Numba looks up and stores compiled code in the ``_cache`` of a dispatcher or a `CFunc`. `Dispatcher.enable_caching`
always puts Numba's own cache there, whose entries are stamped with the function's own file only (see `cache`).

| private name | whose | here |
|---|---|---|
| ``_cache`` | a dispatcher's, a `CFunc`'s | set to a `Cache` |
| ``_compile_for_args`` | a dispatcher's | overridden, see `dispatcher` |
| ``_numba_unpickle`` | what compiled code calls for the class of each array that it returns | wrapped, see below |
| ``_unpickled_memo`` | what that has returned so far | read, to know whether it was called |

What else is used of ``numba.core`` has public names, which no document promises. Tried with Numba 0.63, 0.64, 0.65,
0.66, 0.67 and 0.68 on Python 3.11; the oldest and the newest on 3.13 too.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, serialize
from numba.core.registry import CPUDispatcher, cpu_target

from scratchtune.jit.cache import cache_folder, closed_over, stamp
from scratchtune.jit.linking import linked_loops, load_loops

PRIVATE_NAMES = {CPUDispatcher: ("_compile_for_args",), serialize: ("_numba_unpickle", "_unpickled_memo")}
RANGE = "numba>=0.63,<0.69"  # as in setup.cfg

if missing := [name for owner, names in PRIVATE_NAMES.items() for name in names if not hasattr(owner, name)]:
    raise ImportError(
        f"scratchtune can't use Numba {numba.__version__}, which lacks {', '.join(missing)}; "
        f"it was tried with {RANGE}: python -m pip install '{RANGE}'")

# Compiled code looks this function up once. lru_cache is written in C, so no signal handler runs inside the call.
IS_LATE = bool(serialize._unpickled_memo)  # other compiled code has used it
serialize._numba_unpickle = lru_cache(maxsize=None)(serialize._numba_unpickle)


class _Data(caching.CompileResultCacheImpl):
    """Numba's translation of compiled code into data and back."""

    def __init__(self) -> None:
        """Nothing of Numba's, which chooses a file."""


class Cache:
    """The compiled forms of one function on disk, a file each: a `stamp`, the loops that it calls, Numba's data.

    ``way`` is the text that `cache.way` returns, since one function may be compiled in several ways.
    """

    def __init__(self, function: Callable[..., Any], way: str) -> None:
        self._function, self._way = function, way
        self._source = Path(inspect.getfile(function))
        self.cache_path = str(cache_folder(self._source.resolve()))  # Numba shows it in a dispatcher's `stats`

    @cached_property
    def _stamp(self) -> bytes:
        return stamp(self._function).encode()

    def _file(self, signature: Any) -> Path:
        """The file of one signature for this Numba, Python and processor; a stale one is overwritten."""
        code = self._function.__code__
        machine = cpu_target.target_context.codegen().magic_tuple()
        told = (signature, machine, numba.__version__, sys.version_info[:2], code.co_firstlineno,
                closed_over(self._function), self._way)
        digest = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
        name = self._function.__qualname__.replace("<", "").replace(">", "")
        return Path(self.cache_path) / f"{self._source.stem}.{name}-{code.co_firstlineno}.{digest}.nbc"

    def holds(self, signature: Any) -> bool:
        """Whether this signature is on disk."""
        return self._read(signature, len(self._stamp)) is not None

    def _read(self, signature: Any, size: int = -1) -> bytes | None:
        """What follows the stamp in a signature's file; None if there is no such file, or its stamp is another one."""
        try:
            with open(self._file(signature), "rb") as file:
                content = file.read(size)
        except OSError:
            return None
        return content[len(self._stamp):] if content.startswith(self._stamp) else None

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled code from what is on disk; None, so that it is compiled, if that or a loop is missing."""
        target_context.refresh()
        content = self._read(signature)
        if content is None:
            return None
        loops, data = pickle.loads(content)
        return _Data().rebuild(target_context, data) if load_loops(loops) else None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Write compiled code to disk, whole or not at all."""
        if compiled.library.has_dynamic_globals:
            warnings.warn(f"{self._function.__qualname__} is compiled again in each run, since it uses a large global "
                          "array or a pointer", stacklevel=2)
            return
        content = self._stamp + serialize.dumps((linked_loops(compiled.library), _Data().reduce(compiled)))
        descriptor, name = tempfile.mkstemp(dir=self.cache_path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(name, self._file(signature))
        except BaseException:
            os.unlink(name)
            raise


def has_file(function: Callable[..., Any]) -> bool:
    """Whether a function was read from a file, so that it can be cached."""
    return os.path.exists(inspect.getfile(function))


def use_own_cache(compiled: Any, function: Callable[..., Any], way: str) -> None:
    """Give a dispatcher or a `CFunc` of ``function`` a cache; none to a function at a prompt, which has no file."""
    compiled._cache = Cache(function, way) if has_file(function) else caching.NullCache()


def is_on_disk(compiled: Any, signature: Any) -> bool:
    """Whether the cache of a dispatcher or a `CFunc` holds this signature."""
    return isinstance(compiled._cache, Cache) and compiled._cache.holds(signature)
