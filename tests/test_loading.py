"""Every kind of saved model: whatever integers its file holds, it is refused, or predicts finite numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

from . import forging

Maker = Callable[[], tuple[Any, np.ndarray]]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
LABELS = (X[:, 0] > 0).astype(int)


def network() -> tuple[Any, np.ndarray]:
    layers = [st.Dense(5, "relu"), st.BatchNormalization(), st.Dropout(0.2), st.Dense(3, "softmax")]
    model = st.Sequential(layers, "float64")
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), metrics=["accuracy"])
    model.build((None, 4))
    return model, X


def trees() -> tuple[Any, np.ndarray]:
    rows = np.column_stack([X, np.arange(60) % 5])
    return st.HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=4, categorical_features=[4]).fit(
        rows, X[:, 0]), rows


def classifier() -> tuple[Any, np.ndarray]:
    return st.MLPClassifier(units=4, epochs=1, verbose=0).fit(X, LABELS), X


def table_network() -> tuple[Any, np.ndarray]:
    rows = np.column_stack([X, np.arange(60) % 5])
    return st.NetworkClassifier(units=4, epochs=1, categorical_features=[4]).fit(rows, LABELS), rows


def ensemble() -> tuple[Any, np.ndarray]:
    return st.AutoClassifier(n_trials=2, random_state=0, cv=2, n_jobs=1).fit(X, LABELS), X


def translator() -> tuple[Any, np.ndarray]:
    vocabulary = st.text.Vocabulary(["a b"])
    model = st.Seq2Seq(vocabulary, vocabulary, embedding=2, units=2, source_length=3, target_length=3)
    model.build()
    return model, X


def recognizer() -> tuple[Any, np.ndarray]:
    features = st.speech.Features(window=0.04, step=0.02, n_mels=4, kind="log_mel", rate=4000)
    model = st.SpeechRecognizer("ab", features, units=2, frames=5)
    model.build()
    return model, X[:5]


@pytest.mark.parametrize("makers", [
    (network, trees), *(pytest.param((make,), marks=pytest.mark.slow, id=make.__name__)
                        for make in (table_network, ensemble, translator, recognizer))])
def test_no_integer_in_a_file_ends_the_process(makers: tuple[Maker, ...], tmp_path: Path) -> None:
    folders = [tmp_path / make.__name__ for make in makers]
    for make, folder in zip(makers, folders, strict=True):
        folder.mkdir()
        model, rows = make()
        model.save(folder / "model.npz")
        np.save(folder / "rows.npy", rows)
    done = subprocess.run([sys.executable, forging.__file__, *folders], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    for line in done.stdout.splitlines():
        counts = json.loads(line)
        assert counts["refused"] > 0 and counts["finite"] > 0


HUGE = 2**31 - 1  # would allocate gigabytes when the model is loaded, or when it is used first
KIND = ("fitted", "kinds_", "dict", 0, 1, "fields", "texts")
LAST = ("network", "layers", -1, "config", "activation")


@pytest.mark.parametrize(("make", "where", "value", "message"), [
    (recognizer, ("input_shape", 0), HUGE, r"input_shape is \[2147483647, 4\], so that one row needs [\d,]* numbers;"),
    (recognizer, ("features", "n_mels"), HUGE, "n_mels is 2147483647, and a frame has 160 samples; the filters must"),
    (recognizer, ("arguments", "layers"), HUGE, r"layers is 2147483647; it must be an integer in \[1, 1000\]"),
    (recognizer, ("features", "deltas"), None, r"deltas of a Features is None; it must be of the type int"),
    (network, ("state", -1), -1.0, "a moving variance is -1; it must be at least 0"),
    (network, ("training", "epochs"), -1, r"epochs is -1; it must be an integer in \[0"),
    (classifier, LAST, "tanh", r"its network ends with Activation\(.*'tanh'\); that of a classifier must end with"),
    (classifier, ("params", "dropout"), ..., "params lacks 'dropout'; it must have hidden_layers, units, "),
    (classifier, ("learnt", "seed_"), ..., "what it has learnt lacks 'seed_'; it must have "),
    (classifier, ("kind",), ..., "'kind' is missing"),
    (trees, ("edges", 1), -9.0, "the edges of a column's bins do not increase"),
    pytest.param(ensemble, KIND, 0, r"texts of a Kind is 0; it must be of the type .*Sequence\[str\]",
                 marks=pytest.mark.slow),
])
def test_what_no_training_gives_is_refused(
    make: Maker, where: tuple[Any, ...], value: Any, message: str, tmp_path: Path,
) -> None:
    """``value`` is written at a place of the header or of an array; ...: the entry is deleted."""
    make()[0].save(tmp_path / "model.npz")
    parts = dict(np.load(tmp_path / "model.npz"))
    header = json.loads(str(parts["header"]))
    inner = parts if where[0] in parts else header
    for key in where[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[where[-1]]
    else:
        inner[where[-1]] = value
    np.savez(tmp_path / "model.npz", **{**parts, "header": np.array(json.dumps(header))})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"the model in it is damaged: {message}"):
        st.load_model(tmp_path / "model.npz")
