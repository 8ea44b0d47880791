"""Edit distance: the fewest substitutions, deletions and insertions that turn one sequence into another.

The distances between all beginnings of the two are filled into a table, each from three before it (`edit_step`); the
last entry is the distance. Following the table back counts the three kinds of errors.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit


class Edits(NamedTuple):
    """The errors of a hypothesis, by kind.

    Several alignments may have equally few errors in all; these counts are those of one with most substitutions.
    """

    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """Their sum, the edit distance."""
        return self.substitutions + self.deletions + self.insertions


@jit.function
def edit_step(diagonal, above, left, differs):
    """Edit distance between two beginnings, from those that are shorter by one item.

    Formula [edit_step]
        d = min(c + s, min(a, b) + 1)
    Where
        c: diagonal, scalar, integer >= 0, distance without the last item of either
        a: above, scalar, integer >= 0, without the reference's last item, which was deleted
        b: left, scalar, integer >= 0, without the hypothesis's last item, which was inserted
        s: differs, scalar, integer in [0, 1], 1 if the two last items differ
    Returns
        d, a scalar, integer.
    Source
        Levenshtein (1966); Wagner and Fischer (1974), "The string-to-string correction problem", section 3.
    Example
        >>> edit_step(1, 2, 2, 0)
        1
    """
    return min(diagonal + differs, min(above, left) + 1)


@jit.called
def edit_table(reference, hypothesis):
    """The edit distance between the first i items of the reference and the first j of the hypothesis, (i, j)."""
    table = np.empty((reference.size + 1, hypothesis.size + 1), np.int64)
    for i in range(reference.size + 1):
        table[i, 0] = i
    for j in range(hypothesis.size + 1):
        table[0, j] = j
    for i in range(reference.size):
        for j in range(hypothesis.size):
            differs = 1 if reference[i] != hypothesis[j] else 0
            table[i + 1, j + 1] = edit_step(table[i, j], table[i, j + 1], table[i + 1, j], differs)
    return table


def edits(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> Edits:
    """Count the errors of a hypothesis; both are texts (sequences of letters) or lists of tokens.

    >>> edits("kitten", "sitting")  # k -> s, e -> i, and g is inserted
    Edits(substitutions=2, deletions=0, insertions=1)
    """
    pairs = paired(reference, hypothesis)
    return Edits(sum(None not in pair and pair[0] != pair[1] for pair in pairs),
                 sum(heard is None for _, heard in pairs), sum(spoken is None for spoken, _ in pairs))


def paired(reference: Sequence[Any], hypothesis: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Pair each item of a reference with what was recognised in its place, so that the errors are fewest.

    None stands in place of an item that was inserted (first) or deleted (second).

    >>> paired(["two", "one"], ["one", "one"])
    [('two', 'one'), ('one', 'one')]
    >>> paired("ab", "b")
    [('a', None), ('b', 'b')]
    """
    numbers: dict[Hashable, int] = {}
    first, second = (np.array([numbers.setdefault(item, len(numbers)) for item in items], dtype=np.int64)
                     for items in (reference, hypothesis))
    places = _traced(first, second, edit_table(first, second))
    return [(None if i is None else reference[i], None if j is None else hypothesis[j]) for i, j in places]


def _traced(
    reference: np.ndarray, hypothesis: np.ndarray, table: np.ndarray,
) -> list[tuple[int | None, int | None]]:
    """Follow the table back from its last entry: diagonally where that is as good as a deletion or an insertion."""
    found: list[tuple[int | None, int | None]] = []
    i, j = len(reference), len(hypothesis)
    while i > 0 or j > 0:
        differs = i > 0 and j > 0 and int(reference[i - 1] != hypothesis[j - 1])
        if i > 0 and j > 0 and table[i, j] == table[i - 1, j - 1] + differs:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif i > 0 and table[i, j] == table[i - 1, j] + 1:
            i -= 1
            found.append((i, None))
        else:
            j -= 1
            found.append((None, j))
    return found[::-1]
