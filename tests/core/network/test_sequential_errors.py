"""Bad input to a model: one clear sentence each, before any work: nothing is built, no weight has moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st

X, Y = np.random.default_rng(0).normal(size=(8, 3)), np.array([0, 1, 2, 0, 1, 2, 0, 1])


def _model(last: str = "softmax", units: int = 3, loss: str = "categorical_crossentropy") -> st.Sequential:
    model = st.Sequential([st.Dense(4, "relu"), st.Dense(units, last)], dtype="float64")
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def _with(array: np.ndarray, place: Any, value: float) -> np.ndarray:
    changed = array.astype(np.float64)
    changed[place] = value
    return changed


def _refused(call: Callable[[], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        call()
    sentence = str(raised.value)
    assert "\n" not in sentence and len(sentence) < 300


BAD_DATA: list[tuple[str, Any, Any, Any, str]] = [
    ("NaN in X", _with(X, (2, 1), np.nan), Y, ValueError, r"X holds NaN, first at \[2, 1\]"),
    ("infinity in X", _with(X, (0, 0), -np.inf), Y, ValueError, r"X holds infinity, first at \[0, 0\]"),
    ("NaN in y", X, _with(Y, 3, np.nan), ValueError, r"y holds NaN, first at \[3\]"),
    ("infinity in y", X, _with(Y, 3, np.inf), ValueError, "y holds infinity"),
    ("X of one dimension", X[:, 0], Y, ValueError, r"X has shape \(8,\); it must have rows and columns"),
    ("a number for X", 3.0, Y, ValueError, r"X has shape \(\)"),
    ("a number for y", X, 1, ValueError, "y is a single value, 1"),
    ("more rows in X", X, Y[:-1], ValueError, "y has 7 rows and X has 8; they must be equal in number"),
    ("no rows", X[:0], Y[:0], ValueError, r"X is empty, its shape is \(0, 3\)"),
    ("no columns", X[:, :0], Y, ValueError, r"X is empty, its shape is \(8, 0\)"),
    ("empty lists", [], [], ValueError, "X"),
    ("a label too large", X, Y + 1, ValueError, "y holds the label 3; .* so labels must be from 0 to 2"),
    ("a negative label", X, Y - 1, ValueError, "y holds the label -1"),
    ("half a label", X, Y + 0.5, ValueError, "y holds 0.5; class labels must be integers"),
    ("too few columns", X, np.eye(3)[Y][:, :2], ValueError, r"y has shape \(8, 2\).* 3 outputs"),
    ("y of three dimensions", X, np.zeros((8, 3, 1)), ValueError, r"y has shape \(8, 3, 1\)"),
    ("strings in y", X, np.array(list("abcabcab")), TypeError, "y holds values of type <U1; it must hold numbers"),
    ("strings in X", X.astype(str), Y, TypeError, "X holds values of type <U"),
    ("objects in X", np.array([[object()] * 3] * 8), Y, TypeError, "X holds values of type object"),
    ("None in X", [[None, 1.0, 2.0]] * 8, Y, (TypeError, ValueError), "X holds"),
    ("complex X", X + 1j, Y, TypeError, "X holds values of type complex128"),
    ("dates in X", X.astype("datetime64[s]"), Y, TypeError, "X holds values of type datetime64"),
    ("ragged X", [[1.0, 2.0], [3.0]], Y, ValueError, "X has rows of unequal length"),
]
IDS = [name for name, *_ in BAD_DATA]


@pytest.mark.parametrize("name, x, y, error, message", BAD_DATA, ids=IDS)
@pytest.mark.parametrize("method", ["fit", "evaluate", "objective", "gradient"])
def test_bad_data_is_refused_before_anything_is_built(
    name: str, x: Any, y: Any, error: Any, message: str, method: str
) -> None:
    model = _model()
    _refused(lambda: getattr(model, method)(x, y), error, message)
    assert not model.built


@pytest.mark.parametrize("name, x, y, error, message", BAD_DATA, ids=IDS)
def test_bad_data_moves_no_weight(name: str, x: Any, y: Any, error: Any, message: str) -> None:
    model = _model()
    model.fit(X, Y)
    theta, step = model.theta.copy(), model.optimizer_step
    _refused(lambda: model.fit(x, y), error, message)
    assert (model.theta == theta).all() and model.optimizer_step == step


def test_sparse_matrices_are_refused_by_name_of_the_argument() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    _refused(lambda: _model().fit(sparse.csr_matrix(X), Y), TypeError, "X")
    _refused(lambda: _model().fit(X, sparse.csr_matrix(np.eye(3)[Y])), TypeError, "y")


@pytest.mark.parametrize("x, message", [
    (X[:, :2], r"X has rows of shape \(2,\); this model was built for rows of shape \(3,\)"),
    (np.zeros((8, 3, 1)), r"X has rows of shape \(3, 1\); this model was built for rows of shape \(3,\)"),
    (np.zeros((8, 1, 3)), r"X has rows of shape \(1, 3\)"),
])
@pytest.mark.parametrize("method", ["fit", "evaluate", "gradient", "predict"])
def test_rows_of_another_shape_than_the_model_was_built_for(x: Any, message: str, method: str) -> None:
    model = _model()
    model.build((None, 3))
    theta = model.theta.copy()
    arguments = (x,) if method == "predict" else (x, Y)
    _refused(lambda: getattr(model, method)(*arguments), ValueError, message)
    assert (model.theta == theta).all()


BAD_FIT: list[tuple[dict[str, Any], Any, str]] = [
    ({"batch_size": 0}, ValueError, "batch_size is 0; it must be an integer of at least 1"),
    ({"batch_size": 2.5}, TypeError, "batch_size is 2.5"),
    ({"epochs": 0}, ValueError, "epochs is 0; it must be an integer of at least 1"),
    ({"epochs": "2"}, TypeError, "epochs is '2'"),
    ({"shuffle": 3}, TypeError, "shuffle is 3"),
    ({"validation_split": 1.0}, ValueError, r"validation_split is 1.0; it must be a finite number in \[0.0, 1.0\)"),
    ({"validation_split": -0.1}, ValueError, "validation_split is -0.1"),
    ({"validation_split": 0.95}, ValueError, "it splits 8 rows into 0 and 8"),
    ({"validation_data": (X[:, :2], Y)}, ValueError, r"validation_data X has rows of shape \(2,\)"),
    ({"validation_data": (X, Y[:5])}, ValueError, "validation_data y has 5 rows and"),
    ({"validation_data": (X, Y + 5)}, ValueError, "validation_data y holds the label"),
    ({"validation_data": (_with(X, (1, 1), np.nan), Y)}, ValueError, "validation_data X holds NaN"),
    ({"validation_data": X}, ValueError, r"validation_data is a ndarray; it must be a tuple \(X, y\)"),
    ({"validation_data": (X, Y, [1.0, 2.0])}, ValueError, "validation_data|sample_weight"),
    ({"validation_data": (X, Y, np.full(8, np.nan))}, ValueError, "validation_data|sample_weight"),
    ({"sample_weight": [1.0, 2.0]}, ValueError, "sample_weight has 2 rows"),
    ({"sample_weight": np.full(8, -1.0)}, ValueError, "sample_weight .* must hold one number of at least 0"),
    ({"sample_weight": np.full(8, np.nan)}, ValueError, "sample_weight holds NaN"),
    ({"sample_weight": np.ones((8, 2))}, ValueError, "sample_weight .* must hold one number"),
    ({"class_weight": {0: -1.0}}, ValueError, r"class_weight\[0\] is -1.0"),
    ({"class_weight": {0: "a"}}, TypeError, r"class_weight\[0\] is 'a'"),
    ({"class_weight": "balanced"}, (TypeError, ValueError), "class_weight is 'balanced'"),
    ({"class_weight": [1.0, 2.0, 3.0]}, (TypeError, ValueError), "class_weight is"),
    ({"callbacks": [3]}, TypeError, "callbacks"),
    ({"callbacks": [st.EarlyStopping(monitor="val_los")]}, ValueError, "monitor is 'val_los'"),
]


@pytest.mark.parametrize("arguments, error, message", BAD_FIT, ids=[str(case[0])[:40] for case in BAD_FIT])
def test_bad_arguments_of_fit_move_no_weight(arguments: dict[str, Any], error: Any, message: str) -> None:
    model = _model()
    model.build((None, 3))
    theta = model.theta.copy()
    _refused(lambda: model.fit(X, Y, **arguments), error, message)
    assert (model.theta == theta).all() and model.optimizer_step == 0


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"validation_data": (X[:, :2], Y)}, {"sample_weight": [1.0]}],
                         ids=["batch_size", "validation_data", "sample_weight"])
def test_bad_arguments_of_fit_build_nothing(arguments: dict[str, Any]) -> None:
    """Or else the next call, with the columns that were meant, would be refused."""
    model = _model()
    with pytest.raises(ValueError):
        model.fit(X, Y, **arguments)
    assert not model.built


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.Sequential([st.Dense(3, "sofmax")]), ValueError, "activation is 'sofmax'.*did you mean 'softmax'"),
    (lambda: st.Sequential([3]), TypeError, "layers holds 3; it must hold layers such as Dense"),
    (lambda: st.Sequential([st.Dense]), TypeError, "layers holds <class"),
    (lambda: st.Sequential(dtype="float16"), ValueError, "dtype is 'float16'; it must be one of 'float32', 'float64'"),
    (lambda: st.Sequential(seed=-1), ValueError, "seed is -1"),
    (lambda: st.Sequential([st.Dropout(1.0)]), ValueError, "rate is 1.0"),
    (lambda: _model().compile("adma"), ValueError, "optimizer is 'adma'.*did you mean 'adam'"),
    (lambda: _model().compile(loss="categorical_crossentropi"), ValueError, "did you mean 'categorical_crossentropy'"),
    (lambda: _model().compile(metrics=["acuracy"]), ValueError, "metrics is 'acuracy'.*did you mean 'accuracy'"),
    (lambda: _model().compile(metrics="accuracy"), (TypeError, ValueError), "metrics is 'accuracy'"),
    (lambda: _model().compile(penalty="l2"), TypeError, "penalty is 'l2'"),
    (lambda: _model().compile(st.SGD(-1.0)), ValueError, "learning_rate is -1.0"),
    (lambda: _model().compile(penalty=st.L2(-1.0)), ValueError, "lam is -1.0"),
    (lambda: _model().configured({"learning_rat": 0.1}), ValueError,
     "'learning_rat' is unknown.*did you mean 'learning_rate'"),
    (lambda: _model().configured({"dropout": 0.1}), ValueError, "'dropout' is unknown to this model; its parameters"),
    (lambda: _model().configured({"learning_rate": -0.1}), ValueError, "learning_rate is -0.1"),
    (lambda: _model().configured({"batch_size": 0}), ValueError, "batch_size is 0"),
    (lambda: st.Sequential([st.Dense(2)]).build((None,)), ValueError, "it must be a tuple of None and the"),
    (lambda: st.Sequential([st.Dense(2)]).build((None, 0)), ValueError, "input_shape is 0"),
    (lambda: st.Sequential([st.Dense(2)]).build(3), (TypeError, ValueError), "input_shape is 3"),
    (lambda: st.Sequential().build((None, 3)), ValueError, "layers is empty"),
    (lambda: st.Sequential([st.Dense(2)]).fit(X, Y), ValueError, "the model is not compiled; call compile"),
    (lambda: st.Sequential([st.Dense(2)]).predict(X), ValueError, "the model has no weights yet; call build"),
    (lambda: st.Sequential([st.Dense(2)]).summary(), ValueError, "the model has no weights yet"),
    (lambda: st.Sequential([st.Dense(2)]).save("x"), ValueError, "the model has no weights yet"),
    (lambda: _built().predict(_with(X, (0, 0), np.nan)), ValueError, "X holds NaN"),
    (lambda: _built().predict(X[:0]), ValueError, "X is empty"),
    (lambda: _built().predict(X, batch_size=0), ValueError, "batch_size is 0"),
    (lambda: _built().set_weights([np.zeros((3, 4))]), ValueError, "weights have the shapes .* they must be"),
    (lambda: _model("sigmoid", 1, "binary_crossentropy").fit(X, Y), ValueError, "y holds 2; binary_crossentropy"),
    (lambda: _model("linear", 2, "mse").fit(X, Y), ValueError, "y has 1 values per row.* 2 outputs"),
])
def test_each_mistake_is_one_sentence(make: Any, error: Any, message: str) -> None:
    _refused(make, error, message)


def _built() -> st.Sequential:
    model = _model()
    model.build((None, 3))
    return model


def test_probabilities_without_their_activation_are_warned_of() -> None:
    model = st.Sequential([st.Dense(2)])
    model.compile(loss="categorical_crossentropy", optimizer="sgd")
    with pytest.warns(UserWarning, match="last layer's activation is 'linear'; categorical_crossentropy.*'softmax'"):
        model.fit(np.ones((4, 3)), [0, 1, 0, 1], verbose=0)


def test_theta_is_written_by_numbers_of_its_shape() -> None:
    model = st.Sequential([st.Dense(2)])
    with pytest.raises(ValueError, match="the model has no weights yet"):
        model.theta = np.zeros(6)
    model.build((None, 2))
    model.theta = np.arange(6.0)
    model.theta -= 1.0
    assert model.theta.tolist() == [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    for values in (None, np.zeros(5), np.zeros((6, 1)), np.full(6, np.nan), np.zeros(6) + 1j):
        with pytest.raises((TypeError, ValueError), match="theta"):
            model.theta = values
    for shape in ((5,), (6, 1)):
        with pytest.raises(ValueError) as error:
            model.theta = np.zeros(shape)
        assert str(error.value) == f"theta has shape {shape}; it must have the shape (6,)"
    assert model.theta[5] == 4.0


@pytest.mark.parametrize("call, message", [
    (lambda: st.Sequential(dtpe="float32"), r"^Sequential\(\) has no argument 'dtpe', did you mean 'dtype'\?$"),
    (lambda: st.Sequential().compile(optimiser="adam"), r"^Sequential.compile\(\) .*, did you mean 'optimizer'\?$"),
    (lambda: st.Sequential().fit(X, Y, epoch=3), r"^Sequential.fit\(\) .*, did you mean 'epochs'\?$"),
    (lambda: st.EarlyStopping(patiance=3), r"^EarlyStopping\(\) .*, did you mean 'patience'\?$"),
    (lambda: st.losses.Huber(dleta=3), r"^Huber\(\) has no argument 'dleta', did you mean 'delta'\?$"),
])
def test_a_misspelt_argument_is_named_with_the_one_that_is_meant(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()
