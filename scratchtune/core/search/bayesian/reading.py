"""What the models read of the finished trials, a row for each; only the rows of new trials are computed.

A trial is read once, since a study's next proposal sees the same trials and a few more. Nothing depends on what is
kept: a row follows from its trial and the space alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.mixture import axes_of
from scratchtune.core.search.searcher import Result
from scratchtune.core.search.space import Space

Reading = Callable[[Space, Sequence[Result]], np.ndarray]

_kept: WeakKeyDictionary[Space, dict[Hashable, tuple[list[Result], np.ndarray]]] = WeakKeyDictionary()


def read(reading: Reading, space: Space, seen: Sequence[Result], part: Hashable = None) -> np.ndarray:
    """``reading(space, seen)``, a row for each trial; with ``part`` a name for which of the study's trials these are.

    The trials of a part are compared with those of its last call, and the rows of the leading ones that are the same
    objects are kept.
    """
    kept = _kept.setdefault(space, {})
    trials, rows = kept.get((reading, part), ([], np.empty(0)))
    known = min(len(trials), len(seen)) if all(map(operator.is_, trials, seen)) else 0
    if known < len(seen):
        new = reading(space, seen[known:])
        rows = np.concatenate([rows[:known], new]) if known else new
        rows.flags.writeable = False  # an array that is returned can't change what is kept
        kept[reading, part] = list(seen), rows
    return rows[: len(seen)]


def encoded(space: Space, seen: Sequence[Result]) -> np.ndarray:
    """Rows of the encoding, (n, d), which the Gaussian process is conditioned on."""
    return Encoding(space).rows([result.params for result in seen])


def codes(space: Space, seen: Sequence[Result]) -> np.ndarray:
    """Codes of the axes, (n, d), which the densities of the Parzen estimator are made of (see `mixture`)."""
    points = [result.params for result in seen]
    return np.column_stack([axis.read(points) for axis in axes_of(space)])


def keys(space: Space, seen: Sequence[Result]) -> np.ndarray:
    """The points by which what has been tried is found (`Space.key`): tuples, (n,)."""
    return np.fromiter((space.key(result.params) for result in seen), dtype=object, count=len(seen))


def losses_and_violations(space: Space, seen: Sequence[Result]) -> np.ndarray:
    """Loss, NaN of a failure, and violation of the constraints, (n, 2)."""
    return np.array([(result.value, result.violation) for result in seen], dtype=float).reshape(-1, 2)
