"""Parts of one's own, without touching the package: a layer (two kernels, a small class), an optimizer, a searcher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit

# A layer --------------------------------------------------------------------------------------------------------------


@jit.forward
def scaled_power_forward(integers, reals, theta, state, x, y, work, training, step, key):
    power, offset = integers[0], reals[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            work[i * x.shape[1] + j] = theta[j] * x[i, j] + offset
            y[i, j] = work[i * x.shape[1] + j] ** power


@jit.backward
def scaled_power_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    power = integers[0]
    for j in range(x.shape[1]):
        dtheta[j] = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            inner = dy[i, j] * power * work[i * x.shape[1] + j] ** (power - 1)
            dtheta[j] += inner * x[i, j]
            if dx.size > 0:
                dx[i, j] = inner * theta[j]


class ScaledPower(st.Layer):
    """y = (w * x + offset)^power, a weight w for each input."""

    forward, backward = scaled_power_forward, scaled_power_backward

    def __init__(self, power: int = 2, offset: float = 0.0) -> None:
        self.power, self.offset = power, offset

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        self.add_weight("scale", input_shape, "ones")
        return input_shape

    def integers(self) -> list[int]:
        return [self.power]

    def reals(self) -> list[float]:
        return [self.offset]

    def work_size(self, rows: int) -> int:
        return rows * self.input_shape[0]


X, Y = np.random.default_rng(0).normal(size=(9, 3)), np.random.default_rng(1).normal(size=(9, 2))


def _model(*layers: st.Layer, dtype: str = "float64", **compiled: Any) -> st.Sequential:
    model = st.Sequential(layers, dtype=dtype, seed=2)
    model.compile(**{"optimizer": st.Adam(0.05), "loss": "mse"} | compiled)
    model.build((None, 3))
    return model


def test_a_layer_of_ones_own_by_hand() -> None:
    """w = (2, 3, 1), offset 1: x = (1, 1, -1) gives (3, 4, 0)^2 = (9, 16, 0)."""
    model = _model(ScaledPower(2, 1.0))
    model.set_weights([[2.0, 3.0, 1.0]])
    assert model.predict([[1.0, 1.0, -1.0]]).tolist() == [[9.0, 16.0, 0.0]]


@pytest.mark.parametrize("layers", [
    (ScaledPower(), st.Dense(2)), (st.Dense(5, "tanh"), ScaledPower(3, 0.5), st.Dense(2)),
    (st.Dense(2), ScaledPower(2, 0.1)),
], ids=["first", "middle", "last"])
def test_its_gradient_is_that_of_central_differences(layers: Any) -> None:
    model = _model(*(layer.fresh() for layer in layers), penalty=st.L2(0.01))
    model.theta += 0.1
    gradient = model.gradient(X, Y)
    for i in range(model.theta.size):
        kept = model.theta[i]
        model.theta[i] = kept + 1e-6
        up = model.objective(X, Y)
        model.theta[i] = kept - 1e-6
        assert gradient[i] == pytest.approx((up - model.objective(X, Y)) / 2e-6, rel=1e-5, abs=1e-7)
        model.theta[i] = kept


def test_it_is_shown_copied_and_saved(tmp_path: Path, capsys: Any) -> None:
    model = _model(ScaledPower(3, offset=0.25), st.Dense(2))
    model.fit(X, Y)
    model.summary()
    assert "ScaledPower(power=3, offset=0.25)" in capsys.readouterr().out
    model.save(tmp_path / "model")
    loaded = st.load_model(tmp_path / "model")
    assert (loaded.predict(X) == model.predict(X)).all()
    copy = model.fresh()
    copy.fit(X, Y)
    assert (copy.theta == model.theta).all()


def test_a_search_may_tune_it() -> None:
    def build(params: dict[str, Any]) -> st.Sequential:
        model = st.Sequential([ScaledPower(params["power"]), st.Dense(2)], dtype="float64")
        model.compile("adam", "mse")
        return model

    search = st.GridSearchCV(build, {"power": [1, 2]}, cv=3).fit(X, Y)
    assert [params["power"] for params in search.cv_results_["params"]] == [1, 2]


def test_a_kernel_with_other_arguments_is_refused_with_those_it_should_have() -> None:
    with pytest.raises(TypeError, match=r"wrong has the arguments \(x, y\); a forward kernel must have \(integers"):
        @jit.forward
        def wrong(x, y):
            y[:] = x


def test_a_layer_without_build_says_so() -> None:
    class Unfinished(st.Layer):
        forward, backward = scaled_power_forward, scaled_power_backward

    with pytest.raises(NotImplementedError, match="Unfinished has no method build"):
        _model(Unfinished())


# A layer that keeps something between steps ---------------------------------------------------------------------------


@jit.forward
def counting_forward(integers, reals, theta, state, x, y, work, training, step, key):
    if training:
        state[0] += x.shape[0]
    y[:, :] = x


@jit.backward
def counting_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    if dx.size > 0:
        dx[:, :] = dy


class Counting(st.Layer):
    """Hands everything on, and counts the rows that it was trained on."""

    forward, backward = counting_forward, counting_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def state(self) -> list[float]:
        return [100.0]


def test_state_lives_beside_theta_and_comes_last_in_get_weights(tmp_path: Path) -> None:
    model = _model(Counting(), st.Dense(2))
    model.fit(X, Y, batch_size=4, epochs=2)
    model.predict(X)
    assert model.theta.size == 8 and model.get_weights()[-1].tolist() == [118.0]
    model.save(tmp_path / "model")
    loaded = st.load_model(tmp_path / "model")
    assert loaded.get_weights()[-1].tolist() == [118.0]
    loaded.set_weights([*loaded.get_weights()[:-1], [7.0]])
    assert loaded.get_weights()[-1].tolist() == [7.0]
    loaded.build((None, 3))
    assert loaded.get_weights()[-1].tolist() == [100.0]


# An optimizer ---------------------------------------------------------------------------------------------------------


@jit.update
def sign_update(theta, grad, slots, settings, rate, step):
    for i in range(theta.size):
        slots[0, i] += 1.0
        theta[i] -= rate * np.sign(grad[i])


class SignDescent(st.Optimizer):
    """A step of the learning rate against the sign of each slope."""

    update, slots = sign_update, 1


def test_an_optimizer_of_ones_own_by_hand_and_by_name() -> None:
    model, named = _model(st.Dense(2), optimizer=SignDescent(0.5)), _model(st.Dense(2), optimizer="signdescent")
    before, slope = model.theta.copy(), model.gradient(X, Y)
    model.fit(X, Y, batch_size=9)
    assert (model.theta == before - 0.5 * np.sign(slope)).all()
    assert isinstance(named.optimizer, SignDescent) and named.optimizer.learning_rate == 0.01


def test_an_optimizer_of_ones_own_has_all_that_ours_have() -> None:
    """Three steps by hand: clipping changes no sign; decay and averaging are those of all of theta."""
    w, beta = 0.1, 0.5
    optimizer = SignDescent(0.1, weight_decay=w, clipnorm=1e-3, use_ema=True, ema_momentum=beta)
    model, stepped = _model(st.Dense(2), optimizer=optimizer), _model(st.Dense(2))
    average = np.zeros(8)
    for step in range(3):
        slope = stepped.gradient(X, Y)
        stepped.theta = stepped.theta * (1.0 - 0.1 * w) - 0.1 * np.sign(slope)
        average = stepped.theta.copy() if step == 0 else beta * average + (1.0 - beta) * stepped.theta
    model.fit(X, Y, batch_size=9, epochs=3, verbose=0)
    np.testing.assert_allclose(model.theta, average, rtol=1e-12)
    assert repr(model.optimizer) == (
        "SignDescent(learning_rate=0.1, weight_decay=0.1, clipnorm=0.001, use_ema=True, ema_momentum=0.5)")


class Scaled(st.Optimizer):
    """An argument of its own, and those of all optimizers."""

    update, slots = sign_update, 1

    def __init__(self, scale: float = 1.0, **common: Any) -> None:
        super().__init__(0.1 * scale, **common)
        self.settings = (scale,)


def test_arguments_of_all_optimizers_are_passed_on() -> None:
    optimizer = Scaled(0.5, clipnorm=2.0)
    assert optimizer.learning_rate == 0.05 and optimizer.clipnorm == 2.0
    assert Scaled.arguments()[:3] == ["scale", "learning_rate", "decay"] and "use_ema" in st.Adam.arguments()
    assert repr(optimizer) == "Scaled(scale=0.5, clipnorm=2.0)"
    with pytest.raises(TypeError, match=r"Scaled\(\) has no argument 'clipnrom', did you mean 'clipnorm'"):
        Scaled(clipnrom=1.0)


# A searcher -----------------------------------------------------------------------------------------------------------


class Halving(st.Searcher):
    """Goes half of the way from the best that was seen towards the centre, and says so."""

    def __init__(self, start: float = 1.0) -> None:
        self.start = start

    def needs(self, number: int) -> int:
        return max(0, number - 1)

    def suggest(
        self, space: Any, seen: Sequence[Any], pending: Sequence[dict[str, Any]], number: int, rng: np.random.Generator
    ) -> st.Suggestion:
        if not seen:
            return st.Suggestion(space.from_unit([self.start]), why={"rule": "start"})
        best = min(seen, key=lambda result: result.value)
        return st.Suggestion({"x": best.params["x"] / 2}, why={"rule": "half of trial", "of": best.number})


SPACE = {"x": st.Float(-8.0, 8.0)}


def test_a_searcher_of_ones_own_by_hand() -> None:
    """Trials 0 and 1 see nothing and start at 8; trial n sees the first n - 1 trials."""
    study = st.Study(SPACE, searcher=Halving()).run(lambda trial: trial.params["x"] ** 2, n_trials=6, progress=False)
    assert [trial.params["x"] for trial in study.trials] == [8.0, 8.0, 4.0, 4.0, 2.0, 2.0]
    assert study.best_value == 4.0 and study.trials[4].why == {"rule": "half of trial", "of": 2}
    assert "half of trial" in study.why(4) and repr(study.searcher) == "Halving(start=1.0)"


def test_four_workers_give_the_table_of_one() -> None:
    tables = []
    for n_jobs in (1, 4):
        study = st.tune(lambda trial: trial.params["x"] ** 2, SPACE, searcher=Halving(0.9), n_trials=12, n_jobs=n_jobs,
                        progress=False)
        tables.append([(trial.number, trial.params, trial.value, trial.why) for trial in study.trials])
    assert tables[0] == tables[1]


def test_a_suggestion_outside_the_space_is_refused() -> None:
    class Outside(st.Searcher):
        def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> st.Suggestion:
            return st.Suggestion({"x": 99.0})

    with pytest.raises(ValueError, match="x"):
        st.Study(SPACE, searcher=Outside()).ask()
