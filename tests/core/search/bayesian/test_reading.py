"""Reading the trials: what is kept of earlier calls never changes what is returned."""

from __future__ import annotations

import numpy as np

from scratchtune.core.search import Float, Result, Space
from scratchtune.core.search.bayesian import reading


def trials(count: int, start: float = 0.0) -> list[Result]:
    return [Result(k, {"x": (start + k) / 100.0}, float(-k), "complete", constraints=(k - 2.0,)) for k in range(count)]


def test_only_new_trials_are_read_and_the_rows_are_those_of_all() -> None:
    space, counted = Space({"x": Float(0.0, 1.0)}), []

    def counting(space: Space, seen: list[Result]) -> np.ndarray:
        counted.append(len(seen))
        return reading.losses_and_violations(space, seen)

    seen = trials(6)
    expected = [[0.0, 0.0], [-1.0, 0.0], [-2.0, 0.0], [-3.0, 1.0], [-4.0, 2.0], [-5.0, 3.0]]
    for count in (3, 5, 2, 6):
        assert reading.read(counting, space, seen[:count]).tolist() == expected[:count]
    assert counted == [3, 2, 1]


def test_other_trials_with_equal_numbers_are_read_anew() -> None:
    # 1 == 1.0 == True in Python, so trials are the same only if they are the same objects.
    space = Space({"x": Float(0.0, 1.0)})
    for first in (trials(4), trials(4, start=50.0), trials(2), []):
        assert reading.read(reading.encoded, space, first).tolist() == reading.encoded(space, first).tolist()
        assert reading.read(reading.keys, space, first).tolist() == [space.key(one.params) for one in first]


def test_an_array_that_is_returned_is_no_part_of_what_is_kept() -> None:
    space, seen = Space({"x": Float(0.0, 1.0)}), trials(3)
    rows = reading.read(reading.codes, space, seen)
    assert not rows.flags.writeable
    assert reading.read(reading.codes, space, seen).tolist() == [[0.0], [0.01], [0.02]]
