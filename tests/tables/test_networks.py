"""Networks with layers for tables: codes, embeddings, ensembles; saved and loaded; what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers.category_embedding import CategoryEmbedding

OPTIONS: list[dict[str, Any]] = [
    {"categorical_features": [1, 2]}, {"numeric_embedding": "periodic"}, {"members": 3},
    {"categorical_features": [1, 2], "numeric_embedding": "piecewise"},
    {"parametric_activation": True},
    {"categorical_features": np.array([2, 1]), "numeric_embedding": "periodic",
     "parametric_activation": True, "augment": 0.1, "dropout": 0.1}]


def _rows(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A number, a column of three codes, one of thirty, another number; y depends on the codes alone."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=n), rng.integers(0, 3, n), rng.integers(0, 30, n), rng.normal(size=n)])
    return X, np.where((X[:, 1] == 1) ^ (X[:, 2] % 2 == 0), "yes", "no")


def test_codes_are_learned_as_categories() -> None:
    """Whether a code is even or odd cannot be seen from its size."""
    X, y = _rows(600)
    options: dict[str, Any] = {"epochs": 30, "random_state": 0, "verbose": 0}
    codes = st.NetworkClassifier(categorical_features=[1, 2], **options).fit(X[:400], y[:400])
    assert codes.score(X[400:], y[400:]) > 0.9
    assert st.MLPClassifier(**options).fit(X[:400], y[:400]).score(X[400:], y[400:]) < 0.75


def test_unknown_and_missing_codes_are_predicted_alike() -> None:
    X, y = _rows()
    X[:10, 2] = np.nan
    model = st.NetworkClassifier(categorical_features=[1, 2], epochs=2, random_state=0, verbose=0).fit(X, y)
    given = np.repeat(X[20:21], 4, axis=0)
    given[:, 2] = [np.nan, 30, 1000, -1]
    assert (model.predict_proba(given) == model.predict_proba(given)[0]).all()


def test_codes_are_not_scaled() -> None:
    X, y = _rows()
    model = st.NetworkClassifier(categorical_features=[2], epochs=1, random_state=0, verbose=0).fit(X, y)
    layer = model.model_.layers[0]
    assert isinstance(layer, CategoryEmbedding) and layer.categories == [30]
    assert (model.scaled(X)[:, 2] == X[:, 2]).all() and abs(model.scaled(X)[:, 1].mean()) < 1e-6


@pytest.mark.slow  # a process that imports and compiles
def test_a_new_process_loads_it(tmp_path: Path) -> None:
    X, y = _rows()
    st.NetworkClassifier(members=2, epochs=1, random_state=0, verbose=0).fit(X, y).save(tmp_path / "model.npz")
    code = f"import scratchtune as st; print(st.load_model({str(tmp_path / 'model.npz')!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "NetworkClassifier(members=2, epochs=1, verbose=0)\n", run.stderr


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", [st.NetworkClassifier, st.NetworkRegressor])
def test_saved_and_loaded(kind: Any, options: dict[str, Any], tmp_path: Path) -> None:
    X, y = _rows()
    target = y if kind is st.NetworkClassifier else X[:, 2] + X[:, 0]
    model = kind(epochs=2, random_state=0, verbose=0, **options).fit(X, target)
    model.save(tmp_path / "model.npz")
    again = st.load_model(tmp_path / "model.npz")
    X[:5, 2] = 77
    assert (again.predict(X) == model.predict(X)).all() and np.isfinite(model.outputs(X)).all()


@pytest.mark.parametrize("options, message", [
    ({"categorical_features": [4]}, "names the column 4; X has 4 columns"),
    ({"categorical_features": [0]}, "in row 1 of column 0, one of categorical_features"),
    ({"categorical_features": [1, 1]}, "each column must be in it once"),
    ({"categorical_features": "x"}, "it must be None or a list"),
    ({"numeric_embedding": "periodical"}, "did you mean 'periodic'"), ({"members": 0}, "members is 0"),
    ({"parametric_activation": True, "activation": "softmax"}, "parametric_activation is True, and activation"),
    ({"members": 2, "label_smoothing": 0.1}, "label_smoothing is 0.1 and members is 2")])
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        st.NetworkClassifier(verbose=0, **options).fit(*_rows())
