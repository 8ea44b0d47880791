"""Splits: small ones by hand, their properties, and scikit-learn's indices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.evaluation import KFold, StratifiedKFold, train_test_split
from scratchtune.evaluation.splits import PredefinedFolds, resolve_folds


def _pairs(splitter: Any, X: Any, y: Any = None) -> list[tuple[list[int], list[int]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [(train.tolist(), test.tolist()) for train, test in splitter.split(X, y)]


def test_folds_by_hand() -> None:
    assert _pairs(KFold(2), np.zeros(5)) == [([3, 4], [0, 1, 2]), ([0, 1, 2], [3, 4])]
    assert _pairs(StratifiedKFold(2), np.zeros(4), list("aabb")) == [([1, 3], [0, 2]), ([0, 2], [1, 3])]


@pytest.mark.parametrize("splitter", [KFold(4), KFold(4, shuffle=True), StratifiedKFold(4, shuffle=True)])
def test_every_row_is_tested_once_and_never_by_a_model_that_saw_it(splitter: Any) -> None:
    y = np.random.default_rng(0).integers(3, size=50)
    tested = []
    for train, test in splitter.split(y, y):
        assert not set(train) & set(test) and len(train) + len(test) == 50
        tested += test.tolist()
    assert sorted(tested) == list(range(50))


def test_stratified_folds_keep_each_class_to_within_one_row() -> None:
    y = np.repeat([0, 1, 2], [40, 17, 9])
    for _, test in StratifiedKFold(5, shuffle=True, random_state=0).split(y, y):
        assert (np.abs(np.bincount(y[test]) - np.bincount(y) / 5) < 1).all()


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
    assert type(resolve_folds(3, None, classes=True)) is StratifiedKFold
    assert type(resolve_folds(np.int64(3), None, classes=False)) is KFold
    assert resolve_folds(None, None, classes=False).n_splits == 5
    assert isinstance(resolve_folds([([0], [1])], None, classes=True), PredefinedFolds)
    splitter = KFold(2)
    assert resolve_folds(splitter, None, classes=True) is splitter


@pytest.mark.parametrize("call, message", [
    (lambda: KFold(1), "n_splits is 1"),
    (lambda: KFold(2.5), "n_splits is 2.5"),
    (lambda: KFold(2, random_state=0), "without shuffling"),
    (lambda: KFold(2, shuffle=True, random_state="x"), "random_state is 'x'"),
    (lambda: next(StratifiedKFold(2).split([1, 2])), "y is None"),
    (lambda: next(StratifiedKFold(2).split([1, 2], [0.5, 0.7])), "y holds 0.5"),
    (lambda: next(StratifiedKFold(2).split([1, 2], [0])), "y has 1 rows and X has 2"),
    (lambda: resolve_folds("five", None, classes=True), "cv is 'five'"),
    (lambda: resolve_folds([], None, classes=True), "cv is empty"),
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


def test_folds_are_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(0)
    for seed in range(60):
        n, k = int(rng.integers(12, 70)), int(rng.integers(2, 6))
        y = rng.integers(int(rng.integers(2, 5)), size=n) if seed % 3 else rng.choice(["b", "a", "c"], size=n)
        for options in ({}, {"shuffle": True, "random_state": seed}):
            assert _pairs(KFold(k, **options), y) == _pairs(reference.KFold(k, **options), y)
            assert _pairs(StratifiedKFold(k, **options), y, y) == _pairs(reference.StratifiedKFold(k, **options), y, y)


def test_a_generator_that_is_shared_goes_on_as_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    ours = KFold(3, shuffle=True, random_state=np.random.RandomState(5))
    theirs = reference.KFold(3, shuffle=True, random_state=np.random.RandomState(5))
    for _ in range(2):
        assert _pairs(ours, np.zeros(10)) == _pairs(theirs, np.zeros(10))


def test_train_test_split_is_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(0)
    for seed in range(100):
        n = int(rng.integers(20, 90))
        y = rng.permutation(np.arange(n) % int(rng.integers(2, 6)))
        sizes = [{}, {"test_size": 0.3}, {"train_size": 0.55}, {"test_size": 8, "train_size": 9}, {"test_size": 7}]
        strata = [None, y, y.astype(str), np.eye(6)[y]][seed % 4]
        options: dict[str, Any] = {**sizes[seed % 5], "random_state": seed, "stratify": strata}
        ours = train_test_split(np.arange(n), y, **options)
        theirs = reference.train_test_split(np.arange(n), y, **options)
        assert [part.tolist() for part in ours] == [part.tolist() for part in theirs]
    plain = {"shuffle": False, "test_size": 0.2}
    assert [part.tolist() for part in train_test_split(np.arange(9), **plain)] == [
        part.tolist() for part in reference.train_test_split(np.arange(9), **plain)]
