"""One-hot columns by hand and by property; dropped ones, unknown categories; scikit-learn as the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.data import OneHotEncoder
from scratchtune.core.data.encoding import leaves_out_first, one_hot

X = np.array([["b", "x"], ["a", "y"], ["c", "x"]], dtype=object)


def test_one_hot_by_hand() -> None:
    rows = np.empty((4, 2))
    one_hot(np.array([1, 0, 2, -1]), rows)  # a category beyond the columns, or below 0, has zeros
    assert rows.tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]


def test_the_columns_add_up_to_one_and_name_the_category() -> None:
    codes = np.random.default_rng(0).integers(7, size=100)
    rows = np.empty((100, 7))
    one_hot(codes, rows)
    assert (rows.sum(axis=1) == 1).all() and (rows.argmax(axis=1) == codes).all()


def test_the_first_of_two_is_left_out() -> None:
    assert [leaves_out_first(2, drop) for drop in (None, "first", "if_binary")] == [False, True, True]
    assert not leaves_out_first(3, "if_binary")


def test_an_encoder_by_hand() -> None:
    encoder = OneHotEncoder().fit(X)
    assert encoder.transform(X).tolist() == [[0, 1, 0, 1, 0], [1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]
    assert encoder.get_feature_names_out().tolist() == ["x0_a", "x0_b", "x0_c", "x1_x", "x1_y"]
    assert [known.tolist() for known in encoder.categories_] == [["a", "b", "c"], ["x", "y"]]
    assert encoder.set_params(drop="if_binary").fit_transform(X).tolist() == [
        [0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]]
    assert encoder.set_params(drop="first").fit_transform(X).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_given_categories_keep_their_order() -> None:
    encoder = OneHotEncoder(categories=[["c", "b", "a", "z"], ["y", "x"]]).fit(X)
    assert encoder.transform(X).tolist() == [[0, 1, 0, 0, 0, 1], [0, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1]]
    assert (encoder.inverse_transform(encoder.transform(X)) == X).all()
    with pytest.raises(ValueError, match="column 1 holds 'y' in row 1"):
        OneHotEncoder(categories=[["a", "b", "c"], ["x"]]).fit(X)


@pytest.mark.parametrize("drop", [None, "first", "if_binary"])
def test_the_inverse_gives_the_rows_back(drop: str | None) -> None:
    rng = np.random.default_rng(0)
    texts = np.array(["u", "v"])[rng.integers(0, 2, (100, 2))]
    for rows in (rng.integers(0, 7, (100, 3)), texts, np.eye(4)[:, :1] * [1, 0]):  # the last column is constant
        encoder = OneHotEncoder(drop=drop).fit(rows)
        out = encoder.transform(rows)
        assert set(out.ravel()) <= {0.0, 1.0} and (out.sum(axis=1) <= rows.shape[1]).all()
        assert drop or (out.sum(axis=1) == rows.shape[1]).all()
        back = encoder.inverse_transform(out)
        assert (back == rows).all() and back.dtype == rows.dtype


def test_an_unknown_category_is_an_error_or_zeros() -> None:
    encoder = OneHotEncoder().fit(X)
    with pytest.raises(ValueError, match=r"column 1 holds 'z' in row 1, .* known are 'x', 'y'; handle_unknown='ignore"):
        encoder.transform([["a", "x"], ["a", "z"]])
    with pytest.raises(ValueError, match=r"only zeros for the categories \['x', 'y'\] in row 0"):
        encoder.inverse_transform([[1, 0, 0, 0, 0]])
    ignoring = OneHotEncoder(handle_unknown="ignore").fit(X)
    out = ignoring.transform([["a", "z"], ["z", "y"]])
    assert out.tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert ignoring.inverse_transform(out).tolist() == [["a", None], [None, "y"]]
    many = OneHotEncoder().fit([[i] for i in range(30)])
    with pytest.raises(ValueError, match=r"known are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 20 more"):
        many.transform([[30]])


@pytest.mark.parametrize("options, message", [
    ({"drop": "last"}, "drop is 'last'"),
    ({"handle_unknown": "zeros"}, "handle_unknown is 'zeros'"),
    ({"sparse_output": True}, "sparse_output is True; it must be False"),
    ({"categories": "sorted"}, "categories is 'sorted'"),
    ({"categories": [["a", "b", "c"]]}, "categories has 1 lists; X has 2 columns"),
    ({"categories": [["a", "a"], ["x", "y"]]}, "each category of a column must occur once"),
])
def test_a_bad_argument_is_one_clear_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OneHotEncoder(**options).fit(X)


def test_bad_rows_are_one_clear_sentence_and_change_nothing() -> None:
    encoder = OneHotEncoder().fit(X)
    with pytest.raises(TypeError, match=r"column 0 of X holds values of the types \['int', 'str'\]"):
        encoder.fit([["a"], [1]])
    assert encoder.transform(X).shape == (3, 5)
    with pytest.raises(ValueError, match="X has 2 columns; it must have 5"):
        encoder.inverse_transform([[1, 0]])


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
    back, expected = ours.inverse_transform(mine), theirs.inverse_transform(other)
    assert back.dtype == expected.dtype and str(back.tolist()) == str(expected.tolist())
