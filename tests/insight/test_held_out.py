"""The held-out test set: its count of looks survives the process, and metrics other than the accuracy."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from scratchtune import insight


class Constant:
    """A model that predicts 0."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.zeros(len(X))


def test_the_count_of_looks_survives_the_process_and_belongs_to_its_rows(tmp_path: Any) -> None:
    X, y, path = np.arange(40.0)[:, None], np.arange(40) % 2, tmp_path / "looks.json"
    first = insight.HeldOut(X, y, path=path)
    assert first.score(Constant()).looks == 1
    again = insight.HeldOut(X, y, path=path)
    assert again.looks == 1 and again.score(Constant()).looks == 2
    assert first.score(Constant()).looks == 3 and again.score(Constant()).looks == 4
    assert insight.HeldOut(X, y, path=path).looks == 4
    path.unlink()
    assert again.score(Constant()).looks == 5 and insight.HeldOut(X, y, path=path).looks == 5
    with pytest.raises(ValueError, match="the count for different rows or another level"):
        insight.HeldOut(X, 1 - y, path=path)
    with pytest.raises(ValueError, match="the count for different rows or another level"):
        insight.HeldOut(X, y, level=0.9, path=path)
    for text in ("", "[]", '{"looks": -1}', '{"looks": 1.5, "rows": "", "level": 0.95}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="is not the count of a HeldOut"):
            insight.HeldOut(X, y, path=path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        insight.HeldOut(X, y, path=tmp_path / "none" / "looks.json")


def test_a_metric_gives_one_number_for_each_row() -> None:
    y = np.random.default_rng(0).normal(0.0, 1.0, 200)
    test = insight.HeldOut(np.zeros((200, 1)), y, metric=lambda true, predicted: (true - predicted) ** 2)
    look, squares = test.score(Constant()), y**2
    z = NormalDist().inv_cdf(1.0 - 0.05 / 4.0)  # the first look has half of the error rate
    reach = z * squares.std(ddof=1) / np.sqrt(200)
    assert look == pytest.approx((squares.mean(), squares.mean() - reach, squares.mean() + reach, 1))
    mean = insight.HeldOut(np.zeros((200, 1)), y, metric=lambda true, predicted: np.mean(true))
    with pytest.raises(ValueError, match="one finite number for each of the 200 rows"):
        mean.score(Constant())
    assert mean.looks == 0
    with pytest.raises(TypeError, match="metric is 'accuracy'"):
        insight.HeldOut(np.zeros((200, 1)), y, metric="accuracy")  # type: ignore[arg-type]
