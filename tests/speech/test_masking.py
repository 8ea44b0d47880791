"""SpecAugment's masks, formulas [time_mask] and [frequency_mask]: by hand, and by property."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.speech import SpecAugment
from scratchtune.speech.masking import frequency_mask, time_mask

ONES = np.ones((100, 40))


def test_by_hand() -> None:
    rows = np.arange(1.0, 7.0).reshape(3, 2)
    assert time_mask(rows, 1, 1).tolist() == [[1, 2], [0, 0], [5, 6]]
    assert frequency_mask(rows, 1, 1).tolist() == [[1, 0], [3, 0], [5, 0]]
    assert rows[1, 1] == 4.0


def widths(masks: SpecAugment, axis: int) -> list[int]:
    """How many rows or columns are masked, for many seeds."""
    return [int((masks(ONES, np.random.default_rng(seed)).max(axis=axis) == 0).sum()) for seed in range(400)]


def test_widths_are_uniform_from_0_to_the_maximum() -> None:
    counts = np.bincount(widths(SpecAugment(1, 4, 0, 0), 1), minlength=5)
    assert len(counts) == 5 and counts.min() > 50
    counts = np.bincount(widths(SpecAugment(0, 0, 1, 3), 0), minlength=4)
    assert len(counts) == 4 and counts.min() > 70


def test_a_time_mask_covers_at_most_a_share_of_the_frames() -> None:
    assert max(widths(SpecAugment(1, 50, 0, 0, time_share=0.1), 1)) == 10
    assert max(widths(SpecAugment(1, 50, 0, 0, time_share=0.0), 1)) == 0


def test_every_frame_can_be_masked() -> None:
    masks = SpecAugment(1, 20, 0, 0)
    total = sum(masks(ONES, np.random.default_rng(seed))[:, 0] == 0 for seed in range(400))
    assert total.min() > 0


def test_the_generator_decides_and_the_argument_is_unchanged() -> None:
    rows = ONES.copy()
    found = [SpecAugment()(rows, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])
    assert np.array_equal(rows, ONES)
    untouched = SpecAugment(0, 0, 0, 0)(rows, np.random.default_rng(0))
    assert untouched is not rows and np.array_equal(untouched, rows)


@pytest.mark.parametrize("arguments, message", [
    ({"time_masks": -1}, "time_masks is -1; it must be an integer of at least 0"),
    ({"frequency_width": 2.5}, "frequency_width is 2.5"),
    ({"time_share": 1.5}, r"time_share is 1.5; it must be a finite number in \[0.0, 1.0\]"),
])
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        SpecAugment(**arguments)
