"""A configured object is the arguments of its constructor, so it can be printed, changed, copied and saved.

Layers, optimizers, penalties, schedules, searchers, stopping rules, callbacks and splitters are configured objects. An
argument is an attribute. To set one does what constructing the object again with that value would have done, with the
same checks; an object that can't change any more, such as a layer with weights, refuses it in a sentence. So there is
one truth: what is printed, copied and saved is what is used.

>>> class Point(Configured):
...     def __init__(self, x=0.0, y=0.0):
...         self.x, self.y, self.norm = checks.real("x", x), checks.real("y", y), abs(x) + abs(y)
>>> point = Point(1.0)
>>> point.y = 2.0
>>> point, point.norm
(Point(x=1.0, y=2.0), 3.0)
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from scratchtune.core import checks

Self = TypeVar("Self", bound="Configured")
Base = TypeVar("Base")


class Constructor(type):
    """The class of the classes of configured objects: it knows their arguments, and when they are constructed."""

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's signature, with the base class's arguments where it ends with ``**arguments``."""
        if "_signature" not in vars(cls):
            cls._signature = _signature(cls)
        return cls._signature

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        vars(made)["_is_constructed"] = True
        return made


class Configured(metaclass=Constructor):
    """Base class of objects that are determined by the arguments of their constructor; ``config`` holds those given.

    Where a constructor ends with ``**arguments``, these are those of its base class's constructor. ``follows`` names
    attributes that follow from arguments, and can't be set beside them.
    """

    config: dict[str, Any]
    follows: tuple[str, ...] = ()
    later: tuple[str, ...] = ()  # arguments that older files lack, whose default changes nothing
    _is_constructed = False

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:
        signature = inspect.signature(cls)
        checks.refuse_unexpected(cls.__name__, signature, kwargs)
        self = super().__new__(cls)
        try:
            self.config = dict(signature.bind(*args, **kwargs).arguments)
        except TypeError as problem:
            raise TypeError(f"{cls.__name__}() {problem}") from None
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        return (), self.config  # so that copy and pickle call __new__ as the constructor does

    def __setattr__(self, name: str, value: Any) -> None:
        if self._is_constructed and name in self.follows:
            raise AttributeError(f"{name} of {self!r} follows from its arguments; set {' or '.join(self.arguments())}")
        if self._is_constructed and name in self.arguments():
            self.check_change(name)
            self._change(name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """An argument that the constructor stores under another name only."""
        if name == "config" or name not in self.arguments():
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.config.get(name, inspect.signature(type(self)).parameters[name].default)

    def _change(self, name: str, value: Any) -> None:
        """Take over what the constructor makes otherwise with this value; what was set after it stays."""
        before, after = vars(self.fresh()), vars(self.fresh(**{name: value}))
        for attribute in before.keys() - after.keys():
            del vars(self)[attribute]
        for attribute, new in after.items():
            if attribute.startswith("_") or attribute not in before or not _are_same(before[attribute], new):
                vars(self)[attribute] = new

    def check_change(self, name: str) -> None:
        """Raise an AttributeError if this argument can't be set any more."""

    def fresh(self: Self, **changes: Any) -> Self:
        """A new object made with the same arguments, some of them changed."""
        return type(self)(**{**self.config, **changes})

    @classmethod
    def arguments(cls) -> list[str]:
        """The names of the constructor's arguments."""
        return list(inspect.signature(cls).parameters)

    def __repr__(self) -> str:
        return _shown(self, self.config)


class Shown(Configured):
    """Base class of configured objects that are shown with all their arguments, also those left at their default."""

    def values(self) -> dict[str, Any]:
        """What the constructor has made of the arguments: the public attributes."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_") and name != "config"}

    def __repr__(self) -> str:
        return _shown(self, self.values())


def _shown(made: Any, arguments: dict[str, Any]) -> str:
    return f"{type(made).__name__}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _are_same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and print alike: numbers, texts, and lists of them."""
    return one is other or type(one) is type(other) and repr(one) == repr(other)


def _signature(cls: type[Any]) -> inspect.Signature:
    owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
    own = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]  # without self
    if owner is object:
        return inspect.Signature()
    if not own or own[-1].kind is not inspect.Parameter.VAR_KEYWORD:
        return inspect.Signature(own)
    names = {parameter.name for parameter in own}
    base = next(base for base in owner.__mro__[1:] if isinstance(base, Constructor))
    inherited = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                 for parameter in inspect.signature(base).parameters.values() if parameter.name not in names]
    return inspect.Signature([*own[:-1], *inherited])


def known_classes(base: type[Base]) -> dict[str, type[Base]]:
    """All subclasses of ``base`` by name, including those that the user has defined so far."""
    found: dict[str, type[Base]] = {}
    for child in base.__subclasses__():
        found |= {child.__name__: child} | known_classes(child)
    return found
