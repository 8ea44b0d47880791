"""Properties of any text: vocabularies take it, a translator is trained on it, saved, loaded, and translates others.

The cases are drawn by Hypothesis; `pytest --hypothesis-profile=search` draws other ones each time (see tests/drawing).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

from ...drawing import hypothesis

draws = hypothesis.strategies

texts = draws.text(max_size=30)
full = texts.filter(lambda text: bool(st.text.tokenize(text)))  # a text without tokens is refused in training
words = draws.lists(
    draws.sampled_from(["one", "Two", "three,", "vier!", "五", "ñandú", "e\u0301", "[UNK]", "a-b", "7"]), min_size=1,
    max_size=6).map(" ".join)


@hypothesis.given(text=texts)
def test_tokens_are_told_apart_again(text: str) -> None:
    tokens = st.text.tokenize(text)
    assert all(tokens) and st.text.tokenize(st.text.detokenize(tokens)) == tokens


@hypothesis.given(known=draws.lists(full, min_size=1, max_size=5), text=full)
def test_a_vocabulary_keeps_what_it_knows(known: list[str], text: str) -> None:
    """Also when it is written down and read again; of other texts it forgets words, but not how many there are."""
    vocabulary = st.text.Vocabulary(known)
    read = st.text.Vocabulary.from_dict(vocabulary.to_dict())
    assert read.tokens == vocabulary.tokens and len(vocabulary.encode(text)) == len(vocabulary.split(text))
    for one in known:
        assert read.decode_tokens(vocabulary.encode(one)) == vocabulary.split(one)


@pytest.mark.slow
@hypothesis.given(pairs=draws.lists(draws.tuples(words, words), min_size=1, max_size=4),
                  new=draws.lists(draws.one_of(words, texts), max_size=4), width=draws.sampled_from([1, 3]))
def test_a_translator_of_any_pairs_translates_any_list(
    pairs: list[tuple[str, str]], new: list[str], width: int, fresh: Callable[[], Path],
) -> None:
    """One translation for each text, in their order; the same ones after it was saved and loaded."""
    sources, targets = (st.text.Vocabulary(list(side)) for side in zip(*pairs, strict=True))
    model = st.Seq2Seq(sources, targets, embedding=4, units=4, seed=1)
    model.compile()
    history = model.fit(pairs, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    found = model.translate(new, beam_width=width)
    assert len(found) == len(new) and all(isinstance(text, str) for text in found)
    path = fresh() / "model.npz"
    model.save(path)
    loaded: Any = st.load_model(path)
    assert loaded.translate(new, beam_width=width) == found
    assert [loaded.translate([text], beam_width=width)[0] for text in new] == found
