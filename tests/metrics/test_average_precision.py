"""The precision-recall curve and average precision: by hand, by property, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.metrics import UndefinedMetricWarning, average_precision_score, precision_recall_curve

Y, S = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]


def test_the_curve_by_hand() -> None:
    precision, recall, thresholds = precision_recall_curve(Y, S)
    assert precision.tolist() == [2 / 4, 2 / 3, 1 / 2, 1.0, 1.0] and recall.tolist() == [1.0, 1.0, 0.5, 0.5, 0.0]
    assert thresholds.tolist() == [0.1, 0.35, 0.4, 0.8]
    assert precision_recall_curve([0, 0, 0, 1], [1, 2, 3, 4], drop_intermediate=True)[2].tolist() == [1, 4]


def test_the_mean_over_positive_rows_by_hand() -> None:
    assert average_precision_score(Y, S) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision_score(["a", "b"], [0.9, 0.1], pos_label="a") == 1.0
    p = np.array([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.4, 0.2, 0.4], [0.1, 0.2, 0.7]])
    assert average_precision_score([0, 2, 1, 2], p, average=None).tolist() == [1.0, 1 / 4, (1 + 2 / 3) / 2]


def test_equal_scores_have_the_share_of_positives() -> None:
    assert average_precision_score([0, 1, 1, 0, 0], np.ones(5)) == 0.4


def test_without_positive_rows_there_is_a_warning() -> None:
    with pytest.warns(UndefinedMetricWarning, match="no positive row"):
        assert average_precision_score([0, 0], [0.1, 0.2]) == 0.0
    with pytest.warns(UndefinedMetricWarning, match="recall is undefined and set to 1"):
        assert precision_recall_curve([0, 0], [0.1, 0.2])[1].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("y, s, options, message", [
    ([0, 1], [0.1], {}, "y_true has 2 rows and y_score has 1"),
    ([0, 1], [0.1, np.nan], {}, "y_score holds NaN"),
    ([0, 1, 2], [0.1, 0.2, 0.3], {}, r"y_score has shape \(3,\); for these labels it must have \(3, 3\)"),
    ([0, 1, 2], np.eye(3), {"pos_label": 2}, "pos_label is 2; with more than two classes it must be 1"),
    ([0, 1], [0.1, 0.2], {"average": "mean"}, "average is 'mean'; it must be one of"),
])
def test_bad_input_is_one_clear_sentence(y: Any, s: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        average_precision_score(y, s, **options)


def test_both_agree_with_scikit_learn_on_60_cases(agree: Any) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(3, 14)), int(rng.integers(3, 5))
        score = rng.standard_normal((n, k)) if rng.integers(2) else rng.integers(4, size=(n, k)) / 4
        weight, y = (None, rng.random(n) + 0.01)[rng.integers(2)], np.append([0, 1], rng.integers(2, size=n - 2))
        options = {"sample_weight": weight}
        agree("precision_recall_curve", y, score[:, 0], drop_intermediate=bool(rng.integers(2)), **options)
        agree("average_precision_score", y, score[:, 0], **options)
        classes = rng.permutation(np.arange(max(n, k)) % k)
        average = ("macro", "weighted", "micro", None)[rng.integers(4)]
        agree("average_precision_score", classes, np.resize(score, (len(classes), k)), average=average)
