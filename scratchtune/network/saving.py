"""A saved model is one .npz file: a JSON header that says how it is made, and arrays. Nothing in it is executed."""

from __future__ import annotations

import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.network.configured import Configured, known_classes

FORMAT = 1  # of saved files


class UnknownClass(ValueError):
    """A file names a class that is not defined here: a part of one's own whose definition was not imported."""


def described(part: Configured) -> dict[str, Any]:
    """A configured object as JSON: its class and its arguments, objects among them described likewise."""
    config = {
        name: described(value) if isinstance(value, Configured) else value for name, value in part.config.items()
    }
    return {"class": type(part).__name__, "config": config}


def remade(base: type[Any], entry: dict[str, Any]) -> Any:
    """The object that `described` has described, of a class below ``base`` that is defined here."""
    known = {base.__name__: base} | known_classes(base)
    if entry["class"] not in known:
        raise UnknownClass(f"the file holds a {base.__name__} {entry['class']!r}; import its definition before loading")
    config = {
        name: remade(Configured, value) if isinstance(value, dict) and "class" in value else value
        for name, value in entry["config"].items()
    }
    return known[entry["class"]](**config)


def write_whole(path: Path, kind: str, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write the header and the arrays, beside the file first, so that there is never half a file.

    Raises what `replaceable` raises, and TypeError for what JSON cannot hold.
    """
    text = json.dumps({"format": FORMAT, "kind": kind, **header}, default=_plain)
    target = replaceable(path)
    beside = target.with_name(f"scratchtune-{uuid.uuid4().hex}.part")  # no other writer has this name
    try:
        with open(beside, "xb") as file:
            np.savez(file, header=np.array(text), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))  # as if it had been written over
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def replaceable(path: Path) -> Path:
    """The file that a path stands for, links followed, which may be there or not.

    Raises ValueError where there is something else than a file, PermissionError where the file is read-only, and
    FileNotFoundError where its folder is not there.
    """
    target = Path(os.path.realpath(path))
    if path.exists():  # asked of the path itself: what a link such as /dev/stdout leads to need not have another
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            raise ValueError(f"path is {str(path)!r}, which is {kind}; it must be the name of a file")
        if not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK):
            raise PermissionError(f"path is {str(path)!r}, which is read-only; it must be a file that may be replaced")
    elif not target.parent.is_dir():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no folder {str(target.parent)!r}")
    elif target.is_symlink():
        raise ValueError(f"path is {str(path)!r}, a link that leads to itself; it must be the name of a file")
    return target


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"the model holds {value!r} ({type(value).__name__}); a file can hold numbers, texts and lists")


def read_whole(path: Path) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """The kind of model, the header and the arrays of a file; FileNotFoundError or ValueError where it is none."""
    if not path.exists():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no such file")
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise ValueError(f"path is {str(path)!r}, which is {kind}; it must be a file that save has written")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
            header = json.loads(str(arrays.pop("header")))
            written, kind = header["format"], str(header.get("kind", "network"))
    except Exception:
        raise ValueError(f"path is {str(path)!r}; it is no model that scratchtune has saved") from None
    if type(written) is not int or written < 1:
        raise damaged(path, f"its format is {written!r}")
    if written > FORMAT:
        raise ValueError(f"path is {str(path)!r}, of format {written}; this version reads up to format {FORMAT}")
    return kind, header, arrays


def damaged(path: Path | str, problem: str) -> ValueError:
    """The error for a file that was a model once."""
    return ValueError(f"path is {str(path)!r}; the model in it is damaged: {problem}")


def real_array(name: str, array: Any, shape: tuple[int, ...], dtype: str, finite: bool = True) -> np.ndarray:
    """Return ``array`` if it is one of finite numbers of just this shape and type; a ValueError otherwise."""
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.name != dtype:
        kind = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else repr(array)
        raise ValueError(f"{name} is {kind}; it must be {dtype} {shape}")
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; every value must be a finite number")
    return array


def text_list(name: str, value: Any, different: bool = True) -> list[str]:
    """Return ``value`` if it is a list of texts, each of them once where ``different``; a ValueError otherwise."""
    texts = value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None
    if texts is None or different and len(set(texts)) < len(texts):
        raise ValueError(f"{name} is {value!r}; it must be a list of {'different ' * different}texts")
    return texts
