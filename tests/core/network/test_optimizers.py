"""Optimizers in a training: whole steps by hand, what they remember, and the same path as PyTorch's and Keras's."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit, optimizers
from scratchtune.core.configured import known_classes
from scratchtune.core.network.layers.base import Weight
from scratchtune.core.network.saving import described, remade

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
EVERY = {kind.__name__.lower(): kind for kind in known_classes(st.Optimizer).values()
         if kind.__module__.startswith("scratchtune.")} | {  # each with its default arguments, and these
    "sgd": lambda: st.SGD(0.05), "momentum": lambda: st.SGD(0.05, momentum=0.9),
    "nesterov": lambda: st.SGD(0.05, momentum=0.9, nesterov=True), "rmsprop": lambda: st.RMSprop(0.01),
    "rmsprop_momentum": lambda: st.RMSprop(0.01, momentum=0.5), "adam": lambda: st.Adam(0.01),
    "decay": lambda: st.Adam(0.01, decay=0.1, weight_decay=0.1),
    "adamw": lambda: st.AdamW(0.01, weight_decay_excludes=["bias"]), "nadam": lambda: st.Nadam(0.01),
    "lion": lambda: st.Lion(0.001), "clipvalue": lambda: st.SGD(0.05, clipvalue=0.1),
    "clipnorm": lambda: st.Adam(0.01, clipnorm=0.1), "global_clipnorm": lambda: st.RMSprop(0.01, global_clipnorm=0.1),
}


def _line(optimizer: Any) -> st.Sequential:
    """y = w x + b with w = 0.5, b = 0: the smallest network."""
    model = st.Sequential([st.Dense(1)], dtype="float64")
    model.compile(optimizer, "mse")
    model.build((None, 1))
    model.theta[:] = [0.5, 0.0]
    return model


def _net(optimizer: Any, dtype: str = "float64") -> st.Sequential:
    model = st.Sequential([st.Dense(5, "tanh"), st.Dense(2)], dtype=dtype, seed=1)
    model.compile(optimizer, "mse")
    model.build((None, 3))
    return model


def test_two_steps_of_gradient_descent_by_hand() -> None:
    """One row, x = 2, target 3, learning rate 0.1.

    Step 1: output 0.5 * 2 + 0 = 1, error -2, J = 4. dJ/dw = 2 * -2 * 2 = -8, dJ/db = 2 * -2 = -4.
            w = 0.5 + 0.8 = 1.3, b = 0.4.
    Step 2: output 2.6 + 0.4 = 3: no error, J = 0, nothing moves.
    """
    model = _line(st.SGD(0.1))
    history = model.fit([[2.0]], [3.0], epochs=2)
    np.testing.assert_allclose(history.history["loss"], [4.0, 0.0], atol=1e-30)
    np.testing.assert_allclose(model.theta, [1.3, 0.4], rtol=1e-15)


def test_momentum_goes_on_by_hand() -> None:
    """As above with learning rate 0.05 and momentum 0.5.

    Step 1: v = (0.4, 0.2), theta = (0.9, 0.2). Step 2: output 2, error -1, gradient (-4, -2),
    v = 0.5 * (0.4, 0.2) + (0.2, 0.1) = (0.4, 0.2), theta = (1.3, 0.4); Nesterov looks further ahead.
    """
    model = _line(st.SGD(0.05, momentum=0.5))
    model.fit([[2.0]], [3.0], epochs=2)
    np.testing.assert_allclose(model.theta, [1.3, 0.4], rtol=1e-15)


def test_the_first_step_of_nesterov_by_hand() -> None:
    """v = -0.05 * (-8, -4) = (0.4, 0.2); theta moves by 0.5 * v + (0.4, 0.2) = (0.6, 0.3)."""
    model = _line(st.SGD(0.05, momentum=0.5, nesterov=True))
    model.fit([[2.0]], [3.0])
    np.testing.assert_allclose(model.theta, [1.1, 0.3], rtol=1e-15)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient() -> None:
    """m / (1 - beta_1) = g and v / (1 - beta_2) = g^2, so the step is alpha * g / |g|, but for epsilon."""
    model = _line(st.Adam(0.1))
    model.fit([[2.0]], [3.0])
    np.testing.assert_allclose(model.theta, [0.6, 0.1], rtol=1e-7)


def test_the_first_step_of_rmsprop_by_hand() -> None:
    """v = 0.1 * g^2, so the step is alpha / sqrt(0.1)."""
    model = _line(st.RMSprop(0.1, rho=0.9, epsilon=1e-30))
    model.fit([[2.0]], [3.0])
    np.testing.assert_allclose(model.theta, [0.5 + 0.1 / np.sqrt(0.1), 0.1 / np.sqrt(0.1)], rtol=1e-14)


def test_weight_decay_and_decay_by_hand() -> None:
    """Step 1 at rate 0.1: w = 0.5 * (1 - 0.1 * 0.2) + 0.8 = 1.29, b = 0.4. Step 2 has the rate 0.1 / 2 = 0.05:

    output 2.98, error -0.02, gradient (-0.08, -0.04): w = 1.29 * 0.99 + 0.004, b = 0.4 * 0.99 + 0.002.
    """
    model = _line(st.SGD(0.1, decay=1.0, weight_decay=0.2))
    model.fit([[2.0]], [3.0], epochs=2)
    np.testing.assert_allclose(model.theta, [1.29 * 0.99 + 0.004, 0.4 * 0.99 + 0.002], rtol=1e-13)


def test_the_first_steps_of_adamw_nadam_and_lion_by_hand() -> None:
    """The gradient of the first step is (-8, -4), theta (0.5, 0), the learning rate 0.1.

    AdamW: w = 0.5 * (1 - 0.1 * 0.2), then both numbers move by 0.1, as with Adam.
    Nadam with beta_1 = 0.5: momenta 0.5 * (1 - 0.96 / 2) = 0.26 and 0.5 * (1 - 0.96^2 / 2) = 0.2696, m = g / 2. The
    direction is 0.2696 * g / 2 / (1 - 0.26 * 0.2696) + 0.74 * g / 0.74 = 1.144961 g, divided by |g|.
    Lion: m is 0, so theta moves by 0.1 against the sign of g.
    """
    for optimizer, expected in (
        (st.AdamW(0.1, weight_decay=0.2), [0.59, 0.1]), (st.Lion(0.1), [0.6, 0.1]),
        (st.Nadam(0.1, beta_1=0.5), [0.6144961, 0.1144961]),
    ):
        model = _line(optimizer)
        model.fit([[2.0]], [3.0])
        np.testing.assert_allclose(model.theta, expected, rtol=1e-6)


def test_nadam_forgets_the_first_momenta_after_a_thousand_steps() -> None:
    """From step 1000 on the momentum is beta_1, so the product of all is a power of it: the same as step by step."""
    beta, theta, slots = 0.999, np.array([1.0]), np.array([[0.5], [0.25]])
    moments, product = slots.copy(), 1.0
    for step in range(1, 1501):
        product *= beta * (1.0 - 0.5 * 0.96**step)
    expected, betas = theta.copy(), (beta, 0.9, beta, beta, product)
    optimizers.nadam(expected, np.array([2.0]), *moments, 0.1, betas, 1e-7, 1500)
    optimizers.nadam_update(theta, np.array([2.0]), slots, np.array([beta, 0.9, 1e-7]), 0.1, 1500)
    np.testing.assert_allclose(theta, expected, rtol=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_a_second_fit_goes_on_bit_for_bit(name: str) -> None:
    whole, parts = _net(EVERY[name]()), _net(EVERY[name]())
    whole.fit(X, Y, batch_size=5, epochs=3)
    parts.fit(X, Y, batch_size=5, epochs=2)
    parts.fit(X, Y, batch_size=5, epochs=1)
    assert (whole.theta == parts.theta).all() and whole.optimizer_step == parts.optimizer_step == 9


def test_compiling_again_forgets() -> None:
    model = _net(st.Adam(0.01))
    model.fit(X, Y, epochs=2)
    start = model.get_weights()
    model.compile(st.Adam(0.01), "mse")
    model.fit(X, Y)
    fresh = _net(st.Adam(0.01))
    fresh.set_weights(start)
    fresh.fit(X, Y)
    assert (model.theta == fresh.theta).all()


@pytest.mark.parametrize("name", EVERY)
def test_float32_stays_float32_and_follows_float64(name: str) -> None:
    narrow, wide = _net(EVERY[name](), "float32"), _net(EVERY[name]())
    for model in (narrow, wide):
        model.fit(X, Y, batch_size=5, epochs=3)
    assert narrow.theta.dtype == np.float32
    np.testing.assert_allclose(narrow.theta, wide.theta, rtol=1e-3, atol=1e-4)


def test_a_model_has_an_optimizer_of_its_own() -> None:
    shared = st.Adam(0.01)
    first, second = _net(shared), _net(shared)
    assert first.optimizer is not shared and first.optimizer is not second.optimizer
    first.fit(X, Y)
    second.fit(X, Y)
    assert (first.theta == second.theta).all()


def test_names_defaults_and_how_it_shows_itself() -> None:
    defaults = {"sgd": 0.01, "rmsprop": 0.001, "Adam": 0.001}
    assert {name: optimizers.get(name).learning_rate for name in defaults} == defaults
    adam = optimizers.get("adam")
    assert isinstance(adam, st.Adam) and adam.settings == (0.9, 0.999, 1e-8)
    assert repr(st.SGD(0.1, momentum=0.9)) == "SGD(learning_rate=0.1, momentum=0.9)"
    assert st.SGD(0.1, momentum=0.9).fresh(learning_rate=0.2).config == {"learning_rate": 0.2, "momentum": 0.9}


# Clipping of gradients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, penalty, expected", [
    ({"clipnorm": 2.0}, None, [0.7, 0.2]), ({"global_clipnorm": np.sqrt(5.0)}, None, [0.7, 0.1]),
    ({"clipnorm": 5.0}, None, [1.0, 0.4]), ({"clipnorm": 2.0}, st.L2(8.0), [0.5, 0.2]),
    ({"global_clipnorm": np.sqrt(2.0)}, st.L2(4.0), [0.6, 0.1]),
])
def test_clipping_by_hand(arguments: Any, penalty: Any, expected: list[float]) -> None:
    """The gradient of the first step is (-8, -4), of a kernel and a bias; the norm of both together is sqrt(80).

    clipnorm 2: (-2, -2); global_clipnorm sqrt(5): a quarter, (-2, -1); clipnorm 5: (-5, -4). The rate is 0.1.
    With the penalty 8 w^2 it is (-8 + 16 * 0.5, -4) = (0, -4), with 4 w^2 it is (-4, -4): the penalty is clipped too.
    """
    model = _line(st.SGD(0.1, **arguments))
    model.compile(st.SGD(0.1, **arguments), "mse", penalty=penalty)
    model.fit([[2.0]], [3.0], verbose=0)
    np.testing.assert_allclose(model.theta, expected, rtol=1e-14)


@pytest.mark.parametrize("argument", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_that_are_short_enough_keep_their_bits(argument: str, dtype: str) -> None:
    plain, clipped = _net(st.Adam(0.01), dtype), _net(st.Adam(0.01, **{argument: 1e6}), dtype)
    for model in (plain, clipped):
        model.fit(X, Y, batch_size=5, epochs=3, verbose=0)
    assert (plain.theta == clipped.theta).all()


def test_a_clipped_gradient_does_not_overflow_in_float32() -> None:
    """The squares would be infinite in single precision: the norm is computed in double precision."""
    grad = np.array([3e30, 4e30], np.float32)
    norm = optimizers.clip_by_norm(grad, 1.0)
    np.testing.assert_allclose(norm, 5e30, rtol=1e-6)
    np.testing.assert_allclose(grad, [0.6, 0.8], rtol=1e-6)


def test_clipping_is_shown_saved_and_tuned(tmp_path: Any) -> None:
    model = _net(st.Adam(0.01, clipnorm=0.05))
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert repr(loaded.optimizer) == repr(model.optimizer) == "Adam(learning_rate=0.01, clipnorm=0.05)"
    for each in (model, loaded):
        each.fit(X, Y, epochs=2, verbose=0)
    assert (loaded.theta == model.theta).all()
    tuned, _ = _net(st.Adam(0.01)).configured({"global_clipnorm": 0.5})
    assert tuned.optimizer is not None and tuned.optimizer.global_clipnorm == 0.5
    with pytest.raises(ValueError, match="clipnorm is 0.05 and global_clipnorm is 0.5; at most one"):
        model.configured({"global_clipnorm": 0.5})


@pytest.mark.parametrize("argument", ["clipnorm", "global_clipnorm"])
def test_clipped_gradients_are_those_of_keras(argument: str, monkeypatch: pytest.MonkeyPatch, keras: Any) -> None:
    from keras.src.backend.common import dtypes

    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    rng = np.random.default_rng(4)
    model = _net(st.SGD(1.0, **{argument: 0.5}))
    weights = model.get_weights()
    gradients = [rng.normal(size=weight.shape) * size for weight, size in zip(weights, (1, 0.01, 2, 1), strict=True)]
    variables = [keras.Variable(weight, dtype="float64") for weight in weights]
    theirs = keras.optimizers.SGD(1.0, **{argument: 0.5})
    theirs.apply([keras.ops.convert_to_tensor(gradient, "float64") for gradient in gradients], variables)
    parts = gradients if argument == "clipnorm" else [np.concatenate([part.ravel() for part in gradients])]
    clipped = [part.ravel().copy() for part in parts]
    for part in clipped:
        optimizers.clip_by_norm(part, 0.5)
    moved = np.concatenate([weight.ravel() for weight in weights]) - np.concatenate(clipped)
    expected = np.concatenate([keras.ops.convert_to_numpy(variable.value).ravel() for variable in variables])
    np.testing.assert_allclose(moved, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("argument", ["clipnorm", "global_clipnorm"])
def test_twelve_clipped_steps_are_pytorchs(argument: str) -> None:
    """Its clip_grad_norm_ adds 1e-6 to the norm; taken out of the largest norm, nothing else differs."""
    torch = pytest.importorskip("torch")
    model = _net(st.SGD(0.5, **{argument: 0.3}))
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    theirs, clipped = torch.optim.SGD(weights, 0.5), 0
    model.fit(X, Y, batch_size=4, epochs=4, shuffle=False, verbose=0)
    for step in range(12):
        rows = slice(step % 3 * 4, step % 3 * 4 + 4)
        hidden = torch.tanh(torch.tensor(X[rows]) @ weights[0] + weights[1])
        loss = ((hidden @ weights[2] + weights[3] - torch.tensor(Y[rows])) ** 2).mean()
        theirs.zero_grad()
        loss.backward()
        for group in ([weights] if argument == "global_clipnorm" else [[weight] for weight in weights]):
            norm = float(torch.sqrt(sum((weight.grad**2).sum() for weight in group)))
            clipped += norm > 0.3
            if norm > 0.3:
                torch.nn.utils.clip_grad_norm_(group, 0.3 * (norm + 1e-6) / norm)
        theirs.step()
    assert clipped > 5
    for ours, weight in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, weight.detach().numpy(), rtol=1e-8, atol=1e-10)


def test_clipping_by_value_by_hand() -> None:
    """The gradient (-8, -4) becomes (-5, -4), the rate is 0.1; NaN stays NaN."""
    model = _line(st.SGD(0.1, clipvalue=5.0))
    model.fit([[2.0]], [3.0], verbose=0)
    np.testing.assert_allclose(model.theta, [1.0, 0.4], rtol=1e-14)
    grad = np.array([np.nan, -9.0])
    optimizers.clip_by_value(grad, 1.0)
    assert np.isnan(grad[0]) and grad[1] == -1.0


# Masks and parts of one's own -----------------------------------------------------------------------------------------


def _normalised(optimizer: Any) -> st.Sequential:
    """A network with kernels, biases and a normalisation's gamma and beta, after a step."""
    model = st.Sequential([st.Dense(4), st.LayerNormalization(), st.Dense(2)], "float64", seed=1)
    model.compile(optimizer, "mse")
    model.build((None, 3))
    model.theta += 1.0  # so that no bias is 0
    model.fit(X, Y, batch_size=12, verbose=0)
    return model


def test_weight_decay_leaves_out_what_is_excluded() -> None:
    """Beside kernels, which shrink by the rate times the decay, no number differs from a step without decay."""
    plain, before = _normalised(st.SGD(0.5)), _normalised(st.SGD(1e-300)).get_weights()
    masked = st.SGD(0.5, weight_decay=0.2)
    masked.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    decayed, every = _normalised(masked), _normalised(st.SGD(0.5, weight_decay=0.2))
    shrunk = [array.ndim == 2 for array in before]
    for number, start in enumerate(before):
        for model, decays in ((decayed, shrunk[number]), (every, True)):
            wanted = plain.get_weights()[number] - 0.1 * start * decays
            np.testing.assert_allclose(model.get_weights()[number], wanted, rtol=1e-9, atol=1e-12)
    assert sum(shrunk) == 2 and len(shrunk) == 6


def test_a_mask_of_weight_decay_is_shown_saved_and_copied(tmp_path: Path) -> None:
    model = _normalised(st.AdamW(weight_decay_excludes=["bias", "gamma", "beta"]))
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert repr(loaded.optimizer) == repr(model.optimizer) == repr(model.fresh().optimizer)
    for each in (model, loaded):
        each.fit(X, Y, epochs=2, verbose=0)
    assert (model.theta == loaded.theta).all()


@jit.update
def centred_update(theta, grad, slots, settings, rate, step):
    """Take the mean of the gradient away: of a link's range, here of each array of weights."""
    mean = grad.dtype.type(grad.mean())
    for i in range(grad.size):
        grad[i] -= mean


class Centred(st.SGD):
    """Gradient centralisation of kernels, before the rest of the chain: a part of one's own."""

    def parts(self) -> list[optimizers.Part]:
        return [optimizers.Part(centred_update, covers=lambda weight: weight.name == "kernel", alone=True),
                *super().parts()]


def test_a_part_of_ones_own_runs_on_the_arrays_that_it_covers() -> None:
    plain, centred = _net(st.SGD(0.5)), _net(Centred(0.5))
    start = plain.get_weights()
    for model in (plain, centred):
        model.fit(X, Y, batch_size=12, verbose=0)
    for before, ours, without in zip(start, centred.get_weights(), plain.get_weights(), strict=True):
        step = without - before
        np.testing.assert_allclose(ours - before, step - step.mean() * (step.ndim == 2), rtol=1e-9, atol=1e-12)


def test_neighbouring_arrays_are_one_range_unless_a_part_runs_on_each_alone() -> None:
    weights = _net("sgd").program.ranges()
    whole, alone = (optimizers.Part(centred_update, alone=alone).links(weights) for alone in (False, True))
    kernels = optimizers.Part(centred_update, covers=lambda weight: not weight.is_bias).links(weights)
    assert [link[1:] for link in whole] == [(0, 32)]
    assert [link[1:] for link in alone] == [(0, 15), (15, 20), (20, 30), (30, 32)]
    assert [link[1:] for link in kernels] == [(0, 15), (20, 30)]


def test_a_file_of_before_an_optimizer_s_later_arguments_is_read() -> None:
    stored = described(st.Adam(0.01))
    stored["defaults"] = [name for name in stored["defaults"] if name not in st.Adam.later]
    assert repr(remade(st.Optimizer, stored)) == "Adam(learning_rate=0.01)"


# Averages of theta, learning rates of single arrays -------------------------------------------------------------------

OPTIMIZERS: dict[str, Any] = {
    "sgd": (st.SGD, {}), "momentum": (st.SGD, {"momentum": 0.9}),
    "nesterov": (st.SGD, {"momentum": 0.9, "nesterov": True}), "rmsprop": (st.RMSprop, {}),
    "rmsprop_momentum": (st.RMSprop, {"momentum": 0.5}), "adam": (st.Adam, {})}


def fitted(optimizer: Any, epochs: int = 6, dtype: str = "float64") -> st.Sequential:
    """Some epochs of one full batch each."""
    model = st.Sequential([st.Dense(4, "tanh"), st.Dense(2)], dtype=dtype, seed=1)
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=12, epochs=epochs, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_average_is_that_of_the_thetas_after_each_step(name: str) -> None:
    make, options = OPTIMIZERS[name]
    thetas = [fitted(make(0.01, **options), steps).theta.copy() for steps in range(1, 7)]
    average = thetas[0]
    for theta in thetas[1:]:
        average = 0.75 * average + 0.25 * theta
    averaged = fitted(make(0.01, **options, use_ema=True, ema_momentum=0.75))
    np.testing.assert_allclose(averaged.theta, average, rtol=1e-12)


def test_the_average_is_evaluated_and_restored_by_early_stopping() -> None:
    model = st.Sequential([st.Dense(8, "relu"), st.Dense(2)], "float64", seed=1)
    model.compile(st.Adam(0.05, use_ema=True, ema_momentum=0.5), "mse")
    history = model.fit(X[:8], Y[:8], batch_size=2, epochs=30, validation_data=(X[8:], Y[8:]), verbose=0,
                        callbacks=[st.EarlyStopping(patience=3, restore_best_weights=True)]).history
    assert model.evaluate(X[8:], Y[8:])["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-6)
    assert len(history["loss"]) < 30


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_averages_are_saved(dtype: str, tmp_path: Path) -> None:
    model = fitted(st.Adam(0.01, use_ema=True), dtype=dtype)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    for part in (model, loaded):
        part.fit(X, Y, epochs=2, verbose=0)
    assert np.array_equal(model.theta, loaded.theta)


def test_the_average_is_that_of_keras(keras: Any) -> None:
    start, gradients = RNG.normal(size=5), RNG.normal(size=(7, 5))
    variable = keras.Variable(start, dtype="float64")
    theirs = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.75)
    theta, average, ours = start.copy(), np.zeros((1, 5)), st.SGD(0.1, use_ema=True, ema_momentum=0.75)
    for step, gradient in enumerate(gradients, 1):
        theirs.apply([keras.ops.convert_to_tensor(gradient, "float64")], [variable])
        for part in ours.parts():
            part.update(theta, gradient, average, part.settings, 0.1, step)
    theirs.finalize_variable_values([variable])
    np.testing.assert_allclose(average[0], keras.ops.convert_to_numpy(variable.value), rtol=1e-6)


# The learning rate ----------------------------------------------------------------------------------------------------


def test_the_learning_rate_has_one_owner(tmp_path: Path) -> None:
    """What is set is what is shown, used, copied and saved."""
    model = _net(st.Adam(beta_1=0.8))
    optimizer = model.optimizer
    assert optimizer is not None and repr(optimizer) == "Adam(beta_1=0.8)" and optimizer.learning_rate == 0.001
    optimizer.learning_rate = 0.02
    assert repr(optimizer) == "Adam(learning_rate=0.02, beta_1=0.8)" and optimizer.rates(0, 2).tolist() == [0.02, 0.02]
    model.save(tmp_path / "model.npz")
    for copy in (st.load_model(tmp_path / "model.npz"), model.fresh(), pickle.loads(pickle.dumps(model))):
        assert repr(copy.optimizer) == repr(optimizer) and copy.optimizer.learning_rate == 0.02
    with pytest.raises(ValueError, match="learning_rate is 0.0; it must be a finite number above 0"):
        optimizer.learning_rate = 0.0


# The same path as the frameworks' -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam", "adamw", "clipvalue"])
def test_twelve_steps_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    model = _net(st.AdamW(0.01, weight_decay=0.1) if name == "adamw" else EVERY[name]())
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    theirs = {
        "sgd": lambda: torch.optim.SGD(weights, 0.05), "momentum": lambda: torch.optim.SGD(weights, 0.05, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(weights, 0.05, momentum=0.9, nesterov=True),
        "adam": lambda: torch.optim.Adam(weights, 0.01),
        "adamw": lambda: torch.optim.AdamW(weights, 0.01, weight_decay=0.1),
        "clipvalue": lambda: torch.optim.SGD(weights, 0.05),
    }[name]()
    model.fit(X, Y, batch_size=4, epochs=4, shuffle=False)
    for step in range(12):
        rows = slice(step % 3 * 4, step % 3 * 4 + 4)
        hidden = torch.tanh(torch.tensor(X[rows]) @ weights[0] + weights[1])
        loss = ((hidden @ weights[2] + weights[3] - torch.tensor(Y[rows])) ** 2).mean()
        theirs.zero_grad()
        loss.backward()
        if name == "clipvalue":
            torch.nn.utils.clip_grad_value_(weights, 0.1)
        theirs.step()
    for ours, weight in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, weight.detach().numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "rmsprop_momentum", "adam", "nadam", "lion"])
def test_twelve_steps_are_those_of_keras(name: str, keras: Any) -> None:
    """In float32, which Keras's optimizers compute in by default; its Adam places epsilon elsewhere."""
    theirs = {
        "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
        "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
        "rmsprop_momentum": lambda: keras.optimizers.RMSprop(0.01, momentum=0.5),
        "adam": lambda: keras.optimizers.Adam(0.01, epsilon=1e-8), "nadam": lambda: keras.optimizers.Nadam(0.01),
        "lion": lambda: keras.optimizers.Lion(0.001),
    }[name]()
    ours, gradients = EVERY[name](), np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
    theta, slots = np.array([1.0, -2.0, 0.0], np.float32), np.zeros((2, 3), np.float32)
    variable = keras.Variable(theta)
    for step, gradient in enumerate(gradients, 1):
        ours.update(theta, gradient, slots, np.array(ours.settings), ours.learning_rate, step)
        theirs.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    np.testing.assert_allclose(theta, keras.ops.convert_to_numpy(variable.value), rtol=2e-4)


def test_excluded_weights_are_those_of_keras(keras: Any) -> None:
    """AdamW with a mask: Keras looks for the names in the path of each variable."""
    start, gradients = [np.array([1.0, -2.0], np.float32), np.array([3.0], np.float32)], [[0.1, -0.3], [0.2]]
    variables = [keras.Variable(array, name=name) for array, name in zip(start, ("kernel", "bias"), strict=True)]
    theirs = keras.optimizers.AdamW(0.01, weight_decay=0.5, epsilon=1e-8)
    theirs.exclude_from_weight_decay(var_names=["bias"])
    theirs.apply([keras.ops.convert_to_tensor(np.array(one, np.float32)) for one in gradients], variables)
    ours = st.AdamW(0.01, weight_decay=0.5, weight_decay_excludes=["bias"])
    weights = [(Weight(name, (size,), "zeros", (1, 1), False), first, first + size)
               for name, first, size in (("kernel", 0, 2), ("bias", 2, 1))]
    theta, gradient = np.concatenate(start), np.concatenate(gradients).astype(np.float32)
    for part, first, stop in ours.chain(weights):
        slots = np.zeros((2, stop - first), np.float32)
        part.update(theta[first:stop], gradient[first:stop], slots, np.array(part.settings), 0.01, 1)
    expected = np.concatenate([keras.ops.convert_to_numpy(variable.value) for variable in variables])
    np.testing.assert_allclose(theta, expected, rtol=1e-5)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.SGD(-0.1), ValueError, "learning_rate is -0.1; it must be a finite number above 0"),
    (lambda: st.Adam(float("inf")), ValueError, "learning_rate is inf"),
    (lambda: st.Adam("fast"), TypeError, "learning_rate is 'fast'"),
    (lambda: st.SGD(momentum=1.5), ValueError, "momentum is 1.5"),
    (lambda: st.Adam(beta_1=1.0), ValueError, "beta_1 is 1.0"),
    (lambda: st.RMSprop(decay=-1.0), ValueError, "decay is -1.0"),
    (lambda: st.Adam(weight_decay=-1.0), ValueError, "weight_decay is -1.0"),
    (lambda: st.Adam(clipnorm=0.0), ValueError, "clipnorm is 0.0; it must be a finite number above 0"),
    (lambda: st.SGD(global_clipnorm="1"), TypeError, "global_clipnorm is '1'"),
    (lambda: st.RMSprop(clipnorm=1.0, global_clipnorm=2.0), ValueError,
     "clipnorm is 1.0 and global_clipnorm is 2.0; at most one of them may be given"),
    (lambda: st.SGD(0.01, use_ema=True, ema_momentum=1.0), ValueError, r"ema_momentum is 1.0; it must be a finite num"),
    (lambda: st.SGD(clipvalue=-1.0), ValueError, "clipvalue is -1.0; it must be a finite number above 0"),
    (lambda: st.AdamW(weight_decay_excludes="bias"), TypeError, "weight_decay_excludes is 'bias'; it must be a list"),
    (lambda: st.AdamW(weight_decay_excludes=["("]), ValueError, "each must be a regular expression"),
    (lambda: optimizers.get("adamm"), ValueError, "optimizer is 'adamm'.*did you mean 'adam'"),
    (lambda: optimizers.get(3), TypeError, "optimizer is 3; it must be a name"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
