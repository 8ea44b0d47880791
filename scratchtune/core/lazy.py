"""Public names that are loaded when they are first used (PEP 562), so that importing a package costs next to nothing.

They are in the stub beside the package's ``__init__.py``, which type checkers and editors read too, a line for each:
``from scratchtune.core.network.sequential import Sequential as Sequential``.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any


def front_door(
    package: str, loaded_with: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package, from its stub.

    ``loaded_with`` names, for some of the names, modules that add something to it when they are loaded.
    """
    module = sys.modules[package]
    loader: Any = module.__loader__  # of files, or of a ZIP archive
    stub = loader.get_data(os.path.splitext(str(module.__file__))[0] + ".pyi").decode()
    homes = {line.split()[3]: line.split()[1] for line in stub.splitlines() if line.startswith("from ")}
    alone: Any = nullcontext() if "." in package else threading.RLock()  # inside, Python's import locks are enough

    def load(name: str) -> Any:
        with alone:
            is_package = "__path__" in vars(module)
            if homes.get(name) == package or (name not in homes and is_package and find_spec(f"{package}.{name}")):
                return import_module(f"{package}.{name}")  # a module of the package
            if name not in homes:
                raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=module)
            value = getattr(__import__(homes[name], fromlist=[name]), name)
            for addition in loaded_with.get(name, ()):
                import_module(addition)
            setattr(module, name, value)  # the next use finds it there
            return value

    return load, lambda: list(homes), sorted(name for name in homes if not name.startswith("_"))
