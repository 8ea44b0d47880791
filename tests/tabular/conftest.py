"""Standard errors of few resampled rows, since the bootstrap of six metrics takes longer than a small network."""

from __future__ import annotations

import pytest


@pytest.fixture
def all_resamples() -> None:
    """For a test of the standard errors: as many resamples as users get."""


@pytest.fixture(autouse=True)
def few_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "all_resamples" not in request.fixturenames:
        monkeypatch.setattr("scratchtune.tabular.evaluating.RESAMPLES", 12)
