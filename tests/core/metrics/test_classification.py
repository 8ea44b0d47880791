"""Accuracy, balanced accuracy, the confusion matrix and log loss: by hand, by property, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    log_loss,
)
from scratchtune.core.metrics.classification import confusion


def test_accuracy_by_hand() -> None:
    assert accuracy_score([0, 1, 1, 0], [0, 1, 0, 0]) == 0.75
    assert accuracy_score(["a", "b"], ["a", "a"], sample_weight=[1.0, 3.0]) == 0.25
    assert accuracy_score(["a", "b"], ["a", "a"], normalize=False) == 1.0


def test_one_hot_rows_are_labels() -> None:
    rows = np.eye(3)[[0, 2, 1]]
    assert accuracy_score(rows, [0, 2, 2]) == accuracy_score(rows, np.eye(3)[[0, 2, 2]]) == pytest.approx(2 / 3)
    assert log_loss(rows, np.full((3, 3), 1 / 3)) == pytest.approx(np.log(3))
    assert confusion_matrix(rows, np.eye(3)[[0, 2, 2]]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_balanced_accuracy_by_hand() -> None:
    y, q = [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]  # recalls 3/4 and 1/2
    assert balanced_accuracy_score(y, q) == 0.625


def test_balanced_accuracy_is_accuracy_where_every_class_weighs_the_same() -> None:
    y, q = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 2, 1, 0, 2])
    assert balanced_accuracy_score(y, q) == pytest.approx(accuracy_score(y, q, sample_weight=1 / np.bincount(y)[y]))


def test_a_class_that_is_only_predicted_counts_as_mistakes() -> None:
    with pytest.warns(UserWarning, match="classes that y_true does not, .1."):
        assert balanced_accuracy_score([0, 0], [0, 1]) == 0.5


def test_confusion_by_hand() -> None:
    y, q = ["a", "a", "b", "c"], ["a", "b", "b", "a"]
    assert confusion_matrix(y, q).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert confusion_matrix(y, q, labels=["c", "a", "z"]).tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert confusion_matrix(y, q, normalize="true")[0].tolist() == [0.5, 0.5, 0.0]
    assert confusion_matrix(y, q, sample_weight=[0.5, 1, 1, 1])[0].tolist() == [0.5, 1.0, 0.0]


def test_the_diagonal_of_the_confusion_matrix_is_accuracy() -> None:
    rng = np.random.default_rng(0)
    y, q = rng.integers(4, size=(2, 50))
    assert np.trace(confusion_matrix(y, q, normalize="all")) == pytest.approx(accuracy_score(y, q))


def test_a_confusion_matrix_need_not_be_square() -> None:
    counts = np.zeros((2, 3))
    confusion(np.array([0, 1, 1]), np.array([2, 0, 0]), np.ones(3), counts)
    assert counts.tolist() == [[0, 0, 1], [2, 0, 0]]


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    assert 30 < log_loss([0, 1], [1.0, 0.0]) < 40


def test_log_loss_takes_its_probabilities_by_either_name() -> None:
    p = [0.5, 0.75]
    assert log_loss([0, 1], p) == log_loss([0, 1], y_pred=p) == log_loss([0, 1], y_proba=p)
    for arguments in ({}, {"y_pred": p, "y_proba": p}):
        with pytest.raises(TypeError, match="y_proba"):
            log_loss([0, 1], **arguments)


@pytest.mark.parametrize("message, call", [
    ("do not sum to 1, one differs by 0.7", lambda: log_loss([0, 1], [[0.1, 0.2], [0.5, 0.5]])),
    ("in the order .0, 1.", lambda: log_loss([0, 1], [0.1, 0.2], labels=[1, 0])),
    ("one label only", lambda: confusion_matrix([1, 1], [1, 1])),
])
def test_what_is_odd_is_warned_of(message: str, call: Any) -> None:
    with pytest.warns(UserWarning, match=message):
        call()


@pytest.mark.parametrize("call, message", [
    (lambda: log_loss([0, 0], [0.1, 0.2]), "one label only"),
    (lambda: log_loss([0, 1, 2], [[0.5, 0.5]] * 3), "2 columns and there are 3 classes"),
    (lambda: log_loss([0, 3], [0.1, 0.2], labels=[0, 1]), "y_true holds 3"),
    (lambda: log_loss(["a", "b"], [0.1, 0.2], labels=[0, 1]), "y_true holds 'a'"),
    (lambda: log_loss([0, 1], [0.1, 1.2]), "outside"),
    (lambda: confusion_matrix([0, 1], [0, 1], normalize="rows"), "normalize is 'rows'"),
    (lambda: confusion_matrix([0, 1], [0, 1], labels=[2, 3]), "none of them is in y_true, which holds .0, 1."),
    (lambda: confusion_matrix([0, 1], [0, 1], labels=[1, 1]), "a label twice"),
    (lambda: confusion_matrix([0, 1], [0, 1], labels=[]), "a list of one label or more"),
    (lambda: confusion_matrix([[1, 1], [0, 1]], [[1, 1], [0, 1]]), "y_true has shape"),
    (lambda: balanced_accuracy_score([[1, 1], [0, 1]], [[1, 1], [0, 1]]), "y_true has shape"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# The oracle ----------------------------------------------------------------------------------------------------------

NAMES = (np.arange(4), np.array(["d", "a", "c", "b"]), np.array([-1, 1, 7, 3]), np.array([0.0, 1.0, 2.0, 5.0]))


def case(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray, Any]:
    """Labels of one to four classes, of any type, some of them absent, and weights of every kind."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 12)), int(rng.integers(1, 5))
    names = NAMES[rng.integers(len(NAMES))][:k]
    y, q = rng.integers(k, size=n), rng.integers(k, size=n)
    q = np.where(rng.random(n) < rng.choice([0.0, 0.5, 1.0]), y, q)
    weight = [None, rng.random(n), rng.integers(1, 4, n), rng.integers(0, 2, n) * rng.random(n)][rng.integers(4)]
    if weight is not None and not weight.any():
        weight[0] = 1
    return rng, names[y], names[q], weight


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_labels_agree_with_scikit_learn_on_1000_cases(agree: Any, part: int) -> None:
    for seed in range(250 * part, 250 * part + 250):
        rng, y, q, weight = case(seed)
        agree("accuracy_score", y, q, sample_weight=weight, normalize=bool(rng.integers(2)))
        agree("balanced_accuracy_score", y, q, sample_weight=weight)
        there = np.union1d(y, q)
        some = rng.permutation(np.append(there, "z" if there.dtype.kind == "U" else 99))[: rng.integers(1, 5)]
        agree("confusion_matrix", y, q, sample_weight=weight, labels=[None, some][rng.integers(2)],
              normalize=[None, "true", "pred", "all"][rng.integers(4)])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_log_loss_agrees_with_scikit_learn_on_1000_cases(agree: Any, part: int) -> None:
    for seed in range(500 * part, 500 * part + 500):
        rng, y, _, weight = case(seed)
        k = int(rng.integers(2, 5))
        there = np.unique(y)
        more = [name for name in (np.array(["e", "f", "g"]) if y.dtype.kind == "U" else [11, 12, 13])]
        labels = np.append(there, more)[: max(len(there), k)]
        p = rng.dirichlet(np.full(len(labels), 0.3), size=len(y))
        p[rng.random(len(y)) < 0.2] = np.eye(len(labels))[0]
        binary = len(labels) == 2 and bool(rng.integers(2))
        given = labels if len(labels) > len(there) else [labels, None][rng.integers(2)]
        if rng.integers(20) == 0:
            given = labels[:-1]  # too few
        agree("log_loss", y, p[:, 1] if binary else p, sample_weight=weight, labels=given,
              normalize=bool(rng.integers(2)))
