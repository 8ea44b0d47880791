"""Conv1D: by hand, gradients by central differences, Keras as oracle; and Masking with recurrent layers above."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

CASES = [  # filters, kernel_size, strides, padding
    (2, 1, 1, "valid"), (3, 3, 1, "same"), (2, 4, 1, "same"), (2, 3, 2, "valid"), (1, 5, 3, "same"), (2, 7, 1, "valid")]


def test_a_window_by_hand(run: Any) -> None:
    """Steps 1, 2, 4, with the filter (1, 10) and the bias 0.5: 1 + 20, 2 + 40."""
    y = run(st.Conv1D(1, 2), np.array([[[1.0], [2.0], [4.0]]]), theta=[[[[1.0]], [[10.0]]], [0.5]]).y
    np.testing.assert_allclose(y.ravel(), [21.5, 42.5], rtol=1e-15)


@pytest.mark.parametrize("filters, size, strides, padding", CASES)
def test_gradients_are_central_differences(
    filters: int, size: int, strides: int, padding: str, differenced: Any,
) -> None:
    layer = st.Conv1D(filters, size, strides, padding)
    differenced(layer, np.random.default_rng(0).normal(size=(2, 7, 3)))


@pytest.mark.parametrize("filters, size, strides, padding", CASES)
def test_outputs_and_weights_are_kerass(
    filters: int, size: int, strides: int, padding: str, run: Any, keras: Any,
) -> None:
    rng = np.random.default_rng(1)
    x, ours = rng.normal(size=(3, 7, 4)), st.Conv1D(filters, size, strides, padding)
    theirs = keras.layers.Conv1D(filters, size, strides, padding, dtype="float64")
    theirs.build(x.shape)
    ours.start(x.shape[1:])
    weights = [rng.normal(size=weight.shape) for weight in ours.weights]
    theirs.set_weights(weights)
    expected = np.asarray(keras.ops.convert_to_numpy(theirs(x)))
    np.testing.assert_allclose(run(ours, x, theta=weights).y, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.slow  # the GRU takes long to compile
def test_frames_of_zeros_are_padding_for_the_layers_above() -> None:
    """A longer padding changes nothing: the convolution sees the zeros that it would add itself, the GRU skips them."""
    layers = [st.layers.Masking(), st.Conv1D(4, 3, padding="same", activation="relu"), st.Bidirectional(st.GRU(3))]
    short, long = st.Sequential(layers), st.Sequential([layer.fresh() for layer in layers[:2]] + [
        st.Bidirectional(st.GRU(3))])
    short.build((None, 6, 2))
    long.build((None, 9, 2))
    long.set_weights([weight + 0.1 for weight in short.get_weights()])
    short.set_weights(long.get_weights())
    X = np.random.default_rng(2).normal(size=(4, 6, 2))
    X[1:, 4:] = 0.0
    padded = np.concatenate([X, np.zeros((4, 3, 2))], axis=1)
    assert np.abs(long.predict(padded) - short.predict(X))[1:].max() < 1e-6


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"Conv1D gets rows of shape \(3,\); it takes sequences"):
        st.Sequential([st.Conv1D(2, 3)]).build((None, 3))
    with pytest.raises(ValueError, match="kernel_size is 0"):
        st.Conv1D(2, 0)
    with pytest.raises(ValueError, match="padding is 'causal'"):
        st.Conv1D(2, 3, padding="causal")
    with pytest.raises(ValueError, match="Masking gets rows"):
        st.Sequential([st.layers.Masking()]).build((None, 3))
