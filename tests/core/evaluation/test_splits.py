"""Splits: small ones by hand, their properties, and scikit-learn's indices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    splits,
    train_test_split,
)
from scratchtune.core.evaluation.splits import splits_of


def _pairs(splitter: Any, X: Any, y: Any = None, groups: Any = None) -> list[tuple[list[int], list[int]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [(train.tolist(), test.tolist()) for train, test in splitter.split(X, y, groups)]


def test_folds_by_hand() -> None:
    assert _pairs(KFold(2), np.zeros(5)) == [([3, 4], [0, 1, 2]), ([0, 1, 2], [3, 4])]
    assert _pairs(StratifiedKFold(2), np.zeros(4), list("aabb")) == [([1, 3], [0, 2]), ([0, 2], [1, 3])]
    # The largest group, b, goes first, to fold 0; c and a, of a row each, both go to fold 1, which has fewer rows.
    assert _pairs(GroupKFold(2), np.zeros(5), groups=list("abbcb")) == [([0, 3], [1, 2, 4]), ([1, 2, 4], [0, 3])]
    assert _pairs(TimeSeriesSplit(2), np.zeros(6)) == [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    assert _pairs(TimeSeriesSplit(2, max_train_size=2, gap=1, test_size=1), np.zeros(6)) == [
        ([1, 2], [4]), ([2, 3], [5])]


@pytest.mark.parametrize("splitter", [
    KFold(4), KFold(4, shuffle=True), StratifiedKFold(4, shuffle=True), GroupKFold(3)])
def test_every_row_is_tested_once_and_never_by_a_model_that_saw_it(splitter: Any) -> None:
    y = np.random.default_rng(0).integers(3, size=50)
    tested = []
    for train, test in splitter.split(y, y, y if isinstance(splitter, GroupKFold) else None):
        assert not set(train) & set(test) and len(train) + len(test) == 50
        tested += test.tolist()
    assert sorted(tested) == list(range(50))


def test_stratified_folds_keep_each_class_to_within_one_row() -> None:
    y = np.repeat([0, 1, 2], [40, 17, 9])
    for _, test in StratifiedKFold(5, shuffle=True, random_state=0).split(y, y):
        assert (np.abs(np.bincount(y[test]) - np.bincount(y) / 5) < 1).all()


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_group_is_on_both_sides(shuffle: bool) -> None:
    groups = np.random.default_rng(0).integers(12, size=80)
    for train, test in GroupKFold(4, shuffle=shuffle).split(groups, groups=groups):
        assert not set(groups[train]) & set(groups[test])


def test_the_future_is_never_trained_on() -> None:
    for train, test in TimeSeriesSplit(5, gap=2, max_train_size=9).split(np.zeros(40)):
        assert train.max() + 2 < test.min() and len(train) <= 9


def test_stratified_draws_keep_the_shares() -> None:
    y = np.repeat([0, 1], [90, 10])
    for seed in range(4):
        train, test = train_test_split(np.arange(100), test_size=0.2, random_state=seed, stratify=y)
        assert np.bincount(y[test]).tolist() == [18, 2] and not set(train) & set(test)


def test_groups_that_nobody_looks_at_are_warned_of_at_the_line_of_the_call() -> None:
    with pytest.warns(UserWarning, match="groups is given and KFold ignores it") as caught:
        next(KFold(2).split(np.zeros(4), groups=[0, 0, 1, 1]))
    assert caught[0].filename == __file__


def test_one_hot_rows_are_classes() -> None:
    y = np.random.default_rng(0).integers(4, size=60)
    assert _pairs(StratifiedKFold(3), y, np.eye(4)[y]) == _pairs(StratifiedKFold(3), y, y)


def test_more_folds_than_rows() -> None:
    with pytest.raises(ValueError, match="n_splits is 3 and there are 2 rows"):
        next(KFold(3).split([1, 2]))
    with pytest.raises(ValueError, match="n_splits is 3 and the largest class has 2 rows"):
        next(StratifiedKFold(3).split([1, 2, 3], [0, 0, 1]))
    with pytest.warns(UserWarning, match="the smallest class has 1 rows"):
        next(StratifiedKFold(2).split([1, 2, 3], [0, 0, 1]))


def test_an_integer_cv_is_stratified_for_classes_only() -> None:
    X, y = np.zeros(10), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]

    def pairs(cv: Any, classes: bool) -> Any:
        return [(train.tolist(), test.tolist()) for train, test in splits_of(cv, X, y, None, classes)]

    assert pairs(3, True) == _pairs(StratifiedKFold(3), X, y) != pairs(np.int64(3), False) == _pairs(KFold(3), X, y)
    assert len(pairs(None, False)) == 5 and pairs(KFold(2), True) == _pairs(KFold(2), X, y)
    assert pairs([([0], [1])], True) == [([0], [1])]


@pytest.mark.parametrize("call, message", [
    (lambda: KFold(1), "n_splits is 1"),
    (lambda: KFold(2.5), "n_splits is 2.5"),
    (lambda: KFold(2, random_state=0), "without shuffling"),
    (lambda: KFold(2, shuffle=True, random_state="x"), "random_state is 'x'"),
    (lambda: next(StratifiedKFold(2).split([1, 2])), "y is None"),
    (lambda: next(StratifiedKFold(2).split([1, 2], [0.5, 0.7])), "y holds 0.5"),
    (lambda: next(StratifiedKFold(2).split([1, 2], [0])), "y has 1 rows and X has 2"),
    (lambda: next(GroupKFold(2).split([1, 2])), "groups is None"),
    (lambda: next(GroupKFold(3).split([1, 2, 3], groups=[0, 0, 1])), "n_splits is 3 and there are 2 groups"),
    (lambda: next(GroupKFold(2).split([1, 2, 3], groups=[0, 1])), "one group for each row"),
    (lambda: next(GroupKFold(2).split([1, 2], groups=[[0], [1]])), r"groups has shape \(2, 1\) and X has 2 rows"),
    (lambda: next(GroupKFold(2).split([1, 2], groups=[0.0, np.nan])), "groups holds NaN"),
    (lambda: TimeSeriesSplit(2, gap=-1), "gap is -1"),
    (lambda: TimeSeriesSplit(2, test_size=0), "test_size is 0"),
    (lambda: next(TimeSeriesSplit(3).split([1, 2, 3])), "n_splits is 3 and there are 3 rows"),
    (lambda: next(TimeSeriesSplit(3, gap=4).split(range(7))), "none is left .*; lower n_splits, test_size or gap"),
    (lambda: splits_of("five", [0, 0], None, None, True), "cv is 'five'"),
    (lambda: splits_of(2.5, [0, 0], None, None, True), "cv is 2.5"),
    (lambda: splits_of([], [0, 0], None, None, True), "cv is .*no split.*a generator is empty once used"),
    (lambda: splits_of([([0], [1]), ([0], [])], [0, 0], None, None, True), "split 1 of cv has no row to test on"),
    (lambda: splits_of([([], [1])], [0, 0], None, None, True), "split 0 of cv has no row to train on"),
    (lambda: splits_of([([0], [1], [2])], [0, 0], None, None, True), "split 0 of cv is a tuple of 3; it must be a p"),
    (lambda: splits_of([3], [0, 0], None, None, True), "split 0 of cv is a int; it must be a pair"),
    (lambda: splits_of([([0.5], [1])], [0, 0], None, None, True), "split 0 of cv, train, is of type float64 and shape"),
    (lambda: splits_of([(["a"], [1])], [0, 0], None, None, True), "split 0 of cv, train, is of type <U1"),
    (lambda: train_test_split(), "no array"),
    (lambda: train_test_split([1, 2], [1]), "array 1 has 1 rows"),
    (lambda: train_test_split([1, 2], test_size=2), "test_size is 2"),
    (lambda: train_test_split([1, 2], test_size=1.5), "test_size is 1.5"),
    (lambda: train_test_split([1, 2, 3], train_size=2, test_size=2), "at most the 3 rows"),
    (lambda: train_test_split([1, 2], shuffle=False, stratify=[0, 1]), "always shuffled"),
    (lambda: train_test_split([1, 2, 3], stratify=[0, 0, 1]), "class of a single row"),
    (lambda: train_test_split([1] * 6, test_size=1, stratify=[0, 1] * 3), "at least one for each class"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_the_parts_have_the_kind_of_the_whole() -> None:
    X, names = np.arange(8).reshape(4, 2), ["a", "b", "c", "d"]
    X_train, X_test, names_train, names_test = train_test_split(X, names, test_size=1, random_state=0)
    assert X_train.shape == (3, 2) and X_test.shape == (1, 2) and isinstance(names_train, list)
    assert names_test == [names[X_test[0, 0] // 2]]


# scikit-learn --------------------------------------------------------------------------------------------------------

CASES = range(300)


def _outcome(splitter: Any, options: dict[str, Any], *data: Any) -> Any:
    """All pairs of a splitter, or that it refuses."""
    try:
        return _pairs(splitter(**options), *data)
    except ValueError:
        return "refused"


def _labels(rng: np.random.Generator, n: int) -> Any:
    """Labels of a random kind; few rows and many classes make degenerate ones."""
    codes = rng.integers(int(rng.integers(1, 6)), size=n)
    return [codes, codes == 0, codes.astype(float), np.array(list("cabde"))[codes], codes - 2][int(rng.integers(5))]


def test_folds_are_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    refused = 0
    for seed in CASES:
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(2, 40)), int(rng.integers(2, 7))
        y = _labels(rng, n)
        for options in ({"n_splits": k}, {"n_splits": k, "shuffle": True, "random_state": seed}):
            for name in ("KFold", "StratifiedKFold"):
                theirs = _outcome(getattr(reference, name), options, y, y)
                assert _outcome(getattr(splits, name), options, y, y) == theirs, (seed, name, options)
                refused += theirs == "refused"
    assert 20 < refused < 600  # some are degenerate


def test_group_folds_are_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    for seed in CASES:
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(2, 50)), int(rng.integers(2, 6))
        groups = rng.integers(int(rng.integers(1, 15)), size=n) - 3
        groups = [groups, groups.astype(str), groups / 2.0, groups.astype(object), groups.tolist()][seed % 5]
        for options in ({"n_splits": k}, {"n_splits": k, "shuffle": True, "random_state": seed}):
            theirs = _outcome(reference.GroupKFold, options, np.zeros(n), None, groups)
            assert _outcome(GroupKFold, options, np.zeros(n), None, groups) == theirs, (seed, options)


def test_splits_in_time_are_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    for seed in CASES:
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(1, 40)), int(rng.integers(2, 7))
        options = {
            "n_splits": k, "max_train_size": [None, 1, 5, 100][int(rng.integers(4))], "gap": int(rng.integers(0, 4)),
            "test_size": [None, 1, 2, 6][int(rng.integers(4))]}
        theirs = _outcome(reference.TimeSeriesSplit, options, np.zeros(n))
        assert _outcome(TimeSeriesSplit, options, np.zeros(n)) == theirs, (seed, options)


SIZES: list[dict[str, Any]] = [
    {}, {"test_size": 0.3}, {"train_size": 0.55}, {"test_size": 8, "train_size": 9}, {"test_size": 7},
    {"train_size": 0.2, "test_size": 0.1}, {"train_size": 3}, {"test_size": 0.01}, {"test_size": 0.99}]


def test_train_test_split_is_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    refused = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 60))
        classes = rng.integers(int(rng.integers(1, 14)), size=n)
        strata = [None, classes, classes.astype(str), np.eye(14)[classes], np.stack([classes, classes % 3], axis=1)]
        options: dict[str, Any] = {**SIZES[seed % len(SIZES)], "random_state": seed, "stratify": strata[seed % 5]}
        if seed % 7 == 0:
            options |= {"shuffle": False, "stratify": None}
        outcomes = []
        for function in (train_test_split, reference.train_test_split):
            try:
                outcomes.append([part.tolist() for part in function(np.arange(n), classes, **options)])
            except ValueError:
                outcomes.append("refused")
        assert outcomes[0] == outcomes[1], (seed, n, options)
        refused += outcomes[0] == "refused"
    assert 20 < refused < 400


def test_a_generator_that_is_shared_goes_on_as_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    for name in ("KFold", "StratifiedKFold", "GroupKFold"):
        ours = getattr(splits, name)(3, shuffle=True, random_state=np.random.RandomState(5))
        theirs = getattr(reference, name)(3, shuffle=True, random_state=np.random.RandomState(5))
        y, groups = np.arange(10) % 2, np.arange(10) if name == "GroupKFold" else None
        for _ in range(2):
            assert _pairs(ours, np.zeros(10), y, groups) == _pairs(theirs, np.zeros(10), y, groups)
