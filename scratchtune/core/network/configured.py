"""A configured object stores the arguments of its constructor, so that it can be printed, copied and saved.

Layers, optimizers, penalties and schedules are configured objects: a model is cloned by constructing its parts again.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from scratchtune.core import checks

Self = TypeVar("Self", bound="Configured")
Base = TypeVar("Base")


class Configured:
    """Base class of objects that are determined by the arguments of their constructor, ``config``.

    Where a constructor ends with ``**arguments``, these are those of its base class's constructor.
    """

    config: dict[str, Any]
    later: tuple[str, ...] = ()  # arguments that older files lack, whose default changes nothing
    __signature__ = inspect.Signature()  # of the constructor, with the base class's arguments

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__signature__ = _signature(cls)

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:
        checks.refuse_unexpected(cls.__name__, cls.__signature__, kwargs)
        self = super().__new__(cls)
        try:
            self.config = dict(cls.__signature__.bind(*args, **kwargs).arguments)
        except TypeError as problem:
            raise TypeError(f"{cls.__name__}() {problem}") from None
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        return (), self.config  # so that copy and pickle call __new__ as the constructor does

    def fresh(self: Self, **changes: Any) -> Self:
        """A new object made with the same arguments, some of them changed."""
        return type(self)(**{**self.config, **changes})

    @classmethod
    def arguments(cls) -> list[str]:
        """The names of the constructor's arguments."""
        return list(cls.__signature__.parameters)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"


def _signature(cls: type[Configured]) -> inspect.Signature:
    """The constructor's signature, with its base class's arguments; `__new__` binds a call to it to make ``config``."""
    own = list(inspect.signature(cls.__init__).parameters.values())[1:]  # without self
    if not own or own[-1].kind is not inspect.Parameter.VAR_KEYWORD:
        return inspect.Signature(own)
    names, base = {parameter.name for parameter in own}, next(
        base for base in cls.__mro__[1:] if issubclass(base, Configured))
    inherited = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                 for parameter in base.__signature__.parameters.values() if parameter.name not in names]
    return inspect.Signature([*own[:-1], *inherited])


def known_classes(base: type[Base]) -> dict[str, type[Base]]:
    """All subclasses of ``base`` by name, including those that the user has defined so far."""
    found: dict[str, type[Base]] = {}
    for child in base.__subclasses__():
        found |= {child.__name__: child} | known_classes(child)
    return found
