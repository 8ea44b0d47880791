"""The document's example, as it stands in the design, on the real digits; and that its scores are what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

EXAMPLE = """
import scratchtune as keras
from scratchtune import layers

X_train, y_train = keras.datasets.load_digits()
model = keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
optimizer = keras.optimizers.Adam(learning_rate=0.01)
model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
param_grid = {"learning_rate": [0.001, 0.01, 0.1], "batch_size": [32, 64, 128]}
grid_search = keras.GridSearchCV(model, param_grid, cv=5)
grid_search.fit(X_train, y_train)
print(grid_search.best_params_)
"""


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the example has defined when it has run."""
    found: dict[str, Any] = {"printed": []}
    exec(compile(EXAMPLE.replace("print(", "printed.append("), "example", "exec"), found)
    return found


def test_the_example_prints_its_best_parameters(names: dict[str, Any]) -> None:
    grid, best = names["param_grid"], names["printed"][0]
    assert set(best) == {"learning_rate", "batch_size"}
    assert all(best[name] in grid[name] for name in grid) and best == names["grid_search"].best_params_
    assert names["grid_search"].best_score_ > 0.85


def test_all_nine_settings_were_cross_validated(names: dict[str, Any]) -> None:
    results = names["grid_search"].cv_results_
    assert len(results["params"]) == 9 and len({str(params) for params in results["params"]}) == 9
    splits = np.array([results[f"split{fold}_test_score"] for fold in range(5)])
    np.testing.assert_allclose(results["mean_test_score"], splits.mean(0), rtol=1e-12)
    assert results["params"][int(np.argmax(results["mean_test_score"]))] == names["grid_search"].best_params_


def test_a_score_is_that_of_a_model_trained_by_hand_on_the_fold(names: dict[str, Any]) -> None:
    """One setting and fold again without the search: a fresh model, the fold's rows, one epoch."""
    st, X, y = names["keras"], names["X_train"], names["y_train"]
    train, test = list(st.StratifiedKFold(5).split(X, y))[2]
    model = st.Sequential([st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(learning_rate=0.01), metrics=["accuracy"])
    model.fit(X[train], y[train], batch_size=64)
    results = names["grid_search"].cv_results_
    number = results["params"].index({"learning_rate": 0.01, "batch_size": 64})
    assert results["split2_test_score"][number] == model.evaluate(X[test], y[test])["accuracy"]


def test_the_users_own_model_was_not_touched(names: dict[str, Any]) -> None:
    assert not names["model"].built and names["optimizer"].learning_rate == 0.01
    assert names["grid_search"].predict(names["X_train"][:3]).shape[0] == 3
