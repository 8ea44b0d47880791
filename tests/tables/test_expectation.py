"""The expected score: its interval covers scores on new rows at its rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchtune.tables.expectation import Estimate, difference, estimated
from scratchtune.tables.goal import goal_for

GOAL = goal_for(0, None)


def test_the_interval_for_many_new_rows_is_that_of_the_mean() -> None:
    """An accuracy of 0.8 with standard deviation 0.01: 0.8 +- 1.645 * 0.01."""
    found = Estimate("accuracy", 0.8, 0.01, 400).on(level=0.9)
    assert (found.low, found.high) == pytest.approx((0.8 - 0.0164485, 0.8 + 0.0164485), abs=1e-6)


def test_the_interval_of_a_loss_is_longer_on_the_side_of_the_larger_loss() -> None:
    found = Estimate("neg_log_loss", -0.1, 0.05, 400).on()
    assert found.low < -0.1 < found.high < 0.0 and -0.1 - found.low > found.high + 0.1


def test_fewer_new_rows_make_the_interval_wider() -> None:
    estimate = Estimate("accuracy", 0.8, 0.01, 400)
    widths = [estimate.on(rows).high - estimate.on(rows).low for rows in (50, 500, math.inf)]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.slow  # 200 bootstraps
def test_the_interval_covers_the_score_on_new_rows_at_its_rate() -> None:
    """200 made-up studies of 150 known and 100 new rows, with normal errors: 90 % should be covered."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(200):
        y, new = rng.normal(size=150), rng.normal(size=100)
        found = estimated(GOAL, y, np.zeros(150)).on(100)
        covered += found.low <= GOAL.score(new, np.zeros(100)) <= found.high
    assert 165 <= covered <= 195


def test_the_difference_of_a_prediction_from_itself_is_zero() -> None:
    y, p = np.arange(10.0), np.arange(10.0) + 1.0
    assert difference(GOAL, y, p, p) == (0.0, 0.0)
    gain, error = difference(GOAL, y, y, p)
    assert gain == 1.0 and error == pytest.approx(0.0, abs=1e-12)


def test_rows_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="rows is 0; it must be a number above 0"):
        Estimate("accuracy", 0.8, 0.01, 400).on(0)
