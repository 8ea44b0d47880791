"""GRU: two steps by hand, PyTorch, Keras with masks, packed sequences, a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # its kernels take long to compile


def test_two_steps_by_hand(run: Any) -> None:
    """z = r = 1/2, since all their weights are 0. The candidate is tanh(log 2) = 3/5, so h is 1/2 · 0 + 1/2 · 3/5.

    In the second step h = 3/10 is multiplied by the recurrent weight w and by r: with w = -20/3 · log 2 the candidate
    is tanh(log 2 - log 2) = 0, and h is halved.
    """
    log2 = np.log(2.0)
    theta = [[0.0, 0.0, log2], [0.0, 0.0, -20.0 / 3.0 * log2], np.zeros(6)]
    found = run(st.GRU(1, return_sequences=True), np.ones((1, 2, 1)), theta=theta)
    np.testing.assert_allclose(found.y.ravel(), [0.3, 0.15], rtol=1e-14)
    before = run(st.GRU(1, reset_after=False), np.ones((1, 2, 1)), theta=[*theta[:2], np.zeros(3)])
    np.testing.assert_allclose(before.y.ravel(), [0.15], rtol=1e-14)  # the same: r · (h w) = (r · h) w for one unit


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_outputs_and_gradients_are_pytorchs(
    length: int, go_backwards: bool, return_sequences: bool, sequences: Any, torch: Any,
) -> None:
    sequences.check_torch(torch, st.GRU(6, return_sequences, go_backwards), "GRU", length)


@pytest.mark.parametrize("units", [1, 37, 100])
def test_other_sizes_are_pytorchs(units: int, sequences: Any, torch: Any) -> None:
    sequences.check_torch(torch, st.GRU(units, True), "GRU", 3)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_outputs_and_gradients_are_kerass(
    length: int, go_backwards: bool, reset_after: bool, return_sequences: bool, mask_zero: bool, sequences: Any,
    keras: Any, torch: Any,
) -> None:
    arguments = {"return_sequences": return_sequences, "go_backwards": go_backwards, "reset_after": reset_after}
    ours = sequences.model_of(st.Embedding(5, 3, mask_zero), st.GRU(4, **arguments), shape=(length,))
    theirs = [keras.layers.Embedding(5, 3, mask_zero=mask_zero, dtype="float64"),
              keras.layers.GRU(4, **arguments, dtype="float64")]
    sequences.check_keras(torch, ours, theirs, sequences.tokens(6, length))


def test_two_layers_share_the_mask_as_in_keras(sequences: Any, keras: Any, torch: Any) -> None:
    ours = sequences.model_of(
        st.Embedding(5, 3, True), st.GRU(4, True, True), st.GRU(3, go_backwards=True), shape=(5,))
    theirs = [keras.layers.Embedding(5, 3, mask_zero=True, dtype="float64"),
              keras.layers.GRU(4, return_sequences=True, go_backwards=True, dtype="float64"),
              keras.layers.GRU(3, go_backwards=True, dtype="float64")]
    sequences.check_keras(torch, ours, theirs, sequences.tokens(6, 5))


def test_masked_rows_are_packed_sequences(sequences: Any, torch: Any) -> None:
    sequences.check_packed(torch, sequences.model_of(st.Embedding(5, 3, True), st.GRU(4), shape=(5,)), "GRU")


def test_weights_have_kerass_shapes_and_the_recurrent_kernel_is_orthogonal() -> None:
    model = st.Sequential([st.GRU(4), ])
    model.build((None, 5, 3))
    kernel, recurrent, bias = model.get_weights()
    assert [kernel.shape, recurrent.shape, bias.shape] == [(3, 12), (4, 12), (2, 12)] and not bias.any()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-6)
    before = st.Sequential([st.GRU(4, reset_after=False)])
    before.build((None, 5, 3))
    assert before.get_weights()[2].shape == (12,)


def test_it_learns_the_first_token_of_padded_sequences() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(1, 5, (300, 6))
    X[np.arange(6) >= rng.integers(1, 7, 300)[:, None]] = 0
    model = st.Sequential([st.Embedding(5, 8, mask_zero=True), st.GRU(16), st.Dense(4, "softmax")])
    model.compile(st.Adam(0.02), "categorical_crossentropy", ["accuracy"])
    model.fit(X[:200], X[:200, 0] - 1, epochs=30, verbose=0)
    assert model.evaluate(X[200:], X[200:, 0] - 1)["accuracy"] > 0.95


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="units is 0"):
        st.GRU(0)
    with pytest.raises(TypeError, match="reset_after is 1"):
        st.GRU(2, reset_after=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"GRU gets rows of shape \(3,\); it takes sequences \(length, features\)"):
        st.Sequential([st.GRU(2)]).build((None, 3))
