"""Diagnoses: worked examples, each finding from curves or from a network, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight.diagnosis import Diagnosis
from scratchtune.insight.findings import Observed

EPOCHS = np.arange(30)
FALLING = np.exp(-0.3 * EPOCHS) + 0.02


def names(**curves: object) -> list[str]:
    return st.diagnose(curves).names


def test_a_loss_of_nan_has_diverged() -> None:
    diagnosis = st.diagnose({"loss": [2.3, float("nan"), float("nan")]})
    assert diagnosis.names == ["diverged"]
    assert "epoch 2" in diagnosis.findings[0].evidence and "learning rate" in diagnosis.findings[0].remedy


def test_a_healthy_training_has_no_findings() -> None:
    diagnosis = st.diagnose({"loss": FALLING, "val_loss": FALLING + 0.02})
    assert diagnosis.healthy and str(diagnosis) == "healthy: no rule found a problem in 30 epochs."


def test_a_validation_loss_that_rises_is_overfitting() -> None:
    val_loss = 0.5 * FALLING + 0.3 + 0.01 * EPOCHS
    diagnosis = st.diagnose({"loss": FALLING, "val_loss": val_loss})
    assert diagnosis.names == ["overfitting"]
    assert f"epoch {val_loss.argmin() + 1} of 30" in diagnosis.findings[0].evidence
    assert "lesson 16_three_curves.py" in str(diagnosis)


def test_a_loss_that_bounces_has_a_learning_rate_too_high() -> None:
    bouncing = 1.0 + 0.5 * (-1.0) ** EPOCHS
    assert names(loss=bouncing, val_loss=bouncing) == ["learning rate too high"]
    assert names(loss=bouncing, val_loss=FALLING) != ["learning rate too high"]  # dropout, say


def test_a_straight_slow_line_has_a_learning_rate_too_low() -> None:
    assert names(loss=1.0 - 0.004 * EPOCHS) == ["learning rate too low"]


def test_a_loss_that_is_still_falling_fast_was_stopped_too_early() -> None:
    assert names(loss=0.9 ** EPOCHS[:5], val_loss=0.9 ** EPOCHS[:5]) == ["stopped too early"]


def test_a_flat_high_loss_is_underfitting_unless_the_accuracy_is_good() -> None:
    flat = 0.7 + 0.3 * np.exp(-EPOCHS)
    assert names(loss=flat) == ["underfitting"]
    assert names(loss=flat, accuracy=np.full(30, 0.95)) == []


def test_the_scale_of_the_loss_does_not_matter() -> None:
    for loss in (FALLING, 1.0 - 0.004 * EPOCHS, 1.0 + 0.5 * (-1.0) ** EPOCHS):
        assert names(loss=loss, val_loss=loss) == names(loss=1000.0 * loss, val_loss=1000.0 * loss)


def test_a_jumping_validation_loss_is_not_a_training_that_was_stopped_too_early() -> None:
    jumping = np.where(EPOCHS % 2, 0.5, 1.2)
    diagnosis = st.diagnose({"loss": 0.9 ** EPOCHS, "val_loss": jumping})
    assert diagnosis.names == ["validation loss jumps"]
    assert "between 0.5 and 1.2" in str(diagnosis) and "a larger validation set" in str(diagnosis)
    assert names(loss=FALLING, val_loss=FALLING + 0.02 * (-1.0) ** EPOCHS + 0.02) == []


def test_a_loss_that_never_moved_is_not_underfitting() -> None:
    diagnosis = st.diagnose({"loss": [np.log(3.0)] * 12, "val_loss": [np.log(3.0)] * 12})
    assert diagnosis.names == ["loss never moved"]
    assert "1.0986 in all of 12 epochs (ln 3: equal probabilities of 3 classes)" in str(diagnosis)
    assert all(cause in diagnosis.findings[0].remedy for cause in ("labels", "dead units", "learning rate"))
    assert st.diagnose({"loss": [0.02] * 12}, baseline=1.0).healthy  # it had learned before


@pytest.mark.parametrize("epochs", [1, 2])
def test_of_one_epoch_nothing_can_be_said(epochs: int) -> None:
    diagnosis = st.diagnose({"loss": [0.5] * epochs, "val_loss": [0.6] * epochs})
    assert not diagnosis.healthy and not diagnosis.findings and str(diagnosis).startswith("cannot say: ")
    assert f"the curves have {epochs} epoch" in str(diagnosis)


def test_a_diagnosis_is_shown_as_its_sentences() -> None:
    for curves in ({"loss": FALLING}, {"loss": [1.0]}, {"loss": 1.0 - 0.004 * EPOCHS}):
        assert repr(st.diagnose(curves)) == str(st.diagnose(curves)) and "Diagnosis(" not in str(st.diagnose(curves))


def test_a_history_of_keras_is_read() -> None:
    class KerasHistory:  # as of keras.callbacks
        def __init__(self) -> None:
            self.model, self.params, self.epoch = object(), {"epochs": 30}, list(range(30))
            self.history = {"loss": FALLING.tolist(), "val_loss": (0.3 + 0.01 * EPOCHS).tolist()}

    assert st.diagnose(KerasHistory()).names == ["overfitting"]
    with pytest.raises(ValueError, match="no network of scratchtune"):
        st.diagnose(KerasHistory(), [[1.0]])


def test_a_baseline_tells_what_a_constant_prediction_is_worth() -> None:
    flat = 0.5 + 0.01 * np.exp(-EPOCHS)
    assert st.diagnose({"loss": flat}, baseline=0.55).names == ["underfitting"]
    assert st.diagnose({"loss": flat}, baseline=5.0).healthy


def test_a_loss_that_has_not_left_guessing_is_found_where_that_loss_is_given() -> None:
    history = st.callbacks.History()
    history.guessing = 2.0
    slow = 2.2 - 0.01 * EPOCHS
    history.history = {"loss": slow.tolist(), "val_loss": (slow + 0.05).tolist()}
    found = st.diagnose(history)
    assert found.names[0] == "has not left guessing" and "the loss was never below 96%" in str(found)
    assert "it still falls" in str(found) and "more epochs, or a larger learning rate" in str(found)
    assert st.diagnose(history, baseline=3.0).names[:1] != ["has not left guessing"]
    history.history = {"loss": (2.0 * FALLING).tolist(), "val_loss": [2.5] * 30}  # learned by heart
    assert "has not left guessing" not in st.diagnose(history).names


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    return rng.normal(size=(200, 4)) + 3.0 * np.eye(3, 4)[y], y


def fitted(rows: tuple[np.ndarray, np.ndarray], model: st.Sequential, epochs: int = 10) -> st.callbacks.History:
    model.compile(st.Adam(0.01), "categorical_crossentropy", ["accuracy"])
    return model.fit(*rows, epochs=epochs, verbose=0, validation_split=0.2)


ONE_HOT = np.eye(3)[[0, 0, 1, 2]]
ENTROPY = 0.5 * np.log(2.0) + 0.5 * np.log(4.0)  # of shares of 1/2, 1/4 and 1/4
OF_OUTPUTS = (np.log(2.0) + 2.0 * (0.25 * np.log(4.0) + 0.75 * np.log(4.0 / 3.0))) / 3.0  # each yes or no


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> list[Observed]:
    """What the rules have been given."""
    given: list[Observed] = []
    monkeypatch.setattr("scratchtune.insight.diagnosis.RULES", [SimpleNamespace(finding=given.append)])
    return given


@pytest.mark.parametrize("loss, y, baseline, reference", [
    ("categorical_crossentropy", None, None, np.log(3.0)), ("categorical_crossentropy", [0, 0, 1, 2], None, ENTROPY),
    ("categorical_crossentropy", ONE_HOT, None, ENTROPY), ("categorical_crossentropy", [1, 1, 1, 1], None, None),
    ("categorical_crossentropy", [["a"], ["a"], ["b"], ["c"]], None, ENTROPY),
    ("binary_crossentropy", [[1], [1], [2], [2]], None, np.log(2.0)),
    ("binary_crossentropy", [[0.5]], None, np.log(2.0)), ("binary_crossentropy", None, None, np.log(2.0)),
    ("categorical_crossentropy", ONE_HOT, 5.0, 5.0),
    ("binary_crossentropy", ONE_HOT, None, OF_OUTPUTS), ("mean_squared_error", None, None, None),
    ("mean_squared_error", ONE_HOT, None, (1 / 4 + 3 / 16 + 3 / 16) / 3), ("mean_absolute_error", ONE_HOT, None, None)])
def test_losses_are_divided_by_that_of_the_best_constant_or_else_by_the_largest(
    observed: list[Observed], loss: str, y: Any, baseline: float | None, reference: float | None,
) -> None:
    model = st.Sequential([st.Dense(3, activation="softmax")], seed=0)
    model.build((None, 2))
    model.compile(st.Adam(0.01), loss)
    history = SimpleNamespace(model=model, history={"loss": [1.0, 4.0, 2.0], "val_loss": [3.0, 2.0, 1.0]})
    st.diagnose(history, y=y, baseline=baseline)
    scale = 4.0 if reference is None else reference
    assert (observed[0].scale, observed[0].known) == (pytest.approx(scale), reference is not None)
    assert observed[0].loss == pytest.approx(np.array([1.0, 4.0, 2.0]) / scale)
    assert observed[0].val_loss == pytest.approx(np.array([3.0, 2.0, 1.0]) / scale)
    assert (observed[0].moved, observed[0].units, observed[0].penalty, observed[0].guessing) == (0.0, [], False, False)
    model.theta *= 1.5
    st.diagnose(history)
    assert observed[1].moved == pytest.approx(0.5)


def test_a_unit_is_dead_where_it_is_0_on_all_rows_and_saturated_beyond_the_edges(observed: list[Observed]) -> None:
    layers = [st.Activation("tanh"), st.Dense(2, activation="relu"), st.Dense(1), st.Dense(1, activation="sigmoid")]
    model = st.Sequential(layers, seed=0, dtype="float64")
    model.build((None, 2))
    model.set_weights([np.array([[1.0, -1.0], [0.0, 0.0]]), np.zeros(2), np.ones((2, 1)), np.zeros(1),
                       np.ones((1, 1)), np.zeros(1)])
    X = np.array([[0.0, -2.0], [np.arctanh(0.96), np.arctanh(-0.96)], [3.0, 0.0], [0.0, 3.0]])
    st.diagnose(model, X)
    first, second = observed[0].units
    tanh = np.tanh(X)
    assert first == ("Activation 1", "tanh", 2, 0.0, 2 / 8, pytest.approx(tanh.std(axis=0).mean()))
    assert second == ("Dense 2", "relu", 2, 0.5, 0.0, pytest.approx(tanh[:, 0].std() / 2.0))


def test_what_could_not_be_seen_is_noted(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(3, activation="softmax")], seed=0)
    history = fitted(rows, model, 3)
    for given, X, words in (
        (history, None, ["dead and"]), (history, rows[0], []), (model, rows[0], ["a Sequential"]),
        ({"loss": [1.0, 0.9, 0.8]}, None, ["there is no val"]), ({"loss": [1.0, 0.9]}, None, ["the curves have 2"]),
        (model, None, ["a Sequential", "dead and"])):
        notes = st.diagnose(given, X).notes
        assert len(notes) == len(words) and all(map(str.startswith, notes, words))


def test_units_that_never_fire_are_dead(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(3, activation="softmax")], seed=0)
    model.build((None, 4))
    model.set_weights([w - 50.0 if k == 1 else w for k, w in enumerate(model.get_weights())])
    diagnosis = st.diagnose(fitted(rows, model), *rows)
    assert diagnosis.names == ["dead units"] and "100% of the 8 units" in diagnosis.findings[0].evidence


def test_a_unit_that_fires_on_the_last_rows_alone_is_not_dead() -> None:
    model = st.Sequential([st.Dense(1, activation="relu"), st.Dense(1)], seed=0)
    model.build((None, 1))
    model.set_weights([np.array([[1.0]]), np.array([0.0]), np.array([[1.0]]), np.array([0.0])])
    assert st.diagnose(model, np.repeat([[-1.0], [1.0]], [1500, 500], axis=0)).findings == []


def test_large_inputs_saturate_tanh(rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = 1000.0 * rows[0], rows[1]
    model = st.Sequential([st.Dense(8, activation="tanh"), st.Dense(3, activation="softmax")], seed=0)
    assert st.diagnose(fitted((X, y), model), X, y).names[0] == "saturated units"


def test_many_sigmoid_layers_lose_the_signal(rows: tuple[np.ndarray, np.ndarray]) -> None:
    layers = [st.Dense(8, activation="sigmoid") for _ in range(8)]
    model = st.Sequential([*layers, st.Dense(3, activation="softmax")], seed=0)
    assert st.diagnose(fitted(rows, model, 5), *rows).names == ["vanishing signal"]


def test_a_sequential_has_units_but_no_curves(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(3, activation="softmax")], seed=0)
    fitted(rows, model)
    diagnosis = st.diagnose(model, rows[0])
    assert str(diagnosis).startswith("cannot say: ") and "keeps no curves" in str(diagnosis)
    model.theta[0] = np.inf
    assert st.diagnose(model).names == ["diverged"]


def test_estimators_are_diagnosed_on_unscaled_rows(rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = 1000.0 * rows[0] + 500.0, np.array(["a", "b", "c"])[rows[1]]
    estimator = st.MLPClassifier(units=16, epochs=30, random_state=0, early_stopping=True, verbose=0).fit(X, y)
    assert st.diagnose(estimator, X, y).healthy
    slow = st.MLPRegressor(units=16, epochs=10, learning_rate=1e-6, random_state=0, verbose=0).fit(X, rows[1])
    assert st.diagnose(slow, X).names[0] in ("learning rate too low", "underfitting")
    for scale in (None, "minmax"):  # the loss of a constant is not 1 then
        slow.set_params(scale=scale).fit(rows[0], 1000.0 * rows[1])
        assert st.diagnose(slow, rows[0]).names == ["loss never moved"]


def test_theta_is_left_as_it_was(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(3, activation="softmax")], seed=0)
    history = fitted(rows, model, 3)
    before = model.theta.copy()
    assert isinstance(st.diagnose(history, *rows), Diagnosis)
    assert np.array_equal(model.theta, before)


@pytest.mark.parametrize(("history", "message"), [
    ({"val_loss": [1.0]}, "it must have 'loss'"),
    ({"loss": []}, "is empty"),
    ({"loss": [1.0], "val_loss": [1.0, 2.0]}, "has 2 values and history['loss'] has 1"),
    ({"loss": ["high"]}, "it must be a list of numbers"),
    ({"loss": [0.0, -1.0, -2.0]}, "holds -1 in epoch 2; every loss must be at least 0"),
    ([1.0, 2.0], "history is a list"),
])
def test_bad_histories_are_refused(history: object, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message.replace("[", r"\[").replace("]", r"\]")):
        st.diagnose(history)


def test_curves_alone_have_no_units() -> None:
    with pytest.raises(ValueError, match="no network of scratchtune to run on it"):
        st.diagnose({"loss": [1.0]}, [[1.0]])
    with pytest.raises(ValueError, match="not fitted"):
        st.diagnose(st.MLPClassifier())
