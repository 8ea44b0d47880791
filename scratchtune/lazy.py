"""Public names that are loaded when they are first used (PEP 562), so that importing a package costs next to nothing.

They are in the stub beside the package's ``__init__.py``, which type checkers and editors read too, a line for each:
``from scratchtune.network.sequential import Sequential as Sequential``.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def front_door(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package, from its stub."""
    module = sys.modules[package]
    with open(os.path.join(module.__path__[0], "__init__.pyi"), encoding="utf-8") as stub:
        lines = [line.split() for line in stub if line.startswith("from ")]
    homes = {name: home for _, home, _, name, *_ in lines}

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=module)
        if homes[name] == package:  # a module of the package itself
            return import_module(f"{package}.{name}")
        value = getattr(__import__(homes[name], fromlist=[name]), name)
        setattr(module, name, value)  # the next use finds it there
        return value

    return load, lambda: list(homes), sorted(name for name in homes if not name.startswith("_"))
