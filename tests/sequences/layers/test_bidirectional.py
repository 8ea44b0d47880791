"""Bidirectional: by hand, PyTorch, Keras with masks and merge modes, files, a training."""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # its kernels take long to compile


def test_by_hand(run: Any) -> None:
    """Each direction is the layer alone, with its own weights; the backward one's outputs are put in order again."""
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(3, 4, 2)), [[rng.normal(size=n) for n in (18, 27, 18)] for _ in range(2)]
    ahead = run(st.GRU(3, return_sequences=True), x, theta=weights[0]).y
    back = run(st.GRU(3, return_sequences=True, go_backwards=True), x, theta=weights[1]).y[:, ::-1]
    found = run(st.Bidirectional(st.GRU(3, return_sequences=True)), x, theta=[*weights[0], *weights[1]])
    np.testing.assert_allclose(found.y, np.concatenate([ahead, back], 2), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_outputs_and_gradients_are_pytorchs(
    length: int, return_sequences: bool, kind: str, sequences: Any, torch: Any,
) -> None:
    layer = getattr(st, kind)(6, return_sequences)
    sequences.check_torch(torch, st.Bidirectional(layer), kind, length)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("mask_zero", [False, True])
@pytest.mark.parametrize("kind, arguments", [("GRU", {}), ("GRU", {"reset_after": False}), ("LSTM", {})])
def test_outputs_and_gradients_are_kerass(
    length: int, return_sequences: bool, mask_zero: bool, kind: str, arguments: Any, sequences: Any, keras: Any,
    torch: Any,
) -> None:
    arguments = {**arguments, "return_sequences": return_sequences}
    ours = sequences.model_of(
        st.Embedding(5, 3, mask_zero), st.Bidirectional(getattr(st, kind)(4, **arguments)), shape=(length,))
    inner = getattr(keras.layers, kind)(4, **arguments, dtype="float64")
    theirs = [keras.layers.Embedding(5, 3, mask_zero=mask_zero, dtype="float64"),
              keras.layers.Bidirectional(inner, dtype="float64")]
    sequences.check_keras(torch, ours, theirs, sequences.tokens(6, length))


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_masked_rows_are_packed_sequences(kind: str, sequences: Any, torch: Any) -> None:
    model = sequences.model_of(st.Embedding(5, 3, True), st.Bidirectional(getattr(st, kind)(4)), shape=(5,))
    sequences.check_packed(torch, model, kind)


def test_the_given_layer_is_not_changed_and_the_model_is_saved(tmp_path: Path) -> None:
    layer = st.LSTM(3)
    model = st.Sequential([st.Bidirectional(layer), st.Dense(2)])
    model.build((None, 5, 2))
    assert not hasattr(layer, "weights") and [weight.shape for weight in model.get_weights()] == [
        (2, 12), (3, 12), (12,), (2, 12), (3, 12), (12,), (6, 2), (2,)]
    model.save(tmp_path / "model")
    loaded, X = st.load_model(tmp_path / "model"), np.random.default_rng(0).normal(size=(9, 5, 2))
    assert (loaded.predict(X) == model.predict(X)).all() and repr(loaded.layers[0]) == repr(model.layers[0])


def test_it_learns_whether_the_ends_are_equal() -> None:
    X = np.random.default_rng(0).integers(0, 2, (300, 6))
    y = (X[:, 0] == X[:, -1]).astype(float)
    model = st.Sequential([st.Embedding(2, 4), st.Bidirectional(st.GRU(8)), st.Dense(8, "tanh"),
                           st.Dense(1, "sigmoid")])
    model.compile(st.Adam(0.02), "binary_crossentropy", ["accuracy"])
    model.fit(X[:200], y[:200], epochs=40, verbose=0)
    assert model.evaluate(X[200:], y[200:])["accuracy"] > 0.95


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match=r"layer is Dense\(units=3\); it must be a GRU or an LSTM"):
        st.Bidirectional(st.Dense(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="it must have go_backwards=False"):
        st.Bidirectional(st.GRU(3, go_backwards=True))


def test_another_process_gets_layers_and_mask() -> None:
    """A program is sent to workers by pickle; the sum of the shards' gradients is that of the batch."""
    X = np.random.default_rng(0).integers(0, 5, (16, 4))
    alone, shared = (st.Sequential(
        [st.Embedding(5, 3, True), st.GRU(4, True, reset_after=False), st.Bidirectional(st.LSTM(3)), st.Dense(1)],
        dtype="float64") for _ in range(2))
    for model in (alone, shared):
        model.compile(st.SGD(0.1), "mse")
    alone.fit(X, X[:, 0], batch_size=16, epochs=2, verbose=0)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor, warnings.catch_warnings():
        warnings.simplefilter("ignore", st.EfficiencyWarning)
        shared.fit(X, X[:, 0], batch_size=16, epochs=2, verbose=0, executor=executor, workers=2)
    np.testing.assert_allclose(alone.theta, shared.theta, rtol=1e-10, atol=1e-12)
