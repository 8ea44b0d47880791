"""What layers of sequences share: the shape of a row, and arguments of Keras's that have no meaning here."""

from __future__ import annotations

from typing import Any


def sequence_shape(layer: str, input_shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (length, features) of a row; raise a ValueError if it has other axes."""
    if len(input_shape) != 2:
        raise ValueError(f"{layer} gets rows of shape {tuple(input_shape)}; it takes sequences (length, features)")
    return input_shape[0], input_shape[1]


def refuse_arguments(layer: str, given: dict[str, tuple[Any, Any]]) -> None:
    """Raise a ValueError for the first argument whose value is not the only one supported; both are in ``given``."""
    for name, (value, supported) in given.items():
        if value is not supported and value != supported:
            raise ValueError(f"{name} is {value!r}; {layer} supports {supported!r} only")
