"""Diagnoses: worked examples, each finding from curves or from a network, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight.diagnosis import Diagnosis

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


def test_units_that_never_fire_are_dead(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(3, activation="softmax")], seed=0)
    model.build((None, 4))
    model.set_weights([w - 50.0 if k == 1 else w for k, w in enumerate(model.get_weights())])
    diagnosis = st.diagnose(fitted(rows, model), *rows)
    assert diagnosis.names == ["dead units"] and "100% of the 8 units" in diagnosis.findings[0].evidence


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
