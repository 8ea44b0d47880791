"""LSTM: two steps by hand, PyTorch, Keras with masks, packed sequences, a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # its kernels take long to compile


def test_two_steps_by_hand(run: Any) -> None:
    """i = f = o = 1/2; the candidate is tanh(log 2) = 3/5. The cell is 3/10, then 3/20 + 3/10 = 9/20."""
    found = run(st.LSTM(1, return_sequences=True), np.ones((1, 2, 1)),
                theta=[[0.0, 0.0, np.log(2.0), 0.0], np.zeros(4), np.zeros(4)])
    np.testing.assert_allclose(found.y.ravel(), [np.tanh(0.3) / 2, np.tanh(0.45) / 2], rtol=1e-14)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_outputs_and_gradients_are_pytorchs(
    length: int, go_backwards: bool, return_sequences: bool, sequences: Any, torch: Any,
) -> None:
    sequences.check_torch(torch, st.LSTM(6, return_sequences, go_backwards), "LSTM", length)


@pytest.mark.parametrize("units", [1, 37, 100])
def test_other_sizes_are_pytorchs(units: int, sequences: Any, torch: Any) -> None:
    sequences.check_torch(torch, st.LSTM(units, True), "LSTM", 3)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_outputs_and_gradients_are_kerass(
    length: int, go_backwards: bool, return_sequences: bool, mask_zero: bool, sequences: Any, keras: Any, torch: Any,
) -> None:
    arguments = {"return_sequences": return_sequences, "go_backwards": go_backwards}
    ours = sequences.model_of(st.Embedding(5, 3, mask_zero), st.LSTM(4, **arguments), shape=(length,))
    theirs = [keras.layers.Embedding(5, 3, mask_zero=mask_zero, dtype="float64"),
              keras.layers.LSTM(4, **arguments, dtype="float64")]
    sequences.check_keras(torch, ours, theirs, sequences.tokens(6, length))


def test_masked_rows_are_packed_sequences(sequences: Any, torch: Any) -> None:
    sequences.check_packed(torch, sequences.model_of(st.Embedding(5, 3, True), st.LSTM(4), shape=(5,)), "LSTM")


def test_the_forget_gates_bias_is_one_at_first() -> None:
    model = st.Sequential([st.LSTM(2)])
    model.build((None, 5, 3))
    kernel, recurrent, bias = model.get_weights()
    assert [kernel.shape, recurrent.shape] == [(3, 8), (2, 8)]
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_it_learns_the_first_token_of_padded_sequences() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(1, 5, (300, 6))
    X[np.arange(6) >= rng.integers(1, 7, 300)[:, None]] = 0
    model = st.Sequential([st.Embedding(5, 8, mask_zero=True), st.LSTM(16), st.Dense(4, "softmax")])
    model.compile(st.Adam(0.02), "categorical_crossentropy", ["accuracy"])
    model.fit(X[:200], X[:200, 0] - 1, epochs=30, verbose=0)
    assert model.evaluate(X[200:], X[200:, 0] - 1)["accuracy"] > 0.95


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"LSTM gets rows of shape \(3, 2, 1\)"):
        st.Sequential([st.LSTM(2)]).build((None, 3, 2, 1))
