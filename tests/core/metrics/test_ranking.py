"""The ROC curve and the area under it: by hand, by property, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.metrics import (
    UndefinedMetricWarning,
    auc,
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

Y, S = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]


def test_three_of_four_pairs_are_in_order() -> None:
    assert roc_auc_score(Y, S) == 0.75
    assert roc_auc_score(Y, [0.1, 0.4, 0.4, 0.8]) == 0.875  # a tie counts half
    assert roc_auc_score(["no", "no", "yes", "yes"], S) == 0.75
    assert roc_auc_score(Y, S, sample_weight=[1, 3, 1, 1]) == 5 / 8


def test_the_curve_by_hand() -> None:
    false, true, thresholds = roc_curve(Y, S)
    assert false.tolist() == [0, 0, 0.5, 0.5, 1] and true.tolist() == [0, 0.5, 0.5, 1, 1]
    assert thresholds.tolist() == [np.inf, 0.8, 0.4, 0.35, 0.1]
    assert len(roc_curve([0, 0, 1, 1], [1, 2, 3, 4])[0]) == 4  # the start, the first, one corner and the last
    assert len(roc_curve([0, 0, 1, 1], [1, 2, 3, 4], drop_intermediate=False)[0]) == 5


def test_the_area_under_the_curve_is_the_share_of_pairs() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        y, s, w = np.append([0, 1], rng.integers(2, size=20)), rng.integers(8, size=22), rng.random(22)
        assert auc(*roc_curve(y, s, sample_weight=w)[:2]) == pytest.approx(roc_auc_score(y, s, sample_weight=w))


def test_only_the_order_counts() -> None:
    rng = np.random.default_rng(0)
    y, s = np.append([0, 1], rng.integers(2, size=98)), rng.standard_normal(100)
    assert roc_auc_score(y, s) == roc_auc_score(y, np.exp(s)) == pytest.approx(1 - roc_auc_score(y, -s))


def test_a_million_rows() -> None:
    rng = np.random.default_rng(0)
    y = np.append([0, 1], rng.integers(2, size=999_998))
    s = np.round(y + rng.standard_normal(len(y)), 3)
    assert roc_auc_score(y, s) == pytest.approx(0.7602, abs=2e-3)  # Φ(1/√2): two normals, one apart


def test_multiclass_by_hand() -> None:
    p = np.array([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.4, 0.2, 0.4], [0.1, 0.2, 0.7]])
    y = [0, 1, 2, 2]  # class 0 above the rest 3 of 3, class 1 3 of 3, class 2 4 of 4
    assert roc_auc_score(y, p, multi_class="ovr", average=None).tolist() == [1.0, 1.0, 1.0]
    swapped = [0, 1, 1, 2]  # class 1: rows .4, .2 against .3, .2: 1 + 1 + 0 + 1/2 of 4
    assert roc_auc_score(swapped, p, multi_class="ovr", average=None)[1] == 0.625


def test_one_hot_rows_are_labels() -> None:
    rng = np.random.default_rng(0)
    y, p = np.append([0, 1, 2], rng.integers(3, size=20)), rng.dirichlet(np.ones(3), size=23)
    assert roc_auc_score(np.eye(3)[y], p, multi_class="ovr") == roc_auc_score(y, p, multi_class="ovr")
    assert roc_auc_score(np.eye(2)[Y], S) == 0.75


@pytest.mark.parametrize("y, s, options, message", [
    ([0, 0], [0.1, 0.2], {}, "rows of one class only, of .0."),
    ([0, 1], [0.1, 0.2], {"sample_weight": [1, 0]}, "rows of one class only"),
    ([0, 1], [[0.2, 0.3, 0.5]] * 2, {"labels": [0, 1, 2], "multi_class": "ovr"}, "no negative row of the labels .2."),
    ([[0, 1], [0, 1]], [[0.2, 0.3]] * 2, {}, "no negative row of the labels .0, 1."),
])
def test_one_class_only_is_nan_and_warned_of(y: Any, s: Any, options: Any, message: str) -> None:
    with pytest.warns(UndefinedMetricWarning, match=message + ".*folds"):
        assert np.isnan(roc_auc_score(y, s, **options))


def test_a_curve_of_one_class_has_nan_rates() -> None:
    with pytest.warns(UndefinedMetricWarning, match="no positive row with a weight, so the true positive rate"):
        false, true, _ = roc_curve([0, 0], [0.1, 0.2])
    assert np.isnan(true).all() and false[-1] == 1.0


P = [[0.2, 0.3, 0.5]] * 3


@pytest.mark.parametrize("y, s, options, message", [
    ([0, 1], [0.1], {}, "y_true has 2 rows and y_score has 1"),
    ([0.5, 1], [0.1, 0.2], {}, "y_true holds 0.5"),
    ([0, 1], [0.1, np.nan], {}, "y_score holds NaN"),
    ([0, 1], [0.1, np.inf], {}, "y_score holds infinity"),
    ([0, 1], [[0.1, 0.9]] * 2, {}, "the score of the second class only"),
    ([0, 1, 2], P, {}, "multi_class is 'raise'; it must be 'ovr'"),
    ([0, 1, 2], P, {"multi_class": "ovo"}, "multi_class is 'ovo'; it must be one of 'raise', 'ovr'"),
    ([0, 1, 2], [[1, 2, 3]] * 3, {}, "scoring name roc_auc_ovr"),
    ([0, 1, 2], [0.1, 0.2, 0.3], {"multi_class": "ovr"}, r"y_score has shape \(3,\) for 3 classes"),
    ([0, 1, 1], P, {"multi_class": "ovr"}, "labels=.*names all classes"),
    ([0, 1, 2], [[1, 2, 3]] * 3, {"multi_class": "ovr"}, "do not sum to 1"),
    ([0, 1, 2], P, {"average": "samples"}, "average is 'samples'"),
    ([0, 1, 2], P, {"multi_class": "ovr", "labels": [2, 1, 0]}, "sorted"),
    ([0, 1, 3], P, {"multi_class": "ovr", "labels": [0, 1, 2]}, "y_true holds 3"),
    ([0, 1], [0.1, 0.2], {"average": "mean"}, "average is 'mean'"),
    ([[0, 1], [1, 1]], [0.1, 0.2], {}, "y_true has shape"),
    ([[0, 1], [1, 0]], [[0.1, 0.2, 0.3]] * 2, {}, r"y_score has shape \(2, 3\); .* must have \(2, 2\)"),
])
def test_bad_input_is_one_clear_sentence(y: Any, s: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        roc_auc_score(y, s, **options)


@pytest.mark.parametrize("call, message", [
    (lambda: roc_curve([1, 2], [0.1, 0.2]), "y_true holds the labels .1, 2.; pos_label must name"),
    (lambda: roc_curve(["a", "b"], [0.1, 0.2]), "pos_label must name"),
    (lambda: roc_curve([0, 1], [[0.1, 0.2]] * 2), "2 columns"),
    (lambda: auc([0, 1, 0.5], [0, 1, 1]), "increases and decreases"),
    (lambda: auc([0], [1]), "2 points or more"),
])
def test_bad_curves_are_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# The oracle ----------------------------------------------------------------------------------------------------------


def case(seed: int, *shape: int) -> tuple[np.random.Generator, Any, Any]:
    """Scores with ties, and weights of every kind."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 14))
    score = rng.standard_normal((n, *shape)) if rng.integers(2) else rng.integers(4, size=(n, *shape)) / 4
    weight = [None, rng.random(n), rng.integers(0, 2, n) * rng.random(n)][rng.integers(3)]
    if weight is not None and not weight.any():
        weight[0] = 1.0
    return rng, score, weight


@pytest.mark.slow
def test_curves_agree_with_scikit_learn_on_1000_cases(agree: Any) -> None:
    for seed in range(1000):
        rng, score, weight = case(seed)
        names = (np.array([0, 1]), np.array([-1, 1]), np.array(["a", "b"]), np.array([1, 2, 3]))[rng.integers(4)]
        y = names[rng.integers(len(names), size=len(score))]
        label = [None, names[-1].item()][rng.integers(2)]
        agree("roc_curve", y, score, pos_label=label, sample_weight=weight, drop_intermediate=bool(rng.integers(2)))
        agree("auc", np.sort(score)[:: rng.choice([-1, 1])], rng.random(len(score)))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_two_classes_agree_with_scikit_learn_on_1000_cases(agree: Any, part: int) -> None:
    for seed in range(500 * part, 500 * part + 500):
        rng, score, weight = case(seed)
        names = (np.array([0, 1]), np.array([-1, 1]), np.array(["a", "b"]), np.array([5, 2]))[rng.integers(4)]
        y = names[rng.integers(2, size=len(score))]
        agree("roc_auc_score", y, score, sample_weight=weight)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_one_hot_rows_agree_with_scikit_learn_on_1000_cases(agree: Any, part: int) -> None:
    for seed in range(500 * part, 500 * part + 500):
        k = 2 + seed % 3
        rng, score, weight = case(seed, k)
        y = np.eye(k, dtype=int)[rng.integers(k, size=len(score))]
        if rng.integers(3):
            y = np.concatenate([y, np.eye(k, dtype=int)])  # both kinds in each column
            score = rng.integers(4, size=y.shape)
            weight = None if weight is None else np.concatenate([weight, rng.random(k)])
        average = ["macro", "micro", "weighted", None][rng.integers(4)]
        if average == "weighted" and weight is not None and not (weight @ y).any():
            continue
        agree("roc_auc_score", y, score, sample_weight=weight, average=average)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_multiclass_agrees_with_scikit_learn_on_1000_cases(agree: Any, part: int) -> None:
    for seed in range(500 * part, 500 * part + 500):
        rng = np.random.default_rng(seed)
        k, n = int(rng.integers(3, 5)), int(rng.integers(3, 20))
        names = (np.arange(k), np.array(["a", "b", "c", "d"])[:k], np.array([2, 3, 7, 11])[:k])[rng.integers(3)]
        y = names[rng.integers(k, size=n)]
        counts = rng.multinomial(4, np.full(k, 1 / k), size=n) / 4
        p = counts if rng.integers(2) else rng.dirichlet(np.ones(k), size=n)
        average = ["macro", "weighted", "micro", None][rng.integers(4)]
        weight, labels = [None, rng.random(n)][rng.integers(2)], [None, names][rng.integers(2)]
        agree("roc_auc_score", y, p, multi_class="ovr", average=average, sample_weight=weight, labels=labels)


# Precision and recall -------------------------------------------------------------------------------------------------


def test_the_precision_recall_curve_by_hand() -> None:
    precision, recall, thresholds = precision_recall_curve(Y, S)
    assert precision.tolist() == [2 / 4, 2 / 3, 1 / 2, 1.0, 1.0] and recall.tolist() == [1.0, 1.0, 0.5, 0.5, 0.0]
    assert thresholds.tolist() == [0.1, 0.35, 0.4, 0.8]


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
def test_bad_input_of_average_precision(y: Any, s: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        average_precision_score(y, s, **options)


def test_both_agree_with_scikit_learn_on_60_cases(agree: Any) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(3, 14)), int(rng.integers(3, 5))
        score = rng.standard_normal((n, k)) if rng.integers(2) else rng.integers(4, size=(n, k)) / 4
        weight, y = (None, rng.random(n) + 0.01)[rng.integers(2)], np.append([0, 1], rng.integers(2, size=n - 2))
        options = {"sample_weight": weight}
        agree("precision_recall_curve", y, score[:, 0], **options)
        agree("average_precision_score", y, score[:, 0], **options)
        classes = rng.permutation(np.arange(max(n, k)) % k)
        average = ("macro", "weighted", "micro", None)[rng.integers(4)]
        agree("average_precision_score", classes, np.resize(score, (len(classes), k)), average=average)
