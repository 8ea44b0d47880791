"""Large objects are sent once to each worker process and kept there, instead of being sent with every task.

Executors do not report which worker runs which task. So a `Shipment` sends the object with as many tasks as there are
workers. A worker that gets a later task without having the object reports that, and the task is submitted again.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import ChainMap
from types import CodeType
from typing import Any

KEPT = 4  # objects that a worker keeps, the most recent ones
MISSING = "it was not sent"
_received: dict[str, Any] = {}  # of this process, as a worker, by their digests


class Shipment:
    """A pickled object to be sent to workers; ``name`` is its name in error messages."""

    def __init__(self, name: str, thing: Any, workers: int) -> None:
        self.payload = _pickled(name, thing)
        self.digest = hashlib.sha256(self.payload).hexdigest()
        self._unsure = workers  # workers that may not have received it yet

    def for_next(self) -> bytes | None:
        """The pickled object for each of the first ``workers`` tasks, None for all later ones."""
        self._unsure -= 1
        return self.payload if self._unsure >= 0 else None


def received(digest: str, payload: bytes | None) -> Any:
    """Return, in a worker, the object with this digest, unpickled once and then kept, or `MISSING`."""
    if digest not in _received:
        if payload is None:
            return MISSING
        while len(_received) >= KEPT:
            del _received[next(iter(_received))]
        _received[digest] = pickle.loads(payload)
    return _received[digest]


def forget(digest: str) -> None:
    """Drop an object that this process has received."""
    _received.pop(digest, None)


def _pickled(name: str, thing: Any) -> bytes:
    """Pickle by cloudpickle if it is installed, as Dask and Ray do, else by pickle."""
    try:
        return _dumped(thing)
    except Exception as problem:
        raise TypeError(
            f"{name} is {thing!r}, which can't be sent to another process: {type(problem).__name__}: {problem}; "
            "it must be made of functions and classes at the top level of a module, or pip install cloudpickle"
        ) from problem


def _dumped(thing: Any) -> bytes:
    try:
        import cloudpickle
    except ImportError:
        return pickle.dumps(thing)
    known = cloudpickle.Pickler.dispatch_table

    def code_with_its_file(code: CodeType) -> tuple[Any, ...]:
        """As cloudpickle pickles it, but with the name of the file, which cloudpickle omits: tracebacks show it."""
        make, parts = known[CodeType](code)
        return make, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts)

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc,unused-ignore]
        dispatch_table = ChainMap({CodeType: code_with_its_file}, known)

    file = io.BytesIO()
    Pickler(file).dump(thing)
    return file.getvalue()
