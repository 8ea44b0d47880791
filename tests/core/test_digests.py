"""Digests: stored studies are recognised by them, so their values must never change."""

from __future__ import annotations

import numpy as np

from scratchtune.core.digests import digest_of, digest_of_repr
from scratchtune.core.search import Result


def test_the_values_that_are_in_stored_studies() -> None:
    assert digest_of(np.arange(3), np.array(["a", None], dtype=object), also="fold 1") == "8c68cec6334de937"
    assert digest_of(np.zeros((2, 2), np.float32)) == "4eea847cbe42224e"
    assert digest_of_repr([]) == "none"
    assert digest_of_repr([Result(0, {"x": 0.5}, 1.5, "complete")]) == "05d93b32f121b96d"


def test_the_type_the_shape_and_the_text_count() -> None:
    array = np.arange(4)
    digests = {digest_of(array), digest_of(array.reshape(2, 2)), digest_of(array.astype(float)),
               digest_of(array[:2], array[2:]), digest_of(array, also="x")}
    assert len(digests) == 5 and digest_of(array[::-1][::-1]) == digest_of(array)
