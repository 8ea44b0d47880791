"""One-hot columns by hand, dropped ones, unknown categories; scikit-learn as the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.data import OneHotEncoder

X = np.array([["b", "x"], ["a", "y"], ["c", "x"]], dtype=object)


def test_one_hot_by_hand() -> None:
    encoder = OneHotEncoder().fit(X)
    assert encoder.transform(X).tolist() == [[0, 1, 0, 1, 0], [1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]
    assert encoder.get_feature_names_out().tolist() == ["x0_a", "x0_b", "x0_c", "x1_x", "x1_y"]
    assert encoder.set_params(drop="if_binary").fit_transform(X).tolist() == [
        [0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]]
    assert encoder.set_params(drop="first").fit_transform(X).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("drop", [None, "first", "if_binary"])
def test_each_row_has_a_single_one(drop: str | None) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 7, (100, 3))
    encoder = OneHotEncoder(drop=drop).fit(rows)
    out = encoder.transform(rows)
    assert set(out.ravel()) <= {0.0, 1.0} and (out.sum(axis=1) <= 3).all() and (drop or (out.sum(axis=1) == 3).all())


def test_an_unknown_category_is_an_error_or_zeros() -> None:
    encoder = OneHotEncoder().fit(X)
    with pytest.raises(ValueError, match=r"column 1 holds 'z' in row 1, .* known are 'x', 'y'; --unknown ign"):
        encoder.transform([["a", "x"], ["a", "z"]])
    out = OneHotEncoder(handle_unknown="ignore").fit(X).transform([["a", "z"], ["z", "y"]])
    assert out.tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]]
    many = OneHotEncoder().fit([[i] for i in range(30)])
    with pytest.raises(ValueError, match=r"known are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 20 more"):
        many.transform([[30]])


def test_errors() -> None:
    with pytest.raises(ValueError, match="drop is 'last'"):
        OneHotEncoder(drop="last").fit(X)
    with pytest.raises(TypeError, match=r"column 0 of X holds values of the types \['int', 'str'\]"):
        OneHotEncoder().fit([["a"], [1]])


@pytest.mark.parametrize("rows", [
    X, [["a", 1], ["b", 2], ["a", 3]], np.array([[3, 1], [2, 1], [3, 7]]), np.array([["u"], ["v"], ["u"]]),
    np.array([[1.5], [np.nan], [0.5], [np.nan]]), np.array([["a"], [None], [np.nan], ["a"]], dtype=object),
    np.array([[True], [False], [True]]),
], ids=lambda rows: str(np.asarray(rows).dtype))
@pytest.mark.parametrize("options", [{}, {"drop": "first"}, {"drop": "if_binary"}, {"handle_unknown": "ignore"}],
                         ids=str)
def test_it_is_scikit_learns(rows: Any, options: dict[str, Any]) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    ours, theirs = OneHotEncoder(**options), preprocessing.OneHotEncoder(**options, sparse_output=False)
    mine, other = ours.fit_transform(rows), theirs.fit_transform(rows)
    assert mine.dtype == other.dtype and np.array_equal(mine, other)
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    assert list(map(str, ours.categories_)) == list(map(str, theirs.categories_))
    assert (ours.drop_idx_ is None) == (theirs.drop_idx_ is None)
    if ours.drop_idx_ is not None:
        assert ours.drop_idx_.tolist() == theirs.drop_idx_.tolist()
