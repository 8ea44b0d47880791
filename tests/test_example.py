"""The document's example as it is printed there, on the real digits; and that its scores are what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune
from scratchtune import document

IMPORTS = {"from tensorflow import keras\n": "import scratchtune as keras\n",
           "from tensorflow.keras import layers\n": "from scratchtune import layers\n"}
X, Y = scratchtune.datasets.load_digits()


def run(y: np.ndarray) -> dict[str, Any]:
    """What the document's code block has defined, with its two imports exchanged, and X_train and y_train given."""
    code = document.example()
    for theirs, ours in IMPORTS.items():
        assert code.count(theirs) == 1
        code = code.replace(theirs, ours)
    found: dict[str, Any] = {"X_train": X, "y_train": y, "printed": []}
    exec(compile(code.replace("print(", "printed.append("), "example", "exec"), found)
    return found


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the example has defined when it has run, for labels."""
    return run(Y)


def test_the_example_prints_its_best_parameters(names: dict[str, Any]) -> None:
    grid, best = names["param_grid"], names["printed"][0]
    assert set(best) == {"learning_rate", "batch_size"}
    assert all(best[name] in grid[name] for name in grid) and best == names["grid_search"].best_params_
    assert names["grid_search"].best_score_ > 0.85 and type(names["grid_search"]) is scratchtune.GridSearchCV


def test_classes_in_columns_give_the_same_as_labels(names: dict[str, Any]) -> None:
    by_columns, by_labels = run(np.eye(10)[Y])["grid_search"].cv_results_, names["grid_search"].cv_results_
    np.testing.assert_array_equal(by_columns["mean_test_score"], by_labels["mean_test_score"])


def test_all_nine_settings_were_cross_validated(names: dict[str, Any]) -> None:
    results = names["grid_search"].cv_results_
    assert len(results["params"]) == 9 and len({str(params) for params in results["params"]}) == 9
    splits = np.array([results[f"split{fold}_test_score"] for fold in range(5)])
    np.testing.assert_allclose(results["mean_test_score"], splits.mean(0), rtol=1e-12)
    assert results["params"][int(np.argmax(results["mean_test_score"]))] == names["grid_search"].best_params_


def test_a_score_is_that_of_a_model_trained_by_hand_on_the_fold(names: dict[str, Any]) -> None:
    """One setting and fold again without the search: a fresh model, the fold's rows, one epoch."""
    st = names["keras"]
    train, test = list(st.StratifiedKFold(5).split(X, Y))[2]
    model = st.Sequential([st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(learning_rate=0.01), metrics=["accuracy"])
    model.fit(X[train], Y[train], batch_size=64)
    results = names["grid_search"].cv_results_
    number = results["params"].index({"learning_rate": 0.01, "batch_size": 64})
    assert results["split2_test_score"][number] == model.evaluate(X[test], Y[test])["accuracy"]


def test_the_users_own_model_was_not_touched(names: dict[str, Any]) -> None:
    assert not names["model"].built and names["optimizer"].learning_rate == 0.01
    assert names["grid_search"].predict(names["X_train"][:3]).shape[0] == 3
