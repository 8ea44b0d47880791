"""Callbacks: epoch by epoch, what a training tells them, and Keras's callbacks on the same values."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network.callbacks import ModelCheckpoint, ReduceLROnPlateau

X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3


class Stand:
    """A stand-in for a model, whose only weight is the number of the epoch."""

    def __init__(self) -> None:
        self.weight, self.stop_training = np.zeros(1), False
        self.measured = ["loss", "accuracy", "val_loss", "val_accuracy"]

    def get_weights(self) -> list[np.ndarray]:
        return [self.weight.copy()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight[:] = weights[0]


def _driven(callback: Any, values: list[float], name: str = "val_loss") -> dict[str, float]:
    """Tell the callback one value an epoch until it stops; how many epochs that took, and what it left."""
    model = Stand()
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model
    callback.on_train_begin()
    epochs = 0
    for epoch, value in enumerate(values):
        model.weight[:] = epoch
        callback.on_epoch_end(epoch, {name: value})
        epochs += 1
        if model.stop_training:
            break
    callback.on_train_end()
    return {"epochs": epochs, "stopped_epoch": callback.stopped_epoch, "weights": float(model.weight[0])}


def _model(**settings: Any) -> st.Sequential:
    model = st.Sequential([st.Dense(4, "relu"), st.Dense(3, "softmax")], dtype="float64", **settings)
    model.compile(st.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def test_patience_by_hand() -> None:
    """3 2 1 is better each time; 5 and 5 are not, so with patience 2 epoch 4 (the fifth) is the last."""
    values = [3.0, 2.0, 1.0, 5.0, 5.0, 0.0]
    assert _driven(st.EarlyStopping(patience=2), values) == {"epochs": 5, "stopped_epoch": 4, "weights": 4.0}
    restored = _driven(st.EarlyStopping(patience=2, restore_best_weights=True), values)
    assert restored == {"epochs": 5, "stopped_epoch": 4, "weights": 2.0}


def test_min_delta_and_mode_by_hand() -> None:
    assert _driven(st.EarlyStopping(patience=1, min_delta=0.5), [3.0, 2.6, 1.0])["epochs"] == 2
    rising = {"mode": "max", "patience": 1}
    assert _driven(st.EarlyStopping(**rising), [1.0, 2.0, 1.5, 9.0])["epochs"] == 3
    assert _driven(st.EarlyStopping("val_accuracy", patience=1), [0.1, 0.2, 0.15, 0.9], "val_accuracy")["epochs"] == 3
    assert _driven(st.EarlyStopping(patience=1, start_from_epoch=3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])["epochs"] == 5


def test_a_first_value_that_is_nan_is_not_the_best() -> None:
    nan = float("nan")
    values = [nan, 3.0, 2.0, nan, 2.5]
    assert _driven(st.EarlyStopping(patience=2, restore_best_weights=True), values) == {
        "epochs": 5, "stopped_epoch": 4, "weights": 2.0}
    assert _driven(st.EarlyStopping(patience=2), [nan, nan, nan, 1.0])["epochs"] == 3
    assert _saved(ModelCheckpoint("{epoch}.npz", save_best_only=True), values) == [(1, "2.npz"), (2, "3.npz")]
    assert _rates(ReduceLROnPlateau(factor=0.5, patience=2), values) == [1.0, 1.0, 1.0, 1.0, 0.5]


def test_it_starts_afresh_with_every_fit() -> None:
    callback = st.EarlyStopping(patience=1)
    assert _driven(callback, [1.0, 2.0, 3.0]) == _driven(callback, [1.0, 2.0, 3.0])


def test_it_tells_on_stderr_if_asked(capsys: Any) -> None:
    _driven(st.EarlyStopping(patience=1, verbose=1), [1.0, 2.0])
    assert capsys.readouterr().err == "early stopping after epoch 2, best was epoch 1\n"


def test_a_training_stops_and_has_its_best_weights_back() -> None:
    """Labels by chance: validation gets worse soon."""
    model, watched = _model(), []

    class Watch(st.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            watched.append((logs["val_loss"], self.model.theta.copy()))

    stopping = st.EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(X[:6], Y[:6], epochs=500, validation_data=(X[6:], 2 - Y[6:]), callbacks=[Watch(), stopping])
    assert 4 <= len(history.epoch) < 500 and stopping.stopped_epoch == history.epoch[-1]
    best = int(np.argmin(history.history["val_loss"]))
    assert len(history.epoch) == best + 4 and (model.theta == watched[best][1]).all()


def test_what_a_callback_is_told_and_in_which_order() -> None:
    calls: list[Any] = []

    class Tell(st.Callback):
        def on_train_begin(self) -> None:
            calls.append(("begin", self.model.built))

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            calls.append((epoch, sorted(logs)))
            self.model.stop_training = epoch == 1

        def on_train_end(self) -> None:
            calls.append("end")

    history = _model().fit(X, Y, epochs=9, validation_split=0.25, callbacks=[Tell()])
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert calls == [("begin", True), (0, names), (1, names), "end"] and history.epoch == [0, 1]
    assert {type(value) for values in history.history.values() for value in values} == {float}


def test_a_callback_may_change_the_learning_rate() -> None:
    class Halve(st.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.model.optimizer.learning_rate /= 2.0

    changed, by_hand = _model(), _model()
    changed.fit(X, Y, epochs=2, callbacks=[Halve()])
    by_hand.fit(X, Y)
    by_hand.optimizer.learning_rate = 0.005
    by_hand.fit(X, Y)
    assert (changed.theta == by_hand.theta).all()


@pytest.mark.parametrize("restore", [False, True])
def test_keras_stops_at_the_same_epoch_with_the_same_weights(restore: bool, keras: Any) -> None:
    rng = np.random.default_rng(0)
    for case in range(150):
        values = [float(value) for value in rng.integers(0, 6, size=12)]
        if case % 10 == 0:
            values[int(rng.integers(12))] = float("nan")
        arguments = {
            "patience": int(rng.integers(0, 4)), "min_delta": float(rng.choice([0.0, 1.5])),
            "mode": str(rng.choice(["min", "max"])), "restore_best_weights": restore,
            "start_from_epoch": int(rng.choice([0, 0, 2])),
        }
        if math.isnan(values[arguments["start_from_epoch"]]):  # with Keras it stays the best value
            continue
        ours = _driven(st.EarlyStopping(**arguments), values)
        assert ours == _driven(keras.callbacks.EarlyStopping(**arguments), values), (values, arguments)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.EarlyStopping(patience=-1), ValueError, "patience is -1"),
    (lambda: st.EarlyStopping(mode="up"), ValueError, "mode is 'up'"),
    (lambda: st.EarlyStopping(min_delta="a"), TypeError, "min_delta is 'a'"),
    (lambda: st.EarlyStopping(restore_best_weights=1), TypeError, "restore_best_weights is 1"),
    (lambda: _model().fit(X, Y, callbacks=[st.EarlyStopping()]), ValueError,
     "monitor is 'val_loss'; this training measures loss, accuracy; give validation_data"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ReduceLROnPlateau ---------------------------------------------------------------------------------------------------


class _Rate:
    """A stand-in for an optimizer."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate


def _rates(callback: Any, values: list[float]) -> list[float]:
    """The learning rate after each epoch with one of these values, from 1."""
    model: Any = Stand()
    model.optimizer, rates = _Rate(1.0), []
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        logs = {"val_loss": value}
        before = model.optimizer.learning_rate
        callback.on_epoch_end(epoch, logs)
        assert logs["learning_rate"] == before
        rates.append(model.optimizer.learning_rate)
    return rates


def test_the_rate_is_reduced_by_hand() -> None:
    """Epoch 0 is the best; with patience 2 epochs 1 and 2 reduce the rate, and so do 3 and 4, to the least one."""
    reducing = ReduceLROnPlateau(factor=0.5, patience=2, min_lr=0.3)
    assert _rates(reducing, [1.0] * 6) == [1.0, 1.0, 0.5, 0.5, 0.3, 0.3]
    assert _rates(ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.2), [1.0, 0.9, 0.7]) == [1.0, 0.5, 0.5]


def test_keras_reduces_in_the_same_epochs(keras: Any) -> None:
    rng = np.random.default_rng(1)
    for case in range(100):
        values = [float(value) for value in rng.integers(0, 6, size=14)]
        if case % 10 == 0:
            values[int(rng.integers(14))] = float("nan")
        arguments = {
            "patience": int(rng.integers(0, 4)), "min_delta": float(rng.choice([0.0, 1.5])),
            "mode": str(rng.choice(["min", "max"])),
            "factor": float(rng.choice([0.5, 0.25])), "min_lr": float(rng.choice([0.0, 0.125]))}
        ours = _rates(ReduceLROnPlateau(**arguments), values)
        assert ours == _rates(keras.callbacks.ReduceLROnPlateau(**arguments), values), (values, arguments)


def test_a_reduced_rate_is_in_the_history_and_in_the_file(tmp_path: Any) -> None:
    """Training from the file continues with the reduced rate, with the same bits."""
    model = _model()
    reducing = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)
    history = model.fit(X, Y, epochs=3, callbacks=[reducing])
    assert history.history["learning_rate"] == [0.01, 0.01, 0.005] and model.optimizer.learning_rate == 0.0025
    assert list(history.history) == ["loss", "accuracy", "learning_rate"]
    model.save(tmp_path / "model.npz")
    found = st.load_model(tmp_path / "model.npz")
    for one in (model, found):
        one.fit(X, Y, epochs=2)
    assert (model.theta == found.theta).all() and found.optimizer.learning_rate == 0.0025
    assert model.fresh().optimizer.learning_rate == 0.0025


# ModelCheckpoint -----------------------------------------------------------------------------------------------------


def _saved(callback: Any, values: list[float]) -> list[tuple[int, str]]:
    """The epochs after which a callback saves, with the file's name, where these are the values of the epochs."""
    model: Any = Stand()
    saved: list[tuple[int, str]] = []
    model.save = lambda path, **_: saved.append((epoch, os.path.basename(path)))
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value, "val_accuracy": -value})
    return saved


def test_the_best_epochs_are_saved_by_hand(tmp_path: Any) -> None:
    name = str(tmp_path / "{epoch:02d}-{val_loss:.1f}.npz")
    values = [3.0, 4.0, 2.0, 2.0]
    assert _saved(ModelCheckpoint(name, save_best_only=True), values) == [(0, "01-3.0.npz"), (2, "03-2.0.npz")]
    assert len(_saved(ModelCheckpoint(name), values)) == 4
    assert _saved(ModelCheckpoint(name, "val_accuracy", save_best_only=True), values)[-1] == (2, "03-2.0.npz")


def test_keras_saves_the_same_epochs(tmp_path: Any, keras: Any) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        values = [float(value) for value in rng.integers(0, 6, size=9)]
        arguments = {"save_best_only": bool(rng.integers(2)), "mode": str(rng.choice(["min", "max"]))}
        made = [kind(str(tmp_path / "{epoch}-{val_loss:.2f}.keras"), **arguments)
                for kind in (ModelCheckpoint, keras.callbacks.ModelCheckpoint)]
        for _ in range(2):  # a second fit: the best value is still that of both
            assert _saved(made[0], values) == _saved(made[1], values), (values, arguments)


def test_a_checkpoint_is_a_whole_model_from_which_training_continues(tmp_path: Any) -> None:
    model, whole = _model(), _model()
    model.fit(X, Y, epochs=3, callbacks=[ModelCheckpoint(tmp_path / "made" / "at-{epoch}.npz")])
    assert sorted(os.listdir(tmp_path / "made")) == ["at-1.npz", "at-2.npz", "at-3.npz"]  # and no parts of files
    second = st.load_model(tmp_path / "made" / "at-2.npz")
    second.fit(X, Y)
    whole.fit(X, Y, epochs=3)
    assert (second.theta == whole.theta).all() and (model.theta == whole.theta).all()


def test_a_failed_write_leaves_the_previous_checkpoint(tmp_path: Any, monkeypatch: Any) -> None:
    path = tmp_path / "model.npz"
    model = _model()
    model.fit(X, Y, callbacks=[ModelCheckpoint(path)])
    before = path.read_bytes()

    def break_off(file: Any, **arrays: Any) -> None:
        file.write(b"a part")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", break_off)
    with pytest.raises(OSError, match="no space"):
        model.fit(X, Y, callbacks=[ModelCheckpoint(path)])
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("make, error, message", [
    (lambda: ReduceLROnPlateau(factor=1.0), ValueError, r"factor is 1.0; it must be a finite .* \(0.0, 1.0\)"),
    (lambda: ReduceLROnPlateau(min_lr=-1.0), ValueError, "min_lr is -1.0"),
    (lambda: _model().fit(X, Y, callbacks=[ReduceLROnPlateau()]), ValueError, "monitor is 'val_loss'; this"),
    (lambda: _model().fit(X, Y, callbacks=[ModelCheckpoint("{step}.npz")]), ValueError,
     "filepath is '{step}.npz', which can't be filled in .* must be of epoch, loss, accuracy"),
    (lambda: _model().fit(X, Y, callbacks=[ModelCheckpoint("a", save_best_only=True)]), ValueError, "monitor is"),
])
def test_bad_arguments_of_the_others(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_schedule_is_not_reduced() -> None:
    model = st.Sequential([st.Dense(3, "softmax")])
    model.compile(st.SGD(st.schedules.ExponentialDecay(0.1, 10, 0.9)), "categorical_crossentropy")
    with pytest.raises(TypeError, match="with ReduceLROnPlateau it must be a number, not a schedule"):
        model.fit(X, Y, callbacks=[ReduceLROnPlateau("loss")])


# A first epoch that diverges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callback", [
    st.EarlyStopping(restore_best_weights=True), ReduceLROnPlateau()], ids=["EarlyStopping", "ReduceLROnPlateau"])
@pytest.mark.parametrize("penalty", [None, st.L2(0.1)])
def test_a_first_epoch_that_diverges_has_each_name_in_the_history(callback: Any, penalty: Any) -> None:
    model = st.Sequential([st.Dense(1)])
    model.compile(st.SGD(1e30), "mse", metrics=["mae"], penalty=penalty)
    with pytest.warns(st.DivergenceWarning):
        history = model.fit(X, Y, batch_size=4, epochs=5, callbacks=[callback], validation_data=(X, Y))
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"] and history.epoch == [0]
    assert all(math.isnan(value) for values in history.history.values() for value in values)
    assert history.diverged and np.isfinite(model.theta).all()


def test_a_history_prints_its_last_values() -> None:
    history = st.callbacks.History()
    assert repr(history) == "History(0 epochs)"
    history.on_epoch_end(0, {"loss": 0.51234, "accuracy": 0.75})
    assert repr(history) == "History(1 epoch, loss 0.5123, accuracy 0.75)"
