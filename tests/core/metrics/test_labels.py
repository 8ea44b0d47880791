"""Labels: what is one and what is not, and how they are numbered."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune import metrics
from scratchtune.core.metrics import accuracy_score, labels


def test_labels_are_numbered_in_their_order() -> None:
    pair = labels.encoded(["dog", "cat"], ["dog", "eel"])
    assert pair.classes.tolist() == ["cat", "dog", "eel"]
    assert pair.true.tolist() == [1, 0] and pair.predicted.tolist() == [1, 2]


def test_one_hot_is_recognised() -> None:
    assert metrics.is_one_hot(np.eye(3))
    assert not metrics.is_one_hot(np.ones((2, 2))) and not metrics.is_one_hot(np.eye(1))
    assert metrics.class_labels("y", np.eye(3)[[2, 0]]).tolist() == [2, 0]


@pytest.mark.parametrize("same", [
    np.array(["a", "b"], dtype=object), np.array(["a", "b"]), ["a", "b"], [["a"], ["b"]]])
def test_text_is_text_however_it_is_kept(same: Any) -> None:
    assert accuracy_score(same, ["a", "a"]) == 0.5


@pytest.mark.parametrize("same", [
    np.array([0, 1], dtype=object), np.array([0.0, 1.0]), [False, True], np.array([0, 1], np.uint8), np.eye(2)])
def test_numbers_are_equal_whatever_their_type(same: Any) -> None:
    assert accuracy_score(same, [0, 1]) == 1.0


def test_unknown_labels_have_no_position() -> None:
    assert labels.positions(np.array([1, 3]), [3.0, 7, 1]).tolist() == [1, -1, 0]
    assert labels.positions(np.array([1, 3]), ["1", "a"]).tolist() == [-1, -1]


@pytest.mark.parametrize("y_true, y_pred, message", [
    ([0, 1], [0], "y_true has 2 rows and y_pred has 1"),
    ([], [], "y_true is empty"),
    ([0, 1], ["a", "b"], "both must be text or both must be numbers"),
    ([0, 1], [0.0, np.nan], "y_pred holds nan, which is not a class label"),
    ([0.5, 1.0], [0, 1], "y_true holds 0.5, which is not a class label"),
    ([0, 1], [0.0, np.inf], "infinity"),
    (np.array(["a", None], object), ["a", "b"], "y_true holds None, a missing label"),
    (np.array([1, "a"], object), [1, 2], "y_true holds 1 and 'a'"),
    (np.array([1, None], object), [1, 2], "y_true holds None"),
    ([b"a", b"b"], [b"a", b"b"], "type .S1"),
    ([[0, 1], [1]], [0, 1], "rows of unequal length"),
    ([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]], "argmax"),
    ([[0, 1], [1, 1]], [0, 1], "y_true has shape"),
    ([[0, 1, 0], [1, 0, 0]], [[0, 1], [1, 0]], "y_true has 3 columns and y_pred has 2"),
    (1, 1, "y_true has shape"),
])
def test_what_is_no_label_is_one_clear_sentence(y_true: Any, y_pred: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy_score(y_true, y_pred)


@pytest.mark.parametrize("y", [
    [0.5, 1.0], [0.0, np.inf], np.array([1, None], object), [b"a", b"b"],
], ids=["fraction", "infinity", "None", "bytes"])
def test_every_message_lists_the_same_labels(y: Any) -> None:
    with pytest.raises(ValueError, match="; labels must be integers, booleans or text$"):
        labels.checked_labels("y", y)
    for accepted in ([1, 2], [True, False], ["a", "b"], np.array([True, False], object)):
        assert len(labels.checked_labels("y", accepted)) == 2


@pytest.mark.parametrize("weight, message", [
    ([1.0], "sample_weight has shape"), ([1.0, -1.0], "negative"), ([0, 0], "only zeros"), ([1.0, np.nan], "NaN")])
def test_what_is_no_weight_is_one_clear_sentence(weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy_score([0, 1], [0, 1], sample_weight=weight)


def test_a_warning_points_at_the_line_that_has_called() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metrics.f1_score([0, 0], [0, 0])
    assert caught[0].filename == __file__ and issubclass(caught[0].category, metrics.UndefinedMetricWarning)
    assert "zero_division" in str(caught[0].message)


LACKING = {  # scikit-learn's rare arguments that are left out
    "balanced_accuracy_score": "adjusted", "precision_recall_curve": "drop_intermediate", "r2_score": "force_finite",
    "roc_auc_score": "max_fpr"}


def test_public_names_have_the_arguments_of_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    for name in metrics.__all__:
        if hasattr(reference, name) and name != "log_loss":  # they have renamed its y_pred, and both work here
            ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (metrics, reference))
            assert [(p.name, p.kind, p.default) for p in ours.values()] == [
                (p.name, p.kind, p.default) for p in theirs.values() if p.name != LACKING.get(name)], name
