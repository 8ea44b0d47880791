"""The expected score: its interval covers scores on new rows at its rate, and stays within the metric's range."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from scratchtune.tables.expectation import PROBABILITIES, Estimate, difference, estimated, spread_on_new_rows
from scratchtune.tables.goal import Goal, goal_for
from scratchtune.tables.splitting import Units

GOAL = goal_for(0, None)
Z = [-2.326348, -1.959964, -1.644854, -1.281552, -0.674490, 0.0, 0.674490, 1.281552, 1.644854, 1.959964, 2.326348]


def single(rows: int) -> Units:
    return Units(np.arange(rows))


def normal(score: float, spread: float, known: int = 400) -> Estimate:
    """An estimate as of normal scores with this standard deviation, by a formula instead of a simulation."""
    spans = [math.sqrt((1.0 + 1.0 / share) / known) for share in (math.inf, 1.0)]
    quantiles = [[score + z * spread * span * math.sqrt(known) for z in Z] for span in spans]
    return Estimate("accuracy", score, known, known, spans, quantiles)


def test_the_interval_of_normal_scores_is_that_of_the_formula() -> None:
    """An accuracy of 0.8 with standard deviation 0.01: 0.8 +- 1.645 * 0.01 * sqrt(1 + n / m)."""
    assert len(Z) == len(PROBABILITIES)
    for rows in (math.inf, 1000, 400, 100):
        half = 1.644854 * spread_on_new_rows(0.01, 400, rows)
        found = normal(0.8, 0.01).on(rows, level=0.9)
        assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half), abs=1e-5)
    assert normal(0.8, 0.01).on(level=0.999).low == pytest.approx(0.8 - 3.2905 * 0.01, abs=1e-5)


def test_fewer_units_make_the_interval_wider() -> None:
    found = normal(0.8, 0.01)._replace(units=5).on()
    assert found.high - 0.8 == pytest.approx(2.1318 * 0.01 * math.sqrt(5 / 4), rel=1e-4)  # Student's t of 4 degrees


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss", "f1", "balanced_accuracy"])
def test_no_interval_leaves_the_range_of_its_metric(scoring: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=40)
    p = np.clip(0.5 + 0.45 * (2 * y - 1) + 0.1 * rng.normal(size=40), 0.01, 0.99)
    estimate = estimated(Goal(scoring, 2), y, np.column_stack([1.0 - p, p]), single(40))
    for rows in (1, 30, math.inf):
        found = estimate.on(rows, 0.99)
        assert found.low <= found.score <= found.high
        assert found.high <= 0.0 if scoring.startswith("neg_") else 0.0 <= found.low and found.high <= 1.0


def test_of_scores_that_are_no_losses_r2_alone_may_be_below_zero() -> None:
    lows = [normal(0.0, 0.01)._replace(scoring=scoring).on(level=0.9).low for scoring in ("r2", "accuracy")]
    assert lows == pytest.approx([-0.01644854, 0.0], abs=1e-6)


def test_a_perfect_prediction_and_one_without_a_value_have_intervals() -> None:
    y = np.arange(30.0)
    assert estimated(GOAL, y, y, single(30)).on(10)[1:4] == pytest.approx((0.0, 0.0, 0.0), abs=1e-200)
    labels = np.zeros(30, int)  # the area under the curve of one class
    found = estimated(Goal("accuracy", 2), labels, np.tile([0.9, 0.1], (30, 1)), single(30)).on(10)
    assert (found.low, found.high) == (1.0, 1.0)


def test_an_estimate_survives_as_plain_numbers() -> None:
    y = np.random.default_rng(0).normal(size=60)
    found = estimated(GOAL, y, np.zeros(60), single(60))
    again = Estimate(**json.loads(json.dumps(found._asdict())))
    assert again.on(20) == found.on(20) and again.on() == found.on()


def test_a_sample_of_the_known_rows_has_the_interval_of_all() -> None:
    y = np.random.default_rng(0).normal(size=400)
    widths = [(found := estimated(GOAL, y, np.zeros(400), single(400), known=known).on()).high - found.low
              for known in (400, 40_000)]
    assert widths[1] == pytest.approx(widths[0] / 10.0, rel=0.1)


def rows_of(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, Units]:
    return rng.normal(size=rows), single(rows)


def groups_of(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, Units]:
    """Groups of ten rows, which have most of their error in common."""
    number = np.arange(rows) // 10
    return 2.0 * rng.normal(size=rows // 10)[number] + rng.normal(size=rows), Units(number, "group")


def tails_of(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, Units]:
    """Squares of these have no variance: Student's t of three degrees of freedom."""
    return rng.standard_t(3, size=rows), single(rows)


@pytest.mark.slow  # 300 bootstraps
@pytest.mark.parametrize("draw", [rows_of, groups_of, tails_of])
def test_the_interval_covers_the_score_on_new_rows_at_its_rate(
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, Units]],
) -> None:
    """100 made-up studies of 300 known and 100 new rows: 90 % should be covered."""
    rng, covered = np.random.default_rng(1), 0
    for _ in range(100):
        (y, units), (new, _) = draw(rng, 300), draw(rng, 100)
        found = estimated(GOAL, y, np.zeros(300), units).on(100)
        covered += found.low <= GOAL.score(new, np.zeros(100)) <= found.high
    assert 83 <= covered <= 98


def test_new_rows_of_a_later_time_are_one_block_however_many() -> None:
    rng = np.random.default_rng(0)
    units = Units(np.arange(200) // 10, "time")
    y = rng.normal(size=200) * (1.0 + units.numbers % 4)
    found = estimated(GOAL, y, np.zeros(200), units)
    assert found.on(10)[1:4] == found.on(1000)[1:4] == found.on()[1:4]
    without = estimated(GOAL, y, np.zeros(200), Units(units.numbers)).on()
    assert found.on().high - found.on().low > 2.0 * (without.high - without.low)


def test_the_difference_of_a_prediction_from_itself_is_zero() -> None:
    y, p = np.arange(10.0), np.arange(10.0) + 1.0
    assert difference(GOAL, y, p, p, single(10)) == (0.0, 0.0)
    gain, error = difference(GOAL, y, y, p, single(10))
    assert gain == 1.0 and error == pytest.approx(0.0, abs=1e-12)


def test_the_error_of_a_difference_is_that_of_whole_groups() -> None:
    rng = np.random.default_rng(0)
    number = np.arange(400) // 20
    y = rng.normal(size=20)[number]
    gain, error = difference(GOAL, y, np.zeros(400), np.full(400, 0.5), Units(number, "group"))
    means = 0.25 - y[::20]  # (y - 0.5)^2 - y^2 of each group
    assert gain == pytest.approx(means.mean()) and error == pytest.approx(means.std() / math.sqrt(20), rel=0.2)


def test_no_drawn_target_is_below_zero_where_none_is() -> None:
    """Three of 200 targets are 0 where 10 was predicted; so no error is above 10, however long the tail."""
    y = np.r_[np.zeros(3), np.full(197, 9.0)]
    assert -6.0 < estimated(GOAL, y, np.full(200, 10.0), single(200)).on(level=0.97).low < -1.0


def test_rows_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="rows is 0; it must be a number above 0"):
        normal(0.8, 0.01).on(0)
