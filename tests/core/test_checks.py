"""Checks: what each guard lets through, the sentence it raises otherwise, and scikit-learn's verdict on odd arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core import checks
from scratchtune.core.evaluation import learning_curve


def test_a_choice_by_hand() -> None:
    assert checks.choice("optimizer", "adam", ["sgd", "adam"]) == "adam"
    with pytest.raises(ValueError) as error:
        checks.choice("optimizer", "adan", ["sgd", "adam"])
    assert str(error.value) == "optimizer is 'adan'; it must be one of 'sgd', 'adam', did you mean 'adam'?"


def test_ordinal_numbers() -> None:
    assert [checks.ordinal(n) for n in (1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 101, 111, 112, 113, 122)] == [
        "1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "20th", "21st", "22nd", "23rd", "101st", "111th",
        "112th", "113th", "122nd"]


@pytest.mark.parametrize(("name", "told"), [
    ("n_trails", "tune() has no argument 'n_trails', did you mean 'n_trials'?"),
    ("sampler", "tune() has no argument 'sampler', did you mean 'searcher'?"),
    ("pruner", "tune() has no argument 'pruner'; it has 'searcher', 'n_trials'")])
def test_an_unknown_argument_by_hand(name: str, told: str) -> None:
    with pytest.raises(TypeError) as error:
        checks.no_others("tune", [name], ["searcher", "n_trials"], {"sampler": "searcher"})
    assert str(error.value) == told


@pytest.mark.parametrize(("make", "told"), [
    (lambda: st.Adam(lerning_rate=0.1), "Adam() has no argument 'lerning_rate', did you mean 'learning_rate'?"),
    (lambda: st.Dense(3, activaton="relu"), "Dense() has no argument 'activaton', did you mean 'activation'?"),
    (lambda: st.MLPRegressor(unit=3), "MLPRegressor() has no argument 'unit', did you mean 'units'?"),
    (lambda: st.MinMaxScaler(x=1), "MinMaxScaler() has no argument 'x'; it has 'feature_range', 'copy'")])
def test_a_misspelt_argument_of_a_constructor(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(TypeError) as error:
        make()
    assert str(error.value).startswith(told)


def test_a_numpy_scalar_is_a_choice_as_its_python_value_is() -> None:
    assert type(checks.choice("k", np.int64(2), [1, 2])) is int
    assert type(checks.choice("k", np.float64(1), [1, 2])) is int
    assert type(checks.choice("name", np.str_("adam"), ["sgd", "adam"])) is str
    assert checks.choice("refit", np.True_, [True, False, "score"]) is True
    with pytest.raises(ValueError, match=r"^k is .*3.*; it must be one of 1, 2$"):
        checks.choice("k", np.int64(3), [1, 2])


@pytest.mark.parametrize(("value", "choices"), [
    (True, [0, 1]), (np.True_, [0, 1]), (1, [True, False]), (0.0, [True, False]), ("1", [0, 1]), (np.ones(2), [1, 2]),
    ([1], [1, 2])])
def test_what_is_of_another_kind_is_no_choice(value: object, choices: list[object]) -> None:
    with pytest.raises(ValueError, match=f"; it must be one of {choices[0]}, {choices[1]}$"):
        checks.choice("k", value, choices)


def test_the_nearest_name_is_only_named_where_one_is_near() -> None:
    assert checks.nearest("soft_max", ["relu", "softmax"]) == ", did you mean 'softmax'?"
    assert checks.nearest("xyz", ["relu", "softmax"]) == ""


def test_numbers_by_hand() -> None:
    assert checks.real("rate", np.float32(0.5), 0.0, 1.0) == 0.5 and type(checks.real("rate", 1)) is float
    assert checks.integer("units", np.int64(3), 1) == 3 and type(checks.integer("units", np.uint8(3))) is int
    assert checks.boolean("shuffle", np.True_) is True


@pytest.mark.parametrize("call, error, message", [
    (lambda: checks.real("rate", -1, 0.0), ValueError, "rate is -1; it must be a finite number of at least 0.0"),
    (lambda: checks.real("rate", 0.0, 0.0, open_low=True), ValueError,
     "rate is 0.0; it must be a finite number above 0.0"),
    (lambda: checks.real("rate", 1.0, 0.0, 1.0, open_high=True), ValueError,
     "rate is 1.0; it must be a finite number in [0.0, 1.0)"),
    (lambda: checks.real("rate", 2.0, None, 1.0), ValueError, "rate is 2.0; it must be a finite number of at most 1.0"),
    (lambda: checks.real("rate", float("nan")), ValueError, "rate is nan; it must be a finite number"),
    (lambda: checks.real("rate", "0.1"), TypeError, "rate is '0.1' (str); it must be a finite number"),
    (lambda: checks.real("rate", True), TypeError, "rate is True (bool); it must be a finite number"),
    (lambda: checks.real("rate", 1j), TypeError, "rate is 1j (complex); it must be a finite number"),
    (lambda: checks.integer("units", 0, 1), ValueError, "units is 0; it must be an integer of at least 1"),
    (lambda: checks.integer("units", 5, 1, 4), ValueError, "units is 5; it must be an integer in [1, 4]"),
    (lambda: checks.integer("units", 2.0), TypeError, "units is 2.0 (float); it must be an integer"),
    (lambda: checks.boolean("shuffle", 1), TypeError, "shuffle is 1 (int); it must be True or False"),
    (lambda: checks.matrix("X", [1.0, 2.0]), ValueError,
     "X has shape (2,); it must have rows and columns, as in (n, features)"),
    (lambda: checks.matrix("X", np.zeros((3, 0))), ValueError,
     "X is empty, its shape is (3, 0); it must have at least one row and one column"),
    (lambda: checks.matrix("X", [[1.0, np.nan]]), ValueError,
     "X holds NaN, first at [0, 1]; every value must be a finite number"),
    (lambda: checks.matrix("X", [[1.0], [-np.inf]]), ValueError,
     "X holds infinity, first at [1, 0]; every value must be a finite number"),
    (lambda: checks.matrix("X", [[1.0, 2.0], [3.0]]), ValueError,
     "X has rows of unequal length; it must be a rectangular array of numbers"),
    (lambda: checks.targets("y", 3.0), ValueError,
     "y is a single value, 3.0; it must have one entry or row for each row of X"),
    (lambda: checks.targets("y", [1, 2], rows=3), ValueError, "y has 2 rows and X has 3; they must be equal in number"),
    (lambda: checks.targets("y", ["a", "b"]), TypeError, "y holds values of type <U1; it must hold numbers"),
])
def test_each_error_is_one_sentence(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


def test_a_number_too_large_for_a_float_is_refused_like_any_other() -> None:
    with pytest.raises(ValueError, match="rate is"):
        checks.real("rate", 10**400)


@pytest.mark.parametrize("open_low", [False, True])
@pytest.mark.parametrize("open_high", [False, True])
def test_bounds_are_those_of_the_interval(open_low: bool, open_high: bool) -> None:
    for value in np.linspace(-1.0, 2.0, 13):
        inside = (value > 0.0 if open_low else value >= 0.0) and (value < 1.0 if open_high else value <= 1.0)
        if inside:
            assert checks.real("rate", value, 0.0, 1.0, open_low, open_high) == value
        else:
            with pytest.raises(ValueError, match="rate is"):
                checks.real("rate", value, 0.0, 1.0, open_low, open_high)


def test_arrays_pass_unchanged_and_objects_become_numbers() -> None:
    X = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert checks.matrix("X", X) is X
    assert checks.matrix("X", np.array([[1, 2.5]], dtype=object)).dtype == np.float64
    assert checks.targets("y", [True, False]).tolist() == [True, False]


@pytest.mark.parametrize("X", [
    [[1, 2], [3, 4]], [[True, False]], np.array([[1, 2]], object), np.zeros((2, 2), np.float16), [[np.nan, 1.0]],
    [[np.inf, 1.0]], [[1.0, 2.0], [3.0]], np.zeros((0, 2)), np.zeros((2, 0)), [1.0, 2.0], 3.0, [[1j]],
    np.array([["a"]], object),
], ids=str)
def test_scikit_learn_accepts_and_refuses_the_same_arrays(X: Any) -> None:
    check_array = pytest.importorskip("sklearn.utils").check_array

    def accepts(check: Any) -> bool:
        try:
            check(X)
        except (TypeError, ValueError):
            return False
        return True

    assert accepts(lambda X: checks.matrix("X", X)) == accepts(check_array)


def test_a_sparse_matrix_is_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="X holds"):
        checks.matrix("X", sparse.eye(3, format="csr"))


# Where arrays enter --------------------------------------------------------------------------------------------------

ROWS = np.arange(24.0).reshape(12, 2)
CLASSES = np.arange(12) % 2
MASKED = np.ma.masked_array(ROWS, mask=ROWS == 3.0)
MASKED_CLASSES = np.ma.masked_array(CLASSES, mask=np.arange(12) == 3)


def network() -> st.Sequential:
    model = st.Sequential([st.Dense(2, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD())
    model.build((None, 2))
    return model


def entries(X: Any, y: Any) -> dict[str, Any]:
    """Calls that take rows, or rows and targets, each by its name."""
    classifier = st.MLPClassifier(epochs=1)
    return {
        "MLPClassifier.fit": lambda: classifier.fit(X, y),
        "MLPRegressor.fit": lambda: st.MLPRegressor(epochs=1).fit(X, y),
        "partial_fit": lambda: classifier.partial_fit(X, y, classes=[0, 1]),
        "Sequential.fit": lambda: network().fit(X, y, epochs=1, verbose=0),
        "evaluate": lambda: network().evaluate(X, y),
        "cross_validate": lambda: st.cross_validate(classifier, X, y, cv=2),
        "learning_curve": lambda: learning_curve(classifier, X, y, cv=2),
        "GridSearchCV of a network": lambda: st.GridSearchCV(network(), {"batch_size": [4]}, cv=2).fit(X, y),
        "GridSearchCV": lambda: st.GridSearchCV(classifier, {"units": [4]}, cv=2).fit(X, y),
        "accuracy_score": lambda: st.metrics.accuracy_score(y, CLASSES),
        "mean_squared_error": lambda: st.metrics.mean_squared_error(CLASSES, y),
        "predict": lambda: network().predict(X),
        "StandardScaler": lambda: st.StandardScaler().fit(X),
        "SimpleImputer": lambda: st.SimpleImputer().fit(X),
        "Table": lambda: st.Table.from_columns({"a": y}),
    }


@pytest.mark.parametrize("name", entries(None, None))
def test_masked_values_are_refused_wherever_they_enter(name: str) -> None:
    refused = []
    for X, y in ((MASKED, CLASSES), (ROWS, MASKED_CLASSES)):
        try:
            entries(X, y)[name]()
        except ValueError as error:
            refused.append(str(error))
    assert refused, "neither X nor y was refused"
    assert all("masked array, and 1 of its" in sentence for sentence in refused)
    takes_both = name not in (
        "accuracy_score", "mean_squared_error", "predict", "StandardScaler", "SimpleImputer", "Table")
    assert len(refused) == 1 + takes_both


def test_a_masked_array_without_masked_values_is_an_array() -> None:
    plain = np.ma.masked_array(ROWS, mask=False)
    assert np.array_equal(st.StandardScaler().fit_transform(plain), st.StandardScaler().fit_transform(ROWS))


@pytest.mark.parametrize("call, name", [
    (lambda: st.MLPClassifier().fit([[10**400], [1]], [0, 1]), "X"),
    (lambda: st.MLPRegressor().fit([[1], [2]], [10**400, 1]), "y"),
    (lambda: network().predict([[10**400, 1]]), "X"),
    (lambda: st.StandardScaler().fit([[10**400], [1]]), "X"),
    (lambda: checks.matrix("X", [[-(10**400)]]), "X"),
], ids=["classifier", "regressor", "network", "scaler", "matrix"])
def test_integers_beyond_floats_are_refused_by_name(call: Any, name: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    sentence = "holds an integer too large for a float; every value must be below 1.8e308 in size"
    assert str(error.value) == f"{name} {sentence}"
