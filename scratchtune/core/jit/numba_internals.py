"""Private names of Numba: its cache on disk has no public interface but on and off, so this package sets its own.

Numba looks up and stores compiled code in the ``_cache`` of a dispatcher or a `CFunc`. `Dispatcher.enable_caching`
always puts Numba's own cache there, whose entries are stamped with the function's own file only (see `cache`).

| private name | whose | here |
|---|---|---|
| ``_cache`` | a dispatcher's, a `CFunc`'s | set to a `Cache` |
| ``_compile_for_args``, ``_numba_type_`` | a dispatcher's | overridden, in `functions` alone |
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
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, serialize, types
from numba.core.registry import CPUDispatcher, cpu_target

from scratchtune.core.jit.cache import cache_folder, closed_over, code_digest, file_digest, stamp
from scratchtune.core.jit.linking import linked_loops, load_loops

PRIVATE_NAMES = {CPUDispatcher: ("_compile_for_args",), serialize: ("_numba_unpickle", "_unpickled_memo")}
SIZE = 64  # of a digest in a file
RANGE = "numba>=0.63,<0.69"  # as in setup.cfg

if missing := [name for owner, names in PRIVATE_NAMES.items() for name in names if not hasattr(owner, name)]:
    raise ImportError(
        f"scratchtune can't use Numba {numba.__version__}, which lacks {', '.join(missing)}; "
        f"it was tried with {RANGE}: python -m pip install '{RANGE}'")

# Compiled code looks this function up once. lru_cache is written in C, so no signal handler runs inside the call.
IS_LATE = bool(serialize._unpickled_memo)  # other compiled code has used it
serialize._numba_unpickle = lru_cache(maxsize=None)(serialize._numba_unpickle)
DATA = object.__new__(caching.CompileResultCacheImpl)  # translates compiled code into data; __init__ chooses a file


def _classes(kind: Any) -> list[Any]:
    """The classes in a type's arguments with their fields and members, which distinguish classes of one name."""
    if isinstance(kind, tuple):
        return [told for inner in kind for told in _classes(inner)]
    if isinstance(kind, types.Type):
        return _classes(kind.key)
    return [kind, getattr(kind, "_fields", ()), {**getattr(kind, "__members__", {})}] if isinstance(kind, type) else []


class Cache:
    """The compiled forms of one function on disk, a file each: a `stamp`, a digest of the rest, the rest.

    The rest is the loops that it calls and Numba's data. ``way`` is what `cache.way` returns.
    """

    def __init__(self, function: Callable[..., Any], way: str) -> None:
        self._function, self._way, self._stamp = function, way, b""
        self._source = Path(inspect.getfile(function))
        file_digest(str(self._source))
        self.cache_path = str(cache_folder(self._source.resolve()))  # Numba shows it in a dispatcher's `stats`

    def flush(self) -> None:
        """Nothing to remove: Numba's `recompile` calls it, and a file whose stamp is out of date is not used."""

    def _file(self, signature: Any) -> Path | None:
        """The file of one signature for this Numba, Python and processor, or None; a stale one is overwritten."""
        function, code, line = self._function, self._function.__code__, self._function.__code__.co_firstlineno
        machine = cpu_target.target_context.codegen().magic_tuple()
        told = repr((signature, _classes(signature), machine, numba.__version__, sys.version_info[:2], line,
                     closed_over(function), self._way, code_digest(code) if code.co_name == "<lambda>" else ""))
        if " at 0x" in told:  # an object of this process, such as a function as an argument
            return None
        name = function.__qualname__.replace("<", "").replace(">", "")
        digest = hashlib.sha256(told.encode()).hexdigest()[:16]
        return Path(self.cache_path) / f"{self._source.stem}.{name}-{line}.{digest}.nbc"

    def read(self, signature: Any, size: int = -1) -> bytes | None:
        """Set the stamp; return what follows it in the first ``size`` bytes of the file, None without such a file."""
        self._stamp = stamp(self._function).encode()
        try:
            with open(self._file(signature) or "", "rb") as file:
                content = file.read(size)
        except OSError:
            return None
        return content[SIZE:] if content.startswith(self._stamp) else None

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled code from what is on disk; None, so that it is compiled, if that or a loop is missing."""
        target_context.refresh()
        content = self.read(signature)
        if content is None or not content.startswith(hashlib.sha256(content[SIZE:]).hexdigest().encode()):
            return None
        try:
            loops, data = pickle.loads(content[SIZE:])
        except ImportError:  # the function's file was imported by another name, which is not known here
            return None
        return DATA.rebuild(target_context, data) if load_loops(loops) else None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Write compiled code to disk, whole or not at all."""
        if compiled.library.has_dynamic_globals:
            warnings.warn(f"{self._function.__qualname__} is compiled again in each run, since it uses a large global "
                          "array or a pointer", stacklevel=2)
            return
        file = self._file(signature)
        if file is None:
            return
        content = serialize.dumps((linked_loops(compiled.library), DATA.reduce(compiled)))
        temporary = file.with_suffix(f".{os.getpid()}")
        try:
            temporary.write_bytes(self._stamp + hashlib.sha256(content).hexdigest().encode() + content)
            temporary.replace(file)
        except OSError as error:  # the warning does not name the function, so that it is shown once
            warnings.warn(f"compiled code can't be written to {file.parent}: {error.strerror}", stacklevel=1)
            with suppress(OSError):
                temporary.unlink()


def has_file(function: Callable[..., Any]) -> bool:
    """Whether a function was read from a file, so that it can be cached."""
    return os.path.exists(inspect.getfile(function))


def use_own_cache(compiled: Any, function: Callable[..., Any], way: str) -> None:
    """Give a dispatcher or a `CFunc` of ``function`` a cache; none to a function at a prompt, which has no file."""
    compiled._cache = Cache(function, way) if has_file(function) else caching.NullCache()


def is_on_disk(compiled: Any, signature: Any) -> bool:
    """Whether the cache of a dispatcher or a `CFunc` holds this signature."""
    return isinstance(compiled._cache, Cache) and compiled._cache.read(signature, SIZE) is not None
