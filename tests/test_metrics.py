"""Metrics: numbers by hand, properties, and scikit-learn's values on random cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune import metrics
from scratchtune.metrics import SCORERS, accuracy_score, log_loss, mean_absolute_error, mean_squared_error


def test_accuracy_by_hand() -> None:
    assert accuracy_score([0, 1, 1, 0], [0, 1, 0, 0]) == 0.75
    assert accuracy_score(["a", "b"], ["a", "a"], sample_weight=[1.0, 3.0]) == 0.25
    assert accuracy_score(["a", "b"], ["a", "a"], normalize=False) == 1.0


def test_one_hot_rows_are_labels() -> None:
    rows = np.eye(3)[[0, 2, 1]]
    assert accuracy_score(rows, [0, 2, 2]) == accuracy_score(rows, np.eye(3)[[0, 2, 2]]) == pytest.approx(2 / 3)
    assert log_loss(rows, np.full((3, 3), 1 / 3)) == pytest.approx(np.log(3))


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    assert 30 < log_loss([0, 1], [1.0, 0.0]) < 40


def test_errors_by_hand() -> None:
    assert mean_squared_error([0.0, 0.0], [1.0, 3.0]) == 5.0
    assert mean_absolute_error([0.0, 0.0], [1.0, 3.0]) == 2.0
    assert mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]], multioutput="raw_values").tolist() == [1.0, 9.0]


def test_a_score_is_better_the_larger_it_is() -> None:
    truth, good, bad = [0.0, 1.0], [0.1, 0.9], [0.9, 0.1]
    for name in ("neg_mean_squared_error", "neg_mean_absolute_error", "neg_log_loss"):
        metric, _, sign = SCORERS[name]
        assert sign * metric(truth, good) > sign * metric(truth, bad)


@pytest.mark.parametrize("call, message", [
    (lambda: accuracy_score([0, 1], [0]), "y_true has 2 rows and y_pred has 1"),
    (lambda: accuracy_score([], []), "y_true is empty"),
    (lambda: accuracy_score([0, 1], ["a", "b"]), "both must be text or both must be numbers"),
    (lambda: accuracy_score([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]]), "argmax"),
    (lambda: accuracy_score([0, 1], [0, 1], sample_weight=[1.0]), "sample_weight has shape"),
    (lambda: log_loss([0, 0], [0.1, 0.2]), "one label only"),
    (lambda: log_loss([0, 1, 2], [[0.5, 0.5]] * 3), "2 columns and there are 3 classes"),
    (lambda: log_loss([0, 3], [0.1, 0.2], labels=[0, 1]), "y_true holds"),
    (lambda: log_loss([0, 1], [0.1, 1.2]), "outside"),
    (lambda: mean_squared_error([1.0, np.nan], [1.0, 2.0]), "NaN"),
    (lambda: mean_squared_error([1.0, 2.0], [1.0, 2.0], multioutput="mean"), "multioutput"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def _case(seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(3, 30)), int(rng.integers(2, 5))
    p = rng.dirichlet(np.ones(k), size=n)
    p[0] = np.eye(k)[0]
    return rng.integers(k, size=n), rng.integers(k, size=n), p, (rng.random(n) if seed % 2 else None), k


def test_agrees_with_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    for seed in range(200):
        y, q, p, w, k = _case(seed)
        for normalize in (True, False):
            assert accuracy_score(y, q, sample_weight=w, normalize=normalize) == pytest.approx(
                reference.accuracy_score(y, q, sample_weight=w, normalize=normalize), rel=1e-12)
            assert log_loss(y, p, sample_weight=w, labels=range(k), normalize=normalize) == pytest.approx(
                reference.log_loss(y, p, sample_weight=w, labels=range(k), normalize=normalize), rel=1e-12)
        for ours, theirs in ((mean_squared_error, reference.mean_squared_error),
                             (mean_absolute_error, reference.mean_absolute_error)):
            assert ours(y, p[:, 0], sample_weight=w) == pytest.approx(theirs(y, p[:, 0], sample_weight=w), rel=1e-12)
            raw = {"sample_weight": w, "multioutput": "raw_values"}
            assert ours(p, p[::-1], **raw) == pytest.approx(theirs(p, p[::-1], **raw), rel=1e-12)


def test_rows_of_several_labels_count_only_if_all_are_right() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    y, q = np.array([[1, 1, 0], [0, 0, 1]]), np.array([[1, 1, 0], [1, 0, 1]])
    assert accuracy_score(y, q) == reference.accuracy_score(y, q) == 0.5


def test_one_hot_is_recognised() -> None:
    assert metrics.is_one_hot(np.eye(3))
    assert not metrics.is_one_hot(np.ones((2, 2))) and not metrics.is_one_hot(np.eye(1))
