"""A configured object stores the arguments of its constructor, so that it can be printed, copied and saved.

Layers, optimizers, penalties and schedules are configured objects: a model is cloned by constructing its parts again.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from scratchtune import checks

Self = TypeVar("Self", bound="Configured")
Base = TypeVar("Base")


class Configured:
    """Base class of objects that are determined by the arguments of their constructor, ``config``."""

    config: dict[str, Any]

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:
        checks.refuse_unexpected(cls.__name__, _signature(cls), kwargs)
        self = super().__new__(cls)
        self.config = dict(_signature(cls).bind(*args, **kwargs).arguments)
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        return (), self.config  # so that copy and pickle call __new__ as the constructor does

    def fresh(self: Self, **changes: Any) -> Self:
        """A new object made with the same arguments, some of them changed."""
        return type(self)(**{**self.config, **changes})

    @classmethod
    def arguments(cls) -> list[str]:
        """The names of the constructor's arguments."""
        return list(_signature(cls).parameters)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"


def _signature(cls: Any) -> inspect.Signature:
    """Return the constructor's signature; cached, since models are cloned for every training."""
    if cls not in _SIGNATURES:
        _SIGNATURES[cls] = inspect.signature(cls)
    return _SIGNATURES[cls]


_SIGNATURES: dict[Any, inspect.Signature] = {}


def known_classes(base: type[Base]) -> dict[str, type[Base]]:
    """All subclasses of ``base`` by name, including those that the user has defined so far."""
    found: dict[str, type[Base]] = {}
    for child in base.__subclasses__():
        found |= {child.__name__: child} | known_classes(child)
    return found
