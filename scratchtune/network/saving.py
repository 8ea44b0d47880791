"""A saved model is one .npz file: a JSON header that says how it is made, and arrays. Nothing in it is executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.network.configured import Configured, known_classes

FORMAT = 1  # of saved files


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
        raise ValueError(f"the file holds a {base.__name__} {entry['class']!r}; import its definition before loading")
    config = {
        name: remade(Configured, value) if isinstance(value, dict) and "class" in value else value
        for name, value in entry["config"].items()
    }
    return known[entry["class"]](**config)


def write_whole(path: Path, kind: str, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write the header and the arrays, beside the file first, so that there is never half a file."""
    text = json.dumps({"format": FORMAT, "kind": kind, **header}, default=lambda value: value.item())
    beside = path.with_name(path.name + ".part")
    try:
        with open(beside, "wb") as file:
            np.savez(file, header=np.array(text), **arrays)  # type: ignore[arg-type]
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_whole(path: Path) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """The kind of model, the header and the arrays of a file; FileNotFoundError or ValueError where it is none."""
    if not path.is_file():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no such file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
            header = json.loads(str(arrays.pop("header")))
            written, kind = header["format"], str(header.get("kind", "network"))
    except Exception:
        raise ValueError(f"path is {str(path)!r}; it is no model that scratchtune has saved") from None
    if not isinstance(written, int) or written > FORMAT:
        raise ValueError(f"path is {str(path)!r}, of format {written}; this version reads up to format {FORMAT}")
    return kind, header, arrays
