"""Losses: batches by hand, exact at logits of +-1e4, gradients by central differences; PyTorch and Keras as oracles."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.core.network import losses
from scratchtune.core.network.activations import softmax_grad
from scratchtune.core.network.losses import FUSED, LOSSES

SOFTMAX = FUSED["softmax"]["categorical_crossentropy"]
SIGMOID = FUSED["sigmoid"]["binary_crossentropy"]
OF_ROWS = [name for name, loss in LOSSES.items() if loss.targets not in ("tokens", "labels")]
ALL = {**{name: LOSSES[name].kernel for name in OF_ROWS}, "softmax": SOFTMAX, "sigmoid": SIGMOID}


@jit.loop
def _call(kernel, y, target, weight, dy):
    return jit.call_loss(kernel, (y, target, weight, dy))


def _value_and_gradient(kernel: Any, y: Any, target: Any, weight: Any = None, dtype: str = "float64") -> Any:
    y, target = np.array(y, dtype, ndmin=2), np.array(target, dtype, ndmin=2)
    weight, dy = np.ones(len(y), dtype) if weight is None else np.array(weight, dtype), np.full_like(y, np.nan)
    return _call(kernel.compiled(dtype), y, target, weight, dy), dy


def _batch(name: str, rows: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and targets that suit the loss."""
    rng = np.random.default_rng([seed, rows, k])
    y = rng.uniform(0.05, 0.95, (rows, k)) if "crossentropy" in name else rng.normal(size=(rows, k)) * 2
    one_hot = name in ("softmax", "categorical_crossentropy")
    return y, np.eye(k)[rng.integers(k, size=rows)] if one_hot else rng.random((rows, k))


def test_squared_error_of_two_weighted_rows_by_hand() -> None:
    """Rows (1, 3) and (2, 2), targets 0 and (0, 2): losses (1 + 9) / 2 = 5 and (4 + 0) / 2 = 2; weights 1 and 3.

    The mean over the two rows is (1 * 5 + 3 * 2) / 2 = 5.5; the gradients are weight * 2 * difference / outputs / rows.
    """
    value, gradient = _value_and_gradient(
        LOSSES["mean_squared_error"].kernel, [[1.0, 3.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 2.0]], [1.0, 3.0])
    assert value == 5.5 and gradient.tolist() == [[0.5, 1.5], [3.0, 0.0]]


def test_absolute_error_by_hand() -> None:
    value, gradient = _value_and_gradient(LOSSES["mean_absolute_error"].kernel, [[1.0, -3.0, 2.0]], [[0.0, 0.0, 2.0]])
    assert value == pytest.approx(4 / 3) and gradient.ravel().tolist() == pytest.approx([1 / 3, -1 / 3, 0.0])


def test_huber_by_hand() -> None:
    """Errors 1/2 and -3: 1/2 · 1/4 = 0.125, and with δ = 1 1 · (3 − 1/2) = 2.5, with δ = 2 2 · (3 − 1) = 4."""
    value, gradient = _value_and_gradient(LOSSES["huber"].kernel, [[0.5, -3.0]], [[0.0, 0.0]])
    assert value == (0.125 + 2.5) / 2 and gradient.ravel().tolist() == [0.25, -0.5]
    value, gradient = _value_and_gradient(st.losses.Huber(2.0).kernel, [[0.5, -3.0]], [[0.0, 0.0]])
    assert value == (0.125 + 4.0) / 2 and gradient.ravel().tolist() == [0.25, -1.0]
    assert st.losses.Huber() == losses.get("huber")
    with pytest.raises(ValueError, match="delta is 0; it must be a finite number above 0"):
        st.losses.Huber(0)


def test_huber_with_another_delta_is_pytorchs(torch: Any) -> None:
    y, target = _batch("huber", 6, 4)
    value, _ = _value_and_gradient(st.losses.Huber(0.3).kernel, y, target)
    pytorchs = torch.nn.HuberLoss(delta=0.3)(torch.tensor(y), torch.tensor(target))
    assert value == pytest.approx(pytorchs.item(), rel=1e-12)


def test_huber_with_another_delta_is_kerass(keras: Any) -> None:
    y, target = _batch("huber", 6, 4)
    value, _ = _value_and_gradient(st.losses.Huber(0.3).kernel, y, target)
    theirs = keras.losses.Huber(delta=0.3)(target.astype("float32"), y.astype("float32"))
    assert value == pytest.approx(float(keras.ops.convert_to_numpy(theirs)), rel=1e-6)


def test_huber_in_files_and_other_processes(tmp_path: Any) -> None:
    """The kernel of a δ that a process has not met is made there: pickled, it is a call of its maker."""
    model = st.Sequential([st.Dense(1)], dtype="float64")
    model.compile(st.SGD(0.01), st.losses.Huber(0.7))
    X, y = np.arange(6.0).reshape(3, 2), np.array([0.0, 1.0, 9.0])
    model.fit(X, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.npz")
    found = st.load_model(tmp_path / "model.npz")
    assert found.loss == model.loss and found.objective(X, y) == model.objective(X, y)
    assert model.loss.kernel.__reduce__()[1] == (0.7,)
    assert pickle.loads(pickle.dumps(model)).objective(X, y) == copy.deepcopy(model).objective(X, y)


def test_cross_entropies_by_hand() -> None:
    """The class has probability 1/4: -log(1/4) = log 4, gradient -1/p = -4, less what normalising takes away, 4 / 4."""
    value, gradient = _value_and_gradient(LOSSES["categorical_crossentropy"].kernel, [[0.25, 0.75]], [[1.0, 0.0]])
    assert value == pytest.approx(np.log(4)) and gradient.ravel().tolist() == pytest.approx([-3.0, 1.0])
    value, gradient = _value_and_gradient(LOSSES["binary_crossentropy"].kernel, [[0.25]], [[1.0]])
    assert value == pytest.approx(np.log(4)) and gradient.item() == pytest.approx(-4.0)
    value, gradient = _value_and_gradient(SOFTMAX, [[0.0, np.log(3.0)]], [[1.0, 0.0]])
    assert value == pytest.approx(np.log(4)) and gradient.ravel().tolist() == pytest.approx([-0.75, 0.75])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_at_logits_of_ten_thousand(dtype: str) -> None:
    for z, target, loss, gradient in [
        ([1e4, -1e4], [0.0, 1.0], 2e4, [1.0, -1.0]), ([1e4, -1e4], [1.0, 0.0], 0.0, [0.0, 0.0]),
        ([-1e4, -1e4], [1.0, 0.0], np.log(2), [-0.5, 0.5]), ([1e4, 1e4], [0.0, 1.0], np.log(2), [0.5, -0.5]),
    ]:
        value, found = _value_and_gradient(SOFTMAX, [z], [target], dtype=dtype)
        tolerance = 1e-11 if dtype == "float64" else 2e-3  # log 2 beside 1e4: s holds no more digits
        assert value == pytest.approx(loss, rel=1e-7, abs=tolerance) and found.ravel().tolist() == gradient
    for z, t, loss, gradient in [
        (1e4, 0.0, 1e4, 1.0), (1e4, 1.0, 0.0, 0.0), (-1e4, 1.0, 1e4, -1.0), (-1e4, 0.0, 0.0, 0.0),
    ]:
        value, found = _value_and_gradient(SIGMOID, [[z]], [[t]], dtype=dtype)
        assert value == loss and found.item() == gradient


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("rows, k", [(1, 1), (1, 5), (3, 1), (5, 3), (2, 17), (3, 20)])
def test_gradients_are_central_differences(name: str, rows: int, k: int) -> None:
    y, target = _batch(name, rows, k)
    weight = np.random.default_rng(9).random(rows)
    _, gradient = _value_and_gradient(ALL[name], y, target, weight)
    for i in range(rows):
        for j in range(k):
            up, down = y.copy(), y.copy()
            up[i, j] += 1e-6
            down[i, j] -= 1e-6
            difference = (_value_and_gradient(ALL[name], up, target, weight)[0]
                          - _value_and_gradient(ALL[name], down, target, weight)[0]) / 2e-6
            assert gradient[i, j] == pytest.approx(difference, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_float32_follows_float64(name: str) -> None:
    for k in (1, 3, 5, 17, 20):
        y, target = _batch(name, 5, k, seed=2)
        wide = _value_and_gradient(ALL[name], y, target)
        narrow = _value_and_gradient(ALL[name], y, target, dtype="float32")
        assert narrow[1].dtype == np.float32 and narrow[0] == pytest.approx(wide[0], rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(narrow[1], wide[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_a_row_of_weight_zero_does_not_count(name: str) -> None:
    y, target = _batch(name, 3, 4)
    value, gradient = _value_and_gradient(ALL[name], y, target, [1.0, 0.0, 2.0])
    y[1] = y[1, ::-1]
    assert _value_and_gradient(ALL[name], y, target, [1.0, 0.0, 2.0])[0] == value and (gradient[1] == 0.0).all()


@pytest.mark.parametrize("k", [2, 3, 17])
def test_fused_is_softmax_and_then_cross_entropy(k: int) -> None:
    z, target = _batch("softmax", 4, k)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    fused, gradient = _value_and_gradient(SOFTMAX, z, target)
    apart, dp = _value_and_gradient(LOSSES["categorical_crossentropy"].kernel, p, target)
    dz = np.empty_like(dp)
    softmax_grad(p, dp, dz)
    assert fused == pytest.approx(apart, rel=1e-12)
    np.testing.assert_allclose(gradient, dz, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_values_and_gradients_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    F = torch.nn.functional

    def categorical(p: Any, t: Any) -> Any:
        return -(t * torch.log(p / p.sum(1, keepdim=True))).sum(1).mean()

    theirs = {
        "mean_squared_error": F.mse_loss, "mean_absolute_error": F.l1_loss, "huber": F.huber_loss,
        "binary_crossentropy": F.binary_cross_entropy, "categorical_crossentropy": categorical,
        "softmax": F.cross_entropy, "sigmoid": F.binary_cross_entropy_with_logits,
    }[name]
    for rows, k in [(1, 3), (4, 5), (7, 17)]:
        y, target = _batch(name, rows, k, seed=1)
        tensor = torch.tensor(y, requires_grad=True)
        loss = theirs(tensor, torch.tensor(target))
        loss.backward()
        value, gradient = _value_and_gradient(ALL[name], y, target)
        assert value == pytest.approx(loss.item(), rel=1e-12)
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", OF_ROWS)
def test_values_are_those_of_keras_also_where_it_clips(name: str, keras: Any) -> None:
    y, target = _batch(name, 5, 3)
    y[0], target[0] = [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]
    weight = np.array([1.0, 2.0, 0.0, 0.5, 1.0])
    theirs = keras.losses.get(name)(target.astype("float32"), y.astype("float32"))
    wanted = np.mean(weight * keras.ops.convert_to_numpy(theirs))
    value, _ = _value_and_gradient(LOSSES[name].kernel, y, target, weight, "float32")
    assert value == pytest.approx(wanted, rel=2e-5)


# Targets --------------------------------------------------------------------------------------------------------------


def test_labels_become_one_hot_rows_by_hand() -> None:
    loss = losses.get("categorical_crossentropy")
    rows = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    for y in ([1, 0], [[1], [0]], [1.0, 0.0], rows, np.array([1, 0], np.uint8)):
        assert losses.encode(loss, y, 3).tolist() == rows
    assert losses.encode(loss, [True, False], 2).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_values_become_a_column() -> None:
    assert losses.encode(losses.get("mse"), [1, 2], 1).tolist() == [[1.0], [2.0]]
    assert losses.get("sparse_categorical_crossentropy") is losses.get("categorical_crossentropy")
    assert losses.get("mae").name == "mean_absolute_error"


@pytest.mark.parametrize("loss, y, outputs, message", [
    ("categorical_crossentropy", [0, 3], 3, "y holds the label 3; .* so labels must be from 0 to 2"),
    ("categorical_crossentropy", [-1, 0], 3, "y holds the label -1"),
    ("categorical_crossentropy", [0.5, 1.0], 3, "y holds 0.5; class labels must be integers from 0"),
    ("categorical_crossentropy", [[0.0, 1.0]], 3, r"y has shape \(1, 2\).* 3 outputs"),
    ("categorical_crossentropy", [[-0.5, 1.5]], 2, "y holds -0.5; a row of 2 values .* must be from 0 to 1"),
    ("categorical_crossentropy", [[5.0, 7.0]], 2, "y holds"),
    ("binary_crossentropy", [0, 2], 1, "y holds 2; binary_crossentropy takes labels from 0 to 1"),
    ("binary_crossentropy", [[0, 1]], 1, "y has 2 values per row.* 1 output"),
    ("mean_squared_error", [1.0, 2.0], 3, "y has 1 values per row.* 3 outputs"),
])
def test_targets_that_do_not_fit(loss: str, y: Any, outputs: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        losses.encode(losses.get(loss), y, outputs)


def test_an_unknown_loss() -> None:
    with pytest.raises(ValueError, match="loss is 'categorical_crossentrop'.*did you mean 'categorical_crossentropy'"):
        losses.get("categorical_crossentrop")


def test_the_loss_of_tokens_is_the_mean_over_each_rows_tokens_but_padding() -> None:
    """By hand: equal logits give log 2 for a token of two; the second row has one token, the third one none."""
    target = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    value, gradient = _value_and_gradient(LOSSES["token_crossentropy"].kernel, np.zeros((3, 4)), target)
    assert value == pytest.approx(2 / 3 * np.log(2.0))
    expected = np.array([[0.5, -0.5, 0.5, -0.5], [1.0, -1.0, 0.0, 0.0], [0.0] * 4]) / 6
    np.testing.assert_allclose(gradient, expected, atol=1e-15)


def test_the_loss_of_tokens_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(6)
    y, weight, target = rng.normal(size=(5, 4 * 7)), rng.random(5), rng.integers(1, 7, (5, 4)).astype(float)
    target[1, 2:] = 0.0
    value, gradient = _value_and_gradient(LOSSES["token_crossentropy"].kernel, y, target, weight)
    z, tokens = torch.tensor(y.reshape(5, 4, 7), requires_grad=True), torch.tensor(target.astype(np.int64))
    each = torch.nn.functional.cross_entropy(z.transpose(1, 2), tokens, reduction="none", ignore_index=0)
    loss = (each.sum(1) / (tokens != 0).sum(1) * torch.tensor(weight)).mean()
    loss.backward()
    assert value == pytest.approx(float(loss.detach()), rel=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy().reshape(5, -1), atol=1e-14)


# Label smoothing ------------------------------------------------------------------------------------------------------


def _of_classes(smoothing: float) -> tuple[st.Sequential, np.ndarray, np.ndarray]:
    """A network with three classes, some rows, and their labels."""
    rng = np.random.default_rng(5)
    model = st.Sequential([st.Dense(3, "softmax")], dtype="float64", seed=2)
    model.compile("sgd", st.losses.CategoricalCrossentropy(label_smoothing=smoothing), metrics=["accuracy", "auc"])
    model.build((None, 4))
    return model, 5.0 * rng.normal(size=(20, 4)), rng.integers(0, 3, 20)


def test_smoothed_labels_by_hand() -> None:
    """Two classes with probabilities 1/4 and 3/4, the second one is right: its target is 0.9 of 1 and 0.1 / 2."""
    y = losses.encode(st.losses.CategoricalCrossentropy(0.1), np.array([1]), 2)
    np.testing.assert_allclose(y, [[0.05, 0.95]], rtol=1e-15)
    assert st.losses.CategoricalCrossentropy() == st.losses.get("categorical_crossentropy")
    with pytest.raises(ValueError, match=r"label_smoothing is 1.0; it must be a finite number in \[0.0, 1.0\)"):
        st.losses.CategoricalCrossentropy(1.0)


def test_smoothing_is_linear_between_the_labels_and_even_ones() -> None:
    model, X, y = _of_classes(0.3)
    plain, even = _of_classes(0.0)[0], np.full((20, 3), 1 / 3)
    assert model.objective(X, y) == pytest.approx(0.7 * plain.objective(X, y) + 0.3 * plain.objective(X, even))
    gradient = 0.7 * plain.gradient(X, y) + 0.3 * plain.gradient(X, even)
    np.testing.assert_allclose(model.gradient(X, y), gradient, rtol=1e-10, atol=1e-12)
    for metric in ("accuracy", "auc"):
        assert _of_classes(0.8)[0].evaluate(X, y)[metric] == plain.evaluate(X, y)[metric]


def test_smoothing_is_saved(tmp_path: Any) -> None:
    model, X, y = _of_classes(0.3)
    model.save(tmp_path / "model.npz")
    assert st.load_model(tmp_path / "model.npz").objective(X, y) == model.objective(X, y)


def test_smoothing_is_that_of_torch(torch: Any) -> None:
    model, X, y = _of_classes(0.3)
    kernel, bias = model.get_weights()
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.3)
    theirs = float(loss(torch.tensor(X @ kernel + bias), torch.tensor(y)))
    assert model.objective(X, y) == pytest.approx(theirs, rel=1e-12)


def test_smoothing_is_that_of_keras(keras: Any) -> None:
    model, X, y = _of_classes(0.3)
    theirs = keras.losses.CategoricalCrossentropy(label_smoothing=0.3, from_logits=True)
    kernel, bias = model.get_weights()
    assert model.objective(X, y) == pytest.approx(float(theirs(np.eye(3)[y], X @ kernel + bias)), rel=1e-6)
