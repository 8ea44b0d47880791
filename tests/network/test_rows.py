"""The prediction for a row has the same bits alone and in a batch of any size, for every layer and activation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.network.activations import ACTIVATIONS

SIZES = (1, 2, 7, 9, 256, 257)  # around the rows of a tile, and around the default batch size of `predict`
ROWS = 20 if jit.DISABLED else 1000
VECTOR, SEQUENCE, IMAGE, COLOURED = (7,), (5, 7), (9, 8, 1), (7, 6, 3)


def _dense(*widths: int) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (*(st.Dense(width, "relu") for width in widths[:-1]), st.Dense(widths[-1]))


def _activated(name: str, units: int) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (st.Dense(units, name),)


def _convolution(kernel: int | tuple[int, int], strides: int | tuple[int, int], padding: str,
                 activation: str | None = None) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (st.Conv2D(5, kernel, strides, padding, activation),)


NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[], tuple[st.Layer, ...]]]] = {
    "dense, one unit": (VECTOR, _dense(1)),
    "dense, 33 units": (VECTOR, _dense(33)),
    "dense, three layers": (VECTOR, _dense(64, 64, 10)),
    "dense, a kernel that is copied to panels": (VECTOR, _dense(300, 270, 3)),
    "dense, one sigmoid": (VECTOR, _activated("sigmoid", 1)),
    "dense, no bias": (VECTOR, lambda: (st.Dense(19, use_bias=False),)),
    "conv2d, 3 x 3": (IMAGE, _convolution(3, 1, "valid")),
    "conv2d, 3 x 3, same": (COLOURED, _convolution(3, 1, "same", "relu")),
    "conv2d, 1 x 1": (COLOURED, _convolution(1, 1, "valid")),
    "conv2d, 5 x 2, strides 2 x 3": (COLOURED, _convolution((5, 2), (2, 3), "same")),
    "conv2d, 2 x 3, strides 2": (IMAGE, _convolution((2, 3), 2, "valid", "relu")),
    "conv2d, tanh": (IMAGE, _convolution(3, 2, "same", "tanh")),
    "batch normalisation": (VECTOR, lambda: (st.Dense(13), st.BatchNormalization(), st.Activation("relu"))),
    "batch normalisation of images": (COLOURED, lambda: (st.Conv2D(6, 3), st.BatchNormalization())),
    "dense, each step of a sequence": (SEQUENCE, _dense(33, 5)),
    "layer normalisation": (VECTOR, lambda: (st.Dense(13), st.LayerNormalization(), st.Activation("relu"))),
    "layer normalisation of sequences": (SEQUENCE, lambda: (st.Dense(37), st.LayerNormalization())),
    "attention": (SEQUENCE, lambda: (st.Dense(9), st.Attention(True))),
    "additive attention, causal": (SEQUENCE, lambda: (st.Dense(9), st.AdditiveAttention(use_causal_mask=True))),
    "multi-head attention": (SEQUENCE, lambda: (st.SinusoidalPositions(), st.MultiHeadAttention(3, 9))),
    "multi-head attention, causal": (SEQUENCE, lambda: (st.MultiHeadAttention(2, 17, use_causal_mask=True),)),
    "max pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.MaxPooling2D(3, 2, "same"))),
    "average pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.AveragePooling2D(3, 2, "same"))),
    "global average pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.GlobalAveragePooling2D())),
    "layers that act in training alone": (VECTOR, lambda: (st.GaussianNoise(0.1), st.Dense(9), st.Dropout(0.5))),
    "augmentation, which acts in training alone": (COLOURED, lambda: (
        st.RandomFlip(), st.RandomRotation(0.1), st.RandomTranslation(0.1, 0.1))),
    "masks of time and frequency, which act in training alone": (SEQUENCE, lambda: (st.Masking(), st.SpecAugment())),
    "a classifier of images": (COLOURED, lambda: (
        st.Conv2D(8, 3, activation="relu"), st.BatchNormalization(), st.MaxPooling2D(2), st.Flatten(),
        st.Dense(30, "gelu"), st.Dense(10, "softmax"))),
    "gru": (SEQUENCE, lambda: (st.GRU(19, return_sequences=True), st.GRU(33))),
    "gru, reset before": (SEQUENCE, lambda: (st.GRU(19, reset_after=False),)),
    "lstm": (SEQUENCE, lambda: (st.LSTM(19, return_sequences=True, go_backwards=True), st.LSTM(7))),
    "bidirectional": (SEQUENCE, lambda: (st.Bidirectional(st.GRU(5, True)), st.Bidirectional(st.LSTM(5), "sum"))),
    **{f"{name}, {units} units": (VECTOR, _activated(name, units)) for name in ACTIVATIONS for units in (2, 3, 16, 37)},
}

TAKE_LONG_TO_COMPILE = ("attention", "additive", "multi-head", "gru", "lstm", "bidirectional", "augmentation", "masks")


def _model(layers: tuple[st.Layer, ...], shape: tuple[int, ...], dtype: str) -> st.Sequential:
    """A model with random weights. Vectors are positive, since the variances of batch normalisation are among them."""
    model, rng = st.Sequential(layers, dtype=dtype), np.random.default_rng(0)
    model.compile(loss="mse")
    model.build((None, *shape))
    model.set_weights([rng.uniform(0.5, 2.0, np.shape(weight)) if np.ndim(weight) == 1 else
                       rng.normal(size=np.shape(weight)) for weight in model.get_weights()])
    return model


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_prediction_for_padded_tokens_does_not_depend_on_the_batch(dtype: str) -> None:
    model = _model((st.Embedding(9, 6, mask_zero=True), st.GRU(19, True), st.LSTM(7)), (8,), dtype)
    x = np.random.default_rng(2).integers(0, 9, (20, 8))
    x[:, 5:] = 0
    together = model.predict(x)
    assert all((model.predict(x[row : row + 1]) == together[row]).all() for row in range(20))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if name.startswith(TAKE_LONG_TO_COMPILE) else name for name in NETWORKS])
def test_the_prediction_for_a_row_does_not_depend_on_the_batch(name: str, dtype: str) -> None:
    """Compared bit for bit with all rows at once: single rows, the first rows, and all rows in smaller batches."""
    shape, layers = NETWORKS[name]
    model = _model(layers(), shape, dtype)
    x = 3.0 * np.random.default_rng(1).normal(size=(ROWS, *shape)).astype(dtype)
    together = model.predict(x)
    assert np.isfinite(together).all() and np.ptp(together) > 0.0
    for row in range(20):
        assert (model.predict(x[row : row + 1]) == together[row]).all(), row
    for size in SIZES:
        assert (model.predict(x[:size]) == together[:size]).all(), size
        assert (model.predict(x, batch_size=size) == together).all(), size
