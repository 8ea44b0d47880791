"""A saved model is one .npz file: a JSON header that says how it is made, and arrays. Nothing in it is executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.files import whole_file
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
    """Write the header and the arrays; raises what `whole_file` raises, and TypeError for what JSON cannot hold."""
    text = json.dumps({"format": FORMAT, "kind": kind, **header}, default=_plain)
    with whole_file(path) as beside, open(beside, "wb") as file:
        np.savez(file, header=np.array(text), **arrays)  # type: ignore[arg-type]


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
