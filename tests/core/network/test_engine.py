"""The engine: gradients of whole networks, batches, weights of rows, validation, threads, trainings that diverge."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network import engine
from scratchtune.core.network.activations import ACTIVATIONS

CLASSES = "categorical_crossentropy"


def _model(
    *layers: st.Layer, loss: str = "mse", optimizer: Any = "sgd", inputs: int = 3, **settings: Any
) -> st.Sequential:
    penalty = settings.pop("penalty", None)
    model = st.Sequential(layers, **{"dtype": "float64", "seed": 1, **settings})
    model.compile(optimizer, loss, penalty=penalty)
    model.build((None, inputs))
    return model


def _data(rows: int, inputs: int, outputs: int, loss: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, rows, inputs])
    X = rng.normal(size=(rows, inputs))
    if loss == CLASSES:
        return X, rng.integers(outputs, size=rows)
    return X, rng.random((rows, outputs)) if loss == "binary_crossentropy" else rng.normal(size=(rows, outputs))


def _differences(model: st.Sequential, X: Any, y: Any, step: float = 1e-6) -> np.ndarray:
    """The gradient by central differences of the objective."""
    slopes = np.empty(model.theta.size)
    for i in range(model.theta.size):
        kept = model.theta[i]
        model.theta[i] = kept + step
        up = model.objective(X, y)
        model.theta[i] = kept - step
        slopes[i] = (up - model.objective(X, y)) / (2 * step)
        model.theta[i] = kept
    return slopes


def _check(model: st.Sequential, X: Any, y: Any) -> None:
    model.theta += np.random.default_rng(3).normal(size=model.theta.size) * 0.1  # biases that are not zero
    np.testing.assert_allclose(model.gradient(X, y), _differences(model, X, y), rtol=2e-6, atol=2e-9)


# Gradients of whole networks ------------------------------------------------------------------------------------------


def test_a_network_of_two_parameters_by_hand() -> None:
    """y = w x + b with w = 2, b = 1 at x = 1, 3 and targets 3, 5: errors 0 and 2.

    J = (0 + 4) / 2 = 2; dJ/dw = mean of 2 * error * x = (0 + 12) / 2 = 6; dJ/db = (0 + 4) / 2 = 2.
    """
    model = _model(st.Dense(1), inputs=1)
    model.theta[:] = [2.0, 1.0]
    assert model.objective([[1.0], [3.0]], [3.0, 5.0]) == 2.0
    assert model.gradient([[1.0], [3.0]], [3.0, 5.0]).tolist() == [6.0, 2.0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", CLASSES])
def test_gradient_of_every_activation_in_the_middle_and_at_the_end(activation: str, loss: str) -> None:
    last = {CLASSES: "softmax"}.get(loss, activation)
    X, y = _data(5, 3, 3, loss)
    _check(_model(st.Dense(5, activation), st.Dense(3, last), loss=loss), X, y)


@pytest.mark.parametrize("last, loss", [
    ("softmax", CLASSES), ("sigmoid", CLASSES), ("sigmoid", "binary_crossentropy"), ("softmax", "binary_crossentropy"),
    ("linear", "mean_squared_error"), ("softmax", "mean_squared_error"), ("tanh", "mean_absolute_error"),
])
@pytest.mark.parametrize("penalty", [None, st.L1L2(0.02, 0.03), st.L1L2(0.02, 0.03, biases=False)], ids=str)
def test_gradient_of_every_loss_and_penalty(last: str, loss: str, penalty: Any) -> None:
    X, y = _data(4, 2, 3, loss)
    _check(_model(st.Dense(3, "tanh"), st.Dense(3, last), loss=loss, inputs=2, penalty=penalty), X, y)


@pytest.mark.parametrize("rows, inputs, hidden, outputs", [
    (1, 1, 1, 1), (1, 3, 5, 17), (2, 17, 3, 1), (3, 5, 17, 3), (5, 1, 20, 2), (17, 3, 1, 5), (4, 20, 16, 16),
    (7, 2, 15, 20),
])
@pytest.mark.parametrize("loss", ["mean_squared_error", CLASSES])
def test_gradient_in_odd_shapes(rows: int, inputs: int, hidden: int, outputs: int, loss: str) -> None:
    X, y = _data(rows, inputs, outputs, loss)
    last = "softmax" if loss == CLASSES else "linear"
    _check(_model(st.Dense(hidden, "tanh"), st.Dense(outputs, last), loss=loss, inputs=inputs), X, y)


@pytest.mark.parametrize("last, loss", [("softmax", CLASSES), ("linear", "mean_squared_error")])
def test_gradient_through_six_layers(last: str, loss: str) -> None:
    X, y = _data(3, 3, 2, loss)
    layers = [st.Dense(3, name) for name in ("tanh", "elu", "sigmoid", "gelu", "linear")]
    _check(_model(st.Activation("tanh"), *layers, st.Dropout(0.5), st.Dense(2, last), loss=loss), X, y)


def test_the_objective_falls_along_minus_the_gradient_of_a_float32_network_too() -> None:
    X, y = _data(20, 3, 3, CLASSES)
    model = _model(st.Dense(5, "relu"), st.Dense(3, "softmax"), loss=CLASSES, dtype="float32")
    wide = _model(st.Dense(5, "relu"), st.Dense(3, "softmax"), loss=CLASSES)
    wide.theta[:] = model.theta
    gradient = model.gradient(X, y)
    assert gradient.dtype == np.float32 and gradient.shape == model.theta.shape
    np.testing.assert_allclose(gradient, wide.gradient(X, y), rtol=1e-3, atol=1e-6)
    before = model.objective(X, y)
    model.theta -= 0.1 * gradient
    assert model.objective(X, y) < before


def test_a_network_without_parameters() -> None:
    model = _model(st.Activation("relu"), inputs=2)
    assert model.theta.shape == model.gradient([[1.0, -1.0]], [[0.0, 0.0]]).shape == (0,)
    assert model.fit([[1.0, -1.0]], [[0.0, 0.0]]).history["loss"] == [0.5]


# Batches --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows, batch_size", [(7, 3), (7, 1), (6, 3), (3, 7), (1, 1), (33, 32)])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_is_a_step_for_each_batch(rows: int, batch_size: int, shuffle: bool) -> None:
    """The last batch is smaller where they do not divide the rows; its gradient is the mean over its own rows."""
    X, y = _data(rows, 3, 2, "mse")
    fitted, by_hand = (_model(st.Dense(5, "tanh"), st.Dense(2), optimizer=st.SGD(0.1)) for _ in range(2))
    history = fitted.fit(X, y, batch_size=batch_size, epochs=2, shuffle=shuffle)
    for epoch in range(2):
        order = engine.epoch_order(rows, epoch, np.uint64(1)) if shuffle else np.arange(rows)
        total = 0.0
        for start in range(0, rows, batch_size):
            chosen = order[start : start + batch_size]
            total += by_hand.objective(X[chosen], y[chosen]) * len(chosen)
            by_hand.theta -= 0.1 * by_hand.gradient(X[chosen], y[chosen])
        assert history.history["loss"][epoch] == pytest.approx(total / rows, rel=1e-12)
    np.testing.assert_allclose(fitted.theta, by_hand.theta, rtol=1e-12, atol=1e-14)
    assert fitted.optimizer_step == 2 * -(-rows // batch_size)


def test_rows_beyond_an_evaluation_batch_count_as_much_as_any() -> None:
    X, y = _data(600, 3, 2, "mse")
    model = _model(st.Dense(2))
    kernel, bias = model.get_weights()
    assert model.objective(X, y) == pytest.approx(np.mean((X @ kernel + bias - y) ** 2), rel=1e-12)
    np.testing.assert_allclose(model.predict(X), X @ kernel + bias, rtol=1e-12, atol=1e-14)
    for batch_size in (1, 7, 1000):
        np.testing.assert_allclose(model.predict(X, batch_size=batch_size), model.predict(X), rtol=1e-13, atol=1e-15)


def _trained(seed: int = 1, data: int = 0, **fit: Any) -> np.ndarray:
    X, y = _data(10, 3, 3, CLASSES, seed=data)
    layers = [st.Dense(5, "relu"), st.Dropout(0.3), st.Dense(3, "softmax")]
    model = _model(*layers, loss=CLASSES, optimizer=st.Adam(0.01), seed=seed)
    model.fit(X, y, **{"batch_size": 4, "epochs": 3, **fit})
    return model.theta.copy()


def test_the_same_seed_gives_the_same_bits() -> None:
    assert (_trained() == _trained()).all()
    assert (_trained() != _trained(seed=2)).any() and (_trained() != _trained(shuffle=False)).any()


def test_two_threads_give_the_bits_of_one() -> None:
    alone = [_trained(seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: _trained(seed=seed), range(8)))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


# Weights of rows ------------------------------------------------------------------------------------------------------


def test_sample_weight_multiplies_each_rows_loss() -> None:
    """The gradient of the step is the mean over the rows of weight times the row's own gradient."""
    X, y = _data(4, 3, 3, CLASSES)
    weight = [1.0, 0.0, 2.5, 0.5]
    model = _model(st.Dense(3, "softmax"), loss=CLASSES, optimizer=st.SGD(0.1))
    before = model.theta.copy()
    single = [model.gradient(X[i : i + 1], y[i : i + 1]) for i in range(4)]
    objectives = [model.objective(X[i : i + 1], y[i : i + 1]) for i in range(4)]
    history = model.fit(X, y, batch_size=4, sample_weight=weight)
    np.testing.assert_allclose(model.theta, before - 0.1 * np.average(single, 0, weight) * np.mean(weight), rtol=1e-12)
    assert history.history["loss"] == [pytest.approx(np.mean(np.multiply(weight, objectives)), rel=1e-12)]


@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weight_is_a_sample_weight_by_class(one_hot: bool) -> None:
    y = _data(10, 3, 3, CLASSES)[1]
    weights = {0: 2.0, 2: 0.5}
    by_row = np.array([weights.get(label, 1.0) for label in y])
    X, y = _data(10, 3, 3, CLASSES)
    thetas = []
    for arguments in (
        {"class_weight": weights}, {"sample_weight": by_row}, {"class_weight": weights, "sample_weight": by_row},
        {"sample_weight": by_row**2}, {},
    ):
        model = _model(st.Dense(3, "softmax"), loss=CLASSES)
        model.fit(X, np.eye(3)[y] if one_hot else y, batch_size=4, **arguments)
        thetas.append(model.theta)
    assert (thetas[0] == thetas[1]).all() and (thetas[2] == thetas[3]).all()
    assert (thetas[0] != thetas[4]).any() and (thetas[0] != thetas[2]).any()


def test_class_weight_of_a_single_probability() -> None:
    X, y = _data(8, 3, 1, "mse")[0], np.array([0, 1] * 4)
    thetas = []
    for arguments in ({"class_weight": {1: 3.0}}, {"sample_weight": 1.0 + 2.0 * y}):
        model = _model(st.Dense(1, "sigmoid"), loss="binary_crossentropy")
        model.fit(X, y, batch_size=3, **arguments)
        thetas.append(model.theta)
    assert (thetas[0] == thetas[1]).all()


# Validation -----------------------------------------------------------------------------------------------------------


def test_validation_measures_after_each_epoch_and_trains_on_nothing() -> None:
    X, y = _data(10, 3, 2, "mse")
    Xv, yv = _data(5, 3, 2, "mse", seed=1)
    with_it, without = (_model(st.Dense(4, "tanh"), st.Dropout(0.5), st.Dense(2), penalty=st.L2(0.1)) for _ in range(2))
    history = with_it.fit(X, y, batch_size=4, epochs=3, validation_data=(Xv, yv)).history
    for epoch in range(3):
        without.fit(X, y, batch_size=4)
        assert history["val_loss"][epoch] == without.evaluate(Xv, yv)["loss"] == without.objective(Xv, yv)
    assert (with_it.theta == without.theta).all()


def test_validation_split_takes_the_last_rows() -> None:
    X, y = _data(10, 3, 2, "mse")
    split, given = (_model(st.Dense(2)) for _ in range(2))
    first = split.fit(X, y, epochs=2, batch_size=3, validation_split=0.25).history
    assert first == given.fit(X[:7], y[:7], epochs=2, batch_size=3, validation_data=(X[7:], y[7:])).history
    assert (split.theta == given.theta).all()


def test_rows_held_out_have_their_weights() -> None:
    X, y = _data(6, 3, 2, "mse")
    weight = np.array([1.0, 0.0, 3.0])
    model, other = _model(st.Dense(2)), _model(st.Dense(2))
    history = model.fit(X[:3], y[:3], validation_data=(X[3:], y[3:], weight)).history
    assert history["val_loss"] == [model.evaluate(X[3:], y[3:], sample_weight=weight)["loss"]]
    assert other.fit(X, y, sample_weight=[1.0] * 3 + [1.0, 0.0, 3.0], validation_split=0.5).history == history


def test_a_share_too_small_for_one_row_is_refused_in_words() -> None:
    X, y = _data(6, 3, 2, "mse")
    with pytest.raises(ValueError, match="validation_split is 1e-20"):
        _model(st.Dense(2)).fit(X, y, validation_split=1e-20)


# Divergence -----------------------------------------------------------------------------------------------------------

DIVERGING = {
    "squares": lambda dtype: _model(st.Dense(5, "relu"), st.Dense(2), optimizer=st.SGD(1e6), dtype=dtype),
    "momentum": lambda dtype: _model(st.Dense(2), optimizer=st.SGD(1e3, momentum=0.9), dtype=dtype),
    "classes": lambda dtype: _model(
        st.Dense(5, "relu"), st.Dense(3, "softmax"), loss=CLASSES, optimizer=st.SGD(1e6), dtype=dtype),
    "adam": lambda dtype: _model(st.Dense(5, "relu"), st.Dense(2), optimizer=st.Adam(1e200), dtype=dtype),
    "weight decay": lambda dtype: _model(st.Dense(2), optimizer=st.SGD(0.1, weight_decay=1e6), dtype=dtype),
    "penalty": lambda dtype: _model(st.Dense(2), optimizer=st.SGD(0.1), penalty=st.L2(1e6), dtype=dtype),
}


@pytest.mark.parametrize("case", DIVERGING)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_diverging_training_ends_with_a_warning_and_finite_weights(case: str, dtype: str) -> None:
    model = DIVERGING[case](dtype)
    X, y = _data(20, 3, 3 if case == "classes" else 2, CLASSES if case == "classes" else "mse")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(X, y, batch_size=5, epochs=200)
    assert [warning.category for warning in caught] == [st.DivergenceWarning] and caught[0].filename == __file__
    assert "training diverged in epoch" in str(caught[0].message) and "smaller learning_rate" in str(caught[0].message)
    losses = history.history["loss"]  # of a first epoch that diverges NaN, of a later one none
    assert history.diverged and 1 <= len(losses) < 200
    assert np.isfinite(model.theta).all() and (np.isfinite(losses).all() or np.isnan(losses).tolist() == [True])


def test_a_training_that_has_converged_has_not_diverged() -> None:
    X, y = _data(10, 3, 2, "mse")
    assert not _model(st.Dense(2)).fit(X, y).diverged


def test_after_a_divergence_training_goes_on_with_a_smaller_learning_rate() -> None:
    """What the optimizer remembers of the steps that blew up must not spoil the next fit."""
    X, y = _data(20, 3, 2, "mse")
    model = _model(st.Dense(2), optimizer=st.SGD(1e200, momentum=0.9))
    with pytest.warns(st.DivergenceWarning):
        model.fit(X, y, batch_size=5, epochs=5)
    model.set_weights([np.zeros((3, 2)), np.zeros(2)])
    model.optimizer.learning_rate = 0.01
    history = model.fit(X, y, batch_size=5, epochs=5)
    assert not history.diverged and len(history.history["loss"]) == 5


def test_values_that_float32_cannot_hold_are_refused_not_trained_on() -> None:
    X, y = _data(6, 3, 2, "mse")
    with pytest.raises(ValueError, match="X"):
        _model(st.Dense(2), dtype="float32").fit(X * 1e300, y)


# Memory ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_begin_on_a_line(dtype: str) -> None:
    assert engine.aligned(0, dtype).shape == (0,)
    for size in (1, 7, 64, 1000):
        vector = engine.aligned(size, dtype)
        assert vector.ctypes.data % engine.LINE == 0 and vector.shape == (size,) and vector.dtype == dtype
        assert (vector == 0.0).all()


def test_hits_counts_rows_whose_largest_output_is_right() -> None:
    target = np.eye(3)[[0, 1, 2, 2]]
    assert engine.count_correct(target, np.arange(4), np.array([[3.0, 1, 2], [3, 1, 2], [1, 2, 3], [2, 3, 1]])) == 2
