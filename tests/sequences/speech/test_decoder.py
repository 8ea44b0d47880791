"""The decoder: greedy or by beam search, and the same after writing it as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import Decoder, NGram, decode, greedy_decode

ROWS = np.log(np.random.default_rng(0).dirichlet(np.ones(3), 12))


def test_it_is_greedy_or_searches() -> None:
    assert Decoder()(ROWS, "ab") == greedy_decode(ROWS, "ab")
    model = NGram(order=2, alphabet="ab").fit(["ab", "ba"])
    assert Decoder(4, model, 2.0, 0.5)(ROWS, "ab") == decode(ROWS, "ab", 4, model, 2.0, 0.5)


@pytest.mark.parametrize("model", [None, NGram(order=2, alphabet="ab").fit(["ab", "ba"])])
def test_it_is_the_same_after_writing_it(model: NGram | None) -> None:
    decoder = Decoder(4, model, 2.0, 0.5)
    read = Decoder.from_dict(json.loads(json.dumps(decoder.to_dict())))
    assert read(ROWS, "ab") == decoder(ROWS, "ab") and read.to_dict() == decoder.to_dict()


@pytest.mark.parametrize("arguments, error, message", [
    ({"beam_width": 0}, ValueError, "beam_width is 0"),
    ({"language_weight": -1.0}, ValueError, "language_weight is -1.0"),
    ({"insertion_bonus": np.inf}, ValueError, "insertion_bonus is inf"),
    ({"language_model": "words"}, TypeError, "language_model is 'words'; it must be a speech.NGram, or None"),
])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Decoder(**arguments)
    with pytest.raises(ValueError, match="values is {}; it must be what"):
        Decoder.from_dict({})
