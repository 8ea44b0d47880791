"""Precision, recall and F: by hand, by property, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.metrics import UndefinedMetricWarning, accuracy_score, f1_score, precision_score, recall_score
from scratchtune.core.metrics.precision_recall import f_beta

Y = np.array([1, 1, 1, 1, 1, 1, 0, 0])  # three hits, three misses, one false alarm
Q = np.array([1, 1, 1, 0, 0, 0, 1, 0])


def test_binary_by_hand() -> None:
    assert precision_score(Y, Q) == 3 / 4
    assert recall_score(Y, Q) == 3 / 6
    assert f1_score(Y, Q) == 0.6
    counts = (np.array([count]) for count in (3.0, 1.0, 3.0))
    assert f_beta(*counts, 2.0, 0.0).tolist() == pytest.approx([5 * 3 / (5 * 3 + 4 * 3 + 1)])


def test_averages_by_hand() -> None:
    y, q = ["a", "a", "a", "b", "c"], ["a", "a", "b", "b", "b"]  # precision 1, 1/3, none; recall 2/3, 1, 0
    assert precision_score(y, q, average=None, zero_division=0).tolist() == [1.0, 1 / 3, 0.0]
    assert precision_score(y, q, average="macro", zero_division=0) == pytest.approx(4 / 9)
    assert precision_score(y, q, average="macro", zero_division=np.nan) == pytest.approx(2 / 3)
    assert precision_score(y, q, average="weighted", zero_division=0) == pytest.approx((3 + 1 / 3) / 5)
    assert precision_score(y, q, average="micro") == accuracy_score(y, q) == 0.6
    assert recall_score(y, q, average=None, labels=["c", "a", "z"], zero_division=1).tolist() == [0.0, 2 / 3, 1.0]


def test_f1_is_the_harmonic_mean() -> None:
    rng = np.random.default_rng(0)
    for y, q in rng.integers(2, size=(50, 2, 20)):
        p, r = precision_score(y, q), recall_score(y, q)
        assert f1_score(y, q) == pytest.approx(2 * p * r / (p + r))


def test_one_hot_rows_are_columns_and_labels() -> None:
    y, q = np.eye(2, dtype=int)[Y], np.eye(2, dtype=int)[Q]
    assert f1_score(y, q) == f1_score(y, Q) == 0.6
    assert f1_score(y, q, average="macro") == f1_score(Y, Q, average="macro")


def test_macro_f1_is_no_f1_of_the_means() -> None:
    p, r, f = (metric(Y, Q, average="macro") for metric in (precision_score, recall_score, f1_score))
    assert f != pytest.approx(2 * p * r / (p + r))


@pytest.mark.parametrize("metric, y, q, message", [
    (precision_score, [0, 1], [0, 0], "precision is undefined and set to 0 for the labels .1.: there is nothing"),
    (recall_score, [0, 0], [0, 1], "recall is undefined and set to 0 for the labels .1.: there is nothing true"),
    (f1_score, [0, 0], [0, 0], "f-score is undefined .* nothing true or predicted"),
])
def test_what_has_no_value_is_0_and_warned_of(metric: Any, y: Any, q: Any, message: str) -> None:
    with pytest.warns(UndefinedMetricWarning, match=message):
        assert metric(y, q) == 0.0
    for chosen in (0, 1.0, np.nan):
        assert metric(y, q, zero_division=chosen) == pytest.approx(chosen, nan_ok=True)


def test_a_pos_label_that_does_not_count_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="pos_label is 2, which is used only if average is 'binary'"):
        f1_score([0, 1, 2], [0, 1, 2], pos_label=2, average="macro")


@pytest.mark.parametrize("y, q, options, message", [
    ([0, 1], [0, 1], {"average": "macros"}, "average is 'macros'; it must be one of .* did you mean 'macro'"),
    ([0, 1, 2], [0, 1, 2], {}, "the labels .0, 1, 2., and average='binary' takes two classes; average must be"),
    (["no", "yes"], ["no", "no"], {}, "pos_label is 1; it must be one of the labels, .'no', 'yes'."),
    ([0, 1], [0, 1], {"average": "samples"}, "average is 'samples'; it must be one of 'binary', 'macro', 'micro'"),
    ([0, 1], [0, 1], {"zero_division": 0.5}, "zero_division is 0.5"),
    ([0, 1], [0, 1], {"zero_division": "nan"}, "zero_division is 'nan'"),
    ([0, 1], [0, 1], {"labels": [], "average": "macro"}, "a list of one label or more"),
    ([0, 1], [0], {}, "y_true has 2 rows and y_pred has 1"),
    (list(range(30)), list(range(30)), {}, "and 20 more"),
])
def test_bad_input_is_one_clear_sentence(y: Any, q: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        f1_score(y, q, **options)


# The oracle ----------------------------------------------------------------------------------------------------------

NAMES = (np.arange(4), np.array(["d", "a", "c", "b"]), np.array([-1, 1, 7, 3]), np.array([1, 0, 2, 3]))
METRICS = ("precision_score", "recall_score", "f1_score")


def case(seed: int) -> tuple[Any, Any, dict[str, Any]]:
    """Labels of one to four classes, weights, and any options: often the wrong ones together."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 12)), int(rng.choice([1, 2, 2, 3, 4]))
    names = NAMES[rng.integers(len(NAMES))][:k]
    y, q = rng.integers(k, size=(2, n))
    q = np.where(rng.random(n) < rng.choice([0.0, 0.5, 1.0]), y, q * (rng.random(n) < rng.choice([0.3, 1.0])))
    weight = [None, rng.random(n), rng.integers(1, 4, n), rng.integers(0, 2, n) * rng.random(n)][rng.integers(4)]
    if weight is not None and not weight.any():
        weight[0] = 1
    options = {"sample_weight": weight, "average": ["macro", "micro", "weighted", None, "binary"][rng.integers(5)],
               "zero_division": ["warn", 0, 1, np.nan][rng.integers(4)]}
    if rng.integers(3) == 0:
        known = np.append(names, "z" if names.dtype.kind == "U" else 99)
        options["labels"] = rng.permutation(known)[: rng.integers(1, len(known) + 1)]
    if options["average"] == "binary" and rng.integers(2):
        options["pos_label"] = names[-1].item()
    if seed % 4 == 0 and options["average"] != "binary":  # one-hot rows, of classes that may be absent
        columns = np.eye(max(k, 2), dtype=int)
        if "labels" in options:
            options["labels"] = rng.permutation(len(columns))[: rng.integers(1, len(columns) + 1)]
        return columns[y], columns[q], options
    return names[y], names[q], options


@pytest.mark.slow
@pytest.mark.parametrize("name", METRICS)
def test_agrees_with_scikit_learn_on_1000_cases(agree: Any, name: str) -> None:
    for seed in range(1000):
        y, q, options = case(seed)
        agree(name, y, q, **options)
