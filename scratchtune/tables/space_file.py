"""A space file is a JSON file with the hyper-parameters to search and their ranges."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scratchtune import checks
from scratchtune.search import Categorical, Float, Int
from scratchtune.tables.wording import argument


def read_space(path: str | Path) -> dict[str, Any]:
    """Read a space from a JSON file.

    A list is a choice, {"low": .., "high": ..} a range ("log", "step", "type", "when").

    {"choices": [..], "when": ..} is a choice that depends on another parameter. A range is one of integers if both ends
    are written as integers, unless "type" is "float".
    """
    about = f"{argument('space')} is {str(path)!r}"
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_named_once)
    except FileNotFoundError:
        raise FileNotFoundError(f"{about}; there is no such file") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise ValueError(f"{about}; it must hold JSON: {problem}") from None
    if not isinstance(given, dict) or not given:
        raise ValueError(f"{about}; it must hold an object from names to lists or ranges")
    space = {}
    for name, entry in given.items():
        try:
            space[name] = _parameter(entry)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{argument('space')}, {name!r}: {problem}") from None
    return space


def written_space(space: Mapping[str, Any]) -> str:
    """A space as the JSON that `read_space` reads, a line for each parameter.

    >>> print(written_space({"units": Int(8, 64, log=True), "batch_size": [16, 32]}))
    {
      "units": {"low": 8, "high": 64, "log": true},
      "batch_size": [16, 32]
    }
    """
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {_written(entry)}" for name, entry in space.items()) + "\n}"


def _written(entry: Any) -> str:
    if isinstance(entry, (list, tuple)):
        return json.dumps(list(entry))
    given = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
    usual = {field.name: field.default for field in dataclasses.fields(entry)}
    return json.dumps({name: value for name, value in given.items() if value != usual[name]})


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, in which no name may occur twice."""
    known: dict[str, Any] = {}
    for name, value in pairs:
        if name in known:
            raise ValueError(f"{name!r} occurs twice")
        known[name] = value
    return known


def _parameter(entry: Any) -> Any:
    """A list is a choice; an object has the arguments of `Categorical`, or of `Int` or `Float`."""
    if isinstance(entry, list):
        return Categorical(entry)
    if not isinstance(entry, dict) or not ("choices" in entry or {"low", "high"} <= entry.keys()):
        raise ValueError(
            f'it is {json.dumps(entry)}; it must be a list of values, or a range such as '
            '{"low": 0.001, "high": 0.1, "log": true}')
    if "choices" in entry:
        return Categorical(**entry)
    integers = all(isinstance(entry[end], int) for end in ("low", "high"))
    kind = checks.choice("type", entry.get("type", "int" if integers else "float"), ("int", "float"))
    return (Int if kind == "int" else Float)(**{key: value for key, value in entry.items() if key != "type"})
