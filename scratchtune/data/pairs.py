"""Reading pairs of sentences from a TSV file; a file that cannot be read raises one clear sentence.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import os
import re

from scratchtune import checks
from scratchtune.files import read_text

HEADER = ("source", "target")
_PURPOSE = "pairs of sentences are read from a TSV file"
_ADVICE = "each line must hold a source sentence, a tab and a target sentence"


def read_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read pairs of sentences, (source, target), from a TSV file: UTF-8, two columns separated by a tab, no quoting.

    A first line ``source<tab>target`` is a header and is not read as a pair. Blanks around a sentence and blank lines
    are ignored.
    Raises
        OSError if the file cannot be opened; ValueError, which names file and line, if a line does not hold two
        sentences, if the file is not UTF-8, or if it holds no pair.
    """
    shown = os.fspath(path)
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(re.split("\r\n|\r|\n", read_text(shown, _PURPOSE)), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2:
            raise ValueError(f"{shown}, line {number}, has {checks.counted(len(cells), 'column')}; {_ADVICE}")
        for name, cell in zip(HEADER, cells, strict=True):
            if not cell:
                raise ValueError(f"{shown}, line {number}, has an empty {name} sentence; {_ADVICE}")
        pairs.append((cells[0], cells[1]))
    if pairs and tuple(cell.lower() for cell in pairs[0]) == HEADER:
        del pairs[0]
    if not pairs:
        raise ValueError(f"{shown} holds no pairs of sentences; {_ADVICE}")
    return pairs
