"""Measures: the metrics that a network is compiled with, against the metrics themselves on its predictions."""

import numpy as np
import pytest

import scratchtune as st

NAMES = ["accuracy", "precision", "recall", "f1", "auc"]


def trained(outputs, activation, loss, y, metrics):
    X, _ = st.datasets.load_digits()
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(outputs, activation=activation)])
    model.compile(loss=loss, optimizer="adam", metrics=metrics)
    history = model.fit(X / 16, y, epochs=6, validation_split=0.2, verbose=0)
    return model, history, X / 16


def test_ten_classes_are_averaged():
    _, y = st.datasets.load_digits()
    model, history, X = trained(10, "softmax", "categorical_crossentropy", y, NAMES)
    p = model.predict(X)
    q, found = p.argmax(axis=1), model.evaluate(X, y)
    assert found["precision"] == st.metrics.precision_score(y, q, average="macro", zero_division=0)
    assert found["recall"] == st.metrics.recall_score(y, q, average="macro")
    assert found["f1"] == st.metrics.f1_score(y, q, average="macro")
    assert found["auc"] == pytest.approx(st.metrics.roc_auc_score(y, p, multi_class="ovr"), abs=1e-12)
    assert len(history.history["val_auc"]) == 6


@pytest.mark.parametrize("outputs, activation, loss", [
    (1, "sigmoid", "binary_crossentropy"), (2, "softmax", "categorical_crossentropy")])
def test_of_two_classes_the_second_is_the_positive_one(outputs, activation, loss):
    _, y = st.datasets.load_digits()
    y = (y == 3).astype(int)
    model, _, X = trained(outputs, activation, loss, y, NAMES)
    p = model.predict(X)[:, -1]
    found = model.evaluate(X, y)
    for name, metric in (("precision", st.metrics.precision_score), ("recall", st.metrics.recall_score),
                         ("f1", st.metrics.f1_score), ("accuracy", st.metrics.accuracy_score)):
        assert found[name] == metric(y, (p > 0.5).astype(int)), name
    assert found["auc"] == pytest.approx(st.metrics.roc_auc_score(y, p), abs=1e-12)


def test_r2_of_several_outputs():
    X, y = st.datasets.load_digits()
    values = np.column_stack([y, X[:, 20]]).astype(float)
    model, _, X = trained(2, None, "mean_squared_error", values, ["r2"])
    assert model.evaluate(X, values)["r2"] == pytest.approx(st.metrics.r2_score(values, model.predict(X)), abs=1e-6)


def test_early_stopping_lets_them_grow():
    X, y = st.datasets.load_digits()
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["auc"])
    stop = st.EarlyStopping(monitor="val_auc", patience=2, restore_best_weights=True)
    history = model.fit(X / 16, y, epochs=30, validation_split=0.3, callbacks=[stop], verbose=0).history["val_auc"]
    assert max(history) == history[stop.best_epoch]
    assert model.score(X / 16, y) > 0.9
