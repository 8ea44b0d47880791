"""A saved model is one .npz file: a JSON header that describes it, and arrays. Nothing in it is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.core.archives import Archive, Member, about
from scratchtune.core.configured import Configured, known_classes
from scratchtune.core.declared import exactly
from scratchtune.core.files import irregular, whole_file

FORMAT = 1  # of saved files
HEADER = "header.npy"
ARRAYS = ("theta", "state", "slots", "edges", "links", "left", "value", "starts")  # all others that a file may hold
_ARRAY = re.compile(rf"(?:model\d{{1,6}}_)?(?:{'|'.join(ARRAYS)})\.npy")


Arrays = Mapping[str, np.ndarray | Member]  # by name: those of a model in memory, or in its file


class UnknownClass(ValueError):
    """A file names a class that is not defined here: one of the user's own, whose definition was not imported."""


def described(part: Configured) -> dict[str, Any]:
    """Return a configured object as JSON: its class, its arguments, and the names of those left at their default.

    Objects among the arguments are described likewise.
    """
    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        return described(value) if isinstance(value, Configured) else value

    return {"class": type(part).__name__, "config": {name: plain(value) for name, value in part.config.items()},
            "defaults": [name for name in part.arguments() if name not in part.config]}


def remade(base: type[Any], part: Any) -> Any:
    """Make the object that `described` has described, of a class below ``base`` that is defined here.

    The file must have each argument, or name it among the defaults.
    """
    known, kind, config = {base.__name__: base} | known_classes(base), entry(part, "class"), entry(part, "config")
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise ValueError(f"it holds {part!r:.60} where the name and the arguments of a class must be")
    if kind not in known:
        raise UnknownClass(f"the file holds a {base.__name__} {kind!r}; import its definition before loading")

    def made(value: Any) -> Any:
        if isinstance(value, list):
            return [made(each) for each in value]
        return remade(Configured, value) if isinstance(value, dict) and "class" in value else value

    defaults = text_list("defaults", entry(part, "defaults"))
    later = known[kind].later
    needed = [name for name in known[kind].arguments() if name not in (*defaults, *later)]
    exactly(f"the config of a {kind}", config, needed, optional={*later} - {*defaults})
    return known[kind](**{name: made(value) for name, value in config.items()})


def write_whole(path: Path, kind: str, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write the header and the arrays. Raises what `whole_file` raises, and a TypeError for values that JSON lacks."""
    text = json.dumps({"format": FORMAT, "kind": kind, **header}, default=_plain)
    with whole_file(path) as beside, open(beside, "wb") as file:
        np.savez(file, header=np.array(text), **arrays)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as a Python number, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    if callable(value):
        raise TypeError(f"the model holds the function {getattr(value, '__name__', value)!r}, which no file can hold; "
                        "give the pair a name by st.activations.register(name, function, derivative), and the layer "
                        "this name as its activation")
    raise TypeError(f"the model holds {value!r} ({type(value).__name__}); a file can hold numbers, texts and lists")


def prefixed(number: int, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of one of several models in a file, their names beginning with its number."""
    return {f"model{number}_{name}": array for name, array in arrays.items()}


def without_prefix(number: int, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arrays of one of several models, under the names that they had before `prefixed`."""
    prefix = f"model{number}_"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Member]]]:
    """The kind of model, the header and the arrays of a file; only the header has been read.

    Raises FileNotFoundError if there is no file, and ValueError if it is no model or a damaged one.
    """
    if not path.exists():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no such file")
    if kind := irregular(path):
        raise ValueError(f"path is {str(path)!r}, which is {kind}; it must be a file that save has written")
    with open(path, "rb") as file:
        try:
            with about("it"):
                archive = Archive(file)
            names = set(archive.names)
            if HEADER not in names or len(names) < len(archive.names):
                raise ValueError("it has no header, or two")
        except ValueError as problem:
            raise ValueError(
                f"path is {str(path)!r}; it is no model that scratchtune has saved ({problem})") from None
        try:
            unknown = sorted(name for name in names - {HEADER} if not _ARRAY.fullmatch(name))
            if unknown:
                raise ValueError(f"it holds {unknown[0]!r}, which no model has")
            members = {member.name: member for member in (Member(archive, name) for name in archive.names)}
            kind, header = _read_header(members.pop("header"))
        except Exception as problem:
            raise damaged(path, in_words(problem)) from None
        if header["format"] > FORMAT:
            raise ValueError(
                f"path is {str(path)!r}, of format {header['format']}; this version reads up to format {FORMAT}")
        yield kind, header, members


def _read_header(member: Member) -> tuple[str, dict[str, Any]]:
    """Return the kind of model, and the header, which is a single JSON text."""
    if member.dtype.kind != "U" or member.shape != ():
        raise ValueError(f"its header is {member.dtype} {member.shape}; it must be one text")
    header = json.loads(str(member.read()))
    written = entry(header, "format")
    if type(written) is not int or written < 1:
        raise ValueError(f"its format is {written!r}")
    return str(entry(header, "kind")), header


def entry(part: Any, name: str) -> Any:
    """Return an entry of a header; raise a ValueError if it is missing."""
    if not isinstance(part, Mapping):
        raise ValueError(f"it holds {part!r:.60} where an object with {name!r} must be")
    if name not in part:
        raise ValueError(f"{name!r} is missing")
    return part[name]


def in_words(problem: Exception) -> str:
    """Say what an exception says about a file, as part of a sentence."""
    if isinstance(problem, MemoryError):
        return "it describes more numbers than fit into memory"
    if isinstance(problem, RecursionError):
        return "its header is nested too deeply"
    if isinstance(problem, json.JSONDecodeError):
        return f"its header is not JSON: {problem}"
    if isinstance(problem, (ValueError, TypeError)) and str(problem):
        return str(problem)
    return f"its header does not describe a model ({type(problem).__name__}: {problem})"


def damaged(path: Path | str, problem: str) -> ValueError:
    """The error for a damaged file."""
    return ValueError(f"path is {str(path)!r}; the model in it is damaged: {problem}")


def real_array(name: str, array: Any, shape: tuple[int, ...], dtype: str, finite: bool = True) -> np.ndarray:
    """Return ``array`` if it has this shape and type and, if required, finite numbers; a ValueError otherwise.

    A `Member` of a file is read only if its shape and type are right.
    """
    if not isinstance(array, (np.ndarray, Member)) or array.shape != shape or array.dtype.name != dtype:
        kind = f"{array.dtype} {array.shape}" if isinstance(array, (np.ndarray, Member)) else repr(array)
        raise ValueError(f"{name} is {kind}; it must be {dtype} {shape}")
    array = array.read() if isinstance(array, Member) else array
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; every value must be a finite number")
    return array


def text_list(name: str, value: Any, different: bool = True) -> list[str]:
    """Return ``value`` if it is a list of strings, with ``different`` each only once; a ValueError otherwise."""
    texts = value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None
    if texts is None or different and len(set(texts)) < len(texts):
        raise ValueError(f"{name} is {value!r}; it must be a list of {'different ' * different}texts")
    return texts
