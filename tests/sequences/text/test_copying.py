"""Copying: where an unknown word of the source is written, and that none is lost."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.text.copying import with_copies

WORDS = ["the", "zorb", "quux"]


@pytest.mark.parametrize("written, weights, expected", [
    # the step that looked at "zorb" most looked at no other word more: its token was a guess at "zorb"
    (["el", "gato"], [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2]], ["el", "quux", "zorb"]),
    (["el", "gato"], [[0.8, 0.1, 0.1], [0.5, 0.3, 0.2]], ["el", "zorb", "quux", "gato"]),
    (["[UNK]", "[END]"], [[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]], ["quux", "zorb"]),
    (["[UNK]", "[UNK]"], [[0.1, 0.7, 0.2], [0.1, 0.3, 0.6]], ["zorb", "quux"]),
    (["[END]"], [[0.2, 0.2, 0.6]], ["zorb", "quux"]),
])
def test_each_unknown_word_is_written_once(
    written: list[str], weights: list[list[float]], expected: list[str],
) -> None:
    assert with_copies(written, np.array(weights), WORDS, [True, False, False]) == expected


def test_known_words_alone_change_nothing() -> None:
    assert with_copies(["el", "gato", "[END]"], np.eye(3), WORDS, [True] * 3) == ["el", "gato"]
