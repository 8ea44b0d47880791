"""The loss of guessing: what is known without the sources, and no more."""

from __future__ import annotations

import numpy as np

from scratchtune.sequences.text.guessing import guessing_loss


def test_independent_tokens_cost_their_entropy() -> None:
    rng = np.random.default_rng(0)
    texts = rng.choice([4, 5, 6], (2000, 5), p=[0.5, 0.25, 0.25]).tolist()
    assert abs(guessing_loss(texts) - 1.5 * np.log(2.0)) < 0.01


def test_a_token_that_the_one_before_determines_costs_nothing_and_a_single_text_is_not_known_by_heart() -> None:
    assert guessing_loss([[4, 5, 6]] * 500) < 0.002
    assert guessing_loss([[4, 5], [6, 7], [8, 9]]) > np.log(6.0)
