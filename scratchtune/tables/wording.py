"""How a message names an argument: as in Python, or, where the command line has started the job, as an option."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OPTIONS = {"n_trials": "trials", "n_jobs": "jobs", "storage": "db"}  # whose names on the command line are others
LISTS = ("drop", "keep", "text", "numeric", "missing", "families")
_on_command_line: ContextVar[bool] = ContextVar("on_command_line", default=False)


@contextmanager
def command_line() -> Iterator[None]:
    """Within this context messages name options of the command line."""
    token = _on_command_line.set(True)
    try:
        yield
    finally:
        _on_command_line.reset(token)


def argument(name: str) -> str:
    """Return the name of an argument as the user has written it, in Python or on the command line.

    >>> argument("date_order")
    'date_order'
    >>> with command_line():
    ...     argument("date_order")
    '--date-order'
    """
    return f"--{OPTIONS.get(name, name).replace('_', '-')}" if _on_command_line.get() else name


def option(name: str, *values: object) -> str:
    """Return an argument with its values, as one would write it.

    >>> option("drop", "row number")
    "drop=['row number']"
    >>> with command_line():
    ...     option("drop", "row number")
    "--drop 'row number'"
    """
    if _on_command_line.get():
        return " ".join([argument(name), *(shlex.quote(str(value)) for value in values)])
    return f"{name}={list(values)!r}" if name in LISTS else f"{name}={', '.join(map(repr, values))}"
