"""Compiled code is cached on disk under a digest of all that it depends on.

Numba's own cache does not notice an edit to a function in *another* file, so entries are stamped with a digest of the
files of all functions that a function calls, and of the constants that it names (`dependencies`).
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import types as python_types
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import caching, config


def plain(function: Any) -> Any:
    """The plain Python function behind anything that this package has compiled."""
    return getattr(function, "py_func", function)


@cache
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if os.path.exists(path) else ""


@cache
def _digest_of_this_package() -> str:
    """How something is compiled is decided in this folder."""
    return " ".join(_digest(str(path)) for path in sorted(Path(__file__).parent.glob("*.py")))


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
        return hashlib.sha256(f"{_digest_of_this_package()} {checked} {found}".encode()).hexdigest()

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
        if closed := closed_over(py_func):
            self._filename_base += "-" + hashlib.sha256(repr(closed).encode()).hexdigest()[:12]


def closed_over(f: Callable[..., Any]) -> tuple[str, ...]:
    """What tells a closure from others made in the same place: its functions by name, other values as they print."""
    return tuple(
        f"{plain(value).__module__}.{plain(value).__qualname__}" if callable(value) else repr(value)
        for value in inspect.getclosurevars(f).nonlocals.values()
    )


class _CalleeImplementation(_Implementation):
    def __init__(self, py_func: Callable[..., Any]) -> None:
        """The form that only compiled functions call has a file of its own: Python can't call what is in it."""
        super().__init__(py_func)
        self._filename_base += "-callee"


class Cache(caching.FunctionCache):
    _impl_class = _Implementation

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Numba's key, with a closure's functions told apart by name; their sources are in the stamp already."""
        code = hashlib.sha256(self._py_func.__code__.co_code).hexdigest()
        return sig, codegen.magic_tuple(), code, closed_over(self._py_func)

    def holds(self, signature: Any) -> bool:
        """Is this signature on disk already?"""
        codegen = numba.core.registry.cpu_target.target_context.codegen()
        return self._index_key(signature, codegen) in self._cache_file._load_index()


class CalleeCache(Cache):
    _impl_class = _CalleeImplementation


def cache_of(function: Callable[..., Any], is_callee: bool = False) -> Any:
    """The cache for a function; one that is defined at a prompt has no file, so it has none."""
    if not os.path.exists(inspect.getfile(function)):
        return caching.NullCache()
    return CalleeCache(function) if is_callee else Cache(function)
