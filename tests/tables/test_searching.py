"""The budget of a search: how many seconds or trials it may take."""

from __future__ import annotations

import pytest

from scratchtune.tables.searching import Budget


@pytest.mark.parametrize(("seconds", "searching"), [(2.0, 1.0), (18.0, 12.0), (60.0, 54.0), (1000.0, 920.0)])
def test_a_search_leaves_eight_percent_or_six_seconds_at_most_half(seconds: float, searching: float) -> None:
    budget = Budget(seconds, None, 50.0)
    assert budget.searching == searching and budget.deadline == 50.0 + searching


def test_a_search_of_trials_has_no_deadline() -> None:
    assert Budget(None, 4, 0.0).deadline is None and Budget(9.0, 4, 0.0).deadline is None
    assert Budget(None, None, 0.0).deadline is None
