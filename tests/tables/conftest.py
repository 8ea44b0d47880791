"""Standard errors of few resampled rows, since the bootstrap of six metrics takes longer than a small network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported by path; this finds explained_model.py


@pytest.fixture
def all_resamples() -> None:
    """For a test of the standard errors: as many resamples as users get."""


@pytest.fixture(autouse=True)
def fewer_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "all_resamples" not in request.fixturenames:
        monkeypatch.setattr("scratchtune.tables.evaluating.RESAMPLES", 12)


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scratchtune.tables.expectation.RESAMPLES", 20)
        patch.setattr("scratchtune.tables.evaluating.RESAMPLES", 12)
        yield
