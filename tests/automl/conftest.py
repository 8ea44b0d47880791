"""What tests of AutoML share: standard errors of few resampled rows; test_expectation has as many as users get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scratchtune.automl.expectation.RESAMPLES", 20)
        patch.setattr("scratchtune.tabular.evaluating.RESAMPLES", 12)
        yield
