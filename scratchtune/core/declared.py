"""What a file must hold is what a class declares: all its entries, no others, each of its type; no default is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def exactly(what: str, part: Any, names: Iterable[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """Return ``part`` if it is an object with these entries and no others; a ValueError otherwise."""
    if not isinstance(part, Mapping):
        raise ValueError(f"{what} is {part!r:.80}; it must be an object")
    names = list(names)
    lacking, others = [name for name in names if name not in part], sorted({*part} - {*names, *optional})
    if lacking or others:
        raise ValueError(f"{what} " + (f"lacks {lacking[0]!r}" if lacking else f"has {others[0]!r}")
                         + f"; it must have {', '.join(names)}, and no more")
    return dict(part)


def made(kind: type[Any], part: Any) -> Any:
    """Make an object of a dataclass or named tuple from its fields, each of which must be there and of its type."""
    given = exactly(f"a {kind.__name__}", part, getattr(kind, "_fields", None) or [one.name for one in fields(kind)])
    check_types(given, get_type_hints(kind), f" of a {kind.__name__}")
    return kind(**given)


def check_types(given: Mapping[str, Any], hints: Mapping[str, Any], owner: str = "") -> None:
    """Raise a ValueError unless each value is of the type that ``hints`` has for its name."""
    for name, value in given.items():
        if not is_of(value, hints[name]):
            wanted = getattr(hints[name], "__name__", "") if get_origin(hints[name]) is None else str(hints[name])
            raise ValueError(f"{name}{owner} is {value!r:.80}; it must be of the type {wanted}")


def is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of a type as an annotation writes it; an int is a float, a list is any sequence.

    >>> is_of({"a": [1, 2]}, dict[str, list[float]]), is_of("ab", list[str]), is_of(True, int)
    (True, False, False)
    """
    outer, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if outer in (Union, UnionType):
        return any(is_of(value, part) for part in parts)
    if outer is not None and issubclass(outer, Mapping):
        return isinstance(value, Mapping) and all(is_of(one, part) for pair in value.items()
                                                  for one, part in zip(pair, parts, strict=True))
    if outer is not None:
        return isinstance(value, tuple if outer is tuple else (list, tuple)) and all(
            is_of(one, parts[0]) for one in value)
    if hint in (int, float, bool, str, None, NoneType):
        return type(value) in {float: (int, float), None: (NoneType,)}.get(hint, (hint,))
    return isinstance(value, hint)
