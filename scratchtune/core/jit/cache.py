"""Compiled code is cached on disk, with a digest of everything that it depends on.

Numba's cache does not notice an edit to a called function in *another* file. So each entry has a `stamp`: a digest of
all functions that a function calls and of the constants that they name (`dependencies`). What this process runs counts,
even where a file was edited since. Numba is made to use it in `scratchtune.core.jit.numba_internals`.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import types as python_types
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba.core import config

private = cache(lambda: Path(tempfile.mkdtemp(prefix="scratchtune-")))  # a folder with mode 0700, the same each time


def plain(function: Any) -> Any:
    """The plain Python function behind anything that this package has compiled."""
    return getattr(function, "py_func", function)


@cache
def file_digest(path: str) -> str:
    """A digest of a file as it was when this was first called, which is when its functions are made."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if os.path.exists(path) else ""


_OWN = [file_digest(str(path)) for path in sorted(Path(__file__).parent.glob("*.py"))]  # they decide how it is compiled


@cache
def code_digest(code: python_types.CodeType) -> str:
    """A digest of what code computes: of its instructions and all that they refer to, not of its lines in a file."""
    constants = [code_digest(constant) if isinstance(constant, python_types.CodeType)
                 else sorted(map(repr, constant)) if isinstance(constant, frozenset) else repr(constant)
                 for constant in code.co_consts]
    told = (code.co_code, code.co_exceptiontable, code.co_flags, code.co_argcount, code.co_names, code.co_varnames,
            code.co_freevars, code.co_cellvars, constants)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def dependencies(function: Callable[..., Any], found: dict[Any, list[str]] | None = None) -> dict[Any, list[str]]:
    """The functions of which the compiled form of a function consists, itself first, each with digests.

    They are those that it calls, by name or as an attribute of a module, in this package or in a user's files. The
    digests are of a function's file and code, and of each constant that it names or has as a default.
    """
    found = {} if found is None else found
    function = plain(function)
    if function in found:
        return found
    told = found[function] = [file_digest(inspect.getfile(function)), code_digest(function.__code__)]
    defaults = [*enumerate(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    for name, value in [*named(function).items(), *defaults]:
        if isinstance(value, (int, float, complex, str, tuple, type, np.dtype, np.generic)):
            told.append(f"{name} {value!r}")
        elif isinstance(value, np.ndarray):
            told.append(f"{name} {value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}")
        elif isinstance(plain(value), python_types.FunctionType):
            told.append(f"{name} {[*dependencies(value, found)].index(plain(value))}")
    return found


def named(function: Callable[..., Any]) -> dict[str, Any]:
    """The values of the names in a function's code: globals, closed-over variables, attributes of the modules named."""
    names = set(_names(function.__code__))
    closed = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    scopes = [("", {**function.__globals__, **{name: cell.cell_contents for name, cell in closed}})]
    values: dict[str, Any] = {}
    for prefix, scope in scopes:
        for name in sorted(names & scope.keys()):
            value = values[prefix + name] = scope[name]
            is_module = isinstance(value, python_types.ModuleType)
            if is_module and f"{prefix}{name}." not in dict(scopes) and len(scopes) < 20:
                if not value.__name__.startswith(("numpy", "numba", "math")):
                    scopes.append((f"{prefix}{name}.", vars(value)))
    return values


def _names(code: python_types.CodeType) -> tuple[str, ...]:
    """The names in a function's code and in the code of functions defined within it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, python_types.CodeType)]
    return (*code.co_names, *code.co_freevars, *(name for constant in inner for name in _names(constant)))


def stamp(function: Callable[..., Any]) -> str:
    """A digest of all that decides the compiled form of a function: a cached one with another stamp is out of date."""
    checked = config.BOUNDSCHECK  # type: ignore[attr-defined]  # NUMBA_BOUNDSCHECK=1 makes other code
    return hashlib.sha256(f"{_OWN} {checked} {[*dependencies(function).values()]}".encode()).hexdigest()


def identity(function: Callable[..., Any], way: str) -> str:
    """A digest of a function, of all that it depends on and of the way in which it is compiled."""
    told = (function.__qualname__, closed_over(function), stamp(function), way)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@cache
def cache_folder(source: Path) -> Path:
    """Return the first writable of NUMBA_CACHE_DIR (or else ``__pycache__``), the user's cache, a temporary folder."""
    name = f"{source.parent.name}-{hashlib.sha256(str(source.parent).encode()).hexdigest()[:16]}"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.path.expanduser("~")) / ".cache")
    told = config.CACHE_DIR  # type: ignore[attr-defined]
    candidates = [Path(told) / name] if told else [source.parent / "__pycache__"]
    if home.is_absolute():  # it is "~" where the user has no home
        candidates.append(home / "scratchtune" / name)
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
        except OSError:
            continue
    (private() / name).mkdir(exist_ok=True)
    return private() / name


def closed_over(f: Callable[..., Any]) -> tuple[str, ...]:
    """What distinguishes closures made by the same code: the names of their functions, the ``repr`` of other values."""
    return tuple(f"{plain(value).__module__}.{plain(value).__qualname__}" if callable(value) else repr(value)
                 for value in (cell.cell_contents for cell in f.__closure__ or ()))


def way(pipeline: type[Any], options: Mapping[str, Any]) -> str:
    """The way in which a function is compiled, as a text that is the same in every process."""
    told = {name: sorted(value) if isinstance(value, (set, frozenset)) else value for name, value in options.items()}
    return f"{pipeline.__name__} {sorted(told.items())}"
